/* table.c - requests by name: a generation and a place, so that no name is used twice */
#include "generate/engine_priv.h"

#include "core/mem.h"

#include <limits.h>
#include <string.h>

gen_request *lem_gen_find(const gen_engine *g, lem_request name) {
    uint32_t at = (uint32_t)name;
    if (at < 1 || at > (uint32_t)g->n_requests) return NULL;
    gen_request *r = g->requests[at - 1];
    return r->state != GEN_FREE && r->name == name ? r : NULL;
}

lem_status lem_gen_grow(void **p, int *cap, int need, size_t size, lem_err *err) {
    if (need <= *cap) return LEM_OK;
    int want = *cap + *cap / 2 > need ? *cap + *cap / 2 : need;
    void *q = lem_realloc(*p, (size_t)want, size, err);
    if (!q) return LEM_EMEM;
    *p = q;
    *cap = want;
    return LEM_OK;
}

lem_status lem_gen_new_request(gen_engine *g, gen_request **out, lem_err *err) {
    if (!g->free_request) {
        if (g->n_requests == INT_MAX / 2) return lem_fail(err, LEM_EMEM, "%d requests", g->n_requests);
        void *table = g->requests;
        lem_status st = lem_gen_grow(&table, &g->cap_requests, g->n_requests + 1, sizeof *g->requests, err);
        g->requests = table;
        if (st) return st;
        gen_request *r = lem_alloc_zero(1, sizeof *r, err);
        if (!r) return LEM_EMEM;
        g->requests[g->n_requests++] = r;
        r->name = (lem_request)g->n_requests;
        g->free_request = r;
    }
    *out = g->free_request;
    return LEM_OK;
}

/* Takes the first free one into use; its arrays stay as they are. */
void lem_gen_use(gen_engine *g, gen_request *r, gen_request *parent, gen_state state) {
    g->free_request = r->next;
    r->name += (lem_request)1 << 32;
    r->state = state;
    r->dropped = r->holds_candidate = false;
    r->parent = parent;
    r->next = NULL;
    r->n_children = 0;
    r->fed = r->started = r->live = 0;
    r->node = r->row = -1;
    if (parent) parent->n_children++;
}

int lem_gen_path_length(const gen_slot *s) { return s->request->length + s->tokens; }

void lem_gen_path(const gen_slot *s, int32_t *out) {
    const gen_request *r = s->request;
    int to = r->length;
    if (s->tokens) memcpy(out + to, s->ids, (size_t)s->tokens * sizeof *out);
    for (; r; r = r->parent) {
        to -= r->n_own;
        if (r->n_own) memcpy(out + to, r->ids, (size_t)r->n_own * sizeof *out);
    }
}

void lem_gen_free_requests(gen_engine *g) {
    for (int i = 0; i < g->n_requests; i++) {
        gen_request *r = g->requests[i];
        lem_free(r->ids);
        lem_free(r->candidates);
        lem_free(r->stop);
        lem_free(r->end);
        lem_buf_release(&r->stop_text);
        lem_free(r);
    }
    lem_free(g->requests);
}
