/* eval/judge.h - benchmarks of reward models: scored rows in, their published measures out, with intervals
 *
 * A missing score (null, a solution that was not scored) is taken against the judge: a right solution without
 * one is last, a wrong one without one is first, a solution without step scores is located wrongly and each
 * of its steps is called wrongly. Rows with one are counted.
 *
 * - pairs, rewardbench: accuracy, the score of the chosen one strictly above that of the rejected one
 *   (arXiv 2403.13787), by subset and over all rows; ties are counted and are no success.
 * - rewardbench2: accuracy, the right ones all strictly above the wrong ones; accuracy-shared, the best one
 *   is right, 1/m where m share the best score; ties-score of the subset Ties (judge_ties.c) and, over
 *   subsets, leaderboard: the mean with it in place of that subset's accuracy (arXiv 2506.01937).
 * - rewardmath: strict, worst right one > best wrong one; with-ties, >=; mrr, 1 / place of the best right
 *   one, behind all that tie with it (arXiv 2410.01729, src/evaluation/eval.py).
 * - rm-bench: 3 x 3, chosen of a style > rejected of a style; normal, mean of the diagonal; hard, chosen of
 *   the plainer style; easy, of the fancier one; average of the nine (arXiv 2410.16184).
 * - processbench: error, share of solutions with an error whose first wrong step is found exactly; correct,
 *   share of solutions without one of which no step is called wrong; f1, their harmonic mean, 0 where both
 *   are 0; then the mean over subsets (arXiv 2412.06559). A step is called wrong where its score is below the
 *   threshold.
 * - prmbench: over all steps, a right step being the positive one, f1, negative-f1 and prmscore = (f1 +
 *   negative-f1) / 2, by class and over all classes but `correct` (arXiv 2501.03124,
 *   mr_eval/tasks/prmtest_classified/task.py). A measure without its steps is undefined.
 * - acemath-rewardbench: rm@k, maj@k and pass@k of each file (a dataset) and their unweighted mean
 *   (judge_pool.h).
 *
 * Rows of the same problem text are no independent trials: in all intervals the problem is what is drawn
 * (clusters.h); where subsets share problems, the interval of a mean of subsets is as wide as the mean of
 * theirs. Rows without a text stand for themselves.
 * Intervals (95 %): shares and means over problems by interval.h. f1 of two shares and means of subsets by
 * MOVER over them (Zou and Donner 2008, Statist. Med. 27), f1 with few events by what both bounds allow.
 * Measures over steps by the spread between solutions, as a share with as many trials as spread as much; with
 * few events no more trials than solutions. In simulations they hold the truth 93 times of 100 or more
 * (test_judge.c). */
#ifndef LEM_EVAL_JUDGE_H
#define LEM_EVAL_JUDGE_H

#include "core/log.h"
#include "core/mem.h"
#include "data/judge_rows.h"
#include "eval/interval.h"

#include <stdint.h>

enum { LEM_JUDGE_MAX_SCORERS = 9 }; /* rm_score, and one for each aggregator of step scores */

/* One row; arrays are [n] and lie in the data's arena. */
typedef struct lem_judge_item {
    int subset;
    uint64_t problem; /* the same in rows of the same text; 0: none, a problem of its own */
    const char *id;   /* rewardbench2: text, "" = none */
    int n;            /* candidates; 0: a verdict alone (prediction) */
    const uint8_t *right;
    const double *score[LEM_JUDGE_MAX_SCORERS]; /* by scorer; NAN missing; NULL where the file has none */
    const double *step;                         /* of the one solution of processbench and prmbench */
    int n_step;                                 /* -1: missing */
    int given;                                  /* steps that it has; -1: not known */
    int label, prediction;                      /* processbench; prediction -2: none given */
    const int *wrong;                           /* prmbench: wrong steps, from 0 */
    int n_wrong;
} lem_judge_item;

typedef struct lem_judge_data { /* zeroed = empty */
    lem_judge_kind kind;
    lem_judge_item *item;
    int n;
    const char **subset; /* [n_subsets] in the order of their first rows; "" = rows without one */
    int n_subsets;
    const char *scorer[LEM_JUDGE_MAX_SCORERS]; /* "rm_score", "min" …; static */
    int n_scorers;
    int n_problems;        /* 0: not known, taken as n */
    bool shared;           /* a problem stands in two subsets */
    int missing;           /* rows with a missing score */
    int other_steps;       /* of these, solutions with another number of step scores than steps */
    int outside_steps;     /* prmbench: error_steps beyond the last step, which count nowhere */
    int decided;           /* rows of sample --stop-when-decided, which have fewer candidates for it */
    bool no_probabilities; /* step scores leave 0..1: no prod, geometric, mean_logit, mean_odds */
    size_t cap;
    lem_arena *arena;
} lem_judge_data;

typedef struct lem_judge_load {
    lem_judge_kind kind; /* what rows must be; LEM_JUDGE_NONE: what the first one is */
    int64_t limit;       /* rows; -1 = all */
    const lem_cancel *cancel;
    const lem_row_judge *judge; /* rows/rows.h; told of rows that are none of the benchmark too; NULL: a bad
                                   row is an error */
} lem_judge_load;

/* LEM_EDATA: rows of no benchmark, of two, without scores, of wrong shapes ("FILE:LINE: field: …"). */
lem_status lem_judge_data_load(const char *const *paths, size_t n, const lem_judge_load *how,
                               lem_judge_data *out, lem_err *err) LEM_MUST_CHECK;
void lem_judge_data_release(lem_judge_data *d);
bool lem_judge_repeats(const lem_judge_data *d); /* a problem stands in two rows */

typedef struct lem_judge_metric {
    const char *name;     /* "accuracy", "f1" … */
    const char *protocol; /* the scorer, "threshold", or as in metrics.h */
    const char *subset;   /* NULL: all rows; LEM_JUDGE_MEAN: unweighted over subsets */
    lem_eval_interval at; /* NAN: undefined */
    int n;                /* rows, or (of a mean) subsets */
    int ties;             /* rows decided by a tie; -1: not asked */
    bool few;             /* fewer than LEM_EVAL_FEW_EVENTS hits or misses */
} lem_judge_metric;

#define LEM_JUDGE_MEAN "mean of subsets"

typedef struct lem_judge_how {
    double threshold;           /* below it a step is called wrong */
    const char *threshold_from; /* the subset whose f1 it is to make largest; NULL = as given */
} lem_judge_how;

typedef struct lem_judge_result { /* zeroed = empty */
    const lem_judge_data *d;      /* borrowed */
    lem_judge_metric *m;
    int n, cap;
    double threshold; /* used; NAN where none is */
    const char *threshold_from;
} lem_judge_result;

/* The threshold from a subset makes f1 largest there. Between two neighbouring scores at which a verdict
 * changes all thresholds do the same: the one halfway stands for them; of several such places with the same
 * f1 the lowest. LEM_EUSAGE for a subset that is not there. */
lem_status lem_judge_measure(const lem_judge_data *d, const lem_judge_how *o, lem_judge_result *out,
                             lem_err *err) LEM_MUST_CHECK;
void lem_judge_result_release(lem_judge_result *r);
/* subset NULL: over all rows; protocol NULL: any. NULL when absent. */
const lem_judge_metric *lem_judge_result_find(const lem_judge_result *r, const char *name,
                                              const char *protocol, const char *subset);

#endif
