/* test_roles - which parameters learn: the others have no gradient and no memory, and what is left has the
 * same bits */
#include "support.h"
#include "core/rng.h"
#include "model/net.h"
#include "model/net_priv.h"

static lem_backend *backend;

static void every_tensor_has_a_role(void **state) {
    (void)state;
    static const lem_arch archs[] = {LEM_ARCH_QWEN2, LEM_ARCH_QWEN3, LEM_ARCH_INTERNLM2};
    for (int a = 0; a < 3; a++) {
        lem_model *m = tiny_model(archs[a], LEM_HEAD_SCALAR, false);
        size_t params = 0;
        const lem_trainable all = {0, 0};
        for (int i = 0; i < m->n_tensors; i++) {
            const lem_tensor *t = &m->tensors[i];
            bool layered = strncmp(t->name, "model.layers.", 13) == 0;
            assert_int_equal(t->layer, layered ? atoi(t->name + 13) : -1);
            for (int k = 0; k < i; k++)
                assert_false(m->tensors[k].role == t->role && m->tensors[k].layer == t->layer);
            params += t->count;
        }
        assert_int_equal(lem_trainable_params(&all, &m->config), params);
        assert_int_equal(lem_model_config_params(&m->config), params);
        assert_int_equal(lem_model_trainable_size(&m->config, &all), m->n_params);
        assert_int_equal(m->tensors[0].role, LEM_ROLE_EMBED);
        assert_int_equal(m->tensors[m->n_tensors - 1].role, LEM_ROLE_SCORE);
        lem_model_free(m);
    }
}

/* One pass with tokens and scores; the gradients stay in the net. */
static void learn(lem_net *net) {
    const int32_t ids[] = {4, 9, 2, 7, 7, 11, 3, 8}, target[] = {9, 2, 7};
    const int rows[] = {0, 1, 2}, last[] = {7};
    const float w[] = {0.5f, 0.25f, 1}, d[] = {0.75f};
    lem_forest f = {0};
    OK(lem_forest_add(&f, -1, ids, 8, NULL, &err));
    OK(lem_net_forward(net, &f, &err));
    OK(lem_net_scores_grad(net, 1, last, d, &err));
    OK(lem_net_lm(net, 3, rows, target, w, NULL, &err));
    lem_net_backward(net);
    lem_forest_release(&f);
}

static void compare(lem_model *m, lem_net *whole, const lem_trainable *t) {
    lem_net *part = NULL;
    size_t n = 0;
    OK(lem_net_new_part(m, backend, (lem_net_size){16, 0}, t, &part, &err));
    learn(part);
    float *all = far_read(backend, lem_net_grads(whole), lem_net_n_grads(whole)),
          *some = far_read(backend, lem_net_grads(part), lem_net_n_grads(part));
    for (int i = 0; i < m->n_tensors; i++) {
        const lem_tensor *w = &m->tensors[i];
        size_t at = lem_net_grad_at(part, i);
        assert_int_equal(at != SIZE_MAX, lem_trainable_has(t, w->role, w->layer));
        if (at == SIZE_MAX) continue;
        assert_int_equal(at, n);
        n += (i + 1 < m->n_tensors ? w[1].offset : m->n_params) - w->offset;
        if (memcmp(all + w->offset, some + at, w->count * sizeof *some) != 0) fail_msg("%s differs", w->name);
    }
    free(all);
    free(some);
    assert_int_equal(lem_net_n_grads(part), n);
    if (backend->ops->host_memory)
        assert_true(lem_net_part_bytes(&m->config, (lem_net_size){16, 0}, t) > part->block.dev.bytes);
    lem_net_free(part);
}

