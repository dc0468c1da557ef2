/* test_report.c - lemma report over a made-up run: what is found, drawn, escaped, and refused */
#include "cli/commands.h"

#include "core/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char dir[] = "/tmp/lemma-report-XXXXXX";

static char *in_dir(const char *name) {
    char *path = lem_path_join(dir, name, NULL);
    assert_non_null(path);
    return path;
}

static void put(const char *name, const char *text) {
    char *path = in_dir(name), *folder = lem_path_dir(path, NULL);
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_dir_make(folder, &err), LEM_OK);
    assert_int_equal(lem_file_write_atomic(path, text, strlen(text), &err), LEM_OK);
    free(path);
    free(folder);
}

static char *get(const char *name) {
    char *path = in_dir(name);
    lem_buf b = {0};
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_file_read(path, 1 << 24, &b, &err), LEM_OK);
    free(path);
    return lem_buf_take(&b);
}

static bool has(const char *name, const char *what) {
    char *text = get(name);
    bool found = strstr(text, what) != NULL;
    free(text);
    return found;
}

static lem_status report(lem_err *err, int argc, ...) {
    const char *argv[16];
    va_list ap;
    va_start(ap, argc);
    for (int i = 0; i < argc; i++) argv[i] = va_arg(ap, const char *);
    va_end(ap);
    lem_cli cli = {.out = stdout, .limit = -1, .isa = "auto"};
    lem_args args = {0};
    lem_status st = lem_args_parse(&lem_cmd_report, argc, argv, &cli, &args, err);
    if (st == LEM_OK) st = lem_cmd_report.run(&cli, &args, err);
    lem_args_release(&args);
    return st;
}

static const char select_json[] =
    "{\"metrics\": ["
    "{\"name\":\"pass@1\",\"protocol\":\"exact\",\"value\":0.4,\"ci95\":[0.35,0.45],\"n\":400},"
    "{\"name\":\"pass@8\",\"protocol\":\"exact\",\"value\":0.8,\"ci95\":[0.75,0.85],\"n\":400},"
    "{\"name\":\"rm@1\",\"protocol\":\"exact\",\"value\":0.4,\"ci95\":[0.35,0.45],\"n\":400},"
    "{\"name\":\"rm@8\",\"protocol\":\"exact\",\"value\":0.654321,\"ci95\":[0.6,0.7],\"n\":400},"
    "{\"name\":\"maj@8\",\"protocol\":\"exact\",\"value\":0.55,\"ci95\":[0.5,0.6],\"n\":400},"
    "{\"name\":\"maj@8\",\"protocol\":\"first-k\",\"value\":0.56,\"ci95\":null,\"n\":400},"
    "{\"name\":\"rm@8 - maj@8\",\"protocol\":\"exact\",\"value\":0.104321,\"ci95\":[0.05,0.15],\"n\":400}],"
    "\"differences\": "
    "[{\"name\":\"rm@8-maj@8\",\"protocol\":\"exact\",\"value\":0.104321,\"ci95\":[0.05,0.15],\"n\":400}],"
    "\"verdicts\": {\"right\": 10, \"wrong\": 3}, \"notes\": [\"a <b>note</b>\"],"
    "\"examples\": [{\"problem\": \"<script>alert(1)</script>\", \"expected_answer\": \"4\","
    " \"candidates\": [{\"text\": \"2+2=4\", \"correct\": true, \"score\": 1.5}, {\"text\": \"2+2=5\", "
    "\"correct\": false, \"score\": -1}]}]}";

static const char select_two[] =
    "{\"metrics\":[{\"name\":\"pass@1\",\"protocol\":\"exact\",\"value\":0.2,\"n\":40},"
    "{\"name\":\"maj@2\",\"protocol\":\"exact\",\"value\":0.2,\"n\":40},"
    "{\"name\":\"rm@2\",\"protocol\":\"exact\",\"value\":0.3,\"n\":40}]}";

static int make_run(void **state) {
    (void)state;
    assert_non_null(mkdtemp(dir));
    put("run.json",
        "{\"name\": \"toy\", \"stages\": [{\"name\": \"sft\", \"command\": \"sft\", \"status\": \"done\"}]}");
    put("policy/config.json", "{\"metrics\": []}");
    put("policy/telemetry.jsonl", "{\"stage\":\"general\",\"step\":1,\"loss\":3.5,\"lr\":0.001,\"grad_norm\":"
                                  "2.0}\n{\"stage\":\"general\",\"step\":2,\"loss\":2.5,\"lr\":0.002,"
                                  "\"grad_norm\":1.0}\n"
                                  "{\"stage\":\"math\",\"step\":1,\"loss\":1.5,\"lr\":0.001,\"grad_norm\":0."
                                  "5}\n{\"stage\":\"math\",\"step\":1,\"val_loss\":1.25}\n");
    put("policy/stages/1-general/telemetry.jsonl", "{\"stage\":\"general\",\"step\":1,\"loss\":3.5}\n");
    put("results/select.json", select_json);
    return 0;
}

