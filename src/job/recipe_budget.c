/* recipe_budget.c - lemma run --budget: the time that is left, shared out over the stages that can do less
 *
 * Every such stage (lem_command.budget) is thought of with the same share of what it was asked for, the
 * largest with which all that is to come is expected to fit; what sampling less saves in grading and scoring
 * counts too. The stage gets its part of the time as its own --budget and chooses by a trial on its data. It
 * is asked anew when each begins, with the time that the earlier ones took. */
#include "job/duration.h"
#include "job/recipe_priv.h"

#include "core/mem.h"

#include <math.h>
#include <string.h>

enum { HALVINGS = 24 };
static const double least_share = 0.01; /* of what is asked for, of what is no whole number */
static const double enough = 1.5;       /* times what the least is expected to take */
static const double worth_a_trial = 30; /* seconds that are left; a trial takes some of them */

const lem_opt *lem_opt_of_budget(const lem_command *cmd, const lem_args *args) {
    bool steps = strcmp(cmd->budget, "epochs") == 0 && lem_args_int(args, "max-steps") > 0;
    return lem_opt_find(cmd, steps ? "max-steps" : cmd->budget);
}

/* It can do less, and has no budget of its own. */
static bool takes_part(const recipe_stage *s) {
    const lem_json *v = s->args.values;
    return s->cmd->budget && !lem_json_get(v, "endpoint") && !lem_json_get(v, "stages") &&
           !lem_json_get(v, "budget");
}

static bool can_do_less(const recipe_stage *s) { return takes_part(s) && !s->is_done; }

static double asked_of(const recipe_stage *s) {
    return lem_args_num(&s->args, lem_opt_of_budget(s->cmd, &s->args)->name);
}

static double value_at(const recipe_stage *s, double share) {
    const lem_opt *o = lem_opt_of_budget(s->cmd, &s->args);
    double asked = asked_of(s);
    if (o->type == LEM_OPT_INT) return fmax(1, floor(share * asked));
    return asked * fmax(share, least_share);
}

static lem_status no_memory(lem_err *err) { return lem_fail(err, LEM_EMEM, "out of memory"); }

/* The stage is expected to do that; as asked where x is 0. */
static lem_status set_less(recipe_stage *s, double x, lem_err *err) {
    lem_json_free(s->less);
    s->less = NULL;
    if (!(x > 0)) return LEM_OK;
    const lem_opt *o = lem_opt_of_budget(s->cmd, &s->args);
    lem_json *v = o->type == LEM_OPT_INT ? lem_json_new_int((int64_t)x) : lem_json_new_num(x);
    s->less = lem_json_copy(s->args.values);
    s->less_share = x / asked_of(s);
    if (s->less && v) return lem_json_set(s->less, o->name, v) ? LEM_OK : no_memory(err);
    lem_json_free(v);
    return no_memory(err);
}

/* What is to come, from stage i, expected when all do that share of what they are asked for. */
static lem_status total_at(recipe *r, size_t i, double share, double *total, lem_err *err) {
    lem_status st = LEM_OK;
    for (size_t k = i; st == LEM_OK && k < r->n; k++) {
        recipe_stage *s = &r->stages[k];
        st = set_less(s, share < 1 && can_do_less(s) ? value_at(s, share) : 0, err);
    }
    lem_recipe_expect(r, i);
    *total = lem_recipe_left(r, i);
    return st;
}

/* The largest share with which it fits into `seconds`; below 0: none. The stages are left as at that share,
 * or at the least. */
static lem_status find_share(recipe *r, size_t i, double seconds, double *share, double *total,
                             lem_err *err) {
    double lo = 0, hi = 1;
    lem_status st = total_at(r, i, 1, total, err);
    *share = 1;
    if (st || *total <= seconds) return st;
    st = total_at(r, i, 0, total, err);
    *share = -1;
    if (st || *total > seconds) return st;
    for (int k = 0; st == LEM_OK && k < HALVINGS; k++) {
        double mid = (lo + hi) / 2;
        st = total_at(r, i, mid, total, err);
        if (*total <= seconds) lo = mid;
        else hi = mid;
    }
    *share = lo;
    return st ? st : total_at(r, i, lo, total, err);
}

