/* cpu/bf16.inc.h - products of bf16 with bf16, summed in fp32: the same bits on every processor
 *
 * The reduction index is padded with zeros to a multiple of 32. Within each block of 32, the even products
 * are one chain of fma from 0 and the odd ones another, ascending; their sum is added to the output, block
 * after block. Numbers too small to be normal count as 0, and become 0. This is the order of TDPBF16PS (Intel
 * SDM, volume 2), which the tile unit of amx.c carries out; here it is spelled out for processors without
 * one. */

enum { BF16_ROWS = 256 }; /* rows of A that are rounded at a time */
enum {
    BF16_UNIT_WIDTH = 1 << 17
}; /* 16 rows that wide, half of the scratch: the longest that the tile unit gets */

static bool has_tile_unit(const lem_backend *b) { return ((const lem_cpu_priv *)b->priv)->tile_unit; }

/* Rows row .. row+MR-1 of a tile, all of its columns. */
SIMD void bf16_rows(const int MR, const lem_bf16_tile *t, int row) {
    const float *a = (const float *)t->a + (size_t)row * t->lda;
    for (int col = 0; col < LEM_PANEL; col += VF_W) {
        const uint32_t *b = t->b + col;
        vf acc[4];
#pragma GCC unroll 4
        for (int i = 0; i < MR; i++) acc[i] = vf_load(t->c + (row + i) * LEM_PANEL + col);
        for (int k = 0; k < t->blocks * LEM_BF16_BLOCK; k += LEM_BF16_BLOCK) {
            vf even[4], odd[4];
#pragma GCC unroll 4
            for (int i = 0; i < MR; i++) even[i] = odd[i] = vf_zero();
            for (int j = k; j < k + LEM_BF16_BLOCK; j += 2, b += LEM_PANEL) {
                vf lo = vf_pair_lo(b), hi = vf_pair_hi(b);
#pragma GCC unroll 4
                for (int i = 0; i < MR; i++) {
                    even[i] = vf_fma_once(vf_set1(a[(size_t)i * t->lda + (size_t)j]), lo, even[i]);
                    odd[i] = vf_fma_once(vf_set1(a[(size_t)i * t->lda + (size_t)j + 1]), hi, odd[i]);
                }
            }
#pragma GCC unroll 4
            for (int i = 0; i < MR; i++) acc[i] = vf_add(acc[i], vf_add(even[i], odd[i]));
        }
#pragma GCC unroll 4
        for (int i = 0; i < MR; i++) vf_store(t->c + (row + i) * LEM_PANEL + col, acc[i]);
    }
}

static void bf16_tile(const lem_bf16_tile *t) {
    int row = 0;
    for (; row + 4 <= t->rows; row += 4) bf16_rows(4, t, row);
    for (; row < t->rows; row++) bf16_rows(1, t, row);
}

/* ---- rows of A, rounded to bf16 ---- */

/* n rows of K floats as rows of `width` floats that are bf16. */
static void round_rows(const product *g, int m, int n, int width, float *to) {
    for (int i = 0; i < n; i++, to += width) {
        const float *from = g->a + (size_t)(m + i) * g->lda;
        for (int k = 0; k < g->K; k++) to[k] = lem_bf16_to_f32(lem_f32_to_bf16(from[k]));
        memset(to + g->K, 0, (size_t)(width - g->K) * sizeof *to);
    }
}

/* The same as tiles: [ceil(n/16)][width/32][16][32] bf16. */
static void round_tiles(const product *g, int m, int n, int width, uint16_t *to) {
    for (int i = 0; i < n; i++) {
        const float *from = g->a + (size_t)(m + i) * g->lda;
        uint16_t *at = to + (size_t)(i / LEM_BF16_ROWS * LEM_BF16_ROWS) * (size_t)width;
        at += i % LEM_BF16_ROWS * LEM_BF16_BLOCK;
        for (int k = 0; k < width; k += LEM_BF16_BLOCK, at += LEM_BF16_ROWS * LEM_BF16_BLOCK) {
            int n_k = min_int(LEM_BF16_BLOCK, g->K - k);
            if (n_k < LEM_BF16_BLOCK) memset(at, 0, LEM_BF16_BLOCK * sizeof *at);
            for (int j = 0; j < n_k; j++) at[j] = lem_f32_to_bf16(from[k + j]);
        }
    }
}

/* ---- one panel ---- */

typedef struct bf16_panel {
    const product *g;
    lem_bf16_tile_fn *tile;
    int p, cols;
    const uint32_t *pairs; /* [ceil(K/2)][32] */
    int whole;             /* blocks of 32 that lie there whole */
    uint32_t *tail;        /* [16][32]: the rest, padded with zeros */
    uint32_t *space;       /* for the pairs of int8, LEM_SCRATCH_SPARE floats */
} bf16_panel;

