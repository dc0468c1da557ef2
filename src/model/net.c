/* net - a model over a forest: planned memory, forward, losses */
#include "core/mem.h"
#include "core/rng.h"
#include "model/net_priv.h"
#include "model/session.h"

#include <string.h>

/* ---- memory ---- */

static float *take(lem_memory *mem, size_t rows, size_t cols) { return lem_memory_floats(mem, rows, cols); }

/* What one layer saves beside its input; with qk_norm and gradients, q and k are those of the layer before.
 */
static void carve_layer(lem_memory *mem, const lem_model_config *c, size_t T, bool grads, bool first,
                        lem_layer_act *s) {
    size_t D = (size_t)c->width, Q = (size_t)(c->heads * c->head_dim),
           KV = (size_t)(c->kv_heads * c->head_dim), F = (size_t)c->ffn;
    size_t H = (size_t)c->heads, KH = (size_t)c->kv_heads;
    bool raw = c->qk_norm && grads;
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

/* Layers from `lowest` on keep what backward needs, all but their input in one place with `recompute`; those
 * below share one. */
static void carve_layers(lem_memory *mem, const lem_model_config *c, size_t T, int lowest, bool recompute,
                         lem_net *net) {
    lem_layer_act s = {0};
    net->layer = lem_carve_take(&mem->host, (size_t)c->layers, sizeof *net->layer);
    for (int i = 0; i < c->layers; i++) {
        bool grads = i >= lowest;
        if (grads || i == 0) s.x = take(mem, T, (size_t)c->width);
        if (i == 0 || i == lowest || (grads && !recompute)) carve_layer(mem, c, T, grads, i == 0, &s);
        if (net->layer) net->layer[i] = s;
    }
    float *x = lowest < c->layers ? take(mem, T, (size_t)c->width) : s.x;
    for (int i = 0; net->layer && i < c->layers; i++)
        net->layer[i].out = i + 1 < c->layers ? net->layer[i + 1].x : x;
}

static void carve_grads(lem_memory *mem, const lem_model_config *c, size_t T, const lem_trainable *t,
                        lem_net *net) {
    size_t D = (size_t)c->width, Q = (size_t)(c->heads * c->head_dim),
           KV = (size_t)(c->kv_heads * c->head_dim), F = (size_t)c->ffn;
    bool embed = lem_trainable_has(t, LEM_ROLE_EMBED, -1);
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
    net->dlow = c->lora.rank ? take(mem, T, (size_t)c->lora.rank) : NULL;
}

/* Every node begins a page; one of a token takes it whole. */
static int pages_of(lem_net_size size) {
    int64_t most = (int64_t)size.rows / LEM_PAGE_KEYS + size.nodes;
    return size.nodes > 0 && most < size.rows ? (int)most : size.rows;
}

/* Whether products are of bf16: as told, and without gradients over a base those that its net would have. */
static bool in_bf16(const lem_memory *mem, const lem_trainable *t, bool based) {
    return t ? t->bf16 : based && mem->b && mem->b->compute == LEM_COMPUTE_BF16;
}

/* t: NULL = without gradients */
static void carve(lem_memory *mem, const lem_model_config *c, lem_net_size most, const lem_trainable *t,
                  bool based, lem_net *net) {
    size_t T = (size_t)most.rows;
    int positions = c->max_positions < most.rows ? c->max_positions : most.rows, pages = pages_of(most);
    lem_dtype kv = in_bf16(mem, t, based) ? LEM_DTYPE_BF16 : LEM_DTYPE_F32;
    lem_pass_size size = {most.rows, pages, pages, 1, positions, kv};
    lem_net_carve_params(mem, c, t, based, net);
    carve_layers(mem, c, T, t ? lem_trainable_lowest(t, c) : c->layers, t && t->recompute, net);
    lem_pass_carve(mem, c, &size, &net->pass);
    net->inv = take(mem, T, 1);
    net->subtree = lem_carve_take(&mem->host, 2 * T, sizeof *net->subtree);
    net->tree = lem_carve_take(&mem->host, T, sizeof *net->tree);
    net->runs = lem_carve_take(&mem->host, T, sizeof *net->runs);
    net->head_runs = lem_carve_take(&mem->host, (size_t)net->pass.head.rows, sizeof *net->head_runs);
    net->grad_at = lem_carve_take(&mem->host, ((size_t)c->layers + 1) * LEM_ROLE_COUNT, sizeof *net->grad_at);
    if (t) carve_grads(mem, c, T, t, net);
}

static const lem_trainable everything = {.frozen_layers = 0};

/* t: NULL = without gradients; b: NULL = any that works in the host's memory */
static lem_memory plan(const lem_model_config *c, const lem_backend *b, lem_net_size size,
                       const lem_trainable *t, bool based) {
    lem_memory mem = {.b = b};
    lem_net net = {0};
    carve(&mem, c, size, t, based, &net);
    return mem;
}

size_t lem_net_part_bytes(const lem_model_config *c, lem_net_size size, const lem_trainable *t) {
    lem_model_config checked = *c;
    if (size.rows < 1 || lem_model_config_check(&checked, NULL) != LEM_OK) return 0;
    lem_memory mem = plan(&checked, NULL, size, t, t && t->based);
    return lem_memory_bytes(&mem) + sizeof(lem_net);
}

size_t lem_net_bytes(const lem_model_config *c, int max_rows, bool grads) {
    return lem_net_part_bytes(c, (lem_net_size){max_rows, 0}, grads ? &everything : NULL);
}

size_t lem_net_train_bytes(const lem_model_config *c, lem_net_size size, const lem_trainable *t, int sums) {
    size_t net = lem_net_part_bytes(c, size, t), learned = lem_model_trainable_size(c, t);
    size_t weights = t->based ? lem_weights_base_bytes(c, lem_trainable_base(t)) + learned * sizeof(float)
                              : lem_model_config_params(c) * sizeof(float);
    return net ? net + weights + (2 + (size_t)sums) * learned * sizeof(float) : 0;
}

/* Gives each tensor that learns its place in the gradient. t: NULL = none */
static void place_grads(lem_net *net, const lem_trainable *t) {
    const lem_model *m = net->model;
    net->n_grads = 0;
    for (int i = 0; i < m->n_tensors; i++) {
        const lem_tensor *w = &m->tensors[i];
        size_t end = i + 1 < m->n_tensors ? w[1].offset : m->n_params;
        net->grad_at[i] = SIZE_MAX;
        if (!t || !lem_trainable_has(t, w->role, w->layer)) continue;
        net->grad_at[i] = net->n_grads;
        net->n_grads += end - w->offset;
    }
}

/* t: NULL = without gradients */
static lem_status make(lem_model *m, lem_backend *b, lem_net_size size, const lem_trainable *t, lem_net **out,
                       lem_err *err) {
    lem_status st = LEM_OK;
    if (size.rows < 1) return lem_fail(err, LEM_EUSAGE, "a net needs at least one row, not %d", size.rows);
    if ((int64_t)size.rows * m->config.heads > INT32_MAX)
        return lem_fail(err, LEM_EUSAGE, "a net of %d rows with %d heads", size.rows, m->config.heads);
    if (t && t->bf16 && b->compute != LEM_COMPUTE_BF16)
        return lem_fail(err, LEM_EUSAGE, "a net of bf16 products on a backend that multiplies in fp32");
    if (t && t->based != (m->base != NULL))
        return lem_fail(err, LEM_EUSAGE, "a net over a base, of a model without one, or the other way");
    lem_memory mem = plan(&m->config, b, size, t, m->base != NULL);
    lem_net *net = lem_alloc_zero(1, sizeof *net, err);
    if (!net) return LEM_EMEM;
    LEM_TRY(lem_block_init(&net->block, b, false, &mem, err));
    carve(&mem, &m->config, size, t, m->base != NULL, net);
    net->model = m;
    net->bf16 = t && t->bf16;
    net->recompute = t && t->recompute;
    net->lowest = t ? lem_trainable_lowest(t, &m->config) : m->config.layers;
    LEM_TRY(lem_pass_init(&net->pass, &m->config, b, &net->w, err));
    place_grads(net, t);
    lem_net_place_params(net);
    LEM_TRY(lem_net_load(net, err));
    lem_net_zero_grads(net);
    *out = net;
    net = NULL;
done:
    lem_net_free(net);
    return st;
}

lem_status lem_net_new(lem_model *m, lem_backend *b, int max_rows, bool grads, lem_net **out, lem_err *err) {
    return make(m, b, (lem_net_size){max_rows, 0}, grads ? &everything : NULL, out, err);
}

lem_status lem_net_new_part(lem_model *m, lem_backend *b, lem_net_size size, const lem_trainable *t,
                            lem_net **out, lem_err *err) {
    return make(m, b, size, t, out, err);
}

void lem_net_free(lem_net *net) {
    if (!net) return;
    lem_block_release(&net->block);
    lem_free(net);
}

/* ---- layout of a forest ---- */

static int pages_in(const lem_forest *f) {
    int n = 0;
    for (int i = 0; i < f->n_nodes; i++) n += (f->nodes[i].n + LEM_PAGE_KEYS - 1) / LEM_PAGE_KEYS;
    return n;
}

static lem_status check_forest(const lem_net *net, const lem_forest *f, lem_err *err) {
    const lem_model_config *c = &net->model->config;
    if (f->n_rows < 1) return lem_fail(err, LEM_EUSAGE, "a forest without tokens");
    int most = net->pass.size.rows, pages = pages_in(f);
    if (f->n_rows > most)
        return lem_fail(err, LEM_EMEM, "a forest of %d rows in a net planned for %d", f->n_rows, most);
    if ((size_t)f->n_nodes > 2 * (size_t)most)
        return lem_fail(err, LEM_EMEM, "a forest of %d nodes in a net planned for %d rows", f->n_nodes, most);
    if (pages > net->pass.size.pages)
        return lem_fail(err, LEM_EMEM, "a forest of %d pages in a net planned for %d", pages,
                        net->pass.size.pages);
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

static int lay_out_node(const lem_rows *to, const lem_forest_node *x, int end_row, int n_segs) {
    for (int i = 0; i < x->n; i++) {
        to->page[x->row0 + i] = n_segs + i / LEM_PAGE_KEYS;
        to->slot[x->row0 + i] = i % LEM_PAGE_KEYS;
    }
    for (int i = 0; i < x->n; i += LEM_PAGE_KEYS, n_segs++) {
        int n = x->n - i < LEM_PAGE_KEYS ? x->n - i : LEM_PAGE_KEYS;
        to->segs[n_segs] = (lem_attn_seg){x->row0 + i, end_row, n_segs, n, x->pos0 + i, x->row0 + i};
    }
    return n_segs;
}

/* Copies the forest's rows and lays its nodes out in pages: segment i is page i. */
static void lay_out_forest(lem_net *net, const lem_forest *f) {
    const lem_rows *to = &net->pass.host;
    int n_segs = 0, n_trees = 0;
    memcpy(to->ids, f->ids, (size_t)f->n_rows * sizeof *to->ids);
    memcpy(to->pos, f->pos, (size_t)f->n_rows * sizeof *to->pos);
    subtree_ends(f, net->subtree);
    for (int i = 0; i < f->n_nodes; i++) {
        const lem_forest_node *x = &f->nodes[i];
        int end = net->subtree[i];
        if (x->parent < 0 && end > x->row0)
            to->trees[n_trees++] = (lem_attn_tree){x->row0, end, n_segs, n_segs, 0};
        n_segs = lay_out_node(to, x, end, n_segs);
        if (x->n == 0) continue;
        lem_attn_tree *tree = &to->trees[n_trees - 1];
        tree->seg1 = n_segs;
        if (tree->max_len < x->pos0 + x->n) tree->max_len = x->pos0 + x->n;
    }
    for (int i = 0; i < n_trees; i++) {
        net->runs[i] = to->trees[i].row0;
        for (int r = to->trees[i].row0; r < to->trees[i].row1; r++) net->tree[r] = i;
    }
    net->pass.n_rows = f->n_rows;
    net->pass.n_segs = n_segs;
    net->pass.n_trees = n_trees;
    lem_pass_hand_over(&net->pass);
}

/* ---- forward ---- */

static void zero_rows(const lem_net *net, float *x /* [T,D] */) {
    lem_backend *b = net->pass.b;
    b->ops->zero(b, x, (size_t)net->pass.n_rows * (size_t)net->pass.c->width * sizeof *x);
}

lem_status lem_net_forward(lem_net *net, const lem_forest *f, lem_err *err) {
    return lem_net_forward_noisy(net, f, NULL, err);
}

bool lem_net_has_dropout(const lem_net *net) { return net->pass.c->lora.dropout > 0; }

static void take_noise(lem_net *net, const lem_net_noise *noise, int n) {
    lem_pass *p = &net->pass;
    p->noise = (lem_pass_noise){.on = noise && lem_net_has_dropout(net)};
    if (!p->noise.on) return;
    const lem_rng key = lem_rng_make(noise->seed, "adapter dropout", 0);
    memcpy(p->noise.key, key.key, sizeof key.key);
    p->noise.step = noise->step & 0xffffff;
    memcpy(p->host.noise, noise->row, (size_t)n * sizeof *noise->row);
}

lem_status lem_net_forward_noisy(lem_net *net, const lem_forest *f, const lem_net_noise *noise,
                                 lem_err *err) {
    lem_status st = check_forest(net, f, err);
    if (st != LEM_OK) return st;
    take_noise(net, noise, f->n_rows);
    lay_out_forest(net, f);
    int layers = net->pass.c->layers;
    lem_pass_embed(&net->pass, net->layer[0].x);
    if (net->bf16) /* as a session reads them */
        net->pass.b->ops->round_bf16(net->pass.b, (size_t)f->n_rows * (size_t)net->pass.c->width,
                                     net->layer[0].x);
    for (int i = 0; i < layers; i++) lem_pass_layer(&net->pass, i, 0, &net->layer[i]);
    lem_pass_norm(&net->pass, net->layer[layers - 1].out, net->inv);
    if (net->grads) zero_rows(net, net->dhidden);
    return LEM_OK;
}

const float *lem_net_hidden(const lem_net *net) { return net->pass.hidden; }

/* ---- heads ---- */

/* Adds the gradient of the gathered block to the hidden rows. */
static void scatter_hidden(lem_net *net, int n) {
    const lem_head_block *h = &net->pass.head;
    net->pass.b->ops->scatter_add(net->pass.b, n, net->pass.c->width, h->row, h->hidden, net->dhidden);
}

/* How many of the rows the next block takes, and their runs: rows of one tree are one run. A run is cut after
 * a multiple of 32 rows, so that a forest of other trees beside it has the same blocks. */
static int head_block(lem_net *net, int left, const int *rows, int *n_runs) {
    const int most = net->pass.head.rows;
    int n = 0, runs = 0;
    for (; n < left && n < most; n++)
        if (n == 0 || net->tree[rows[n]] != net->tree[rows[n - 1]]) net->head_runs[runs++] = n;
    int begin = net->head_runs[runs - 1];
    if (n < left && net->tree[rows[n]] == net->tree[rows[n - 1]]) n -= (n - begin) % LEM_BF16_RUN;
    *n_runs = n == begin ? runs - 1 : runs;
    return n;
}

static lem_status check_lm(const lem_net *net, int R, const int *rows, const int32_t *target, bool grad,
                           lem_err *err) {
    lem_status st = LEM_OK;
    if (lem_params_at(&net->w, LEM_ROLE_LM_HEAD, -1)->packed.N == 0)
        return lem_fail(err, LEM_EUSAGE, "this model has no language-model head");
    if (grad && !net->grads) return lem_fail(err, LEM_EUSAGE, "this net was made without gradients");
    LEM_TRY(lem_check_rows(R, rows, net->pass.n_rows, err));
    LEM_TRY(lem_check_targets(R, target, net->pass.c->vocab, err));
done:
    return st;
}

lem_status lem_net_lm(lem_net *net, int R, const int *rows, const int32_t *target, const float *weight,
                      float *logprob, lem_err *err) {
    lem_status st = check_lm(net, R, rows, target, weight != NULL, err);
    if (st) return st;
    lem_backend *b = net->pass.b;
    const lem_head_block *h = &net->pass.head;
    int V = net->pass.c->vocab, D = net->pass.c->width;
    const lem_param *head = lem_params_at(&net->w, LEM_ROLE_LM_HEAD, -1);
    float *dW = net->head_grads ? net->head_grads : lem_net_grad_of(net, LEM_ROLE_LM_HEAD, -1);
    for (int at = 0, n_runs, n; at < R; at += n) {
        n = head_block(net, R - at, rows + at, &n_runs);
        lem_pass_logprobs(&net->pass, n, rows + at, target + at);
        if (logprob) b->ops->copy_out(b, logprob + at, h->logprob, (size_t)n * sizeof *logprob);
        if (!weight) continue;
        b->ops->copy_in(b, h->weight, weight + at, (size_t)n * sizeof *weight);
        b->ops->softmax_xent_grad(b, n, V, h->logits, h->target, h->weight, h->lse);
        if (dW) lem_net_dw(net, n, V, D, h->logits, h->hidden, n_runs, net->head_runs, dW);
        lem_net_dx(net, n, V, D, h->logits, head, h->hidden, false);
        scatter_hidden(net, n);
    }
    if (weight) net->head_dirty = true;
    return b->ops->sync(b, err);
}

static lem_status check_scores(const lem_net *net, int R, const int *rows, lem_err *err) {
    if (lem_model_at(net->model, LEM_ROLE_SCORE, -1) == SIZE_MAX)
        return lem_fail(err, LEM_EUSAGE, "this model has no reward head (score.weight)");
    return lem_check_rows(R, rows, net->pass.n_rows, err);
}

lem_status lem_net_scores(lem_net *net, int R, const int *rows, float *score, lem_err *err) {
    lem_status st = check_scores(net, R, rows, err);
    return st ? st : lem_pass_scores(&net->pass, R, rows, score, err);
}

lem_status lem_net_scores_grad(lem_net *net, int R, const int *rows, const float *dscore, lem_err *err) {
    lem_status st = check_scores(net, R, rows, err);
    if (st) return st;
    if (net->model->config.head != LEM_HEAD_SCALAR)
        return lem_fail(err, LEM_EUSAGE, "only the scalar head score.weight can be trained");
    if (!net->grads) return lem_fail(err, LEM_EUSAGE, "this net was made without gradients");
    const lem_head_block *h = &net->pass.head;
    const lem_param *w = lem_params_at(&net->w, LEM_ROLE_SCORE, -1); /* fp32 in any case */
    lem_backend *b = net->pass.b;
    float *dW = lem_net_grad_of(net, LEM_ROLE_SCORE, -1);
    int D = net->pass.c->width;
    for (int at = 0; at < R; at += h->rows) {
        int n = lem_pass_block(&net->pass, R - at);
        lem_pass_gather(&net->pass, n, rows + at);
        b->ops->copy_in(b, h->score, dscore + at, (size_t)n * sizeof *dscore);
        if (dW) b->ops->linear_dw(b, n, 1, D, h->score, h->hidden, dW);
        b->ops->linear_dx(b, n, 1, D, h->score, w->rows, w->dtype, h->hidden, false);
        scatter_hidden(net, n);
    }
    return b->ops->sync(b, err);
}
