/* test_repetition.c - loops against brute force, lines, and the ratio against Python's zlib */
#include "../checks.h"
#include "core/rng.h"
#include "curate/repetition.h"

#include "core/buf.h"

static lem_repetition_scan *scan;

static lem_repetition find(const char *text, lem_repetition_limits l) {
    lem_repetition r;
    OK(lem_repetition_find(scan, text, strlen(text), &l, &r, &err));
    return r;
}

/* The definition, word for word: some p words, times times in a row, filling min words. */
static bool brute(const int *w, int n, int times, int min) {
    for (int p = 1; p <= 100 && p < n; p++)
        for (int from = 0; from + p < n; from++) {
            int m = p;
            while (from + m < n && w[from + m] == w[from + m - p]) m++;
            if (m >= times * p && m >= min && m > p) return true;
        }
    return false;
}

static void loops_against_brute_force(void **state) {
    (void)state;
    int found = 0;
    for (uint64_t round = 0; round < 6000; round++) {
        lem_rng r = lem_rng_make(round, "loops", 0);
        int w[400], n = (int)lem_rng_next_below(&r, 300) + 1, letters = (int)lem_rng_next_below(&r, 4) + 1;
        int period = (int)lem_rng_next_below(&r, 30) + 1, from = (int)lem_rng_next_below(&r, 200);
        int times = (int)lem_rng_next_below(&r, 4) + 2, min = (int)lem_rng_next_below(&r, 60) + 1;
        lem_buf b = {0};
        for (int i = 0; i < n; i++) {
            w[i] = (int)lem_rng_next_below(&r, (uint64_t)letters * 20);
            if (i >= from && i >= period && lem_rng_next_below(&r, 60)) w[i] = w[i - period];
            lem_buf_printf(&b, "w%d ", w[i]);
        }
        lem_repetition got = find(lem_buf_str(&b), (lem_repetition_limits){times, min, 0, 0});
        bool want = brute(w, n, times, min);
        if ((got.kind == LEM_REPEAT_WORDS) != want)
            fail_msg("round %d: %s, brute force says %d", (int)round, lem_buf_str(&b), want);
        found += want;
        lem_buf_release(&b);
    }
    assert_true(found > 500 && found < 5500);
}

static void what_is_told(void **state) {
    (void)state;
    lem_repetition r = find("so a b c. a b c. a b c. a b c. end", (lem_repetition_limits){4, 5, 0, 0});
    assert_int_equal(r.kind, LEM_REPEAT_WORDS);
    assert_int_equal(r.offset, 3);
    assert_int_equal(r.len, 6);
    assert_true(r.times == 4);
    r = find("one two three four five\nx\none two three four five \n  one two three four five",
             (lem_repetition_limits){0, 0, 2, 0});
    assert_int_equal(r.kind, LEM_REPEAT_LINE);
    assert_true(r.times == 3 && r.offset == 0 && r.len == 23);
}

/* Numbers of CPython's zlib 1.2.13: len(t) / len(zlib.compress(t)). */
static void ratio_is_zlibs(void **state) {
    (void)state;
    lem_buf b = {0};
    for (int i = 1; i < 80; i++)
        lem_buf_printf(&b, "%sStep %d: multiply %d by 2 to get %d.", i > 1 ? "\n" : "", i, i, 2 * i);
    lem_repetition r = find(lem_buf_str(&b), (lem_repetition_limits){0, 0, 0, 5.288});
    assert_int_equal(r.kind, LEM_REPEAT_ZLIB);
    assert_true(r.times > 5.2888 && r.times < 5.2889);
    assert_int_equal(find(lem_buf_str(&b), (lem_repetition_limits){0, 0, 0, 5.289}).kind, LEM_REPEAT_NONE);
    lem_buf_release(&b);
}

static int set_up(void **state) {
    (void)state;
    scan = lem_repetition_scan_new(&err);
    return scan ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    lem_repetition_scan_free(scan);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loops_against_brute_force),
        cmocka_unit_test(what_is_told),
        cmocka_unit_test(ratio_is_zlibs),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
