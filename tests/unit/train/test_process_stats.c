/* test_process_stats.c - accuracy, area under the curve and first errors against counting by hand */
#include "core/rng.h"
#include "train/process_stats.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void near(double a, double b) {
    if (!(fabs(a - b) <= 1e-12)) fail_msg("%.15g, %.15g expected", a, b);
}

static void by_hand(void **state) {
    (void)state;
    /* rows: error at 1 found; error at 1 claimed at 0; no error, none claimed; no error, one claimed */
    lem_auc_score s[] = {{2, true, 0}, {-1, false, 0}, {-0.5f, true, 1}, {-3, false, 1},
                         {0, true, 2}, {1, true, 2},   {1, true, 3},     {-0.5f, true, 3}};
    lem_process_stats x = {0};
    lem_process_measure(s, 8, &x);
    assert_int_equal(x.labels, 8);
    assert_int_equal(x.right, 6);
    near(x.accuracy, 6.0 / 8);
    assert_int_equal(x.with_error, 2);
    assert_int_equal(x.without_error, 2);
    near(x.found, 0.5);
    near(x.passed, 0.5);
    near(x.f1, 0.5);
    near(x.auc, 1);
}

static void of_one_class_there_is_nothing_to_measure(void **state) {
    (void)state;
    lem_auc_score s[] = {{2, true, 0}, {-1, true, 0}};
    lem_process_stats x = {0};
    lem_process_measure(s, 2, &x);
    assert_true(isnan(x.auc) && isnan(x.f1) && isnan(x.found));
    near(x.passed, 0);
    lem_process_measure(s, 0, &x);
    assert_true(isnan(x.auc) && isnan(x.accuracy));
}

static void area_is_the_share_of_pairs(void **state) {
    (void)state;
    enum { N = 200 };
    lem_rng r = lem_rng_make(1, "scores", 0);
    for (int round = 0; round < 20; round++) {
        lem_auc_score s[N];
        double good = 0, pairs = 0;
        lem_process_stats x = {0};
        for (int i = 0; i < N; i++)
            s[i] = (lem_auc_score){(float)lem_rng_next_below(&r, 30), lem_rng_next_below(&r, 3) > 0,
                                   (uint32_t)i / 7};
        for (int i = 0; i < N; i++)
            for (int k = 0; k < N; k++) {
                if (!s[i].right || s[k].right) continue;
                pairs++;
                if (s[i].score > s[k].score) good++;
                else if (s[i].score >= s[k].score) good += 0.5;
            }
        lem_process_measure(s, N, &x);
        near(x.auc, good / pairs);
    }
}

/* The interval holds the figure, is the same for the same seed, shrinks with more rows, and is wider where
 * the steps of a row are alike than where each is a row of its own. */
static double width(int rows, int alike, double out[2]) {
    static lem_auc_score s[4000];
    lem_rng r = lem_rng_make(2, "rows", (uint64_t)rows);
    lem_process_stats x = {0};
    lem_err err = LEM_ERR_INIT;
    for (int i = 0; i < rows; i++) {
        lem_auc_score one = {(float)lem_rng_next_normal(&r), lem_rng_next_below(&r, 2) > 0, 0};
        if (one.right) one.score += 1;
        for (int k = 0; k < 4; k++) {
            one.group = (uint32_t)(alike ? i : 4 * i + k);
            s[4 * i + k] = one;
        }
    }
    lem_process_measure(s, (uint64_t)(4 * rows), &x);
    assert_int_equal(lem_process_interval(s, (uint64_t)(4 * rows), 7, out, &err), LEM_OK);
    assert_true(out[0] < x.auc && x.auc < out[1] && out[0] > 0.5);
    return out[1] - out[0];
}

static void an_interval_over_rows(void **state) {
    (void)state;
    double a[2], b[2], none[2];
    lem_err err = LEM_ERR_INIT;
    double few = width(100, 1, a), many = width(1000, 1, b), apart = width(100, 0, b);
    assert_true(many < 0.6 * few && apart < 0.7 * few);
    near(width(100, 1, b), few);
    assert_true(memcmp(a, b, sizeof a) == 0);
    assert_int_equal(lem_process_interval(NULL, 0, 7, none, &err), LEM_OK);
    assert_true(isnan(none[0]) && isnan(none[1]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(of_one_class_there_is_nothing_to_measure),
        cmocka_unit_test(area_is_the_share_of_pairs),
        cmocka_unit_test(an_interval_over_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
