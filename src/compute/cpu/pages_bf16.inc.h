/* cpu/pages_bf16.inc.h - pages of keys and values in bf16, and the products of attention with them
 *
 * Keys of a page: one panel [ceil(E/2)][32] of pairs of e, the even one in the low half. Values: panels of 32
 * columns, [16][32] pairs of keys. Where products are those of dot.inc.h the earlier key of a pair is in the
 * high half, which that order takes first: the chain of an output goes over keys in ascending order, so that
 * no page or pair can be seen in it. Elsewhere it is in the low half, and the products are fp32 chains of the
 * widened numbers. A key in an even slot empties the odd slot behind it. */

enum { VALUE_PANEL = LEM_PAGE_KEYS / 2 * LEM_PANEL }; /* words of 32 columns of a page's values */

SIMD int key_pairs(int E) { return (E + 1) / 2; }

/* n floats as pairs of bf16 with the first one in the low half, or in the high one. */
SIMD void low_pairs(const float *from, int n, uint32_t *to) {
    uint16_t *half = (uint16_t *)(void *)to;
    for (int i = 0; i < n; i++) half[i] = lem_f32_to_bf16(from[i]);
    if (n % 2) half[n] = 0;
}

/* 32 floats. */
SIMD void high_pairs(const float *from, uint32_t *to) {
    for (int i = 0; i < 16; i++)
        to[i] = (uint32_t)lem_f32_to_bf16(from[2 * i]) << 16 | lem_f32_to_bf16(from[2 * i + 1]);
}

static void round_in_place(float *x, int n) {
    for (int i = 0; i < n; i++) x[i] = lem_bf16_to_f32(lem_f32_to_bf16(x[i]));
}

/* ---- writing ---- */

/* A row's keys into a slot, its values and those of the next slot (or NULL: zeros). */
static void write_key(const float *k, int E, int slot, uint32_t *page) {
    for (int e = 0; e < E; e += 2, page += LEM_PANEL)
        page[slot] = lem_f32_to_bf16(k[e]) | (e + 1 < E ? (uint32_t)lem_f32_to_bf16(k[e + 1]) << 16 : 0);
}

/* The values of an even slot, and of the next one (NULL: zeros). */
static void write_two_values(const float *v, const float *next, int E, int slot, int first, uint32_t *page) {
    for (int p = 0; p < E; p += LEM_PANEL, page += VALUE_PANEL) {
        uint32_t *to = page + (size_t)(slot / 2) * LEM_PANEL;
        const int n = min_int(LEM_PANEL, E - p), second = 16 - first;
        if (next)
            for (int i = 0; i < n; i++)
                to[i] = (uint32_t)lem_f32_to_bf16(v[p + i]) << first | (uint32_t)lem_f32_to_bf16(next[p + i])
                                                                           << second;
        else
            for (int i = 0; i < n; i++) to[i] = (uint32_t)lem_f32_to_bf16(v[p + i]) << first;
    }
}

/* The values of an odd slot behind one that stands there. */
static void write_second_value(const float *v, int E, int slot, int first, uint32_t *page) {
    for (int p = 0; p < E; p += LEM_PANEL, page += VALUE_PANEL) {
        uint32_t *to = page + (size_t)(slot / 2) * LEM_PANEL;
        const int n = min_int(LEM_PANEL, E - p);
        for (int i = 0; i < n; i++)
            to[i] = (to[i] & 0xffffu << first) | (uint32_t)lem_f32_to_bf16(v[p + i]) << (16 - first);
    }
}

/* ---- products of a block of units with one page ---- */

typedef struct page_product {
    const lem_backend *backend;
    int M, N, K;
    const float *a; /* [M][lda]: numbers that are bf16, or pairs of them where by_dot */
    size_t lda;
    const uint32_t *b; /* panels */
    size_t panel;      /* words of a panel */
    float *c;
    size_t ldc;
    bool load;
} page_product;

static void run_page_product(const page_product *g) {
    const bool dot = by_dot(g->backend), unit = ((const lem_cpu_priv *)g->backend->priv)->dot_unit;
    tile_fn *const(*of_pairs)[2] = unit ? dot_tiles : spelled_tiles;
    const int n_tiles = div_up(g->M, TILE_ROWS);
    tile_job j = {.lda = g->lda, .ldb = LEM_PANEL, .ldc = g->ldc, .load = g->load};
    j.k = dot ? (g->K + 1) / 2 : g->K;
    for (int p = 0; p * LEM_PANEL < g->N; p++) {
        const int cols = min_int(LEM_PANEL, g->N - p * LEM_PANEL);
        j.b = g->b + (size_t)p * g->panel;
        for (int t = 0; t < n_tiles; t++) {
            const int i = tile_start(g->M, n_tiles, t), rows = tile_start(g->M, n_tiles, t + 1) - i;
            tile_fn *const *tile = dot ? of_pairs[rows - 1] : tiles[rows - 1] + TILE_PAIRS;
            j.a = g->a + (size_t)i * g->lda;
            j.c = g->c + (size_t)i * g->ldc + (size_t)p * LEM_PANEL;
            call_tile(tile[0], rows, cols, &j);
        }
    }
}

/* Probabilities [n][stride] of a page's keys as pairs [n][16], zeros behind the last key. */
static void pair_probabilities(const float *prob, size_t stride, int n, int n_keys, uint32_t *to) {
    for (int i = 0; i < n; i++, prob += stride, to += LEM_PAGE_KEYS / 2) {
        float p[LEM_PAGE_KEYS];
        if (n_keys == LEM_PAGE_KEYS) {
            high_pairs(prob, to);
            continue;
        }
        for (int k = 0; k < LEM_PAGE_KEYS; k++) p[k] = k < n_keys ? prob[k] : 0;
        high_pairs(p, to);
    }
}

/* Values of a page as fp32, transposed: to [E][32]. */
static void widen_values(bool dot, const float *values, int E, float *to) {
    const uint32_t *v = (const uint32_t *)(const void *)values;
    for (int e = 0; e < E; e++, to += LEM_PAGE_KEYS) {
        const uint32_t *from = v + (size_t)(e / LEM_PANEL) * VALUE_PANEL + e % LEM_PANEL;
        for (int k = 0; k < LEM_PAGE_KEYS; k += 2, from += LEM_PANEL) {
            uint16_t low = (uint16_t)*from, high = (uint16_t)(*from >> 16);
            to[k] = lem_bf16_to_f32(dot ? high : low);
            to[k + 1] = lem_bf16_to_f32(dot ? low : high);
        }
    }
}
