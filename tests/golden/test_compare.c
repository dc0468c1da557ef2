/* test_compare.c - McNemar's test, the paired bootstrap, exact intervals and kappa against scipy and
 * statsmodels (tools/golden/make_compare.py) */
#include "core/json.h"
#include "eval/interval.h"
#include "stats/agreement.h"
#include "stats/bootstrap.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MOST = 400 };

static lem_json *golden;

static int load(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    return lem_json_load(LEMMA_TEST_DATA "/golden/compare.json", 1 << 20, &golden, &err) == LEM_OK ? 0 : -1;
}

static int unload(void **state) {
    (void)state;
    lem_json_free(golden);
    return 0;
}

static int numbers(const lem_json *list, double *out) {
    size_t n = lem_json_count(list);
    assert_in_range(n, 1, MOST);
    for (size_t i = 0; i < n; i++) out[i] = lem_json_num(lem_json_at(list, i), NAN);
    return (int)n;
}

static void close_to(double got, double want, double tol, const char *what, size_t i) {
    if (!(fabs(got - want) <= tol)) fail_msg("%s of case %zu: %.9g, expected %.9g", what, i, got, want);
}

static void mcnemar(void **state) {
    (void)state;
    const lem_json *list = lem_json_get(golden, "pairs");
    double a[MOST], b[MOST];
    int whole = 0;
    for (size_t i = 0; i < lem_json_count(list); i++) {
        const lem_json *c = lem_json_at(list, i);
        int n = numbers(lem_json_get(c, "a"), a);
        assert_int_equal(numbers(lem_json_get(c, "b"), b), n);
        double p = lem_json_num(lem_json_get(c, "p"), NAN);
        lem_eval_pairs got = lem_eval_paired(b, a, n);
        if (isnan(p)) assert_true(isnan(got.p));
        else close_to(got.p, p, 1e-10, "p", i);
        whole += !isnan(p);
    }
    assert_int_equal(whole, 5);
}

/* 10,000 resamples place a 2.5 % quantile within 0.16 % of the mass (one sigma), a twentieth of the standard
 * error of the mean and less; three sigma, both sides' resamples, and the lattice of 0/1 values. */
static void bootstrap(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    const lem_json *list = lem_json_get(golden, "pairs");
    double a[MOST], b[MOST];
    for (size_t i = 0; i < lem_json_count(list); i++) {
        const lem_json *c = lem_json_at(list, i), *bca = lem_json_get(c, "bca");
        double low = lem_json_num(lem_json_at(bca, 0), NAN), high = lem_json_num(lem_json_at(bca, 1), NAN);
        int n = numbers(lem_json_get(c, "a"), a);
        numbers(lem_json_get(c, "b"), b);
        bool lattice = !isnan(lem_json_num(lem_json_get(c, "p"), NAN));
        for (int k = 0; k < n; k++) b[k] -= a[k];
        lem_bootstrap got;
        assert_int_equal(lem_bootstrap_mean(b, n, 1, &got, &err), LEM_OK);
        double tol = 0.04 * (high - low) + (lattice ? 1.0 / n : 0);
        close_to(got.low, low, tol, "low", i);
        close_to(got.high, high, tol, "high", i);
        close_to(got.above, lem_json_num(lem_json_get(c, "above"), NAN), 0.016, "above", i);
    }
    double same[5] = {0};
    lem_bootstrap got;
    assert_int_equal(lem_bootstrap_mean(same, 5, 1, &got, &err), LEM_OK);
    assert_true(got.low == 0 && got.high == 0 && got.above == 0.5);
}

static void clopper_pearson(void **state) {
    (void)state;
    const lem_json *list = lem_json_get(golden, "shares");
    for (size_t i = 0; i < lem_json_count(list); i++) {
        const lem_json *c = lem_json_at(list, i), *at = lem_json_get(c, "interval");
        double v[1400] = {0};
        int k = (int)lem_json_int(lem_json_get(c, "k"), 0), n = (int)lem_json_int(lem_json_get(c, "n"), 0);
        for (int j = 0; j < k; j++) v[j] = 1;
        lem_eval_interval got = lem_eval_mean_interval(v, n);
        double events = fmin(k, n - k);
        if (events >= LEM_EVAL_FEW_EVENTS) continue; /* not exact there */
        close_to(got.lo, lem_json_num(lem_json_at(at, 0), NAN), 1e-9, "low", i);
        close_to(got.hi, lem_json_num(lem_json_at(at, 1), NAN), 1e-9, "high", i);
    }
}

static void kappas(void **state) {
    (void)state;
    const lem_json *list = lem_json_get(golden, "kappas");
    for (size_t i = 0; i < lem_json_count(list); i++) {
        const lem_json *c = lem_json_at(list, i);
        double a[MOST], b[MOST];
        uint64_t table[9] = {0};
        int n = numbers(lem_json_get(c, "a"), a);
        numbers(lem_json_get(c, "b"), b);
        for (int j = 0; j < n; j++) table[3 * (int)a[j] + (int)b[j]]++;
        close_to(lem_kappa(table, 3), lem_json_num(lem_json_get(c, "kappa"), NAN), 1e-12, "kappa", i);
    }
    const uint64_t one[4] = {7, 0, 0, 0};
    assert_true(isnan(lem_kappa(one, 2)));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(mcnemar), cmocka_unit_test(bootstrap),
                                       cmocka_unit_test(clopper_pearson), cmocka_unit_test(kappas)};
    return cmocka_run_group_tests(tests, load, unload);
}
