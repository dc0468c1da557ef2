/* test_sample.c - the drawing of tokens against brute force, ties, and its distribution */
#include "compute/backend_priv.h"
#include "core/json.h"
#include "core/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_V = 3000 };

enum { PATHS = 5 };
static lem_backend *backends[PATHS]; /* the reference, and the paths of this machine: all draw the same */
static int n_backends;

static int32_t draw(const float *x, int V, float temperature, int top_k, float top_p, double u) {
    const lem_draw how = {u, temperature, top_p, top_k, 0};
    int32_t token[PATHS];
    for (int i = 0; i < n_backends; i++) {
        backends[i]->ops->sample(backends[i], 1, V, x, &how, NULL, &token[i]);
        assert_int_equal(token[0], token[i]);
    }
    return token[0];
}

/* ---- brute force: sort, cut, cumulate in double */

typedef struct item {
    double w;
    float x;
    int id;
} item;

static int by_logit(const void *a, const void *b) {
    const item *p = a, *q = b;
    if (p->x != q->x) return p->x > q->x ? -1 : 1;
    return p->id < q->id ? -1 : 1;
}

/* Probability of each token. *edge: how near top-p's boundary was to another choice (relative mass). */
static void brute(const float *x, int V, double temperature, int top_k, double top_p, double *p,
                  double *edge) {
    static item it[MAX_V];
    double max = -INFINITY, total = 0;
    for (int i = 0; i < V; i++) max = fmax(max, (double)x[i]);
    for (int i = 0; i < V; i++) it[i] = (item){exp(((double)x[i] - max) / temperature), x[i], i};
    qsort(it, (size_t)V, sizeof *it, by_logit);
    int n = top_k > 0 && top_k < V ? top_k : V;
    for (int i = 0; i < n; i++) total += it[i].w;
    *edge = 1;
    if (top_p > 0 && top_p < 1) {
        double seen = 0;
        int m = 0;
        while (m < n && seen < top_p * total) {
            seen += it[m++].w;
            *edge = fmin(*edge, fabs(seen / total - top_p));
        }
        n = m;
        total = seen;
    }
    memset(p, 0, (size_t)V * sizeof *p);
    for (int i = 0; i < n; i++) p[it[i].id] = it[i].w / total;
}

/* Draws at many u: the share of each token must be its probability, so the CDF itself is compared, not only
 * its support. */
static void compare(const float *x, int V, float temperature, int top_k, float top_p) {
    static double p[MAX_V], cdf[MAX_V + 1];
    double edge;
    brute(x, V, (double)temperature, top_k, (double)top_p, p, &edge);
    if (edge < 1e-6) return; /* the set is not determined in floating point */
    cdf[0] = 0;
    for (int i = 0; i < V; i++) cdf[i + 1] = cdf[i] + p[i];
    for (int k = 0; k < 400; k++) {
        double u = (k + 0.5) / 400;
        int32_t t = draw(x, V, temperature, top_k, top_p, u);
        assert_in_range(t, 0, V - 1);
        assert_true(p[t] > 0 || cdf[t] > 0);
        assert_true(p[t] > 0);
        assert_true(u > cdf[t] - 2e-6 && u < cdf[t + 1] + 2e-6); /* weights carry 24 bits each */
    }
}

static void test_brute_force(void **state) {
    (void)state;
    static float x[MAX_V];
    static const int sizes[] = {1, 2, 3, 7, 16, 17, 33, 100, 512, 1000, 2999};
    static const float temps[] = {0.3f, 0.7f, 1.0f, 2.0f};
    static const int ks[] = {0, 1, 2, 5, 50, 5000};
    static const float ps[] = {1, 0.95f, 0.5f, 0.1f, 1e-6f, 0};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int kind = 0; kind < 3; kind++) {
            int V = sizes[s];
            lem_rng r = lem_rng_make(3, "test", (uint64_t)(s * 3 + (size_t)kind));
            for (int i = 0; i < V; i++) {
                double z = lem_rng_next_normal(&r);
                x[i] = kind == 0   ? (float)(3 * z)
                       : kind == 1 ? (float)round(2 * z) /* many ties */
                                   : (float)(0.05 * z + 40) /* flat */;
            }
            for (size_t t = 0; t < 4; t++)
                for (size_t k = 0; k < 6; k++)
                    for (size_t q = 0; q < 6; q++) compare(x, V, temps[t], ks[k], ps[q]);
        }
}

