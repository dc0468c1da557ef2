/* trainer_watch.c - what is looked at on the way: validation, answers, the best step, patience */
#include "train/trainer_priv.h"

#include <math.h>
#include <string.h>

#define ANSWERS "eval_" /* names of the metrics of answers begin so */

/* The metrics of val now. */
static lem_status validate(run *r, lem_train_metrics *m, lem_err *err) {
    lem_train_result *res = r->result;
    lem_status st = lem_gradient_evaluate(&r->gradient, r->val, m->at, &m->n, r->cancel, err);
    if (st) return lem_err_context(err, "validation");
    for (int i = 0; i < m->n; i++) {
        res->val[i] = m->at[i].value;
        res->val_name[i] = m->at[i].name;
    }
    res->n_val = m->n;
    return LEM_OK;
}

/* The metrics of answers by the model as it is now. */
static lem_status answer(run *r, lem_train_metrics *m, lem_err *err) {
    lem_status st = lem_net_store(r->net, err);
    if (st == LEM_OK) st = r->o->answer(r->o->answer_ctx, r->m, m->at, &m->n, err);
    if (st) return lem_err_context(err, "answers to be graded");
    r->result->answers = *m;
    return LEM_OK;
}

static bool low_is_best(const char *metric) {
    return strcmp(metric, "loss") == 0 || strcmp(metric, "ece") == 0;
}

static bool is_better(const run *r, double value) {
    double sign = low_is_best(r->o->best_by) ? -1 : 1;
    return r->best_step == 0 || sign * value > sign * r->best;
}

/* Whether the best step is told by metrics of that prefix. */
static bool tells_best(const run *r, const char *prefix) {
    if (!r->o->best_by) return false;
    bool answers = strncmp(r->o->best_by, ANSWERS, strlen(ANSWERS)) == 0;
    return answers == (strcmp(prefix, ANSWERS) == 0);
}

/* The step is the best so far: its parameters are written before any checkpoint says so. A run that was
 * killed may have left a later step's: it comes to that step again, with the same values, so the newest there
 * is the best of the whole run in the end. */
static lem_status note_best(run *r, const char *prefix, const lem_train_metrics *m, lem_err *err) {
    int i = 0;
    const char *name = r->o->best_by + (strcmp(prefix, ANSWERS) == 0 ? strlen(ANSWERS) : 0);
    while (i < m->n && strcmp(m->at[i].name, name) != 0) i++;
    if (i == m->n)
        return lem_fail(err, LEM_EUSAGE, "the best step is to be told by '%s', which this validation has not",
                        r->o->best_by);
    double value = m->at[i].value;
    if (isnan(value) || !is_better(r, value)) {
        r->stale++;
        r->stopped = r->o->patience > 0 && r->stale >= r->o->patience;
        return LEM_OK;
    }
    lem_status st = r->o->best_dir ? lem_run_keep(r, err) : LEM_OK;
    if (st) return st;
    r->best_step = r->done;
    r->best = value;
    r->stale = 0;
    return LEM_OK;
}

static void tell_metric(lem_buf *line, const char *prefix, const lem_train_metric *m) {
    bool count = m->value == floor(m->value) && fabs(m->value) > 1;
    lem_buf_printf(line, count ? " %s%s %.0f" : " %s%s %.4f", prefix, m->name, m->value);
}

/* What was looked at goes into log and telemetry, and may be the best so far. */
static lem_status note(run *r, const char *prefix, const lem_train_metrics *m, lem_err *err) {
    lem_buf line = {0};
    for (int i = 0; i < m->n; i++) tell_metric(&line, prefix, &m->at[i]);
    lem_info(r->log, "stage %s step %ld:%s", r->o->stage, r->done, lem_buf_str(&line));
    lem_buf_release(&line);
    lem_status st = lem_run_record(r, prefix, 0, -1, m->at, m->n, err);
    return st == LEM_OK && r->done > 0 && tells_best(r, prefix) ? note_best(r, prefix, m, err) : st;
}

static lem_status look_at(run *r, bool val, bool answers, lem_err *err) {
    lem_train_metrics m = {.n = 0};
    lem_status st = LEM_OK;
    if (val) {
        st = validate(r, &m, err);
        if (st == LEM_OK) st = note(r, "val_", &m, err);
    }
    if (st == LEM_OK && answers) {
        st = answer(r, &m, err);
        if (st == LEM_OK) st = note(r, ANSWERS, &m, err);
    }
    return st;
}

lem_status lem_run_look_first(run *r, lem_err *err) {
    if (!r->o->look_first || r->done > 0 || r->rows.len > 0) return LEM_OK;
    lem_status st = look_at(r, r->val != NULL, r->o->answer != NULL, err);
    if (st == LEM_OK && r->val) {
        r->result->has_first = true;
        r->result->first_val = r->result->val[0];
    }
    return st;
}

bool lem_run_is_due(const run *r, long every) {
    return every > 0 && (r->done % every == 0 || r->done == r->steps);
}

lem_status lem_run_look(run *r, lem_err *err) {
    bool last = r->done == r->steps;
    lem_status st = look_at(r, r->val && (last || lem_run_is_due(r, r->o->val_every)),
                            r->o->answer && (last || lem_run_is_due(r, r->o->answer_every)), err);
    if (st == LEM_OK && r->stopped)
        lem_info(r->log,
                 "stage %s: stopped at step %ld of %ld: %d looks without a better %s than %.6g of step %ld",
                 r->o->stage, r->done, r->steps, r->stale, r->o->best_by, r->best, r->best_step);
    return st;
}

/* Takes the best step's parameters, if that is not the last one. */
static lem_status take_best(run *r, lem_err *err) {
    if (!r->o->best_by || !r->o->best_dir || r->best_step == 0 || r->best_step == r->done) return LEM_OK;
    lem_status st = lem_run_take_kept(r, err);
    if (st == LEM_OK)
        lem_info(r->log, "stage %s: kept step %ld, the best by %s (%.6g)", r->o->stage, r->best_step,
                 r->o->best_by, r->best);
    return st;
}

lem_status lem_run_settle(run *r, lem_err *err) {
    lem_train_result *res = r->result;
    lem_status st = take_best(r, err);
    res->kept_step = r->done;
    if (r->o->best_by && r->o->best_dir && r->best_step > 0) res->kept_step = r->best_step;
    lem_train_metrics m = {.n = 0};
    bool same = res->kept_step == r->done;
    if (st == LEM_OK && r->val && !(res->n_val && same)) st = validate(r, &m, err);
    if (st == LEM_OK && r->o->answer && !(res->answers.n && same)) st = answer(r, &m, err);
    return st;
}