static int remove_run(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    return lem_dir_remove(dir, &err) == LEM_OK ? 0 : -1;
}

static void whole_run(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(report(&err, 1, dir), LEM_OK);
    assert_true(has("report.html", "Lemma report: toy"));
    assert_true(has("report.html", "<td>rm@8</td><td>exact</td><td class=\"num\">65.4 %</td><td "
                                   "class=\"num\">[60.0, 70.0]</td><td class=\"num\">400</td>"));
    assert_true(has("report.html", "rm@8 - maj@8"));
    assert_true(has(
        "report.html",
        "<td>rm@8-maj@8</td><td>exact</td><td class=\"num\">+10.4</td><td class=\"num\">[+5.0, +15.0]</td>"));
    assert_true(has("report.html", "rm@k"));
    assert_true(has("report.html", "first-k"));
    assert_true(has("report.html", "a &lt;b&gt;note&lt;/b&gt;"));
    assert_true(has("report.html", "&lt;script&gt;alert(1)"));
    assert_false(has("report.html", "<script"));
    assert_true(has("report.html", "Candidate 1, right, score 1.5"));
    assert_true(has("report.html", "policy: loss"));
    assert_true(has("report.html", "math (validation)"));
    assert_false(has("report.html", "1-general"));
    assert_true(has("report.md", "| rm@8 | exact | 65.4 % | \\[60.0, 70.0\\] | 400 |"));
    assert_true(has("report-policy-loss.csv", "general,1,3.5,3.5,3.5\r\n"));
    assert_true(has("report-policy-loss.csv", "math,3,1.5,1.5,1.5\r\n")); /* steps count on over stages */
    assert_true(has("report-results-select-at-8.csv", "rm@8,0.654321,0.6,0.7\r\n"));
}

static void twice_is_the_same_bytes(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    char *first = get("report.html");
    assert_int_equal(report(&err, 3, dir, "--title", "other"),
                     LEM_EUSAGE); /* never over another page unasked */
    assert_non_null(strstr(err.text, "--title was not given, is now \"other\""));
    assert_int_equal(report(&err, 1, dir), LEM_OK); /* the same page again */
    char *second = get("report.html");
    assert_string_equal(first, second);
    free(first);
    free(second);
}

static void one_file(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    char *file = in_dir("results/select.json"), *out = in_dir("one.html");
    assert_int_equal(report(&err, 3, file, "--out", out), LEM_OK);
    assert_true(has("one.html", "65.4 %"));
    free(file);
    free(out);
}

/* Two runs whose results name their candidates: paired on them, and told where they cannot be. */
static void put_scored_run(const char *run, bool third_right) {
    char name[64], text[512], *rows = in_dir(run);
    snprintf(name, sizeof name, "%s/s.jsonl", run);
    lem_buf b = {0};
    for (int i = 0; i < 40; i++)
        lem_buf_printf(
            &b,
            "{\"id\":\"q%d\",\"problem\":\"p%d\",\"expected_answer\":\"1\",\"completions\":[\"a\",\"b\"],"
            "\"predicted_answer\":[\"1\",\"2\"],\"correct\":[%s,false],\"rm_score\":[1,0]}\n",
            i, i, i % 4 == 0 || (third_right && i % 4 == 1) ? "true" : "false");
    put(name, lem_buf_str(&b));
    lem_buf_release(&b);
    snprintf(name, sizeof name, "%s/select.json", run);
    put(name, select_two);
    snprintf(name, sizeof name, "%s/select.json.manifest.json", run);
    snprintf(text, sizeof text,
             "{\"command\":\"select\",\"identity\":\"0\",\"arguments\":{\"task\":\"std\"},"
             "\"inputs\":[{\"option\":\"argument 1\",\"path\":\"%s/s.jsonl\"}]}",
             rows);
    put(name, text);
    free(rows);
}

static void two_runs_are_compared_on_their_candidates(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    char *a = in_dir("two/old"), *b = in_dir("two/new"), *out = in_dir("two.html");
    put_scored_run("two/old", false);
    put_scored_run("two/new", true);
    assert_int_equal(report(&err, 4, a, b, "--out", out), LEM_OK);
    assert_true(has("two.html", "<h1>Lemma report: old, new</h1>"));
    assert_true(has("two.html", ">new against old</h2>"));
    assert_true(has("two.html", "two/old</h2>")); /* "select of …/two/old": which is which */
    assert_true(has("two.html", "two/new</h2>"));
    assert_true(has("two.html", "Flipped problems (rm@2, first k)"));
    /* 10 of 40 problems became right */
    assert_true(has("two.html", "rm@2: new solves 25.0 points more than old (95 % interval "));
    assert_true(has("two.html", "new is better on 10 problems and worse on 0."));
    assert_true(has("two-new-against-old-flipped.csv", "q1,wrong"));
    assert_true(has("two-side-by-side.csv", "rm@2,"));
    char *rows = in_dir("two/new/s.jsonl");
    remove(rows);
    assert_int_equal(report(&err, 5, a, b, "--out", out, "--fresh"), LEM_OK);
    assert_false(has("two.html", "new against old"));
    assert_true(has("two.html", "is of candidates that are not there any more: no paired comparison"));
    free(rows);
    free(a);
    free(b);
    free(out);
}

