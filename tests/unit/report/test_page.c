/* test_page.c - the page is whole, escaped, offline, and lands as HTML, Markdown and CSV */
#include "report/page.h"

#include "core/file.h"
#include "core/mem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define EVIL "</td></pre></title></style><script>alert(1)</script><img src=x onerror=alert(1)>"

static int count(const char *text, const char *what) {
    int n = 0;
    for (const char *p = strstr(text, what); p; p = strstr(p + 1, what)) n++;
    return n;
}

/* A page with the same hostile text in every place that takes text. */
static lem_page *evil_page(void) {
    const lem_column columns[] = {{EVIL, false}, {"n", true}};
    const char *const cells[] = {EVIL, "1", "x|y", NULL};
    const double x[] = {1, 2}, y[] = {0.25, 0.5};
    const lem_series series = {EVIL, 2, x, y, NULL, NULL};
    const lem_bar bar = {EVIL, 0.5, 0.4, 0.6};
    const lem_pair pair = {EVIL, EVIL};
    const char *const detail[] = {EVIL};
    const double score = 0.5;
    const lem_example_part part = {EVIL, EVIL, LEM_TONE_BAD, EVIL, 0, 1, EVIL, &score, 1};
    lem_page *p = lem_page_new(EVIL, EVIL, NULL);
    assert_non_null(p);
    lem_page_section(p, EVIL);
    lem_page_section(p, "second");
    lem_page_heading(p, EVIL);
    lem_page_paragraph(p, EVIL);
    lem_page_note(p, EVIL);
    lem_page_pairs(p, &pair, 1);
    lem_page_tiles(p, &pair, detail, 1);
    lem_page_table(p, &(lem_table){EVIL, EVIL, columns, 2, 2, cells, 0});
    lem_page_chart(p, &(lem_chart){"../" EVIL, EVIL, EVIL, EVIL, true, false, true, &series, 1});
    lem_page_bars(p, "bars", EVIL, &bar, 1);
    lem_page_example(p, EVIL, &part, 1, true);
    return p;
}

static void hostile_text_stays_text(void **state) {
    (void)state;
    lem_page *p = evil_page();
    const char *html = lem_page_html(p);
    assert_int_equal(count(html, "<script"), 0);
    assert_int_equal(count(html, "<img"), 0);
    assert_int_equal(count(html, "</title>"), 3); /* the page and two dots */
    assert_int_equal(count(html, "</style>"), 1);
    assert_int_equal(count(html, "<pre>"), count(html, "</pre>"));
    assert_int_equal(count(html, "<td"), 4);
    assert_int_equal(count(html, "</td>"), 4);
    assert_true(count(html, "&lt;script&gt;") >= 15);
    assert_int_equal(count(lem_page_markdown(p), "\\<script\\>"),
                     count(lem_page_markdown(p), "<script") - 1); /* one stands in a fenced block */
    lem_page_free(p);
}

static void page_is_self_contained(void **state) {
    (void)state;
    lem_page *p = evil_page();
    const char *html = lem_page_html(p);
    assert_int_equal(count(html, "http://"), 0);
    assert_int_equal(count(html, "https://"), 0);
    assert_int_equal(count(html, "@import"), 0);
    assert_int_equal(count(html, "url("), 0);
    assert_non_null(strstr(html, "Content-Security-Policy\" content=\"default-src 'none'"));
    assert_non_null(strstr(html, "prefers-color-scheme:dark"));
    assert_non_null(strstr(html, "width=device-width"));
    assert_non_null(strstr(html, "<a href=\"#s1\">"));
    assert_non_null(strstr(html, "<h2 id=\"s1\">"));
    lem_page_free(p);
}

static void table_in_three_forms(void **state) {
    (void)state;
    const lem_column columns[] = {{"metric", false}, {"value", true}};
    const char *const cells[] = {"rm@8", "94.0 %", "a,b", "1|2"};
    lem_page *p = lem_page_new("t", NULL, NULL);
    assert_non_null(p);
    lem_page_table(p, &(lem_table){"main", "cap", columns, 2, 2, cells, 0});
    lem_page_table(p, &(lem_table){"main", NULL, columns, 2, 1, cells, -1});
    assert_string_equal(lem_page_csv(p, "main"), "metric,value\r\nrm@8,94.0 %\r\n\"a,b\",1|2\r\n");
    assert_string_equal(lem_page_csv(p, "main-2"), "metric,value\r\nrm@8,94.0 %\r\n");
    assert_null(lem_page_csv(p, "main-3"));
    assert_non_null(strstr(lem_page_markdown(p),
                           "| metric | value |\n|---|---:|\n| **rm@8** | **94.0 %** |\n| a,b | 1\\|2 |\n"));
    assert_non_null(
        strstr(lem_page_html(p), "<tr class=\"mark\"><td>rm@8</td><td class=\"num\">94.0 %</td></tr>"));
    lem_page_free(p);
}

