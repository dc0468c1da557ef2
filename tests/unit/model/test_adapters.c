/* test_adapters.c - adapters change nothing at first, compute what the merged model computes, have the
 * gradients that follow from those of the whole matrices, and leave everything else alone */
#include "support.h"

#include "core/json.h"
#include "core/rng.h"
#include "model/adapters.h"
#include "model/net.h"

static lem_backend *backend;

enum { T = 24, RANK = 3 };

static lem_lora lora_of(const lem_model *m, const char *targets, bool stabilised) {
    lem_lora lora;
    OK(lem_lora_make(&(lem_lora_opts){RANK, 5, targets, stabilised}, &m->config, &lora, &err));
    return lora;
}

static void forest(lem_forest *f) {
    int32_t ids[T];
    for (int i = 0; i < T; i++) ids[i] = (i * 7 + 3) % 50;
    OK(lem_forest_add(f, -1, ids, T, NULL, &err));
}

/* Log-probabilities of some tokens, and with weights the gradient of their weighted sum. */
static void run(lem_net *net, const lem_forest *f, bool grads, float lp[T - 1]) {
    int rows[T - 1];
    int32_t target[T - 1];
    float w[T - 1];
    for (int i = 0; i < T - 1; i++) {
        rows[i] = i;
        target[i] = f->ids[i + 1];
        w[i] = 0.1f + 0.05f * (float)i;
    }
    OK(lem_net_forward(net, f, &err));
    OK(lem_net_lm(net, T - 1, rows, target, grads ? w : NULL, lp, &err));
    if (grads) lem_net_backward(net);
}

static void logprobs(lem_model *m, float lp[T - 1]) {
    lem_forest f = {0};
    lem_net *net;
    forest(&f);
    OK(lem_net_new(m, backend, 64, false, &net, &err));
    run(net, &f, false, lp);
    lem_net_free(net);
    lem_forest_release(&f);
}

/* Neither A nor B is zero. */
static void fill(lem_model *m) {
    lem_rng r = lem_rng_make(5, "adapters", 0);
    for (int i = 0; i < m->n_tensors; i++)
        for (size_t k = 0; lem_role_adapted(m->tensors[i].role) != LEM_ROLE_COUNT && k < m->tensors[i].count;
             k++)
            m->params[m->tensors[i].offset + k] = (float)(0.2 * lem_rng_next_normal(&r));
}

static const lem_arch archs[] = {LEM_ARCH_LLAMA, LEM_ARCH_QWEN2, LEM_ARCH_QWEN3, LEM_ARCH_INTERNLM2};

static void nothing_at_first(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof archs / sizeof *archs; i++) {
        lem_model *m = tiny_model(archs[i], LEM_HEAD_LM, i & 1);
        float before[T - 1], after[T - 1], again[T - 1];
        char hash[2][65];
        logprobs(m, before);
        lem_model_hash(m, hash[0]);
        lem_lora lora = lora_of(m, "all", false);
        assert_true(fabsf(lora.scale - 5.0f / RANK) < 1e-6f);
        OK(lem_model_adapt(m, &lora, 3, &err));
        logprobs(m, after);
        assert_memory_equal(before, after, sizeof before);
        fill(m);
        logprobs(m, after);
        assert_memory_not_equal(before, after, sizeof before);
        OK(lem_model_merge(m, &err));
        logprobs(m, again);
        for (int k = 0; k < T - 1; k++) assert_true(fabsf(after[k] - again[k]) < 2e-5f);
        lem_model_hash(m, hash[1]);
        assert_string_not_equal(hash[0], hash[1]);
        assert_int_equal(m->config.lora.rank, 0);
        lem_model_free(m);
    }
}

static int index_of(const lem_model *m, lem_role role, int layer) {
    for (int i = 0; i < m->n_tensors; i++)
        if (m->tensors[i].role == role && m->tensors[i].layer == layer) return i;
    return -1;
}

static float *grad_of(lem_net *net, const lem_model *m, lem_role role, int layer) {
    int i = index_of(m, role, layer);
    return i < 0 || lem_net_grad_at(net, i) == SIZE_MAX ? NULL : lem_net_grads(net) + lem_net_grad_at(net, i);
}

