/* test_quality.c - pairs, AUC, length and truncation of a score, on rows worked out by hand */
#include "../checks.h"
#include "eval/quality.h"

#include <math.h>

static const uint8_t right_a[] = {1, 0, 1, 0}, right_b[] = {1, 1, 1}, right_c[] = {0, 1, 0};
static const uint8_t cut_a[] = {0, 1, 0, 0}, cut_b[] = {0, 0, 0}, cut_c[] = {1, 1, 0};
static const double score_a[] = {3, 1, 0.5, 0.5}, score_b[] = {1, 2, 3}, score_c[] = {2, -INFINITY, 1};
static const double length_a[] = {10, 20, 30, 40}, length_b[] = {5, 6, 7}, length_c[] = {9, 8, 9};

static lem_eval_problem problem(int n, const uint8_t *right, const double *score, const double *length,
                                const uint8_t *cut) {
    return (lem_eval_problem){.n = n, .correct = right, .score = {score}, .length = length, .cut = cut};
}

static void near(double is, double want) {
    if (!(fabs(is - want) < 1e-12)) print_error("%.17g, not %.17g\n", is, want);
    assert_true(fabs(is - want) < 1e-12);
}

static void by_hand(void **state) {
    (void)state;
    const lem_eval_problem p[] = {problem(4, right_a, score_a, length_a, cut_a),
                                  problem(3, right_b, score_b, length_b, cut_b),
                                  problem(3, right_c, score_c, length_c, cut_c)};
    lem_eval_quality q;
    OK(lem_eval_quality_of(p, 3, 0, NULL, &q, &err));
    /* a: (3 > 1), (3 > .5), (.5 < 1), (.5 = .5) -> 2.5 of 4; b has no wrong one, c no right one with a score
     */
    assert_int_equal(q.problems, 1);
    near(q.pairs, 2.5 / 4);
    assert_int_equal(q.scored, 9);
    assert_int_equal(q.right, 5);
    /* right 3 .5 1 2 3; wrong 1 .5 2 1: above 1: 3, 2, 3; ties at 1 (two), .5 and 2 */
    double pairs = 0;
    const double r[] = {3, .5, 1, 2, 3}, w[] = {1, .5, 2, 1};
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < 4; k++) pairs += (r[i] > w[k]) + 0.5 * (fabs(r[i] - w[k]) < 1e-9);
    near(q.auc.area, pairs / 20);
    /* ended above cut: a: 3 > 1, .5 < 1 twice -> 1/3; b: no cut one; c: 2 (cut) > 1 -> 0 */
    near(q.ended, (1.0 / 3 + 0) / 2);
    /* Spearman: a: ranks 4 3 1.5 1.5 against 1 2 3 4 -> -4.5 / sqrt(4.5 * 5); b: 1; c: lengths 9 9 do not
     * vary */
    near(q.length, (-4.5 / sqrt(4.5 * 5) + 1) / 2);
    /* a: 1 0 1 0 against 1 2 3 4 -> -1 / sqrt(5); b: labels do not vary */
    near(q.label_length, -1 / sqrt(5));
}

static void as_json_and_text(void **state) {
    (void)state;
    const lem_eval_problem p[] = {problem(4, right_a, score_a, NULL, NULL),
                                  problem(3, right_b, score_b, NULL, NULL)};
    const char *const name[] = {"rm"};
    lem_eval_quality q;
    lem_buf b = {0};
    OK(lem_eval_quality_of(p, 2, 0, NULL, &q, &err));
    lem_json *j = lem_eval_quality_json("rm", &q);
    assert_non_null(j);
    assert_int_equal(lem_json_int(lem_json_get(j, "problems"), 0), 1);
    assert_null(lem_json_get(j, "length_rho"));
    assert_null(lem_json_get(j, "ended_pairs"));
    assert_null(lem_json_get(j, "ci95")); /* wrong ones stand in one problem alone */
    lem_json_free(j);
    lem_eval_quality_table(name, &q, 1, &b);
    assert_non_null(strstr(lem_buf_str(&b), "rm                 0.625         1    0.800"));
    lem_buf_clear(&b);
    q.problems = 0;
    lem_eval_quality_table(name, &q, 1, &b);
    assert_int_equal(b.len, 0);
    lem_buf_release(&b);
}

/* Scores .1 .15 (one right) and 1 .95 (both right): |.25 - 1| + |1.95 - 2| over 4. */
static void calibrated(void **state) {
    (void)state;
    static const uint8_t right[] = {1, 0, 1, 1};
    static const double score[] = {.1, .15, 1, .95};
    const lem_eval_problem p = problem(4, right, score, NULL, NULL),
                           q = problem(4, right_a, score_a, NULL, NULL);
    lem_eval_quality out;
    OK(lem_eval_quality_of(&p, 1, 0, NULL, &out, &err));
    near(out.ece, (0.75 + 0.05) / 4);
    OK(lem_eval_quality_of(&q, 1, 0, NULL, &out, &err));
    assert_true(isnan(out.ece)); /* scores above 1 */
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_hand), cmocka_unit_test(as_json_and_text),
                                       cmocka_unit_test(calibrated)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
