/* sample_local.c - the engine of lemma sample that runs a model folder */
#include "cli/sample.h"
#include "cli/draw_options.h"
#include "cli/memory_plan.h"
#include "cli/prompt_options.h"
#include "cli/weights_options.h"

#include "core/gcd.h"
#include "core/mem.h"
#include "core/object.h"
#include "model/folder.h"
#include "model/weights_open.h"

#include <limits.h>

enum { TRIAL_CANDIDATES = 200 }; /* in the first turn of a trial: they are in flight together */

/* ---- source and sink of the engine */

/* Row i of a trial: from all over the file, each once. */
static size_t spread(size_t i, size_t n) {
    size_t step = (size_t)(0.618 * (double)n) + 1;
    while (lem_gcd(step, n) != 1) step++;
    return i * step % n;
}

/* A trial of a moment should have seen all problems, whose answers differ in length: a few candidates of
 * each, then a few more. */
static lem_status next_of_trial(void *ctx, lem_prompt *out, bool *more, lem_err *err) {
    (void)err;
    sample_job *j = ctx;
    sample_local *l = &j->local;
    int most = (int)(TRIAL_CANDIDATES / (j->rows.n ? j->rows.n : 1)) + 1, n = 0;
    size_t row = 0;
    do {
        if (l->next_row == j->rows.n) l->next_row = 0, l->turn++;
        *more = j->rows.n > 0 && l->turn * most < j->n; /* a shard may have no problems */
        if (!*more) return LEM_OK;
        row = spread(l->next_row++, j->rows.n);
    } while (j->rows.at[row].too_long);
    for (int i = l->turn * most; n < most && i < j->n; i++) l->missing[n++] = i;
    const lem_problem *r = &j->rows.at[row];
    *out = (lem_prompt){row, r->key, j->rows.ids.data + r->ids_at, r->n_ids, l->missing, n, r->n_shared};
    return LEM_OK;
}

static lem_status next_prompt(void *ctx, lem_prompt *out, bool *more, lem_err *err) {
    (void)err;
    sample_job *j = ctx;
    for (; j->local.next_row < j->rows.n; j->local.next_row++) {
        const lem_problem *r = &j->rows.at[j->local.next_row];
        int missing = 0;
        for (int i = 0; !r->too_long && i < j->n; i++)
            if (!lem_sample_has(j, j->local.next_row, i)) j->local.missing[missing++] = i;
        if (missing == 0) continue;
        *out = (lem_prompt){
            j->local.next_row++, r->key, j->rows.ids.data + r->ids_at, r->n_ids, j->local.missing, missing,
            r->n_shared};
        *more = true;
        return LEM_OK;
    }
    *more = false;
    return LEM_OK;
}

static uint64_t in_flight(const sample_job *j) {
    uint64_t slots = j->gen.slots ? (uint64_t)j->gen.slots : LEM_ENGINE_SLOTS, left = j->total - j->resumed;
    return left < slots ? left : slots;
}

/* Speed and time from the tokens that are there, those of candidates in flight with them. */
static void tell_progress(void *ctx, const lem_generate_stats *s) {
    sample_job *j = ctx;
    if (s->seconds <= 0 || !s->generated_tokens) return;
    lem_progress_unsure(j->progress, 2 * s->candidates < in_flight(j));
    double rate = (double)s->generated_tokens / s->seconds;
    lem_progress_note(j->progress, "%.0f tokens/s", rate);
    lem_progress_left(j->progress, lem_generate_left(s, j->total - j->resumed, j->local.run_tokens,
                                                     j->gen.slots, j->gen.max_tokens) /
                                       rate);
}

static lem_status take_candidate(void *ctx, const lem_candidate *c, lem_err *err) {
    sample_job *j = ctx;
    bool same = true;
    lem_status st = lem_sample_reencodes(j, j->local.tok, &j->local.ends, (size_t)c->prompt, c->text, c->len,
                                         c->finish == LEM_FINISH_STOP, c->ids, (size_t)c->tokens, &same, err);
    if (st) return st;
    lem_object o = lem_object_new();
    lem_object_json(&o, "text", lem_json_new_strn(c->text, c->len));
    lem_object_str(&o, "finish_reason", lem_finish_name(c->finish));
    lem_object_int(&o, "tokens", (uint64_t)c->tokens);
    lem_object_json(&o, "logprob", lem_json_new_num(c->logprob));
    if (!same) lem_object_bool(&o, "reencodes", false);
    j->local.run_tokens += (uint64_t)c->tokens;
    return lem_sample_keep(j, (size_t)c->prompt, c->index, lem_object_done(&o), err);
}

/* ---- the plan */

