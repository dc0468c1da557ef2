/* eval/score_rows.h - a row of candidates scored by a reward model: rm_score[] and step_scores[][]
 *
 * All candidates of a row go through the model as one forest, identical texts once.
 * A candidate without steps, or longer than the model can read, gets null, is counted, and the first three of
 * each kind are named by file and line. */
#ifndef LEM_EVAL_SCORE_ROWS_H
#define LEM_EVAL_SCORE_ROWS_H

#include "core/json.h"
#include "core/log.h"
#include "eval/aggregate.h"
#include "prompt/solution.h"
#include "reward/scorer.h"
#include "token/tokenizer.h"

/* All borrowed. */
typedef struct lem_score_how {
    const lem_tokenizer *tokenizer;
    lem_scorer *scorer;
    const lem_prompt_recipe *recipe;
    bool process;                  /* steps are scored; rm_score is their aggregate */
    lem_eval_aggregator aggregate; /* of process models */
    const char *field;             /* that receives the scores, "rm_score" */
    lem_log *log;
} lem_score_how;

typedef struct lem_score_counts {
    uint64_t scored, shared, too_long, no_steps; /* shared: scores of identical texts */
} lem_score_counts;

/* Sets the fields of row, which needs `problem` (text) and `completions` (list of texts), else LEM_EDATA.
 * path and line say where it stands, for warnings. Adds to counts. */
lem_status lem_score_row(const lem_score_how *how, lem_json *row, const char *path, uint64_t line,
                         lem_score_counts *counts, lem_err *err) LEM_MUST_CHECK;

#endif