static void test_greedy_and_ties(void **state) {
    (void)state;
    const float x[] = {1, 5, 5, 2, 5};
    for (int k = 0; k < 20; k++) {
        double u = k / 20.0;
        assert_int_equal(draw(x, 5, 0, 0, 1, u), 1);
        assert_int_equal(draw(x, 5, 1, 1, 1, u), 1); /* top-k 1: lowest id of the tied */
        int32_t two = draw(x, 5, 1, 2, 1, u);
        assert_int_equal(two, u < 0.5 ? 1 : 2); /* the third of the tied is out */
        int32_t p = draw(x, 5, 1, 0, 0.5f, u);
        assert_true(p == 1 || p == 2); /* two of three equals reach one half, one does not */
    }
    const float flat[] = {0, 0, 0, 0};
    assert_int_equal(draw(flat, 4, 1, 0, 0.25f, 0.999), 0); /* exactly a quarter is reached by the first */
    assert_int_equal(draw(flat, 4, 1, 0, 1, 0.999), 3);
    assert_int_equal(draw(flat, 4, 1, 0, 1, 0), 0);
}

static void test_extremes(void **state) {
    (void)state;
    const float inf = INFINITY;
    const float low[] = {-inf, 3, -inf}, nan_row[] = {1, NAN, 2}, up[] = {1, inf}, none[] = {-inf, -inf},
                far[] = {0, -1e30f, 1e30f};
    for (float t = 0; t <= 1; t += 0.5f) {
        assert_int_equal(draw(low, 3, t, 0, 1, 0.999999), 1);
        assert_int_equal(draw(nan_row, 3, t, 0, 1, 0.5), -1);
        assert_int_equal(draw(up, 2, t, 0, 1, 0.5), -1);
        assert_int_equal(draw(none, 2, t, 0, 1, 0.5), -1);
        assert_int_equal(draw(far, 3, t, 2, 0.9f, 0.5), 2);
    }
    const float x[] = {1, 2, 3};
    assert_int_equal(draw(x, 3, 1e-30f, 0, 1, 0.0), 2); /* a temperature that divides to infinity is greedy */
    assert_int_equal(draw(x, 3, 1, 0, 1, 0x1.fffffffffffffp-1), 2);
}

/* Counts of 200,000 draws with the project's own generator against the softmax; the 99.99 % quantile of
 * chi-square with 19 degrees is 51. */
static void test_chi_square(void **state) {
    (void)state;
    enum { V = 20, N = 200000 };
    float x[V];
    double p[V], edge, chi = 0;
    int count[V] = {0};
    lem_rng r = lem_rng_make(11, "test", 0);
    for (int i = 0; i < V; i++) x[i] = (float)lem_rng_next_normal(&r);
    brute(x, V, 0.8, 0, 1, p, &edge);
    for (int i = 0; i < N; i++) count[draw(x, V, 0.8f, 0, 1, lem_rng_unit_at(&r, 1000 + (uint64_t)i))]++;
    for (int i = 0; i < V; i++) chi += (count[i] - N * p[i]) * (count[i] - N * p[i]) / (N * p[i]);
    assert_true(chi < 51);
    assert_true(chi > 3); /* and not suspiciously even: 0.001 % quantile */
}

/* ---- against Transformers (tools/golden/make_processors.py) */

static int32_t draw_as(const lem_draw *how, const float *x, const int32_t *seen, int V) {
    int32_t token[PATHS];
    for (int i = 0; i < n_backends; i++) {
        backends[i]->ops->sample(backends[i], 1, V, x, how, seen, &token[i]);
        assert_int_equal(token[0], token[i]);
    }
    return token[0];
}

