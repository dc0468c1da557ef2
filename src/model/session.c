/* session - packed weights for inference, nodes and pages, the step, the heads */
#include "model/session_priv.h"
#include "core/mem.h"
#include "model/quant.h"

/* ---- weights ---- */

/* As what a matrix is packed: as int8 only where that is asked for and it is none of those kept. */
static lem_dtype packed_as(lem_dtype asked, const lem_model_config *c, lem_role role) {
    if (asked != LEM_DTYPE_I8) return asked;
    bool int8 = lem_quant_has(c->int8_kept, role == LEM_ROLE_EMBED ? LEM_ROLE_LM_HEAD : role);
    return int8 ? LEM_DTYPE_I8 : LEM_DTYPE_BF16;
}

/* What weights are asked for. */
typedef struct keep_ctx {
    lem_dtype dtype;
    bool wide, based; /* based: a base has the rest */
} keep_ctx;

/* Products packed, the embedding as rows, vectors as rows too; reward heads are fp32 in any case. */
static lem_keep keep(const void *ctx, const lem_model_config *c, lem_role role, int layer) {
    const keep_ctx *k = ctx;
    int rows, cols;
    if (k->based && lem_role_in_base(role)) return (lem_keep){0};
    (void)lem_role_shape(c, role, layer, &rows, &cols);
    bool f32 = cols == 0 || role == LEM_ROLE_DENSE || role == LEM_ROLE_SCORE;
    lem_dtype packed = f32 ? LEM_DTYPE_F32 : packed_as(k->dtype, c, role);
    if (k->wide && role == LEM_ROLE_EMBED && packed == LEM_DTYPE_I8) packed = LEM_DTYPE_BF16; /* as stored */
    bool both = packed == LEM_DTYPE_I8 && role == LEM_ROLE_EMBED; /* rows are read as they are */
    return (lem_keep){.packed = cols > 0 && (role != LEM_ROLE_EMBED || c->tied),
                      .rows = cols == 0 || role == LEM_ROLE_EMBED,
                      .wide = k->wide,
                      .dtype = both ? LEM_DTYPE_BF16 : packed,
                      .packed_dtype = packed};
}

static size_t bytes_of(const lem_model_config *c, const keep_ctx *k) {
    lem_memory mem = {.b = NULL};
    lem_params none;
    lem_model_config checked = *c;
    if (lem_model_config_check(&checked, NULL) != LEM_OK) return 0;
    lem_params_carve(&mem, &checked, keep, k, &none);
    return lem_memory_bytes(&mem) + sizeof(lem_weights);
}

size_t lem_weights_bytes(const lem_model_config *c, lem_dtype dtype) {
    return bytes_of(c, &(keep_ctx){.dtype = c->int8 ? LEM_DTYPE_I8 : dtype});
}

size_t lem_weights_base_bytes(const lem_model_config *c, lem_dtype dtype) {
    lem_model_config plain = *c;
    plain.lora = (lem_lora){0};
    return bytes_of(&plain, &(keep_ctx){.dtype = dtype, .wide = true});
}

lem_status lem_weights_alloc(const lem_model *table, lem_backend *b, lem_dtype dtype, bool wide,
                             lem_weights **out, lem_err *err) {
    lem_status st = LEM_OK;
    const lem_model_config *c = &table->config;
    lem_memory mem = {.b = b};
    lem_params none;
    if (dtype == LEM_DTYPE_F16)
        return lem_fail(err, LEM_EUSAGE, "weights are packed as F32 or BF16 or I8, not %s",
                        lem_dtype_name(dtype));
    if (c->int8) dtype = LEM_DTYPE_I8;
    const keep_ctx k = {dtype, wide, table->base != NULL};
    lem_weights *w = lem_alloc_zero(1, sizeof *w, err);
    if (!w) return LEM_EMEM;
    w->config = *c;
    w->dtype = dtype;
    lem_params_carve(&mem, c, keep, &k, &none);
    LEM_TRY(lem_block_init(&w->block, b, true, &mem, err));
    lem_params_carve(&mem, c, keep, &k, &w->params);
    if (table->base) lem_params_share(&table->base->params, c, &w->params);
    else if (lem_model_at(table, LEM_ROLE_LM_HEAD, -1) == SIZE_MAX)
        lem_params_forget(&w->params, LEM_ROLE_LM_HEAD);
    *out = w;
    w = NULL;
done:
    lem_weights_free(w);
    return st;
}

lem_status lem_weights_new(const lem_model *m, lem_backend *b, lem_dtype dtype, lem_weights **out,
                           lem_err *err) {
    lem_weights *w = NULL;
    lem_status st = lem_weights_alloc(m, b, dtype, false, &w, err);
    for (int i = 0; st == LEM_OK && i < m->n_tensors; i++) {
        const lem_tensor *t = &m->tensors[i];
        st = lem_param_put_values(b, lem_params_at(&w->params, t->role, t->layer), t, m->params + t->offset,
                                  err);
    }
    if (st == LEM_OK) st = b->ops->sync(b, err);
    if (st == LEM_OK) *out = w;
    else lem_weights_free(w);
    return st;
}

