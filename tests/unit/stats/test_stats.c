/* test_stats.c - ranks, correlation and AUC against scipy's and scikit-learn's values; the clustered interval
 * against its definition, and its coverage */
#include "../checks.h"
#include "core/rng.h"
#include "stats/auc.h"
#include "stats/rank.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void near(double is, double want, double within) {
    if (!(fabs(is - want) <= within)) print_error("%.17g, not %.17g\n", is, want);
    assert_true(fabs(is - want) <= within);
}

static void scipy_values(void **state) {
    (void)state;
    const double x[] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3}, y[] = {2, 7, 1, 8, 2, 8, 1, 8, 2, 8};
    const double rank[] = {4.5, 1.5, 6, 1.5, 7.5, 10, 3, 9, 7.5, 4.5}; /* scipy.stats.rankdata */
    const bool right[] = {1, 0, 1, 0, 0, 1, 0, 1, 1, 0};
    double a[10], b[10];
    lem_rank_item order[10];
    lem_auc_score s[10];
    lem_ranks(10, x, order, a);
    lem_ranks(10, y, order, b);
    for (int i = 0; i < 10; i++) near((a[i] + 1) / 2, rank[i], 0);
    near(lem_correlation(10, a, b), 0.134715062810913, 1e-14); /* scipy.stats.spearmanr */
    near(lem_correlation(10, x, y), 0.104922842877359, 1e-14); /* numpy.corrcoef */
    for (int i = 0; i < 10; i++) s[i] = (lem_auc_score){x[i], right[i], (uint32_t)i / 2};
    near(lem_auc(s, 10), 0.88, 1e-14); /* sklearn.metrics.roc_auc_score */
    for (int i = 0; i < 10; i++) b[i] = 7;
    assert_true(isnan(lem_correlation(10, a, b)));
}

enum { GROUPS = 30, EACH = 6, N = GROUPS * EACH };

/* Scores of groups with a common part; the true area of independent draws is Phi(shift / sqrt(2)) for unit
 * variances. */
static void draw(lem_rng *r, double common, double shift, lem_auc_score *s) {
    for (int g = 0; g < GROUPS; g++) {
        double u = lem_rng_next_normal(r);
        for (int k = 0; k < EACH; k++) {
            bool right = lem_rng_next_below(r, 3) > 0;
            double x = sqrt(common) * u + sqrt(1 - common) * lem_rng_next_normal(r) + shift * right;
            s[g * EACH + k] = (lem_auc_score){x, right, (uint32_t)g};
        }
    }
}

/* Share of the other class on the right side of s[i]. */
static double placement(const lem_auc_score *s, int i) {
    double sum = 0, n = 0;
    for (int j = 0; j < N; j++) {
        if (s[j].right == s[i].right) continue;
        double d = s[i].right ? s[i].score - s[j].score : s[j].score - s[i].score;
        sum += (d > 0) + 0.5 * (d >= 0 && d <= 0);
        n++;
    }
    return sum / n;
}

/* Obuchowski's standard error, as the paper writes it. */
static double error_of(const lem_auc_score *s, double area) {
    double s10 = 0, s01 = 0, s11 = 0, m = 0, n = 0, i10 = 0, i01 = 0;
    for (int g = 0; g < GROUPS; g++) {
        double v10 = 0, v01 = 0, mi = 0, ni = 0;
        for (int i = 0; i < N; i++) {
            if ((int)s[i].group != g) continue;
            if (s[i].right) v10 += placement(s, i), mi++;
            else v01 += placement(s, i), ni++;
        }
        s10 += (v10 - mi * area) * (v10 - mi * area);
        s01 += (v01 - ni * area) * (v01 - ni * area);
        s11 += (v10 - mi * area) * (v01 - ni * area);
        m += mi, n += ni, i10 += mi > 0, i01 += ni > 0;
    }
    s10 *= i10 / ((i10 - 1) * m);
    s01 *= i01 / ((i01 - 1) * n);
    s11 *= GROUPS / (GROUPS - 1.0);
    return sqrt(s10 / m + s01 / n + 2 * s11 / (m * n));
}

static void clustered_by_definition(void **state) {
    (void)state;
    lem_rng r = lem_rng_make(5, "stats", 0);
    lem_auc_score s[N], rounded[N];
    for (int turn = 0; turn < 20; turn++) {
        draw(&r, 0.3, 0.7, s);
        for (int i = 0; i < N && turn % 2; i++) s[i].score = round(s[i].score * 2) / 2; /* ties */
        memcpy(rounded, s, sizeof s);
        lem_auc_estimate e;
        OK(lem_auc_clustered(s, N, GROUPS, &e, &err));
        double se = error_of(rounded, e.area), at = log(e.area / (1 - e.area));
        double d = 1.959963984540054 * se / (e.area * (1 - e.area));
        near(log(e.low / (1 - e.low)), at - d, 1e-9);
        near(log(e.high / (1 - e.high)), at + d, 1e-9);
    }
}

