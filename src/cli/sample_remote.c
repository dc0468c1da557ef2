/* sample_remote.c - the engine of lemma sample that asks servers
 *
 * An item of the ledger is a candidate: those of a problem are a group, so that several of them may be the
 * choices of one request (teach/teach.h). */
#include "cli/sample.h"

#include "core/mem.h"
#include "core/object.h"
#include "core/rng.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* ---- requests ---- */

static size_t row_of(const sample_job *j, size_t item) { return item / (size_t)j->n; }

/* The seed of a request is that of its first candidate: of (seed, row, candidate), whatever runs beside it.
 */
static uint64_t key_of(void *ctx, size_t item) {
    const sample_job *j = ctx;
    lem_rng r = lem_rng_make(j->rows.at[row_of(j, item)].key, "candidate", item % (size_t)j->n);
    return lem_rng_at(&r, 0);
}

/* "ROW:CANDIDATE", the row's number in the whole input. */
static void name_of(void *ctx, size_t item, char out[LEM_TEACH_NAME]) {
    const sample_job *j = ctx;
    snprintf(out, LEM_TEACH_NAME, "%llu:%zu", (unsigned long long)j->rows.at[row_of(j, item)].row,
             item % (size_t)j->n);
}

static size_t find(void *ctx, const char *name) {
    const sample_job *j = ctx;
    uint64_t at[2];
    if (!lem_remote_name(name, at, 2) || at[1] >= (uint64_t)j->n) return SIZE_MAX;
    size_t row = lem_problems_find(&j->rows, at[0]);
    return row < j->rows.n ? row * (size_t)j->n + (size_t)at[1] : SIZE_MAX;
}

static const lem_json *turns_of(void *ctx, size_t item) {
    const sample_job *j = ctx;
    return j->remote.prompts.turns[row_of(j, item)];
}

static const int32_t *ids_of(void *ctx, size_t item, size_t *n) {
    const sample_job *j = ctx;
    const lem_problem *p = &j->rows.at[row_of(j, item)];
    *n = (size_t)p->n_ids;
    return j->rows.ids.data + p->ids_at;
}

static lem_status text_of(void *ctx, size_t item, lem_buf *out, lem_err *err) {
    const sample_job *j = ctx;
    lem_buf_puts(out, j->remote.prompts.text[row_of(j, item)]);
    return lem_buf_ok(out, err);
}

/* ---- the plan ---- */

static lem_status print_plan(sample_job *j, lem_err *err) {
    if (!j->cli->json) return lem_remote_plan(&j->remote.run, NULL, err);
    lem_object o = lem_object_new();
    lem_object_str(&o, "command", "sample");
    lem_object_bool(&o, "dry_run", true);
    lem_object_int(&o, "problems", j->rows.n);
    lem_object_int(&o, "candidates", j->total);
    lem_status st = lem_remote_plan(&j->remote.run, &o, err);
    lem_json *told = lem_object_done(&o);
    if (st == LEM_OK) return lem_print_json(j->cli->out, told, 0, err);
    lem_json_free(told);
    return st;
}

static lem_status prepare(sample_job *j, lem_err *err) {
    lem_teach_opts *o = &j->remote.run.o;
    int per = (int)lem_args_int(j->args, "per-request");
    size_t items = 0;
    *o = (lem_teach_opts){.prompt = text_of,
                          .ctx = j,
                          .group = (size_t)j->n,
                          .parts = {.key = key_of, .name = name_of, .find = find}};
    o->chat = (lem_completion_opts){.n = per < j->n ? per : j->n,
                                    .max_tokens = j->gen.max_tokens,
                                    .stop = j->gen.stop,
                                    .n_stop = j->gen.n_stop,
                                    .logprobs = true};
    lem_status st = lem_remote_open(&j->remote.run, j->cli, j->args, err);
    if (st == LEM_OK)
        st = lem_remote_prompts_make(&j->remote.prompts, j->cli, j->args, o->chat.text, &j->rows, &j->prompt,
                                     err);
    if (st != LEM_OK) return st;
    const lem_tokenizer *tok = j->remote.prompts.tok;
    if (tok) st = lem_sample_ends(j, tok, lem_args_str(j->args, "tokenizer"), INT_MAX, &j->remote.ends, err);
    if (st != LEM_OK) return st;
    o->chat.token_ids = tok != NULL;
    if (tok) o->parts.ids = ids_of;
    else if (!o->chat.text) o->parts.turns = turns_of;
    if (!lem_mul_size(j->rows.n, (size_t)j->n, &items)) return lem_fail(err, LEM_EMEM, "too many candidates");
    j->total = items;
    st = lem_teach_new(o, items, &j->remote.run.teach, err);
    return st == LEM_OK && j->cli->dry_run ? print_plan(j, err) : st;
}

/* ---- the work ---- */

static lem_status start(sample_job *j, lem_err *err) { return lem_job_start(j->job, NULL, err); }

static lem_status visit(sample_job *j, const char *id, const lem_json *record, lem_err *err) {
    lem_status st = lem_remote_visit(&j->remote.run, id, record, err);
    if (st != LEM_OK) return lem_err_context(err, "the journal of %s", j->out);
    return LEM_OK;
}

