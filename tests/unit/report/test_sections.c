/* test_sections.c - metrics, worked examples and training curves as sections of a page */
#include "report/sections.h"
#include "report/sets.h"

#include "core/file.h"
#include "core/mem.h"
#include "rows/write.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "page_fixture.h"

static lem_json *json(const char *text) {
    lem_json *v = NULL;
    OK(lem_json_parse(text, strlen(text), &v, &err));
    return v;
}

static lem_status metrics(const char *text) {
    lem_json *doc = json(text);
    lem_status st = lem_report_metrics(page, "Results", "r", "r.json", doc, &err);
    lem_json_free(doc);
    return st;
}

static lem_status examples(const char *text) {
    lem_json *list = json(text);
    lem_status st = lem_report_examples(page, list, "r.json", &err);
    lem_json_free(list);
    return st;
}

static lem_status with_file(const char *text, lem_status (*add)(const char *path)) {
    return with_text(text, strlen(text), add);
}

static lem_status add_candidates(const char *path) {
    return lem_report_sets_add(page, &(lem_report_sets){&path, 1, NULL, 2}, &err);
}
static lem_status add_telemetry(const char *path) {
    return lem_report_telemetry(page, "sft", path, false, &err);
}

static bool has(const char *what) { return strstr(lem_page_html(page), what) != NULL; }

static void no_csv(const char *name) { assert_null(lem_page_csv(page, name)); }

static void values_as_people_read_them(void **state) {
    (void)state;
    static const struct {
        double v;
        const char *text;
    } rows[] = {{0.94, "94.0 %"}, {-0.5, "-50.0 %"}, {1, "100.0 %"}, {12.34567, "12.35"}, {NAN, "–"}};
    char out[32];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        lem_report_value(rows[i].v, out);
        assert_string_equal(out, rows[i].text);
    }
}

static const char table[] =
    "{\"metrics\":[{\"name\":\"pass@1\",\"protocol\":\"exact\",\"value\":0.25,\"ci95\":[0.2,0.3],\"n\":40},"
    "{\"name\":\"pass@4\",\"protocol\":\"exact\",\"value\":0.75,\"ci95\":[0.7,0.8],\"n\":40},"
    "{\"name\":\"rm@1\",\"protocol\":\"exact\",\"value\":0.25,\"ci95\":null,\"n\":40},"
    "{\"name\":\"rm@4\",\"protocol\":\"exact\",\"value\":0.5,\"ci95\":[0.4,0.6],\"n\":40},"
    "{\"name\":\"rm@4\",\"protocol\":\"seeds\",\"value\":0.51,\"n\":40}],"
    "\"differences\":[{\"name\":\"rm@4-maj@4\",\"protocol\":\"exact\",\"value\":-0.0004,\"ci95\":[-0.1,0.1]},"
    "{\"name\":\"rm@1-maj@1\",\"protocol\":\"exact\",\"value\":0.3}],"
    "\"notes\":[\"said\"],\"counts\":{\"problems\":40},\"mixed\":{\"a\":1,\"b\":\"x\"}}";

static void metrics_become_bars_curves_and_tables(void **state) {
    (void)state;
    OK(metrics(table));
    /* bars from worst to best at the largest k, pass@1 first and the ceiling last */
    const char *bars = lem_page_csv(page, "r-at-4");
    assert_non_null(bars);
    assert_true(strstr(bars, "pass@1") < strstr(bars, "rm@4") &&
                strstr(bars, "rm@4") < strstr(bars, "pass@4"));
    assert_non_null(strstr(lem_page_csv(page, "r-curves"), "pass@k,4,0.75,0.7,0.8\r\n"));
    assert_non_null(strstr(lem_page_csv(page, "r-by-k"), "rm,seeds,,51.0 %\r\n"));
    assert_non_null(strstr(lem_page_csv(page, "r-metrics"), "rm@4,exact,50.0 %,\"[40.0, 60.0]\",40\r\n"));
    assert_null(strstr(lem_page_csv(page, "r-metrics"), "rm@1,")); /* that stands in the table by k */
    /* differences at the same k only, without a negative zero */
    assert_non_null(strstr(lem_page_csv(page, "r-differences"), "rm@4-maj@4,exact,+0.0,"));
    assert_null(strstr(lem_page_csv(page, "r-differences"), "rm@1-maj@1"));
    assert_true(has("said"));
    assert_true(has("problems"));
    assert_false(has("mixed"));
}

#define VALUE(name, protocol, value)                                                                         \
    "{\"name\":\"" name "\",\"protocol\":\"" protocol "\",\"value\":" value "}"
#define EXACT(name, value) VALUE(name, "exact", value) ","
#define SEEDS(name, value) VALUE(name, "seeds", value) ","

