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
    double seconds;      /* expected; below 0 = unknown */
    bool rough, is_done; /* seconds come from sizes and operations; its result is there */
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
    double rate;      /* of spec->rate, where it was asked for */
    double log_ratio; /* of seconds taken to seconds expected, summed over n_ratios stages that were rough */
    int n_ratios;
} recipe;

/* Overrides, keys, variables; every stage's options parsed. */
lem_status lem_recipe_read(recipe *r, lem_err *err) LEM_MUST_CHECK;
/* Inputs, outputs, memory and disk of all stages; sets waits. */
lem_status lem_recipe_check(recipe *r, lem_err *err) LEM_MUST_CHECK;
/* recipe_forecast.c: fills the plan of a stage from the config.json in the folder `shape` alone, if it is
 * there. */
lem_status lem_recipe_forecast(recipe_stage *s, const char *shape, lem_err *err) LEM_MUST_CHECK;
/* By the forecast; 0 = unknown. */
double lem_recipe_seconds_of(const recipe *r, const recipe_stage *s);
/* recipe_check.c: the first stage that writes path; r->n if none does. */
size_t lem_recipe_maker_of(const recipe *r, const char *path);
/* recipe_time.c: what each stage will take, before the first. */
void lem_recipe_expect(recipe *r);
/* Of the stages behind i, as what has run says; below 0: nothing is known of some. */
double lem_recipe_later(const recipe *r, size_t i);
/* Stage i took so long. */
void lem_recipe_took(recipe *r, size_t i, double seconds);
/* All stages as one line, and as {seconds, factor, stages, unknown}. */
void lem_recipe_tell_time(const recipe *r);
lem_json *lem_recipe_time_json(const recipe *r);
void lem_recipe_tell_forecast(const recipe *r, const recipe_stage *s);
void lem_recipe_put_forecast(const recipe *r, const recipe_stage *s, lem_object *o);

#endif
