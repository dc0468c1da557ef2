/* cmd_run.c - lemma run: a recipe from a YAML file */
#include "cli/commands.h"
#include "cli/recipe.h"

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    lem_json *tree = NULL;
    lem_status st = lem_yaml_load(args->words[0], &tree, err);
    if (st == LEM_OK)
        st = lem_recipe_run(cli, tree, args->words[0], lem_args_str(args, "out"), args->words + 1,
                            args->n_words - 1, err);
    lem_json_free(tree);
    return st;
}

const lem_command lem_cmd_run = {
    .name = "run",
    .purpose = "run a recipe: a list of stages; resumes where it stopped",
    .usage = "RECIPE.yaml [var=value] [stage.option=value]... [options]",
    .example = "lemma run recipes/gsm8k-small.yaml data=../shared/data/bench/gsm8k out=out/gsm8k\nlemma run "
               "recipes/gsm8k-small.yaml sft.lr=5e-4",
    .min_words = 1,
    .max_words = -1,
    .opts = NULL,
    .n_opts = 0,
    .run = run,
    .resumes = true,
    .assignments = true,
};
