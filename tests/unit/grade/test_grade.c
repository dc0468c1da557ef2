/* test_grade.c - verdicts: what is equal, what is not, and what stays undecided */
#include "grade/grade.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static lem_answer_result compare(const char *gold, const char *pred) {
    lem_err err = LEM_ERR_INIT;
    lem_grade_gold *g = NULL;
    lem_answer_result r;
    assert_int_equal(lem_grade_gold_new(gold, strlen(gold), NULL, &g, &err), LEM_OK);
    assert_int_equal(lem_grade_compare(g, pred, strlen(pred), &r, &err), LEM_OK);
    lem_grade_gold_free(g);
    return r;
}

typedef struct pair {
    const char *gold, *pred;
} pair;

static void expect_all(const pair *p, size_t n, lem_grade_correct want, bool both_ways) {
    for (size_t i = 0; i < n; i++) {
        lem_answer_result r = compare(p[i].gold, p[i].pred);
        if (lem_grade_correct_of(r.verdict) != want)
            fail_msg("'%s' against '%s': %s, %s", p[i].gold, p[i].pred, lem_answer_verdict_name(r.verdict),
                     r.rule);
        if (!both_ways) continue;
        r = compare(p[i].pred, p[i].gold);
        if (lem_grade_correct_of(r.verdict) != want)
            fail_msg("'%s' against '%s' (turned): %s, %s", p[i].pred, p[i].gold,
                     lem_answer_verdict_name(r.verdict), r.rule);
    }
}
#define EXPECT(table, want) expect_all(table, sizeof table / sizeof *table, want, true)

static void numbers(void **state) {
    (void)state;
    static const pair equal[] = {
        {"5", "5"},
        {"5", "5."},
        {"5", "5.0"},
        {"5", "+5"},
        {"007", "7"},
        {"-5", "\xe2\x88\x92"
               "5"},
        {"0.5", ".5"},
        {"0.5", "0.50"},
        {"1/2", "0.5"},
        {"1000", "1,000"},
        {"1000000", "1,000,000"},
        {"1000000", "1{,}000{,}000"},
        {"1000000", "1,\\!000,\\!000"},
        {"10000", "10\\,000"},
        {"1000", "1 000"},
        {"32349", "32,\\! 349"},
        {"1500", "1.5e3"},
        {"0.00015", "1.5E-4"},
        {"1500", "1.5 \\times 10^{3}"},
        {"1500", "1.5\\cdot10^3"},
        {"3e8", "3 \\times 10^8"},
        {"1.0", "1"},
        {"\\frac{1}{2}", "1/2"},
        {"\\frac12", "\\dfrac{1}{2}"},
        {"\\tfrac{3}{4}", "0.75"},
        {"\\frac1{72}", "1/72"},
        {"-\\frac{1}{2}", "\\frac{-1}{2}"},
        {"\\frac{2}{4}", "\\frac{1}{2}"},
        {"2\\frac{1}{2}", "2.5"},
        {"1 1/4", "5/4"},
        {"-1\\frac{1}{2}", "-1.5"},
        {"2^{10}", "1024"},
        {"5!", "120"},
        {"\\binom{5}{2}", "10"},
        {"$5$", "5"},
        {"\\(5\\)", "5"},
        {"\\left(5\\right)", "5"},
        {"3 million", "3000000"},
        {"2 dozen", "24"},
        {"99999999999999999999999999999999999999", "99,999,999,999,999,999,999,999,999,999,999,999,999"},
        {"\xc2\xbd"
         "",
         "\xc2\xbd"},
        {"\\boxed{5}", "5"},
    };
    static const pair different[] = {
        {"5", "6"},
        {"5", "-5"},
        {"1000", "1.000"},
        {"0.5", "0.05"},
        {"50", "0.5"},
        {"1", "100"},
        {"800", "8"},
        {"120000", "120006"},
        {"9007199254740993", "9007199254740992"},
        {"\\frac{1}{2}", "\\frac{1}{3}"},
        {"3.14", "3,14"},
        {"1/2^{99}", "1/2^{98}"},
        {"2\\frac{1}{2}", "1"},
        {"x=5", "y=5"},
        {"5", "\\text{six}"},
        {"5 \\text{ cm}", "6 \\text{ cm}"},
        {"4210_5", "4210_7"},
        {"0.11_2", "0.12_2"},
    };
    EXPECT(equal, LEM_GRADE_RIGHT);
    EXPECT(different, LEM_GRADE_WRONG);
}

