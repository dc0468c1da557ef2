/* synth_run.c - options, plan, ledger, replies and dead letters of commands that ask a teacher */
#include "cli/synth_run.h"
#include "cli/runtime.h"

#include "core/jsonl.h"
#include "core/mem.h"

#include <string.h>

/* ---- options ---- */

static lem_status check_remote(lem_synth *s, lem_err *err) {
    const lem_args *a = s->args;
    if (!lem_args_has(a, "teacher"))
        return lem_fail(err, LEM_EUSAGE, "--teacher is missing: the model's name at the endpoint");
    if (lem_args_has(a, "template") || lem_args_has(a, "set"))
        return lem_fail(err, LEM_EUSAGE,
                        "--template and --set are for --model; a server writes messages by its own template");
    lem_status st = lem_endpoint_read(s->cli, a, &s->endpoint, &s->o, err);
    return st == LEM_OK ? lem_endpoint_read_completion(a, &s->endpoint, &s->o, NULL, err) : st;
}

static lem_status read_options(lem_synth *s, lem_err *err) {
    const lem_args *a = s->args;
    s->model = lem_args_str(a, "model");
    s->o = (lem_teach_opts){.chat = {.model = lem_args_str(a, "teacher"),
                                     .text = lem_args_is(a, "api", "text"),
                                     .system = lem_args_str(a, "system"),
                                     .temperature = lem_args_num(a, "temperature"),
                                     .top_p = lem_args_num(a, "top-p"),
                                     .max_tokens = (int)lem_args_int(a, "max-tokens"),
                                     .n = 1},
                            .seed = s->cli->seed};
    if (strcmp(lem_args_str(a, "out"), "-") == 0)
        return lem_fail(err, LEM_EUSAGE,
                        "--out - has no place for the ledger of what was sent and billed; a file expected");
    if (lem_args_has(a, "endpoint") && s->model)
        return lem_fail(err, LEM_EUSAGE, "--endpoint and --model exclude each other");
    if (s->model) {
        if (!s->o.chat.model) s->o.chat.model = "lemma";
        return LEM_OK;
    }
    return check_remote(s, err);
}

/* ---- opening ---- */

static lem_status name_dead(lem_synth *s, lem_err *err) {
    const char *given = lem_args_str(s->args, "dead");
    lem_buf b = {0};
    if (given) lem_buf_puts(&b, given);
    else lem_buf_printf(&b, "%s.dead.jsonl", lem_args_str(s->args, "out"));
    lem_status st = lem_buf_ok(&b, err);
    s->dead = lem_buf_take(&b);
    return st;
}

static lem_status load_rows(lem_synth *s, lem_err *err) {
    lem_problems_opts o = {
        .map = lem_args_tree(s->args, "map"), .limit = s->cli->limit, .cancel = s->cli->cancel};
    return lem_bad_rows_read_problems(&s->bad, s->cli, s->args, s->job, s->args->words[0], &o, &s->rows, err);
}

lem_status lem_synth_open(lem_synth *s, lem_cli *cli, const lem_command *cmd, const lem_args *args,
                          bool *done, lem_err *err) {
    *s = (lem_synth){.cli = cli, .args = args, .cmd = cmd};
    *done = false;
    lem_status st = name_dead(s, err);
    if (st != LEM_OK) return st;
    const char *beside[] = {s->dead};
    lem_job_spec spec = {.companions = beside, .n_companions = 1};
    st = lem_job_open(cli, cmd, args, &spec, &s->job, err);
    if (st != LEM_OK) return st;
    *done = lem_job_done(s->job);
    if (*done) return lem_print_complete(cli, cmd->name, s->job, err);
    st = read_options(s, err);
    if (st != LEM_OK) return st;
    return load_rows(s, err);
}

/* ---- asking ---- */

static lem_status ask_endpoints(lem_synth *s, lem_err *err) {
    const char *cache = lem_args_str(s->args, "cache");
    lem_status st = lem_job_start(s->job, NULL, err);
    if (st == LEM_OK) st = lem_job_journal(s->job, lem_teach_visit, s->teach, &s->ledger, err);
    if (st == LEM_OK && cache) st = lem_teach_cache(s->teach, cache, err);
    if (st == LEM_OK) st = lem_synth_begin(s, err);
    if (st != LEM_OK) return st;
    return lem_teach_run(s->teach, s->ledger, err);
}

