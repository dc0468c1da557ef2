/* test_recipe_time.c - what has run corrects what is to come, computing and other stages each by their own */
#include "job/recipe_priv.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static bool near(double a, double b) { return fabs(a - b) < 1e-9; }

static void test_own_ratios(void **state) {
    (void)state;
    recipe_stage s[5] = {{.seconds = 100, .rough = true, .computes = true},
                         {.seconds = 3, .rough = true},
                         {.seconds = 200, .rough = true, .computes = true},
                         {.seconds = 5, .rough = true},
                         {.seconds = 50}};
    recipe r = {.stages = s, .n = 5};
    assert_true(near(lem_recipe_later(&r, 0), 258));
    lem_recipe_took(&r, 1, 90); /* a file was read thirty times slower: training is not said to be */
    assert_true(near(lem_recipe_later(&r, 0), 90 + 200 + 150 + 50));
    lem_recipe_took(&r, 0, 200);
    assert_true(near(lem_recipe_later(&r, 1), 400 + 150 + 50));
    lem_recipe_took(&r, 2, 50); /* half as fast, four times as fast: the mean of the logarithms */
    assert_true(near(lem_recipe_left(&r, 2), 200 * sqrt(0.5) + 150 + 50));
}

/* What is known by a trial, a stage of a moment, and what nothing is known of. */
static void test_no_ratio(void **state) {
    (void)state;
    recipe_stage s[3] = {{.seconds = 10}, {.seconds = 0.1, .rough = true}, {.seconds = -1}};
    recipe r = {.stages = s, .n = 3};
    lem_recipe_took(&r, 0, 40);
    lem_recipe_took(&r, 1, 1.9);
    assert_true(near(lem_recipe_seconds_at(&r, 1), 0.1));
    assert_true(near(lem_recipe_left(&r, 0), 10.1));
    assert_true(lem_recipe_later(&r, 0) < 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_own_ratios), cmocka_unit_test(test_no_ratio)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
