/* eval/values.h - the problems that several sets of candidates share, and one value a problem of a named
 * metric
 *
 * rm@all, maj@all and pass@all are of all candidates that a problem has, the first of equals. Each other
 * metric ("rm@8") is by its exact value, the expectation over all subsets, where every set has one, else by
 * the first k candidates. */
#ifndef LEM_EVAL_VALUES_H
#define LEM_EVAL_VALUES_H

#include "eval/clusters.h"
#include "eval/load.h"
#include "eval/metrics.h"

typedef struct lem_matched_side {
    const lem_eval_data *d; /* borrowed */
    lem_eval_problem *p;    /* [n of the match] copies of what all sets have */
    lem_eval_opts o;        /* scorers and votes of d */
    double *v;              /* [n] the last values asked for */
} lem_matched_side;

typedef struct lem_matched {    /* zeroed = empty */
    lem_matched_side *side;     /* [n_sides] */
    int n_sides, n;             /* n problems are in all of them, in the order of the first */
    int least;                  /* candidates that every problem has */
    const char **name;          /* [n] borrowed from the first */
    lem_eval_clusters clusters; /* of the first: rows of the same problem */
} lem_matched;

/* Problems are matched by id, else by text (lem_eval_problem.id). names [n_sides] of the sets stand in
 * errors. LEM_EDATA: an id stands twice in one set, or no problem is in all of them. */
lem_status lem_eval_match(const lem_eval_data *const *d, const char *const *names, int n_sides,
                          lem_matched *out, lem_err *err) LEM_MUST_CHECK;
void lem_matched_release(lem_matched *m);

/* Fills v of each side with the metric names[side]. *protocol: "exact", "first-k", or "all". LEM_EUSAGE where
 * one of the sets does not have it for each problem. */
lem_status lem_matched_values(lem_matched *m, const char *const *names, const char **protocol,
                              lem_err *err) LEM_MUST_CHECK;
/* The same by a protocol ("exact", "first-k", "seeds"); *there: all sides have it. */
lem_status lem_matched_values_by(lem_matched *m, const char *const *names, const char *protocol, bool *there,
                                 lem_err *err) LEM_MUST_CHECK;
/* The same of one side; *there: whether it can be had. */
lem_status lem_matched_side_values(lem_matched *m, int side, const char *name, const char *protocol,
                                   bool *there, lem_err *err) LEM_MUST_CHECK;
/* What all sides have: "pass", "maj", scorers; names are static or borrowed from the data. Returns their
 * number, at most 2 + LEM_EVAL_MAX_SCORERS. */
int lem_matched_families(const lem_matched *m, const char *out[2 + LEM_EVAL_MAX_SCORERS]);

#endif
