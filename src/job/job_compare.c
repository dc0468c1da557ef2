/* job_compare.c - a job and what stands at its output: complete, unfinished, or somebody else's */
#include "job/job_priv.h"

#include "core/mem.h"
#include "job/digest.h"
#include "job/manifest.h"

#include <string.h>
#include <sys/stat.h>

/* Whether the output is there: a file, or a folder with something in it. */
static bool is_there(const char *path) {
    char **names = NULL;
    size_t n = 0;
    if (!lem_file_is_dir(path)) return lem_file_exists(path);
    if (lem_dir_list(path, &names, &n, NULL) != LEM_OK) return true;
    for (size_t i = 0; i < n; i++) lem_free(names[i]);
    lem_free(names);
    return n > 0;
}

uint64_t lem_job_stands(const lem_job *j) {
    struct stat s;
    return is_there(j->out) && stat(j->out, &s) == 0 ? (uint64_t)s.st_ino : 0;
}

/* Other facts than now: replaced if the user says so, or if nothing differs but contents of inputs that a
 * stage of the same run made anew. */
static bool judge(const lem_job *j, const lem_json *old) {
    return j->cli->overwrite || lem_facts_remade(j->cmd, old, j->facts, j->cli->made, j->cli->n_made);
}

static lem_status refuse(const lem_job *j, const char *what, const char *why, const char *remedy,
                         lem_err *err) {
    if (j->cli->in_recipe)
        remedy = "--overwrite runs the stage again and those that read it, --fresh all of them";
    return lem_fail(err, LEM_EUSAGE, "%s %s: %s; %s", j->out, what, why, remedy);
}

static lem_status look_at_work(lem_job *j, lem_err *err) {
    lem_manifest m = {0};
    lem_buf diff = {0};
    lem_status st = LEM_OK;
    if (j->cli->fresh || !lem_file_exists(j->work_manifest)) return LEM_OK;
    LEM_TRY(lem_manifest_load(j->work_manifest, &m, err));
    if (!lem_facts_differ(j->cmd, m.facts, j->facts, &diff)) {
        j->work_is_ours = true;
        if (j->state == JOB_NEW) j->state = JOB_PARTIAL;
        memcpy(j->identity, m.identity, sizeof j->identity);
        memcpy(j->compute_path, m.compute_path, sizeof j->compute_path);
        goto done;
    }
    j->work_is_other_job = lem_job_work_is_saved(j) && !judge(j, m.facts);
    bool starts = j->state == JOB_NEW || (j->cheap && !j->cli->in_recipe);
    if (!starts || !j->work_is_other_job) goto done;
    LEM_TRY(lem_buf_ok(&diff, err));
    st = refuse(j, "is an unfinished run of another job", lem_buf_str(&diff),
                "the old command goes on with it, --fresh starts anew", err);
done:
    lem_buf_release(&diff);
    lem_manifest_release(&m);
    return st;
}

static bool all_there(const char *const *paths, int n) {
    for (int i = 0; i < n; i++)
        if (!lem_file_exists(paths[i])) return false;
    return true;
}

/* DONE if the manifest is of this job and the output has its digest; else *why says what is not. */
static lem_status look_at_manifest(lem_job *j, const char *const *companions, int n, lem_buf *why,
                                   lem_err *err) {
    lem_manifest m = {0};
    char hex[65];
    lem_status st = LEM_OK;
    LEM_TRY(lem_manifest_load(j->manifest, &m, err));
    if (lem_facts_differ(j->cmd, m.facts, j->facts, why)) {
        j->may_replace = judge(j, m.facts);
        goto done;
    }
    j->was_here = true;
    LEM_TRY(lem_digest_path(j->out, j->cli->cache_dir, hex, NULL, err));
    if (strcmp(hex, m.output) != 0)
        lem_buf_printf(why,
                       "its content was changed since 'lemma %s' wrote it (sha256 was %.12s, is now %.12s)",
                       j->cmd->name, m.output, hex);
    else if (all_there(companions, n)) j->state = JOB_DONE;
done:
    lem_manifest_release(&m);
    return st;
}

/* The output is gone. A manifest of this job lets what stands beside be written over; one that is none of
 * lemma's is somebody's file. */
static lem_status look_at_lone_manifest(lem_job *j, lem_err *err) {
    lem_manifest m = {0};
    lem_buf diff = {0};
    if (j->cmd->output == LEM_OUTPUT_DIR || !lem_file_exists(j->manifest)) return LEM_OK;
    if (lem_manifest_load(j->manifest, &m, NULL) != LEM_OK) {
        if (j->cli->overwrite) return LEM_OK;
        return lem_fail(err, LEM_EUSAGE, "%s is no manifest of lemma; move it away, or pass --overwrite",
                        j->manifest);
    }
    j->was_here = !lem_facts_differ(j->cmd, m.facts, j->facts, &diff);
    lem_buf_release(&diff);
    lem_manifest_release(&m);
    return LEM_OK;
}

/* *foreign receives why what stands at the output is not this job's, empty if nothing stands there. */
static lem_status look_at_result(lem_job *j, const char *const *companions, int n, lem_buf *foreign,
                                 lem_err *err) {
    bool ours = lem_file_exists(j->manifest) || (j->cli->fresh && lem_file_exists(j->work_manifest));
    if (!is_there(j->out)) return j->cli->fresh ? LEM_OK : look_at_lone_manifest(j, err);
    if (ours && j->cli->fresh) return LEM_OK;
    if (ours) return look_at_manifest(j, companions, n, foreign, err);
    lem_buf_puts(foreign, "no manifest says that lemma wrote it");
    return LEM_OK;
}

/* A finished result comes first: a run may be killed between its last manifest and the end of its work
 * folder. Then an unfinished run: until it ends, what stands at the output may be an older result. */
lem_status lem_job_compare(lem_job *j, const char *const *companions, int n, lem_err *err) {
    lem_buf foreign = {0};
    lem_status st = LEM_OK;
    j->may_replace = j->cli->overwrite;
    LEM_TRY(look_at_result(j, companions, n, &foreign, err));
    LEM_TRY(lem_buf_ok(&foreign, err));
    LEM_TRY(look_at_work(j, err));
    if (j->state == JOB_NEW && foreign.len && !j->may_replace)
        st = refuse(j, "exists and is not the result of this job", lem_buf_str(&foreign),
                    "choose another --out, or pass --overwrite", err);
    memcpy(j->cli->job_identity, j->identity, sizeof j->identity);
done:
    lem_buf_release(&foreign);
    return st;
}
