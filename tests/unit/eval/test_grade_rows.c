/* test_grade_rows.c - rows graded: what is added, and the labels of the shared files reproduced */
#include "../../support/jsonl.h"
#include "eval/grade_rows.h"
#include "eval/row_says.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "near.h"

static const char *shared(const char *name, char path[1024]) {
    const char *dir = getenv("LEMMA_DATA");
    snprintf(path, 1024, "%s/%s", dir ? dir : "/nowhere", name);
    if (lem_file_exists(path)) return path;
    print_message("no shared data at %s\n", path);
    return NULL;
}

static lem_grade_tally grade_file(const char *path, const char *map, lem_grade_task task) {
    lem_err err = LEM_ERR_INIT;
    lem_grade_tally t = {0};
    lem_grade_rows_opts o = {.profile = {.task = task}};
    lem_candidates_map *m = lem_candidates_map_new(&err);
    lem_candidates c = {.arena = NULL};
    lem_lines *rows = NULL;
    char ground[200];
    int models = 0;
    assert_non_null(m);
    if (map) assert_int_equal(lem_candidates_map_set(m, map, &err), LEM_OK);
    if (lem_lines_open(path, 0, &rows, &err) != LEM_OK) fail_msg("%s", err.text);
    for (;;) {
        lem_json *row = NULL;
        lem_graded g;
        if (jsonl_next(rows, &row, &err) != LEM_OK) fail_msg("%s", err.text);
        if (!row) break;
        if (t.rows == 0) assert_int_equal(lem_candidates_map_detect(m, row, ground, &err), LEM_OK);
        lem_candidates_map_model(m, 0, &models);
        if (lem_candidates_read(m, row, &c, &err) != LEM_OK || lem_grade_row(&c, &o, &g, &err) != LEM_OK)
            fail_msg("%s", err.text);
        lem_grade_tally_add(&t, &c, &g, models);
        lem_graded_release(&g);
        lem_json_free(row);
    }
    lem_lines_close(rows);
    lem_candidates_release(&c);
    lem_candidates_map_free(m);
    return t;
}

/* Acceptance: the accuracies of the four models, and every single label. */
static void openai_labels(void **state) {
    (void)state;
    char path[1024];
    if (!shared("outputs/gsm8k_openai/example_model_solutions.jsonl.gz", path)) skip();
    static const char map[] = "expected_answer=ground_truth,"
                              "completions=6b_finetuning.solution|6b_verification.solution|175b_finetuning."
                              "solution|175b_verification.solution,"
                              "correct=6b_finetuning.is_correct|6b_verification.is_correct|175b_finetuning."
                              "is_correct|175b_verification.is_correct";
    static const double want[] = {.2168, .3905, .3472,
                                  .5625}; /* as published, cut or rounded to four digits */
    for (int task = LEM_GRADE_TASK_STD; task <= LEM_GRADE_TASK_GSM8K; task++) {
        lem_grade_tally t = grade_file(path, map, (lem_grade_task)task);
        assert_int_equal(t.rows, 1319);
        assert_int_equal(t.all.n, 5276);
        assert_int_equal(t.all.agree, 5276);
        assert_int_equal(t.all.right, 2001);
        assert_int_equal(t.all.undecided, 1); /* "10+John's age" */
        for (int k = 0; k < 4; k++) {
            assert_near((double)t.model[k].right / 1319, want[k], 1e-4);
            assert_int_equal(t.model[k].right, t.model[k].own_right);
        }
        assert_int_equal(t.verdict[LEM_ANSWER_NO_ANSWER], 1); /* cut off in the middle of a formula */
    }
}

/* 800 responses: all labels but one, and that label is wrong (gold 10{,}000, answer 10000; grading.md 2.2).
 */
static void qwen_labels(void **state) {
    (void)state;
    char path[1024];
    if (!shared("outputs/qwen25math_rm_maj/math_cot_100.jsonl.gz", path)) skip();
    lem_grade_tally t = grade_file(path, NULL, LEM_GRADE_TASK_STD);
    assert_int_equal(t.all.n, 800);
    assert_int_equal(t.all.own_right, 728);
    assert_int_equal(t.all.agree, 799);
    assert_int_equal(t.all.right, 729);
    assert_int_equal(t.weak, 0);
    /* against the unmangled gold the eight "4:30 p.m." are right too: the 737 of grading.md */
    t = grade_file(path, "expected_answer=answer", LEM_GRADE_TASK_STD);
    assert_int_equal(t.all.right, 737);
    assert_int_equal(t.all.undecided, 0);
}

