/* test_grade_cluster.c - equal answers share a group, whatever their order; keys agree with verdicts */
#include "grade/cluster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void group(const char *const *text, size_t n, int *out) {
    lem_err err = LEM_ERR_INIT;
    lem_grade_answer_text a[32];
    for (size_t i = 0; i < n; i++) a[i] = (lem_grade_answer_text){text[i], strlen(text[i])};
    assert_int_equal(lem_grade_cluster(a, n, NULL, out, &err), LEM_OK);
}

static void equal_answers_share_a_group(void **state) {
    (void)state;
    static const char *const text[] = {"1/2",
                                       "0.5",
                                       "x > 2",
                                       "\\frac12",
                                       "",
                                       "(2,\\infty)",
                                       "\\frac{1}{\\sqrt2}",
                                       "\\frac{\\sqrt2}{2}",
                                       "50\\%",
                                       "0.5",
                                       "\\sin^2 x + \\cos^2 x",
                                       "1",
                                       "x=2,3",
                                       "3 \\text{ and } 2"};
    static const int want[] = {0, 0, 1, 0, -1, 1, 2, 2, 0, 0, 3, 3, 4, 4};
    enum { N = sizeof want / sizeof *want };
    int got[N];
    group(text, N, got);
    for (int i = 0; i < N; i++) assert_int_equal(got[i], want[i]);
}

static void units_of_measurement_part_groups(void **state) {
    (void)state;
    static const char *const text[] = {"10 \\text{ cm}", "10 \\text{ m}", "1000 \\text{ cm}",
                                       "10 \\text{ kg}", "0.1 \\text{ m}"};
    static const int want[] = {0, 1, 1, 2, 0};
    int got[5];
    group(text, 5, got);
    for (int i = 0; i < 5; i++) assert_int_equal(got[i], want[i]);
}

/* The same partition for every rotation and for the reverse. */
static void order_does_not_matter(void **state) {
    (void)state;
    static const char *const text[] = {"33.3",       "100/3", "33.33", "\\text{no solution}",
                                       "\\emptyset", "2:4",   "1:2",   "5 \\text{ cm}",
                                       "5",          "x=5",   "(1,2)", "1,2"};
    enum { N = sizeof text / sizeof *text };
    int base[N], got[N];
    group(text, N, base);
    for (size_t shift = 0; shift < N; shift++)
        for (int back = 0; back < 2; back++) {
            const char *turned[N];
            size_t at[N];
            for (size_t i = 0; i < N; i++) {
                at[i] = back ? (N - 1 - i + shift) % N : (i + shift) % N;
                turned[i] = text[at[i]];
            }
            group(turned, N, got);
            for (size_t i = 0; i < N; i++)
                for (size_t j = 0; j < i; j++) assert_int_equal(got[i] == got[j], base[at[i]] == base[at[j]]);
        }
}

static void group_by(lem_grade_policy policy, const char *const *text, size_t n, int *out) {
    lem_err err = LEM_ERR_INIT;
    lem_grade_answer_text a[32];
    lem_grade_profile p = {.policy = policy};
    for (size_t i = 0; i < n; i++) a[i] = (lem_grade_answer_text){text[i], strlen(text[i])};
    assert_int_equal(lem_grade_cluster(a, n, &p, out, &err), LEM_OK);
}

/* What the policy denies is in no group together, whatever stands between. */
static void a_group_is_what_the_policy_calls_equal(void **state) {
    (void)state;
    static const struct {
        lem_grade_policy policy;
        const char *text[3];
        int want[3];
    } cases[] = {{LEM_GRADE_STD, {"5 \\text{ apples}", "5 \\text{ oranges}", "7"}, {0, 1, 2}},
                 {LEM_GRADE_STD, {"x=5", "y=5", "6"}, {0, 1, 2}},
                 {LEM_GRADE_STD, {"1011_2", "1011_3", "7"}, {0, 1, 2}},
                 {LEM_GRADE_STD, {"0.46", "0.5", "0.54"}, {0, 0, 1}},
                 {LEM_GRADE_STRICT, {"x=5", "5", "5.0"}, {0, 1, 1}},
                 {LEM_GRADE_STRICT, {"(1,2)", "1,2", "\\{1,2\\}"}, {0, 1, 2}}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        int got[3];
        group_by(cases[k].policy, cases[k].text, 3, got);
        for (int i = 0; i < 3; i++)
            if (got[i] != cases[k].want[i])
                fail_msg("case %zu: '%s' is in group %d", k, cases[k].text[i], got[i]);
    }
}

/* An answer that equals some of a group and not others: by which rule. */
static void the_rule_that_broke_a_tie_is_named(void **state) {
    (void)state;
    static const struct {
        const char *text[3], *rule;
    } cases[] = {{{"0.46", "0.5", "0.54"}, "rounds to the gold's digits"},
                 {{"0.54", "0.46", "0.5"}, "rounds to the gold's digits"},
                 {{"x=5", "y=5", "5"}, "exact rational"},
                 {{"(1,2)", "2,1", "\\{1,2\\}"}, NULL},
                 {{"1", "1.0", "2"}, NULL}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        lem_err err = LEM_ERR_INIT;
        lem_grade_answer_text a[3];
        const char *rule;
        int got[3];
        for (size_t i = 0; i < 3; i++)
            a[i] = (lem_grade_answer_text){cases[k].text[i], strlen(cases[k].text[i])};
        assert_int_equal(lem_grade_cluster_telling(a, 3, NULL, got, &rule, &err), LEM_OK);
        if (cases[k].rule) assert_string_equal(rule, cases[k].rule);
        else assert_null(rule);
    }
}

