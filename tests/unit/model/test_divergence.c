/* test_divergence - two sets of weights side by side, against sums over their log-probabilities; the same
 * weights; refusals */
#include "support.h"

#include "model/divergence.h"
#include "model/session.h"

static lem_backend *backend;

static lem_weights *weights_of(uint64_t seed, lem_dtype dtype) {
    lem_model_config c = tiny(LEM_ARCH_LLAMA, LEM_HEAD_LM, true);
    lem_model *m = NULL;
    lem_weights *w = NULL;
    c.max_positions = 400;
    OK(lem_model_new(&c, &m, &err));
    lem_model_init_random(m, seed);
    for (size_t i = 0; i < m->n_params; i++) m->params[i] *= 4;
    OK(lem_weights_new(m, backend, dtype, &w, &err));
    lem_model_free(m);
    return w;
}

enum { N = 300, V = 50 };

static void ids_of(int32_t ids[N]) {
    for (int i = 0; i < N; i++) ids[i] = (i * 37 + i / 7) % V;
}

/* log p of every token at every place, by the operation that the trainer uses. */
static double *logprobs_of(const lem_weights *w, const int32_t *ids) {
    double *out = calloc(N * V, sizeof *out);
    lem_session *s = NULL;
    int node = 0;
    OK(lem_session_new(w, backend, N / LEM_PAGE_KEYS + 2, N, &s, &err));
    OK(lem_session_node(s, -1, &node, &err));
    OK(lem_session_step(s, &(lem_feed){node, ids, N}, 1, &err));
    for (int v = 0; v < V; v++) {
        int rows[N];
        int32_t target[N];
        float lp[N];
        for (int i = 0; i < N; i++) {
            rows[i] = lem_session_row(s, 0, i);
            target[i] = v;
        }
        OK(lem_session_logprobs(s, N, rows, target, lp, &err));
        for (int i = 0; i < N; i++) out[i * V + v] = (double)lp[i];
    }
    lem_session_free(s);
    return out;
}

static lem_divergence_sums between(const lem_weights *p, const lem_weights *q, int from) {
    int32_t ids[N];
    lem_divergence *d = NULL;
    lem_divergence_sums sums = {0};
    ids_of(ids);
    OK(lem_divergence_new(p, q, backend, N, &d, &err));
    for (int twice = 0; twice < 2; twice++) OK(lem_divergence_add(d, ids, N, from, NULL, &sums, &err));
    lem_divergence_free(d);
    return sums;
}

static void written_out(void **state) {
    (void)state;
    int32_t ids[N];
    ids_of(ids);
    lem_weights *p = weights_of(1, LEM_DTYPE_F32), *q = weights_of(1, LEM_DTYPE_I8);
    double *a = logprobs_of(p, ids), *b = logprobs_of(q, ids);
    for (int from = 1; from <= N; from += 133) {
        lem_divergence_sums got = between(p, q, from);
        double kl = 0, largest = 0;
        uint64_t same = 0;
        for (int i = from - 1; i < N - 1; i++) {
            double sum = 0;
            int ta = 0, tb = 0;
            for (int v = 0; v < V; v++) {
                const double lp = a[i * V + v], lq = b[i * V + v];
                sum += exp(lp) * (lp - lq);
                if (lp > a[i * V + ta]) ta = v;
                if (lq > b[i * V + tb]) tb = v;
            }
            kl += sum;
            largest = fmax(largest, sum);
            same += ta == tb;
        }
        assert_int_equal(got.tokens, 2 * (N - from));
        assert_int_equal(got.same, 2 * same);
        assert_true(fabs(got.kl - 2 * kl) < 1e-4 * (1 + kl) && fabs(got.largest - largest) < 1e-5);
        if (from == 1) assert_true(kl > 0 && same > 200 && same < N - 1);
    }
    free(a);
    free(b);
    lem_weights_free(p);
    lem_weights_free(q);
}

static void same_weights(void **state) {
    (void)state;
    lem_weights *p = weights_of(2, LEM_DTYPE_I8);
    lem_divergence_sums got = between(p, p, 1);
    assert_true(got.kl == 0 && got.largest == 0 && got.same == got.tokens);
    lem_weights_free(p);
}

static void refusals(void **state) {
    (void)state;
    lem_model_config c = tiny(LEM_ARCH_LLAMA, LEM_HEAD_LM, true);
    lem_model *m = NULL;
    lem_weights *p = weights_of(3, LEM_DTYPE_F32), *q = NULL;
    lem_divergence *d = NULL;
    lem_divergence_sums sums = {0};
    int32_t ids[N];
    lem_cancel now = {1};
    ids_of(ids);
    c.vocab = 51;
    OK(lem_model_new(&c, &m, &err));
    OK(lem_weights_new(m, backend, LEM_DTYPE_F32, &q, &err));
    FAILS(lem_divergence_new(p, q, backend, N, &d, &err), LEM_EDATA, "vocabularies of 50 and 51");
    OK(lem_divergence_new(p, p, backend, N, &d, &err));
    FAILS(lem_divergence_add(d, ids, N, 1, &now, &sums, &err), LEM_EINTR, "interrupted");
    ids[5] = 99;
    FAILS(lem_divergence_add(d, ids, N, 1, NULL, &sums, &err), LEM_EDATA, "99");
    ids_of(ids);
    OK(lem_divergence_add(d, ids, N, 1, NULL, &sums, &err)); /* pages were given back */
    lem_divergence_free(d);
    lem_weights_free(p);
    lem_weights_free(q);
    lem_model_free(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(written_out), cmocka_unit_test(same_weights),
                                       cmocka_unit_test(refusals)};
    lem_pool *pool = lem_pool_new(2, &err);
    if (!pool || far_or_plain(LEM_ISA_AUTO, pool, &backend, &err) != LEM_OK) return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    far_or_plain_free(backend);
    lem_pool_free(pool);
    return failed;
}
