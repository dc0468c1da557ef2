/* cpu/gemm.inc.h - matrix products: one register tile serves the forward product and both of its gradients
 *
 * C[M,N] = (old C or 0) + A B (+ bias). Every output is one chain of fma over k ascending. Blocks over k
 * spill the chain to C and reload it, which keeps its bits, so neither blocks, tiles, threads nor calls can
 * be seen in a result. A is read by broadcast: rows with k contiguous (ROWS), or k-major with the tile's rows
 * contiguous (COLS: packed tiles, and gradients' transposed operand). B is read as panels of 32 columns. */

enum { A_ROWS, A_COLS };
#define K_BLOCK                                                                                              \
    384 /* a B block of 384 x 32 floats (48 KiB) stays in L2, an A tile of 14 x 384 (21 KiB) in L1 */
#define M_BLOCK 252 /* rows of one task: 18 tiles of 14; 252 x 384 packed floats (378 KiB) stay in L2 */
#define N_SUB (VF_W * TILE_VECS) /* columns of one register tile; a panel is LEM_PANEL / N_SUB of them */

typedef struct tile_job {
    long k;
    const float *a;
    size_t lda;    /* A_ROWS: floats between rows; A_COLS: floats between k */
    const void *b; /* float [k][ldb], or pairs uint32 [k/2][32] */
    size_t ldb;
    float *c;
    size_t ldc;
    const float *bias; /* added after the chain, or NULL */
    bool load;         /* chain starts from C */
} tile_job;
typedef void tile_fn(const tile_job *j);

/* Where the chains of the N_SUB columns at offset `col` begin, and what they end as. MR is a constant at
 * every use. */
SIMD void tile_begin(const int MR, const tile_job *j, int col, vf acc[TILE_ROWS][TILE_VECS]) {
    const float *c = j->c + col;
#pragma GCC unroll 16
    for (int i = 0; i < MR; i++)
#pragma GCC unroll 4
        for (int v = 0; v < TILE_VECS; v++)
            acc[i][v] = j->load ? vf_load(c + (size_t)i * j->ldc + v * VF_W) : vf_zero();
}

SIMD void tile_end(const int MR, const tile_job *j, int col, vf acc[TILE_ROWS][TILE_VECS]) {
    float *c = j->c + col;
#pragma GCC unroll 16
    for (int i = 0; i < MR; i++)
#pragma GCC unroll 4
        for (int v = 0; v < TILE_VECS; v++) {
            if (j->bias) acc[i][v] = vf_add(acc[i][v], vf_load(j->bias + col + v * VF_W));
            vf_store(c + (size_t)i * j->ldc + v * VF_W, acc[i][v]);
        }
}

/* All N_SUB columns at offset `col` of the panel. MR and layout are constants at every use. */
SIMD void tile_f32(const int MR, const int layout, const tile_job *j, int col) {
    vf acc[TILE_ROWS][TILE_VECS];
    tile_begin(MR, j, col, acc);
    const float *b = (const float *)j->b + col;
    /* One pointer serves three rows (A_COLS: the first one all), as far as an address can scale an index. */
    enum { POINTERS = (TILE_ROWS + 2) / 3 };
    const size_t lda = j->lda, ldb = j->ldb;
    const float *a[POINTERS];
#pragma GCC unroll 16
    for (int g = 0; g < POINTERS; g++) a[g] = j->a + (size_t)(3 * g) * lda;
    for (long k = j->k; k > 0; k--) {
        vf bv[TILE_VECS];
#pragma GCC unroll 4
        for (int v = 0; v < TILE_VECS; v++) bv[v] = vf_load(b + v * VF_W);
#pragma GCC unroll 16
        for (int i = 0; i < MR; i++) {
            vf av = vf_set1(layout == A_COLS ? a[0][i] : a[i / 3][(size_t)(i % 3) * lda]);
#pragma GCC unroll 4
            for (int v = 0; v < TILE_VECS; v++) acc[i][v] = vf_fma(av, bv[v], acc[i][v]);
        }
        b += ldb;
#pragma GCC unroll 16
        for (int g = 0; g < POINTERS; g++) a[g] += layout == A_COLS ? lda : 1;
    }
    tile_end(MR, j, col, acc);
}

