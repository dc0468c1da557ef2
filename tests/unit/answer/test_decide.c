/* test_decide.c - hard equivalences and near misses: verdict, kind of certificate, symmetry */
#include "core/mem.h"
#include "pairs.h"

#include "answer/decide/decide_priv.h"
#include "core/file.h"
#include "core/json.h"

#include <pthread.h>

/* "exact" asks for a proof, "numeric" for either kind of equality, "different" for a certificate. */
static bool meets(const char *expect, lem_answer_verdict v) {
    if (strcmp(expect, "exact") == 0) return v == LEM_ANSWER_EQUAL_EXACT;
    if (strcmp(expect, "numeric") == 0) return v == LEM_ANSWER_EQUAL_EXACT || v == LEM_ANSWER_EQUAL_NUMERIC;
    return strcmp(expect, "different") == 0 && v == LEM_ANSWER_NOT_EQUAL;
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
        const char *gold = lem_json_str(lem_json_get(row, "gold"), NULL),
                   *pred = lem_json_str(lem_json_get(row, "pred"), NULL),
                   *expect = lem_json_str(lem_json_get(row, "expect"), NULL);
        assert_true(gold && pred && expect);
        lem_answer_result r = compare(gold, pred), s = compare(pred, gold);
        rows++;
        if (!meets(expect, r.verdict)) {
            missed++;
            print_message("'%s' against '%s': %s expected, %s (%s)\n", gold, pred, expect,
                          lem_answer_verdict_name(r.verdict), r.rule);
        }
        if (r.verdict != s.verdict) {
            lopsided++;
            print_message("'%s' against '%s': %s (%s), turned %s (%s)\n", gold, pred,
                          lem_answer_verdict_name(r.verdict), r.rule, lem_answer_verdict_name(s.verdict),
                          s.rule);
        }
        lem_json_free(row);
    }
    lem_lines_close(lines);
    print_message("%d hard pairs: %d not as expected, %d not symmetric\n", rows, missed, lopsided);
    assert_true(rows >= 72);
    assert_int_equal(missed, 0);
    assert_int_equal(lopsided, 0);
}

static const char *const values[] = {"\\sqrt{3+2\\sqrt2}",
                                     "1+\\sqrt2",
                                     "e^{\\pi\\sqrt{163}}",
                                     "262537412640768744",
                                     "\\frac{22}{7}",
                                     "\\pi",
                                     "\\sqrt[3]{-8}",
                                     "-2",
                                     "\\cos\\frac{\\pi}{7}",
                                     "\\frac{9}{10}",
                                     "3.14",
                                     "\\ln 2"};
enum { N_VALUES = sizeof values / sizeof *values };

/* Places in ascending order; equal values share one. */
static const int place[N_VALUES] = {4, 4, 8, 9, 7, 6, 0, 0, 3, 2, 5, 1};

static void orders(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    for (int i = 0; i < N_VALUES; i++)
        for (int j = 0; j < N_VALUES; j++) {
            lem_work w;
            assert_int_equal(lem_work_init(&w, &err), LEM_OK);
            ast_node *a = lem_answer_parse(&w, values[i], strlen(values[i])),
                     *b = lem_answer_parse(&w, values[j], strlen(values[j]));
            assert_non_null(a);
            assert_non_null(b);
            int want = place[i] < place[j] ? -1 : place[i] > place[j];
            if (lem_decide_order(&w, a, b) != want)
                fail_msg("order of %s and %s is not %d", values[i], values[j], want);
            lem_work_release(&w);
        }
}

static bool within(const char *x, const char *y, const char *tolerance) {
    lem_err err = LEM_ERR_INIT;
    lem_work w;
    assert_int_equal(lem_work_init(&w, &err), LEM_OK);
    ast_node *a = lem_answer_parse(&w, x, strlen(x)), *b = lem_answer_parse(&w, y, strlen(y));
    assert_non_null(a);
    assert_non_null(b);
    bool yes = lem_decide_within(&w, a, b, lem_rat_decimal(&w, tolerance, strlen(tolerance), 0));
    lem_work_release(&w);
    return yes;
}

