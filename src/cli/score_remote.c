/* score_remote.c - candidates scored by servers: each asked once, whatever ends the process, and written in
 * input order */
#include "cli/candidate_options.h"
#include "cli/score_remote.h"

#include "cli/runtime.h"
#include "cli/score_remote_priv.h"
#include "core/file.h"
#include "core/jsonl.h"
#include "core/mem.h"

#include <string.h>

/* ---- the ledger ---- */

static lem_status visit(void *ctx, const char *id, const lem_json *record, lem_err *err) {
    remote *r = ctx;
    if (strcmp(id, "api") == 0)
        return r->api_known ? lem_fail(err, LEM_EDATA, "the ledger names two APIs")
                            : lem_remote_take_api(r, record, err);
    if (!r->teach) return LEM_OK; /* of a shard that was taken over, without its "api": it is asked again */
    return lem_teach_visit(r->teach, id, record, err);
}

/* Requests that are answered; those of single candidates count where they were sent. */
static uint64_t answered(const remote *r) {
    uint64_t n = 0;
    for (size_t i = 0; r->teach && i < r->n_items; i++) n += lem_teach_reply(r->teach, i) != NULL;
    return n;
}

/* ---- asking ---- */

static lem_status ask_all(remote *r, lem_err *err) {
    size_t more = 0;
    lem_progress *p = lem_progress_new(r->cli->log, "scoring", "requests", r->n_requests, r->resumed);
    lem_teach_watch(r->teach, p);
    lem_status st = lem_teach_run(r->teach, r->ledger, err);
    if (st == LEM_OK && !lem_teach_count(r->teach).budget_reached) {
        lem_remote_split(r, &more);
        if (more)
            lem_info(r->cli->log, "%llu requests were refused: their candidates are sent one by one",
                     (unsigned long long)r->counts.requests_split);
        if (more) st = lem_teach_run(r->teach, r->ledger, err);
    }
    lem_teach_watch(r->teach, NULL);
    lem_progress_free(p);
    return st;
}

static lem_status interrupted(const remote *r, lem_err *err) {
    return lem_fail(err, LEM_EINTR,
                    "interrupted; %llu requests are answered; the same command goes on from there",
                    (unsigned long long)answered(r));
}

/* Budgets and failures: LEM_EPARTIAL where no result is to be written. */
static lem_status check_result(remote *r, lem_err *err) {
    lem_teach_stats s = lem_teach_count(r->teach);
    double allowed = lem_args_num(r->args, "max-failed"), sent = (double)r->n_asked;
    unsigned long long failed = (unsigned long long)r->counts.failed;
    if ((double)failed <= allowed * sent) return LEM_OK;
    lem_status st = r->ledger ? lem_teach_again(r->teach, r->ledger, err) : LEM_OK;
    if (st) return st;
    return lem_fail(
        err, LEM_EPARTIAL,
        "%llu of %zu candidates have no score, more than --max-failed %g allows; the same command "
        "tries again what was not billed, a larger --resend also what may have been (%llu requests), "
        "a larger --max-failed takes what is there",
        failed, r->n_asked, allowed, (unsigned long long)s.unsure);
}

static lem_status check_budget(const remote *r, lem_err *err) {
    lem_teach_stats s = lem_teach_count(r->teach);
    if (!s.budget_reached) return LEM_OK;
    return lem_fail(err, LEM_EPARTIAL,
                    "the budget is used up: %llu requests, %llu tokens, cost %.4f; raise it, and the same "
                    "command goes on",
                    (unsigned long long)s.requests, (unsigned long long)(s.tokens_in + s.tokens_out), s.cost);
}

/* ---- writing ---- */

static lem_status write_rows(const remote *r, lem_err *err) {
    lem_out *out = NULL;
    lem_status st = lem_out_open(lem_job_out(r->file), true, &out, err);
    for (size_t i = 0; st == LEM_OK && i < r->n_rows; i++) {
        if (!r->rows[i].taken) continue;
        st = lem_rows_write(out, r->rows[i].row, err);
        lem_job_wrote(r->file, 1);
    }
    if (st == LEM_OK) st = lem_out_commit(out, err);
    if (out) lem_out_close(out);
    lem_job_saw(r->file, r->n_rows);
    return st == LEM_OK ? lem_job_finish(r->file, err) : st;
}

