/* eval/stats.h - means with percentile bootstrap intervals over problems
 *
 * Efron & Tibshirani, An Introduction to the Bootstrap, ch. 13: problems are drawn with replacement, the
 * statistic is the mean, the interval the 2.5 and 97.5 percentiles. Draws come from core/rng, so the interval
 * is a function of (seed, values). Passing several columns draws the same problems for all; the interval of a
 * difference is that of the column of differences (paired). */
#ifndef LEM_EVAL_STATS_H
#define LEM_EVAL_STATS_H

#include "core/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { LEM_EVAL_RESAMPLES = 10000 };

typedef struct lem_eval_interval {
    double mean, lo, hi;
} lem_eval_interval;

/* columns[c][0..n): one value per problem. out[n_columns]. resamples 0 = LEM_EVAL_RESAMPLES. */
lem_status lem_eval_bootstrap(const double *const *columns, int n_columns, int n, uint64_t seed,
                              int resamples, lem_eval_interval *out, lem_err *err) LEM_MUST_CHECK;

#endif
