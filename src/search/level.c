/* level.c - the steps of one level: asked for, taken in, counted against the budget */
#include "search/search_priv.h"

#include "core/hash.h"
#include "core/mem.h"

#include <limits.h>
#include <math.h>
#include <string.h>

void lem_sea_node_release(lem_search_node *n) {
    lem_free(n->ids);
    lem_free(n->text);
    *n = (lem_search_node){.parent = -1};
}

void lem_sea_drop(lem_search *s, lem_search_node *n) {
    lem_engine_drop(s->engine, n->handle);
    n->handle = LEM_NO_REQUEST;
}

/* ---- asking ---- */

lem_status lem_search_path(const lem_search_result *r, int node, lem_ids *out, lem_err *err) {
    const lem_search_node *all = r->node;
    size_t n = node < 0 ? 0 : (size_t)all[node].tokens;
    lem_status st = LEM_OK;
    out->len = 0;
    for (size_t i = 0; st == LEM_OK && i < n; i++) st = lem_ids_push(out, 0, err);
    for (int at = node; st == LEM_OK && at >= 0; at = all[at].parent) {
        n -= (size_t)all[at].n_ids;
        memcpy(out->data + n, all[at].ids, (size_t)all[at].n_ids * sizeof *all[at].ids);
    }
    return st;
}

static int most_tokens(const lem_search *s, int used) {
    const lem_search_opts *o = s->o;
    int left = o->max_tokens - used;
    if (o->method == LEM_SEARCH_BEST_OF_N) return left;
    return o->step_tokens < left ? o->step_tokens : left;
}

/* What of the budget is left for the next step; no limit without one. */
static uint64_t left_of(const lem_search *s) {
    return s->o->budget ? s->o->budget - s->out->spent : UINT64_MAX;
}

/* Tokens of the longest solution that there can be. */
static int whole_tokens(const lem_search *s) {
    int room = s->config->max_positions - s->n_prompt;
    return s->o->max_tokens < room ? s->o->max_tokens : room;
}

/* What the draws of a front are keyed by: the same for the same ids wherever they stand, but not for two
 * fronts of one level. */
static uint64_t key_of(lem_search *s, int at) {
    sea_front *f = &s->front[at];
    uint64_t where[3] = {s->key, (uint64_t)s->round, (uint64_t)f->subtree}, twins = 0;
    f->key = lem_hash64(s->ids.data, s->ids.len * sizeof *s->ids.data, lem_hash64(where, sizeof where, 0));
    for (int i = 0; i < at; i++) twins += s->front[i].key == f->key;
    return twins ? lem_hash64(&twins, sizeof twins, f->key) : f->key;
}

/* Asks for `n` steps of a front from its `first` on, of at most `most` tokens each. */
static lem_status ask(lem_search *s, int at, int first, int n_steps, int most, lem_err *err) {
    const lem_search_opts *o = s->o;
    const sea_front *f = &s->front[at];
    const lem_search_node *n = f->node < 0 ? NULL : &s->out->node[f->node];
    lem_status st = lem_search_path(s->out, f->node, &s->ids, err);
    if (st) return st;
    for (int i = 0; i < n_steps; i++) s->order[i] = first + i;
    lem_request_opts r = {.sample = o->sample,
                          .max_tokens = most,
                          .stop = &o->separator,
                          .n_stop = o->method != LEM_SEARCH_BEST_OF_N,
                          .end = o->end,
                          .n_end = o->n_end,
                          .seed = o->seed,
                          .key = key_of(s, at),
                          .index = (uint64_t)at,
                          .n = n_steps,
                          .candidates = s->order,
                          .keep = o->method != LEM_SEARCH_BEST_OF_N};
    const int32_t *last = n ? &n->ids[n->n_ids - 1] : &s->prompt[s->n_prompt - 1];
    lem_request request = LEM_NO_REQUEST;
    st = lem_engine_submit(s->engine, n ? n->handle : s->root, last, 1, &r, &request, err);
    if (st) return lem_err_context(err, "problem %llu", (unsigned long long)s->index);
    lem_engine_drop(s->engine, request);
    return LEM_OK;
}