static void open_panel(bf16_panel *b, int p) {
    const product *g = b->g;
    size_t pairs = (size_t)(g->K + 1) / 2;
    b->p = p;
    b->cols = min_int(LEM_PANEL, g->N - p * LEM_PANEL);
    b->pairs = b->space;
    if (g->b_kind == B_INT8) narrow_int8_panel(g, p, 0, (int)pairs, b->space);
    else b->pairs = (const uint32_t *)g->b + (size_t)p * pairs * LEM_PANEL;
    const int pairs_each = LEM_BF16_BLOCK / 2, left = (int)(pairs % pairs_each);
    b->whole = (int)(pairs / pairs_each);
    if (left == 0) return;
    memset(b->tail, 0, sizeof(uint32_t) * LEM_PANEL * pairs_each);
    memcpy(b->tail, b->pairs + (pairs - (size_t)left) * LEM_PANEL,
           sizeof(uint32_t) * LEM_PANEL * (size_t)left);
}

/* Rows m .. m+n-1 of C in this panel; a: their rounded rows, last: where their last block of k begins. */
static void panel_rows(const bf16_panel *b, int m, int n, const void *a, size_t lda, const void *last) {
    const product *g = b->g;
    float c[LEM_BF16_TILE * LEM_PANEL] __attribute__((aligned(64))) = {0};
    float *to = g->c + (size_t)m * (size_t)g->N + (size_t)b->p * LEM_PANEL;
    for (int i = 0; g->accumulate && i < n; i++)
        for (int j = 0; j < b->cols; j++) c[i * LEM_PANEL + j] = to[(size_t)i * (size_t)g->N + (size_t)j];
    lem_bf16_tile t = {n, b->whole, a, lda, b->pairs, c};
    if (b->whole) b->tile(&t);
    if ((size_t)b->whole * LEM_BF16_BLOCK < (size_t)g->K) {
        t.blocks = 1;
        t.a = last;
        t.b = b->tail;
        b->tile(&t);
    }
    const float *bias = g->bias ? g->bias + (size_t)b->p * LEM_PANEL : NULL;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < b->cols; j++)
            to[(size_t)i * (size_t)g->N + (size_t)j] =
                bias ? c[i * LEM_PANEL + j] + bias[j] : c[i * LEM_PANEL + j];
}

/* ---- the driver ---- */

/* As many rows of A as the scratch has room for, beside those that a tile reads and throws away. */
static int rows_at_a_time(int width) {
    int room = (int)(LEM_SCRATCH_FLOATS / (unsigned)width) - LEM_BF16_TILE - 1;
    return max_int(1, min_int(room, BF16_ROWS));
}

static void bf16_block(const product *g, int m0, int m1, int p0, int p1, float *scratch) {
    const int width = div_up(g->K, LEM_BF16_BLOCK) * LEM_BF16_BLOCK, step = rows_at_a_time(width);
    const bool unit = has_tile_unit(g->backend) && width <= BF16_UNIT_WIDTH;
    /* numbers to the last block of k, and their bytes */
    const size_t last = (size_t)(width - LEM_BF16_BLOCK) * (unit ? LEM_BF16_ROWS : 1);
    const size_t size = unit ? sizeof(uint16_t) : sizeof(float);
    bf16_panel b = {.g = g, .tile = unit ? lem_amx_tile : bf16_tile, .tail = (uint32_t *)scratch};
    b.space = (uint32_t *)(void *)(scratch + LEM_SCRATCH_FLOATS);
    char *a = (char *)(scratch + LEM_PANEL * LEM_BF16_BLOCK / 2);
    for (int m = m0; m < m1; m += step) {
        int n = min_int(step, m1 - m);
        if (unit) round_tiles(g, m, n, width, (uint16_t *)a);
        else round_rows(g, m, n, width, (float *)a);
        for (int p = p0; p < p1; p++) {
            open_panel(&b, p);
            for (int i = 0; i < n; i += LEM_BF16_TILE) {
                const char *rows = a + (size_t)i * (size_t)width * size;
                panel_rows(&b, m + i, min_int(LEM_BF16_TILE, n - i), rows, (size_t)width, rows + last * size);
            }
        }
    }
}

static void bf16_task(void *ctx, int task, int worker) {
    const product *g = ctx;
    int m0, m1, p0, p1;
    task_range(g, task, &m0, &m1, &p0, &p1);
    unsigned mode = lem_flush_small();
    if (has_tile_unit(g->backend)) lem_amx_begin();
    bf16_block(g, m0, m1, p0, p1, scratch_of(g->backend, worker));
    if (has_tile_unit(g->backend)) lem_amx_end();
    lem_flush_end(mode);
}