/* The same chain with B stored as pairs of bf16. A_ROWS only. */
SIMD void tile_bf16(const int MR, const tile_job *j, int col) {
    vf acc[TILE_ROWS][TILE_VECS];
    tile_begin(MR, j, col, acc);
    const uint32_t *b = (const uint32_t *)j->b + col;
    const float *a = j->a;
    for (long k = j->k; k > 0; k -= 2) {
        vf bv[TILE_VECS];
#pragma GCC unroll 4
        for (int v = 0; v < TILE_VECS; v++) bv[v] = vf_pair_lo(b + v * VF_W);
#pragma GCC unroll 16
        for (int i = 0; i < MR; i++)
#pragma GCC unroll 4
            for (int v = 0; v < TILE_VECS; v++)
                acc[i][v] = vf_fma(vf_set1(a[(size_t)i * j->lda]), bv[v], acc[i][v]);
        if (k == 1) break;
#pragma GCC unroll 4
        for (int v = 0; v < TILE_VECS; v++) bv[v] = vf_pair_hi(b + v * VF_W);
#pragma GCC unroll 16
        for (int i = 0; i < MR; i++)
#pragma GCC unroll 4
            for (int v = 0; v < TILE_VECS; v++)
                acc[i][v] = vf_fma(vf_set1(a[(size_t)i * j->lda + 1]), bv[v], acc[i][v]);
        a += 2;
        b += LEM_PANEL;
    }
    tile_end(MR, j, col, acc);
}

/* Four neighbouring panels for one row: the matrix-vector product of decoding one stream. b is the first
 * panel, ldb its floats. */
SIMD void tile_vector(const tile_job *j, const bool bf16) {
    enum {
        VECS = 4 * LEM_PANEL / VF_W < 8 ? 4 * LEM_PANEL / VF_W : 8,
        SPAN = VECS * VF_W / 4
    }; /* columns of each panel at a time */
    for (int col = 0; col < LEM_PANEL; col += SPAN) {
        vf acc[VECS];
#pragma GCC unroll 8
        for (int v = 0; v < VECS; v++)
            acc[v] =
                j->load ? vf_load(j->c + col + v * VF_W / SPAN * LEM_PANEL + v * VF_W % SPAN) : vf_zero();
        const float *a = j->a;
        const uint32_t *b = (const uint32_t *)j->b + col;
        for (long k = j->k; k > 0; k -= bf16 ? 2 : 1) {
            vf av = vf_set1(a[0]);
#pragma GCC unroll 8
            for (int v = 0; v < VECS; v++) {
                const uint32_t *p = b + (size_t)(v * VF_W / SPAN) * j->ldb + v * VF_W % SPAN;
                acc[v] = vf_fma(av, bf16 ? vf_pair_lo(p) : vf_load((const float *)p), acc[v]);
            }
            if (bf16 && k > 1) {
                av = vf_set1(a[1]);
#pragma GCC unroll 8
                for (int v = 0; v < VECS; v++) {
                    const uint32_t *p = b + (size_t)(v * VF_W / SPAN) * j->ldb + v * VF_W % SPAN;
                    acc[v] = vf_fma(av, vf_pair_hi(p), acc[v]);
                }
            }
            a += bf16 ? 2 : 1;
            b += LEM_PANEL;
        }
#pragma GCC unroll 8
        for (int v = 0; v < VECS; v++) {
            int at = col + v * VF_W / SPAN * LEM_PANEL + v * VF_W % SPAN;
            if (j->bias) acc[v] = vf_add(acc[v], vf_load(j->bias + at));
            vf_store(j->c + at, acc[v]);
        }
    }
}

#define TILE(MR)                                                                                             \
    static void tile_rows_##MR(const tile_job *j) {                                                          \
        for (int col = 0; col < LEM_PANEL; col += N_SUB) tile_f32(MR, A_ROWS, j, col);                       \
    }                                                                                                        \
    static void tile_cols_##MR(const tile_job *j) {                                                          \
        for (int col = 0; col < LEM_PANEL; col += N_SUB) tile_f32(MR, A_COLS, j, col);                       \
    }                                                                                                        \
    static void tile_pair_##MR(const tile_job *j) {                                                          \
        for (int col = 0; col < LEM_PANEL; col += N_SUB) tile_bf16(MR, j, col);                              \
    }
