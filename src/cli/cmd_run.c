/* cmd_run.c - lemma run: a recipe of stages, or the schema of recipes */
#include "cli/commands.h"
#include "cli/expect.h"
#include "cli/run_recipe.h"
#include "cli/runtime.h"
#include "cli/trial.h"
#include "core/memory_limits.h"
#include "job/texts.h"

static const lem_opt opts[] = {
    {"schema", LEM_OPT_FLAG, NULL, NULL, "print the JSON schema of recipes and stop",
     .effect = LEM_OPT_CHANGES_NOTHING},
    {"budget", LEM_OPT_STR, "TIME", NULL,
     "share that time (45m, 8h) out over the stages that sample or train, and lower their --n, --epochs or "
     "--max-steps to fit; said before, told in run.json",
     .effect = LEM_OPT_CHANGES_NOTHING},
};

lem_status lem_run_recipe(lem_cli *cli, const lem_args *args, lem_json *tree, const char *source,
                          int first_word, lem_err *err) {
    if (lem_args_has(args, "limit"))
        return lem_fail(err, LEM_EUSAGE, "--limit is no option of a recipe; say STAGE.limit=N");
    lem_recipe_spec spec = {cli->commands,
                            tree,
                            source,
                            lem_args_str(args, "out"),
                            args->words + first_word,
                            args->n_words - first_word,
                            lem_runtime_path,
                            lem_memory_limits_look("").most,
                            lem_runtime_rate,
                            lem_expect,
                            lem_launch,
                            lem_args_str(args, "budget")};
    lem_json *summary = NULL;
    lem_status st = lem_recipe_run(cli, &spec, cli->json ? &summary : NULL, err);
    return st == LEM_OK && summary ? lem_print_json(cli->out, summary, 1, err) : st;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    lem_json *tree = NULL;
    if (lem_args_flag(args, "schema"))
        return lem_print_json(cli->out, lem_recipe_schema(cli->commands), 1, err);
    if (args->n_words == 0) return lem_fail(err, LEM_EUSAGE, "RECIPE.yaml is missing");
    lem_status st = lem_yaml_load(args->words[0], &tree, err);
    if (st == LEM_OK) st = lem_run_recipe(cli, args, tree, args->words[0], 1, err);
    lem_json_free(tree);
    return st;
}

const lem_command lem_cmd_run = {
    .name = "run",
    .purpose = "run a recipe: a list of stages; resumes where it stopped",
    .usage = "RECIPE.yaml [var=value] [stage.option=value]... [options]",
    .example = "lemma run recipes/gsm8k-small.yaml data=../shared/data/bench/gsm8k out=out/gsm8k\n"
               "lemma run recipes/gsm8k-small.yaml sft.lr=5e-4",
    .min_words = 0,
    .max_words = -1,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = run,
    .output = LEM_OUTPUT_DIR,
    .words = LEM_WORDS_OWN,
    .assignments = true,
};
