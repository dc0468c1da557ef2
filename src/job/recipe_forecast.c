/* recipe_forecast.c - what a stage will take, told in a dry run whose data or weights are not here */
#include "job/duration.h"
#include "job/recipe_priv.h"

#include "core/file.h"

#include <math.h>

lem_status lem_recipe_forecast(recipe_stage *s, const char *shape, lem_err *err) {
    if (shape && !lem_dir_has(shape, "config.json")) {
        snprintf(s->for_what, sizeof s->for_what, "the config.json of %.200s", shape);
        return LEM_OK;
    }
    s->plan = (lem_plan){.shape = shape};
    lem_status st = s->cmd->plan(&s->cli, &s->args, &s->plan, err);
    return st ? lem_err_context(err, "stage %s (%s)", s->name, s->cmd->name) : LEM_OK;
}

double lem_recipe_seconds_of(const recipe *r, const recipe_stage *s) {
    double tokens = s->tokens * fmax(s->plan.passes, 1);
    return r->rate > 0 && s->plan.flops > 0 ? tokens * s->plan.flops / r->rate : 0;
}

static bool fits(const recipe *r, const recipe_stage *s) {
    return r->spec->memory <= 0 || s->plan.memory <= r->spec->memory;
}

void lem_recipe_tell_forecast(const recipe *r, const recipe_stage *s) {
    char time[LEM_DURATION_TEXT] = "an unknown time";
    double seconds = lem_recipe_seconds_of(r, s), tokens = s->tokens * fmax(s->plan.passes, 1);
    if (seconds > 0) lem_duration_text(seconds, time);
    if (s->plan.memory <= 0) {
        lem_info(r->cli->log, "its plan is known when %s is there", s->for_what);
        return;
    }
    lem_info(
        r->cli->log,
        "forecast: %.0f rows, %.2f B tokens, %.2f B parameters, %.1f GB of memory; about %s on this machine",
        s->rows, tokens / 1e9, s->plan.parameters / 1e9, s->plan.memory / 1e9, time);
    if (!fits(r, s))
        lem_warn(r->cli->log, "stage %s does not fit here: this machine has %.1f GB", s->name,
                 r->spec->memory / 1e9);
}

void lem_recipe_put_forecast(const recipe *r, const recipe_stage *s, lem_object *o) {
    if (!s->forecast || s->plan.memory <= 0) return;
    lem_object_num(o, "parameters", s->plan.parameters);
    lem_object_num(o, "memory_bytes", s->plan.memory);
    lem_object_num(o, "tokens", s->tokens * fmax(s->plan.passes, 1));
    lem_object_num(o, "seconds", lem_recipe_seconds_of(r, s));
    lem_object_bool(o, "fits", fits(r, s));
}