static void near_all(const float *is, const double *want, size_t n, const char *what) {
    double most = 0;
    for (size_t i = 0; i < n; i++) most = fmax(most, fabs(want[i]));
    for (size_t i = 0; i < n; i++)
        if (fabs((double)is[i] - want[i]) > 1e-4 * most + 1e-7)
            fail_msg("%s[%zu]: %g, expected %g", what, i, (double)is[i], want[i]);
}

/* d W of the merged model: dB = s dW A^T, dA = s B^T dW. */
static void check_pair(lem_net *net, const lem_model *m, lem_net *whole, const lem_model *merged,
                       lem_role role, int layer) {
    const lem_tensor *w = &merged->tensors[index_of(merged, role, layer)];
    lem_role a = lem_role_adapter(role);
    size_t out = (size_t)w->shape[0], in = (size_t)w->shape[1];
    const float *dw = grad_of(whole, merged, role, layer), *A = m->params + lem_model_at(m, a, layer),
                *B = m->params + lem_model_at(m, a + 1, layer);
    double *da = calloc(RANK * in, sizeof *da), *db = calloc(out * RANK, sizeof *db);
    double s = (double)m->config.lora.scale;
    assert_true(da && db);
    for (size_t o = 0; o < out; o++)
        for (size_t r = 0; r < RANK; r++)
            for (size_t i = 0; i < in; i++) {
                db[o * RANK + r] += s * (double)dw[o * in + i] * (double)A[r * in + i];
                da[r * in + i] += s * (double)dw[o * in + i] * (double)B[o * RANK + r];
            }
    near_all(grad_of(net, m, a, layer), da, RANK * in, "dA");
    near_all(grad_of(net, m, a + 1, layer), db, out * RANK, "dB");
    free(da);
    free(db);
}

static void gradients(void **state) {
    (void)state;
    if (!backend->ops->host_memory) skip();
    for (size_t i = 0; i < sizeof archs / sizeof *archs; i++) {
        lem_model *m = tiny_model(archs[i], LEM_HEAD_LM, true),
                  *merged = tiny_model(archs[i], LEM_HEAD_LM, true);
        lem_trainable t = lem_lora_trainable();
        lem_net *net, *whole;
        lem_forest f = {0};
        float lp[T - 1];
        lem_lora lora = lora_of(m, "all", true);
        assert_true(fabsf(lora.scale - 5 / sqrtf(RANK)) < 1e-6f);
        OK(lem_model_adapt(m, &lora, 3, &err));
        OK(lem_model_adapt(merged, &lora, 3, &err));
        fill(m);
        fill(merged);
        OK(lem_model_merge(merged, &err));
        forest(&f);
        OK(lem_net_new_part(m, backend, (lem_net_size){64, 0}, &t, &net, &err));
        OK(lem_net_new(merged, backend, 64, true, &whole, &err));
        run(net, &f, true, lp);
        run(whole, &f, true, lp);
        int pairs = 0;
        for (lem_role r = 0; r < LEM_ROLE_COUNT; r++)
            for (int layer = 0; layer < 2; layer++) {
                if (lem_role_adapter(r) == LEM_ROLE_COUNT || index_of(m, r, layer) < 0) continue;
                check_pair(net, m, whole, merged, r, layer);
                pairs++;
            }
        assert_int_equal(pairs, archs[i] == LEM_ARCH_INTERNLM2 ? 10 : 14);
        for (int k = 0; k < m->n_tensors; k++)
            assert_int_equal(lem_net_grad_at(net, k) != SIZE_MAX,
                             lem_role_adapted(m->tensors[k].role) != LEM_ROLE_COUNT);
        lem_net_free(net);
        lem_net_free(whole);
        lem_model_free(m);
        lem_model_free(merged);
        lem_forest_release(&f);
    }
}

/* ---- dropout ---- */

static lem_model *dropping(lem_arch arch, double share) {
    lem_model *m = tiny_model(arch, LEM_HEAD_LM, true);
    lem_lora lora;
    OK(lem_lora_make(&(lem_lora_opts){RANK, 5, "all", false, share}, &m->config, &lora, &err));
    OK(lem_model_adapt(m, &lora, 3, &err));
    fill(m);
    return m;
}

