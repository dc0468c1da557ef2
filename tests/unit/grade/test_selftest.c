/* test_selftest.c - the check "grader" is made and passes */
#include "grade/selftest.h"

#include "../checks.h"

static void one_check(void **state) {
    (void)state;
    lem_selftest t = {0};
    lem_grade_selftest(&t);
    OK(lem_selftest_status(&t, &err));
    assert_int_equal(t.n, 1);
    assert_string_equal(lem_json_str(lem_json_find(t.results, "0.name"), ""), "grader");
    lem_selftest_release(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_check)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
