/* eval/judge_pool.h - AceMath-RewardBench: best of k from a pool of graded, scored candidates, a file a
 * dataset
 *
 * arXiv 2412.15084, section 4.3: of the 64 candidates of each problem 8 are drawn, the one with the best
 * score is taken, 100 times; the overall figure is the unweighted mean over seven datasets. `exact` is the
 * same without chance (metrics.h). Which generator drew the authors' subsets is not published. */
#ifndef LEM_EVAL_JUDGE_POOL_H
#define LEM_EVAL_JUDGE_POOL_H

#include "core/pool.h"
#include "eval/judge.h"

typedef struct lem_judge_pool {
    int k, n_seeds; /* n_seeds 0: no random subsets */
    uint64_t seed;
    const lem_json
        *map;      /* list of "ours=theirs" (data/candidates.h); NULL = told from the columns; borrowed */
    int64_t limit; /* rows of each file; -1 = all */
    const lem_cancel *cancel;
    const lem_row_judge *const *judges; /* of each file (rows/rows.h); NULL: a bad row is an error */
    lem_pool *threads;                  /* borrowed; NULL = one. It changes no result */
} lem_judge_pool;

/* Is the first row of path one of scored candidates, and of no other benchmark? false of "-". */
lem_status lem_judge_pool_is(const char *path, const lem_row_judge *judge, const lem_cancel *cancel,
                             bool *out, lem_err *err) LEM_MUST_CHECK;
/* Fills d (kind, subsets: names of the files; no scores) and r (metrics "rm@8" …, by protocol and file).
 * LEM_EDATA where a problem has fewer than k candidates. */
lem_status lem_judge_pool_measure(const char *const *paths, size_t n, const lem_judge_pool *how,
                                  lem_judge_data *d, lem_judge_result *r, lem_err *err) LEM_MUST_CHECK;

#endif
