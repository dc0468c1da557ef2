/* test_ranking_loss - golden losses of the recipe, weights as repetitions, gradients by finite differences */
#include "train/ranking_loss.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* recipe.md section 3: pos = [1, 0.5, 2], neg = [0, -1, 0.3] and pos = [1, 0.5], neg = [0, -1, 0.3, 0.9];
 * printed to six digits. */
static const double a_score[] = {1, 0.5, 2, 0, -1, 0.3};
static const uint8_t a_label[] = {1, 1, 1, 0, 0, 0};
static const double b_score[] = {1, 0.5, 0, -1, 0.3, 0.9};
static const uint8_t b_label[] = {1, 1, 0, 0, 0, 0};

static double loss(lem_ranking kind, int n, const double *score, const uint8_t *label, double *grad) {
    const lem_ranked l = {n, score, label, NULL, 0.8};
    return lem_ranking_loss(kind, &l, grad);
}

static void golden(void **state) {
    (void)state;
    double g[6];
    assert_float_equal(loss(LEM_RANKING_BT, 6, a_score, a_label, g), 0.273367, 1e-6);
    assert_float_equal(g[0], -0.079995, 1e-6);
    assert_float_equal(g[3], 0.085076, 1e-6);
    assert_float_equal(loss(LEM_RANKING_CE, 6, a_score, a_label, NULL), 0.462505, 1e-6);
    assert_float_equal(loss(LEM_RANKING_MSE, 6, a_score, a_label, NULL), 0.39, 1e-6);
    assert_float_equal(loss(LEM_RANKING_MSE_SIGMOID, 6, a_score, a_label, NULL), 0.146898, 1e-6);
    assert_float_equal(loss(LEM_RANKING_BT, 6, b_score, b_label, NULL), 0.459302, 1e-6);
    /* pairwise: log(1 + exp(0 - 1)) */
    assert_float_equal(loss(LEM_RANKING_PAIR, 6, a_score, a_label, NULL), log1p(exp(-1)), 1e-12);
    /* margin 0.8: pairs closer than that are 1 - 0.3 and 0.5 - 0, 0.5 - 0.3 */
    assert_float_equal(loss(LEM_RANKING_MARGIN, 6, a_score, a_label, g), (0.1 + 0.3 + 0.6) / 9, 1e-12);
    assert_float_equal(g[1], -2.0 / 9, 1e-12);
    assert_float_equal(g[4], 0, 0);
    assert_float_equal(g[5], 2.0 / 9, 1e-12);
}

static void differences_of(lem_ranking kind, const double *weight) {
    double g[6];
    lem_ranked l = {6, b_score, b_label, weight, 0.83};
    (void)lem_ranking_loss(kind, &l, g);
    for (int i = 0; i < 6; i++) {
        double up[6], down[6], h = 1e-5, fd;
        for (int j = 0; j < 6; j++) up[j] = down[j] = b_score[j];
        up[i] += h;
        down[i] -= h;
        l.score = up;
        fd = lem_ranking_loss(kind, &l, NULL);
        l.score = down;
        fd -= lem_ranking_loss(kind, &l, NULL);
        assert_float_equal(fd / (2 * h), g[i], 1e-8);
    }
}

static void finite_differences(void **state) {
    (void)state;
    const double weight[] = {1, 3, 0.5, 2, 0, 1.25};
    for (int kind = 0; kind < LEM_RANKING_COUNT; kind++) {
        differences_of((lem_ranking)kind, NULL);
        differences_of((lem_ranking)kind, weight);
    }
}

/* A response of weight c counts as c responses. */
static void weights_are_repetitions(void **state) {
    (void)state;
    const double weight[] = {2, 1, 3}, score[] = {0.4, -0.2, 0.7}, many[] = {0.4, 0.4, -0.2, 0.7, 0.7, 0.7};
    const double nothing[] = {0, 0, 0};
    const uint8_t label[] = {1, 0, 0}, labels[] = {1, 1, 0, 0, 0, 0};
    for (int kind = 0; kind < LEM_RANKING_COUNT; kind++) {
        double g[3], gm[6];
        lem_ranked one = {3, score, label, weight, 1};
        const lem_ranked all = {6, many, labels, NULL, 1};
        if (kind == LEM_RANKING_PAIR) continue;
        assert_float_equal(lem_ranking_loss((lem_ranking)kind, &one, g),
                           lem_ranking_loss((lem_ranking)kind, &all, gm), 1e-12);
        assert_float_equal(g[0], gm[0] + gm[1], 1e-12);
        assert_float_equal(g[1], gm[2], 1e-12);
        assert_float_equal(g[2], gm[3] + gm[4] + gm[5], 1e-12);
        one.weight = nothing;
        assert_float_equal(lem_ranking_loss((lem_ranking)kind, &one, g), 0, 0);
        assert_float_equal(fabs(g[0]) + fabs(g[1]) + fabs(g[2]), 0, 0);
    }
}

static void edges(void **state) {
    (void)state;
    const uint8_t all[] = {1, 1, 1};
    const double far[] = {1e4, -1e4, 0};
    const uint8_t mixed[] = {0, 1, 0};
    double g[3] = {7, 7, 7}, p;
    int pairs;
    assert_float_equal(loss(LEM_RANKING_BT, 3, far, all, g), 0, 0);
    assert_float_equal(g[0] + g[1] + g[2], 0, 0);
    assert_true(isfinite(loss(LEM_RANKING_BT, 3, far, mixed, g)));
    assert_float_equal(g[0] + g[1] + g[2], 0, 1e-12);
    assert_float_equal(lem_ranking_pair_accuracy(6, b_score, b_label, &pairs), 7.0 / 8, 1e-12);
    assert_int_equal(pairs, 8);
    const double tie[] = {1, 1};
    const uint8_t tl[] = {1, 0};
    assert_float_equal(lem_ranking_pair_accuracy(2, tie, tl, &pairs), 0.5, 0);
    assert_true(lem_ranking_probability(LEM_RANKING_CE, 0, &p) && p == 0.5);
    assert_true(lem_ranking_probability(LEM_RANKING_MSE, 1.5, &p) && p == 1);
    assert_false(lem_ranking_probability(LEM_RANKING_BT, 0, &p));
    assert_false(lem_ranking_probability(LEM_RANKING_MARGIN, 0, &p));
}

static void names(void **state) {
    (void)state;
    static const struct {
        const char *name;
        lem_ranking kind;
    } want[] = {{"bt", LEM_RANKING_BT},        {"listwise", LEM_RANKING_BT},
                {"pair", LEM_RANKING_PAIR},    {"pairwise", LEM_RANKING_PAIR},
                {"ce", LEM_RANKING_CE},        {"bce", LEM_RANKING_CE},
                {"mse", LEM_RANKING_MSE},      {"mse-sigmoid", LEM_RANKING_MSE_SIGMOID},
                {"margin", LEM_RANKING_MARGIN}};
    lem_err err = LEM_ERR_INIT;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        lem_ranking k;
        assert_int_equal(lem_ranking_parse(want[i].name, &k, &err), LEM_OK);
        assert_int_equal(k, want[i].kind);
    }
    lem_ranking k;
    assert_int_equal(lem_ranking_parse("hinge", &k, &err), LEM_EUSAGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(golden), cmocka_unit_test(finite_differences),
                                       cmocka_unit_test(weights_are_repetitions), cmocka_unit_test(edges),
                                       cmocka_unit_test(names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
