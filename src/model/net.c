/* net - a model over a forest: planned memory, forward, losses */
#include "core/mem.h"
#include "model/net_priv.h"

#include <stddef.h>
#include <string.h>

/* ---- memory ---- */

static float *take(lem_carve *mem, size_t rows, size_t cols) {
    return lem_carve_take(mem, rows * cols, sizeof(float));
}

/* What one layer saves; with qk_norm and gradients, q and k are those of the layer before. */
static void carve_layer(lem_carve *mem, const lem_model_config *c, size_t T, bool grads, bool first,
                        lem_layer_saved *s) {
    size_t D = (size_t)c->width, Q = (size_t)(c->heads * c->head_dim),
           KV = (size_t)(c->kv_heads * c->head_dim), F = (size_t)c->ffn;
    size_t H = (size_t)c->heads, KH = (size_t)c->kv_heads;
    bool raw = c->qk_norm && grads;
    s->x = take(mem, T, D);
    if (!raw || first) s->q = take(mem, T, Q);
    if (!raw || first) s->k = take(mem, T, KV);
    if (raw) {
        s->q_raw = take(mem, T, Q);
        s->k_raw = take(mem, T, KV);
        s->inv_q = take(mem, T, H);
        s->inv_k = take(mem, T, KH);
    }
    s->v = take(mem, T, KV);
    s->attn = take(mem, T, Q);
    s->lse = take(mem, T, H);
    s->inv1 = take(mem, T, 1);
    s->inv2 = take(mem, T, 1);
    s->mid = grads ? take(mem, T, D) : s->x;
    s->gate = take(mem, T, F);
    s->up = take(mem, T, F);
}

/* Layers from `lowest` on keep what backward needs; those below share one. */
static void carve_layers(lem_carve *mem, const lem_model_config *c, size_t T, int lowest, lem_net *net) {
    lem_layer_saved s = {0};
    net->layer = lem_carve_take(mem, (size_t)c->layers, sizeof *net->layer);
    for (int i = 0; i < c->layers; i++) {
        if (i >= lowest || i == 0) carve_layer(mem, c, T, i >= lowest, i == 0, &s);
        if (net->layer) net->layer[i] = s;
    }
    net->x = lowest < c->layers ? take(mem, T, (size_t)c->width) : s.x;
}

static void carve_attn_plan(lem_carve *mem, size_t T, lem_net *net) {
    net->ids = lem_carve_take(mem, T, sizeof *net->ids);
    net->pos = lem_carve_take(mem, T, sizeof *net->pos);
    net->page = lem_carve_take(mem, T, sizeof *net->page);
    net->slot = lem_carve_take(mem, T, sizeof *net->slot);
    net->segs = lem_carve_take(mem, T, sizeof *net->segs);
    net->trees = lem_carve_take(mem, T, sizeof *net->trees);
    net->subtree = lem_carve_take(mem, 2 * T, sizeof *net->subtree);
}

static void carve_grads(lem_carve *mem, const lem_model_config *c, size_t T, const lem_trainable *t,
                        lem_net *net) {
    size_t D = (size_t)c->width, Q = (size_t)(c->heads * c->head_dim),
           KV = (size_t)(c->kv_heads * c->head_dim), F = (size_t)c->ffn;
    bool embed = lem_trainable_has(t, LEM_ROLE_EMBED, -1);
    net->grad_at = lem_carve_take(mem, ((size_t)c->layers + 1) * LEM_ROLE_COUNT, sizeof *net->grad_at);
    net->grads = take(mem, lem_model_trainable_size(c, t), 1);
    net->head_grads = c->tied && embed ? take(mem, (size_t)c->vocab, D) : NULL;
    net->no_grads = t->frozen_roles || t->frozen_layers ? take(mem, D, 1) : NULL;
    net->dhidden = take(mem, T, D);
    net->dx = take(mem, T, D);
    net->dq = take(mem, T, Q);
    net->dk = take(mem, T, KV);
    net->dv = take(mem, T, KV);
    net->dattn = take(mem, T, Q);
    net->dnormed = take(mem, T, D);
    net->dact = take(mem, T, F);
    net->dgate = take(mem, T, F);
    net->dup = take(mem, T, F);
}

