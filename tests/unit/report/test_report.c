/* test_report.c - a report of runs: which files are found, in what order, and what each request adds */
#include "report/report.h"

#include "core/file.h"
#include "core/mem.h"

#include <stdlib.h>

#include <stdio.h>

#include "../checks.h"

static char dir[] = "/tmp/lemma-report-unit-XXXXXX";

static char *in_dir(const char *name) {
    char *path = lem_path_join(dir, name, &err);
    assert_non_null(path);
    return path;
}

static void put(const char *name, const char *text) {
    char *path = in_dir(name), *folder = lem_path_dir(path, &err);
    OK(lem_dir_make(folder, &err));
    OK(lem_file_write_atomic(path, text, strlen(text), &err));
    lem_free(folder);
    lem_free(path);
}

#define RESULT "{\"metrics\":[{\"name\":\"pass@1\",\"value\":0.5}]}"
#define LOSS "{\"step\":1,\"loss\":1}\n{\"step\":2,\"loss\":2}\n"

/* A run whose second stage wrote the file that comes first by name. */
static int make_run(void **state) {
    (void)state;
    if (!mkdtemp(dir)) return -1;
    lem_buf run = {0};
    lem_buf_printf(
        &run,
        "{\"name\":\"toy\",\"stages\":[{\"name\":\"first\",\"command\":\"select\",\"status\":\"done\","
        "\"out\":\"%s/z.json\"},{\"name\":\"second\",\"command\":\"select\",\"out\":\"%s/a.json\"}]}",
        dir, dir);
    put("run.json", lem_buf_str(&run));
    lem_buf_release(&run);
    put("timing.json", "{\"first\":1.25}");
    put("a.json", RESULT);
    put("z.json", RESULT);
    put("broken.json", "{");
    put("x.manifest.json", RESULT);
    put("rm/telemetry.jsonl", LOSS);
    put("rm/stages/1/telemetry.jsonl", LOSS);
    put("rm/checkpoints/metrics.json", RESULT);
    put("deep/1/2/3/metrics.json", RESULT);
    put("deep/1/2/3/4/metrics.json", RESULT);
    put("empty/note.txt", "x");
    return 0;
}

static int remove_run(void **state) {
    (void)state;
    return lem_dir_remove(dir, &err) == LEM_OK ? 0 : -1;
}

static lem_page *make(lem_report_request r, int *n) {
    lem_page *p = NULL;
    lem_sources s = {.log = NULL};
    for (int i = 0; i < r.n_inputs; i++) OK(lem_sources_add(&s, r.inputs[i], &err));
    OK(lem_report_make(&r, &s, &p, &err));
    *n = s.n;
    lem_sources_release(&s);
    return p;
}

static int where(lem_page *p, const char *what) {
    const char *html = lem_page_html(p), *at = strstr(html, what);
    if (!at) fail_msg("no '%s' on the page", what);
    return (int)(at - html);
}

static void a_run_folder(void **state) {
    (void)state;
    const char *const inputs[] = {dir};
    int n = 0;
    lem_page *p = make((lem_report_request){.inputs = inputs, .n_inputs = 1}, &n);
    assert_int_equal(n, 4); /* z, a, deep/1/2/3, rm */
    where(p, "Lemma report: toy");
    assert_true(where(p, ">Results side by side</h2>") < where(p, ">z</h2>"));
    assert_true(where(p, ">z</h2>") < where(p, ">a</h2>")); /* as they ran, not by name */
    where(p, "deep/1/2/3<");
    assert_null(strstr(lem_page_html(p), "deep/1/2/3/4"));
    assert_null(strstr(lem_page_html(p), "checkpoints"));
    assert_null(strstr(lem_page_html(p), "manifest"));
    assert_true(where(p, "Training<") < where(p, "How it was made<"));
    assert_non_null(lem_page_csv(p, "rm-loss"));
    assert_non_null(strstr(lem_page_csv(p, "stages"), "first,select,done,"));
    assert_null(strstr(lem_page_csv(p, "stages"), "seconds"));
    assert_null(strstr(lem_page_html(p), "Machine"));
    lem_page_free(p);
}

#define MANIFEST(inputs) "{\"command\":\"x\",\"identity\":\"0\",\"inputs\":[" inputs "]}"

