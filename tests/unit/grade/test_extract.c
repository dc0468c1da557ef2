/* test_extract.c - where the answer stands in a response */
#include "grade/grade.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool extract(lem_grade_task task, const char *text, size_t n, lem_grade_span *out) {
    return lem_grade_extract(&(lem_grade_profile){.task = task}, text, n, out);
}

typedef struct extract_case {
    const char *text, *answer;
    lem_grade_method method;
} extract_case;

static const extract_case cases[] = {
    {"so \\boxed{5}.", "5", LEM_GRADE_BY_BOX},
    {"\\boxed{3} was wrong, so \\boxed{\\frac{1}{2}}", "\\frac{1}{2}", LEM_GRADE_BY_BOX},
    {"\\boxed{a{b}c}", "a{b}c", LEM_GRADE_BY_BOX},
    {"\\boxed{x \\} y}", "x \\} y", LEM_GRADE_BY_BOX},
    {"\\fbox{7}", "7", LEM_GRADE_BY_BOX},
    {"\\boxed 5 and then", "5", LEM_GRADE_BY_BOX},
    {"thus \\boxed{12 + \nmore text", "12 + ", LEM_GRADE_BY_BOX},   /* unclosed: rest of the line */
    {"\\boxed{5}. Wrong; it is \\boxed{7}", "7", LEM_GRADE_BY_BOX}, /* not joined */
    {"$x=\\boxed{5}$ or $x=\\boxed{7}$", "\\boxed{5}$ or $x=\\boxed{7}", LEM_GRADE_BY_BOX},
    {"$\\boxed{5}$ or the area \\boxed{7}", "7", LEM_GRADE_BY_BOX}, /* words are more than a separator */
    {"$\\boxed{5}$ and $\\boxed{7}$", "\\boxed{5}$ and $\\boxed{7}", LEM_GRADE_BY_BOX}, /* joined */
    {"\\boxed{5}, \\boxed{5}", "5", LEM_GRADE_BY_BOX}, /* a repetition is no list */
    {"The answer is \\boxed{4}.", "4", LEM_GRADE_BY_BOX},
    {"\\boxed{4}\nThe final answer is clear from the above.", "4",
     LEM_GRADE_BY_BOX}, /* prose does not displace a box */
    {"\\boxed{4}\nThe final answer is 9.", "9", LEM_GRADE_BY_FINAL_ANSWER},
    {"He has 3 left.\n#### 3", "3", LEM_GRADE_BY_HASHES},
    {"x\n#### 1,200\n", "1,200", LEM_GRADE_BY_HASHES},
    {"a\nA: 5\nA: 6", "6", LEM_GRADE_BY_A_LINE},
    {"Q: what?\n  A:  $18 ", "$18", LEM_GRADE_BY_A_LINE},
    {"the DNA: 5 is no line; so 6 eggs", "6", LEM_GRADE_BY_LAST_NUMBER},
    {"The final answer is $\\frac{1}{3}$. I hope it is correct.", "\\frac{1}{3}", LEM_GRADE_BY_FINAL_ANSWER},
    {"the answer is 3.5. Next,", "3.5", LEM_GRADE_BY_ANSWER_IS},
    {"The answer is: **42**", "42", LEM_GRADE_BY_ANSWER_IS},
    {"the answer is \\(x=2\\) as shown 7", "x=2", LEM_GRADE_BY_ANSWER_IS},
    {"The answer is $18 per dozen or $5.", "$18 per dozen or $5", LEM_GRADE_BY_ANSWER_IS},
    {"**Answer:** 12", "12", LEM_GRADE_BY_ANSWER_COLON},
    {"Answer:\n\n12 apples", "12 apples", LEM_GRADE_BY_ANSWER_COLON},
    {"Final Answer: $7$", "7", LEM_GRADE_BY_ANSWER_COLON},
    {"She pays 3 and gets 1,234.50 back.", "1,234.50", LEM_GRADE_BY_LAST_NUMBER},
    {"it fell to -5", "-5", LEM_GRADE_BY_LAST_NUMBER},
    {"so 3/4", "3/4", LEM_GRADE_BY_LAST_NUMBER},
    {"She makes 9 * 2 = 18 dollars.", "9 * 2 = 18", LEM_GRADE_BY_LAST_NUMBER},
    {"The answer would be *18*.", "18", LEM_GRADE_BY_ANSWER_IS},
    {"So there are 18* apples", "18", LEM_GRADE_BY_LAST_NUMBER},
    {"She makes 9 x 2 = 18 dollars.", "18", LEM_GRADE_BY_LAST_NUMBER},
    {"That is half of 36 = 18.", "18", LEM_GRADE_BY_LAST_NUMBER},
    {"It is 36 divided by 2 = 18", "18", LEM_GRADE_BY_LAST_NUMBER},
    {"The cost is 20 - 2 = 18", "20 - 2 = 18", LEM_GRADE_BY_LAST_NUMBER},
    {"7 of type AZ2A", "7", LEM_GRADE_BY_LAST_NUMBER},
    {"AZ2A", NULL, LEM_GRADE_BY_NONE},
    {"hence $x=\\frac{3}{4}$ holds", "x=\\frac{3}{4}", LEM_GRADE_BY_LAST_NUMBER},
    {"<think>\\boxed{1}</think>It is 2", "2", LEM_GRADE_BY_LAST_NUMBER},
    {"<think>a</think>b</think>\\boxed{3}", "3", LEM_GRADE_BY_BOX},
    {"pages 3-5", NULL, LEM_GRADE_BY_NONE}, /* a range */
    {"no number here", NULL, LEM_GRADE_BY_NONE},
    {"", NULL, LEM_GRADE_BY_NONE},
};

