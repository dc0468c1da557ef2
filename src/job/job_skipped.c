/* job_skipped.c - the list of rows that a job left out (--on-error skip): where it stands, and that an older
 * one goes */
#include "job/job_priv.h"

#include "core/mem.h"

#include <string.h>

/* OUT.skipped, or what --skipped says; j->skipped stays NULL where neither is. */
static lem_status set_path(lem_job *j, const char *named, lem_err *err) {
    lem_buf path = {0};
    if (!named && !j->out) return LEM_OK;
    if (named) lem_buf_puts(&path, named);
    else lem_buf_printf(&path, "%s.skipped", j->out);
    j->skipped = lem_buf_take(&path);
    return j->skipped ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

lem_status lem_job_skipped_set(lem_job *j, const lem_args *args, lem_err *err) {
    const char *named = lem_args_str(args, "skipped");
    if (named && j->shard.n)
        return lem_fail(err, LEM_EUSAGE,
                        "--skipped names one file; with --shard each list is beside its shard");
    lem_status st = set_path(j, named, err);
    if (st || !j->skipped || !lem_args_is(args, "on-error", "skip")) return st;
    if (j->out) st = lem_job_place_check_inputs(j, (const char *const *)&j->skipped, 1, err);
    return st || j->cli->overwrite ? st : lem_skipped_check_place(j->skipped, err);
}

const char *lem_job_skipped(const lem_job *j) { return j->skipped; }

/* What was done to a name lasts; the manifest of a file syncs their folder itself. */
static lem_status sync_folder(const lem_job *j, const char *path, lem_err *err) {
    char *dir = lem_path_dir(path, err);
    if (!dir) return LEM_EMEM;
    const bool with_manifest = !j->out || (j->cmd->output == LEM_OUTPUT_FILE && strcmp(dir, j->parent) == 0);
    lem_status st = with_manifest || !lem_file_is_dir(dir) ? LEM_OK : lem_file_fsync_dir(dir, err);
    lem_free(dir);
    return st;
}

/* An empty list is no file. */
lem_status lem_job_save_skipped(lem_job *j, lem_skipped *list, lem_err *err) {
    bool gone = false;
    lem_status st;
    if (!j->skipped || j->cli->dry_run || j->cli->trial) return LEM_OK;
    j->skipped_saved = lem_skipped_count(list) > 0;
    if (j->skipped_saved) st = lem_skipped_save(list, j->skipped, j->cli->overwrite, err);
    else st = lem_skipped_remove(j->skipped, &gone, err);
    return st == LEM_OK && (gone || j->skipped_saved) ? sync_folder(j, j->skipped, err) : st;
}

lem_status lem_job_skipped_finish(const lem_job *j, lem_err *err) {
    lem_buf usual = {0};
    bool gone = false;
    lem_status st = LEM_OK;
    lem_buf_printf(&usual, "%s.skipped", j->out);
    LEM_TRY(lem_buf_ok(&usual, err));
    if (!j->skipped_saved) LEM_TRY(lem_skipped_remove(j->skipped, &gone, err));
    if (gone) LEM_TRY(sync_folder(j, j->skipped, err));
    if (strcmp(usual.data, j->skipped) == 0) goto done;
    LEM_TRY(lem_skipped_remove(usual.data, &gone, err));
    if (gone) st = sync_folder(j, usual.data, err);
done:
    lem_buf_release(&usual);
    return st;
}