/* ---- run.json: the budget, where it began, what each stage got */

static lem_json *record_of(const recipe *r) { return lem_json_get(r->state, "budget"); }

static lem_status begin_record(recipe *r, lem_err *err) {
    const lem_json *old = record_of(r);
    lem_object o = lem_object_new();
    size_t first = 0;
    while (first + 1 < r->n && r->stages[first].is_done) first++;
    lem_object_str(&o, "time", r->spec->budget);
    lem_object_str(&o, "from", lem_json_str(lem_json_get(old, "from"), r->stages[first].name));
    const lem_json *stages = lem_json_get(old, "stages");
    lem_object_json(&o, "stages", stages ? lem_json_copy(stages) : lem_json_new_object());
    lem_json *made = lem_object_done(&o);
    return made && lem_json_set(r->state, "budget", made) ? LEM_OK : no_memory(err);
}

/* Seconds of the finished stages before i, from where the budget began. A stage's time before it was killed
 * is not known. */
static double spent_before(const recipe *r, size_t i) {
    const char *from = lem_json_str(lem_json_get(record_of(r), "from"), "");
    double sum = 0;
    bool counts = false;
    for (size_t k = 0; k < i; k++) {
        counts = counts || strcmp(r->stages[k].name, from) == 0;
        if (counts) sum += lem_json_num(lem_json_get(r->timing, r->stages[k].name), 0);
    }
    return sum;
}

/* ---- before the first stage */

/* The part of stage i in `left` seconds, where all that is to come is expected to take `total`. */
static double its_seconds(const recipe *r, size_t i, double left, double total) {
    return total > 0 ? lem_recipe_seconds_at(r, i) * left / total : left;
}

static void tell(const recipe *r, double left, double total, double share) {
    char all[LEM_DURATION_TEXT];
    lem_duration_text(total, all);
    if (share >= 1) {
        lem_info(r->cli->log, "--budget %s: all that is asked for, about %s", r->spec->budget, all);
        return;
    }
    lem_info(r->cli->log, "--budget %s: about %s with", r->spec->budget, all);
    for (size_t i = 0; i < r->n; i++) {
        const recipe_stage *s = &r->stages[i];
        char part[LEM_DURATION_TEXT];
        if (!can_do_less(s)) continue;
        lem_duration_text(its_seconds(r, i, left, total), part);
        lem_info(r->cli->log, "  %s: --%s about %.3g in place of %.6g, in %s", s->name,
                 lem_opt_of_budget(s->cmd, &s->args)->name, value_at(s, share), asked_of(s), part);
    }
}

static lem_status refuse(const recipe *r, double total, lem_err *err) {
    char least[LEM_DURATION_TEXT];
    lem_duration_text(total, least);
    return lem_fail(err, LEM_EUSAGE,
                    "--budget %s: nothing fits: with the least of every stage they would take about %s; say "
                    "that or more, or shorten the recipe",
                    r->spec->budget, least);
}

lem_status lem_recipe_budget_begin(recipe *r, lem_err *err) {
    double share = 1, total = 0;
    if (!r->spec->budget) return LEM_OK;
    lem_status st = lem_duration_parse(r->spec->budget, "--budget", &r->budget, err);
    if (st == LEM_OK) lem_recipe_expect(r, 0);
    if (st == LEM_OK) st = begin_record(r, err);
    if (st) return st;
    double spent = spent_before(r, r->n);
    st = find_share(r, 0, r->budget - spent, &share, &total, err);
    if (st == LEM_OK && share < 0 && spent <= 0) st = refuse(r, total, err);
    if (st) return st;
    if (share >= 0) tell(r, r->budget - spent, total, share); /* else each stage that is to come does */
    r->budget_share = share;
    return LEM_OK;
}

/* ---- a stage */

static lem_status record(recipe *r, const recipe_stage *s, lem_err *err) {
    lem_object o = lem_object_new();
    lem_object_num(&o, lem_opt_of_budget(s->cmd, &s->args)->name, s->cli.budget_value);
    lem_json *one = lem_object_done(&o);
    bool ok = one && lem_json_set(lem_json_get(record_of(r), "stages"), s->name, one);
    return ok ? lem_json_save(r->state_path, r->state, 1, err) : no_memory(err);
}