/* Money, percent, degrees, units and assignments do not change which number it is. */
static void decorated_numbers(void **state) {
    (void)state;
    static const pair equal[] = {
        {"18", "$18"},
        {"18", "\\$18.00"},
        {"18", "18 dollars"},
        {"18", "\xe2\x82\xac"
               "18"},
        {"25", "25%"},
        {"25\\%", "25"},
        {"25\\%", "0.25"},
        {"90", "90^\\circ"},
        {"90", "90\xc2\xb0"},
        {"90^{\\circ}", "90 degrees"},
        {"5", "5 \\text{ cm}"},
        {"5", "5\\mathrm{~cm}^2"},
        {"5 \\text{ apples}", "5"},
        {"5", "5 apples"},
        {"5 \\text{ hours}", "5 hour"},
        {"2600", "2600 \\, \\text{g}"},
        {"1024", "2^{2\\cdot5}"},
        {"x=5", "5"},
        {"5", "x = 5"},
        {"f(x)=7", "7"},
        {"12", "y=3\\cdot4=12"},
    };
    EXPECT(equal, LEM_GRADE_RIGHT);
}

static void precision_follows_the_gold(void **state) {
    (void)state;
    static const pair equal[] = {{"33.3", "100/3"}, {"33.3", "33.33"},
                                 {"0.33", "0.333"}, {"1.5\\times 10^{3}", "1523"},
                                 {"3.14", "\\pi"},  {"6.28", "2\\pi"}};
    static const pair different[] = {{"100/3", "33.33"},
                                     {"33.33", "33.3"},
                                     {"33.3", "33"},
                                     {"33.3", "33.4"},
                                     {"2\\pi", "6.28"},
                                     {"\\sqrt2", "1.414"},
                                     {"1.5\\times 10^{3}", "1570.5"},
                                     {"0.875", "0.88"}};
    expect_all(equal, sizeof equal / sizeof *equal, LEM_GRADE_RIGHT, false);
    expect_all(different, sizeof different / sizeof *different, LEM_GRADE_WRONG, false);
    assert_int_equal(compare("33.3", "100/3").verdict, LEM_ANSWER_EQUAL_NUMERIC);
}

static void expressions(void **state) {
    (void)state;
    static const pair equal[] = {
        {"\\sqrt{12}", "2\\sqrt{3}"},
        {"\\frac{1}{\\sqrt2}", "\\frac{\\sqrt{2}}{2}"},
        {"\\sqrt[3]{16}", "2\\sqrt[3]{2}"},
        {"\\sqrt[3]{-8}", "-2"},
        {"2\\pi", "\\pi*2"},
        {"2\\pi", "2\xcf\x80"},
        {"\\sqrt{-4}", "2i"},
        {"1+2i", "2i+1"},
        {"(1+i)^2", "2i"},
        {"x^2-1", "(x-1)(x+1)"},
        {"2(x+1)", "2x+2"},
        {"x^2+2x+1", "(x+1)^2"},
        {"\\frac{x}{2}+\\frac{1}{2}", "\\frac{x+1}{2}"},
        {"x^2y", "yx^2"},
        {"\\frac{1}{x+1}", "(x+1)^{-1}"},
        {"\\frac{2}{2x+2}", "\\frac{1}{x+1}"},
        {"\\frac{x^2-1}{x-1}", "x+1"},
        {"\\sin^2 x + \\cos^2 x", "1"},
        {"\\cos 60^\\circ", "\\frac{1}{2}"},
        {"\\log_2 8", "3"},
        {"\\sqrt{3+2\\sqrt2}", "1+\\sqrt2"},
        {"e^{-x}", "\\frac{1}{e^x}"},
        {"n!", "n!"},
        {"|{-3}|", "3"},
        {"x_1+1", "1+x_{1}"},
    };
    static const pair different[] = {
        {"x+1", "x+2"},
        {"\\sqrt2", "\\sqrt3"},
        {"x^2", "x^3"},
        {"a+b", "a-b"},
        {"A", "a"},
        {"\\sqrt{x^2}", "x"},
        {"1+2i", "1-2i"},
        {"\\sin x", "\\cos x"},
        {"e^x", "e^{2x}"},
        {"x", "y"},
        {"3\\sqrt{2}", "2\\sqrt{3}"},
        {"\\sqrt{3+2\\sqrt2}", "1+\\sqrt3"},
    };
    EXPECT(equal, LEM_GRADE_RIGHT);
    EXPECT(different, LEM_GRADE_WRONG);
}

