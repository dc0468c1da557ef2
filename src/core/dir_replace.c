/* dir_replace - a finished folder put in its place */
#include "core/buf.h"
#include "core/file.h"

lem_status lem_dir_replace(const char *from, const char *to, lem_err *err) {
    lem_status st = LEM_OK;
    lem_buf aside = {0};
    if (!lem_file_exists(to)) {
        st = lem_file_rename(from, to, err);
        return st ? st : lem_file_fsync_folder_of(to, err);
    }
    lem_buf_printf(&aside, "%s.lemma-old", to);
    LEM_TRY(lem_buf_ok(&aside, err));
    LEM_TRY(lem_dir_remove(aside.data, err));
    LEM_TRY(lem_file_rename(to, aside.data, err));
    LEM_TRY(lem_file_rename(from, to, err));
    LEM_TRY(lem_file_fsync_folder_of(to, err));
    LEM_TRY(lem_dir_remove(aside.data, err));
done:
    lem_buf_release(&aside);
    return st;
}
