/* test_minhash - shingles and their sets against a plain count; the share of equal band values against theory
 */
#include "../checks.h"

#include "core/mem.h"
#include "core/rng.h"
#include "curate/minhash.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static char *pieces(const char *text, int n, bool chars) {
    static char out[512];
    const lem_shingle_opts o = {n, chars};
    lem_shingle_walk w = lem_shingle_start(text, strlen(text), &o);
    out[0] = '\0';
    while (lem_shingle_next(&w)) {
        size_t at = strlen(out);
        snprintf(out + at, sizeof out - at, "[%.*s]", (int)(w.end - w.at), text + w.at);
    }
    return out;
}

static void walk(void **state) {
    (void)state;
    assert_string_equal(pieces("", 2, false), "");
    assert_string_equal(pieces("one", 2, false), "[one]");
    assert_string_equal(pieces("one two", 2, false), "[one two]");
    assert_string_equal(pieces("one two three", 2, false), "[one two][two three]");
    assert_string_equal(pieces("one two three", 1, false), "[one][two][three]");
    assert_string_equal(pieces("one two\nthree four", 3, false), "[one two\nthree][two\nthree four]");
    assert_string_equal(pieces("\none", 2, false), "[one]"); /* an empty first part */
    assert_string_equal(pieces("one\n", 2, false), "[one]");
    assert_string_equal(pieces("a b", 2, true), "[a ][ b]");
    assert_string_equal(pieces("ab", 3, true), "[ab]");
    assert_string_equal(pieces("\xc3\xa9t\xc3\xa9s", 2, true), "[\xc3\xa9t][t\xc3\xa9][\xc3\xa9s]");
    assert_string_equal(pieces("\xf0\x9d\x94\xb8x", 1, true), "[\xf0\x9d\x94\xb8][x]");
    assert_string_equal(pieces("\x80\x80", 1, true), "[\x80\x80]"); /* no code point: still an end */
}

static double jaccard(const char *a, const char *b, int n) {
    const lem_shingle_opts o = {n, false};
    lem_shingles x = {0}, y = {0};
    OK(lem_shingles_set(&x, a, strlen(a), &o, &err));
    OK(lem_shingles_set(&y, b, strlen(b), &o, &err));
    double j = lem_shingles_jaccard(&x, &y);
    assert_true(lem_shingles_jaccard(&y, &x) == j);
    lem_shingles_release(&x);
    lem_shingles_release(&y);
    return j;
}

static void coefficients(void **state) {
    (void)state;
    assert_true(jaccard("", "", 1) == 1);
    assert_true(jaccard("a", "", 1) == 0);
    assert_true(jaccard("a b c d", "d c b a", 1) == 1);
    assert_true(jaccard("a a a b", "b a", 1) == 1); /* a set */
    assert_true(jaccard("a b c d", "a b c d e", 1) == 4.0 / 5);
    assert_true(jaccard("a b c", "d e f", 1) == 0);
    assert_true(jaccard("a b c d", "b c d e", 2) == 2.0 / 4);
}

/* Shingles of one hash are told apart by their bytes: sets made by hand, all of hash 0. */
static void bytes_decide(void **state) {
    (void)state;
    struct lem_shingle x[2] = {{0, 0, 1}, {0, 1, 1}}, y[2] = {{0, 0, 1}, {0, 1, 1}};
    lem_shingles a = {.item = x, .n = 2, .cap = 2}, b = {.item = y, .n = 2, .cap = 2};
    lem_buf_puts(&a.text, "pq");
    lem_buf_puts(&b.text, "qr");
    assert_true(lem_shingles_jaccard(&a, &b) == 1.0 / 3);
    lem_buf_release(&a.text);
    lem_buf_release(&b.text);
}

