/* cli/train_options.h - the options that every training command has */
#ifndef LEM_CLI_TRAIN_OPTIONS_H
#define LEM_CLI_TRAIN_OPTIONS_H

#include "cli/options.h"
#include "train/trainer.h"

enum { LEM_N_TRAIN_OPTIONS = 13 };
extern const lem_opt lem_train_options[LEM_N_TRAIN_OPTIONS];

/* Rates, sizes and intervals from the arguments (with the command's own epochs, batch and seed). What names
 * the job (stage, checkpoint_dir, identity) is zero and the caller's to set. */
lem_status lem_train_options_read(const lem_args *a, lem_train_opts *out, lem_err *err) LEM_MUST_CHECK;

#endif
