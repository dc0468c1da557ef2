/* bootstrap.c - resampled means, and the BCa interval */
#include "stats/bootstrap.h"

#include "core/mem.h"
#include "core/rng.h"

#include <math.h>
#include <stdlib.h>

static double normal_cdf(double z) { return 0.5 * erfc(-z * M_SQRT1_2); }

/* z with normal_cdf(z) = p, for p in (0, 1). */
static double normal_quantile(double p) {
    double lo = -40, hi = 40;
    for (int i = 0; i < 100; i++) {
        double mid = 0.5 * (lo + hi);
        if (normal_cdf(mid) < p) lo = mid;
        else hi = mid;
    }
    return 0.5 * (lo + hi);
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void resample(const double *x, int n, uint64_t seed, double *mean) {
    lem_rng r = lem_rng_make(seed, "bootstrap", (uint64_t)n);
    for (int b = 0; b < LEM_BOOTSTRAP_RESAMPLES; b++) {
        double sum = 0;
        for (int i = 0; i < n; i++) sum += x[lem_rng_next_below(&r, (uint64_t)n)];
        mean[b] = sum / n;
    }
}

/* Share of sorted means below at, those within rounding of it a half. */
static double share_below(const double *sorted, double at) {
    double below = 0;
    for (int b = 0; b < LEM_BOOTSTRAP_RESAMPLES; b++) {
        if (fabs(sorted[b] - at) < 1e-12) below += 0.5;
        else below += sorted[b] < at;
    }
    return below / LEM_BOOTSTRAP_RESAMPLES;
}

/* Linear between order statistics. */
static double percentile(const double *sorted, double p) {
    double at = p * (LEM_BOOTSTRAP_RESAMPLES - 1);
    int i = (int)floor(at);
    if (i >= LEM_BOOTSTRAP_RESAMPLES - 1) return sorted[LEM_BOOTSTRAP_RESAMPLES - 1];
    return sorted[i] + (at - i) * (sorted[i + 1] - sorted[i]);
}

/* Of a mean the jackknife's is its skewness / (6 sqrt n). */
static double acceleration(const double *x, int n, double mean) {
    double squares = 0, cubes = 0;
    for (int i = 0; i < n; i++) {
        double d = x[i] - mean;
        squares += d * d;
        cubes += d * d * d;
    }
    return squares > 0 ? cubes / (6 * pow(squares, 1.5)) : 0;
}

lem_status lem_bootstrap_mean(const double *x, int n, uint64_t seed, lem_bootstrap *out, lem_err *err) {
    double *mean = lem_alloc(LEM_BOOTSTRAP_RESAMPLES, sizeof *mean, err), theta = 0;
    if (!mean) return LEM_EMEM;
    for (int i = 0; i < n; i++) theta += x[i];
    theta /= n;
    resample(x, n, seed, mean);
    qsort(mean, LEM_BOOTSTRAP_RESAMPLES, sizeof *mean, ascending);
    double below = share_below(mean, theta), a = acceleration(x, n, theta), edge[2];
    for (int side = 0; side < 2; side++) {
        double z = normal_quantile(side ? 0.975 : 0.025),
               shift = below > 0 && below < 1 ? normal_quantile(below) : 0;
        double t = shift + z;
        edge[side] = percentile(mean, normal_cdf(shift + t / (1 - a * t)));
    }
    *out = (lem_bootstrap){edge[0], edge[1], 1 - share_below(mean, 0)};
    lem_free(mean);
    return LEM_OK;
}
