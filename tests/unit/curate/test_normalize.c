/* test_normalize.c - words of a text: case, punctuation, Unicode, bad bytes */
#include "../checks.h"
#include "core/utf8.h"
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

/* Marks compose with the letter before them, whatever it is; what composes with nothing stays itself. */
static void marks(void **state) {
    (void)state;
    check("e\xcc\x81", "é");
    check("x e\xcc\x81", "x é");
    check("E\xcc\x81t\xc3\x89", "été");
    check("=\xcc\xb8 a", "a");             /* "=" and a long solidus are one sign, no letter */
    check("-\xcc\x81", "\xcc\x81");        /* a mark on a hyphen is a mark alone */
    check("日\xcc\x81本", "日\xcc\x81本"); /* no such letter: both stay */
    check("\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8", "각");
    check("İ", "i\xcc\x87");
    check("ﬁne ﬃ", "fine ffi");
    check("a\xef\xbf\xbd"
          "b",
          "a b");
    check("…—–’“”×÷≤°", "");
    check("5°C", "5 c");
}

/* Appends behind what is there, and the end of one text is not glued to the next. */
static void appends(void **state) {
    (void)state;
    lem_buf b = {0};
    lem_buf_puts(&b, "x");
    OK(lem_normalize(" A,b ", 5, &b, &err));
    assert_string_equal(lem_buf_str(&b), "xa b");
    OK(lem_normalize("\xcc\x81", 2, &b, &err)); /* does not join what an earlier call wrote */
    assert_string_equal(lem_buf_str(&b), "xa b\xcc\x81");
    OK(lem_normalize("", 0, &b, &err));
    assert_int_equal(b.len, 6);
    lem_buf_release(&b);
}

/* Each byte knows the bytes that it was made of. */
static void sources(void **state) {
    (void)state;
    static const char text[] = "$A$, É=ﬁ\xff x\xc2\xb2 日。本 e\xcc\x81!";
    lem_buf out = {0}, same = {0}, at = {0};
    OK(lem_normalize_traced(text, sizeof text - 1, &out, &at, &err));
    OK(lem_normalize(text, sizeof text - 1, &same, &err));
    assert_string_equal(lem_buf_str(&out), lem_buf_str(&same));
    assert_string_equal(lem_buf_str(&out), "a é fi x2 日 本 é");
    assert_int_equal(at.len, out.len * sizeof(lem_normal_source));
    size_t before = 0;
    for (size_t i = 0; i < out.len; i++) {
        lem_normal_source s, again;
        lem_buf part = {0};
        memcpy(&s, at.data + i * sizeof s, sizeof s);
        assert_true(s.begin >= before && s.end >= s.begin && s.end < sizeof text);
        before = s.begin;
        if (out.data[i] == ' ') continue;
        size_t k = i; /* all bytes of one source are its normalised form */
        for (; k < out.len; k++) {
            memcpy(&again, at.data + k * sizeof again, sizeof again);
            if (again.begin != s.begin || out.data[k] == ' ') break;
        }
        OK(lem_normalize(text + s.begin, s.end - s.begin, &part, &err));
        assert_int_equal(part.len, k - i);
        assert_memory_equal(part.data, out.data + i, part.len);
        lem_buf_release(&part);
        i = k - 1;
    }
    lem_buf_release(&out);
    lem_buf_release(&same);
    lem_buf_release(&at);
}

/* Normalising twice is normalising once, for random bytes and code points, too. */
static void idempotent(void **state) {
    (void)state;
    unsigned seed = 5;
    for (int round = 0; round < 20000; round++) {
        char text[64];
        size_t n = 0;
        while (n < 48) {
            unsigned x = (seed = seed * 1664525u + 1013904223u) >> 8;
            uint32_t cp = 0x20 + x / 4 % 0x60;
            if (x % 4 == 0) cp = x / 4 % 0x11000;
            if (x % 4 == 1) cp = 0x300 + x / 4 % 0x70;
            int k = lem_utf8_encode(cp, text + n);
            if (k == 0) text[n] = (char)0xff;
            n += k ? (size_t)k : 1;
        }
        lem_buf once = {0}, twice = {0};
        OK(lem_normalize(text, n, &once, &err));
        OK(lem_normalize(lem_buf_str(&once), once.len, &twice, &err));
        if (once.len != twice.len || memcmp(lem_buf_str(&once), lem_buf_str(&twice), once.len) != 0)
            fail_msg("round %d: '%s' and '%s'", round, lem_buf_str(&once), lem_buf_str(&twice));
        lem_buf_release(&once);
        lem_buf_release(&twice);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(words), cmocka_unit_test(marks),
                                       cmocka_unit_test(appends), cmocka_unit_test(sources),
                                       cmocka_unit_test(idempotent)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
