/* cli/recipe.h - a recipe: a list of stages, each a command with its options, run in order and resumed where
 * it stopped
 *
 *   name: gsm8k-small
 *   vars: {data: ../shared/data/bench/gsm8k, out: out/gsm8k-small}
 *   stages:
 *     - name: sft            # unique; overrides say sft.lr=1e-3
 *       command: sft         # any command
 *       words: [FILE]        # its positional arguments
 *       out: ${out}/sft      # options as in --config; ${var} is replaced in every text
 *
 * ${out}/run.json records finished stages by the hash of their resolved options and input files. A stage is
 * skipped while that hash is unchanged and every stage before it was skipped. Times go to ${out}/timing.json,
 * so that run.json is byte-identical for an interrupted and an uninterrupted run. */
#ifndef LEM_CLI_RECIPE_H
#define LEM_CLI_RECIPE_H

#include "cli/options.h"

/* tree is changed by the overrides (var=value, stage.option=value); out (may be NULL) is that of --out and
 * sets the variable of that name. */
lem_status lem_recipe_run(lem_cli *cli, lem_json *tree, const char *source, const char *out,
                          const char *const *overrides, int n_overrides, lem_err *err) LEM_MUST_CHECK;

#endif