/* In the middle of each token's share of the distribution function, and just within its ends. */
static void same_shares(const lem_json *one) {
    float x[64];
    int32_t seen[64];
    const lem_json *logits = lem_json_get(one, "logits"), *ids = lem_json_get(one, "seen"),
                   *want = lem_json_get(one, "logprob");
    int V = (int)lem_json_count(logits), n = (int)lem_json_count(ids);
    for (int i = 0; i < V; i++) x[i] = (float)lem_json_num(lem_json_at(logits, (size_t)i), 0);
    for (int i = 0; i < n; i++) seen[i] = (int32_t)lem_json_int(lem_json_at(ids, (size_t)i), 0);
    lem_draw how = {.temperature = (float)lem_json_num(lem_json_get(one, "temperature"), 0),
                    .top_k = (int)lem_json_int(lem_json_get(one, "top_k"), 0),
                    .top_p = (float)lem_json_num(lem_json_get(one, "top_p"), 0),
                    .min_p = (float)lem_json_num(lem_json_get(one, "min_p"), 0),
                    .penalty = (float)lem_json_num(lem_json_get(one, "repetition_penalty"), 0),
                    .n_seen = n};
    double from = 0;
    for (int i = 0; i < V; i++) {
        const lem_json *lp = lem_json_at(want, (size_t)i);
        if (lem_json_kind(lp) == LEM_JSON_NULL) continue;
        double p = exp(lem_json_num(lp, 0)), at[3] = {from + 2e-6, from + p / 2, from + p - 2e-6};
        for (int k = 0; k < 3 && p > 1e-5; k++) {
            how.u = at[k];
            if (draw_as(&how, x, seen, V) != i) fail_msg("token %d of %.3g at %.9g", i, p, at[k]);
        }
        from += p;
    }
    assert_true(fabs(from - 1) < 1e-9);
}

static void test_processors(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_json *all = NULL;
    assert_int_equal(lem_json_load(LEMMA_TEST_DATA "/golden/processors.json", 1 << 20, &all, &err), LEM_OK);
    const lem_json *cases = lem_json_get(all, "cases");
    assert_int_equal(lem_json_count(cases), 12);
    for (size_t i = 0; i < lem_json_count(cases); i++) same_shares(lem_json_at(cases, i));
    lem_json_free(all);
}

/* A row that several draws share is penalised for each by what it has seen; 0 and 1 are no penalty. */
static void test_shared_row(void **state) {
    (void)state;
    static const float x[] = {2, 1.9f, 1.8f, -1};
    static const int32_t seen[] = {0, 1, 0};
    static const lem_draw how[] = {{.penalty = 1.2f, .seen = 0, .n_seen = 1},
                                   {.penalty = 1.2f, .seen = 0, .n_seen = 3},
                                   {.penalty = 1, .n_seen = 3},
                                   {.n_seen = 3},
                                   {.penalty = 1.2f}};
    static const int32_t want[] = {1, 2, 0, 0, 0};
    int32_t token[5];
    for (int b = 0; b < n_backends; b++) {
        backends[b]->ops->sample(backends[b], 5, 4, x, how, seen, token);
        for (int i = 0; i < 5; i++) assert_int_equal(token[i], want[i]);
    }
}

/* Weights of all paths to the last bit, beside exp() of the C library; rows of any length, with what is far
 * below the largest, and with what cannot be drawn from. */
