/* test_chart.c - ticks, bands, gaps, and no NaN in the drawing */
#include "report/chart.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int count(const char *text, const char *what) {
    int n = 0;
    for (const char *p = strstr(text, what); p; p = strstr(p + 1, what)) n++;
    return n;
}

static void steps(void **state) {
    (void)state;
    assert_true(fabs(lem_chart_step(1, 5) - 0.2) < 1e-12);
    assert_true(fabs(lem_chart_step(10, 5) - 2) < 1e-12);
    assert_true(fabs(lem_chart_step(9, 5) - 2) < 1e-12);
    assert_true(fabs(lem_chart_step(3, 5) - 1) < 1e-12);
    assert_true(fabs(lem_chart_step(0.03, 5) - 0.01) < 1e-12);
    assert_true(fabs(lem_chart_step(40, 8) - 5) < 1e-12);
    for (double span = 1e-6; span < 1e6; span *= 1.37)
        assert_true(span / lem_chart_step(span, 5) <= 5 + 1e-9);
}

static void curve_with_band(void **state) {
    (void)state;
    const double x[] = {1, 2, 4, 8}, y[] = {0.6, 0.7, 0.8, 0.85}, lo[] = {0.5, 0.6, 0.7, 0.8},
                 hi[] = {0.7, 0.8, 0.9, 0.9};
    const lem_series s[] = {{"rm@k", 4, x, y, lo, hi}, {"<b>", 4, x, lo, NULL, NULL}};
    const lem_chart c = {"curve", "over k", "k", "accuracy", true, true, true, s, 2};
    lem_buf b = {0};
    assert_true(lem_chart_svg(&c, &b));
    const char *svg = lem_buf_str(&b);
    assert_int_equal(count(svg, "<polygon"), 1);
    assert_int_equal(count(svg, "<path"), 2);
    assert_int_equal(count(svg, "<circle"), 8);
    assert_int_equal(count(svg, ">1</text>"), 1); /* ticks at powers of two, evenly spaced */
    assert_int_equal(count(svg, ">8</text>"), 1);
    assert_int_equal(count(svg, ">3</text>"), 0);
    assert_int_equal(count(svg, "90 %"), 1);
    assert_int_equal(count(svg, "<b>"), 0);
    assert_int_equal(count(svg, "nan"), 0);
    lem_buf_release(&b);
}

static void gaps(void **state) {
    (void)state;
    const double x[] = {0, 1, 2, 3, 4}, y[] = {1, 2, NAN, 2, INFINITY};
    const lem_series s = {"loss", 5, x, y, NULL, NULL};
    const lem_chart c = {"loss", "loss", "step", "", false, false, false, &s, 1};
    lem_buf b = {0};
    assert_true(lem_chart_svg(&c, &b));
    assert_int_equal(count(lem_buf_str(&b), "nan"), 0);
    assert_int_equal(count(lem_buf_str(&b), "inf"), 0);
    const char *d = strstr(lem_buf_str(&b), " d=\"");
    assert_non_null(d);
    assert_int_equal(count(d, "M"), 2); /* the pen is lifted over the gap */
    lem_buf_release(&b);
}

static void nothing_to_draw(void **state) {
    (void)state;
    const double x[] = {1}, y[] = {NAN};
    const lem_series s = {"x", 1, x, y, NULL, NULL};
    const lem_chart c = {"x", "x", "", "", false, false, false, &s, 1};
    lem_buf b = {0};
    assert_false(lem_chart_svg(&c, &b));
    assert_int_equal(b.len, 0);
    lem_buf_release(&b);
}

static void extreme_values(void **state) {
    (void)state;
    const double cases[][2] = {
        {5, 5},        {0, 0},          {-1e300, 1e300}, {1e-320, 2e-320}, {-1.7e308, 1.7e308},
        {0.999999, 1}, {1e15, 1e15 + 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const double x[] = {1, 1};
        const lem_series s = {"x", 2, x, cases[i], NULL, NULL};
        const lem_chart c = {"x", "x", "", "", i % 2 == 1, false, true, &s, 1};
        lem_buf b = {0};
        assert_true(lem_chart_svg(&c, &b));
        assert_int_equal(count(lem_buf_str(&b), "nan"), 0);
        assert_int_equal(count(lem_buf_str(&b), "inf"), 0);
        assert_true(b.len < 20000);
        lem_buf_release(&b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps),           cmocka_unit_test(curve_with_band), cmocka_unit_test(gaps),
        cmocka_unit_test(nothing_to_draw), cmocka_unit_test(extreme_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
