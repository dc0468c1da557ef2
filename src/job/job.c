/* job.c - the life of a job: lock, compare, start, finish */
#include "job/job.h"

#include "core/file.h"
#include "core/mem.h"
#include "job/digest.h"
#include "job/manifest.h"
#include "job/spool.h"

#include <string.h>
#include <unistd.h>

typedef enum job_state { JOB_NEW, JOB_PARTIAL, JOB_DONE } job_state;

struct lem_job {
    lem_cli *cli;
    const lem_command *cmd;
    bool cheap;
    char *out;    /* NULL: inert */
    char *parent; /* the folder it stands in */
    char *work, *work_manifest, *manifest;
    lem_lock *lock;
    lem_json *facts;
    char identity[65], compute_path[32];
    job_state state;
    bool started, finished;
    char *made;        /* the topmost folder that was made for it; NULL = none */
    bool work_is_ours; /* what lies in the work folder is of this job */
    bool may_replace;  /* what another job left */
    bool unread_input; /* a dry run does not read standard input, so nothing can be compared */
};

/* ---- paths ---- */

static char *joined(const char *a, const char *b, lem_err *err) {
    lem_buf s = {0};
    lem_buf_printf(&s, "%s%s", a, b);
    char *text = lem_buf_ok(&s, err) == LEM_OK ? lem_strdup(s.data, err) : NULL;
    lem_buf_release(&s);
    return text;
}

static lem_status set_paths(lem_job *j, const char *out, lem_err *err) {
    size_t n = strlen(out);
    while (n > 1 && out[n - 1] == '/') n--;
    j->out = lem_strndup(out, n, err);
    if (!j->out) return LEM_EMEM;
    bool dir = j->cmd->output == LEM_OUTPUT_DIR;
    j->parent = lem_path_dir(j->out, err);
    j->work = joined(j->out, ".job", err);
    j->manifest = joined(j->out, dir ? "/manifest.json" : ".manifest.json", err);
    j->work_manifest = j->work ? joined(j->work, "/manifest.json", err) : NULL;
    return j->parent && j->work && j->manifest && j->work_manifest ? LEM_OK : LEM_EMEM;
}

char *lem_job_work_path(const lem_job *j, const char *name, lem_err *err) {
    return j->out ? lem_path_join(j->work, name, err) : NULL;
}

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

/* A journal of a header alone holds nothing that would be lost. */
static bool is_empty_journal(const lem_job *j, const char *name) {
    lem_lines *lines = NULL;
    const char *line = NULL;
    size_t len = 0;
    bool eof = false;
    if (strcmp(name, "journal") != 0) return false;
    char *path = lem_path_join(j->work, name, NULL);
    lem_status st = path ? lem_lines_open(path, 0, &lines, NULL) : LEM_EMEM;
    for (int i = 0; st == LEM_OK && i < 2 && !eof; i++) st = lem_lines_next(lines, &line, &len, &eof, NULL);
    lem_lines_close(lines);
    lem_free(path);
    return st == LEM_OK && eof;
}

/* Whether the work folder holds more than its manifest: something that would be lost. */
static bool has_saved_work(const lem_job *j) {
    char **names = NULL;
    size_t n = 0, others = 0;
    if (lem_dir_list(j->work, &names, &n, NULL) != LEM_OK) return lem_file_exists(j->work);
    for (size_t i = 0; i < n; i++) {
        others += strncmp(names[i], "manifest.json", 13) != 0 && !is_empty_journal(j, names[i]);
        lem_free(names[i]);
    }
    lem_free(names);
    return others > 0;
}

/* ---- comparing with what is there ---- */

/* Other facts than now: replaced if the user says so, or if only the contents of inputs differ and a stage of
 * the same run made those anew. */
static void judge(lem_job *j, const lem_json *old) {
    j->may_replace =
        j->cli->overwrite || (j->cli->upstream_ran && lem_facts_same_options(j->cmd, old, j->facts));
}

