/* cpu/attention.inc.h - attention over a forest, forward and backward
 *
 * A unit is one (row, query head) of one kv head: unit u of a tree is row u/G, head u%G of the group. Blocks
 * of up to 112 units share the products with each page. Scores are kept by absolute position, so that their
 * maximum and sums (16 partial sums by position modulo 16) do not depend on pages; P V continues one chain
 * per output over positions. A row's bits depend on nothing but its own path.
 *
 * With a window, scores start at a block's `base`, a multiple of 16 at or below the first key that any of its
 * rows sees, and pages below it are left out: keys outside a row's window have probability 0, which changes
 * no sum, so the base is free. */

#define UNITS LEM_ATTENTION_ROWS
#define SEG_LIST 32768 /* segments of one block that are listed; with more the whole tree is scanned */

#include "compute/cpu/pages_bf16.inc.h"

typedef struct attn {
    const lem_attn_plan *plan;
    int H, KH, E, G;
    float scale;
    const float *q; /* [T,H,E] */
    const lem_kv *kv;
    size_t layer_at;
    float *out, *lse; /* forward results, backward inputs */
    const float *dout;
    float *dq, *dk, *dv;
    int rows_per_block, blocks, chunks;
    bool bf16, dot; /* keys and values are bf16; their products are those of dot.inc.h */
    lem_backend *backend;
} attn;

SIMD const float *page_keys(const attn *c, int page, int head) {
    return c->kv->data + (size_t)page * c->kv->page_stride + c->layer_at + (size_t)head * c->kv->head_stride;
}

SIMD const float *page_values(const attn *c, int page, int head) {
    size_t keys = c->bf16 ? (size_t)key_pairs(c->E) : (size_t)c->E;
    return page_keys(c, page, head) + keys * LEM_PAGE_KEYS;
}

SIMD size_t unit_at(const attn *c, int head, int u) /* index of the unit's (row, head) in [T,H] */
{
    return (size_t)(u / c->G) * (size_t)c->H + (size_t)(head * c->G + u % c->G);
}

static void gather(const attn *c, const float *from, int head, int u0, int u1, float *to) {
    for (int u = u0; u < u1; u++, to += c->E)
        memcpy(to, from + unit_at(c, head, u) * (size_t)c->E, (size_t)c->E * sizeof *to);
}

/* Floats between the units of queries_of. */
SIMD size_t query_step(const attn *c) { return c->dot ? (size_t)key_pairs(c->E) : (size_t)c->E; }

/* Queries as they are multiplied by keys. */
static void queries_of(const attn *c, int head, int u0, int u1, float *to) {
    if (!c->dot) {
        gather(c, c->q, head, u0, u1, to);
        if (c->bf16) round_in_place(to, (u1 - u0) * c->E);
        return;
    }
    for (int u = u0; u < u1; u++, to += query_step(c))
        low_pairs(c->q + unit_at(c, head, u) * (size_t)c->E, c->E, (uint32_t *)(void *)to);
}

/* Position of the first key that row r sees. */
SIMD int first_seen(const lem_attn_plan *p, int r) {
    return p->window > 0 ? max_int(0, p->pos[r] - p->window + 1) : 0;
}

/* Units u0..u1-1 that see the segment's keys; leading rows before its first position and trailing rows whose
 * window begins after it are left out. False when none. */
SIMD bool seg_units(const attn *c, const lem_attn_seg *s, int u0, int u1, int *from, int *to) {
    int a = max_int(s->row0 * c->G, u0), z = min_int(s->row1 * c->G, u1);
    while (a < z && c->plan->pos[a / c->G] < s->pos0) a = min_int((a / c->G + 1) * c->G, z);
    if (c->plan->window > 0)
        while (a < z && first_seen(c->plan, (z - 1) / c->G) >= s->pos0 + s->n_keys)
            z = max_int((z - 1) / c->G * c->G, a);
    *from = a;
    *to = z;
    return a < z;
}

typedef struct seg_range {
    const int *list; /* NULL: all of the tree */
    int n, first;
    int base; /* multiple of 16, at or below the position of every key that is looked at */
} seg_range;

