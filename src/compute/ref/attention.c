/* attention - reference attention over a forest, forward and backward, one score at a time */
#include "compute/ref/ref_priv.h"

#include <math.h>
#include <string.h>

typedef struct keys {   /* one page of one layer and kv head */
    const float *k, *v; /* [E][32], [32][E] */
} keys;

static keys page_of(const lem_kv *kv, int page, int layer, int head, int E) {
    keys p;
    p.k = kv->data + (size_t)page * kv->page_stride + (size_t)layer * kv->layer_stride +
          (size_t)head * kv->head_stride;
    p.v = p.k + (size_t)LEM_PAGE_KEYS * (size_t)E;
    return p;
}

void lem_ref_kv_write(lem_backend *b, int T, int KH, int E, const float *k, const float *v, const int *page,
                      const int *slot, int layer, const lem_kv *kv) {
    (void)b;
    for (int t = 0; t < T; t++) {
        for (int h = 0; h < KH; h++) {
            float *pk = kv->data + (size_t)page[t] * kv->page_stride + (size_t)layer * kv->layer_stride +
                        (size_t)h * kv->head_stride;
            float *pv = pk + (size_t)LEM_PAGE_KEYS * (size_t)E;
            size_t from = ((size_t)t * (size_t)KH + (size_t)h) * (size_t)E;
            for (int e = 0; e < E; e++) {
                pk[(size_t)e * LEM_PAGE_KEYS + (size_t)slot[t]] = k[from + (size_t)e];
                pv[(size_t)slot[t] * (size_t)E + (size_t)e] = v[from + (size_t)e];
            }
        }
    }
}

static double dot_key(const float *q, const keys *p, int j, int E) {
    double s = 0;
    for (int e = 0; e < E; e++) s += (double)q[e] * (double)p->k[(size_t)e * LEM_PAGE_KEYS + (size_t)j];
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

/* Log-sum-exp of the scaled scores of one row and head. */
static double row_lse(const lem_attn_plan *plan, const lem_attn_tree *tree, int r, const float *q, int layer,
                      const lem_kv *kv, int head, int E, float scale) {
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
    return max + log(sum);
}

void lem_ref_attention(lem_backend *b, const lem_attn_plan *plan, int H, int KH, int E, float scale,
                       const float *q, int layer, const lem_kv *kv, float *out, float *lse) {
    (void)b;
    int group = H / KH;
    for (int t = 0; t < plan->n_trees; t++) {
        const lem_attn_tree *tree = &plan->trees[t];
        for (int r = tree->row0; r < tree->row1; r++) {
            for (int h = 0; h < H; h++) {
                size_t at = (size_t)r * (size_t)H + (size_t)h;
                const float *qr = q + at * (size_t)E;
                double l = row_lse(plan, tree, r, qr, layer, kv, h / group, E, scale);
                for (int e = 0; e < E; e++) {
                    double acc = 0;
                    for (int i = tree->seg0; i < tree->seg1; i++) {
                        int j, n;
                        if (!visible(plan, &plan->segs[i], r, &j, &n)) continue;
                        keys p = page_of(kv, plan->segs[i].page, layer, h / group, E);
                        for (; j < n; j++)
                            acc += exp(dot_key(qr, &p, j, E) * (double)scale - l) *
                                   (double)p.v[(size_t)j * (size_t)E + (size_t)e];
                    }
                    out[at * (size_t)E + (size_t)e] = (float)acc;
                }
                if (lse) lse[at] = (float)l;
            }
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
    for (int e = 0; e < g->E; e++)
        dp += (double)g->dout[e] * (double)p->v[(size_t)j * (size_t)g->E + (size_t)e];
    double ds = prob * (dp - g->delta) * (double)g->scale;
    for (int e = 0; e < g->E; e++) {
        size_t at = (size_t)key_row * g->key_stride + (size_t)e;
        g->dq[e] = (float)((double)g->dq[e] + ds * (double)p->k[(size_t)e * LEM_PAGE_KEYS + (size_t)j]);
        g->dk[at] = (float)((double)g->dk[at] + ds * (double)g->q[e]);
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
