/* test_interval - exact values, and how often the intervals cover in simulation */
#include "core/rng.h"
#include "eval/interval.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void close_to(double got, double want, double tol) {
    if (!(fabs(got - want) <= tol)) fail_msg("%.12g, expected %.12g", got, want);
}

static void few_events_are_exact(void **state) {
    (void)state;
    double v[60] = {0};
    lem_eval_interval none = lem_eval_mean_interval(v, 60);
    assert_true(none.mean == 0 && none.lo == 0);
    close_to(none.hi, 1 - pow(0.025, 1.0 / 60), 1e-9); /* 5.96 %, not [0,0] */
    for (int i = 0; i < 7; i++) v[i] = 1;
    lem_eval_interval seven = lem_eval_mean_interval(v, 60); /* by bisection on sums of binomial terms */
    close_to(seven.lo, 0.04821484187134, 1e-9);
    close_to(seven.hi, 0.22571615314565, 1e-9);
    for (int i = 0; i < 60; i++) v[i] = 1;
    lem_eval_interval all = lem_eval_mean_interval(v, 60);
    assert_true(all.mean == 1 && all.hi == 1);
    close_to(all.lo, pow(0.025, 1.0 / 60), 1e-9);
    double one = 0.25;
    lem_eval_interval single = lem_eval_mean_interval(&one, 1);
    assert_true(single.lo < 0.01 && single.hi > 0.9);
}

static void pairs(void **state) {
    (void)state;
    double a[200], b[200];
    for (int i = 0; i < 200; i++) a[i] = b[i] = i % 2;
    lem_eval_pairs same = lem_eval_paired(a, b, 200);
    assert_true(same.at.mean == 0 && same.p == 1 && same.better == 0 && same.worse == 0 && same.too_few);
    assert_true(same.at.lo < 0 && same.at.hi > 0); /* nothing differs: still not certain */
    for (int i = 0; i < 15; i++) a[i] = 1, b[i] = 0;
    for (int i = 15; i < 20; i++) a[i] = 0, b[i] = 1;
    lem_eval_pairs p = lem_eval_paired(a, b, 200);
    assert_int_equal(p.better, 15);
    assert_int_equal(p.worse, 5);
    assert_false(p.too_few);
    close_to(p.p, 0.04138947, 1e-7); /* binom.test(5, 20)$p.value */
    close_to(p.at.mean, 0.05, 1e-12);
    /* Bonett & Price: p12 = 16/202, p21 = 6/202 */
    for (int i = 100; i < 160; i++) a[i] = b[i] = 0.1 * 3;
    for (int i = 100; i < 160; i++) b[i] = 0.3; /* the same but for rounding */
    p = lem_eval_paired(a, b, 200);
    assert_true(p.better == 15 && p.worse == 5 && fabs(p.p - 0.04138947) < 1e-7);
    a[100] = 0.5;
    p = lem_eval_paired(a, b, 200);
    assert_true(p.better == 16 && isnan(p.p));
    a[100] = b[100];
    p = lem_eval_paired(a, b, 200);
    double d = 10 / 202.0, s = 1.959963984540054 * sqrt((22 / 202.0 - d * d) / 202);
    close_to(p.at.lo, d - s, 1e-12);
    close_to(p.at.hi, d + s, 1e-12);
}

/* ---- coverage ---- */

typedef struct regime {
    int problems, candidates;
    double solvable, rate; /* share of problems that can be solved; their rate */
    int k;                 /* best of k by a random score, k of the candidates: the expectation is exact */
} regime;

/* One problem's value under a random scorer, its share of right candidates; and that of a second scorer that
 * finds a right one with probability `skill` where there is one. */
static double draw_problem(const regime *g, lem_rng *r, double *other, double skill) {
    int right = 0;
    bool can = lem_rng_next_unit(r) < g->solvable;
    for (int i = 0; i < g->candidates; i++) right += can && lem_rng_next_unit(r) < g->rate;
    double v = (double)right / g->candidates;
    if (g->k == 1) v = right > 0 && lem_rng_next_unit(r) < v; /* one is picked: 0 or 1 */
    *other = right > 0 ? skill * (lem_rng_next_unit(r) < 0.5) + (1 - skill) * v : 0;
    return v;
}

static void simulate(const regime *g, int draws, double *cover, double *pair_cover, double *events) {
    lem_rng r = lem_rng_make(17, "coverage",
                             (uint64_t)(g->problems * 1000 + g->candidates) + (uint64_t)(g->rate * 1e6));
    double truth = g->solvable * g->rate, skill = 0.4;
    double any = g->solvable * (1 - pow(1 - g->rate, g->candidates));
    double other = skill * 0.5 * any + (1 - skill) * truth;
    double v[2000], w[2000];
    int hit = 0, pair_hit = 0;
    for (int d = 0; d < draws; d++) {
        for (int i = 0; i < g->problems; i++) v[i] = draw_problem(g, &r, &w[i], skill);
        lem_eval_interval at = lem_eval_mean_interval(v, g->problems);
        lem_eval_pairs p = lem_eval_paired(w, v, g->problems);
        hit += at.lo <= truth && truth <= at.hi;
        pair_hit += p.at.lo <= other - truth && other - truth <= p.at.hi;
    }
    *cover = (double)hit / draws;
    *pair_cover = (double)pair_hit / draws;
    /* Of problems that nobody solves, or of right ones among the others: the fewer. */
    *events = g->problems * fmin(truth, 1 - truth);
    if (g->solvable < 1) *events = fmin(*events, g->problems * fmin(g->solvable, 1 - g->solvable));
}

static void intervals_cover(void **state) {
    (void)state;
    static const regime regimes[] = {
        {60, 8, 0.3, 0.057, 8},  {30, 8, 0.3, 0.05, 8},   {30, 64, 0.5, 0.04, 64}, {60, 4, 1, 0.02, 4},
        {60, 1, 1, 0.05, 1},     {30, 1, 1, 0.97, 1},     {60, 8, 1, 0.98, 8},     {60, 8, 0.95, 0.99, 8},
        {240, 8, 0.6, 0.5, 8},   {240, 64, 0.6, 0.3, 64}, {500, 8, 0.8, 0.6, 8},   {500, 1, 1, 0.5, 1},
        {500, 1, 1, 0.1, 1},     {240, 1, 1, 0.1, 1},     {1319, 4, 0.9, 0.7, 4},  {1319, 64, 0.5, 0.2, 64},
        {500, 64, 0.2, 0.3, 64}, {120, 16, 0.9, 0.9, 16}, {60, 64, 0.9, 0.6, 64},  {30, 16, 0.7, 0.5, 16}};
    for (size_t i = 0; i < sizeof regimes / sizeof *regimes; i++) {
        double cover, pair_cover, events;
        simulate(&regimes[i], 2000, &cover, &pair_cover, &events);
        print_message("%4d problems x %2d, %.2f solvable at %.2f: %.1f events, mean %.3f, pairs %.3f\n",
                      regimes[i].problems, regimes[i].candidates, regimes[i].solvable, regimes[i].rate,
                      events, cover, pair_cover);
        assert_true(cover >= 0.93);
        assert_true(pair_cover >= 0.93);
        if (events >= 1.3 * LEM_EVAL_FEW_EVENTS) assert_true(cover <= 0.97);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(few_events_are_exact), cmocka_unit_test(pairs),
                                       cmocka_unit_test(intervals_cover)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
