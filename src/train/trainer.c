/* trainer.c - the training loop */
#include "train/trainer_priv.h"

#include "core/mem.h"

#include <math.h>

static lem_batches_how batches_of(const lem_train_opts *o) {
    return (lem_batches_how){o->batch, o->batch_tokens, o->epochs, o->max_steps, o->seed};
}

/* Warm-up is a share of the steps; where that is next to nothing, a few steps. */
long lem_train_warmup(const lem_train_opts *o, long steps) {
    long n = (long)ceil(o->warmup_ratio * (double)steps), few = steps / 5;
    if (few > o->warmup_least) few = o->warmup_least;
    return n > 0 && n < few ? few : n;
}

static void pack_step(const lem_train_opts *o, const lem_objective *obj, const uint64_t *items, int n,
                      lem_train_packing *p) {
    for (int i = 0; i < n; i++) {
        int rows = obj->rows(obj->ctx, items[i]);
        p->tokens += (uint64_t)rows;
        if (rows > p->largest) p->largest = rows;
    }
    p->items += (uint64_t)n;
    p->passes += (uint64_t)lem_gradient_passes(obj, items, n, o->max_rows, o->grad_slots ? o->grad_slots : 1,
                                               &p->pass);
}

/* A pass of validation is no larger than those of training, or than its longest item. */
static lem_status pack_val(const lem_objective *val, lem_net_size *most, lem_err *err) {
    for (uint64_t i = 0; i < val->n_items; i++) {
        int rows = val->rows(val->ctx, i);
        if (rows > most->rows) most->rows = rows;
    }
    return most->nodes ? lem_gradient_evaluate_size(val, most->rows, most, err) : LEM_OK;
}

lem_status lem_train_pack(const lem_train_opts *o, const lem_objective *obj, const lem_objective *val,
                          lem_train_packing *out, lem_err *err) {
    lem_batches_how how = batches_of(o);
    lem_batches b = {0};
    lem_train_packing p = {0};
    lem_status st = lem_batches_init(&b, obj, &how, err);
    if (st) return st;
    uint64_t *items = lem_alloc((size_t)b.largest, sizeof *items, err);
    if (!items) st = LEM_EMEM;
    long looked = b.steps < LEM_PACKING_STEPS ? b.steps : LEM_PACKING_STEPS;
    for (long s = 0; items && s < looked; s++) pack_step(o, obj, items, lem_batches_at(&b, s, items), &p);
    p.steps = b.steps;
    if (looked < b.steps) p.pass = (lem_net_size){o->max_rows, 0};
    if (p.passes) p.pass_fill = (double)p.tokens / ((double)p.passes * o->max_rows);
    if (o->batch_tokens) p.batch_fill = (double)p.tokens / ((double)looked * (double)o->batch_tokens);
    if (st == LEM_OK && val) st = pack_val(val, &p.pass, err);
    if (st == LEM_OK) *out = p;
    lem_free(items);
    lem_batches_release(&b);
    return st;
}

double lem_train_packing_tokens(const lem_train_packing *p) {
    long looked = p->steps < LEM_PACKING_STEPS ? p->steps : LEM_PACKING_STEPS;
    return looked > 0 ? (double)p->tokens / (double)looked * (double)p->steps : 0;
}

/* One optimizer step. */
static lem_status step(run *r, int *items, lem_train_metric *m, int *n_metrics, uint64_t *rows,
                       lem_err *err) {
    const lem_train_opts *o = r->o;
    int n = *items = lem_batches_at(&r->batches, r->done, r->items);
    r->read = 0;
    for (int i = 0; i < n; i++) r->read += (uint64_t)r->train->rows(r->train->ctx, r->items[i]);
    *rows += r->read;
    r->gradient.losses.seed = o->seed;
    r->gradient.losses.step = (uint64_t)r->done;
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
    LEM_TRY(lem_run_record(r, "", rate, norm, m, *n_metrics, err));
    st = lem_run_health(r, m[0].value, norm, err);
done:
    return st;
}

