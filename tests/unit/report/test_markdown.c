/* test_markdown.c - Markdown with mathematics, by hand: what a reader must see as it was written; hostile
 * input */
#include "../checks.h"
#include "report/markdown.h"

#include <stdio.h>

static void is(const char *text, const char *want) {
    lem_buf b = {0};
    lem_markdown(text, strlen(text), &b);
    const char *got = lem_buf_str(&b);
    static const char open[] = "<div class=\"md\">", end[] = "</div>";
    assert_true(b.len >= sizeof open + sizeof end - 2 && strncmp(got, open, sizeof open - 1) == 0);
    b.data[b.len - (sizeof end - 1)] = '\0';
    assert_string_equal(got + sizeof open - 1, want);
    lem_buf_release(&b);
}

static void blocks(void **state) {
    (void)state;
    is("", "");
    is("one\ntwo\n\nthree", "<p>one<br>\ntwo</p><p>three</p>");
    is("### Step 1\ntext", "<p class=\"head\">Step 1</p><p>text</p>");
    is("1. a\n2. b", "<ol start=\"1\"><li>a</li><li>b</li></ol>");
    is("3) c", "<ol start=\"3\"><li>c</li></ol>");
    is("- 5\n- 3", "<ul class=\"dash\"><li>5</li><li>3</li></ul>");
    is("+ 5", "<ul class=\"plus\"><li>5</li></ul>");
    is("* 5", "<ul class=\"star\"><li>5</li></ul>");
    is("    indented", "<p>indented</p>"); /* no code: models indent sentences */
    is("```python\nx = \"$a$\" * 2\n```", "<pre>x = &quot;$a$&quot; * 2\n</pre>");
    is("> q", "<blockquote><p>q</p></blockquote>");
    is("a\n\n---\n", "<p>a</p><hr>");
    is("| a | b |\n|---|--:|\n| $1$ | x |",
       "<div class=\"wide\"><table><thead><tr><th>a</th><th class=\"num\">b</th></tr></thead><tbody><tr><td>"
       "<math><mrow><mn>1</mn></mrow></math></td><td class=\"num\">x</td></tr></tbody></table></div>");
}

static void spans(void **state) {
    (void)state;
    is("**bold** and *so* and `code`", "<p><strong>bold</strong> and <em>so</em> and <code>code</code></p>");
    is("**$x$**", "<p><strong><math><mrow><mi>x</mi></mrow></math></strong></p>");
    is("[text](http://x.y) ![alt](http://z/p.png)", "<p>text (http://x.y) alt (http://z/p.png)</p>");
    is("<b>x</b> &amp; <!-- c -->", "<p>&lt;b&gt;x&lt;/b&gt; &amp;amp; &lt;!-- c --&gt;</p>");
    is("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>");
}

/* What the marks of Markdown would take away. */
static void nothing_is_lost(void **state) {
    (void)state;
    is("2*3*4 = 24", "<p>2*3*4 = 24</p>");
    is("(a)*(b)*(c) 10**9 + 2**3", "<p>(a)*(b)*(c) 10**9 + 2**3</p>");
    is("16-3-4=<<16-3-4=9>>9\n#### 72", "<p>16-3-4=&lt;&lt;16-3-4=9&gt;&gt;9<br>\n#### 72</p>");
    is("\\frac{1}{2} \\{1,2\\} \\, \\\\ \\* \\$5", "<p>\\frac{1}{2} \\{1,2\\} \\, \\\\ * $5</p>");
    is("x_1 and x_2", "<p>x_1 and x_2</p>");
    is("``so''", "<p>``so&#39;&#39;</p>");
    is("[a]: http://x", "<p>[a]: http://x</p>"); /* a definition of a link would vanish */
    is("costs $5 and $6", "<p>costs $5 and $6</p>");
    is("a\x01"
       "0\x02z",
       "<p>a\xef\xbf\xbd"
       "0\xef\xbf\xbdz</p>");
}

static void mathematics(void **state) {
    (void)state;
    is("$a_1*b*c$",
       "<p><math><mrow><msub><mi>a</mi><mn>1</mn></msub><mo>*</mo><mi>b</mi><mo>*</mo><mi>c</mi></mrow>"
       "</math></p>");
    is("\\[\nx\n- 1\n\\]",
       "<p><math display=\"block\"><mrow><mi>x</mi><mo>\xe2\x88\x92</mo><mn>1</mn></mrow></math></p>");
    is("$ \\pi $", "<p><math><mrow><mi>\xcf\x80</mi></mrow></math></p>");
    is("\\boxed{7}", "<p><math><mrow><mrow class=\"boxed\"><mrow><mn>7</mn></mrow></mrow></mrow></math></p>");
    is("\\begin{aligned}a&=b\\end{aligned}",
       "<p><math "
       "display=\"block\"><mrow><mrow><mtable><mtr><mtd><mi>a</mi></mtd><mtd><mo>=</mo><mi>b</mi></mtd></mtr>"
       "</mtable></mrow></mrow></math></p>");
    is("$\\unknown{x}$ **b**", "<p>$\\unknown{x}$ <strong>b</strong></p>");
    is("`$x$`", "<p><code>$x$</code></p>");
}

static void plain(const char *text, size_t n) {
    lem_buf b = {0};
    lem_markdown(text, n, &b);
    assert_true(strncmp(lem_buf_str(&b), "<pre>", 5) == 0);
    assert_true(b.len < 100 * (n + 64));
    lem_buf_release(&b);
}

static void hostile(void **state) {
    (void)state;
    char deep[200], wide[4096];
    memset(deep, '>', sizeof deep);
    plain(deep, sizeof deep);
    size_t n = 0; /* 300 columns, and 1,100 rows without cells */
    for (int i = 0; i < 300; i++) wide[n++] = 'a', wide[n++] = '|';
    wide[n++] = '\n';
    for (int i = 0; i < 300; i++) memcpy(wide + n, "---|", 4), n += 4;
    wide[n++] = '\n';
    while (n + 1 < sizeof wide) wide[n++] = 'x', wide[n++] = '\n';
    plain(wide, n);
    is("\xff\xfe", "<p>\xef\xbf\xbd\xef\xbf\xbd</p>");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(blocks), cmocka_unit_test(spans),
                                       cmocka_unit_test(nothing_is_lost), cmocka_unit_test(mathematics),
                                       cmocka_unit_test(hostile)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
