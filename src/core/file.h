/* core/file.h - the one I/O layer: whole files, line streams (.gz and .zst by name, "-" is stdin/stdout),
 * atomic replacement, locks
 *
 * Every error carries operation, path and errno. EINTR and short writes are looped here once. */
#ifndef LEM_CORE_FILE_H
#define LEM_CORE_FILE_H

#include "core/buf.h"
#include "core/err.h"
#include "core/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whole files. max_bytes caps the (decompressed) size; exceeding it is LEM_EDATA. Only regular files and "-".
 */
lem_status lem_file_read(const char *path, size_t max_bytes, lem_buf *out, lem_err *err) LEM_MUST_CHECK;
/* Atomic: temporary file beside it, write, fsync, rename. Compressed by name. Replaces an existing file.
 * A power loss leaves the old file or the new one; the new one for sure once its folder is synced. */
lem_status lem_file_write_atomic(const char *path, const void *data, size_t len, lem_err *err) LEM_MUST_CHECK;
/* Removes what a killed write of path left beside it: "<path>" LEM_TEMP_MARK "<number>" that no process holds
 * locked. Every write does so first; what cannot be removed stays. */
void lem_file_sweep(const char *path);
#define LEM_TEMP_MARK ".lemma-tmp." /* what temporary files of ours are known by */
/* "NAME" LEM_TEMP_MARK "<number>", with another number behind a point. */
bool lem_file_is_temporary(const char *name);
bool lem_file_exists(const char *path);
bool lem_file_is_dir(const char *path);
bool lem_dir_has(const char *dir, const char *name); /* false too where there is no memory for the path */
lem_status lem_file_size(const char *path, uint64_t *size, lem_err *err) LEM_MUST_CHECK;
/* With parents; existing is fine. Syncs the folder that each new one stands in. */
lem_status lem_dir_make(const char *path, lem_err *err) LEM_MUST_CHECK;
/* One folder, for the time until it is renamed: nothing is synced. */
lem_status lem_dir_make_temporary(const char *path, lem_err *err) LEM_MUST_CHECK;
lem_status lem_dir_list(const char *path, char ***names, size_t *n, lem_err *err)
    LEM_MUST_CHECK; /* sorted, no . and ..; free each and the array with lem_free */
lem_status lem_dir_remove(const char *path, lem_err *err) LEM_MUST_CHECK;  /* recursive; absent is fine */
lem_status lem_file_remove(const char *path, lem_err *err) LEM_MUST_CHECK; /* absent is fine */
/* Syncs nothing. */
lem_status lem_file_rename(const char *from, const char *to, lem_err *err) LEM_MUST_CHECK;
/* Where a folder is built whose place is out: *to is out without slashes at its end, *partial is
 * TO.lemma-partial; the caller frees both. */
lem_status lem_dir_beside(const char *out, char **to, char **partial, lem_err *err) LEM_MUST_CHECK;
/* A folder built beside its place is put there; what stands there goes. A power loss leaves it or the new one
 * there, whole; where the file system cannot exchange two names, the old one may be at TO.lemma-old. */
lem_status lem_dir_replace(const char *from, const char *to, lem_err *err) LEM_MUST_CHECK;
/* What a call that was lost left at TO.lemma-old goes: what is at `to` is whole without it. */
lem_status lem_dir_replace_sweep(const char *to, lem_err *err) LEM_MUST_CHECK;
/* What was made, renamed or removed in the folder so far survives a power loss. */
lem_status lem_file_fsync_dir(const char *dir, lem_err *err) LEM_MUST_CHECK;
lem_status lem_file_fsync_folder_of(const char *path, lem_err *err) LEM_MUST_CHECK;
char *lem_path_join(const char *dir, const char *name, lem_err *err); /* caller frees */
/* The path with another ending, behind it where it does not end in the old one; the caller frees. */
char *lem_path_with_end(const char *path, const char *old_end, const char *new_end, lem_err *err);
char *lem_path_dir(const char *path, lem_err *err); /* caller frees; "." when there is none */
/* Whether path is `folder` or below it, as texts without "./" in front and doubled or last slashes. */
bool lem_path_within(const char *path, const char *folder);
const char *lem_path_base(const char *path);           /* borrowed */
bool lem_path_ends(const char *path, const char *end); /* also where it is nothing else */

/* Lines of a text file, decompressed as they are read. A line is at most max_line bytes (0 = 64 MiB), without
 * its \n or \r\n. A truncated or corrupt compressed stream is LEM_EDATA, after the lines before it. */
typedef struct lem_lines lem_lines;
lem_status lem_lines_open(const char *path, size_t max_line, lem_lines **out, lem_err *err) LEM_MUST_CHECK;
/* *line is valid until the next call; *eof is set instead of a line at the end. */
lem_status lem_lines_next(lem_lines *l, const char **line, size_t *len, bool *eof,
                          lem_err *err) LEM_MUST_CHECK;
/* From now on lem_lines_next returns LEM_EINTR "interrupted" when cancel says so.
 * It is looked at for every line and for every MiB of a long one. Borrowed; NULL = never. */
void lem_lines_watch(lem_lines *l, const lem_cancel *cancel);
uint64_t lem_lines_number(const lem_lines *l); /* 1-based number of the last line returned */
void lem_lines_close(lem_lines *l);

/* Output stream to a final path: written to a temporary file beside it and put in place by commit (or
 * straight through for "-"). close without commit removes the temporary. An existing path is an error
 * (LEM_EUSAGE) unless overwrite. */
typedef struct lem_out lem_out;
lem_status lem_out_open(const char *path, bool overwrite, lem_out **out, lem_err *err) LEM_MUST_CHECK;
lem_status lem_out_write(lem_out *o, const void *p, size_t n, lem_err *err) LEM_MUST_CHECK;
lem_status lem_out_commit(lem_out *o, lem_err *err)
    LEM_MUST_CHECK; /* flush, fsync, rename (the folder is not synced); o still needs close */
void lem_out_close(lem_out *o);

/* Advisory lock on "<path>.lock"; LEM_EIO "locked by another run (pid N)" if held. */
typedef struct lem_lock lem_lock;
lem_status lem_lock_take(const char *path, lem_lock **out, lem_err *err) LEM_MUST_CHECK;
void lem_lock_release(lem_lock *l);
/* LEM_EIO if another run holds it now; nothing is taken or made. */
lem_status lem_lock_check(const char *path, lem_err *err) LEM_MUST_CHECK;

#endif
