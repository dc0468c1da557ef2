/* test_clusters.c - rows that repeat their problems give the intervals of the problems */
#include "../checks.h"
#include "core/rng.h"
#include "eval/clusters.h"

#include <math.h>

enum { N = 60, REPEAT = 3 };

static lem_eval_problem row[N * REPEAT];
static const lem_eval_problem *in[N * REPEAT];
static double one[2][N], all[2][N * REPEAT];

static void make(uint64_t clusters) {
    lem_rng r = lem_rng_make(1, "clusters", 0);
    for (int i = 0; i < N; i++)
        one[0][i] = lem_rng_next_unit(&r) < 0.4, one[1][i] = lem_rng_next_unit(&r) < 0.6;
    for (int i = 0; i < N * REPEAT; i++) { /* the rows of a problem lie apart */
        row[i] =
            (lem_eval_problem){.n = 1, .id = (uint64_t)i, .cluster = clusters ? (uint64_t)(i % N) + 1 : 0};
        in[i] = &row[i];
        all[0][i] = one[0][i % N];
        all[1][i] = one[1][i % N];
    }
}

static void equal(double is, double want) {
    if (!(fabs(is - want) < 1e-9)) fail_msg("%.12g, expected %.12g", is, want);
}

static void repeated(void **state) {
    (void)state;
    lem_eval_clusters c;
    make(1);
    OK(lem_eval_clusters_make(in, N * REPEAT, &c, &err));
    assert_int_equal(c.n, N);
    lem_eval_interval got = lem_eval_clusters_mean(&c, all[0]), want = lem_eval_mean_interval(one[0], N);
    equal(got.mean, want.mean);
    equal(got.lo, want.lo);
    equal(got.hi, want.hi);
    lem_eval_pairs pairs = lem_eval_clusters_paired(&c, all[1], all[0]),
                   wanted = lem_eval_paired(one[1], one[0], N);
    equal(pairs.at.mean, wanted.at.mean);
    equal(pairs.at.lo, wanted.at.lo);
    equal(pairs.at.hi, wanted.at.hi);
    assert_int_equal(pairs.better, wanted.better);
    assert_true(isnan(pairs.p));
    lem_eval_clusters_release(&c);
}

static void distinct(void **state) {
    (void)state;
    lem_eval_clusters c;
    make(0);
    OK(lem_eval_clusters_make(in, N * REPEAT, &c, &err));
    assert_true(c.n == N * REPEAT && !c.of);
    lem_eval_interval got = lem_eval_clusters_mean(&c, all[0]),
                      want = lem_eval_mean_interval(all[0], N * REPEAT);
    assert_true(got.lo == want.lo && got.hi == want.hi);
    lem_eval_clusters_release(&c);
}

/* Problems of different sizes: the mean is over rows, and the interval is wider than if all were distinct. */
static void uneven(void **state) {
    (void)state;
    lem_eval_clusters c;
    make(1);
    for (int i = 0; i < N * REPEAT; i++)
        if (i >= N) row[i].cluster = (uint64_t)(i % 20) + 1, all[0][i] = one[0][i % 20];
    OK(lem_eval_clusters_make(in, N * REPEAT, &c, &err));
    assert_int_equal(c.n, N);
    lem_eval_interval got = lem_eval_clusters_mean(&c, all[0]),
                      naive = lem_eval_mean_interval(all[0], N * REPEAT);
    equal(got.mean, naive.mean);
    assert_true(got.hi - got.lo > 1.5 * (naive.hi - naive.lo));
    lem_eval_clusters_release(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(repeated), cmocka_unit_test(distinct),
                                       cmocka_unit_test(uneven)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
