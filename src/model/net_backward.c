/* net_backward - the backward pass of a net, written out in the reverse order of lem_pass_layer */
#include "model/net_priv.h"

#include <math.h>

float *lem_net_grad_of(const lem_net *net, lem_role role, int layer) {
    int lo = 0, hi = net->model->n_tensors; /* the tensor is in lo..hi-1 */
    size_t offset = lem_model_at(net->model, role, layer);
    if (offset == SIZE_MAX) return NULL;
    while (hi - lo > 1) {
        int mid = (lo + hi) / 2;
        if (net->model->tensors[mid].offset <= offset) lo = mid;
        else hi = mid;
    }
    return net->grad_at[lo] == SIZE_MAX ? NULL : net->grads + net->grad_at[lo];
}

void lem_net_dx(lem_net *net, int T, int N, int K, const float *dY, const lem_param *w, float *dX,
                bool accumulate) {
    lem_backend *b = net->pass.b;
    if (!w->rows) b->ops->linear_dx_packed(b, T, dY, &w->packed, dX, accumulate);
    else if (net->bf16) b->ops->linear_dx_bf16(b, T, N, K, dY, w->rows, w->dtype, dX, accumulate);
    else b->ops->linear_dx(b, T, N, K, dY, w->rows, w->dtype, dX, accumulate);
}

void lem_net_dw(lem_net *net, int T, int N, int K, const float *dY, const float *X, int n_runs,
                const int *runs, float *dW) {
    lem_backend *b = net->pass.b;
    if (net->bf16) b->ops->linear_dw_bf16(b, T, N, K, dY, X, n_runs, runs, dW);
    else b->ops->linear_dw(b, T, N, K, dY, X, dW);
}

/* Of all rows of the pass. */
static void rows_dw(lem_net *net, int N, int K, const float *dY, const float *X, float *dW) {
    if (dW) lem_net_dw(net, net->pass.n_rows, N, K, dY, X, net->pass.n_trees, net->runs, dW);
}

static void backward_bias(lem_net *net, int layer, lem_role role, int N, const float *dY) {
    float *g = lem_net_grad_of(net, role, layer);
    if (g) net->pass.b->ops->bias_grad(net->pass.b, net->pass.n_rows, N, dY, g);
}

typedef struct product {
    lem_role weight, bias;
    int N, K;
} product;

/* The gradient of X A^T of an adapter into net->dlow. False: there is none. */
static bool backward_low(lem_net *net, int layer, const product *p, const float *dY) {
    lem_pass *s = &net->pass;
    lem_role a = lem_role_adapter(p->weight);
    int T = s->n_rows, rank = s->c->lora.rank;
    if (!rank || a == LEM_ROLE_COUNT || !lem_params_at(&net->w, a, layer)->packed.N) return false;
    const lem_param *b = lem_params_at(&net->w, a + 1, layer);
    lem_net_dx(net, T, p->N, rank, dY, b, net->dlow, false);
    s->b->ops->scale(s->b, (size_t)T * (size_t)rank, net->dlow, s->c->lora.scale);
    return true;
}

static void backward_adapter(lem_net *net, int layer, const product *p, const float *dY, const float *X) {
    lem_pass *s = &net->pass;
    lem_role a = lem_role_adapter(p->weight);
    int rank = s->c->lora.rank;
    if (!backward_low(net, layer, p, dY) || !lem_pass_low(s, layer, a, X)) return;
    rows_dw(net, p->N, rank, dY, s->low, lem_net_grad_of(net, a + 1, layer));
    rows_dw(net, rank, p->K, net->dlow, s->noise.on ? s->dropped : X, lem_net_grad_of(net, a, layer));
}

static void backward_weight(lem_net *net, int layer, const product *p, const float *dY, const float *X) {
    rows_dw(net, p->N, p->K, dY, X, lem_net_grad_of(net, p->weight, layer));
    backward_bias(net, layer, p->bias, p->N, dY);
    backward_adapter(net, layer, p, dY, X);
}

static void backward_input(lem_net *net, int layer, const product *p, const float *dY, float *dX,
                           bool accumulate) {
    const lem_param *w = lem_params_at(&net->w, p->weight, layer);
    lem_pass *s = &net->pass;
    lem_net_dx(net, s->n_rows, p->N, p->K, dY, w, dX, accumulate);
    if (!backward_low(net, layer, p, dY)) return;
    const lem_param *a = lem_params_at(&net->w, lem_role_adapter(p->weight), layer);
    bool noise = s->noise.on;
    lem_net_dx(net, s->n_rows, s->c->lora.rank, p->K, net->dlow, a, noise ? s->dropped : dX, !noise);
    if (noise) lem_pass_drop_into(s, layer, lem_role_adapter(p->weight), p->K, s->dropped, dX);
}

