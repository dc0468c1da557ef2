/* launch.c - how a command is started: --budget becomes options, and a dry run tells how long it would take
 */
#include "cli/compute_auto.h"
#include "cli/runtime.h"
#include "cli/trial.h"

#include "core/buf.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/watch.h"
#include "job/duration.h"

#include <math.h>
#include <string.h>

static const double trial_seconds = 3;
/* Of a choice, which deserves more, but is itself a part of the budget. */
static const double budget_trial_least = 1, budget_trial_most = 8, budget_trial_share = 0.1;
static const double used_share = 0.9; /* of a budget: the rest is for what the trial did not see */
static const double late = 1.5;       /* times a budget */

static bool is_here(const lem_args *args) { return !lem_json_get(args->values, "endpoint"); }

/* ---- dry runs */

static lem_status read_all(FILE *f, lem_buf *out, lem_err *err) {
    char part[4096];
    size_t n;
    rewind(f);
    while ((n = fread(part, 1, sizeof part, f)) > 0) lem_buf_add(out, part, n);
    return lem_buf_ok(out, err);
}

/* What the command printed, with the estimate in it where it is an object. */
static lem_status print_with(lem_cli *cli, const lem_buf *text, const lem_trial *t, lem_err *err) {
    lem_json *o = NULL;
    lem_err ignored = LEM_ERR_INIT;
    if (lem_json_parse(lem_buf_str(text), text->len, &o, &ignored) == LEM_OK &&
        lem_json_kind(o) == LEM_JSON_OBJECT && lem_json_set(o, "estimate", lem_trial_json(t)))
        return lem_print_json(cli->out, o, 0, err);
    lem_json_free(o);
    fputs(lem_buf_str(text), cli->out);
    return LEM_OK;
}

static void estimate(lem_cli *cli, const lem_command *cmd, const lem_args *args, lem_trial *t) {
    char words[320];
    lem_trial_run(cli, cmd, args, trial_seconds, t);
    lem_trial_words(t, words);
    lem_info(cli->log, "time on this machine: %s", words);
    cli->estimate = t->seconds;
    cli->estimate_factor = t->factor;
}

static lem_status dry_run(lem_cli *cli, const lem_command *cmd, const lem_args *args, lem_err *err) {
    FILE *out = cli->out, *kept = cli->json ? tmpfile() : NULL;
    lem_buf text = {0};
    lem_trial t;
    if (cli->json && !kept) return lem_fail_errno(err, LEM_EIO, "a temporary file");
    if (kept) cli->out = kept;
    lem_status st = cmd->run(cli, args, err);
    cli->out = out;
    bool asked = st == LEM_OK && !cli->job_done;
    if (asked) estimate(cli, cmd, args, &t);
    if (kept) {
        lem_status told = read_all(kept, &text, err);
        if (told == LEM_OK && asked) told = print_with(cli, &text, &t, err);
        else if (told == LEM_OK) fputs(lem_buf_str(&text), out);
        if (st == LEM_OK) st = told;
        fclose(kept);
    }
    lem_buf_release(&text);
    return st;
}

/* ---- budgets */

typedef struct choice {
    const lem_opt *opt;
    double asked, chosen;
    double seconds, began; /* the budget, on lem_clock_seconds */
} choice;

/* Three digits, so that it reads as a choice; downwards. */
static double rounded(const lem_opt *o, double x) {
    if (o->type == LEM_OPT_INT) return floor(x);
    double step = x > 0 ? pow(10, floor(log10(x)) - 2) : 1;
    return floor(x / step) * step;
}

/* What an earlier run of this command chose: the same again, so that it goes on and ends with the same bytes;
 * 0 = none. */
static double chosen_before(const lem_cli *cli, const lem_args *args, const lem_opt *o) {
    lem_json *v = lem_argument_before(cli, args, o->name);
    double x = lem_json_num(v, 0);
    lem_json_free(v);
    return x;
}

/* The least is one candidate, or one step. */
static lem_status nothing_fits(const choice *c, const char *budget, const lem_trial *t, lem_err *err) {
    bool steps = strcmp(c->opt->name, "n") != 0;
    double parts = steps ? (double)t->total : c->asked;
    double least = (t->setup + (t->seconds - t->setup) / (parts > 1 ? parts : 1)) / used_share;
    char one[LEM_DURATION_TEXT], setup[LEM_DURATION_TEXT];
    lem_duration_text(least + (lem_clock_seconds() - c->began), one);
    lem_duration_text(t->setup, setup);
    return lem_fail(
        err, LEM_EUSAGE,
        "--budget %s: nothing fits: %s takes about %s, trial included (%s of them before the work "
        "begins); give that or more",
        budget, steps ? "one step" : "--n 1", one, setup);
}

/* What a dry run knows of its work, where the model is too large for a trial. */
static void count_work(lem_cli *cli, const lem_command *cmd, const lem_args *args) {
    lem_err ignored = LEM_ERR_INIT;
    lem_cli own = *cli;
    own.dry_run = true;
    own.json = false;
    own.log = NULL;
    own.out = fopen("/dev/null", "w");
    if (own.out && cmd->run(&own, args, &ignored) == LEM_OK) cli->work_tokens = own.work_tokens;
    if (own.out) fclose(own.out);
}

