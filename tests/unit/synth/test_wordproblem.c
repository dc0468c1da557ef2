/* test_wordproblem.c - the generator: pure, varied, every equation true, answers from the text alone, splits
 * that never meet */
#include "core/hash.h"
#include "core/mem.h"
#include "synth/wordproblem_priv.h"

#include <math.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static lem_wordproblem make(uint64_t seed, uint64_t index, lem_wordproblem_opts o) {
    lem_err err = LEM_ERR_INIT;
    lem_wordproblem p;
    lem_rng rng = lem_rng_make(seed, "test", 0);
    if (lem_wordproblem_make(&rng, index, &o, &p, &err) != LEM_OK)
        fail_msg("problem %d: %s", (int)index, err.text);
    return p;
}

/* Evaluates digits with + - * / and usual precedence; stops at another character. False when there is no
 * number or it does not divide. */
static bool evaluate(const char **at, long *value) {
    long sum = 0, term = 0, sign = 1;
    char op = 0;
    const char *s = *at;
    for (;;) {
        long n = 0;
        if (*s < '0' || *s > '9') return false;
        while (*s >= '0' && *s <= '9') n = n * 10 + (*s++ - '0');
        if (op == '*') term *= n;
        else if (op == '/') {
            if (n == 0 || term % n != 0) return false;
            term /= n;
        } else term = n;
        op = *s;
        if (op == '*' || op == '/') {
            s++;
            continue;
        }
        sum += sign * term;
        if (op != '+' && op != '-') break;
        sign = op == '+' ? 1 : -1;
        s++;
    }
    *at = s;
    *value = sum;
    return true;
}

/* Checks every "a op b=c" of one text; returns how many equalities it saw. */
static int check_equations(const char *text) {
    int seen = 0;
    for (const char *s = text; *s;) {
        long left, right;
        const char *start = s;
        if (*s < '0' || *s > '9' || (s > text && s[-1] == '*') || !evaluate(&s, &left)) {
            s++;
            continue;
        }
        while (*s == '=' && s[1] >= '0' && s[1] <= '9') {
            s++;
            const char *rhs = s;
            if (!evaluate(&s, &right)) {
                s = rhs;
                break;
            }
            if (left != right) fail_msg("false equation in: %s (at %s)", text, start);
            seen++;
        }
    }
    return seen;
}

static void test_pure(void **state) {
    (void)state;
    lem_wordproblem_opts o = {0};
    for (uint64_t i = 0; i < 50; i++) {
        lem_wordproblem a = make(1, i, o), b = make(1, i, o), c = make(2, i, o);
        assert_memory_equal(&a, &b, sizeof a);
        assert_string_not_equal(a.problem, c.problem);
    }
}

static void test_solutions(void **state) {
    (void)state;
    lem_wordproblem_opts o = {0};
    int used[LEM_WORDPROBLEM_TEMPLATES] = {0}, kinds = 0;
    for (uint64_t i = 0; i < 5000; i++) {
        lem_wordproblem p = make(3, i, o);
        char last[64];
        int lines = 0, equations = check_equations(p.solution);
        for (const char *s = p.solution; *s; s++) lines += *s == '\n';
        assert_int_equal(lines, p.steps);
        assert_in_range(p.steps, 2, 7);
        assert_in_range(equations, p.steps - 2, LEM_WORDPROBLEM_MAX_STEPS + 2);
        assert_true(equations >= 1);
        snprintf(last, sizeof last, "\nThe answer is \\boxed{%s}.", p.answer);
        assert_true(strlen(p.solution) > strlen(last));
        assert_string_equal(p.solution + strlen(p.solution) - strlen(last), last);
        assert_true(atoi(p.answer) >= 0 && atoi(p.answer) < 1000);
        assert_true(p.problem[strlen(p.problem) - 1] == '?');
        assert_null(strstr(p.problem, "  "));
        used[p.template_id]++;
    }
    for (int t = 0; t < LEM_WORDPROBLEM_TEMPLATES; t++) kinds += used[t] > 0;
    assert_int_equal(kinds, LEM_WORDPROBLEM_TEMPLATES);
}

