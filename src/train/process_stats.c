/* process_stats.c - accuracy, area under the curve, first errors */
#include "train/process_stats.h"

#include <math.h>
#include <stdlib.h>

/* One row, of steps s[0..n). */
static void first_error(const lem_step_score *s, uint64_t n, lem_process_stats *out) {
    uint64_t truth = 0, claim = 0;
    while (truth < n && s[truth].right) truth++;
    while (claim < n && s[claim].score >= 0) claim++;
    if (truth < n) {
        out->with_error++;
        out->found += truth == claim;
    } else {
        out->without_error++;
        out->passed += claim == n;
    }
}

static void first_errors(const lem_step_score *s, uint64_t n, lem_process_stats *out) {
    for (uint64_t i = 0, k; i < n; i += k) {
        for (k = 1; i + k < n && !s[i + k].begins;) k++;
        first_error(s + i, k, out);
    }
    out->found = out->with_error ? out->found / (double)out->with_error : NAN;
    out->passed = out->without_error ? out->passed / (double)out->without_error : NAN;
    double sum = out->found + out->passed; /* NAN if one of them is */
    out->f1 = sum > 0 ? 2 * out->found * out->passed / sum : sum;
}

static int by_score(const void *a, const void *b) {
    float x = ((const lem_step_score *)a)->score, y = ((const lem_step_score *)b)->score;
    return (x > y) - (x < y);
}

/* Pairs of a right and a wrong step with the right one above. */
static double area(lem_step_score *s, uint64_t n, uint64_t right) {
    double pairs = 0, below = 0, wrong = (double)(n - right);
    qsort(s, n, sizeof *s, by_score);
    for (uint64_t i = 0, k; i < n; i += k) {
        double equal[2] = {0, 0};
        for (k = 0; i + k < n && s[i + k].score <= s[i].score; k++) equal[s[i + k].right]++;
        pairs += equal[1] * (below + equal[0] / 2);
        below += equal[0];
    }
    return right && wrong > 0 ? pairs / ((double)right * wrong) : NAN;
}

void lem_process_measure(lem_step_score *s, uint64_t n, lem_process_stats *out) {
    uint64_t hit = 0;
    out->labels = n;
    out->right = out->with_error = out->without_error = 0;
    out->found = out->passed = 0;
    for (uint64_t i = 0; i < n; i++) {
        out->right += s[i].right;
        hit += (s[i].score >= 0) == s[i].right;
    }
    out->accuracy = n ? (double)hit / (double)n : NAN;
    first_errors(s, n, out);
    out->auc = n ? area(s, n, out->right) : NAN;
}
