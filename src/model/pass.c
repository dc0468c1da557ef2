/* pass.c - one pass over rows: planned memory, handing over, the layers */
#include "model/pass_priv.h"

#include "core/mem.h"

#include <math.h>

/* ---- memory ---- */

/* The widest input of a matrix of a layer. */
static size_t widest_input(const lem_model_config *c) {
    size_t D = (size_t)c->width, F = (size_t)c->ffn, Q = (size_t)c->heads * (size_t)c->head_dim;
    size_t most = D > F ? D : F;
    return most > Q ? most : Q;
}

static void carve_rows(lem_carve *mem, const lem_pass_size *size, bool noise, lem_rows *out) {
    size_t T = (size_t)size->rows;
    out->ids = lem_carve_take(mem, T, sizeof *out->ids);
    out->pos = lem_carve_take(mem, T, sizeof *out->pos);
    out->page = lem_carve_take(mem, T, sizeof *out->page);
    out->slot = lem_carve_take(mem, T, sizeof *out->slot);
    out->segs = lem_carve_take(mem, (size_t)size->segs, sizeof *out->segs);
    out->trees = lem_carve_take(mem, T, sizeof *out->trees);
    out->noise = lem_carve_take(mem, noise ? T : 0, sizeof *out->noise);
}

void lem_pass_carve(lem_memory *mem, const lem_model_config *c, const lem_pass_size *size, lem_pass *out) {
    size_t T = (size_t)size->rows, D = (size_t)c->width, E = (size_t)c->head_dim;
    out->size = *size;
    bool noise = c->lora.dropout > 0;
    carve_rows(&mem->host, size, noise, &out->host);
    carve_rows(&mem->dev, size, noise, &out->dev);
    if (size->some_read) {
        carve_rows(&mem->host, size, false, &out->host_read);
        carve_rows(&mem->dev, size, false, &out->dev_read);
    }
    out->cos_sin = lem_memory_floats(mem, (size_t)size->positions, E);
    out->kv = lem_kv_layout(NULL, size->kv_layers, c->kv_heads, c->head_dim, size->kv_dtype);
    out->kv.data = lem_memory_floats(mem, (size_t)size->pages, out->kv.page_stride);
    out->hidden = lem_memory_floats(mem, T, D);
    out->normed = lem_memory_floats(mem, T, D);
    out->act = lem_memory_floats(mem, T, (size_t)c->ffn);
    out->low = c->lora.rank ? lem_memory_floats(mem, T, (size_t)c->lora.rank) : NULL;
    out->dropped = noise ? lem_memory_floats(mem, T, widest_input(c)) : NULL;
    out->qkv = c->fused_qkv ? lem_memory_floats(mem, T, (size_t)(c->heads + 2 * c->kv_heads) * E) : NULL;
    lem_head_block_carve(mem, c, &out->head);
}

lem_status lem_pass_init(lem_pass *p, const lem_model_config *c, lem_backend *b, const lem_params *w,
                         lem_err *err) {
    size_t n = (size_t)p->size.positions * (size_t)c->head_dim;
    float *table = lem_alloc(n, sizeof *table, err);
    if (!table) return LEM_EMEM;
    lem_rope_fill(&c->rope, c->rope_theta, c->head_dim, c->max_positions, p->size.positions, table);
    b->ops->copy_in(b, p->cos_sin, table, n * sizeof *table);
    lem_free(table);
    p->c = c;
    p->b = b;
    p->w = w;
    return LEM_OK;
}

static void hand_over(lem_backend *b, const lem_rows *h, const lem_rows *d, int rows, int segs, int trees,
                      bool noise) {
    size_t T = (size_t)rows * sizeof(int);
    const struct {
        void *to;
        const void *from;
        size_t bytes;
    } parts[] = {{d->ids, h->ids, T},
                 {d->pos, h->pos, T},
                 {d->page, h->page, T},
                 {d->slot, h->slot, T},
                 {d->segs, h->segs, (size_t)segs * sizeof *h->segs},
                 {d->trees, h->trees, (size_t)trees * sizeof *h->trees},
                 {d->noise, h->noise, noise ? (size_t)rows * sizeof *h->noise : 0}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].bytes) b->ops->copy_in(b, parts[i].to, parts[i].from, parts[i].bytes);
}

void lem_pass_hand_over(lem_pass *p) {
    hand_over(p->b, &p->host, &p->dev, p->n_rows, p->n_segs, p->n_trees, p->noise.on);
    if (p->size.some_read && p->n_read < p->n_rows)
        hand_over(p->b, &p->host_read, &p->dev_read, p->n_read, p->n_read_segs, p->n_read_trees, false);
}

/* ---- layers ---- */

lem_attn_plan lem_pass_plan(const lem_pass *p, int layer) {
    return (lem_attn_plan){p->n_rows,    p->n_trees,  p->dev.pos,
                           p->dev.trees, p->dev.segs, lem_model_config_window(p->c, layer)};
}