/* rows of D */
static void backward_norm(lem_net *net, int layer, lem_role role, int rows, int D, const float *dY,
                          const float *X, const float *inv, float *dX) {
    float *g = lem_net_grad_of(net, role, layer);
    net->pass.b->ops->rmsnorm_backward(net->pass.b, rows, D, dY, X, lem_params_vector(&net->w, role, layer),
                                       inv, dX, g ? g : net->no_grads);
}

/* A norm's output, once more. */
static void forward_norm(lem_net *net, int layer, lem_role role, const float *x) {
    const lem_model_config *c = net->pass.c;
    net->pass.b->ops->rmsnorm(net->pass.b, net->pass.n_rows, c->width, x,
                              lem_params_vector(&net->w, role, layer), c->norm_eps, net->pass.normed, NULL);
}

/* out = mid + down(silu(gate) * up): dx holds d out and becomes d mid. */
static void backward_mlp(lem_net *net, int i) {
    lem_backend *b = net->pass.b;
    const lem_backend_ops *op = b->ops;
    const lem_layer_act *s = &net->layer[i];
    int T = net->pass.n_rows, D = net->pass.c->width, F = net->pass.c->ffn;
    const product down = {LEM_ROLE_DOWN, LEM_ROLE_DOWN_BIAS, D, F},
                  gate = {LEM_ROLE_GATE, LEM_ROLE_GATE_BIAS, F, D},
                  up = {LEM_ROLE_UP, LEM_ROLE_UP_BIAS, F, D};
    op->swiglu(b, T, F, s->gate, s->up, net->pass.act);
    backward_weight(net, i, &down, net->dx, net->pass.act);
    backward_input(net, i, &down, net->dx, net->dact, false);
    op->swiglu_backward(b, T, F, s->gate, s->up, net->dact, net->dgate, net->dup);
    forward_norm(net, i, LEM_ROLE_MLP_NORM, s->mid);
    backward_weight(net, i, &gate, net->dgate, net->pass.normed);
    backward_weight(net, i, &up, net->dup, net->pass.normed);
    backward_input(net, i, &gate, net->dgate, net->dnormed, false);
    backward_input(net, i, &up, net->dup, net->dnormed, true);
    backward_norm(net, i, LEM_ROLE_MLP_NORM, T, D, net->dnormed, s->mid, s->inv2, net->dx);
}

/* Back through rotation and, with qk_norm, the norm before it: dq holds the gradient of the rotated queries
 * (or keys) and becomes that of the raw ones. dattn has been used up and serves as scratch. */
static void backward_queries(lem_net *net, int i, const lem_queries *q, float *dq) {
    lem_backend *b = net->pass.b;
    int T = net->pass.n_rows, E = net->pass.c->head_dim;
    size_t bytes = (size_t)T * (size_t)q->heads * (size_t)E * sizeof *dq;
    b->ops->rope(b, T, q->heads, E, dq, net->pass.dev.pos, net->pass.cos_sin, true);
    if (!net->pass.c->qk_norm) return;
    b->ops->zero(b, net->dattn, bytes);
    backward_norm(net, i, q->norm, T * q->heads, E, dq, q->raw, q->inv, net->dattn);
    b->ops->copy(b, dq, net->dattn, bytes);
}

/* attn = attention(rope(norm(q)), rope(norm(k)), v): dattn becomes dq, dk, dv of the projections' outputs. */
static void backward_attend(lem_net *net, int i) {
    lem_pass *p = &net->pass;
    const lem_model_config *c = p->c;
    const lem_layer_act *s = &net->layer[i];
    int T = p->n_rows, H = c->heads, KH = c->kv_heads, E = c->head_dim;
    lem_attn_plan plan = lem_pass_plan(p, i);
    const lem_queries q = {LEM_ROLE_Q_NORM, H, s->q_raw, s->q, s->inv_q},
                      k = {LEM_ROLE_K_NORM, KH, s->k_raw, s->k, s->inv_k};
    if (c->qk_norm) {
        lem_pass_place_queries(p, i, &(lem_queries){q.norm, H, q.raw, q.out, NULL});
        lem_pass_place_queries(p, i, &(lem_queries){k.norm, KH, k.raw, k.out, NULL});
    }
    p->b->ops->kv_write(p->b, T, KH, E, s->k, s->v, p->dev.page, p->dev.slot, 0, &p->kv);
    p->b->ops->attention_backward(p->b, &plan, H, KH, E, (float)(1 / sqrt((double)E)), s->q, 0, &p->kv,
                                  s->attn, s->lse, net->dattn, net->dq, net->dk, net->dv);
    backward_queries(net, i, &q, net->dq);
    backward_queries(net, i, &k, net->dk);
}