static void what_learns_has_the_same_bits(void **state) {
    (void)state;
    static const lem_arch archs[] = {LEM_ARCH_LLAMA, LEM_ARCH_QWEN2, LEM_ARCH_QWEN3, LEM_ARCH_INTERNLM2};
    lem_rng r = lem_rng_make(1, "roles", 0);
    for (int a = 0; a < 8; a++) {
        lem_model *m = tiny_model(archs[a / 2], LEM_HEAD_SCALAR, a & 1);
        lem_net *whole = NULL;
        OK(lem_net_new(m, backend, 16, true, &whole, &err));
        learn(whole);
        for (int k = 0; k < 12; k++) {
            lem_trainable t = {.frozen_layers = k % 4};
            if (k >= 4) t.frozen_roles = lem_rng_next_below(&r, 1ull << LEM_ROLE_COUNT);
            compare(m, whole, &t);
        }
        lem_net_free(whole);
        lem_model_free(m);
    }
}

/* Values that are bf16 anyway: what does not learn may be kept so, and nothing changes but the memory. */
static void frozen_as_bf16_has_the_same_bits(void **state) {
    (void)state;
    lem_rng r = lem_rng_make(2, "roles", 0);
    for (int a = 0; a < 8; a++) {
        lem_model *m = tiny_model(a / 2 ? LEM_ARCH_QWEN3 : LEM_ARCH_INTERNLM2, LEM_HEAD_SCALAR, a & 1);
        lem_net *whole = NULL;
        for (size_t i = 0; i < m->n_params; i++)
            m->params[i] = lem_bf16_to_f32(lem_f32_to_bf16(m->params[i]));
        OK(lem_net_new(m, backend, 16, true, &whole, &err));
        learn(whole);
        for (int k = 0; k < 12; k++) {
            lem_trainable t = {.frozen_layers = k % 3}, wide;
            if (k >= 4) t.frozen_roles = lem_rng_next_below(&r, 1ull << LEM_ROLE_COUNT);
            wide = t;
            t.frozen_dtype = LEM_DTYPE_BF16;
            compare(m, whole, &t);
            size_t before = lem_net_part_bytes(&m->config, (lem_net_size){16, 0}, &wide),
                   now = lem_net_part_bytes(&m->config, (lem_net_size){16, 0}, &t);
            if (t.frozen_layers == 2 && !t.frozen_roles) assert_true(now < before);
        }
        lem_net_free(whole);
        lem_model_free(m);
    }
}

static void frozen_takes_no_memory(void **state) {
    (void)state;
    lem_model_config c = tiny(LEM_ARCH_QWEN2, LEM_HEAD_SCALAR, true);
    lem_trainable t = {0};
    c.layers = 6;
    size_t before = lem_net_bytes(&c, 300, true);
    assert_int_equal(lem_net_part_bytes(&c, (lem_net_size){300, 0}, &t), before);
    for (t.frozen_layers = 1; t.frozen_layers <= 6; t.frozen_layers++) {
        lem_trainable less = {.frozen_layers = t.frozen_layers - 1};
        size_t now = lem_net_part_bytes(&c, (lem_net_size){300, 0}, &t);
        size_t grads =
            (lem_model_trainable_size(&c, &less) - lem_model_trainable_size(&c, &t)) * sizeof(float);
        assert_true(now + grads < before); /* the activations of the layer, too */
        before = now;
    }
    t.frozen_layers = 6;
    assert_int_equal(lem_trainable_params(&t, &c), 2 * 32); /* final norm and score */
    assert_int_equal(lem_trainable_lowest(&t, &c), 6);
    t = (lem_trainable){.frozen_roles = 1ull << LEM_ROLE_EMBED};
    assert_int_equal(lem_trainable_lowest(&t, &c), 0);
}

int main(void) {
    if (far_or_plain(LEM_ISA_GENERIC, NULL, &backend, &err) != LEM_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_tensor_has_a_role), cmocka_unit_test(what_learns_has_the_same_bits),
        cmocka_unit_test(frozen_as_bf16_has_the_same_bits), cmocka_unit_test(frozen_takes_no_memory)};
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    far_or_plain_free(backend);
    return rc;
}
