/* test_aggregate.c - aggregators of step scores, golden values of RewardMATH */
#include "eval/aggregate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "near.h"

#include <math.h>

static void golden(void **state) {
    (void)state;
    const double s[] = {0.9, 0.8, 0.5, 0.95};
    const struct {
        const char *name;
        double want, tol;
    } table[] = {{"last", .95, 1e-12},          {"min", .5, 1e-12},           {"max", .95, 1e-12},
                 {"prod", .342, 1e-12},         {"geometric", .764727, 5e-7}, {"mean", .7875, 1e-12},
                 {"mean_logit", .836442, 5e-7}, {"mean_odds", 8.25, 1e-9}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        lem_eval_aggregator how;
        assert_true(lem_eval_aggregator_find(table[i].name, &how));
        assert_string_equal(lem_eval_aggregator_name(how), table[i].name);
        assert_near(lem_eval_aggregate(s, 4, how), table[i].want, table[i].tol);
        assert_near(lem_eval_aggregate(s, 0, how), 0.5, 0);
    }
    lem_eval_aggregator how;
    assert_false(lem_eval_aggregator_find("median", &how));
}

static void extremes_are_finite(void **state) {
    (void)state;
    const double s[] = {0, 1};
    for (int how = 0; how <= LEM_EVAL_AGG_MEAN_ODDS; how++)
        assert_true(isfinite(lem_eval_aggregate(s, 2, (lem_eval_aggregator)how)));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(golden), cmocka_unit_test(extremes_are_finite)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
