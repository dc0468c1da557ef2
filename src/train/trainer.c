/* trainer.c - the training loop */
#include "train/trainer.h"

#include "core/mem.h"
#include "train/batches.h"
#include "train/checkpoint.h"
#include "train/gradient.h"
#include "train/optimizer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct run {
    const lem_train_opts *o;
    lem_model *m;
    lem_backend *b;
    lem_net *net;
    lem_optimizer opt;
    lem_gradient gradient;
    const lem_objective *train, *val;
    lem_batches batches;
    uint64_t *items; /* [largest batch] */
    lem_buf rows;    /* telemetry of this run */
    long steps, done;
    lem_schedule schedule;
    long best_step; /* 0 = none yet */
    double best;
} run;

static lem_batches_how batches_of(const lem_train_opts *o) {
    return (lem_batches_how){o->batch, o->batch_tokens, o->epochs, o->max_steps, o->seed};
}

long lem_train_steps(const lem_train_opts *o, uint64_t n_items) {
    lem_batches_how how = batches_of(o);
    return lem_batches_steps(&how, n_items);
}

lem_status lem_train_count_steps(const lem_train_opts *o, const lem_objective *obj, long *out, lem_err *err) {
    lem_batches_how how = batches_of(o);
    lem_batches b = {0};
    lem_status st = lem_batches_init(&b, obj, &how, err);
    if (st == LEM_OK) *out = b.steps;
    lem_batches_release(&b);
    return st;
}

static lem_status record(run *r, const char *prefix, long step, double lr, double norm,
                         const lem_train_metric *m, int n, lem_err *err) {
    lem_json *row = lem_json_new_object();
    bool ok = row && lem_json_set(row, "stage", lem_json_new_str(r->o->stage)) &&
              lem_json_set(row, "step", lem_json_new_int(step));
    if (ok && norm >= 0)
        ok = lem_json_set(row, "lr", lem_json_new_num(lr)) &&
             lem_json_set(row, "grad_norm", lem_json_new_num(norm));
    for (int i = 0; ok && i < n; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s%s", prefix, m[i].name);
        ok = lem_json_set(row, name, lem_json_new_num(m[i].value));
    }
    if (ok) {
        lem_json_write(row, 0, &r->rows);
        lem_buf_putc(&r->rows, '\n');
    }
    lem_json_free(row);
    return ok ? lem_buf_ok(&r->rows, err) : lem_fail(err, LEM_EMEM, "telemetry: out of memory");
}

/* The state a resume needs beside the arrays. */
static lem_json *state_json(const run *r) {
    lem_json *s = lem_json_new_object();
    bool ok = s && lem_json_set(s, "stage", lem_json_new_str(r->o->stage)) &&
              lem_json_set(s, "step", lem_json_new_int(r->done)) &&
              lem_json_set(s, "telemetry", lem_json_new_strn(lem_buf_str(&r->rows), r->rows.len));
    if (ok && r->best_step > 0)
        ok = lem_json_set(s, "best_step", lem_json_new_int(r->best_step)) &&
             lem_json_set(s, "best", lem_json_new_num(r->best));
    if (ok) return s;
    lem_json_free(s);
    return NULL;
}

/* The parameters that learn, as the checkpoint has them: the array that they lie in, else copies in the net's
 * gradient, which nobody needs between two steps. */
static float *checkpoint_params(run *r) {
    float *learned = lem_net_learned(r->net);
    return learned ? learned : lem_net_grads(r->net);
}

/* Copies what learns into that place, or back. */
static void move_params(run *r, bool back) {
    float *place = checkpoint_params(r);
    if (place == lem_net_learned(r->net)) return;
    if (!back) lem_net_zero_grads(r->net); /* the gaps between tensors */
    for (int i = 0; i < r->m->n_tensors; i++) {
        size_t at = lem_net_grad_at(r->net, i), bytes = r->m->tensors[i].count * sizeof *place;
        if (at == SIZE_MAX) continue;
        float *mine = lem_net_param_at(r->net, i), *copy = place + at;
        if (back) r->b->ops->copy(r->b, mine, copy, bytes);
        else r->b->ops->copy(r->b, copy, mine, bytes);
    }
}