#define TILE_ENTRY(MR) {tile_rows_##MR, tile_cols_##MR, tile_pair_##MR},
#if TILE_ROWS == 14
#define TILES(F) F(1) F(2) F(3) F(4) F(5) F(6) F(7) F(8) F(9) F(10) F(11) F(12) F(13) F(14)
#elif TILE_ROWS == 6
#define TILES(F) F(1) F(2) F(3) F(4) F(5) F(6)
#else
#define TILES(F) F(1) F(2) F(3) F(4)
#endif
TILES(TILE)
enum { TILE_A_ROWS, TILE_A_COLS, TILE_PAIRS };
static tile_fn *const tiles[TILE_ROWS][3] = {TILES(TILE_ENTRY)};

/* Runs one tile; a panel of fewer than 32 columns goes through a full-width copy of C. */
static void call_tile(tile_fn *tile, int rows, int cols, const tile_job *job) {
    if (cols == LEM_PANEL) {
        tile(job);
        return;
    }
    float c[TILE_ROWS * LEM_PANEL], bias[LEM_PANEL] = {0};
    tile_job j = *job;
    for (int i = 0; j.load && i < rows; i++) {
        memcpy(c + i * LEM_PANEL, job->c + (size_t)i * job->ldc, (size_t)cols * sizeof *c);
        memset(c + i * LEM_PANEL + cols, 0, (size_t)(LEM_PANEL - cols) * sizeof *c);
    }
    if (j.bias) {
        memcpy(bias, job->bias, (size_t)cols * sizeof *bias);
        j.bias = bias;
    }
    j.c = c;
    j.ldc = LEM_PANEL;
    tile(&j);
    for (int i = 0; i < rows; i++)
        memcpy(job->c + (size_t)i * job->ldc, c + i * LEM_PANEL, (size_t)cols * sizeof *c);
}
static void run_tile(int kind, int rows, int cols, const tile_job *job) {
    call_tile(tiles[rows - 1][kind], rows, cols, job);
}

/* M rows split into tiles of nearly equal height: tile t covers rows tile_start(t) .. tile_start(t+1)-1. */
SIMD int tile_start(int M, int n_tiles, int t) { return (int)((long)M * t / n_tiles); }

/* ---- packing ---- */

typedef float f4 __attribute__((vector_size(16)));
SIMD f4 f4_load(const float *p) {
    f4 a;
    memcpy(&a, p, sizeof a);
    return a;
}

/* Four rows from `from` (k contiguous) become four neighbouring columns of to[k][ld]. */
SIMD void transpose_four(int k, const float *from, size_t lda, float *to, size_t ld) {
    int i = 0;
    for (; i + 4 <= k; i += 4) {
        f4 a = f4_load(from + i), b = f4_load(from + lda + i), c = f4_load(from + 2 * lda + i),
           d = f4_load(from + 3 * lda + i);
        f4 ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
        f4 ab2 = __builtin_shufflevector(a, b, 2, 6, 3, 7), cd2 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
        f4 r0 = __builtin_shufflevector(ab, cd, 0, 1, 4, 5), r1 = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
        f4 r2 = __builtin_shufflevector(ab2, cd2, 0, 1, 4, 5),
           r3 = __builtin_shufflevector(ab2, cd2, 2, 3, 6, 7);
        memcpy(to + (size_t)i * ld, &r0, sizeof r0);
        memcpy(to + (size_t)(i + 1) * ld, &r1, sizeof r1);
        memcpy(to + (size_t)(i + 2) * ld, &r2, sizeof r2);
        memcpy(to + (size_t)(i + 3) * ld, &r3, sizeof r3);
    }
    for (; i < k; i++)
        for (int r = 0; r < 4; r++) to[(size_t)i * ld + (size_t)r] = from[(size_t)r * lda + (size_t)i];
}