/* ---- the job ---- */

/* What the probe found, in the ledger and in use. Without a record nothing is to be asked. */
static lem_status begin_with(remote *r, lem_json *record, lem_err *err) {
    if (!record) return lem_remote_plan_requests(r, err);
    lem_status st = lem_journal_append(r->ledger, "api", record, err);
    if (st == LEM_OK) st = lem_journal_sync(r->ledger, err);
    return st == LEM_OK ? lem_remote_take_api(r, record, err) : st;
}

/* An unfinished run may know the API; a new one asks first, and starts when it knows. */
static lem_status open_ledger(remote *r, lem_err *err) {
    lem_json *record = NULL;
    lem_status st = LEM_OK;
    if (!lem_job_resumes(r->file)) LEM_TRY(lem_remote_probe(r, &record, err));
    LEM_TRY(lem_job_start(r->file, NULL, err));
    LEM_TRY(lem_job_journal(r->file, visit, r, &r->ledger, err));
    r->resumed = answered(r);
    if (r->resumed)
        lem_info(r->cli->log, "going on: %llu requests are answered already", (unsigned long long)r->resumed);
    if (!r->api_known && !record) LEM_TRY(lem_remote_probe(r, &record, err));
    if (!r->api_known) LEM_TRY(begin_with(r, record, err));
    LEM_TRY(lem_remote_tell_model(r, err));
done:
    lem_json_free(record);
    return st;
}

static lem_status dry_run(remote *r, lem_err *err) {
    lem_remote_use_api(r, r->named ? r->request.api : LEM_REWARD_POOLING);
    lem_status st = lem_remote_plan_requests(r, err);
    return st ? st : lem_remote_tell_plan(r, err);
}

static lem_status score(remote *r, lem_err *err) {
    lem_status st = LEM_OK;
    double begin = lem_clock_seconds();
    LEM_TRY(lem_remote_options(r, err));
    LEM_TRY(lem_remote_head(r, err));
    LEM_TRY(lem_remote_load(r, err));
    if (r->cli->dry_run) return dry_run(r, err);
    LEM_TRY(open_ledger(r, err));
    LEM_TRY(ask_all(r, err));
    LEM_TRY(check_budget(r, err));
    LEM_TRY(lem_remote_fill_rows(r, err));
    LEM_TRY(check_result(r, err));
    LEM_TRY(write_rows(r, err));
    st = lem_remote_tell_result(r, lem_clock_seconds() - begin, err);
done:
    return st == LEM_EINTR && r->teach ? interrupted(r, err) : st;
}

static void release(remote *r) {
    lem_teach_free(r->teach);
    lem_remote_release_rows(r);
    lem_bad_rows_release(&r->bad);
    lem_tokenizer_free(r->tok);
    lem_prompt_settings_release(&r->prompt);
    for (int i = 0; r->bases && i < r->o.n_urls; i++) lem_free(r->bases[i]);
    lem_free(r->bases);
    lem_json_free(r->extra);
    lem_endpoint_release(&r->endpoints);
    lem_job_close(r->file);
}

lem_status lem_score_remote(lem_cli *cli, const lem_command *cmd, const lem_args *args, bool process_only,
                            lem_err *err) {
    remote r = {.cli = cli, .cmd = cmd, .args = args, .process_only = process_only};
    lem_job_input maps[LEM_CANDIDATE_MAX_FILES];
    lem_job_spec spec = {.inputs = maps};
    lem_status st = lem_candidate_options_inputs(args, maps, &spec.n_inputs, err);
    if (st == LEM_OK) st = lem_job_open(cli, cmd, args, &spec, &r.file, err);
    if (st == LEM_OK && lem_job_done(r.file)) st = lem_print_complete(cli, cmd->name, r.file, err);
    else if (st == LEM_OK) st = score(&r, err);
    release(&r);
    return st;
}