static void structures(void **state) {
    (void)state;
    static const pair equal[] = {
        {"(1,2)", "(1, 2)"},
        {"(1/2, 3)", "\\left(0.5,3\\right)"},
        {"1,2", "2,1"},
        {"1, 2 \\text{ and } 3", "3,2,1"},
        {"\\{1,2\\}", "\\{2,1\\}"},
        {"\\{1,1,2\\}", "\\{1,2\\}"},
        {"\\{1,2\\}", "1,2"},
        {"[0,1)", "[0,1)"},
        {"(-\\infty,2)\\cup(3,\\infty)", "(3,\\infty)\\cup(-\\infty,2)"},
        {"(0,+\\infty)", "(0,\\infty)"},
        {"\\pm 3", "3,-3"},
        {"1\\pm\\sqrt2", "1+\\sqrt2,1-\\sqrt2"},
        {"x<3", "3>x"},
        {"2x+3y=6", "4x+6y=12"},
        {"y=2x+1", "y = 1 + 2x"},
        {"x\\in[1,2]", "[1,2]"},
        {"\\emptyset", "\\{\\}"},
        {"\\mathbb{R}", "(-\\infty,\\infty)"},
        {"\\text{all real numbers}", "\\mathbb{R}"},
        {"\\text{No solution}", "\\emptyset"},
        {"3:2", "3:2"},
        {"\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}",
         "\\begin{bmatrix} 1 & 2 \\\\ 3 & \\frac{8}{2} \\end{bmatrix}"},
        {"\\begin{pmatrix}1\\\\2\\end{pmatrix}", "(1,2)"},
        {"100,200", "100, 200"},
        {"x=2,3", "2,3"},
    };
    static const pair different[] = {
        {"(1,2)", "(2,1)"},
        {"1,2", "1,3"},
        {"1,2", "1"},
        {"[0,1)", "[0,1]"},
        {"(0,1)", "[0,1]"},
        {"x<3", "x>3"},
        {"x<3", "x\\le 3"},
        {"x^2=4", "x^2=5"},
        {"\\pm 3", "3"},
        {"(1,2,3)", "(1,2)"},
        {"\\begin{pmatrix}1&2\\end{pmatrix}", "\\begin{pmatrix}1\\\\2\\end{pmatrix}"},
        {"3:2", "2:3"},
        {"1,1,2", "1,2,2"},
    };
    EXPECT(equal, LEM_GRADE_RIGHT);
    EXPECT(different, LEM_GRADE_WRONG);
}

static void words(void **state) {
    (void)state;
    static const pair equal[] = {{"\\text{Tuesday}", "tuesday"},
                                 {"\\text{even}", "Even."},
                                 {"C", "\\text{(C)}"},
                                 {"C", "(C)"},
                                 {"CD", "$CD$"},
                                 {"xy", "$yx$"},
                                 {"no", "No"},
                                 {"the red one", "Red one"}};
    static const pair different[] = {{"\\text{even}", "odd"}, {"C", "D"}, {"true", "false"}};
    EXPECT(equal, LEM_GRADE_RIGHT);
    EXPECT(different, LEM_GRADE_WRONG);
}

static void units(void **state) {
    (void)state;
    static const pair equal[] = {{"10\\text{ m}", "1000 \\text{ cm}"},
                                 {"2 \\text{ hours}", "120 minutes"},
                                 {"5 \\text{ cm}^2", "5 square centimeters"},
                                 {"36 km/h", "10 \\text{ m/s}"},
                                 {"\\$5", "5 dollars"},
                                 {"50 \\text{ cents}", "0.5 dollars"},
                                 {"4:30\\text{ p.m.}", "4:30 PM"},
                                 {"\\text{4:30 p.m.}", "4:30 \\text{ p.m.}"},
                                 {"60 mph", "60 miles per hour"},
                                 {"4:30", "4:30 p.m."}};
    static const pair different[] = {{"10\\text{ m}", "10\\text{ cm}"},
                                     {"5\\text{ cm}", "5\\text{ cm}^2"},
                                     {"5 kg", "5 hours"},
                                     {"4:30 p.m.", "4:30 a.m."},
                                     {"5 apples", "6 oranges"}};
    EXPECT(equal, LEM_GRADE_RIGHT);
    EXPECT(different, LEM_GRADE_WRONG);
    assert_int_equal(compare("5 apples", "5 oranges").verdict, LEM_ANSWER_LIMIT);
}

