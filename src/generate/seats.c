/* seats.c - a small model that guesses: paths that it has read, brought up to date and gone on with
 *
 * A seat keeps the path that it read last. The next candidate that sits down takes it from where both differ:
 * behind a wrong guess, in another candidate of the same prompt, or at the beginning. */
#include "generate/engine_priv.h"

#include "core/mem.h"

#include <string.h>

enum {
    SEAT_ROWS = 256, /* tokens of a step of the draft model */
    SEAT_ROOM = 8192 /* tokens of a path, at most */
};

static int min_int(int a, int b) { return a < b ? a : b; }

/* ---- memory */

static int room_of(const lem_speculate *o, int longest) {
    return min_int(min_int(longest, SEAT_ROOM), o->draft_config->max_positions);
}

static int pages_for(int room) { return GEN_DRAFTS * lem_gen_pages(room); }

static size_t logits_bytes(int vocab) { return (size_t)GEN_DRAFTS * (size_t)vocab * sizeof(float); }

size_t lem_gen_seats_bytes(const lem_speculate *o, lem_dtype kv, int longest) {
    if (!o->tokens || !o->draft_config) return 0;
    int room = room_of(o, longest);
    return lem_session_used_bytes(o->draft_config, o->draft_config->int8 ? LEM_DTYPE_BF16 : kv,
                                  pages_for(room), SEAT_ROWS) +
           (size_t)GEN_DRAFTS * (size_t)room * sizeof(int32_t) + logits_bytes(o->draft_config->vocab);
}

/* Greedy draws, row i of the logits each. */
static lem_status open_draws(gen_seats *s, lem_backend *b, lem_err *err) {
    lem_draw draws[GEN_DRAFTS];
    for (int i = 0; i < GEN_DRAFTS; i++) draws[i] = (lem_draw){.row = i, .top_p = 1};
    lem_status st = lem_buffer_init(&s->logits, b, logits_bytes(s->vocab), false, err);
    if (st == LEM_OK) st = lem_buffer_init(&s->draws, b, sizeof draws, false, err);
    if (st == LEM_OK) st = lem_buffer_init(&s->drawn, b, GEN_DRAFTS * sizeof(int32_t), false, err);
    if (st == LEM_OK) b->ops->copy_in(b, s->draws.at, draws, sizeof draws);
    return st;
}

lem_status lem_gen_seats_open(gen_engine *g, int longest, lem_err *err) {
    const lem_speculate *o = &g->opts.speculate;
    gen_seats *s = &g->seats;
    if (!o->tokens || !o->draft || !o->draft_config) return LEM_OK;
    s->room = room_of(o, longest);
    s->vocab = o->draft_config->vocab;
    lem_status st = lem_session_new(o->draft, g->backend, pages_for(s->room), SEAT_ROWS, &s->session, err);
    if (st == LEM_OK) st = open_draws(s, g->backend, err);
    for (int i = 0; st == LEM_OK && i < GEN_DRAFTS; i++) {
        s->seat[i].ids = lem_alloc((size_t)s->room, sizeof(int32_t), err);
        if (!s->seat[i].ids) return LEM_EMEM;
        st = lem_session_node(s->session, -1, &s->seat[i].node, err);
    }
    return st;
}

void lem_gen_seats_close(gen_seats *s) {
    for (int i = 0; i < GEN_DRAFTS; i++) lem_free(s->seat[i].ids);
    lem_buffer_release(&s->logits);
    lem_buffer_release(&s->draws);
    lem_buffer_release(&s->drawn);
    if (s->session) lem_session_free(s->session);
}

/* ---- sitting down */

static int common(const gen_seat *seat, const int32_t *path, int n) {
    int same = 0, most = min_int(seat->fed, n);
    while (same < most && seat->ids[same] == path[same]) same++;
    return same;
}

/* The one that has read most of the path, of those that are free in this step. */
static gen_seat *nearest(gen_seats *s, const int32_t *path, int n, int *read) {
    gen_seat *best = NULL;
    for (int i = 0; i < GEN_DRAFTS; i++) {
        if (s->seat[i].d) continue;
        int same = common(&s->seat[i], path, n);
        if (!best || same > *read) best = &s->seat[i], *read = same;
    }
    return best;
}