static lem_json *graded(const char *text, const char *map, bool pair, lem_err *err) {
    lem_json *row = NULL, *out = NULL;
    char ground[200];
    lem_candidates_map *m = lem_candidates_map_new(err);
    lem_candidates c = {.arena = NULL};
    lem_grade_rows_opts o = {.pair = pair};
    lem_graded g;
    assert_int_equal(lem_json_parse(text, strlen(text), &row, err), LEM_OK);
    if (map) assert_int_equal(lem_candidates_map_set(m, map, err), LEM_OK);
    lem_status st = lem_candidates_map_detect(m, row, ground, err);
    if (st == LEM_OK) st = lem_candidates_read(m, row, &c, err);
    if (st == LEM_OK) st = lem_grade_row(&c, &o, &g, err);
    if (st == LEM_OK) {
        out = lem_graded_row(row, &c, &g, &o);
        lem_graded_release(&g);
    }
    lem_candidates_release(&c);
    lem_candidates_map_free(m);
    lem_json_free(row);
    return out;
}

static void rows_gain_fields(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_buf b = {0};
    lem_json *r = graded(
        "{\"x\":1,\"question\":\"q\",\"gt\":\"3\\n#### "
        "1/2\",\"code\":[\"\\\\boxed{0.5}\",\"none\",\"\\\\boxed{x y}\"],\"pred_score\":[[1],[2],[3]]}",
        NULL, false, &err);
    assert_non_null(r);
    lem_json_write(r, 0, &b);
    assert_string_equal(
        lem_buf_str(&b),
        "{\"x\":1,\"question\":\"q\",\"gt\":\"3\\n#### "
        "1/2\",\"code\":[\"\\\\boxed{0.5}\",\"none\",\"\\\\boxed{x y}\"],\"pred_score\":[[1],[2],[3]],"
        "\"problem\":\"q\",\"expected_answer\":\"3\\n#### "
        "1/2\",\"completions\":[\"\\\\boxed{0.5}\",\"none\",\"\\\\boxed{x "
        "y}\"],\"rm_score\":[1.0,2.0,3.0],"
        "\"predicted_answer\":[\"0.5\",null,\"x "
        "y\"],\"correct\":[true,false,false],\"verdict\":[\"equal_exact\",\"no_answer\",\"not_equal\"],"
        "\"rule\":[\"exact rational\",\"no answer in the response\",\"canonical form\"]}");
    lem_json_free(r);
    lem_buf_clear(&b);
    r = graded("{\"g\":0.5,\"p\":\"1/2\"}", "expected_answer=g,predicted_answer=p", true, &err);
    assert_non_null(r);
    lem_json_write(r, 0, &b);
    assert_string_equal(lem_buf_str(&b),
                        "{\"g\":0.5,\"p\":\"1/2\",\"predicted_answer\":\"1/"
                        "2\",\"correct\":true,\"verdict\":\"equal_exact\",\"rule\":\"exact rational\"}");
    lem_json_free(r);
    lem_buf_release(&b);
    assert_null(graded("{\"completions\":[\"5\"]}", NULL, false, &err));
    assert_non_null(strstr(err.text, "expected_answer"));
}

/* Any of several golds makes an answer right; one that is near none of them is undecided before it is wrong.
 */
/* gold: JSON. */
static lem_graded by_gold(const char *gold, const char *answer) {
    lem_err err = LEM_ERR_INIT;
    lem_json *row = NULL;
    lem_buf text = {0};
    lem_candidates c = {.n = 0};
    lem_graded g;
    lem_candidates_map *map = lem_candidates_map_new(&err);

    lem_buf_printf(&text, "{\"expected_answer\":%s,\"predicted_answer\":\"%s\"}", gold, answer);

    assert_int_equal(lem_json_parse(lem_buf_str(&text), text.len, &row, &err), LEM_OK);
    assert_int_equal(lem_candidates_map_set(
                         map, "expected_answer=expected_answer,predicted_answer=predicted_answer", &err),
                     LEM_OK);
    assert_int_equal(lem_candidates_read(map, row, &c, &err), LEM_OK);
    if (lem_grade_row(&c, &(lem_grade_rows_opts){.pair = true}, &g, &err) != LEM_OK) fail_msg("%s", err.text);
    lem_candidates_release(&c);
    lem_candidates_map_free(map);
    lem_json_free(row);
    lem_buf_release(&text);
    return g;
}