static void test_many_distinct(void **state) {
    (void)state;
    lem_wordproblem_opts o = {.split = LEM_WORDPROBLEM_TRAIN};
    lem_err err = LEM_ERR_INIT;
    lem_map *keys = lem_map_new(&err), *shapes = lem_map_new(&err);
    assert_non_null(keys);
    assert_non_null(shapes);
    for (uint64_t i = 0; i < 22000; i++) {
        lem_wordproblem p = make(4, i, o);
        assert_int_equal(lem_map_set(keys, p.key, strlen(p.key), 1, &err), LEM_OK);
        assert_int_equal(lem_map_set(shapes, p.structure, strlen(p.structure), 1, &err), LEM_OK);
    }
    assert_true(lem_map_count(keys) >= 20000);
    assert_true(lem_map_count(shapes) >= 18000);
    o.split = LEM_WORDPROBLEM_TEST;
    for (uint64_t i = 0; i < 1500; i++) {
        lem_wordproblem p = make(5, i, o);
        assert_false(lem_map_find(shapes, p.structure, strlen(p.structure), NULL));
        assert_false(lem_map_find(keys, p.key, strlen(p.key), NULL));
    }
    lem_map_free(keys);
    lem_map_free(shapes);
}

static void test_splits(void **state) {
    (void)state;
    lem_wordproblem_opts o = {0};
    int seen[3] = {0};
    for (uint64_t i = 0; i < 600; i++) {
        lem_wordproblem p = make(6, i, o);
        uint64_t c = lem_hash64(p.structure, strlen(p.structure), 0) % 16;
        seen[c == 0 ? 0 : c == 1 ? 1 : 2]++;
        lem_wordproblem_opts v = {.split = LEM_WORDPROBLEM_VALID};
        p = make(6, i, v);
        assert_int_equal(lem_hash64(p.structure, strlen(p.structure), 0) % 16, 1);
    }
    assert_true(seen[0] > 10 && seen[1] > 10 && seen[2] > 450);
}

static void test_options(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_rng rng = lem_rng_make(1, "test", 0);
    lem_wordproblem p;
    for (uint64_t i = 0; i < 500; i++) {
        lem_wordproblem_opts o = {LEM_WORDPROBLEM_TRAIN, 2, 3, 0};
        p = make(7, i, o);
        assert_in_range(p.steps, 2, 3);
        o = (lem_wordproblem_opts){LEM_WORDPROBLEM_ANY, 0, 0, 1u << 15};
        p = make(7, i, o);
        assert_int_equal(p.template_id, 15);
    }
    assert_string_equal(lem_wordproblem_template_name(15), "sum-product");
    assert_null(lem_wordproblem_template_name(LEM_WORDPROBLEM_TEMPLATES));
    assert_null(lem_wordproblem_template_name(-1));
    lem_wordproblem_opts bad = {LEM_WORDPROBLEM_ANY, 5, 4, 0};
    assert_int_equal(lem_wordproblem_make(&rng, 0, &bad, &p, &err), LEM_EUSAGE);
    bad = (lem_wordproblem_opts){LEM_WORDPROBLEM_ANY, 0, 9, 0};
    assert_int_equal(lem_wordproblem_make(&rng, 0, &bad, &p, &err), LEM_EUSAGE);
    bad = (lem_wordproblem_opts){(lem_wordproblem_split)9, 0, 0, 0};
    assert_int_equal(lem_wordproblem_make(&rng, 0, &bad, &p, &err), LEM_EUSAGE);
    assert_int_equal(lem_wordproblem_make(&rng, UINT64_C(1) << 46, NULL, &p, &err), LEM_EUSAGE);
    bad = (lem_wordproblem_opts){LEM_WORDPROBLEM_ANY, 6, 6, 1u << 15}; /* sum-product has three steps */
    assert_int_equal(lem_wordproblem_make(&rng, 0, &bad, &p, &err), LEM_EDATA);
}

/* The value behind the last \\boxed{. */
static const char *boxed(const char *solution) {
    const char *at = strrchr(solution, '{');
    assert_non_null(at);
    return at + 1;
}

