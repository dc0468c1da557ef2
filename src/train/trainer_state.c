/* trainer_state.c - what survives a run: telemetry rows, checkpoints, the parameters of the best step */
#include "train/trainer_priv.h"

#include <math.h>
#include <stdio.h>

/* The rows from there on. They are looked at and no more: a failure ends them and not the run. */
static void live_write(run *r, size_t from) {
    size_t n = r->rows.len - from;
    if (!r->live || r->rows.failed || n == 0) return;
    if (fwrite(r->rows.data + from, 1, n, r->live) == n && fflush(r->live) == 0) return;
    lem_warn(r->log, "cannot write %s: it ends at step %ld", r->o->live_path, r->done);
    lem_run_live_close(r);
}

void lem_run_live_open(run *r) {
    if (!r->o->live_path) return;
    r->live = fopen(r->o->live_path, "we");
    if (!r->live) lem_warn(r->log, "cannot write %s: telemetry is there when the run ends", r->o->live_path);
    live_write(r, 0);
}

void lem_run_live_close(run *r) {
    if (r->live) (void)fclose(r->live);
    r->live = NULL;
}

lem_status lem_run_record(run *r, const char *prefix, double lr, double norm, const lem_train_metric *m,
                          int n, lem_err *err) {
    lem_json *row = lem_json_new_object();
    bool ok = row && lem_json_set(row, "stage", lem_json_new_str(r->o->stage)) &&
              lem_json_set(row, "step", lem_json_new_int(r->done));
    if (ok && norm >= 0)
        ok = lem_json_set(row, "lr", lem_json_new_num(lr)) &&
             lem_json_set(row, "grad_norm", lem_json_new_num(norm)) &&
             lem_json_set(row, "tokens_read", lem_json_new_int((int64_t)r->read));
    for (int i = 0; ok && i < n; i++) {
        char name[96];
        snprintf(name, sizeof name, "%s%s", prefix, m[i].name);
        ok = lem_json_set(row, name, lem_json_new_num(m[i].value));
    }
    if (ok) {
        size_t before = r->rows.len;
        lem_json_write(row, 0, &r->rows);
        lem_buf_putc(&r->rows, '\n');
        live_write(r, before);
    }
    lem_json_free(row);
    return ok ? lem_buf_ok(&r->rows, err) : lem_fail(err, LEM_EMEM, "telemetry: out of memory");
}

static bool add_health(lem_json *s, const lem_health *h) {
    return isnan(h->loss) || (lem_json_set(s, "start_loss", lem_json_new_num(h->loss)) &&
                              lem_json_set(s, "start_norm", lem_json_new_num(h->norm)) &&
                              lem_json_set(s, "late_losses", lem_json_new_int(h->late)));
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
    ok = ok && add_health(s, &r->health);
    if (ok && r->stale > 0) ok = lem_json_set(s, "stale", lem_json_new_int(r->stale));
    if (ok && r->result->has_first) ok = lem_json_set(s, "first_val", lem_json_new_num(r->result->first_val));
    if (ok) return s;
    lem_json_free(s);
    return NULL;
}

static void take_state(run *r, const lem_json *s) {
    const lem_json *first = lem_json_get(s, "first_val");
    lem_buf_puts(&r->rows, lem_json_str(lem_json_get(s, "telemetry"), ""));
    r->best_step = (long)lem_json_int(lem_json_get(s, "best_step"), 0);
    r->best = lem_json_num(lem_json_get(s, "best"), 0);
    r->health.loss = lem_json_num(lem_json_get(s, "start_loss"), NAN);
    r->health.norm = lem_json_num(lem_json_get(s, "start_norm"), NAN);
    r->health.late = (long)lem_json_int(lem_json_get(s, "late_losses"), 0);
    r->stale = (int)lem_json_int(lem_json_get(s, "stale"), 0);
    r->stopped = r->o->patience > 0 && r->stale >= r->o->patience;
    r->result->has_first = first != NULL;
    r->result->first_val = lem_json_num(first, 0);
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

enum { BLOBS_MAX = 4 };

/* The parameters come first: the best step's are saved alone. */
static int blobs_of(run *r, lem_blob out[BLOBS_MAX]) {
    const size_t n = lem_net_n_grads(r->net), bytes = n * sizeof(float);
    const lem_moments *s = &r->opt.moments;
    out[0] = (lem_blob){"params.f32", checkpoint_params(r), bytes, r->b};
    if (r->opt.n_blocks) {
        out[1] = (lem_blob){"adam-m.u8", s->m, n, r->b};
        out[2] = (lem_blob){"adam-v.u8", s->v, n, r->b};
        out[3] = (lem_blob){"adam-scales.f32", s->m_scale, 2 * r->opt.n_blocks * sizeof(float), r->b};
        return 4;
    }
    out[1] = (lem_blob){"adam-m.f32", r->opt.m, bytes, r->b};
    out[2] = (lem_blob){"adam-v.f32", r->opt.v, bytes, r->b};
    return 3;
}

/* With its moments, or the parameters alone. */
static lem_status save_as(run *r, const char *dir, bool moments, lem_err *err) {
    lem_blob blobs[BLOBS_MAX];
    int n = blobs_of(r, blobs);
    if (!moments) n = 1;
    move_params(r, false);
    lem_json *s = state_json(r);
    if (!s) return lem_fail(err, LEM_EMEM, "out of memory");
    lem_status st = lem_checkpoint_save(dir, r->done, r->o->identity, s, blobs, n, err);
    lem_json_free(s);
    return st;
}

lem_status lem_run_save(run *r, lem_err *err) {
    return r->o->checkpoint_dir ? save_as(r, r->o->checkpoint_dir, true, err) : LEM_OK;
}

lem_status lem_run_keep(run *r, lem_err *err) { return save_as(r, r->o->best_dir, false, err); }

lem_status lem_run_resume(run *r, lem_err *err) {
    lem_blob blobs[BLOBS_MAX];
    long step;
    lem_json *s = NULL;
    if (!r->o->checkpoint_dir) return LEM_OK;
    int n = blobs_of(r, blobs);
    lem_status st =
        lem_checkpoint_load_latest(r->o->checkpoint_dir, r->o->identity, blobs, n, r->log, &step, &s, err);
    if (st || step < 0) return st;
    move_params(r, true);
    lem_net_refresh(r->net);
    take_state(r, s);
    r->done = step;
    r->result->resumed = true;
    lem_json_free(s);
    lem_info(r->log, "stage %s: resumed at step %ld of %ld", r->o->stage, step, r->steps);
    return LEM_OK;
}

lem_status lem_run_take_kept(run *r, lem_err *err) {
    lem_blob blobs[BLOBS_MAX];
    lem_json *s = NULL;
    long step = -1;
    (void)blobs_of(r, blobs);
    lem_status st =
        lem_checkpoint_load_latest(r->o->best_dir, r->o->identity, blobs, 1, r->log, &step, &s, err);
    lem_json_free(s);
    if (st == LEM_OK && step != r->best_step)
        st = lem_fail(err, LEM_EIO, "%s: the parameters of step %ld, the best, are not there; use --fresh",
                      r->o->best_dir, r->best_step);
    if (st) return st;
    move_params(r, true);
    lem_net_refresh(r->net);
    return LEM_OK;
}
