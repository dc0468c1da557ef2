/* test_unpack - packed weights that do not learn: int8 multiplied by its numbers, and dX = dY W without rows
 * of W; the bits are those of the same numbers as rows of fp32 or bf16 */
#include "ops_util.h"

#include "compute/backend_priv.h"

typedef struct shape {
    int T, N, K;
} shape;
static const shape shapes[] = {{1, 1, 1},      {1, 129, 33},   {3, 33, 7},     {2, 160, 256}, {5, 31, 129},
                               {16, 64, 65},   {33, 40, 300},  {37, 129, 260}, {64, 96, 401}, {70, 801, 40},
                               {260, 64, 500}, {20, 40, 1600}, {9, 900, 131}};

static machines all;

typedef struct inputs {
    shape s;
    float *dy, *x, *w, *bias, *numbers; /* numbers: of w as int8 */
    lem_int8_block *blocks;
} inputs;

static inputs make(const shape *s) {
    const size_t N = (size_t)s->N, K = (size_t)s->K, groups = lem_int8_groups(K);
    inputs in = {*s,
                 filled((size_t)s->T * N, 1),
                 filled((size_t)s->T * K, 2),
                 filled(N * K, 3),
                 filled(N, 4),
                 guarded(N * K),
                 malloc(N * groups * sizeof(lem_int8_block))};
    for (size_t n = 0; n < N; n++) {
        lem_int8_block *row = in.blocks + n * groups;
        for (size_t k = 0; k < K; k++) /* groups and rows of different size */
            in.w[n * K + k] *= (float)(1 + k / LEM_INT8_GROUP * 3 + n % 5);
        lem_int8_round_row(in.w + n * K, K, row);
        for (size_t k = 0; k < K; k++) {
            const lem_int8_block *g = row + k / LEM_INT8_GROUP;
            in.numbers[n * K + k] = g->scale * (float)g->q[k % LEM_INT8_GROUP];
        }
    }
    return in;
}

static void release(inputs *in) {
    float *all_of[] = {in->dy, in->x, in->w, in->bias, in->numbers};
    for (size_t i = 0; i < sizeof all_of / sizeof *all_of; i++) free(all_of[i]);
    free(in->blocks);
}

static lem_packed packed(lem_backend *b, const inputs *in, const float *w, lem_dtype dtype) {
    lem_packed p;
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_packed_alloc(&p, b, in->s.N, in->s.K, dtype, &err), LEM_OK);
    p.wide = dtype == LEM_DTYPE_I8;
    for (int n = 0; p.wide && n < p.N; n += LEM_PACK_ROWS) {
        const lem_int8_block *rows = in->blocks + (size_t)n * lem_int8_groups((size_t)p.K);
        b->ops->pack_rows(b, n, p.N - n < LEM_PACK_ROWS ? p.N - n : LEM_PACK_ROWS, rows, &p);
    }
    if (!p.wide) b->ops->pack(b, w, &p);
    return p;
}

/* dX by the packed weight and by its rows. */
static void check_back(lem_backend *b, const inputs *in, lem_dtype dtype, const char *what) {
    const shape *s = &in->s;
    const size_t n = (size_t)s->T * (size_t)s->K, nw = (size_t)s->N * (size_t)s->K;
    const float *w = dtype == LEM_DTYPE_I8 ? in->numbers : in->w;
    const bool bf16 = b->compute == LEM_COMPUTE_BF16 && dtype != LEM_DTYPE_F32;
    float *want = filled(n, 5), *got = filled(n, 5);
    uint16_t *narrow = malloc(nw * sizeof *narrow);
    for (size_t i = 0; i < nw; i++) narrow[i] = lem_f32_to_bf16(w[i]);
    const void *rows = dtype == LEM_DTYPE_BF16 ? (const void *)narrow : w;
    lem_packed p = packed(b, in, w, dtype);
    (bf16 ? b->ops->linear_dx_bf16
          : b->ops->linear_dx)(b, s->T, s->N, s->K, in->dy, rows,
                               dtype == LEM_DTYPE_BF16 ? LEM_DTYPE_BF16 : LEM_DTYPE_F32, want, true);
    b->ops->linear_dx_packed(b, s->T, in->dy, &p, got, true);
    check_same(got, want, n, what);
    check_guard(got, n, what);
    lem_packed_release(&p, b);
    free(narrow);
    free(want);
    free(got);
}

/* The product by wide int8 and by its numbers. */
static void check_wide(lem_backend *b, const inputs *in, const char *what) {
    const size_t n = (size_t)in->s.T * (size_t)in->s.N;
    float *want = filled(n, 6), *got = filled(n, 6);
    lem_packed p = packed(b, in, NULL, LEM_DTYPE_I8),
               q = packed(b, in, in->numbers,
                          b->compute == LEM_COMPUTE_BF16 ? LEM_DTYPE_BF16 : LEM_DTYPE_F32);
    b->ops->linear(b, in->s.T, in->x, &q, in->bias, want, true);
    b->ops->linear(b, in->s.T, in->x, &p, in->bias, got, true);
    check_same(got, want, n, what);
    check_guard(got, n, what);
    lem_packed_release(&p, b);
    lem_packed_release(&q, b);
    free(want);
    free(got);
}

static void check(lem_backend *b, const inputs *in, const char *how) {
    static const char *const types[] = {"F32", "BF16", "F16", "I8"};
    char what[160];
    for (int compute = 0; compute < 2; compute++) {
        b->compute = compute ? LEM_COMPUTE_BF16 : LEM_COMPUTE_F32;
        for (lem_dtype t = LEM_DTYPE_F32; t <= LEM_DTYPE_I8; t++) {
            snprintf(what, sizeof what, "%s %s %s, compute %d, %dx%dx%d", b->ops->name, how, types[t],
                     compute, in->s.T, in->s.N, in->s.K);
            if (t != LEM_DTYPE_F16) check_back(b, in, t, what);
            if (t == LEM_DTYPE_I8) check_wide(b, in, what);
        }
    }
    b->compute = LEM_COMPUTE_F32;
}

/* Each order of bf16, with its unit and spelled out. */
static void each_order(lem_backend *b, const inputs *in) {
    lem_cpu_priv *p = b->priv, was = *p;
    for (int pairs = 0; pairs < 2; pairs++)
        for (int unit = 0; unit < 2; unit++) {
            p->pairs = pairs;
            p->dot_unit = unit && was.dot_unit;
            p->tile_unit = unit && was.tile_unit;
            check(b, in, pairs ? "pairs" : "blocks");
            *p = was;
        }
}

static void same_bits_as_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        inputs in = make(&shapes[i]);
        check(all.ref, &in, "");
        for (int k = 0; k < N_ISA; k++)
            for (int t = 0; all.cpu[k][0] && t < 3; t++) each_order(all.cpu[k][t], &in);
        release(&in);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_bits_as_rows)};
    machines_open(&all);
    int bad = cmocka_run_group_tests(tests, NULL, NULL);
    machines_close(&all);
    return bad;
}
