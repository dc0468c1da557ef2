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
    double seconds;    /* expected; below 0 = unknown */
    lem_json *less;    /* values with less of what --budget chooses, for what is expected; NULL = as asked */
    double less_share; /* of what is asked for */
    double measured;   /* seconds of what is asked for, by a trial; 0 = none was made */
    bool rough, is_done; /* seconds come from sizes and operations; its result is there */
    bool computes;       /* rough by operations of a model, not by bytes alone */
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
    double budget, budget_share; /* seconds, 0 = none; of what is asked for, as it was told at first */
    double rate;                 /* of spec->rate, where it was asked for */
    /* Of seconds taken to seconds expected, over n_ratios stages that were rough: of those that compute, and
     * of those that do not, which a busy machine slows by another factor. */
    double log_ratio[2];
    int n_ratios[2];
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
/* recipe_time.c: what each stage from `from` on will take, as far as it is known before it runs. */
void lem_recipe_expect(recipe *r, size_t from);
void lem_recipe_expect_one(recipe *r, size_t i);
/* Of the stages behind i, as what has run says; below 0: nothing is known of some. */
double lem_recipe_later(const recipe *r, size_t i);
/* Of stage i, as what has run says; 0 where nothing is known. Of it and all behind it. */
double lem_recipe_seconds_at(const recipe *r, size_t i);
double lem_recipe_left(const recipe *r, size_t i);
/* Stage i took so long. */
void lem_recipe_took(recipe *r, size_t i, double seconds);
/* All stages as one line, and as {seconds, factor, stages, unknown}. */
void lem_recipe_tell_time(const recipe *r);
lem_json *lem_recipe_time_json(const recipe *r);
void lem_recipe_tell_forecast(const recipe *r, const recipe_stage *s);
void lem_recipe_put_forecast(const recipe *r, const recipe_stage *s, lem_object *o);

/* recipe_budget.c: shares spec->budget out and says so, after run.json is read. LEM_EUSAGE where nothing
 * fits, with the least that would. */
lem_status lem_recipe_budget_begin(recipe *r, lem_err *err) LEM_MUST_CHECK;
/* *values: those of stage i with its part as its own --budget; the caller's. NULL stays where it gets none.
 */
lem_status lem_recipe_budget_stage(recipe *r, size_t i, lem_json **values, lem_err *err) LEM_MUST_CHECK;
/* Stage i has run: what it chose goes to run.json, and is what it was expected to take the time for. */
lem_status lem_recipe_budget_took(recipe *r, size_t i, lem_err *err) LEM_MUST_CHECK;
/* {seconds, share, stages: {NAME: {option, asked, about}}} */
lem_json *lem_recipe_budget_json(const recipe *r);

#endif
