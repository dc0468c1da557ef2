/* test_left_out.c - rows left out and contamination on the page: read off the manifests of a run */
#include "report/left_out.h"

#include "core/mem.h"
#include "page_fixture.h"
#include "../../support/workdir.h"

#include <stdio.h>
#include <sys/stat.h>

static void put(const char *name, const char *text) {
    char *folder = lem_path_dir(name, &err);
    OK(lem_dir_make(folder, &err));
    OK(lem_file_write_atomic(name, text, strlen(text), &err));
    lem_free(folder);
}

/* The manifest of `out`: command, inputs, rows. */
static void made(const char *out, const char *command, const char *inputs, const char *rows) {
    lem_buf name = {0}, text = {0};
    lem_buf_printf(&name, strchr(out, '.') ? "%s.manifest.json" : "%s/manifest.json", out);
    lem_buf_printf(&text, "{\"command\":\"%s\",\"identity\":\"%s\",\"inputs\":[%s],\"rows\":[%s]}", command,
                   out, inputs, rows);
    if (!strchr(out, '.')) OK(lem_dir_make(out, &err));
    put(lem_buf_str(&name), lem_buf_str(&text));
    lem_buf_release(&name);
    lem_buf_release(&text);
}

#define IN(option, path, sha) "{\"option\":\"" option "\",\"path\":\"" path "\",\"sha256\":\"" sha "\"}"
#define CHECKED                                                                                              \
    "{\"unit\":\"rows\",\"read\":200,\"kept\":197,\"dropped\":{\"contaminated by gsm8k (exact)\":3},"        \
    "\"first\":[\"r/kept.jsonl:5: "                                                                          \
    "contaminated\"],\"file\":\"r/near.jsonl\",\"against\":[{\"name\":\"gsm8k\"}]}"

/* A run: rows filtered, decontaminated and trained on; lists of rows that nobody checked; results. */
static void put_run(void) {
    made("r/kept.jsonl", "data filter", IN("argument 1", "raw.jsonl", "aa"),
         "{\"unit\":\"rows\",\"read\":220,\"kept\":200,\"dropped\":{\"no box\":15,\"loops\":9,\"never\":0}}");
    made("r/clean.jsonl", "data decontam",
         IN("argument 1", "r/kept.jsonl", "ab") "," IN("--against", "test.jsonl", "ff"), CHECKED);
    made("r/policy", "sft", IN("model", "base", "00") "," IN("stages[0].data[1]", "r/clean.jsonl", "ac"), "");
    made("r/lists.jsonl", "rm sample", IN("argument 1", "pool.jsonl", "ad"), "");
    made("r/orm", "rm train", IN("lists[0]", "r/lists.jsonl", "ae") "," IN("val", "val.jsonl", "af"), "");
    made("r/tested.jsonl", "sample", IN("prompts", "test.jsonl", "ff"), "");
    made("r/select.json", "select", IN("argument 1", "r/tested.jsonl", "ag"), "");
}

static void show(void) {
    const char *const paths[] = {"r"};
    char path[] = "r/select.json", title[] = "select";
    lem_source result = {path, title, LEM_SOURCE_METRICS, 0};
    const lem_sources sources = {.at = &result, .n = 1};
    lem_report_jobs *jobs = lem_alloc_zero(1, sizeof *jobs, &err);
    assert_non_null(jobs);
    OK(lem_report_jobs_find(paths, 1, jobs, &err));
    OK(lem_report_left_out(page, jobs, NULL, &err));
    OK(lem_report_contamination(page, jobs, &sources, &err));
    lem_report_jobs_release(jobs);
    lem_free(jobs);
}

static void shows(const char *text) {
    if (!strstr(lem_page_html(page), text)) fail_msg("not on the page: %s\n%s", text, lem_page_html(page));
}
static void shows_not(const char *text) {
    if (strstr(lem_page_html(page), text)) fail_msg("on the page: %s", text);
}
static void csv(const char *name, const char *line) {
    const char *text = lem_page_csv(page, name);
    if (!text || !strstr(text, line)) fail_msg("not in %s: %s\n%s", name, line, text);
}

static void counts_by_reason(void **state) {
    (void)state;
    put_run();
    show();
    csv("left-out", "job,left out,share,reason,read,of\r\n");
    csv("left-out", "data filter: r/kept.jsonl,15,6.82 %,no box,220,rows\r\n");
    csv("left-out", "data filter: r/kept.jsonl,9,4.09 %,loops,220,rows\r\n");
    csv("left-out", "data decontam: r/clean.jsonl,3,1.5 %,contaminated by gsm8k (exact),200,rows\r\n");
    assert_null(strstr(lem_page_csv(page, "left-out"), "never"));
    shows("r/kept.jsonl:5: contaminated"); /* the file of dropped rows is not there: the place is */
    assert_non_null(
        strstr(lem_page_markdown(page), "| data filter: r/kept.jsonl | 15 | 6.82 % | no box | 220 | rows |"));
}

