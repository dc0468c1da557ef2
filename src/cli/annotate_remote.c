/* annotate_remote.c - what is wanted of servers, round by round */
#include "cli/annotate_remote.h"

#include "core/mem.h"
#include "core/object.h"
#include "core/rng.h"

#include <stdio.h>
#include <string.h>

/* ---- requests ---- */

static uint64_t key_of(void *ctx, size_t item) {
    const lem_annotate_remote *r = ctx;
    lem_rng g = lem_rng_make(lem_outside_at(r->work, item).key, "rollout", item % r->run.o.group);
    return lem_rng_at(&g, 0);
}

/* "ROW:POINT:CANDIDATE", the row's number in the whole input. */
static void name_of(void *ctx, size_t item, char out[LEM_TEACH_NAME]) {
    const lem_annotate_remote *r = ctx;
    lem_outside_prefix x = lem_outside_at(r->work, item);
    snprintf(out, LEM_TEACH_NAME, "%llu:%d:%zu", (unsigned long long)r->prompts.rows->at[x.problem].row,
             x.point, item % r->run.o.group);
}

static size_t find(void *ctx, const char *name) {
    const lem_annotate_remote *r = ctx;
    uint64_t at[3];
    if (!lem_remote_name(name, at, 3)) return SIZE_MAX;
    size_t row = lem_problems_find(r->prompts.rows, at[0]);
    return row < r->prompts.rows->n ? lem_outside_find(r->work, row, at[1], at[2]) : SIZE_MAX;
}

/* The conversation, and the beginning of the solution as a reply that is to be continued. */
static const lem_json *turns_of(void *ctx, size_t item) {
    lem_annotate_remote *r = ctx;
    lem_outside_prefix x = lem_outside_at(r->work, item);
    lem_object o = lem_object_new();
    lem_json_free(r->turns);
    r->turns = lem_json_copy(r->prompts.turns[x.problem]);
    lem_object_str(&o, "role", "assistant");
    lem_object_json(&o, "content", lem_json_new_strn(x.solution, x.bytes));
    lem_json *last = lem_object_done(&o);
    if (r->turns && last && lem_json_append(r->turns, last)) return r->turns;
    if (!r->turns) lem_json_free(last);
    lem_json_free(r->turns);
    r->turns = NULL;
    return NULL;
}

static const int32_t *ids_of(void *ctx, size_t item, size_t *n) {
    const lem_annotate_remote *r = ctx;
    lem_outside_prefix x = lem_outside_at(r->work, item);
    *n = x.n_ids;
    return x.ids;
}

static lem_status text_of(void *ctx, size_t item, lem_buf *out, lem_err *err) {
    const lem_annotate_remote *r = ctx;
    lem_outside_prefix x = lem_outside_at(r->work, item);
    lem_buf_puts(out, r->prompts.text[x.problem]);
    lem_buf_add(out, x.solution, x.bytes);
    return lem_buf_ok(out, err);
}

/* ---- opening ---- */

/* What --body says of them counts. */
static lem_status ask_to_continue(lem_annotate_remote *r, lem_err *err) {
    static const struct {
        const char *name;
        bool value;
    } set[] = {{"add_generation_prompt", false}, {"continue_final_message", true}};
    lem_json *extra = r->run.endpoint.extra ? r->run.endpoint.extra : lem_json_new_object();
    bool ok = extra != NULL;
    for (size_t i = 0; ok && i < sizeof set / sizeof *set; i++)
        if (!lem_json_get(extra, set[i].name))
            ok = lem_json_set(extra, set[i].name, lem_json_new_bool(set[i].value));
    r->run.endpoint.extra = extra;
    r->run.o.chat.extra = extra;
    return ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory for the requests");
}

/* Any one id: without a tokenizer the prompts are not told apart by theirs. */
static lem_status stand_in(lem_problems *rows, lem_err *err) {
    lem_status st = lem_ids_push(&rows->ids, 0, err);
    for (size_t i = 0; i < rows->n; i++) {
        rows->at[i].ids_at = 0;
        rows->at[i].n_ids = 1;
    }
    return st;
}

lem_status lem_annotate_remote_open(lem_annotate_remote *r, lem_cli *cli, const lem_args *args,
                                    const lem_annotate_opts *o, lem_problems *rows,
                                    const lem_prompt_settings *s, lem_err *err) {
    int per = (int)lem_args_int(args, "per-request");
    lem_teach_opts *t = &r->run.o;
    r->cli = cli;
    r->args = args;
    *t = (lem_teach_opts){.prompt = text_of,
                          .ctx = r,
                          .group = (size_t)o->n,
                          .parts = {.key = key_of, .name = name_of, .find = find}};
    t->chat = (lem_completion_opts){.n = per < o->n ? per : o->n, .max_tokens = o->max_tokens};
    lem_status st = lem_remote_open(&r->run, cli, args, err);
    if (st == LEM_OK) st = lem_remote_prompts_make(&r->prompts, cli, args, t->chat.text, rows, s, err);
    if (st != LEM_OK) return st;
    if (r->prompts.tok) {
        t->parts.ids = ids_of;
        return LEM_OK;
    }
    if (!t->chat.text) {
        t->parts.turns = turns_of;
        st = ask_to_continue(r, err);
    }
    return st == LEM_OK ? stand_in(rows, err) : st;
}