static lem_status find_ends(sample_job *j, lem_err *err) {
    lem_status st = lem_sample_ends(j, j->local.tok, j->model, j->local.config.vocab, &j->local.ends, err);
    j->gen.end = j->local.ends.id;
    j->gen.n_end = j->local.ends.n;
    return st;
}

/* Everything about the model but its weights, which are read once the plan is known to fit. */
static lem_status load_model(sample_job *j, lem_err *err) {
    lem_status st = lem_model_check(j->model, LEM_HEAD_LM, &j->local.config, err);
    if (st == LEM_OK) st = lem_weights_implied(j->cli, j->job, j->args, j->model, "compute", err);
    if (st) return st;
    if (j->local.config.int8) j->local.dtype = LEM_DTYPE_I8;
    st = lem_prompt_options_tokenizer(j->cli, j->model, &j->prompt, &j->local.tok, err);
    if (st) return st;
    st = lem_draft_check(j->cli, j->args, j->model, j->local.tok, &j->local.draft, &j->gen.speculate, err);
    if (st == LEM_OK) st = find_ends(j, err);
    if (st == LEM_OK) st = lem_draw_proposed(j->cli, j->job, j->model, &j->gen.sample, err);
    if (st) return st;
    st = lem_problems_encode(&j->rows, j->local.tok, &j->prompt, j->local.config.max_positions - 1,
                             j->cli->cancel, err);
    if (st == LEM_OK) st = lem_problems_check_ids(&j->rows, j->local.tok, j->local.config.vocab, err);
    j->gen.max_prompt = j->rows.longest ? j->rows.longest : 1;
    return st;
}

static void report_too_long(const sample_job *j) {
    int named = 0;
    for (size_t i = 0; i < j->rows.n && named < 3; i++) {
        const lem_problem *r = &j->rows.at[i];
        if (!r->too_long) continue;
        lem_warn(j->cli->log,
                 "%s:%llu: the prompt has %d tokens, the context holds %d; its candidates are empty",
                 j->prompts, (unsigned long long)r->line, r->n_ids, j->local.config.max_positions - 1);
        named++;
    }
    if (j->rows.too_long > (uint64_t)named)
        lem_warn(j->cli->log, "%llu prompts in all are too long", (unsigned long long)j->rows.too_long);
}

static lem_status print_plan(const sample_job *j, const lem_memory_parts *memory, lem_err *err) {
    static const char *const names[] = {"f32", "bf16", "f16", "int8"};
    unsigned long long prompt_tokens = (unsigned long long)j->rows.ids.len,
                       total = (unsigned long long)j->total;
    unsigned long long fresh = total * (unsigned long long)j->gen.max_tokens;
    j->cli->work_tokens = (double)prompt_tokens + (double)fresh;
    lem_info(
        j->cli->log,
        "plan: %zu problems, %llu prompt tokens, up to %llu new tokens in %llu candidates; weights in %s",
        j->rows.n, prompt_tokens, fresh, total, names[j->local.dtype]);
    if (!j->cli->json) return LEM_OK;
    lem_object o = lem_object_new();
    lem_object_str(&o, "command", "sample");
    lem_object_bool(&o, "dry_run", true);
    lem_object_int(&o, "problems", j->rows.n);
    lem_object_int(&o, "prompt_too_long", j->rows.too_long);
    lem_object_int(&o, "candidates", total);
    lem_object_int(&o, "prompt_tokens", prompt_tokens);
    lem_object_int(&o, "max_generated_tokens", fresh);
    lem_memory_put(memory, &o);
    return lem_print_json(j->cli->out, lem_object_done(&o), 0, err);
}

typedef struct plan { /* of memory */
    const sample_job *j;
    int *length; /* [n] tokens of the prompts, without those that they share */
    size_t n;
    int shared;
} plan;

static lem_status measure_prompts(const sample_job *j, plan *p, lem_err *err) {
    p->length = lem_alloc(j->rows.n + 1, sizeof *p->length, err); /* a shard may have no rows */
    if (!p->length) return LEM_EMEM;
    for (size_t i = 0; i < j->rows.n; i++) {
        const lem_problem *r = &j->rows.at[i];
        int shared = r->n_shared - r->n_shared % LEM_PAGE_KEYS;
        if (r->too_long) continue;
        p->length[p->n++] = r->n_ids - shared;
        if (shared > p->shared) p->shared = shared;
    }
    return LEM_OK;
}

static lem_generate_opts options_of(const plan *p, const lem_memory_ask *ask) {
    lem_generate_opts o = p->j->gen;
    o.slots = ask->slots;
    o.max_tokens = ask->max_tokens;
    o.kv_dtype = lem_memory_kv(ask, &p->j->local.config);
    o.load = lem_generate_load(&p->j->local.config, &o, p->length, p->n, p->shared, p->j->n);
    return o;
}

