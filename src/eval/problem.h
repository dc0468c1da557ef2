/* eval/problem.h - what selection works on: the candidates of one problem as plain arrays
 *
 * All arrays have n entries in the order in which the candidates were sampled and are borrowed. */
#ifndef LEM_EVAL_PROBLEM_H
#define LEM_EVAL_PROBLEM_H

#include <stdint.h>

enum {
    LEM_EVAL_MAX_N = 4096, /* candidates of one problem */
    LEM_EVAL_MAX_SCORERS = 16,
    LEM_EVAL_NO_VOTE = -1 /* group of a candidate without an answer */
};

/* What a candidate's vote counts in a vote weighted by a score. */
typedef enum lem_eval_weight {
    LEM_EVAL_WEIGHT_NONE,    /* there is no such vote */
    LEM_EVAL_WEIGHT_SIGMOID, /* 1 / (1 + exp(-score)): scores that may be below 0, of no bound */
    LEM_EVAL_WEIGHT_SCORE /* the score: probabilities, and others that are never below 0; a missing one counts
                             0 */
} lem_eval_weight;

typedef struct lem_eval_problem {
    int n;
    uint64_t id;              /* keys the random draws: a hash of the row's id */
    uint64_t cluster;         /* rows of the same problem have the same; 0: a problem of its own */
    const uint8_t *correct;   /* [n] 1 right, 0 wrong or undecided */
    const uint8_t *undecided; /* [n] 1 of those; NULL: not known */
    const int32_t *group;     /* [n] equal answers share a number in 0..n-1; LEM_EVAL_NO_VOTE */
    const double *score[LEM_EVAL_MAX_SCORERS]; /* [n] each, higher is better, -INFINITY where missing, never
                                                  NaN; NULL when absent */
    const int32_t *text;  /* [n] equal texts share a number; NULL where there are no texts */
    const double *length; /* [n] tokens, or bytes where they are not known; NULL when absent */
    const uint8_t *cut;   /* [n] 1: ended at the token limit; NULL when not known */
} lem_eval_problem;

#endif
