/* test_ops - every operation on every path against ref, and the promises about bits (threads, batch, calls,
 * paths, storage) */
#include "ops_util.h"

typedef struct shape {
    int T, N, K;
} shape;

/* A case fills `out` from inputs that depend on the shape alone. */
typedef struct op_case {
    const char *name;
    size_t (*size)(const shape *s);
    void (*run)(lem_backend *b, const shape *s, float *out);
    double (*tolerance)(const shape *s); /* relative to 1 + |value| */
    bool uses_n;                         /* else N is not varied */
} op_case;

static size_t size_tn(const shape *s) { return (size_t)s->T * (size_t)s->N; }
static size_t size_tk(const shape *s) { return (size_t)s->T * (size_t)s->K; }
static size_t size_nk(const shape *s) { return (size_t)s->N * (size_t)s->K; }
static size_t size_k(const shape *s) { return (size_t)s->K; }

/* A chain of n products of numbers in [-1,1): partial sums are of order sqrt(n), so rounding adds up to order
 * n*2^-24; 4 x that. */
static double tol_k(const shape *s) { return 4 * (double)EPS * (s->K + 4); }
static double tol_n(const shape *s) { return 4 * (double)EPS * (s->N + 4); }
static double tol_t(const shape *s) { return 4 * (double)EPS * (s->T + 4); }
static double tol_few(const shape *s) {
    (void)s;
    return 32 * (double)EPS;
} /* exp is within 2^-23; a handful of roundings */
static double tol_row(const shape *s) { return (double)EPS * (32 + s->K); }

static void linear_with(lem_backend *b, const shape *s, lem_dtype dtype, bool bias, bool accumulate,
                        float *out) {
    lem_packed w;
    lem_err err = LEM_ERR_INIT;
    float *x = filled(size_tk(s), 1), *weight = filled(size_nk(s), 2), *add = filled((size_t)s->N, 3);
    assert_int_equal(lem_packed_alloc(&w, b, s->N, s->K, dtype, &err), LEM_OK);
    b->ops->pack(b, weight, &w);
    if (accumulate) fill(out, size_tn(s), 4);
    b->ops->linear(b, s->T, x, &w, bias ? add : NULL, out, accumulate);
    lem_packed_release(&w, b);
    free(x);
    free(weight);
    free(add);
}
static void run_linear(lem_backend *b, const shape *s, float *out) {
    linear_with(b, s, LEM_DTYPE_F32, false, false, out);
}
static void run_linear_bias(lem_backend *b, const shape *s, float *out) {
    linear_with(b, s, LEM_DTYPE_F32, true, true, out);
}
static void run_linear_bf16(lem_backend *b, const shape *s, float *out) {
    linear_with(b, s, LEM_DTYPE_BF16, true, false, out);
}
static void run_linear_int8(lem_backend *b, const shape *s, float *out) {
    linear_with(b, s, LEM_DTYPE_I8, true, true, out);
}
static void run_linear_bf16_add(lem_backend *b, const shape *s, float *out) {
    linear_with(b, s, LEM_DTYPE_BF16, false, true, out);
}

static void dx_with(lem_backend *b, const shape *s, bool accumulate, float *out) {
    float *dy = filled(size_tn(s), 5), *w = filled(size_nk(s), 6);
    if (accumulate) fill(out, size_tk(s), 7);
    b->ops->linear_dx(b, s->T, s->N, s->K, dy, w, LEM_DTYPE_F32, out, accumulate);
    free(dy);
    free(w);
}
static void run_dx(lem_backend *b, const shape *s, float *out) { dx_with(b, s, false, out); }
static void run_dx_add(lem_backend *b, const shape *s, float *out) { dx_with(b, s, true, out); }

static void run_dw(lem_backend *b, const shape *s, float *out) {
    float *dy = filled(size_tn(s), 8), *x = filled(size_tk(s), 9);
    fill(out, size_nk(s), 10);
    b->ops->linear_dw(b, s->T, s->N, s->K, dy, x, out);
    free(dy);
    free(x);
}

static void run_bias_grad(lem_backend *b, const shape *s, float *out) {
    float *dy = filled(size_tk(s), 11);
    fill(out, size_k(s), 12);
    b->ops->bias_grad(b, s->T, s->K, dy, out);
    free(dy);
}