/* The weighted loss of `run`, in double, of a forest with noise; grads: backward too. */
static double noisy_loss(lem_net *net, const lem_forest *f, const lem_net_noise *noise, bool grads,
                         float *lp) {
    int rows[T - 1], last = f->n_rows - T;
    int32_t target[T - 1];
    float w[T - 1];
    double sum = 0;
    for (int i = 0; i < T - 1; i++) {
        rows[i] = last + i;
        target[i] = f->ids[last + i + 1];
        w[i] = 0.1f + 0.05f * (float)i;
    }
    OK(lem_net_forward_noisy(net, f, noise, &err));
    OK(lem_net_lm(net, T - 1, rows, target, grads ? w : NULL, lp, &err));
    if (grads) lem_net_backward(net);
    for (int i = 0; i < T - 1; i++) sum -= (double)w[i] * (double)lp[i];
    return sum;
}

/* The slope of the loss along a random direction in one tensor, by differences with the same noise. */
static double slope_of(lem_net *net, lem_model *m, const lem_tensor *t, const lem_forest *f,
                       const lem_net_noise *noise, const float *dir) {
    float lp[T - 1], *p = m->params + t->offset, *keep = malloc(t->count * sizeof *keep);
    double loss[2], eps = 6e-3;
    assert_non_null(keep);
    memcpy(keep, p, t->count * sizeof *keep);
    for (int side = 0; side < 2; side++) {
        for (size_t k = 0; k < t->count; k++) p[k] = keep[k] + (float)(side ? -eps : eps) * dir[k];
        OK(lem_net_load(net, &err));
        loss[side] = noisy_loss(net, f, noise, false, lp);
    }
    memcpy(p, keep, t->count * sizeof *keep);
    OK(lem_net_load(net, &err));
    free(keep);
    return (loss[0] - loss[1]) / (2 * eps);
}

static void gradients_follow_the_noise(void **state) {
    (void)state;
    if (!backend->ops->host_memory) skip();
    uint64_t id[T];
    for (int i = 0; i < T; i++) id[i] = (uint64_t)i;
    const lem_net_noise noise = {7, 3, id};
    for (size_t i = 0; i < sizeof archs / sizeof *archs; i++) {
        lem_model *m = dropping(archs[i], 0.4);
        lem_trainable t = lem_lora_trainable();
        lem_net *net;
        lem_forest f = {0};
        float lp[T - 1], dir[64 * 40 * 3];
        lem_rng rng = lem_rng_make(1, "direction", i);
        forest(&f);
        OK(lem_net_new_part(m, backend, (lem_net_size){64, 0}, &t, &net, &err));
        noisy_loss(net, &f, &noise, true, lp);
        for (int k = 0; k < m->n_tensors; k++) {
            const lem_tensor *w = &m->tensors[k];
            if (lem_role_adapted(w->role) == LEM_ROLE_COUNT) continue;
            const float *g = lem_net_grads(net) + lem_net_grad_at(net, k);
            double along = 0, size = 0;
            assert_true(w->count <= sizeof dir / sizeof *dir);
            for (size_t e = 0; e < w->count; e++) {
                dir[e] = (float)lem_rng_next_normal(&rng) / sqrtf((float)w->count);
                along += (double)g[e] * (double)dir[e];
                size += (double)g[e] * (double)g[e] / (double)w->count;
            }
            double slope = slope_of(net, m, w, &f, &noise, dir);
            if (fabs(slope - along) > 0.02 * sqrt(size) + 2e-3)
                fail_msg("%s: slope %g, gradient %g (%g)", w->name, slope, along, sqrt(size));
        }
        lem_net_free(net);
        lem_model_free(m);
        lem_forest_release(&f);
    }
}

