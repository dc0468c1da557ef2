/* eval/interval.h - 95 % intervals that cover, for means of values in [0,1] over problems, and for paired
 * differences
 *
 * The percentile bootstrap fails where events are rare: of 60 problems of which seven can be solved at all
 * its interval misses the mean 36 times of 100, and it is [0,0] where nothing was solved. These do not
 * resample.
 *
 * A mean of values with few events (sum of v, or of 1-v, below LEM_EVAL_FEW_EVENTS): Clopper and Pearson's
 * exact interval of a binomial share, with the sum of v as the number of successes. Values within [0,1]
 * spread at most as 0/1 values of the same mean do, so that it holds for them too, and is wider than need be.
 * A mean with more events: the mid-P form of that interval, with the number of 0/1 values that would spread
 * as much as these do in place of n (Korn and Graubard 1998, Survey Methodology 24, eq. 2, with its factor
 * for the degrees of freedom), widened to Hall's studentised interval where a few problems lie far from the
 * rest (1992, J. R. Stat. Soc. B 54, eq. 2.3).
 * A difference of pairs: Bonett and Price 2012 (J. Educ. Behav. Stat. 37), which adds one pair that differs
 * each way; for values between -1 and 1 their sums and squares take the place of the counts. Where values are
 * not 0/1 and differ much (sum of |a - b| from LEM_EVAL_MANY_DIFFER on): Student's.
 * Where a problem stands in several rows (clusters), problems are what is drawn: sums over them take the
 * place of values, the ratio of sums that of the mean, and as many problems of equal size that of n.
 * How often all of them hold the truth: tests/unit/eval/test_coverage.c, docs/intervals.md. */
#ifndef LEM_EVAL_INTERVAL_H
#define LEM_EVAL_INTERVAL_H

#include <stdbool.h>

typedef struct lem_eval_interval {
    double mean, lo, hi;
} lem_eval_interval;

enum { LEM_EVAL_FEW_EVENTS = 10, LEM_EVAL_FEW_PAIRS = 10, LEM_EVAL_MANY_DIFFER = 15 };

/* v[0..n) in [0,1], one for each problem, n >= 1. */
lem_eval_interval lem_eval_mean_interval(const double *v, int n);
/* The same of clusters: sum[0..n) over the size[0..n) rows of each; size NULL = 1 each. */
lem_eval_interval lem_eval_ratio_interval(const double *sum, const double *size, int n);

/* Clopper and Pearson's interval of a share that spreads as much as one of so many trials (> 0, not always
 * whole) does, which was estimated with df degrees of freedom (0: known). */
lem_eval_interval lem_eval_share_interval(double share, double trials, int df);

typedef struct lem_eval_pairs {
    lem_eval_interval at; /* of the mean of a - b */
    int better, worse;    /* pairs with a > b, with a < b, by more than rounding */
    double p;             /* McNemar's exact test, two-sided, of 0/1 values; NAN where others occur */
    bool too_few;         /* fewer than LEM_EVAL_FEW_PAIRS differ: nothing should be concluded */
} lem_eval_pairs;
/* a[i] and b[i] of the same problem; of clusters, their sums times the number of clusters over that of rows.
 */
lem_eval_pairs lem_eval_paired(const double *a, const double *b, int n);

#endif
