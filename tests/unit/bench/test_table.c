/* test_table.c - results of benchmarks as one table: averages against the paper's, macro, absent columns */
#include "bench/table.h"

#include "../checks.h"
#include "core/mem.h"

#include <math.h>
#include <stdio.h>

static lem_json *parse(const char *text) {
    lem_json *v = NULL;
    OK(lem_json_parse(text, strlen(text), &v, &err));
    return v;
}

static void add(lem_bench_table *t, const char *name, const char *reward, bool macro, const char *text) {
    lem_json *doc = parse(text);
    OK(lem_bench_table_add(t, name, reward, macro, doc, &err));
    lem_json_free(doc);
}

static void add_accuracy(lem_bench_table *t, const char *name, double percent) {
    char text[200];
    snprintf(text, sizeof text,
             "{\"metrics\": [{\"name\": \"pass@1\", \"protocol\": \"exact\", \"value\": %.17g, \"n\": 10}]}",
             percent / 100);
    add(t, name, NULL, false, text);
}

/* Table 3 of arXiv:2412.15084 (recipe.md 7.3): seven accuracies and the printed average. */
static void paper_averages(void **state) {
    (void)state;
    static const double rows[][8] = {
        {86.95, 76.84, 41.54, 64.42, 33.78, 54.36, 62.04, 59.99},
        {93.71, 83.14, 51.11, 68.05, 42.22, 56.64, 75.32, 67.17},
        {96.44, 86.10, 56.99, 72.21, 48.44, 57.24, 85.44, 71.84},
        {95.20, 83.60, 37.10, 66.80, 41.60, 46.80, 71.90, 63.29},
    };
    static const char *const names[] = {"gsm8k", "math", "minerva", "gaokao", "olympiad", "college", "stem"};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        lem_bench_table t = {0};
        for (int i = 0; i < 7; i++) add_accuracy(&t, names[i], rows[r][i]);
        lem_bench_value a = lem_bench_table_average(&t, 0);
        assert_true(a.has);
        assert_false(a.has_ci);
        assert_true(fabs(100 * a.value - rows[r][7]) < 0.0051);
        lem_bench_table_release(&t);
    }
}

#define METRIC(name, value, lo, hi)                                                                          \
    "{\"name\": \"" name "\", \"protocol\": \"exact\", \"value\": " #value ", \"ci95\": [" #lo ", " #hi      \
    "], \"n\": 100}"
#define OTHER "{\"name\": \"pass@8\", \"protocol\": \"first-k\", \"value\": 0.99, \"n\": 100}, "

static const char first[] =
    "{\"metrics\": [" OTHER METRIC("pass@1", 0.5, 0.4, 0.6) ", " METRIC("maj@8", 0.6, 0.5, 0.7) ", " METRIC(
        "pass@8", 0.9, 0.8,
        0.95) ", " METRIC("rm@8", 0.7, 0.6,
                          0.8) "],"
                               " \"warnings\": [\"3.0 % were cut\"], \"spoiled\": \"of 9 candidates 1 cut\"}";
static const char second[] = "{\"metrics\": [" METRIC("pass@1", 0.7, 0.6, 0.8) ", " METRIC(
    "maj@8", 0.8, 0.7, 0.9) ", " METRIC("pass@8", 0.8, 0.7, 0.9) ", " METRIC("rm@8", 0.75, 0.65, 0.85) "]}";

static const lem_bench_value *value(const lem_bench_table *t, int line, int column) {
    return lem_bench_table_value(t, line, column);
}

static void columns(void **state) {
    (void)state;
    lem_bench_table t = {0};
    lem_buf b = {0};
    add(&t, "a", NULL, false, first);
    add(&t, "a", "rm-x", false, first);
    add(&t, "b", NULL, false, second);
    assert_int_equal(t.n, 2);
    assert_int_equal(lem_bench_table_columns(&t), 4);
    assert_int_equal(t.at[0].k, 8);
    assert_true(value(&t, 0, 3)->value == 0.9); /* exact, not first-k */
    assert_true(value(&t, 0, 2)->value == 0.7);
    assert_false(value(&t, 1, 2)->has);
    assert_false(lem_bench_table_average(&t, 2).has); /* b was not scored */
    lem_bench_value a = lem_bench_table_average(&t, 0);
    assert_true(fabs(a.value - 0.6) < 1e-12);
    assert_true(a.has_ci);
    assert_true(fabs(a.hi - a.value - sqrt(0.02) / 2) < 1e-12);
    assert_true(fabs(a.value - a.lo - sqrt(0.02) / 2) < 1e-12);
    lem_bench_table_title(&t, 2, &b);
    assert_string_equal(lem_buf_str(&b), "rm-x@8");
    lem_buf_release(&b);
    lem_bench_table_release(&t);
}