/* What is left out depends on the row's id and the step, not on the forest; without noise nothing is. */
static void noise_is_the_rows(void **state) {
    (void)state;
    lem_model *m = dropping(LEM_ARCH_QWEN2, 0.25), *without = dropping(LEM_ARCH_QWEN2, 0);
    uint64_t id[2 * T];
    lem_forest alone = {0}, second = {0};
    lem_net *net, *plain;
    float a[T - 1], b[T - 1], c[T - 1], d[T - 1], e[T - 1];
    for (int i = 0; i < 2 * T; i++) id[i] = i < T ? 900 + (uint64_t)i : (uint64_t)5 << 24 | (uint64_t)(i - T);
    forest(&alone);
    forest(&second);
    forest(&second);
    OK(lem_net_new(m, backend, 64, false, &net, &err));
    OK(lem_net_new(without, backend, 64, false, &plain, &err));
    noisy_loss(net, &alone, &(lem_net_noise){7, 3, id + T}, false, a);
    noisy_loss(net, &second, &(lem_net_noise){7, 3, id}, false, b);
    noisy_loss(net, &alone, &(lem_net_noise){7, 4, id + T}, false, c);
    noisy_loss(net, &alone, &(lem_net_noise){8, 3, id + T}, false, d);
    assert_memory_equal(a, b, sizeof a);
    assert_memory_not_equal(a, c, sizeof a);
    assert_memory_not_equal(a, d, sizeof a);
    noisy_loss(net, &alone, NULL, false, d);
    noisy_loss(plain, &alone, &(lem_net_noise){7, 3, id + T}, false, e);
    assert_memory_equal(d, e, sizeof d);
    assert_true(!lem_net_has_dropout(plain) && lem_net_has_dropout(net));
    lem_net_free(net);
    lem_net_free(plain);
    lem_model_free(m);
    lem_model_free(without);
    lem_forest_release(&alone);
    lem_forest_release(&second);
}

/* As many as asked for, whatever row, column, and neighbour; the others are multiplied. */
static void share_that_is_left_out(void **state) {
    (void)state;
    enum { ROWS = 250, COLS = 401 };
    static float x[ROWS * COLS], y[ROWS * COLS];
    static uint64_t id[ROWS];
    if (!backend->ops->host_memory) skip();
    for (int i = 0; i < ROWS * COLS; i++) x[i] = 1 + (float)(i % 7);
    for (int i = 0; i < ROWS; i++) id[i] = (uint64_t)i << 24;
    for (int trial = 0; trial < 6; trial++) {
        static const double shares[] = {0.05, 0.1, 0.5}; /* and neighbours, or those behind them */
        double p = shares[trial % 3], n = ROWS * (double)COLS, out = 0, both = 0, odd = 0;
        const lem_noise noise = {
            {11, 12}, (uint64_t)trial << 24, id, (uint32_t)(p * 4294967296.0), (float)(1 / (1 - p))};
        backend->ops->dropout(backend, ROWS, COLS, &noise, x, y, false);
        for (int i = 0; i < ROWS * COLS; i++) {
            assert_true(y[i] == 0 || y[i] == x[i] * noise.scale);
            out += y[i] == 0;
            odd += y[i] == 0 && i % COLS % 2;
            both += i > 1 && y[i] == 0 && y[i - 1 - trial % 2] == 0;
        }
        assert_true(fabs(out - p * n) < 4 * sqrt(p * (1 - p) * n));
        assert_true(fabs(odd - p * n / 2) < 4 * sqrt(p * (1 - p) * n / 2) + p * ROWS);
        assert_true(fabs(both - p * p * n) < 6 * sqrt(p * p * n));
    }
}

/* torch.nn.init.kaiming_uniform_(A, a=sqrt(5)): uniform within 1 / sqrt(in); B is zero. */
static void first_values(void **state) {
    (void)state;
    lem_model *m = tiny_model(LEM_ARCH_LLAMA, LEM_HEAD_LM, true);
    lem_lora lora = lora_of(m, "all", false);
    OK(lem_model_adapt(m, &lora, 3, &err));
    for (int i = 0; i < m->n_tensors; i++) {
        const lem_tensor *t = &m->tensors[i];
        double most = 0, squares = 0, bound = 1 / sqrt(t->shape[1]);
        lem_role matrix = lem_role_adapted(t->role);
        if (matrix == LEM_ROLE_COUNT) continue;
        for (size_t k = 0; k < t->count; k++) {
            double v = (double)m->params[t->offset + k];
            most = fmax(most, fabs(v));
            squares += v * v / (double)t->count;
        }
        if (t->role != lem_role_adapter(matrix)) assert_true(most == 0);
        else
            assert_true(most <= bound && most > 0.9 * bound && fabs(squares / (bound * bound / 3) - 1) < 0.3);
    }
    lem_model_free(m);
}