static void extracts(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lem_grade_span s;
        bool any = extract(LEM_GRADE_TASK_STD, cases[i].text, strlen(cases[i].text), &s);
        char got[256];
        snprintf(got, sizeof got, "%.*s", (int)s.len, cases[i].text + s.offset);
        if (any != (cases[i].answer != NULL) || s.method != cases[i].method ||
            (any && strcmp(got, cases[i].answer) != 0))
            fail_msg("'%s': got '%s' by %s", cases[i].text, got, lem_grade_method_name(s.method));
        assert_int_equal(s.weak, s.method == LEM_GRADE_BY_LAST_NUMBER || s.method == LEM_GRADE_BY_BOLD);
    }
}

typedef struct task_case {
    lem_grade_task task;
    const char *text, *answer;
    lem_grade_method method;
    bool weak;
} task_case;

static const task_case task_cases[] = {
    {LEM_GRADE_TASK_CHOICE, "Answer: C", "C", LEM_GRADE_BY_CHOICE, false},
    {LEM_GRADE_TASK_CHOICE, "A is tempting, but no.\n**Answer:** (D)\nThanks.", "D", LEM_GRADE_BY_CHOICE,
     false},
    {LEM_GRADE_TASK_CHOICE, "Answer: B\nI was asked \\boxed{A} before", "B", LEM_GRADE_BY_CHOICE,
     false}, /* an answer line before a box */
    {LEM_GRADE_TASK_CHOICE, "The answer is (A)? No: \\boxed{\\text{(B)}}", "B", LEM_GRADE_BY_CHOICE, false},
    {LEM_GRADE_TASK_CHOICE, "\\boxed{B) 12}", "B", LEM_GRADE_BY_CHOICE, false},
    {LEM_GRADE_TASK_CHOICE, "\\boxed{12}", "12", LEM_GRADE_BY_BOX,
     false}, /* the value of a choice is not guessed into a letter */
    {LEM_GRADE_TASK_CHOICE, "so the correct option is **C**.", "C", LEM_GRADE_BY_CHOICE, false},
    {LEM_GRADE_TASK_CHOICE, "the correct answer is a matter of taste: **(C)**", "C", LEM_GRADE_BY_CHOICE,
     false},
    {LEM_GRADE_TASK_CHOICE, "The answer is surely D, it can't be A or B", "D", LEM_GRADE_BY_CHOICE, false},
    {LEM_GRADE_TASK_CHOICE, "The answer is not B", NULL, LEM_GRADE_BY_NONE, false}, /* a rejected option */
    {LEM_GRADE_TASK_CHOICE, "D. It can't be A or B", "D", LEM_GRADE_BY_CHOICE, false},
    {LEM_GRADE_TASK_CHOICE, "La r\xc3\xa9ponse est C non A", "C", LEM_GRADE_BY_CHOICE, false},
    {LEM_GRADE_TASK_CHOICE,
     "\xe7\xad\x94\xe6\xa1\x88\xe6\x98\xaf"
     "B\xe4\xb8\x8d\xe6\x98\xaf A",
     "B", LEM_GRADE_BY_CHOICE, false},
    {LEM_GRADE_TASK_CHOICE, "**Final Answer:** (C) because A fails", "C", LEM_GRADE_BY_CHOICE, false},
    {LEM_GRADE_TASK_CHOICE, "A cat sat. So B.", "B", LEM_GRADE_BY_CHOICE, true},
    {LEM_GRADE_TASK_CHOICE, "I think A cat", NULL, LEM_GRADE_BY_NONE,
     false}, /* English words are no choices */
    {LEM_GRADE_TASK_CHOICE, "DNA and H2O", NULL, LEM_GRADE_BY_NONE, false},
    {LEM_GRADE_TASK_MINERVA, "Final Answer: The final answer is $x^2$. I hope it is correct. \\boxed{3}",
     "x^2", LEM_GRADE_BY_FINAL_ANSWER, false},
    {LEM_GRADE_TASK_MINERVA, "so \\boxed{3}", "3", LEM_GRADE_BY_BOX, false},
    {LEM_GRADE_TASK_GAOKAO, "\xe6\x89\x80\xe4\xbb\xa5\xe7\xad\x94\xe6\xa1\x88\xe6\x98\xaf 12\xe3\x80\x82 1",
     "12", LEM_GRADE_BY_ANSWER_IS, false},
    {LEM_GRADE_TASK_OLYMPIAD, "$x=\\boxed{5}$ or $x=\\boxed{7}$", "\\boxed{5}$ or $x=\\boxed{7}",
     LEM_GRADE_BY_BOX, false},
    {LEM_GRADE_TASK_OLYMPIAD, "\\boxed{5}. Wrong; it is \\boxed{7}", "7", LEM_GRADE_BY_BOX, false},
    {LEM_GRADE_TASK_COLLEGE, "hence **12.5** in all", "12.5", LEM_GRADE_BY_BOLD, true},
    {LEM_GRADE_TASK_AMC, "\\boxed{\\textbf{(C)}\\ 27}", "27", LEM_GRADE_BY_BOX, false},
    {LEM_GRADE_TASK_AMC, "\\boxed{C}", "C", LEM_GRADE_BY_BOX, false},
    {LEM_GRADE_TASK_AIME, "\\boxed{025}", "025", LEM_GRADE_BY_BOX, false},
};

