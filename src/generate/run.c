/* run.c - pulls prompts from a source while the engine has room, and steps until both are at their end */
#include "generate/run.h"

#include "generate/engine_priv.h"

#include "core/mem.h"

#include <limits.h>
#include <string.h>

static lem_engine_opts engine_opts(const lem_generate_opts *o) {
    return (lem_engine_opts){.slots = o->slots,
                             .max_prompt = o->max_prompt,
                             .max_tokens = o->max_tokens,
                             .kv_bytes = o->kv_bytes,
                             .kv_dtype = o->kv_dtype,
                             .load = o->load,
                             .speculate = o->speculate};
}

static lem_request_opts request_opts(const lem_generate_opts *o) {
    return (lem_request_opts){.sample = o->sample,
                              .max_tokens = o->max_tokens,
                              .stop = o->stop,
                              .n_stop = o->n_stop,
                              .end = o->end,
                              .n_end = o->n_end,
                              .seed = o->seed};
}

lem_status lem_generate_check(const lem_generate_opts *o, lem_err *err) {
    lem_engine_opts engine = engine_opts(o);
    lem_request_opts request = request_opts(o);
    lem_status st = lem_request_check(&request, err);
    return st ? st : lem_engine_check(&engine, err);
}

size_t lem_generate_bytes(const lem_model_config *c, const lem_generate_opts *o) {
    lem_engine_opts engine = engine_opts(o);
    return lem_engine_bytes(c, &engine);
}

/* ---- what prompts share */

typedef struct preamble {
    lem_request request; /* of ids; LEM_NO_REQUEST = none is there */
    int32_t *ids;        /* [n] whole pages, so that prompts take as many pages as without */
    int n, cap;
    uint64_t made, saved; /* how many there were; tokens that were not computed again */
} preamble;

static void leave(lem_engine *e, preamble *s) {
    lem_engine_drop(e, s->request);
    s->request = LEM_NO_REQUEST;
}

static lem_status begin(lem_engine *e, preamble *s, const int32_t *ids, int n, const lem_request_opts *o,
                        lem_err *err) {
    lem_request_opts none = *o;
    void *own = s->ids;
    lem_status st = lem_gen_grow(&own, &s->cap, n, sizeof *s->ids, err);
    s->ids = own;
    if (st) return st;
    memcpy(s->ids, ids, (size_t)n * sizeof *ids);
    s->n = n;
    none.n = 0;
    st = lem_engine_submit(e, LEM_NO_REQUEST, ids, n, &none, &s->request, err);
    if (st == LEM_OK) s->made++;
    return st;
}

/* Finds or makes the node that the prompt stands under: *request none is the root. One is kept at a time: a
 * prompt that is not under it may need its pages. */
static lem_status find_shared(lem_engine *e, preamble *s, const lem_prompt *p, const lem_request_opts *o,
                              lem_err *err) {
    int most = p->n_shared < p->n_ids ? p->n_shared : p->n_ids - 1, n = most - most % LEM_PAGE_KEYS;
    bool there = s->request != LEM_NO_REQUEST && s->n == n;
    if (there && memcmp(s->ids, p->ids, (size_t)n * sizeof *p->ids) == 0) {
        s->saved += (uint64_t)n;
        return LEM_OK;
    }
    leave(e, s);
    return n > 0 ? begin(e, s, p->ids, n, o, err) : LEM_OK;
}

/* Nothing will ever stand under a prompt, so it is dropped at once and goes with its last candidate. */
static lem_status submit(lem_engine *e, const lem_generate_opts *o, const lem_prompt *p, preamble *s,
                         lem_err *err) {
    lem_request_opts r = request_opts(o);
    lem_request request;
    r.index = p->index;
    r.key = p->key;
    r.candidates = p->candidates;
    r.n = p->n;
    lem_status st = find_shared(e, s, p, &r, err);
    if (st) return st;
    int above = s->request == LEM_NO_REQUEST ? 0 : s->n;
    st = lem_engine_submit(e, s->request, p->ids + above, p->n_ids - above, &r, &request, err);
    if (st == LEM_OK) lem_engine_drop(e, request);
    return st;
}

