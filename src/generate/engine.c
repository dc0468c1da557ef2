/* engine.c - an engine: memory planned, opened, stepped, closed */
#include "generate/engine.h"

#include "core/mem.h"
#include "generate/engine_priv.h"
#include "model/weights_open.h"

#include <limits.h>

const char *lem_finish_name(lem_finish f) { return f == LEM_FINISH_STOP ? "stop" : "length"; }

lem_status lem_engine_check(const lem_engine_opts *o, lem_err *err) {
    if (o->slots < 0 || o->slots > GEN_MAX_SLOTS)
        return lem_fail(err, LEM_EUSAGE, "slots must lie in 0..%d, found %d", GEN_MAX_SLOTS, o->slots);
    if (o->max_prompt < 0)
        return lem_fail(err, LEM_EUSAGE, "max_prompt must not be negative, found %d", o->max_prompt);
    if (o->max_tokens < 0 || o->held < 0)
        return lem_fail(err, LEM_EUSAGE, "max_tokens and held must not be negative, found %d and %d",
                        o->max_tokens, o->held);
    if (o->load.requests < 0 || o->load.candidates < 0 || o->load.prompt_tokens < 0 ||
        o->load.path_pages < 0 || o->load.reserve_pages < 0)
        return lem_fail(err, LEM_EUSAGE, "what is asked for must not be negative");
    if (o->speculate.tokens < 0 || o->speculate.tokens >= LEM_SPECULATE_ROWS)
        return lem_fail(err, LEM_EUSAGE, "tokens of a draft must lie in 0..%d, found %d",
                        LEM_SPECULATE_ROWS - 1, o->speculate.tokens);
    return LEM_OK;
}

/* ---- memory */

static size_t pages_of(size_t tokens) { return (tokens + LEM_PAGE_KEYS - 1) / LEM_PAGE_KEYS; }

static int at_most(int n, int most) { return most > 0 && n > most ? most : n; }

static int clamp(size_t n, size_t least, size_t most) {
    if (n > most) n = most;
    if (n < least) n = least;
    return n < INT_MAX ? (int)n : INT_MAX;
}

/* Enough for all slots with a prompt each, or for what is known to come, within kv_bytes; never less than one
 * longest prompt with one candidate. Requests that wait hold the pages of a candidate which are not in use
 * yet. */
static void plan_pages(const lem_model_config *c, const lem_engine_opts *o, gen_plan *p) {
    const lem_engine_load *load = &o->load;
    const bool known = load->requests > 0;
    size_t ctx = (size_t)c->max_positions, slots = (size_t)p->slots, waiting = (size_t)p->waiting;
    size_t longest = o->max_prompt > 0 && (size_t)o->max_prompt < ctx ? (size_t)o->max_prompt : ctx - 1;
    size_t fresh = o->max_tokens > 0 && (size_t)o->max_tokens < ctx ? (size_t)o->max_tokens : ctx;
    size_t prompt = pages_of(longest), cand = pages_of(fresh - 1);
    size_t least = prompt + cand < pages_of(ctx) + 1 ? prompt + cand : pages_of(ctx) + 1;
    size_t paths = known ? (size_t)load->path_pages : (slots + waiting) * prompt + (size_t)o->held * prompt;
    size_t used = slots * cand + paths;
    size_t most = (o->kv_bytes ? o->kv_bytes : (size_t)4 << 30) / lem_session_page_bytes(c, o->kv_dtype);
    if (known && used > least) least = used;
    p->pages = clamp(used + waiting * cand + (size_t)load->reserve_pages, least, most);
    p->used = clamp(used, least, (size_t)p->pages);
    p->longest = (int)(longest + fresh < ctx ? longest + fresh : ctx);
}