static uint32_t next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static bool equal_by(lem_grade_policy policy, const char *a, const char *b) {
    lem_err err = LEM_ERR_INIT;
    const lem_grade_profile p = {.policy = policy};
    bool equal = false;
    for (int way = 0; way < 2 && !equal; way++) {
        lem_grade_gold *g = NULL;
        lem_answer_result r;
        const char *const pair[] = {a, b}, *gold = pair[way], *pred = pair[1 - way];
        assert_int_equal(lem_grade_gold_new(gold, strlen(gold), &p, &g, &err), LEM_OK);
        assert_int_equal(lem_grade_compare(g, pred, strlen(pred), &r, &err), LEM_OK);
        lem_grade_gold_free(g);
        equal = lem_grade_correct_of(r.verdict) == LEM_GRADE_RIGHT;
    }
    return equal;
}

/* Within a group all pairs are equal by the policy; between two groups some pair is not. */
static void check_groups(lem_grade_policy policy, const char *const *text, const int *got, int n) {
    bool apart[32][32] = {{false}};
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            bool equal = i == j || strcmp(text[i], text[j]) == 0 || equal_by(policy, text[i], text[j]);
            if (got[i] == got[j] && !equal)
                fail_msg("policy %d: '%s' and '%s' share a group and differ", (int)policy, text[i], text[j]);
            if (!equal) apart[got[i]][got[j]] = true;
        }
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            if (got[i] != got[j] && !apart[got[i]][got[j]])
                fail_msg("policy %d: the groups of '%s' and '%s' are one", (int)policy, text[i], text[j]);
}

/* Random answers by brute force, and once more in another order: the same partition. */
static void random_sets(void **state) {
    (void)state;
    static const char *const pool[] = {"5 \\text{ apples}",
                                       "5 \\text{ oranges}",
                                       "5",
                                       "x=5",
                                       "y=5",
                                       "5.0",
                                       "5.00",
                                       "0.46",
                                       "0.5",
                                       "0.54",
                                       "1/2",
                                       "50\\%",
                                       "0.3",
                                       "0.33",
                                       "1/3",
                                       "0.333",
                                       "(1,2)",
                                       "1,2",
                                       "\\{1,2\\}",
                                       "2,1",
                                       "\\{2,1\\}",
                                       "1011_2",
                                       "1011_3",
                                       "1011",
                                       "11",
                                       "5 \\text{ cm}",
                                       "0.05 \\text{ m}",
                                       "x>2",
                                       "(2,\\infty)",
                                       "[2,\\infty)",
                                       "2:4",
                                       "1:2",
                                       "100,200",
                                       "100200",
                                       "200,100",
                                       "\\sqrt2",
                                       "1.41",
                                       "\\frac{2}{\\sqrt2}",
                                       "\\text{yes}",
                                       "Yes",
                                       "no",
                                       "-30^\\circ",
                                       "-30",
                                       "x^2=4",
                                       "\\pm 2",
                                       "A",
                                       "a"};
    enum { POOL = sizeof pool / sizeof *pool, N = 12, ROUNDS = 120 };
    uint32_t seed = 7;
    for (int round = 0; round < ROUNDS; round++) {
        const lem_grade_policy policy = (lem_grade_policy)(round % 3);
        const char *text[N], *turned[N];
        int got[N], again[N], at[N];
        for (int i = 0; i < N; i++) text[i] = pool[next_random(&seed) % POOL], at[i] = i;
        for (int i = N - 1; i > 0; i--) {
            int j = (int)(next_random(&seed) % (uint32_t)(i + 1)), t = at[i];
            at[i] = at[j], at[j] = t;
        }
        for (int i = 0; i < N; i++) turned[i] = text[at[i]];
        group_by(policy, text, N, got);
        group_by(policy, turned, N, again);
        check_groups(policy, text, got, N);
        for (int i = 0; i < N; i++)
            for (int j = 0; j < i; j++) assert_int_equal(again[i] == again[j], got[at[i]] == got[at[j]]);
    }
}

static void nothing(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    int got[2];
    assert_int_equal(lem_grade_cluster(NULL, 0, NULL, got, &err), LEM_OK);
    static const char *const text[] = {"", " "};
    group(text, 2, got);
    assert_int_equal(got[0], -1);
    assert_int_equal(got[1], -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(equal_answers_share_a_group),
                                       cmocka_unit_test(units_of_measurement_part_groups),
                                       cmocka_unit_test(order_does_not_matter),
                                       cmocka_unit_test(a_group_is_what_the_policy_calls_equal),
                                       cmocka_unit_test(the_rule_that_broke_a_tie_is_named),
                                       cmocka_unit_test(random_sets),
                                       cmocka_unit_test(nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