static lem_status ask_all(lem_search *s, lem_err *err) {
    lem_status st = LEM_OK;
    for (int i = 0; st == LEM_OK && i < s->n_front; i++) {
        const sea_front *f = &s->front[i];
        int used = f->node < 0 ? 0 : s->out->node[f->node].tokens;
        st = ask(s, i, 0, f->n, most_tokens(s, used), err);
    }
    for (int i = 0; st == LEM_OK && i < s->n_front; i++) /* what goes on is held by what is under it */
        if (s->front[i].node >= 0) lem_sea_drop(s, &s->out->node[s->front[i].node]);
    s->asked = s->n_steps;
    return st;
}

/* Whole solutions under a budget: those are begun that count however long the ones before them become, and
 * where nothing is in flight the next, as far as the budget goes. So nothing is computed beyond it. */
static lem_status ask_paid(lem_search *s, lem_err *err) {
    const int most = whole_tokens(s);
    uint64_t left = left_of(s);
    int flying = 0, first = s->asked;
    for (int i = 0; i < first; i++) {
        bool flies = s->step[i].n_ids == 0;
        flying += flies;
        left -= (uint64_t)(flies ? most : s->step[i].n_ids);
    }
    if (s->most < most && flying) return LEM_OK; /* the last that is paid for */
    for (; s->asked < s->n_steps && left >= (uint64_t)most; s->asked++) left -= (uint64_t)most;
    s->most = most;
    if (s->asked == first && !flying && left > 0 && first < s->n_steps) {
        s->most = (int)left;
        s->asked++;
    }
    return s->asked > first ? ask(s, 0, first, s->asked - first, s->most, err) : LEM_OK;
}

lem_status lem_sea_draw(lem_search *s, const lem_cancel *cancel, lem_err *err) {
    bool paid = s->o->budget && s->o->method == LEM_SEARCH_BEST_OF_N, busy = true;
    lem_status st;
    s->n_steps = s->asked = 0;
    s->most = INT_MAX;
    for (int i = 0; i < s->n_front; i++) s->n_steps += s->front[i].n;
    for (int i = 0; i < s->n_steps; i++) s->step[i] = (lem_search_node){.parent = -1};
    st = paid ? ask_paid(s, err) : ask_all(s, err);
    while (st == LEM_OK && busy) {
        int asked = s->asked;
        st = lem_cancel_check(cancel, err);
        if (st == LEM_OK) st = lem_engine_step(s->engine, &busy, err);
        if (st == LEM_OK && paid) st = ask_paid(s, err);
        busy = busy || s->asked > asked;
    }
    return st;
}

void lem_sea_stop(lem_search *s, lem_search_state why) {
    for (int i = 0; i < s->n_front; i++) {
        if (s->front[i].node < 0) continue;
        s->out->node[s->front[i].node].state = why;
        lem_sea_drop(s, &s->out->node[s->front[i].node]);
    }
    s->n_front = 0;
}

/* ---- counting ---- */

static bool ends(const lem_search_opts *o, int32_t id) {
    for (int i = 0; i < o->n_end; i++)
        if (id == o->end[i]) return true;
    return false;
}

/* Where the separator that ended a step begins: the first in the bytes from `from` on. */
static size_t without_separator(const lem_search *s, const lem_buf *b, size_t from) {
    const char *text = lem_buf_str(b), *at = from < b->len ? strstr(text + from, s->o->separator) : NULL;
    return at ? (size_t)(at - text) : b->len;
}

/* Of the whole path, decoded at once: some tokenizers write a token otherwise at the beginning of a text. */
static lem_status set_text(lem_search *s, lem_search_node *x, bool separated, lem_err *err) {
    lem_buf b = {0};
    lem_status st = LEM_OK;
    LEM_TRY(lem_search_path(s->out, x->parent, &s->ids, err));
    LEM_TRY(lem_tokenizer_decode(s->tok, s->ids.data, s->ids.len, true, &b, err));
    size_t before = b.len;
    int n = x->n_ids - (x->state == LEM_SEARCH_ENDED);
    for (int i = 0; i < n; i++) LEM_TRY(lem_ids_push(&s->ids, x->ids[i], err));
    lem_buf_clear(&b);
    LEM_TRY(lem_tokenizer_decode(s->tok, s->ids.data, s->ids.len, true, &b, err));
    LEM_TRY(lem_buf_ok(&b, err));
    lem_free(x->text);
    x->len = separated ? without_separator(s, &b, before) : b.len;
    x->cut = x->len < b.len;
    x->text = lem_strndup(lem_buf_str(&b), x->len, err);
    if (!x->text) st = LEM_EMEM;
done:
    lem_buf_release(&b);
    return st;
}