/* The tree's segments seen by rows r0..r1-1: listed, or all of the tree's when there are too many to list. */
static seg_range list_segs(const attn *c, const lem_attn_tree *tree, int r0, int r1, int *list) {
    seg_range all = {NULL, tree->seg1 - tree->seg0, tree->seg0, 0}, some = {list, 0, 0, INT32_MAX};
    int seen = INT32_MAX;
    for (int r = r0; r < r1 && seen > 0; r++) seen = min_int(seen, first_seen(c->plan, r));
    for (int i = tree->seg0; i < tree->seg1; i++) {
        const lem_attn_seg *s = &c->plan->segs[i];
        if (s->row0 >= r1 || s->row1 <= r0 || s->pos0 + s->n_keys <= seen) continue;
        if (some.n == SEG_LIST) return all;
        list[some.n++] = i;
        some.base = min_int(some.base, s->pos0);
    }
    some.base = some.n == 0 ? 0 : some.base / 16 * 16;
    return some;
}

SIMD const lem_attn_seg *seg_of(const attn *c, const seg_range *r, int i) {
    return &c->plan->segs[r->list ? r->list[i] : r->first + i];
}

/* Scores of one unit become probabilities times the returned sum; positions below first and from len to width
 * become 0. */
static float softmax_row(float *s, int first, int len, int width, float scale, float *lse) {
    v16 vscale = v_set1(scale), vmax = v_set1(-INFINITY), sum = v_zero();
    int full = len / 16 * 16, rest = len - full, start = first / 16 * 16;
    for (int i = 0; i < start; i += 16) v_store(s + i, v_zero());
    for (int i = start; i < first; i++) s[i] = -INFINITY;
    for (int i = start; i < full; i += 16) {
        v16 x = v_mul(v_load(s + i), vscale);
        v_store(s + i, x);
        vmax = v_max(x, vmax);
    }
    if (rest) {
        v16 x = v_first_n(v_mul(v_load(s + full), vscale), rest, v_set1(-INFINITY));
        v_store(s + full, x);
        vmax = v_max(x, vmax);
    }
    float max = v_hmax(vmax);
    vmax = v_set1(max);
    for (int i = start; i < len; i += 16) {
        v16 p = v_exp(v_sub(v_load(s + i), vmax));
        v_store(s + i, p);
        sum = v_add(sum, p);
    }
    for (int i = full + (rest ? 16 : 0); i < width; i += 16) v_store(s + i, v_zero());
    float total = v_sum(sum);
    if (lse) *lse = (float)((double)max + log((double)total));
    return total;
}

/* Scores [n][stride] of n units against one page. */
static void page_scores(const attn *c, const lem_attn_seg *s, int head, int n, const float *q, float *score,
                        size_t stride) {
    const float *keys = page_keys(c, s->page, head);
    if (!c->bf16) {
        small_product(TILE_A_ROWS, n, LEM_PAGE_KEYS, c->E, q, (size_t)c->E, keys, LEM_PAGE_KEYS, score,
                      stride, false);
        return;
    }
    page_product g = {
        .backend = c->backend, .M = n, .N = LEM_PAGE_KEYS, .K = c->E, .a = q, .lda = query_step(c)};
    g.b = (const uint32_t *)(const void *)keys;
    g.c = score;
    g.ldc = stride;
    run_page_product(&g);
}

/* out [n][E] += probabilities [n][stride] by the values of one page. */
static void page_outputs(const attn *c, const lem_attn_seg *s, int head, int n, const float *prob,
                         size_t stride, float *pairs, float *out) {
    const float *values = page_values(c, s->page, head);
    if (!c->bf16) {
        small_product(TILE_A_ROWS, n, c->E, s->n_keys, prob, stride, values, (size_t)c->E, out, (size_t)c->E,
                      true);
        return;
    }
    page_product g = {.backend = c->backend, .M = n, .N = c->E, .K = s->n_keys, .a = prob, .lda = stride};
    if (c->dot) {
        pair_probabilities(prob, stride, n, s->n_keys, (uint32_t *)(void *)pairs);
        g.a = pairs;
        g.lda = LEM_PAGE_KEYS / 2;
    }
    g.b = (const uint32_t *)(const void *)values;
    g.panel = VALUE_PANEL;
    g.c = out;
    g.ldc = (size_t)c->E;
    g.load = true;
    run_page_product(&g);
}

