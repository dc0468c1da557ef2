/* run.c - pulls prompts from a source while the engine has room, and steps until both are at their end */
#include "generate/run.h"

#include "generate/engine_priv.h"

static lem_engine_opts engine_opts(const lem_generate_opts *o) {
    return (lem_engine_opts){
        .slots = o->slots, .max_prompt = o->max_prompt, .max_tokens = o->max_tokens, .kv_bytes = o->kv_bytes};
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

/* Nothing will ever stand under a prompt, so it is dropped at once and goes with its last candidate. *busy is
 * set when one was submitted: the last prompts may come in the call that finds the end. */
static lem_status pull(lem_engine *e, const lem_generate_opts *o, lem_prompt_source *source, void *ctx,
                       bool *more, bool *busy, lem_err *err) {
    while (*more && lem_engine_has_room(e)) {
        lem_prompt p = {0};
        lem_status st = source(ctx, &p, more, err);
        if (st) return st;
        if (!*more || p.n <= 0) continue;
        lem_request_opts r = request_opts(o);
        lem_request request;
        r.index = p.index;
        r.key = p.key;
        r.candidates = p.candidates;
        r.n = p.n;
        st = lem_engine_submit(e, LEM_NO_REQUEST, p.ids, p.n_ids, &r, &request, err);
        if (st) return st;
        lem_engine_drop(e, request);
        *busy = true;
    }
    return LEM_OK;
}

static lem_generate_stats stats_of(const lem_engine *e) {
    lem_engine_counts c = lem_engine_count(e);
    return (lem_generate_stats){.prompts = c.requests,
                                .candidates = c.candidates,
                                .prompt_tokens = c.prompt_fed,
                                .generated_tokens = c.generated,
                                .steps = c.steps};
}

static void tell(const lem_generate_opts *o, const lem_engine *e, double begin) {
    lem_generate_stats s = stats_of(e);
    s.seconds = lem_clock_seconds() - begin;
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

lem_status lem_generate_run(const lem_weights *w, const lem_model_config *config, const lem_tokenizer *tok,
                            lem_backend *b, const lem_generate_opts *o, lem_prompt_source *source,
                            void *source_ctx, lem_candidate_sink *sink, void *sink_ctx, lem_cancel *cancel,
                            lem_generate_stats *stats, lem_err *err) {
    lem_status st = lem_generate_check(o, err);
    if (st) return st;
    double begin = lem_clock_seconds();
    lem_engine *e = NULL;
    lem_engine_opts engine = engine_opts(o);
    engine.sink = sink;
    engine.sink_ctx = sink_ctx;
    bool more = true, busy = true;
    LEM_TRY(lem_engine_open(w, config, tok, b, &engine, &e, err));
    for (;;) {
        LEM_TRY(lem_cancel_check(cancel, err));
        LEM_TRY(pull(e, o, source, source_ctx, &more, &busy, err));
        if (!more && !busy) break;
        LEM_TRY(lem_engine_step(e, &busy, err));
        if (o->tick) tell(o, e, begin);
    }
done:
    if (stats) *stats = e ? stats_of(e) : (lem_generate_stats){0};
    if (stats) stats->seconds = lem_clock_seconds() - begin;
    lem_engine_close(e);
    return st;
}