/* rows x k floats of A into to[k][ld]; ld >= rows. */
static void transpose_rows(int rows, int k, const float *a, size_t lda, float *to, size_t ld) {
    int i = 0;
    for (; i + 4 <= rows; i += 4) transpose_four(k, a + (size_t)i * lda, lda, to + i, ld);
    if (i == rows) return;
    if (rows >= 4) { /* overlap the last four */
        transpose_four(k, a + (size_t)(rows - 4) * lda, lda, to + rows - 4, ld);
        return;
    }
    for (; i < rows; i++)
        for (int j = 0; j < k; j++) to[(size_t)j * ld + (size_t)i] = a[(size_t)i * lda + (size_t)j];
}

/* A tile whose rows are already neighbours (a gradient's transposed operand): copy row pieces. */
static void copy_cols(int rows, int k, const float *a, size_t lda, float *to) {
    for (int j = 0; j < k; j++)
        v_store_tail(to + (size_t)j * (size_t)rows, rows, v_load_tail(a + (size_t)j * lda, rows));
}

static void copy_panel(int k, int cols, const float *b, size_t ldb, float *to) {
    if (cols == LEM_PANEL) {
        for (int j = 0; j < k; j++) {
            v_store(to + (size_t)j * LEM_PANEL, v_load(b + (size_t)j * ldb));
            v_store(to + (size_t)j * LEM_PANEL + 16, v_load(b + (size_t)j * ldb + 16));
        }
        return;
    }
    for (int j = 0; j < k; j++) {
        memcpy(to + (size_t)j * LEM_PANEL, b + (size_t)j * ldb, (size_t)cols * sizeof *to);
        memset(to + (size_t)j * LEM_PANEL + cols, 0, (size_t)(LEM_PANEL - cols) * sizeof *to);
    }
}

/* The same from rows of bf16. */
static void widen_panel(int k, int cols, const uint16_t *b, size_t ldb, float *to) {
    for (int j = 0; j < k; j++, b += ldb, to += LEM_PANEL) {
        for (int i = 0; i < cols; i++) to[i] = lem_bf16_to_f32(b[i]);
        memset(to + cols, 0, (size_t)(LEM_PANEL - cols) * sizeof *to);
    }
}

static void expand_panel(int k, const uint32_t *b, float *to) {
    for (int j = 0; j < k; j += 2, b += LEM_PANEL, to += (size_t)2 * LEM_PANEL) {
        for (int v = 0; v < LEM_PANEL; v += VF_W) {
            vf_store(to + v, vf_pair_lo(b + v));
            if (j + 1 < k) vf_store(to + LEM_PANEL + v, vf_pair_hi(b + v));
        }
    }
}

/* A small product without packing, for attention: C [M,N] = (old C or 0) + A B with B [K][ldb] row-major and,
 * where N is no multiple of 32, K <= SMALL_K (the last panel is copied: B may end at its last element). */
#define SMALL_K 128
static void small_product(int kind, int M, int N, int K, const float *a, size_t lda, const float *b,
                          size_t ldb, float *c, size_t ldc, bool load) {
    int n_tiles = div_up(M, TILE_ROWS);
    float tail[SMALL_K * LEM_PANEL];
    for (int n = 0; n < N; n += LEM_PANEL) {
        const float *panel = b + n;
        size_t ld = ldb;
        if (N - n < LEM_PANEL) {
            copy_panel(K, N - n, b + n, ldb, tail);
            panel = tail;
            ld = LEM_PANEL;
        }
        for (int t = 0; t < n_tiles; t++) {
            int i = tile_start(M, n_tiles, t), rows = tile_start(M, n_tiles, t + 1) - i;
            const float *at = a + (size_t)i * (kind == TILE_A_ROWS ? lda : 1);
            tile_job j = {K, at, lda, panel, ld, c + (size_t)i * ldc + n, ldc, NULL, load};
            run_tile(kind, rows, min_int(N - n, LEM_PANEL), &j);
        }
    }
}

/* ---- the driver ---- */