void lem_weights_free(lem_weights *w) {
    if (!w) return;
    lem_block_release(&w->block);
    lem_free(w);
}

/* ---- memory ---- */

enum { SPARE_NODES = 64 }; /* nodes that hold no page yet; more of them make the array grow */

static int longest_path(const lem_model_config *c, int max_pages) {
    return max_pages > c->max_positions / LEM_PAGE_KEYS ? c->max_positions : max_pages * LEM_PAGE_KEYS;
}

static void carve_session(lem_memory *mem, const lem_model_config *c, lem_dtype kv, int max_pages,
                          int max_rows, lem_session *s) {
    size_t T = (size_t)max_rows, P = (size_t)max_pages;
    size_t Q = (size_t)(c->heads * c->head_dim), KV = (size_t)(c->kv_heads * c->head_dim);
    lem_pass_size size = {max_rows, max_pages,    max_pages, c->layers, longest_path(c, max_pages),
                          kv,       !c->fused_qkv};
    s->next_page = lem_carve_take(&mem->host, P, sizeof *s->next_page);
    s->feed_row = lem_carve_take(&mem->host, T, sizeof *s->feed_row);
    s->n_read = lem_carve_take(&mem->host, T + 1, sizeof *s->n_read);
    lem_pass_carve(mem, c, &size, &s->pass);
    float *x = lem_memory_floats(mem, T, (size_t)c->width);
    s->act = (lem_layer_act){.x = x,
                             .q = lem_memory_floats(mem, T, Q),
                             .k = lem_memory_floats(mem, T, KV),
                             .v = lem_memory_floats(mem, T, KV),
                             .attn = lem_memory_floats(mem, T, Q),
                             .mid = x,
                             .gate = lem_memory_floats(mem, T, (size_t)c->ffn),
                             .up = lem_memory_floats(mem, T, (size_t)c->ffn),
                             .out = x};
}

lem_dtype lem_session_kv_dtype(const lem_model_config *c, lem_dtype weights, lem_compute compute) {
    bool bf16 =
        c->int8 || weights == LEM_DTYPE_I8 || (weights == LEM_DTYPE_BF16 && compute == LEM_COMPUTE_BF16);
    return bf16 ? LEM_DTYPE_BF16 : LEM_DTYPE_F32;
}

size_t lem_session_page_bytes(const lem_model_config *c, lem_dtype kv) {
    int head_dim = c->head_dim ? c->head_dim : c->width / c->heads;
    return lem_kv_layout(NULL, c->layers, c->kv_heads, head_dim, kv).page_stride * sizeof(float);
}

size_t lem_session_bytes(const lem_model_config *c, lem_dtype kv, int max_pages, int max_rows) {
    lem_memory mem = {.b = NULL};
    lem_session s = {0};
    lem_model_config checked = *c;
    if (max_pages < 1 || max_rows < 1 || lem_model_config_check(&checked, NULL) != LEM_OK) return 0;
    carve_session(&mem, &checked, kv, max_pages, max_rows, &s);
    return lem_memory_bytes(&mem) + sizeof s + ((size_t)max_pages + SPARE_NODES) * sizeof(lem_node);
}

size_t lem_session_head_bytes(const lem_model_config *c) {
    return (size_t)lem_head_block_rows(c) * (size_t)c->vocab * sizeof(float);
}

size_t lem_session_used_bytes(const lem_model_config *c, lem_dtype kv, int pages, int rows) {
    const size_t large_page = 2u << 20; /* half of one behind the pages, and half behind the last row */
    return lem_session_bytes(c, kv, pages, rows) - lem_session_head_bytes(c) + large_page;
}

static void init_pages(lem_session *s) {
    for (int i = 0; i < s->max_pages; i++) s->next_page[i] = i + 1 < s->max_pages ? i + 1 : -1;
    s->free_page = 0;
    s->n_free = s->max_pages;
}