typedef void writer(const lem_bench_table *t, lem_buf *out);

static void contains(const lem_bench_table *t, writer *w, const char *part) {
    lem_buf b = {0};
    w(t, &b);
    if (!strstr(lem_buf_str(&b), part)) print_error("no '%s' in:\n%s", part, lem_buf_str(&b));
    assert_non_null(strstr(lem_buf_str(&b), part));
    lem_buf_release(&b);
}

static void texts(void **state) {
    (void)state;
    static const char *missing[] = {"c", "d"};
    lem_bench_table t = {0};
    add(&t, "a", "rm-x", false, first);
    add(&t, "b", "rm-x", false, second);
    t.suite = "mine";
    t.absent = lem_alloc(2, sizeof *t.absent, &err);
    memcpy(t.absent, missing, sizeof missing);
    t.n_absent = 2;
    contains(&t, lem_bench_table_text, "70.00 [60.0, 80.0]");
    contains(&t, lem_bench_table_text, "average of 2 (of 4 of mine)");
    contains(&t, lem_bench_table_text, "\na: of 9 candidates 1 cut\nnote: a: 3.0 % were cut");
    contains(&t, lem_bench_table_markdown, "| mine | problems | pass@1 | maj@8 | rm-x@8 | pass@8 |");
    contains(&t, lem_bench_table_markdown, "| b | 100 | 70.00 [60.0, 80.0] |");
    contains(&t, lem_bench_table_csv, "\r\na,micro,100,0.5,");
    lem_bench_table_size(&t, "b", 250);
    contains(&t, lem_bench_table_text, "note: b: 100 of its 250 problems");
    lem_json *doc = lem_bench_table_json(&t);
    assert_int_equal(lem_json_count(lem_json_get(lem_json_get(doc, "average"), "absent")), 2);
    assert_int_equal(lem_json_count(lem_json_find(doc, "average.metrics")), 4);
    lem_json_free(doc);
    lem_bench_table_release(&t);
}

/* The macro average stands for the benchmark, the micro average beside it. */
static void macro(void **state) {
    (void)state;
    static const char text[] =
        "{\"metrics\": [{\"name\": \"pass@1\", \"protocol\": \"exact\", \"value\": 0.5, \"n\": 30}],"
        " \"by\": [{\"column\": \"subject\", \"macro\": [{\"name\": \"pass@1\", \"value\": 0.6}]}]}";
    lem_bench_table t = {0};
    add(&t, "mmlu", NULL, true, text);
    assert_true(value(&t, 0, 0)->value == 0.6);
    assert_true(t.at[0].micro_pass1.value == 0.5);
    contains(&t, lem_bench_table_text, "mmlu (macro over subject)");
    lem_json *doc = lem_bench_table_json(&t), *metrics = NULL;
    metrics = lem_json_get(lem_json_at(lem_json_get(doc, "benchmarks"), 0), "metrics");
    assert_int_equal(lem_json_count(metrics), 2);
    assert_string_equal(lem_json_str(lem_json_get(lem_json_at(metrics, 0), "protocol"), ""), "macro");
    lem_json_free(doc);
    lem_bench_table_release(&t);
}

static void refused(void **state) {
    (void)state;
    lem_bench_table t = {0};
    lem_json *none = parse("{\"metrics\": []}"),
             *flat = parse("{\"metrics\": [{\"name\": \"pass@1\", \"value\": 0.5, \"n\": 3}], \"by\": []}");
    FAILS(lem_bench_table_add(&t, "x", NULL, false, none, &err), LEM_EDATA, "x: no metric 'pass@1'");
    FAILS(lem_bench_table_add(&t, "x", NULL, true, flat, &err), LEM_EDATA, "its average is macro");
    lem_json_free(none);
    lem_json_free(flat);
    lem_bench_table_release(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(paper_averages), cmocka_unit_test(columns),
                                       cmocka_unit_test(texts), cmocka_unit_test(macro),
                                       cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