static void one_mistaken(const lem_wordproblem *p) {
    size_t n = strlen(p->answer);
    assert_non_null(p->mistake);
    check_equations(p->mistaken); /* no slips: each equation of a belief is true */
    assert_true(strncmp(boxed(p->mistaken), p->answer, n) != 0 || boxed(p->mistaken)[n] != '}');
    assert_true(strncmp(boxed(p->solution), p->answer, n) == 0 && boxed(p->solution)[n] == '}');
    assert_true(strchr(p->mistaken, '\n') != NULL); /* a line, at least, before the answer */
}

/* Problem, right solution and answer are those of the same index without mistakes; rates are those stated. */
static void test_mistakes(void **state) {
    (void)state;
    int all[LEM_WORDPROBLEM_TEMPLATES] = {0}, mistaken[LEM_WORDPROBLEM_TEMPLATES] = {0};
    lem_wordproblem_opts plain = {0}, o = {.mistakes = true};
    for (uint64_t i = 0; i < 12000; i++) {
        lem_wordproblem p = make(9, i, o), q = make(9, i, plain);
        all[p.template_id]++;
        assert_string_equal(p.problem, q.problem);
        assert_string_equal(p.solution, q.solution);
        assert_string_equal(p.structure, q.structure);
        assert_true(!q.mistake && !q.mistaken[0]);
        if (!p.mistake) continue;
        mistaken[p.template_id]++;
        one_mistaken(&p);
    }
    for (int t = 0; t < LEM_WORDPROBLEM_TEMPLATES; t++) {
        double rate = lem_wp_templates[t].rate / 100.0, is = (double)mistaken[t] / all[t];
        bool rare = strcmp(lem_wordproblem_template_name(t), "two-remainders") == 0; /* often no difference */
        assert_true(rate == 0.30 || rate == 0.50 || rate == 0.65);
        if (is > rate + 4 * sqrt(0.25 / all[t]) || (!rare && is < rate - 0.12 - 4 * sqrt(0.25 / all[t])))
            fail_msg("%s: %.3f of %d, %.2f expected", lem_wordproblem_template_name(t), is, all[t], rate);
    }
}

/* Another teacher solves the same problem, is mistaken elsewhere, and makes another mistake first. */
static void test_teachers(void **state) {
    (void)state;
    lem_wordproblem_opts first = {.mistakes = true}, second = {.mistakes = true, .teacher = 1};
    int n = 3000, a = 0, b = 0, both = 0, same = 0;
    for (uint64_t i = 0; i < (uint64_t)n; i++) {
        lem_wordproblem p = make(9, i, first), q = make(9, i, second);
        assert_string_equal(p.problem, q.problem);
        assert_string_equal(p.answer, q.answer);
        if (q.mistake) one_mistaken(&q);
        a += p.mistake != NULL;
        b += q.mistake != NULL;
        both += p.mistake && q.mistake;
        same += p.mistake && q.mistake && strcmp(p.mistake, q.mistake) == 0;
    }
    assert_in_range(b, a - 5 * 27, a + 5 * 27); /* as often: five standard deviations of 3,000 draws */
    assert_in_range(both, n / 5, n / 3);        /* apart: rates of 30, 50 and 65 give .25 */
    assert_in_range(same, both / 5, both * 3 / 4);
}

/* A mistake wherever one goes through: its answer stands beside the right one. */
static void test_always(void **state) {
    (void)state;
    lem_wordproblem_opts o = {.mistakes = true, .always = true};
    int made = 0;
    for (uint64_t i = 0; i < 2000; i++) {
        lem_wordproblem p = make(9, i, o);
        size_t len = strlen(p.mistaken_answer);
        if (!p.mistake) continue;
        made++;
        one_mistaken(&p);
        assert_string_not_equal(p.mistaken_answer, p.answer);
        assert_true(strncmp(boxed(p.mistaken), p.mistaken_answer, len) == 0 && boxed(p.mistaken)[len] == '}');
    }
    assert_in_range(made, 1800, 2000);
}

