/* net_backward - the backward pass of a net, written out in the reverse order of lem_layer_forward */
#include "model/net_priv.h"

#include <math.h>
#include <string.h>

float *lem_net_grad_of(const lem_net *net, size_t offset) {
    int lo = 0, hi = net->model->n_tensors; /* the tensor is in lo..hi-1 */
    if (offset == SIZE_MAX) return NULL;
    while (hi - lo > 1) {
        int mid = (lo + hi) / 2;
        if (net->model->tensors[mid].offset <= offset) lo = mid;
        else hi = mid;
    }
    return net->grad_at[lo] == SIZE_MAX ? NULL : net->grads + net->grad_at[lo];
}

static void backward_bias(lem_net *net, int N, const float *dY, size_t offset) {
    float *g = lem_net_grad_of(net, offset);
    if (g) net->b->ops->bias_grad(net->b, net->n_rows, N, dY, g);
}

static void backward_weight(lem_net *net, int N, int K, const float *dY, const float *X, size_t offset) {
    float *g = lem_net_grad_of(net, offset);
    if (g) net->b->ops->linear_dw(net->b, net->n_rows, N, K, dY, X, g);
}

/* rows of D */
static void backward_norm(lem_net *net, int rows, int D, const float *dY, const float *X, size_t offset,
                          const float *inv, float *dX) {
    float *g = lem_net_grad_of(net, offset);
    net->b->ops->rmsnorm_backward(net->b, rows, D, dY, X, net->model->params + offset, inv, dX,
                                  g ? g : net->no_grads);
}

/* out = mid + down(silu(gate) * up): dx holds d out and becomes d mid. */
static void backward_mlp(lem_net *net, int i) {
    lem_backend *b = net->b;
    const lem_backend_ops *op = b->ops;
    const lem_model *m = net->model;
    const lem_layer_weights *w = &m->layer[i];
    const lem_layer_saved *s = &net->layer[i];
    int T = net->n_rows, D = m->config.width, F = m->config.ffn;
    const float *p = m->params;
    op->swiglu(b, T, F, s->gate, s->up, net->act);
    backward_weight(net, D, F, net->dx, net->act, w->down);
    backward_bias(net, D, net->dx, w->down_bias);
    op->linear_dx(b, T, D, F, net->dx, p + w->down, net->dact, false);
    op->swiglu_backward(b, T, F, s->gate, s->up, net->dact, net->dgate, net->dup);
    op->rmsnorm(b, T, D, s->mid, p + w->mlp_norm, m->config.norm_eps, net->normed, NULL);
    backward_weight(net, F, D, net->dgate, net->normed, w->gate);
    backward_weight(net, F, D, net->dup, net->normed, w->up);
    backward_bias(net, F, net->dgate, w->gate_bias);
    backward_bias(net, F, net->dup, w->up_bias);
    op->linear_dx(b, T, F, D, net->dgate, p + w->gate, net->dnormed, false);
    op->linear_dx(b, T, F, D, net->dup, p + w->up, net->dnormed, true);
    backward_norm(net, T, D, net->dnormed, s->mid, w->mlp_norm, s->inv2, net->dx);
}

/* Back through rotation and, with qk_norm, the norm before it: dq holds the gradient of the rotated queries
 * (or keys) and becomes that of the raw ones. dattn has been used up and serves as scratch. */
static void backward_queries(lem_net *net, int heads, const float *raw, const float *inv, size_t norm,
                             float *dq) {
    lem_backend *b = net->b;
    const lem_model *m = net->model;
    int T = net->n_rows, E = m->config.head_dim;
    size_t n = (size_t)T * (size_t)heads * (size_t)E;
    b->ops->rope(b, T, heads, E, dq, net->pos, net->cos_sin, true);
    if (norm == SIZE_MAX) return;
    memset(net->dattn, 0, n * sizeof *net->dattn);
    backward_norm(net, T * heads, E, dq, raw, norm, inv, net->dattn);
    memcpy(dq, net->dattn, n * sizeof *dq);
}

/* attn = attention(rope(norm(q)), rope(norm(k)), v): dattn becomes dq, dk, dv of the projections' outputs. */
static void backward_attend(lem_net *net, int i) {
    lem_backend *b = net->b;
    const lem_model *m = net->model;
    const lem_model_config *c = &m->config;
    const lem_layer_weights *w = &m->layer[i];
    const lem_layer_saved *s = &net->layer[i];
    int T = net->n_rows, H = c->heads, KH = c->kv_heads, E = c->head_dim;
    lem_attn_plan plan = net->batch.attn;
    plan.window = lem_model_config_window(c, i);
    if (c->qk_norm) {
        lem_layer_place_queries(b, c, m->params + w->q_norm, H, &plan, net->cos_sin, s->q_raw, s->q, NULL);
        lem_layer_place_queries(b, c, m->params + w->k_norm, KH, &plan, net->cos_sin, s->k_raw, s->k, NULL);
    }
    b->ops->kv_write(b, T, KH, E, s->k, s->v, net->page, net->slot, 0, &net->kv);
    b->ops->attention_backward(b, &plan, H, KH, E, (float)(1 / sqrt((double)E)), s->q, 0, &net->kv, s->attn,
                               s->lse, net->dattn, net->dq, net->dk, net->dv);
    backward_queries(net, H, s->q_raw, s->inv_q, w->q_norm, net->dq);
    backward_queries(net, KH, s->k_raw, s->inv_k, w->k_norm, net->dk);
}