/* A file in the way of one part: nothing of the report is written. */
static void all_or_nothing(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    char *a = in_dir("two/old"), *out = in_dir("way.html");
    put("way.md", "mine");
    lem_status st = report(&err, 3, a, "--out", out);
    assert_int_equal(st, LEM_EUSAGE);
    assert_non_null(strstr(err.text, "way.md exists already"));
    assert_false(lem_file_exists(out));
    free(a);
    free(out);
}

/* A result of scores that were named, of chance and of pessimistic votes: what the candidates give is
 * compared, by those scores. */
static void put_named_run(const char *run, bool third_right) {
    char name[64], text[512], *rows = in_dir(run);
    put_scored_run(run, third_right);
    snprintf(name, sizeof name, "%s/select.json", run);
    put(name, "{\"metrics\":[{\"name\":\"mine@2\",\"protocol\":\"exact\",\"value\":0.5},"
              "{\"name\":\"mine-pessimistic@2\",\"protocol\":\"exact\",\"value\":0.5},"
              "{\"name\":\"chance@2\",\"protocol\":\"exact\",\"value\":0.5}]}");
    snprintf(name, sizeof name, "%s/select.json.manifest.json", run);
    snprintf(text, sizeof text,
             "{\"command\":\"select\",\"identity\":\"0\",\"arguments\":{\"task\":\"std\",\"score\":[\"mine=2*"
             "rm_score\"]},\"inputs\":[{\"option\":\"argument 1\",\"path\":\"%s/s.jsonl\"}]}",
             rows);
    put(name, text);
    free(rows);
}

static void scores_of_ones_own_are_compared(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    char *a = in_dir("own/old"), *b = in_dir("own/new"), *out = in_dir("own.html");
    put_named_run("own/old", false);
    put_named_run("own/new", true);
    assert_int_equal(report(&err, 4, a, b, "--out", out), LEM_OK);
    assert_true(has("own.html", "mine@2: new solves 25.0 points more than old"));
    assert_false(has("own.html", "mine-pessimistic@2: "));
    free(a);
    free(b);
    free(out);
}

static void picked_examples(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    put("c/candidates.jsonl",
        "{\"problem\":\"p0\",\"expected_answer\":\"7\",\"completions\":[\"is 5\",\"is 5!\",\"is "
        "7\"],\"predicted_answer\":[\"5\",\"5\",\"7\"],"
        "\"correct\":[false,false,true],\"rm_score\":[0.1,0.2,0.9]}\n"
        "{\"problem\":\"p1\",\"completions\":[\"all right\",\"all "
        "right\"],\"predicted_answer\":[\"1\",\"1\"],\"correct\":[true,true],\"rm_score\":[0,0]}\n"
        "{\"problem\":\"p2\",\"expected_answer\":\"3\",\"completions\":[\"3 it is\",\"so 3\",\"or "
        "4\"],\"predicted_answer\":[\"3\",\"3\",\"4\"],"
        "\"correct\":[true,true,false],\"rm_score\":[0,0,5]}\n");
    char *candidates = in_dir("c/candidates.jsonl"), *out = in_dir("c.html"),
         *file = in_dir("results/select.json");
    assert_int_equal(report(&err, 5, file, "--examples", candidates, "--out", out), LEM_OK);
    assert_true(has("c.html", "finds the right answer where the vote does not</summary>"));
    assert_true(has("c.html", "Highest score, right, score 0.9"));
    assert_true(has("c.html", "Most frequent answer, wrong, score 0.1"));
    assert_true(has("c.html", "<dt>The vote is right where the reward model is not</dt><dd>1</dd>"));
    assert_false(has("c.md", "all right")); /* it tells nothing; the page has all problems to browse */
    free(candidates);
    free(out);
    free(file);
}

static const char trace_jsonl[] =
    "{\"id\":\"x\",\"problem\":\"<b>2</b>\",\"method\":\"dvts\",\"steps\":["
    "{\"step\":0,\"parent\":null,\"round\":0,\"subtree\":0,\"tokens\":2,\"score\":0.5,\"state\":\"kept\","
    "\"text\":\"<script>\"},{\"step\":1,\"parent\":0,\"round\":0,\"subtree\":0,\"tokens\":2,\"score\":0.25,"
    "\"state\":\"stop\",\"text\":\"<script>\\nso 2\"}]}\n{\"steps\":[]}\n";

