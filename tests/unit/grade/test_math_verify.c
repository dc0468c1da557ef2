/* test_math_verify.c - the math-verify mode against the verdicts of the package: 2,000 pairs of the kinds of
 * the second round (the shared cases that were chosen to find faults, our own, mutated golds), Math-Verify
 * 0.9.0 */
#include "grade/grade.h"

#include "core/file.h"
#include "core/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

enum { PAIRS = 2000, MOST_DIFFERENT = 20 };

static bool equal_by_mode(const char *gold, const char *pred) {
    lem_err err = LEM_ERR_INIT;
    lem_grade_profile p = {.policy = LEM_GRADE_MATH_VERIFY};
    lem_grade_gold *g = NULL;
    lem_answer_result r;
    assert_int_equal(lem_grade_gold_new(gold, strlen(gold), &p, &g, &err), LEM_OK);
    assert_int_equal(lem_grade_compare(g, pred, strlen(pred), &r, &err), LEM_OK);
    lem_grade_gold_free(g);
    return lem_grade_correct_of(r.verdict) == LEM_GRADE_RIGHT;
}

static void verdicts_of_the_package(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_lines *l = NULL;
    int pairs = 0, different = 0;
    assert_int_equal(lem_lines_open(LEMMA_TEST_DATA "/grading/math_verify.jsonl.gz", 1 << 20, &l, &err),
                     LEM_OK);
    for (;; pairs++) {
        const char *line;
        size_t len;
        bool eof;
        lem_json *row = NULL;
        assert_int_equal(lem_lines_next(l, &line, &len, &eof, &err), LEM_OK);
        if (eof) break;
        assert_int_equal(lem_json_parse(line, len, &row, &err), LEM_OK);
        const char *gold = lem_json_str(lem_json_get(row, "gold"), ""),
                   *pred = lem_json_str(lem_json_get(row, "pred"), "");
        bool equal = lem_json_bool(lem_json_get(row, "equal"), false);
        if (equal_by_mode(gold, pred) != equal) {
            different++;
            print_message("%s\t%s\tthe package says %s\n", gold, pred, equal ? "equal" : "different");
        }
        lem_json_free(row);
    }
    lem_lines_close(l);
    print_message("%d of %d verdicts differ\n", different, pairs);
    assert_int_equal(pairs, PAIRS);
    assert_true(different <= MOST_DIFFERENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(verdicts_of_the_package)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
