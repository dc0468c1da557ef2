/* test_decontam - the three pairs that Qwen2.5-Math prints as contaminated, and what must pass */
#include "data/decontam.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Modelled on the three pairs of Qwen2.5-Math, table 1: (train, test) that differ in one number. */
static const char *const pairs[3][2] = {
    {"What is the remainder when $1 + 2 + 3 + 4 + \\dots + 9 + 10$ is divided by 8?",
     "What is the remainder when $1 + 2 + 3 + 4 + \\dots + 9 + 10$ is divided by 9?"},
    {"For how many integer values of $n$ between 1 and 1000 inclusive does the decimal representation of "
     "$\\frac{n}{1400}$ terminate?",
     "For how many integer values of $n$ between 1 and 1000 inclusive does the decimal representation of "
     "$\\frac{n}{1375}$ terminate?"},
    {"Krista put 1 cent into her new bank on a Sunday morning. On Monday she put 2 cents into her bank. On "
     "Tuesday she put 4 cents into her bank, "
     "and she continued to double the amount of money she put into "
     "her bank each day for two weeks. On what day of the week did the total amount of money in her bank "
     "first exceed $\\$5$?",
     "Krista put 1 cent into her new bank on a Sunday morning. On Monday she put 2 cents into her bank. On "
     "Tuesday she put 4 cents into her bank, "
     "and she continued to double the amount of money she put into "
     "her bank each day for two weeks. On what day of the week did the total amount of money in her bank "
     "first exceed $\\$2$?"},
};

static lem_decontam *index_tests(const lem_decontam_opts *o) {
    lem_err err = LEM_ERR_INIT;
    lem_decontam *d = NULL;
    assert_int_equal(lem_decontam_new(o, &d, &err), LEM_OK);
    for (int i = 0; i < 3; i++) assert_int_equal(lem_decontam_add_test(d, pairs[i][1], &err), LEM_OK);
    assert_int_equal(lem_decontam_add_test(d, "2+2?", &err), LEM_OK);
    return d;
}

static lem_decontam_hit check(lem_decontam *d, const char *text) {
    lem_err err = LEM_ERR_INIT;
    lem_decontam_hit h;
    assert_int_equal(lem_decontam_check(d, text, &h, &err), LEM_OK);
    return h;
}

static void golden_pairs(void **state) {
    (void)state;
    lem_decontam *d = index_tests(NULL);
    static const double low[] = {0.93, 0.95, 0.98}; /* recipe.md 1.4: .933 .952 .985 on the full texts */
    for (int i = 0; i < 3; i++) {
        lem_decontam_hit h = check(d, pairs[i][0]);
        assert_true(h.contaminated);
        assert_int_equal(h.test, i);
        assert_true(h.ratio > low[i] - 0.01 && h.ratio < 1);
    }
    lem_decontam_free(d);
}

static void rules(void **state) {
    (void)state;
    lem_decontam *d = index_tests(NULL);
    assert_true(check(d, "2 + 2 ?").contaminated); /* equal after normalisation, shorter than 13 words */
    assert_true(check(d, "WHAT is the remainder when 1,2,3,4 dots 9+10 is divided by 9").contaminated);
    assert_false(check(d, "2 + 3 ?").contaminated);
    assert_false(check(d, "").contaminated);
    /* A shared 13-gram inside a much longer prompt: LCS below 60 % of the prompt's own length. */
    const char *diluted = "On what day of the week did the total amount of money in her bank grow? Then came "
                          "a long story about trains, rivers, "
                          "carpenters and their seven apprentices who counted "
                          "planks until evening fell over the quiet harbour town where nobody remembered how "
                          "many nails had been bought.";
    lem_decontam_hit h = check(d, diluted);
    assert_int_equal(h.test, 2);
    assert_false(h.contaminated);
    lem_decontam_free(d);
    lem_decontam_opts strict = {13, -1};
    d = index_tests(&strict);
    assert_true(check(d, diluted).contaminated); /* non-math rule: the n-gram alone */
    lem_decontam_free(d);
}

/* Against the quadratic textbook recurrence on random words. */
static void lcs_brute_force(void **state) {
    (void)state;
    lem_decontam_opts loose = {1, -1};
    unsigned seed = 7;
    for (int round = 0; round < 200; round++) {
        char a[512], b[512];
        int n = 1 + round % 100, m = 1 + (round * 7) % 100, table[101][101] = {{0}};
        for (int i = 0; i < n; i++)
            a[2 * i] = (char)('a' + (seed = seed * 1664525 + 1013904223) / 1000 % 5), a[2 * i + 1] = ' ';
        for (int i = 0; i < m; i++)
            b[2 * i] = (char)('a' + (seed = seed * 1664525 + 1013904223) / 1000 % 5), b[2 * i + 1] = ' ';
        a[2 * n] = b[2 * m] = '\0';
        for (int i = 1; i <= n; i++)
            for (int j = 1; j <= m; j++)
                table[i][j] = a[2 * i - 2] == b[2 * j - 2]        ? table[i - 1][j - 1] + 1
                              : table[i - 1][j] > table[i][j - 1] ? table[i - 1][j]
                                                                  : table[i][j - 1];
        lem_err err = LEM_ERR_INIT;
        lem_decontam *d = NULL;
        assert_int_equal(lem_decontam_new(&loose, &d, &err), LEM_OK);
        assert_int_equal(lem_decontam_add_test(d, b, &err), LEM_OK);
        lem_decontam_hit h = check(d, a);
        if (h.test == 0) assert_float_equal(h.ratio * n, table[n][m], 1e-9);
        else assert_int_equal(table[n][m], 0);
        lem_decontam_free(d);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(golden_pairs), cmocka_unit_test(rules),
                                       cmocka_unit_test(lcs_brute_force)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
