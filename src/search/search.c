/* search.c - rounds and levels of a search */
#include "search/search_priv.h"

#include "core/mem.h"

#include <limits.h>
#include <math.h>

const char *lem_search_state_name(lem_search_state s) {
    static const char *const names[] = {"pruned", "kept", "stop", "length", "depth", "budget"};
    return (unsigned)s < sizeof names / sizeof *names ? names[s] : "?";
}

bool lem_search_is_solution(const lem_search_node *n) {
    return n->state != LEM_SEARCH_PRUNED && n->state != LEM_SEARCH_KEPT;
}

void lem_search_result_release(lem_search_result *r) {
    for (int i = 0; i < r->n; i++) lem_sea_node_release(&r->node[i]);
    lem_free(r->node);
    *r = (lem_search_result){0};
}

/* ---- options ---- */

typedef struct level_size { /* of the deepest level, when all steps have their longest */
    int prompt;             /* tokens */
    int fronts;             /* what steps are drawn from */
    int above;              /* levels */
    int step;               /* tokens of a step */
} level_size;

static int min_int(int a, int b) { return a < b ? a : b; }

static level_size deepest(const lem_model_config *c, const lem_search_opts *o) {
    int most = min_int(o->max_tokens, c->max_positions);
    bool whole = o->method == LEM_SEARCH_BEST_OF_N || o->step_tokens > most;
    level_size l = {.prompt = o->max_prompt ? min_int(o->max_prompt, c->max_positions) : c->max_positions,
                    .fronts = o->method == LEM_SEARCH_BEST_OF_N ? 1 : o->n / o->width,
                    .step = whole ? most : o->step_tokens};
    l.above = whole ? 0 : min_int(o->depth, (most + l.step - 1) / l.step) - 1;
    return l;
}

static int pages_of(int tokens) { return (tokens + LEM_PAGE_KEYS - 1) / LEM_PAGE_KEYS; }

static int product(int a, int b) { return a > 0 && b > INT_MAX / a ? INT_MAX : a * b; }

/* The prompt, the steps above the last level, a token for each front, and the steps that are there already of
 * those that are not in flight together. Short steps fill their pages less. */
static lem_engine_load load_of(const lem_model_config *c, const lem_search_opts *o) {
    const level_size l = deepest(c, o);
    int slots = o->slots ? o->slots : LEM_ENGINE_SLOTS, step = pages_of(l.step),
        rest = o->n > slots ? o->n - slots : 0;
    int64_t paths =
        (int64_t)pages_of(l.prompt) + l.fronts + (int64_t)l.fronts * l.above * step + (int64_t)rest * step;
    return (lem_engine_load){.requests = l.fronts + 1,
                             .candidates = o->n,
                             .prompt_tokens = l.prompt + l.fronts,
                             .path_pages = (int)(paths < INT_MAX ? paths : INT_MAX),
                             .reserve_pages = product(l.fronts, o->depth)};
}

lem_search_texts lem_search_scored(const lem_model_config *c, const lem_search_opts *o) {
    const level_size l = deepest(c, o);
    int64_t tokens = (int64_t)l.prompt + (int64_t)l.fronts * l.above * l.step + (int64_t)o->n * l.step;
    return (lem_search_texts){.tokens = (int)(tokens < INT_MAX ? tokens : INT_MAX),
                              .longest = l.prompt + min_int((l.above + 1) * l.step, o->max_tokens),
                              .nodes = o->n + l.fronts + 1};
}

static lem_engine_opts engine_opts(const lem_model_config *c, const lem_search_opts *o) {
    const level_size l = deepest(c, o);
    int path = l.prompt + l.above * l.step;
    return (lem_engine_opts){.slots = o->slots,
                             .max_prompt = min_int(path, c->max_positions - 1),
                             .max_tokens = l.step,
                             .kv_bytes = o->kv_bytes,
                             .kv_dtype = o->kv_dtype,
                             .load = load_of(c, o),
                             .speculate = o->speculate};
}

lem_status lem_search_check(const lem_search_opts *o, lem_err *err) {
    if (o->n < 1 || o->n > LEM_SEARCH_MAX_N)
        return lem_fail(err, LEM_EUSAGE, "n must lie in 1..%d, found %d", LEM_SEARCH_MAX_N, o->n);
    if (o->method != LEM_SEARCH_BEST_OF_N && (o->width < 1 || o->n % o->width != 0))
        return lem_fail(err, LEM_EUSAGE, "the width %d must divide n, which is %d", o->width, o->n);
    if (o->depth < 1 || o->step_tokens < 1)
        return lem_fail(err, LEM_EUSAGE, "depth and tokens of a step must be at least 1, found %d and %d",
                        o->depth, o->step_tokens);
    lem_engine_opts engine = {.slots = o->slots, .speculate = o->speculate};
    lem_request_opts request = {
        .sample = o->sample, .max_tokens = o->max_tokens, .stop = &o->separator, .n_stop = 1};
    lem_status st = lem_request_check(&request, err);
    return st ? st : lem_engine_check(&engine, err);
}

