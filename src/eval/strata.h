/* eval/strata.h - metrics apart for each value of a column: accuracy by level, by subject
 *
 * The macro average is the mean over the values, each counting alike; it has no interval here. */
#ifndef LEM_EVAL_STRATA_H
#define LEM_EVAL_STRATA_H

#include "eval/load.h"
#include "eval/metrics.h"

enum { LEM_EVAL_MAX_VALUES = 200 };

typedef struct lem_eval_stratum {
    const char *value; /* borrowed from the data; "(none)" for rows without the column */
    int n;             /* problems */
    lem_metrics m;     /* exact protocol, at 1 and at the largest k asked for */
} lem_eval_stratum;

typedef struct lem_eval_strata { /* zeroed = empty */
    const char *column;
    lem_eval_stratum *at; /* [n] by value */
    int n;
} lem_eval_strata;

/* By column `by` of d. LEM_EDATA for more than LEM_EVAL_MAX_VALUES values. */
lem_status lem_eval_strata_of(const lem_eval_data *d, int by, const lem_eval_opts *o, lem_eval_strata *out,
                              lem_err *err) LEM_MUST_CHECK;
void lem_eval_strata_release(lem_eval_strata *s);
/* {column, values: [{value, n, metrics}], macro: [{name, value}]}; NULL: out of memory. */
lem_json *lem_eval_strata_json(const lem_eval_strata *s);
/* A table for people: a line a value with pass@1, and maj, the first score and pass at the largest k. */
void lem_eval_strata_table(const lem_eval_strata *s, const lem_eval_opts *o, lem_buf *out);

#endif
