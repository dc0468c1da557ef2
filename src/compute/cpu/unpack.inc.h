/* cpu/unpack.inc.h - packed weights as numbers where they are not multiplied as they lie: int8 with its
 * scales, and any type in its other orientation, for dX = dY W
 *
 * Only a block of a panel is unpacked at a time, into the scratch of a worker: no second copy of a weight. A
 * number of int8 is scale * q, rounded to fp32 once, and to bf16 once more for products of bf16. */

/* n columns of a group of int8, from k (a multiple of 4) on: to[n][32]. */
static void widen_int8(const lem_int8_panel *from, int k, int n, float *to) {
    for (int j = k; j < k + n; j++, to += LEM_PANEL) {
        const uint32_t *fours = from->fours[j / 4];
        const int left = 24 - 8 * (j % 4);
        for (int i = 0; i < LEM_PANEL; i++)
            to[i] = (float)((int32_t)(fours[i] << left) >> 24) * from->scale[i];
    }
}

static const lem_int8_panel *int8_group(const void *b, int K, int p, int k) {
    return (const lem_int8_panel *)b + (size_t)p * (size_t)div_up(K, LEM_INT8_GROUP) + k / LEM_INT8_GROUP;
}

/* Columns k0 .. k0+n-1 of panel p of int8, k0 at the begin of a group: to[n][32]. */
static void widen_int8_panel(const product *g, int p, int k0, int n, float *to) {
    for (int k = 0; k < n; k += LEM_INT8_GROUP, to += (size_t)LEM_INT8_GROUP * LEM_PANEL)
        widen_int8(int8_group(g->b, g->K, p, k0 + k), 0, min_int(LEM_INT8_GROUP, n - k), to);
}

/* Two rows of 32 as pairs of bf16. */
static void pair_32(const float *even, const float *odd, uint32_t *to) {
    for (int i = 0; i < LEM_PANEL; i++)
        to[i] = lem_f32_to_bf16(even[i]) | (uint32_t)lem_f32_to_bf16(odd[i]) << 16;
}

/* The same panel as n pairs of bf16, k0 a multiple of 32; what is behind the last column is zero. */
static void narrow_int8_panel(const product *g, int p, int k0, int n, uint32_t *to) {
    float square[LEM_PANEL * LEM_PANEL];
    for (int j = 0; j < n; j++, to += LEM_PANEL) {
        const int k = k0 + 2 * j, at = 2 * (j % (LEM_PANEL / 2)) * LEM_PANEL;
        if (at == 0) widen_int8(int8_group(g->b, g->K, p, k), k % LEM_INT8_GROUP, LEM_PANEL, square);
        pair_32(square + at, square + at + LEM_PANEL, to);
    }
}

/* ---- B_BACK: the reduction index is the outputs of the weight, whose columns are those of C ---- */

/* 32 outputs from k0 (a multiple of 32) on, columns of panel p of C: to[32 outputs][32]. */
static void turn_square(const product *g, int p, int k0, float *to) {
    float square[LEM_PANEL * LEM_PANEL]; /* [columns][32 outputs] */
    const int col = p * LEM_PANEL, cols = min_int(LEM_PANEL, g->N - col), q = k0 / LEM_PANEL;
    const float *from = square;
    if (g->stored == LEM_DTYPE_F32)
        from = (const float *)g->b + ((size_t)q * (size_t)g->N + (size_t)col) * LEM_PANEL;
    else if (g->stored == LEM_DTYPE_I8)
        widen_int8(int8_group(g->b, g->N, q, col), col % LEM_INT8_GROUP, cols, square);
    else {
        const size_t pairs = ((size_t)g->N + 1) / 2;
        expand_panel(cols, (const uint32_t *)g->b + ((size_t)q * pairs + (size_t)col / 2) * LEM_PANEL,
                     square);
    }
    if (cols < LEM_PANEL) memset(to, 0, sizeof square);
    transpose_rows(cols, LEM_PANEL, from, LEM_PANEL, to, LEM_PANEL);
}

/* Outputs k0 .. k0+n-1 rounded up to 32: to[n][32]. */
static void turn_panel(const product *g, int p, int k0, int n, float *to) {
    for (int k = 0; k < n; k += LEM_PANEL) turn_square(g, p, k0 + k, to + (size_t)k * LEM_PANEL);
}

/* The same as n pairs of bf16. */
static void turn_pairs(const product *g, int p, int k0, int n, uint32_t *to) {
    float square[LEM_PANEL * LEM_PANEL];
    for (int j = 0; j < n; j++, to += LEM_PANEL) {
        const int at = 2 * (j % (LEM_PANEL / 2)) * LEM_PANEL;
        if (at == 0) turn_square(g, p, k0 + 2 * j, square);
        pair_32(square + at, square + at + LEM_PANEL, to);
    }
}
