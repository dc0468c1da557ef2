/* cli/prm_train.h - the parts of lemma prm train: options, data, model, what is said of them */
#ifndef LEM_CLI_PRM_TRAIN_H
#define LEM_CLI_PRM_TRAIN_H

#include "cli/bad_rows_options.h"
#include "cli/runtime.h"
#include "core/object.h"
#include "data/step_examples.h"
#include "job/account.h"
#include "model/model.h"
#include "prompt/settings.h"
#include "train/process.h"
#include "train/trainer.h"

#define LEM_PRM_HEADS "scalar|two-class|generative" /* in the order of lem_prm_head */
typedef enum lem_prm_head { LEM_PRM_SCALAR, LEM_PRM_TWO_CLASS, LEM_PRM_GENERATIVE } lem_prm_head;

typedef struct lem_prm_how { /* what the options say */
    lem_prm_head head;
    bool rlhflow; /* --compat */
    lem_steps_how rows;
    lem_train_opts train;
} lem_prm_how;

/* LEM_EUSAGE for options that contradict each other. separator (may be NULL, borrowed): of list rows. */
lem_status lem_prm_options(const lem_args *args, lem_prm_how *out, lem_err *err) LEM_MUST_CHECK;
/* The kind of head that the saved folder has; of a generative one the kind by which it is read. */
lem_head_kind lem_prm_kind(lem_prm_head head);

/* What the folder says of its prompts, and the options; told in full, so that scoring needs none. */
lem_status lem_prm_settings(const lem_args *args, const lem_prm_how *how, lem_prompt_settings *out,
                            lem_err *err) LEM_MUST_CHECK;

typedef struct lem_prm_data { /* zeroed = empty */
    lem_step_examples train, val;
    lem_process_rows rows[2]; /* views of both */
    lem_step_counts counts;   /* of --data */
    bad_rows bad;
} lem_prm_data;
/* Reads --data and --val, or holds problems back for validation, and tells counts and balance. */
lem_status lem_prm_load(lem_cli *cli, const lem_args *args, lem_job *job, const lem_prm_how *how,
                        const lem_tokenizer *t, const lem_prompt_recipe *recipe, int max_positions,
                        lem_prm_data *out, lem_err *err) LEM_MUST_CHECK;
/* What became of the solutions of --data, for the manifest. */
lem_status lem_prm_account(lem_job *job, const lem_prm_data *d, lem_err *err) LEM_MUST_CHECK;
void lem_prm_data_release(lem_prm_data *d);
/* Tokens of --data where there is no tokenizer: about a token for each 3.5 bytes, and 12 a turn. */
lem_status lem_prm_estimate(lem_cli *cli, const lem_args *args, const lem_prm_how *how, double *tokens,
                            uint64_t *solutions, lem_err *err) LEM_MUST_CHECK;

/* Config of a folder; where plan_only, config.json alone is enough. bf16 as in lem_train_folder_config. */
lem_status lem_prm_config(const char *dir, bool plan_only, lem_model_config *out, bool *bf16,
                          lem_err *err) LEM_MUST_CHECK;
/* The shape that is trained, from that of --model. LEM_EDATA for a head that cannot be. */
lem_status lem_prm_shape(lem_prm_head head, lem_model_config *c, lem_err *err) LEM_MUST_CHECK;
lem_status lem_prm_open(const lem_cli *cli, const char *dir, lem_prm_head head, lem_model **out,
                        lem_err *err) LEM_MUST_CHECK;
/* A model with a head that is read at steps gets the scalar one of the same function in its place. */
lem_status lem_prm_under_scalar(lem_model **m, const char *dir, lem_err *err) LEM_MUST_CHECK;
/* base: the folder that adapters belong to. */
lem_status lem_prm_save(const lem_cli *cli, const lem_model *m, lem_prm_head head, const char *base,
                        lem_dtype dtype, const char *out, lem_err *err) LEM_MUST_CHECK;

/* One line, and members of --json, about validation; auc: its 95 % interval. */
void lem_prm_say(lem_log *log, const lem_process_stats *s, const double auc[2]);
void lem_prm_tell(lem_object *o, const lem_process_stats *s, const double auc[2]);

#endif
