/* test_compat_qwen.c - the qwen mode against the verdicts of the real grader (bench/peers/qwen.py), case by
 * case and rule by rule */
#include "grade/grade.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static lem_answer_result compare(const char *gold, const char *pred, lem_grade_task task) {
    lem_err err = LEM_ERR_INIT;
    lem_grade_gold *g = NULL;
    lem_answer_result r;
    lem_grade_profile profile = {.policy = LEM_GRADE_QWEN, .task = task};
    assert_int_equal(lem_grade_gold_new(gold, strlen(gold), &profile, &g, &err), LEM_OK);
    assert_int_equal(lem_grade_compare(g, pred, strlen(pred), &r, &err), LEM_OK);
    lem_grade_gold_free(g);
    return r;
}

typedef struct example {
    const char *gold, *pred;
    bool equal; /* as the real grader says, both answers cleaned as MATH's are */
} example;

static const example examples[] = {
    {"42", "42", true},
    {"42", "43", false},
    {"Yes", "yes", true},
    {"1,000", "1000", true},
    {"0.5", "\\frac{1}{2}", true},
    {"50", "0.5", true},
    {"50", "5000", true},
    {"50", "500", false},
    {"25", "25\\%", true},
    {"120000", "120006", true},
    {"120000", "120013", false},
    {"1/3", "0.3333", true},
    {"1/3", "0.333", false},
    {"10 cm", "10 m", true},
    {"12 apples", "12 oranges", false},
    {"3\\text{ kg}", "3", true},
    {"5t", "5", false},
    {"five", "5", true},
    {"twenty-three", "23", true},
    {"two point five", "2.5", true},
    {"007", "7", true},
    {"12.000", "12", true},
    {".5", "0.5", true},
    {"x=5", "y=5", true},
    {"k = 5", "5", true},
    {"abc=5", "5", false},
    {"(1,2)", "[1,2]", true},
    {"(1,2)", "[1,2)", true},
    {"(1,2)", "(2,1)", false},
    {"(1,2)", "(1,2,3)", false},
    {"(\\frac{1}{2},3)", "(0.5,3)", true},
    {"[0.5,3)", "(\\frac12,3]", true},
    {"1,-3", "1,-2", true},
    {"1,-3", "2,-3", false},
    {"\\{1,2\\}", "\\{2,1\\}", true},
    {"\\{1,2\\}", "\\{2,1,3\\}", false},
    {"x+y=1", "2x+2y=2", false},
    {"x+y=1", "-x-y=-1", false},
    {"x+y=1", "1-y-x=0", false},
    {"x<3", "x>3", true},
    {"x<3", "x<4", false},
    {"abc", "cba", true},
    {"abc", "abd", false},
    {"x^2-1", "(x-1)(x+1)", true},
    {"x(x+1)", "x^2+x", false},
    {"(x+1)x", "x^2+x", true},
    {"\\sqrt{x^2}", "x", false},
    {"\\sqrt{1/n}", "\\frac{1}{\\sqrt{n}}", false},
    {"2\\sqrt{2}", "\\sqrt{8}", true},
    {"\\sqrt{2}", "1.41421", true},
    {"\\sqrt{2}", "1.414", false},
    {"\\sqrt{2}", "1.41", false},
    {"\\pi", "3.14159", false},
    {"2\\pi r", "2r\\pi", false},
    {"\\sin^2(y)+\\cos^2(y)", "1", true},
    {"\\tan^2(y)+1", "\\sec^2(y)", false},
    {"\\log_2 8", "3", true},
    {"\\log_28", "3", true},
    {"5!", "120", true},
    {"\\binom{5}{2}", "10", true},
    {"4210_5", "4210_7", true},
    {"90^\\circ", "90", true},
    {"3\\pm\\sqrt{2}", "3+\\sqrt{2}", false},
    {"\\infty", "-\\infty", false},
    {"\\infty", "inf", true},
    {"(-\\infty,\\infty)", "\\mathbb{R}", true},
    {"\\emptyset", "\\{\\}", true},
    {"\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}", "\\begin{bmatrix}1&2\\\\3&4\\end{bmatrix}", true},
    {"\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}", "\\begin{pmatrix}1&2\\\\3&5\\end{pmatrix}", false},
    {"\\begin{pmatrix}0.29\\\\0.196\\end{pmatrix}", "\\begin{pmatrix}0.2902\\\\0.1960\\end{pmatrix}", true},
    {"\\begin{array}{c}1\\\\2\\end{array}", "\\begin{pmatrix}1\\\\2\\end{pmatrix}", true},
    {"A", "(A)", true},
    {"A", "The answer is A", true},
    {"B", "A or B", true},
    {"ABD", "A, B, D", true},
    {"3\\frac{1}{2}", "3.5", false},
    {"3\\frac{1}{2}", "1.5", true},
    {"1.5\\times10^3", "1500", true},
    {"1.5e3", "1500", true},
    {"x-(3", "x", true},
    {"2(1,3)", "2", true},
    {"1<x<2", "1<x<2", true},
    {"1 < x < 2", "2 > x > 1", false},
    {"3x4", "12", true},
    {"\\frac12", "\\frac{1}{2}", true},
    {"\\tfrac{1}{2}", "\\dfrac{1}{2}", true},
    {"6+9i", "9i+6", true},
    {"6+9j", "6+9i", true},
    {"i^2", "-1", false},
    {"e^x", "e^{x}", true},
    {"|x-1|", "|1-x|", true},
    {"f(x)=x^2", "x^2", false},
    {"y=x^2", "x^2", true},
    {"n^{2}", "n^2", true},
    {"x=1,2", "1,2", true},
    {"4:30", "4.5", false},
    {"1:2", "0.5", true},
    {"\\text{blue}", "blue", true},
    {"\\text{east}", "east", true},
    {"1/0", "2/0", false},
    {"\\sum_{i=1}^{3}i", "6", true},
    {"x_1+x_2", "x_2+x_1", true},
    {"\\overline{AB}", "\\overline{BA}", true},
    {"11\\sqrt2", "11\\sqrt{2}", true},
    {"1\\,000", "1000", true},
    {"10{,}000", "10000", false},
};

