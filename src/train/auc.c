/* auc.c - pairs in order, counted over sorted scores, of all groups or of a draw of them */
#include "train/auc.h"

#include "core/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_score(const void *a, const void *b) {
    double x = ((const lem_auc_score *)a)->score, y = ((const lem_auc_score *)b)->score;
    return (x > y) - (x < y);
}

/* A group counts weight[group] times, once without weights. */
static double area(const lem_auc_score *s, uint64_t n, const uint32_t *weight) {
    double pairs = 0, below = 0, right = 0;
    for (uint64_t i = 0, k; i < n; i += k) {
        double equal[2] = {0, 0};
        for (k = 0; i + k < n && s[i + k].score <= s[i].score; k++)
            equal[s[i + k].right] += weight ? weight[s[i + k].group] : 1;
        if (k == 0) return NAN; /* a score that is no number */
        pairs += equal[1] * (below + equal[0] / 2);
        below += equal[0];
        right += equal[1];
    }
    return right > 0 && below > 0 ? pairs / (right * below) : NAN;
}

double lem_auc(lem_auc_score *s, uint64_t n) {
    if (n) qsort(s, n, sizeof *s, by_score);
    return area(s, n, NULL);
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void lem_auc_interval(const lem_auc_score *sorted, uint64_t n, uint64_t groups, uint32_t *weight,
                      uint64_t seed, double out[2]) {
    double value[LEM_AUC_RESAMPLES];
    uint64_t known = 0;
    for (uint64_t k = 0; groups && n && k < LEM_AUC_RESAMPLES; k++) {
        lem_rng r = lem_rng_make(seed, "resampled rows", k);
        memset(weight, 0, groups * sizeof *weight);
        for (uint64_t i = 0; i < groups; i++) weight[lem_rng_next_below(&r, groups)]++;
        double a = area(sorted, n, weight);
        if (!isnan(a)) value[known++] = a;
    }
    if (known) qsort(value, known, sizeof *value, by_value);
    out[0] = known ? value[known / 40] : NAN;
    out[1] = known ? value[known - 1 - known / 40] : NAN;
}
