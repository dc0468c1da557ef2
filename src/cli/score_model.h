/* score_model.h - the model of a scoring run: its head or its log-probabilities, how it is fed and read */
#ifndef LEM_CLI_SCORE_MODEL_H
#define LEM_CLI_SCORE_MODEL_H

#include "cli/memory_plan.h"
#include "eval/score_implicit.h"
#include "eval/score_rows.h"
#include "job/job.h"
#include "model/weights_open.h"

typedef enum score_kind { SCORE_BY_HEAD, SCORE_BY_LOGPROB, SCORE_IMPLICIT } score_kind;

typedef struct score_model { /* zeroed = closed */
    const lem_cli *cli;
    const lem_args *args;
    lem_args own; /* what args are where they were made for it (score_beside.h); released with it */
    const char *dir;
    bool process_only;
    score_kind kind;
    int max_rows; /* of a pass; 0 = as the option says */
    int widest;   /* tokens of the largest pass that was counted; no more are made room for; 0 = unknown */
    lem_model_config config;
    lem_backend *backend;
    lem_prompt_settings prompt;
    lem_tokenizer *tok;
    lem_weights *weights;
    lem_scorer *scorer, *logprobs;
    lem_head_reading head; /* SCORE_BY_HEAD */
    lem_prompt_recipe recipe;
    char position[240]; /* where it is read, if not where its kind of head is; "" = there */
    lem_text_recipe text;
    lem_score_how how; /* borrows all of the above */
    lem_implicit_how implicit;
} score_model;

/* What the options and the folder's settings say, without looking at weights: m->cli, args and process_only
 * are set. LEM_EUSAGE for options that do not go together. */
lem_status lem_score_model_options(score_model *m, lem_err *err) LEM_MUST_CHECK;
/* Tokenizer, head and form; no weights yet. */
lem_status lem_score_model_prepare(score_model *m, lem_err *err) LEM_MUST_CHECK;
/* The weights of dir (the model's, or for a while the reference's) and their scorer. Those that were open are
 * closed first. */
lem_status lem_score_model_weights(score_model *m, const char *dir, lem_err *err) LEM_MUST_CHECK;
/* Scorers that only count, for a plan of memory, until weights are opened. */
lem_status lem_score_model_plan(score_model *m, lem_err *err) LEM_MUST_CHECK;
/* What weights and scorers of a model of that shape take for what was counted. */
lem_memory_parts lem_score_model_bytes(const score_model *m, const lem_model_config *c,
                                       const lem_memory_ask *ask);
/* Before anything runs: whether the system prompt of this model is known. */
lem_status lem_score_model_check(const lem_args *a, const char *dir, const lem_model_config *c,
                                 lem_err *err) LEM_MUST_CHECK;
void lem_score_model_close(score_model *m);

/* What was found, in words: "Qwen2.5-Math process reward model", its formula, where it is read, what makes
 * the steps one score (NULL = nothing), and what stands before a step that is read (NULL = nothing to say).
 */
typedef struct score_words {
    const char *head, *position, *aggregate, *signs;
    char formula[128], added[64]; /* added: what is added to the score, "" = nothing */
    char prompt[400];             /* template, system prompt and suffix */
} score_words;
score_words lem_score_model_words(const score_model *m);

#endif
