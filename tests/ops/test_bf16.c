/* test_bf16 - products of bf16: both orders of summation written out once more, bit for bit, on every path;
 * small numbers; rows, threads, the tile unit and VDPBF16PS change nothing */
#include "ops_util.h"

#include "compute/backend_priv.h"

typedef struct shape {
    int T, N, K;
    bool bias, accumulate;
} shape;

static const shape shapes[] = {
    {1, 1, 1, false, false},     {1, 32, 32, true, false},    {2, 33, 31, false, true},
    {3, 100, 64, true, true},    {16, 64, 65, true, true},    {17, 48, 63, false, true},
    {32, 31, 96, true, true},    {33, 129, 33, false, false}, {70, 64, 200, true, true},
    {300, 40, 130, true, false}, {5, 260, 515, true, true},   {15, 33, 1601, true, true},
};
enum { N_SHAPES = sizeof shapes / sizeof *shapes };

static float half(float x) { return lem_bf16_to_f32(lem_f32_to_bf16(x)); }

/* The numbers of a run from first to end-1, as cpu/dot.inc.h says it; la and lb apart. */
static float dot_run(const float *a, size_t la, const float *b, size_t lb, int first, int end, float sum) {
    for (int k = first; k < end; k += 2) {
        const bool odd = k + 1 < end;
        float x = odd ? half(a[(size_t)(k + 1) * la]) : 0;
        float y = odd ? half(b[(size_t)(k + 1) * lb]) : 0;
        sum = fmaf(x, y, sum);
        x = half(a[(size_t)k * la]);
        y = half(b[(size_t)k * lb]);
        sum = fmaf(x, y, sum);
    }
    return sum;
}

/* One output, as cpu/bf16.inc.h says it. */
static float one_sum(const float *x, const float *w, int K, float start, bool pairs) {
    if (pairs) return dot_run(x, 1, w, 1, 0, K, start);
    float sum = start;
    for (int k0 = 0; k0 < K; k0 += 32) {
        float chain[2] = {0, 0};
        for (int k = k0; k < k0 + 32; k++) {
            const bool in = k < K;
            float a = in ? half(x[k]) : 0;
            float b = in ? half(w[k]) : 0;
            chain[k % 2] = fmaf(a, b, chain[k % 2]);
        }
        volatile float both = chain[0] + chain[1];
        sum += both;
    }
    return sum;
}

static float *spelled_out(const shape *s, const float *x, const float *w, const float *bias, bool pairs,
                          float *y) {
    unsigned mode = lem_flush_small();
    for (int t = 0; t < s->T; t++)
        for (int n = 0; n < s->N; n++) {
            float *to = &y[t * s->N + n];
            float sum = one_sum(x + t * s->K, w + n * s->K, s->K, s->accumulate ? *to : 0, pairs);
            *to = s->bias ? sum + bias[n] : sum;
        }
    lem_flush_end(mode);
    return y;
}

typedef struct inputs {
    shape s;
    float *x, *w, *bias, *start, *want[2]; /* want: in the order of blocks, of pairs */
    size_t n;
} inputs;

/* Every number times 2^-shift, the starts and biases times its square: sums near the smallest normal number.
 */
static inputs make(const shape *s, int shift) {
    inputs in = {.s = *s, .n = (size_t)s->T * (size_t)s->N};
    const size_t nx = (size_t)s->T * (size_t)s->K, nw = (size_t)s->N * (size_t)s->K;
    in.x = filled(nx, 1);
    in.w = filled(nw, 2);
    in.bias = filled((size_t)s->N, 3);
    in.start = filled(in.n, 4);
    for (size_t i = 0; i < nx; i++) in.x[i] = ldexpf(in.x[i], -shift);
    for (size_t i = 0; i < nw; i++) in.w[i] = ldexpf(in.w[i], -shift);
    for (size_t i = 0; i < (size_t)s->N; i++) in.bias[i] = ldexpf(in.bias[i], -2 * shift);
    for (size_t i = 0; i < in.n; i++) in.start[i] = ldexpf(in.start[i], -2 * shift);
    for (int pairs = 0; pairs < 2; pairs++) {
        in.want[pairs] = guarded(in.n);
        memcpy(in.want[pairs], in.start, in.n * sizeof *in.start);
        spelled_out(s, in.x, in.w, in.bias, pairs, in.want[pairs]);
    }
    return in;
}

