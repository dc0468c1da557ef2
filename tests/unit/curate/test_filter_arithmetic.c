/* test_filter_arithmetic.c - equations made at random, whose values the test knows, hold; the same with
 * another result are slips; marks, positions, and values of the calculator
 *
 * Hand-made cases stand in tests/data/filter/arithmetic.jsonl. */
#include "../checks.h"
#include "core/buf.h"
#include "core/rng.h"
#include "curate/filter_arithmetic.h"
#include "answer/calc.h"

#include <stdio.h>
#include <stdlib.h>

static lem_arithmetic_scan *scan;

static lem_arithmetic check(const char *text) {
    lem_arithmetic a;
    OK(lem_arithmetic_check(scan, text, strlen(text), NULL, &a, &err));
    return a;
}

typedef struct fraction {
    long long n, d;
} fraction;

static long long gcd(long long a, long long b) { return b ? gcd(b, a % b) : llabs(a); }

static fraction reduced(long long n, long long d) {
    long long g = gcd(n, d);
    if (g == 0) g = 1;
    if (d < 0) g = -g;
    return (fraction){n / g, d / g};
}

/* d 0: no value. */
static fraction result(int op, fraction x, fraction y) {
    if (x.d == 0 || y.d == 0 || (op == 3 && y.n == 0)) return (fraction){0, 0};
    switch (op) {
    case 0: return reduced(x.n * y.d + y.n * x.d, x.d * y.d);
    case 1: return reduced(x.n * y.d - y.n * x.d, x.d * y.d);
    case 2: return reduced(x.n * y.n, x.d * y.d);
    default: return reduced(x.n * y.d, x.d * y.n);
    }
}

/* A random expression as text; its value in *out. latex: \cdot, \frac and relatives. */
static void expression(lem_rng *r, int depth, bool latex, lem_buf *b, fraction *out) {
    static const char *const plain[] = {" + ", "-", "*", " / "}, *const tex[] = {"+", " - ", " \\cdot ",
                                                                                 " \\div "};
    if (depth == 0 || lem_rng_next_below(r, 5) == 0) {
        long long v = (long long)lem_rng_next_below(r, 30) + 1;
        lem_buf_printf(b, "%lld", v);
        *out = (fraction){v, 1};
        return;
    }
    fraction x, y;
    int op = (int)lem_rng_next_below(r, 4);
    bool frac = latex && op == 3 && lem_rng_next_below(r, 2);
    lem_buf_puts(b, frac ? "\\frac{" : "(");
    expression(r, depth - 1, latex, b, &x);
    const char *sign = latex ? tex[op] : plain[op];
    lem_buf_puts(b, frac ? "}{" : sign);
    expression(r, depth - 1, latex, b, &y);
    lem_buf_puts(b, frac ? "}" : ")");
    *out = result(op, x, y);
}

static void put_result(lem_buf *b, long long n, long long d) {
    if (d == 1) lem_buf_printf(b, "%lld", n);
    else lem_buf_printf(b, "%lld/%lld", n, d);
}

static void equations_at_random(void **state) {
    (void)state;
    int tried = 0;
    for (uint64_t round = 0; round < 4000; round++) {
        lem_rng r = lem_rng_make(round, "equations", 0);
        lem_buf left = {0}, good = {0}, bad = {0};
        fraction v;
        bool latex = round & 1;
        expression(&r, 3, latex, &left, &v);
        if (v.d != 0 && strpbrk(lem_buf_str(&left), "(\\")) {
            lem_buf_printf(&good, "so we get %s = ", lem_buf_str(&left));
            lem_buf_printf(&bad, "so we get %s = ", lem_buf_str(&left));
            put_result(&good, v.n, v.d);
            put_result(&bad, v.n + v.d, v.d);
            lem_arithmetic a = check(lem_buf_str(&good)), z = check(lem_buf_str(&bad));
            if (a.equations != 1 || a.slips != 0) fail_msg("not as it is: %s", lem_buf_str(&good));
            if (z.equations != 1 || z.slips != 1) fail_msg("no slip: %s", lem_buf_str(&bad));
            assert_int_equal(z.offset, 10);
            assert_int_equal(z.len, bad.len - 10);
            tried++;
        }
        lem_buf_release(&left);
        lem_buf_release(&good);
        lem_buf_release(&bad);
    }
    assert_true(tried > 2500);
}

/* One last place off is rounding, two are not, whatever the place. */
static void rounding(void **state) {
    (void)state;
    char text[200];
    for (int a = 1; a < 60; a++)
        for (int b = 2; b < 30; b++) {
            for (int places = 0; places < 4; places++) {
                static const double units[] = {1, .1, .01, .001};
                double v = (double)a / b, unit = units[places];
                if (a % b == 0) continue;
                snprintf(text, sizeof text, "%d/%d = %.*f", a, b, places, v);
                if (check(text).slips) fail_msg("%s", text);
                snprintf(text, sizeof text, "%d/%d = %.*f", a, b, places, v + 2 * unit);
                if (!check(text).slips) fail_msg("%s", text);
            }
        }
}

static void marks(void **state) {
    (void)state;
    lem_arithmetic a = check("Tom has 48/2 = <<48/2=24>>24 clips.\nIn all 48+24 = <<48+24=73>>73.\n#### 73");
    assert_int_equal(a.equations, 4);
    assert_int_equal(a.slips, 2);
    assert_int_equal(check("<<1+1=3").equations, 0 + 1); /* no mark: the text itself */
    assert_int_equal(check("<<x+1=3>>").equations, 0);
}

static const char *value_text(const char *text) {
    static const char *const of[] = {"less", "equal", "more"};
    lem_calc *c = lem_calc_new(&err);
    assert_non_null(c);
    const lem_value *v = lem_calc_read(c, text, strlen(text)), *two = lem_calc_read(c, "2", 1);
    const char *s = v ? of[lem_value_order(v, two) + 1] : "none";
    lem_calc_free(c);
    return s;
}

static void calculator(void **state) {
    (void)state;
    static const char *const rows[][2] = {{"1+1", "equal"},       {"8/4", "equal"},      {"2.0", "equal"},
                                          {"200%", "equal"},      {"1.99", "less"},      {"2^10", "more"},
                                          {"", "none"},           {"x", "none"},         {"1/0", "none"},
                                          {"\\sqrt{4}", "equal"}, {"\\sqrt{2}", "none"}, {"((", "none"},
                                          {"2 apples", "none"},   {"9^9^9^9", "none"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(value_text(rows[i][0]), rows[i][1]) != 0)
            fail_msg("'%s': %s, not %s", rows[i][0], value_text(rows[i][0]), rows[i][1]);
}

static int set_up(void **state) {
    (void)state;
    scan = lem_arithmetic_scan_new(&err);
    return scan ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    lem_arithmetic_scan_free(scan);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equations_at_random),
        cmocka_unit_test(rounding),
        cmocka_unit_test(marks),
        cmocka_unit_test(calculator),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