static lem_status interrupted(lem_synth *s, lem_err *err) {
    lem_teach_stats c = lem_teach_count(s->teach);
    return lem_fail(
        err, LEM_EINTR,
        "interrupted; %llu of %zu items are answered and %llu may have been billed in vain; the same "
        "command goes on from there",
        (unsigned long long)c.done, s->items, (unsigned long long)c.unsure);
}

/* ---- dead letters ---- */

static lem_json *dead_row(const lem_synth *s, size_t i, const char *why, lem_teach_billed billed, int tries) {
    static const char *const words[] = {"no", "maybe", "yes"};
    const lem_problem *p = &s->rows.at[i / s->per_row];
    lem_buf at = {0};
    lem_json *row = lem_json_copy(p->input);
    lem_buf_printf(&at, "%s:%llu", p->file, (unsigned long long)p->line);
    bool ok = row && !at.failed && lem_json_set(row, "_dead", lem_json_new_str(why)) &&
              lem_json_set(row, "_billed", lem_json_new_str(words[billed])) &&
              lem_json_set(row, "_requests", lem_json_new_int(tries)) &&
              lem_json_set(row, "_item", lem_json_new_int((int64_t)i)) &&
              lem_json_set(row, "_source", lem_json_new_str(lem_buf_str(&at)));
    lem_buf_release(&at);
    if (ok) return row;
    lem_json_free(row);
    return NULL;
}

static lem_status write_dead(lem_synth *s, lem_err *err) {
    lem_out *o = NULL;
    lem_status st = lem_out_open(s->dead, lem_job_may_replace(s->job), &o, err);
    for (size_t i = 0; st == LEM_OK && i < s->items; i++) {
        lem_teach_billed billed;
        int tries;
        const char *why = lem_teach_why(s->teach, i, &billed, &tries);
        if (!why) continue;
        lem_json *row = dead_row(s, i, why, billed, tries);
        st = row ? lem_rows_write(o, row, err) : lem_fail(err, LEM_EMEM, "out of memory for a dead letter");
        lem_json_free(row);
    }
    if (st == LEM_OK) st = lem_out_commit(o, err);
    if (o) lem_out_close(o);
    return st;
}

/* Budgets and failures: LEM_EPARTIAL where no result is to be written. */
static lem_status check_result(lem_synth *s, lem_err *err) {
    lem_teach_stats c = lem_teach_count(s->teach);
    unsigned long long done = (unsigned long long)c.done, dead = (unsigned long long)c.dead;
    double allowed = lem_args_num(s->args, "max-failed");
    if (c.budget_reached)
        return lem_fail(err, LEM_EPARTIAL,
                        "the budget is used up: %llu requests, %llu tokens, cost %.4f; %llu of %zu items are "
                        "answered; raise "
                        "it, and the same command goes on",
                        (unsigned long long)c.requests, (unsigned long long)(c.tokens_in + c.tokens_out),
                        c.cost, done, s->items);
    lem_status st = write_dead(s, err);
    if (st != LEM_OK || (double)dead <= allowed * (double)s->items) return st;
    if (s->ledger) st = lem_teach_again(s->teach, s->ledger, err);
    if (st != LEM_OK) return st;
    return lem_fail(
        err, LEM_EPARTIAL,
        "%llu of %zu items failed, more than --max-failed %g allows; %s says why; the same command tries "
        "again what was not billed, --resend 1 also what may have been, a larger --max-failed takes what is "
        "there",
        dead, s->items, allowed, s->dead);
}

