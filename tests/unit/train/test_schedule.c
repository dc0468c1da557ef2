/* test_schedule - warm-up and decay */
#include "train/schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void cosine(void **state) {
    (void)state;
    lem_schedule s = {LEM_SCHEDULE_COSINE, 1.0, 0.1, 4, 14};
    assert_float_equal(lem_schedule_rate(&s, 0), 0.25, 1e-12);
    assert_float_equal(lem_schedule_rate(&s, 3), 1.0, 1e-12);
    assert_float_equal(lem_schedule_rate(&s, 4), 1.0, 1e-12);
    assert_float_equal(lem_schedule_rate(&s, 13), 0.1, 1e-12);
    for (long t = 5; t < 14; t++) assert_true(lem_schedule_rate(&s, t) < lem_schedule_rate(&s, t - 1));
}

static void others(void **state) {
    (void)state;
    lem_schedule s = {LEM_SCHEDULE_LINEAR, 2.0, 0, 0, 5};
    assert_float_equal(lem_schedule_rate(&s, 0), 2.0, 1e-12);
    assert_float_equal(lem_schedule_rate(&s, 2), 1.0, 1e-12);
    assert_float_equal(lem_schedule_rate(&s, 4), 0, 1e-12);
    s.kind = LEM_SCHEDULE_CONSTANT;
    assert_float_equal(lem_schedule_rate(&s, 4), 2.0, 1e-12);
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_schedule_parse("cosinus", &s.kind, &err), LEM_EUSAGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(cosine), cmocka_unit_test(others)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
