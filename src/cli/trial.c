/* trial.c - a command run for a moment in a folder of its own, and what its progress said */
#include "cli/trial.h"

#include "cli/runtime.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/object.h"
#include "core/watch.h"
#include "job/duration.h"

#include <stdlib.h>
#include <string.h>

static const double largest_model = 3e9; /* bytes: loading it takes seconds, not minutes */
static const double most_seconds = 60;   /* of reading and loading */
static const double unsure_times = 5;    /* as long where too little is known for an estimate */

/* ---- the run */

/* The arguments with the output in dir, under its own name, whose ending tells its kind. */
static lem_json *values_in(const char *dir, const lem_args *args, lem_err *err) {
    const char *out = lem_args_str(args, "out"), *slash = out ? strrchr(out, '/') : NULL;
    if (slash) out = slash + 1;
    char *path = lem_path_join(dir, out && *out && strcmp(out, "-") != 0 ? out : "out", err);
    lem_json *v = path ? lem_json_copy(args->values) : NULL;
    bool ok = v && lem_json_set(v, "out", lem_json_new_str(path));
    if (ok && lem_json_get(v, "trace")) ok = lem_json_set(v, "trace", lem_json_new_null());
    lem_free(path);
    if (ok) return v;
    lem_json_free(v);
    return NULL;
}

static lem_status run_watched(lem_cli *own, const lem_command *cmd, const lem_args *args,
                              const lem_deadline *d, lem_err *err) {
    lem_watch *w = NULL;
    lem_status st = lem_watch_deadline(d, &w, err);
    if (st == LEM_OK) st = cmd->run(own, args, err);
    lem_watch_end(w);
    return st;
}

/* What the outlook says of the whole, when the run ended with st. */
static void judge(lem_outlook o, double start, lem_status st, lem_trial *out, const lem_err *err) {
    double now = lem_clock_seconds();
    bool ran = st == LEM_OK;
    out->setup = o.began > 0 ? o.began - start : 0;
    out->measured = now - start - out->setup;
    out->total = o.total;
    out->share = ran ? 1 : o.share;
    out->seconds = now - start + (ran ? 0 : o.left);
    out->factor = out->share >= 0.1 ? 1.5 : 2;
    if (o.unsure && !ran) out->factor = 4;
    if (ran || (st == LEM_EINTR && o.began > 0 && o.left >= 0)) return;
    out->seconds = -1;
    if (st == LEM_EINTR)
        snprintf(out->why_not, sizeof out->why_not, "nothing was done in %.0f s", now - start);
    else snprintf(out->why_not, sizeof out->why_not, "a trial failed: %.150s", err->text);
}

static void try_it(lem_cli *cli, const lem_command *cmd, const lem_args *args, double seconds,
                   const char *dir, lem_trial *out) {
    lem_err err = LEM_ERR_INIT;
    lem_json *values = values_in(dir, args, &err);
    lem_args own_args = {values, args->words, args->n_words};
    lem_cli own = *cli;
    lem_cancel cancel = {0};
    lem_log *log = lem_log_new_silent(&err);
    const lem_deadline o = {log, cli->cancel, &cancel, seconds, unsure_times * seconds, most_seconds};
    own.dry_run = own.json = own.fresh = own.in_recipe = false;
    own.trial = own.overwrite = true;
    own.log = log;
    own.out = fopen("/dev/null", "w");
    own.cancel = &cancel;
    double start = lem_clock_seconds();
    if (values && log && own.out) {
        lem_status st = run_watched(&own, cmd, &own_args, &o, &err);
        judge(lem_log_outlook(log), start, st, out, &err);
    }
    if (own.out) fclose(own.out);
    lem_log_free(log);
    lem_json_free(values);
}

static void in_a_folder(lem_cli *cli, const lem_command *cmd, const lem_args *args, double seconds,
                        lem_trial *out) {
    char dir[4096];
    int n = snprintf(dir, sizeof dir, "%s/lemma-trial-XXXXXX", lem_temp_dir());
    if (n < 0 || n >= (int)sizeof dir || !mkdtemp(dir)) {
        snprintf(out->why_not, sizeof out->why_not, "no folder for a trial in %.100s", lem_temp_dir());
        return;
    }
    try_it(cli, cmd, args, seconds, dir, out);
    lem_err ignored = LEM_ERR_INIT;
    if (lem_dir_remove(dir, &ignored) != LEM_OK) lem_warn(cli->log, "%s is left behind", dir);
}

/* ---- from operations */

static void from_operations(lem_cli *cli, const lem_plan *p, lem_trial *out) {
    double rate = p->flops > 0 && cli->work_tokens > 0 ? lem_runtime_rate(cli) : 0;
    if (rate <= 0) return;
    out->seconds = cli->work_tokens * p->flops / rate;
    out->factor = 4;
}

void lem_trial_run(lem_cli *cli, const lem_command *cmd, const lem_args *args, double seconds,
                   lem_trial *out) {
    lem_plan p = {0};
    lem_err ignored = LEM_ERR_INIT;
    *out = (lem_trial){.seconds = -1, .why_not = "what it takes is not known before"};
    bool planned = cmd->plan && cmd->plan(cli, args, &p, &ignored) == LEM_OK;
    if (p.memory <= largest_model) in_a_folder(cli, cmd, args, seconds, out);
    if (out->seconds < 0 && planned && !(cli->cancel && cli->cancel->requested))
        from_operations(cli, &p, out);
}

/* ---- what is told */

void lem_trial_words(const lem_trial *t, char out[320]) {
    char text[LEM_DURATION_TEXT];
    if (t->seconds < 0) {
        snprintf(out, 320, "not known (%s)", t->why_not);
        return;
    }
    lem_duration_text(t->seconds, text);
    if (t->measured <= 0)
        snprintf(out, 320, "about %s (from operations alone: sure within a factor of %.3g)", text, t->factor);
    else if (t->share >= 1) snprintf(out, 320, "about %s (a trial ran to its end)", text);
    else
        snprintf(out, 320,
                 "about %s (a trial did %.2g %% of the work in %.1f s: sure within a factor of %.3g)", text,
                 100 * t->share, t->measured, t->factor);
}

lem_json *lem_trial_json(const lem_trial *t) {
    lem_object o = lem_object_new();
    if (t->seconds >= 0) {
        lem_object_num(&o, "seconds", t->seconds);
        lem_object_num(&o, "factor", t->factor);
        lem_object_num(&o, "measured_seconds", t->measured);
        lem_object_num(&o, "share", t->share);
    } else lem_object_str(&o, "unknown", t->why_not);
    return lem_object_done(&o);
}