static void test_verdicts(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const example *e = &examples[i];
        lem_answer_result r = compare(e->gold, e->pred, LEM_GRADE_TASK_STD);
        if ((lem_grade_correct_of(r.verdict) == LEM_GRADE_RIGHT) != e->equal)
            fail_msg("'%s' against '%s': %s, %s", e->gold, e->pred, lem_answer_verdict_name(r.verdict),
                     r.rule);
        assert_memory_equal(r.rule, "qwen: ", 6);
    }
}

static void test_rules(void **state) {
    (void)state;
    static const struct {
        const char *gold, *pred, *rule;
    } rules[] = {
        {"50", "5000", "qwen: number, a hundred times the gold"},
        {"50", "0.5", "qwen: number, a hundredth of the gold"},
        {"100", "100.001", "qwen: number within 1e-4"},
        {"YES", "yes", "qwen: same text"},
        {"C", "(C) because", "qwen: same text"}, /* main() cleans the prediction before the comparison */
        {"(a,b]", "[a,b)", "qwen: equal part by part"},
        {"(xn)", "xn", "qwen: same text without brackets"},
        {"\\sqrt{8}", "2\\sqrt{2}", "qwen: equal expressions"},
        {"\\frac{1}{3}", "0.33334", "qwen: values within 1e-4"},
        {"pq+u=7", "7-pq=u", "qwen: equations, sides subtracted"},
        {"7", "8", "qwen: not equal"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        assert_string_equal(compare(rules[i].gold, rules[i].pred, LEM_GRADE_TASK_STD).rule, rules[i].rule);
}

/* Minerva's golds keep letters that other tasks lose as units. */
static void test_minerva_keeps_units(void **state) {
    (void)state;
    assert_int_equal(compare("5 m", "5", LEM_GRADE_TASK_STD).verdict, LEM_ANSWER_EQUAL_EXACT);
    assert_int_equal(compare("5 m", "5", LEM_GRADE_TASK_MINERVA).verdict, LEM_ANSWER_NOT_EQUAL);
}

static void expect_answer(const char *response, lem_grade_task task, const char *want) {
    lem_err err = LEM_ERR_INIT;
    lem_buf out = {0};
    lem_grade_span span;
    lem_grade_profile profile = {.policy = LEM_GRADE_QWEN, .task = task};
    assert_int_equal(lem_grade_extract_answer(&profile, response, strlen(response), &out, &span, &err),
                     LEM_OK);
    assert_string_equal(lem_buf_str(&out), want);
    lem_buf_release(&out);
}

static void test_extraction(void **state) {
    (void)state;
    static const struct {
        const char *response, *answer; /* as extract_answer and run_execute give it */
    } rows[] = {
        {"So \\boxed{5} and then \\boxed{\\frac12}.", "\\frac{1}{2}"},
        {"\\boxed{unclosed {a} b", "unclosed{}b"},
        {"boxed 7$ and more", "7"},
        {"nothing after boxed", ""},
        {"The answer is 42.", "42"},
        {"the final answer is: 7/", "7"},
        {"final answer is $x=3$. I hope it is correct.", "3"},
        {"we get 1,234.50 in total", "1234.50"},
        {"it is -.5", "-.5"},
        {"no digits", ""},
        {"答案是 12\n\n解释", "12"},
        {"答案是 12 答案是 13", "12"},
        {"\\boxed{12\\%}", "12"},
        {"\\boxed{3\\text{ cm}}", "3"},
        {"\\boxed{\\text{east}}", ""},
        {"\\boxed{12 \\, \\text{m/s}}", "12\\,"},
        {"\\boxed{90^\\circ}", "90"},
        {"\\boxed{x \\in [1,\\infty)}", "[1,\\infty)"},
        {"\\boxed{1\n  2}", "12"},
        {"\\boxed{4{,}000}", "4{,}000"},
        {"\\boxed{\\$5.00}", "5"},
        {"\\boxed{seven}", "7"},
        {"\\boxed{the point A}", "0"},
        {"\\boxed{one hundred twenty-three thousand}", "123000"},
        {"\\boxed{12 o clock}", "12clock"},
        {"\\boxed{a}", "a"},
        {"\\boxed{5 a . m s}", "5"},
        {"\\boxed{\\left(\\dfrac34,\\tfrac5{6}\\right)}", "(\\frac{3}{4},\\frac{5}{6})"},
        {"\\boxed{\\sqrt3x}", "\\sqrt{3x}"},
        {"\\boxed{3/4}", "\\frac{3}{4}"},
        {"\\boxed{03/4}", "03/4"},
        {"\\boxed{\\sqrt2/2}", "\\frac{\\sqrt{2}}{2}"},
        {"\\boxed{k=5}", "5"},
        {"\\boxed{ab=5}", "5"},
        {"\\boxed{1.50.}", "1.50"},
        {"\\boxed{2.0x+3.00}", "2x+3"},
        {"\\boxed{\\mbox{if }x\\neq 3}", "x\\ne3"},
        {"\\boxed{(-\\infty,\\infty)}", "\\mathbb{R}"},
        {"\\boxed{5j+2}", "5i+2"},
        {"\\boxed{inf}", "\\infty"},
        {"\\boxed{}", ""},
        {"Step 1 ки 5 ки", "5"},
        {"\\boxed{\\begin{array}{cc}1&2\\end{array}}", "\\begin{pmatrix}1&2\\end{pmatrix}"},
        {"\\boxed{\\frac1}", "\\frac1"},
        {"\\boxed{5 m s}", "5"},
        {"\\boxed{3 and 4}", "34"},
        {"\\boxed{100 sq m}", "100"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect_answer(rows[i].response, LEM_GRADE_TASK_STD, rows[i].answer);
}

static void test_choice_extraction(void **state) {
    (void)state;
    static const struct {
        const char *response, *answer;
    } rows[] = {
        {"The answer is B.", "B"},
        {"(A) or (C)", "C"},
        {"answer is a or b", "A"},
        {"choice is C\n\nanswer is D", "D"},
        {"answer is A answer is B\n\nanswer is C", "B"},
        {"a cat", "A"},
        {"none of these.", "noneofthese"},
        {"\nD\n", "D"},
        {": E /.", "E"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect_answer(rows[i].response, LEM_GRADE_TASK_CHOICE, rows[i].answer);
}

/* A letter as gold makes the whole response a choice when the extracted answer is none (main() of
 * math_eval.py). */
static void test_choice_of_a_response(void **state) {
    (void)state;
    static const char response[] = "Option two is right, so the answer is (B) 12. \\boxed{12}";
    lem_err err = LEM_ERR_INIT;
    lem_grade_gold *g = NULL;
    lem_answer_result r;
    lem_grade_profile profile = {.policy = LEM_GRADE_QWEN};
    assert_int_equal(lem_grade_gold_new("B", 1, &profile, &g, &err), LEM_OK);
    assert_int_equal(lem_grade_response(g, response, strlen(response), NULL, NULL, &r, &err), LEM_OK);
    assert_int_equal(lem_grade_correct_of(r.verdict), LEM_GRADE_RIGHT);
    lem_grade_gold_free(g);
}

/* What hangs the original, or grows without end, ends here in bounded work, and never as equal. */
static void test_hostile(void **state) {
    (void)state;
    enum { N = 8000 };
    char *s = malloc(N + 1);
    assert_non_null(s);
    static const char *const units[] = {"(",  "f(", "\\frac{", "{",  "|",   "-",       "x^", "\\sin",
                                        "1,", "a=", "\\log_2", "[(", "(1,", "\\sqrt{", "x(("};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t n = strlen(units[i]), len = 0;
        for (; len + n <= N; len += n) memcpy(s + len, units[i], n);
        s[len] = '\0';
        lem_answer_result r = compare("17+x", s, LEM_GRADE_TASK_STD);
        assert_int_not_equal(lem_grade_correct_of(r.verdict), LEM_GRADE_RIGHT);
        r = compare(s, "17+x", LEM_GRADE_TASK_STD);
        assert_int_not_equal(lem_grade_correct_of(r.verdict), LEM_GRADE_RIGHT);
    }
    free(s);
    assert_int_equal(compare("10^{10^{10}}", "7", LEM_GRADE_TASK_STD).verdict, LEM_ANSWER_NOT_EQUAL);
    assert_int_equal(compare("5^{5^{5^{5^5}}}", "\\sqrt{7}", LEM_GRADE_TASK_STD).verdict,
                     LEM_ANSWER_NOT_EQUAL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_minerva_keeps_units),
        cmocka_unit_test(test_extraction),
        cmocka_unit_test(test_choice_extraction),
        cmocka_unit_test(test_choice_of_a_response),
        cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
