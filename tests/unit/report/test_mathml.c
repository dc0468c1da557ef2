/* test_mathml.c - LaTeX as MathML, by hand; what is not known stays as it is; hostile input
 *
 * `report_test_mathml FILE` writes the MathML of each line of FILE, or an empty line, for
 * tools/golden/check_mathml.py. */
#include "../checks.h"
#include "core/file.h"
#include "report/mathml.h"

#include <stdio.h>
#include <stdlib.h>

static void is(const char *latex, const char *want) {
    lem_buf b = {0};
    assert_true(lem_mathml(latex, strlen(latex), false, &b));
    assert_true(strncmp(lem_buf_str(&b), "<math><mrow>", 12) == 0);
    b.data[b.len -= strlen("</mrow></math>")] = '\0';
    assert_string_equal(b.data + 12, want);
    lem_buf_release(&b);
}

static void is_not_known(const char *latex) {
    lem_buf b = {0};
    lem_buf_puts(&b, "before");
    if (lem_mathml(latex, strlen(latex), false, &b)) print_error("converted: %s\n", latex);
    assert_string_equal(lem_buf_str(&b), "before");
    lem_buf_release(&b);
}

static void text_is(const char *text, const char *want) {
    lem_buf b = {0};
    lem_mathml_text(text, strlen(text), &b);
    assert_string_equal(lem_buf_str(&b), want);
    lem_buf_release(&b);
}

#define OPEN "<mo stretchy=\"false\">(</mo>"
#define CLOSE "<mo stretchy=\"false\">)</mo>"

static void by_hand(void **state) {
    (void)state;
    is("x+1", "<mi>x</mi><mo>+</mo><mn>1</mn>");
    is("1,000.5-y", "<mn>1,000.5</mn><mo>\xe2\x88\x92</mo><mi>y</mi>");
    is("\\frac12", "<mfrac><mn>1</mn><mn>2</mn></mfrac>");
    is("\\dfrac{a}{b c}", "<mfrac><mrow><mi>a</mi></mrow><mrow><mi>b</mi><mi>c</mi></mrow></mfrac>");
    is("x^2", "<msup><mi>x</mi><mn>2</mn></msup>");
    is("x^23", "<msup><mi>x</mi><mn>2</mn></msup><mn>3</mn>");
    is("x_n^{2}", "<msubsup><mi>x</mi><mi>n</mi><mrow><mn>2</mn></mrow></msubsup>");
    is("x^{2}_n", "<msubsup><mi>x</mi><mi>n</mi><mrow><mn>2</mn></mrow></msubsup>");
    is("f'(x)", "<msup><mi>f</mi><mo>\xe2\x80\xb2</mo></msup>" OPEN "<mi>x</mi>" CLOSE);
    is("0.\\overline{3}=1.",
       "<mn>0.</mn><mover class=\"bar\"><mrow><mn>3</mn></mrow><mo>‾</mo></mover><mo>=</mo><mn>1.</mn>");
    is("x.", "<mi>x</mi><mi>.</mi>");
    is("\\big(x\\Big]", "<mo>(</mo><mi>x</mi><mo>]</mo>");
    is("\\{|", "<mo stretchy=\"false\">{</mo><mo stretchy=\"false\">|</mo>");
    is("a{1\\over x}",
       "<mi>a</mi><mrow><mfrac><mrow><mn>1</mn></mrow><mrow><mi>x</mi></mrow></mfrac></mrow>");
    is("9\\choose2",
       "<mrow><mo>(</mo><mfrac linethickness=\"0\"><mrow><mn>9</mn></mrow><mrow><mn>2</mn></mrow>"
       "</mfrac><mo>)</mo></mrow>");
    is("\\text{{a b}}", "<mtext>a\xc2\xa0"
                        "b</mtext>");
    is("a\\\\ b",
       "<mtable class=\"lines\"><mtr><mtd><mi>a</mi></mtd></mtr><mtr><mtd><mi>b</mi></mtd></mtr></mtable>");
    is("a\\\\", "<mtable class=\"lines\"><mtr><mtd><mi>a</mi></mtd></mtr></mtable>");
    is("\\not= \\not\\in", "<mo>≠</mo><mo>∉</mo>");
    is("\\hspace{1.5cm}", "<mspace width=\"1.5cm\"/>");
    is("0\\mod4", "<mn>0</mn><mspace width=\"1em\"/><mi>mod</mi><mspace width=\"0.3em\"/><mn>4</mn>");
    is("\\sqrt[3]{x}", "<mroot><mrow><mi>x</mi></mrow><mn>3</mn></mroot>");
    is("\\sqrt2", "<msqrt><mn>2</mn></msqrt>");
    is("a<b", "<mi>a</mi><mo>&lt;</mo><mi>b</mi>");
    is("\\text{if }x", "<mtext>if\xc2\xa0</mtext><mi>x</mi>");
    is("90^\\circ", "<msup><mn>90</mn><mo>∘</mo></msup>");
    is("\\left(\\frac{1}{2}\\right]",
       "<mrow><mo>(</mo><mfrac><mrow><mn>1</mn></mrow><mrow><mn>2</mn></mrow></mfrac><mo>]</mo></mrow>");
    is("\\left.x\\right|_0", "<msub><mrow><mo></mo><mi>x</mi><mo>|</mo></mrow><mn>0</mn></msub>");
    is("\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}",
       "<mrow><mo>(</mo><mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>2</mn></mtd></mtr><mtr><mtd><mn>3</mn></"
       "mtd><mtd>"
       "<mn>4</mn></mtd></mtr></mtable><mo>)</mo></mrow>");
    is("\\binom{n}{k}",
       "<mrow><mo>(</mo><mfrac linethickness=\"0\"><mrow><mi>n</mi></mrow><mrow><mi>k</mi></mrow>"
       "</mfrac><mo>)</mo></mrow>");
    is("\\boxed{7}", "<mrow class=\"boxed\"><mrow><mn>7</mn></mrow></mrow>");
    is("\\overline{AB}", "<mover class=\"bar\"><mrow><mi>A</mi><mi>B</mi></mrow><mo>‾</mo></mover>");
    is("\\mathbb{R}^n", "<msup><mi>ℝ</mi><mi>n</mi></msup>");
    is("\\sum_{i}", "<msub><mo>∑</mo><mrow><mi>i</mi></mrow></msub>");
    is("\\sin\\theta", "<mi>sin</mi><mspace width=\"0.17em\"/><mi>θ</mi>");
    is("\\sin^2x", "<msup><mi>sin</mi><mn>2</mn></msup><mspace width=\"0.17em\"/><mi>x</mi>");
    is("\\sin(x)", "<mi>sin</mi>" OPEN "<mi>x</mi>" CLOSE);
    is("a=-1", "<mi>a</mi><mo>=</mo><mo form=\"prefix\">−</mo><mn>1</mn>");
    is("(a)-1", OPEN "<mi>a</mi>" CLOSE "<mo>−</mo><mn>1</mn>");
    is("\\mathbf{a2}", "<mi>𝐚𝟐</mi>");
    is("\\mathbf{\\pi}", "<mrow><mi>π</mi></mrow>");
    is(".5", "<mn>.5</mn>");
    is("a,b", "<mi>a</mi><mo>,</mo><mi>b</mi>");
    is("", "");
}

