/* eval/score_implicit.h - the implicit reward of a policy: beta * (log p of the model - log p of its
 * reference)
 *
 * arXiv 2412.01981: a model trained on outcomes against a reference is a process reward model. step_scores
 * are what each step gains, beta times the difference of its log-probabilities, so that their running sums
 * are the rewards of the beginnings and their whole sum is the reward of the solution. */
#ifndef LEM_EVAL_SCORE_IMPLICIT_H
#define LEM_EVAL_SCORE_IMPLICIT_H

#include "core/err.h"
#include "core/json.h"
#include "eval/aggregate.h"

typedef struct lem_implicit_how {
    double beta;
    bool sum; /* the score of a solution is the sum of its steps; else their aggregate */
    lem_eval_aggregator aggregate;
    const char *field; /* "rm_score"; borrowed */
} lem_implicit_how;

/* model and reference: [n][steps] sums of LEM_SCORE_STEP_SUMS, null where there are none. Sets step_scores
 * and field of row; null where either is null. LEM_EDATA if they are not of the same steps. */
lem_status lem_score_implicit(const lem_implicit_how *how, const lem_json *model, const lem_json *reference,
                              lem_json *row, lem_err *err) LEM_MUST_CHECK;

#endif