void lem_pass_embed(lem_pass *p, float *x) {
    const lem_param *e = lem_params_at(p->w, LEM_ROLE_EMBED, -1);
    p->b->ops->gather(p->b, p->n_rows, p->c->width, p->dev.ids, e->rows, e->dtype, x);
}

void lem_pass_place_queries(lem_pass *p, int layer, const lem_queries *q) {
    const float *norm = lem_params_vector(p->w, q->norm, layer);
    int E = p->c->head_dim;
    if (norm) p->b->ops->rmsnorm(p->b, p->n_rows * q->heads, E, q->raw, norm, p->c->norm_eps, q->out, q->inv);
    p->b->ops->rope(p->b, p->n_rows, q->heads, E, q->out, p->dev.pos, p->cos_sin, false);
}

/* Counters: a step's (24 bits), then a matrix's (16), then those of its input (24). */
static lem_noise noise_of(const lem_pass *p, int layer, lem_role a) {
    uint64_t matrix = (uint64_t)layer * LEM_ROLE_COUNT + (uint64_t)a;
    double share = (double)p->c->lora.dropout;
    return (lem_noise){.key = {p->noise.key[0], p->noise.key[1]},
                       .first = p->noise.step << 40 | matrix << 24,
                       .row = p->dev.noise,
                       .drop = (uint32_t)(share * 4294967296.0),
                       .scale = (float)(1 / (1 - share))};
}

/* What reaches the adapter of role a of its input X [T,K]. */
static const float *adapter_input(lem_pass *p, int layer, lem_role a, int K, const float *X) {
    const lem_noise n = noise_of(p, layer, a);
    if (!p->noise.on) return X;
    p->b->ops->dropout(p->b, p->n_rows, K, &n, X, p->dropped, false);
    return p->dropped;
}

void lem_pass_drop_into(lem_pass *p, int layer, lem_role a, int K, const float *X, float *Y) {
    const lem_noise n = noise_of(p, layer, a);
    p->b->ops->dropout(p->b, p->n_rows, K, &n, X, Y, true);
}

bool lem_pass_low(lem_pass *p, int layer, lem_role a, const float *X) {
    int rank = p->c->lora.rank;
    if (!rank || a == LEM_ROLE_COUNT || !lem_params_at(p->w, a, layer)->packed.N) return false;
    X = adapter_input(p, layer, a, lem_params_at(p->w, a, layer)->packed.K, X);
    p->b->ops->linear(p->b, p->n_rows, X, &lem_params_at(p->w, a, layer)->packed, NULL, p->low, false);
    p->b->ops->scale(p->b, (size_t)p->n_rows * (size_t)rank, p->low, p->c->lora.scale);
    return true;
}

/* Y = X W^T + bias, added to Y with `accumulate`; then + scale (X A^T) B^T where W has an adapter. */
static void project(lem_pass *p, int layer, lem_role weight, lem_role bias, const float *X, float *Y,
                    bool accumulate) {
    lem_role a = lem_role_adapter(weight);
    p->b->ops->linear(p->b, p->n_rows, X, &lem_params_at(p->w, weight, layer)->packed,
                      lem_params_vector(p->w, bias, layer), Y, accumulate);
    if (lem_pass_low(p, layer, a, X))
        p->b->ops->linear(p->b, p->n_rows, p->low, &lem_params_at(p->w, a + 1, layer)->packed, NULL, Y, true);
}

static void norm(lem_pass *p, int layer, lem_role role, const float *x, float *y, float *inv) {
    p->b->ops->rmsnorm(p->b, p->n_rows, p->c->width, x, lem_params_vector(p->w, role, layer), p->c->norm_eps,
                       y, inv);
}

static float *keys_of(const lem_layer_act *a) { return a->k_raw ? a->k_raw : a->k; }
static float *queries_of(const lem_layer_act *a) { return a->q_raw ? a->q_raw : a->q; }

/* Keys and values of all rows into their pages. */
static void keep_keys(lem_pass *p, int layer, int kv_layer, const lem_layer_act *a) {
    const int KH = p->c->kv_heads, E = p->c->head_dim;
    float *k = keys_of(a);
    if (!p->c->fused_qkv) {
        project(p, layer, LEM_ROLE_K, LEM_ROLE_K_BIAS, p->normed, k, false);
        project(p, layer, LEM_ROLE_V, LEM_ROLE_V_BIAS, p->normed, a->v, false);
    }
    lem_pass_place_queries(p, layer, &(lem_queries){LEM_ROLE_K_NORM, KH, k, a->k, a->inv_k});
    p->b->ops->kv_write(p->b, p->n_rows, KH, E, a->k, a->v, p->dev.page, p->dev.slot, kv_layer, &p->kv);
}