static void texts_side_by_side(void **state) {
    (void)state;
    const lem_mark marks[] = {{0, 1, false}, {2, 5, true}, {4, 6, true}, {7, 99, true}};
    const lem_marked sides[2] = {{EVIL, "a<b c>d&", 8, marks, 4}, {"plain", EVIL, strlen(EVIL), NULL, 0}};
    lem_page *p = lem_page_new("t", NULL, NULL);
    assert_non_null(p);
    lem_page_beside(p, EVIL, EVIL, sides, true);
    const char *html = lem_page_html(p);
    assert_int_equal(count(html, "<script"), 0);
    assert_int_equal(count(html, "<pre>"), 2);
    assert_int_equal(count(html, "</pre>"), 2);
    /* marks that overlap or leave the text are left out */
    assert_non_null(strstr(html, "<pre><mark>a</mark>&lt;<mark class=\"run\">b c</mark>&gt;d&amp;</pre>"));
    assert_int_equal(count(lem_page_markdown(p), "a<b c>d&"), 1);
    lem_page_free(p);
}

static void chart_without_points_is_a_note(void **state) {
    (void)state;
    const double x[] = {1}, y[] = {NAN};
    const lem_series s = {"x", 1, x, y, NULL, NULL};
    lem_page *p = lem_page_new("t", NULL, NULL);
    assert_non_null(p);
    lem_page_chart(p, &(lem_chart){"c", "Loss", "", "", false, false, false, &s, 1});
    assert_non_null(strstr(lem_page_html(p), "Loss: no finite points to draw."));
    assert_int_equal(count(lem_page_html(p), "<svg"), 0);
    lem_page_free(p);
}

static void saved_beside_each_other(void **state) {
    (void)state;
    char dir[] = "/tmp/lemma-page-XXXXXX", path[128];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/report.html", dir);
    lem_page *p = evil_page();
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_page_save(p, path, false, &err), LEM_OK);
    char **names = NULL;
    size_t n = 0;
    assert_int_equal(lem_dir_list(dir, &names, &n, &err), LEM_OK);
    assert_int_equal(n, 5); /* html, md, table, chart, bars: no name left the folder */
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(strncmp(names[i], "report", 6), 0);
        lem_free(names[i]);
    }
    lem_free(names);
    assert_int_equal(lem_page_save(p, path, false, &err), LEM_EUSAGE);
    assert_non_null(strstr(err.text, "exists already"));
    assert_int_equal(lem_page_save(p, path, true, &err), LEM_OK);
    assert_int_equal(lem_page_save(p, "/tmp/report.txt", true, &err), LEM_EUSAGE);
    assert_int_equal(lem_dir_remove(dir, &err), LEM_OK);
    lem_page_free(p);
}

/* Whichever allocation fails, nothing crashes and no page is written as if it were whole. */
static void out_of_memory(void **state) {
    (void)state;
    char dir[] = "/tmp/lemma-page-XXXXXX", path[128];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/report.html", dir);
    lem_err err = LEM_ERR_INIT;
    for (uint64_t k = 1; k < 30; k++) {
        lem_mem_fail_after(k, true);
        lem_page *p = lem_page_new("title", "sub", &err);
        lem_status st = LEM_EMEM;
        if (p) {
            for (int i = 0; i < 200; i++) lem_page_paragraph(p, "text that grows");
            st = lem_page_save(p, path, true, &err);
        }
        lem_mem_fail_after(0, false);
        lem_page_free(p);
        if (st == LEM_OK) break;
        assert_int_equal(st, LEM_EMEM);
        assert_false(lem_file_exists(path));
    }
    assert_int_equal(lem_dir_remove(dir, &err), LEM_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_text_stays_text),
        cmocka_unit_test(page_is_self_contained),
        cmocka_unit_test(table_in_three_forms),
        cmocka_unit_test(texts_side_by_side),
        cmocka_unit_test(chart_without_points_is_a_note),
        cmocka_unit_test(saved_beside_each_other),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
