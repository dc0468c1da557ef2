/* cpu/dot.inc.h - products of bf16 with bf16 in the order of VDPBF16PS: the same bits on every processor
 *
 * Both operands are rounded to bf16 once, products are exact. The reduction index is taken in pairs, the last
 * one of a run padded with zero. Every output is one chain of fma from the old value: of each pair the odd
 * product first, then the even one, pair after pair. Numbers too small to be normal count as 0, and become 0.
 * Zen 4 and 5 do it in one instruction, twice as fast as fp32; elsewhere it is spelled out. */

enum {
    DOT_PAIRS = 384 /* of a chunk */,
    DOT_LDA = DOT_PAIRS + 16 /* rows spread over the sets of a cache */
};
_Static_assert(DOT_LDA *M_BLOCK + (DOT_PAIRS + 1) * LEM_PANEL <= LEM_SCRATCH_FLOATS, "A and a panel of B");

SIMD vf vf_dot_spelled(vf acc, vq a, vq b) {
    acc = vf_fma_once(vf_high_of(a), vf_high_of(b), acc);
    return vf_fma_once(vf_low_of(a), vf_low_of(b), acc);
}
#ifdef HAS_DOT_UNIT
#define VF_DOT(unit, acc, a, b) ((unit) ? vf_dot_unit(acc, a, b) : vf_dot_spelled(acc, a, b))
#else
#define VF_DOT(unit, acc, a, b) ((void)(unit), vf_dot_spelled(acc, a, b))
#endif

/* k of the job: pairs; A and B: words of a pair. */
SIMD void dot_tile(const int MR, const int layout, const bool unit, const tile_job *j, int col) {
    vf acc[TILE_ROWS][TILE_VECS];
    tile_begin(MR, j, col, acc);
    const uint32_t *b = (const uint32_t *)j->b + col;
    enum { POINTERS = (TILE_ROWS + 2) / 3 }; /* as in tile_f32 */
    const size_t lda = j->lda;
    const int32_t *a[POINTERS];
#pragma GCC unroll 16
    for (int g = 0; g < POINTERS; g++) a[g] = (const int32_t *)(const void *)j->a + (size_t)(3 * g) * lda;
    for (long k = j->k; k > 0; k--) {
        vq bv[TILE_VECS];
#pragma GCC unroll 4
        for (int v = 0; v < TILE_VECS; v++) bv[v] = vq_load(b + v * VF_W);
#pragma GCC unroll 16
        for (int i = 0; i < MR; i++) {
            vq av = vq_set1(layout == A_COLS ? a[0][i] : a[i / 3][(size_t)(i % 3) * lda]);
#pragma GCC unroll 4
            for (int v = 0; v < TILE_VECS; v++) acc[i][v] = VF_DOT(unit, acc[i][v], av, bv[v]);
        }
        b += LEM_PANEL;
#pragma GCC unroll 16
        for (int g = 0; g < POINTERS; g++) a[g] += layout == A_COLS ? lda : 1;
    }
    tile_end(MR, j, col, acc);
}

#define DOT_TILE(MR, NAME, LAYOUT, UNIT)                                                                     \
    static void NAME##_##MR(const tile_job *j) {                                                             \
        for (int col = 0; col < LEM_PANEL; col += N_SUB) dot_tile(MR, LAYOUT, UNIT, j, col);                 \
    }
#define DOT_SPELLED(MR) DOT_TILE(MR, spelled_rows, A_ROWS, false) DOT_TILE(MR, spelled_cols, A_COLS, false)
#define DOT_SPELLED_ENTRY(MR) {spelled_rows_##MR, spelled_cols_##MR},
TILES(DOT_SPELLED)
static tile_fn *const spelled_tiles[TILE_ROWS][2] = {TILES(DOT_SPELLED_ENTRY)};
#ifdef HAS_DOT_UNIT
#define DOT_UNIT(MR) DOT_TILE(MR, dot_rows, A_ROWS, true) DOT_TILE(MR, dot_cols, A_COLS, true)
#define DOT_UNIT_ENTRY(MR) {dot_rows_##MR, dot_cols_##MR},
TILES(DOT_UNIT)
static tile_fn *const dot_tiles[TILE_ROWS][2] = {TILES(DOT_UNIT_ENTRY)};
#else
#define dot_tiles spelled_tiles
#endif

