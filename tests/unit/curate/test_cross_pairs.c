/* test_cross_pairs - pairs of answers against the grader asked directly, and the rule against all subsets */
#include "core/rng.h"
#include "curate/cross_pairs.h"

#include "../checks.h"

/* Answers of several kinds: equal in other spellings, different, undecidable, words, none. */
static const char *const pool[] = {"1/2",  "0.5",     "\\frac{1}{2}", "2",         "2.0",   "x+1",
                                   "1+x",  "",        "cat",          "(1,2)",     "(2,1)", "50\\%",
                                   "\\pi", "3.14159", "x^2+",         "\\sqrt{2}", "0.46"};
enum { POOL = sizeof pool / sizeof *pool, MOST = 6 };

static lem_grade_correct ask(const char *gold, const char *answer) {
    lem_grade_gold *g = NULL;
    lem_answer_result r;
    OK(lem_grade_gold_new(gold, strlen(gold), NULL, &g, &err));
    OK(lem_grade_compare(g, answer, strlen(answer), &r, &err));
    lem_grade_gold_free(g);
    return lem_grade_correct_of(r.verdict);
}

/* By the words of the header, for one pair alone. */
static lem_cross_pair by_definition(const char *a, const char *b) {
    if (!*a || !*b) return LEM_CROSS_SILENT;
    if (strcmp(a, b) == 0) return LEM_CROSS_AGREE;
    lem_grade_correct x = ask(a, b), y = ask(b, a);
    if (x == LEM_GRADE_RIGHT || y == LEM_GRADE_RIGHT) return LEM_CROSS_AGREE;
    if (x == LEM_GRADE_WRONG || y == LEM_GRADE_WRONG) return LEM_CROSS_DIFFER;
    return LEM_CROSS_UNDECIDED;
}

/* n answers of the pool, numbered from what the generator gives for `id`. */
static int draw(uint64_t id, const char *text[MOST], lem_grade_answer_text a[MOST]) {
    lem_rng r = lem_rng_make(7, "cross", id);
    int n = 1 + (int)(lem_rng_at(&r, 0) % MOST);
    for (int i = 0; i < n; i++) {
        text[i] = pool[lem_rng_at(&r, 1 + (uint64_t)i) % (id % 3 ? POOL : 4)];
        a[i] = (lem_grade_answer_text){text[i], strlen(text[i])};
    }
    return n;
}

static void pairs_are_what_the_grader_says(void **state) {
    (void)state;
    int seen[LEM_CROSS_N_PAIRS] = {0};
    for (uint64_t id = 0; id < 300; id++) {
        const char *text[MOST];
        lem_grade_answer_text a[MOST];
        uint8_t pair[MOST * MOST];
        int n = draw(id, text, a);
        OK(lem_cross_compare(a, n, NULL, pair, &err));
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++) {
                lem_cross_pair want = by_definition(text[i], text[j]);
                if (pair[i * n + j] != want)
                    fail_msg("'%s' and '%s': %d, not %d", text[i], text[j], pair[i * n + j], want);
                assert_int_equal(pair[i * n + j], pair[j * n + i]);
                seen[want]++;
            }
    }
    for (int k = 0; k < LEM_CROSS_N_PAIRS; k++) assert_true(seen[k] > 20);
}

/* The most teacher answers of any set of which every two agree, with the response or without. */
static int largest(const uint8_t *pair, int n, bool with_response) {
    int most = 0;
    for (unsigned set = 0; set < 1u << n; set++) {
        bool ok = with_response == (set & 1u);
        int count = 0;
        for (int i = 0; i < n; i++) {
            if (!(set >> i & 1u)) continue;
            count += i > 0;
            for (int j = 0; j < n; j++) ok = ok && (!(set >> j & 1u) || pair[i * n + j] == LEM_CROSS_AGREE);
        }
        if (ok && count > most) most = count;
    }
    return most;
}

static void the_rule_by_all_subsets(void **state) {
    (void)state;
    int seen[LEM_CROSS_N_WHY] = {0}, checked = 0;
    for (uint64_t id = 0; id < 2000; id++) {
        const char *text[MOST];
        lem_grade_answer_text a[MOST];
        uint8_t pair[MOST * MOST];
        int n = draw(id, text, a), t = n - 1;
        OK(lem_cross_compare(a, n, NULL, pair, &err));
        const lem_cross_rule rules[] = {{.all = true, .least = 1},
                                        {.all = true, .least = 2},
                                        {.majority = true},
                                        {.need = 1},
                                        {.need = 2},
                                        {.need = 3}};
        const int need[] = {t, t, t / 2 + 1, 1, 2, 3};
        for (int k = 0; k < 6; k++) {
            lem_cross_why why = lem_cross_decide(pair, n, &rules[k]);
            bool enough = t > 0 && t >= rules[k].least && t >= need[k];
            bool kept = enough && largest(pair, n, true) >= need[k];
            if ((why == LEM_CROSS_KEPT) != kept) fail_msg("row %d, rule %d: %d", (int)id, k, why);
            if (why == LEM_CROSS_RESPONSE_DIFFERS) assert_true(largest(pair, n, false) >= need[k]);
            if (why == LEM_CROSS_TEACHERS_DIFFER) assert_true(largest(pair, n, false) < need[k]);
            if (!enough) assert_true(why == LEM_CROSS_NO_TEACHER || why == LEM_CROSS_TOO_FEW);
            seen[why]++;
            checked++;
        }
    }
    for (int w = 0; w < LEM_CROSS_JUDGED_WRONG; w++)
        if (seen[w] < 10) fail_msg("%s: %d of %d", lem_cross_why_text((lem_cross_why)w), seen[w], checked);
}

/* AceMath: two answers that agree with each other and with the response. */
static void the_paper(void **state) {
    (void)state;
    static const struct {
        const char *response, *first, *second;
        lem_cross_why why;
    } cases[] = {{"1/2", "0.5", "\\frac12", LEM_CROSS_KEPT},
                 {"1/2", "0.5", "0.6", LEM_CROSS_TEACHERS_DIFFER},
                 {"1/2", "0.6", "0.6", LEM_CROSS_RESPONSE_DIFFERS},
                 {"", "0.6", "0.6", LEM_CROSS_NO_RESPONSE},
                 {"1/2", "0.5", "", LEM_CROSS_TEACHERS_SILENT}};
    const lem_cross_rule rule = {.all = true, .least = 2};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *t[3] = {cases[i].response, cases[i].first, cases[i].second};
        lem_grade_answer_text a[3];
        uint8_t pair[9];
        for (int k = 0; k < 3; k++) a[k] = (lem_grade_answer_text){t[k], strlen(t[k])};
        OK(lem_cross_compare(a, 3, NULL, pair, &err));
        assert_int_equal(lem_cross_decide(pair, 3, &rule), cases[i].why);
        OK(lem_cross_compare(a, 2, NULL, pair, &err));
        assert_int_equal(lem_cross_decide(pair, 2, &rule), LEM_CROSS_TOO_FEW);
        OK(lem_cross_compare(a, 1, NULL, pair, &err));
        assert_int_equal(lem_cross_decide(pair, 1, &rule), LEM_CROSS_NO_TEACHER);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_are_what_the_grader_says),
        cmocka_unit_test(the_rule_by_all_subsets),
        cmocka_unit_test(the_paper),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
