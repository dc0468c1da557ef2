/* level.c - the steps of one level: asked for, taken in, counted against the budget */
#include "search/search_priv.h"

#include "core/hash.h"
#include "core/mem.h"

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

/* The ids from the prompt's end to a step's end. */
static lem_status path_ids(lem_search *s, int node, lem_err *err) {
    s->ids.len = 0;
    const lem_search_node *all = s->out->node;
    size_t n = node < 0 ? 0 : (size_t)all[node].tokens;
    for (size_t i = 0; i < n; i++) {
        lem_status st = lem_ids_push(&s->ids, 0, err);
        if (st) return st;
    }
    for (int at = node; at >= 0; at = all[at].parent) {
        n -= (size_t)all[at].n_ids;
        memcpy(s->ids.data + n, all[at].ids, (size_t)all[at].n_ids * sizeof *all[at].ids);
    }
    return LEM_OK;
}

static int most_tokens(const lem_search *s, int used) {
    const lem_search_opts *o = s->o;
    int left = o->max_tokens - used;
    if (o->method == LEM_SEARCH_BEST_OF_N) return left;
    return o->step_tokens < left ? o->step_tokens : left;
}

static lem_status ask(lem_search *s, int at, lem_err *err) {
    const lem_search_opts *o = s->o;
    const sea_front *f = &s->front[at];
    const lem_search_node *n = f->node < 0 ? NULL : &s->out->node[f->node];
    uint64_t where[3] = {s->key, (uint64_t)s->round, (uint64_t)f->subtree};
    lem_status st = path_ids(s, f->node, err);
    if (st) return st;
    lem_request_opts r = {
        .sample = o->sample,
        .max_tokens = most_tokens(s, n ? n->tokens : 0),
        .stop = &o->separator,
        .n_stop = o->method != LEM_SEARCH_BEST_OF_N,
        .end = o->end,
        .n_end = o->n_end,
        .seed = o->seed,
        .key = lem_hash64(s->ids.data, s->ids.len * sizeof *s->ids.data, lem_hash64(where, sizeof where, 0)),
        .index = (uint64_t)at,
        .n = f->n,
        .keep = o->method != LEM_SEARCH_BEST_OF_N};
    const int32_t *last = n ? &n->ids[n->n_ids - 1] : &s->prompt[s->n_prompt - 1];
    lem_request request = LEM_NO_REQUEST;
    st = lem_engine_submit(s->engine, n ? n->handle : s->root, last, 1, &r, &request, err);
    if (st) return lem_err_context(err, "problem %llu", (unsigned long long)s->index);
    lem_engine_drop(s->engine, request);
    return LEM_OK;
}

lem_status lem_sea_draw(lem_search *s, const lem_cancel *cancel, lem_err *err) {
    lem_status st = LEM_OK;
    bool busy = true;
    s->n_steps = 0;
    for (int i = 0; i < s->n_front; i++) s->n_steps += s->front[i].n;
    for (int i = 0; i < s->n_steps; i++) s->step[i] = (lem_search_node){.parent = -1};
    for (int i = 0; st == LEM_OK && i < s->n_front; i++) st = ask(s, i, err);
    for (int i = 0; st == LEM_OK && i < s->n_front; i++) /* what goes on is held by what is under it */
        if (s->front[i].node >= 0) lem_sea_drop(s, &s->out->node[s->front[i].node]);
    while (st == LEM_OK && busy) {
        st = lem_cancel_check(cancel, err);
        if (st == LEM_OK) st = lem_engine_step(s->engine, &busy, err);
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
    LEM_TRY(path_ids(s, x->parent, err));
    LEM_TRY(lem_tokenizer_decode(s->tok, s->ids.data, s->ids.len, true, &b, err));
    size_t before = b.len;
    int n = x->n_ids - (x->state == LEM_SEARCH_ENDED);
    for (int i = 0; i < n; i++) LEM_TRY(lem_ids_push(&s->ids, x->ids[i], err));
    lem_buf_clear(&b);
    LEM_TRY(lem_tokenizer_decode(s->tok, s->ids.data, s->ids.len, true, &b, err));
    LEM_TRY(lem_buf_ok(&b, err));
    lem_free(x->text);
    x->len = separated ? without_separator(s, &b, before) : b.len;
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
    x->logprob = NAN; /* of a part: not known */
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

/* What of the budget is left for the next step; no limit without one. */
static uint64_t left_of(const lem_search *s) {
    return s->o->budget ? s->o->budget - s->out->spent : UINT64_MAX;
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
    return set_text(s, x, c->finish == LEM_FINISH_STOP && x->state != LEM_SEARCH_ENDED, err);
}