/* The 95 % interval holds the true area 95 times of 100, also where scores of a group belong together. */
static void clustered_covers(void **state) {
    (void)state;
    const double shift = 0.6, truth = 0.5 * erfc(-shift / sqrt(2) / sqrt(2));
    for (int k = 0; k < 2; k++) {
        int hit = 0, turns = 1500;
        lem_rng r = lem_rng_make(11, "coverage", (uint64_t)k);
        for (int turn = 0; turn < turns; turn++) {
            lem_auc_score s[N];
            lem_auc_estimate e;
            draw(&r, k * 0.5, shift, s);
            OK(lem_auc_clustered(s, N, GROUPS, &e, &err));
            hit += e.low < truth && truth < e.high;
        }
        /* With a common part pairs within a group are better ordered than others: they are 1 in 30 here. */
        print_message("coverage %.3f\n", (double)hit / turns);
        assert_true(hit > 0.925 * turns && hit < 0.975 * turns);
    }
}

/* Very many are sorted digit by digit: the same order as by comparison. */
static void many(void **state) {
    (void)state;
    enum { MANY = 70000 };
    lem_rng r = lem_rng_make(6, "stats", 1);
    lem_auc_score *a = calloc(MANY, sizeof *a), *b = calloc(MANY, sizeof *b);
    assert_true(a && b);
    for (int turn = 0; turn < 2; turn++) {
        for (uint32_t i = 0; i < MANY; i++) {
            double x = lem_rng_next_normal(&r), scale = pow(10, (double)(i % 40) - 20);
            a[i] = (lem_auc_score){turn ? floor(2 * x) * -0.5 : x * scale, lem_rng_next_below(&r, 3) == 0,
                                   i / 9};
        }
        memcpy(b, a, MANY * sizeof *a);
        lem_auc_estimate e;
        OK(lem_auc_clustered(a, MANY, MANY / 9 + 1, &e, &err));
        assert_true(e.area == lem_auc(b, MANY) && e.low < e.area && e.area < e.high);
        for (int i = 0; i < MANY; i++) assert_true(a[i].score == b[i].score);
    }
    free(a);
    free(b);
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Percentiles of the area over resampled groups, pair by pair, by draws of another key. */
static void by_drawing(const lem_auc_score *s, double out[2]) {
    enum { DRAWS = 1000 };
    double area[DRAWS];
    for (int k = 0; k < DRAWS; k++) {
        lem_rng r = lem_rng_make(99, "groups", (uint64_t)k);
        double times[GROUPS] = {0}, good = 0, all = 0;
        for (int g = 0; g < GROUPS; g++) times[lem_rng_next_below(&r, GROUPS)]++;
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                if (!s[i].right || s[j].right) continue;
                double w = times[s[i].group] * times[s[j].group];
                all += w;
                good += w * ((s[i].score > s[j].score) + 0.5 * (s[i].score == s[j].score));
            }
        area[k] = good / all;
    }
    qsort(area, DRAWS, sizeof *area, by_size);
    out[0] = area[DRAWS / 40];
    out[1] = area[DRAWS - 1 - DRAWS / 40];
}

/* The interval by draws: that of a plain program within the error of its draws (a twelfth of the standard
 * error; an end of 95 or 99 in place of 97.5 % is a third off), and with right and wrong exchanged the same
 * one seen from the other side. */
static void interval_by_definition(void **state) {
    (void)state;
    lem_rng r = lem_rng_make(7, "stats", 2);
    lem_auc_score s[N], turned[N];
    uint32_t weight[GROUPS];
    double is[2], want[2], other[2];
    draw(&r, 0.3, 0.7, s);
    (void)lem_auc(s, N);
    memcpy(turned, s, sizeof s);
    for (int i = 0; i < N; i++) turned[i].right = !s[i].right;
    lem_auc_interval(s, N, GROUPS, weight, 3, is);
    lem_auc_interval(turned, N, GROUPS, weight, 3, other);
    by_drawing(s, want);
    double error = (want[1] - want[0]) / 3.92;
    for (int k = 0; k < 2; k++) {
        near(is[k], want[k], error / 4);
        near(is[k], 1 - other[1 - k], 1e-12);
    }
    lem_auc_interval(s, 0, 0, weight, 3, is);
    assert_true(isnan(is[0]) && isnan(is[1]));
}

static void nothing_to_say(void **state) {
    (void)state;
    lem_auc_score one[] = {{1, true, 0}, {2, true, 1}}, perfect[] = {{1, false, 0}, {2, true, 1}},
                  same[] = {{1, false, 0}, {2, true, 0}, {3, false, 0}, {2.5, true, 0}};
    lem_auc_estimate e;
    OK(lem_auc_clustered(one, 2, 2, &e, &err));
    assert_true(isnan(e.area) && isnan(e.low) && isnan(e.high));
    OK(lem_auc_clustered(perfect, 2, 2, &e, &err));
    assert_true(e.area == 1 && isnan(e.low));
    OK(lem_auc_clustered(same, 4, 1, &e, &err)); /* one group: its variance is unknown */
    assert_true(e.area == 0.5 && isnan(e.low));
    OK(lem_auc_clustered(NULL, 0, 0, &e, &err));
    assert_true(isnan(e.area));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scipy_values),     cmocka_unit_test(clustered_by_definition),
        cmocka_unit_test(clustered_covers), cmocka_unit_test(many),
        cmocka_unit_test(nothing_to_say),   cmocka_unit_test(interval_by_definition)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
