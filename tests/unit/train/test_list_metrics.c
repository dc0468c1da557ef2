/* test_list_metrics - metrics of lists against counting by hand and by brute force */
#include "core/rng.h"
#include "train/list_loss.h"
#include "train/list_metrics.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static double metric(const lem_train_metric *m, int n, const char *name) {
    for (int i = 0; i < n; i++)
        if (strcmp(m[i].name, name) == 0) return m[i].value;
    fail_msg("no metric %s", name);
    return 0;
}

static bool has(const lem_train_metric *m, int n, const char *name) {
    for (int i = 0; i < n; i++)
        if (strcmp(m[i].name, name) == 0) return true;
    return false;
}

/* Two lists: the first in order but for a tie at the top, the second upside down. */
static void by_hand(void **state) {
    (void)state;
    const double a[] = {2, 2, -1, 0}, b[] = {-1, 3};
    const uint8_t la[] = {1, 0, 0, 1}, lb[] = {1, 0};
    const int na[] = {10, 20, 30, 40}, nb[] = {5, 6};
    lem_list_metrics m = {.full = true, .n_groups = 60, .kind = LEM_RANKING_CE};
    lem_train_metric out[LEM_MAX_METRICS];
    lem_err err = LEM_ERR_INIT;
    for (int turn = 0; turn < 2; turn++) { /* a batch leaves nothing behind */
        assert_int_equal(lem_list_metrics_begin(&m, 6, 4, &err), LEM_OK);
        lem_list_metrics_add(&m, 0, 4, a, la, na, NULL);
        lem_list_metrics_add(&m, 1, 2, b, lb, nb, NULL);
        int n = lem_list_metrics_end(&m, out, 0);
        /* a: 2 against 2 a half, 2 > -1, 0 < 2, 0 > -1: 2.5 of 4; b: 0 of 1 */
        assert_float_equal(metric(out, n, "accuracy"), (2.5 / 4 + 0) / 2, 1e-12);
        assert_float_equal(metric(out, n, "margin"), ((1 - 0.5) + (-1 - 3)) / 2, 1e-12);
        assert_float_equal(metric(out, n, "best_right"), (0.5 + 0) / 2, 1e-12);
        assert_float_equal(metric(out, n, "chance"), 0.5, 1e-12);
        assert_float_equal(metric(out, n, "lists"), 2, 0);
        /* right: 2, 0, -1; wrong: 2, -1, 3: 2 > -1, 2 = 2, 0 > -1, -1 = -1 */
        assert_float_equal(metric(out, n, "auc"), (1 + 0.5 + 1 + 0.5) / 9, 1e-12);
        /* ranks of a: 3.5 3.5 1 2 against 1 2 3 4: sxy = -3.5, sxx = 4.5, syy = 5; b: 1 */
        assert_float_equal(metric(out, n, "length_rho"), (-3.5 / sqrt(4.5 * 5) + 1) / 2, 1e-12);
        assert_float_equal(metric(out, n, "label_rho"), (0 - 1) / 2.0, 1e-12);
    }
    lem_list_metrics_release(&m);
}

/* Lists whose cut responses score low, high, in part; and those that say nothing of it. */
static void cut_off(void **state) {
    (void)state;
    const double s[] = {1, 2, 3, 3};
    const uint8_t y[] = {0, 1, 0, 1};
    const int len[] = {1, 2, 3, 4};
    const int8_t cut[][4] = {{1, 1, 0, 0}, {0, 0, 0, 1}, {1, 1, 1, 1}, {1, -1, 0, 0}};
    /* ranks 1 2 3.5 3.5, mean 2.5: sxx 4.5; against 1 1 0 0: sxy -2, syy 1; against 0 0 0 1: sxy 1, syy .75
     */
    const double rho[] = {-2 / sqrt(4.5), 1 / sqrt(4.5 * 0.75)};
    lem_list_metrics m = {.full = true, .n_groups = 60, .kind = LEM_RANKING_BT};
    lem_train_metric out[LEM_MAX_METRICS];
    lem_err err = LEM_ERR_INIT;
    for (int k = 0; k < 4; k++) {
        assert_int_equal(lem_list_metrics_begin(&m, 4, 4, &err), LEM_OK);
        lem_list_metrics_add(&m, 0, 4, s, y, len, cut[k]);
        int n = lem_list_metrics_end(&m, out, 0);
        assert_true(has(out, n, "cut_rho") == (k < 2)); /* all were cut; one does not say */
        if (k < 2) assert_float_equal(metric(out, n, "cut_rho"), rho[k], 1e-12);
    }
    assert_int_equal(lem_list_metrics_begin(&m, 8, 4, &err), LEM_OK);
    for (int k = 0; k < 2; k++) lem_list_metrics_add(&m, 0, 4, s, y, len, cut[k]);
    int n = lem_list_metrics_end(&m, out, 0);
    assert_float_equal(metric(out, n, "cut_rho"), (rho[0] + rho[1]) / 2, 1e-12);
    lem_list_metrics_release(&m);
}

