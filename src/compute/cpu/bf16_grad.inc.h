/* cpu/bf16_grad.inc.h - the gradients of a product of bf16, by the tiles of bf16.inc.h
 *
 * dX = dY W sums over the outputs of a row, dW += dY^T X over rows. Both operands are rounded to bf16 as they
 * are packed, W as `linear` has it. The reduction index is cut into blocks of 32, padded with zeros at the
 * end of each run of it (of dX there is one run); the order within a block, and of blocks, is that of
 * bf16.inc.h. C keeps the sums between chunks of blocks, which keeps their bits. */

enum { GRAD_ROWS = 512 /* of A at a time */, GRAD_BLOCKS = 16 /* of a chunk */ };

typedef struct k_block {
    int k, n; /* n of 32 numbers from k on */
} k_block;

typedef struct k_chunk {
    int n;
    k_block at[GRAD_BLOCKS];
    int k, run; /* where the next one begins */
} k_chunk;

static bool next_chunk(const product *g, k_chunk *c) {
    c->n = 0;
    while (c->n < GRAD_BLOCKS && c->k < g->K) {
        int end = c->run + 1 < g->n_runs ? g->runs[c->run + 1] : g->K;
        int n = min_int(LEM_BF16_BLOCK, end - c->k);
        if (n > 0) c->at[c->n++] = (k_block){c->k, n};
        c->k += max_int(n, 0);
        if (c->k >= end) c->run++;
    }
    return c->n > 0;
}

static uint32_t pair_of(float even, float odd) {
    return lem_f32_to_bf16(even) | (uint32_t)lem_f32_to_bf16(odd) << 16;
}

/* ---- A: `rows` rows from m on, as bf16 tiles [ceil(rows/16)][blocks][16][32] or floats [rows][blocks*32] */

static float a_at(const product *g, int m, int k) {
    return g->a_layout == A_ROWS ? g->a[(size_t)m * g->lda + (size_t)k]
                                 : g->a[(size_t)k * g->lda + (size_t)m];
}

static void grad_rows(const product *g, const k_chunk *c, int m, int rows, float *to) {
    for (int i = 0; i < rows; i++)
        for (int b = 0; b < c->n; b++, to += LEM_BF16_BLOCK)
            for (int j = 0; j < LEM_BF16_BLOCK; j++)
                to[j] = j < c->at[b].n ? lem_bf16_to_f32(lem_f32_to_bf16(a_at(g, m + i, c->at[b].k + j))) : 0;
}

/* One block of up to 16 rows whose k is contiguous. */
static void tile_from_rows(const float *a, size_t lda, int rows, int n, uint16_t *to) {
    for (int i = 0; i < rows; i++, a += lda, to += LEM_BF16_BLOCK) {
        if (n < LEM_BF16_BLOCK) memset(to, 0, LEM_BF16_BLOCK * sizeof *to);
        if (n == LEM_BF16_BLOCK)
            for (int j = 0; j < LEM_BF16_BLOCK; j++) to[j] = lem_f32_to_bf16(a[j]);
        else
            for (int j = 0; j < n; j++) to[j] = lem_f32_to_bf16(a[j]);
    }
}

/* The same of rows that are neighbours, k apart by lda. */
static void tile_from_cols(const float *a, size_t lda, int rows, int n, uint16_t *to) {
    uint32_t word[LEM_BF16_ROWS];
    uint32_t *pairs = (uint32_t *)(void *)to;
    for (int j = 0; j < LEM_BF16_BLOCK; j += 2, a += 2 * lda) {
        float even[LEM_BF16_ROWS] = {0}, odd[LEM_BF16_ROWS] = {0};
        if (j < n) memcpy(even, a, (size_t)rows * sizeof *a);
        if (j + 1 < n) memcpy(odd, a + lda, (size_t)rows * sizeof *a);
        for (int i = 0; i < LEM_BF16_ROWS; i++) word[i] = pair_of(even[i], odd[i]);
        for (int i = 0; i < rows; i++) pairs[i * LEM_BF16_BLOCK / 2 + j / 2] = word[i];
    }
}

