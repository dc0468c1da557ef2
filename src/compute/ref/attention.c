/* attention - reference attention over a forest, forward and backward, one score at a time */
#include "compute/ref/ref_priv.h"

#include <math.h>
#include <string.h>

typedef struct keys { /* one page of one layer and kv head: k [E][32], v [32][E] */
    const void *k, *v;
    bool bf16; /* two bytes a number */
} keys;

static keys page_of(const lem_kv *kv, int page, int layer, int head, int E) {
    keys p = {.bf16 = kv->dtype == LEM_DTYPE_BF16};
    const float *k = kv->data + (size_t)page * kv->page_stride + (size_t)layer * kv->layer_stride +
                     (size_t)head * kv->head_stride;
    p.k = k;
    p.v = k + (size_t)LEM_PAGE_KEYS * (size_t)E / (p.bf16 ? 2 : 1);
    return p;
}

static void put(void *numbers, bool bf16, size_t at, float x) {
    if (bf16) ((uint16_t *)numbers)[at] = lem_f32_to_bf16(x);
    else ((float *)numbers)[at] = x;
}

static double number(const void *numbers, bool bf16, size_t at) {
    return (double)(bf16 ? lem_bf16_to_f32(((const uint16_t *)numbers)[at]) : ((const float *)numbers)[at]);
}

static double key(const keys *p, int j, int e) {
    return number(p->k, p->bf16, (size_t)e * LEM_PAGE_KEYS + (size_t)j);
}

static double value(const keys *p, int j, int e, int E) {
    return number(p->v, p->bf16, (size_t)j * (size_t)E + (size_t)e);
}

/* What is multiplied by keys or values: rounded where they are. */
static double factor(bool bf16, double x) {
    return bf16 ? (double)lem_bf16_to_f32(lem_f32_to_bf16((float)x)) : x;
}

void lem_ref_kv_write(lem_backend *b, int T, int KH, int E, const float *k, const float *v, const int *page,
                      const int *slot, int layer, const lem_kv *kv) {
    (void)b;
    for (int t = 0; t < T; t++) {
        for (int h = 0; h < KH; h++) {
            keys p = page_of(kv, page[t], layer, h, E);
            size_t from = ((size_t)t * (size_t)KH + (size_t)h) * (size_t)E, at = (size_t)slot[t];
            for (int e = 0; e < E; e++) {
                put((void *)(uintptr_t)p.k, p.bf16, (size_t)e * LEM_PAGE_KEYS + at, k[from + (size_t)e]);
                put((void *)(uintptr_t)p.v, p.bf16, at * (size_t)E + (size_t)e, v[from + (size_t)e]);
            }
        }
    }
}

static double dot_key(const float *q, const keys *p, int j, int E) {
    double s = 0;
    for (int e = 0; e < E; e++) s += factor(p->bf16, (double)q[e]) * key(p, j, e);
    return s;
}

/* Keys first..end-1 of the segment are those that row r sees; false when none. */
static bool visible(const lem_attn_plan *plan, const lem_attn_seg *s, int r, int *first, int *end) {
    int at = plan->pos[r] - s->pos0; /* the row's own key, counted from the segment's first */
    if (r < s->row0 || r >= s->row1) return false;
    *first = plan->window > 0 && at - plan->window >= 0 ? at - plan->window + 1 : 0;
    *end = at + 1 < s->n_keys ? at + 1 : s->n_keys;
    return *first < *end;
}

typedef struct softmax { /* of the scaled scores of one row and head */
    double max, sum;     /* of exp(score - max) */
} softmax;

static softmax row_softmax(const lem_attn_plan *plan, const lem_attn_tree *tree, int r, const float *q,
                           int layer, const lem_kv *kv, int head, int E, float scale) {
    double max = -INFINITY, sum = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (int i = tree->seg0; i < tree->seg1; i++) {
            int j, n;
            if (!visible(plan, &plan->segs[i], r, &j, &n)) continue;
            keys p = page_of(kv, plan->segs[i].page, layer, head, E);
            for (; j < n; j++) {
                double s = dot_key(q, &p, j, E) * (double)scale;
                if (pass == 0) max = s > max ? s : max;
                else sum += exp(s - max);
            }
        }
    }
    return (softmax){max, sum};
}

enum { AT_ONCE = 64 }; /* outputs of a row and head that are summed together */

typedef struct row_out { /* of one row and head */
    const lem_attn_plan *plan;
    const lem_attn_tree *tree;
    const lem_kv *kv;
    const float *q;
    int r, layer, head, E; /* head: of keys and values */
    double scale;
    softmax m;
} row_out;