static lem_json *element(const lem_json *reply, const char *list, size_t i) {
    lem_json *v = lem_json_at(lem_json_get(reply, list), i);
    return v ? lem_json_share(v) : lem_json_new_null();
}

/* Whether the text of a choice will be read as the tokens that the server says; true where it says none. */
static lem_status reencodes(const sample_job *j, size_t row, const lem_json *reply, size_t i, bool *out,
                            lem_err *err) {
    const lem_json *list = lem_json_at(lem_json_get(reply, "ids"), i);
    const lem_json *text = lem_json_at(lem_json_get(reply, "texts"), i);
    const char *finish = lem_json_str(lem_json_at(lem_json_get(reply, "finish"), i), "");
    lem_ids ids = {0};
    lem_status st = LEM_OK;
    *out = true;
    if (!list || lem_json_kind(list) == LEM_JSON_NULL) return LEM_OK;
    for (size_t k = 0; st == LEM_OK && k < lem_json_count(list); k++)
        st = lem_ids_push(&ids, (int32_t)lem_json_int(lem_json_at(list, k), -1), err);
    if (st == LEM_OK)
        st = lem_sample_reencodes(j, j->remote.prompts.tok, &j->remote.ends, row, lem_json_str(text, ""),
                                  lem_json_str_len(text), strcmp(finish, "stop") == 0, ids.data, ids.len, out,
                                  err);
    lem_ids_release(&ids);
    return st;
}

/* The i-th choice of a reply; what the server does not tell is null. */
static lem_json *choice_of(const lem_json *reply, size_t i, bool same) {
    lem_object o = lem_object_new();
    lem_object_json(&o, "text", element(reply, "texts", i));
    lem_object_json(&o, "finish_reason", element(reply, "finish", i));
    lem_object_json(&o, "tokens", element(reply, "tokens", i));
    lem_object_json(&o, "logprob", element(reply, "logprob", i));
    if (!same) lem_object_bool(&o, "reencodes", false);
    return lem_object_done(&o);
}

static lem_json *failed(const char *why) {
    lem_object o = lem_object_new();
    lem_object_str(&o, "text", "");
    lem_object_str(&o, "finish_reason", lem_remote_too_long(why) ? "prompt_too_long" : "failed");
    lem_object_int(&o, "tokens", 0);
    lem_object_json(&o, "logprob", lem_json_new_null());
    return lem_object_done(&o);
}

/* *out NULL: out of memory, as lem_sample_hold takes it. */
static lem_status candidate_of(const sample_job *j, size_t item, lem_json **out, lem_err *err) {
    const lem_teach *t = j->remote.run.teach;
    lem_teach_billed billed;
    int tries;
    bool same = true;
    const lem_json *reply = lem_teach_reply(t, item);
    size_t i = reply ? lem_teach_choice(t, item) : 0;
    lem_status st = reencodes(j, row_of(j, item), reply, i, &same, err);
    if (st) return st;
    if (reply) *out = choice_of(reply, i, same);
    else {
        const char *why = lem_teach_why(t, item, &billed, &tries);
        *out = failed(why ? why : "");
    }
    return LEM_OK;
}

static lem_status take_all(sample_job *j, lem_err *err) {
    lem_status st = LEM_OK;
    j->finished = 0;
    for (size_t i = 0; st == LEM_OK && i < j->total; i++) {
        lem_json *record = NULL;
        st = candidate_of(j, i, &record, err);
        if (st == LEM_OK) st = lem_sample_hold(j, row_of(j, i), (int)(i % (size_t)j->n), record, err);
    }
    return st;
}

static lem_status make(sample_job *j, lem_err *err) {
    lem_remote *r = &j->remote.run;
    lem_status st = lem_remote_greet(r, j->job, j->journal, err);
    if (st != LEM_OK) return st;
    j->resumed = lem_teach_count(r->teach).done;
    if (j->resumed)
        lem_info(j->cli->log, "going on: %llu of %llu candidates are there already",
                 (unsigned long long)j->resumed, (unsigned long long)j->total);
    j->progress = lem_progress_new(j->cli->log, "sample", "candidates", j->total, j->resumed);
    lem_teach_watch(r->teach, j->progress);
    st = lem_remote_ask(r, j->args, j->job, "candidates", j->total, err);
    lem_progress_free(j->progress);
    j->progress = NULL;
    lem_teach_watch(r->teach, NULL);
    lem_teach_stats c = lem_teach_count(r->teach);
    j->stats = (lem_generate_stats){
        .prompt_tokens = c.tokens_in, .generated_tokens = c.tokens_out, .seconds = r->seconds};
    return st == LEM_OK ? take_all(j, err) : st;
}

static void tell(const sample_job *j, lem_object *o) { lem_remote_tell(&j->remote.run, o); }

static void release(sample_job *j) {
    lem_remote_release(&j->remote.run);
    lem_remote_prompts_release(&j->remote.prompts);
}

const sample_engine lem_sample_engine_remote = {prepare, start, make, release, visit, tell};
