/* test_compat_modes.c - hendrycks, prm800k, minerva and math-verify modes against verdicts that the real
 * graders gave
 *
 * The four characters of a case are the verdicts of math_equivalence.py, prm800k grader.py,
 * lm-evaluation-harness 0.4.8 minerva_math and Math-Verify 0.9.0, run on this pair by bench/peers; 1 is
 * right. */
#include "grade/grade.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    lem_grade_policy policy;
    const char *prefix;
} modes[] = {{LEM_GRADE_HENDRYCKS, "hendrycks: "},
             {LEM_GRADE_PRM800K, "prm800k: "},
             {LEM_GRADE_MINERVA, "minerva: "},
             {LEM_GRADE_MATH_VERIFY, "math-verify: "}};

static const struct {
    const char *gold, *pred, *right;
} cases[] = {
    {"\\frac{1}{2}", "\\tfrac12", "1111"},
    {"\\frac{1}{2}", "0.5", "1111"},
    {"\\frac{1}{2}", "1/2", "1111"},
    {"\\frac{1}{2}", "\\frac{2}{4}", "0011"},
    {"\\frac{1}{3}", "0.333333", "0001"},
    {"\\frac{1}{3}", "0.33333", "0000"},
    {"2\\frac{1}{2}", "\\frac{5}{2}", "0101"},
    {"\\frac{5}{2}", "2 1/2", "0100"},
    {"10,000", "10000", "0111"},
    {"10{,}000", "10000", "0111"},
    {"10,\\!000", "10000", "0111"},
    {"325\\,950", "325950", "0010"},
    {"25\\%", "25", "1101"},
    {"25\\%", "0.25", "0001"},
    {"0.25", "25\\%", "0001"},
    {"10\\text{ cm}", "10", "1111"},
    {"10\\text{ cm}", "10\\text{ m}", "1111"},
    {"20^\\circ", "20", "1111"},
    {"20", "20°", "0001"},
    {"(1,2)", "[1,2]", "0000"},
    {"(1,2)", "1,2", "0001"},
    {"(1,2)", "(1,2)", "1101"},
    {"(8,-2)", "[8,-2]", "0001"},
    {"1,-3", "1,-2", "0010"},
    {"1,2", "2,1", "0001"},
    {"\\{1,2\\}", "\\{2,1\\}", "0001"},
    {"(-\\infty,2]", "x\\le 2", "0000"},
    {"x\\le 2", "(-\\infty,2]", "0001"},
    {"[2,3)\\cup(3,5]", "(3,5]\\cup[2,3)", "0001"},
    {"x=5", "5", "1111"},
    {"5", "x=5", "1111"},
    {"x=5", "y=5", "1110"},
    {"x+y=1", "2x+2y=2", "0001"},
    {"x+y=1", "1", "0011"},
    {"x^2+1=0", "x^2+5=0", "0011"},
    {"A", "a", "0101"},
    {"\\text{Evelyn}", "evelyn", "0101"},
    {"\\text{cab}", "abc", "0010"},
    {"abc", "cba", "0011"},
    {"4210_5", "4210_7", "0011"},
    {"4210_{5}", "4210", "0011"},
    {"6+9i", "9i+6", "0111"},
    {"6+9i", "6+9 i", "1110"},
    {"1\\pm 2", "3,-1", "0001"},
    {"\\sqrt{8}", "2\\sqrt{2}", "0111"},
    {"\\sqrt[3]{8}", "2", "0001"},
    {"\\sqrt3", "\\sqrt{3}", "1111"},
    {"\\frac{\\sqrt{2}}{2}", "\\frac{1}{\\sqrt{2}}", "0111"},
    {"x^2-1", "(x-1)(x+1)", "0111"},
    {"x(x+1)", "x^2+x", "0101"},
    {"2(x+1)", "2x+2", "0111"},
    {"\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\begin{pmatrix}1\\\\2\\end{pmatrix}", "1101"},
    {"\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\begin{bmatrix}1\\\\ 2\\end{bmatrix}", "0101"},
    {"1.5\\times 10^3", "1500", "0011"},
    {"5", "5.", "0101"},
    {"027", "27", "0101"},
    {"3^{99}", "3^{98}", "0000"},
    {"\\frac{1}{2^{99}}", "\\frac{1}{2^{98}}", "0001"},
    {"9007199254740992", "9007199254740993", "0100"},
    {"\\$5", "5", "1110"},
    {"\\frac{3}{6}", "\\frac{1}{2}", "0011"},
    {"1/2", "2/4", "0011"},
    {"\\sin^2 x+\\cos^2 x", "1", "0011"},
    {"\\log_2 8", "3", "0011"},
    {"\\ln e", "1", "0001"},
    {"5!", "120", "0011"},
    {"\\binom{5}{2}", "10", "0011"},
    {"\\pi", "3.14159265", "0001"},
    {"0.1", "0.1000001", "0001"},
    {"-\\frac{1}{2}", "\\frac{-1}{2}", "0111"},
    {"4:30", "4:30", "1111"},
    {"\\infty", "\\infty", "1111"},
    {"\\emptyset", "\\{\\}", "0001"},
    {"3\\text{ and }4", "3,4", "0111"},
    {"y=2x+1", "2x+1", "1111"},
    {"1,234,567", "1234567", "0111"},
    {"5^{5^{5^{5^5}}}", "3", "0000"},
    {"2\\pi r", "2r\\pi", "0001"},
    {"\\sqrt{x^2}", "x", "0000"},
    {"|x|", "\\sqrt{x^2}", "0001"},
    {"\\frac12x", "\\frac{x}{2}", "0111"},
    {"0.5x", "\\frac{x}{2}", "0111"},
    {"1000", "1E3", "0101"},
    {"1000", "1e3", "0100"},
    {"\\text{(A)}", "A", "0111"},
    {"\\dfrac{a}{b}", "a/b", "0111"},
    {"5\\text{ feet}", "5", "1111"},
    {"5 feet", "5", "0111"},
    {"12 million", "12000000", "0000"},
    {"x^{10}", "x^10", "0111"},
    {"\\overline{AB}", "AB", "0110"},
    {"a+b+c", "c+b+a", "0011"},
    {"ab", "ba", "0111"},
};