enum { B_PANELS, B_PAIRS, B_ROWS, B_ROWS_BF16, B_INT8, B_BACK };
typedef struct product {
    int M, N, K;
    const float *a;
    size_t lda;
    int a_layout;
    const void *b;
    size_t ldb; /* of rows only */
    int b_kind;
    lem_dtype stored;  /* of B_BACK: what the packed weight is */
    const float *bias; /* [N] or NULL */
    float *c;          /* [M,N] */
    bool accumulate;
    bool bf16; /* rows of A are rounded: bf16.inc.h */
    bool int8; /* the same: int8.inc.h */
    int n_runs, row_blocks, panel_groups;
    const int *runs; /* [n_runs] where runs of k begin: bf16_grad.inc.h */
    lem_backend *backend;
} product;

#include "compute/cpu/unpack.inc.h"

/* B's block for panel p, k0..k0+kb-1: in place where it is already a panel, else copied to `space`. */
static const void *panel_block(const product *g, int p, int k0, int kb, bool many_tiles, float *space,
                               tile_job *job, int *kind) {
    int cols = min_int(LEM_PANEL, g->N - p * LEM_PANEL);
    job->ldb = LEM_PANEL;
    if (g->b_kind == B_PANELS)
        return (const float *)g->b + ((size_t)p * (size_t)g->K + (size_t)k0) * LEM_PANEL;
    if (g->b_kind == B_PAIRS) {
        const uint32_t *pairs =
            (const uint32_t *)g->b + ((size_t)p * ((size_t)(g->K + 1) / 2) + (size_t)k0 / 2) * LEM_PANEL;
        if (!many_tiles) {
            *kind = TILE_PAIRS;
            return pairs;
        }
        expand_panel(kb, pairs, space);
        return space;
    }
    if (g->b_kind == B_INT8 || g->b_kind == B_BACK) {
        (g->b_kind == B_INT8 ? widen_int8_panel : turn_panel)(g, p, k0, kb, space);
        return space;
    }
    size_t at = (size_t)k0 * g->ldb + (size_t)p * LEM_PANEL;
    if (g->b_kind == B_ROWS_BF16) {
        widen_panel(kb, cols, (const uint16_t *)g->b + at, g->ldb, space);
        return space;
    }
    const float *rows = (const float *)g->b + at;
    if (!many_tiles && cols == LEM_PANEL) {
        job->ldb = g->ldb;
        return rows;
    }
    copy_panel(kb, cols, rows, g->ldb, space);
    return space;
}

/* Packing a block of A pays where several panels, or several tiles of columns, read it. */
static bool packs_a(const product *g, int M, int n_tiles, int panels) {
    if (g->b_kind == B_PAIRS && n_tiles < 3) return false;
    if (g->a_layout == A_COLS) return n_tiles > 1 || panels > 1;
    return panels * (LEM_PANEL / N_SUB) >= 4 && M >= 4;
}

/* The tiles of a block of A one behind the other, each k-major. */
static void pack_tiles(const product *g, const float *a, int M, int n_tiles, int kb, float *space) {
    for (int t = 0; t < n_tiles; t++) {
        int i = tile_start(M, n_tiles, t), rows = tile_start(M, n_tiles, t + 1) - i;
        float *to = space + (size_t)i * (size_t)kb;
        if (g->a_layout == A_ROWS) transpose_rows(rows, kb, a + (size_t)i * g->lda, g->lda, to, (size_t)rows);
        else copy_cols(rows, kb, a + i, g->lda, to);
    }
}

