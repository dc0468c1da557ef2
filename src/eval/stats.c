/* stats.c - bootstrap over problems */
#include "eval/stats.h"

#include "core/mem.h"
#include "core/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 unsigned_wide;

/* In order; NAN for n == 0. */
static double mean(const double *v, int n) {
    double s = 0;
    for (int i = 0; i < n; i++) s += v[i];
    return n ? s / n : NAN;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

lem_status lem_eval_bootstrap(const double *const *columns, int n_columns, int n, uint64_t seed,
                              int resamples, lem_eval_interval *out, lem_err *err) {
    if (n < 1 || n_columns < 1) return lem_fail(err, LEM_EDATA, "bootstrap: no values");
    if (resamples <= 0) resamples = LEM_EVAL_RESAMPLES;
    size_t cells = 0;
    double *means = NULL;
    double *sum = NULL;
    double *row = NULL; /* values problem by problem, so that one draw reads one row */
    lem_status st = LEM_OK;
    if (!lem_mul_size((size_t)resamples, (size_t)n_columns, &cells))
        return lem_fail(err, LEM_EMEM, "bootstrap: too many columns");
    means = lem_alloc_zero(cells, sizeof *means, err);
    row = lem_alloc((size_t)n * (size_t)n_columns, sizeof *row, err);
    sum = lem_alloc((size_t)n_columns, sizeof *sum, err);
    if (!means || !row || !sum) {
        st = LEM_EMEM;
        goto done;
    }
    for (int c = 0; c < n_columns; c++)
        for (int i = 0; i < n; i++) row[(size_t)i * (size_t)n_columns + (size_t)c] = columns[c][i];
    lem_rng rng = lem_rng_make(seed, "bootstrap", 0);
    for (int b = 0; b < resamples; b++) {
        memset(sum, 0, (size_t)n_columns * sizeof *sum);
        for (int i = 0; i < n; i++) {
            uint64_t u = lem_rng_at(&rng, (uint64_t)b * (uint64_t)n + (uint64_t)i);
            const double *v = row + (size_t)(((unsigned_wide)u * (unsigned)n) >> 64) * (size_t)n_columns;
            for (int c = 0; c < n_columns; c++) sum[c] += v[c];
        }
        for (int c = 0; c < n_columns; c++) means[(size_t)c * (size_t)resamples + (size_t)b] = sum[c];
    }
    int lo = (int)(0.025 * resamples), hi = resamples - 1 - lo;
    for (int c = 0; c < n_columns; c++) {
        double *m = means + (size_t)c * (size_t)resamples;
        qsort(m, (size_t)resamples, sizeof *m, ascending);
        out[c] = (lem_eval_interval){mean(columns[c], n), m[lo] / n, m[hi] / n};
    }
done:
    lem_free(means);
    lem_free(row);
    lem_free(sum);
    return st;
}
