/* test_ballot.c - votes counted at once against votes counted one by one, and pessimistic ones by formula */
#include "eval/ballot.h"

#include "core/rng.h"
#include "eval/majk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "near.h"

#include <math.h>

enum { MOST = 40, SCORES = 2 };

/* Ascending, some of 0..n-1. */
static int some_of(lem_rng *r, int n, int *subset) {
    int k = 0;
    for (int i = 0; i < n; i++)
        if (lem_rng_next_below(r, 3)) subset[k++] = i;
    if (k == 0) subset[k++] = n - 1;
    return k;
}

/* One ballot goes from problem to problem and from subset to subset. */
static void as_one_by_one(void **state) {
    (void)state;
    static const lem_eval_weight weighted[SCORES] = {LEM_EVAL_WEIGHT_SCORE, LEM_EVAL_WEIGHT_SIGMOID};
    lem_rng r = lem_rng_make(4, "ballot", 0);
    lem_err err = LEM_ERR_INIT;
    lem_eval_ballot b;
    assert_int_equal(lem_eval_ballot_open(&b, MOST, SCORES, &err), LEM_OK);
    for (int trial = 0; trial < 300; trial++) {
        int32_t group[MOST];
        uint8_t right[MOST];
        double score[SCORES][MOST], count[MOST] = {0};
        const double *const scores[SCORES] = {score[0], score[1]};
        int subset[MOST], n = 1 + (int)lem_rng_next_below(&r, MOST);
        for (int i = 0; i < n; i++) {
            group[i] = (int32_t)lem_rng_next_below(&r, (uint64_t)n < 7 ? (uint64_t)n : 7) - trial % 2;
            right[i] = (uint8_t)lem_rng_next_below(&r, 2);
            for (int s = 0; s < SCORES; s++) score[s][i] = (double)lem_rng_next_below(&r, 9) / 4 - s;
            if (lem_rng_next_below(&r, 9) == 0) score[1][i] = -INFINITY;
        }
        lem_eval_problem p = {.n = n, .correct = right, .group = group};
        lem_eval_ballot_of(&b, &p, scores, weighted);
        for (int draw = 0; draw < 5; draw++) {
            int k = some_of(&r, n, subset);
            lem_eval_ballot_count(&b, subset, k);
            assert_near(lem_eval_ballot_winner(&b, -1),
                        lem_eval_vote(&p, NULL, LEM_EVAL_WEIGHT_NONE, subset, k, count), 0);
            for (int s = 0; s < SCORES; s++)
                assert_near(lem_eval_ballot_winner(&b, s),
                            lem_eval_vote(&p, score[s], weighted[s], subset, k, count), 0);
        }
    }
    lem_eval_ballot_release(&b);
}

/* Against the formula, group by group. */
static void pessimistic(void **state) {
    (void)state;
    lem_rng r = lem_rng_make(3, "pessimistic", 0);
    lem_err err = LEM_ERR_INIT;
    lem_eval_ballot b;
    int differ = 0;
    assert_int_equal(lem_eval_ballot_open(&b, 12, 1, &err), LEM_OK);
    for (int trial = 0; trial < 500; trial++) {
        int32_t group[12];
        uint8_t right[12];
        double score[12], count[12] = {0}, alpha = 0.05 + 0.1 * (trial % 8);
        int subset[12], n = 5 + (int)lem_rng_next_below(&r, 8), best = -1;
        double top = 0;
        for (int i = 0; i < n; i++) {
            group[i] = (int32_t)lem_rng_next_below(&r, 5) - 1;
            right[i] = (uint8_t)lem_rng_next_below(&r, 2);
            score[i] = (double)lem_rng_next_below(&r, 1u << 30) / (1u << 30);
            subset[i] = i;
        }
        lem_eval_problem p = {.n = n, .correct = right, .group = group};
        for (int g = 0; g < 4; g++) {
            double sum = 0;
            int m = 0, first = -1;
            for (int i = 0; i < n; i++)
                if (group[i] == g) {
                    if (m++ == 0) first = i;
                    sum += score[i];
                }
            double value = m ? sum / m - alpha * sqrt(log(n) / m) : 0;
            if (m && (best < 0 || value > top)) top = value, best = first;
        }
        double want = best >= 0 && right[best];
        lem_eval_ballot_of(&b, &p, (const double *const[]){score},
                           (const lem_eval_weight[]){LEM_EVAL_WEIGHT_SCORE});
        lem_eval_ballot_count(&b, subset, n);
        assert_near(lem_eval_ballot_pessimistic(&b, 0, alpha), want, 0);
        differ += want != lem_eval_vote(&p, score, LEM_EVAL_WEIGHT_SCORE, subset, n, count);
    }
    lem_eval_ballot_release(&b);
    assert_true(differ > 20); /* it is not the weighted vote */
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_one_by_one), cmocka_unit_test(pessimistic)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
