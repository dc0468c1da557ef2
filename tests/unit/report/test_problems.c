/* test_problems.c - all problems of a file as a list to search: what is told of each, its tags, the script's
 * hash */
#include "core/file.h"
#include "core/hash.h"
#include "report/page_priv.h"
#include "report/sets.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "page_fixture.h"

static lem_status add(const char *path) {
    return lem_report_sets_add(page, &(lem_report_sets){&path, 1, NULL, 2}, &err);
}
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
    assert_true(
        has("<b>1/2</b> \xc2\xb7 candidate 2 \xc2\xb7 2 of 4 votes \xc2\xb7 right, same \xc2\xb7 score "
            "0.2 \xc2\xb7 the vote<"));
    assert_true(
        has("<b>3</b> \xc2\xb7 candidate 1 \xc2\xb7 1 of 4 votes \xc2\xb7 wrong, other \xc2\xb7 score "
            "0.9 \xc2\xb7 the score&#39;s choice \xc2\xb7 cut<"));
    assert_true(has("<span>candidate 3 \xc2\xb7 undecided"));
    assert_true(
        has("<tr class=\"good\"><td>1/2</td><td class=\"num\">2</td><td>right, same</td><td class=\"num\">0.2"
            "</td><td>0, 2</td></tr>"));
    assert_true(
        has("<ol class=\"map\" aria-label=\"scores of the steps\"><li class=\"q3\"><b>0.75</b></li><li "
            "class=\"q1\"><b>0.25 lowest</b></li></ol><div class=\"md\"><p>x1</p></div>"));
    assert_true(has("2: vote right, score right, 1 of 1 right"));
    assert_true(
        has("vote <select><option value=\"\">all</option><option value=\"t0\">right (2)</option></select>"));
    assert_true(has("right by the vote, not by the score (1)") && has("3 (2)</option>"));
    assert_true(has("undecided (1)") && has("truncated (1)") && has("without an answer (1)"));
    assert_false(has("right by the score, not by the vote"));
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
    for (int i = 0; i < 5000; i++) lem_buf_puts(&b, "\xc3\xa9");
    lem_buf_puts(&b, "\"]}\n");
    browse(lem_buf_str(&b));
    lem_buf_release(&b);
    assert_true(has("\xc3\xa9</p></div><p class=\"more\">\xe2\x80\xa6 2002 bytes more in "));
    assert_true(has(", row 1</p>"));
}

/* Whatever has most votes and score, a reader sees that the answer was there, and the response that gave it.
 */
static void the_right_answer_is_shown(void **state) {
    (void)state;
    lem_buf b = {0};
    lem_buf_puts(&b, "{\"problem\":\"p\",\"expected_answer\":\"99\",\"completions\":[");
    for (int i = 0; i < 40; i++) lem_buf_printf(&b, "\"text of %d\",", i);
    lem_buf_puts(&b, "\"text of 40\"],\"predicted_answer\":[");
    for (int i = 0; i < 40; i++) lem_buf_printf(&b, "\"%d\",", i / 2);
    lem_buf_puts(&b, "\"99\"],\"correct\":[");
    for (int i = 0; i < 40; i++) lem_buf_puts(&b, "false,");
    lem_buf_puts(&b, "true]}\n");
    browse(lem_buf_str(&b));
    lem_buf_release(&b);
    assert_true(has("<tr class=\"good\"><td>99</td><td class=\"num\">1</td><td>right</td><td>40</td></tr>"));
    assert_true(has("<td>11 more answers</td><td class=\"num\">22</td>"));
    assert_true(has("<p>text of 40</p>"));
}

static char *row_of(const char *problem, bool right, char out[200]) {
    snprintf(
        out, 200,
        "{\"problem\":\"%s\",\"expected_answer\":\"1\",\"completions\":[\"t\"],\"predicted_answer\":[\"1\"],"
        "\"correct\":[%s]}\n",
        problem, right ? "true" : "false");
    return out;
}

/* Sets are told apart, and a problem that came out otherwise than in the first set is found. */
static void sets_are_compared(void **state) {
    (void)state;
    char dir[] = "/tmp/lemma-sets-XXXXXX", path[2][64], a[200], b[200];
    assert_non_null(mkdtemp(dir));
    for (int i = 0; i < 2; i++) {
        char text[500];
        snprintf(path[i], sizeof path[i], "%s/%s.jsonl", dir, i ? "after" : "before");
        snprintf(text, sizeof text, "%s%s", row_of("one", i == 1, a), row_of("two", true, b));
        OK(lem_file_write_atomic(path[i], text, strlen(text), &err));
    }
    const char *const paths[] = {path[0], path[1]};
    OK(lem_report_sets_add(page, &(lem_report_sets){paths, 2, NULL, 2}, &err));
    for (int i = 0; i < 2; i++) unlink(path[i]);
    rmdir(dir);
    assert_true(has("before 1: vote wrong") && has("after 1: vote right") && has("before 2: vote right"));
    assert_true(has("right here, not in the first set (1)"));
    assert_false(has("right in the first set, not here"));
    assert_true(has("before (2)</option>") && has("after (2)</option>"));
}

/* All problems are there, whatever there is room for. */
static void a_large_file_is_shown_in_less_detail(void **state) {
    (void)state;
    enum { N = 1500 };
    lem_buf b = {0};
    char id[40];
    for (int i = 0; i < N; i++) {
        lem_buf_printf(&b, "{\"problem\":\"question %d\",\"expected_answer\":\"1\",\"completions\":[", i);
        for (int k = 0; k < 4; k++) {
            lem_buf_puts(&b, k ? ",\"" : "\"");
            for (int w = 0; w < 90; w++) lem_buf_puts(&b, "so $x_1^2 + 3 = 4$, ");
            lem_buf_puts(&b, "\"");
        }
        lem_buf_puts(
            &b, "],\"predicted_answer\":[\"1\",\"2\",\"3\",\"4\"],\"correct\":[true,false,false,false]}\n");
    }
    browse(lem_buf_str(&b));
    lem_buf_release(&b);
    assert_in_range(strlen(lem_page_html(page)), 8 << 20, 28 << 20);
    assert_true(has("So that the page opens quickly, texts are shown up to"));
    assert_false(has("left out"));
    for (int i = 0; i < N; i += 7) {
        snprintf(id, sizeof id, "\xe2\x80\x93 question %d<", i);
        assert_true(has(id));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_problem_is_an_item, open_page, close_page),
        cmocka_unit_test_setup_teardown(the_script_is_named_by_its_hash, open_page, close_page),
        cmocka_unit_test_setup_teardown(other_files_add_nothing, open_page, close_page),
        cmocka_unit_test_setup_teardown(a_broken_row_is_named, open_page, close_page),
        cmocka_unit_test_setup_teardown(the_right_answer_is_shown, open_page, close_page),
        cmocka_unit_test_setup_teardown(sets_are_compared, open_page, close_page),
        cmocka_unit_test_setup_teardown(a_large_file_is_shown_in_less_detail, open_page, close_page),
        cmocka_unit_test_setup_teardown(long_texts_are_cut_at_a_character, open_page, close_page)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
