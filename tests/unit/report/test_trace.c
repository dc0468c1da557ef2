/* test_trace.c - the trees of a search on a page: what is shown, in which order, what is left out; damaged
 * traces */
#include "report/trace.h"

#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "page_fixture.h"

static lem_status add(const char *text, size_t len, int trees) {
    char path[] = "/tmp/lemma-trace-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), (ssize_t)len);
    close(fd);
    lem_status st = lem_report_trace(page, "Search", path, trees, &err);
    unlink(path);
    return st;
}

static lem_status trace(const char *text) { return add(text, strlen(text), 3); }

static const char *at(const char *what) {
    const char *found = strstr(lem_page_html(page), what);
    if (!found) fail_msg("not on the page: %s\n%s", what, strstr(lem_page_html(page), "<h2"));
    return found;
}

#define STEP(number, parent, score, state, text)                                                             \
    "{\"step\":" number ",\"parent\":" parent ",\"round\":0,\"level\":0,\"subtree\":0,\"tokens\":3,"         \
    "\"score\":" score ",\"state\":\"" state "\",\"text\":\"" text "\"}"
#define ROW(steps) "{\"id\":\"x\",\"problem\":\"a<b\",\"method\":\"beam\",\"steps\":[" steps "]}\n"

/* Two roots; the second goes on with two, of which the better scored is chosen. */
static const char tree[] =
    ROW(STEP("0", "null", "0.25", "pruned", "<i>one") "," STEP("1", "null", "0.5", "kept", "two") "," STEP(
        "2", "1", "0.75", "length",
        "two\\nthree") "," STEP("3", "1", "0.875", "stop",
                                "two\\nfour") "," STEP("4", "null", "null", "stop",
                                                       "five") "," STEP("5", "null", "2", "budget", "six"));

static void a_tree_in_depth_first_order(void **state) {
    (void)state;
    OK(trace(tree));
    assert_true(at("step 0, round 1, subtree 1 · score 0.25 · pruned</span><pre>&lt;i&gt;one</pre>") <
                at("step 1, round 1, subtree 1 · score 0.5 · kept</span><pre>two</pre>"));
    assert_true(at("step 1, ") < at("step 2 after 1 · score 0.75 · ended by the token limit</span>"));
    assert_true(at("step 2 ") < at("step 3 after 1 · score 0.875 · finished <b>chosen</b></span><pre>four"));
    assert_true(at("step 3 ") < at("step 4, round 1, subtree 1 · no score · finished</span>"));
    at("step 5, round 1, subtree 1 · score 2 · ended by the budget</span>"); /* best scored, but cut short */
    at("<li class=\"step bad\" style=\"--d:0\"><span>step 0");
    at("<li class=\"step good\" style=\"--d:1\"><span>step 3");
    at("<summary>Problem x, beam</summary>");
    at("<pre>a&lt;b</pre>");
    at("<dt>steps drawn</dt><dd>6</dd>");
    at("<dt>tokens drawn</dt><dd>18</dd>");
    at("<dt>finished</dt><dd>2</dd>");
    assert_null(strstr(lem_page_html(page), "are shown"));
    const char *md = lem_page_markdown(page);
    assert_non_null(strstr(md, "\n* step 1, round 1, subtree 1 · score 0.5 · kept: two\n  * step 2 after 1"));
    assert_non_null(strstr(md, "finished **chosen**: four\n"));
}

/* Of many steps the first are shown, and the chosen solution from its beginning; of many problems the first.
 */
static void what_is_left_out_is_said(void **state) {
    (void)state;
    lem_buf b = {0};
    int n = LEM_TRACE_STEPS + 50;
    lem_buf_puts(&b, "{\"steps\":[");
    for (int i = 0; i < n; i++) {
        bool last = i == n - 1;
        lem_buf_printf(&b, "%s{\"step\":%d,\"parent\":", i ? "," : "", i);
        if (last) lem_buf_printf(&b, "%d", n - 2);
        else lem_buf_puts(&b, "null");
        lem_buf_printf(&b,
                       ",\"round\":0,\"subtree\":0,\"tokens\":1,\"score\":0,\"state\":\"%s\",\"text\":"
                       "\"t%d\"}",
                       last ? "stop" : "kept", i);
    }
    lem_buf_puts(&b, "]}\n");
    lem_buf_puts(&b, tree);
    lem_buf_puts(&b, "{\"steps\":[]}\n");
    OK(add(b.data, b.len, 2));
    lem_buf_release(&b);
    at("The trees of the first 2 of 3 problems are shown");
    at("120 of 170 steps are shown");
    at("step 169 after 168 ·");
    at("step 168, ");
    at("step 117, ");
    assert_null(strstr(lem_page_html(page), "step 118, "));
    at("Problem x");
    assert_null(strstr(lem_page_html(page), "Problem 3"));
}