/* Units u0..u1-1 (at most UNITS, and what the score space holds) of one tree and kv head. */
static void forward_units(const attn *c, const seg_range *segs, int head, int u0, int u1, int stride,
                          float *space) {
    int E = c->E, units = u1 - u0, a, z;
    float *q = space, *o = q + (size_t)UNITS * (size_t)E, *pairs = o + (size_t)UNITS * (size_t)E;
    float *score = pairs + (size_t)UNITS * LEM_PAGE_KEYS / 2;
    queries_of(c, head, u0, u1, q);
    for (int i = 0; i < segs->n; i++) {
        const lem_attn_seg *s = seg_of(c, segs, i);
        if (!seg_units(c, s, u0, u1, &a, &z)) continue;
        page_scores(c, s, head, z - a, q + (size_t)(a - u0) * query_step(c),
                    score + (size_t)(a - u0) * (size_t)stride + s->pos0 - segs->base, (size_t)stride);
    }
    float total[UNITS];
    for (int u = 0; u < units; u++) {
        float *lse = c->lse ? c->lse + unit_at(c, head, u0 + u) : NULL;
        int r = (u0 + u) / c->G, first = max_int(0, first_seen(c->plan, r) - segs->base);
        total[u] = softmax_row(score + (size_t)u * (size_t)stride, first, c->plan->pos[r] + 1 - segs->base,
                               stride, c->scale, lse);
        if (c->bf16 && !c->dot) round_in_place(score + (size_t)u * (size_t)stride, stride);
    }
    memset(o, 0, (size_t)units * (size_t)E * sizeof *o);
    for (int i = 0; i < segs->n; i++) {
        const lem_attn_seg *s = seg_of(c, segs, i);
        if (!seg_units(c, s, u0, u1, &a, &z)) continue;
        page_outputs(c, s, head, z - a, score + (size_t)(a - u0) * (size_t)stride + s->pos0 - segs->base,
                     (size_t)stride, pairs, o + (size_t)(a - u0) * (size_t)E);
    }
    for (int u = 0; u < units; u++) {
        float *out = c->out + unit_at(c, head, u0 + u) * (size_t)E;
        v16 by = v_set1(1.0f / total[u]);
        for (int e = 0; e < E; e += 16)
            v_store_tail(out + e, E - e, v_mul(v_load_tail(o + (size_t)u * (size_t)E + e, E - e), by));
    }
}

/* Rows r0..r1-1 of one tree, kv heads h0..h1-1. */
static void forward_rows(const attn *c, const lem_attn_tree *tree, int r0, int r1, int h0, int h1,
                         float *scratch) {
    int *list = (int *)scratch, len = 0;
    float *space = scratch + SEG_LIST;
    for (int r = r0; r < r1; r++) len = max_int(len, c->plan->pos[r] + 1);
    seg_range segs = list_segs(c, tree, r0, r1, list);
    int stride = (len - segs.base + LEM_PAGE_KEYS + 15) / 16 * 16;
    stride += stride % 64 == 0 ? 16 : 0; /* spreads the rows over the cache's sets */
    size_t left = LEM_SCRATCH_FLOATS - SEG_LIST - (size_t)2 * UNITS * (size_t)c->E -
                  (size_t)UNITS * LEM_PAGE_KEYS / 2 - 64;
    size_t fit = left / (size_t)stride;
    int step = max_int(1, fit < UNITS ? (int)fit : UNITS);
    for (int h = h0; h < h1; h++)
        for (int u = r0 * c->G; u < r1 * c->G; u += step)
            forward_units(c, &segs, h, u, min_int(u + step, r1 * c->G), stride, space);
}