/* Licences from the manifests: each input once, what was made on the way left out. */
static void every_manifest_is_shown_folded(void **state) {
    (void)state;
    char *run = in_dir("made"), *html = in_dir("made page.html"), text[512];
    const char *const folder[] = {run};
    lem_buf saved = {0};
    int n = 0;
    snprintf(text, sizeof text, "{\"name\":\"l\",\"stages\":[{\"name\":\"z\",\"out\":\"%s/z.json\"}]}", run);
    put("made/run.json", text);
    put("made/a.json", "{\"metrics\":[{\"name\":\"pass@1\",\"value\":1}]}");
    put("made/z.json", "{\"metrics\":[]}");
    put("made/a.json.manifest.json",
        "{\"command\":\"select\",\"version\":\"0.1.0\",\"identity\":\"1\",\"arguments\":{\"seed\":7,\"k\":[1,"
        "8]},"
        "\"inputs\":[{\"option\":\"argument 1\",\"path\":\"rows\",\"sha256\":\"abc\",\"licence\":\"mit\"}],"
        "\"output\":{\"sha256\":\"def\"}}");
    put("made/z.json.manifest.json",
        "{\"command\":\"grade\",\"identity\":\"2\",\"chosen\":{\"head\":\"none\"}}");
    put("made/page.html.manifest.json", "{\"command\":\"report\",\"identity\":\"3\"}");
    lem_page *p = make((lem_report_request){.inputs = folder, .n_inputs = 1}, &n);
    assert_true(where(p, "<summary>grade: ") < where(p, "<summary>select: ")); /* as the stages ran */
    where(p, "<dt>--seed</dt><dd>7</dd>");
    where(p, "<dt>--k</dt><dd>[1,8]</dd>");
    where(p, "<dt>chosen: head</dt><dd>none</dd>");
    where(p, "<dt>input argument 1</dt><dd>rows; SHA-256 abc; licence mit</dd>");
    where(p, "<dt>output, SHA-256</dt><dd>def</dd>");
    assert_null(strstr(lem_page_html(p), "<summary>report"));
    OK(lem_page_save(p, html, false, &err));
    OK(lem_file_read(html, 1 << 20, &saved, &err));
    assert_non_null(strstr(lem_buf_str(&saved), "<a href=\"made%20page.md\">Markdown</a>"));
    assert_non_null(strstr(lem_buf_str(&saved), "<a href=\"made%20page-a-metrics.csv\">a-metrics</a>"));
    lem_buf_release(&saved);
    lem_page_free(p);
    lem_free(run);
    lem_free(html);
}

static void licences(void **state) {
    (void)state;
    char text[1024], *made = in_dir("lic/g.jsonl"), *sel = in_dir("lic/sel.json"), *run = in_dir("lic");
    const char *const folder[] = {run}, *const file[] = {sel};
    int n = 0;
    put("lic/run.json", "{\"name\":\"l\",\"stages\":[]}");
    put("lic/sel.json", "{\"metrics\":[]}");
    put("lic/m/manifest.json", "{");
    put("lic/page.html.manifest.json", "{\"command\":\"report\",\"inputs\":[{\"path\":\"earlier\"}]}");
    put("lic/g.jsonl", "");
    put("lic/g.jsonl.manifest.json",
        MANIFEST("{\"path\":\"weights\",\"licence\":\"cc-by-nc-4.0\",\"origin\":\"nvidia/AceMath-7B\","
                 "\"non_commercial\":true},{\"path\":\"rows\"},{\"path\":\"rows\"}"));
    snprintf(text, sizeof text,
             MANIFEST("{\"path\":\"%s\",\"origin\":\"lemma grade\",\"licences_of_inputs\":"
                      "\"cc-by-nc-4.0\",\"non_commercial\":true}"),
             made);
    put("lic/sel.json.manifest.json", text);
    lem_page *p = make((lem_report_request){.inputs = folder, .n_inputs = 1}, &n);
    assert_string_equal(
        lem_page_csv(p, "inputs"),
        "input,licence,use,origin\r\nweights,cc-by-nc-4.0,non-commercial only,nvidia/AceMath-7B\r\n"
        "rows,unknown,unknown,\r\n");
    assert_true(where(p, "How it was made<") < where(p, "non-commercial use only"));
    lem_page_free(p);
    p = make((lem_report_request){.inputs = file, .n_inputs = 1}, &n);
    assert_non_null(strstr(lem_page_csv(p, "inputs"),
                           "g.jsonl,of its inputs: cc-by-nc-4.0,non-commercial only,lemma grade\r\n"));
    lem_page_free(p);
    const char *const sets[] = {made};
    p = make((lem_report_request){.inputs = file, .n_inputs = 1, .examples = sets, .n_sets = 1}, &n);
    assert_non_null(strstr(lem_page_csv(p, "inputs"), "weights,cc-by-nc-4.0"));
    lem_page_free(p);
    /* From a named result to what it was made of in the end. */
    snprintf(text, sizeof text,
             MANIFEST("{\"path\":\"%s\",\"origin\":\"lemma grade\",\"origin_from\":\"%s.manifest.json\"}"),
             made, made);
    put("lic/sel.json.manifest.json", text);
    p = make((lem_report_request){.inputs = file, .n_inputs = 1}, &n);
    assert_string_equal(
        lem_page_csv(p, "inputs"),
        "input,licence,use,origin\r\nweights,cc-by-nc-4.0,non-commercial only,nvidia/AceMath-7B\r\n"
        "rows,unknown,unknown,\r\n");
    lem_page_free(p);
    put("lic/g.jsonl.manifest.json", text); /* a job that leads to itself */
    p = make((lem_report_request){.inputs = file, .n_inputs = 1}, &n);
    assert_null(lem_page_csv(p, "inputs"));
    lem_page_free(p);
    lem_free(made);
    lem_free(sel);
    lem_free(run);
}