lem_status lem_session_new(const lem_weights *w, lem_backend *b, int max_pages, int max_rows,
                           lem_session **out, lem_err *err) {
    lem_status st = LEM_OK;
    const lem_model_config *c = &w->config;
    if (max_pages < 1 || max_rows < 1)
        return lem_fail(err, LEM_EUSAGE, "a session of %d pages and %d rows", max_pages, max_rows);
    if (max_pages > INT32_MAX / 2 - SPARE_NODES)
        return lem_fail(err, LEM_EMEM, "a session of %d pages", max_pages);
    lem_session *s = lem_alloc_zero(1, sizeof *s, err);
    if (!s) return LEM_EMEM;
    lem_dtype kv = lem_session_kv_dtype(c, w->dtype, b->compute);
    lem_memory mem = {.b = b};
    carve_session(&mem, c, kv, max_pages, max_rows, s);
    s->cap_nodes = max_pages + SPARE_NODES;
    s->nodes = lem_alloc((size_t)s->cap_nodes, sizeof *s->nodes, err);
    if (!s->nodes) LEM_TRY(LEM_EMEM);
    LEM_TRY(lem_block_init(&s->block, b, true, &mem, err));
    carve_session(&mem, c, kv, max_pages, max_rows, s);
    s->w = w;
    s->max_pages = max_pages;
    s->max_rows = max_rows;
    s->free_node = -1;
    init_pages(s);
    LEM_TRY(lem_pass_init(&s->pass, c, b, &w->params, err));
    *out = s;
    s = NULL;
done:
    lem_session_free(s);
    return st;
}

void lem_session_free(lem_session *s) {
    if (!s) return;
    lem_free(s->nodes);
    lem_block_release(&s->block);
    lem_free(s);
}

/* ---- nodes ---- */

static lem_status new_slot(lem_session *s, int *node, lem_err *err) {
    if (s->free_node >= 0) {
        *node = s->free_node;
        s->free_node = s->nodes[*node].parent;
        return LEM_OK;
    }
    if (s->n_nodes == s->cap_nodes) {
        if (s->cap_nodes > INT32_MAX / 2) return lem_fail(err, LEM_EMEM, "more than %d nodes", s->cap_nodes);
        lem_node *grown = lem_realloc(s->nodes, (size_t)s->cap_nodes * 2, sizeof *grown, err);
        if (!grown) return LEM_EMEM;
        s->nodes = grown;
        s->cap_nodes *= 2;
    }
    *node = s->n_nodes++;
    return LEM_OK;
}

lem_status lem_session_node(lem_session *s, int parent, int *node, lem_err *err) {
    int i = 0;
    if (parent != -1 && !lem_session_is_live(s, parent))
        return lem_fail(err, LEM_EUSAGE, "there is no node %d", parent);
    lem_status st = new_slot(s, &i, err);
    if (st != LEM_OK) return st;
    s->nodes[i] =
        (lem_node){.state = LEM_NODE_LIVE, .parent = parent, .first_page = -1, .last_page = -1, .feed = -1};
    if (parent >= 0) s->nodes[parent].n_children++;
    *node = i;
    return LEM_OK;
}

/* The pages behind `last` (-1: all of them) go back. */
static void release_pages(lem_session *s, lem_node *x, int last) {
    int page = last < 0 ? x->first_page : s->next_page[last];
    while (page >= 0) {
        int next = s->next_page[page];
        s->next_page[page] = s->free_page;
        s->free_page = page;
        s->n_free++;
        page = next;
    }
    if (last < 0) x->first_page = -1;
    else s->next_page[last] = -1;
    x->last_page = last;
}

void lem_session_drop(lem_session *s, int node) {
    if (!lem_session_is_live(s, node)) return;
    s->nodes[node].state = LEM_NODE_DROPPED;
    while (node >= 0 && s->nodes[node].state == LEM_NODE_DROPPED && s->nodes[node].n_children == 0) {
        lem_node *x = &s->nodes[node];
        int parent = x->parent;
        release_pages(s, x, -1);
        x->state = LEM_NODE_FREE;
        x->parent = s->free_node;
        s->free_node = node;
        if (parent >= 0 && --s->nodes[parent].n_children == 0) s->nodes[parent].closed = false;
        node = parent;
    }
}

/* What stays in the last page behind the node's end is masked among keys, and not read among values: but in
 * bf16 the value behind an odd number of them is read with the last one, so it becomes 0. */
static void empty_partner(lem_session *s, int page, int n) {
    lem_pass *p = &s->pass;
    lem_backend *b = p->b;
    const int KH = p->c->kv_heads, E = p->c->head_dim;
    if (p->kv.dtype != LEM_DTYPE_BF16 || n % 2 == 0) return;
    p->host.page[0] = page;
    p->host.slot[0] = n % LEM_PAGE_KEYS;
    b->ops->copy_in(b, p->dev.page, p->host.page, sizeof *p->host.page);
    b->ops->copy_in(b, p->dev.slot, p->host.slot, sizeof *p->host.slot);
    b->ops->zero(b, s->act.k, (size_t)KH * (size_t)E * sizeof *s->act.k);
    for (int i = 0; i < p->c->layers; i++)
        b->ops->kv_write(b, 1, KH, E, s->act.k, s->act.k, p->dev.page, p->dev.slot, i, &p->kv);
}

