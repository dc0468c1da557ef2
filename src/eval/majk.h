/* eval/majk.h - maj@k: correctness of the most common answer among k candidates, plain or weighted by scores
 */
#ifndef LEM_EVAL_MAJK_H
#define LEM_EVAL_MAJK_H

#include "core/err.h"
#include "eval/problem.h"

#include <stdbool.h>

/* What candidate i's vote weighs; score NULL: 1. */
double lem_eval_vote_weight(const double *score, lem_eval_weight weight, int i);

/* The vote in subset[0..k), ascending: the most common group, the first seen of the tied; its correctness is
 * that of its first member there. Candidates without an answer do not vote; when nobody votes the result is
 * 0. score NULL: one vote each; else the group with the largest sum of weights wins. count is scratch of p->n
 * doubles, zero on entry and on return. */
double lem_eval_vote(const lem_eval_problem *p, const double *score, lem_eval_weight weight,
                     const int *subset, int k, double *count);

/* Expectation over all k-subsets, a tie among t groups counting 1/t for each (random tie-breaking), the
 * winner's correctness that of its first drawn member. Dynamic programme over the groups with the winner's
 * count and the number of ties as state. *feasible is false, and *out unset, when n or the work is too large
 * (n > 1000, or about 2e7 steps): then use random subsets. */
lem_status lem_eval_vote_exact(const lem_eval_problem *p, int k, double *out, bool *feasible,
                               lem_err *err) LEM_MUST_CHECK;

/* The same expectation of a vote weighted by score (alpha 0) or a pessimistic one (ballot.h), by going
 * through all subsets. *feasible is false where there are more than LEM_EVAL_MOST_SUBSETS. Values within
 * rounding tie. */
enum { LEM_EVAL_MOST_SUBSETS = 20000 };
lem_status lem_eval_vote_enumerated(const lem_eval_problem *p, const double *score, lem_eval_weight weight,
                                    double alpha, int k, double *out, bool *feasible,
                                    lem_err *err) LEM_MUST_CHECK;

#endif
