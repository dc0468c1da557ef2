/* host_pack.c - the layout of packed weights, and rows laid out in it as they are read */
#include "compute/backend_priv.h"

#include <string.h>

size_t lem_host_packed_bytes(int N, int K, lem_dtype dtype) {
    size_t panels = ((size_t)N + LEM_PANEL - 1) / LEM_PANEL;
    if (dtype == LEM_DTYPE_I8) return panels * lem_int8_groups((size_t)K) * sizeof(lem_int8_panel);
    size_t rows = dtype == LEM_DTYPE_F32 ? (size_t)K : ((size_t)K + 1) / 2;
    return panels * rows * LEM_PANEL * sizeof(float);
}

typedef uint32_t word4 __attribute__((vector_size(16)));

static word4 load4(const uint32_t *p) {
    word4 x;
    memcpy(&x, p, sizeof x);
    return x;
}

static void store4(uint32_t *p, word4 x) { memcpy(p, &x, sizeof x); }

/* Four words of each of four rows, ld apart, become four neighbouring columns of to[word][LEM_PANEL]. */
static void transpose4(const uint32_t *from, size_t ld, uint32_t *to) {
    word4 a = load4(from), b = load4(from + ld), c = load4(from + 2 * ld), d = load4(from + 3 * ld);
    word4 ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
    word4 ab2 = __builtin_shufflevector(a, b, 2, 6, 3, 7), cd2 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    store4(to, __builtin_shufflevector(ab, cd, 0, 1, 4, 5));
    store4(to + LEM_PANEL, __builtin_shufflevector(ab, cd, 2, 3, 6, 7));
    store4(to + 2 * LEM_PANEL, __builtin_shufflevector(ab2, cd2, 0, 1, 4, 5));
    store4(to + 3 * LEM_PANEL, __builtin_shufflevector(ab2, cd2, 2, 3, 6, 7));
}

/* rows x words of `from` into to[words][LEM_PANEL]; columns past the rows are zero. */
static void transpose_panel(size_t rows, size_t words, const uint32_t *from, uint32_t *to) {
    size_t k = 0;
    if (rows < LEM_PANEL) memset(to, 0, words * LEM_PANEL * sizeof *to);
    for (; k + 4 <= words; k += 4) {
        size_t i = 0;
        for (; i + 4 <= rows; i += 4) transpose4(from + i * words + k, words, to + k * LEM_PANEL + i);
        for (; i < rows; i++)
            for (size_t j = k; j < k + 4; j++) to[j * LEM_PANEL + i] = from[i * words + j];
    }
    for (; k < words; k++)
        for (size_t i = 0; i < rows; i++) to[k * LEM_PANEL + i] = from[i * words + k];
}

/* Rows of an odd number of 16-bit values: the last one of a row has no partner. */
static void pack_odd_pairs(size_t rows, size_t K, const uint16_t *from, uint32_t *to) {
    memset(to, 0, (K + 1) / 2 * LEM_PANEL * sizeof *to);
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < K; k++) to[k / 2 * LEM_PANEL + i] |= (uint32_t)from[i * K + k] << (k % 2 * 16);
}

/* Column i of a group of a panel. */
static void put_column(const lem_int8_block *from, int i, lem_int8_panel *to) {
    int32_t sum = 0;
    for (int k = 0; k < LEM_INT8_GROUP; k++) sum += from->q[k];
    to->scale[i] = from->scale;
    to->start[i] = -128 * sum;
    for (int k = 0; k < LEM_INT8_GROUP / 4; k++) memcpy(&to->fours[k][i], from->q + (size_t)4 * k, 4);
}

static lem_int8_panel *int8_panel(const lem_packed *w, int panel) {
    return (lem_int8_panel *)w->data + (size_t)panel * lem_int8_groups((size_t)w->K);
}

static void pack_blocks(int panel, int n, const lem_int8_block *rows, lem_packed *dst) {
    const size_t groups = lem_int8_groups((size_t)dst->K);
    lem_int8_panel *to = int8_panel(dst, panel);
    if (n < LEM_PANEL) memset(to, 0, groups * sizeof *to);
    for (size_t g = 0; g < groups; g++)
        for (int i = 0; i < n; i++) put_column(rows + (size_t)i * groups + g, i, to + g);
}

void lem_host_pack_int8(int panel, const float *rows, lem_packed *dst) {
    const size_t K = (size_t)dst->K, groups = lem_int8_groups(K);
    const int left = dst->N - panel * LEM_PANEL, n = left < LEM_PANEL ? left : LEM_PANEL;
    lem_int8_panel *to = int8_panel(dst, panel);
    if (n < LEM_PANEL) memset(to, 0, groups * sizeof *to);
    for (int i = 0; i < n; i++)
        for (size_t g = 0; g < groups; g++) {
            lem_int8_block block;
            const size_t k = g * LEM_INT8_GROUP, many = K - k < LEM_INT8_GROUP ? K - k : LEM_INT8_GROUP;
            lem_int8_round_row(rows + (size_t)i * K + k, many, &block);
            put_column(&block, i, to + g);
        }
}

void lem_host_pack_rows(lem_backend *b, int row0, int n, const void *rows, lem_packed *dst) {
    (void)b;
    if (dst->dtype == LEM_DTYPE_I8) {
        pack_blocks(row0 / LEM_PANEL, n, rows, dst);
        return;
    }
    size_t K = (size_t)dst->K, words = dst->dtype == LEM_DTYPE_F32 ? K : (K + 1) / 2;
    uint32_t *to = (uint32_t *)dst->data + (size_t)row0 * words;
    if (dst->dtype == LEM_DTYPE_BF16 && K % 2) pack_odd_pairs((size_t)n, K, rows, to);
    else transpose_panel((size_t)n, words, rows, to);
}