lem_status lem_session_truncate(lem_session *s, int node, int length, lem_err *err) {
    if (!lem_session_is_live(s, node)) return lem_fail(err, LEM_EUSAGE, "there is no node %d", node);
    lem_node *x = &s->nodes[node];
    int now = lem_session_length(s, node), first = now - x->n;
    if (length < first || length > now)
        return lem_fail(err, LEM_EUSAGE, "node %d ends at %d..%d, not at %d", node, first, now, length);
    if (length == now) return LEM_OK;
    if (x->closed) return lem_fail(err, LEM_EUSAGE, "node %d has children with tokens, it stays", node);
    int last = -1;
    x->n = length - first;
    for (int at = 0; at < x->n; at += LEM_PAGE_KEYS) last = last < 0 ? x->first_page : s->next_page[last];
    release_pages(s, x, last);
    empty_partner(s, last, x->n);
    return LEM_OK;
}

int lem_session_free_pages(const lem_session *s) { return s->n_free; }

/* ---- step ---- */

lem_status lem_session_step(lem_session *s, const lem_feed *feeds, int n_feeds, lem_err *err) {
    lem_status st = lem_session_check_feeds(s, feeds, n_feeds, err);
    if (st != LEM_OK) return st;
    lem_session_lay_out(s, feeds, n_feeds);
    lem_pass_hand_over(&s->pass);
    lem_pass_embed(&s->pass, s->act.x);
    const int last = s->pass.c->layers - 1;
    for (int i = 0; i < last; i++) lem_pass_layer(&s->pass, i, i, &s->act);
    if (s->pass.n_read < s->pass.n_rows) lem_pass_last_layer(&s->pass, last, last, &s->act);
    else lem_pass_layer(&s->pass, last, last, &s->act);
    if (s->pass.n_rows > 0) lem_pass_norm(&s->pass, s->act.x, NULL);
    return LEM_OK;
}

int lem_session_row(const lem_session *s, int feed, int token) { return s->feed_row[feed] + token; }

const float *lem_session_hidden(const lem_session *s) { return s->pass.hidden; }

/* ---- heads ---- */

static bool has_lm(const lem_session *s) {
    return lem_params_at(&s->w->params, LEM_ROLE_LM_HEAD, -1)->packed.N > 0;
}

static lem_status check_lm(const lem_session *s, int R, const int *rows, lem_err *err) {
    if (!has_lm(s)) return lem_fail(err, LEM_EUSAGE, "this model has no language-model head");
    return lem_check_rows(R, rows, s->pass.n_rows, err);
}

void lem_session_logits(lem_session *s, int R, const int *rows, float *logits) {
    size_t V = (size_t)s->pass.c->vocab;
    for (int at = 0; has_lm(s) && at < R; at += s->pass.head.rows)
        lem_pass_logits(&s->pass, lem_pass_block(&s->pass, R - at), rows + at, logits + (size_t)at * V);
}

lem_status lem_session_logprobs(lem_session *s, int R, const int *rows, const int32_t *target, float *logprob,
                                lem_err *err) {
    lem_backend *b = s->pass.b;
    lem_status st = check_lm(s, R, rows, err);
    if (st == LEM_OK) st = lem_check_targets(R, target, s->pass.c->vocab, err);
    if (st != LEM_OK) return st;
    for (int at = 0; at < R; at += s->pass.head.rows) {
        int n = lem_pass_block(&s->pass, R - at);
        lem_pass_logprobs(&s->pass, n, rows + at, target + at);
        b->ops->copy_out(b, logprob + at, s->pass.head.logprob, (size_t)n * sizeof *logprob);
    }
    return b->ops->sync(b, err);
}

lem_status lem_session_token_logits(lem_session *s, int R, const int *rows, int n_ids, const int32_t *ids,
                                    float *logits, lem_err *err) {
    lem_status st = check_lm(s, R, rows, err);
    if (st == LEM_OK) st = lem_check_targets(n_ids, ids, s->pass.c->vocab, err);
    if (st != LEM_OK) return st;
    for (int at = 0; at < R; at += s->pass.head.rows)
        lem_pass_token_logits(&s->pass, lem_pass_block(&s->pass, R - at), rows + at, n_ids, ids,
                              logits + (size_t)at * (size_t)n_ids);
    return s->pass.b->ops->sync(s->pass.b, err);
}

lem_status lem_session_scores(lem_session *s, int R, const int *rows, float *score, lem_err *err) {
    if (lem_params_at(&s->w->params, LEM_ROLE_SCORE, -1)->packed.N == 0)
        return lem_fail(err, LEM_EUSAGE, "this model has no reward head (score.weight or another)");
    lem_status st = lem_check_rows(R, rows, s->pass.n_rows, err);
    return st ? st : lem_pass_scores(&s->pass, R, rows, score, err);
}