/* A known problem worked by hand: a fence post, and what follows from it. */
static void test_fence_post(void **state) {
    (void)state;
    lem_wordproblem_opts o = {.mistakes = true, .templates = 1u << 29};
    bool seen = false;
    for (uint64_t i = 0; i < 200 && !seen; i++) {
        lem_wordproblem p = make(10, i, o);
        int a, s, n, b;
        if (!p.mistake || strcmp(p.mistake, "rows for gaps") != 0) continue;
        char want[256];
        int got =
            sscanf(p.problem,
                   "The first row of a hall has %d seats and each next row has %d more. In row %d, %d seats",
                   &a, &s, &n, &b);
        assert_int_equal(got, 4);
        snprintf(want, sizeof want,
                 "More: %d*%d=%d.\nRow %d: %d+%d=%d.\nFree: %d-%d=%d.\nThe answer is \\boxed{%d}.", n, s,
                 n * s, n, a, n * s, a + n * s, a + n * s, b, a + n * s - b, a + n * s - b);
        assert_string_equal(p.mistaken, want);
        seen = true;
    }
    assert_true(seen);
}

/* Wordings that are held out: same numbers and answer, other words, which no usual problem has. */
static void test_reworded(void **state) {
    (void)state;
    static const char *const only[] = {" packs them into ", " remain?", "must be hired?",
                                       "Which code is that?", " do the two own in all?"};
    lem_wordproblem_opts plain = {0}, o = {.reword = true};
    int changed = 0, found[5] = {0};
    for (uint64_t i = 0; i < 4000; i++) {
        lem_wordproblem p = make(11, i, o), q = make(11, i, plain);
        assert_string_equal(p.structure, q.structure);
        assert_string_equal(p.solution, q.solution);
        assert_int_equal(p.reworded, strcmp(p.problem, q.problem) != 0);
        assert_int_equal(p.reworded, strcmp(p.key, q.key) != 0);
        changed += p.reworded;
        for (int k = 0; k < 5; k++) {
            found[k] += strstr(p.problem, only[k]) != NULL;
            assert_null(strstr(q.problem, only[k]));
        }
    }
    assert_in_range(changed, 2000, 3600);
    for (int k = 0; k < 5; k++) assert_true(found[k] > 0);
}

static void test_general_text(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_rng rng = lem_rng_make(8, "general", 0);
    unsigned seen = 0;
    lem_generaltext a, b;
    for (uint64_t i = 0; i < 4000; i++) {
        assert_int_equal(lem_generaltext_make(&rng, i, 0, &a, &err), LEM_OK);
        assert_int_equal(lem_generaltext_make(&rng, i, 0, &b, &err), LEM_OK);
        assert_memory_equal(&a, &b, sizeof a);
        assert_true(a.prompt[0] != 0 && a.response[0] != 0);
        if (a.kind == LEM_GENERALTEXT_DRILL) assert_int_equal(check_equations(a.response), 1);
        if (a.kind == LEM_GENERALTEXT_CHECK) {
            assert_int_equal(check_equations(a.response), 1);
            /* "Is X right?" repeats the response's equation exactly when the response says yes */
            const char *x = a.prompt + 3;
            bool same = strncmp(x, a.response, (size_t)(strstr(a.response, ". ") - a.response)) == 0;
            same = same && strcmp(x + (strstr(a.response, ". ") - a.response), " right?") == 0;
            assert_int_equal(same, strstr(a.response, "Yes") != NULL);
        }
        seen |= (unsigned)a.kind;
    }
    assert_int_equal(seen, LEM_GENERALTEXT_ALL);
    assert_int_equal(lem_generaltext_make(&rng, 0, LEM_GENERALTEXT_CHAT, &a, &err), LEM_OK);
    assert_int_equal(a.kind, LEM_GENERALTEXT_CHAT);
    assert_int_equal(lem_generaltext_make(&rng, 0, 128, &a, &err), LEM_EUSAGE);
    assert_int_equal(lem_generaltext_make(&rng, UINT64_C(1) << 46, 0, &a, &err), LEM_EUSAGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pure),          cmocka_unit_test(test_solutions),
        cmocka_unit_test(test_many_distinct), cmocka_unit_test(test_splits),
        cmocka_unit_test(test_options),       cmocka_unit_test(test_general_text),
        cmocka_unit_test(test_mistakes),      cmocka_unit_test(test_teachers),
        cmocka_unit_test(test_always),        cmocka_unit_test(test_fence_post),
        cmocka_unit_test(test_reworded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