static int longest_path(const plan *p, const lem_generate_opts *o) {
    int most = p->j->local.config.max_positions, n = o->max_tokens < most ? o->max_tokens : most;
    return n < most - o->max_prompt ? n + o->max_prompt : most;
}

static void memory_of(void *ctx, const lem_memory_ask *ask, lem_memory_parts *out) {
    const plan *p = ctx;
    const sample_local *l = &p->j->local;
    lem_generate_opts o = options_of(p, ask);
    out->weights =
        (double)lem_weights_bytes(&l->config, ask->dtype) + (double)lem_draft_bytes(&l->draft, ask->dtype);
    out->work = (double)lem_generate_bytes(&l->config, &o) +
                lem_memory_scratch(p->j->cli, longest_path(p, &o), l->config.vocab);
    out->results = (double)p->j->total * lem_memory_of_text(l->tok, o.max_tokens);
}

/* The slots that fit, and the plan. */
static lem_status plan_memory(sample_job *j, lem_err *err) {
    char what[512];
    plan p = {.j = j};
    lem_memory_job memory = {j->cli, j->args, what, memory_of, &p};
    lem_memory_ask ask = lem_memory_asked(j->args);
    ask.slots = j->gen.slots ? j->gen.slots : LEM_ENGINE_SLOTS;
    ask.max_tokens = j->gen.max_tokens;
    lem_memory_parts parts = {0};
    snprintf(what, sizeof what, "sampling with %.400s", j->model);
    lem_status st = measure_prompts(j, &p, err);
    if (st == LEM_OK) st = lem_memory_fit(&memory, &ask, &parts, err);
    if (st == LEM_OK) j->gen = options_of(&p, &ask);
    j->gen.kv_bytes = lem_memory_spare(&parts);
    lem_free(p.length);
    return st == LEM_OK && j->cli->dry_run ? print_plan(j, &parts, err) : st;
}

static lem_status prepare(sample_job *j, lem_err *err) {
    j->local.dtype = lem_weights_dtype(j->args);
    lem_status st = load_model(j, err);
    if (st) return st;
    report_too_long(j);
    if (j->rows.too_long == j->rows.n && !lem_job_is_shard(j->job))
        return lem_fail(err, LEM_EDATA, "%s: no prompt fits the context of %d tokens", j->prompts,
                        j->local.config.max_positions);
    j->total = ((uint64_t)j->rows.n - j->rows.too_long) * (uint64_t)j->n;
    return plan_memory(j, err);
}

/* ---- the work */

static lem_status start(sample_job *j, lem_err *err) {
    sample_local *l = &j->local;
    l->missing = lem_alloc((size_t)j->n, sizeof *l->missing, err);
    if (!l->missing) return LEM_EMEM;
    lem_status st = lem_runtime_open(j->cli, lem_job_compute_path(j->job), &l->rt, err);
    if (st == LEM_OK) lem_weights_compute(j->args, l->rt.backend);
    return st ? st : lem_job_start(j->job, l->rt.backend->ops->name, err);
}

static int wanted(void *ctx, uint64_t row) {
    const sample_job *j = ctx;
    int n = lem_sample_wanted(j, (size_t)row);
    return n < j->n ? n : INT_MAX;
}

static lem_status make(sample_job *j, lem_err *err) {
    sample_local *l = &j->local;
    lem_status st = lem_weights_open(j->model, LEM_HEAD_LM, l->rt.backend, l->dtype, &l->weights, err);
    if (st == LEM_OK) st = lem_draft_open(j->args, l->rt.backend, &l->draft, &j->gen.speculate, err);
    if (st) return st;
    j->progress = lem_progress_new(j->cli->log, "sample", "candidates", j->total, j->resumed);
    j->gen.tick = tell_progress;
    j->gen.tick_ctx = j;
    j->gen.wanted = j->votes ? wanted : NULL;
    j->gen.wanted_ctx = j;
    lem_prompt_source *source = j->cli->trial ? next_of_trial : next_prompt;
    st = lem_generate_run(l->weights, &l->config, l->tok, l->rt.backend, &j->gen, source, j, take_candidate,
                          j, j->cli->cancel, &j->stats, err);
    lem_progress_free(j->progress);
    j->progress = NULL;
    return st == LEM_EINTR ? lem_job_interrupted(j->job, j->finished, j->total, "candidates", err) : st;
}

static void release(sample_job *j) {
    lem_free(j->local.missing);
    if (j->local.weights) lem_weights_free(j->local.weights);
    lem_draft_close(&j->local.draft);
    if (j->local.tok) lem_tokenizer_free(j->local.tok);
    lem_runtime_close(&j->local.rt);
}

const sample_engine lem_sample_engine_local = {prepare, start, make, release};