/* As select writes them: votes by exact values at 1 and at all alone, by random subsets at each k. */
static const char votes[] = "{\"metrics\":["                           //
    EXACT("rm@1", "0.1") EXACT("rm@2", "0.2") EXACT("rm@4", "0.3")     //
    SEEDS("rm@1", "0.1") SEEDS("rm@2", "0.7") SEEDS("rm@4", "0.3")     //
    SEEDS("maj@1", "0.1") SEEDS("maj@2", "0.15") SEEDS("maj@4", "0.2") //
    EXACT("rm-weighted@1", "0.1") EXACT("rm-weighted@4", "0.4")        //
    SEEDS("rm-weighted@1", "0.1") SEEDS("rm-weighted@2", "0.25")       //
    SEEDS("rm-weighted@4", "0.4") SEEDS("rm-pessimistic@1", "0.1")     //
    VALUE("rm-pessimistic@4", "seeds", "0.4") "]}";

/* A curve has its values at each k, by one protocol. */
static void votes_become_curves(void **state) {
    (void)state;
    OK(metrics(votes));
    const char *curves = lem_page_csv(page, "r-curves"), *second = lem_page_csv(page, "r-votes");
    assert_non_null(strstr(curves, "maj@k,2,0.15,"));
    assert_non_null(strstr(curves, "rm@k,2,0.2,"));
    assert_null(strstr(curves, "0.7"));
    assert_null(strstr(curves, "weighted"));
    assert_non_null(second);
    assert_non_null(strstr(second, "maj@k,4,0.2,"));
    assert_non_null(strstr(second, "rm-weighted@k,2,0.25,"));
    assert_null(strstr(second, "pessimistic"));
    assert_non_null(strstr(lem_page_csv(page, "r-at-4"), "rm-weighted@4"));
}

static void metrics_of_another_form(void **state) {
    (void)state;
    OK(metrics("{\"other\":1}"));
    assert_false(has("Results"));
    FAILS(metrics("{\"metrics\":[{\"value\":1}]}"), LEM_EDATA, "r.json: metrics[0].name: string expected");
    FAILS(metrics("{\"metrics\":[{\"name\":\"a\",\"value\":\"b\"}]}"), LEM_EDATA, "metrics[0].value");
    FAILS(metrics("{\"metrics\":[{\"name\":\"a\",\"value\":1,\"ci95\":[1,2,3]}]}"), LEM_EDATA, "ci95");
    OK(metrics("{\"metrics\":[{\"name\":\"a@0\",\"value\":null}]}"));
    no_csv("r-curves");
    no_csv("r-at-0");
    assert_non_null(strstr(lem_page_csv(page, "r-metrics"), "a@0,,–,,"));
}

static void given_examples(void **state) {
    (void)state;
    OK(lem_report_examples(page, NULL, "r.json", &err));
    OK(examples("[]"));
    assert_false(has("Worked examples"));
    FAILS(examples("{}"), LEM_EDATA, "r.json: examples: list expected, object found");
    OK(examples(
        "[{\"problem\":\"2+2\",\"expected_answer\":4,\"candidates\":[{\"text\":\"a\",\"correct\":true},"
        "{\"label\":\"mine\",\"text\":\"b\",\"correct\":false,\"score\":0.125},{\"text\":\"c\"}]}]"));
    assert_true(has("Candidate 1, right"));
    assert_true(has("mine, wrong, score 0.125"));
    assert_true(has("Candidate 3</"));
    assert_true(has("expected answer \xc2\xb7 <b>4</b>"));
}

#define ROW(answers, correct, scores)                                                                        \
    "{\"problem\":\"p\",\"completions\":[\"a\",\"b\",\"c\"],\"predicted_answer\":" answers                   \
    ",\"correct\":" correct ",\"rm_score\":" scores "}\n"

static void picked_examples(void **state) {
    (void)state;
    OK(with_file(
        ROW("[\"1\",\"1\",\"2\"]", "[false,false,true]", "[1,2,3]") /* the score finds it */
        ROW("[\"1\",\"1\",\"2\"]", "[true,true,false]", "[1,2,3]")  /* the vote finds it */
        ROW("[\"1\",\"1\",\"2\"]", "[true,true,false]", "[1,3,2]")  /* both */
        ROW("[\"1\",\"2\",\"2\"]", "[true,false,false]", "[1,2,3]") /* neither */
        ROW("[\"1\",\"2\",\"3\"]", "[true,true,true]", "[1,2,3]")   /* tells nothing */
        "{\"problem\":\"p\",\"completions\":[\"a\",\"b\"],\"correct\":[true,false]}\n", /* unscored */
        add_candidates));
    assert_true(has("<dt>The reward model finds the right answer where the vote does not</dt><dd>1</dd>"));
    assert_true(has("<dt>The vote is right where the reward model is not</dt><dd>1</dd>"));
    assert_true(has("<dt>Both are right</dt><dd>1</dd>"));
    assert_true(has("<dt>Neither is right, though a candidate was</dt><dd>1</dd>"));
    assert_true(has("Highest score, right, score 3"));
    assert_true(has("Most frequent answer, wrong, score 1"));
    assert_false(has("A right candidate")); /* two were asked for, the last kind is the fourth */
}

static void nothing_to_pick(void **state) {
    (void)state;
    OK(with_file("{\"problem\":\"p\"}\n", add_candidates));
    assert_true(has("No problem here has both right and wrong candidates"));
}

