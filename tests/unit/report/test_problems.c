/* test_problems.c - all problems of a file as a list to search: what is told of each, its tags, the script's
 * hash */
#include "core/file.h"
#include "core/hash.h"
#include "report/page_priv.h"
#include "report/problems.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "page_fixture.h"

static lem_status add(const char *path) { return lem_report_problems(page, path, NULL, &err); }
static void browse(const char *rows) { OK(with_text(rows, strlen(rows), add)); }

static bool has(const char *what) { return strstr(lem_page_html(page), what) != NULL; }

/* The vote is 0.5 (with 1/2), which is right; the score chooses 3, which was cut. */
static const char rows[] =
    "{\"id\":\"a\",\"problem\":\"Half of <one>?\",\"expected_answer\":\"1/2\",\"level\":3,"
    "\"completions\":[\"x0\",\"x1\",\"x2\",\"x3\"],\"predicted_answer\":[\"0.5\",\"3\",\"1/2\",null],"
    "\"correct\":[true,false,true,null],\"rule\":[\"same\",\"other\",\"same\",\"\"],\"rm_score\":[0.1,0.9,0."
    "2,0],"
    "\"finish_reason\":[\"stop\",\"length\",\"stop\",\"stop\"],\"step_scores\":[[0.5],[0.75,0.25],[1],[]]}\n"
    "{\"id\":\"b\",\"problem\":\"Two?\",\"expected_answer\":\"2\",\"level\":3,\"completions\":[\"y\"],"
    "\"predicted_answer\":[\"2\"],\"correct\":[true],\"rule\":[\"same\"],\"rm_score\":[1],"
    "\"finish_reason\":[\"stop\"],\"step_scores\":[[0.5]]}\n";

static void each_problem_is_an_item(void **state) {
    (void)state;
    browse(rows);
    assert_true(has("1: vote right, score wrong, 2 of 4 right \xe2\x80\x93 Half of &lt;one&gt;?"));
    assert_true(has("1/2 \xc2\xb7 2 of 4 votes \xc2\xb7 right, same \xc2\xb7 score 0.2 \xc2\xb7 the vote"));
    assert_true(
        has("3 \xc2\xb7 1 of 4 votes \xc2\xb7 wrong, other \xc2\xb7 score 0.9 \xc2\xb7 the score&#39;s "
            "choice \xc2\xb7 cut"));
    assert_true(has("x1\n\nscores of the steps: 0.75 0.25"));
    assert_true(has("2: vote right, score right, 1 of 1 right"));
    assert_true(has("only the vote right (1)") && has("both right (1)") && has("3 (2)</option>"));
    assert_true(has("undecided ones (1)") && has("ones that were cut (1)") &&
                has("ones without an answer (1)"));
    assert_false(has("only the score right"));
    assert_non_null(strstr(lem_page_markdown(page), "2 problems stand in the HTML page"));
}

/* The content policy names the script by the hash of what stands there. */
static void the_script_is_named_by_its_hash(void **state) {
    (void)state;
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char source[64], hex[65], got[80] = "";
    assert_false(has("script-src") || has("<script>"));
    browse(rows);
    lem_page_script_source(source);
    assert_true(has(source));
    const char *at = strstr(lem_page_html(page), "<script>") + 8, *end = strstr(at, "</script>");
    lem_sha256_hex(at, (size_t)(end - at), hex);
    uint32_t bits = 0;
    int have = 0;
    for (const char *c = source + 8; *c && *c != '='; c++) {
        bits = bits << 6 | (uint32_t)(strchr(digits, *c) - digits);
        have += 6;
        if (have < 8) continue;
        have -= 8;
        snprintf(got + strlen(got), 3, "%02x", bits >> have & 255);
    }
    assert_string_equal(got, hex);
    assert_string_equal(source + strlen(source) - 2, "='");
}

static void other_files_add_nothing(void **state) {
    (void)state;
    browse("{\"a\":1}\n");
    browse("{\"expected_answer\":\"1\",\"completions\":[\"a\"]}\n"); /* not graded */
    assert_false(has("All problems"));
}

/* A row that cannot be read behind others is named: nothing is dropped in silence. */
static void a_broken_row_is_named(void **state) {
    (void)state;
    lem_buf b = {0};
    lem_buf_puts(&b, rows);
    lem_buf_puts(&b,
                 "{\"id\":\"c\",\"problem\":\"p\",\"expected_answer\":\"1\",\"completions\":[\"a\",\"b\"],"
                 "\"correct\":[true]}\n");
    FAILS(with_text(lem_buf_str(&b), b.len, add), LEM_EDATA, ":3");
    lem_buf_release(&b);
}

static void long_texts_are_cut_at_a_character(void **state) {
    (void)state;
    lem_buf b = {0};
    lem_buf_puts(
        &b,
        "{\"expected_answer\":\"1\",\"correct\":[true],\"predicted_answer\":[\"1\"],\"completions\":[\"a");
    for (int i = 0; i < 1000; i++) lem_buf_puts(&b, "\xc3\xa9");
    lem_buf_puts(&b, "\"]}\n");
    browse(lem_buf_str(&b));
    lem_buf_release(&b);
    assert_true(has("\xc3\xa9\xe2\x80\xa6 (502 bytes more)"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_problem_is_an_item, open_page, close_page),
        cmocka_unit_test_setup_teardown(the_script_is_named_by_its_hash, open_page, close_page),
        cmocka_unit_test_setup_teardown(other_files_add_nothing, open_page, close_page),
        cmocka_unit_test_setup_teardown(a_broken_row_is_named, open_page, close_page),
        cmocka_unit_test_setup_teardown(long_texts_are_cut_at_a_character, open_page, close_page)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
