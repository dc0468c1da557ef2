/* test_stats.c - bootstrap: known distribution, pairing, determinism */
#include "eval/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "near.h"

#include <math.h>
#include <string.h>

/* 100 problems, half right: the bootstrap mean is binomial(100, 1/2)/100, whose 2.5 and 97.5 percentiles are
 * 0.40 and 0.60. */
static void binomial(void **state) {
    (void)state;
    double v[100], w[100];
    for (int i = 0; i < 100; i++) v[i] = i % 2, w[i] = 1;
    const double *columns[] = {v, w};
    lem_eval_interval at[2];
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_eval_bootstrap(columns, 2, 100, 1, 0, at, &err), LEM_OK);
    assert_near(at[0].mean, 0.5, 1e-15);
    assert_near(at[0].lo, 0.40, 0.0101);
    assert_near(at[0].hi, 0.60, 0.0101);
    assert_near(at[1].lo, 1, 0);
    assert_near(at[1].hi, 1, 0);
}

static void same_draws_for_all_columns(void **state) {
    (void)state;
    double v[50], w[50], d[50];
    for (int i = 0; i < 50; i++) {
        v[i] = i % 3 == 0;
        w[i] = v[i] - 0.25; /* a constant difference has an interval of no width */
        d[i] = v[i] - w[i];
    }
    const double *columns[] = {v, w, d}, *alone[] = {w};
    lem_eval_interval at[3], again[3], one;
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_eval_bootstrap(columns, 3, 50, 9, 1000, at, &err), LEM_OK);
    assert_int_equal(lem_eval_bootstrap(columns, 3, 50, 9, 1000, again, &err), LEM_OK);
    assert_memory_equal(at, again, sizeof at);
    assert_int_equal(lem_eval_bootstrap(alone, 1, 50, 9, 1000, &one, &err), LEM_OK);
    assert_memory_equal(&one, &at[1], sizeof one);
    assert_near(at[2].lo, 0.25, 1e-12);
    assert_near(at[2].hi, 0.25, 1e-12);
    assert_near(at[0].lo - at[1].lo, 0.25, 1e-12);
    assert_int_equal(lem_eval_bootstrap(columns, 3, 50, 10, 1000, again, &err), LEM_OK);
    assert_int_equal(lem_eval_bootstrap(columns, 3, 0, 10, 1000, again, &err), LEM_EDATA);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(binomial),
                                       cmocka_unit_test(same_draws_for_all_columns)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
