/* job/recipe_priv.h - what reading, checking and running a recipe share */
#ifndef LEM_JOB_RECIPE_PRIV_H
#define LEM_JOB_RECIPE_PRIV_H

#include "core/object.h"
#include "job/recipe.h"

typedef struct recipe_stage {
    const char *name;
    const lem_command *cmd;
    lem_json *tree; /* resolved options as the command wants them; owned */
    lem_args args;
    lem_cli cli;        /* the run's, with the stage's own seed and limit */
    bool waits;         /* reads what an earlier stage has yet to make */
    char for_what[256]; /* that path */
    bool forecast;      /* a dry run that tells what is expected */
    bool expects;       /* the recipe says what its data will be: rows, and tokens of one pass */
    double rows, tokens;
    lem_plan plan;
} recipe_stage;

typedef struct recipe {
    lem_cli *cli;
    const lem_recipe_spec *spec;
    lem_json *vars, *list;
    const char *name, *out;
    recipe_stage *stages;
    size_t n;
    const char **made; /* [n_made] outputs of the stages that ran */
    int n_made;
    lem_json *state, *timing; /* run.json and timing.json */
    char *state_path, *timing_path;
    double rate; /* of spec->rate, where it was asked for */
} recipe;

/* Overrides, keys, variables; every stage's options parsed. */
lem_status lem_recipe_read(recipe *r, lem_err *err) LEM_MUST_CHECK;
/* Inputs, outputs, memory and disk of all stages; sets waits. */
lem_status lem_recipe_check(recipe *r, lem_err *err) LEM_MUST_CHECK;
/* recipe_forecast.c: fills the plan of a stage from the config.json in the folder `shape` alone, if it is
 * there. */
lem_status lem_recipe_forecast(recipe_stage *s, const char *shape, lem_err *err) LEM_MUST_CHECK;
void lem_recipe_tell_forecast(const recipe *r, const recipe_stage *s);
void lem_recipe_put_forecast(const recipe *r, const recipe_stage *s, lem_object *o);

#endif