/* t: NULL = without gradients */
static void carve(lem_carve *mem, const lem_model_config *c, int max_rows, const lem_trainable *t,
                  lem_net *net) {
    size_t T = (size_t)max_rows, D = (size_t)c->width;
    size_t positions = (size_t)(c->max_positions < max_rows ? c->max_positions : max_rows);
    lem_packed_model_carve(mem, c, LEM_DTYPE_F32, false, &net->weights);
    net->cos_sin = take(mem, positions, (size_t)c->head_dim);
    carve_layers(mem, c, T, t ? lem_trainable_lowest(t, c) : c->layers, net);
    net->hidden = take(mem, T, D);
    net->inv = take(mem, T, 1);
    net->normed = take(mem, T, D);
    net->act = take(mem, T, (size_t)c->ffn);
    net->qkv = c->fused_qkv ? take(mem, T, (size_t)(c->heads + 2 * c->kv_heads) * (size_t)c->head_dim) : NULL;
    net->kv = lem_kv_layout(NULL, 1, c->kv_heads, c->head_dim);
    net->kv.data = take(
        mem, T, net->kv.page_stride); /* a node of one token takes a page; pages not used are never touched */
    carve_attn_plan(mem, T, net);
    lem_head_block_carve(mem, c, &net->head);
    if (t) carve_grads(mem, c, T, t, net);
}

static const lem_trainable everything = {0, 0};

/* t: NULL = without gradients */
static size_t bytes_of(const lem_model_config *c, int max_rows, const lem_trainable *t) {
    lem_carve mem = {NULL, 0};
    lem_net net = {0};
    lem_model_config checked = *c;
    if (max_rows < 1 || lem_model_config_check(&checked, NULL) != LEM_OK) return 0;
    carve(&mem, &checked, max_rows, t, &net);
    return mem.used + sizeof net;
}

size_t lem_net_bytes(const lem_model_config *c, int max_rows, bool grads) {
    return bytes_of(c, max_rows, grads ? &everything : NULL);
}

size_t lem_net_part_bytes(const lem_model_config *c, int max_rows, const lem_trainable *t) {
    return bytes_of(c, max_rows, t);
}

/* Gives each tensor that learns its place in the gradient. */
static void place_grads(lem_net *net, const lem_trainable *t) {
    const lem_model *m = net->model;
    net->n_grads = 0;
    for (int i = 0; i < m->n_tensors; i++) {
        const lem_tensor *w = &m->tensors[i];
        size_t end = i + 1 < m->n_tensors ? w[1].offset : m->n_params;
        net->grad_at[i] = SIZE_MAX;
        if (!lem_trainable_has(t, w->role, w->layer)) continue;
        net->grad_at[i] = net->n_grads;
        net->n_grads += end - w->offset;
    }
}

/* t: NULL = without gradients */
static lem_status make(lem_model *m, lem_backend *b, int max_rows, const lem_trainable *t, lem_net **out,
                       lem_err *err) {
    lem_status st = LEM_OK;
    if (max_rows < 1) return lem_fail(err, LEM_EUSAGE, "a net needs at least one row, not %d", max_rows);
    if ((int64_t)max_rows * m->config.heads > INT32_MAX)
        return lem_fail(err, LEM_EUSAGE, "a net of %d rows with %d heads", max_rows, m->config.heads);
    size_t bytes = bytes_of(&m->config, max_rows, t) - sizeof(lem_net);
    lem_net *net = lem_alloc_zero(1, sizeof *net, err);
    if (!net) return LEM_EMEM;
    net->block = lem_alloc_aligned(bytes, 1, err);
    if (!net->block) LEM_TRY(LEM_EMEM);
    net->bytes = bytes + sizeof *net;
    lem_carve mem = {net->block, 0};
    carve(&mem, &m->config, max_rows, t, net);
    net->model = m;
    net->b = b;
    net->max_rows = max_rows;
    net->lowest = t ? lem_trainable_lowest(t, &m->config) : m->config.layers;
    lem_rope_table(&m->config, m->config.max_positions < max_rows ? m->config.max_positions : max_rows,
                   net->cos_sin);
    lem_net_refresh(net);
    if (t) {
        place_grads(net, t);
        lem_net_zero_grads(net);
    }
    *out = net;
    net = NULL;
done:
    lem_net_free(net);
    return st;
}

lem_status lem_net_new(lem_model *m, lem_backend *b, int max_rows, bool grads, lem_net **out, lem_err *err) {
    return make(m, b, max_rows, grads ? &everything : NULL, out, err);
}

lem_status lem_net_new_part(lem_model *m, lem_backend *b, int max_rows, const lem_trainable *t, lem_net **out,
                            lem_err *err) {
    return make(m, b, max_rows, t, out, err);
}

void lem_net_free(lem_net *net) {
    if (!net) return;
    lem_free(net->block);
    lem_free(net);
}

void lem_net_refresh(lem_net *net) { lem_packed_model_fill(&net->weights, net->b, net->model); }

/* ---- layout of a forest ---- */

