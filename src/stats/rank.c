/* rank.c - mean ranks by sorting, and correlation */
#include "stats/rank.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static int by_value(const void *a, const void *b, void *values) {
    double x = ((const double *)values)[*(const uint32_t *)a],
           y = ((const double *)values)[*(const uint32_t *)b];
    return (x > y) - (x < y);
}

void lem_ranks(int n, const double *x, uint32_t *order, double *out) {
    for (int i = 0; i < n; i++) order[i] = (uint32_t)i;
    qsort_r(order, (size_t)n, sizeof *order, by_value, (void *)(uintptr_t)x);
    for (int i = 0, k; i < n; i += k) {
        for (k = 1; i + k < n && x[order[i + k]] <= x[order[i]]; k++) {}
        for (int j = i; j < i + k; j++) out[order[j]] = 2.0 * i + k;
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