static size_t size_norm(const shape *s) { return size_tk(s) + (size_t)s->T; }
static void run_rmsnorm(lem_backend *b, const shape *s, float *out) {
    float *x = filled(size_tk(s), 13), *w = filled(size_k(s), 14);
    b->ops->rmsnorm(b, s->T, s->K, x, w, 1e-5f, out, out + size_tk(s));
    free(x);
    free(w);
}

static size_t size_norm_backward(const shape *s) { return size_tk(s) + (size_t)s->K; }
static void run_rmsnorm_backward(lem_backend *b, const shape *s, float *out) {
    float *x = filled(size_tk(s), 15), *dy = filled(size_tk(s), 16), *w = filled(size_k(s), 17),
          *inv = filled((size_t)s->T, 18);
    for (int t = 0; t < s->T; t++) inv[t] = 1.5f + inv[t];
    fill(out, size_norm_backward(s), 19);
    b->ops->rmsnorm_backward(b, s->T, s->K, dy, x, w, inv, out, out + size_tk(s));
    free(x);
    free(dy);
    free(w);
    free(inv);
}
static double tol_norm_backward(const shape *s) { return 32 * (double)EPS * (s->K + s->T + 8); }

static size_t size_rope(const shape *s) { return (size_t)s->T * 3u * ((size_t)(s->K + 1) / 2u * 2u); }
static void rope_with(lem_backend *b, const shape *s, bool inverse, float *out) {
    int E = (s->K + 1) / 2 * 2, H = 3, *pos = malloc((size_t)s->T * sizeof *pos);
    float *table = filled((size_t)40 * (size_t)E, 20);
    for (int t = 0; t < s->T; t++) pos[t] = t * 7 % 40;
    fill(out, (size_t)s->T * (size_t)H * (size_t)E, 21);
    b->ops->rope(b, s->T, H, E, out, pos, table, inverse);
    free(pos);
    free(table);
}
static void run_rope(lem_backend *b, const shape *s, float *out) { rope_with(b, s, false, out); }
static void run_rope_inverse(lem_backend *b, const shape *s, float *out) { rope_with(b, s, true, out); }

static void spread(float *x, size_t n) /* some values far from 0: both ends of exp */
{
    for (size_t i = 0; i < n; i++) x[i] *= i % 17 == 0 ? 110.0f : i % 5 == 0 ? 20.0f : 2.0f;
}

static void run_swiglu(lem_backend *b, const shape *s, float *out) {
    float *gate = filled(size_tk(s), 22), *up = filled(size_tk(s), 23);
    spread(gate, size_tk(s));
    b->ops->swiglu(b, s->T, s->K, gate, up, out);
    free(gate);
    free(up);
}

static size_t size_two_tk(const shape *s) { return 2 * size_tk(s); }
static void run_swiglu_backward(lem_backend *b, const shape *s, float *out) {
    float *gate = filled(size_tk(s), 24), *up = filled(size_tk(s), 25), *dact = filled(size_tk(s), 26);
    spread(gate, size_tk(s));
    b->ops->swiglu_backward(b, s->T, s->K, gate, up, dact, out, out + size_tk(s));
    free(gate);
    free(up);
    free(dact);
}
/* sigmoid of a large |g| times g: the error of 1 - sigmoid, 2^-24 absolute, is multiplied by g <= 110 */
static double tol_swiglu(const shape *s) {
    (void)s;
    return 220 * (double)EPS;
}

static void run_add(lem_backend *b, const shape *s, float *out) {
    float *y = filled(size_tk(s), 27);
    fill(out, size_tk(s), 28);
    b->ops->add(b, size_tk(s), out, y);
    free(y);
}

static void run_scale(lem_backend *b, const shape *s, float *out) {
    fill(out, size_tk(s), 29);
    b->ops->scale(b, size_tk(s), out, 0.3f);
}

static void run_embed(lem_backend *b, const shape *s, float *out) {
    float *table = filled((size_t)11 * (size_t)s->K, 30);
    int32_t *ids = malloc((size_t)s->T * sizeof *ids);
    for (int t = 0; t < s->T; t++) ids[t] = t * 5 % 11;
    b->ops->gather(b, s->T, s->K, ids, table, LEM_DTYPE_F32, out);
    free(table);
    free(ids);
}

