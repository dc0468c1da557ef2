/* cli/train_options.h - the options that every training command has */
#ifndef LEM_CLI_TRAIN_OPTIONS_H
#define LEM_CLI_TRAIN_OPTIONS_H

#include "cli/lora_options.h"
#include "core/object.h"
#include "job/command.h"
#include "token/tokenizer.h"
#include "train/trainer.h"

enum { LEM_N_TRAIN_OPTIONS = 18 + LEM_N_LORA_OPTIONS };
/* --lr is the first of them, for commands that choose it themselves. */
extern const lem_opt lem_train_options[LEM_N_TRAIN_OPTIONS];

/* The type in which a result is stored. scratch: what source means where there is none. */
#define LEM_OPT_RESULT_DTYPE(scratch)                                                                        \
    {                                                                                                        \
        "dtype", LEM_OPT_ENUM, "NAME", "source",                                                             \
            "of the result: source is what --model is stored as (F16 becomes f32)" scratch,                  \
            .choices = "source|f32|bf16"                                                                     \
    }
/* bf16: all of --model is stored as BF16. */
lem_dtype lem_train_result_dtype(const lem_args *args, bool bf16);

/* Rates, sizes and intervals from the arguments (with the command's own epochs, batch and seed). What names
 * the job (stage, checkpoint_dir, identity) is zero and the caller's to set. */
lem_status lem_train_options_read(const lem_args *a, lem_train_opts *out, lem_err *err) LEM_MUST_CHECK;

/* Weights, moments, gradient and activations of training what learns in a model of this shape; disk for the
 * result and its checkpoints at most; operations of a token, forward and backward, less attention (6 a
 * parameter). */
lem_plan lem_train_plan(const lem_model_config *config, const lem_train_opts *o);
/* For it: the shape of DIR, or that which is asked for; bf16 as below. */
lem_status lem_train_plan_config(const char *dir, const lem_plan *asked, lem_model_config *out, bool *bf16,
                                 lem_err *err) LEM_MUST_CHECK;
/* LEM_EMEM, with the fewest options that would make it fit, if there is less memory; a dry run warns instead.
 * Before data are known: for the smallest pass that there is, and a dry run leaves it to lem_train_fit. tell:
 * a dry run tells the plan for passes of max_rows, since no data will give a better one. */
lem_status lem_train_memory_check(lem_cli *cli, const lem_model_config *config, const lem_train_opts *o,
                                  bool tell, lem_err *err) LEM_MUST_CHECK;
/* The same for the passes that these data make (val may be NULL); an item longer than max_rows raises it. A
 * dry run tells the plan, with what this process holds already: it has everything but the model. name: of
 * the stage, NULL = none. *out is told, too. */
lem_status lem_train_fit(lem_cli *cli, const char *name, const lem_model_config *config, lem_train_opts *o,
                         const lem_objective *train, const lem_objective *val, lem_train_packing *out,
                         lem_err *err) LEM_MUST_CHECK;

/* LEM_EIO if there is less room than `need` bytes where out will be; a dry run warns instead. out NULL, or a
 * place whose room nobody knows, is fine. */
lem_status lem_train_disk_check(lem_cli *cli, const char *out, double need, lem_err *err) LEM_MUST_CHECK;

/* Shape of a model folder with whatever head it has; bf16 (may be NULL): whether all of it is stored as BF16,
 * or as int8 beside BF16. */
lem_status lem_train_folder_config(const char *dir, lem_model_config *out, bool *bf16,
                                   lem_err *err) LEM_MUST_CHECK;
/* LEM_EDATA if the tokenizer has ids that the model has not: rows with them could not be learned. */
lem_status lem_train_check_tokenizer(const char *dir, const lem_tokenizer *t, int vocab,
                                     lem_err *err) LEM_MUST_CHECK;
/* An empty file is an error wherever rows are trained on: LEM_EDATA "PATH: no rows". */
lem_status lem_train_need_rows(const char *path, uint64_t rows, lem_err *err) LEM_MUST_CHECK;
/* What --json tells of a training: its examples and steps and, unless it is only planned (res NULL), the loss
 * of the last step and of the validation rows, if there are any. */
void lem_train_tell(lem_object *o, uint64_t examples, long steps, const lem_train_result *res);
/* Writes telemetry.jsonl, and the same as an event file of TensorBoard (train/event_file.h). */
lem_status lem_train_save_telemetry(const char *dir, const lem_buf *rows, lem_err *err) LEM_MUST_CHECK;

#endif
