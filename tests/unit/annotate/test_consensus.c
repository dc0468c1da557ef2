/* test_consensus.c - the comparison of first wrong steps against all cases of up to four steps, by its words
 */
#include "annotate/consensus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 4 };
static const double labels[] = {-1, 0, 0.25, 1}, scores[] = {0.1, 0.5, 0.9};

/* Step e is the first wrong one (n: none is): all before it are good, and it is bad. */
static bool holds_of_labels(const double *x, int n, int e) {
    for (int k = 0; k < e; k++)
        if (!(x[k] > 0)) return false;
    return e == n || !(x[e] > 0 || x[e] < 0);
}

static bool holds_of_scores(const double *x, int n, int e) {
    for (int k = 0; k < e; k++)
        if (x[k] < 0.5) return false;
    return e == n || x[e] < 0.5;
}

/* How many e hold of both, and the sum of how many hold of each: what a first wrong step is, without a
 * search. */
static lem_consensus by_words(const double *label, const double *score, int n) {
    int mc = -1, judge = -1, found = 0;
    for (int e = 0; e <= n; e++) {
        if (holds_of_labels(label, n, e)) mc = e;
        if (holds_of_scores(score, n, e)) judge = e;
        found += holds_of_scores(score, n, e);
    }
    assert_int_equal(found, 1);
    if (mc < 0) return LEM_CONSENSUS_UNKNOWN;
    if (mc == judge) return LEM_CONSENSUS_SAME;
    if (mc == n) return LEM_CONSENSUS_MC_NONE;
    if (judge == n) return LEM_CONSENSUS_JUDGE_NONE;
    return judge < mc ? LEM_CONSENSUS_EARLIER : LEM_CONSENSUS_LATER;
}

static void fill(double *x, int n, const double *values, int n_values, int code) {
    for (int k = 0; k < n; k++, code /= n_values) x[k] = values[code % n_values];
}

static int power(int b, int n) {
    int p = 1;
    while (n-- > 0) p *= b;
    return p;
}

static void all_of(int n, lem_consensus_tally *t, uint64_t seen[LEM_CONSENSUS_KINDS]) {
    double label[MOST], score[MOST];
    for (int a = 0; a < power(4, n); a++)
        for (int b = 0; b < power(3, n); b++) {
            fill(label, n, labels, 4, a);
            fill(score, n, scores, 3, b);
            lem_consensus want = by_words(label, score, n),
                          got = lem_consensus_of(lem_first_error_of_labels(label, n),
                                                 lem_first_error_of_scores(score, n, 0.5));
            assert_int_equal(got, want);
            lem_consensus_add(t, got);
            seen[want]++;
        }
}

static void every_case(void **state) {
    (void)state;
    lem_consensus_tally t = {0};
    uint64_t seen[LEM_CONSENSUS_KINDS] = {0}, sum = 0;
    for (int n = 0; n <= MOST; n++) all_of(n, &t, seen);
    for (int i = 0; i < LEM_CONSENSUS_KINDS; i++) {
        assert_int_equal(t.of[i], seen[i]);
        assert_true(seen[i] > 0 || i == LEM_CONSENSUS_NOT_JUDGED);
        sum += seen[i];
    }
    assert_int_equal(t.solutions, sum);
}

static void not_judged(void **state) {
    (void)state;
    for (int mc = LEM_ERROR_UNKNOWN; mc < 3; mc++)
        assert_int_equal(lem_consensus_of(mc, LEM_ERROR_UNKNOWN), LEM_CONSENSUS_NOT_JUDGED);
}

static void as_an_object(void **state) {
    (void)state;
    lem_consensus_tally t = {0};
    for (int i = 0; i < LEM_CONSENSUS_KINDS; i++)
        for (int k = 0; k <= i; k++) lem_consensus_add(&t, (lem_consensus)i);
    lem_json *v = lem_consensus_json(&t, "j", 0.5);
    lem_buf b = {0};
    lem_json_write(v, 0, &b);
    assert_string_equal(lem_buf_str(&b),
                        "{\"judge\":\"j\",\"threshold\":0.5,\"solutions\":28,\"agree\":1,\"judge_earlier\":2,"
                        "\"judge_later\":3,\"judge_none\":4,\"monte_carlo_none\":5,\"monte_carlo_unknown\":6,"
                        "\"not_judged\":7}");
    lem_buf_release(&b);
    lem_json_free(v);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case),
        cmocka_unit_test(not_judged),
        cmocka_unit_test(as_an_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
