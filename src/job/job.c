/* job.c - the life of a job: open, start, finish, close */
#include "job/job_priv.h"

#include "core/card.h"
#include "core/mem.h"
#include "job/digest.h"
#include "job/manifest.h"
#include "job/spool.h"

#include <string.h>

char *lem_job_work_path(const lem_job *j, const char *name, lem_err *err) {
    return j->out ? lem_path_join(j->work, name, err) : NULL;
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
        if (o->type == LEM_OPT_INPUTS && lem_json_holds(v, "-")) return true;
    }
    return false;
}

static lem_status take_facts(lem_job *j, const lem_json *facts, lem_err *err) {
    j->facts = lem_json_copy(facts);
    if (!j->facts) return lem_fail(err, LEM_EMEM, "out of memory");
    return lem_facts_identity(j->facts, j->identity, err);
}

static lem_status gather_facts(lem_job *j, const lem_args *args, const lem_job_spec *spec, lem_err *err) {
    char digest[65];
    const char *standard_input = NULL;
    if (spec->facts) return take_facts(j, spec->facts, err);
    bool spool = reads_stdin(j->cmd, args, spec);
    if (spool && !j->cli->dry_run) {
        lem_status st = lem_spool_stdin(j->parent, j->cli->cancel, digest, err);
        if (st) return st;
        standard_input = digest;
    } else if (spool) {
        standard_input = "";
        j->unread_input = true;
    }
    lem_facts_source from = {j->cmd,     args,           spec->inputs,     spec->n_inputs,
                             spec->also, standard_input, j->cli->cache_dir};
    lem_status st = lem_facts_make(&from, &j->facts, err);
    if (st == LEM_OK) st = lem_facts_identity(j->facts, j->identity, err);
    return st ? st : lem_job_shard_identify(j, err);
}

/* The other folders that companions stand in. */
static lem_status note_beside(lem_job *j, const lem_job_spec *spec, lem_err *err) {
    for (int i = 0; i < spec->n_companions && j->n_beside < MAX_BESIDE; i++) {
        char *dir = lem_path_dir(spec->companions[i], err);
        if (!dir) return LEM_EMEM;
        if (j->cmd->output == LEM_OUTPUT_FILE && strcmp(dir, j->parent) == 0) lem_free(dir);
        else j->beside[j->n_beside++] = dir;
    }
    return LEM_OK;
}

static lem_status open_at(lem_job *j, const char *path, const lem_args *args, const lem_job_spec *spec,
                          lem_err *err) {
    lem_status st = lem_job_place_set(j, path, err);
    if (st == LEM_OK) st = lem_job_place_take(j, err);
    if (st == LEM_OK) st = gather_facts(j, args, spec, err);
    if (st == LEM_OK) st = lem_job_place_check_inputs(j, spec->companions, spec->n_companions, err);
    if (st || j->unread_input) return st;
    st = note_beside(j, spec, err);
    if (st == LEM_OK) st = lem_job_compare(j, spec->companions, spec->n_companions, err);
    return st ? st : lem_job_shard_compare(j, err);
}

lem_status lem_job_open(lem_cli *cli, const lem_command *cmd, const lem_args *args, const lem_job_spec *spec,
                        lem_job **out, lem_err *err) {
    static const lem_job_spec plain = {0};
    lem_job *j = lem_alloc_zero(1, sizeof *j, err);
    lem_status st = LEM_OK;
    if (!j) return LEM_EMEM;
    if (!spec) spec = &plain;
    j->cli = cli;
    j->cmd = cmd;
    j->cheap = spec->cheap;
    j->failures = lem_mem_failures();
    cli->job_ran = cli->job_done = false;
    cli->job_identity[0] = '\0';
    const char *path = spec->out ? spec->out : lem_args_str(args, "out");
    if (path && strcmp(path, "-") == 0) j->direct = "-";
    if (!spec->facts) st = lem_job_shard_set(j, args, err);
    if (st == LEM_OK && path && strcmp(path, "-") != 0) {
        st = lem_job_shard_place(j, &path, err);
        if (st == LEM_OK) st = open_at(j, path, args, spec, err);
    }
    if (st == LEM_OK) st = lem_job_skipped_set(j, args, err);
    if (st == LEM_OK) *out = j;
    else lem_job_close(j);
    return st;
}

/* ---- while it runs ---- */

bool lem_job_done(lem_job *j) {
    if (j->state != JOB_DONE || (j->cheap && !j->cli->in_recipe)) return false;
    j->cli->job_done = true;
    lem_info(j->cli->log, "%s is already complete", j->out);
    bool rest = j->work_is_ours || (lem_file_exists(j->work) && !lem_file_exists(j->work_manifest));
    if (!j->cli->dry_run && rest && lem_job_work_remove(j, NULL) != LEM_OK)
        lem_warn(j->cli->log, "%s is left as it is", j->work);
    return true;
}