static lem_status stop_here(run *r, lem_err *err) {
    lem_status st = lem_run_is_ill(r) ? LEM_OK : lem_run_save(r, err);
    if (st) return st;
    return lem_fail(err, LEM_EINTR,
                    "interrupted at step %ld of stage %s; state saved, run the same command again to go on",
                    r->done, r->o->stage);
}

/* Where the time of this run went: into steps, and into looks (validation, answers), whose number is known.
 */
typedef struct pace {
    const run *r;
    lem_progress *progress;
    double step_seconds, look_seconds;
    long steps, looks;
    double began; /* of the step in work */
    int items, n; /* of its items: done, all */
} pace;

/* Looks that are still to come of what is looked at every so many steps, and at the end. */
static long looks_left(const run *r, long every) {
    long left = r->steps - r->done;
    return every > 0 ? (left + every - 1) / every : left > 0;
}

static long all_looks_left(const run *r) {
    long n = r->val ? looks_left(r, r->o->val_every) : 0;
    return n + (r->o->answer ? looks_left(r, r->o->answer_every) : 0);
}

/* Before the first look is over it is taken for a third of steps over as many rows: forward alone. */
static double look_seconds(const run *r, const pace *p) {
    double rows = 0;
    if (p->looks) return p->look_seconds / (double)p->looks;
    if (!r->val || !r->result->rows) return 0;
    for (uint64_t i = 0; i < r->val->n_items; i++) rows += r->val->rows(r->val->ctx, i);
    return p->step_seconds * rows / (double)r->result->rows / 3;
}

/* Of whole steps; before there is one, of the part of the first that is done. */
static void tell_left(const pace *p) {
    const run *r = p->r;
    double part = p->n ? (double)p->items / p->n : 0;
    double a_step = p->steps ? p->step_seconds / (double)p->steps : (lem_clock_seconds() - p->began) / part;
    long looks = all_looks_left(r);
    lem_progress_left(p->progress, ((double)(r->steps - r->done) - part) * a_step +
                                       (looks ? (double)looks * look_seconds(r, p) : 0));
}

/* A forest of the step in work is done. */
static void tick(void *ctx, int items) {
    pace *p = ctx;
    p->items += items;
    tell_left(p);
}

static void tell_progress(pace *p, const lem_train_metric *loss) {
    lem_progress_note(p->progress, "%s %.4f, %.0f tokens/s", loss->name, loss->value,
                      (double)p->r->result->rows / p->step_seconds);
    lem_progress_add(p->progress, 1);
    p->items = p->n = 0;
    tell_left(p);
}

/* One step, timed. What interrupts it leaves the parameters of the step before, which are saved. */
static lem_status timed_step(run *r, pace *p, lem_train_metric *m, lem_err *err) {
    int n = 0;
    p->began = lem_clock_seconds();
    lem_status st = step(r, &p->n, m, &n, &r->result->rows, err);
    if (st == LEM_EINTR) return stop_here(r, err);
    if (st) return st;
    r->result->loss = m[0].value;
    p->step_seconds += lem_clock_seconds() - p->began;
    p->steps++;
    tell_progress(p, &m[0]);
    return LEM_OK;
}

/* Whatever is due behind a step; timed if something was, which leaves a telemetry row. */
static lem_status look(run *r, pace *p, lem_err *err) {
    double start = lem_clock_seconds();
    size_t rows = r->rows.len;
    lem_status st = lem_run_look(r, err);
    if (r->rows.len == rows) return st;
    p->look_seconds += lem_clock_seconds() - start;
    p->looks++;
    return st;
}

static lem_progress *open_progress(const run *r) {
    const lem_train_opts *o = r->o;
    lem_progress *p = lem_progress_new(r->log, o->stage, "steps", (uint64_t)r->steps, (uint64_t)r->done);
    if (o->part_to > 0) lem_progress_part(p, o->part_from, o->part_to);
    return p;
}

