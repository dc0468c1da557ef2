/* flight.c - which requests and candidates are in flight: pages reserved before anything is fed, so that
 * what has begun can always end */
#include "generate/engine_priv.h"

#include <string.h>

int lem_gen_pages(int tokens) { return (tokens + LEM_PAGE_KEYS - 1) / LEM_PAGE_KEYS; }

/* ---- admission */

static int waiting_candidates(const gen_engine *g) {
    int n = 0;
    for (int i = 0; i < g->n_waiting; i++) n += g->waiting[i]->n - g->waiting[i]->started;
    return n;
}

static bool has_place(const gen_engine *g) {
    return g->n_waiting < g->plan.waiting && waiting_candidates(g) <= g->n_free + g->n_slots / 4;
}

bool lem_engine_has_room(const lem_engine *e) { return !e->first_pending && has_place(e); }

/* Reserves the pages of the request and of one candidate, and a row of logits. A parent always comes first.
 */
static void admit(gen_engine *g, gen_request *r) {
    for (int i = 0; i < g->plan.waiting && r->row < 0; i++)
        if (!g->row_used[i]) r->row = i; /* as many rows as places among the waiting: there always is one */
    g->row_used[r->row] = true;
    g->free_pages -= r->pages + r->candidate_pages;
    r->holds_candidate = true;
    r->state = GEN_ADMITTED;
    g->waiting[g->n_waiting++] = r;
}

void lem_gen_admit(gen_engine *g) {
    for (;;) {
        gen_request *r = g->first_pending;
        if (!r || !has_place(g) || r->pages + r->candidate_pages > g->free_pages) return;
        g->first_pending = r->next;
        if (!r->next) g->last_pending = NULL;
        r->next = NULL;
        admit(g, r);
    }
}

/* ---- candidates */

static bool reserve_candidate(gen_engine *g, gen_request *r) {
    if (r->holds_candidate) r->holds_candidate = false;
    else if (g->free_pages >= r->candidate_pages) g->free_pages -= r->candidate_pages;
    else return false;
    return true;
}

/* The first request with a candidate to start has the right of way, unless its pages went to kept nodes. */
static gen_request *next_to_start(gen_engine *g) {
    for (int i = 0; i < g->n_waiting; i++) {
        gen_request *r = g->waiting[i];
        if (r->started == r->n) continue;
        if (r->fed < r->n_ids) return NULL;
        if (reserve_candidate(g, r)) return r;
        if (r->live > 0) return NULL;
    }
    return NULL;
}

bool lem_gen_take(gen_engine *g, int *slot) {
    gen_request *r = g->n_free > 0 ? next_to_start(g) : NULL;
    if (!r) return false;
    *slot = g->free_slots[--g->n_free];
    gen_slot *s = &g->slots[*slot];
    s->request = r;
    s->index = r->candidates[r->started++];
    s->node = -1;
    s->kept = 0;
    s->draft = NULL;
    s->agreed = 0;
    s->spoilt = false;
    s->tokens = 0;
    s->logprob = 0;
    lem_buf_clear(&s->text);
    r->live++;
    return true;
}

static void free_row(gen_engine *g, gen_request *r) {
    g->row_used[r->row] = false;
    r->row = -1;
}

void lem_gen_drop_rows(gen_engine *g) {
    int kept = 0;
    for (int i = 0; i < g->n_waiting; i++) {
        gen_request *r = g->waiting[i];
        if (r->started < r->n || r->fed < r->n_ids) g->waiting[kept++] = r;
        else free_row(g, r);
    }
    g->n_waiting = kept;
}

/* For a penalty of those below it. */
static lem_status own_ids(gen_request *k, const gen_slot *s, lem_err *err) {
    void *ids = k->ids;
    lem_status st = lem_gen_grow(&ids, &k->cap_ids, s->tokens - 1, sizeof *k->ids, err);
    k->ids = ids;
    if (st == LEM_OK && s->tokens > 1) memcpy(k->ids, s->ids, (size_t)(s->tokens - 1) * sizeof *k->ids);
    return st;
}

