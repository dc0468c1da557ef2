/* engine.c - a run: options checked, memory planned, steps until the source ends */
#include "generate/engine.h"

#include "core/mem.h"
#include "generate/engine_priv.h"

#include <limits.h>
#include <math.h>
#include <string.h>

const char *lem_finish_name(lem_finish f) { return f == LEM_FINISH_STOP ? "stop" : "length"; }

static lem_status check_stops(const lem_generate_opts *o, lem_err *err) {
    if (o->n_stop < 0 || o->n_stop > 64)
        return lem_fail(err, LEM_EUSAGE, "at most 64 stop strings, found %d", o->n_stop);
    for (int i = 0; i < o->n_stop; i++)
        if (!o->stop[i] || !o->stop[i][0] || strlen(o->stop[i]) > 4096)
            return lem_fail(err, LEM_EUSAGE, "stop string %d is empty or longer than 4096 bytes", i + 1);
    return LEM_OK;
}

lem_status lem_generate_check(const lem_generate_opts *o, lem_err *err) {
    if (!(o->sample.temperature >= 0) || o->sample.temperature > 1000)
        return lem_fail(err, LEM_EUSAGE, "temperature must lie in 0..1000, found %g",
                        (double)o->sample.temperature);
    if (o->sample.top_k < 0)
        return lem_fail(err, LEM_EUSAGE, "top-k must not be negative, found %d", o->sample.top_k);
    if (!(o->sample.top_p >= 0) || o->sample.top_p > 1)
        return lem_fail(err, LEM_EUSAGE, "top-p must lie in 0..1, found %g", (double)o->sample.top_p);
    if (o->max_tokens < 1)
        return lem_fail(err, LEM_EUSAGE, "max-tokens must be at least 1, found %d", o->max_tokens);
    if (o->slots < 0 || o->slots > GEN_MAX_SLOTS)
        return lem_fail(err, LEM_EUSAGE, "slots must lie in 0..%d, found %d", GEN_MAX_SLOTS, o->slots);
    if (o->max_prompt < 0)
        return lem_fail(err, LEM_EUSAGE, "max_prompt must not be negative, found %d", o->max_prompt);
    return check_stops(o, err);
}

/* ---- memory */

static size_t page_bytes(const lem_model_config *c) {
    int e = c->head_dim ? c->head_dim : c->width / c->heads;
    return (size_t)c->layers * (size_t)c->kv_heads * 2 * LEM_PAGE_KEYS * (size_t)e * sizeof(float);
}

static size_t pages_of(size_t tokens) { return (tokens + LEM_PAGE_KEYS - 1) / LEM_PAGE_KEYS; }

static int slots_of(const lem_generate_opts *o) { return o->slots ? o->slots : GEN_SLOTS; }

/* Enough for all slots with a prompt each, within kv_bytes; never less than one longest prompt with one
 * candidate. */
static size_t pages_wanted(const lem_model_config *c, const lem_generate_opts *o) {
    size_t ctx = (size_t)c->max_positions, slots = (size_t)slots_of(o);
    size_t longest = o->max_prompt > 0 && (size_t)o->max_prompt < ctx ? (size_t)o->max_prompt : ctx - 1;
    size_t fresh = (size_t)o->max_tokens < ctx ? (size_t)o->max_tokens : ctx;
    size_t prompt = pages_of(longest), cand = pages_of(fresh - 1);
    size_t least = prompt + cand < pages_of(ctx) + 1 ? prompt + cand : pages_of(ctx) + 1;
    size_t want = slots * (prompt + cand) + (size_t)GEN_WAITING * (prompt + cand);
    size_t most = (o->kv_bytes ? o->kv_bytes : (size_t)4 << 30) / page_bytes(c);
    if (want > most) want = most;
    if (want < least) want = least;
    return want < INT_MAX ? want : INT_MAX;
}

static int rows_per_step(const lem_generate_opts *o) { return slots_of(o) + GEN_PREFILL; }

size_t lem_generate_bytes(const lem_model_config *c, const lem_generate_opts *o) {
    size_t V = (size_t)c->vocab, row = V * sizeof(float);
    return lem_session_bytes(c, (int)pages_wanted(c, o), rows_per_step(o)) + (GEN_WAITING + GEN_BLOCK) * row +
           2 * 64 * row;
}