/* The projections of queries, keys and values: dnormed is the gradient of what they read. */
static void backward_projections(lem_net *net, int i) {
    const lem_model_config *c = net->pass.c;
    int D = c->width, Q = c->heads * c->head_dim, KV = c->kv_heads * c->head_dim;
    const float *x = net->pass.normed;
    if (c->fused_qkv) {
        const product qkv = {LEM_ROLE_QKV, LEM_ROLE_QKV_BIAS, Q + 2 * KV, D};
        net->pass.b->ops->merge_qkv(net->pass.b, net->pass.n_rows, c->heads, c->kv_heads, c->head_dim,
                                    net->dq, net->dk, net->dv, net->pass.qkv);
        backward_weight(net, i, &qkv, net->pass.qkv, x);
        backward_input(net, i, &qkv, net->pass.qkv, net->dnormed, false);
        return;
    }
    const product q = {LEM_ROLE_Q, LEM_ROLE_Q_BIAS, Q, D}, k = {LEM_ROLE_K, LEM_ROLE_K_BIAS, KV, D},
                  v = {LEM_ROLE_V, LEM_ROLE_V_BIAS, KV, D};
    backward_weight(net, i, &q, net->dq, x);
    backward_weight(net, i, &k, net->dk, x);
    backward_weight(net, i, &v, net->dv, x);
    backward_input(net, i, &q, net->dq, net->dnormed, false);
    backward_input(net, i, &k, net->dk, net->dnormed, true);
    backward_input(net, i, &v, net->dv, net->dnormed, true);
}

/* mid = x + o(attn): dx holds d mid and becomes d x. */
static void backward_attention(lem_net *net, int i) {
    const lem_layer_act *s = &net->layer[i];
    int T = net->pass.n_rows, D = net->pass.c->width, Q = net->pass.c->heads * net->pass.c->head_dim;
    const product o = {LEM_ROLE_O, LEM_ROLE_O_BIAS, D, Q};
    backward_weight(net, i, &o, net->dx, s->attn);
    backward_input(net, i, &o, net->dx, net->dattn, false);
    backward_attend(net, i);
    forward_norm(net, i, LEM_ROLE_ATTN_NORM, s->x);
    backward_projections(net, i);
    backward_norm(net, i, LEM_ROLE_ATTN_NORM, T, D, net->dnormed, s->x, s->inv1, net->dx);
}

void lem_net_backward(lem_net *net) {
    if (!net->grads || net->pass.n_rows == 0) return;
    lem_backend *b = net->pass.b;
    int T = net->pass.n_rows, D = net->pass.c->width, layers = net->pass.c->layers;
    size_t bytes = (size_t)T * (size_t)D * sizeof(float);
    b->ops->zero(b, net->dx, bytes);
    backward_norm(net, -1, LEM_ROLE_FINAL_NORM, T, D, net->dhidden, net->layer[layers - 1].out, net->inv,
                  net->dx);
    for (int i = layers - 1; i >= net->lowest; i--) {
        /* what the layers share is the last one's */
        if (net->recompute && i + 1 < layers) lem_pass_layer_inside(&net->pass, i, 0, &net->layer[i]);
        backward_mlp(net, i);
        backward_attention(net, i);
    }
    float *embed = lem_net_grad_of(net, LEM_ROLE_EMBED, -1);
    if (embed) b->ops->scatter_add(b, T, D, net->pass.dev.ids, net->dx, embed);
    b->ops->zero(b, net->dhidden, bytes); /* used up: a second call adds nothing */
}

/* Elements of the gradient of a tied head. */
static size_t head_size(const lem_net *net) {
    return (size_t)net->pass.c->vocab * (size_t)net->pass.c->width;
}

/* A tied embedding has two gradients. Each is its own chain over rows, so that two forests give the bits of
 * one; they meet here. */
float *lem_net_grads(lem_net *net) {
    lem_backend *b = net->pass.b;
    if (!net->grads || !net->head_grads || !net->head_dirty) return net->grads;
    b->ops->add(b, head_size(net), lem_net_grad_of(net, LEM_ROLE_EMBED, -1), net->head_grads);
    b->ops->zero(b, net->head_grads, head_size(net) * sizeof *net->head_grads);
    net->head_dirty = false;
    return net->grads;
}

void lem_net_zero_grads(lem_net *net) {
    lem_backend *b = net->pass.b;
    if (!net->grads) return;
    b->ops->zero(b, net->grads, net->n_grads * sizeof *net->grads);
    if (net->head_grads) b->ops->zero(b, net->head_grads, head_size(net) * sizeof *net->head_grads);
    net->head_dirty = false;
}

size_t lem_net_n_grads(const lem_net *net) { return net->n_grads; }
size_t lem_net_grad_at(const lem_net *net, int i) { return net->grad_at[i]; }