lem_status lem_annotate_remote_load(lem_annotate_remote *r, const lem_annotate_opts *o,
                                    const lem_annotate_host *host, lem_err *err) {
    lem_status st = lem_outside_new(o, r->prompts.tok, host, r->cli->cancel, &r->work, err);
    if (st != LEM_OK) return st;
    size_t n = lem_outside_rollouts(r->work);
    r->wanted = lem_alloc(n + 1, sizeof *r->wanted, err);
    if (!r->wanted) return LEM_EMEM;
    st = lem_teach_new(&r->run.o, n, &r->run.teach, err);
    for (size_t i = 0; st == LEM_OK && i < n; i++) lem_teach_hold(r->run.teach, i);
    return st;
}

/* ---- rounds ---- */

static lem_status want(void *ctx, size_t rollout, lem_err *err) {
    lem_annotate_remote *r = ctx;
    (void)err;
    r->wanted[r->n_wanted++] = rollout;
    lem_teach_release(r->run.teach, rollout);
    return LEM_OK;
}

static lem_status begin_round(lem_annotate_remote *r, lem_err *err) {
    r->n_wanted = 0;
    return lem_outside_wanted(r->work, r->run.o.chat.n, want, r, err);
}

/* llama-server gives a message that it continues whole, others only what they wrote. */
static size_t repeated(const lem_annotate_remote *r, size_t rollout, const char *text, size_t len) {
    lem_outside_prefix x = lem_outside_at(r->work, rollout);
    bool whole = !r->run.o.chat.text && len >= x.bytes && memcmp(text, x.solution, x.bytes) == 0;
    return whole ? x.bytes : 0;
}

static lem_status give(lem_annotate_remote *r, size_t rollout, lem_err *err) {
    const lem_json *reply = lem_teach_reply(r->run.teach, rollout);
    size_t k = lem_teach_choice(r->run.teach, rollout);
    if (!reply) {
        lem_outside_lose(r->work, rollout);
        return LEM_OK;
    }
    const lem_json *v = lem_json_at(lem_json_get(reply, "texts"), k);
    const char *finish = lem_json_str(lem_json_at(lem_json_get(reply, "finish"), k), "");
    int64_t tokens = lem_json_int(lem_json_at(lem_json_get(reply, "tokens"), k), 0);
    const char *text = lem_json_str(v, "");
    size_t len = lem_json_str_len(v), skip = repeated(r, rollout, text, len);
    return lem_outside_give(r->work, rollout, text + skip, len - skip, (int)tokens,
                            strcmp(finish, "length") == 0, err);
}

static lem_status end_round(lem_annotate_remote *r, lem_err *err) {
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < r->n_wanted; i++) {
        st = lem_cancel_check(r->cli->cancel, err);
        if (st == LEM_OK) st = give(r, r->wanted[i], err);
    }
    return st;
}

lem_status lem_annotate_remote_plan(lem_annotate_remote *r, lem_err *err) {
    lem_status st = begin_round(r, err);
    lem_object o = lem_object_new();
    lem_object_str(&o, "command", "prm annotate");
    lem_object_bool(&o, "dry_run", true);
    lem_object_int(&o, "rollouts", r->n_wanted);
    if (st == LEM_OK) st = lem_remote_plan(&r->run, &o, err);
    lem_json *told = lem_object_done(&o);
    if (st == LEM_OK && r->cli->json) return lem_print_json(r->cli->out, told, 0, err);
    lem_json_free(told);
    return st;
}

lem_status lem_annotate_remote_run(lem_annotate_remote *r, lem_job *job, lem_journal *ledger,
                                   lem_annotate_stats *stats, lem_err *err) {
    uint64_t all = lem_outside_rollouts(r->work);
    lem_status st = lem_remote_greet(&r->run, job, ledger, err);
    r->resumed = lem_teach_count(r->run.teach).done;
    if (st == LEM_OK && r->resumed)
        lem_info(r->cli->log, "going on: %llu rollouts are there already", (unsigned long long)r->resumed);
    lem_progress *p = lem_progress_new(r->cli->log, "annotate", "rollouts", 0, r->resumed);
    lem_teach_watch(r->run.teach, p);
    while (st == LEM_OK) {
        st = begin_round(r, err);
        if (st != LEM_OK || r->n_wanted == 0) break;
        st = lem_remote_ask(&r->run, r->args, job, "rollouts", all, err);
        if (st == LEM_OK) st = end_round(r, err);
    }
    lem_teach_watch(r->run.teach, NULL);
    lem_progress_free(p);
    if (st == LEM_OK) st = lem_outside_finish(r->work, stats, err);
    stats->seconds = r->run.seconds;
    return st;
}

void lem_annotate_remote_release(lem_annotate_remote *r) {
    lem_remote_release(&r->run);
    lem_remote_prompts_release(&r->prompts);
    lem_outside_free(r->work);
    lem_json_free(r->turns);
    lem_free(r->wanted);
}
