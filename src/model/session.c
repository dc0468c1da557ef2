/* session - packed weights for inference, nodes and pages, the step, the heads */
#include "model/session_priv.h"
#include "core/mem.h"

#include <stddef.h>
#include <string.h>

/* ---- weights ---- */

static void carve_weights(lem_carve *mem, const lem_model_config *c, lem_dtype dtype, lem_weights *w) {
    size_t n = (size_t)c->vocab * (size_t)c->width;
    lem_packed_model_carve(mem, c, dtype, true, &w->packed);
    w->embed = dtype == LEM_DTYPE_F32 ? lem_carve_take(mem, n, sizeof *w->embed) : NULL;
    w->embed_bf16 = dtype == LEM_DTYPE_BF16 ? lem_carve_take(mem, n, sizeof *w->embed_bf16) : NULL;
}

size_t lem_weights_bytes(const lem_model_config *c, lem_dtype dtype) {
    lem_carve mem = {NULL, 0};
    lem_weights w = {0};
    lem_model_config checked = *c;
    if (lem_model_config_check(&checked, NULL) != LEM_OK) return 0;
    carve_weights(&mem, &checked, dtype, &w);
    return mem.used + sizeof w;
}

lem_status lem_weights_alloc(const lem_model_config *c, lem_dtype dtype, lem_weights **out, lem_err *err) {
    lem_status st = LEM_OK;
    if (dtype != LEM_DTYPE_F32 && dtype != LEM_DTYPE_BF16)
        return lem_fail(err, LEM_EUSAGE, "weights are packed as F32 or BF16, not %s", lem_dtype_name(dtype));
    lem_weights *w = lem_alloc_zero(1, sizeof *w, err);
    if (!w) return LEM_EMEM;
    w->config = *c;
    w->dtype = dtype;
    lem_carve mem = {NULL, 0};
    carve_weights(&mem, c, dtype, w);
    w->block = lem_alloc_aligned(mem.used, 1, err);
    if (!w->block) LEM_TRY(LEM_EMEM);
    mem = (lem_carve){w->block, 0};
    carve_weights(&mem, c, dtype, w);
    *out = w;
    w = NULL;
done:
    lem_weights_free(w);
    return st;
}

lem_status lem_weights_new(const lem_model *m, lem_backend *b, lem_dtype dtype, lem_weights **out,
                           lem_err *err) {
    lem_weights *w = NULL;
    lem_status st = lem_weights_alloc(&m->config, dtype, &w, err);
    if (st != LEM_OK) return st;
    lem_packed_model_fill(&w->packed, b, m);
    size_t n = (size_t)m->config.vocab * (size_t)m->config.width;
    const float *embed = m->params + m->embed;
    if (w->embed) memcpy(w->embed, embed, n * sizeof *embed);
    else
        for (size_t i = 0; i < n; i++) w->embed_bf16[i] = lem_f32_to_bf16(embed[i]);
    *out = w;
    return LEM_OK;
}

void lem_weights_free(lem_weights *w) {
    if (!w) return;
    lem_free(w->block);
    lem_free(w);
}

/* ---- memory ---- */

enum { SPARE_NODES = 64 }; /* nodes that hold no page yet; more of them make the array grow */

static int longest_path(const lem_model_config *c, int max_pages) {
    return max_pages > c->max_positions / LEM_PAGE_KEYS ? c->max_positions : max_pages * LEM_PAGE_KEYS;
}

