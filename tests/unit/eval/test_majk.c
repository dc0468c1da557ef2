/* test_majk.c - votes in one subset, and the exact expectation against enumeration */
#include "eval/majk.h"

#include "core/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "near.h"

#include <math.h>
#include <string.h>

/* Mean over all k-subsets; a tie counts each tied group equally; a group is as right as its first member in
 * the subset. */
static double brute(const lem_eval_problem *p, int k) {
    double sum = 0;
    int all = 0;
    for (unsigned s = 0; s < 1u << p->n; s++) {
        if (__builtin_popcount(s) != k) continue;
        int votes[16] = {0}, first[16], most = 0, tied = 0, right = 0;
        for (int i = p->n - 1; i >= 0; i--)
            if (s >> i & 1 && p->group[i] >= 0) votes[p->group[i]]++, first[p->group[i]] = i;
        for (int g = 0; g < p->n; g++)
            if (votes[g] > most) most = votes[g];
        for (int g = 0; g < p->n; g++)
            if (most && votes[g] == most) tied++, right += p->correct[first[g]];
        if (tied) sum += (double)right / tied;
        all++;
    }
    return sum / all;
}

static double exact(const lem_eval_problem *p, int k) {
    lem_err err = LEM_ERR_INIT;
    bool feasible = false;
    double v = NAN;
    assert_int_equal(lem_eval_vote_exact(p, k, &v, &feasible, &err), LEM_OK);
    assert_true(feasible);
    return v;
}

static void equals_enumeration(void **state) {
    (void)state;
    lem_rng r = lem_rng_make(11, "test", 0);
    for (int trial = 0; trial < 300; trial++) {
        int32_t group[10];
        uint8_t right[10];
        int n = 1 + (int)lem_rng_next_below(&r, 10), groups = 1 + (int)lem_rng_next_below(&r, (uint64_t)n);
        for (int i = 0; i < n; i++) {
            group[i] = (int32_t)lem_rng_next_below(&r, (uint64_t)groups + (trial % 2)) -
                       (trial % 2);                        /* every other trial has silent candidates */
            right[i] = (uint8_t)lem_rng_next_below(&r, 2); /* correctness need not follow the groups */
        }
        lem_eval_problem p = {.n = n, .correct = right, .group = group};
        for (int k = 1; k <= n; k++) assert_near(exact(&p, k), brute(&p, k), 1e-12);
    }
}

/* Mean over all subsets, ties within rounding shared, group by group. */
static double brute_weighted(const lem_eval_problem *p, const double *score, double alpha, int k) {
    double sum = 0;
    int all = 0;
    for (unsigned s = 0; s < 1u << p->n; s++) {
        if (__builtin_popcount(s) != k) continue;
        double best = -INFINITY, value[10], right = 0;
        int first[10], members[10] = {0}, tied = 0;
        for (int g = 0; g < 10; g++) {
            value[g] = 0;
            for (int i = p->n - 1; i >= 0; i--)
                if (s >> i & 1 && p->group[i] == g) value[g] += score[i], members[g]++, first[g] = i;
            if (alpha > 0 && members[g]) value[g] = value[g] / members[g] - alpha * sqrt(log(k) / members[g]);
            if (members[g] && value[g] > best) best = value[g];
        }
        for (int g = 0; g < 10; g++)
            if (members[g] && value[g] > best - 1e-9) tied++, right += p->correct[first[g]];
        if (tied) sum += right / tied;
        all++;
    }
    return sum / all;
}

static void weighted_equals_enumeration(void **state) {
    (void)state;
    lem_rng r = lem_rng_make(12, "test", 0);
    lem_err err = LEM_ERR_INIT;
    for (int trial = 0; trial < 200; trial++) {
        int32_t group[10];
        uint8_t right[10];
        double score[10], flat[10];
        int n = 1 + (int)lem_rng_next_below(&r, 10);
        for (int i = 0; i < n; i++) {
            group[i] = (int32_t)lem_rng_next_below(&r, n < 5 ? (uint64_t)n : 5) - trial % 2;
            right[i] = (uint8_t)lem_rng_next_below(&r, 2);
            score[i] = (double)(1 + lem_rng_next_below(&r, 4)) / 4; /* ties happen */
            flat[i] = 1;
        }
        lem_eval_problem p = {.n = n, .correct = right, .group = group};
        for (int k = 1; k <= n; k++)
            for (int a = 0; a < 3; a++) {
                bool feasible = false;
                double v = NAN, alpha = 0.2 * a;
                assert_int_equal(
                    lem_eval_vote_enumerated(&p, score, LEM_EVAL_WEIGHT_SCORE, alpha, k, &v, &feasible, &err),
                    LEM_OK);
                assert_true(feasible);
                assert_near(v, brute_weighted(&p, score, alpha, k), 1e-12);
                assert_int_equal(
                    lem_eval_vote_enumerated(&p, flat, LEM_EVAL_WEIGHT_SCORE, 0, k, &v, &feasible, &err),
                    LEM_OK);
                assert_near(v, exact(&p, k), 1e-12); /* equal weights are plain votes */
            }
    }
    lem_eval_problem large = {.n = 64};
    bool feasible = true;
    double v;
    assert_int_equal(lem_eval_vote_enumerated(&large, NULL, LEM_EVAL_WEIGHT_SCORE, 0, 8, &v, &feasible, &err),
                     LEM_OK);
    assert_false(feasible);
}