static lem_status refuse(const lem_job *j, const char *what, const lem_buf *diff, const char *remedy,
                         lem_err *err) {
    return lem_fail(err, LEM_EUSAGE, "%s %s: %s; %s", j->out, what, lem_buf_str(diff), remedy);
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
    judge(j, m.facts);
    if (j->state == JOB_NEW && !j->may_replace && has_saved_work(j)) {
        LEM_TRY(lem_buf_ok(&diff, err));
        st = refuse(j, "is an unfinished run of another job", &diff,
                    "the old command goes on with it, --fresh starts anew", err);
    }
done:
    lem_buf_release(&diff);
    lem_manifest_release(&m);
    return st;
}

/* DONE if the manifest is of this job and the output has its digest. *changed: it has another. */
static lem_status look_at_manifest(lem_job *j, lem_buf *diff, lem_err *err) {
    lem_manifest m = {0};
    char hex[65];
    lem_status st = LEM_OK;
    LEM_TRY(lem_manifest_load(j->manifest, &m, err));
    j->may_replace = j->cli->overwrite;
    if (lem_facts_differ(j->cmd, m.facts, j->facts, diff)) {
        judge(j, m.facts);
        goto done;
    }
    LEM_TRY(lem_digest_path(j->out, j->cli->cache_dir, hex, NULL, err));
    if (strcmp(hex, m.output) == 0) j->state = JOB_DONE;
    else
        lem_buf_printf(diff,
                       "its content was changed since 'lemma %s' wrote it (sha256 was %.12s, is now %.12s)",
                       j->cmd->name, m.output, hex);
done:
    lem_manifest_release(&m);
    return st;
}

/* *foreign receives why what stands at the output is not this job's, empty if nothing stands there. */
static lem_status look_at_result(lem_job *j, lem_buf *foreign, lem_err *err) {
    if (j->cli->fresh || !is_there(j->out)) return LEM_OK;
    if (!lem_file_exists(j->manifest)) {
        lem_buf_puts(foreign, "no manifest says that lemma wrote it");
        return LEM_OK;
    }
    return look_at_manifest(j, foreign, err);
}

/* A finished result comes first: a run may be killed between its last manifest and the end of its work
 * folder. Then an unfinished run: until it ends, what stands at the output may be an older result. */
static lem_status compare(lem_job *j, lem_err *err) {
    lem_buf foreign = {0};
    lem_status st = LEM_OK;
    j->may_replace = j->cli->overwrite;
    LEM_TRY(look_at_result(j, &foreign, err));
    LEM_TRY(lem_buf_ok(&foreign, err));
    bool replace = j->may_replace;
    LEM_TRY(look_at_work(j, err));
    if (j->state == JOB_NEW && foreign.len && !replace)
        st = refuse(j, "exists and is not the result of this job", &foreign,
                    "choose another --out, or pass --overwrite", err);
    memcpy(j->cli->job_identity, j->identity, sizeof j->identity);
done:
    lem_buf_release(&foreign);
    return st;
}

/* ---- opening ---- */

static bool reads_stdin(const lem_command *cmd, const lem_args *args, const lem_job_spec *spec) {
    const lem_opt *o;
    bool words = cmd->words == LEM_WORDS_INPUT || cmd->words == LEM_WORDS_NAMED_INPUT;
    for (int i = 0; i < spec->n_inputs; i++)
        if (strcmp(spec->inputs[i].path, "-") == 0) return true;
    for (int i = 0; words && i < args->n_words; i++)
        if (strcmp(args->words[i], "-") == 0) return true;
    for (int i = 0; (o = lem_opt_at(cmd, i)); i++) {
        const lem_json *v = lem_args_tree(args, o->name);
        if (o->type == LEM_OPT_INPUT && strcmp(lem_json_str(v, ""), "-") == 0) return true;
        for (size_t k = 0; o->type == LEM_OPT_INPUTS && k < lem_json_count(v); k++)
            if (strcmp(lem_json_str(lem_json_at(v, k), ""), "-") == 0) return true;
    }
    return false;
}