static void carve_session(lem_carve *mem, const lem_model_config *c, int max_pages, int max_rows,
                          lem_session *s) {
    size_t T = (size_t)max_rows, P = (size_t)max_pages, D = (size_t)c->width, F = (size_t)c->ffn;
    size_t Q = (size_t)(c->heads * c->head_dim), KV = (size_t)(c->kv_heads * c->head_dim);
    s->next_page = lem_carve_take(mem, P, sizeof *s->next_page);
    s->kv = lem_kv_layout(NULL, c->layers, c->kv_heads, c->head_dim);
    s->kv.data = lem_carve_take(mem, P * s->kv.page_stride, sizeof(float));
    s->feed_row = lem_carve_take(mem, T, sizeof *s->feed_row);
    s->ids = lem_carve_take(mem, T, sizeof *s->ids);
    s->pos = lem_carve_take(mem, T, sizeof *s->pos);
    s->page = lem_carve_take(mem, T, sizeof *s->page);
    s->slot = lem_carve_take(mem, T, sizeof *s->slot);
    s->segs = lem_carve_take(mem, P, sizeof *s->segs);
    s->trees = lem_carve_take(mem, T, sizeof *s->trees);
    s->cos_sin = lem_carve_take(mem, (size_t)longest_path(c, max_pages) * (size_t)c->head_dim, sizeof(float));
    s->x = lem_carve_take(mem, T * D, sizeof(float));
    s->normed = lem_carve_take(mem, T * D, sizeof(float));
    s->hidden = lem_carve_take(mem, T * D, sizeof(float));
    s->q = lem_carve_take(mem, T * Q, sizeof(float));
    s->attn = lem_carve_take(mem, T * Q, sizeof(float));
    s->k = lem_carve_take(mem, T * KV, sizeof(float));
    s->v = lem_carve_take(mem, T * KV, sizeof(float));
    s->gate = lem_carve_take(mem, T * F, sizeof(float));
    s->up = lem_carve_take(mem, T * F, sizeof(float));
    s->act = lem_carve_take(mem, T * F, sizeof(float));
    s->qkv = c->fused_qkv ? lem_carve_take(mem, T * (Q + 2 * KV), sizeof(float)) : NULL;
    lem_head_block_carve(mem, c, &s->head);
}

size_t lem_session_bytes(const lem_model_config *c, int max_pages, int max_rows) {
    lem_carve mem = {NULL, 0};
    lem_session s = {0};
    lem_model_config checked = *c;
    if (max_pages < 1 || max_rows < 1 || lem_model_config_check(&checked, NULL) != LEM_OK) return 0;
    carve_session(&mem, &checked, max_pages, max_rows, &s);
    return mem.used + sizeof s + ((size_t)max_pages + SPARE_NODES) * sizeof(lem_node);
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
    lem_carve mem = {NULL, 0};
    carve_session(&mem, c, max_pages, max_rows, s);
    s->cap_nodes = max_pages + SPARE_NODES;
    s->nodes = lem_alloc((size_t)s->cap_nodes, sizeof *s->nodes, err);
    s->block = lem_alloc_aligned(mem.used, 1, err);
    if (!s->nodes || !s->block) LEM_TRY(LEM_EMEM);
    mem = (lem_carve){s->block, 0};
    carve_session(&mem, c, max_pages, max_rows, s);
    s->w = w;
    s->b = b;
    s->max_pages = max_pages;
    s->max_rows = max_rows;
    s->free_node = -1;
    init_pages(s);
    lem_rope_table(c, longest_path(c, max_pages), s->cos_sin);
    *out = s;
    s = NULL;
done:
    lem_session_free(s);
    return st;
}