/* out[e0 .. e1) */
static void sum_values(const row_out *o, int e0, int e1, float *out) {
    double sum[AT_ONCE] = {0};
    for (int i = o->tree->seg0; i < o->tree->seg1; i++) {
        int j, n;
        if (!visible(o->plan, &o->plan->segs[i], o->r, &j, &n)) continue;
        keys p = page_of(o->kv, o->plan->segs[i].page, o->layer, o->head, o->E);
        for (; j < n; j++) {
            double prob = factor(p.bf16, exp(dot_key(o->q, &p, j, o->E) * o->scale - o->m.max));
            for (int e = e0; e < e1; e++) sum[e - e0] += prob * value(&p, j, e, o->E);
        }
    }
    for (int e = e0; e < e1; e++) out[e] = (float)(sum[e - e0] / o->m.sum);
}

void lem_ref_attention(lem_backend *b, const lem_attn_plan *plan, int H, int KH, int E, float scale,
                       const float *q, int layer, const lem_kv *kv, float *out, float *lse) {
    (void)b;
    for (int t = 0; t < plan->n_trees; t++) {
        const lem_attn_tree *tree = &plan->trees[t];
        for (int i = tree->row0 * H; i < tree->row1 * H; i++) {
            const size_t at = (size_t)i * (size_t)E;
            row_out o = {plan, tree, kv, q + at, i / H, layer, i % H / (H / KH), E, (double)scale, {0, 0}};
            o.m = row_softmax(plan, tree, o.r, o.q, layer, kv, o.head, E, scale);
            for (int e = 0; e < E; e += AT_ONCE)
                sum_values(&o, e, e + AT_ONCE < E ? e + AT_ONCE : E, out + at);
            if (lse) lse[i] = (float)(o.m.max + log(o.m.sum));
        }
    }
}

typedef struct row_grad { /* one (row, head) of the backward pass */
    const float *q, *dout;
    float *dq, *dk, *dv; /* dq [E]; dk and dv of the kv head, rows KH*E apart */
    size_t key_stride;
    double lse, delta;
    float scale;
    int E;
} row_grad;

static void backward_key(const row_grad *g, const keys *p, int j, int key_row) {
    double prob = exp(dot_key(g->q, p, j, g->E) * (double)g->scale - g->lse), dp = 0;
    for (int e = 0; e < g->E; e++) dp += (double)g->dout[e] * value(p, j, e, g->E);
    double ds = prob * (dp - g->delta) * (double)g->scale;
    for (int e = 0; e < g->E; e++) {
        size_t at = (size_t)key_row * g->key_stride + (size_t)e;
        g->dq[e] = (float)((double)g->dq[e] + ds * key(p, j, e));
        g->dk[at] = (float)((double)g->dk[at] + ds * factor(p->bf16, (double)g->q[e]));
        g->dv[at] = (float)((double)g->dv[at] + prob * (double)g->dout[e]);
    }
}

void lem_ref_attention_backward(lem_backend *b, const lem_attn_plan *plan, int H, int KH, int E, float scale,
                                const float *q, int layer, const lem_kv *kv, const float *out,
                                const float *lse, const float *dout, float *dq, float *dk, float *dv) {
    (void)b;
    int group = H / KH;
    size_t kv_row = (size_t)KH * (size_t)E;
    memset(dq, 0, (size_t)plan->n_rows * (size_t)H * (size_t)E * sizeof *dq);
    memset(dk, 0, (size_t)plan->n_rows * kv_row * sizeof *dk);
    memset(dv, 0, (size_t)plan->n_rows * kv_row * sizeof *dv);
    for (int t = 0; t < plan->n_trees; t++) {
        const lem_attn_tree *tree = &plan->trees[t];
        for (int r = tree->row0; r < tree->row1; r++) {
            for (int h = 0; h < H; h++) {
                size_t at = (size_t)r * (size_t)H + (size_t)h, head_at = (size_t)(h / group) * (size_t)E;
                row_grad g = {q + at * (size_t)E,
                              dout + at * (size_t)E,
                              dq + at * (size_t)E,
                              dk + head_at,
                              dv + head_at,
                              kv_row,
                              (double)lse[at],
                              0,
                              scale,
                              E};
                for (int e = 0; e < E; e++)
                    g.delta += (double)g.dout[e] * (double)out[at * (size_t)E + (size_t)e];
                for (int i = tree->seg0; i < tree->seg1; i++) {
                    int j, n;
                    if (!visible(plan, &plan->segs[i], r, &j, &n)) continue;
                    keys p = page_of(kv, plan->segs[i].page, layer, h / group, E);
                    for (; j < n; j++) backward_key(&g, &p, j, plan->segs[i].key_row0 + j);
                }
            }
        }
    }
}
