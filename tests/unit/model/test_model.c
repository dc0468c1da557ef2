/* test_model - layout, random initialisation, heads, identity */
#include "support.h"

static const lem_tensor *named(const lem_model *m, const char *name) {
    for (int i = 0; i < m->n_tensors; i++)
        if (strcmp(m->tensors[i].name, name) == 0) return &m->tensors[i];
    return NULL;
}

static void layout(void **state) {
    (void)state;
    for (int i = 0; i < 8; i++) {
        lem_model *m =
            tiny_model(i & 1 ? LEM_ARCH_QWEN2 : LEM_ARCH_LLAMA, i & 2 ? LEM_HEAD_SCALAR : LEM_HEAD_LM, i & 4);
        size_t count = 0, end = 0;
        for (int k = 0; k < m->n_tensors; k++) {
            const lem_tensor *t = &m->tensors[k];
            assert_int_equal(t->offset % 16, 0);
            assert_true(t->offset >= end);
            assert_int_equal(t->count, (size_t)t->shape[0] * (size_t)t->shape[1]);
            assert_int_equal(t->decay, t->rank == 2);
            for (size_t gap = end; gap < t->offset; gap++) assert_true(m->params[gap] == 0);
            end = t->offset + t->count;
            count += t->count;
        }
        assert_int_equal(count, lem_model_config_params(&m->config));
        assert_true(end <= m->n_params);
        assert_int_equal((uintptr_t)m->params % 64, 0);
        assert_int_equal(lem_model_at(m, LEM_ROLE_LM_HEAD, -1) == lem_model_at(m, LEM_ROLE_EMBED, -1),
                         m->config.tied);
        assert_int_equal(lem_model_at(m, LEM_ROLE_SCORE, -1) != SIZE_MAX, m->config.head == LEM_HEAD_SCALAR);
        assert_int_equal(lem_model_at(m, LEM_ROLE_Q_BIAS, 1) != SIZE_MAX, m->config.arch == LEM_ARCH_QWEN2);
        assert_int_equal(lem_model_at(m, LEM_ROLE_DOWN, 1),
                         named(m, "model.layers.1.mlp.down_proj.weight")->offset);
        lem_model_free(m);
    }
}

static double spread(const lem_model *m, const char *name) {
    const lem_tensor *t = named(m, name);
    double s = 0;
    for (size_t i = 0; i < t->count; i++)
        s += (double)m->params[t->offset + i] * (double)m->params[t->offset + i];
    return sqrt(s / (double)t->count);
}

/* Every switch of every family: the table counts what lem_model_config_params counts, and nothing overlaps.
 */
static void variants(void **state) {
    (void)state;
    for (int i = 0; i < 18; i++) {
        bool internlm2 = i >= 16; /* bit 1 of 16 and 17 is clear: set the biases by bit 0 */
        lem_model_config c = tiny(internlm2 ? LEM_ARCH_INTERNLM2
                                  : i & 1   ? LEM_ARCH_QWEN3
                                            : LEM_ARCH_LLAMA,
                                  LEM_HEAD_LM, false);
        lem_model *m = NULL;
        size_t count = 0, end = 0;
        char a[65], b[65];
        c.qkv_bias = c.o_bias = internlm2 ? i & 1 : i & 2;
        c.mlp_bias = i & 4 && !(i & 1);
        c.head_dim = i & 8 ? 24 : 0;
        OK(lem_model_new(&c, &m, &err));
        lem_model_init_random(m, 3);
        for (int k = 0; k < m->n_tensors; k++) {
            assert_true(m->tensors[k].offset >= end);
            end = m->tensors[k].offset + m->tensors[k].count;
            count += m->tensors[k].count;
        }
        assert_int_equal(count, lem_model_config_params(&m->config));
        assert_int_equal(named(m, internlm2 ? "model.layers.1.attention.wo.bias"
                                            : "model.layers.1.self_attn.o_proj.bias") != NULL,
                         c.o_bias);
        assert_int_equal(named(m, "model.layers.1.mlp.down_proj.bias") != NULL, c.mlp_bias);
        const lem_tensor *norm = named(m, "model.layers.1.self_attn.k_norm.weight");
        assert_int_equal(norm != NULL, i & 1 && !internlm2);
        if (norm)
            assert_true(norm->count == (size_t)m->config.head_dim && !norm->decay &&
                        m->params[norm->offset] == 1);
        if (internlm2) { /* residual projections are drawn smaller, whatever their names */
            assert_int_equal(named(m, "model.layers.0.attention.wqkv.weight")->shape[0], 4 * 8 + 2 * 2 * 8);
            assert_int_equal(named(m, "model.tok_embeddings.weight")->offset,
                             lem_model_at(m, LEM_ROLE_EMBED, -1));
            assert_int_equal(named(m, "output.weight")->offset, lem_model_at(m, LEM_ROLE_LM_HEAD, -1));
            assert_true(spread(m, "model.layers.0.attention.wo.weight") <
                        0.75 * spread(m, "model.layers.0.attention.wqkv.weight"));
        }
        lem_model_hash(m, a);
        m->config.rope = (lem_rope){.kind = LEM_ROPE_LINEAR, .factor = 2};
        lem_model_hash(m, b);
        assert_string_not_equal(a, b);
        m->config.rope = (lem_rope){0};
        m->config.window = 7;
        lem_model_hash(m, b);
        assert_string_not_equal(a, b);
        lem_model_free(m);
    }
}

