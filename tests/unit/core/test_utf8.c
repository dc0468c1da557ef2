/* test_utf8 - every code point both ways, and every kind of invalid sequence */
#include "support.h"

#include "core/utf8.h"

static void round_trip(void **state) {
    (void)state;
    for (uint32_t cp = 0; cp <= 0x110010; cp++) {
        char text[4];
        uint32_t back = 0;
        int n = lem_utf8_encode(cp, text);
        bool scalar = cp <= 0x10FFFF && !(cp >= 0xD800 && cp <= 0xDFFF);
        int wanted = !scalar ? 0 : cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
        if (n != wanted) assert_int_equal(n, wanted);
        if (!scalar) continue;
        if (lem_utf8_decode(text, (size_t)n, &back) != n || back != cp) assert_int_equal(back, cp);
        for (int cut = 1; cut < n; cut++) assert_int_equal(lem_utf8_decode(text, (size_t)cut, &back), 0);
    }
}

static void invalid(void **state) {
    (void)state;
    static const char *const bad[] = {"\x80",
                                      "\xBF",
                                      "\xC0\x80",
                                      "\xC1\xBF",
                                      "\xC3",
                                      "\xC3(",
                                      "\xE0\x80\x80",
                                      "\xE0\x9F\xBF",
                                      "\xED\xA0\x80",
                                      "\xED\xBF\xBF",
                                      "\xE2\x82",
                                      "\xE2(\xA1",
                                      "\xF0\x80\x80\x80",
                                      "\xF0\x8F\xBF\xBF",
                                      "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80",
                                      "\xF0\x9F\x98",
                                      "\xFE",
                                      "\xFF"};
    char text[64];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(lem_utf8_valid(bad[i], strlen(bad[i])));
        for (size_t pad = 0; pad < 20; pad++) { /* wherever it stands in a word */
            memset(text, 'a', sizeof text);
            assert_true(lem_utf8_valid(text, sizeof text));
            memcpy(text + pad, bad[i], strlen(bad[i]));
            assert_false(lem_utf8_valid(text, sizeof text));
        }
    }
    assert_true(lem_utf8_valid("", 0));
    assert_true(lem_utf8_valid("a\0b\xF0\x9F\x98\x80", 7));
}

/* All texts of four of twelve bytes at the borders of the ranges, against Python's
 *   b = bytes.fromhex("41808f909fa0bfc2e0edf0f4")
 *   for t in itertools.product(b, repeat=4): bytes(t).decode("utf-8", "replace").encode()
 * as the FNV-1a of the outcomes with a zero byte behind each. */
static void mended_as_python(void **state) {
    (void)state;
    static const char bytes[] = "\x41\x80\x8f\x90\x9f\xa0\xbf\xc2\xe0\xed\xf0\xf4";
    uint64_t hash = UINT64_C(14695981039346656037);
    lem_buf b = {0};
    for (int i = 0; i < 12 * 12 * 12 * 12; i++) {
        const char t[4] = {bytes[i / 1728], bytes[i / 144 % 12], bytes[i / 12 % 12], bytes[i % 12]};
        lem_buf_clear(&b);
        lem_utf8_mend(t, 4, &b);
        assert_true(lem_utf8_valid(lem_buf_str(&b), b.len));
        for (size_t k = 0; k <= b.len; k++) {
            hash ^= k < b.len ? (unsigned char)b.data[k] : 0;
            hash *= UINT64_C(1099511628211);
        }
    }
    lem_buf_release(&b);
    assert_true(hash == UINT64_C(5099409587814207857));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(round_trip), cmocka_unit_test(invalid),
                                       cmocka_unit_test(mended_as_python)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