static int blobs_of(run *r, lem_blob out[3]) {
    size_t bytes = lem_net_n_grads(r->net) * sizeof(float);
    out[0] = (lem_blob){"params.f32", checkpoint_params(r), bytes, r->b};
    out[1] = (lem_blob){"adam-m.f32", r->opt.m, bytes, r->b};
    out[2] = (lem_blob){"adam-v.f32", r->opt.v, bytes, r->b};
    return 3;
}

static lem_status save(run *r, lem_err *err) {
    if (!r->o->checkpoint_dir) return LEM_OK;
    lem_blob blobs[3];
    int n = blobs_of(r, blobs);
    move_params(r, false);
    lem_json *s = state_json(r);
    lem_status st = s ? lem_checkpoint_save(r->o->checkpoint_dir, r->done, r->o->identity, s, blobs, n, err)
                      : lem_fail(err, LEM_EMEM, "out of memory");
    lem_json_free(s);
    return st;
}

static lem_status resume(run *r, lem_log *log, bool *resumed, lem_err *err) {
    *resumed = false;
    if (!r->o->checkpoint_dir) return LEM_OK;
    lem_blob blobs[3];
    int n = blobs_of(r, blobs);
    long step;
    lem_json *s = NULL;
    lem_status st =
        lem_checkpoint_load_latest(r->o->checkpoint_dir, r->o->identity, blobs, n, log, &step, &s, err);
    if (st || step < 0) return st;
    move_params(r, true);
    lem_net_refresh(r->net);
    lem_buf_puts(&r->rows, lem_json_str(lem_json_get(s, "telemetry"), ""));
    r->done = step;
    r->best_step = (long)lem_json_int(lem_json_get(s, "best_step"), 0);
    r->best = lem_json_num(lem_json_get(s, "best"), 0);
    *resumed = true;
    lem_json_free(s);
    lem_info(log, "stage %s: resumed at step %ld of %ld", r->o->stage, step, r->steps);
    return LEM_OK;
}

/* ---- validation, and the best step ---- */

/* The metrics of val now. */
static lem_status evaluate(run *r, lem_cancel *cancel, lem_train_metric *m, int *n, lem_train_result *res,
                           lem_err *err) {
    lem_status st = lem_gradient_evaluate(&r->gradient, r->val, m, n, cancel, err);
    if (st) return lem_err_context(err, "validation");
    for (int i = 0; i < *n; i++) {
        res->val[i] = m[i].value;
        res->val_name[i] = m[i].name;
    }
    res->n_val = *n;
    return LEM_OK;
}

static bool low_is_best(const char *metric) {
    return strcmp(metric, "loss") == 0 || strcmp(metric, "ece") == 0;
}

/* Keeps the parameters if they are the best so far. They are written before any checkpoint says so. A run
 * that was killed may have left a later step's: it comes to that step again, with the same values, so the
 * newest there is the best of the whole run in the end. */
static lem_status keep_if_best(run *r, const lem_train_metric *m, int n, lem_err *err) {
    int i = 0;
    while (i < n && strcmp(m[i].name, r->o->best_by) != 0) i++;
    if (i == n)
        return lem_fail(err, LEM_EUSAGE, "the best step is to be told by '%s', which this validation has not",
                        r->o->best_by);
    double sign = low_is_best(r->o->best_by) ? -1 : 1;
    if (isnan(m[i].value)) return LEM_OK;
    if (r->best_step > 0 && sign * m[i].value <= sign * r->best) return LEM_OK;
    lem_blob blobs[3];
    (void)blobs_of(r, blobs);
    move_params(r, false);
    lem_json *s = state_json(r);
    lem_status st = s ? lem_checkpoint_save(r->o->best_dir, r->done, r->o->identity, s, blobs, 1, err)
                      : lem_fail(err, LEM_EMEM, "out of memory");
    lem_json_free(s);
    if (st) return st;
    r->best_step = r->done;
    r->best = m[i].value;
    return LEM_OK;
}

