/* keep.c - which candidates of a problem become training rows */
#include "eval/keep.h"

#include "core/hash.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *lem_keep_why_text(lem_keep_why w) {
    static const char *const text[LEM_KEEP_N_WHY] = {"kept",
                                                     "no candidate has a text",
                                                     "no right candidate",
                                                     "no candidate with a score",
                                                     "no wrong candidate to stand against",
                                                     "no second candidate to stand against"};
    return text[w];
}

void lem_kept_release(lem_kept *k) {
    lem_free(k->good);
    lem_free(k->bad);
    *k = (lem_kept){0};
}

static lem_status make_room(lem_kept *k, int n, lem_err *err) {
    k->n_good = k->n_bad = k->duplicates = k->empty = 0;
    if (n <= k->cap) return LEM_OK;
    int *good = lem_realloc(k->good, (size_t)n, sizeof *good, err);
    if (good) k->good = good;
    int *bad = good ? lem_realloc(k->bad, (size_t)n, sizeof *bad, err) : NULL;
    if (!bad) return LEM_EMEM;
    k->bad = bad;
    k->cap = n;
    return LEM_OK;
}

/* By score, the highest first, then by number. */
typedef struct ranked {
    double score;
    int i;
} ranked;

static int by_score(const void *x, const void *y) {
    const ranked *a = x, *b = y;
    if (a->score != b->score) return a->score > b->score ? -1 : 1;
    return a->i < b->i ? -1 : a->i > b->i;
}

/* What may be chosen, in its order: every text once. */
static lem_status usable(const char *const *text, int n, lem_kept *k, ranked *out, int *count, lem_err *err) {
    lem_map *seen = lem_map_new(err);
    lem_status st = seen ? LEM_OK : LEM_EMEM;
    *count = 0;
    for (int i = 0; st == LEM_OK && i < n; i++) {
        size_t len = text[i] ? strlen(text[i]) : 0;
        if (!len) k->empty++;
        else if (lem_map_find(seen, text[i], len, NULL)) k->duplicates++;
        else {
            st = lem_map_set(seen, text[i], len, i, err);
            out[(*count)++].i = i;
        }
    }
    lem_map_free(seen);
    return st;
}

static lem_keep_why choose_best(const lem_keep_opts *o, const ranked *r, int n, lem_kept *k) {
    int scored = 0;
    while (scored < n && r[scored].score > -INFINITY) scored++;
    if (!scored) return LEM_KEEP_NO_SCORE;
    if (o->as != LEM_KEEP_AS_SFT && scored < 2) return LEM_KEEP_ONE_TEXT;
    k->good[k->n_good++] = r[0].i;
    if (o->as != LEM_KEEP_AS_SFT) k->bad[k->n_bad++] = r[scored - 1].i;
    return LEM_KEEP_KEPT;
}

/* Right ones into good, wrong ones into bad, in the order of r; *right of them. */
static void divide(const lem_keep_opts *o, const lem_eval_problem *p, const ranked *r, int n, lem_kept *k,
                   int *right) {
    *right = 0;
    for (int at = 0; at < n; at++) {
        int i = r[at].i;
        bool open = p->undecided && p->undecided[i];
        *right += p->correct[i];
        if (p->correct[i] && (o->what != LEM_KEEP_TOP || r[at].score > -INFINITY)) k->good[k->n_good++] = i;
        else if (!p->correct[i] && !open) k->bad[k->n_bad++] = i;
    }
}

static lem_keep_why limit(const lem_keep_opts *o, lem_kept *k, int right) {
    if (!right) return LEM_KEEP_NO_RIGHT;
    if (!k->n_good) return LEM_KEEP_NO_SCORE;
    if (o->most && k->n_good > o->most) k->n_good = o->most;
    if (o->as == LEM_KEEP_AS_SFT) k->n_bad = 0;
    else if (!k->n_bad) return LEM_KEEP_NO_WRONG;
    if (k->n_bad > k->n_good) k->n_bad = k->n_good;
    if (o->as == LEM_KEEP_AS_PAIRS) k->n_good = k->n_bad;
    return LEM_KEEP_KEPT;
}

/* Wrong ones from the lowest score up; those without a score behind them. Equal scores in their order. */
static void lowest_first(const double *score, lem_kept *k, ranked *room) {
    if (!score) return;
    for (int j = 0; j < k->n_bad; j++) {
        double s = score[k->bad[j]];
        room[j] = (ranked){s > -INFINITY ? -s : -INFINITY, k->bad[j]};
    }
    qsort(room, (size_t)k->n_bad, sizeof *room, by_score);
    for (int j = 0; j < k->n_bad; j++) k->bad[j] = room[j].i;
}

static int by_number(const void *x, const void *y) { return *(const int *)x - *(const int *)y; }

static lem_keep_why choose(const lem_keep_opts *o, const lem_eval_problem *p, ranked *r, int n, lem_kept *k) {
    const double *score = o->scorer >= 0 ? p->score[o->scorer] : NULL;
    int right = 0;
    if (!n) return LEM_KEEP_NO_TEXT;
    for (int j = 0; j < n; j++) r[j].score = score ? score[r[j].i] : -INFINITY;
    qsort(r, (size_t)n, sizeof *r, by_score);
    if (o->what == LEM_KEEP_BEST) return choose_best(o, r, n, k);
    divide(o, p, r, n, k, &right);
    if (o->what == LEM_KEEP_CORRECT) qsort(k->good, (size_t)k->n_good, sizeof *k->good, by_number);
    lowest_first(score, k, r);
    return limit(o, k, right);
}

lem_status lem_keep_choose(const lem_keep_opts *o, const lem_eval_problem *p, const char *const *text,
                           lem_kept *out, lem_keep_why *why, lem_err *err) {
    int n = 0;
    lem_status st = make_room(out, p->n, err);
    ranked *r = st == LEM_OK ? lem_alloc_zero((size_t)p->n + 1, sizeof *r, err) : NULL;
    if (!r) return LEM_EMEM;
    st = usable(text, p->n, out, r, &n, err);
    if (st == LEM_OK) *why = choose(o, p, r, n, out);
    if (st == LEM_OK && *why != LEM_KEEP_KEPT) out->n_good = out->n_bad = 0;
    lem_free(r);
    return st;
}