static gen_plan plan_of(const lem_model_config *c, const lem_engine_opts *o) {
    gen_plan p = {.slots = at_most(o->slots ? o->slots : GEN_SLOTS, o->load.candidates),
                  .waiting = at_most(GEN_WAITING, o->load.requests),
                  .prefill = at_most(GEN_PREFILL, o->load.prompt_tokens)};
    const int drafts = o->speculate.tokens ? LEM_SPECULATE_ROWS : 0;
    p.rows = p.slots + drafts + p.prefill;
    p.block = at_most(GEN_BLOCK, p.slots + drafts);
    p.jobs = p.slots > p.block ? p.slots : p.block;
    plan_pages(c, o, &p);
    return p;
}

enum { BYTES_A_TOKEN = 16 }; /* of a candidate in flight: its id and its text, in arrays that grow */

size_t lem_engine_bytes(const lem_model_config *c, const lem_engine_opts *o) {
    const gen_plan p = plan_of(c, o);
    size_t row = (size_t)c->vocab * sizeof(float);
    size_t job = sizeof(lem_draw) + sizeof(int32_t) + sizeof(float); /* on both sides */
    return lem_session_used_bytes(c, o->kv_dtype, p.used, p.rows) +
           ((size_t)p.waiting + (size_t)p.block) * row + 2 * (size_t)p.jobs * job +
           (size_t)p.slots * (sizeof(gen_slot) + (size_t)p.longest * BYTES_A_TOKEN) +
           lem_gen_seats_bytes(&o->speculate, o->kv_dtype, p.longest);
}

/* What there is one of for each slot and feed. */
static bool alloc_slots(gen_engine *g, lem_err *err) {
    size_t slots = (size_t)g->plan.slots, jobs = (size_t)g->plan.jobs, waiting = (size_t)g->plan.waiting;
    return (g->slots = lem_alloc_zero(slots, sizeof *g->slots, err)) &&
           (g->free_slots = lem_alloc(slots, sizeof *g->free_slots, err)) &&
           (g->jobs = lem_alloc(jobs, sizeof *g->jobs, err)) &&
           (g->draw = lem_alloc(jobs, sizeof *g->draw, err)) &&
           (g->tokens = lem_alloc(jobs, sizeof *g->tokens, err)) &&
           (g->logprobs = lem_alloc(jobs, sizeof *g->logprobs, err)) &&
           (g->feeds = lem_alloc(slots + waiting, sizeof *g->feeds, err)) &&
           (g->feed_slot = lem_alloc(slots, sizeof *g->feed_slot, err)) &&
           (g->feed_request = lem_alloc(waiting, sizeof *g->feed_request, err)) &&
           (g->rows = lem_alloc((size_t)g->plan.block, sizeof *g->rows, err));
}

static bool alloc_logits(gen_engine *g, lem_err *err) {
    size_t row = (size_t)g->V * sizeof(float), jobs = (size_t)g->plan.jobs;
    const struct {
        lem_buffer *to;
        size_t bytes;
    } parts[] = {{&g->prompt_logits, (size_t)g->plan.waiting * row},
                 {&g->logits, (size_t)g->plan.block * row},
                 {&g->draws, jobs * sizeof(lem_draw)},
                 {&g->drawn, jobs * sizeof(int32_t)},
                 {&g->drawn_logprob, jobs * sizeof(float)}};
    bool ok = true;
    for (size_t i = 0; ok && i < sizeof parts / sizeof *parts; i++)
        ok = lem_buffer_init(parts[i].to, g->backend, parts[i].bytes, false, err) == LEM_OK;
    return ok;
}

static lem_status set_up(gen_engine *g, const lem_weights *w, lem_err *err) {
    if (!alloc_slots(g, err) || !alloc_logits(g, err))
        return lem_err_context(err, "while preparing %d slots for sampling", g->n_slots);
    for (int i = 0; i < g->n_slots; i++) g->free_slots[i] = g->n_slots - 1 - i;
    g->n_free = g->n_slots;
    g->max_pages = g->free_pages = g->plan.pages;
    lem_status st = lem_session_new(w, g->backend, g->max_pages, g->plan.rows, &g->session, err);
    if (st == LEM_OK) st = lem_gen_seats_open(g, g->plan.longest, err);
    return st ? lem_err_context(err, "while preparing to sample") : LEM_OK;
}

