/* eval/ballot.h - all votes of one subset of candidates, plain and weighted by each score, counted at once
 *
 * The winners are those of lem_eval_vote (majk.h), to the last bit; what a candidate's vote weighs is
 * computed once for a problem, not once for a subset. */
#ifndef LEM_EVAL_BALLOT_H
#define LEM_EVAL_BALLOT_H

#include "core/err.h"
#include "eval/problem.h"

typedef struct lem_eval_ballot {
    const lem_eval_problem *p; /* borrowed */
    int longest, n_scores;
    int *first, *members; /* [longest] of a group: its first candidate in the subset, -1 = none; its size */
    int *touched;         /* [longest] groups in the order of their first candidates */
    int n_touched, k;     /* k candidates were counted */
    double *weight, *sum; /* [n_scores][longest] of a candidate; of a group */
} lem_eval_ballot;

/* Room for problems of up to `longest` candidates and n_scores weighted votes. */
lem_status lem_eval_ballot_open(lem_eval_ballot *b, int longest, int n_scores, lem_err *err) LEM_MUST_CHECK;
void lem_eval_ballot_release(lem_eval_ballot *b);
/* Votes on p from now on; weighted[s] of score[s], for s below n_scores; NULL and NONE: not asked for. */
void lem_eval_ballot_of(lem_eval_ballot *b, const lem_eval_problem *p, const double *const *score,
                        const lem_eval_weight *weighted);
/* Counts subset[0..k), ascending, in place of what was counted before. */
void lem_eval_ballot_count(lem_eval_ballot *b, const int *subset, int k);
/* Correctness of the winner; s -1: one vote each. 0 when nobody votes. */
double lem_eval_ballot_winner(const lem_eval_ballot *b, int s);
/* The pessimistic vote (arXiv 2510.14913): the group with the largest mean weight less
 * alpha * sqrt(ln k / members) wins, so that an answer that few candidates gave must be scored well above the
 * others. */
double lem_eval_ballot_pessimistic(const lem_eval_ballot *b, int s, double alpha);

#endif
