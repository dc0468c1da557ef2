/* eval/result.h - selection over a file of candidates as one result: what to compute for it, and the outcome
 * as JSON for programs and as text for people */
#ifndef LEM_EVAL_RESULT_H
#define LEM_EVAL_RESULT_H

#include "core/buf.h"
#include "core/json.h"
#include "eval/load.h"
#include "eval/metrics.h"
#include "eval/quality.h"
#include "eval/strata.h"

#include <stdbool.h>

/* Scorers, their weights and whether there are votes, as the file has them; borrowed from d. The other
 * options stay. */
void lem_eval_opts_from(lem_eval_opts *o, const lem_eval_data *d);
/* Powers of two below the longest row, and that. */
void lem_eval_default_ks(lem_eval_opts *o, const lem_eval_data *d);

typedef struct lem_eval_result { /* zeroed = empty */
    const lem_eval_data *d;      /* borrowed */
    lem_eval_opts o;
    lem_metrics m;
    lem_eval_quality q[LEM_EVAL_MAX_SCORERS]; /* [d->n_scorers] */
    lem_eval_strata by[LEM_EVAL_MAX_BY];      /* [d->n_by] */
} lem_eval_result;

/* Everything that d allows; o as in lem_eval_metrics, after lem_eval_opts_from. */
lem_status lem_eval_result_make(const lem_eval_data *d, const lem_eval_opts *o, lem_eval_result *out,
                                lem_err *err) LEM_MUST_CHECK;
void lem_eval_result_release(lem_eval_result *r);
/* format, metrics, differences, scores (quality.h), by (strata.h), notes (how each number is meant), counts;
 * by_string as in lem_eval_load. The caller owns it; NULL on want of memory. */
lem_json *lem_eval_result_json(const lem_eval_result *r, bool by_string);
typedef enum lem_eval_telling {
    LEM_EVAL_TELL_LARGEST, /* one line a claim (lem_metrics_claims), at the largest k */
    LEM_EVAL_TELL_EVERY_K, /* at every k */
    LEM_EVAL_TELL_ALL      /* every protocol (lem_metrics_table) */
} lem_eval_telling;
/* What the file holds, its metrics, the table of scores, those by columns, and what spoils them. */
void lem_eval_result_text(const lem_eval_result *r, lem_eval_telling how, lem_buf *out);

#endif
