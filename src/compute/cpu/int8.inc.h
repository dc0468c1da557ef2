/* cpu/int8.inc.h - products of int8 with int8: exact within a group of 128, fp32 over the groups
 *
 * A row of A is rounded to int8 group by group (compute/int8.h). A group's sum is whole and below 2^21, so it
 * is the same however it is added up, and exact as fp32; groups are added in ascending order by fma, which is
 * rounded once on every processor. */

enum { INT8_ROWS = 256 /* of A, rounded at a time */, INT8_TILE = 32 };

/* ---- whole sums by the path's own vectors ---- */

SIMD void int8_some(const int MR, const lem_int8_tile *t, int row) {
    for (int col = 0; col < LEM_PANEL; col += VF_W) {
        vq sum[4];
        const uint8_t *a = t->a + (size_t)row * t->lda;
#pragma GCC unroll 4
        for (int i = 0; i < MR; i++) sum[i] = vq_zero();
        for (int k = 0; k < LEM_INT8_GROUP / 4; k++, a += 4) {
            vq b = vq_load(t->b->fours[k] + col);
#pragma GCC unroll 4
            for (int i = 0; i < MR; i++) {
                int32_t four;
                memcpy(&four, a + (size_t)i * t->lda, sizeof four);
                sum[i] = vq_dot(sum[i], vq_set1(four), b);
            }
        }
#pragma GCC unroll 4
        for (int i = 0; i < MR; i++) vq_store(t->sums + (row + i) * LEM_PANEL + col, sum[i]);
    }
}

static void int8_tile(const lem_int8_tile *t) {
    int row = 0;
    for (; row + 4 <= t->rows; row += 4) int8_some(4, t, row);
    for (; row < t->rows; row++) int8_some(1, t, row);
}

/* ---- rows of A ---- */

typedef struct int8_rows {
    const product *g;
    lem_int8_tile_fn *tile;
    uint32_t shift; /* of the bytes */
    int groups;
    size_t lda;
    uint8_t *q;   /* [rows][lda] */
    float *scale; /* [rows][groups] */
} int8_rows;

static void int8_round_rows(const int8_rows *r, int m, int n) {
    for (int i = 0; i < n; i++) {
        const float *from = r->g->a + (size_t)(m + i) * r->g->lda;
        uint8_t *q = r->q + (size_t)i * r->lda;
        float *scale = r->scale + (size_t)i * (size_t)r->groups;
        for (int k = 0; k < r->g->K; k += LEM_INT8_GROUP, q += LEM_INT8_GROUP)
            *scale++ = lem_int8_round(from + k, min_int(LEM_INT8_GROUP, r->g->K - k), r->shift, q);
    }
}

/* ---- one panel ---- */

/* A group's sums, scaled, into c [n][32]; scale: of the first row, `step` floats between rows. */
static void int8_add_group(int n, const int32_t *sums, const float *scale, int step, const float *of_b,
                           float *c) {
    for (int i = 0; i < n; i++, scale += step) {
        const vf s = vf_set1(*scale);
        for (int j = i * LEM_PANEL; j < (i + 1) * LEM_PANEL; j += VF_W) {
            vf both = vf_mul(s, vf_load(of_b + j - i * LEM_PANEL));
            vf_store(c + j, vf_fma_once(vf_of_ints(sums + j), both, vf_load(c + j)));
        }
    }
}

/* Rows m .. m+n-1 of C in panel p, whose first one is row i of r. */
static void int8_panel_rows(const int8_rows *r, int p, int m, int i, int n) {
    const product *g = r->g;
    const int cols = min_int(LEM_PANEL, g->N - p * LEM_PANEL);
    float c[INT8_TILE * LEM_PANEL] __attribute__((aligned(64))) = {0};
    int32_t sums[INT8_TILE * LEM_PANEL] __attribute__((aligned(64)));
    float *to = g->c + (size_t)m * (size_t)g->N + (size_t)p * LEM_PANEL;
    for (int j = 0; g->accumulate && j < n; j++)
        memcpy(c + j * LEM_PANEL, to + (size_t)j * (size_t)g->N, (size_t)cols * sizeof *c);
    lem_int8_tile t = {n, r->q + (size_t)i * r->lda, r->lda, NULL, sums};
    t.b = (const lem_int8_panel *)g->b + (size_t)p * (size_t)r->groups;
    const float *scale = r->scale + (size_t)i * (size_t)r->groups;
    for (int k = 0; k < r->groups; k++, t.a += LEM_INT8_GROUP, t.b++, scale++) {
        r->tile(&t);
        int8_add_group(n, sums, scale, r->groups, t.b->scale, c);
    }
    const float *bias = g->bias ? g->bias + (size_t)p * LEM_PANEL : NULL;
    for (int j = 0; j < n; j++)
        for (int k = 0; k < cols; k++)
            to[(size_t)j * (size_t)g->N + (size_t)k] =
                bias ? c[j * LEM_PANEL + k] + bias[k] : c[j * LEM_PANEL + k];
}

/* ---- the driver ---- */

static void int8_block(const product *g, int m0, int m1, int p0, int p1, float *scratch) {
    static lem_int8_tile_fn *const tile[] = {int8_tile, lem_vnni_tile, lem_amx_int8_tile};
    const lem_int8_unit unit = ((const lem_cpu_priv *)g->backend->priv)->int8_unit;
    const int groups = div_up(g->K, LEM_INT8_GROUP);
    int8_rows r = {.g = g, .tile = tile[unit], .shift = unit == LEM_INT8_VNNI ? 128 : 0, .groups = groups};
    r.lda = (size_t)groups * LEM_INT8_GROUP + 64; /* rows of powers of two would share few lines of L1 */
    size_t row = r.lda + (size_t)groups * sizeof(float);
    int room = (int)(LEM_SCRATCH_FLOATS * sizeof(float) / row) - INT8_TILE;
    int step = max_int(1, min_int(room, INT8_ROWS));
    r.q = (uint8_t *)scratch;
    r.scale = scratch + (size_t)(step + INT8_TILE) * r.lda / sizeof(float);
    for (int m = m0; m < m1; m += step) {
        int n = min_int(step, m1 - m);
        int8_round_rows(&r, m, n);
        for (int p = p0; p < p1; p++)
            for (int i = 0; i < n; i += INT8_TILE)
                int8_panel_rows(&r, p, m + i, i, min_int(INT8_TILE, n - i));
    }
}

static void int8_task(void *ctx, int task, int worker) {
    const product *g = ctx;
    const bool unit = ((const lem_cpu_priv *)g->backend->priv)->int8_unit == LEM_INT8_TILES;
    int m0, m1, p0, p1;
    task_range(g, task, &m0, &m1, &p0, &p1);
    if (unit) lem_amx_begin();
    int8_block(g, m0, m1, p0, p1, scratch_of(g->backend, worker));
    if (unit) lem_amx_end();
}
