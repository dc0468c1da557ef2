/* test_result.c - options that a file decides, and its result as JSON and as text */
#include "eval/result.h"

#include "core/file.h"

#include <stdlib.h>
#include <unistd.h>

#include "../checks.h"

/* Two problems of three and two candidates; a score and an answer are missing, one verdict is null. */
static const char rows[] =
    "{\"id\":\"a\",\"completions\":[\"1\",\"2\",\"1\"],\"predicted_answer\":[\"1\",\"2\",\"1\"],"
    "\"correct\":[true,false,true],\"rm_score\":[0.5,null,0.1]}\n"
    "{\"id\":\"b\",\"completions\":[\"1\",\"3\"],\"predicted_answer\":[null,\"3\"],"
    "\"correct\":[null,true],\"rm_score\":[0.5,0.9]}\n";

static lem_eval_data data;
static lem_eval_opts opts;
static lem_eval_result result;

static void load_rows(const char *text, size_t n, lem_eval_data *into) {
    char path[] = "/tmp/lemma-result-XXXXXX";
    int fd = mkstemp(path);
    lem_eval_load how = {.limit = -1};
    lem_candidates_map *map = lem_candidates_map_new(&err);
    assert_true(fd >= 0);
    close(fd);
    OK(lem_file_write_atomic(path, text, n, &err));
    OK(lem_eval_data_load(path, map, &how, into, &err));
    unlink(path);
    lem_candidates_map_free(map);
}

static int load(void **state) {
    (void)state;
    load_rows(rows, sizeof rows - 1, &data);
    opts = (lem_eval_opts){.seed = 3, .n_seeds = -1};
    lem_eval_default_ks(&opts, &data);
    lem_eval_opts_from(&opts, &data);
    OK(lem_eval_result_make(&data, &opts, &result, &err));
    return 0;
}

static int release(void **state) {
    (void)state;
    lem_eval_result_release(&result);
    lem_eval_data_release(&data);
    return 0;
}

static void options_of_a_file(void **state) {
    (void)state;
    assert_int_equal(opts.n_ks, 3); /* 1, 2 and the longest row */
    assert_int_equal(opts.ks[0], 1);
    assert_int_equal(opts.ks[1], 2);
    assert_int_equal(opts.ks[2], 3);
    assert_int_equal(opts.n_scorers, 1);
    assert_string_equal(opts.scorers[0], "rm");
    assert_false(opts.no_votes);
    assert_int_equal(opts.seed, 3);
    lem_eval_data one = {.max_n = 1}, power = {.max_n = 8};
    lem_eval_opts o = {.n_ks = 9};
    lem_eval_default_ks(&o, &one);
    assert_int_equal(o.n_ks, 1);
    lem_eval_default_ks(&o, &power);
    assert_int_equal(o.n_ks, 4); /* the longest row once */
}

static bool has_note(const lem_json *r, const char *text) {
    const lem_json *notes = lem_json_get(r, "notes");
    for (size_t i = 0; i < lem_json_count(notes); i++)
        if (strstr(lem_json_str(lem_json_at(notes, i), ""), text)) return true;
    return false;
}

static void json_for_programs(void **state) {
    (void)state;
    lem_json *r = lem_eval_result_json(&result, false);
    assert_non_null(r);
    static const char *const keys[] = {"format", "metrics",  "differences", "scores", "by",
                                       "notes",  "warnings", "spoiled",     "counts", "correctness"};
    for (size_t i = 0; i < 10; i++) assert_string_equal(lem_json_key_at(r, i), keys[i]);
    assert_int_equal(lem_json_count(lem_json_get(r, "metrics")), result.m.n);
    assert_int_equal(lem_json_count(lem_json_get(r, "differences")), result.m.n_diff);
    static const struct {
        const char *path;
        int64_t n;
    } counts[] = {{"counts.problems", 2},
                  {"counts.candidates", 5},
                  {"counts.undecided", 1},
                  {"counts.without_score", 1},
                  {"counts.without_answer", 1}};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(lem_json_int(lem_json_find(r, counts[i].path), -1), counts[i].n);
    assert_true(has_note(r, "random subsets: 0 per problem, seed 3"));
    assert_true(has_note(r, "that the policy std calls equal"));
    assert_true(has_note(r, "undecided correctness counts as wrong"));
    assert_int_equal(lem_json_count(lem_json_get(r, "warnings")), 4);
    assert_true(has_note(r, "fewer than k candidates are left out"));
    assert_false(has_note(r, "graded here"));
    assert_string_equal(lem_json_str(lem_json_find(r, "correctness.text"), ""),
                        "correct by the file (field correct)");
    assert_string_equal(lem_json_str(lem_json_find(r, "correctness.by"), ""), "file");
    assert_string_equal(lem_json_str(lem_json_find(r, "correctness.field"), ""), "correct");
    lem_json_free(r);
    r = lem_eval_result_json(&result, true);
    assert_true(has_note(r, "equal answer strings"));
    lem_json_free(r);
}