static lem_answer_result grade(lem_grade_policy p, const char *gold, const char *pred, size_t len) {
    lem_err err = LEM_ERR_INIT;
    lem_grade_profile profile = {.policy = p};
    lem_grade_gold *g = NULL;
    lem_answer_result r = {0};
    assert_int_equal(lem_grade_gold_new(gold, strlen(gold), &profile, &g, &err), LEM_OK);
    assert_int_equal(lem_grade_compare(g, pred, len, &r, &err), LEM_OK);
    lem_grade_gold_free(g);
    return r;
}

static bool right(lem_answer_result r) {
    return r.verdict == LEM_ANSWER_EQUAL_EXACT || r.verdict == LEM_ANSWER_EQUAL_NUMERIC;
}

static void test_as_the_originals(void **state) {
    (void)state;
    int wrong = 0;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
        for (size_t m = 0; m < 4; m++) {
            lem_answer_result r = grade(modes[m].policy, cases[c].gold, cases[c].pred, strlen(cases[c].pred));
            bool same = right(r) == (cases[c].right[m] == '1') &&
                        strncmp(r.rule, modes[m].prefix, strlen(modes[m].prefix)) == 0;
            if (!same)
                printf("%s: gold %s, prediction %s: %s (%s)\n", modes[m].prefix, cases[c].gold, cases[c].pred,
                       lem_answer_verdict_name(r.verdict), r.rule);
            wrong += !same;
        }
    assert_int_equal(wrong, 0);
}