static bool knows(const gen_seats *s, const int32_t *ids, int n) {
    for (int i = 0; i < n; i++)
        if (ids[i] >= s->vocab) return false;
    return true;
}

/* The last token is read anew in any case: what comes behind it is asked for. */
static lem_status sit_down(gen_engine *g, gen_draft *d, lem_err *err) {
    gen_seats *s = &g->seats;
    int n = lem_gen_path_length(&g->slots[d->slot]), read = 0;
    d->most = min_int(d->most, s->room - n + 1); /* the last guess is not read */
    if (d->most < 1) return LEM_OK;
    void *path = g->path;
    lem_status st = lem_gen_grow(&path, &g->cap_path, n, sizeof *g->path, err);
    g->path = path;
    if (st) return st;
    lem_gen_path(&g->slots[d->slot], g->path);
    if (!knows(s, g->path, n)) return LEM_OK;
    gen_seat *seat = nearest(s, g->path, n, &read);
    read = min_int(read, n - 1);
    memcpy(seat->ids + read, g->path + read, (size_t)(n - read) * sizeof *seat->ids);
    seat->n = n;
    seat->fed = read;
    seat->d = d;
    return lem_session_truncate(s->session, seat->node, read, err);
}

/* ---- reading and guessing */

/* The seats that have something to read; how many. */
static int gather(gen_seats *s, lem_feed *feeds, gen_seat **of) {
    int n = 0, left = SEAT_ROWS;
    for (int i = 0; i < GEN_DRAFTS; i++) {
        gen_seat *seat = &s->seat[i];
        int take = min_int(seat->n - seat->fed, left);
        if (!seat->d || take == 0) continue;
        const bool whole = take == seat->n - seat->fed;
        feeds[n] = (lem_feed){seat->node, seat->ids + seat->fed, take, whole ? take - 1 : take};
        of[n++] = seat;
        left -= take;
    }
    return n;
}

/* What is no token of the model that samples, or no number, is the end of a draft. */
static void take(const gen_engine *g, gen_seat *seat, int32_t token) {
    gen_draft *d = seat->d;
    if (token < 0 || token >= g->V) return;
    d->ids[1 + d->n++] = token;
    if (d->n < d->most) seat->ids[seat->n++] = token;
}

static lem_status read_on(gen_engine *g, const lem_feed *feeds, gen_seat **of, int n, lem_err *err) {
    gen_seats *s = &g->seats;
    lem_backend *b = g->backend;
    int rows[GEN_DRAFTS], R = 0;
    int32_t token[GEN_DRAFTS];
    gen_seat *done[GEN_DRAFTS];
    lem_status st = lem_session_step(s->session, feeds, n, err);
    if (st) return st;
    for (int i = 0; i < n; i++) {
        of[i]->fed += feeds[i].n;
        if (of[i]->fed < of[i]->n) continue;
        rows[R] = lem_session_row(s->session, i, feeds[i].n - 1);
        done[R++] = of[i];
    }
    if (R == 0) return LEM_OK;
    lem_session_logits(s->session, R, rows, s->logits.at);
    b->ops->sample(b, R, s->vocab, s->logits.at, s->draws.at, NULL, s->drawn.at);
    b->ops->copy_out(b, token, s->drawn.at, (size_t)R * sizeof *token);
    st = b->ops->sync(b, err);
    for (int i = 0; st == LEM_OK && i < R; i++) take(g, done[i], token[i]);
    return st;
}

lem_status lem_gen_seats_guess(gen_engine *g, gen_draft *drafts, int n, lem_err *err) {
    lem_feed feeds[GEN_DRAFTS];
    gen_seat *of[GEN_DRAFTS];
    lem_status st = LEM_OK;
    for (int i = 0; st == LEM_OK && i < n; i++)
        if (drafts[i].n == 0) st = sit_down(g, &drafts[i], err);
    for (int k; st == LEM_OK && (k = gather(&g->seats, feeds, of)) > 0;) st = read_on(g, feeds, of, k, err);
    for (int i = 0; i < GEN_DRAFTS; i++) g->seats.seat[i].d = NULL;
    return st;
}
