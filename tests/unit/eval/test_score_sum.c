/* test_score_sum.c - scores that are sums of fields, and the chance of choosing blindly among texts */
#include "core/json.h"
#include "eval/score_sum.h"
#include "eval/texts.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_parse(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_score_sum s;
    assert_int_equal(lem_score_sum_parse("orm", &s, &err), LEM_OK);
    assert_int_equal(s.n, 0);
    assert_string_equal(s.name, "orm");
    assert_int_equal(lem_score_sum_parse("both=a.b+0.5*own-2e1*x_1", &s, &err), LEM_OK);
    assert_int_equal(s.n, 3);
    assert_string_equal(s.term[0].field, "a.b");
    assert_true(s.term[0].weight == 1 && s.term[1].weight == 0.5 && s.term[2].weight == -20);
    assert_string_equal(s.term[2].field, "x_1");
    static const char *const bad[] = {"",
                                      "=a",
                                      "a=",
                                      "a=+",
                                      "a=b+",
                                      "a=b c",
                                      "a b=c",
                                      "a=0.5",
                                      "a=b**c",
                                      "abcdefghijklmnopq=a",
                                      "a=b+c+d+e+f+g+h+i+j",
                                      "a=1e10*b",
                                      "a=nan*b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (lem_score_sum_parse(bad[i], &s, &err) != LEM_EUSAGE) fail_msg("'%s' was read", bad[i]);
}

static void test_row(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_score_sum s;
    lem_json *row = NULL;
    double v[3];
    static const char text[] =
        "{\"a\":[1,2,null],\"o\":{\"b\":[-4,0.5,1]},\"short\":[1],\"t\":\"x\",\"w\":[1,true,2]}";
    assert_int_equal(lem_json_parse(text, sizeof text - 1, &row, &err), LEM_OK);
    assert_int_equal(lem_score_sum_parse("s=2*a+o.b", &s, &err), LEM_OK);
    assert_int_equal(lem_score_sum_row(&s, row, 3, v, &err), LEM_OK);
    assert_true(v[0] == -2 && v[1] == 4.5 && isnan(v[2]));
    static const char *const bad[] = {"s=a+short", "s=t", "s=none", "s=w"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(lem_score_sum_parse(bad[i], &s, &err), LEM_OK);
        assert_int_equal(lem_score_sum_row(&s, row, 3, v, &err), LEM_EDATA);
    }
    lem_json_free(row);
}

/* Of five candidates with texts x x y z z, right x and y: all subsets of three, by hand through the formula's
 * words. */
static void test_chance(void **state) {
    (void)state;
    static const uint8_t right[5] = {1, 1, 1, 0, 0};
    static const int32_t text[5] = {0, 0, 2, 3, 3};
    const lem_eval_problem p = {.n = 5, .correct = right, .text = text};
    double count[5] = {0};
    static const struct {
        int subset[3];
        double want;
    } cases[] = {{{0, 1, 2}, 1}, {{0, 1, 3}, 0.5}, {{0, 3, 4}, 0.5}, {{2, 3, 4}, 0.5}, {{0, 2, 3}, 2.0 / 3}};
    for (size_t i = 0; i < 5; i++)
        assert_true(lem_eval_chance(&p, cases[i].subset, 3, count) == cases[i].want);
    for (int i = 0; i < 5; i++) assert_true(count[i] == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_parse), cmocka_unit_test(test_row),
                                       cmocka_unit_test(test_chance)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