lem_status lem_gen_keep(gen_engine *g, int slot, lem_request *out, lem_err *err) {
    gen_slot *s = &g->slots[slot];
    gen_request *r = s->request, *k;
    lem_status st = lem_gen_new_request(g, &k, err);
    if (st == LEM_OK) st = own_ids(k, s, err);
    if (st == LEM_OK && s->node < 0) st = lem_session_node(g->session, r->node, &s->node, err);
    if (st == LEM_OK && s->draft)
        st = lem_session_truncate(g->session, s->node, r->length + s->tokens - 1, err);
    if (st) return st;
    lem_gen_use(g, k, r, GEN_ADMITTED);
    k->n_own = s->tokens - 1;
    s->kept = lem_gen_pages(s->tokens - 1);
    k->node = s->node;
    k->n_ids = k->n = 0;
    k->length = r->length + s->tokens - 1;
    k->pages = s->kept;
    k->path_pages = r->path_pages + s->kept;
    k->candidate_pages = 0;
    s->node = -1;
    *out = k->name;
    return LEM_OK;
}

/* ---- the end of candidates and requests */

static void leave_pending(gen_engine *g, gen_request *r) {
    gen_request **at = &g->first_pending, *before = NULL;
    for (; *at != r; at = &(*at)->next) before = *at;
    *at = r->next;
    if (g->last_pending == r) g->last_pending = before;
}

static void leave_waiting(gen_engine *g, gen_request *r) {
    int at = 0;
    while (g->waiting[at] != r) at++;
    for (g->n_waiting--; at < g->n_waiting; at++) g->waiting[at] = g->waiting[at + 1];
    free_row(g, r);
}

static bool is_needed(const gen_request *r) {
    return !r->dropped || r->live > 0 || r->started < r->n || r->n_children > 0;
}

/* Frees r and then the ancestors that were only needed by it. */
static void let_go(gen_engine *g, gen_request *r) {
    while (r && !is_needed(r)) {
        gen_request *parent = r->parent;
        if (r->state == GEN_PENDING) leave_pending(g, r);
        else g->free_pages += r->pages;
        if (r->row >= 0) leave_waiting(g, r);
        if (r->node >= 0) lem_session_drop(g->session, r->node);
        r->state = GEN_FREE;
        r->next = g->free_request;
        g->free_request = r;
        if (parent) parent->n_children--;
        r = parent;
    }
}

void lem_gen_release(gen_engine *g, int slot) {
    gen_slot *s = &g->slots[slot];
    gen_request *r = s->request;
    if (s->node >= 0) lem_session_drop(g->session, s->node);
    s->request = NULL;
    g->free_slots[g->n_free++] = slot;
    r->live--;
    if (r->live == 0 && r->started < r->n && !r->holds_candidate && s->kept == 0) r->holds_candidate = true;
    else g->free_pages += r->candidate_pages - s->kept;
    let_go(g, r);
}

static void release_from(gen_engine *g, const gen_request *r, int first) {
    for (int i = 0; i < g->n_slots; i++)
        if (g->slots[i].request == r && g->slots[i].index >= first) lem_gen_release(g, i);
}

/* Candidates that have not started and have an index of at least first will not be. */
static void forget_from(gen_request *r, int first) {
    int kept = r->started;
    for (int i = r->started; i < r->n; i++)
        if (r->candidates[i] < first) r->candidates[kept++] = r->candidates[i];
    r->n = kept;
}

void lem_engine_cancel_from(lem_engine *e, lem_request request, int first) {
    gen_request *r = lem_gen_find(e, request);
    if (!r) return;
    forget_from(r, first);
    if (r->started == r->n) {
        if (r->holds_candidate) e->free_pages += r->candidate_pages;
        r->holds_candidate = false;
        if (r->state == GEN_PENDING) r->candidate_pages = 0;
    }
    if (r->live == 0) let_go(e, r);
    else release_from(e, r, first);
    lem_gen_drop_rows(e);
}

void lem_engine_cancel(lem_engine *e, lem_request request) { lem_engine_cancel_from(e, request, 0); }

void lem_engine_drop(lem_engine *e, lem_request request) {
    gen_request *r = lem_gen_find(e, request);
    if (!r) return;
    r->dropped = true;
    let_go(e, r);
}