static void several_golds(void **state) {
    (void)state;
    static const struct {
        const char *golds, *answer;
        lem_grade_correct want;
    } cases[] = {{"[\"1\",\"2\"]", "2", LEM_GRADE_RIGHT},
                 {"[\"1\",\"2\"]", "1", LEM_GRADE_RIGHT},
                 {"[\"1\",\"2\"]", "3", LEM_GRADE_WRONG},
                 {"[\"1\",\"2\"]", "1, 2", LEM_GRADE_WRONG},
                 {"[\"1\",\"\\\\frac{\"]", "3", LEM_GRADE_UNDECIDED},
                 {"[\"\\\\frac{\",\"1\"]", "3", LEM_GRADE_UNDECIDED},
                 {"[\"\\\\frac{\",\"3\"]", "3", LEM_GRADE_RIGHT}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lem_graded g = by_gold(cases[i].golds, cases[i].answer);
        if (lem_grade_correct_of(g.result[0].verdict) != cases[i].want)
            fail_msg("%s, answer %s: %s", cases[i].golds, cases[i].answer,
                     lem_answer_verdict_name(g.result[0].verdict));
        assert_string_equal(g.answer[0], cases[i].answer);
        lem_graded_release(&g);
    }
}

/* What the columns and texts of a row say of commas and points, and what of it is undecided. */
static void rows_say(void **state) {
    (void)state;
    static const struct {
        const char *columns, *golds, *answer;
        lem_grade_correct want;
    } cases[] = {
        {"", "\"100,200\"", "200,100", LEM_GRADE_UNDECIDED},
        {"\"is_multiple_answer\": true,", "\"100,200\"", "200,100", LEM_GRADE_RIGHT},
        {"\"is_multiple_answer\": true,", "\"101,103,107\"", "103,107,101", LEM_GRADE_RIGHT},
        {"\"is_multiple_answer\": true,", "\"123,456\"", "123,457", LEM_GRADE_WRONG},
        {"\"is_multiple_answer\": true,", "\"100,200\"", "100200", LEM_GRADE_UNDECIDED},
        {"\"is_multiple_answer\": true,", "\"120,000\"", "120000", LEM_GRADE_RIGHT},
        {"\"is_multiple_answer\": true,", "\"1,001\"", "1001", LEM_GRADE_RIGHT},
        {"\"is_multiple_answer\": false,", "\"100,200\"", "200,100", LEM_GRADE_WRONG},
        {"\"is_multiple_answer\": false,", "\"100,200\"", "200 and 100", LEM_GRADE_WRONG},
        {"\"is_multiple_answer\": false,", "\"100,200\"", "100200", LEM_GRADE_RIGHT},
        {"\"problem\": \"All n, separated by commas.\",", "\"120,240\"", "240,120", LEM_GRADE_RIGHT},
        {"\"is_multiple_answer\": false, \"problem\": \"All n, separated by commas.\",", "\"120,240\"",
         "240,120", LEM_GRADE_WRONG},
        {"\"problem\": \"Es sind 1.234,50 Euro.\", \"question\": \"Wieviel?\",", "\"2500\"", "2.500",
         LEM_GRADE_RIGHT},
        {"\"problem\": \"It is 0.125,5 off.\",", "\"2.500\"", "2500", LEM_GRADE_WRONG},
        {"\"problem\": \"It is 1234.567,8 off.\",", "\"2.500\"", "2500", LEM_GRADE_WRONG},
        {"", "[\"2.500\", \"1.234.567\"]", "2500", LEM_GRADE_RIGHT},
        {"", "[\"120,240\", \"7\"]", "240,120", LEM_GRADE_UNDECIDED},
        {"\"question\": \"Give a comma-separated list.\",", "\"120,240\"", "240,120", LEM_GRADE_RIGHT},
        {"\"problem\": \"How many n?\",", "\"120,240\"", "240,120", LEM_GRADE_UNDECIDED},
        {"", "[\"120,240\", \"120240\"]", "240,120", LEM_GRADE_WRONG},
        {"", "[\"120,240\", \"120 and 240\"]", "240,120", LEM_GRADE_RIGHT},
        {"\"problem\": \"Ein Haus kostet 1.234.567 Euro.\",", "\"1.234\"", "1234", LEM_GRADE_RIGHT},
        {"\"problem\": \"Es sind 1.234,50 Euro.\",", "\"2500\"", "2.500", LEM_GRADE_RIGHT},
        {"\"problem\": \"Es sind 1.234,50 Euro.\",", "\"2.500 kg\"", "2500 kg", LEM_GRADE_RIGHT},
        {"\"problem\": \"Es sind 1.234,50 Euro.\",", "\"12,5\"", "12.5", LEM_GRADE_RIGHT},
        {"\"problem\": \"Es sind 1.234,50 Euro.\",", "\"2.500\"", "2,500", LEM_GRADE_UNDECIDED},
        {"\"problem\": \"Es sind 1.234,50 Euro.\",", "\"0.125\"", "1/8", LEM_GRADE_RIGHT},
        {"\"problem\": \"It weighs 1234.50 kg, see 3.1.234\",", "\"2.500\"", "2500", LEM_GRADE_WRONG},
        {"", "\"1.234,00 €\"", "1234 €", LEM_GRADE_RIGHT},
        {"", "\"1.234,5 kg\"", "1234.6 kg", LEM_GRADE_WRONG},
        {"", "\"123,456\"", "(123, 456)", LEM_GRADE_RIGHT}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char row[400];
        lem_err err = LEM_ERR_INIT;
        lem_json *v = NULL;
        lem_candidates c = {.arena = NULL};
        lem_graded g;
        lem_candidates_map *m = lem_candidates_map_new(&err);
        lem_grade_rows_opts o = {.pair = false};
        snprintf(row, sizeof row, "{%s\"expected_answer\": %s, \"predicted_answer\": [\"%s\"]}",
                 cases[i].columns, cases[i].golds, cases[i].answer);
        assert_int_equal(lem_json_parse(row, strlen(row), &v, &err), LEM_OK);
        assert_int_equal(lem_candidates_map_set(m, "predicted_answer=predicted_answer", &err), LEM_OK);
        assert_int_equal(lem_candidates_map_detect(m, v, (char[200]){0}, &err), LEM_OK);
        assert_int_equal(lem_candidates_read(m, v, &c, &err), LEM_OK);
        lem_row_says_columns(v, &o.profile);
        if (lem_grade_row(&c, &o, &g, &err) != LEM_OK) fail_msg("%s", err.text);
        if (lem_grade_correct_of(g.result[0].verdict) != cases[i].want)
            fail_msg("%s: %s (%s)", row, lem_answer_verdict_name(g.result[0].verdict), g.result[0].rule);
        lem_graded_release(&g);
        lem_candidates_release(&c);
        lem_candidates_map_free(m);
        lem_json_free(v);
    }
}

