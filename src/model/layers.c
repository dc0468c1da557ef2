/* layers - packed weights, the forward pass of a layer, blocks of the heads */
#include "model/layers_priv.h"

#include <math.h>
#include <string.h>

void *lem_carve_take(lem_carve *c, size_t n, size_t size) {
    size_t at = c->used;
    c->used += (n * size + 63) / 64 * 64;
    return c->base ? c->base + at : NULL;
}

/* ---- packed weights ---- */

static lem_packed carve_packed(lem_carve *mem, int N, int K, lem_dtype dtype) {
    return (lem_packed){N, K, dtype, lem_carve_take(mem, lem_packed_bytes(N, K, dtype), 1)};
}

void lem_packed_model_carve(lem_carve *mem, const lem_model_config *c, lem_dtype dtype, bool copy_small,
                            lem_packed_model *out) {
    int D = c->width, Q = c->heads * c->head_dim, KV = c->kv_heads * c->head_dim, F = c->ffn;
    lem_packed_model p = {0};
    p.layer = lem_carve_take(mem, (size_t)c->layers, sizeof *p.layer);
    for (int i = 0; i < c->layers; i++) {
        lem_packed_layer w = {0};
        if (c->fused_qkv) {
            w.qkv = carve_packed(mem, Q + 2 * KV, D, dtype);
        } else {
            w.q = carve_packed(mem, Q, D, dtype);
            w.k = carve_packed(mem, KV, D, dtype);
            w.v = carve_packed(mem, KV, D, dtype);
        }
        w.o = carve_packed(mem, D, Q, dtype);
        w.gate = carve_packed(mem, F, D, dtype);
        w.up = carve_packed(mem, F, D, dtype);
        w.down = carve_packed(mem, D, F, dtype);
        if (p.layer) p.layer[i] = w;
    }
    p.head = carve_packed(mem, c->vocab, D, dtype);
    if (c->head != LEM_HEAD_LM) p.score = carve_packed(mem, c->reward.outputs, D, LEM_DTYPE_F32);
    if (c->head != LEM_HEAD_LM && c->reward.dense) p.dense = carve_packed(mem, D, D, LEM_DTYPE_F32);
    int small = 2 * D + Q + 2 * KV;
    if (c->o_bias) small += D;
    if (c->qk_norm) small += 2 * c->head_dim;
    if (c->mlp_bias) small += 2 * F + D;
    if (copy_small)
        p.small = lem_carve_take(
            mem, (size_t)c->layers * (size_t)small + 2 * (size_t)D + LEM_HEAD_OUTPUTS_MAX, sizeof(float));
    *out = p;
}

void lem_packed_model_walk(lem_packed_model *p, const lem_model *m, const lem_weight_sink *s) {
    const lem_model_config *c = &m->config;
    int D = c->width, Q = c->heads * c->head_dim, KV = c->kv_heads * c->head_dim;
    for (int i = 0; i < c->layers; i++) {
        lem_packed_layer *w = &p->layer[i];
        const lem_layer_weights *o = &m->layer[i];
        if (c->fused_qkv) {
            s->product(s->ctx, o->qkv, &w->qkv);
        } else {
            s->product(s->ctx, o->q, &w->q);
            s->product(s->ctx, o->k, &w->k);
            s->product(s->ctx, o->v, &w->v);
        }
        s->product(s->ctx, o->o, &w->o);
        s->product(s->ctx, o->gate, &w->gate);
        s->product(s->ctx, o->up, &w->up);
        s->product(s->ctx, o->down, &w->down);
        w->attn_norm = s->vector(s->ctx, o->attn_norm, D);
        w->mlp_norm = s->vector(s->ctx, o->mlp_norm, D);
        w->q_bias = s->vector(s->ctx, o->q_bias, Q);
        w->k_bias = s->vector(s->ctx, o->k_bias, KV);
        w->v_bias = s->vector(s->ctx, o->v_bias, KV);
        w->qkv_bias = s->vector(s->ctx, o->qkv_bias, Q + 2 * KV);
        w->q_norm = s->vector(s->ctx, o->q_norm, c->head_dim);
        w->k_norm = s->vector(s->ctx, o->k_norm, c->head_dim);
        w->o_bias = s->vector(s->ctx, o->o_bias, D);
        w->gate_bias = s->vector(s->ctx, o->gate_bias, c->ffn);
        w->up_bias = s->vector(s->ctx, o->up_bias, c->ffn);
        w->down_bias = s->vector(s->ctx, o->down_bias, D);
    }
    p->final_norm = s->vector(s->ctx, m->final_norm, D);
    if (m->lm_head != SIZE_MAX) s->product(s->ctx, m->lm_head, &p->head);
    else p->head.N = 0;
    if (m->score != SIZE_MAX) s->product(s->ctx, m->score, &p->score);
    else p->score.N = 0;
    if (m->dense != SIZE_MAX) s->product(s->ctx, m->dense, &p->dense);
    p->dense_bias = s->vector(s->ctx, m->dense_bias, D);
    p->score_bias = s->vector(s->ctx, m->score_bias, m->config.reward.outputs);
}

