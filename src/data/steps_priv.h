/* steps_priv.h - between the reader of labelled steps and its formats */
#ifndef LEM_DATA_STEPS_PRIV_H
#define LEM_DATA_STEPS_PRIV_H

#include "core/json.h"
#include "core/mem.h"
#include "data/steps.h"

typedef struct steps_draft { /* a solution as it is read; all of it lies in the arena */
    const char *problem;
    bool joined;
    int n, cap;
    lem_step *step;
    double *value; /* share or verdict in 0..1; below 0 = none */
} steps_draft;

typedef struct steps_queue { /* the solutions of a row, or of a group of rows */
    lem_arena *arena;
    steps_draft *at;
    int n, cap;
    const lem_steps_how *how;
    uint64_t empty;
} steps_queue;

/* A new draft at the end of the queue, which may move. */
lem_status lem_steps_draft(steps_queue *q, const char *problem, bool joined, steps_draft **out,
                           lem_err *err) LEM_MUST_CHECK;
/* Appends a step; text is copied, without white space around it. White space alone is counted, not added. */
lem_status lem_steps_add(steps_queue *q, steps_draft *d, const char *text, size_t len, double value,
                         lem_err *err) LEM_MUST_CHECK;
/* A text member without NUL, copied; what names it in errors. */
lem_status lem_steps_text(steps_queue *q, const lem_json *v, const char *what, const char **out,
                          lem_err *err) LEM_MUST_CHECK;
lem_status lem_steps_array(const lem_json *row, const char *name, const lem_json **out,
                           lem_err *err) LEM_MUST_CHECK;
/* The value of a rating -1, 0, 1 or null. */
lem_status lem_steps_rating(const steps_queue *q, const lem_json *v, double *out,
                            lem_err *err) LEM_MUST_CHECK;

/* One row of each format. */
typedef lem_status steps_read(steps_queue *q, const lem_json *row, lem_err *err);
steps_read lem_steps_annotated, lem_steps_lists, lem_steps_trl, lem_steps_processbench, lem_steps_rlhflow,
    lem_steps_shepherd, lem_steps_prm800k, lem_steps_flat;

#endif
