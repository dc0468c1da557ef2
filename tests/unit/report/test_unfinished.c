/* test_unfinished.c - jobs that are under way or were killed, files of candidates, and what makes a page new
 */
#include "core/file.h"
#include "core/journal.h"
#include "core/mem.h"
#include "report/report.h"
#include "report/sampled.h"
#include "report/stamp.h"
#include "report/unfinished.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../checks.h"

static char dir[] = "/tmp/lemma-unfinished-XXXXXX";

static char *in_dir(const char *name) {
    char *path = lem_path_join(dir, name, NULL);
    assert_non_null(path);
    return path;
}

static void put(const char *name, const char *text) {
    char *path = in_dir(name), *folder = lem_path_dir(path, NULL);
    OK(lem_dir_make(folder, &err));
    OK(lem_file_write_atomic(path, text, strlen(text), &err));
    lem_free(path);
    lem_free(folder);
}

static void append(const char *name, const char *text) {
    char *path = in_dir(name);
    FILE *f = fopen(path, "ab");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    lem_free(path);
}

static int make_dir(void **state) {
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state) {
    (void)state;
    return lem_dir_remove(dir, &err) == LEM_OK ? 0 : -1;
}

static lem_page *page_of(const char *input, int refresh) {
    lem_page *p = NULL;
    lem_sources s = {.log = NULL};
    lem_report_request r = {.inputs = &input, .n_inputs = 1, .refresh = refresh};
    OK(lem_sources_add(&s, input, &err));
    OK(lem_report_make(&r, &s, &p, &err));
    lem_sources_release(&s);
    return p;
}

static void has(lem_page *p, const char *what) {
    if (!strstr(lem_page_markdown(p), what)) fail_msg("no '%s' in\n%s", what, lem_page_markdown(p));
}

static bool runs(const char *input) {
    lem_sources s = {.log = NULL};
    OK(lem_sources_add(&s, input, &err));
    bool yes = lem_report_is_running(input, &s);
    lem_sources_release(&s);
    return yes;
}

/* Seven candidates of rows 0 and 3, two of them cut. */
static void put_journal(const char *path) {
    lem_journal *j = NULL;
    OK(lem_journal_open(path, "id", NULL, NULL, &j, NULL, &err));
    for (int i = 0; i < 7; i++) {
        char text[96], id[16];
        lem_json *record = NULL;
        snprintf(text, sizeof text, "{\"text\":\"t\",\"finish_reason\":\"%s\",\"tokens\":%d}",
                 i < 2 ? "length" : "stop", 10 * (i + 1));
        snprintf(id, sizeof id, "%d:%d", i < 4 ? 0 : 3, i);
        OK(lem_json_parse(text, strlen(text), &record, &err));
        OK(lem_journal_append(j, id, record, &err));
        lem_json_free(record);
    }
    OK(lem_journal_close(j, &err));
}

static void a_sampling_run(void **state) {
    (void)state;
    char *out = in_dir("s.jsonl"), *journal = in_dir("s.jsonl.job/journal"), text[512],
         *prompts = in_dir("p");
    lem_lock *lock = NULL;
    put("p", "{\"problem\":\"1\"}\n{\"problem\":\"2\"}\n{\"problem\":\"3\"}\n{\"problem\":\"4\"}\n");
    snprintf(text, sizeof text,
             "{\"command\":\"sample\",\"arguments\":{\"n\":8},\"inputs\":[{\"option\":\"prompts\",\"path\":"
             "\"%s\"}]}",
             prompts);
    put("s.jsonl.job/manifest.json", text);
    assert_false(runs(out));
    OK(lem_lock_take(out, &lock, &err));
    assert_true(runs(out));
    lem_page *p = page_of(out, 7);
    has(p, "## Under way\n\n### sample ");
    has(p, "* state: has begun; nothing is saved yet\n");
    assert_non_null(strstr(lem_page_html(p), "<meta http-equiv=\"refresh\" content=\"7\">"));
    lem_page_free(p);
    put_journal(journal);
    append("s.jsonl.job/journal", "0123abcd {\"text\":"); /* a record that is being written */
    p = page_of(out, 0);
    has(p, "* state: runs\n* rows begun: 2 of 4\n* candidates: 7 of 32 (22 %)\n* cut by length: 2 (28.6 %)\n"
           "* tokens: 280; 40 a candidate, the longest 70\n");
    assert_null(strstr(lem_page_html(p), "refresh"));
    lem_page_free(p);
    lem_lock_release(lock);
    assert_false(runs(out));
    p = page_of(out, 0);
    has(p, "* state: ended before it was finished; the same command goes on with it\n* rows begun: 2 of 4\n");
    lem_page_free(p);
    lem_free(out);
    lem_free(journal);
    lem_free(prompts);
}