/* Beside a result, and alone; as many trees as asked for. */
static void trees_of_a_search(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    put("t/trace.jsonl", trace_jsonl);
    char *trace = in_dir("t/trace.jsonl"), *both = in_dir("t/both.html"), *none = in_dir("t/none.html"),
         *file = in_dir("results/select.json");
    assert_int_equal(report(&err, 4, file, trace, "--out", both), LEM_OK);
    assert_true(has("t/both.html", "65.4 %"));
    assert_true(has("t/both.html", "Problem x, dvts</summary>"));
    assert_true(
        has("t/both.html", "step 1 after 0 · score 0.25 · finished <b>chosen</b></span><pre>so 2</pre>"));
    assert_true(has("t/both.html", "Problem 2</summary>"));
    assert_false(has("t/both.html", "<script"));
    assert_true(has("t/both.md", "  * step 1 after 0"));
    assert_int_equal(report(&err, 4, trace, "--n-trees=0", "--out", none), LEM_OK);
    assert_false(has("t/none.html", "Problem x"));
    assert_true(has("t/none.html", "<dt>steps drawn</dt><dd>2</dd>"));
    assert_true(has("t/none.html", "first 0 of 2 problems"));
    free(trace);
    free(both);
    free(none);
    free(file);
}

static void refused(const char *name, const char *text, lem_status want, const char *words) {
    lem_err err = LEM_ERR_INIT;
    put(name, text);
    char *file = in_dir(name), *out = in_dir("never.html");
    assert_int_equal(report(&err, 3, file, "--out", out), want);
    assert_non_null(strstr(err.text, words));
    assert_false(lem_file_exists(out));
    free(file);
    free(out);
}

static void bad_input(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    refused("bad/a.json", "{\"metrics\": [{\"name\": 3, \"value\": 1}]}", LEM_EDATA,
            "metrics[0].name: string expected, integer found");
    refused("bad/b.json", "{\"metrics\": [{\"name\": \"x\", \"value\": \"1\"}]}", LEM_EDATA,
            "metrics[0].value: number expected, string found");
    refused("bad/c.json", "{\"metrics\": [{\"name\": \"x\", \"value\": 1, \"ci95\": [1]}]}", LEM_EDATA,
            "metrics[0].ci95");
    refused("bad/d.json", "{\"other\": 1}", LEM_EDATA, "no 'metrics' list");
    refused("bad/e.json", "{\"metrics\": ", LEM_EDATA, "e.json");
    refused("bad/telemetry.jsonl", "{\"stage\":\"x\",\"step\":1,\"loss\":1}\n{\"stage\":\"x\",\"loss\":1}\n",
            LEM_EDATA, "telemetry.jsonl:2: 'step'");
    refused("bad/rows.jsonl", "{\"problem\":\"p\"}\n", LEM_EDATA, "rows.jsonl:1: no 'steps' list found");
    refused("bad/sampled.jsonl",
            "{\"problem\":\"p\",\"completions\":[\"a\"]}\n{\"problem\":\"p\",\"completions\":{}}\n",
            LEM_EDATA, "sampled.jsonl:2: ");
    refused("bad/trace.jsonl", "{\"steps\":[]}\n{\"steps\":[{\"step\":0,\"round\":0}]}\n", LEM_EDATA,
            "trace.jsonl:2: steps[0].subtree: a count expected, nothing found");
    char *nothing = in_dir("policy/stages/none");
    assert_int_equal(lem_dir_make(nothing, &err), LEM_OK);
    assert_int_equal(report(&err, 1, nothing), LEM_EDATA);
    assert_non_null(strstr(err.text, "no run.json"));
    free(nothing);
    char *file = in_dir("results/select.json");
    assert_int_equal(report(&err, 3, file, "--out", "report.txt"), LEM_EUSAGE);
    free(file);
    assert_int_equal(report(&err, 1, "/nonexistent/run"), LEM_EDATA);
    assert_int_equal(report(&err, 2, dir, "--exmaples=x"), LEM_EUSAGE);
    assert_non_null(strstr(err.text, "examples'"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_run),
        cmocka_unit_test(twice_is_the_same_bytes),
        cmocka_unit_test(one_file),
        cmocka_unit_test(two_runs_are_compared_on_their_candidates),
        cmocka_unit_test(scores_of_ones_own_are_compared),
        cmocka_unit_test(all_or_nothing),
        cmocka_unit_test(picked_examples),
        cmocka_unit_test(trees_of_a_search),
        cmocka_unit_test(bad_input),
    };
    return cmocka_run_group_tests(tests, make_run, remove_run);
}
