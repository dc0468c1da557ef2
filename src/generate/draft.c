/* draft.c - guesses of what comes next, fed with the token that does, and forgotten where they were wrong */
#include "generate/engine_priv.h"

/* ---- look-up: what followed when the path's last tokens stood in it before */

enum { LEAST_GRAM = 2, LONGEST_GRAM = 8 };

static int min_int(int a, int b) { return a < b ? a : b; }

/* Tokens before `end` that are the last ones of the path too; LONGEST_GRAM at most. */
static int match(const int32_t *path, int n, int end) {
    int most = min_int(end, LONGEST_GRAM), m = 0;
    while (m < most && path[end - 1 - m] == path[n - 1 - m]) m++;
    return m;
}

/* The longest of them: where what follows it begins (the last such place) in *at, and its tokens, or 0. */
static int look_up(const int32_t *path, int n, int *at) {
    int best = LEAST_GRAM - 1;
    for (int end = n - 1; end > best && best < LONGEST_GRAM; end--) {
        int m = match(path, n, end);
        if (m > best) best = m, *at = end;
    }
    return best < LEAST_GRAM ? 0 : best;
}

/* As many tokens as were the same before, at most: two that are alike say little of the ninth behind them. */
static lem_status guess(gen_engine *g, gen_draft *d, lem_err *err) {
    const gen_slot *s = &g->slots[d->slot];
    int n = lem_gen_path_length(s), at = 0;
    void *path = g->path;
    lem_status st = lem_gen_grow(&path, &g->cap_path, n, sizeof *g->path, err);
    g->path = path;
    if (st) return st;
    lem_gen_path(s, g->path);
    d->n = min_int(d->most, look_up(g->path, n, &at));
    for (int i = 0; i < d->n; i++) /* behind the end of the path comes the draft itself */
        d->ids[1 + i] = at + i < n ? g->path[at + i] : d->ids[1 + at + i - n];
    return LEM_OK;
}

/* ---- drafts of a step */

/* The last token is never fed: none is guessed in its place. */
static int most_of(const gen_engine *g, const gen_slot *s, int rows) {
    int most = min_int(g->opts.speculate.tokens, rows - 1);
    return s->spoilt ? 0 : min_int(most, s->request->limit - 1 - s->tokens);
}

/* Those that pay, GEN_DRAFTS at most: each takes two rows at least. */
static int choose(gen_engine *g, int n_decode, int rows) {
    int n = 0;
    for (int i = 0; i < n_decode; i++) {
        const gen_slot *s = &g->slots[g->feed_slot[i]];
        int most = most_of(g, s, rows / n_decode);
        if (most < 1) continue;
        g->drafts[n] = (gen_draft){.most = most, .feed = i, .slot = g->feed_slot[i]};
        g->drafts[n++].ids[0] = s->next;
    }
    return n;
}

lem_status lem_gen_draft(gen_engine *g, int n_decode, int prefill, lem_err *err) {
    lem_status st = LEM_OK;
    int n = choose(g, n_decode, LEM_SPECULATE_ROWS - prefill);
    for (int i = 0; g->opts.speculate.ngram && st == LEM_OK && i < n; i++) st = guess(g, &g->drafts[i], err);
    if (st == LEM_OK && n && g->seats.session) st = lem_gen_seats_guess(g, g->drafts, n, err);
    for (int i = 0; st == LEM_OK && i < n; i++) {
        gen_draft *d = &g->drafts[i];
        if (d->n == 0) continue;
        g->slots[d->slot].draft = d;
        g->feeds[d->feed].ids = d->ids;
        g->feeds[d->feed].n += d->n;
        g->counts.drafted += (uint64_t)d->n;
    }
    return st;
}

static lem_status undraft(gen_engine *g, gen_slot *s, lem_err *err) {
    bool again = s->draft && s->spoilt;
    lem_status st = LEM_OK;
    if (s->draft) st = lem_session_truncate(g->session, s->node, lem_gen_path_length(s) - 1, err);
    if (again) g->counts.generated_fed--; /* it is fed once more */
    s->spoilt = again;
    s->draft = NULL;
    s->agreed = 0;
    return st;
}

lem_status lem_gen_undraft(gen_engine *g, int n_decode, lem_err *err) {
    lem_status st = LEM_OK;
    for (int i = 0; st == LEM_OK && i < n_decode; i++) {
        gen_slot *s = &g->slots[g->feed_slot[i]];
        if (s->request) st = undraft(g, s, err);
    }
    return st;
}