/* What there is one of for each slot, prompt in flight and feed. */
static bool alloc_slots(gen_engine *g, lem_err *err) {
    size_t slots = (size_t)g->n_slots;
    return (g->slots = lem_alloc_zero(slots, sizeof *g->slots, err)) &&
           (g->free_slots = lem_alloc(slots, sizeof *g->free_slots, err)) &&
           (g->flights = lem_alloc_zero((size_t)g->n_flights, sizeof *g->flights, err)) &&
           (g->jobs = lem_alloc(slots > GEN_BLOCK ? slots : GEN_BLOCK, sizeof *g->jobs, err)) &&
           (g->feeds = lem_alloc(slots + GEN_WAITING, sizeof *g->feeds, err)) &&
           (g->feed_slot = lem_alloc(slots, sizeof *g->feed_slot, err)) &&
           (g->feed_flight = lem_alloc(GEN_WAITING, sizeof *g->feed_flight, err));
}

static bool alloc_logits(gen_engine *g, lem_err *err) {
    size_t V = (size_t)g->V, threads = (size_t)g->n_threads;
    return (g->prompt_logits = lem_alloc_aligned(GEN_WAITING * V, sizeof(float), err)) &&
           (g->logits = lem_alloc_aligned(GEN_BLOCK * V, sizeof(float), err)) &&
           (g->scratch = lem_alloc_aligned(threads * V, sizeof(float), err)) &&
           (g->order = lem_alloc_aligned(threads * V, sizeof(int32_t), err)) &&
           (g->rows = lem_alloc(GEN_BLOCK, sizeof *g->rows, err)) &&
           (g->targets = lem_alloc(GEN_BLOCK, sizeof *g->targets, err)) &&
           (g->logprobs = lem_alloc(GEN_BLOCK, sizeof *g->logprobs, err));
}

static lem_status set_up(gen_engine *g, const lem_weights *w, lem_err *err) {
    g->n_flights = g->n_slots + GEN_WAITING;
    if (!alloc_slots(g, err) || !alloc_logits(g, err))
        return lem_err_context(err, "while preparing %d slots for sampling", g->n_slots);
    for (int i = 0; i < g->n_slots; i++) g->free_slots[i] = g->n_slots - 1 - i;
    g->n_free = g->n_slots;
    g->max_pages = g->free_pages = (int)pages_wanted(g->config, g->opts);
    lem_status st = lem_session_new(w, g->backend, g->max_pages, rows_per_step(g->opts), &g->session, err);
    return st ? lem_err_context(err, "while preparing to sample") : LEM_OK;
}

static void tear_down(gen_engine *g) {
    for (int i = 0; g->slots && i < g->n_slots; i++) lem_buf_release(&g->slots[i].text);
    for (int i = 0; g->flights && i < g->n_flights; i++) {
        lem_free(g->flights[i].ids);
        lem_free(g->flights[i].candidates);
    }
    void *const owned[] = {g->slots,       g->free_slots, g->flights, g->prompt_logits, g->logits,
                           g->scratch,     g->order,      g->jobs,    g->feeds,         g->feed_slot,
                           g->feed_flight, g->rows,       g->targets, g->logprobs};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) lem_free(owned[i]);
    if (g->session) lem_session_free(g->session);
}

/* ---- run */

static lem_status loop(gen_engine *g, lem_cancel *cancel, lem_err *err) {
    for (;;) {
        if (cancel && cancel->requested) return lem_fail(err, LEM_EINTR, "interrupted");
        lem_status st = lem_gen_start(g, err);
        if (st == LEM_OK) st = lem_gen_admit(g, err);
        if (st) return st;
        if (g->n_free == g->n_slots && g->n_waiting == 0) return LEM_OK;
        st = lem_gen_step(g, err);
        if (st) return st;
    }
}

lem_status lem_generate_run(const lem_weights *w, const lem_model_config *config, const lem_tokenizer *tok,
                            lem_backend *b, const lem_generate_opts *o, lem_prompt_source *source,
                            void *source_ctx, lem_candidate_sink *sink, void *sink_ctx, lem_cancel *cancel,
                            lem_generate_stats *stats, lem_err *err) {
    lem_status st = lem_generate_check(o, err);
    if (st) return st;
    if (config->head != LEM_HEAD_LM)
        return lem_fail(err, LEM_EDATA, "the model has no language-model head to sample from");
    double begin = lem_clock_seconds();
    gen_engine g = {.config = config,
                    .tok = tok,
                    .backend = b,
                    .opts = o,
                    .source = source,
                    .sink = sink,
                    .source_ctx = source_ctx,
                    .sink_ctx = sink_ctx,
                    .stops = lem_stops_make(o->stop, o->n_stop),
                    .V = config->vocab,
                    .n_slots = slots_of(o),
                    .n_threads = lem_pool_threads(b->pool)};
    LEM_TRY(set_up(&g, w, err));
    LEM_TRY(loop(&g, cancel, err));
done:
    g.stats.seconds = lem_clock_seconds() - begin;
    if (stats) *stats = g.stats;
    tear_down(&g);
    return st;
}
