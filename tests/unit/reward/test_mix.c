/* test_mix - shares of problems: counted over many, one source a problem, and what is no share */
#include "reward/mix.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { PROBLEMS = 20000 };

static lem_mix mix(int n, const char *const *text) {
    lem_mix m = {{0}};
    lem_err err = LEM_ERR_INIT;
    for (; *text; text++) assert_int_equal(lem_mix_add(&m, n, *text, &err), LEM_OK);
    assert_int_equal(lem_mix_check(&m, n, &err), LEM_OK);
    return m;
}

static void shares(void **state) {
    (void)state;
    static const struct {
        int n;
        const char *text[5];
        double want[5]; /* of the rest, of each file */
    } cases[] = {{2, {NULL}, {1, 0, 0}},
                 {2, {"2=0.08", NULL}, {0.92, 0, 0.08}},
                 {3, {"1=0.1", "2=0.2", "3=0.7", NULL}, {0, 0.1, 0.2, 0.7}},
                 {3, {"3=1", NULL}, {0, 0, 0, 1}},
                 /* as doubles they come to 2 parts in 10^16 more than 1 */
                 {4, {"1=0.2", "2=0.4", "3=0.3", "4=0.1", NULL}, {0, 0.2, 0.4, 0.3, 0.1}}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        lem_mix m = mix(cases[c].n, cases[c].text);
        int count[5] = {0}, moved = 0;
        for (uint64_t key = 0; key < PROBLEMS; key++) {
            int at = lem_mix_choose(&m, cases[c].n, 7, key);
            assert_in_range(at + 1, 0, cases[c].n);
            assert_int_equal(lem_mix_choose(&m, cases[c].n, 7, key), at);
            moved += lem_mix_choose(&m, cases[c].n, 8, key) != at;
            count[at + 1]++;
        }
        for (int i = 0; i <= cases[c].n; i++) {
            double p = cases[c].want[i], five_sigma = 5 * sqrt(p * (1 - p) / PROBLEMS);
            assert_true(fabs((double)count[i] / PROBLEMS - p) <= five_sigma);
        }
        if (c == 1 || c == 2) assert_true(moved > PROBLEMS / 20); /* the seed counts */
    }
}

static void refusals(void **state) {
    (void)state;
    static const char *const none[] = {"",      "2",     "=0.5",  "2=",     "2=x",
                                       "2=0",   "2=-1",  "2=1.5", "2=nan",  "2=0.5x",
                                       "a=0.5", "0=0.5", "4=0.5", "-1=0.5", "99999999999999999999=0.5"};
    lem_err err = LEM_ERR_INIT;
    lem_mix m = {{0}};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        if (lem_mix_add(&m, 3, none[i], &err) != LEM_EUSAGE) fail_msg("'%s' is taken", none[i]);
    assert_int_equal(lem_mix_add(&m, 3, "2=0.6", &err), LEM_OK);
    assert_int_equal(lem_mix_add(&m, 3, "2=0.1", &err), LEM_EUSAGE);
    assert_int_equal(lem_mix_add(&m, 3, "1=0.5", &err), LEM_OK);
    assert_int_equal(lem_mix_check(&m, 3, &err), LEM_EUSAGE); /* 1.1 */
    m = (lem_mix){{0.5, 0.4}};
    assert_int_equal(lem_mix_check(&m, 2, &err), LEM_EUSAGE); /* nobody for the others */
    assert_int_equal(lem_mix_check(&m, 3, &err), LEM_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(shares), cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
