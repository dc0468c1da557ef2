/* eval/ablate.h - arms side by side: several sets of candidates for the same problems, each against a base,
 * and curves that join arms on an axis
 *
 * Runs of the same arm at the same place are its seeds: their values are averaged problem by problem.
 * Only problems that all runs have count (values.h).
 * Intervals (interval.h) are over problems, given these seeds; differences are paired, arm less base.
 * The base of an arm is the base arm at the same place of the axis, or the base's only place.
 * docs/ablations.md tells what the JSON holds. */
#ifndef LEM_EVAL_ABLATE_H
#define LEM_EVAL_ABLATE_H

#include "core/buf.h"
#include "core/json.h"
#include "eval/load.h"
#include "eval/metrics.h"
#include "eval/reference.h"

enum { LEM_ABLATE_MAX_RUNS = 256, LEM_ABLATE_MAX_NAMES = 64, LEM_ABLATE_NAME = 64 };

typedef struct lem_ablate_run {
    const char *arm;        /* its name */
    double at;              /* its place on the axis; NAN = none */
    const char *path;       /* what was read, as it was named */
    const lem_eval_data *d; /* borrowed */
} lem_ablate_run;

typedef enum lem_ablate_axis {
    LEM_ABLATE_NO_AXIS,
    LEM_ABLATE_AXIS_PLACE, /* lem_ablate_run.at */
    LEM_ABLATE_AXIS_K,     /* k of the metric */
    LEM_ABLATE_AXIS_TOKENS /* tokens of k candidates, mean over problems */
} lem_ablate_axis;

typedef struct lem_ablate_opts { /* borrowed */
    const char *title;           /* NULL = none */
    const char *base;            /* an arm; NULL = the first */
    /* "rm@8", or "rm" for each of ks; none = what all runs have: at 1 and the largest power of two that all
     * problems have, or, where the axis is k or tokens, at each of ks. */
    const char *const *names;
    int n_names;
    int ks[LEM_EVAL_MAX_KS], n_ks; /* ascending; none = powers of two that all problems have */
    lem_ablate_axis axis;
    const char *axis_name, *axis_from; /* "rows"; "given", "manifest" … */
    bool log;                          /* the axis is to be drawn so */
} lem_ablate_opts;

typedef struct lem_arm_metric {
    double *v; /* [problems] mean over the seeds */
    lem_eval_interval at;
    double seed[LEM_ABLATE_MAX_RUNS]; /* [n_runs of the arm] */
    double tokens;                    /* NAN: not known */
    bool compared;
    lem_eval_pairs less_base;
} lem_arm_metric;

typedef struct lem_arm {
    const char *name;
    double at; /* NAN = none */
    bool base;
    int n_runs, run[LEM_ABLATE_MAX_RUNS];
    int left_out;      /* problems of its runs that are not in all */
    lem_arm_metric *m; /* [n_names] */
} lem_arm;

typedef struct lem_ablation { /* zeroed = empty */
    const lem_ablate_run *run;
    int n_runs;
    lem_ablate_opts o;
    int problems;
    char name[LEM_ABLATE_MAX_NAMES][LEM_ABLATE_NAME];
    const char *protocol[LEM_ABLATE_MAX_NAMES];
    int n_names;
    lem_arm *arm;
    int n_arms;
} lem_ablation;

/* Borrows the runs and what o points to. LEM_EUSAGE: a base that is no arm, a metric that a run does not
 * have, tokens that are not known; LEM_EDATA as lem_eval_match. */
lem_status lem_eval_ablate(const lem_ablate_run *runs, int n_runs, const lem_ablate_opts *o,
                           lem_ablation *out, lem_err *err) LEM_MUST_CHECK;
void lem_ablation_release(lem_ablation *a);

/* Rows of `table` in published stand beside; published NULL = none. The caller owns it; NULL: no memory. */
lem_json *lem_ablation_json(const lem_ablation *a, const lem_reference *published, const char *table);
/* A block of lines a metric, for people. */
void lem_ablation_text(const lem_ablation *a, const lem_reference *published, const char *table,
                       lem_buf *out);
/* One table: a line an arm, two columns a metric. */
void lem_ablation_markdown(const lem_ablation *a, const lem_reference *published, const char *table,
                           lem_buf *out);
/* A line an arm and metric, fractions. */
void lem_ablation_csv(const lem_ablation *a, lem_buf *out);

#endif
