/* test_rng - Philox known answers, ranges, moments, permutations */
#include "support.h"

#include "core/rng.h"
#include "core/rng_priv.h"

#include <math.h>

/* Random123, file kat_vectors, philox4x32 10. */
static void known_answers(void **state) {
    (void)state;
    static const uint32_t cases[3][10] = {
        {0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
        {~0u, ~0u, ~0u, ~0u, ~0u, ~0u, 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
        {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09, 0x94fdcceb,
         0x5001e420, 0x24126ea1}};
    for (int i = 0; i < 3; i++) {
        uint32_t out[4];
        lem_philox4x32(cases[i], cases[i] + 4, out);
        assert_memory_equal(out, cases[i] + 6, sizeof out);
        lem_rng r = {.key = {cases[i][4], cases[i][5]}, .hi = (uint64_t)cases[i][3] << 32 | cases[i][2]};
        uint64_t index = (uint64_t)cases[i][1] << 32 | cases[i][0];
        assert_true(lem_rng_at(&r, index) == ((uint64_t)out[1] << 32 | out[0]));
    }
}

static void keys(void **state) {
    (void)state;
    lem_rng a = lem_rng_make(1, "init", 0), again = lem_rng_make(1, "init", 0);
    lem_rng others[] = {lem_rng_make(2, "init", 0), lem_rng_make(1, "inis", 0), lem_rng_make(1, "init", 1)};
    for (uint64_t i = 0; i < 100; i++) {
        assert_true(lem_rng_at(&a, i) == lem_rng_next(&again));
        for (int k = 0; k < 3; k++) assert_true(lem_rng_at(&a, i) != lem_rng_at(&others[k], i));
    }
    assert_true(lem_rng_at(&a, 0) == UINT64_C(0x357bca888d321c24)); /* the stream of a seed never changes */
}

static void ranges(void **state) {
    (void)state;
    lem_rng r = lem_rng_make(7, "ranges", 0);
    int count[7] = {0};
    for (int i = 0; i < 70000; i++) {
        uint64_t v = lem_rng_next_below(&r, 7);
        assert_true(v < 7);
        count[v]++;
        double u = lem_rng_next_unit(&r);
        assert_true(u >= 0 && u < 1);
    }
    for (int k = 0; k < 7; k++)
        assert_in_range(count[k], 10000 - 450, 10000 + 450); /* 5 standard deviations of 93 */
    assert_int_equal(lem_rng_next_below(&r, 1), 0);
    for (int i = 0; i < 1000; i++)
        assert_true(lem_rng_next_below(&r, (UINT64_C(1) << 63) + 1) <= UINT64_C(1) << 63);
}

static void normals(void **state) {
    (void)state;
    enum { N = 200000 };
    lem_rng r = lem_rng_make(7, "normals", 0);
    double m1 = 0, m2 = 0, m3 = 0, m4 = 0;
    for (int i = 0; i < N; i++) {
        double u = 1 - lem_rng_unit_at(&r, r.next), v = lem_rng_unit_at(&r, r.next + 1);
        double x = lem_rng_next_normal(&r), wanted = sqrt(-2 * log(u)) * cos(2 * 3.14159265358979323846 * v);
        if (!(fabs(x - wanted) < 4e-15 * (1 + fabs(sqrt(-2 * log(u))))))
            fail_msg("draw %d: %.17g, not %.17g", i, x, wanted);
        m1 += x, m2 += x * x, m3 += x * x * x, m4 += x * x * x * x;
    }
    assert_true(fabs(m1 / N) < 5 / sqrt(N)); /* five standard errors each */
    assert_true(fabs(m2 / N - 1) < 5 * sqrt(2.0 / N));
    assert_true(fabs(m3 / N) < 5 * sqrt(15.0 / N));
    assert_true(fabs(m4 / N - 3) < 5 * sqrt(96.0 / N));
}

static void permutation(void **state) {
    (void)state;
    static const uint64_t sizes[] = {1, 2, 3, 4, 5, 15, 16, 17, 100, 255, 256, 257, 1000, 5000};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        uint64_t n = sizes[s];
        lem_rng r = lem_rng_make(3, "order", n);
        unsigned char *seen = calloc(n, 1);
        for (uint64_t i = 0; i < n; i++) {
            uint64_t at = lem_rng_permute(&r, n, i);
            assert_true(at < n);
            assert_int_equal(seen[at]++, 0);
        }
        free(seen);
    }
    lem_rng r = lem_rng_make(3, "order", 0);
    uint64_t huge = (UINT64_C(1) << 63) + 12345;
    assert_true(lem_rng_permute(&r, huge, 5) < huge);
    assert_true(lem_rng_permute(&r, UINT64_MAX, UINT64_MAX - 1) < UINT64_MAX);
}

/* All six orders of three things, about equally often over ids. */
static void small_permutations(void **state) {
    (void)state;
    int count[27] = {0}, kinds = 0;
    for (uint64_t id = 0; id < 6000; id++) {
        lem_rng r = lem_rng_make(11, "order", id);
        count[lem_rng_permute(&r, 3, 0) * 9 + lem_rng_permute(&r, 3, 1) * 3 + lem_rng_permute(&r, 3, 2)]++;
    }
    for (int i = 0; i < 27; i++) {
        if (!count[i]) continue;
        kinds++;
        assert_in_range(count[i], 1000 - 150, 1000 + 150); /* 5 standard deviations of 29 */
    }
    assert_int_equal(kinds, 6);
}

/* Of 3 * 2^62 numbers each is as likely: without rejecting low products every third would be drawn twice as
 * often. */
static void large_ranges(void **state) {
    (void)state;
    lem_rng r = lem_rng_make(3, "large", 0);
    int count[3] = {0}, draws = 9000;
    for (int i = 0; i < draws; i++) count[lem_rng_next_below(&r, UINT64_C(3) << 62) % 3]++;
    for (int i = 0; i < 3; i++) assert_in_range(count[i], draws / 3 - 250, draws / 3 + 250); /* 5.6 sigma */
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(known_answers), cmocka_unit_test(keys),
                                       cmocka_unit_test(ranges),        cmocka_unit_test(normals),
                                       cmocka_unit_test(permutation),   cmocka_unit_test(small_permutations),
                                       cmocka_unit_test(large_ranges)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