/* New layers see as far as the layer below them. */
static void windows_of_new_layers(void **state) {
    (void)state;
    for (int last_is_full = 0; last_is_full < 2; last_is_full++) {
        lem_model_config c = tiny(LEM_ARCH_QWEN3, LEM_HEAD_LM, true);
        lem_model *m = NULL, *deep = NULL;
        c.window = 9;
        c.full[0] = last_is_full ? 2 : 1;
        OK(lem_model_new(&c, &m, &err));
        OK(lem_model_with_layers(m, 2, 1, &deep, &err));
        for (int i = 2; i < 4; i++)
            assert_int_equal(lem_model_config_window(&deep->config, i), last_is_full ? 0 : 9);
        lem_model_free(m);
        lem_model_free(deep);
    }
}

static void random_init(void **state) {
    (void)state;
    lem_model_config c = {.layers = 2,
                          .width = 128,
                          .ffn = 96,
                          .heads = 4,
                          .vocab = 100,
                          .head = LEM_HEAD_SCALAR,
                          .arch = LEM_ARCH_QWEN2},
                     deep;
    lem_model *m = NULL, *other = NULL;
    OK(lem_model_new(&c, &m, &err));
    lem_model_init_random(m, 5);
    /* 12,288 draws: the sample deviation is within 5 % */
    assert_true(fabs(spread(m, "model.layers.0.mlp.gate_proj.weight") / 0.02 - 1) < 0.05);
    assert_true(fabs(spread(m, "model.layers.1.mlp.down_proj.weight") / (0.02 / 2) - 1) < 0.05);
    assert_true(fabs(spread(m, "model.layers.1.self_attn.o_proj.weight") / (0.02 / 2) - 1) < 0.05);
    assert_true(fabs(spread(m, "score.weight") * sqrt(129) - 1) < 0.3);
    assert_true(spread(m, "model.norm.weight") == 1 &&
                spread(m, "model.layers.0.self_attn.q_proj.bias") == 0);
    /* keyed by name: a deeper model has the same values in tensors with the same scale */
    deep = c;
    deep.layers = 4;
    OK(lem_model_new(&deep, &other, &err));
    lem_model_init_random(other, 5);
    const lem_tensor *a = named(m, "model.layers.1.mlp.up_proj.weight"), *b = named(other, a->name);
    assert_memory_equal(m->params + a->offset, other->params + b->offset, a->count * sizeof(float));
    lem_model_init_random(other, 6);
    assert_true(memcmp(m->params + a->offset, other->params + b->offset, a->count * sizeof(float)) != 0);
    lem_model_free(m);
    lem_model_free(other);
}

static void heads(void **state) {
    (void)state;
    for (int tied = 0; tied < 2; tied++) {
        lem_model *lm = tiny_model(LEM_ARCH_QWEN2, LEM_HEAD_LM, tied), *rm = NULL, *back = NULL;
        char a[65], b[65];
        OK(lem_model_with_head(lm, LEM_HEAD_SCALAR, 3, &rm, &err));
        assert_int_equal(rm->config.head, LEM_HEAD_SCALAR);
        assert_memory_equal(rm->params, lm->params, lm->n_params * sizeof(float));
        assert_true(spread(rm, "score.weight") > 0);
        assert_true(lem_model_at(rm, LEM_ROLE_LM_HEAD, -1) != SIZE_MAX);
        lem_model_hash(lm, a);
        lem_model_hash(rm, b);
        assert_string_not_equal(a, b);
        OK(lem_model_with_head(rm, LEM_HEAD_LM, 0, &back, &err));
        lem_model_hash(back, b);
        assert_string_equal(a, b);
        back->params[5] += 1;
        lem_model_hash(back, b);
        assert_string_not_equal(a, b);
        lem_model_free(lm);
        lem_model_free(rm);
        lem_model_free(back);
    }
}

static void no_memory(void **state) {
    (void)state;
    lem_model_config c = tiny(LEM_ARCH_LLAMA, LEM_HEAD_LM, false);
    lem_model *m = NULL;
    for (uint64_t k = 1; k <= 4; k++) {
        lem_mem_fail_after(k, false);
        lem_status st = lem_model_new(&c, &m, &err);
        lem_mem_fail_after(0, false);
        assert_int_equal(st, LEM_EMEM);
        assert_null(m);
    }
    c.heads = 3;
    FAILS(lem_model_new(&c, &m, &err), LEM_EDATA, "num_attention_heads");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layout),      cmocka_unit_test(variants), cmocka_unit_test(windows_of_new_layers),
        cmocka_unit_test(random_init), cmocka_unit_test(heads),    cmocka_unit_test(no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