size_t lem_search_bytes(const lem_model_config *c, const lem_search_opts *o) {
    lem_engine_opts engine = engine_opts(c, o);
    return lem_engine_bytes(c, &engine);
}

void lem_search_free(lem_search *s) {
    if (!s) return;
    for (int i = 0; s->step && i < s->n_steps; i++) lem_sea_node_release(&s->step[i]);
    lem_free(s->front);
    lem_free(s->step);
    lem_free(s->order);
    lem_free(s->text);
    lem_ids_release(&s->ids);
    lem_engine_close(s->engine);
    lem_free(s);
}

lem_status lem_search_new(const lem_weights *w, const lem_model_config *config, const lem_tokenizer *tok,
                          lem_backend *b, const lem_search_opts *o, lem_search **out, lem_err *err) {
    lem_status st = lem_search_check(o, err);
    if (st) return st;
    lem_search *s = lem_alloc_zero(1, sizeof *s, err);
    if (!s) return LEM_EMEM;
    size_t n = (size_t)o->n;
    lem_engine_opts engine = engine_opts(config, o);
    engine.sink = lem_sea_take;
    engine.sink_ctx = s;
    s->o = o;
    s->config = config;
    s->tok = tok;
    s->front = lem_alloc_zero(n, sizeof *s->front, err);
    s->step = lem_alloc_zero(n, sizeof *s->step, err);
    s->order = lem_alloc(n, sizeof *s->order, err);
    s->text = lem_alloc(n, sizeof *s->text, err);
    if (!s->front || !s->step || !s->order || !s->text) LEM_TRY(LEM_EMEM);
    LEM_TRY(lem_engine_open(w, config, tok, b, &engine, &s->engine, err));
    *out = s;
    s = NULL;
done:
    lem_search_free(s);
    return st;
}

lem_engine_counts lem_search_count(const lem_search *s) { return lem_engine_count(s->engine); }

/* ---- one problem ---- */

static lem_status open_root(lem_search *s, lem_err *err) {
    lem_request_opts none = {.sample = s->o->sample, .max_tokens = 1, .index = s->index};
    s->root = LEM_NO_REQUEST;
    if (s->n_prompt < 2) return LEM_OK;
    return lem_engine_submit(s->engine, LEM_NO_REQUEST, s->prompt, s->n_prompt - 1, &none, &s->root, err);
}

static void begin_round(lem_search *s) {
    const lem_search_opts *o = s->o;
    int subtrees = o->method == LEM_SEARCH_DVTS ? o->n / o->width : 1, each = o->n / subtrees;
    s->level = 0;
    s->n_front = subtrees;
    for (int i = 0; i < subtrees; i++)
        s->front[i] = (sea_front){.node = -1, .subtree = i, .first = i * each, .n = each};
}

static lem_status score(lem_search *s, int first, lem_search_scorer *scorer, void *ctx, lem_err *err) {
    lem_search_node *x = s->out->node + first;
    int n = s->out->n - first;
    for (int i = 0; i < n; i++) s->text[i] = (lem_search_text){x[i].text, x[i].len, -INFINITY};
    lem_status st = scorer(ctx, s->text, n, err);
    for (int i = 0; i < n; i++) x[i].score = isnan(s->text[i].score) ? -INFINITY : s->text[i].score;
    return st;
}

static bool is_spent(const lem_search *s) { return s->o->budget && s->out->spent >= s->o->budget; }

/* Levels until nothing goes on. */
static lem_status run_round(lem_search *s, lem_search_scorer *scorer, void *ctx, const lem_cancel *cancel,
                            lem_err *err) {
    lem_status st = LEM_OK;
    for (begin_round(s); s->n_front > 0 && s->level < s->o->depth && !is_spent(s); s->level++) {
        int first = s->out->n;
        LEM_TRY(lem_sea_draw(s, cancel, err));
        LEM_TRY(lem_sea_count(s, err));
        LEM_TRY(score(s, first, scorer, ctx, err));
        lem_sea_choose(s, first);
        if (is_spent(s)) lem_sea_stop(s, LEM_SEARCH_BUDGET);
    }
    if (s->level == s->o->depth) lem_sea_stop(s, LEM_SEARCH_DEPTH);
done:
    return st;
}

lem_status lem_search_run(lem_search *s, uint64_t index, uint64_t key, const int32_t *prompt, int n,
                          lem_search_scorer *scorer, void *ctx, const lem_cancel *cancel,
                          lem_search_result *out, lem_err *err) {
    lem_search_result r = {0};
    lem_status st = LEM_OK;
    s->index = index;
    s->key = key;
    s->prompt = prompt;
    s->n_prompt = n;
    s->out = &r;
    LEM_TRY(open_root(s, err));
    do {
        s->round = r.rounds++;
        LEM_TRY(run_round(s, scorer, ctx, cancel, err));
    } while (s->o->budget && !is_spent(s));
    lem_engine_drop(s->engine, s->root);
    *out = r;
    r = (lem_search_result){0};
done:
    lem_search_result_release(&r);
    s->out = NULL;
    return st;
}
