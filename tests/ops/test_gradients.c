/* test_gradients - every backward operation of ref against central differences of its forward operation */
#include "ops_util.h"

static lem_backend *ref;

/* A differentiable function of one parameter array: its value as sum(c_i * output_i) in double. */
typedef double value_fn(void *ctx);

/* Central differences with step 2^-7: truncation is about h^2/6 times a third derivative of order 1 (1e-5 of
 * the scale here), rounding of the fp32 outputs 2^-24/h each (8e-6). Hence 2e-3 of the largest gradient, far
 * below the effect of a wrong term. */
static void check_gradient(value_fn *f, void *ctx, float *param, size_t n, const float *grad,
                           const char *what) {
    const float h = 0x1p-7f;
    double largest = 1e-3;
    for (size_t i = 0; i < n; i++)
        largest = fabs((double)grad[i]) > largest ? fabs((double)grad[i]) : largest;
    for (size_t i = 0; i < n; i++) {
        float old = param[i], up = old + h, down = old - h;
        param[i] = up;
        double a = f(ctx);
        param[i] = down;
        double b = f(ctx), d = (a - b) / ((double)up - (double)down);
        param[i] = old;
        if (!(fabs(d - (double)grad[i]) <= 2e-3 * largest))
            fail_msg("%s: gradient %zu of %zu is %.6g, differences say %.6g", what, i, n, (double)grad[i], d);
    }
}

static double weighted(const float *y, const float *c, size_t n) {
    double s = 0;
    for (size_t i = 0; i < n; i++) s += (double)y[i] * (double)c[i];
    return s;
}

enum { T = 5, N = 6, K = 7 };
typedef struct small { /* inputs a, w, bias; outputs y; output weights c */
    float *a, *w, *bias, *y, *c;
} small;

static small small_new(void) {
    return (small){filled(T * K, 1), filled(N * K, 2), filled(N, 3), filled(T * K, 4), filled(T * K, 5)};
}
static void small_free(small *s) {
    free(s->a);
    free(s->w);
    free(s->bias);
    free(s->y);
    free(s->c);
}

static double value_linear(void *ctx) {
    small *s = ctx;
    lem_packed p;
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_packed_alloc(&p, ref, N, K, LEM_DTYPE_F32, &err), LEM_OK);
    ref->ops->pack(ref, s->w, &p);
    ref->ops->linear(ref, T, s->a, &p, s->bias, s->y, false);
    lem_packed_release(&p, ref);
    return weighted(s->y, s->c, T * N);
}

static void test_linear(void **state) {
    (void)state;
    small s = small_new();
    float dx[T * K], dw[N * K] = {0}, db[N] = {0};
    ref->ops->linear_dx(ref, T, N, K, s.c, s.w, LEM_DTYPE_F32, dx, false);
    ref->ops->linear_dw(ref, T, N, K, s.c, s.a, dw);
    ref->ops->bias_grad(ref, T, N, s.c, db);
    check_gradient(value_linear, &s, s.a, T * K, dx, "linear_dx");
    check_gradient(value_linear, &s, s.w, N * K, dw, "linear_dw");
    check_gradient(value_linear, &s, s.bias, N, db, "bias_grad");
    small_free(&s);
}

static double value_rmsnorm(void *ctx) {
    small *s = ctx;
    ref->ops->rmsnorm(ref, T, K, s->a, s->w, 1e-3f, s->y, NULL);
    return weighted(s->y, s->c, T * K);
}

static void test_rmsnorm(void **state) {
    (void)state;
    small s = small_new();
    float dx[T * K] = {0}, dw[K] = {0}, inv[T], y[T * K];
    ref->ops->rmsnorm(ref, T, K, s.a, s.w, 1e-3f, y, inv);
    ref->ops->rmsnorm_backward(ref, T, K, s.c, s.a, s.w, inv, dx, dw);
    check_gradient(value_rmsnorm, &s, s.a, T * K, dx, "rmsnorm dx");
    check_gradient(value_rmsnorm, &s, s.w, K, dw, "rmsnorm dw");
    small_free(&s);
}

static double value_swiglu(void *ctx) {
    small *s = ctx;
    ref->ops->swiglu(ref, T, N, s->a, s->w, s->y);
    return weighted(s->y, s->c, T * N);
}

static void test_swiglu(void **state) {
    (void)state;
    small s = small_new(); /* w serves as `up` [T,N] */
    float dgate[T * N], dup[T * N];
    for (int i = 0; i < T * N; i++) s.a[i] *= 4.0f;
    ref->ops->swiglu_backward(ref, T, N, s.a, s.w, s.c, dgate, dup);
    check_gradient(value_swiglu, &s, s.a, T * N, dgate, "swiglu dgate");
    check_gradient(value_swiglu, &s, s.w, T * N, dup, "swiglu dup");
    small_free(&s);
}

static const int rope_pos[T] = {0, 3, 1, 4, 2};
static double value_rope(void *ctx) {
    small *s = ctx;
    memcpy(s->y, s->a, T * N * sizeof(float));
    ref->ops->rope(ref, T, 1, N, s->y, rope_pos, s->w, false);
    return weighted(s->y, s->c, T * N);
}

