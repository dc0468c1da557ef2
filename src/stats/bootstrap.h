/* stats/bootstrap.h - the paired bootstrap: resamples of the problems, with replacement, and what their means
 * show
 *
 * The interval is BCa (Efron 1987, J. Am. Stat. Assoc. 82): bias-corrected by the share of resamples below
 * the mean (ties a half), accelerated by the skewness, with linear interpolation between order statistics.
 * It is what other tools print, and stands beside eval/interval.h, whose intervals hold where few problems
 * differ and this one does not. */
#ifndef LEM_STATS_BOOTSTRAP_H
#define LEM_STATS_BOOTSTRAP_H

#include "core/err.h"

#include <stdint.h>

enum { LEM_BOOTSTRAP_RESAMPLES = 10000 };

typedef struct lem_bootstrap {
    double low, high; /* 95 %, of the mean; both the mean where x does not vary */
    double above;     /* share of resamples with a mean above 0, exactly 0 a half */
} lem_bootstrap;

/* Of x[0..n), n >= 1; the resamples are a function of seed and n. LEM_EMEM. */
lem_status lem_bootstrap_mean(const double *x, int n, uint64_t seed, lem_bootstrap *out,
                              lem_err *err) LEM_MUST_CHECK;

#endif