static void calibration(void **state) {
    (void)state;
    /* probabilities .05 (wrong), .15 (right), .17 (wrong), 1 (right): |.05-0| + |.32-1| + |1-1| over 4 */
    const double s[] = {0.05, 0.15, 0.17, 7};
    const uint8_t y[] = {0, 1, 0, 1};
    const int len[] = {1, 1, 1, 1};
    lem_list_metrics m = {.full = true, .n_groups = 60, .kind = LEM_RANKING_MSE};
    lem_train_metric out[LEM_MAX_METRICS];
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_list_metrics_begin(&m, 4, 4, &err), LEM_OK);
    lem_list_metrics_add(&m, 0, 4, s, y, len, NULL);
    int n = lem_list_metrics_end(&m, out, 0);
    assert_float_equal(metric(out, n, "ece"), (0.05 + 0.68) / 4, 1e-12);
    assert_false(has(out, n, "length_rho")); /* all of one length */
    assert_false(has(out, n, "cut_rho"));    /* not known */
    m.kind = LEM_RANKING_BT;
    assert_int_equal(lem_list_metrics_begin(&m, 4, 4, &err), LEM_OK);
    lem_list_metrics_add(&m, 0, 4, s, y, len, NULL);
    n = lem_list_metrics_end(&m, out, 0);
    assert_false(has(out, n, "ece")); /* only differences count */
    lem_list_metrics_release(&m);
    lem_list_metrics_end(&m, out, 0); /* an empty batch */
}

enum { LISTS = 60, EACH = 7 };

/* AUC over all pairs of lists with many ties, by looking at each pair. */
static void auc_by_pairs(void **state) {
    (void)state;
    double score[LISTS * EACH], right = 0, pairs = 0;
    uint8_t label[LISTS * EACH];
    int length[EACH] = {1, 2, 3, 4, 5, 6, 7};
    lem_list_metrics m = {.full = true, .n_groups = LISTS};
    lem_train_metric out[LEM_MAX_METRICS];
    lem_err err = LEM_ERR_INIT;
    lem_rng r = lem_rng_make(1, "auc", 0);
    for (int i = 0; i < LISTS * EACH; i++) {
        label[i] = (uint8_t)lem_rng_next_below(&r, 2);
        score[i] = (double)lem_rng_next_below(&r, 20) + label[i];
    }
    assert_int_equal(lem_list_metrics_begin(&m, LISTS * EACH, EACH, &err), LEM_OK);
    for (int i = 0; i < LISTS; i++)
        lem_list_metrics_add(&m, (uint32_t)i, EACH, score + i * EACH, label + i * EACH, length, NULL);
    for (int i = 0; i < LISTS * EACH; i++)
        for (int j = 0; j < LISTS * EACH; j++) {
            if (!label[i] || label[j]) continue;
            pairs++;
            right += score[i] > score[j] ? 1 : 0.5 * (score[i] == score[j]);
        }
    int n = lem_list_metrics_end(&m, out, 0);
    assert_float_equal(metric(out, n, "auc"), right / pairs, 1e-12);
    assert_true(right / pairs > 0.5 && right / pairs < 0.6);
    assert_true(metric(out, n, "auc_low") < right / pairs && right / pairs < metric(out, n, "auc_high"));
    lem_list_metrics_release(&m);
}

/* Lists of one problem are no independent trials: the same scores over a quarter of the problems, four alike,
 * have an interval about twice as wide. */
static double width(uint32_t lists_a_problem) {
    lem_list_metrics m = {.full = true, .n_groups = LISTS / lists_a_problem};
    lem_train_metric out[LEM_MAX_METRICS];
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_list_metrics_begin(&m, 2 * LISTS, 2, &err), LEM_OK);
    for (uint32_t i = 0; i < LISTS; i++) {
        lem_rng r = lem_rng_make(3, "alike", i / 4);
        const uint8_t label[] = {1, 0};
        const int length[] = {1, 1};
        double score[] = {lem_rng_next_normal(&r) + 0.5, lem_rng_next_normal(&r)};
        lem_list_metrics_add(&m, i / lists_a_problem, 2, score, label, length, NULL);
    }
    int n = lem_list_metrics_end(&m, out, 0);
    double w = metric(out, n, "auc_high") - metric(out, n, "auc_low");
    lem_list_metrics_release(&m);
    return w;
}

static void an_interval_over_problems(void **state) {
    (void)state;
    assert_true(width(4) > 1.5 * width(1));
}

/* Two lists of one problem are one group of the interval. */
static void lists_of_one_problem(void **state) {
    (void)state;
    struct lem_list_item list[3] = {{.problem = 7, .n = 1}, {.problem = 3, .n = 1}, {.problem = 7, .n = 1}};
    lem_lists l = {.n = 3, .list = list};
    lem_list_loss x;
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_list_loss_init(&x, &l, &(lem_list_loss_opts){.full_metrics = true}, &err), LEM_OK);
    assert_int_equal(x.metrics.n_groups, 2);
    assert_int_equal(x.group[0], x.group[2]);
    assert_true(x.group[0] != x.group[1] && x.group[0] < 2 && x.group[1] < 2);
    lem_list_loss_release(&x);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_hand),
                                       cmocka_unit_test(cut_off),
                                       cmocka_unit_test(calibration),
                                       cmocka_unit_test(auc_by_pairs),
                                       cmocka_unit_test(an_interval_over_problems),
                                       cmocka_unit_test(lists_of_one_problem)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
