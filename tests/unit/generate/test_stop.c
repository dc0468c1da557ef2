/* test_stop.c - stop strings over text that grows in pieces, against a search of the whole text */
#include "core/rng.h"
#include "generate/stop_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Feeds text in pieces of the given sizes (the last repeats); returns the cut or -1. */
static long feed(const lem_stops *s, const char *text, const size_t *piece, size_t n_pieces) {
    size_t len = strlen(text), old = 0, cut, k = 0;
    while (old < len) {
        size_t next = old + piece[k < n_pieces ? k : n_pieces - 1];
        if (next > len) next = len;
        if (lem_stops_find(s, text, old, next, &cut)) return (long)cut;
        old = next;
        k++;
    }
    return -1;
}

static void test_spans_tokens(void **state) {
    (void)state;
    const char *stop[] = {"\n\nProblem", "</s>"};
    lem_stops s = lem_stops_make(stop, 2);
    for (size_t n = 1; n < 12; n++) {
        assert_int_equal(feed(&s, "The answer is 7.\n\nProblem: next", &n, 1), 16);
        assert_int_equal(feed(&s, "a</s>", &n, 1), 1);
        assert_int_equal(feed(&s, "</s>", &n, 1), 0);
        assert_int_equal(feed(&s, "no \n\nProble</s", &n, 1), -1);
        assert_int_equal(feed(&s, "\n\n\nProblem", &n, 1),
                         1); /* the match does not begin where the text first looks like it */
    }
}

static void test_first_of_several(void **state) {
    (void)state;
    const char *stop[] = {"abc", "b"};
    lem_stops s = lem_stops_make(stop, 2);
    size_t whole = 100, one = 1;
    assert_int_equal(feed(&s, "xxabc", &whole, 1),
                     2); /* both complete in the same piece: the one that begins first */
    assert_int_equal(feed(&s, "xxabc", &one, 1), 3); /* "b" is complete first */
    lem_stops none = lem_stops_make(NULL, 0);
    assert_int_equal(feed(&none, "anything", &one, 1), -1);
}

static void test_utf8(void **state) {
    (void)state;
    const char *stop[] = {"\xE2\x88\x9A"}; /* square root sign */
    lem_stops s = lem_stops_make(stop, 1);
    for (size_t n = 1; n < 5; n++) {
        assert_int_equal(feed(&s,
                              "x \xE2\x88\x91 \xE2\x88\x9A"
                              "2",
                              &n, 1),
                         6); /* the sum sign shares two bytes */
        assert_int_equal(feed(&s, "\xE2\x88", &n, 1), -1);
    }
}

/* One stop string, random text over two letters, random pieces: always the first occurrence. */
static void test_random(void **state) {
    (void)state;
    lem_rng r = lem_rng_make(5, "test", 0);
    for (int round = 0; round < 20000; round++) {
        char text[40], stop_text[6];
        size_t n = lem_rng_next_below(&r, 39) + 1, m = lem_rng_next_below(&r, 5) + 1, piece[40];
        for (size_t i = 0; i < n; i++) text[i] = (char)('a' + lem_rng_next_below(&r, 2));
        for (size_t i = 0; i < m; i++) stop_text[i] = (char)('a' + lem_rng_next_below(&r, 2));
        for (size_t i = 0; i < 40; i++) piece[i] = lem_rng_next_below(&r, 4) + 1;
        text[n] = stop_text[m] = '\0';
        const char *stop[] = {stop_text};
        lem_stops s = lem_stops_make(stop, 1);
        const char *at = strstr(text, stop_text);
        assert_int_equal(feed(&s, text, piece, 40), at ? at - text : -1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spans_tokens),
        cmocka_unit_test(test_first_of_several),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
