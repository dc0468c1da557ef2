/* cli/run_recipe.h - a recipe with this program's commands, machine and command line */
#ifndef LEM_CLI_RUN_RECIPE_H
#define LEM_CLI_RUN_RECIPE_H

#include "job/recipe.h"

/* Words from first_word on are overrides. Changes tree. */
lem_status lem_run_recipe(lem_cli *cli, const lem_args *args, lem_json *tree, const char *source,
                          int first_word, lem_err *err) LEM_MUST_CHECK;

#endif
