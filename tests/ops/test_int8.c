/* test_int8 - products of int8: the definition written out once more, bit for bit, on every path and with
 * every unit; extremes that saturate 16 bits; rows and threads change nothing */
#include "ops_util.h"

#include "compute/backend_priv.h"

typedef struct shape {
    int T, N, K;
    bool bias, accumulate;
} shape;

static const shape shapes[] = {
    {1, 1, 1, false, false},     {1, 32, 128, true, false},   {2, 33, 31, false, true},
    {3, 100, 129, true, true},   {16, 64, 256, true, true},   {17, 48, 127, false, true},
    {32, 31, 384, true, true},   {33, 129, 40, false, false}, {70, 64, 200, true, true},
    {300, 40, 130, true, false}, {5, 260, 515, true, true},   {257, 35, 300, false, true},
};
enum { N_SHAPES = sizeof shapes / sizeof *shapes };

/* One group as compute/int8.h says it, by other means. */
static double group_of(const float *x, int n, int *q) {
    float largest = 0;
    bool finite = true;
    for (int i = 0; i < n; i++) {
        if (!isfinite(x[i])) finite = false;
        if (fabsf(x[i]) > largest) largest = fabsf(x[i]);
    }
    for (int i = 0; i < 128; i++) q[i] = 0;
    if (!finite) return (double)NAN;
    if (largest < ldexpf(1, -100)) return 0;
    const volatile float by = 127.0f / largest;
    for (int i = 0; i < n; i++) {
        const volatile float t = x[i] * by;
        q[i] = (int)rint((double)t);
    }
    const volatile float scale = largest / 127.0f;
    return (double)scale;
}

static float one_sum(const float *x, const float *w, int K, float start) {
    float sum = start;
    for (int k = 0; k < K; k += 128) {
        int a[128], b[128], n = K - k < 128 ? K - k : 128, whole = 0;
        const float s = (float)group_of(x + k, n, a), t = (float)group_of(w + k, n, b);
        for (int i = 0; i < 128; i++) whole += a[i] * b[i];
        const volatile float both = s * t;
        sum = fmaf((float)whole, both, sum);
    }
    return sum;
}

typedef struct inputs {
    shape s;
    float *x, *w, *bias, *start, *want;
    size_t n;
} inputs;

static void spell_out(inputs *in) {
    const shape *s = &in->s;
    for (int t = 0; t < s->T; t++)
        for (int n = 0; n < s->N; n++) {
            const size_t at = (size_t)t * (size_t)s->N + (size_t)n;
            float sum = one_sum(in->x + (size_t)t * (size_t)s->K, in->w + (size_t)n * (size_t)s->K, s->K,
                                s->accumulate ? in->start[at] : 0);
            in->want[at] = s->bias ? sum + in->bias[n] : sum;
        }
}

/* Numbers of very different sizes: each group of columns 2^-3 of the one before. */
static inputs make(const shape *s) {
    inputs in = {.s = *s, .n = (size_t)s->T * (size_t)s->N};
    const size_t nx = (size_t)s->T * (size_t)s->K, nw = (size_t)s->N * (size_t)s->K;
    in.x = filled(nx, 1);
    in.w = filled(nw, 2);
    in.bias = filled((size_t)s->N, 3);
    in.start = filled(in.n, 4);
    in.want = guarded(in.n);
    for (size_t i = 0; i < nx; i++) in.x[i] = ldexpf(in.x[i], -3 * ((int)i % s->K / 50));
    spell_out(&in);
    return in;
}

static void release(inputs *in) {
    free(in->x);
    free(in->w);
    free(in->bias);
    free(in->start);
    free(in->want);
}

/* Rows t0 .. t1-1 of the product. */
static void run(lem_backend *b, const inputs *in, int t0, int t1, float *y) {
    const shape *s = &in->s;
    lem_packed w;
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_packed_alloc(&w, b, s->N, s->K, LEM_DTYPE_I8, &err), LEM_OK);
    memset(w.data, 0xff, lem_packed_bytes(b, s->N, s->K, LEM_DTYPE_I8));
    b->ops->pack(b, in->w, &w);
    b->ops->linear(b, t1 - t0, in->x + (size_t)t0 * (size_t)s->K, &w, s->bias ? in->bias : NULL,
                   y + (size_t)t0 * (size_t)s->N, s->accumulate);
    lem_packed_release(&w, b);
}

/* What the product is accumulated into. */
static float *started(const inputs *in) {
    float *y = guarded(in->n);
    for (size_t i = 0; i < in->n; i++) y[i] = in->start[i];
    return y;
}

static void check(lem_backend *b, const inputs *in, int unit) {
    char name[120];
    float *y = started(in);
    snprintf(name, sizeof name, "%s unit %d %dx%dx%d", b->ops->name, unit, in->s.T, in->s.N, in->s.K);
    run(b, in, 0, in->s.T, y);
    for (size_t i = 0; i < in->n; i++)
        if (!isnan(in->want[i]) || !isnan(y[i])) check_same(y + i, in->want + i, 1, name);
    check_guard(y, in->n, name);
    free(y);
}

static machines all;

static void on_every_path(const inputs *in) {
    for (int i = 0; i < N_ISA; i++)
        for (int t = 0; all.cpu[i][0] && t < N_THREADS; t++) {
            lem_backend *b = all.cpu[i][t];
            lem_cpu_priv *p = b->priv;
            const lem_int8_unit best = p->int8_unit;
            for (int unit = 0; unit <= (int)best; unit++) {
                if (unit == LEM_INT8_VNNI && !lem_vnni_usable()) continue;
                p->int8_unit = (lem_int8_unit)unit;
                check(b, in, unit);
            }
            p->int8_unit = best;
        }
}

