/* dir_replace - a folder built beside its place, and put there when finished */
#include "core/buf.h"
#include "core/file.h"
#include "core/mem.h"

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

lem_status lem_dir_replace(const char *from, const char *to, lem_err *err) {
    lem_status st = LEM_OK;
    lem_buf aside = {0};
    lem_buf_printf(&aside, "%s.lemma-old", to);
    LEM_TRY(lem_buf_ok(&aside, err));
    LEM_TRY(lem_file_fsync_dir(from, err)); /* its names, before the old folder goes */
    if (lem_file_exists(to)) {
        LEM_TRY(lem_dir_remove(aside.data, err));
        LEM_TRY(lem_file_rename(to, aside.data, err));
    }
    LEM_TRY(lem_file_rename(from, to, err));
    LEM_TRY(lem_file_fsync_folder_of(to, err));
    if (!lem_file_exists(aside.data)) goto done; /* it may be a lost run's */
    LEM_TRY(lem_dir_remove(aside.data, err));
    LEM_TRY(lem_file_fsync_folder_of(to, err));
done:
    lem_buf_release(&aside);
    return st;
}