static void forward_task(void *ctx, int task, int worker) {
    const attn *c = ctx;
    int r0 = task % c->blocks * c->rows_per_block, r1 = min_int(r0 + c->rows_per_block, c->plan->n_rows),
        chunk = task / c->blocks;
    int h0 = tile_start(c->KH, c->chunks, chunk), h1 = tile_start(c->KH, c->chunks, chunk + 1);
    int lo = 0, hi = c->plan->n_trees; /* first tree that ends after r0 */
    while (lo < hi) {
        int mid = lo + (hi - lo) / 2;
        if (c->plan->trees[mid].row1 > r0) hi = mid;
        else lo = mid + 1;
    }
    unsigned mode = c->dot ? lem_flush_small() : 0;
    for (; lo < c->plan->n_trees && c->plan->trees[lo].row0 < r1; lo++) {
        const lem_attn_tree *t = &c->plan->trees[lo];
        int a = max_int(t->row0, r0), z = min_int(t->row1, r1);
        if (a < z) forward_rows(c, t, a, z, h0, h1, scratch_of(c->backend, worker));
    }
    if (c->dot) lem_flush_end(mode);
}

static void cpu_attention(lem_backend *b, const lem_attn_plan *plan, int H, int KH, int E, float scale,
                          const float *q, int layer, const lem_kv *kv, float *out, float *lse) {
    if (plan->n_rows <= 0) return;
    attn c = {.plan = plan,
              .H = H,
              .KH = KH,
              .E = E,
              .G = H / KH,
              .scale = scale,
              .q = q,
              .kv = kv,
              .layer_at = (size_t)layer * kv->layer_stride,
              .out = out,
              .lse = lse,
              .bf16 = kv->dtype == LEM_DTYPE_BF16,
              .dot = kv->dtype == LEM_DTYPE_BF16 && by_dot(b),
              .backend = b};
    c.rows_per_block = max_int(1, UNITS / c.G);
    c.blocks = div_up(plan->n_rows, c.rows_per_block);
    c.chunks = min_int(KH, div_up(3 * threads_of(b), c.blocks));
    run_tasks(b, c.blocks * c.chunks, forward_task, &c);
}

/* ---- backward ---- */

typedef struct backward_space {
    float *q, *dout, *dq; /* [UNITS][E] */
    float *p, *ds;        /* [UNITS][32] */
    float *kt, *vt, *k;   /* keys and values transposed [E][32], keys [32][E] */
    float lse[UNITS], delta[UNITS];
} backward_space;

/* p = exp(s*scale - lse) and ds = p*(dp - delta)*scale for the keys that the unit sees, 0 for the others. */
static void backward_scores(const attn *c, const lem_attn_seg *s, int u0, int a, int z, backward_space *w) {
    v16 scale = v_set1(c->scale);
    for (int u = a; u < z; u++) {
        int n = min_int(s->n_keys, c->plan->pos[u / c->G] - s->pos0 + 1),
            first = min_int(n, first_seen(c->plan, u / c->G) - s->pos0);
        float *p = w->p + (size_t)(u - a) * LEM_PAGE_KEYS, *ds = w->ds + (size_t)(u - a) * LEM_PAGE_KEYS;
        v16 lse = v_set1(w->lse[u - u0]), delta = v_set1(w->delta[u - u0]);
        for (int i = 0; i < LEM_PAGE_KEYS; i += 16) {
            int keep = max_int(0, min_int(16, n - i));
            v16 prob = v_exp(v_sub(v_mul(v_load(p + i), scale), lse));
            v16 grad = v_mul(v_mul(prob, v_sub(v_load(ds + i), delta)), scale);
            v_store(p + i, v_first_n(prob, keep, v_zero()));
            v_store(ds + i, v_first_n(grad, keep, v_zero()));
        }
        for (int i = 0; i < first; i++) p[i] = ds[i] = 0;
    }
}