static lem_status measure(lem_cli *cli, const lem_command *cmd, const lem_args *args, choice *c,
                          lem_err *err) {
    const char *budget = lem_args_str(args, "budget");
    char words[320];
    lem_trial t;
    count_work(cli, cmd, args);
    lem_trial_run(cli, cmd, args,
                  fmin(fmax(budget_trial_share * c->seconds, budget_trial_least), budget_trial_most), &t);
    if (cli->cancel && cli->cancel->requested) return lem_fail(err, LEM_EINTR, "interrupted");
    lem_trial_words(&t, words);
    if (t.seconds < 0) return lem_fail(err, LEM_EUSAGE, "--budget %s: its time is %s", budget, words);
    double left = c->seconds - (lem_clock_seconds() - c->began); /* the trial took some */
    double work = t.seconds - t.setup, room = used_share * left - t.setup;
    double share = work > 0 ? room / work : 1;
    c->chosen = share >= 1 ? c->asked : rounded(c->opt, share * c->asked);
    double steps = strcmp(c->opt->name, "epochs") == 0 ? (double)t.total * c->chosen / c->asked : 1;
    if (c->chosen <= 0 || share <= 0 || steps < 1) return nothing_fits(c, budget, &t, err);
    lem_info(cli->log, "--budget %s: --%s %.6g%s; --%s %.6g would take %s", budget, c->opt->name, c->chosen,
             c->chosen < c->asked ? "" : ", all that is asked for", c->opt->name, c->asked, words);
    return LEM_OK;
}

static lem_status choose(lem_cli *cli, const lem_command *cmd, const lem_args *args, choice *c,
                         lem_err *err) {
    lem_status st = lem_duration_parse(lem_args_str(args, "budget"), "--budget", &c->seconds, err);
    if (st) return st;
    if (!is_here(args))
        return lem_fail(err, LEM_EUSAGE,
                        "--budget is for models that run here; servers have --budget-tokens");
    if (lem_json_get(args->values, "stages"))
        return lem_fail(err, LEM_EUSAGE, "--budget and stages: say the epochs of each stage");
    c->opt = lem_opt_of_budget(cmd, args);
    c->asked = lem_args_num(args, c->opt->name);
    double before = chosen_before(cli, args, c->opt);
    if (before <= 0 || before > c->asked) return measure(cli, cmd, args, c, err);
    c->chosen = before;
    lem_info(cli->log, "--budget %s: --%s %.6g, as the run that is there chose", lem_args_str(args, "budget"),
             c->opt->name, c->chosen);
    return LEM_OK;
}

/* *values: the arguments with what the budget allows; the caller's. */
static lem_status with_budget(lem_cli *cli, const lem_command *cmd, const lem_args *args, choice *c,
                              lem_json **values, lem_err *err) {
    lem_status st = choose(cli, cmd, args, c, err);
    if (st) return st;
    lem_json *v = lem_json_copy(args->values), *x = NULL;
    x = c->opt->type == LEM_OPT_INT ? lem_json_new_int((int64_t)c->chosen) : lem_json_new_num(c->chosen);
    cli->budget_value = c->chosen;
    if (v && lem_json_set(v, c->opt->name, x)) {
        *values = v;
        return LEM_OK;
    }
    lem_json_free(v);
    return lem_fail(err, LEM_EMEM, "out of memory");
}

typedef struct budgeted {
    lem_log *log;
    const char *budget;
} budgeted;

static void tell_late(void *ctx, double all) {
    const budgeted *b = ctx;
    char text[LEM_DURATION_TEXT];
    lem_duration_text(all, text);
    lem_warn(b->log,
             "--budget %s: it will take about %s, longer than its trial said; it goes on: interrupt it, and "
             "the same command with --fresh chooses anew",
             b->budget, text);
}

/* What was chosen is the job's option from here on: the clock tells, and cuts nothing. */
static lem_status run_budgeted(lem_cli *cli, const lem_command *cmd, const lem_args *args, const choice *c,
                               lem_err *err) {
    budgeted b = {cli->log, lem_args_str(args, "budget")};
    const lem_overrun o = {cli->log, c->began, late * c->seconds, tell_late, &b};
    char text[LEM_DURATION_TEXT];
    lem_watch *clock = NULL;
    lem_status st = lem_watch_overrun(&o, &clock, err);
    if (st == LEM_OK) st = cmd->run(cli, args, err);
    lem_watch_end(clock);
    lem_duration_text(lem_clock_seconds() - c->began, text);
    if (st == LEM_OK && !cli->job_done)
        lem_info(cli->log, "--budget %s: took %s, its trial included", b.budget, text);
    return st;
}

lem_status lem_launch(lem_cli *cli, const lem_command *cmd, const lem_args *args, lem_err *err) {
    lem_json *values = NULL, *computed = NULL;
    cli->work_tokens = 0;
    cli->estimate = -1;
    cli->budget_value = 0;
    const char *budget = cmd->budget ? lem_args_str(args, "budget") : NULL;
    choice c = {.began = lem_clock_seconds()};
    lem_status st = lem_compute_auto(cli, cmd, args, &computed, err);
    const lem_args asked = {computed ? computed : args->values, args->words, args->n_words};
    if (st == LEM_OK && budget) st = with_budget(cli, cmd, &asked, &c, &values, err);
    const lem_args with = {values ? values : asked.values, args->words, args->n_words};
    bool timed = cli->dry_run && cmd->timed && is_here(args);
    if (st == LEM_OK && timed) st = dry_run(cli, cmd, &with, err);
    else if (st == LEM_OK && budget && !cli->dry_run) st = run_budgeted(cli, cmd, &with, &c, err);
    else if (st == LEM_OK) st = cmd->run(cli, &with, err);
    lem_json_free(values);
    lem_json_free(computed);
    return st;
}
