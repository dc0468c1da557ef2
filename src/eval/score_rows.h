/* eval/score_rows.h - a row of candidates scored by a model: by its reward head, or by the log-probability of
 * each text
 *
 * All candidates of a row go through the model as one forest, identical texts once; a score has the same bits
 * alone, beside its siblings, and in any pass.
 * A candidate without steps (or tokens), or longer than the model can read, gets null, is counted, and the
 * first three of each kind are named by file and line. */
#ifndef LEM_EVAL_SCORE_ROWS_H
#define LEM_EVAL_SCORE_ROWS_H

#include "core/json.h"
#include "core/log.h"
#include "eval/aggregate.h"
#include "prompt/solution.h"
#include "reward/score_text.h"
#include "reward/scorer.h"
#include "token/tokenizer.h"

typedef enum lem_score_what {
    LEM_SCORE_HEAD,     /* FIELD[], and step_scores[][] of process models */
    LEM_SCORE_LOGPROBS, /* FIELD[] the sum over the tokens of a text and its end, FIELD_mean[],
                           FIELD_tokens[][] */
    LEM_SCORE_STEP_SUMS /* FIELD[][]: the sum over the tokens of each step (eval/score_implicit.h) */
} lem_score_what;

/* All borrowed. */
typedef struct lem_score_how {
    lem_score_what what;
    const lem_tokenizer *tokenizer;
    lem_scorer *scorer; /* of the head, or without one */
    const char *field;  /* that receives the scores, "rm_score" */
    lem_log *log;
    /* LEM_SCORE_HEAD */
    const lem_prompt_recipe *recipe;
    bool process;                  /* steps are scored; the score is their aggregate */
    lem_eval_aggregator aggregate; /* of process models */
    bool own_signs; /* STEP_TURNS: a step is read behind the signs that the model itself gave the steps before
                       it, '-' where its score is below 1/2; else behind '+' everywhere */
    bool given_steps; /* completions[] are not texts but lists of their steps, whatever separators stand in
                         them; the field receives null for one without steps. Without it process models read
                         the steps of completion_steps[][], where a row has it, and else split the texts */
    lem_scorer *logprobs; /* without a head, of the same network: logprob_weight times the mean
                             log-probability of the text is added to the score; NULL = no */
    double logprob_weight;
    /* log-probabilities */
    const lem_text_recipe *text;
    bool each_token; /* LEM_SCORE_LOGPROBS: also FIELD_tokens[][] */
} lem_score_how;

typedef struct lem_score_counts {
    uint64_t scored, shared, too_long, no_steps; /* shared: scores of identical texts */
    uint64_t changed; /* of scored: texts that do not encode to the tokens that were sampled */
} lem_score_counts;

/* Sets the fields of row, which needs `problem` (text) and `completions` (list of texts), else LEM_EDATA. For
 * log-probabilities a text counts as closed by its end token unless finish_reason[] says "length".
 * path and line say where it stands, for warnings. Adds to counts. */
lem_status lem_score_row(const lem_score_how *how, lem_json *row, const char *path, uint64_t line,
                         lem_score_counts *counts, lem_err *err) LEM_MUST_CHECK;

#endif
