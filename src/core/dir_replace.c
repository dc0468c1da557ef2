/* dir_replace - a folder built beside its place, and put there when finished */
#include "core/buf.h"
#include "core/file.h"
#include "core/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

lem_status lem_dir_beside(const char *out, char **to, char **partial, lem_err *err) {
    size_t n = strlen(out);
    lem_buf beside = {0};
    while (n > 1 && out[n - 1] == '/') n--;
    lem_buf_printf(&beside, "%.*s.lemma-partial", (int)n, out);
    lem_status st = lem_buf_ok(&beside, err);
    *to = lem_strndup(out, n, err);
    *partial = lem_buf_take(&beside);
    return st == LEM_OK && !*to ? LEM_EMEM : st;
}

/* In one step, or, where the file system has none, in two, the old folder at `aside` in between. */
static lem_status put_in_place(const char *from, const char *to, const char *aside, lem_err *err) {
    if (!lem_file_exists(to)) return lem_file_rename(from, to, err);
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE) == 0) return LEM_OK;
    if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
        return lem_fail_errno(err, LEM_EIO, "cannot exchange '%s' and '%s'", from, to);
    lem_status st = lem_dir_remove(aside, err);
    if (st == LEM_OK) st = lem_file_rename(to, aside, err);
    return st ? st : lem_file_rename(from, to, err);
}

static lem_status remove_synced(const char *path, lem_err *err) {
    if (!lem_file_exists(path)) return LEM_OK;
    lem_status st = lem_dir_remove(path, err);
    return st ? st : lem_file_fsync_folder_of(path, err);
}

static lem_status aside_of(const char *to, lem_buf *aside, lem_err *err) {
    lem_buf_printf(aside, "%s.lemma-old", to);
    return lem_buf_ok(aside, err);
}

lem_status lem_dir_replace(const char *from, const char *to, lem_err *err) {
    lem_status st = LEM_OK;
    lem_buf aside = {0};
    LEM_TRY(aside_of(to, &aside, err));
    LEM_TRY(lem_file_fsync_dir(from, err)); /* its names, before the old folder goes */
    LEM_TRY(put_in_place(from, to, aside.data, err));
    LEM_TRY(lem_file_fsync_folder_of(to, err)); /* before the first file of the old one goes */
    LEM_TRY(remove_synced(from, err));
    LEM_TRY(remove_synced(aside.data, err));
done:
    lem_buf_release(&aside);
    return st;
}

lem_status lem_dir_replace_sweep(const char *to, lem_err *err) {
    lem_buf aside = {0};
    lem_status st = aside_of(to, &aside, err);
    if (st == LEM_OK) st = remove_synced(aside.data, err);
    lem_buf_release(&aside);
    return st;
}