/* Takes the best step's parameters, if that is not the last one. */
static lem_status take_best(run *r, lem_log *log, lem_err *err) {
    lem_blob blobs[3];
    lem_json *s = NULL;
    long step = -1;
    if (!r->o->best_by || r->best_step == 0 || r->best_step == r->done) return LEM_OK;
    (void)blobs_of(r, blobs);
    lem_status st = lem_checkpoint_load_latest(r->o->best_dir, r->o->identity, blobs, 1, log, &step, &s, err);
    lem_json_free(s);
    if (st == LEM_OK && step != r->best_step)
        st = lem_fail(err, LEM_EIO, "%s: the parameters of step %ld, the best, are not there; use --fresh",
                      r->o->best_dir, r->best_step);
    if (st) return st;
    move_params(r, true);
    lem_net_refresh(r->net);
    lem_info(log, "stage %s: kept step %ld, the best by %s (%.6g)", r->o->stage, step, r->o->best_by,
             r->best);
    return LEM_OK;
}

static void tell_metric(lem_buf *line, const lem_train_metric *m) {
    bool count = m->value == floor(m->value) && fabs(m->value) > 1;
    lem_buf_printf(line, count ? " val_%s %.0f" : " val_%s %.4f", m->name, m->value);
}

static lem_status validate(run *r, lem_cancel *cancel, lem_train_result *res, lem_log *log, lem_err *err) {
    lem_train_metric m[LEM_MAX_METRICS];
    int n = 0;
    lem_status st = evaluate(r, cancel, m, &n, res, err);
    if (st) return st;
    lem_buf line = {0};
    for (int i = 0; i < n; i++) tell_metric(&line, &m[i]);
    lem_info(log, "stage %s step %ld:%s", r->o->stage, r->done, lem_buf_str(&line));
    lem_buf_release(&line);
    st = record(r, "val_", r->done, 0, -1, m, n, err);
    return st == LEM_OK && r->o->best_by ? keep_if_best(r, m, n, err) : st;
}

/* The parameters that are given back, and what val makes of them, if that is not known. */
static lem_status settle(run *r, lem_cancel *cancel, lem_train_result *res, lem_log *log, lem_err *err) {
    lem_train_metric m[LEM_MAX_METRICS];
    int n = 0;
    lem_status st = take_best(r, log, err);
    res->kept_step = r->done;
    if (r->o->best_by && r->best_step > 0) res->kept_step = r->best_step;
    if (st || !r->val || (res->n_val && res->kept_step == r->done)) return st;
    return evaluate(r, cancel, m, &n, res, err);
}

/* One optimizer step. */
static lem_status step(run *r, lem_train_metric *m, int *n_metrics, uint64_t *rows, lem_err *err) {
    const lem_train_opts *o = r->o;
    int n = lem_batches_at(&r->batches, r->done, r->items);
    for (int i = 0; i < n; i++) *rows += (uint64_t)r->train->rows(r->train->ctx, r->items[i]);
    lem_status st = lem_gradient_run(&r->gradient, r->train, r->items, n, m, n_metrics, err);
    if (st) return lem_err_context(err, "stage %s, step %ld", o->stage, r->done);
    if (!isfinite(m[0].value))
        return lem_fail(err, LEM_ENUMERIC,
                        "stage %s, step %ld: loss is not finite; the weights stay those of the step before",
                        o->stage, r->done);
    double rate = lem_schedule_rate(&r->schedule, r->done), norm = 0;
    lem_adamw a = {
        (float)rate, (float)o->beta1, (float)o->beta2, (float)o->eps, (float)o->weight_decay, 0, 0, 1};
    st = lem_optimizer_step(&r->opt, r->b, r->m, r->net, r->done + 1, &a, o->clip, &norm, err);
    if (st) return lem_err_context(err, "stage %s, step %ld", o->stage, r->done);
    lem_net_refresh(r->net);
    r->done++;
    return record(r, "", r->done, rate, norm, m, *n_metrics, err);
}

static lem_status stop_here(run *r, lem_err *err) {
    lem_status st = save(r, err);
    if (st) return st;
    return lem_fail(err, LEM_EINTR,
                    "interrupted at step %ld of stage %s; state saved, run the same command again to go on",
                    r->done, r->o->stage);
}

