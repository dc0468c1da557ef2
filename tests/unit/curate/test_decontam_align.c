/* test_decontam_align.c - what two texts share, marked in both, by bytes */
#include "../checks.h"
#include "core/buf.h"
#include "core/mem.h"
#include "curate/decontam_align.h"

/* The text with [shared] and {runs} in brackets. */
static void check_marks(const char *text, const lem_shared *at, size_t n, const char *want) {
    lem_buf b = {0};
    size_t from = 0;
    for (size_t i = 0; i < n; i++) {
        lem_buf_add(&b, text + from, at[i].begin - from);
        lem_buf_putc(&b, at[i].strong ? '{' : '[');
        lem_buf_add(&b, text + at[i].begin, at[i].end - at[i].begin);
        lem_buf_putc(&b, at[i].strong ? '}' : ']');
        from = at[i].end;
    }
    lem_buf_puts(&b, text + from);
    assert_string_equal(lem_buf_str(&b), want);
    lem_buf_release(&b);
}

static void check(const char *a, const char *b, const char *want_a, const char *want_b) {
    lem_alignment x;
    OK(lem_align_texts(a, strlen(a), b, strlen(b), 3, &x, &err));
    check_marks(a, x.in[0], x.n[0], want_a);
    check_marks(b, x.in[1], x.n[1], want_b);
    lem_alignment_release(&x);
}

static void marks(void **state) {
    (void)state;
    check("", "", "", "");
    check("a", "b", "a", "b");
    check("What is $1+2$?", "what is 3?", "[What is] $1+2$?", "[what is] 3?");
    check("one two three. four", "(One, two, three) five", "{one two three}. four",
          "({One, two, three}) five");
    check("x one y two z", "one two", "x [one] y [two] z", "[one two]");
    check("x² É", "X2 é", "[x² É]", "[X2 é]");   /* one word each; bytes of the texts as they stand */
    check("½ a", "1 b 2", "[½] a", "[1] b [2]"); /* one character that is two words */
    check("日本語。文", "語文", "日本[語。文]", "[語文]");
    /* a run is marked although the subsequence might go another way */
    check("the the run of three", "the run of three", "[the] {the run of three}", "{the run of three}");
}

/* Texts of many words are looked at as far as the bound, and no farther. */
static void long_texts(void **state) {
    (void)state;
    lem_buf a = {0};
    lem_alignment x;
    for (int i = 0; i < 4000; i++) lem_buf_printf(&a, "w%d ", i);
    OK(lem_align_texts(a.data, a.len, a.data, a.len, 13, &x, &err));
    assert_int_equal(x.n[0], 1);
    assert_true(x.in[0][0].strong && x.in[0][0].end < a.len);
    assert_int_equal(strncmp(a.data + x.in[0][0].end - 5, "w2999", 5), 0);
    lem_alignment_release(&x);
    for (uint64_t k = 1; k < 30; k++) {
        lem_mem_fail_after(k, true);
        lem_status st = lem_align_texts("a b c", 5, "b c d", 5, 2, &x, &err);
        lem_mem_fail_after(0, false);
        assert_true(st == LEM_OK || st == LEM_EMEM);
        lem_alignment_release(&x);
    }
    lem_buf_release(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(marks), cmocka_unit_test(long_texts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
