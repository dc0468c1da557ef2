/* core/skipped.h - the rows that a run left out, as a file of one JSON object a line
 *
 * {"file", "line", "field", "kind", "error"}: where the row stands, the column at fault (absent where it is
 * not known), the reason as it is counted, and what is wrong with this one. Lines come by the name of the
 * file, then by line, so that the bytes depend on the rows alone, not on the order in which they were met.
 * All rows are listed. In memory stay about 100 bytes of each; the texts, beyond 8 MiB of them, go to a
 * nameless file. */
#ifndef LEM_CORE_SKIPPED_H
#define LEM_CORE_SKIPPED_H

#include "core/err.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct lem_skipped_row {
    const char *file;
    uint64_t line;                    /* the row's number where a file has no lines */
    const char *field, *kind, *error; /* field NULL = not known */
} lem_skipped_row;

typedef struct lem_skipped lem_skipped; /* not thread-safe */
/* dir: the folder of the nameless file; copied. */
lem_status lem_skipped_new(const char *dir, lem_skipped **out, lem_err *err) LEM_MUST_CHECK;
void lem_skipped_free(lem_skipped *s); /* NULL allowed */
/* A place counts once: *fresh is false where it is listed already. */
lem_status lem_skipped_add(lem_skipped *s, const lem_skipped_row *row, bool *fresh,
                           lem_err *err) LEM_MUST_CHECK;
uint64_t lem_skipped_count(const lem_skipped *s);
/* Writes the list whole or not at all; the folder is not synced. A file at path is replaced where it is such
 * a list or `overwrite`; else LEM_EUSAGE. */
lem_status lem_skipped_save(lem_skipped *s, const char *path, bool overwrite, lem_err *err) LEM_MUST_CHECK;
/* Adds what a saved list holds. */
lem_status lem_skipped_load(lem_skipped *s, const char *path, lem_err *err) LEM_MUST_CHECK;
/* Whether a file is there that begins as such a list does. */
bool lem_skipped_is_list(const char *path);
/* LEM_EUSAGE where a file is there that is none. */
lem_status lem_skipped_check_place(const char *path, lem_err *err) LEM_MUST_CHECK;
/* Removes such a list, *gone; what else is there stays. The folder is not synced. */
lem_status lem_skipped_remove(const char *path, bool *gone, lem_err *err) LEM_MUST_CHECK;

#endif