/* *top: the first folder on the way to path that is not there; NULL if all are. */
static lem_status topmost_missing(const char *path, char **top, lem_err *err) {
    char *at = lem_strdup(path, err);
    while (at && !lem_file_exists(at)) {
        char *up = lem_path_dir(at, err);
        lem_free(*top);
        *top = at;
        at = up;
    }
    lem_status st = at ? LEM_OK : LEM_EMEM;
    lem_free(at);
    return st;
}

/* Removes the folders that were made for the job, from the innermost up, as long as they are empty. */
static void remove_made(const lem_job *j) {
    char *at = lem_strdup(j->parent, NULL);
    while (at && rmdir(at) == 0 && strcmp(at, j->made) != 0) {
        char *up = lem_path_dir(at, NULL);
        lem_free(at);
        at = up;
    }
    lem_free(at);
}

static lem_status prepare_place(lem_job *j, lem_err *err) {
    if (j->cli->dry_run) return LEM_OK;
    lem_status st = topmost_missing(j->parent, &j->made, err);
    if (st == LEM_OK) st = lem_dir_make(j->parent, err);
    return st ? st : lem_lock_take(j->out, &j->lock, err);
}

static lem_status gather_facts(lem_job *j, const lem_args *args, const lem_job_spec *spec, lem_err *err) {
    char digest[65];
    const char *standard_input = NULL;
    bool spool = reads_stdin(j->cmd, args, spec);
    if (spool && !j->cli->dry_run) {
        lem_status st = lem_spool_stdin(j->parent, j->cli->cancel, digest, err);
        if (st) return st;
        standard_input = digest;
    } else if (spool) {
        standard_input = "";
        j->unread_input = true;
    }
    lem_facts_source from = {j->cmd, args, spec->inputs, spec->n_inputs, standard_input, j->cli->cache_dir};
    lem_status st = lem_facts_make(&from, &j->facts, err);
    return st ? st : lem_facts_identity(j->facts, j->identity, err);
}

lem_status lem_job_open(lem_cli *cli, const lem_command *cmd, const lem_args *args, const lem_job_spec *spec,
                        lem_job **out, lem_err *err) {
    static const lem_job_spec plain = {NULL, NULL, 0, false};
    lem_job *j = lem_alloc_zero(1, sizeof *j, err);
    lem_status st = LEM_OK;
    if (!j) return LEM_EMEM;
    if (!spec) spec = &plain;
    j->cli = cli;
    j->cmd = cmd;
    j->cheap = spec->cheap;
    cli->job_ran = false;
    cli->job_identity[0] = '\0';
    const char *path = spec->out ? spec->out : lem_args_str(args, "out");
    if (path && strcmp(path, "-") != 0) {
        LEM_TRY(set_paths(j, path, err));
        LEM_TRY(prepare_place(j, err));
        LEM_TRY(gather_facts(j, args, spec, err));
        if (!j->unread_input) LEM_TRY(compare(j, err));
    }
    *out = j;
done:
    if (st) lem_job_close(j);
    return st;
}

/* ---- while it runs ---- */

bool lem_job_done(lem_job *j) {
    if (j->state != JOB_DONE || (j->cheap && !j->cli->in_recipe)) return false;
    lem_info(j->cli->log, "%s is already complete", j->out);
    bool rest = j->work_is_ours || (lem_file_exists(j->work) && !lem_file_exists(j->work_manifest));
    if (!j->cli->dry_run && rest && lem_dir_remove(j->work, NULL) != LEM_OK)
        lem_warn(j->cli->log, "%s could not be removed", j->work);
    return true;
}