static void targets(void **state) {
    (void)state;
    lem_model *m = tiny_model(LEM_ARCH_LLAMA, LEM_HEAD_LM, true),
              *fused = tiny_model(LEM_ARCH_INTERNLM2, LEM_HEAD_LM, false);
    lem_lora lora = lora_of(m, "q,down", false), out;
    assert_int_equal(lora.targets, 1ull << LEM_ROLE_Q | 1ull << LEM_ROLE_DOWN);
    OK(lem_model_adapt(m, &lora, 3, &err));
    assert_true(lem_model_at(m, LEM_ROLE_Q_LORA_A, 1) != SIZE_MAX);
    assert_true(lem_model_at(m, LEM_ROLE_UP_LORA_A, 1) == SIZE_MAX);
    assert_string_equal(m->tensors[index_of(m, LEM_ROLE_DOWN_LORA_B, 1)].name,
                        "model.layers.1.mlp.down_proj.lora_B.weight");
    FAILS(lem_lora_make(&(lem_lora_opts){4, 0, "q,x", false}, &m->config, &out, &err), LEM_EUSAGE,
          "'x' is none of all, q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj");
    FAILS(lem_lora_make(&(lem_lora_opts){4, 0, "", false}, &m->config, &out, &err), LEM_EUSAGE,
          "at least one");
    FAILS(lem_lora_make(&(lem_lora_opts){4, 0, "all", false, 1}, &m->config, &out, &err), LEM_EUSAGE,
          "--lora-dropout");
    FAILS(lem_lora_make(&(lem_lora_opts){0, 0, "all", false}, &m->config, &out, &err), LEM_EUSAGE,
          "1 to 1024");
    FAILS(lem_lora_make(&(lem_lora_opts){4, 0, "k", false}, &fused->config, &out, &err), LEM_EUSAGE,
          "'k' is none of all, wqkv, wo, w1, w3, w2");
    FAILS(lem_lora_make(&(lem_lora_opts){4, 0, "q,,v", false}, &m->config, &out, &err), LEM_EUSAGE,
          "'' is none of");
    OK(lem_lora_make(&(lem_lora_opts){4, 0, "q_proj,v", false}, &m->config, &out, &err));
    assert_int_equal(out.targets, 1ull << LEM_ROLE_Q | 1ull << LEM_ROLE_V);
    assert_true(out.scale == 2);
    lem_model_free(m);
    lem_model_free(fused);
}

/* Memory fails at each allocation once: the model is what it was. */
static void no_memory(void **state) {
    (void)state;
    lem_model *m = tiny_model(LEM_ARCH_LLAMA, LEM_HEAD_LM, true);
    lem_lora lora = lora_of(m, "all", false);
    char hash[2][65];
    for (int merge = 0; merge < 2; merge++) {
        lem_status st = LEM_EMEM;
        if (merge) fill(m);
        lem_model_hash(m, hash[0]);
        for (uint64_t k = 1; st != LEM_OK; k++) {
            lem_mem_fail_after(k, false);
            st = merge ? lem_model_merge(m, &err) : lem_model_adapt(m, &lora, 3, &err);
            lem_mem_fail_after(0, false);
            if (st) assert_int_equal(st, LEM_EMEM);
            lem_model_hash(m, hash[1]);
            assert_int_equal(strcmp(hash[0], hash[1]) == 0, st != LEM_OK);
            assert_int_equal(m->config.lora.rank != 0, merge == (st != LEM_OK));
        }
    }
    lem_model_free(m);
}

int main(void) {
    OK(far_or_plain(LEM_ISA_AUTO, NULL, &backend, &err));
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_at_first),
                                       cmocka_unit_test(gradients),
                                       cmocka_unit_test(gradients_follow_the_noise),
                                       cmocka_unit_test(noise_is_the_rows),
                                       cmocka_unit_test(share_that_is_left_out),
                                       cmocka_unit_test(first_values),
                                       cmocka_unit_test(targets),
                                       cmocka_unit_test(no_memory)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    far_or_plain_free(backend);
    return failed;
}