void lem_session_free(lem_session *s) {
    if (!s) return;
    lem_free(s->nodes);
    lem_free(s->block);
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

static void release_pages(lem_session *s, lem_node *x) {
    for (int page = x->first_page; page >= 0;) {
        int next = s->next_page[page];
        s->next_page[page] = s->free_page;
        s->free_page = page;
        s->n_free++;
        page = next;
    }
}

void lem_session_drop(lem_session *s, int node) {
    if (!lem_session_is_live(s, node)) return;
    s->nodes[node].state = LEM_NODE_DROPPED;
    while (node >= 0 && s->nodes[node].state == LEM_NODE_DROPPED && s->nodes[node].n_children == 0) {
        lem_node *x = &s->nodes[node];
        int parent = x->parent;
        release_pages(s, x);
        x->state = LEM_NODE_FREE;
        x->parent = s->free_node;
        s->free_node = node;
        if (parent >= 0 && --s->nodes[parent].n_children == 0) s->nodes[parent].closed = false;
        node = parent;
    }
}

int lem_session_free_pages(const lem_session *s) { return s->n_free; }

/* ---- step ---- */

static void embed(lem_session *s) {
    size_t D = (size_t)s->w->config.width;
    if (s->w->embed) {
        s->b->ops->embed(s->b, s->n_rows, s->w->config.width, s->ids, s->w->embed, s->x);
        return;
    }
    for (size_t t = 0; t < (size_t)s->n_rows; t++) {
        const uint16_t *row = s->w->embed_bf16 + (size_t)s->ids[t] * D;
        for (size_t d = 0; d < D; d++) s->x[t * D + d] = lem_bf16_to_f32(row[d]);
    }
}

lem_status lem_session_step(lem_session *s, const lem_feed *feeds, int n_feeds, lem_err *err) {
    lem_status st = lem_session_check_feeds(s, feeds, n_feeds, err);
    if (st != LEM_OK) return st;
    lem_session_lay_out(s, feeds, n_feeds);
    const lem_model_config *c = &s->w->config;
    lem_batch batch = {{s->n_rows, s->n_trees, s->pos, s->trees, s->segs, 0}, s->page, s->slot};
    lem_layer_act a = {.x = s->x,
                       .q = s->q,
                       .k = s->k,
                       .v = s->v,
                       .attn = s->attn,
                       .mid = s->x,
                       .gate = s->gate,
                       .up = s->up,
                       .out = s->x,
                       .normed = s->normed,
                       .act = s->act,
                       .qkv = s->qkv};
    embed(s);
    for (int i = 0; i < c->layers; i++)
        lem_layer_forward(s->b, c, &s->w->packed.layer[i], &batch, s->cos_sin, &s->kv, i,
                          lem_model_config_window(c, i), &a);
    s->b->ops->rmsnorm(s->b, s->n_rows, c->width, s->x, s->w->packed.final_norm, c->norm_eps, s->hidden,
                       NULL);
    return LEM_OK;
}

int lem_session_row(const lem_session *s, int feed, int token) { return s->feed_row[feed] + token; }

const float *lem_session_hidden(const lem_session *s) { return s->hidden; }

/* ---- heads ---- */

void lem_session_logits(lem_session *s, int R, const int *rows, float *logits) {
    const lem_model_config *c = &s->w->config;
    const lem_packed *head = &s->w->packed.head;
    if (head->N == 0) return;
    for (int at = 0; at < R; at += s->head.rows) {
        int n = R - at < s->head.rows ? R - at : s->head.rows;
        lem_gather_rows(n, c->width, rows + at, s->hidden, s->head.hidden);
        s->b->ops->linear(s->b, n, s->head.hidden, head, NULL, logits + (size_t)at * (size_t)c->vocab, false);
    }
}

lem_status lem_session_logprobs(lem_session *s, int R, const int *rows, const int32_t *target, float *logprob,
                                lem_err *err) {
    const lem_model_config *c = &s->w->config;
    const lem_packed *head = &s->w->packed.head;
    if (head->N == 0) return lem_fail(err, LEM_EUSAGE, "this model has no language-model head");
    lem_status st = lem_check_rows(R, rows, s->n_rows, err);
    if (st == LEM_OK) st = lem_check_targets(R, target, c->vocab, err);
    if (st != LEM_OK) return st;
    for (int at = 0; at < R; at += s->head.rows) {
        int n = R - at < s->head.rows ? R - at : s->head.rows;
        lem_gather_rows(n, c->width, rows + at, s->hidden, s->head.hidden);
        s->b->ops->linear(s->b, n, s->head.hidden, head, NULL, s->head.logits, false);
        s->b->ops->logprob(s->b, n, c->vocab, s->head.logits, target + at, logprob + at, NULL);
    }
    return LEM_OK;
}

lem_status lem_session_scores(lem_session *s, int R, const int *rows, float *score, lem_err *err) {
    if (s->w->packed.score.N == 0)
        return lem_fail(err, LEM_EUSAGE, "this model has no reward head (score.weight or another)");
    lem_status st = lem_check_rows(R, rows, s->n_rows, err);
    if (st == LEM_OK) lem_head_scores(s->b, &s->w->packed, &s->head, R, rows, s->hidden, score);
    return st;
}