typedef struct from_model {
    lem_backend *b;
    const lem_model *m;
    float *at; /* where the next copy goes, or NULL */
} from_model;

static void pack_product(void *ctx, size_t offset, lem_packed *to) {
    from_model *f = ctx;
    f->b->ops->pack(f->b, f->m->params + offset, to);
}

/* A norm or bias: a pointer into the model, or a copy at f->at. */
static const float *small_tensor(void *ctx, size_t offset, int n) {
    from_model *f = ctx;
    if (offset == SIZE_MAX) return NULL;
    const float *from = f->m->params + offset;
    if (!f->at) return from;
    float *to = f->at;
    memcpy(to, from, (size_t)n * sizeof *to);
    f->at += n;
    return to;
}

void lem_packed_model_fill(lem_packed_model *p, lem_backend *b, const lem_model *m) {
    from_model from = {b, m, p->small};
    lem_packed_model_walk(p, m, &(lem_weight_sink){pack_product, small_tensor, &from});
}

/* ---- one layer ---- */

static void copy_unless_same(float *to, const float *from, size_t n) {
    if (to != from) memcpy(to, from, n * sizeof *to);
}

static void copy_part(float **to, const float **from, size_t n) {
    memcpy(*to, *from, n * sizeof **to);
    *to += n;
    *from += n;
}

/* Rows of the fused projection [T,KH,H/KH+2,E] into q [T,H,E], k and v [T,KH,E]. */
static void split_qkv(const lem_model_config *c, int T, const float *qkv, float *q, float *k, float *v) {
    size_t E = (size_t)c->head_dim, group = (size_t)(c->heads / c->kv_heads) * E;
    for (long i = 0; i < (long)T * c->kv_heads; i++) {
        copy_part(&q, &qkv, group);
        copy_part(&k, &qkv, E);
        copy_part(&v, &qkv, E);
    }
}

void lem_layer_merge_qkv(const lem_model_config *c, int T, const float *q, const float *k, const float *v,
                         float *qkv) {
    size_t E = (size_t)c->head_dim, group = (size_t)(c->heads / c->kv_heads) * E;
    for (long i = 0; i < (long)T * c->kv_heads; i++) {
        copy_part(&qkv, &q, group);
        copy_part(&qkv, &k, E);
        copy_part(&qkv, &v, E);
    }
}

void lem_layer_place_queries(lem_backend *b, const lem_model_config *c, const float *norm, int heads,
                             const lem_attn_plan *plan, const float *cos_sin, const float *raw, float *q,
                             float *inv) {
    if (norm) b->ops->rmsnorm(b, plan->n_rows * heads, c->head_dim, raw, norm, c->norm_eps, q, inv);
    b->ops->rope(b, plan->n_rows, heads, c->head_dim, q, plan->pos, cos_sin, false);
}

static void attend(lem_backend *b, const lem_model_config *c, const lem_packed_layer *w,
                   const lem_batch *batch, const float *cos_sin, const lem_kv *kv, int kv_layer, int window,
                   const lem_layer_act *a) {
    const lem_backend_ops *op = b->ops;
    int T = batch->attn.n_rows, H = c->heads, KH = c->kv_heads, E = c->head_dim;
    float *q = a->q_raw ? a->q_raw : a->q;
    float *k = a->k_raw ? a->k_raw : a->k;
    lem_attn_plan plan = batch->attn;
    plan.window = window;
    if (c->fused_qkv) {
        op->linear(b, T, a->normed, &w->qkv, w->qkv_bias, a->qkv, false);
        split_qkv(c, T, a->qkv, q, k, a->v);
    } else {
        op->linear(b, T, a->normed, &w->q, w->q_bias, q, false);
        op->linear(b, T, a->normed, &w->k, w->k_bias, k, false);
        op->linear(b, T, a->normed, &w->v, w->v_bias, a->v, false);
    }
    lem_layer_place_queries(b, c, w->q_norm, H, &plan, cos_sin, q, a->q, a->inv_q);
    lem_layer_place_queries(b, c, w->k_norm, KH, &plan, cos_sin, k, a->k, a->inv_k);
    op->kv_write(b, T, KH, E, a->k, a->v, batch->page, batch->slot, kv_layer, kv);
    op->attention(b, &plan, H, KH, E, (float)(1 / sqrt((double)E)), a->q, kv_layer, kv, a->attn, a->lse);
}

