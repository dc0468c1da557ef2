/* job/recipe.h - a recipe: a list of stages, each a command with its options, run in order
 *
 *   name: gsm8k-small
 *   vars: {data: ../shared/data/bench/gsm8k, out: out/gsm8k-small}
 *   stages:
 *     - name: sft            # unique; overrides say sft.lr=1e-3
 *       command: sft         # any command
 *       words: [FILE]        # its positional arguments
 *       out: ${out}/sft      # options as in --config; ${var} is replaced in every text
 *
 * A stage may say what its data will be, `expect: {rows: 2261687, tokens: 1.6e9}` (tokens of one pass over
 * them): it changes nothing, and lets a dry run tell memory, tokens and time where the data or the weights
 * are not here yet, from the config.json of the model alone. What does not fit is told, and no error then.
 * Before the first stage starts, all of them are checked: keys, values, inputs (there, or made by an earlier
 * stage), models, memory and disk.
 * Every stage is a job of its own (job/job.h): what is complete is left, what is unfinished goes on, and a
 * changed option or input is refused by name. --overwrite runs the changed stage again, and those after it
 * whose inputs change with it.
 * ${out}/run.json lists the finished stages with their identities; times go to ${out}/timing.json, so that
 * run.json has the same bytes for an interrupted and an uninterrupted run. */
#ifndef LEM_JOB_RECIPE_H
#define LEM_JOB_RECIPE_H

#include "job/command.h"

/* What is expected of a stage before its data are there. */
typedef struct lem_expected {
    const char *command;
    const lem_args *args;
    int64_t limit;                    /* of rows; -1 = none */
    double in_bytes, parameters;      /* of all that it reads; of its model */
    const char *part;                 /* the file of an output folder that is asked for; "" = the output */
    bool known;                       /* the rest is told */
    double flops, seconds, out_bytes; /* seconds: beside those of the operations */
} lem_expected;

typedef struct lem_recipe_spec {
    const lem_command *const *commands;
    lem_json *tree;               /* changed by the overrides */
    const char *source;           /* its name in messages */
    const char *out;              /* sets the variable of that name; NULL = as in the recipe */
    const char *const *overrides; /* var=value, stage.option=value */
    int n_overrides;
    /* One compute path for the whole run: `earlier` is that of the unfinished run or NULL; fills out. */
    lem_status (*compute_path)(lem_cli *cli, const char *earlier, char out[32], lem_err *err);
    double memory; /* bytes of this machine; 0 = unknown */
    /* Operations a second that a stage may reach here, measured when a dry run wants to tell times; NULL or 0
     * = unknown. */
    double (*rate)(lem_cli *cli);
    /* Fills x from command, args, sizes and part; NULL = nothing is expected. */
    void (*expect)(lem_cli *cli, lem_expected *x);
    /* How a stage's command is run; NULL: by its own function. */
    lem_status (*launch)(lem_cli *cli, const lem_command *cmd, const lem_args *args, lem_err *err);
    /* "8h": the time that stages which can do less share out, each as its own --budget (job/recipe_budget.c);
     * NULL = none. run.json then tells it, and what each stage got. */
    const char *budget;
} lem_recipe_spec;

/* *summary (if summary is not NULL) receives, on LEM_OK, what the run made or would make, in recipe order;
 * the caller frees it. What stages print goes to stdout, or to stderr with --json, which wants stdout. */
lem_status lem_recipe_run(lem_cli *cli, const lem_recipe_spec *spec, lem_json **summary,
                          lem_err *err) LEM_MUST_CHECK;

#endif
