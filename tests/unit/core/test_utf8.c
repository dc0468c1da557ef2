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

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(round_trip), cmocka_unit_test(invalid)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