void lem_layer_forward(lem_backend *b, const lem_model_config *c, const lem_packed_layer *w,
                       const lem_batch *batch, const float *cos_sin, const lem_kv *kv, int kv_layer,
                       int window, const lem_layer_act *a) {
    const lem_backend_ops *op = b->ops;
    int T = batch->attn.n_rows, D = c->width;
    op->rmsnorm(b, T, D, a->x, w->attn_norm, c->norm_eps, a->normed, a->inv1);
    attend(b, c, w, batch, cos_sin, kv, kv_layer, window, a);
    copy_unless_same(a->mid, a->x, (size_t)T * (size_t)D);
    op->linear(b, T, a->attn, &w->o, w->o_bias, a->mid, true);
    op->rmsnorm(b, T, D, a->mid, w->mlp_norm, c->norm_eps, a->normed, a->inv2);
    op->linear(b, T, a->normed, &w->gate, w->gate_bias, a->gate, false);
    op->linear(b, T, a->normed, &w->up, w->up_bias, a->up, false);
    op->swiglu(b, T, c->ffn, a->gate, a->up, a->act);
    copy_unless_same(a->out, a->mid, (size_t)T * (size_t)D);
    op->linear(b, T, a->act, &w->down, w->down_bias, a->out, true);
}

void lem_rope_table(const lem_model_config *c, int n_pos, float *cos_sin) {
    lem_rope_fill(&c->rope, c->rope_theta, c->head_dim, c->max_positions, n_pos, cos_sin);
}

/* ---- heads ---- */

enum { HEAD_ROWS_MAX = 256, HEAD_ROWS_MIN = 16, HEAD_FLOATS = 1 << 22 };

void lem_head_block_carve(lem_carve *mem, const lem_model_config *c, lem_head_block *out) {
    int rows = HEAD_FLOATS / c->vocab / LEM_PANEL * LEM_PANEL;
    if (rows > HEAD_ROWS_MAX) rows = HEAD_ROWS_MAX;
    if (rows < HEAD_ROWS_MIN) rows = HEAD_ROWS_MIN;
    out->rows = rows;
    out->hidden = lem_carve_take(mem, (size_t)rows * (size_t)c->width, sizeof(float));
    out->dense = c->reward.dense ? lem_carve_take(mem, (size_t)rows * (size_t)c->width, sizeof(float)) : NULL;
    out->logits = lem_carve_take(mem, (size_t)rows * (size_t)c->vocab, sizeof(float));
    out->lse = lem_carve_take(mem, (size_t)rows, sizeof(float));
    out->logprob = lem_carve_take(mem, (size_t)rows, sizeof(float));
}

void lem_gather_rows(int R, int D, const int *rows, const float *from, float *to) {
    for (int r = 0; r < R; r++)
        memcpy(to + (size_t)r * (size_t)D, from + (size_t)rows[r] * (size_t)D, (size_t)D * sizeof *to);
}

lem_status lem_check_rows(int R, const int *rows, int n_rows, lem_err *err) {
    for (int r = 0; r < R; r++)
        if (rows[r] < 0 || rows[r] >= n_rows)
            return lem_fail(err, LEM_EUSAGE, "row %d is outside the last pass of %d rows", rows[r], n_rows);
    return LEM_OK;
}

lem_status lem_check_targets(int R, const int32_t *target, int vocab, lem_err *err) {
    for (int r = 0; r < R; r++)
        if (target[r] < 0 || target[r] >= vocab)
            return lem_fail(err, LEM_EDATA, "token id %d is outside the vocabulary of %d", (int)target[r],
                            vocab);
    return LEM_OK;
}

void lem_head_scores(lem_backend *b, const lem_packed_model *p, const lem_head_block *h, int R,
                     const int *rows, const float *hidden, float *score) {
    size_t N = (size_t)p->score.N;
    for (int at = 0; at < R; at += h->rows) {
        int n = R - at < h->rows ? R - at : h->rows;
        const float *x = h->hidden;
        lem_gather_rows(n, p->score.K, rows + at, hidden, h->hidden);
        if (p->dense.N) {
            b->ops->linear(b, n, x, &p->dense, p->dense_bias, h->dense, false);
            for (size_t i = 0; i < (size_t)n * (size_t)p->dense.N; i++)
                h->dense[i] = h->dense[i] > 0 ? h->dense[i] : 0;
            x = h->dense;
        }
        b->ops->linear(b, n, x, &p->score, p->score_bias, score + (size_t)at * N, false);
    }
}