/* The first `left` tokens of a step, as if it had been drawn so far. */
static lem_status cut(lem_search *s, lem_search_node *x, uint64_t left, lem_err *err) {
    lem_sea_drop(s, x);
    x->tokens -= x->n_ids - (int)left;
    x->n_ids = (int)left;
    x->state = LEM_SEARCH_BUDGET;
    x->logprob = NAN; /* of a part: not known, or not told */
    return set_text(s, x, false, err);
}

static lem_status append(lem_search_result *r, lem_search_node *x, lem_err *err) {
    if (r->n == r->cap) {
        int cap = 2 * r->cap + 64;
        lem_search_node *p = lem_realloc(r->node, (size_t)cap, sizeof *p, err);
        if (!p) return LEM_EMEM;
        r->node = p;
        r->cap = cap;
    }
    r->node[r->n++] = *x;
    *x = (lem_search_node){.parent = -1};
    return LEM_OK;
}

lem_status lem_sea_count(lem_search *s, lem_err *err) {
    lem_status st = LEM_OK;
    for (int i = 0; st == LEM_OK && i < s->n_steps; i++) {
        lem_search_node *x = &s->step[i];
        uint64_t left = left_of(s);
        if (left == 0) break;
        if ((uint64_t)x->n_ids > left) st = cut(s, x, left, err);
        if (st) break;
        s->out->spent += (uint64_t)x->n_ids;
        st = append(s->out, x, err);
    }
    for (int i = 0; i < s->n_steps; i++) { /* beyond the budget */
        lem_sea_drop(s, &s->step[i]);
        lem_sea_node_release(&s->step[i]);
    }
    s->n_steps = 0;
    return st;
}

/* ---- the sink of the engine ---- */

static lem_search_state state_of(const lem_search *s, const lem_candidate *c, int used) {
    int tokens = used + c->tokens;
    bool stopped = c->finish == LEM_FINISH_STOP;
    if (stopped && ends(s->o, c->ids[c->tokens - 1])) return LEM_SEARCH_ENDED;
    bool room = tokens < s->o->max_tokens && s->n_prompt + tokens < s->config->max_positions;
    bool full = s->o->method != LEM_SEARCH_BEST_OF_N && c->tokens == s->o->step_tokens;
    return room && (stopped || full) ? LEM_SEARCH_KEPT : LEM_SEARCH_LENGTH;
}

/* A step in its place. KEPT stands for "may go on" until it is chosen or not. */
lem_status lem_sea_take(void *ctx, const lem_candidate *c, lem_err *err) {
    lem_search *s = ctx;
    const sea_front *f = &s->front[c->prompt];
    const lem_search_node *above = f->node < 0 ? NULL : &s->out->node[f->node];
    lem_search_node *x = &s->step[f->first + c->index];
    int used = above ? above->tokens : 0;
    *x = (lem_search_node){.parent = f->node,
                           .round = s->round,
                           .level = s->level,
                           .subtree = f->subtree,
                           .n_ids = c->tokens,
                           .tokens = used + c->tokens,
                           .logprob = (above ? above->logprob : 0) + c->logprob,
                           .state = state_of(s, c, used),
                           .handle = c->node};
    x->ids = lem_alloc((size_t)c->tokens, sizeof *x->ids, err);
    if (!x->ids) return LEM_EMEM;
    memcpy(x->ids, c->ids, (size_t)c->tokens * sizeof *x->ids);
    if (x->state != LEM_SEARCH_KEPT) lem_sea_drop(s, x);
    bool short_of = s->most < INT_MAX && s->most < whole_tokens(s) && c->tokens == s->most;
    if (short_of && c->finish == LEM_FINISH_LENGTH) return cut(s, x, (uint64_t)c->tokens, err);
    return set_text(s, x, c->finish == LEM_FINISH_STOP && x->state != LEM_SEARCH_ENDED, err);
}