lem_status lem_engine_open(const lem_weights *w, const lem_model_config *config, const lem_tokenizer *tok,
                           lem_backend *b, const lem_engine_opts *o, lem_engine **out, lem_err *err) {
    lem_status st = lem_engine_check(o, err);
    if (st) return st;
    if (config->head != LEM_HEAD_LM)
        return lem_fail(err, LEM_EDATA, "the model has no language-model head to sample from");
    lem_engine *e = lem_alloc_zero(1, sizeof *e, err);
    if (!e) return LEM_EMEM;
    e->config = config;
    e->tok = tok;
    e->backend = b;
    e->opts = *o;
    e->opts.kv_dtype = lem_session_kv_dtype(config, lem_weights_packed(w), b->compute);
    e->V = config->vocab;
    e->plan = plan_of(config, o);
    e->n_slots = e->plan.slots;
    LEM_TRY(set_up(e, w, err));
    *out = e;
    e = NULL;
done:
    lem_engine_close(e);
    return st;
}

static void close_slot(gen_slot *s) {
    lem_buf_release(&s->text);
    lem_free(s->ids);
    lem_free(s->logprobs);
}

void lem_engine_close(lem_engine *e) {
    if (!e) return;
    for (int i = 0; e->slots && i < e->n_slots; i++) close_slot(&e->slots[i]);
    lem_gen_free_requests(e);
    void *const owned[] = {e->slots,    e->free_slots, e->jobs,      e->draw, e->tokens,
                           e->logprobs, e->feeds,      e->feed_slot, e->rows, (void *)e->feed_request,
                           e->seen,     e->path};
    lem_buffer *const device[] = {&e->prompt_logits, &e->logits,        &e->draws,
                                  &e->drawn,         &e->drawn_logprob, &e->seen_at};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) lem_free(owned[i]);
    for (size_t i = 0; i < sizeof device / sizeof *device; i++) lem_buffer_release(device[i]);
    lem_gen_seats_close(&e->seats);
    if (e->session) lem_session_free(e->session);
    lem_free(e);
}

/* ---- steps */

static bool is_busy(const lem_engine *e) {
    return e->n_free < e->n_slots || e->n_waiting > 0 || e->first_pending;
}

/* Nothing is in flight that would give pages back, and who waits needs more than there are. */
static lem_status stuck(const lem_engine *e, lem_err *err) {
    const gen_request *r = e->n_waiting ? e->waiting[0] : e->first_pending;
    int need = r->state == GEN_PENDING ? r->pages + r->candidate_pages : r->candidate_pages;
    return lem_fail(
        err, LEM_EMEM,
        "prompt %llu needs %d pages of keys and values; of %d there are %d free, the others are kept",
        (unsigned long long)r->opts.index, need, e->max_pages, e->free_pages);
}

lem_status lem_engine_step(lem_engine *e, bool *busy, lem_err *err) {
    bool fed, started;
    if (e->failed) return lem_fail(err, LEM_EUSAGE, "this engine has failed and can only be closed");
    lem_gen_admit(e);
    lem_status st = lem_gen_feed(e, &fed, err);
    if (st == LEM_OK) st = lem_gen_start(e, &started, err);
    e->failed = st != LEM_OK;
    if (st) return st;
    lem_gen_admit(e);
    if (!fed && !started && is_busy(e)) return stuck(e, err);
    *busy = is_busy(e);
    return LEM_OK;
}

lem_engine_counts lem_engine_count(const lem_engine *e) {
    lem_engine_counts c = e->counts;
    c.free_pages = e->free_pages;
    return c;
}