static void plan(void **state) {
    (void)state;
    static const double thresholds[] = {0.05, 0.3, 0.5, 0.7, 0.8, 0.9, 0.97, 1};
    for (size_t i = 0; i < sizeof thresholds / sizeof *thresholds; i++) {
        lem_minhash_opts o = {.shingle = {5, false}};
        double t = thresholds[i];
        OK(lem_minhash_plan(&o, t, &err));
        assert_true(o.bands >= 1 && o.rows >= 1 && o.bands * o.rows <= 128);
        assert_true(lem_minhash_recall(&o, t) >= 0.99);
        const lem_minhash_opts one_more = {.bands = 128 / (o.rows + 1), .rows = o.rows + 1};
        assert_true(one_more.bands == 0 || lem_minhash_recall(&one_more, t) < 0.99);
        o = (lem_minhash_opts){.rows = 4};
        OK(lem_minhash_plan(&o, t < 0.3 ? 0.3 : t, &err));
        assert_true(lem_minhash_recall(&o, t < 0.3 ? 0.3 : t) >= 0.99);
        o = (lem_minhash_opts){.bands = 30};
        OK(lem_minhash_plan(&o, t < 0.3 ? 0.3 : t, &err));
        assert_int_equal(o.bands, 30);
        assert_true(lem_minhash_recall(&o, t < 0.3 ? 0.3 : t) >= 0.99);
    }
    lem_minhash_opts o = {.shingle = {5, false}};
    OK(lem_minhash_plan(&o, 0.8, &err)); /* what the documentation tells */
    assert_true(o.bands == 21 && o.rows == 6 && fabs(lem_minhash_recall(&o, 0.8) - 0.99831) < 1e-5);
    o = (lem_minhash_opts){.bands = 64, .rows = 64};
    OK(lem_minhash_plan(&o, 0.8, &err));
    o.rows = 65;
    FAILS(lem_minhash_plan(&o, 0.8, &err), LEM_EUSAGE, "4096");
    o = (lem_minhash_opts){.rows = 200};
    FAILS(lem_minhash_plan(&o, 0.1, &err), LEM_EUSAGE, "--rows or --bands");
}

/* Two texts of 2n - shared different words each word a shingle; *equal bands of all. */
static int equal_bands(const lem_minhash *m, const lem_minhash_opts *o, int shared, int alone, int id) {
    lem_buf a = {0}, b = {0};
    uint64_t least[4096], x[4096], y[4096];
    int equal = 0;
    for (int i = 0; i < shared + alone; i++) {
        lem_buf_printf(&a, "%d%s%d ", id, i < shared ? "c" : "a", i);
        lem_buf_printf(&b, "%d%s%d ", id, i < shared ? "c" : "b", i);
    }
    lem_minhash_keys(m, a.data, a.len, least, x);
    lem_minhash_keys(m, b.data, b.len, least, y);
    for (int i = 0; i < o->bands; i++) equal += x[i] == y[i];
    lem_buf_release(&a);
    lem_buf_release(&b);
    return equal;
}

/* A band of r rows agrees with a chance of J^r: 400 pairs of 64 bands, within five standard deviations (bands
 * of one pair are nearly independent). */
static void bands(void **state) {
    (void)state;
    for (int rows = 1; rows <= 6; rows += 1)
        for (int alone = 5; alone <= 40; alone += 5) {
            const lem_minhash_opts o = {.shingle = {1, false}, .bands = 64, .rows = rows, .seed = 7};
            const int shared = 40, pairs = 400;
            double chance = pow((double)shared / (shared + 2 * alone), rows), n = 64.0 * pairs;
            lem_minhash *m = NULL;
            OK(lem_minhash_new(&o, &m, &err));
            int equal = 0, candidates = 0;
            for (int i = 0; i < pairs; i++) {
                int k = equal_bands(m, &o, shared, alone, i);
                equal += k;
                candidates += k > 0;
            }
            double recall = lem_minhash_recall(&o, (double)shared / (shared + 2 * alone));
            if (fabs(candidates - pairs * recall) > 5 * sqrt(pairs * recall * (1 - recall) + 0.2))
                fail_msg("rows %d, J^rows %.4f: %d of %d pairs, not %.1f", rows, chance, candidates, pairs,
                         pairs * recall);
            double off = fabs(equal - n * chance) / sqrt(n * chance * (1 - chance) + 1);
            if (off > 5)
                fail_msg("rows %d, J^rows %.4f: %d of %.0f bands, %.1f sigma", rows, chance, equal, n, off);
            lem_minhash_free(m);
        }
}

/* All values of a band count: with one function replaced by another seed's, bands change. */
static void seeds(void **state) {
    (void)state;
    uint64_t least[16], x[4], y[4];
    lem_minhash *a = NULL, *b = NULL;
    lem_minhash_opts o = {.shingle = {1, false}, .bands = 4, .rows = 4, .seed = 1};
    OK(lem_minhash_new(&o, &a, &err));
    o.seed = 2;
    OK(lem_minhash_new(&o, &b, &err));
    lem_minhash_keys(a, "p q r", 5, least, x);
    lem_minhash_keys(b, "p q r", 5, least, y);
    for (int i = 0; i < 4; i++) {
        assert_true(x[i] != y[i]);
        for (int k = 0; k < i; k++) assert_true(x[i] != x[k]); /* bands are told apart */
    }
    lem_minhash_keys(a, "r q p q", 7, least, y);
    assert_memory_equal(x, y, sizeof x); /* of the set alone */
    lem_minhash_free(a);
    lem_minhash_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(walk),         cmocka_unit_test(coefficients),
                                       cmocka_unit_test(bytes_decide), cmocka_unit_test(plan),
                                       cmocka_unit_test(bands),        cmocka_unit_test(seeds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