/* *busy is set when a prompt was submitted: the last ones may come in the call that finds the end. */
static lem_status pull(lem_engine *e, const lem_generate_opts *o, lem_prompt_source *source, void *ctx,
                       preamble *s, bool *more, bool *busy, lem_err *err) {
    while (*more && lem_engine_has_room(e)) {
        lem_prompt p = {0};
        lem_status st = source(ctx, &p, more, err);
        if (st == LEM_OK && !*more) leave(e, s);
        if (st) return st;
        if (!*more || p.n <= 0) continue;
        st = submit(e, o, &p, s, err);
        if (st) return st;
        *busy = true;
    }
    return LEM_OK;
}

static lem_generate_stats stats_of(const lem_engine *e, const preamble *s) {
    lem_engine_counts c = lem_engine_count(e);
    return (lem_generate_stats){.shared_tokens = s->saved,
                                .prompts = c.requests - s->made,
                                .candidates = c.candidates,
                                .prompt_tokens = c.prompt_fed,
                                .generated_tokens = c.generated,
                                .drafted = c.drafted,
                                .accepted = c.accepted,
                                .steps = c.steps};
}

static void tell(const lem_generate_opts *o, const lem_engine *e, const preamble *shared, double begun) {
    lem_generate_stats s = stats_of(e, shared);
    s.seconds = lem_clock_seconds() - begun;
    o->tick(o->tick_ctx, &s);
}

double lem_generate_left(const lem_generate_stats *s, uint64_t candidates, uint64_t finished_tokens,
                         int slots, int max_tokens) {
    double drawn = (double)s->generated_tokens, ended = (double)s->candidates, most = max_tokens, mean = most;
    double to_do = (double)(candidates - s->candidates), flying = drawn - (double)finished_tokens;
    double in_flight = slots ? slots : GEN_SLOTS;
    if (to_do < in_flight) in_flight = to_do;
    if (ended > 0) {
        double cut_off = drawn / ended < most ? drawn / ended : most;
        double seen = ((double)finished_tokens + in_flight * cut_off) / (ended + in_flight);
        mean = (seen + cut_off) / 2;
    }
    double left = to_do * mean - flying;
    return left > to_do ? left : to_do; /* each needs one more at least */
}

/* ---- candidates that are not wanted any more */

typedef struct relay {
    lem_engine *engine;
    const lem_generate_opts *o;
    lem_candidate_sink *sink;
    void *ctx;
} relay;

static lem_status hand_on(void *ctx, const lem_candidate *c, lem_err *err) {
    relay *r = ctx;
    uint64_t prompt = c->prompt;
    lem_request request = c->request;
    lem_status st = r->sink(r->ctx, c, err);
    if (st || !r->o->wanted) return st;
    int first = r->o->wanted(r->o->wanted_ctx, prompt);
    if (first < INT_MAX) lem_engine_cancel_from(r->engine, request, first);
    return LEM_OK;
}

lem_status lem_generate_run(const lem_weights *w, const lem_model_config *config, const lem_tokenizer *tok,
                            lem_backend *b, const lem_generate_opts *o, lem_prompt_source *source,
                            void *source_ctx, lem_candidate_sink *sink, void *sink_ctx, lem_cancel *cancel,
                            lem_generate_stats *stats, lem_err *err) {
    lem_status st = lem_generate_check(o, err);
    if (st) return st;
    double begun = lem_clock_seconds();
    lem_engine *e = NULL;
    preamble shared = {.request = LEM_NO_REQUEST};
    lem_engine_opts engine = engine_opts(o);
    relay to = {NULL, o, sink, sink_ctx};
    engine.sink = hand_on;
    engine.sink_ctx = &to;
    bool more = true, busy = true;
    LEM_TRY(lem_engine_open(w, config, tok, b, &engine, &e, err));
    to.engine = e;
    for (;;) {
        LEM_TRY(lem_cancel_check(cancel, err));
        LEM_TRY(pull(e, o, source, source_ctx, &shared, &more, &busy, err));
        if (!more && !busy) break;
        LEM_TRY(lem_engine_step(e, &busy, err));
        if (o->tick) tell(o, e, &shared, begun);
    }
done:
    if (stats) *stats = e ? stats_of(e, &shared) : (lem_generate_stats){0};
    if (stats) stats->seconds = lem_clock_seconds() - begun;
    lem_free(shared.ids);
    lem_engine_close(e);
    return st;
}
