/* flight.c - which prompts and candidates are in flight: pages reserved before anything is fed, so that a run
 * never gets stuck */
#include "generate/engine_priv.h"

#include "core/mem.h"

#include <string.h>

static int pages_of(int tokens) { return (tokens + LEM_PANEL - 1) / LEM_PANEL; }

static lem_status grow(void **p, int *cap, int need, size_t size, lem_err *err) {
    if (need <= *cap) return LEM_OK;
    int want = *cap + *cap / 2 > need ? *cap + *cap / 2 : need;
    void *q = lem_realloc(*p, (size_t)want, size, err);
    if (!q) return LEM_EMEM;
    *p = q;
    *cap = want;
    return LEM_OK;
}

static lem_status check_prompt(const gen_engine *g, const lem_prompt *p, lem_err *err) {
    unsigned long long index = (unsigned long long)p->index;
    if (p->n_ids < 1) return lem_fail(err, LEM_EDATA, "prompt %llu has no tokens", index);
    if (p->n_ids > g->config->max_positions - 1)
        return lem_fail(err, LEM_EDATA,
                        "prompt %llu has %d tokens; the context of %d holds prompts of up to %d", index,
                        p->n_ids, g->config->max_positions, g->config->max_positions - 1);
    for (int i = 0; i < p->n_ids; i++)
        if (p->ids[i] < 0 || p->ids[i] >= g->V)
            return lem_fail(err, LEM_EDATA, "prompt %llu: token id %d is outside the vocabulary of %d", index,
                            (int)p->ids[i], g->V);
    return LEM_OK;
}

/* Copies a prompt into f. */
static lem_status take_prompt(gen_engine *g, gen_flight *f, const lem_prompt *p, lem_err *err) {
    lem_status st = check_prompt(g, p, err);
    void *ids = f->ids, *cand = f->candidates;
    if (st == LEM_OK) st = grow(&ids, &f->cap_ids, p->n_ids, sizeof *f->ids, err);
    f->ids = ids;
    if (st == LEM_OK) st = grow(&cand, &f->cap_candidates, p->n, sizeof *f->candidates, err);
    f->candidates = cand;
    if (st) return st;
    memcpy(f->ids, p->ids, (size_t)p->n_ids * sizeof *f->ids);
    for (int i = 0; i < p->n; i++) f->candidates[i] = p->candidates ? p->candidates[i] : i;
    f->index = p->index;
    f->rng = lem_rng_make(g->opts->seed, "sample", p->key);
    f->n_ids = p->n_ids;
    f->n = p->n;
    f->fed = f->started = f->live = 0;
    f->node = f->row = -1;
    f->admitted = f->holds_candidate = false;
    int room = g->config->max_positions - p->n_ids;
    f->limit = g->opts->max_tokens < room ? g->opts->max_tokens : room;
    f->pages = pages_of(f->n_ids);
    f->candidate_pages = pages_of(f->limit - 1); /* the last token is never fed */
    if (f->pages + f->candidate_pages > g->max_pages)
        return lem_fail(
            err, LEM_EMEM,
            "prompt %llu of %d tokens and %d new tokens need %d pages of keys and values; %d were planned",
            (unsigned long long)p->index, f->n_ids, f->limit, f->pages + f->candidate_pages, g->max_pages);
    f->used = true;
    return LEM_OK;
}

/* Reserves the pages of the prompt and of one candidate, a row of logits, and a node. */
static lem_status try_admit(gen_engine *g, gen_flight *f, lem_err *err) {
    int need = f->pages + f->candidate_pages;
    if (f->admitted || need > g->free_pages) return LEM_OK;
    lem_status st = lem_session_node(g->session, -1, &f->node, err);
    if (st) return st;
    for (int r = 0; r < GEN_WAITING && f->row < 0; r++)
        if (!g->row_used[r]) f->row = r; /* as many rows as places in the queue: there always is one */
    g->row_used[f->row] = true;
    g->free_pages -= need;
    f->admitted = f->holds_candidate = true;
    return LEM_OK;
}

static int waiting_candidates(const gen_engine *g) {
    int n = 0;
    for (int i = 0; i < g->n_waiting; i++) {
        const gen_flight *f = &g->flights[g->waiting[i]];
        n += f->n - f->started;
    }
    return n;
}

lem_status lem_gen_admit(gen_engine *g, lem_err *err) {
    for (;;) {
        if (g->n_waiting > 0) {
            gen_flight *last = &g->flights[g->waiting[g->n_waiting - 1]];
            lem_status st = try_admit(g, last, err);
            if (st) return st;
            if (!last->admitted) return LEM_OK;
        }
        if (g->source_ended || g->n_waiting == GEN_WAITING ||
            waiting_candidates(g) > g->n_free + g->n_slots / 4)
            return LEM_OK;
        lem_prompt p;
        bool more = true;
        memset(&p, 0, sizeof p);
        lem_status st = g->source(g->source_ctx, &p, &more, err);
        if (st) return st;
        if (!more) {
            g->source_ended = true;
            return LEM_OK;
        }
        if (p.n <= 0) continue;
        int at = 0;
        while (g->flights[at].used) at++; /* n_flights = slots + places in the queue: there always is one */
        st = take_prompt(g, &g->flights[at], &p, err);
        if (st) return st;
        g->waiting[g->n_waiting++] = at;
        g->stats.prompts++;
    }
}

bool lem_gen_take(gen_engine *g, int *slot) {
    if (g->n_free == 0) return false;
    int at = 0;
    while (at < g->n_waiting && g->flights[g->waiting[at]].started == g->flights[g->waiting[at]].n) at++;
    if (at == g->n_waiting) return false;
    gen_flight *f = &g->flights[g->waiting[at]];
    if (!f->admitted || f->fed < f->n_ids) return false;
    if (f->holds_candidate) f->holds_candidate = false;
    else if (g->free_pages >= f->candidate_pages) g->free_pages -= f->candidate_pages;
    else return false;
    *slot = g->free_slots[--g->n_free];
    gen_slot *s = &g->slots[*slot];
    s->active = true;
    s->flight = g->waiting[at];
    s->index = f->candidates[f->started++];
    s->node = -1;
    s->tokens = 0;
    s->logprob = 0;
    lem_buf_clear(&s->text);
    f->live++;
    return true;
}

void lem_gen_drop_rows(gen_engine *g) {
    int kept = 0;
    for (int i = 0; i < g->n_waiting; i++) {
        gen_flight *f = &g->flights[g->waiting[i]];
        if (f->started < f->n) g->waiting[kept++] = g->waiting[i];
        else {
            g->row_used[f->row] = false;
            f->row = -1;
        }
    }
    g->n_waiting = kept;
}

void lem_gen_release(gen_engine *g, int slot) {
    gen_slot *s = &g->slots[slot];
    gen_flight *f = &g->flights[s->flight];
    if (s->node >= 0) lem_session_drop(g->session, s->node);
    s->active = false;
    g->free_slots[g->n_free++] = slot;
    f->live--;
    if (f->live == 0 && f->started < f->n && !f->holds_candidate) f->holds_candidate = true;
    else g->free_pages += f->candidate_pages;
    if (f->live == 0 && f->started == f->n) {
        lem_session_drop(g->session, f->node);
        g->free_pages += f->pages;
        f->used = false;
    }
}