static void text_for_people(void **state) {
    (void)state;
    lem_buf b = {0}, table = {0};
    lem_eval_result_text(&result, LEM_EVAL_TELL_ALL, &b);
    lem_metrics_table(&result.m, &table);
    assert_non_null(strstr(lem_buf_str(&b), "\n2 problems, 5 candidates (2 to 3 a problem); correct by the "
                                            "file (field correct)\nweighted votes: rm as they are, since "
                                            "they lie in 0..1\n\n"));
    assert_null(strstr(lem_buf_str(&b), "graded here"));
    const char *at = strstr(lem_buf_str(&b), lem_buf_str(&table));
    assert_non_null(at);
    at = strstr(at + table.len, "\nrm                 1.000         1    0.500");
    assert_non_null(at);
    at = strstr(at, "\nof 5 candidates 1 (20.0 %) undecided, counted as wrong; 1 (20.0 %) without score, "
                    "ranked last; 1 (20.0 %) without answer, which do not vote; 1 (20.0 %) with the text of "
                    "an earlier one\nnote: 20.0 % of the candidates are undecided");
    assert_non_null(at);
    lem_buf_release(&b);
    lem_buf_release(&table);
}

static int lines_with(const lem_buf *b, const char *text) {
    int n = 0;
    for (const char *at = strstr(lem_buf_str(b), text); at; at = strstr(at + 1, text)) n++;
    return n;
}

/* One line a claim: pass@1, and each method at the largest k that all problems have. */
static void claims(void **state) {
    (void)state;
    lem_buf b = {0};
    lem_eval_result_text(&result, LEM_EVAL_TELL_LARGEST, &b);
    static const char *const once[] = {"\npass@1 ", "\npass@2 ", "\nmaj@2 ", "\nrm@2 ", "\nrm-weighted@2 "};
    static const char *const never[] = {"\nmaj@1 ", "\nrm@1 ", "pass@3"};
    for (size_t i = 0; i < sizeof once / sizeof *once; i++)
        if (lines_with(&b, once[i]) != 1) fail_msg("not one '%s' in\n%s", once[i], lem_buf_str(&b));
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) assert_int_equal(lines_with(&b, never[i]), 0);
    assert_int_equal(lines_with(&b, " against maj@2: too few problems differ ("), 1);
    lem_buf_clear(&b);
    lem_eval_result_text(&result, LEM_EVAL_TELL_EVERY_K, &b);
    assert_int_equal(lines_with(&b, "\npass@"), result.o.n_ks);
    lem_buf_release(&b);
}

/* What was written as JSON comes back. */
static void read_back(void **state) {
    (void)state;
    lem_json *m = lem_metrics_json(result.m.m, result.m.n, false),
             *d = lem_metrics_json(result.m.diff, result.m.n_diff, true);
    lem_metrics back;
    lem_buf one = {0}, two = {0};
    assert_int_equal(lem_metrics_read(m, d, &back, &err), LEM_OK);
    lem_metrics_table(&result.m, &one);
    lem_metrics_table(&back, &two);
    assert_string_equal(lem_buf_str(&one), lem_buf_str(&two));
    lem_metrics_release(&back);
    assert_int_equal(lem_metrics_read(NULL, NULL, &back, &err), LEM_OK);
    assert_int_equal(back.n, 0);
    lem_metrics_release(&back);
    lem_json_free(m);
    lem_json_free(d);
    lem_buf_release(&one);
    lem_buf_release(&two);
}

/* 0.5 equals 0.46 and 0.54, which differ: the rule that says so is named. */
static void ties_between_groups(void **state) {
    (void)state;
    static const char text[] = "{\"problem\":\"a\",\"completions\":[\"\",\"\",\"\"],\"predicted_answer\":["
                               "\"0.46\",\"0.5\",\"0.54\"],"
                               "\"correct\":[true,true,false]}\n"
                               "{\"problem\":\"b\",\"completions\":[\"\",\"\"],\"predicted_answer\":[\"1\","
                               "\"2\"],\"correct\":[true,false]}\n";
    static const char says[] =
        "in 1 of 2 problems an answer equals only some of a group (by the rule \"rounds to "
        "the gold's digits\")";
    lem_eval_data d;
    lem_eval_result r;
    lem_eval_opts o = {.seed = 3, .n_seeds = -1};
    lem_buf b = {0};
    load_rows(text, sizeof text - 1, &d);
    lem_eval_default_ks(&o, &d);
    lem_eval_opts_from(&o, &d);
    OK(lem_eval_result_make(&d, &o, &r, &err));
    lem_json *j = lem_eval_result_json(&r, false);
    assert_true(has_note(j, says));
    lem_eval_result_text(&r, LEM_EVAL_TELL_LARGEST, &b);
    assert_non_null(strstr(lem_buf_str(&b), says));
    lem_json_free(j);
    j = lem_eval_result_json(&result, false);
    assert_false(has_note(j, "only some of a group"));
    lem_json_free(j);
    lem_buf_release(&b);
    lem_eval_result_release(&r);
    lem_eval_data_release(&d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_of_a_file), cmocka_unit_test(json_for_programs),
        cmocka_unit_test(text_for_people),   cmocka_unit_test(claims),
        cmocka_unit_test(read_back),         cmocka_unit_test(ties_between_groups)};
    return cmocka_run_group_tests(tests, load, release);
}