static void what_is_not_known_stays(void **state) {
    (void)state;
    static const char *const bad[] = {"\\foo",
                                      "{",
                                      "}",
                                      "x^",
                                      "x^2^3",
                                      "x_",
                                      "\\frac{1}",
                                      "\\left(x",
                                      "\\right)",
                                      "\\begin{pmatrix}1",
                                      "\\begin{foo}1\\end{foo}",
                                      "\\begin{cases}1\\end{matrix}",
                                      "a&b",
                                      "\\sqrt[3",
                                      "\\text{$x$",
                                      "\\",
                                      "a$b",
                                      "#",
                                      "\xff",
                                      "\\end{cases}",
                                      "\\\\",
                                      "\\left"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) is_not_known(bad[i]);
}

static void segments_of_a_text(void **state) {
    (void)state;
    text_is("a <b> & $x$!", "a &lt;b&gt; &amp; <math><mrow><mi>x</mi></mrow></math>!");
    text_is(
        "\\(x\\) and \\[y\\]",
        "<math><mrow><mi>x</mi></mrow></math> and <math display=\"block\"><mrow><mi>y</mi></mrow></math>");
    text_is("$$x$$", "<math display=\"block\"><mrow><mi>x</mi></mrow></math>");
    text_is("It costs $5 and then $7.", "It costs $5 and then $7.");
    text_is("from $5 to $10", "from $5 to $10");
    text_is("\\$5 is $x$", "\\$5 is <math><mrow><mi>x</mi></mrow></math>");
    text_is("$\\foo<$ $y$", "$\\foo&lt;$ <math><mrow><mi>y</mi></mrow></math>");
    text_is("$x", "$x");
    text_is("", "");
    text_is("\\[\\sum_{i=1}^n i\\]",
            "<math display=\"block\"><mrow><munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn>"
            "</mrow><mi>n</mi></munderover><mi>i</mi></mrow></math>");
}

static void deep_and_long(void **state) {
    (void)state;
    lem_buf b = {0}, out = {0};
    for (int i = 0; i < 100000; i++) lem_buf_puts(&b, "{");
    assert_false(lem_mathml(lem_buf_str(&b), b.len, false, &out));
    lem_buf_clear(&b);
    for (int i = 0; i < 100000; i++) lem_buf_puts(&b, "x^2+");
    assert_true(lem_mathml(lem_buf_str(&b), b.len, false, &out));
    lem_buf_release(&b);
    lem_buf_release(&out);
}

static int convert(const char *path) {
    lem_lines *l = NULL;
    const char *line;
    size_t n;
    bool eof = false;
    if (lem_lines_open(path, 0, &l, &err) != LEM_OK) return 1;
    while (lem_lines_next(l, &line, &n, &eof, &err) == LEM_OK && !eof) {
        lem_buf b = {0};
        (void)lem_mathml(line, n, false, &b);
        puts(lem_buf_str(&b));
        lem_buf_release(&b);
    }
    lem_lines_close(l);
    return 0;
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_hand), cmocka_unit_test(what_is_not_known_stays),
                                       cmocka_unit_test(segments_of_a_text), cmocka_unit_test(deep_and_long)};
    if (argc > 1) return convert(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