/* A chain as long as a search can make it is drawn without recursion, indented no further than 16. */
static void a_long_chain(void **state) {
    (void)state;
    lem_buf b = {0};
    int n = 4096;
    lem_buf_puts(&b, "{\"steps\":[");
    for (int i = 0; i < n; i++) {
        lem_buf_printf(&b, "%s{\"step\":%d,\"parent\":", i ? "," : "", i);
        if (i) lem_buf_printf(&b, "%d", i - 1);
        else lem_buf_puts(&b, "null");
        lem_buf_printf(&b,
                       ",\"round\":0,\"subtree\":0,\"tokens\":1,\"score\":1,\"state\":\"%s\",\"text\":\"\"}",
                       i == n - 1 ? "depth" : "kept");
    }
    lem_buf_puts(&b, "]}\n");
    OK(add(b.data, b.len, 1));
    lem_buf_release(&b);
    at("style=\"--d:16\"><span>step 4095 after 4094 · score 1 · ended by the depth limit <b>chosen</b>");
    assert_null(strstr(lem_page_html(page), "--d:17"));
}

static void damaged(void **state) {
    (void)state;
    FAILS(trace("{\"problem\":\"p\"}\n"), LEM_EDATA, ":1: no 'steps' list found");
    FAILS(trace(""), LEM_EDATA, "no rows");
    FAILS(trace("{\"steps\":[]}\n{\"steps\":[3]}\n"), LEM_EDATA,
          ":2: steps[0].step: a count expected, nothing found");
    FAILS(trace(ROW(STEP("1", "null", "1", "stop", ""))), LEM_EDATA, "steps[0].step: its place in the list");
    FAILS(trace(ROW(STEP("0", "0", "1", "stop", ""))), LEM_EDATA, ":1: steps[0].parent: null or an earlier");
    FAILS(trace(ROW(STEP("0", "-1", "1", "stop", ""))), LEM_EDATA, "steps[0].parent");
    FAILS(trace(ROW(STEP("0", "null", "1", "stop", "") "," STEP("1", "0", "1", "stop", ""))), LEM_EDATA,
          "steps[1].parent: step 0 was not kept");
    FAILS(trace(ROW(STEP("0", "null", "\\\"1\\\"", "stop", ""))), LEM_EDATA, ":1");
    FAILS(trace(ROW(STEP("0", "null", "true", "stop", ""))), LEM_EDATA, "score: a number or null expected");
    FAILS(trace(ROW(STEP("0", "null", "1", "done", ""))), LEM_EDATA, "steps[0].state");
    FAILS(trace("{\"steps\":[{\"step\":0"), LEM_EDATA, ":1");
}

/* Each member of each step left out, or of another kind: one line that names file, line and member. */
static void fields_of_another_kind(void **state) {
    (void)state;
    static const char *const names[] = {"step",   "parent", "round", "subtree",
                                        "tokens", "score",  "state", "text"};
    lem_json *row = NULL;
    OK(lem_json_parse(tree, strlen(tree), &row, &err));
    for (size_t k = 0; k < 6 * 8 * 2; k++) {
        char want[64];
        lem_buf b = {0};
        lem_json *bad = lem_json_copy(row), *steps = lem_json_get(bad, "steps");
        lem_json *x = lem_json_at(steps, k / 16);
        const char *name = names[k / 2 % 8];
        if (k % 2) assert_true(lem_json_remove(x, name));
        else assert_true(lem_json_set(x, name, lem_json_new_array()));
        lem_json_write(bad, 0, &b);
        snprintf(want, sizeof want, ":1: steps[%d].%s: ", (int)(k / 16), name);
        FAILS(add(b.data, b.len, 1), LEM_EDATA, want);
        assert_null(strchr(err.text, '\n'));
        lem_buf_release(&b);
        lem_json_free(bad);
    }
    lem_json_free(row);
}

/* Any one byte replaced: a page, or one line. */
static void bytes_replaced(void **state) {
    (void)state;
    static const char with[] = "9\"}]-x\x80";
    char text[sizeof tree];
    for (size_t i = 0; i < sizeof tree - 1; i++)
        for (size_t k = 0; k < sizeof with - 1; k += 1 + i % 3) {
            memcpy(text, tree, sizeof tree);
            text[i] = with[k];
            lem_status st = add(text, sizeof tree - 1, 1);
            if (st != LEM_OK &&
                (st != LEM_EDATA || strchr(err.text, '\n') || !strstr(err.text, "lemma-trace-")))
                fail_msg("byte %zu: %s", i, err.text);
        }
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_page, close_page)
    const struct CMUnitTest tests[] = {
        TEST(a_tree_in_depth_first_order), TEST(what_is_left_out_is_said), TEST(a_long_chain), TEST(damaged),
        TEST(fields_of_another_kind),      TEST(bytes_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