static void release(inputs *in) {
    free(in->x);
    free(in->w);
    free(in->bias);
    free(in->start);
    free(in->want[0]);
    free(in->want[1]);
}

/* Rows t0 .. t1-1 of the product. */
static void run(lem_backend *b, const inputs *in, int t0, int t1, float *y) {
    const shape *s = &in->s;
    lem_packed w;
    lem_err err = LEM_ERR_INIT;
    b->compute = LEM_COMPUTE_BF16;
    assert_int_equal(lem_packed_alloc(&w, b, s->N, s->K, LEM_DTYPE_BF16, &err), LEM_OK);
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

static lem_cpu_priv *priv_of(lem_backend *b) { return b->priv; }

static void check(lem_backend *b, const inputs *in, const char *what) {
    char name[120];
    float *y = started(in);
    snprintf(name, sizeof name, "%s %s %dx%dx%d", b->ops->name, what, in->s.T, in->s.N, in->s.K);
    run(b, in, 0, in->s.T, y);
    check_same(y, in->want[priv_of(b)->pairs], in->n, name);
    check_guard(y, in->n, name);
    free(y);
}

static machines all;

/* Each order with and without its unit, then as the path was. */
typedef void check_fn(lem_backend *b, const void *what, const char *how);
static void each_order(lem_backend *b, check_fn *check_it, const void *what) {
    lem_cpu_priv *p = b->priv, was = *p;
    for (int pairs = 0; pairs < 2; pairs++) {
        p->pairs = pairs;
        if (pairs && was.dot_unit) check_it(b, what, "VDPBF16PS");
        if (!pairs && was.tile_unit) check_it(b, what, "tile unit");
        p->dot_unit = p->tile_unit = false;
        check_it(b, what, pairs ? "pairs spelled out" : "blocks spelled out");
        *p = was;
    }
}

static void check_inputs(lem_backend *b, const void *in, const char *how) { check(b, in, how); }

static void on_every_path(const inputs *in) {
    for (int i = 0; i < N_ISA; i++)
        for (int t = 0; all.cpu[i][0] && t < N_THREADS; t++) each_order(all.cpu[i][t], check_inputs, in);
}

static void order_is_what_is_said(void **state) {
    (void)state;
    for (int i = 0; i < N_SHAPES; i++) {
        inputs in = make(&shapes[i], 0);
        on_every_path(&in);
        release(&in);
    }
}

/* Inputs, products and sums on both sides of 2^-126. */
static void small_numbers_are_zero(void **state) {
    (void)state;
    for (int shift = 58; shift <= 66; shift++)
        for (int i = 0; i < N_SHAPES; i += 3) {
            inputs in = make(&shapes[i], shift);
            on_every_path(&in);
            release(&in);
        }
    inputs in = make(&shapes[5], 125);
    on_every_path(&in);
    release(&in);
}

static void rows_do_not_see_each_other(void **state) {
    (void)state;
    inputs in = make(&shapes[9], 0);
    for (int i = 0; i < N_ISA; i++) {
        lem_backend *b = all.cpu[i][1];
        if (!b) continue;
        float *y = started(&in);
        for (int t = 0, step = 1; t < in.s.T; t += step, step = step % 37 + 1)
            run(b, &in, t, t + step < in.s.T ? t + step : in.s.T, y);
        check_same(y, in.want[priv_of(b)->pairs], in.n, "rows in pieces");
        free(y);
    }
    release(&in);
}

/* Against sums in double: rounding of the row is no error here, for the reference rounds it too. */
static void close_to_the_reference(void **state) {
    (void)state;
    for (int i = 0; i < N_SHAPES; i++) {
        inputs in = make(&shapes[i], 0);
        float *y = started(&in);
        run(all.ref, &in, 0, in.s.T, y);
        for (int pairs = 0; pairs < 2; pairs++)
            check_close(in.want[pairs], y, in.n, 4 * (double)EPS * (in.s.K + 4), "bf16 against double");
        free(y);
        release(&in);
    }
}

/* A weight of F32, and the products of F32, are what they were. */
static void floats_are_left_alone(void **state) {
    (void)state;
    const shape s = {9, 40, 77, true, false};
    inputs in = make(&s, 0);
    lem_err err = LEM_ERR_INIT;
    for (int i = 0; i < N_ISA; i++) {
        lem_backend *b = all.cpu[i][0];
        lem_packed w;
        if (!b) continue;
        float *y[2] = {guarded(in.n), guarded(in.n)};
        assert_int_equal(lem_packed_alloc(&w, b, s.N, s.K, LEM_DTYPE_F32, &err), LEM_OK);
        b->ops->pack(b, in.w, &w);
        for (int c = 0; c < 2; c++) {
            b->compute = c ? LEM_COMPUTE_BF16 : LEM_COMPUTE_F32;
            b->ops->linear(b, s.T, in.x, &w, in.bias, y[c], false);
        }
        check_same(y[1], y[0], in.n, "fp32 weights");
        lem_packed_release(&w, b);
        free(y[0]);
        free(y[1]);
    }
    release(&in);
}

/* ---- gradients ---- */

/* One output of dW, as cpu/bf16_grad.inc.h says it: blocks begin anew at each run. k-th numbers lie `la` and
 * `lb` apart. */
static float one_gradient(const float *a, size_t la, const float *b, size_t lb, int K, int n_runs,
                          const int *runs, bool pairs, float sum) {
    for (int r = 0; r < n_runs; r++) {
        int end = r + 1 < n_runs ? runs[r + 1] : K;
        if (pairs) {
            sum = dot_run(a, la, b, lb, runs[r], end, sum);
            continue;
        }
        for (int k0 = runs[r]; k0 < end; k0 += 32) {
            float chain[2] = {0, 0};
            for (int k = k0; k < k0 + 32; k++) {
                const bool in = k < end;
                float x = in ? half(a[(size_t)k * la]) : 0;
                float y = in ? half(b[(size_t)k * lb]) : 0;
                chain[(k - k0) % 2] = fmaf(x, y, chain[(k - k0) % 2]);
            }
            volatile float both = chain[0] + chain[1];
            sum += both;
        }
    }
    return sum;
}

enum { MOST_RUNS = 4 };
typedef struct gradient {
    int T, N, K, n_runs, runs[MOST_RUNS];
    float *dy, *x, *w, *start_x, *start_w, *dx[2], *dw[2]; /* dx [T,K] accumulated, dw [N,K], by order */
    uint16_t *narrow;                                      /* w as bf16 */
} gradient;

static void spell_gradient(gradient *g, bool pairs) {
    const size_t T = (size_t)g->T, N = (size_t)g->N, K = (size_t)g->K;
    const int whole = 0;
    float *dx = g->dx[pairs] = guarded(T * K), *dw = g->dw[pairs] = guarded(N * K);
    unsigned mode = lem_flush_small();
    for (size_t t = 0; t < T; t++)
        for (size_t k = 0; k < K; k++)
            dx[t * K + k] =
                one_gradient(g->dy + t * N, 1, g->w + k, K, g->N, 1, &whole, pairs, g->start_x[t * K + k]);
    for (size_t n = 0; n < N; n++)
        for (size_t k = 0; k < K; k++)
            dw[n * K + k] = one_gradient(g->dy + n, N, g->x + k, K, g->T, g->n_runs, g->runs, pairs,
                                         g->start_w[n * K + k]);
    lem_flush_end(mode);
}

static gradient make_gradient(const shape *s) {
    gradient g = {.T = s->T, .N = s->N, .K = s->K, .n_runs = s->T >= 16 ? 4 : 1};
    const int runs[MOST_RUNS] = {0, s->T / 3, s->T / 3, s->T / 2 + 1}; /* one is empty */
    const size_t T = (size_t)s->T, N = (size_t)s->N, K = (size_t)s->K;
    memcpy(g.runs, runs, sizeof runs);
    g.dy = filled(T * N, 5);
    g.x = filled(T * K, 6);
    g.w = filled(N * K, 7);
    g.start_x = filled(T * K, 8);
    g.start_w = filled(N * K, 9);
    g.narrow = (uint16_t *)(void *)guarded(N * K);
    for (size_t i = 0; i < N * K; i++) g.narrow[i] = lem_f32_to_bf16(g.w[i]);
    for (int pairs = 0; pairs < 2; pairs++) spell_gradient(&g, pairs);
    return g;
}

static void release_gradient(gradient *g) {
    float *all_of[] = {g->dy, g->x, g->w, g->start_x, g->start_w, g->dx[0], g->dx[1], g->dw[0], g->dw[1]};
    for (size_t i = 0; i < sizeof all_of / sizeof *all_of; i++) free(all_of[i]);
    free(g->narrow);
}

static float *copy_of(const float *from, size_t n) {
    float *to = guarded(n);
    memcpy(to, from, n * sizeof *to);
    return to;
}

static void check_gradient(lem_backend *b, const gradient *g, bool exact, const char *how) {
    const size_t nx = (size_t)g->T * (size_t)g->K, nw = (size_t)g->N * (size_t)g->K;
    const bool pairs = priv_of(b)->pairs;
    const double near = 4 * (double)EPS * (g->N + g->T + 4);
    char name[120];
    for (int narrow = 0; narrow < 2; narrow++) {
        float *dx = copy_of(g->start_x, nx);
        snprintf(name, sizeof name, "%s %s dx %dx%dx%d", b->ops->name, how, g->T, g->N, g->K);
        b->ops->linear_dx_bf16(b, g->T, g->N, g->K, g->dy, narrow ? (void *)g->narrow : g->w,
                               narrow ? LEM_DTYPE_BF16 : LEM_DTYPE_F32, dx, true);
        if (exact) check_same(dx, g->dx[pairs], nx, name);
        else check_close(dx, g->dx[pairs], nx, near, name);
        check_guard(dx, nx, name);
        free(dx);
    }
    float *dw = copy_of(g->start_w, nw);
    snprintf(name, sizeof name, "%s %s dw %dx%dx%d", b->ops->name, how, g->T, g->N, g->K);
    b->ops->linear_dw_bf16(b, g->T, g->N, g->K, g->dy, g->x, g->n_runs, g->runs, dw);
    if (exact) check_same(dw, g->dw[pairs], nw, name);
    else check_close(dw, g->dw[pairs], nw, near, name);
    check_guard(dw, nw, name);
    free(dw);
}

static void check_exact_gradient(lem_backend *b, const void *g, const char *how) {
    check_gradient(b, g, true, how);
}

static const shape gradient_shapes[] = {{1, 1, 1},     {2, 33, 31},   {16, 64, 65},   {33, 129, 33},
                                        {70, 64, 200}, {530, 40, 70}, {40, 600, 100}, {100, 530, 40},
                                        {901, 40, 33}, {20, 801, 40}};

static void gradients_are_what_is_said(void **state) {
    (void)state;
    for (size_t s = 0; s < sizeof gradient_shapes / sizeof *gradient_shapes; s++) {
        gradient g = make_gradient(&gradient_shapes[s]);
        check_gradient(all.ref, &g, false, "");
        for (int i = 0; i < N_ISA; i++)
            for (int t = 0; all.cpu[i][0] && t < N_THREADS; t++)
                each_order(all.cpu[i][t], check_exact_gradient, &g);
        release_gradient(&g);
    }
}

/* Runs in two calls, as two forests, have the bits of one call. */
static void runs_do_not_see_each_other(void **state) {
    (void)state;
    gradient g = make_gradient(&gradient_shapes[5]);
    const size_t nw = (size_t)g.N * (size_t)g.K;
    const int whole = 0, cut = g.runs[3], first[3] = {g.runs[0], g.runs[1], g.runs[2]};
    for (int i = 0; i < N_ISA; i++) {
        lem_backend *b = all.cpu[i][1];
        if (!b) continue;
        float *dw = copy_of(g.start_w, nw);
        b->ops->linear_dw_bf16(b, cut, g.N, g.K, g.dy, g.x, 3, first, dw);
        b->ops->linear_dw_bf16(b, g.T - cut, g.N, g.K, g.dy + (size_t)cut * (size_t)g.N,
                               g.x + (size_t)cut * (size_t)g.K, 1, &whole, dw);
        check_same(dw, g.dw[priv_of(b)->pairs], nw, "runs apart");
        free(dw);
    }
    release_gradient(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_is_what_is_said),      cmocka_unit_test(small_numbers_are_zero),
        cmocka_unit_test(rows_do_not_see_each_other), cmocka_unit_test(close_to_the_reference),
        cmocka_unit_test(floats_are_left_alone),      cmocka_unit_test(gradients_are_what_is_said),
        cmocka_unit_test(runs_do_not_see_each_other),
    };
    machines_open(&all);
    int bad = cmocka_run_group_tests(tests, NULL, NULL);
    machines_close(&all);
    return bad;
}
