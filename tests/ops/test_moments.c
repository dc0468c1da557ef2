/* test_moments - AdamW over moments of 8 bits: each step against double precision from what was stored, codes
 * beside the exact value, right on average, the same bits on every path */
#include "ops_util.h"

enum { N = 3 * LEM_MOMENT_BLOCK + 77, BLOCKS = 4 };

typedef struct moments {
    float param[N], m_scale[BLOCKS], v_scale[BLOCKS];
    uint8_t m[N], v[N];
} moments;

static const lem_adamw adamw = {.lr = 1e-2f,
                                .beta1 = 0.9f,
                                .beta2 = 0.95f,
                                .eps = 1e-8f,
                                .weight_decay = 0.1f,
                                .bias1 = 0.19f,
                                .bias2 = 0.0975f,
                                .grad_scale = 0.5f};

/* 2^-o (1 + f / parts), counted down from 1; code 0 is 0. */
static double value_of(int code, int top, int parts) {
    int below = top - code, octaves = (below + parts - 1) / parts;
    return code ? ldexp(1 + (double)(octaves * parts - below) / parts, -octaves) : 0;
}

static double m_of(const moments *s, int i) {
    double v = value_of(s->m[i] & 127, 127, 8) * (double)s->m_scale[i / LEM_MOMENT_BLOCK];
    return s->m[i] > 127 ? -v : v;
}

static double v_of(const moments *s, int i) {
    return value_of(s->v[i], 255, 16) * (double)s->v_scale[i / LEM_MOMENT_BLOCK];
}

static void step(lem_backend *b, moments *s, const float *grad, uint32_t key) {
    lem_moments m = {s->m, s->v, s->m_scale, s->v_scale, key, 1000};
    b->ops->adamw_int8(b, N, s->param, grad, &m, &adamw);
}

/* Gradients whose sizes lie far apart; a block of zeros. */
static void gradient(float *g, uint32_t seed) {
    fill(g, N, seed);
    for (int i = 0; i < N; i++) g[i] *= i / LEM_MOMENT_BLOCK == 1 ? 0 : ldexpf(1, -(i * 7 % 12));
}

/* is: stored for x where the largest of its block is s. Codes are at most x/8 (x/16) apart. */
static void beside(double is, double x, double s, double parts, int bits, const char *what, int i) {
    double smallest = value_of(1, (1 << bits) - 1, (int)parts) * s, apart = fmax(fabs(x) / parts, smallest);
    if (fabs(is - x) > apart * 1.0001) fail_msg("%s of %d: %g stored for %g (block %g)", what, i, is, x, s);
}

static void check_step(const moments *was, const moments *now, const float *grad) {
    for (int i = 0; i < N; i++) {
        double g = 0.5 * (double)grad[i], m = 0.9 * m_of(was, i) + 0.1 * g,
               v = 0.95 * v_of(was, i) + 0.05 * g * g;
        double p = (double)was->param[i] * (1 - 1e-2 * 0.1);
        p -= 1e-2 * (m / 0.19) / (sqrt(v / 0.0975) + 1e-8);
        if (fabs(p - (double)now->param[i]) > 2e-6)
            fail_msg("parameter %d: %g, not %g", i, (double)now->param[i], p);
        beside(m_of(now, i), m, (double)now->m_scale[i / LEM_MOMENT_BLOCK], 8, 7, "m", i);
        beside(v_of(now, i), v, (double)now->v_scale[i / LEM_MOMENT_BLOCK], 16, 8, "v", i);
        assert_int_equal(now->v[i] == 0, v == 0); /* a step is never too long */
    }
}

static void check_scales(const moments *s) {
    for (int k = 0; k < BLOCKS; k++) {
        int end = k + 1 < BLOCKS ? (k + 1) * LEM_MOMENT_BLOCK : N, tops[2] = {0, 0};
        for (int i = k * LEM_MOMENT_BLOCK; i < end; i++) {
            tops[0] += (s->m[i] & 127) == 127;
            tops[1] += s->v[i] == 255;
        }
        assert_true(k == 1 ? s->m_scale[k] == 0 && tops[0] == 0 : tops[0] > 0 && tops[1] > 0);
    }
}

static void every_step(void **state) {
    (void)state;
    lem_backend *b;
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_backend_new(LEM_ISA_AUTO, NULL, &b, &err), LEM_OK);
    moments s = {.m = {0}}, was;
    float g[N];
    fill(s.param, N, 3);
    for (uint32_t t = 0; t < 40; t++) {
        gradient(g, t + 10);
        was = s;
        step(b, &s, g, t);
        check_step(&was, &s, g);
        check_scales(&s);
    }
    for (int i = 0; i < N; i++) g[i] = i % 3 ? 1e30f : 1e-30f; /* its square is no fp32 number */
    step(b, &s, g, 99);
    step(b, &s, g, 100);
    for (int i = 0; i < N; i++) assert_true(isfinite(s.param[i]) && isfinite(m_of(&s, i)));
    lem_backend_free(b);
}

/* Over many keys the mean of what is stored is what was to be stored. */
static void right_on_average(void **state) {
    (void)state;
    enum { KEYS = 4000 };
    lem_backend *b;
    lem_err err = LEM_ERR_INIT;
    static double m[N], v[N];
    float g[N];
    assert_int_equal(lem_backend_new(LEM_ISA_AUTO, NULL, &b, &err), LEM_OK);
    gradient(g, 5);
    for (uint32_t key = 0; key < KEYS; key++) {
        moments s = {.m = {0}};
        step(b, &s, g, key);
        for (int i = 0; i < N; i++) {
            m[i] += m_of(&s, i) / KEYS;
            v[i] += v_of(&s, i) / KEYS;
        }
    }
    double off = 0;
    for (int i = 0; i < N; i++) {
        double want_m = 0.05 * (double)g[i], want_v = 0.05 * 0.25 * (double)g[i] * (double)g[i];
        /* deviation of a mean: at most half the distance of codes over the root of KEYS; 5 of them */
        if (fabs(want_m) > 1e-5 && fabs(m[i] - want_m) > fabs(want_m) / 8 / 2 * 5 / sqrt(KEYS))
            fail_msg("m of %d: %g on average, not %g", i, m[i], want_m);
        if (fabs(want_v) > 1e-6 && fabs(v[i] - want_v) > want_v / 16 / 2 * 5 / sqrt(KEYS))
            fail_msg("v of %d: %g on average, not %g", i, v[i], want_v);
        if (fabs(want_m) > 1e-5) off += (m[i] / want_m - 1) / N;
    }
    assert_true(fabs(off) < 3e-4);
    lem_backend_free(b);
}

static void same_bits(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    moments first = {.m = {0}};
    bool has = false;
    float g[N];
    for (lem_isa isa = LEM_ISA_REF; isa <= LEM_ISA_AVX512; isa++) {
        for (int threads = 1; threads <= 3 && lem_isa_supported(isa); threads += 2) {
            lem_pool *pool = lem_pool_new(threads, &err);
            lem_backend *b;
            moments s = {.m = {0}};
            assert_non_null(pool);
            assert_int_equal(lem_backend_new(isa, pool, &b, &err), LEM_OK);
            fill(s.param, N, 3);
            for (uint32_t t = 0; t < 5; t++) {
                gradient(g, t + 10);
                step(b, &s, g, t);
            }
            if (has) assert_memory_equal(&first, &s, sizeof s);
            first = s;
            has = true;
            lem_backend_free(b);
            lem_pool_free(pool);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_step), cmocka_unit_test(right_on_average),
                                       cmocka_unit_test(same_bits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
