/* test_passk.c - pass@k against enumeration and at its ends */
#include "eval/passk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "near.h"

#include <math.h>

static double brute(int n, int c, int k) { /* subsets of n whose first c are right */
    int hit = 0, all = 0;
    for (unsigned s = 0; s < 1u << n; s++) {
        if (__builtin_popcount(s) != k) continue;
        all++;
        hit += (s & ((1u << c) - 1)) != 0;
    }
    return (double)hit / all;
}

static void equals_enumeration(void **state) {
    (void)state;
    for (int n = 1; n <= 10; n++)
        for (int c = 0; c <= n; c++)
            for (int k = 1; k <= n; k++) assert_near(lem_eval_pass_at_k(n, c, k), brute(n, c, k), 1e-14);
}

static void large_and_ends(void **state) {
    (void)state;
    assert_near(lem_eval_pass_at_k(4096, 1, 1), 1.0 / 4096, 1e-15);
    assert_near(lem_eval_pass_at_k(4096, 1, 4096), 1, 0);
    assert_near(lem_eval_pass_at_k(4096, 2048, 4000), 1, 0);
    assert_near(lem_eval_pass_at_k(1000, 1, 500), 0.5, 1e-12);
    assert_near(lem_eval_pass_at_k(64, 0, 64), 0, 0);
    assert_true(isnan(lem_eval_pass_at_k(8, 3, 9)));
    assert_true(isnan(lem_eval_pass_at_k(8, 9, 1)));
    assert_true(isnan(lem_eval_pass_at_k(0, 0, 0)));
}

static void first_k(void **state) {
    (void)state;
    uint8_t right[] = {0, 0, 1, 0};
    lem_eval_problem p = {.n = 4, .correct = right};
    assert_near(lem_eval_pass_first(&p, 2), 0, 0);
    assert_near(lem_eval_pass_first(&p, 3), 1, 0);
    assert_int_equal(lem_eval_count_correct(&p), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(equals_enumeration), cmocka_unit_test(large_and_ends),
                                       cmocka_unit_test(first_k)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