static void undecided(void **state) {
    (void)state;
    assert_int_equal(compare("5", "").verdict, LEM_ANSWER_NO_ANSWER);
    assert_int_equal(compare("5", "  ").verdict, LEM_ANSWER_NO_ANSWER);
    assert_int_equal(compare("", "5").verdict, LEM_ANSWER_GOLD_UNPARSED);
    assert_int_equal(compare("5", "10+John's age").verdict, LEM_ANSWER_PREDICTION_UNPARSED);
    assert_int_equal(compare("d=4{10}, M=((", "4").verdict, LEM_ANSWER_GOLD_UNPARSED);
    assert_int_equal(compare("5", "\\frac{5}{0}").verdict, LEM_ANSWER_PREDICTION_UNPARSED);
    assert_int_equal(compare("5", "\\weird{5}").verdict, LEM_ANSWER_PREDICTION_UNPARSED);
    assert_int_equal(compare("\\weird{5}", "\\weird {5}").verdict,
                     LEM_ANSWER_EQUAL_EXACT); /* same text, though nobody can read it */
    assert_int_equal(lem_grade_correct_of(LEM_ANSWER_NO_ANSWER), LEM_GRADE_WRONG);
    assert_int_equal(lem_grade_correct_of(LEM_ANSWER_DIFFERENT_KIND), LEM_GRADE_WRONG);
    assert_int_equal(lem_grade_correct_of(LEM_ANSWER_PREDICTION_UNPARSED), LEM_GRADE_UNDECIDED);
    assert_int_equal(lem_grade_correct_of(LEM_ANSWER_GOLD_UNPARSED), LEM_GRADE_UNDECIDED);
    assert_int_equal(lem_grade_correct_of(LEM_ANSWER_LIMIT), LEM_GRADE_UNDECIDED);
}

/* Towers, long literals, deep brackets: an end within the bound, never a verdict by accident. */
static void bounded(void **state) {
    (void)state;
    static const char *const towers[] = {"5^{5^{5^{5^5}}}",
                                         "10^{10^{10^{10}}}",
                                         "(10^6)!",
                                         "2^{2^{2^{2^{2^{2}}}}}",
                                         "10^{5^{5^5}}",
                                         "\\binom{10^7}{5\\cdot10^6}",
                                         "9^{9^{9^9}}",
                                         "1e999999",
                                         "1e-999999",
                                         "(x+1)^{1000}",
                                         "((x+y+z+1)^{16})^{16}"};
    for (size_t i = 0; i < sizeof towers / sizeof *towers; i++) {
        lem_answer_result r = compare("7", towers[i]);
        assert_int_not_equal(lem_grade_correct_of(r.verdict), LEM_GRADE_RIGHT);
        (void)compare(towers[i], "7");
    }
    char *t = malloc(200002);
    assert_non_null(t);
    memset(t, '(', 200000);
    t[200000] = '\0';
    assert_int_equal(compare("5", t).verdict, LEM_ANSWER_LIMIT);
    t[8000] = '\0';
    assert_int_not_equal(lem_grade_correct_of(compare("5", t).verdict), LEM_GRADE_RIGHT);
    memset(t, '9', 8000);
    assert_int_equal(compare(t, t).verdict, LEM_ANSWER_EQUAL_EXACT);
    assert_int_equal(compare("5", t).verdict, LEM_ANSWER_NOT_EQUAL);
    for (int i = 0; i + 8 <= 8000; i += 8) memcpy(t + i, "\\frac{1}", 8);
    (void)compare("5", t);
    for (int i = 0; i < 8000; i += 2) memcpy(t + i, "x+", 2);
    t[7999] = '\0';
    (void)compare("5", t);
    for (int i = 0; i < 8000; i += 2) memcpy(t + i, "1,", 2);
    t[7999] = '\0';
    (void)compare(t, t + 2);
    for (int i = 0; i < 7999; i++) t[i] = i % 2 ? '^' : '3';
    (void)compare("5", t);
    memset(t, '!', 7999);
    t[0] = '3';
    (void)compare("5", t);
    memset(t, '-', 7998);
    t[7998] = '5';
    assert_int_equal(compare("-5", t).verdict, LEM_ANSWER_NOT_EQUAL);
    assert_int_equal(compare("5", t).verdict, LEM_ANSWER_EQUAL_EXACT);
    free(t);
}