static size_t size_table(const shape *s) { return (size_t)11 * (size_t)s->K; }
static void run_scatter_add(lem_backend *b, const shape *s, float *out) {
    float *dy = filled(size_tk(s), 31);
    int32_t *ids = malloc((size_t)s->T * sizeof *ids);
    for (int t = 0; t < s->T; t++) ids[t] = t * 5 % 11;
    fill(out, size_table(s), 32);
    b->ops->scatter_add(b, s->T, s->K, ids, dy, out);
    free(dy);
    free(ids);
}

static size_t size_two_t(const shape *s) { return (size_t)s->T * 2; }
static float *logits_of(const shape *s, int32_t **target) {
    float *x = filled(size_tk(s), 33);
    for (size_t i = 0; i < size_tk(s); i++) x[i] *= 8.0f;
    *target = malloc((size_t)s->T * sizeof **target);
    for (int t = 0; t < s->T; t++) (*target)[t] = t * 31 % s->K;
    return x;
}
static void run_logprob(lem_backend *b, const shape *s, float *out) {
    int32_t *target;
    float *x = logits_of(s, &target);
    b->ops->logprob(b, s->T, s->K, x, target, out, out + s->T);
    free(x);
    free(target);
}
static void run_xent(lem_backend *b, const shape *s, float *out) {
    int32_t *target;
    float *x = logits_of(s, &target), *lse = filled((size_t)s->T, 34), *weight = filled((size_t)s->T, 35);
    for (int t = 0; t < s->T; t++) lse[t] += 9.0f;
    memcpy(out, x, size_tk(s) * sizeof *x);
    b->ops->softmax_xent_grad(b, s->T, s->K, out, target, weight, lse);
    free(x);
    free(target);
    free(lse);
    free(weight);
}

static size_t size_three_tk(const shape *s) { return 3 * size_tk(s); }
static void run_adamw(lem_backend *b, const shape *s, float *out) {
    size_t n = size_tk(s);
    float *grad = filled(n, 36);
    lem_adamw o = {.lr = 1e-2f,
                   .beta1 = 0.9f,
                   .beta2 = 0.95f,
                   .eps = 1e-8f,
                   .weight_decay = 0.1f,
                   .bias1 = 0.19f,
                   .bias2 = 0.0975f,
                   .grad_scale = 0.5f};
    fill(out, 3 * n, 37);
    for (size_t i = 2 * n; i < 3 * n; i++) out[i] *= out[i];
    b->ops->adamw(b, n, out, grad, out + n, out + 2 * n, &o);
    free(grad);
}

static size_t size_two(const shape *s) {
    (void)s;
    return 2;
}
static void run_sums(lem_backend *b, const shape *s, float *out) {
    size_t n = size_tk(s) * 97; /* several blocks of 4096 for the larger shapes */
    float *x = filled(n, 38);
    double sum = b->ops->sumsq(b, n, x);
    out[0] = (float)(sum / (double)n);
    out[1] = b->ops->all_finite(b, n, x) ? 1.0f : 0.0f;
    x[n / 2] = n % 2 ? INFINITY : NAN;
    if (b->ops->all_finite(b, n, x)) out[1] = -1.0f;
    x[n / 2] = 0;
    x[n - 1] = -INFINITY;
    if (b->ops->all_finite(b, n, x)) out[1] = -2.0f;
    free(x);
}

static const op_case cases[] = {
    {"linear", size_tn, run_linear, tol_k, true},
    {"linear +bias +accumulate", size_tn, run_linear_bias, tol_k, true},
    {"linear bf16 +bias", size_tn, run_linear_bf16, tol_k, true},
    {"linear bf16 +accumulate", size_tn, run_linear_bf16_add, tol_k, true},
    {"linear int8 +bias", size_tn, run_linear_int8, tol_k, true},
    {"linear_dx", size_tk, run_dx, tol_n, true},
    {"linear_dx +accumulate", size_tk, run_dx_add, tol_n, true},
    {"linear_dw", size_nk, run_dw, tol_t, true},
    {"bias_grad", size_k, run_bias_grad, tol_t, false},
    {"rmsnorm", size_norm, run_rmsnorm, tol_row, false},
    {"rmsnorm_backward", size_norm_backward, run_rmsnorm_backward, tol_norm_backward, false},
    {"rope", size_rope, run_rope, tol_few, false},
    {"rope inverse", size_rope, run_rope_inverse, tol_few, false},
    {"swiglu", size_tk, run_swiglu, tol_few, false},
    {"swiglu_backward", size_two_tk, run_swiglu_backward, tol_swiglu, false},
    {"add", size_tk, run_add, tol_few, false},
    {"scale", size_tk, run_scale, tol_few, false},
    {"embed", size_tk, run_embed, tol_few, false},
    {"scatter_add", size_table, run_scatter_add, tol_t, false},
    {"logprob", size_two_t, run_logprob, tol_row, false},
    {"softmax_xent_grad", size_tk, run_xent, tol_few, false},
    {"adamw", size_three_tk, run_adamw, tol_few, false},
    {"sumsq, all_finite", size_two, run_sums, tol_few, false},
};