bool lem_job_resumes(const lem_job *j) { return j->state == JOB_PARTIAL; }
const char *lem_job_compute_path(const lem_job *j) { return *j->compute_path ? j->compute_path : NULL; }
const char *lem_job_identity(const lem_job *j) { return j->identity; }
const char *lem_job_out(const lem_job *j) { return j->cli->dry_run ? NULL : j->out; }
bool lem_job_may_replace(const lem_job *j) {
    return j->state != JOB_NEW || j->may_replace || j->cli->fresh || j->cli->overwrite;
}

lem_status lem_job_start(lem_job *j, const char *compute_path, lem_err *err) {
    j->cli->job_ran = true;
    if (!j->out || j->cli->dry_run) return LEM_OK;
    lem_status st = LEM_OK;
    if (compute_path && compute_path != j->compute_path)
        snprintf(j->compute_path, sizeof j->compute_path, "%s", compute_path);
    if (j->state != JOB_PARTIAL) st = lem_dir_remove(j->work, err);
    if (st == LEM_OK) st = lem_dir_make(j->work, err);
    if (st) return st;
    j->started = true;
    lem_manifest m = {j->facts, NULL, "", "", ""};
    memcpy(m.identity, j->identity, sizeof m.identity);
    memcpy(m.compute_path, j->compute_path, sizeof m.compute_path);
    return lem_manifest_write(j->work_manifest, &m, err);
}

lem_status lem_job_journal(lem_job *j, lem_journal_visit *visit, void *ctx, lem_journal **out, lem_err *err) {
    uint64_t torn = 0;
    if (!j->out || !j->started) return LEM_OK;
    char *path = lem_job_work_path(j, "journal", err);
    lem_status st = path ? lem_journal_open(path, j->identity, visit, ctx, out, &torn, err) : LEM_EMEM;
    if (st == LEM_OK && torn)
        lem_warn(j->cli->log, "%s: cut %llu bytes of an unfinished record", path, (unsigned long long)torn);
    lem_free(path);
    return st;
}

static lem_status write_final(const lem_job *j, const char *path, const char *digested, lem_err *err) {
    lem_manifest m = {j->facts, NULL, "", "", ""};
    memcpy(m.identity, j->identity, sizeof m.identity);
    memcpy(m.compute_path, j->compute_path, sizeof m.compute_path);
    lem_status st = lem_digest_path(digested, j->cli->cache_dir, m.output, &m.files, err);
    if (st == LEM_OK) st = lem_manifest_write(path, &m, err);
    lem_json_free(m.files);
    return st;
}

lem_status lem_job_finish(lem_job *j, lem_err *err) {
    if (!j->out || !j->started) return LEM_OK;
    lem_status st = write_final(j, j->manifest, j->out, err);
    if (st == LEM_OK) st = lem_dir_remove(j->work, err);
    j->finished = st == LEM_OK;
    return st;
}

void lem_job_close(lem_job *j) {
    if (!j) return;
    if (j->started && !j->finished && !has_saved_work(j) && lem_dir_remove(j->work, NULL) != LEM_OK)
        lem_warn(j->cli->log, "%s could not be removed", j->work);
    lem_lock_release(j->lock);
    if (j->made && !j->finished) remove_made(j);
    lem_json_free(j->facts);
    lem_free(j->out);
    lem_free(j->parent);
    lem_free(j->made);
    lem_free(j->work);
    lem_free(j->work_manifest);
    lem_free(j->manifest);
    lem_free(j);
}

/* ---- parts ---- */

lem_status lem_job_part_finish(const lem_job *j, const char *dir, lem_err *err) {
    char *path = lem_path_join(dir, "manifest.json", err);
    lem_status st = path ? write_final(j, path, dir, err) : LEM_EMEM;
    lem_free(path);
    return st;
}

bool lem_job_part_done(const lem_job *j, const char *dir) {
    char *path = lem_path_join(dir, "manifest.json", NULL);
    lem_manifest m = {0};
    bool same = path && lem_file_exists(path) && lem_manifest_load(path, &m, NULL) == LEM_OK &&
                strcmp(m.identity, j->identity) == 0;
    lem_manifest_release(&m);
    lem_free(path);
    return same;
}