static lem_status check_forest(const lem_net *net, const lem_forest *f, lem_err *err) {
    const lem_model_config *c = &net->model->config;
    if (f->n_rows < 1) return lem_fail(err, LEM_EUSAGE, "a forest without tokens");
    if (f->n_rows > net->max_rows)
        return lem_fail(err, LEM_EMEM, "a forest of %d rows in a net planned for %d", f->n_rows,
                        net->max_rows);
    if ((size_t)f->n_nodes > 2 * (size_t)net->max_rows)
        return lem_fail(err, LEM_EMEM, "a forest of %d nodes in a net planned for %d rows", f->n_nodes,
                        net->max_rows);
    for (int t = 0; t < f->n_rows; t++)
        if (f->pos[t] >= c->max_positions)
            return lem_fail(err, LEM_EDATA, "position %d is beyond the model's context of %d tokens",
                            f->pos[t], c->max_positions);
    return lem_check_targets(f->n_rows, f->ids, c->vocab, err);
}

static void subtree_ends(const lem_forest *f, int *end) {
    for (int i = 0; i < f->n_nodes; i++) end[i] = f->nodes[i].row0 + f->nodes[i].n;
    for (int i = f->n_nodes - 1; i >= 0; i--) {
        int p = f->nodes[i].parent;
        if (p >= 0 && end[p] < end[i]) end[p] = end[i];
    }
}

static int lay_out_node(lem_net *net, const lem_forest_node *x, int end_row, int n_segs) {
    for (int i = 0; i < x->n; i++) {
        net->page[x->row0 + i] = n_segs + i / LEM_PAGE_KEYS;
        net->slot[x->row0 + i] = i % LEM_PAGE_KEYS;
    }
    for (int i = 0; i < x->n; i += LEM_PAGE_KEYS, n_segs++) {
        int n = x->n - i < LEM_PAGE_KEYS ? x->n - i : LEM_PAGE_KEYS;
        net->segs[n_segs] = (lem_attn_seg){x->row0 + i, end_row, n_segs, n, x->pos0 + i, x->row0 + i};
    }
    return n_segs;
}

/* Copies the forest's rows and lays its nodes out in pages: segment i is page i. */
static void lay_out_forest(lem_net *net, const lem_forest *f) {
    int n_segs = 0, n_trees = 0;
    memcpy(net->ids, f->ids, (size_t)f->n_rows * sizeof *net->ids);
    memcpy(net->pos, f->pos, (size_t)f->n_rows * sizeof *net->pos);
    subtree_ends(f, net->subtree);
    for (int i = 0; i < f->n_nodes; i++) {
        const lem_forest_node *x = &f->nodes[i];
        int end = net->subtree[i];
        if (x->parent < 0 && end > x->row0)
            net->trees[n_trees++] = (lem_attn_tree){x->row0, end, n_segs, n_segs, 0};
        n_segs = lay_out_node(net, x, end, n_segs);
        if (x->n == 0) continue;
        lem_attn_tree *tree = &net->trees[n_trees - 1];
        tree->seg1 = n_segs;
        if (tree->max_len < x->pos0 + x->n) tree->max_len = x->pos0 + x->n;
    }
    size_t page = net->kv.page_stride;
    if (n_segs > net->pages_clean) {
        memset(net->kv.data + (size_t)net->pages_clean * page, 0,
               (size_t)(n_segs - net->pages_clean) * page * sizeof(float));
        net->pages_clean = n_segs;
    }
    net->n_rows = f->n_rows;
    net->batch = (lem_batch){{f->n_rows, n_trees, net->pos, net->trees, net->segs, 0}, net->page, net->slot};
}

/* ---- forward ---- */

lem_status lem_net_forward(lem_net *net, const lem_forest *f, lem_err *err) {
    lem_status st = check_forest(net, f, err);
    if (st != LEM_OK) return st;
    const lem_model *m = net->model;
    const lem_model_config *c = &m->config;
    lem_backend *b = net->b;
    lay_out_forest(net, f);
    int T = net->n_rows, D = c->width;
    b->ops->embed(b, T, D, net->ids, m->params + m->embed, net->layer[0].x);
    for (int i = 0; i < c->layers; i++) {
        const lem_layer_saved *s = &net->layer[i];
        lem_layer_act a = {.x = s->x,
                           .q = s->q,
                           .k = s->k,
                           .v = s->v,
                           .q_raw = s->q_raw,
                           .k_raw = s->k_raw,
                           .inv_q = s->inv_q,
                           .inv_k = s->inv_k,
                           .attn = s->attn,
                           .lse = s->lse,
                           .inv1 = s->inv1,
                           .inv2 = s->inv2,
                           .mid = s->mid,
                           .gate = s->gate,
                           .up = s->up,
                           .out = i + 1 < c->layers ? net->layer[i + 1].x : net->x,
                           .normed = net->normed,
                           .act = net->act,
                           .qkv = net->qkv};
        lem_layer_forward(b, c, &net->weights.layer[i], &net->batch, net->cos_sin, &net->kv, 0,
                          lem_model_config_window(c, i), &a);
    }
    b->ops->rmsnorm(b, T, D, net->x, net->weights.final_norm, c->norm_eps, net->hidden, net->inv);
    if (net->grads) memset(net->dhidden, 0, (size_t)T * (size_t)D * sizeof *net->dhidden);
    return LEM_OK;
}