static float *run_guarded(const op_case *c, lem_backend *b, const shape *s) {
    size_t n = c->size(s);
    float *out = guarded(n);
    c->run(b, s, out);
    check_guard(out, n, c->name);
    return out;
}

/* Against ref by tolerance; thread counts and the two vector paths bit for bit. */
static void check_case(const op_case *c, machines *m, const shape *s) {
    char what[128];
    size_t n = c->size(s);
    float *want = run_guarded(c, m->ref, s), *first[N_ISA] = {NULL};
    for (int i = 0; i < N_ISA; i++) {
        if (!m->cpu[i][0]) continue;
        for (int t = 0; t < N_THREADS; t++) {
            float *got = run_guarded(c, m->cpu[i][t], s);
            snprintf(what, sizeof what, "%s %s T=%d N=%d K=%d, %d threads", m->cpu[i][t]->ops->name, c->name,
                     s->T, s->N, s->K, thread_counts[t]);
            if (t == 0) {
                check_close(got, want, n, c->tolerance(s), what);
                first[i] = got;
                continue;
            }
            check_same(got, first[i], n, what);
            free(got);
        }
    }
    if (first[1] && first[2]) {
        snprintf(what, sizeof what, "avx2 = avx512, %s T=%d N=%d K=%d", c->name, s->T, s->N, s->K);
        check_same(first[1], first[2], n, what);
    }
    for (int i = 0; i < N_ISA; i++) free(first[i]);
    free(want);
}

static machines all;

static const int few[] = {1, 2, 13, 14, 15, 33};
static const int odd[] = {1, 7, 31, 32, 33, 96, 129};
#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static void test_every_op(void **state) {
    (void)state;
    for (size_t c = 0; c < COUNT(cases); c++)
        for (size_t t = 0; t < COUNT(few); t++)
            for (size_t k = 0; k < COUNT(odd); k++)
                for (size_t n = 0; n < (cases[c].uses_n ? COUNT(odd) : 1); n++)
                    check_case(&cases[c], &all, &(shape){few[t], odd[n], odd[k]});
}

static void test_large_shapes(void **state) /* more than one block of rows, of k, several groups of panels */
{
    static const shape large[] = {{520, 70, 400}, {64, 420, 801}, {3, 900, 500}, {270, 260, 64}};
    (void)state;
    for (size_t c = 0; c < COUNT(cases); c++)
        for (size_t i = 0; i < COUNT(large); i++) check_case(&cases[c], &all, &large[i]);
}

/* f(isa backend) for every path that exists */
static void each_path(void (*check)(lem_backend *b)) {
    for (int i = 0; i < N_ISA; i++)
        if (all.cpu[i][1]) check(all.cpu[i][1]);
}

