/* test_ranking_loss - golden losses of the recipe, gradients by finite differences */
#include "train/ranking_loss.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* recipe.md section 3: pos = [1, 0.5, 2], neg = [0, -1, 0.3] and pos = [1, 0.5], neg = [0, -1, 0.3, 0.9];
 * printed to six digits. */
static const float a_score[] = {1, 0.5f, 2, 0, -1, 0.3f};
static const uint8_t a_label[] = {1, 1, 1, 0, 0, 0};
static const float b_score[] = {1, 0.5f, 0, -1, 0.3f, 0.9f};
static const uint8_t b_label[] = {1, 1, 0, 0, 0, 0};

static void golden(void **state) {
    (void)state;
    double g[6];
    assert_float_equal(lem_ranking_loss(LEM_RANKING_BT, 6, a_score, a_label, g), 0.273367, 1e-6);
    assert_float_equal(g[0], -0.079995, 1e-6);
    assert_float_equal(g[3], 0.085076, 1e-6);
    assert_float_equal(lem_ranking_loss(LEM_RANKING_CE, 6, a_score, a_label, NULL), 0.462505, 1e-6);
    assert_float_equal(lem_ranking_loss(LEM_RANKING_MSE, 6, a_score, a_label, NULL), 0.39, 1e-6);
    assert_float_equal(lem_ranking_loss(LEM_RANKING_MSE_SIGMOID, 6, a_score, a_label, NULL), 0.146898, 1e-6);
    assert_float_equal(lem_ranking_loss(LEM_RANKING_BT, 6, b_score, b_label, NULL), 0.459302, 1e-6);
    /* pairwise: log(1 + exp(0 - 1)) */
    assert_float_equal(lem_ranking_loss(LEM_RANKING_PAIR, 6, a_score, a_label, NULL), log1p(exp(-1)), 1e-12);
}

static void finite_differences(void **state) {
    (void)state;
    for (int kind = LEM_RANKING_BT; kind <= LEM_RANKING_MSE_SIGMOID; kind++) {
        double g[6];
        (void)lem_ranking_loss((lem_ranking)kind, 6, b_score, b_label, g);
        for (int i = 0; i < 6; i++) {
            float up[6], down[6], h = 1.0f / 256; /* exact in fp32, so that only the O(h^2) term remains */
            for (int j = 0; j < 6; j++) up[j] = down[j] = b_score[j];
            up[i] += h;
            down[i] -= h;
            double fd = (lem_ranking_loss((lem_ranking)kind, 6, up, b_label, NULL) -
                         lem_ranking_loss((lem_ranking)kind, 6, down, b_label, NULL)) /
                        ((double)up[i] - down[i]);
            assert_float_equal(fd, g[i], 1e-5);
        }
    }
}

static void edges(void **state) {
    (void)state;
    const uint8_t all[] = {1, 1, 1};
    const float far[] = {1e4f, -1e4f, 0};
    const uint8_t mixed[] = {0, 1, 0};
    double g[3] = {7, 7, 7};
    int pairs;
    assert_float_equal(lem_ranking_loss(LEM_RANKING_BT, 3, far, all, g), 0, 0);
    assert_float_equal(g[0] + g[1] + g[2], 0, 0);
    assert_true(isfinite(lem_ranking_loss(LEM_RANKING_BT, 3, far, mixed, g)));
    assert_float_equal(g[0] + g[1] + g[2], 0, 1e-12);
    assert_float_equal(lem_ranking_pair_accuracy(6, b_score, b_label, &pairs), 7.0 / 8, 1e-12);
    assert_int_equal(pairs, 8);
    const float tie[] = {1, 1};
    const uint8_t tl[] = {1, 0};
    assert_float_equal(lem_ranking_pair_accuracy(2, tie, tl, &pairs), 0.5, 0);
    lem_ranking k;
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_ranking_parse("hinge", &k, &err), LEM_EUSAGE);
    assert_int_equal(lem_ranking_parse("ce", &k, &err), LEM_OK);
    assert_int_equal(k, LEM_RANKING_CE);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(golden), cmocka_unit_test(finite_differences),
                                       cmocka_unit_test(edges)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