/* A problem that stands under another name, as the candidates have it; what is told already stays. */
static void texts_say(void **state) {
    (void)state;
    lem_candidates c = {.problem = "All n, separated by commas; 1.234,50 Euro"};
    lem_grade_profile open = {.commas = LEM_ANSWER_COMMAS_OPEN}, told = {.commas = LEM_ANSWER_COMMAS_GROUP};
    lem_row_says_texts(&c, &open);
    assert_int_equal(open.commas, LEM_ANSWER_COMMAS_PART);
    assert_true(open.points_group);
    lem_row_says_texts(&c, &told);
    assert_int_equal(told.commas, LEM_ANSWER_COMMAS_GROUP);
    static const char row[] = "{\"problem\": \"Es sind 1.234,50 Euro.\", \"question\": \"Wieviel?\"}";
    lem_grade_profile columns = {.commas = LEM_ANSWER_COMMAS_OPEN};
    lem_err err = LEM_ERR_INIT;
    lem_json *v = NULL;
    assert_int_equal(lem_json_parse(row, strlen(row), &v, &err), LEM_OK);
    lem_row_says_columns(v, &columns);
    assert_true(columns.points_group);
    lem_json_free(v);
}

/* U+0000 ends nothing: neither a gold nor an answer. */
static void nul_is_a_character(void **state) {
    (void)state;
    static const struct {
        const char *gold, *answer;
        bool right;
    } cases[] = {
        {"\"5\"", "5\\u00006", false}, {"\"5\\u00006\"", "5", false}, {"\"5\\u00006\"", "5\\u00006", true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lem_graded g = by_gold(cases[i].gold, cases[i].answer);
        assert_int_equal(lem_grade_correct_of(g.result[0].verdict) == LEM_GRADE_RIGHT, cases[i].right);
        assert_int_equal(g.answer_len[0], cases[i].answer[1] ? 3 : 1);
        lem_graded_release(&g);
    }
}

static void kappa(void **state) {
    (void)state;
    /* 45 right by both, 35 by neither, 15 and 5 by one: .8 agree, .6 * .5 + .4 * .5 by chance */
    lem_grade_model_tally t = {.n = 100, .own = 100, .own_right = 60, .ours_right = 50, .agree = 80};
    assert_true(fabs(lem_grade_kappa(&t) - 0.6) < 1e-12);
    t = (lem_grade_model_tally){.n = 9, .own = 9, .own_right = 9, .ours_right = 9, .agree = 9};
    assert_true(isnan(lem_grade_kappa(&t)));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(kappa),         cmocka_unit_test(openai_labels),
                                       cmocka_unit_test(qwen_labels),   cmocka_unit_test(rows_gain_fields),
                                       cmocka_unit_test(several_golds), cmocka_unit_test(rows_say),
                                       cmocka_unit_test(texts_say),     cmocka_unit_test(nul_is_a_character)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