static void check_rows_alone(lem_backend *b) {
    enum { T = 75, N = 129, K = 450 };
    static const lem_dtype dtype[] = {LEM_DTYPE_F32, LEM_DTYPE_BF16, LEM_DTYPE_I8};
    static const char *const name[] = {"row alone", "bf16 row alone", "int8 row alone"};
    lem_packed w[3];
    lem_err err = LEM_ERR_INIT;
    float *weight = filled((size_t)N * K, 1), *x = filled((size_t)T * K, 2), *dy = filled((size_t)T * N, 3),
          *one = guarded(K);
    float *y[3] = {guarded((size_t)T * N), guarded((size_t)T * N), guarded((size_t)T * N)},
          *dx = guarded((size_t)T * K), *logprob = guarded(T);
    int32_t target[T];
    for (int t = 0; t < T; t++) target[t] = t;
    for (int d = 0; d < 3; d++) {
        assert_int_equal(lem_packed_alloc(&w[d], b, N, K, dtype[d], &err), LEM_OK);
        b->ops->pack(b, weight, &w[d]);
        b->ops->linear(b, T, x, &w[d], NULL, y[d], false);
    }
    b->ops->linear_dx(b, T, N, K, dy, weight, LEM_DTYPE_F32, dx, false);
    b->ops->logprob(b, T, N, y[0], target, logprob, NULL);
    for (int t = 0; t < T; t++) {
        for (int d = 0; d < 3; d++) {
            b->ops->linear(b, 1, x + (size_t)t * K, &w[d], NULL, one, false);
            check_same(one, y[d] + (size_t)t * N, N, name[d]);
        }
        b->ops->linear_dx(b, 1, N, K, dy + (size_t)t * N, weight, LEM_DTYPE_F32, one, false);
        check_same(one, dx + (size_t)t * K, K, "dx row alone");
        b->ops->logprob(b, 1, N, y[0] + (size_t)t * N, target + t, one, NULL);
        check_same(one, logprob + t, 1, "logprob row alone");
    }
    for (int d = 0; d < 3; d++) {
        lem_packed_release(&w[d], b);
        free(y[d]);
    }
    free(weight);
    free(x);
    free(dy);
    free(one);
    free(dx);
    free(logprob);
}
static void check_norms_alone(lem_backend *b) {
    enum { T = 75, K = 450 };
    float *x = filled((size_t)T * K, 1), *dy = filled((size_t)T * K, 2), *w = filled(K, 3);
    float *y = guarded((size_t)T * K), *inv = guarded(T), *dx = filled((size_t)T * K, 4), *dw = filled(K, 5);
    float *before = filled((size_t)T * K, 4), *one = guarded(K), *one_inv = guarded(1);
    b->ops->rmsnorm(b, T, K, x, w, 1e-5f, y, inv);
    b->ops->rmsnorm_backward(b, T, K, dy, x, w, inv, dx, dw);
    for (size_t t = 0; t < T; t++) {
        b->ops->rmsnorm(b, 1, K, x + t * K, w, 1e-5f, one, one_inv);
        check_same(one, y + t * K, K, "norm alone");
        check_same(one_inv, inv + t, 1, "root mean square alone");
        b->ops->rmsnorm_backward(b, 1, K, dy + t * K, x + t * K, w, inv + t, before + t * K, dw);
        check_same(before + t * K, dx + t * K, K, "norm's gradient alone");
    }
    float *const owned[] = {x, dy, w, y, inv, dx, dw, before, one, one_inv};
    for (size_t i = 0; i < COUNT(owned); i++) free(owned[i]);
}
static void test_rows_alone(void **state) {
    (void)state;
    each_path(check_rows_alone);
    each_path(check_norms_alone);
}

/* The norm of a gradient is a double: all of its bits are the same. */
static void test_sums_of_squares(void **state) {
    enum { N = 3000001 };
    float *x = filled(N, 1);
    (void)state;
    for (int i = 0; i < N_ISA; i++)
        for (int t = 1; all.cpu[i][0] && t < N_THREADS; t++) {
            const double one = all.cpu[i][0]->ops->sumsq(all.cpu[i][0], N, x),
                         many = all.cpu[i][t]->ops->sumsq(all.cpu[i][t], N, x);
            assert_memory_equal(&many, &one, sizeof one);
        }
    free(x);
}

static void check_split_calls(lem_backend *b) {
    enum { T = 801, N = 45, K = 70, SPLIT = 333 };
    float *dy = filled((size_t)T * N, 1), *x = filled((size_t)T * K, 2);
    float *once = filled((size_t)N * K, 3), *twice = filled((size_t)N * K, 3), *db1 = filled(N, 4),
          *db2 = filled(N, 4);
    b->ops->linear_dw(b, T, N, K, dy, x, once);
    b->ops->linear_dw(b, SPLIT, N, K, dy, x, twice);
    b->ops->linear_dw(b, T - SPLIT, N, K, dy + (size_t)SPLIT * N, x + (size_t)SPLIT * K, twice);
    check_same(twice, once, (size_t)N * K, "dw in two calls");
    b->ops->bias_grad(b, T, N, dy, db1);
    b->ops->bias_grad(b, SPLIT, N, dy, db2);
    b->ops->bias_grad(b, T - SPLIT, N, dy + (size_t)SPLIT * N, db2);
    check_same(db2, db1, N, "db in two calls");
    free(dy);
    free(x);
    free(once);
    free(twice);
    free(db1);
    free(db2);
}
static void test_split_calls(void **state) {
    (void)state;
    each_path(check_split_calls);
}