static void times_and_machine(void **state) {
    (void)state;
    const char *const inputs[] = {dir};
    const lem_pair machine[] = {{"Processor", "abacus"}};
    lem_report_request r = {.inputs = inputs, .n_inputs = 1, .title = "T & t", .times = true};
    r.machine = machine;
    r.n_machine = 1;
    int n = 0;
    lem_page *p = make(r, &n);
    where(p, "T &amp; t");
    assert_true(where(p, "How it was made<") < where(p, "abacus"));
    assert_non_null(strstr(lem_page_csv(p, "stages"), ",1.2\r\n"));
    lem_page_free(p);
}

static void named_files(void **state) {
    (void)state;
    char *a = in_dir("a.json"), *t = in_dir("rm/telemetry.jsonl");
    const char *const inputs[] = {a, t, a};
    int n = 0;
    lem_page *p = make((lem_report_request){.inputs = inputs, .n_inputs = 3}, &n);
    assert_int_equal(n, 2); /* each once */
    where(p, "Lemma report: a (1), telemetry (2), a (3)");
    where(p, "Results<"); /* the only one needs no name */
    assert_non_null(lem_page_csv(p, "training-loss"));
    lem_page_free(p);
    lem_free(a);
    lem_free(t);
}

static void nothing_to_show(void **state) {
    (void)state;
    char *empty = in_dir("empty"), *loose = in_dir("timing.json");
    lem_sources s = {.log = NULL};
    FAILS(lem_sources_add(&s, empty, &err), LEM_EDATA, "empty: no run.json, telemetry.jsonl or metrics");
    FAILS(lem_sources_add(&s, loose, &err), LEM_EDATA, "timing.json: no 'metrics' list");
    FAILS(lem_sources_add(&s, "/nonexistent/run", &err), LEM_EDATA, "/nonexistent/run: no such file");
    assert_int_equal(s.n, 0);
    lem_sources_release(&s);
    lem_free(empty);
    lem_free(loose);
}

static void a_file_that_changed(void **state) {
    (void)state;
    char *file = in_dir("late.json");
    const char *in[] = {file};
    lem_sources s = {.log = NULL};
    lem_page *p = NULL;
    lem_report_request r = {.inputs = in, .n_inputs = 1};
    put("late.json", RESULT);
    OK(lem_sources_add(&s, file, &err));
    put("late.json", "{\"metrics\":[{}]}");
    FAILS(lem_report_make(&r, &s, &p, &err), LEM_EDATA, "late.json: metrics[0].name");
    assert_null(p); /* written on success only */
    OK(lem_file_remove(file, &err));
    lem_sources_release(&s);
    lem_free(file);
}

/* Whatever allocation fails, the calls say so and leak nothing (as the sanitizer build sees). */
static void memory_runs_out(void **state) {
    (void)state;
    const char *const inputs[] = {dir};
    lem_report_request r = {.inputs = inputs, .n_inputs = 1};
    for (uint64_t k = 1; k < 60; k++) {
        lem_page *p = NULL;
        lem_sources s = {.log = NULL};
        lem_mem_fail_after(k, true);
        lem_status st = lem_sources_add(&s, dir, &err);
        if (st == LEM_OK) st = lem_report_make(&r, &s, &p, &err);
        lem_mem_fail_after(0, false);
        if (st == LEM_OK) lem_page_free(p); /* a page remembers want of memory until it is saved */
        else assert_int_equal(st, LEM_EMEM);
        lem_sources_release(&s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_folder),
        cmocka_unit_test(licences),
        cmocka_unit_test(times_and_machine),
        cmocka_unit_test(named_files),
        cmocka_unit_test(nothing_to_show),
        cmocka_unit_test(a_file_that_changed),
        cmocka_unit_test(every_manifest_is_shown_folded),
        cmocka_unit_test(memory_runs_out),
        cmocka_unit_test(licences),
    };
    return cmocka_run_group_tests(tests, make_run, remove_run);
}
