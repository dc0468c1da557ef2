/* test_select_lists - score-sorted sampling: only the best positives and worst negatives, balanced,
 * deterministic */
#include "reward/select_lists.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void sorted_extremes(void **state) {
    (void)state;
    int8_t label[64];
    double score[64];
    for (int i = 0; i < 64; i++) {
        label[i] = (int8_t)(i % 2);
        score[i] = (i * 37) % 64;
    }
    lem_list_opts o = {6, 14, false, 0, false, NULL};
    for (uint64_t id = 0; id < 200; id++) {
        lem_rng r = lem_rng_make(1, "t", id);
        int out[6], again[6];
        assert_int_equal(lem_list_select(&o, 64, label, score, &r, out), 6);
        assert_int_equal(lem_list_select(&o, 64, label, score, &r, again), 6);
        assert_memory_equal(out, again, sizeof out);
        for (int i = 0; i < 6; i++) {
            assert_int_equal(label[out[i]], i < 3);
            int better = 0; /* candidates of the class that stand before it in the order */
            for (int j = 0; j < 64; j++)
                better += label[j] == label[out[i]] &&
                          (i < 3 ? score[j] > score[out[i]] : score[j] < score[out[i]]);
            assert_true(better < 14);
            for (int j = 0; j < i; j++) assert_int_not_equal(out[i], out[j]);
        }
    }
}

static void balance(void **state) {
    (void)state;
    double score[10] = {0};
    lem_list_opts o = {6, 14, false, 0, false, NULL};
    lem_rng r = lem_rng_make(1, "t", 0);
    int out[6];
    int8_t one_pos[10] = {0, 0, 0, 1, 0, 0, 0, -1, 0, 0};
    assert_int_equal(lem_list_select(&o, 10, one_pos, score, &r, out), 6);
    assert_int_equal(out[0], 3);
    for (int i = 1; i < 6; i++) assert_int_equal(one_pos[out[i]], 0);
    int8_t two_neg[10] = {1, 1, 1, 1, 0, 1, 0, -1, -1, 1};
    assert_int_equal(lem_list_select(&o, 10, two_neg, score, &r, out), 6);
    for (int i = 0; i < 6; i++) assert_int_equal(two_neg[out[i]], i < 4);
    int8_t all[10] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    assert_int_equal(lem_list_select(&o, 10, all, score, &r, out), 0);
    int8_t few[5] = {1, 0, 1, 0, -1};
    assert_int_equal(lem_list_select(&o, 5, few, score, &r, out), 0);
}

/* Of ten candidates with p right and n wrong ones, how many are drawn of each. */
static int drawn(int p, int n, int positives, bool keep_short, int *right) {
    int8_t label[10];
    double score[10] = {0};
    int out[6];
    lem_list_opts o = {6, 14, false, positives, keep_short, NULL};
    lem_rng r = lem_rng_make(1, "t", 0);
    for (int i = 0; i < 10; i++) label[i] = -1;
    for (int i = 0; i < p; i++) label[i] = 1;
    for (int i = p; i < p + n; i++) label[i] = 0;
    int m = lem_list_select(&o, 10, label, score, &r, out);
    *right = 0;
    for (int i = 0; i < m; i++) *right += label[out[i]] == 1;
    return m;
}

static void positives_and_short_ones(void **state) {
    (void)state;
    int right;
    assert_int_equal(drawn(5, 5, 0, false, &right), 6);
    assert_int_equal(right, 3);
    assert_int_equal(drawn(5, 5, 1, false, &right), 6);
    assert_int_equal(right, 1);
    assert_int_equal(drawn(5, 5, 5, false, &right), 6);
    assert_int_equal(right, 5);
    assert_int_equal(drawn(5, 2, 1, false, &right), 6); /* the right ones fill what is lacking */
    assert_int_equal(right, 4);
    assert_int_equal(drawn(2, 2, 0, false, &right), 0);
    assert_int_equal(drawn(2, 2, 0, true, &right), 4);
    assert_int_equal(right, 2);
    assert_int_equal(drawn(2, 0, 0, true, &right), 0);
    assert_int_equal(drawn(1, 1, 5, true, &right), 2);
}

