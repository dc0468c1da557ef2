/* test_bounds - a gold that is too long says so, and a prediction is read on fuel of its own, as the gold was
 */
#include "../checks.h"
#include "answer/answer.h"
#include "answer/work.h"
#include "core/buf.h"
#include "grade/grade.h"

static lem_answer_verdict verdict(const char *gold, size_t n, const char *pred) {
    lem_grade_gold *g = NULL;
    lem_answer_result r;
    OK(lem_grade_gold_new(gold, n, NULL, &g, &err));
    OK(lem_grade_compare(g, pred, strlen(pred), &r, &err));
    lem_grade_gold_free(g);
    return r.verdict;
}

static void long_gold(void **state) {
    (void)state;
    char gold[LEM_ANSWER_MAX_BYTES + 1];
    memset(gold, '1', sizeof gold);
    assert_int_equal(verdict(gold, sizeof gold, "1"), LEM_ANSWER_LIMIT);
    assert_int_equal(verdict(gold, sizeof gold - 1, "1"), LEM_ANSWER_NOT_EQUAL);
    assert_int_equal(verdict("", 0, "1"), LEM_ANSWER_GOLD_UNPARSED);
}

/* A sum of powers, which takes most of the fuel to read, and one of roots, which takes most of it to compare.
 */
static void own_fuel(void **state) {
    (void)state;
    lem_buf gold = {0}, pred = {0};
    for (int i = 0; i < 80; i++) lem_buf_printf(&gold, "%s3^{%d}", i ? "+" : "(", 5000 - i);
    for (int i = 0; i < 500; i++) lem_buf_printf(&gold, "%s\\sqrt{%d}", i ? "+" : ", ", 2 * i + 3);
    lem_buf_printf(&pred, "%s+0)", lem_buf_str(&gold));
    lem_buf_puts(&gold, ")");
    assert_true(pred.len < LEM_ANSWER_MAX_BYTES);
    lem_work w;
    OK(lem_work_init(&w, &err));
    int64_t all = w.fuel;
    lem_answer a = lem_answer_read(&w, &(lem_answer_dialect){false}, lem_buf_str(&pred), pred.len);
    assert_int_equal(a.state, LEM_ANSWER_READ);
    assert_true(w.fuel < all / 4); /* else the test shows nothing */
    lem_work_release(&w);
    assert_int_equal(verdict(gold.data, gold.len, lem_buf_str(&pred)), LEM_ANSWER_EQUAL_EXACT);
    assert_int_equal(verdict(pred.data, pred.len, lem_buf_str(&gold)), LEM_ANSWER_EQUAL_EXACT);
    lem_buf_release(&gold);
    lem_buf_release(&pred);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(long_gold), cmocka_unit_test(own_fuel)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