static void test_extraction(void **state) {
    (void)state;
    static const struct {
        lem_grade_policy policy;
        lem_grade_task task;
        const char *response, *answer;
    } rows[] = {
        {LEM_GRADE_HENDRYCKS, LEM_GRADE_TASK_STD, "so \\boxed{3} and \\boxed{\\frac{1}{2}}.", "\\frac{1}{2}"},
        {LEM_GRADE_HENDRYCKS, LEM_GRADE_TASK_STD, "the answer is 3", ""},
        {LEM_GRADE_PRM800K, LEM_GRADE_TASK_STD, "\\boxed{3} then \\fbox{4}", "3"},
        {LEM_GRADE_PRM800K, LEM_GRADE_TASK_STD, "\\boxed{3} then \\boxed{4", ""},
        {LEM_GRADE_HENDRYCKS, LEM_GRADE_TASK_GSM8K, "He has 3.\n#### 18", "18"},
        {LEM_GRADE_MINERVA, LEM_GRADE_TASK_STD,
         "Final Answer: The final answer is $3$. I hope it is correct.", "$3$"},
        {LEM_GRADE_MINERVA, LEM_GRADE_TASK_STD, "Final Answer: The final answer is $3$. ", "$3$"},
        {LEM_GRADE_MINERVA, LEM_GRADE_TASK_STD,
         "Final Answer: The final answer is\n$3$. I hope it is correct.", ""},
        {LEM_GRADE_MINERVA, LEM_GRADE_TASK_STD, "\\boxed{3}", ""},
        {LEM_GRADE_MATH_VERIFY, LEM_GRADE_TASK_STD, "We get $x$ and 7, so \\boxed{5}.", "5"},
        {LEM_GRADE_MATH_VERIFY, LEM_GRADE_TASK_STD, "\\boxed{5}. Wrong; correcting, the answer is \\boxed{7}",
         "5,7"},
        {LEM_GRADE_MATH_VERIFY, LEM_GRADE_TASK_STD, "He pays 12/5 + 3 dollars", "12/5 + 3"},
        {LEM_GRADE_MATH_VERIFY, LEM_GRADE_TASK_STD, "Final answer is $3$. I hope it is correct. But 9.", "3"},
        {LEM_GRADE_MATH_VERIFY, LEM_GRADE_TASK_STD, "no number here", ""},
    };
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        lem_err err = LEM_ERR_INIT;
        lem_grade_profile profile = {.policy = rows[k].policy, .task = rows[k].task};
        lem_grade_span span;
        lem_buf out = {0};
        assert_int_equal(
            lem_grade_extract_answer(&profile, rows[k].response, strlen(rows[k].response), &out, &span, &err),
            LEM_OK);
        assert_string_equal(lem_buf_str(&out), rows[k].answer);
        assert_int_equal(span.method == LEM_GRADE_BY_NONE, rows[k].answer[0] == '\0');
        lem_buf_release(&out);
    }
}

/* Nesting, chains, towers and bytes that are no text: an end, and the same one every time. */
static void test_hostile(void **state) {
    (void)state;
    static const char *const pieces[] = {"(",         "{",
                                         "[",         "x(",
                                         "\\sqrt{",   "\\frac{",
                                         "$",         "\\[ ",
                                         "\\boxed{",  "1+",
                                         "1,",        "2^",
                                         "-",         "!",
                                         "|",         "x_",
                                         "\\text{",   "answer:",
                                         "answer $x", "final answer is ",
                                         "$1$ and ",  "a",
                                         "\\pm",      "e^",
                                         "\\sin ",    "1 ",
                                         "x=1;",      "(x,y)=",
                                         "1<",        "12/5+",
                                         "\\left(",   "\\max(1,",
                                         "\\gcd(9,",  "=5",
                                         " 1,234",    "\x80",
                                         "\xff",      "\\begin{pmatrix}1&",
                                         "\\frac 1 ", "5!",
                                         "1E9",       "\\cup(1,2)"};
    char *text = malloc(LEM_ANSWER_MAX_BYTES + 1);
    assert_non_null(text);
    for (size_t k = 0; k < sizeof pieces / sizeof *pieces; k++) {
        size_t n = 0;
        while (n + strlen(pieces[k]) < 6000)
            memcpy(text + n, pieces[k], strlen(pieces[k])), n += strlen(pieces[k]);
        text[n] = '\0';
        for (size_t m = 0; m < 4; m++) {
            lem_answer_result a = grade(modes[m].policy, "5", text, n),
                              b = grade(modes[m].policy, "5", text, n),
                              c = grade(modes[m].policy, text, text, n);
            assert_int_equal(a.verdict, b.verdict);
            assert_string_equal(a.rule, b.rule);
            assert_non_null(c.rule);
        }
    }
    free(text);
    static const char *const towers[] = {
        "5^{5^{5^{5^5}}}",  "10^{10^{10^{10}}}", "(10^6)!",       "\\binom{10^7}{5\\cdot10^6}",
        "2**2**2**2**2**2", "10^{100000}",       "(1/3)^{99999}", "1e9999"};
    for (size_t k = 0; k < sizeof towers / sizeof *towers; k++)
        for (size_t m = 0; m < 4; m++) assert_false(right(grade(modes[m].policy, towers[k], "7", 1)));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_as_the_originals),
                                       cmocka_unit_test(test_extraction), cmocka_unit_test(test_hostile)};
    return cmocka_run_group_tests_name("compat_modes", tests, NULL, NULL);
}
