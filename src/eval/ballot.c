/* ballot.c - votes of a subset, counted for all scores in one pass */
#include "eval/ballot.h"

#include "core/mem.h"
#include "eval/majk.h"

#include <math.h>

lem_status lem_eval_ballot_open(lem_eval_ballot *b, int longest, int n_scores, lem_err *err) {
    size_t n = longest > 0 ? (size_t)longest : 1, cells = n * (size_t)(n_scores + 1);
    *b = (lem_eval_ballot){.longest = (int)n, .n_scores = n_scores};
    b->first = lem_alloc(n, sizeof *b->first, err);
    b->members = lem_alloc(n, sizeof *b->members, err);
    b->touched = lem_alloc(n, sizeof *b->touched, err);
    b->weight = lem_alloc_zero(cells, sizeof *b->weight, err);
    b->sum = lem_alloc_zero(cells, sizeof *b->sum, err);
    if (!b->first || !b->members || !b->touched || !b->weight || !b->sum) return LEM_EMEM;
    for (size_t g = 0; g < n; g++) b->first[g] = -1;
    return LEM_OK;
}

void lem_eval_ballot_release(lem_eval_ballot *b) {
    lem_free(b->first);
    lem_free(b->members);
    lem_free(b->touched);
    lem_free(b->weight);
    lem_free(b->sum);
    *b = (lem_eval_ballot){.p = NULL};
}

void lem_eval_ballot_of(lem_eval_ballot *b, const lem_eval_problem *p, const double *const *score,
                        const lem_eval_weight *weighted) {
    b->p = p;
    for (int s = 0; s < b->n_scores; s++)
        for (int i = 0; weighted[s] && i < p->n; i++)
            b->weight[s * b->longest + i] = lem_eval_vote_weight(score[s], weighted[s], i);
}

void lem_eval_ballot_count(lem_eval_ballot *b, const int *subset, int k) {
    const int32_t *group = b->p->group;
    for (int t = 0; t < b->n_touched; t++) b->first[b->touched[t]] = -1;
    b->n_touched = 0;
    b->k = k;
    for (int j = 0; j < k; j++) {
        int i = subset[j], g = group[i];
        if (g < 0) continue;
        if (b->first[g] < 0) {
            b->first[g] = i;
            b->touched[b->n_touched++] = g;
            b->members[g] = 0;
            for (int s = 0; s < b->n_scores; s++) b->sum[s * b->longest + g] = 0;
        }
        b->members[g]++;
        for (int s = 0; s < b->n_scores; s++) b->sum[s * b->longest + g] += b->weight[s * b->longest + i];
    }
}

/* Groups stand in the order of their first candidates, so the first of the tied wins. */
double lem_eval_ballot_winner(const lem_eval_ballot *b, int s) {
    int winner = -1;
    double best = -INFINITY;
    for (int t = 0; t < b->n_touched; t++) {
        int g = b->touched[t];
        double count = s < 0 ? b->members[g] : b->sum[s * b->longest + g];
        if (winner >= 0 && !(count > best)) continue;
        best = count;
        winner = b->first[g];
    }
    return winner >= 0 && b->p->correct[winner] ? 1 : 0;
}

double lem_eval_ballot_pessimistic(const lem_eval_ballot *b, int s, double alpha) {
    int winner = -1;
    double best = -INFINITY;
    for (int t = 0; t < b->n_touched; t++) {
        int g = b->touched[t];
        double n = b->members[g], value = b->sum[s * b->longest + g] / n - alpha * sqrt(log(b->k) / n);
        if (winner >= 0 && !(value > best)) continue;
        best = value;
        winner = b->first[g];
    }
    return winner >= 0 && b->p->correct[winner] ? 1 : 0;
}
