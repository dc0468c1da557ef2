/* eval/result.h - selection over a file of candidates as one result: what to compute for it, and the outcome
 * as JSON for programs and as text for people */
#ifndef LEM_EVAL_RESULT_H
#define LEM_EVAL_RESULT_H

#include "core/buf.h"
#include "core/json.h"
#include "eval/load.h"
#include "eval/metrics.h"
#include "eval/quality.h"

#include <stdbool.h>

/* Scorers, their weights and whether there are votes, as the file has them; borrowed from d. The other
 * options stay. */
void lem_eval_opts_from(lem_eval_opts *o, const lem_eval_data *d);
/* Powers of two below the longest row, and that. */
void lem_eval_default_ks(lem_eval_opts *o, const lem_eval_data *d);

/* How well each of the scores tells right from wrong: q [LEM_EVAL_MAX_SCORERS], of which d->n_scorers are
 * filled. */
lem_status lem_eval_qualities(const lem_eval_data *d, lem_pool *pool, lem_eval_quality *q,
                              lem_err *err) LEM_MUST_CHECK;

/* format, metrics, differences, scores (quality.h), notes (how each number is meant), counts; by_string as in
 * lem_eval_load. The caller owns it; NULL on want of memory. */
lem_json *lem_eval_result_json(const lem_eval_data *d, const lem_eval_opts *o, const lem_metrics *m,
                               const lem_eval_quality *q, bool by_string);
/* What the file holds, the table of metrics and that of scores, and what spoils them. */
void lem_eval_result_text(const lem_eval_data *d, const lem_metrics *m, const lem_eval_quality *q,
                          lem_buf *out);

#endif
