/* job_folder.c - a folder of results that takes the place of an older one is built beside it */
#include "job/job_priv.h"

#include "core/data_files.h"
#include "core/mem.h"

#include <string.h>

/* A model, and what training tells beside it. */
static bool is_of_model(const char *name) {
    static const char events[] = "events.out.tfevents.";
    if (lem_model_has_file(name) || strcmp(name, LEM_JOB_TELEMETRY) == 0) return true;
    return strncmp(name, events, sizeof events - 1) == 0 && lem_path_ends(name, ".lemma");
}

/* Whether a whole result of lemma's stands there, and nothing else: no file of a user's may go with it. */
static lem_status is_result_alone(const lem_job *j, lem_job_owns *owns, bool *alone, lem_err *err) {
    char **names = NULL;
    size_t n = 0;
    *alone = false;
    if (!lem_file_exists(j->manifest)) return LEM_OK;
    lem_status st = lem_dir_list(j->out, &names, &n, err);
    *alone = st == LEM_OK;
    for (size_t i = 0; i < n; i++) {
        bool ours = strcmp(names[i], "manifest.json") == 0 || lem_file_is_temporary(names[i]);
        *alone = *alone && (ours || owns(names[i]));
        lem_free(names[i]);
    }
    lem_free(names);
    return st;
}

lem_status lem_job_folder_begin(lem_job *j, lem_job_owns *owns, const char **dir, lem_err *err) {
    lem_status st = LEM_OK;
    bool alone = false;
    char *to = NULL;
    *dir = lem_job_out(j);
    if (!j->out || !j->started) return LEM_OK;
    lem_free(j->partial);
    j->partial = NULL;
    LEM_TRY(lem_dir_beside(j->out, &to, &j->partial, err));
    LEM_TRY(lem_dir_remove(j->partial, err)); /* of a run that was killed */
    LEM_TRY(is_result_alone(j, owns ? owns : is_of_model, &alone, err));
    if (!alone) goto done;
    LEM_TRY(lem_dir_make_temporary(j->partial, err));
    *dir = j->partial;
done:
    lem_free(to);
    return st;
}

lem_status lem_job_folder_put(lem_job *j, lem_err *err) {
    if (!j->partial) return LEM_OK;
    if (lem_file_exists(j->partial)) return lem_dir_replace(j->partial, j->out, err);
    return lem_dir_replace_sweep(j->out, err);
}