static void backward_seg(const attn *c, const lem_attn_seg *s, int head, int u0, int a, int z,
                         backward_space *w) {
    int E = c->E, units = z - a;
    size_t at = (size_t)(a - u0) * (size_t)E, e = (size_t)E, row = (size_t)c->KH * e;
    const float *k = page_keys(c, s->page, head), *v = page_values(c, s->page, head);
    if (c->bf16) {
        expand_panel(E, (const uint32_t *)(const void *)k, w->kt);
        k = w->kt;
    }
    small_product(TILE_A_ROWS, units, LEM_PAGE_KEYS, E, w->q + at, e, k, LEM_PAGE_KEYS, w->p, LEM_PAGE_KEYS,
                  false);
    if (c->bf16) widen_values(c->dot, v, E, w->vt);
    else transpose_rows(s->n_keys, E, v, e, w->vt, LEM_PAGE_KEYS);
    small_product(TILE_A_ROWS, units, LEM_PAGE_KEYS, E, w->dout + at, e, w->vt, LEM_PAGE_KEYS, w->ds,
                  LEM_PAGE_KEYS, false);
    backward_scores(c, s, u0, a, z, w);
    transpose_rows(E, s->n_keys, k, LEM_PAGE_KEYS, w->k, e);
    small_product(TILE_A_ROWS, units, E, s->n_keys, w->ds, LEM_PAGE_KEYS, w->k, e, w->dq + at, e, true);
    size_t to = (size_t)s->key_row0 * row + (size_t)head * e;
    small_product(TILE_A_COLS, s->n_keys, E, units, w->ds, LEM_PAGE_KEYS, w->q + at, e, c->dk + to, row,
                  true);
    small_product(TILE_A_COLS, s->n_keys, E, units, w->p, LEM_PAGE_KEYS, w->dout + at, e, c->dv + to, row,
                  true);
}

static void backward_units(const attn *c, const seg_range *segs, int head, int u0, int u1,
                           backward_space *w) {
    int E = c->E, a, z;
    gather(c, c->q, head, u0, u1, w->q);
    if (c->bf16) round_in_place(w->q, (u1 - u0) * E);
    gather(c, c->dout, head, u0, u1, w->dout);
    memset(w->dq, 0, (size_t)(u1 - u0) * (size_t)E * sizeof(float));
    for (int u = u0; u < u1; u++) {
        const float *out = c->out + unit_at(c, head, u) * (size_t)E,
                    *dout = w->dout + (size_t)(u - u0) * (size_t)E;
        v16 sum = v_zero();
        for (int e = 0; e < E; e += 16)
            sum = v_fma(v_load_tail(out + e, E - e), v_load_tail(dout + e, E - e), sum);
        w->delta[u - u0] = v_sum(sum);
        w->lse[u - u0] = c->lse[unit_at(c, head, u)];
    }
    for (int i = 0; i < segs->n; i++) {
        const lem_attn_seg *s = seg_of(c, segs, i);
        if (seg_units(c, s, u0, u1, &a, &z)) backward_seg(c, s, head, u0, a, z, w);
    }
    for (int u = u0; u < u1; u++)
        memcpy(c->dq + unit_at(c, head, u) * (size_t)E, w->dq + (size_t)(u - u0) * (size_t)E,
               (size_t)E * sizeof(float));
}

/* One tree and kv head: blocks of units in order, so that each key's gradient is one chain over its rows. */
static void backward_task(void *ctx, int task, int worker) {
    const attn *c = ctx;
    const lem_attn_tree *tree = &c->plan->trees[task / c->KH];
    int head = task % c->KH;
    size_t e = (size_t)c->E, row = (size_t)c->KH * e;
    float *scratch = scratch_of(c->backend, worker), *s = scratch + SEG_LIST;
    backward_space w;
    w.q = s;
    w.dout = w.q + UNITS * e + 64; /* + 64: a panel may be read past the last row */
    w.dq = w.dout + UNITS * e + 64;
    w.p = w.dq + UNITS * e + 64;
    w.ds = w.p + (size_t)UNITS * LEM_PAGE_KEYS;
    w.vt = w.ds + (size_t)UNITS * LEM_PAGE_KEYS;
    w.k = w.vt + LEM_PAGE_KEYS * e;
    w.kt = w.k + LEM_PAGE_KEYS * e;
    memset(w.vt, 0, LEM_PAGE_KEYS * e * sizeof(float));
    for (int r = tree->row0; r < tree->row1; r++) {
        memset(c->dk + (size_t)r * row + (size_t)head * e, 0, e * sizeof(float));
        memset(c->dv + (size_t)r * row + (size_t)head * e, 0, e * sizeof(float));
    }
    for (int u = tree->row0 * c->G; u < tree->row1 * c->G; u += UNITS) {
        int end = min_int(u + UNITS, tree->row1 * c->G);
        seg_range segs = list_segs(c, tree, u / c->G, (end - 1) / c->G + 1, (int *)scratch);
        backward_units(c, &segs, head, u, end, &w);
    }
}

