/* test_recompute - a net that keeps each layer's input alone: the bits of one that keeps everything, in less
 * memory */
#include "support.h"

#include "core/rng.h"
#include "model/adapters.h"
#include "model/net.h"
#include "model/net_priv.h"

#include <malloc.h>

static lem_backend *backend;

enum { PREFIX = 40, REPLY = 9, ROWS = 3 * REPLY + PREFIX };

static const lem_arch archs[] = {LEM_ARCH_LLAMA, LEM_ARCH_QWEN2, LEM_ARCH_QWEN3, LEM_ARCH_INTERNLM2};

/* Five layers, and with a rank adapters whose A and B are not zero. */
static lem_model *model_of(lem_arch arch, int rank) {
    lem_model_config c = tiny(arch, LEM_HEAD_SCALAR, true);
    lem_model *m;
    lem_rng r = lem_rng_make(5, "recompute", 0);
    c.layers = 5;
    OK(lem_model_new(&c, &m, &err));
    lem_model_init_random(m, 7);
    if (rank == 0) return m;
    lem_lora lora;
    OK(lem_lora_make(&(lem_lora_opts){rank, 5, "all", false, 0.3}, &m->config, &lora, &err));
    OK(lem_model_adapt(m, &lora, 3, &err));
    for (int i = 0; i < m->n_tensors; i++)
        for (size_t k = 0; lem_role_adapted(m->tensors[i].role) != LEM_ROLE_COUNT && k < m->tensors[i].count;
             k++)
            m->params[m->tensors[i].offset + k] = (float)(0.2 * lem_rng_next_normal(&r));
    return m;
}

/* A prompt with two replies, and a row of its own. */
static void forest(lem_forest *f) {
    int32_t ids[PREFIX];
    int prompt;
    for (int i = 0; i < PREFIX; i++) ids[i] = (i * 7 + 3) % 50;
    OK(lem_forest_add(f, -1, ids, PREFIX, &prompt, &err));
    OK(lem_forest_add(f, prompt, ids + 3, REPLY, NULL, &err));
    OK(lem_forest_add(f, prompt, ids + 11, REPLY, NULL, &err));
    OK(lem_forest_add(f, -1, ids + 20, REPLY, NULL, &err));
}

/* Two steps of a gradient over the forest, with a pass without losses between them. */
static void learn(lem_net *net) {
    int rows[ROWS - 1];
    int32_t target[ROWS - 1];
    float w[ROWS - 1], d[2] = {0.75f, -0.5f};
    const int last[2] = {PREFIX + REPLY - 1, ROWS - 1};
    uint64_t id[ROWS];
    lem_forest f = {0};
    forest(&f);
    for (int i = 0; i < ROWS; i++) id[i] = 70 + (uint64_t)i;
    for (int i = 0; i < ROWS - 1; i++) {
        rows[i] = i;
        target[i] = f.ids[i + 1];
        w[i] = 0.1f + 0.01f * (float)i;
    }
    for (uint64_t step = 0; step < 2; step++) {
        OK(lem_net_forward_noisy(net, &f, &(lem_net_noise){7, 9, id}, &err));
        OK(lem_net_forward_noisy(net, &f, &(lem_net_noise){7, step, id}, &err));
        OK(lem_net_lm(net, ROWS - 1, rows, target, w, NULL, &err));
        OK(lem_net_scores_grad(net, 2, last, d, &err));
        lem_net_backward(net);
    }
    lem_forest_release(&f);
}

static float *gradient(lem_model *m, const lem_trainable *t, size_t *n) {
    lem_net *net;
    OK(lem_net_new_part(m, backend, (lem_net_size){ROWS, 0}, t, &net, &err));
    learn(net);
    *n = lem_net_n_grads(net);
    float *g = far_read(backend, lem_net_grads(net), *n);
    if (backend->ops->host_memory)
        assert_true(lem_net_part_bytes(&m->config, (lem_net_size){ROWS, 0}, t) > net->block.dev.bytes);
    lem_net_free(net);
    return g;
}

static void compare(lem_model *m, lem_trainable t) {
    size_t n, again;
    t.recompute = false;
    float *keep = gradient(m, &t, &n);
    size_t bytes = lem_net_part_bytes(&m->config, (lem_net_size){ROWS, 0}, &t);
    t.recompute = true;
    float *less = gradient(m, &t, &again);
    assert_int_equal(n, again);
    assert_memory_equal(keep, less, n * sizeof *keep);
    assert_true(keep[n / 2] != 0 && lem_net_part_bytes(&m->config, (lem_net_size){ROWS, 0}, &t) < bytes);
    free(keep);
    free(less);
}

static void same_bits(void **state) {
    (void)state;
    for (int k = 0; k < 16; k++) {
        const int rank = k & 1 ? 3 : 0;
        lem_trainable t = rank ? lem_lora_trainable() : (lem_trainable){.frozen_layers = k & 2};
        lem_model *m = model_of(archs[k / 4], rank);
        compare(m, t);
        backend->compute = LEM_COMPUTE_BF16;
        t.bf16 = true;
        compare(m, t);
        backend->compute = LEM_COMPUTE_F32;
        lem_model_free(m);
    }
}

static size_t heap(void) {
    struct mallinfo2 i = mallinfo2();
    return i.uordblks + i.hblkhd;
}

/* Of a layer more it keeps [T,D], and what is planned is what is taken. */
static void plan_is_exact(void **state) {
    (void)state;
    const lem_trainable t = {.recompute = true};
    for (size_t a = 0; a < sizeof archs / sizeof *archs; a++) {
        lem_model *m = model_of(archs[a], 0);
        lem_net *net;
        lem_net_size size = {4096, 1};
        size_t planned = lem_net_part_bytes(&m->config, size, &t), before = heap();
        OK(lem_net_new_part(m, backend, size, &t, &net, &err));
        size_t taken = heap() - before;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
        if (backend->ops->host_memory) assert_true(taken >= planned && taken <= planned + 8192);
#else
        (void)taken;
#endif
        lem_net_free(net);
        lem_model_config more = m->config, few = m->config;
        few.layers = 1;
        more.layers = 2;
        size_t input = 4096 * (size_t)m->config.width * sizeof(float),
               layer = lem_net_part_bytes(&more, size, &t) - lem_net_part_bytes(&few, size, &t);
        assert_true(planned > layer && layer > input && layer < input + input / 4); /* and its weights */
        lem_model_free(m);
    }
}

int main(void) {
    OK(far_or_plain(LEM_ISA_AUTO, NULL, &backend, &err));
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_bits), cmocka_unit_test(plan_is_exact)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    far_or_plain_free(backend);
    return failed;
}