static void training_curves(void **state) {
    (void)state;
    OK(with_file("{\"stage\":\"a\",\"step\":1,\"loss\":3,\"lr\":0.1,\"grad_norm\":2}\n"
                 "{\"stage\":\"a\",\"step\":2,\"loss\":2,\"lr\":0.2,\"grad_norm\":1}\n"
                 "{\"stage\":\"b\",\"step\":1,\"loss\":1,\"val_loss\":1.5}\n",
                 add_telemetry));
    assert_non_null(strstr(lem_page_csv(page, "sft-training"), "a,2,3,2,,0.2,2\r\n"));
    assert_non_null(strstr(lem_page_csv(page, "sft-training"), "b,1,1,1,1.5,,\r\n"));
    assert_non_null(strstr(lem_page_csv(page, "sft-loss"), "b,3,1,")); /* steps count on over stages */
    assert_non_null(strstr(lem_page_csv(page, "sft-loss"), "b (validation),3,1.5,"));
    no_csv("sft-accuracy");
}

/* Rows are read from any kind of file. */
static void domains_answers_and_rates(void **state) {
    (void)state;
    OK(with_file("{\"stage\":\"a\",\"step\":0,\"val_loss\":9,\"val_loss/math\":8,\"eval_accuracy\":0}\n"
                 "{\"stage\":\"a\",\"step\":1,\"loss\":3,\"loss/math\":4,\"loss/code\":2,\"tokens/math\":7,"
                 "\"lr\":0.1,\"grad_norm\":2}\n"
                 "{\"stage\":\"b\",\"step\":1,\"loss/math\":3,\"lr\":0.2,\"eval_accuracy\":0.5,"
                 "\"eval_truncated\":0.25}\n",
                 add_telemetry));
    assert_non_null(strstr(lem_page_csv(page, "sft-domains"), "math (validation),0,8,"));
    assert_non_null(strstr(lem_page_csv(page, "sft-domains"), "math,1,4,"));
    assert_non_null(strstr(lem_page_csv(page, "sft-domains"), "math,2,3,")); /* over all stages */
    assert_non_null(strstr(lem_page_csv(page, "sft-domains"), "code,1,2,"));
    assert_null(strstr(lem_page_csv(page, "sft-domains"), ",7,"));
    assert_non_null(strstr(lem_page_csv(page, "sft-answers"), "eval_accuracy,2,0.5,"));
    assert_non_null(strstr(lem_page_csv(page, "sft-answers"), "eval_truncated,2,0.25,"));
    assert_non_null(strstr(lem_page_csv(page, "sft-rate"), "lr,2,0.2,"));
    assert_non_null(strstr(lem_page_csv(page, "sft-gradient"), "grad_norm,1,2,"));
}

static void training_in_parquet(void **state) {
    (void)state;
    char path[] = "/tmp/lemma-sections-XXXXXX";
    static const char *const rows[] = {"{\"stage\":\"a\",\"step\":1,\"loss\":2.5}",
                                       "{\"stage\":\"a\",\"step\":2,\"loss\":1.5}"};
    lem_rows_writer *w = NULL;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    OK(lem_rows_writer_open(path, LEM_ROWS_PARQUET, true, 0, &w, &err));
    for (int i = 0; i < 2; i++) {
        lem_json *row = json(rows[i]);
        OK(lem_rows_writer_add(w, row, &err));
        lem_json_free(row);
    }
    OK(lem_rows_writer_commit(w, &err));
    lem_rows_writer_close(w);
    OK(add_telemetry(path));
    unlink(path);
    assert_non_null(strstr(lem_page_csv(page, "sft-loss"), "a,1,2.5,"));
    assert_non_null(strstr(lem_page_csv(page, "sft-loss"), "a,2,1.5,"));
}

static void training_of_another_form(void **state) {
    (void)state;
    OK(with_file("", add_telemetry));
    no_csv("sft-training");
    FAILS(with_file("{\"step\":1,\"loss\":1}\n{\"loss\":1}\n", add_telemetry), LEM_EDATA, ":2: 'step'");
}

/* Long runs are thinned: means of neighbours, the band their least and greatest. */
static void long_runs_are_drawn_as_bands(void **state) {
    (void)state;
    lem_buf b = {0};
    for (int i = 1; i <= 480; i++) lem_buf_printf(&b, "{\"step\":%d,\"loss\":%d}\n", i, i % 2);
    OK(with_file(lem_buf_str(&b), add_telemetry));
    lem_buf_release(&b);
    assert_non_null(strstr(lem_page_csv(page, "sft-loss"), "training,1.5,0.5,0,1\r\n"));
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_page, close_page)
    const struct CMUnitTest tests[] = {
        TEST(values_as_people_read_them),
        TEST(metrics_become_bars_curves_and_tables),
        TEST(votes_become_curves),
        TEST(metrics_of_another_form),
        TEST(given_examples),
        TEST(picked_examples),
        TEST(nothing_to_pick),
        TEST(training_curves),
        TEST(domains_answers_and_rates),
        TEST(training_in_parquet),
        TEST(training_of_another_form),
        TEST(long_runs_are_drawn_as_bands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
