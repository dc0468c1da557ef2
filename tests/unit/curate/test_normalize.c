/* test_normalize.c - words of a text: case, punctuation, Unicode, bad bytes */
#include "../checks.h"
#include "curate/normalize.h"

static void check(const char *in, const char *want) {
    lem_buf b = {0};
    OK(lem_normalize(in, strlen(in), &b, &err));
    assert_string_equal(lem_buf_str(&b), want);
    lem_buf_release(&b);
}

static void words(void **state) {
    (void)state;
    check("", "");
    check("  ...  ", "");
    check("What is $1+2$?", "what is 1 2");
    check("x_{n+1} = \\frac{1}{2}x_n", "x n 1 frac 1 2 x n");
    check("Ｆｕｌｌ　ｗｉｄｔｈ１２", "full width12");
    check("a\xc2\xa0no-break", "a no break");
    check("“Curly” ‘quotes’", "curly quotes");
    check("STRASSE Straße", "strasse strasse");
    check("ÉCOLE e\xcc\x81"
          "cole",
          "école école");
    check("ΣΊΣΥΦΟΣ", "σίσυφοσ");
    check("求。和、", "求 和");
    check("x² ½", "x2 1 2");
    check("bad \xff\xfe"
          "bytes \xc3",
          "bad bytes");
    check("a\xff"
          "b",
          "a b");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(words)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