static void test_weights(void **state) {
    enum { V = 777 };
    float x[V], p[V], first[V];
    uint64_t sums[V / LEM_DRAW_BLOCK + 1];
    lem_rng rng = lem_rng_make(5, "weights", 0);
    (void)state;
    for (int n = 1; n <= V; n += n < 40 ? 1 : 97) {
        uint64_t total = 0, whole = 0;
        int32_t best = 0;
        for (int i = 0; i < n; i++) x[i] = (float)(lem_rng_next_unit(&rng) * 60 - 50);
        for (int i = 0; i < n; i++) best = x[i] > x[best] ? i : best;
        for (int b = 0; b < n_backends; b++) {
            const lem_draw_rows *rows = ((const lem_cpu_priv *)backends[b]->priv)->draw;
            assert_int_equal(rows->best(x, n), best);
            rows->weigh(x, n, x[best], 0.7f, b ? p : first);
            if (b) assert_memory_equal(p, first, (size_t)n * sizeof *p);
            whole = rows->total(first, n, sums);
            total = b ? total : whole;
            assert_true(whole == total);
        }
        for (int i = 0; i < n; i++) {
            double want = exp((double)((x[i] - x[best]) * 0.7f));
            assert_true(fabs((double)first[i] - want) <= 2e-7 * want + 1e-17);
            total -= (uint64_t)((double)first[i] * 1099511627776.0);
        }
        assert_true(total == 0);
        for (int bad = 0; bad < n; bad += 13)
            for (int b = 0; b < n_backends; b++) {
                const float was = x[bad];
                int32_t token;
                x[bad] = bad % 2 ? NAN : INFINITY;
                backends[b]->ops->sample(backends[b], 1, n, x, &(lem_draw){.temperature = 1}, NULL, &token);
                assert_int_equal(token, -1);
                x[bad] = was;
            }
    }
}

/* Many rows at a time, each with options of its own: what is drawn alone, for any number of threads. */
static void test_batch(void **state) {
    enum { ROWS = 400, V = 2500 };
    static const int threads[] = {1, 2, 5, 16};
    static lem_draw how[ROWS];
    static int32_t alone[ROWS], token[ROWS];
    float *x = malloc((size_t)ROWS * V * sizeof *x);
    lem_rng r = lem_rng_make(3, "batch", 0);
    int32_t seen[V];
    (void)state;
    assert_non_null(x);
    for (int i = 0; i < ROWS * V; i++) x[i] = (float)(4 * lem_rng_next_normal(&r));
    for (int i = 0; i < V; i++) seen[i] = (i * 7 + 3) % V;
    for (int i = 0; i < ROWS; i++) {
        how[i] = (lem_draw){.u = lem_rng_next_unit(&r), .temperature = 0.8f, .row = (i * 3 + 1) % ROWS};
        if (i % 2) how[i].top_p = 0.9f;
        if (i % 3) how[i].top_k = 40;
        if (i % 5) how[i].penalty = 1.3f, how[i].seen = i, how[i].n_seen = 500;
        backends[0]->ops->sample(backends[0], 1, V, x, &how[i], seen, &alone[i]);
    }
    for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
        lem_err err = LEM_ERR_INIT;
        lem_pool *pool = lem_pool_new(threads[t], &err);
        lem_backend *b = NULL;
        assert_int_equal(lem_backend_new(LEM_ISA_AUTO, pool, &b, &err), LEM_OK);
        for (int again = 0; again < 5; again++) {
            b->ops->sample(b, ROWS, V, x, how, seen, token);
            assert_memory_equal(token, alone, sizeof token);
        }
        lem_backend_free(b);
        lem_pool_free(pool);
    }
    free(x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_brute_force), cmocka_unit_test(test_greedy_and_ties),
        cmocka_unit_test(test_extremes),    cmocka_unit_test(test_chi_square),
        cmocka_unit_test(test_processors),  cmocka_unit_test(test_shared_row),
        cmocka_unit_test(test_weights),     cmocka_unit_test(test_batch),
    };
    lem_err err = LEM_ERR_INIT;
    for (int isa = LEM_ISA_REF; isa <= LEM_ISA_AVX512; isa++)
        if (lem_isa_supported((lem_isa)isa) &&
            lem_backend_new((lem_isa)isa, NULL, &backends[n_backends++], &err) != LEM_OK)
            return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    for (int i = 0; i < n_backends; i++) lem_backend_free(backends[i]);
    return rc;
}