static void one_subset(void **state) {
    (void)state;
    int32_t group[] = {0, 1, 1, 0, -1, 2};
    uint8_t right[] = {0, 1, 0, 1, 1, 1};
    double count[6] = {0}, weight[] = {-5, 4, -5, -5, 9, 3}, zero[6] = {0};
    lem_eval_problem p = {.n = 6, .correct = right, .group = group};
    int all[] = {0, 1, 2, 3, 4, 5}, tail[] = {1, 3, 5}, silent[] = {4};
    assert_near(lem_eval_vote(&p, NULL, LEM_EVAL_WEIGHT_NONE, all, 6, count), 0,
                0); /* 0 and 1 tie; 0 is seen first and its first member is wrong */
    assert_near(lem_eval_vote(&p, NULL, LEM_EVAL_WEIGHT_NONE, tail, 3, count), 1, 0);
    assert_near(lem_eval_vote(&p, weight, LEM_EVAL_WEIGHT_SIGMOID, all, 6, count), 1,
                0); /* sigmoid(4) + sigmoid(-5) beats sigmoid(3) */
    assert_near(lem_eval_vote(&p, NULL, LEM_EVAL_WEIGHT_NONE, silent, 1, count), 0, 0);
    assert_memory_equal(count, zero, sizeof count);
    /* probabilities count as they are: .9 beats .3 + .35, where by their sigmoids two votes would win */
    double sure[] = {0.9, 0.3, 0.35, 0.05, 1, -INFINITY};
    int three[] = {0, 1, 2}, missing[] = {1, 5};
    right[0] = 1;
    right[1] = 0;
    assert_near(lem_eval_vote(&p, sure, LEM_EVAL_WEIGHT_SCORE, three, 3, count), 1, 0);
    assert_near(lem_eval_vote(&p, sure, LEM_EVAL_WEIGHT_SIGMOID, three, 3, count), 0, 0);
    assert_near(lem_eval_vote(&p, sure, LEM_EVAL_WEIGHT_SCORE, missing, 2, count), 0, 0);
    assert_memory_equal(count, zero, sizeof count);
}

static void sizes(void **state) {
    (void)state;
    static int32_t group[1001];
    static uint8_t right[1001];
    bool feasible = true;
    double v;
    lem_err err = LEM_ERR_INIT;
    for (int i = 0; i < 1001; i++) group[i] = i % 2, right[i] = i % 2 == 0;
    lem_eval_problem p = {.n = 1001, .correct = right, .group = group};
    assert_int_equal(lem_eval_vote_exact(&p, 8, &v, &feasible, &err), LEM_OK);
    assert_false(feasible); /* n > 1000 */
    p.n = 64;
    assert_near(exact(&p, 64), 0.5, 1e-12); /* 32 against 32 */
    assert_near(exact(&p, 1), 0.5, 1e-12);
    for (int i = 0; i < 64; i++) group[i] = i, right[i] = i == 0; /* all different: a random candidate */
    for (int k = 1; k <= 64; k *= 2) assert_near(exact(&p, k), 1.0 / 64, 1e-12);
    assert_int_equal(lem_eval_vote_exact(&p, 65, &v, &feasible, &err), LEM_EUSAGE);
}

/* A score below 0 has no vote; it does not take from its group either. */
static void negative_scores(void **state) {
    (void)state;
    static const int group[] = {0, 0, 1}, subset[] = {0, 1, 2};
    static const uint8_t correct[] = {1, 1, 0};
    static const double score[] = {2, -5, 1};
    double count[6] = {0};
    lem_eval_problem p = {0};
    p.n = 3;
    p.group = (int *)group;
    p.correct = (uint8_t *)correct;
    assert_true(lem_eval_vote(&p, score, LEM_EVAL_WEIGHT_SCORE, subset, 3, count) == 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_enumeration), cmocka_unit_test(weighted_equals_enumeration),
        cmocka_unit_test(one_subset), cmocka_unit_test(sizes), cmocka_unit_test(negative_scores)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
