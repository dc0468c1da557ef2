/* eval/rmk.h - rm@k: correctness of the best-scored of k candidates */
#ifndef LEM_EVAL_RMK_H
#define LEM_EVAL_RMK_H

#include "core/err.h"
#include "eval/problem.h"

/* Expectation over all k-subsets of the n candidates: sum over ranks r (score descending) of c_r
 * C(n-1-r,k-1)/C(n,k), correctness averaged over each block of tied scores, which is the expectation under
 * random tie-breaking. At each of ks[0..n_ks) into out; where a k is not in 1..n, out is left as it was.
 * Fails only for want of memory. */
lem_status lem_eval_best_exact(const lem_eval_problem *p, const double *score, const int *ks, int n_ks,
                               double *out, lem_err *err) LEM_MUST_CHECK;
/* Correctness of the candidate with the highest score among subset[0..k), the first of the tied; subset
 * ascending. */
double lem_eval_best_of(const lem_eval_problem *p, const double *score, const int *subset, int k);

#endif
