/* test_edges - two numbers just at the tolerance, whole numbers that programs wrote, letters in either case
 */
#include "pairs.h"

static bool equal(const char *gold, const char *pred) {
    lem_answer_verdict v = compare(gold, pred).verdict;
    assert_true(v == LEM_ANSWER_EQUAL_EXACT || v == LEM_ANSWER_EQUAL_NUMERIC || v == LEM_ANSWER_NOT_EQUAL);
    return v != LEM_ANSWER_NOT_EQUAL;
}

/* Half a unit of the gold's last digit is within it, on either side; less than a millionth more is not. */
static void half_a_unit(void **state) {
    (void)state;
    assert_true(equal("0.5", "0.55"));
    assert_true(equal("0.5", "0.45"));
    assert_true(equal("0.5", "11/20"));
    assert_false(equal("0.5", "0.5500001"));
    assert_false(equal("0.5", "0.4499999"));
    assert_true(equal("33.3", "100/3"));
    assert_false(equal("0.55", "0.5"));
    assert_false(equal("26.8", "27"));
}

/* 27.0 is 27, and does not ask for one digit; 27.5 does. */
static void whole_floats(void **state) {
    (void)state;
    assert_true(equal("27.0", "27"));
    assert_false(equal("27.0", "27.04"));
    assert_true(equal("27.5", "27.54"));
}

static void letters(void **state) {
    (void)state;
    assert_true(equal("\\text{A}", "a"));
    assert_true(equal("A", "\\text{a}"));
    assert_false(equal("\\text{A}", "b"));
    assert_false(equal("\\text{A}", "\\text{B}"));
    assert_false(equal("x", "X"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(half_a_unit), cmocka_unit_test(whole_floats),
                                       cmocka_unit_test(letters)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