lem_status lem_synth_ask(lem_synth *s, size_t per_row, int n, lem_teach_prompt *prompt, void *ctx,
                         lem_err *err) {
    s->per_row = per_row;
    s->o.chat.n = n;
    s->o.prompt = prompt;
    s->o.ctx = ctx;
    if (!lem_mul_size(s->rows.n, per_row, &s->items)) return lem_fail(err, LEM_EMEM, "too many items");
    double begin = lem_clock_seconds();
    lem_status st = lem_teach_new(&s->o, s->items, &s->teach, err);
    if (st == LEM_OK && s->model) st = lem_synth_local(s, err);
    if (st == LEM_OK && s->cli->dry_run) return lem_synth_plan(s, err);
    if (st == LEM_OK && !s->model) st = ask_endpoints(s, err);
    if (s->progress) lem_progress_free(s->progress);
    s->progress = NULL;
    s->seconds = lem_clock_seconds() - begin;
    if (st == LEM_EINTR && s->teach) return interrupted(s, err);
    return st == LEM_OK ? check_result(s, err) : st;
}

/* ---- writing ---- */

lem_status lem_synth_write(lem_synth *s, lem_synth_row *row, void *ctx, lem_err *err) {
    lem_out *o = NULL;
    lem_status st = lem_out_open(lem_job_out(s->job), true, &o, err);
    for (size_t i = 0; st == LEM_OK && i < s->items; i++) {
        const lem_json *reply = lem_teach_reply(s->teach, i);
        if (reply) st = row(ctx, i, reply, o, err);
    }
    if (st == LEM_OK) st = lem_out_commit(o, err);
    if (o) lem_out_close(o);
    return st == LEM_OK ? lem_job_finish(s->job, err) : st;
}

const char *lem_synth_teacher(const lem_synth *s, const lem_json *reply) {
    return lem_json_str(lem_json_get(reply, "model"), s->o.chat.model);
}

void lem_synth_copy_fields(const lem_problem *row, lem_object *out) {
    static const char *const names[] = {"domain", "source"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const lem_json *v = lem_json_get(row->input, names[i]);
        if (v) lem_object_json(out, names[i], lem_json_copy(v));
    }
}

lem_status lem_synth_tell(lem_synth *s, lem_json *more, lem_err *err) {
    lem_teach_stats c = lem_teach_count(s->teach);
    const char *out = lem_args_str(s->args, "out");
    lem_info(s->cli->log,
             "%s: %llu rows of %zu items; %llu failed (%s), %llu requests, %llu + %llu tokens, cost %.4f",
             out, (unsigned long long)s->written, s->items, (unsigned long long)c.dead, s->dead,
             (unsigned long long)c.requests, (unsigned long long)c.tokens_in,
             (unsigned long long)c.tokens_out, c.cost);
    if (!s->cli->json) {
        lem_json_free(more);
        return LEM_OK;
    }
    lem_object o = lem_object_new();
    lem_object_str(&o, "command", s->cmd->name);
    lem_object_str(&o, "out", out);
    lem_object_str(&o, "identity", lem_job_identity(s->job));
    lem_object_bool(&o, "already_complete", false);
    lem_object_int(&o, "items", s->items);
    lem_object_int(&o, "answered", c.done);
    lem_object_int(&o, "failed", c.dead);
    lem_object_int(&o, "rows", s->written);
    lem_object_int(&o, "resumed", s->resumed);
    lem_object_int(&o, "cached", s->model ? 0 : c.cached);
    lem_object_int(&o, "shared", c.shared);
    lem_object_int(&o, "requests", c.requests);
    lem_object_int(&o, "unsure", c.unsure);
    lem_object_int(&o, "prompt_tokens", c.tokens_in);
    lem_object_int(&o, "completion_tokens", c.tokens_out);
    lem_object_num(&o, "cost", c.cost);
    lem_object_num(&o, "seconds", s->seconds);
    lem_bad_rows_tell(&s->bad, &o);
    for (const char *k = lem_json_key_next(more, NULL); more && k; k = lem_json_key_next(more, k))
        lem_object_json(&o, k, lem_json_copy(lem_json_key_value(k)));
    lem_json_free(more);
    return lem_print_json(s->cli->out, lem_object_done(&o), 0, err);
}

void lem_synth_close(lem_synth *s) {
    lem_teach_free(s->teach);
    lem_bad_rows_release(&s->bad);
    lem_problems_release(&s->rows);
    lem_free(s->dead);
    lem_endpoint_release(&s->endpoint);
    lem_job_close(s->job);
}