static void definition_is_what_is_said(void **state) {
    (void)state;
    for (int i = 0; i < N_SHAPES; i++) {
        inputs in = make(&shapes[i]);
        on_every_path(&in);
        release(&in);
    }
}

/* All products of a group 127 * 127 and -127 * 127: pairs of them are the most that 16 bits hold. */
static void extremes_do_not_saturate(void **state) {
    (void)state;
    for (int sign = 0; sign < 4; sign++) {
        const shape s = {5, 33, 256, false, false};
        inputs in = make(&s);
        for (int i = 0; i < s.T * s.K; i++) in.x[i] = sign & 1 ? -3.0f : 3.0f;
        for (int i = 0; i < s.N * s.K; i++) in.w[i] = sign & 2 ? -0.5f : 0.5f;
        spell_out(&in);
        on_every_path(&in);
        release(&in);
    }
}

/* A row that is not finite is NaN and spoils no other; groups too small count as zeros; large ones do not
 * overflow while they are rounded. */
static void special_rows(void **state) {
    (void)state;
    const shape s = {6, 40, 200, false, true};
    inputs in = make(&s);
    for (int n = 0; n < s.N; n++) in.start[3 * s.N + n] = 0;
    in.x[1 * s.K + 150] = INFINITY;
    in.x[2 * s.K + 3] = -NAN;
    for (int k = 0; k < s.K; k++) {
        in.x[3 * s.K + k] = ldexpf(in.x[3 * s.K + k], -120);
        in.x[4 * s.K + k] = ldexpf(in.x[0 * s.K + k], 120);
        in.x[5 * s.K + k] = k % 2 ? 0.0f : -0.0f;
    }
    spell_out(&in);
    assert_true(isnan(in.want[1 * s.N]) && isnan(in.want[2 * s.N]) && isfinite(in.want[4 * s.N]));
    assert_true(in.want[3 * s.N] == 0);
    on_every_path(&in);
    release(&in);
}

static void rows_do_not_see_each_other(void **state) {
    (void)state;
    inputs in = make(&shapes[9]);
    for (int i = 0; i < N_ISA; i++) {
        lem_backend *b = all.cpu[i][1];
        if (!b) continue;
        float *y = started(&in);
        for (int t = 0, step = 1; t < in.s.T; t += step, step = step % 37 + 1)
            run(b, &in, t, t + step < in.s.T ? t + step : in.s.T, y);
        check_same(y, in.want, in.n, "rows in pieces");
        free(y);
    }
    release(&in);
}

/* Against sums in double of the same rounded numbers. */
static void close_to_the_reference(void **state) {
    (void)state;
    for (int i = 0; i < N_SHAPES; i++) {
        inputs in = make(&shapes[i]);
        float *y = started(&in);
        run(all.ref, &in, 0, in.s.T, y);
        check_close(in.want, y, in.n, 4 * (double)EPS * (in.s.K / 128 + 8), "int8 against double");
        free(y);
        release(&in);
    }
}

/* Rows of groups are laid out as the same weight from fp32 is, by every path. */
static void packed_by_rows(void **state) {
    (void)state;
    enum { N = 69, K = 200 };
    const size_t groups = lem_int8_groups(K), bytes = lem_packed_bytes(NULL, N, K, LEM_DTYPE_I8);
    float *w = filled((size_t)N * K, 7);
    lem_int8_block *rows = calloc((size_t)N * groups, sizeof *rows);
    unsigned char *want = malloc(bytes), *got = malloc(bytes);
    assert_true(rows && want && got);
    assert_int_equal(bytes, 3 * groups * sizeof(lem_int8_panel));
    assert_int_equal(lem_pack_row_bytes(K, LEM_DTYPE_I8), groups * 132);
    for (int i = 0; i < N; i++) lem_int8_round_row(w + (size_t)i * K, K, rows + (size_t)i * groups);
    lem_packed a = {N, K, LEM_DTYPE_I8, want}, b = {N, K, LEM_DTYPE_I8, got};
    memset(want, 0xff, bytes);
    all.ref->ops->pack(all.ref, w, &a);
    for (int i = 0; i < N_ISA; i++) {
        lem_backend *cpu = all.cpu[i][1];
        if (!cpu) continue;
        memset(got, 0xff, bytes);
        cpu->ops->pack(cpu, w, &b);
        assert_memory_equal(got, want, bytes);
        memset(got, 0xff, bytes);
        for (int row = 0; row < N; row += LEM_PACK_ROWS)
            cpu->ops->pack_rows(cpu, row, N - row < LEM_PACK_ROWS ? N - row : LEM_PACK_ROWS,
                                rows + (size_t)row * groups, &b);
        assert_memory_equal(got, want, bytes);
    }
    free(w);
    free(rows);
    free(want);
    free(got);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(definition_is_what_is_said),
        cmocka_unit_test(extremes_do_not_saturate),
        cmocka_unit_test(special_rows),
        cmocka_unit_test(rows_do_not_see_each_other),
        cmocka_unit_test(close_to_the_reference),
        cmocka_unit_test(packed_by_rows),
    };
    machines_open(&all);
    int bad = cmocka_run_group_tests(tests, NULL, NULL);
    machines_close(&all);
    return bad;
}