static void grad_tiles(const product *g, const k_chunk *c, int m, int rows, uint16_t *to) {
    for (int i = 0; i < rows; i += LEM_BF16_ROWS)
        for (int b = 0; b < c->n; b++, to += LEM_BF16_ROWS * LEM_BF16_BLOCK) {
            int n = min_int(LEM_BF16_ROWS, rows - i);
            size_t row = (size_t)(m + i), k = (size_t)c->at[b].k;
            if (g->a_layout == A_ROWS) tile_from_rows(g->a + row * g->lda + k, g->lda, n, c->at[b].n, to);
            else tile_from_cols(g->a + k * g->lda + row, g->lda, n, c->at[b].n, to);
        }
}

/* ---- B: a panel of rows of F32 or BF16, as pairs of k [blocks][16][32] ---- */

static void pair_rows_f32(const float *even, const float *odd, int cols, uint32_t *to) {
    float a[LEM_PANEL] = {0}, b[LEM_PANEL] = {0};
    if (even) memcpy(a, even, (size_t)cols * sizeof *a);
    if (odd) memcpy(b, odd, (size_t)cols * sizeof *b);
    for (int i = 0; i < LEM_PANEL; i++) to[i] = pair_of(a[i], b[i]);
}

static void pair_rows_bf16(const uint16_t *even, const uint16_t *odd, int cols, uint32_t *to) {
    uint16_t a[LEM_PANEL] = {0}, b[LEM_PANEL] = {0};
    if (even) memcpy(a, even, (size_t)cols * sizeof *a);
    if (odd) memcpy(b, odd, (size_t)cols * sizeof *b);
    for (int i = 0; i < LEM_PANEL; i++) to[i] = a[i] | (uint32_t)b[i] << 16;
}

static void grad_panel(const product *g, const k_chunk *c, int p, uint32_t *to) {
    const int cols = min_int(LEM_PANEL, g->N - p * LEM_PANEL), pairs = LEM_BF16_BLOCK / 2;
    for (int b = 0; g->b_kind == B_BACK && b < c->n; b++)
        turn_pairs(g, p, c->at[b].k, pairs, to + (size_t)b * (size_t)pairs * LEM_PANEL);
    for (int b = 0; g->b_kind != B_BACK && b < c->n; b++)
        for (int j = 0; j < LEM_BF16_BLOCK; j += 2, to += LEM_PANEL) {
            const bool even = j < c->at[b].n, odd = j + 1 < c->at[b].n;
            size_t at = (size_t)(c->at[b].k + j) * g->ldb + (size_t)p * LEM_PANEL;
            const uint16_t *narrow = (const uint16_t *)g->b + at;
            const float *wide = (const float *)g->b + at, *next = odd ? wide + g->ldb : NULL;
            const uint16_t *narrow_next = odd ? narrow + g->ldb : NULL;
            if (g->b_kind == B_ROWS_BF16) pair_rows_bf16(even ? narrow : NULL, narrow_next, cols, to);
            else pair_rows_f32(even ? wide : NULL, next, cols, to);
        }
}

/* ---- the driver ---- */

/* Rows m .. m+rows-1 of C in panel p. */
static void grad_tile(const product *g, lem_bf16_tile *t, int m, int p, bool load) {
    const int cols = min_int(LEM_PANEL, g->N - p * LEM_PANEL);
    float *to = g->c + (size_t)m * (size_t)g->N + (size_t)p * LEM_PANEL;
    float c[LEM_BF16_TILE * LEM_PANEL] __attribute__((aligned(64)));
    if (!load || cols < LEM_PANEL || t->rows < LEM_BF16_TILE) memset(c, 0, sizeof c);
    for (int i = 0; load && i < t->rows; i++)
        memcpy(c + i * LEM_PANEL, to + (size_t)i * (size_t)g->N, (size_t)cols * sizeof *c);
    t->c = c;
    if (has_tile_unit(g->backend)) lem_amx_tile(t);
    else bf16_tile(t);
    for (int i = 0; i < t->rows; i++)
        memcpy(to + (size_t)i * (size_t)g->N, c + i * LEM_PANEL, (size_t)cols * sizeof *c);
}