/* The projections of queries, keys and values: dnormed is the gradient of what they read. */
static void backward_projections(lem_net *net, const lem_layer_weights *w) {
    lem_backend *b = net->b;
    const lem_backend_ops *op = b->ops;
    const lem_model_config *c = &net->model->config;
    int T = net->n_rows, D = c->width, Q = c->heads * c->head_dim, KV = c->kv_heads * c->head_dim;
    const float *p = net->model->params;
    if (c->fused_qkv) {
        lem_layer_merge_qkv(c, T, net->dq, net->dk, net->dv, net->qkv);
        backward_weight(net, Q + 2 * KV, D, net->qkv, net->normed, w->qkv);
        backward_bias(net, Q + 2 * KV, net->qkv, w->qkv_bias);
        op->linear_dx(b, T, Q + 2 * KV, D, net->qkv, p + w->qkv, net->dnormed, false);
        return;
    }
    backward_weight(net, Q, D, net->dq, net->normed, w->q);
    backward_weight(net, KV, D, net->dk, net->normed, w->k);
    backward_weight(net, KV, D, net->dv, net->normed, w->v);
    backward_bias(net, Q, net->dq, w->q_bias);
    backward_bias(net, KV, net->dk, w->k_bias);
    backward_bias(net, KV, net->dv, w->v_bias);
    op->linear_dx(b, T, Q, D, net->dq, p + w->q, net->dnormed, false);
    op->linear_dx(b, T, KV, D, net->dk, p + w->k, net->dnormed, true);
    op->linear_dx(b, T, KV, D, net->dv, p + w->v, net->dnormed, true);
}

/* mid = x + o(attn): dx holds d mid and becomes d x. */
static void backward_attention(lem_net *net, int i) {
    lem_backend *b = net->b;
    const lem_backend_ops *op = b->ops;
    const lem_model *m = net->model;
    const lem_layer_weights *w = &m->layer[i];
    const lem_layer_saved *s = &net->layer[i];
    int T = net->n_rows, D = m->config.width, Q = m->config.heads * m->config.head_dim;
    const float *p = m->params;
    backward_weight(net, D, Q, net->dx, s->attn, w->o);
    backward_bias(net, D, net->dx, w->o_bias);
    op->linear_dx(b, T, D, Q, net->dx, p + w->o, net->dattn, false);
    backward_attend(net, i);
    op->rmsnorm(b, T, D, s->x, p + w->attn_norm, m->config.norm_eps, net->normed, NULL);
    backward_projections(net, w);
    backward_norm(net, T, D, net->dnormed, s->x, w->attn_norm, s->inv1, net->dx);
}

void lem_net_backward(lem_net *net) {
    if (!net->grads || net->n_rows == 0) return;
    lem_backend *b = net->b;
    const lem_model *m = net->model;
    int T = net->n_rows, D = m->config.width;
    size_t n = (size_t)T * (size_t)D;
    memset(net->dx, 0, n * sizeof *net->dx);
    backward_norm(net, T, D, net->dhidden, net->x, m->final_norm, net->inv, net->dx);
    for (int i = m->config.layers - 1; i >= net->lowest; i--) {
        backward_mlp(net, i);
        backward_attention(net, i);
    }
    float *embed = lem_net_grad_of(net, m->embed);
    if (embed) b->ops->embed_backward(b, T, D, net->ids, net->dx, embed);
    memset(net->dhidden, 0, n * sizeof *net->dhidden); /* used up: a second call adds nothing */
}

/* A tied embedding has two gradients. Each is its own chain over rows, so that two forests give the bits of
 * one; they meet here. */
float *lem_net_grads(lem_net *net) {
    if (!net->grads || !net->head_grads || !net->head_dirty) return net->grads;
    size_t n = (size_t)net->model->config.vocab * (size_t)net->model->config.width;
    net->b->ops->add(net->b, n, lem_net_grad_of(net, net->model->embed), net->head_grads);
    memset(net->head_grads, 0, n * sizeof *net->head_grads);
    net->head_dirty = false;
    return net->grads;
}

void lem_net_zero_grads(lem_net *net) {
    if (!net->grads) return;
    memset(net->grads, 0, net->n_grads * sizeof *net->grads);
    if (net->head_grads)
        memset(net->head_grads, 0,
               (size_t)net->model->config.vocab * (size_t)net->model->config.width * sizeof(float));
    net->head_dirty = false;
}

size_t lem_net_n_grads(const lem_net *net) { return net->n_grads; }
size_t lem_net_grad_at(const lem_net *net, int i) { return net->grad_at[i]; }
