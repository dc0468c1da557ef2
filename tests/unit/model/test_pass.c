/* test_pass - planned memory, the rope table, checks and blocks of the heads */
#include "support.h"
#include "model/pass_priv.h"

static void carving(void **state) {
    (void)state;
    char *block = lem_alloc_aligned(1024, 1, &err);
    lem_carve plan = {NULL, 0}, mem = {block, 0};
    assert_null(lem_carve_take(&plan, 3, 5));
    assert_null(lem_carve_take(&plan, 100, 1));
    assert_ptr_equal(lem_carve_take(&mem, 3, 5), block);
    assert_ptr_equal(lem_carve_take(&mem, 100, 1), block + 64);
    assert_int_equal(plan.used, 192);
    assert_int_equal(mem.used, 192);
    lem_free(block);
}

static void rope(void **state) {
    (void)state;
    lem_model_config c = tiny(LEM_ARCH_LLAMA, LEM_HEAD_LM, false);
    OK(lem_model_config_check(&c, &err));
    float t[10 * 8];
    lem_rope_fill(&c.rope, c.rope_theta, c.head_dim, c.max_positions, 10, t);
    for (int i = 0; i < 4; i++) {
        assert_true(t[i] == 1 && t[4 + i] == 0);
        double w = pow(10000, -2.0 * i / 8);
        for (int p = 1; p < 10; p++) {
            /* fp32 frequency and angle: an error of p*w*2^-23 at most */
            assert_true(fabs((double)t[p * 8 + i] - cos(p * w)) < 2e-6);
            assert_true(fabs((double)t[p * 8 + 4 + i] - sin(p * w)) < 2e-6);
        }
    }
}

static void checks(void **state) {
    (void)state;
    const int rows[] = {0, 4, 2};
    const int32_t ids[] = {0, 9, 3};
    OK(lem_check_rows(3, rows, 5, &err));
    FAILS(lem_check_rows(3, rows, 4, &err), LEM_EUSAGE, "row 4");
    OK(lem_check_targets(3, ids, 10, &err));
    FAILS(lem_check_targets(3, ids, 9, &err), LEM_EDATA, "token id 9");
}

static void head_blocks(void **state) {
    (void)state;
    static const struct {
        int vocab, rows;
    } cases[] = {{16, 256}, {16384, 256}, {32000, 128}, {152000, 32}, {1 << 22, 32}};
    for (int i = 0; i < 5; i++) {
        lem_model_config c = tiny(LEM_ARCH_LLAMA, LEM_HEAD_LM, false);
        lem_memory mem = {.b = NULL};
        lem_head_block h = {0};
        c.vocab = cases[i].vocab;
        lem_head_block_carve(&mem, &c, &h);
        assert_int_equal(h.rows, cases[i].rows);
        assert_true(mem.dev.used >= (size_t)h.rows * (size_t)c.vocab * 4);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(carving), cmocka_unit_test(rope),
                                       cmocka_unit_test(checks), cmocka_unit_test(head_blocks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
