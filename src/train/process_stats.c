/* process_stats.c - accuracy, area under the curve, first errors */
#include "train/process_stats.h"

#include "core/mem.h"
#include "core/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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
        for (k = 1; i + k < n && s[i + k].row == s[i].row;) k++;
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

/* Pairs of a right and a wrong step with the right one above, of sorted scores; a row counts weight[row]
 * times, once without weights. */
static double area(const lem_step_score *s, uint64_t n, const uint32_t *weight) {
    double pairs = 0, below = 0, right = 0;
    for (uint64_t i = 0, k; i < n; i += k) {
        double equal[2] = {0, 0};
        for (k = 0; i + k < n && s[i + k].score <= s[i].score; k++)
            equal[s[i + k].right] += weight ? weight[s[i + k].row] : 1;
        pairs += equal[1] * (below + equal[0] / 2);
        below += equal[0];
        right += equal[1];
    }
    return right > 0 && below > 0 ? pairs / (right * below) : NAN;
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
    if (n) qsort(s, n, sizeof *s, by_score);
    out->auc = n ? area(s, n, NULL) : NAN;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

lem_status lem_process_interval(const lem_step_score *sorted, uint64_t n, uint64_t seed, double out[2],
                                lem_err *err) {
    double value[LEM_PROCESS_RESAMPLES];
    uint64_t rows = 0, known = 0;
    for (uint64_t i = 0; i < n; i++)
        if (sorted[i].row >= rows) rows = (uint64_t)sorted[i].row + 1;
    uint32_t *weight = lem_alloc(rows + 1, sizeof *weight, err);
    if (!weight) return LEM_EMEM;
    for (uint64_t k = 0; rows && k < LEM_PROCESS_RESAMPLES; k++) {
        lem_rng r = lem_rng_make(seed, "resampled rows", k);
        memset(weight, 0, rows * sizeof *weight);
        for (uint64_t i = 0; i < rows; i++) weight[lem_rng_next_below(&r, rows)]++;
        double a = area(sorted, n, weight);
        if (!isnan(a)) value[known++] = a;
    }
    if (known) qsort(value, known, sizeof *value, by_value);
    out[0] = known ? value[known / 40] : NAN;
    out[1] = known ? value[known - 1 - known / 40] : NAN;
    lem_free(weight);
    return LEM_OK;
}