/* bf16 storage must give exactly what fp32 storage of the rounded weights gives. */
static void check_bf16(lem_backend *b) {
    static const shape shapes[] = {{1, 129, 33}, {1, 300, 450}, {5, 64, 7}, {64, 96, 401}, {30, 31, 129}};
    for (size_t i = 0; i < COUNT(shapes); i++) {
        const shape *s = &shapes[i];
        lem_packed wide, narrow;
        lem_err err = LEM_ERR_INIT;
        float *w = filled(size_nk(s), 1), *x = filled(size_tk(s), 2), *y1 = guarded(size_tn(s)),
              *y2 = guarded(size_tn(s));
        for (size_t j = 0; j < size_nk(s); j++) w[j] = lem_bf16_to_f32(lem_f32_to_bf16(w[j]));
        assert_int_equal(lem_packed_alloc(&wide, b, s->N, s->K, LEM_DTYPE_F32, &err), LEM_OK);
        assert_int_equal(lem_packed_alloc(&narrow, b, s->N, s->K, LEM_DTYPE_BF16, &err), LEM_OK);
        b->ops->pack(b, w, &wide);
        b->ops->pack(b, w, &narrow);
        b->ops->linear(b, s->T, x, &wide, NULL, y1, false);
        b->ops->linear(b, s->T, x, &narrow, NULL, y2, false);
        check_same(y2, y1, size_tn(s), "bf16 = rounded fp32");
        lem_packed_release(&wide, b);
        lem_packed_release(&narrow, b);
        free(w);
        free(x);
        free(y1);
        free(y2);
    }
}
/* The same of rows: the gradient of a product's input, and rows by number. */
static void check_bf16_rows(lem_backend *b) {
    static const shape shapes[] = {{1, 129, 33}, {3, 300, 450}, {5, 64, 7}, {64, 96, 401}, {30, 31, 129}};
    for (size_t i = 0; i < COUNT(shapes); i++) {
        const shape *s = &shapes[i];
        float *w = filled(size_nk(s), 1), *dy = filled(size_tn(s), 2), *x1 = guarded(size_tk(s)),
              *x2 = guarded(size_tk(s));
        uint16_t *narrow = malloc(size_nk(s) * sizeof *narrow);
        int32_t rows[64];
        for (size_t j = 0; j < size_nk(s); j++) {
            narrow[j] = lem_f32_to_bf16(w[j]);
            w[j] = lem_bf16_to_f32(narrow[j]);
        }
        b->ops->linear_dx(b, s->T, s->N, s->K, dy, w, LEM_DTYPE_F32, x1, false);
        b->ops->linear_dx(b, s->T, s->N, s->K, dy, narrow, LEM_DTYPE_BF16, x2, false);
        check_same(x2, x1, size_tk(s), "linear_dx of bf16 rows");
        for (int t = 0; t < s->T; t++) rows[t] = (t * 7 + 3) % s->N;
        b->ops->gather(b, s->T, s->K, rows, w, LEM_DTYPE_F32, x1);
        b->ops->gather(b, s->T, s->K, rows, narrow, LEM_DTYPE_BF16, x2);
        check_same(x2, x1, size_tk(s), "gather of bf16 rows");
        free(w);
        free(dy);
        free(x1);
        free(x2);
        free(narrow);
    }
}
static void test_bf16(void **state) {
    (void)state;
    each_path(check_bf16);
    each_path(check_bf16_rows);
}

static int open_all(void **state) {
    (void)state;
    machines_open(&all);
    return 0;
}
static int close_all(void **state) {
    (void)state;
    machines_close(&all);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_op),    cmocka_unit_test(test_large_shapes),
        cmocka_unit_test(test_rows_alone),  cmocka_unit_test(test_sums_of_squares),
        cmocka_unit_test(test_split_calls), cmocka_unit_test(test_bf16),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
