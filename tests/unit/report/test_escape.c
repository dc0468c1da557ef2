/* test_escape.c - nothing that a model wrote becomes markup */
#include "report/escape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

typedef void escape_fn(lem_buf *out, const char *text, size_t len);

static void expect(escape_fn *fn, const char *text, size_t len, const char *want) {
    lem_buf b = {0};
    fn(&b, text, len);
    assert_string_equal(lem_buf_str(&b), want);
    lem_buf_release(&b);
}
#define EXPECT(fn, text, want) expect(fn, text, sizeof text - 1, want)

static void html(void **state) {
    (void)state;
    EXPECT(lem_escape_html, "<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
    EXPECT(lem_escape_html, "\" onload=\"x&amp;", "&quot; onload=&quot;x&amp;amp;");
    EXPECT(lem_escape_html, "π ≥ 3\n\tok", "π ≥ 3\n\tok");
    EXPECT(lem_escape_html, "", "");
}

static void bad_bytes(void **state) {
    (void)state;
    EXPECT(lem_escape_html,
           "a\xFF"
           "b",
           "a\xEF\xBF\xBD"
           "b");
    EXPECT(lem_escape_html, "a\xC3", "a\xEF\xBF\xBD");                                /* cut in the middle */
    EXPECT(lem_escape_html, "\xC0\xBCscript>", "\xEF\xBF\xBD\xEF\xBF\xBDscript&gt;"); /* overlong '<' */
    EXPECT(lem_escape_html, "\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  /* surrogate */
    EXPECT(lem_escape_html, "a\0b\x1b[31m",
           "a\xEF\xBF\xBD"
           "b\xEF\xBF\xBD[31m");
    EXPECT(lem_escape_md, "a\0b",
           "a\xEF\xBF\xBD"
           "b");
    EXPECT(lem_escape_csv, "a\xFF", "a\xEF\xBF\xBD");
}

static void markdown(void **state) {
    (void)state;
    EXPECT(lem_escape_md, "a|b\nc", "a\\|b c");
    EXPECT(lem_escape_md, "<img src=x>", "\\<img src=x\\>");
    EXPECT(lem_escape_md, "[x](javascript:y) & `c` \\frac", "\\[x\\](javascript:y) &amp; \\`c\\` \\\\frac");
}

static void markdown_block(void **state) {
    (void)state;
    EXPECT(lem_escape_md_block, "plain", "```text\nplain\n```\n");
    EXPECT(lem_escape_md_block, "a ```` b", "`````text\na ```` b\n`````\n");
}

static void csv(void **state) {
    (void)state;
    EXPECT(lem_escape_csv, "plain 1.5", "plain 1.5");
    EXPECT(lem_escape_csv, "a,b", "\"a,b\"");
    EXPECT(lem_escape_csv, "=1+1", "'=1+1"); /* no formula; core/csv.h */
    EXPECT(lem_escape_csv, "-0.5", "-0.5");
    EXPECT(lem_escape_csv, "say \"x\"\nnow", "\"say \"\"x\"\"\nnow\"");
}

/* Whatever bytes come in, what comes out of the HTML escape has none of the five characters and is valid for
 * an attribute. */
static void every_pair_of_bytes(void **state) {
    (void)state;
    for (unsigned v = 0; v < 65536; v++) {
        const char in[2] = {(char)(v >> 8), (char)(v & 255)};
        lem_buf b = {0};
        lem_escape_html(&b, in, 2);
        const char *s = lem_buf_str(&b);
        assert_null(strpbrk(s, "<>\"'"));
        for (const char *amp = strchr(s, '&'); amp; amp = strchr(amp + 1, '&'))
            assert_non_null(strchr(amp, ';'));
        lem_buf_release(&b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(html),           cmocka_unit_test(bad_bytes), cmocka_unit_test(markdown),
        cmocka_unit_test(markdown_block), cmocka_unit_test(csv),       cmocka_unit_test(every_pair_of_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