static void tasks(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof task_cases / sizeof *task_cases; i++) {
        const task_case *c = &task_cases[i];
        lem_grade_span s;
        bool any = extract(c->task, c->text, strlen(c->text), &s);
        char got[256];
        snprintf(got, sizeof got, "%.*s", (int)s.len, c->text + s.offset);
        if (any != (c->answer != NULL) || s.method != c->method || s.weak != c->weak ||
            (any && strcmp(got, c->answer) != 0))
            fail_msg("%s '%s': got '%s' by %s", lem_grade_task_name(c->task), c->text, got,
                     lem_grade_method_name(s.method));
    }
}

static void gsm8k_needs_a_mark(void **state) {
    (void)state;
    lem_grade_span s;
    assert_false(extract(LEM_GRADE_TASK_GSM8K, "so she has 5", 12, &s));
    assert_true(extract(LEM_GRADE_TASK_GSM8K, "so\nA: 5", 7, &s));
}

static void plain_is_everything(void **state) {
    (void)state;
    lem_grade_span s;
    assert_true(extract(LEM_GRADE_TASK_PLAIN, "  1/2. ", 7, &s));
    assert_int_equal(s.offset, 2);
    assert_int_equal(s.len, 3);
    assert_false(extract(LEM_GRADE_TASK_PLAIN, "  \n", 3, &s));
}

/* Text that invites quadratic work: many unclosed boxes, phrases, dollar signs. Ten times the text may not
 * take a hundred times as long; 4 MB in all must be quick on any machine (a quadratic scan would take hours).
 */
static void linear(void **state) {
    (void)state;
    static const char *const units[] = {"\\boxed{",
                                        "answer is ",
                                        "A:",
                                        "$1 ",
                                        "####",
                                        "\\(",
                                        "\\fbox{5},",
                                        "final answer is\n",
                                        "1,",
                                        "</think>",
                                        "\\boxed{1} and ",
                                        "A2",
                                        "1/2",
                                        ".",
                                        "**",
                                        "**a",
                                        "answer: ",
                                        "A ",
                                        "option ((((",
                                        "\xe7\xad\x94\xe6\xa1\x88\xe6\x98\xaf"};
#ifdef __SANITIZE_ADDRESS__
    enum { N = 1 << 20 }; /* each call of memcmp costs many times more there */
#else
    enum { N = 1 << 22 };
#endif
    char *t = malloc(N);
    assert_non_null(t);
    for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
        size_t m = strlen(units[u]);
        for (size_t i = 0; i + m <= N; i += m) memcpy(t + i, units[u], m);
        lem_grade_span s;
        clock_t start = clock();
        (void)extract(LEM_GRADE_TASK_STD, t, N / m * m, &s);
        (void)extract(LEM_GRADE_TASK_CHOICE, t, N / m * m, &s);
        double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
        if (seconds > 20) fail_msg("'%s' repeated: %.1f s", units[u], seconds);
    }
    free(t);
}

static void names(void **state) {
    (void)state;
    lem_grade_task t;
    assert_true(lem_grade_task_find("gsm8k", &t));
    assert_int_equal(t, LEM_GRADE_TASK_GSM8K);
    assert_false(lem_grade_task_find("nonsense", &t));
    assert_true(lem_grade_task_find("mmlu", &t));
    assert_int_equal(t, LEM_GRADE_TASK_CHOICE);
    for (int i = 0; i < LEM_GRADE_N_TASKS; i++) {
        assert_true(lem_grade_task_find(lem_grade_task_name((lem_grade_task)i), &t));
        assert_int_equal(t, i);
    }
    lem_grade_policy p;
    assert_true(lem_grade_policy_find("lenient", &p));
    assert_int_equal(p, LEM_GRADE_LENIENT);
    assert_false(lem_grade_policy_find("nonsense", &p));
    assert_string_equal(lem_grade_method_name(LEM_GRADE_BY_WHOLE), "whole text");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(extracts),
                                       cmocka_unit_test(tasks),
                                       cmocka_unit_test(gsm8k_needs_a_mark),
                                       cmocka_unit_test(plain_is_everything),
                                       cmocka_unit_test(linear),
                                       cmocka_unit_test(names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