static void cpu_attention_backward(lem_backend *b, const lem_attn_plan *plan, int H, int KH, int E,
                                   float scale, const float *q, int layer, const lem_kv *kv, const float *out,
                                   const float *lse, const float *dout, float *dq, float *dk, float *dv) {
    attn c = {.plan = plan,
              .H = H,
              .KH = KH,
              .E = E,
              .G = H / KH,
              .scale = scale,
              .q = q,
              .kv = kv,
              .layer_at = (size_t)layer * kv->layer_stride,
              .out = (float *)(uintptr_t)out,
              .lse = (float *)(uintptr_t)lse,
              .bf16 = kv->dtype == LEM_DTYPE_BF16,
              .dot = kv->dtype == LEM_DTYPE_BF16 && by_dot(b),
              .dout = dout,
              .dq = dq,
              .dk = dk,
              .dv = dv,
              .backend = b};
    run_tasks(b, plan->n_trees * KH, backward_task, &c);
}

typedef struct kv_job {
    int T, KH, E;
    const float *k, *v;
    const int *page, *slot;
    size_t layer_at;
    const lem_kv *kv;
    int rows;
    const lem_backend *backend;
} kv_job;

/* The row before it, in the slot before it, is of the same call: that one's writer writes its values too. */
SIMD bool second_of_two(const kv_job *j, int t) {
    return t > 0 && t < j->T && j->slot[t] % 2 && j->page[t] == j->page[t - 1] &&
           j->slot[t] == j->slot[t - 1] + 1;
}

static void kv_bf16_task(void *ctx, int task, int worker) {
    const kv_job *j = ctx;
    (void)worker;
    const size_t row = (size_t)j->KH * (size_t)j->E;
    const int first = by_dot(j->backend) ? 16 : 0;
    for (int t = task * j->rows; t < min_int((task + 1) * j->rows, j->T); t++) {
        const bool second = second_of_two(j, t), two = second_of_two(j, t + 1);
        for (int h = 0; h < j->KH; h++) {
            size_t from = (size_t)t * row + (size_t)h * (size_t)j->E;
            uint32_t *keys = (uint32_t *)(void *)(j->kv->data + (size_t)j->page[t] * j->kv->page_stride +
                                                  j->layer_at + (size_t)h * j->kv->head_stride);
            uint32_t *values = keys + (size_t)key_pairs(j->E) * LEM_PAGE_KEYS;
            write_key(j->k + from, j->E, j->slot[t], keys);
            if (j->slot[t] % 2 == 0)
                write_two_values(j->v + from, two ? j->v + from + row : NULL, j->E, j->slot[t], first,
                                 values);
            else if (!second) write_second_value(j->v + from, j->E, j->slot[t], first, values);
        }
    }
}

static void kv_task(void *ctx, int task, int worker) {
    const kv_job *j = ctx;
    (void)worker;
    size_t E = (size_t)j->E;
    for (int t = task * j->rows; t < min_int((task + 1) * j->rows, j->T); t++) {
        for (int h = 0; h < j->KH; h++) {
            float *pk = j->kv->data + (size_t)j->page[t] * j->kv->page_stride + j->layer_at +
                        (size_t)h * j->kv->head_stride;
            const float *k = j->k + ((size_t)t * (size_t)j->KH + (size_t)h) * E,
                        *v = j->v + ((size_t)t * (size_t)j->KH + (size_t)h) * E;
            memcpy(pk + LEM_PAGE_KEYS * E + (size_t)j->slot[t] * E, v, E * sizeof *v);
            pk += j->slot[t];
            for (size_t e = 0; e < E; e++) pk[e * LEM_PAGE_KEYS] = k[e];
        }
    }
}

static void cpu_kv_write(lem_backend *b, int T, int KH, int E, const float *k, const float *v,
                         const int *page, const int *slot, int layer, const lem_kv *kv) {
    if (T <= 0) return;
    kv_job j = {
        T, KH, E, k, v, page, slot, (size_t)layer * kv->layer_stride, kv, rows_per_task(T, 4 * KH * E), b};
    run_tasks(b, div_up(T, j.rows), kv->dtype == LEM_DTYPE_BF16 ? kv_bf16_task : kv_task, &j);
}
