/* annotate/problem_priv.h - a problem in work: its solutions' prefixes, their rollouts, what is asked next */
#ifndef LEM_ANNOTATE_PROBLEM_PRIV_H
#define LEM_ANNOTATE_PROBLEM_PRIV_H

#include "annotate/annotate.h"
#include "annotate/tree_priv.h"

typedef struct ann_solution {
    lem_step_list steps;
    lem_ids ids; /* prompt, then each step, encoded apart */
    int *point;  /* [steps.n - 1] of each step but the last; -1 where the prefix does not fit */
    bool *used;  /* [steps.n - 1] its rollouts count for this solution */
    int fits;    /* steps but the last whose prefix fits: the first ones */
    int lo, hi;  /* binary search: the first bad step lies in lo..hi */
} ann_solution;

typedef struct ann_problem {
    lem_annotate_problem in;
    const lem_annotate_opts *o;
    ann_tree tree;
    ann_solution *solution; /* [in.n] */
    lem_rollout *rollout;   /* [tree.n_points, o->n] */
    bool *there;            /* the same: it has finished */
    int (*count)[2];        /* of one solution: for `done` */
    int cursor;             /* full scan: next point to look at */
    int open;               /* points whose rollouts are not all there */
    int *flight, n_flight;  /* [tree.n_points] points that were asked for and are open */
    int pages;              /* that its nodes take */
} ann_problem;

/* Splits, encodes, and finds the points. context: tokens that a model sees. tok NULL: the ids are bytes. */
lem_status lem_ann_problem_new(const lem_annotate_problem *in, const lem_annotate_opts *o,
                               const lem_tokenizer *tok, int context, const lem_annotate_host *host,
                               ann_problem **out, lem_err *err) LEM_MUST_CHECK;
void lem_ann_problem_free(ann_problem *p);
/* A point whose rollouts are wanted now and were not asked for; -1 if there is none. */
int lem_ann_problem_next(ann_problem *p);
/* Its rollouts that are still needed; returns their number. out: [o->n] */
int lem_ann_problem_missing(const ann_problem *p, int point, int *out);
void lem_ann_problem_asked(ann_problem *p, int point, lem_request request);
int lem_ann_problem_point(const ann_problem *p,
                          lem_request request); /* that was asked for and is open; else -1 */
/* A rollout of an open point has finished. True: it was the last that the point needed. */
bool lem_ann_problem_take(ann_problem *p, int point, int candidate, const lem_rollout *r);
bool lem_ann_problem_done(ann_problem *p);
/* Hands out all solutions, and adds to the statistics. */
lem_status lem_ann_problem_report(ann_problem *p, const lem_annotate_host *host, lem_annotate_stats *stats,
                                  lem_err *err) LEM_MUST_CHECK;

#endif
