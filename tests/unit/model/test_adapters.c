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
        OK(lem_net_new_part(m, backend, 64, &t, &net, &err));
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_at_first), cmocka_unit_test(gradients),
                                       cmocka_unit_test(first_values), cmocka_unit_test(targets),
                                       cmocka_unit_test(no_memory)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    far_or_plain_free(backend);
    return failed;
}