/* One block of rows against a group of panels. */
static void product_block(const product *g, int m0, int m1, int p0, int p1, float *scratch) {
    int M = m1 - m0, n_tiles = div_up(M, TILE_ROWS);
    bool packed = packs_a(g, M, n_tiles, p1 - p0);
    /* Floats between rows, and between k, of A as it lies there. */
    size_t by_row = g->a_layout == A_ROWS ? g->lda : 1, by_k = g->a_layout == A_ROWS ? 1 : g->lda;
    float *a_space = scratch, *b_space = scratch + M_BLOCK * K_BLOCK + 64;
    for (int k0 = 0; k0 < g->K || k0 == 0; k0 += K_BLOCK) {
        int kb = min_int(K_BLOCK, g->K - k0);
        const float *a = g->a + (size_t)m0 * by_row + (size_t)k0 * by_k;
        if (packed) pack_tiles(g, a, M, n_tiles, kb, a_space);
        for (int p = p0; p < p1; p++) {
            int kind = packed || g->a_layout == A_COLS ? TILE_A_COLS : TILE_A_ROWS;
            tile_job j = {.k = kb, .load = g->accumulate || k0 > 0, .ldc = (size_t)g->N};
            j.b = panel_block(g, p, k0, kb, n_tiles >= 3, b_space, &j, &kind);
            if (g->bias && k0 + kb == g->K) j.bias = g->bias + (size_t)p * LEM_PANEL;
            for (int t = 0; t < n_tiles; t++) {
                int i = tile_start(M, n_tiles, t), rows = tile_start(M, n_tiles, t + 1) - i;
                j.a = packed ? a_space + (size_t)i * (size_t)kb : a + (size_t)i * by_row;
                j.lda = packed ? (size_t)rows : g->lda;
                j.c = g->c + (size_t)(m0 + i) * (size_t)g->N + (size_t)p * LEM_PANEL;
                run_tile(kind, rows, min_int(LEM_PANEL, g->N - p * LEM_PANEL), &j);
            }
        }
    }
}

/* One row against panels p0..p1-1, four at a time. */
static void product_vector(const product *g, int m, int p0, int p1, float *scratch) {
    int p = p0;
    for (; p + 4 <= p1 && (p + 4) * LEM_PANEL <= g->N; p += 4) {
        bool pairs = g->b_kind == B_PAIRS;
        size_t panel = (pairs ? (size_t)(g->K + 1) / 2 : (size_t)g->K) * LEM_PANEL;
        tile_job j = {g->K,
                      g->a + (size_t)m * g->lda,
                      0,
                      (const float *)g->b + (size_t)p * panel,
                      panel,
                      g->c + (size_t)m * (size_t)g->N + (size_t)p * LEM_PANEL,
                      0,
                      g->bias ? g->bias + (size_t)p * LEM_PANEL : NULL,
                      g->accumulate};
        if (pairs) tile_vector(&j, true);
        else tile_vector(&j, false);
    }
    if (p < p1) product_block(g, m, m + 1, p, p1, scratch);
}

/* The rows m0 .. m1-1 and panels p0 .. p1-1 of a task. */
static void task_range(const product *g, int task, int *m0, int *m1, int *p0, int *p1) {
    int panels = div_up(g->N, LEM_PANEL), block = task % g->row_blocks, group = task / g->row_blocks;
    *m0 = tile_start(g->M, g->row_blocks, block);
    *m1 = tile_start(g->M, g->row_blocks, block + 1);
    *p0 = tile_start(panels, g->panel_groups, group);
    *p1 = tile_start(panels, g->panel_groups, group + 1);
}

static void product_task(void *ctx, int task, int worker) {
    const product *g = ctx;
    int m0, m1, p0, p1;
    task_range(g, task, &m0, &m1, &p0, &p1);
    float *scratch = scratch_of(g->backend, worker);
    if (m1 - m0 == 1 && g->a_layout == A_ROWS && g->b_kind < B_ROWS) product_vector(g, m0, p0, p1, scratch);
    else product_block(g, m0, m1, p0, p1, scratch);
}

#include "compute/cpu/bf16.inc.h"
#include "compute/cpu/dot.inc.h"
#include "compute/cpu/int8.inc.h"

/* Chooses blocks of rows and groups of panels: enough tasks for the threads, each as large as possible so
 * that packing is shared. */
static void run_product(product *g) {
    if (g->M <= 0 || g->N <= 0) return;
    int threads = threads_of(g->backend), panels = div_up(g->N, LEM_PANEL);
    int rb = div_up(g->M, M_BLOCK), pg = 1;
    if (threads > 1 && (double)g->M * g->N * g->K > 2e5) {
        if (rb >= 2 * threads) {
            rb = div_up(rb, threads) * threads;
        } else {
            pg = max_int(1, min_int(panels / 4, div_up(3 * threads, rb)));
            if (rb * pg < threads)
                rb = max_int(rb, min_int(div_up(g->M, 2 * TILE_ROWS), div_up(threads, pg)));
            if (rb * pg < threads) pg = min_int(panels, div_up(threads, rb));
        }
    }
    g->row_blocks = rb;
    g->panel_groups = pg;
    lem_pool_fn *task = g->bf16 ? bf16_task : product_task;
    if (g->bf16 && by_dot(g->backend)) task = dot_task;
    run_tasks(g->backend, rb * pg, g->int8 ? int8_task : task, g);
}

