/* rmk.c - rm@k: exact expectation over subsets, and the choice in one subset */
#include "eval/rmk.h"

#include "core/mem.h"

#include <stdlib.h>

typedef struct ranked {
    double score;
    int i;
} ranked;

static int by_score(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    return x->i - y->i;
}

static double expectation(const lem_eval_problem *p, const ranked *r, int k) {
    int n = p->n;
    double total = 0, w = (double)k / n; /* w = C(n-1-rank,k-1)/C(n,k), by its ratio from rank to rank */
    for (int at = 0; at < n && w > 0;) {
        int end = at, right = 0;
        double mass = 0;
        for (; end < n && r[end].score == r[at].score; end++) {
            right += p->correct[r[end].i] != 0;
            mass += w;
            w = end + 1 < n ? w * (n - k - end) / (n - 1 - end) : 0;
            if (w < 0) w = 0;
        }
        total += mass * right / (end - at);
        at = end;
    }
    return total > 1 ? 1 : total;
}

lem_status lem_eval_best_exact(const lem_eval_problem *p, const double *score, const int *ks, int n_ks,
                               double *out, lem_err *err) {
    int n = p->n;
    ranked *r = lem_alloc((size_t)n, sizeof *r, err);
    if (!r) return LEM_EMEM;
    for (int i = 0; i < n; i++) r[i] = (ranked){score[i], i};
    qsort(r, (size_t)n, sizeof *r, by_score);
    for (int j = 0; j < n_ks; j++)
        if (ks[j] >= 1 && ks[j] <= n) out[j] = expectation(p, r, ks[j]);
    lem_free(r);
    return LEM_OK;
}

double lem_eval_best_of(const lem_eval_problem *p, const double *score, const int *subset, int k) {
    int best = subset[0];
    for (int j = 1; j < k; j++)
        if (score[subset[j]] > score[best]) best = subset[j];
    return p->correct[best] ? 1 : 0;
}
