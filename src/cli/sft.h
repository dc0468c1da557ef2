/* cli/sft.h - the parts of `lemma sft`: stages, rows, what is chosen, the model, answers on the way, the
 * telling */
#ifndef LEM_CLI_SFT_H
#define LEM_CLI_SFT_H

#include "cli/bad_rows_options.h"
#include "cli/commands.h"
#include "cli/runtime.h"
#include "cli/train_options.h"
#include "core/object.h"
#include "data/dataset.h"
#include "prompt/carry.h"
#include "prompt/settings.h"

/* Values that were chosen because no option gave them, and why; empty = given. */
typedef struct lem_sft_chosen {
    char lr[200], batch[200];
} lem_sft_chosen;

/* Options of one stage: the stage's own value where it has one, the command's otherwise. */
typedef struct lem_sft_stage {
    lem_args args;
    const char *name;
    char *dir;                  /* where its model goes */
    lem_prompt_settings prompt; /* saved with the model */
    lem_train_opts train;       /* known once its rows are */
    lem_sft_chosen chosen;
    bool ran; /* now; not complete before */
    lem_drop_counts rows;
    bad_rows bad;
    uint64_t used;     /* rows of all its files, but those that were left out as bad */
    lem_json *first;   /* row, as lem_examples_preview shows it; owned */
    lem_json *domains; /* {"math": {"rows": .., "tokens": .., "trained": ..}}; owned */
    lem_train_packing packing;
    lem_train_result result;
} lem_sft_stage;

typedef struct lem_sft_job {
    lem_cli *cli;
    const lem_command *cmd; /* whose options stages have */
    const lem_args *args;
    lem_job *job;
    const char *out;
    lem_sft_stage *stages;
    int n, first; /* first: those before were complete */
    lem_runtime rt;
    lem_model_config config;
    bool bf16;         /* all of --model is stored as BF16 */
    lem_model *model;  /* NULL while --dry-run only plans */
    lem_weights *base; /* of adapters, else NULL */
    lem_tokenizer *tok;
    lem_carry carry; /* of --model, for what is saved */
} lem_sft_job;

/* What an option table says of the families, in the order of the code. */
#define LEM_SFT_ARCHS "llama|mistral|qwen2|qwen3"

/* ---- sft_stages.c */

/* The stages that the arguments state. LEM_EUSAGE: an option that is of the whole run, a bad name. */
lem_status lem_sft_stages(lem_sft_job *j, lem_err *err) LEM_MUST_CHECK;
/* Whether an option shapes the model or the run, so that stages cannot differ in it. */
bool lem_sft_is_whole_run(const char *option);
void lem_sft_stages_release(lem_sft_job *j);

/* ---- sft_rows.c */

lem_sft_load lem_sft_how(const lem_sft_job *j, const lem_sft_stage *s);
/* All files of the stage are read: what of their rows was left out is said, and is not too much. */
lem_status lem_sft_rows_end(lem_sft_job *j, lem_sft_stage *s, lem_err *err) LEM_MUST_CHECK;
/* Rows of a stage and its validation rows; the stage's counts, its first row, its domains. Says them. */
lem_status lem_sft_rows(lem_sft_job *j, lem_sft_stage *s, lem_examples *train, lem_examples *val,
                        lem_err *err) LEM_MUST_CHECK;

/* ---- sft_choose.c */

/* The learning rate for a model of so many parameters, and why. */
double lem_sft_lr(double params, bool scratch, char why[200]);
/* Sequences of a step for so many rows, and why. */
int lem_sft_batch(uint64_t rows, double epochs, bool scratch, char why[200]);
/* The stage's training options, with what the situation decides; says them, and warns of too few steps. val:
 * NULL = none. */
lem_status lem_sft_choose(lem_sft_job *j, lem_sft_stage *s, const lem_objective *train,
                          const lem_objective *val, lem_err *err) LEM_MUST_CHECK;

/* ---- sft_model.c */

/* The shape that the options ask for, with the vocabulary of the tokenizer (j->tok, may be NULL). */
lem_status lem_sft_new_config(lem_sft_job *j, lem_err *err) LEM_MUST_CHECK;
/* lem_lora_options_read, where adapters can be. */
lem_status lem_sft_adapters(const lem_args *args, bool bf16, lem_model_config *c, lem_trainable *t,
                            lem_err *err) LEM_MUST_CHECK;
/* Memory and disk of the whole run for a model of j->config. */
lem_plan lem_sft_plan(const lem_args *args, const lem_model_config *c, const lem_train_opts *o);
/* The model that the first stage to run starts from: dir, or a new one. */
lem_status lem_sft_get_model(lem_sft_job *j, const char *dir, lem_err *err) LEM_MUST_CHECK;
/* With adapters: the folder of a stage is the base of the next one. */
lem_status lem_sft_go_on(lem_sft_job *j, const lem_sft_stage *from, lem_err *err) LEM_MUST_CHECK;
void lem_sft_release_model(lem_sft_job *j);
/* Writes it with tokenizer, settings and telemetry; whole: as the run's result, in the type asked for. */
lem_status lem_sft_save(lem_sft_job *j, const lem_sft_stage *s, const char *dir, bool whole,
                        const lem_buf *telemetry, lem_err *err) LEM_MUST_CHECK;

/* ---- sft_answers.c */

typedef struct lem_sft_answers lem_sft_answers;
/* Problems of --eval, their prompts and golds; *out stays NULL without that option. Borrows j and s. */
lem_status lem_sft_answers_open(lem_sft_job *j, lem_sft_stage *s, lem_sft_answers **out,
                                lem_err *err) LEM_MUST_CHECK;
void lem_sft_answers_free(lem_sft_answers *a);
/* A lem_train_answer: accuracy (the greedy answer is right), truncated (shares of n), n. */
lem_status lem_sft_answer(void *answers, const lem_model *m, lem_train_metric *out, int *n_out,
                          lem_err *err) LEM_MUST_CHECK;

/* ---- sft_tell.c */

/* After a stage: how far it came, and a warning where it did harm. */
void lem_sft_say(const lem_sft_job *j, const lem_sft_stage *s);
/* Which part of the work of stages first..n-1 stage i is, by the bytes of its rows and its epochs. */
void lem_sft_part(const lem_sft_job *j, int first, int i, double *from, double *to);
/* The object of --json. */
lem_status lem_sft_print(const lem_sft_job *j, lem_err *err) LEM_MUST_CHECK;

#endif