static void tolerances(void **state) {
    (void)state;
    assert_true(within("3.14", "\\pi", "0.005"));
    assert_false(within("3.14", "\\pi", "0.0015"));
    assert_true(within("3.14159265358979323846264338327950288419716939937510", "\\pi",
                       "0.00000000000000000000000000000000000000000000000001"));
    assert_false(within("3.14159265358979323846264338327950288419716939937510", "\\pi",
                        "0.000000000000000000000000000000000000000000000000005"));
    assert_true(within("\\sqrt2", "1.5", "0.1"));
    assert_false(within("\\sqrt{-2}", "1.5", "100"));
    assert_false(within("x", "x", "1")); /* constants only */
}

static void *all_verdicts(void *out) {
    lem_answer_result *r = out;
    for (int i = 0; i < N_VALUES * N_VALUES; i++) r[i] = compare(values[i / N_VALUES], values[i % N_VALUES]);
    lem_mem_leave_thread();
    return NULL;
}

/* The same verdicts and rules on every thread, whatever its FLINT has cached. */
static void threads(void **state) {
    (void)state;
    enum { THREADS = 4 };
    static lem_answer_result r[THREADS + 1][N_VALUES * N_VALUES];
    pthread_t t[THREADS];
    for (int k = 0; k < THREADS; k++) assert_int_equal(pthread_create(&t[k], NULL, all_verdicts, r[k]), 0);
    for (int k = 0; k < THREADS; k++) assert_int_equal(pthread_join(t[k], NULL), 0);
    (void)all_verdicts(r[THREADS]);
    for (int k = 0; k < THREADS; k++)
        for (int i = 0; i < N_VALUES * N_VALUES; i++) {
            assert_int_equal(r[k][i].verdict, r[THREADS][i].verdict);
            assert_ptr_equal(r[k][i].rule, r[THREADS][i].rule);
        }
}

/* What is apart is different, and what is a multiple is one; of anything else neither is said. */
static const struct {
    const char *a, *b;
    bool apart, multiple;
} cheap[] = {{"\\sin x", "\\cos x", true, false},
             {"\\sin x", "-2\\sin x", true, true},
             {"\\sin^2 x+\\cos^2 x", "1", false, false},
             {"e^{-t}", "\\frac{e^{-t}}{3}", true, true},
             {"\\cosh x", "\\frac{e^x+e^{-x}}{2}", false, false},
             {"\\sqrt{3+2\\sqrt2}", "1+\\sqrt2", false, false},
             {"\\sqrt{3+2\\sqrt2}", "1+\\sqrt3", true, false},
             {"\\frac{x^2-1}{x-1}", "x+1", false, false},
             {"\\frac{x^2-1}{x-1}", "x+2", true, false},
             {"3", "5", true, true},
             {"0", "x", true, false},
             {"0", "0", false, false},
             {"\\gcd(a,b)", "\\gcd(a,c)", false, false},
             {"\\infty", "3", false, false}};

static void cheap_steps(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    for (size_t k = 0; k < 2 * sizeof cheap / sizeof *cheap; k++) {
        const char *x = k % 2 ? cheap[k / 2].b : cheap[k / 2].a;
        const char *y = k % 2 ? cheap[k / 2].a : cheap[k / 2].b;
        lem_work w;
        assert_int_equal(lem_work_init(&w, &err), LEM_OK);
        ast_node *a = lem_answer_parse(&w, x, strlen(x)), *b = lem_answer_parse(&w, y, strlen(y));
        assert_true(a && b);
        bool apart = lem_decide_apart(&w, a, b), multiple = lem_decide_multiple(&w, a, b);
        if (apart != cheap[k / 2].apart || multiple != cheap[k / 2].multiple)
            print_message("%s | %s: apart %d, multiple %d\n", x, y, apart, multiple);
        assert_int_equal(apart, cheap[k / 2].apart);
        assert_int_equal(multiple, cheap[k / 2].multiple);
        lem_work_release(&w);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(hard_pairs), cmocka_unit_test(orders),
                                       cmocka_unit_test(tolerances), cmocka_unit_test(cheap_steps),
                                       cmocka_unit_test(threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