bool lem_job_resumes(const lem_job *j) { return j->state == JOB_PARTIAL; }
const char *lem_job_compute_path(const lem_job *j) { return *j->compute_path ? j->compute_path : NULL; }
const char *lem_job_identity(const lem_job *j) { return j->identity; }
const char *lem_job_out(const lem_job *j) { return j->cli->dry_run ? NULL : j->out; }
const char *lem_job_path(const lem_job *j) { return j->out ? j->out : j->direct; }
bool lem_job_may_replace(const lem_job *j) {
    return j->state != JOB_NEW || j->was_here || j->may_replace || j->cli->fresh || j->cli->overwrite;
}

lem_status lem_job_choose(lem_job *j, const char *name, const char *value, lem_err *err) {
    if (!j->chosen) j->chosen = lem_json_new_object();
    bool ok =
        j->chosen && lem_json_set(j->chosen, name, value ? lem_json_new_str(value) : lem_json_new_null());
    return ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

lem_status lem_job_licence(lem_job *j, const char *path, const char *licence, const char *from,
                           lem_err *err) {
    const lem_json *inputs = lem_json_get(j->facts, "inputs");
    lem_card_use use = lem_licence_use(licence);
    bool ok = true;
    for (size_t i = 0; i < lem_json_count(inputs); i++) {
        lem_json *in = lem_json_at(inputs, i);
        bool it = strcmp(lem_json_str(lem_json_get(in, "path"), ""), path) == 0;
        if (!it || lem_json_get(in, "licence")) continue;
        ok = ok && lem_json_set(in, "licence", lem_json_new_str(licence)) &&
             lem_json_set(in, "licence_from", lem_json_new_str(from));
        if (use != LEM_CARD_USE_UNKNOWN && !lem_json_get(in, "non_commercial"))
            ok = ok && lem_json_set(in, "non_commercial", lem_json_new_bool(use == LEM_CARD_NON_COMMERCIAL));
    }
    return ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

lem_status lem_job_start(lem_job *j, const char *compute_path, lem_err *err) {
    j->cli->job_ran = true;
    if (!j->out || j->cli->dry_run) return LEM_OK;
    lem_status st = lem_mem_since(j->failures, "the job", err);
    if (st) return st;
    if (compute_path && compute_path != j->compute_path)
        snprintf(j->compute_path, sizeof j->compute_path, "%s", compute_path);
    if (j->state != JOB_PARTIAL) {
        j->before = lem_job_stands(j);
        st = lem_job_work_remove(j, err);
    }
    if (st) return st;
    j->started = true; /* what there is of the folder goes, or stays, with the job */
    st = lem_dir_make(j->work, err);
    if (st) return st;
    lem_json *shard = NULL;
    st = lem_job_shard_json(j, false, &shard, err);
    if (st) return st;
    lem_manifest m = {.facts = j->facts, .shard = shard};
    memcpy(m.identity, j->identity, sizeof m.identity);
    memcpy(m.compute_path, j->compute_path, sizeof m.compute_path);
    st = lem_manifest_write(j->work_manifest, &m, err);
    lem_json_free(shard);
    return st;
}

lem_status lem_job_journal(lem_job *j, lem_journal_visit *visit, void *ctx, lem_journal **out, lem_err *err) {
    lem_journal_cut cut = {0, 0};
    if (!j->out || !j->started) return LEM_OK;
    lem_status st = lem_mem_since(j->failures, "what goes into the journal", err);
    if (st) return st;
    char *path = lem_job_work_path(j, "journal", err);
    st = path ? lem_job_shard_adopt(j, path, err) : LEM_EMEM;
    if (st == LEM_OK) st = lem_journal_open(path, j->identity, visit, ctx, &j->journal, &cut, err);
    if (st == LEM_OK) *out = j->journal;
    if (st == LEM_OK && cut.bytes)
        lem_warn(j->cli->log, "%s: %llu lines (%llu bytes) that were not saved when the run ended are cut",
                 path, (unsigned long long)cut.lines, (unsigned long long)cut.bytes);
    lem_free(path);
    return st;
}

static lem_status close_journal(lem_job *j, lem_err *err) {
    lem_status st = j->journal ? lem_journal_close(j->journal, err) : LEM_OK;
    j->journal = NULL;
    return st;
}

lem_status lem_job_interrupted(lem_job *j, uint64_t saved, uint64_t total, const char *what, lem_err *err) {
    char of[32] = "";
    if (!j->journal) return lem_fail(err, LEM_EINTR, "interrupted");
    lem_status st = close_journal(j, err);
    if (st) return st;
    if (total) snprintf(of, sizeof of, "of %llu ", (unsigned long long)total);
    return lem_fail(err, LEM_EINTR, "interrupted; %llu %s%s are saved, the same command goes on from there",
                    (unsigned long long)saved, of, what);
}

/* The names in a folder are safe before its manifest says that they are all there. */
static lem_status write_final(const lem_job *j, const char *path, const char *digested, const lem_json *shard,
                              lem_err *err) {
    lem_manifest m = {.facts = j->facts, .chosen = j->chosen, .rows = j->rows_told, .shard = shard};
    memcpy(m.identity, j->identity, sizeof m.identity);
    memcpy(m.compute_path, j->compute_path, sizeof m.compute_path);
    lem_status st = lem_digest_path(digested, j->cli->cache_dir, m.output, &m.files, err);
    if (st == LEM_OK && lem_file_is_dir(digested)) st = lem_file_fsync_dir(digested, err);
    if (st == LEM_OK) st = lem_manifest_write(path, &m, err);
    lem_json_free(m.files);
    return st;
}

/* The names of companions that stand in other folders than the manifest, whose folder is synced with it. */
static lem_status sync_beside(const lem_job *j, lem_err *err) {
    lem_status st = LEM_OK;
    for (int i = 0; st == LEM_OK && i < j->n_beside; i++)
        if (lem_file_exists(j->beside[i])) st = lem_file_fsync_dir(j->beside[i], err);
    return st;
}

lem_status lem_job_finish(lem_job *j, lem_err *err) {
    if (!j->out || !j->started) return LEM_OK;
    lem_json *shard = NULL;
    lem_status st = lem_mem_since(j->failures, "the result", err);
    if (st == LEM_OK) st = lem_job_shard_json(j, true, &shard, err);
    if (st == LEM_OK) st = sync_beside(j, err);
    if (st == LEM_OK) st = lem_job_skipped_finish(j, err);
    if (st) return st;
    lem_journal_discard(j->journal); /* all that it holds is in the output */
    j->journal = NULL;
    j->finishing = lem_file_exists(j->out); /* from now on the work manifest says whose it is */
    st = write_final(j, j->manifest, j->out, shard, err);
    lem_json_free(shard);
    if (st == LEM_OK) st = lem_job_work_remove(j, err);
    j->finished = st == LEM_OK;
    return st;
}

void lem_job_close(lem_job *j) {
    if (!j) return;
    if (close_journal(j, NULL) != LEM_OK)
        lem_warn(j->cli->log, "the journal of %s could not be closed", j->out);
    uint64_t now = j->started && !j->finished ? lem_job_stands(j) : 0;
    bool made = j->finishing || (now && now != j->before); /* the work manifest says whose it is */
    if (j->started && !made && !lem_job_work_is_saved(j) && lem_job_work_remove(j, NULL) != LEM_OK)
        lem_warn(j->cli->log, "%s could not be removed", j->work);
    if (j->partial && !j->finished) (void)!lem_dir_remove(j->partial, NULL);
    lem_job_place_leave(j);
    lem_job_shard_release(j);
    lem_json_free(j->facts);
    lem_free(j->out);
    lem_free(j->parent);
    lem_free(j->made);
    lem_free(j->work);
    lem_free(j->partial);
    lem_free(j->skipped);
    lem_json_free(j->chosen);
    lem_json_free(j->rows_told);
    for (int i = 0; i < j->n_beside; i++) lem_free(j->beside[i]);
    lem_free(j->work_manifest);
    lem_free(j->manifest);
    lem_free(j);
}

/* ---- parts ---- */

lem_status lem_job_part_finish(const lem_job *j, const char *dir, lem_err *err) {
    char *path = lem_path_join(dir, "manifest.json", err);
    lem_status st = path ? write_final(j, path, dir, NULL, err) : LEM_EMEM;
    lem_free(path);
    return st;
}

/* Of this unfinished run: its identity and compute path, and the content that it wrote. */
static bool is_part(const lem_job *j, const char *dir, const lem_manifest *m) {
    char hex[65];
    if (strcmp(m->identity, j->identity) != 0 || strcmp(m->compute_path, j->compute_path) != 0) return false;
    return lem_digest_path(dir, j->cli->cache_dir, hex, NULL, NULL) == LEM_OK && strcmp(hex, m->output) == 0;
}

/* Parts are asked in their order, and each tells what those before it told. */
static bool take_told(lem_job *j, const lem_json *facts) {
    lem_json **const to[] = {&j->chosen, &j->rows_told};
    static const char *const name[] = {"chosen", "rows"};
    for (int i = 0; i < 2; i++) {
        const lem_json *told = lem_json_get(facts, name[i]);
        lem_json *copy = told ? lem_json_copy(told) : NULL;
        if (told && !copy) return false;
        lem_json_free(*to[i]);
        *to[i] = copy;
    }
    return true;
}

bool lem_job_part_done(lem_job *j, const char *dir) {
    if (j->state != JOB_PARTIAL && !j->started) return false;
    char *path = lem_path_join(dir, "manifest.json", NULL);
    lem_manifest m = {0};
    bool done = path && lem_file_exists(path) && lem_manifest_load(path, &m, NULL) == LEM_OK &&
                is_part(j, dir, &m) && take_told(j, m.facts);
    lem_manifest_release(&m);
    lem_free(path);
    return done;
}
