/* eval/clusters.h - intervals where a problem stands in several rows: rows of one problem are no independent
 * trials (interval.h) */
#ifndef LEM_EVAL_CLUSTERS_H
#define LEM_EVAL_CLUSTERS_H

#include "core/err.h"
#include "eval/interval.h"
#include "eval/problem.h"

#include <stdint.h>

typedef struct lem_eval_clusters { /* zeroed = empty */
    int rows, n;                   /* n problems */
    int *of;                       /* [rows] the problem of a row; NULL where none repeats */
    double *size, *a, *b;          /* [n] rows of each; scratch */
} lem_eval_clusters;

/* By lem_eval_problem.cluster, or by such keys alone (0: a problem of its own). LEM_EMEM. */
lem_status lem_eval_clusters_make(const lem_eval_problem *const *p, int rows, lem_eval_clusters *out,
                                  lem_err *err) LEM_MUST_CHECK;
lem_status lem_eval_clusters_of_keys(const uint64_t *key, int rows, lem_eval_clusters *out,
                                     lem_err *err) LEM_MUST_CHECK;
void lem_eval_clusters_release(lem_eval_clusters *c);
/* The key of a problem by its text; 0 of NULL. */
uint64_t lem_eval_cluster_key(const char *problem);
/* The sums of v [rows] over the rows of each problem: [n], v itself where none repeats, else the scratch of
 * c. */
const double *lem_eval_clusters_sums(lem_eval_clusters *c, const double *v);
/* v [rows] */
lem_eval_interval lem_eval_clusters_mean(lem_eval_clusters *c, const double *v);
/* better and worse count problems; p is NAN where one repeats. */
lem_eval_pairs lem_eval_clusters_paired(lem_eval_clusters *c, const double *a, const double *b);

#endif