#include "compute/cpu/bf16_grad.inc.h"

static void cpu_linear(lem_backend *b, int T, const float *X, const lem_packed *W, const float *bias,
                       float *Y, bool accumulate) {
    static const int kind[] = {
        [LEM_DTYPE_F32] = B_PANELS, [LEM_DTYPE_BF16] = B_PAIRS, [LEM_DTYPE_I8] = B_INT8};
    product g = {.M = T,
                 .N = W->N,
                 .K = W->K,
                 .a = X,
                 .lda = (size_t)W->K,
                 .a_layout = A_ROWS,
                 .b = W->data,
                 .b_kind = kind[W->dtype],
                 .bias = bias,
                 .c = Y,
                 .accumulate = accumulate,
                 .bf16 = W->dtype != LEM_DTYPE_F32 && b->compute == LEM_COMPUTE_BF16,
                 .int8 = W->dtype == LEM_DTYPE_I8 && !W->wide,
                 .backend = b};
    run_product(&g);
}

static void cpu_linear_dx(lem_backend *b, int T, int N, int K, const float *dY, const void *W,
                          lem_dtype dtype, float *dX, bool accumulate) {
    product g = {.M = T,
                 .N = K,
                 .K = N,
                 .a = dY,
                 .lda = (size_t)N,
                 .a_layout = A_ROWS,
                 .b = W,
                 .ldb = (size_t)K,
                 .b_kind = dtype == LEM_DTYPE_F32 ? B_ROWS : B_ROWS_BF16,
                 .c = dX,
                 .accumulate = accumulate,
                 .backend = b};
    run_product(&g);
}

static void cpu_linear_dw(lem_backend *b, int T, int N, int K, const float *dY, const float *X, float *dW) {
    product g = {.M = N,
                 .N = K,
                 .K = T,
                 .a = dY,
                 .lda = (size_t)N,
                 .a_layout = A_COLS,
                 .b = X,
                 .ldb = (size_t)K,
                 .b_kind = B_ROWS,
                 .c = dW,
                 .accumulate = true,
                 .backend = b};
    if (T > 0) run_product(&g);
}

typedef struct pack_job {
    const float *w;
    lem_packed *to;
} pack_job;

static void pack_task(void *ctx, int task, int worker) {
    const pack_job *j = ctx;
    (void)worker;
    size_t K = (size_t)j->to->K, p = (size_t)task;
    int cols = min_int(LEM_PANEL, j->to->N - task * LEM_PANEL);
    const float *w = j->w + p * LEM_PANEL * K;
    if (j->to->dtype == LEM_DTYPE_I8) {
        lem_host_pack_int8(task, w, j->to);
        return;
    }
    if (j->to->dtype == LEM_DTYPE_F32) {
        float *to = (float *)j->to->data + p * K * LEM_PANEL;
        if (cols < LEM_PANEL) memset(to, 0, K * LEM_PANEL * sizeof *to);
        transpose_rows(cols, (int)K, w, K, to, LEM_PANEL);
        return;
    }
    uint32_t *to = (uint32_t *)j->to->data + p * ((K + 1) / 2) * LEM_PANEL;
    memset(to, 0, (K + 1) / 2 * LEM_PANEL * sizeof *to);
    for (size_t i = 0; i < (size_t)cols; i++)
        for (size_t k = 0; k < K; k++)
            to[k / 2 * LEM_PANEL + i] |= (uint32_t)lem_f32_to_bf16(w[i * K + k]) << (k % 2 * 16);
}

static void cpu_pack(lem_backend *b, const float *W, lem_packed *dst) {
    pack_job j = {W, dst};
    run_tasks(b, div_up(dst->N, LEM_PANEL), pack_task, &j);
}
