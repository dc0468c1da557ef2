/* net_params.c - the parameters of a net: those that learn, and the others as they are kept */
#include "model/net_priv.h"
#include "model/session_priv.h"

typedef struct keep_ctx {
    const lem_trainable *t; /* NULL = nothing learns */
    bool host;              /* the backend works in the model's own array */
    bool based;             /* a base has the rest */
} keep_ctx;

/* Whether something reads the parameter as rows: all vectors, the embedding, and what a gradient goes back
 * through. */
static bool reads_rows(const lem_trainable *t, const lem_model_config *c, lem_role role, int layer,
                       bool vector) {
    if (vector || role == LEM_ROLE_EMBED) return true;
    return t && (layer < 0 || layer >= lem_trainable_lowest(t, c));
}

/* Whether a matrix is one of products of bf16, learning or not; reward heads are not. */
static bool in_bf16(const lem_trainable *t, lem_role role) {
    return t && t->bf16 && role != LEM_ROLE_DENSE && role != LEM_ROLE_SCORE;
}

/* Whether one that does not learn is kept as BF16. */
static bool kept_bf16(const lem_trainable *t, lem_role role) {
    return in_bf16(t, role) || (t && !t->bf16 && t->frozen_dtype == LEM_DTYPE_BF16);
}

static lem_keep keep(const void *ctx, const lem_model_config *c, lem_role role, int layer) {
    const keep_ctx *k = ctx;
    int rows, cols;
    if (k->based && lem_role_in_base(role)) return (lem_keep){0};
    (void)lem_role_shape(c, role, layer, &rows, &cols);
    bool learns = k->t && lem_trainable_has(k->t, role, layer);
    bool half = cols > 0 && in_bf16(k->t, role), narrow = cols > 0 && !learns && kept_bf16(k->t, role);
    lem_dtype dtype = narrow ? LEM_DTYPE_BF16 : LEM_DTYPE_F32;
    return (lem_keep){.packed = cols > 0 && (role != LEM_ROLE_EMBED || c->tied),
                      .rows = !learns && (narrow || !k->host) && reads_rows(k->t, c, role, layer, cols == 0),
                      .dtype = dtype,
                      .packed_dtype = half ? LEM_DTYPE_BF16 : dtype};
}

void lem_net_carve_params(lem_memory *mem, const lem_model_config *c, const lem_trainable *t, bool based,
                          lem_net *net) {
    keep_ctx k = {t, !mem->b || mem->b->ops->host_memory, based};
    lem_params_carve(mem, c, keep, &k, &net->w);
    net->twin = t && !k.host ? lem_memory_floats(mem, lem_model_trainable_size(c, t), 1) : NULL;
}

/* What learns lies in the twin or in the model's own array, where also lies what does not learn and has no
 * other place. */
void lem_net_place_params(lem_net *net) {
    const lem_model *m = net->model;
    if (m->base) lem_params_share(lem_weights_params(m->base), &m->config, &net->w);
    for (int i = 0; i < m->n_tensors; i++) {
        const lem_tensor *t = &m->tensors[i];
        lem_param *p = lem_params_at(&net->w, t->role, t->layer);
        if (net->twin && net->grad_at[i] != SIZE_MAX) p->rows = net->twin + net->grad_at[i];
        else if (!p->rows && net->pass.b->ops->host_memory && p->dtype == LEM_DTYPE_F32)
            p->rows = m->params + t->offset;
        if (t->role == LEM_ROLE_EMBED && m->config.tied) *lem_params_at(&net->w, LEM_ROLE_LM_HEAD, -1) = *p;
    }
    if (!m->base && lem_model_at(m, LEM_ROLE_LM_HEAD, -1) == SIZE_MAX)
        lem_params_forget(&net->w, LEM_ROLE_LM_HEAD);
}

static void pack(lem_net *net, const lem_param *p) {
    lem_packed to = p->packed;
    if (to.N) net->pass.b->ops->pack(net->pass.b, p->rows, &to);
}

lem_status lem_net_load(lem_net *net, lem_err *err) {
    const lem_model *m = net->model;
    lem_backend *b = net->pass.b;
    for (int i = 0; i < m->n_tensors; i++) {
        const lem_tensor *t = &m->tensors[i];
        const lem_param *p = lem_params_at(&net->w, t->role, t->layer);
        const float *values = m->params + t->offset;
        bool learns = net->twin && net->grad_at[i] != SIZE_MAX;
        if (learns) b->ops->copy_in(b, p->rows, values, t->count * sizeof *values);
        if (learns || p->rows == values) pack(net, p);
        else {
            lem_status st = lem_param_put_values(b, p, t, values, err);
            if (st) return st;
        }
    }
    return b->ops->sync(b, err);
}

lem_status lem_net_store(lem_net *net, lem_err *err) {
    lem_model *m = net->model;
    lem_backend *b = net->pass.b;
    for (int i = 0; net->twin && i < m->n_tensors; i++) {
        const lem_tensor *t = &m->tensors[i];
        if (net->grad_at[i] != SIZE_MAX)
            b->ops->copy_out(b, m->params + t->offset, net->twin + net->grad_at[i], t->count * sizeof(float));
    }
    return b->ops->sync(b, err);
}

void lem_net_refresh(lem_net *net) {
    const lem_model *m = net->model;
    for (int i = 0; net->grads && i < m->n_tensors; i++)
        if (net->grad_at[i] != SIZE_MAX)
            pack(net, lem_params_at(&net->w, m->tensors[i].role, m->tensors[i].layer));
}

float *lem_net_param_at(const lem_net *net, int i) {
    const lem_tensor *t = &net->model->tensors[i];
    return net->grad_at[i] == SIZE_MAX ? NULL : lem_params_at(&net->w, t->role, t->layer)->rows;
}

float *lem_net_learned(const lem_net *net) {
    if (net->twin) return net->twin;
    return net->n_grads == net->model->n_params ? net->model->params : NULL;
}