static void keys(void **state) {
    (void)state;
    static const char *const same[][4] = {{"1/2", "0.5", "\\frac12", "x = 0.50"},
                                          {"\\sqrt{12}", "2\\sqrt3", "\\sqrt{4\\cdot 3}", "2*3^{1/2}"},
                                          {"1,2", "2,1", "\\{1,2\\}", "2 and 1"},
                                          {"1000", "1,000", "\\$1000", "1000 dollars"},
                                          {"Yes", "yes", "\\text{Yes}", "yes."}};
    lem_err err = LEM_ERR_INIT;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        lem_buf first = {0}, b = {0};
        assert_int_equal(lem_grade_key(same[i][0], strlen(same[i][0]), &first, &err), LEM_OK);
        for (int k = 1; k < 4; k++) {
            lem_buf_clear(&b);
            assert_int_equal(lem_grade_key(same[i][k], strlen(same[i][k]), &b, &err), LEM_OK);
            if (strcmp(lem_buf_str(&first), lem_buf_str(&b)) != 0)
                fail_msg("'%s' has key '%s', '%s' has '%s'", same[i][0], lem_buf_str(&first), same[i][k],
                         lem_buf_str(&b));
        }
        lem_buf_release(&first);
        lem_buf_release(&b);
    }
    lem_buf x = {0}, y = {0};
    assert_int_equal(lem_grade_key("0.33", 4, &x, &err), LEM_OK);
    assert_int_equal(lem_grade_key("1/3", 3, &y, &err), LEM_OK);
    assert_string_not_equal(lem_buf_str(&x), lem_buf_str(&y));
    lem_buf_clear(&x);
    lem_buf_clear(&y);
    assert_int_equal(lem_grade_key("", 0, &x, &err), LEM_OK);
    assert_string_equal(lem_buf_str(&x), "");
    assert_int_equal(lem_grade_key("\\weird{5}", 9, &y, &err), LEM_OK);
    assert_string_equal(lem_buf_str(&y), "?\\weird{5}");
    lem_buf_release(&x);
    lem_buf_release(&y);
}

static void explains(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_buf b = {0};
    lem_answer_result r;
    const char *response = "So it is \\boxed{0.5}.";
    assert_int_equal(lem_grade_explain("\\frac{1}{2}", 11, response, strlen(response), NULL, &b, &r, &err),
                     LEM_OK);
    assert_int_equal(r.verdict, LEM_ANSWER_EQUAL_EXACT);
    assert_non_null(strstr(lem_buf_str(&b), "bytes 16..19 by boxed"));
    assert_non_null(strstr(lem_buf_str(&b), "equal_exact"));
    assert_non_null(strstr(lem_buf_str(&b), "exact rational"));
    lem_buf_release(&b);
}

static void whole_responses(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_grade_gold *g = NULL;
    lem_answer_result r;
    lem_grade_span s;
    assert_int_equal(
        lem_grade_gold_new("18", 2, &(lem_grade_profile){.task = LEM_GRADE_TASK_GSM8K}, &g, &err), LEM_OK);
    assert_true(lem_grade_gold_ok(g));
    const char *t = "9*2=$<<9*2=18>>18\nA: 18";
    assert_int_equal(lem_grade_response(g, t, strlen(t), NULL, &s, &r, &err), LEM_OK);
    assert_int_equal(r.verdict, LEM_ANSWER_EQUAL_EXACT);
    assert_int_equal(s.method, LEM_GRADE_BY_A_LINE);
    assert_int_equal(lem_grade_response(g, "nothing", 7, NULL, &s, &r, &err), LEM_OK);
    assert_int_equal(r.verdict, LEM_ANSWER_NO_ANSWER);
    lem_grade_gold_free(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(numbers),
                                       cmocka_unit_test(decorated_numbers),
                                       cmocka_unit_test(precision_follows_the_gold),
                                       cmocka_unit_test(expressions),
                                       cmocka_unit_test(structures),
                                       cmocka_unit_test(words),
                                       cmocka_unit_test(units),
                                       cmocka_unit_test(undecided),
                                       cmocka_unit_test(bounded),
                                       cmocka_unit_test(keys),
                                       cmocka_unit_test(explains),
                                       cmocka_unit_test(whole_responses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
