/* judge_priv.h - what the measures of judge.h share */
#ifndef LEM_EVAL_JUDGE_PRIV_H
#define LEM_EVAL_JUDGE_PRIV_H

#include "eval/judge.h"

/* Another metric, to be filled in; NULL: out of memory. */
lem_judge_metric *lem_judge_add(lem_judge_result *r, const char *name, const char *protocol,
                                const char *subset, lem_err *err);
typedef struct lem_judge_values { /* one for each of some rows; zeroed = empty */
    double *v;
    uint64_t *problem; /* as in lem_judge_item */
    int n;
} lem_judge_values;
/* Room for so many. */
lem_status lem_judge_values_make(lem_judge_values *v, int rows, lem_err *err) LEM_MUST_CHECK;
void lem_judge_values_add(lem_judge_values *v, const lem_judge_item *it, double value);
void lem_judge_values_release(lem_judge_values *v);

/* subset -1: every row is. */
static inline bool lem_judge_is_in(const lem_judge_item *it, int subset) {
    return subset < 0 || it->subset == subset;
}

/* A metric that is the mean of values in [0,1]; none: undefined. */
lem_status lem_judge_add_mean(lem_judge_result *r, const char *name, const char *protocol, const char *subset,
                              const lem_judge_values *v, int ties, lem_err *err) LEM_MUST_CHECK;

/* f1 of two independent shares. few: of one of them are few hits or misses; then what both bounds allow. */
lem_eval_interval lem_judge_f1(lem_eval_interval a, lem_eval_interval b, bool few);
/* The mean of values over the subsets of d, n >= 1. */
lem_eval_interval lem_judge_mean_of(const lem_judge_data *d, const lem_eval_interval *at, int n);
/* A value in [0,1] that is a function of sums over rows, each of which moves it by pull (sum 0). few: of what
 * it counts there is little of one kind. */
lem_status lem_judge_clustered(double value, const lem_judge_values *pull, bool few, lem_eval_interval *out,
                               lem_err *err) LEM_MUST_CHECK;

lem_status lem_judge_measure_scores(lem_judge_result *r, lem_err *err) LEM_MUST_CHECK; /* of candidates */
/* rewardbench2: of scorer s, where there is a subset Ties. */
lem_status lem_judge_measure_ties(lem_judge_result *r, int s, lem_err *err) LEM_MUST_CHECK;
/* A candidate's score; a missing one is infinitely low of a right candidate, infinitely high of a wrong one.
 */
double lem_judge_score_of(const lem_judge_item *it, int s, int i);
lem_status lem_judge_measure_first(lem_judge_result *r, const lem_judge_how *o,
                                   lem_err *err) LEM_MUST_CHECK; /* processbench */
lem_status lem_judge_measure_steps(lem_judge_result *r, const lem_judge_how *o,
                                   lem_err *err) LEM_MUST_CHECK; /* prmbench */

#endif