static void examples_of_the_file(void **state) {
    (void)state;
    lem_buf rows = {0};
    put_run();
    for (int i = 0; i < 4; i++) /* two of a reason are enough */
        lem_buf_printf(&rows,
                       "{\"problem\":\"p%d "
                       "<b>\",\"_dropped\":\"exact\",\"_source\":\"k:%d\",\"_detail\":{\"lcs\":%d}}\n",
                       i, i, 70 + i);
    lem_buf_puts(&rows, "{\"problem\":\"");
    for (int i = 0; i < 800; i++) lem_buf_puts(&rows, "ü");
    lem_buf_puts(&rows, "\",\"_dropped\":\"long\",\"_source\":\"k:9\"}\nno JSON");
    put("r/near.jsonl", lem_buf_str(&rows));
    lem_buf_release(&rows);
    show();
    shows("k:0: exact");
    shows("k:1: exact");
    shows_not("k:2: exact");
    shows("k:9: long");
    shows("p1 &lt;b&gt;");
    shows("900 bytes more in r/near.jsonl");
    shows_not("r/kept.jsonl:5");
    assert_true(strstr(lem_page_html(page), "lcs") < strstr(lem_page_html(page), "p0 "));
    unlink("r/near.jsonl");
}

/* What the manifest names is read only where it is a file. */
static void a_pipe_is_not_read(void **state) {
    (void)state;
    put_run();
    assert_int_equal(mkfifo("r/near.jsonl", 0600), 0);
    alarm(20);
    show();
    alarm(0);
    shows("r/kept.jsonl:5: contaminated");
    unlink("r/near.jsonl");
}

static void what_was_never_checked(void **state) {
    (void)state;
    put_run();
    show();
    csv("contamination", "sft (r/policy),r/clean.jsonl,raw.jsonl,gsm8k\r\n");
    csv("contamination", "rm train (r/orm),r/lists.jsonl,pool.jsonl,never checked\r\n");
    shows("Never checked for contamination: rm train (r/orm): r/lists.jsonl.");
    shows("Not held against the problems that results on this page are of: rm train (r/orm): test.jsonl.");
    shows_not("val.jsonl");
    shows_not("Trained on the very file");
}

/* Rows of two files of which one was checked were not all checked; and a test file that is trained on. */
static void one_of_two_files(void **state) {
    (void)state;
    put_run();
    made("r/both.jsonl", "data blend",
         IN("files[0]", "r/clean.jsonl", "ac") "," IN("files[1]", "r/copy.jsonl", "ff"), "");
    made("r/second", "sft", IN("data", "r/both.jsonl", "ba"), "");
    show();
    csv("contamination", "sft (r/second),r/both.jsonl,raw.jsonl; r/copy.jsonl,never checked\r\n");
    shows("Trained on the very file that results are of: sft (r/second): test.jsonl.");
    OK(lem_dir_remove("r/second", &err));
    unlink("r/both.jsonl.manifest.json");
}

/* Manifests that lead to each other, thirty in a row, two ways each: the way back ends, and soon. */
static void manifests_in_a_ring(void **state) {
    (void)state;
    for (int i = 0; i < 30; i++) {
        char out[32], inputs[300];
        int next = (i + 1) % 30;
        snprintf(out, sizeof out, "r/x%d.jsonl", i);
        snprintf(inputs, sizeof inputs,
                 "{\"option\":\"a\",\"path\":\"r/x%d.jsonl\"},{\"option\":\"b\",\"path\":\"r/x%d.jsonl\"}",
                 next, next);
        made(out, "data filter", inputs, "");
    }
    made("r/ring", "sft", IN("data", "r/x0.jsonl", "0"), "");
    show();
    csv("contamination", "sft (r/ring),r/x0.jsonl,");
    OK(lem_dir_remove("r", &err));
}

static void values_of_other_kinds(void **state) {
    (void)state;
    made("r/a.jsonl", "data filter", "7,null,{\"path\":[]}",
         "3,{\"dropped\":7,\"read\":-1},{\"unit\":5,\"read\":\"x\",\"first\":{},\"file\":3,\"dropped\":{"
         "\"w\":\"y\",\"n\":-4}}");
    made("r/b", "sft", "{\"option\":5,\"path\":\"\"}", "{\"against\":{\"x\":1}}");
    show();
    csv("left-out", "data filter: r/a.jsonl,0,–,nothing was left out,0,\r\n");
    OK(lem_dir_remove("r", &err));
}

static void nothing_to_tell(void **state) {
    (void)state;
    made("r/a.jsonl", "grade", IN("argument 1", "x", "0"), "");
    show();
    shows_not("Rows left out");
    shows_not("Contamination");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(counts_by_reason, open_page, close_page),
        cmocka_unit_test_setup_teardown(examples_of_the_file, open_page, close_page),
        cmocka_unit_test_setup_teardown(a_pipe_is_not_read, open_page, close_page),
        cmocka_unit_test_setup_teardown(what_was_never_checked, open_page, close_page),
        cmocka_unit_test_setup_teardown(one_of_two_files, open_page, close_page),
        cmocka_unit_test_setup_teardown(manifests_in_a_ring, open_page, close_page),
        cmocka_unit_test_setup_teardown(values_of_other_kinds, open_page, close_page),
        cmocka_unit_test_setup_teardown(nothing_to_tell, open_page, close_page),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