const float *lem_net_hidden(const lem_net *net) { return net->hidden; }

/* ---- heads ---- */

static void scatter_add(int R, int D, const int *rows, const float *from, float *to) {
    for (int r = 0; r < R; r++)
        for (int d = 0; d < D; d++)
            to[(size_t)rows[r] * (size_t)D + (size_t)d] += from[(size_t)r * (size_t)D + (size_t)d];
}

/* Gradient of a head's product: into its weight (NULL = does not learn), and into the hidden rows (through
 * the gathered block, which is overwritten). */
static void head_backward(lem_net *net, int n, int N, const float *dY, const float *W, float *dW,
                          const int *rows) {
    lem_backend *b = net->b;
    int D = net->model->config.width;
    if (dW) b->ops->linear_dw(b, n, N, D, dY, net->head.hidden, dW);
    b->ops->linear_dx(b, n, N, D, dY, W, net->head.hidden, false);
    scatter_add(n, D, rows, net->head.hidden, net->dhidden);
}

lem_status lem_net_lm(lem_net *net, int R, const int *rows, const int32_t *target, const float *weight,
                      float *logprob, lem_err *err) {
    lem_status st = LEM_OK;
    lem_backend *b = net->b;
    const lem_model *m = net->model;
    const lem_head_block *h = &net->head;
    int D = m->config.width, V = m->config.vocab;
    if (m->lm_head == SIZE_MAX) return lem_fail(err, LEM_EUSAGE, "this model has no language-model head");
    if (weight && !net->grads) return lem_fail(err, LEM_EUSAGE, "this net was made without gradients");
    LEM_TRY(lem_check_rows(R, rows, net->n_rows, err));
    LEM_TRY(lem_check_targets(R, target, V, err));
    float *dW = NULL;
    if (weight) dW = m->config.tied ? net->head_grads : lem_net_grad_of(net, m->lm_head);
    for (int at = 0; at < R; at += h->rows) {
        int n = R - at < h->rows ? R - at : h->rows;
        lem_gather_rows(n, D, rows + at, net->hidden, h->hidden);
        b->ops->linear(b, n, h->hidden, &net->weights.head, NULL, h->logits, false);
        b->ops->logprob(b, n, V, h->logits, target + at, h->logprob, h->lse);
        if (logprob) memcpy(logprob + at, h->logprob, (size_t)n * sizeof *logprob);
        if (!weight) continue;
        b->ops->softmax_xent_grad(b, n, V, h->logits, target + at, weight + at, h->lse);
        head_backward(net, n, V, h->logits, m->params + m->lm_head, dW, rows + at);
    }
    if (weight) net->head_dirty = true;
done:
    return st;
}

lem_status lem_net_scores(lem_net *net, int R, const int *rows, float *score, lem_err *err) {
    if (net->model->score == SIZE_MAX)
        return lem_fail(err, LEM_EUSAGE, "this model has no reward head (score.weight)");
    lem_status st = lem_check_rows(R, rows, net->n_rows, err);
    if (st == LEM_OK) lem_head_scores(net->b, &net->weights, &net->head, R, rows, net->hidden, score);
    return st;
}

lem_status lem_net_scores_grad(lem_net *net, int R, const int *rows, const float *dscore, lem_err *err) {
    const lem_model *m = net->model;
    if (m->score == SIZE_MAX)
        return lem_fail(err, LEM_EUSAGE, "this model has no reward head (score.weight)");
    if (m->config.head != LEM_HEAD_SCALAR)
        return lem_fail(err, LEM_EUSAGE, "only the scalar head score.weight can be trained");
    if (!net->grads) return lem_fail(err, LEM_EUSAGE, "this net was made without gradients");
    lem_status st = lem_check_rows(R, rows, net->n_rows, err);
    if (st != LEM_OK) return st;
    for (int at = 0; at < R; at += net->head.rows) {
        int n = R - at < net->head.rows ? R - at : net->head.rows;
        lem_gather_rows(n, m->config.width, rows + at, net->hidden, net->head.hidden);
        head_backward(net, n, 1, dscore + at, m->params + m->score, lem_net_grad_of(net, m->score),
                      rows + at);
    }
    return LEM_OK;
}