static void attend(lem_pass *p, int layer, int kv_layer, const lem_layer_act *a, const float *normed) {
    const int H = p->c->heads, KH = p->c->kv_heads, E = p->c->head_dim;
    const lem_attn_plan plan = lem_pass_plan(p, layer);
    float *q = queries_of(a);
    if (!p->c->fused_qkv) project(p, layer, LEM_ROLE_Q, LEM_ROLE_Q_BIAS, normed, q, false);
    lem_pass_place_queries(p, layer, &(lem_queries){LEM_ROLE_Q_NORM, H, q, a->q, a->inv_q});
    p->b->ops->attention(p->b, &plan, H, KH, E, (float)(1 / sqrt((double)E)), a->q, kv_layer, &p->kv, a->attn,
                         a->lse);
}

static void project_fused(lem_pass *p, int layer, const lem_layer_act *a) {
    const lem_model_config *c = p->c;
    if (!c->fused_qkv) return;
    project(p, layer, LEM_ROLE_QKV, LEM_ROLE_QKV_BIAS, p->normed, p->qkv, false);
    p->b->ops->split_qkv(p->b, p->n_rows, c->heads, c->kv_heads, c->head_dim, p->qkv, queries_of(a),
                         keys_of(a), a->v);
}

static void copy_unless_same(lem_pass *p, float *to, const float *from) {
    size_t n = (size_t)p->n_rows * (size_t)p->c->width;
    if (to != from) p->b->ops->copy(p->b, to, from, n * sizeof *to);
}

/* What follows attention, up to gate and up; all of it. */
static void think_inside(lem_pass *p, int layer, const lem_layer_act *a) {
    copy_unless_same(p, a->mid, a->x);
    project(p, layer, LEM_ROLE_O, LEM_ROLE_O_BIAS, a->attn, a->mid, true);
    norm(p, layer, LEM_ROLE_MLP_NORM, a->mid, p->normed, a->inv2);
    project(p, layer, LEM_ROLE_GATE, LEM_ROLE_GATE_BIAS, p->normed, a->gate, false);
    project(p, layer, LEM_ROLE_UP, LEM_ROLE_UP_BIAS, p->normed, a->up, false);
}

static void think(lem_pass *p, int layer, const lem_layer_act *a) {
    think_inside(p, layer, a);
    p->b->ops->swiglu(p->b, p->n_rows, p->c->ffn, a->gate, a->up, p->act);
    copy_unless_same(p, a->out, a->mid);
    project(p, layer, LEM_ROLE_DOWN, LEM_ROLE_DOWN_BIAS, p->act, a->out, true);
}

static void all_attend(lem_pass *p, int layer, int kv_layer, const lem_layer_act *a) {
    norm(p, layer, LEM_ROLE_ATTN_NORM, a->x, p->normed, a->inv1);
    project_fused(p, layer, a);
    keep_keys(p, layer, kv_layer, a);
    attend(p, layer, kv_layer, a, p->normed);
}

void lem_pass_layer(lem_pass *p, int layer, int kv_layer, const lem_layer_act *a) {
    all_attend(p, layer, kv_layer, a);
    think(p, layer, a);
}

void lem_pass_layer_inside(lem_pass *p, int layer, int kv_layer, const lem_layer_act *a) {
    all_attend(p, layer, kv_layer, a);
    think_inside(p, layer, a);
}

/* The rows that are read, and what they see, become the pass's; their own of x [T,D] and of p->normed, which
 * goes to p->hidden. */
static void only_read(lem_pass *p, float *x) {
    const lem_backend_ops *op = p->b->ops;
    const int R = p->n_read, D = p->c->width;
    p->n_rows = R;
    if (R == 0) return;
    p->dev.pos = p->dev_read.pos;
    p->dev.segs = p->dev_read.segs;
    p->dev.trees = p->dev_read.trees;
    p->n_trees = p->n_read_trees;
    op->gather(p->b, R, D, p->dev_read.ids, p->normed, LEM_DTYPE_F32, p->hidden);
    op->gather(p->b, R, D, p->dev_read.ids, x, LEM_DTYPE_F32, p->normed);
    op->copy(p->b, x, p->normed, (size_t)R * (size_t)D * sizeof *x);
}

void lem_pass_last_layer(lem_pass *p, int layer, int kv_layer, const lem_layer_act *a) {
    const lem_rows all = p->dev;
    norm(p, layer, LEM_ROLE_ATTN_NORM, a->x, p->normed, a->inv1);
    keep_keys(p, layer, kv_layer, a);
    only_read(p, a->x);
    if (p->n_rows > 0) {
        attend(p, layer, kv_layer, a, p->hidden);
        think(p, layer, a);
    }
    p->dev = all;
}

void lem_pass_norm(lem_pass *p, const float *x, float *inv) {
    norm(p, -1, LEM_ROLE_FINAL_NORM, x, p->hidden, inv);
}