/* ---- pairs of the reduction index ---- */

typedef struct dot_chunk {
    int n, k[DOT_PAIRS]; /* first of each pair */
    bool one[DOT_PAIRS]; /* it is alone */
    int at, run;         /* where the next one begins */
} dot_chunk;

static bool next_pairs(const product *g, dot_chunk *c) {
    c->n = 0;
    while (c->n < DOT_PAIRS && c->at < g->K) {
        int end = c->run + 1 < g->n_runs ? g->runs[c->run + 1] : g->K;
        if (c->at < end) {
            c->k[c->n] = c->at;
            c->one[c->n++] = c->at + 1 == end;
            c->at = min_int(c->at + 2, end);
        }
        if (c->at >= end) c->run++;
    }
    return c->n > 0;
}

/* 16 words of pairs: the even ones from `even`, the odd ones from `odd` (NULL: zeros). */
SIMD void pair_16(const float *even, const float *odd, int n, uint32_t *to) {
    float e[16], o[16], word[16];
    uint32_t w[16];
    v_store(e, v_load_tail(even, n));
    v_store(o, odd ? v_load_tail(odd, n) : v_zero());
    for (int i = 0; i < 16; i++) w[i] = lem_f32_to_bf16(e[i]) | (uint32_t)lem_f32_to_bf16(o[i]) << 16;
    memcpy(word, w, sizeof w);
    v_store_tail((float *)(void *)to, n, v_load(word));
}

/* A's rows with their k contiguous: a chunk of one run. */
static void dot_pack_rows(const product *g, const dot_chunk *c, int m, int rows, uint32_t *to) {
    const int n = min_int(2 * c->n, g->K - c->k[0]);
    for (int i = 0; i < rows; i++, to += DOT_LDA) {
        const float *from = g->a + (size_t)(m + i) * g->lda + (size_t)c->k[0];
        uint16_t *half = (uint16_t *)(void *)to;
        for (int k = 0; k < n; k++) half[k] = lem_f32_to_bf16(from[k]);
        if (n % 2) half[n] = 0;
    }
}

/* A's rows as neighbours, tiles one behind the other as [pairs][rows of the tile]. */
static void dot_pack_cols(const product *g, const dot_chunk *c, int m, int rows, int n_tiles, uint32_t *to) {
    for (int t = 0; t < n_tiles; t++) {
        const int i = tile_start(rows, n_tiles, t), n = tile_start(rows, n_tiles, t + 1) - i;
        for (int j = 0; j < c->n; j++, to += n) {
            const float *even = g->a + (size_t)c->k[j] * g->lda + (size_t)(m + i);
            pair_16(even, c->one[j] ? NULL : even + g->lda, n, to);
        }
    }
}

static void dot_panel_f32(const product *g, const dot_chunk *c, int p, int cols, uint32_t *to) {
    for (int j = 0; j < c->n; j++, to += LEM_PANEL) {
        const float *even = (const float *)g->b + (size_t)c->k[j] * g->ldb + (size_t)p * LEM_PANEL;
        const float *odd = c->one[j] ? NULL : even + g->ldb;
        for (int i = 0; i < cols; i += 16)
            pair_16(even + i, odd ? odd + i : NULL, min_int(16, cols - i), to + i);
    }
}