lem_status lem_recipe_budget_took(recipe *r, size_t i, lem_err *err) {
    recipe_stage *s = &r->stages[i];
    if (!(r->budget > 0) || !takes_part(s) || !(s->cli.budget_value > 0)) return LEM_OK;
    lem_status st = set_less(s, s->cli.budget_value, err);
    if (st == LEM_OK) st = record(r, s, err);
    lem_recipe_expect_one(r, i);
    return st;
}

/* Its data are there now: what a trial says of it is better than what its sizes said. */
static void try_stage(recipe *r, size_t i, double left) {
    recipe_stage *s = &r->stages[i];
    lem_cli own = s->cli;
    lem_err ignored = LEM_ERR_INIT;
    lem_log *silent = left >= worth_a_trial ? lem_log_new_silent(&ignored) : NULL;
    if (!silent || !r->spec->launch || r->cli->dry_run) {
        lem_log_free(silent);
        return;
    }
    own.log = silent;
    own.out = fopen("/dev/null", "w");
    own.dry_run = true;
    own.estimate = -1;
    bool tried = own.out && r->spec->launch(&own, s->cmd, &s->args, &ignored) == LEM_OK && !own.job_done;
    if (tried && own.estimate > 0) s->measured = own.estimate;
    if (own.out) fclose(own.out);
    lem_log_free(silent);
}

/* What ran took longer than was expected. What is to come does its least, for which it gets time enough: a
 * run of hours is not thrown away for minutes. */
static double overrun(const recipe *r, double left, double total) {
    char have[LEM_DURATION_TEXT], need[LEM_DURATION_TEXT];
    lem_duration_text(left, have);
    lem_duration_text(total, need);
    lem_warn(r->cli->log, "--budget %s: %s are left, and the least of what is to come takes about %s",
             r->spec->budget, have, need);
    return enough * total;
}

/* The seconds that stage i may take. */
static lem_status part_of(recipe *r, size_t i, double *seconds, lem_err *err) {
    double share = 1, total = 0, left = fmax(r->budget - spent_before(r, i), 1);
    try_stage(r, i, left);
    lem_status st = find_share(r, i, left, &share, &total, err);
    if (st == LEM_OK && share < 0) left = overrun(r, left, total);
    *seconds = fmax(ceil(its_seconds(r, i, left, total)), 1);
    return st;
}

/* A stage that is done, too: its command finds what it chose. */
lem_status lem_recipe_budget_stage(recipe *r, size_t i, lem_json **values, lem_err *err) {
    recipe_stage *s = &r->stages[i];
    double seconds = r->budget;
    char text[32];
    if (!(r->budget > 0) || !takes_part(s)) return LEM_OK;
    lem_status st = s->is_done ? LEM_OK : part_of(r, i, &seconds, err);
    if (st) return st;
    snprintf(text, sizeof text, "%.0fs", seconds);
    lem_json *v = lem_json_copy(s->args.values);
    if (v && lem_json_set(v, "budget", lem_json_new_str(text))) {
        *values = v;
        return LEM_OK;
    }
    lem_json_free(v);
    return no_memory(err);
}

lem_json *lem_recipe_budget_json(const recipe *r) {
    lem_object o = lem_object_new(), stages = lem_object_new();
    lem_object_num(&o, "seconds", r->budget);
    lem_object_num(&o, "share", r->budget_share);
    for (size_t i = 0; i < r->n; i++) {
        const recipe_stage *s = &r->stages[i];
        if (!can_do_less(s)) continue;
        lem_object one = lem_object_new();
        lem_object_str(&one, "option", lem_opt_of_budget(s->cmd, &s->args)->name);
        lem_object_num(&one, "asked", asked_of(s));
        lem_object_num(&one, "about", value_at(s, r->budget_share));
        lem_object_json(&stages, s->name, lem_object_done(&one));
    }
    lem_object_json(&o, "stages", lem_object_done(&stages));
    return lem_object_done(&o);
}
