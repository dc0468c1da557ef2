/* rank.c - mean ranks by sorting, and correlation */
#include "stats/rank.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static int by_value(const void *a, const void *b) {
    double x = ((const lem_rank_item *)a)->value, y = ((const lem_rank_item *)b)->value;
    return (x > y) - (x < y);
}

void lem_ranks(int n, const double *x, lem_rank_item *sorted, double *out) {
    for (int i = 0; i < n; i++) sorted[i] = (lem_rank_item){x[i], (uint32_t)i};
    qsort(sorted, (size_t)n, sizeof *sorted, by_value);
    for (int i = 0, k; i < n; i += k) {
        for (k = 1; i + k < n && sorted[i + k].value <= sorted[i].value; k++) {}
        for (int j = i; j < i + k; j++) out[sorted[j].at] = 2.0 * i + k;
    }
}

static bool varies(int n, const double *x) {
    for (int i = 1; i < n; i++)
        if (x[i] < x[0] || x[i] > x[0]) return true;
    return false;
}

double lem_correlation(int n, const double *x, const double *y) {
    if (!varies(n, x) || !varies(n, y)) return NAN; /* sums would not tell: rounding varies */
    double mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
    for (int i = 0; i < n; i++) {
        mx += x[i] / n;
        my += y[i] / n;
    }
    for (int i = 0; i < n; i++) {
        xx += (x[i] - mx) * (x[i] - mx);
        yy += (y[i] - my) * (y[i] - my);
        xy += (x[i] - mx) * (y[i] - my);
    }
    return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : NAN;
}