/* Of equal scores the first responses come into question; of the right ones the shorter half, rounded up, of
 * equal lengths the first. */
static void equal_ones(void **state) {
    (void)state;
    int8_t label[12];
    double score[12] = {0};
    static const size_t lengths[] = {9, 4, 5, 6, 7}, same[] = {5, 5, 5, 5};
    int drawn_of[12] = {0}, out[4];
    for (int i = 0; i < 12; i++) label[i] = (int8_t)(i < 6);
    for (uint64_t id = 0; id < 60; id++) {
        lem_rng r = lem_rng_make(1, "t", id);
        lem_list_opts o = {4, 3, false, 0, false, NULL};
        assert_int_equal(lem_list_select(&o, 12, label, score, &r, out), 4);
        for (int i = 0; i < 4; i++) drawn_of[out[i]]++;
    }
    for (int i = 0; i < 12; i++) assert_true((drawn_of[i] > 0) == (i % 6 < 3));
    static const int8_t five[] = {1, 1, 1, 1, 1, 0}, four[] = {1, 1, 1, 1, 0};
    static const double rising[] = {1, 2, 3, 4, 0};
    int of_five[6] = {0}, of_four[6] = {0};
    for (uint64_t id = 0; id < 60; id++) {
        lem_rng r = lem_rng_make(1, "t", id);
        lem_list_opts o = {2, 14, false, 1, false, lengths};
        assert_int_equal(lem_list_select(&o, 6, five, score, &r, out), 2);
        of_five[out[0]]++;
        o.bytes = same;
        assert_int_equal(lem_list_select(&o, 5, four, rising, &r, out), 2);
        of_four[out[0]]++;
    }
    for (int i = 0; i < 5; i++) assert_true((of_five[i] > 0) == (i >= 1 && i <= 3));
    for (int i = 0; i < 4; i++) assert_true((of_four[i] > 0) == (i < 2));
}

static void reasons(void **state) {
    (void)state;
    static const int8_t right[] = {1, -1, 1}, wrong[] = {-1, 0, 0}, both[] = {1, 0, -1},
                        none[] = {-1, -1, -1};
    assert_int_equal(lem_list_why(3, right, false), LEM_LIST_ALL_RIGHT);
    assert_int_equal(lem_list_why(3, wrong, false), LEM_LIST_ALL_WRONG);
    assert_int_equal(lem_list_why(3, both, false), LEM_LIST_TOO_FEW);
    assert_int_equal(lem_list_why(3, none, false), LEM_LIST_NOTHING);
    assert_int_equal(lem_list_why(3, both, true), LEM_LIST_CHOSEN);
}

static void random_covers_all(void **state) {
    (void)state;
    int8_t label[40];
    double score[40];
    int hits[40] = {0}, out[6];
    for (int i = 0; i < 40; i++) {
        label[i] = (int8_t)(i < 20);
        score[i] = i;
    }
    lem_list_opts o = {6, 14, true, 0, false};
    for (uint64_t id = 0; id < 2000; id++) {
        lem_rng r = lem_rng_make(1, "t", id);
        assert_int_equal(lem_list_select(&o, 40, label, score, &r, out), 6);
        for (int i = 0; i < 6; i++) hits[out[i]]++;
    }
    for (int i = 0; i < 40; i++) assert_in_range(hits[i], 220, 380); /* 300 expected, sigma about 16 */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorted_extremes),   cmocka_unit_test(balance),
        cmocka_unit_test(random_covers_all), cmocka_unit_test(positives_and_short_ones),
        cmocka_unit_test(reasons),           cmocka_unit_test(equal_ones)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