/* Found in the folder of a recipe; the last row of its telemetry is being written. */
static void a_training_run(void **state) {
    (void)state;
    char *run = in_dir("run"), *recipe = in_dir("run/run.json");
    lem_lock *lock = NULL;
    FAILS(lem_sources_add(&(lem_sources){.log = NULL}, run, &err), LEM_EDATA, "run: no such");
    OK(lem_dir_make(run, &err));
    OK(lem_lock_take(recipe, &lock, &err));
    assert_true(runs(run)); /* nothing is there yet */
    put("run/policy.job/manifest.json", "{\"command\":\"sft\"}");
    put("run/report.html.job/manifest.json", "{\"command\":\"report\"}");
    put("run/policy.job/telemetry.jsonl",
        "{\"stage\":\"a\",\"step\":1,\"loss\":3,\"lr\":0.1,\"tokens_read\":100}\n"
        "{\"stage\":\"a\",\"step\":2,\"loss\":2,\"lr\":0.1,\"tokens_read\":150}\n{\"stage\":\"a\",\"st");
    lem_page *p = page_of(run, 5);
    has(p, "### sft policy\n\n* state: ended before");
    assert_null(strstr(lem_page_html(p), "report.html"));
    assert_string_equal(lem_page_csv(p, "policy-loss"), "series,x,y,lo,hi\r\na,1,3,3,3\r\na,2,2,2,2\r\n");
    assert_string_equal(lem_page_csv(p, "policy-loss-tokens"),
                        "series,x,y,lo,hi\r\na,100,3,3,3\r\na,250,2,2,2\r\n");
    lem_page_free(p);
    lem_lock_release(lock);
    lem_free(run);
    lem_free(recipe);
}

static void candidates_that_nobody_graded(void **state) {
    (void)state;
    char *rows = in_dir("c.jsonl"), *other = in_dir("t.jsonl");
    put("c.jsonl", "{\"id\":\"1\",\"problem\":\"p\",\"completions\":[\"a\",\"a\",\"bb\"],\"finish_reason\":"
                   "[\"stop\",\"stop\",\"length\"],\"tokens\":[1,1,2]}\n"
                   "{\"id\":\"2\",\"problem\":\"q\",\"completions\":[\"a\",\"c\",\"bb\"],\"finish_reason\":"
                   "[\"stop\",\"stop\",\"stop\"],\"tokens\":[3,1,4]}\n");
    put("t.jsonl", "{\"steps\":[]}\n");
    assert_true(lem_report_is_sampled(rows));
    assert_false(lem_report_is_sampled(other));
    assert_false(lem_report_is_sampled("/nonexistent"));
    lem_page *p = page_of(rows, 0);
    has(p,
        "* problems: 2\n* candidates: 6\n* cut by length: 1 (16.7 %)\n* with the text of an earlier one: 1 "
        "(16.7 %)\n* tokens: 2 on average, the longest 4\n");
    has(p, "> "); /* that so many were cut is told as a note */
    lem_page_free(p);
    put("c.jsonl",
        "{\"problem\":\"p\",\"completions\":[\"a\"]}\n{\"problem\":\"p\",\"completions\":{\"x\":1}}\n");
    lem_sources s = {.log = NULL};
    const char *input = rows;
    lem_report_request r = {.inputs = &input, .n_inputs = 1};
    OK(lem_sources_add(&s, rows, &err));
    FAILS(lem_report_make(&r, &s, &p, &err), LEM_EDATA, "c.jsonl:2: ");
    lem_sources_release(&s);
    lem_free(rows);
    lem_free(other);
}

static void stamps(void **state) {
    (void)state;
    char first[65], now[65], *in = in_dir("w"), *page = in_dir("w/report.html");
    const char *inputs[] = {in};
    put("w/a.json", "{}");
    lem_report_stamp(inputs, 1, page, first);
    put("w/report.html", "x");
    put("w/report.md", "x");
    put("w/report-loss.csv", "x");
    put("w/report.html.manifest.json", "x");
    lem_report_stamp(inputs, 1, page, now);
    assert_string_equal(now, first); /* its own files change nothing */
    const char *const others[] = {"w/b.json", "w/report.json", "w/c/d", "w.job/journal", "w.manifest.json"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        put(others[i], "x");
        lem_report_stamp(inputs, 1, page, now);
        assert_string_not_equal(now, first);
        memcpy(first, now, sizeof first);
    }
    append("w.job/journal", "y");
    lem_report_stamp(inputs, 1, page, now);
    assert_string_not_equal(now, first);
    lem_free(in);
    lem_free(page);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_sampling_run), cmocka_unit_test(a_training_run),
                                       cmocka_unit_test(candidates_that_nobody_graded),
                                       cmocka_unit_test(stamps)};
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