static lem_status loop(run *r, lem_err *err) {
    const lem_train_opts *o = r->o;
    lem_progress *p = open_progress(r);
    pace pc = {.r = r, .progress = p};
    double start = lem_clock_seconds();
    lem_status st = lem_run_look_first(r, err);
    r->gradient.cancel = r->cancel;
    r->gradient.tick = tick;
    r->gradient.tick_ctx = &pc;
    while (r->done < r->steps && !r->stopped && st == LEM_OK) {
        if (r->cancel && r->cancel->requested) {
            st = stop_here(r, err);
            break;
        }
        lem_train_metric m[LEM_MAX_METRICS];
        st = timed_step(r, &pc, m, err);
        if (st) break;
        st = look(r, &pc, err);
        if (st == LEM_OK && lem_run_is_due(r, o->checkpoint_every) && !lem_run_is_ill(r))
            st = lem_run_save(r, err);
    }
    r->gradient.tick_ctx = NULL;
    r->gradient.tick = NULL;
    lem_progress_free(p);
    r->result->seconds = lem_clock_seconds() - start;
    return st;
}

static lem_status init_optimizer(run *r, lem_err *err) {
    const lem_range all = {0, lem_net_n_grads(r->net)};
    lem_status st = r->o->int8_moments ? lem_optimizer_init_int8(&r->opt, r->b, r->m, r->net, err)
                                       : lem_optimizer_init(&r->opt, r->b, all, err);
    return st || !r->o->muon ? st : lem_optimizer_use_muon(&r->opt, r->b, r->m, r->net, err);
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
    lem_train_result res = {0};
    run r = {.o = o,
             .m = m,
             .b = b,
             .train = train,
             .val = val,
             .log = log,
             .cancel = cancel,
             .result = &res,
             .health = {NAN, NAN, 0, 0}};
    lem_status st = LEM_OK;
    lem_batches_how how = batches_of(o);
    lem_train_packing packing;
    LEM_TRY(lem_batches_init(&r.batches, train, &how, err));
    r.steps = r.batches.steps;
    r.schedule = (lem_schedule){o->schedule, o->lr, o->min_lr_ratio, lem_train_warmup(o, r.steps), r.steps};
    r.items = lem_alloc((size_t)r.batches.largest, sizeof *r.items, err);
    if (!r.items) LEM_TRY(LEM_EMEM);
    LEM_TRY(lem_train_pack(o, train, val, &packing, err));
    LEM_TRY(lem_net_new_part(m, b, packing.pass, &o->trainable, &r.net, err));
    if (lem_net_n_grads(r.net) == 0) LEM_TRY(lem_fail(err, LEM_EUSAGE, "stage %s: nothing learns", o->stage));
    LEM_TRY(init_optimizer(&r, err));
    LEM_TRY(lem_run_resume(&r, err));
    lem_run_live_open(&r);
    /* As max_rows would: what does not fit there does not fit here either. */
    LEM_TRY(
        lem_gradient_init(&r.gradient, r.net, b, packing.pass.rows, o->grad_slots ? o->grad_slots : 1, err));
    LEM_TRY(loop(&r, err));
    LEM_TRY(lem_run_settle(&r, err));
    lem_buf_add(telemetry, lem_buf_str(&r.rows), r.rows.len);
    LEM_TRY(lem_buf_ok(telemetry, err));
    res.steps = r.done;
    res.stopped = r.stopped && r.done < r.steps;
    LEM_TRY(lem_net_store(r.net, err));
    *result = res;
done:
    if (st == LEM_ENUMERIC) keep_last_good(&r);
    lem_run_live_close(&r);
    lem_net_free(r.net);
    lem_optimizer_release(&r.opt);
    lem_gradient_release(&r.gradient);
    lem_buf_release(&r.rows);
    lem_batches_release(&r.batches);
    lem_free(r.items);
    return st;
}
