/* test_decide.c - hard equivalences and near misses: verdict, kind of certificate, symmetry */
#include "core/file.h"
#include "core/json.h"
#include "grade/grade.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static lem_grade_result compare(const char *gold, const char *pred) {
    lem_err err = LEM_ERR_INIT;
    lem_grade_gold *g = NULL;
    lem_grade_result r;
    assert_int_equal(lem_grade_gold_new(gold, strlen(gold), NULL, &g, &err), LEM_OK);
    assert_int_equal(lem_grade_compare(g, pred, strlen(pred), &r, &err), LEM_OK);
    lem_grade_gold_free(g);
    return r;
}

/* "exact" asks for a proof, "numeric" for either kind of equality, "different" for a certificate. */
static bool meets(const char *expect, lem_grade_verdict v) {
    if (strcmp(expect, "exact") == 0) return v == LEM_GRADE_EQUAL_EXACT;
    if (strcmp(expect, "numeric") == 0) return v == LEM_GRADE_EQUAL_EXACT || v == LEM_GRADE_EQUAL_NUMERIC;
    return strcmp(expect, "different") == 0 && v == LEM_GRADE_NOT_EQUAL;
}

static void hard_pairs(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_lines *lines = NULL;
    const char *line;
    size_t len;
    bool eof = false;
    int rows = 0, missed = 0, lopsided = 0;
    assert_int_equal(lem_lines_open(LEMMA_TEST_DATA "/grading/hard.jsonl", 65536, &lines, &err), LEM_OK);
    while (lem_lines_next(lines, &line, &len, &eof, &err) == LEM_OK && !eof) {
        lem_json *row = NULL;
        assert_int_equal(lem_json_parse(line, len, &row, &err), LEM_OK);
        const char *gold = lem_json_str(lem_json_get(row, "gold"), NULL), *pred = lem_json_str(lem_json_get(row, "pred"), NULL),
                   *expect = lem_json_str(lem_json_get(row, "expect"), NULL);
        assert_true(gold && pred && expect);
        lem_grade_result r = compare(gold, pred), s = compare(pred, gold);
        rows++;
        if (!meets(expect, r.verdict)) {
            missed++;
            print_message("'%s' against '%s': %s expected, %s (%s)\n", gold, pred, expect, lem_grade_verdict_name(r.verdict), r.rule);
        }
        if (r.verdict != s.verdict) {
            lopsided++;
            print_message("'%s' against '%s': %s (%s), turned %s (%s)\n", gold, pred, lem_grade_verdict_name(r.verdict), r.rule,
                          lem_grade_verdict_name(s.verdict), s.rule);
        }
        lem_json_free(row);
    }
    lem_lines_close(lines);
    print_message("%d hard pairs: %d not as expected, %d not symmetric\n", rows, missed, lopsided);
    assert_true(rows >= 72);
    assert_int_equal(missed, 0);
    assert_int_equal(lopsided, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(hard_pairs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