/* The chunk's share of rows m .. m+rows-1 and panels p0 .. p1-1. */
static void grad_chunk(const product *g, const k_chunk *c, int m, int rows, int p0, int p1, bool load,
                       float *scratch) {
    const bool unit = has_tile_unit(g->backend);
    const size_t width = (size_t)c->n * LEM_BF16_BLOCK, size = unit ? sizeof(uint16_t) : sizeof(float);
    uint32_t *b = (uint32_t *)(void *)scratch;
    char *a = (char *)(scratch + GRAD_BLOCKS * LEM_BF16_BLOCK / 2 * LEM_PANEL);
    if (unit) grad_tiles(g, c, m, rows, (uint16_t *)(void *)a);
    else grad_rows(g, c, m, rows, (float *)(void *)a);
    for (int p = p0; p < p1; p++) {
        grad_panel(g, c, p, b);
        for (int i = 0; i < rows; i += LEM_BF16_TILE) {
            lem_bf16_tile t = {
                min_int(LEM_BF16_TILE, rows - i), c->n, a + (size_t)i * width * size, width, b, NULL};
            grad_tile(g, &t, m + i, p, load);
        }
    }
}

static void grad_task(void *ctx, int task, int worker) {
    const product *g = ctx;
    int m0, m1, p0, p1;
    task_range(g, task, &m0, &m1, &p0, &p1);
    unsigned mode = lem_flush_small();
    if (has_tile_unit(g->backend)) lem_amx_begin();
    for (int m = m0; m < m1; m += GRAD_ROWS) {
        k_chunk c = {.n = 0};
        for (bool load = g->accumulate; next_chunk(g, &c); load = true)
            grad_chunk(g, &c, m, min_int(GRAD_ROWS, m1 - m), p0, p1, load, scratch_of(g->backend, worker));
    }
    if (has_tile_unit(g->backend)) lem_amx_end();
    lem_flush_end(mode);
}

static void run_gradient(product *g) {
    if (g->M <= 0 || g->N <= 0 || g->K <= 0) return;
    if (by_dot(g->backend)) {
        run_product(g);
        return;
    }
    const int tasks = 3 * threads_of(g->backend), panels = div_up(g->N, LEM_PANEL);
    g->row_blocks = div_up(g->M, GRAD_ROWS);
    g->panel_groups = 1;
    if (tasks > 3 && (double)g->M * g->N * g->K > 2e5)
        g->panel_groups = max_int(1, min_int(panels / 2, div_up(tasks, g->row_blocks)));
    run_tasks(g->backend, g->row_blocks * g->panel_groups, grad_task, g);
}

static void cpu_linear_dx_bf16(lem_backend *b, int T, int N, int K, const float *dY, const void *W,
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
                 .bf16 = true,
                 .backend = b};
    run_gradient(&g);
}

static void cpu_linear_dx_packed(lem_backend *b, int T, const float *dY, const lem_packed *W, float *dX,
                                 bool accumulate) {
    product g = {.M = T,
                 .N = W->K,
                 .K = W->N,
                 .a = dY,
                 .lda = (size_t)W->N,
                 .a_layout = A_ROWS,
                 .b = W->data,
                 .b_kind = B_BACK,
                 .stored = W->dtype,
                 .c = dX,
                 .accumulate = accumulate,
                 .bf16 = W->dtype != LEM_DTYPE_F32 && b->compute == LEM_COMPUTE_BF16,
                 .backend = b};
    if (g.bf16) run_gradient(&g);
    else run_product(&g);
}

static void cpu_linear_dw_bf16(lem_backend *b, int T, int N, int K, const float *dY, const float *X,
                               int n_runs, const int *runs, float *dW) {
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
                 .n_runs = n_runs,
                 .runs = runs,
                 .bf16 = true,
                 .backend = b};
    run_gradient(&g);
}