static void test_rope(void **state) /* a rotation's gradient is the inverse rotation */
{
    (void)state;
    small s = small_new();
    float dx[T * N];
    for (int p = 0; p < T; p++)
        for (int i = 0; i < N / 2; i++) {
            s.w[p * N + i] = cosf((float)(p * (i + 1)));
            s.w[p * N + N / 2 + i] = sinf((float)(p * (i + 1)));
        }
    memcpy(dx, s.c, sizeof dx);
    ref->ops->rope(ref, T, 1, N, dx, rope_pos, s.w, true);
    check_gradient(value_rope, &s, s.a, T * N, dx, "rope");
    memcpy(s.y, s.a, sizeof dx);
    ref->ops->rope(ref, T, 1, N, s.y, rope_pos, s.w, false);
    ref->ops->rope(ref, T, 1, N, s.y, rope_pos, s.w, true);
    check_close(s.y, s.a, T * N, 4 * (double)EPS, "rope and back");
    small_free(&s);
}

static const int32_t ids[T] = {2, 0, 2, 5, 2};
static double value_embed(void *ctx) {
    small *s = ctx;
    ref->ops->gather(ref, T, K, ids, s->w, LEM_DTYPE_F32, s->y);
    return weighted(s->y, s->c, T * K);
}

static void test_embed(void **state) {
    (void)state;
    small s = small_new();
    float dtable[N * K] = {0};
    ref->ops->scatter_add(ref, T, K, ids, s.c, dtable);
    check_gradient(value_embed, &s, s.w, N * K, dtable, "embed");
    small_free(&s);
}

static double value_xent(void *ctx) {
    small *s = ctx;
    ref->ops->logprob(ref, T, N, s->a, ids, s->y, NULL);
    return -weighted(s->y, s->c, T);
}

static void test_xent(void **state) /* the gradient of sum weight * -logprob */
{
    (void)state;
    small s = small_new();
    float grad[T * N], lse[T], logprob[T];
    ref->ops->logprob(ref, T, N, s.a, ids, logprob, lse);
    memcpy(grad, s.a, sizeof grad);
    ref->ops->softmax_xent_grad(ref, T, N, grad, ids, s.c, lse);
    check_gradient(value_xent, &s, s.a, T * N, grad, "softmax_xent");
    small_free(&s);
}

/* A tree of three nodes: rows 0-2 shared, 3-4 and 5-6 below it. H = 4, KH = 2, E = 3. */
enum { AT = 7, H = 4, KH = 2, E = 3 };
static const int attn_pos[AT] = {0, 1, 2, 3, 4, 3, 4}, attn_page[AT] = {0, 0, 0, 1, 1, 2, 2},
                 attn_slot[AT] = {0, 1, 2, 0, 1, 0, 1};
static const lem_attn_seg attn_segs[] = {{0, 7, 0, 3, 0, 0}, {3, 5, 1, 2, 3, 3}, {5, 7, 2, 2, 3, 5}};
static const lem_attn_tree attn_trees[] = {{0, AT, 0, 3, 5}};
static const lem_attn_plan attn_plan = {AT, 1, attn_pos, attn_trees, attn_segs, 0};
typedef struct attn_case {
    float *q, *k, *v, *out, *lse, *c;
    lem_kv kv;
} attn_case;

static double value_attention(void *ctx) {
    attn_case *a = ctx;
    ref->ops->kv_write(ref, AT, KH, E, a->k, a->v, attn_page, attn_slot, 0, &a->kv);
    ref->ops->attention(ref, &attn_plan, H, KH, E, 0.7f, a->q, 0, &a->kv, a->out, a->lse);
    return weighted(a->out, a->c, (size_t)AT * H * E);
}

static void test_attention(void **state) {
    (void)state;
    attn_case a = {
        filled(AT * H * E, 1),
        filled(AT * KH * E, 2),
        filled(AT * KH * E, 3),
        guarded(AT * H * E),
        guarded(AT * H),
        filled(AT * H * E, 4),
        {guarded((size_t)3 * KH * 64 * E), (size_t)KH * 64 * E, (size_t)KH * 64 * E, (size_t)64 * E}};
    float dq[AT * H * E], dk[AT * KH * E], dv[AT * KH * E];
    value_attention(&a);
    ref->ops->attention_backward(ref, &attn_plan, H, KH, E, 0.7f, a.q, 0, &a.kv, a.out, a.lse, a.c, dq, dk,
                                 dv);
    check_gradient(value_attention, &a, a.q, AT * H * E, dq, "attention dq");
    check_gradient(value_attention, &a, a.k, AT * KH * E, dk, "attention dk");
    check_gradient(value_attention, &a, a.v, AT * KH * E, dv, "attention dv");
    float *const owned[] = {a.q, a.k, a.v, a.out, a.lse, a.c, a.kv.data};
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++) free(owned[i]);
}

static int open_ref(void **state) {
    lem_err err = LEM_ERR_INIT;
    (void)state;
    return lem_backend_new(LEM_ISA_REF, NULL, &ref, &err) == LEM_OK ? 0 : -1;
}
static int close_ref(void **state) {
    (void)state;
    lem_backend_free(ref);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_linear),    cmocka_unit_test(test_rmsnorm), cmocka_unit_test(test_swiglu),
        cmocka_unit_test(test_rope),      cmocka_unit_test(test_embed),   cmocka_unit_test(test_xent),
        cmocka_unit_test(test_attention),
    };
    return cmocka_run_group_tests(tests, open_ref, close_ref);
}
