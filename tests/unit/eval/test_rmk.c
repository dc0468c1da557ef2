/* test_rmk.c - exact best-of-k against the golden values and against enumeration with random tie-breaking */
#include "eval/rmk.h"

#include "core/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "near.h"

#include <math.h>

static double exact(const lem_eval_problem *p, int k) {
    lem_err err = LEM_ERR_INIT;
    int ks[] = {0, 1, k, p->n + 1};
    double v[] = {-1, NAN, NAN, -1};
    assert_int_equal(lem_eval_best_exact(p, p->score[0], ks, 4, v, &err), LEM_OK);
    assert_near(v[0], -1, 0); /* there are no such subsets */
    assert_near(v[3], -1, 0);
    return v[2];
}

/* Every subset; a tie for the best counts the mean correctness of the tied. */
static double brute(const lem_eval_problem *p, int k) {
    double sum = 0;
    int all = 0;
    for (unsigned s = 0; s < 1u << p->n; s++) {
        if (__builtin_popcount(s) != k) continue;
        double best = -INFINITY;
        int tied = 0, right = 0;
        for (int i = 0; i < p->n; i++)
            if (s >> i & 1 && p->score[0][i] > best) best = p->score[0][i];
        for (int i = 0; i < p->n; i++)
            if (s >> i & 1 && p->score[0][i] == best) tied++, right += p->correct[i];
        sum += (double)right / tied;
        all++;
    }
    return sum / all;
}

static void golden(void **state) {
    (void)state;
    double score[] = {.9, .1, .7, .4, .8, .2};
    uint8_t right[] = {0, 1, 1, 0, 1, 0};
    lem_eval_problem p = {.n = 6, .correct = right, .score = {score}};
    assert_near(exact(&p, 1), 0.5, 1e-12);
    assert_near(exact(&p, 2), 0.466667, 5e-7);
    assert_near(exact(&p, 3), 0.45, 1e-12);
    assert_near(exact(&p, 6), 0, 1e-12);
}

static void equals_enumeration(void **state) {
    (void)state;
    lem_rng r = lem_rng_make(7, "test", 0);
    for (int trial = 0; trial < 300; trial++) {
        double score[10];
        uint8_t right[10];
        int n = 1 + (int)lem_rng_next_below(&r, 10),
            levels = 1 + (int)lem_rng_next_below(&r, 6); /* few levels: many ties */
        for (int i = 0; i < n; i++) {
            score[i] = (double)lem_rng_next_below(&r, (uint64_t)levels);
            if (score[i] == 0 && trial % 5 == 0) score[i] = -INFINITY;
            right[i] = (uint8_t)lem_rng_next_below(&r, 2);
        }
        lem_eval_problem p = {.n = n, .correct = right, .score = {score}};
        for (int k = 1; k <= n; k++) assert_near(exact(&p, k), brute(&p, k), 1e-12);
    }
}

static void large(void **state) {
    (void)state;
    static double score[4096];
    static uint8_t right[4096];
    for (int i = 0; i < 4096; i++) score[i] = i, right[i] = i == 4095;
    lem_eval_problem p = {.n = 4096, .correct = right, .score = {score}};
    assert_near(exact(&p, 4096), 1, 1e-12);
    assert_near(exact(&p, 2048), 0.5, 1e-12); /* the best is in half of all halves */
    assert_near(exact(&p, 1), 1.0 / 4096, 1e-15);
    for (int i = 0; i < 4096; i++) score[i] = 0;
    assert_near(exact(&p, 100), 1.0 / 4096, 1e-12);
}

static void one_subset(void **state) {
    (void)state;
    double score[] = {1, 3, 3, 2};
    uint8_t right[] = {0, 0, 1, 1};
    lem_eval_problem p = {.n = 4, .correct = right, .score = {score}};
    int all[] = {0, 1, 2, 3}, some[] = {0, 2, 3};
    assert_near(lem_eval_best_of(&p, score, all, 4), 0, 0); /* the first of the tied is wrong */
    assert_near(lem_eval_best_of(&p, score, some, 3), 1, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(golden), cmocka_unit_test(equals_enumeration),
                                       cmocka_unit_test(large), cmocka_unit_test(one_subset)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