static void dot_panel_bf16(const product *g, const dot_chunk *c, int p, int cols, uint32_t *to) {
    for (int j = 0; j < c->n; j++, to += LEM_PANEL) {
        const uint16_t *even = (const uint16_t *)g->b + (size_t)c->k[j] * g->ldb + (size_t)p * LEM_PANEL;
        const uint16_t *odd = even + g->ldb;
        if (c->one[j])
            for (int i = 0; i < cols; i++) to[i] = even[i];
        else if (cols == LEM_PANEL)
            for (int i = 0; i < LEM_PANEL; i++) to[i] = even[i] | (uint32_t)odd[i] << 16;
        else
            for (int i = 0; i < cols; i++) to[i] = even[i] | (uint32_t)odd[i] << 16;
    }
}

/* B's pairs of panel p, where they lie or in `space`. */
static const uint32_t *dot_panel(const product *g, const dot_chunk *c, int p, uint32_t *space) {
    const int cols = min_int(LEM_PANEL, g->N - p * LEM_PANEL);
    if (g->b_kind == B_PAIRS) {
        size_t pairs = (size_t)(g->K + 1) / 2;
        return (const uint32_t *)g->b + ((size_t)p * pairs + (size_t)c->k[0] / 2) * LEM_PANEL;
    }
    if (g->b_kind == B_INT8) narrow_int8_panel(g, p, c->k[0], c->n, space);
    else if (g->b_kind == B_BACK) turn_pairs(g, p, c->k[0], c->n, space);
    else if (g->b_kind == B_ROWS_BF16) dot_panel_bf16(g, c, p, cols, space);
    else dot_panel_f32(g, c, p, cols, space);
    return space;
}

/* ---- the driver ---- */

/* The chunk's share of rows m0 .. m1-1 and panels p0 .. p1-1. */
static void dot_block(const product *g, const dot_chunk *c, int m0, int m1, int p0, int p1, bool load,
                      uint32_t *scratch) {
    const int M = m1 - m0, n_tiles = div_up(M, TILE_ROWS), layout = g->a_layout;
    const bool last = c->at >= g->K;
    tile_fn *const(*table)[2] =
        ((const lem_cpu_priv *)g->backend->priv)->dot_unit ? dot_tiles : spelled_tiles;
    uint32_t *a = scratch, *space = scratch + (size_t)DOT_LDA * M_BLOCK;
    if (layout == A_ROWS) dot_pack_rows(g, c, m0, M, a);
    else dot_pack_cols(g, c, m0, M, n_tiles, a);
    for (int p = p0; p < p1; p++) {
        tile_job j = {.k = c->n, .b = dot_panel(g, c, p, space), .ldc = (size_t)g->N, .load = load};
        if (g->bias && last) j.bias = g->bias + (size_t)p * LEM_PANEL;
        for (int t = 0; t < n_tiles; t++) {
            const int i = tile_start(M, n_tiles, t), rows = tile_start(M, n_tiles, t + 1) - i;
            j.a = (const float *)(const void *)(a + (size_t)i * (size_t)(layout == A_ROWS ? DOT_LDA : c->n));
            j.lda = layout == A_ROWS ? DOT_LDA : (size_t)rows;
            j.c = g->c + (size_t)(m0 + i) * (size_t)g->N + (size_t)p * LEM_PANEL;
            call_tile(table[rows - 1][layout], rows, min_int(LEM_PANEL, g->N - p * LEM_PANEL), &j);
        }
    }
}

static void dot_task(void *ctx, int task, int worker) {
    const product *g = ctx;
    int m0, m1, p0, p1;
    task_range(g, task, &m0, &m1, &p0, &p1);
    unsigned mode = lem_flush_small();
    dot_chunk c = {.n = 0};
    for (bool load = g->accumulate; next_pairs(g, &c); load = true)
        dot_block(g, &c, m0, m1, p0, p1, load, (uint32_t *)(void *)scratch_of(g->backend, worker));
    lem_flush_end(mode);
}

/* Whether products of bf16 have this order, not that of bf16.inc.h. */
static bool by_dot(const lem_backend *b) { return ((const lem_cpu_priv *)b->priv)->pairs; }