/* Whether something that is done every so many steps, and at the end, is due. */
static bool is_due(const run *r, long every) {
    return every > 0 && (r->done % every == 0 || r->done == r->steps);
}

static lem_status loop(run *r, lem_log *log, lem_cancel *cancel, lem_train_result *res, lem_err *err) {
    const lem_train_opts *o = r->o;
    lem_status st = LEM_OK;
    lem_progress *p = lem_progress_new(log, o->stage, "steps", (uint64_t)r->steps, (uint64_t)r->done);
    double start = lem_clock_seconds();
    while (r->done < r->steps && st == LEM_OK) {
        if (cancel && cancel->requested) {
            st = stop_here(r, err);
            break;
        }
        lem_train_metric m[LEM_MAX_METRICS];
        int n = 0;
        st = step(r, m, &n, &res->rows, err);
        if (st == LEM_OK) {
            res->loss = m[0].value;
            double s = lem_clock_seconds() - start;
            lem_progress_note(p, "%s %.4f, %.0f tokens/s", m[0].name, m[0].value,
                              s > 0 ? (double)res->rows / s : 0);
            lem_progress_add(p, 1);
        }
        bool last = r->done == r->steps;
        if (st == LEM_OK && r->val && (last || is_due(r, o->val_every)))
            st = validate(r, cancel, res, log, err);
        if (st == LEM_OK && is_due(r, o->checkpoint_every)) st = save(r, err);
    }
    lem_progress_free(p);
    res->seconds = lem_clock_seconds() - start;
    return st;
}

/* The parameters of the last good step go back to the model, whatever else has failed. */
static void keep_last_good(const run *r) {
    lem_err ignored = LEM_ERR_INIT;
    if (r->net && lem_net_store(r->net, &ignored) != LEM_OK) ignored.status = LEM_OK;
}

lem_status lem_train_run(lem_model *m, lem_backend *b, const lem_objective *train, const lem_objective *val,
                         const lem_train_opts *o, lem_buf *telemetry, lem_log *log, lem_cancel *cancel,
                         lem_train_result *result, lem_err *err) {
    if (train->n_items == 0) return lem_fail(err, LEM_EDATA, "stage %s: no rows to train on", o->stage);
    run r = {.o = o, .m = m, .b = b, .train = train, .val = val};
    lem_train_result res = {0};
    lem_status st = LEM_OK;
    lem_batches_how how = batches_of(o);
    LEM_TRY(lem_batches_init(&r.batches, train, &how, err));
    r.steps = r.batches.steps;
    r.schedule = (lem_schedule){o->schedule, o->lr, o->min_lr_ratio,
                                (long)ceil(o->warmup_ratio * (double)r.steps), r.steps};
    r.items = lem_alloc((size_t)r.batches.largest, sizeof *r.items, err);
    if (!r.items) LEM_TRY(LEM_EMEM);
    LEM_TRY(lem_net_new_part(m, b, o->max_rows, &o->trainable, &r.net, err));
    if (lem_net_n_grads(r.net) == 0) LEM_TRY(lem_fail(err, LEM_EUSAGE, "stage %s: nothing learns", o->stage));
    LEM_TRY(lem_optimizer_init(&r.opt, b, lem_range_part(lem_net_n_grads(r.net), 0, 1), err));
    LEM_TRY(resume(&r, log, &res.resumed, err));
    LEM_TRY(lem_gradient_init(&r.gradient, r.net, b, o->max_rows, o->grad_slots ? o->grad_slots : 1, err));
    LEM_TRY(loop(&r, log, cancel, &res, err));
    LEM_TRY(settle(&r, cancel, &res, log, err));
    lem_buf_add(telemetry, lem_buf_str(&r.rows), r.rows.len);
    LEM_TRY(lem_buf_ok(telemetry, err));
    res.steps = r.done;
    LEM_TRY(lem_net_store(r.net, err));
    *result = res;
done:
    if (st == LEM_ENUMERIC) keep_last_good(&r);
    lem_net_free(r.net);
    lem_optimizer_release(&r.opt);
    lem_gradient_release(&r.gradient);
    lem_buf_release(&r.rows);
    lem_batches_release(&r.batches);
    lem_free(r.items);
    return st;
}
