/* test_candidates.c - formats of candidate rows, maps with dotted paths, wrong rows */
#include "data/candidates.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

static lem_json *row_of(const char *text) {
    lem_json *r = NULL;
    lem_err err = LEM_ERR_INIT;
    if (lem_json_parse(text, strlen(text), &r, &err) != LEM_OK) fail_msg("%s", err.text);
    return r;
}

typedef struct fixture {
    lem_candidates_map *map;
    lem_json *row;
    lem_candidates c;
    char ground[200];
    lem_err err;
    lem_status st;
} fixture;

static fixture read_row(const char *map, const char *text) {
    fixture f = {.err = LEM_ERR_INIT};
    f.map = lem_candidates_map_new(&f.err);
    assert_non_null(f.map);
    f.row = row_of(text);
    f.st = map ? lem_candidates_map_set(f.map, map, &f.err) : LEM_OK;
    if (f.st == LEM_OK) f.st = lem_candidates_map_detect(f.map, f.row, f.ground, &f.err);
    if (f.st == LEM_OK) f.st = lem_candidates_read(f.map, f.row, &f.c, &f.err);
    return f;
}

static void done(fixture *f) {
    lem_candidates_release(&f->c);
    lem_candidates_map_free(f->map);
    lem_json_free(f->row);
}

static void ours(void **state) {
    (void)state;
    fixture f = read_row(NULL, "{\"id\":7,\"problem\":\"p\",\"expected_answer\":\"5\",\"completions\":[\"a\","
                               "\"b\"],\"predicted_answer\":[\"5\",null],"
                               "\"correct\":[true,null],\"rm_score\":[1.5,null],\"logprob\":[-3,-4.5],"
                               "\"tokens\":[3,4],\"step_scores\":[[0.5,1],[]]}");
    assert_int_equal(f.st, LEM_OK);
    assert_string_equal(f.ground, "Lemma: columns completions, expected_answer");
    assert_string_equal(f.c.id, "7");
    assert_string_equal(f.c.problem, "p");
    assert_string_equal(f.c.expected, "5");
    assert_int_equal(f.c.n, 2);
    assert_string_equal(f.c.completion[1], "b");
    assert_null(f.c.predicted[1]);
    assert_int_equal(f.c.correct[0], 1);
    assert_int_equal(f.c.correct[1], -1);
    assert_true(f.c.rm_score[0] == 1.5 && isnan(f.c.rm_score[1]));
    assert_true(f.c.logprob[1] == -4.5);
    assert_int_equal(f.c.tokens[1], 4);
    assert_int_equal(lem_json_count(f.c.steps[0]), 2);
    done(&f);
}

static void foreign(void **state) {
    (void)state;
    fixture f = read_row(NULL, "{\"idx\":3,\"question\":\"q\",\"gt\":\"5\",\"code\":[\"a\",\"b\"],\"pred\":["
                               "\"5\",\"6\"],\"score\":[true,false],"
                               "\"pred_score\":[[3.5],[2]]}");
    assert_int_equal(f.st, LEM_OK);
    assert_non_null(strstr(f.ground, "Qwen2.5-Math"));
    assert_true(f.c.rm_score[0] == 3.5 && f.c.rm_score[1] == 2);
    assert_int_equal(f.c.correct[1], 0);
    assert_string_equal(f.c.predicted[1], "6");
    done(&f);
    f = read_row(NULL, "{\"problem\":\"q\",\"expected_answer\":5,\"generation\":\"t\",\"predicted_answer\":"
                       "\"5\",\"symbolic_correct\":true}");
    assert_int_equal(f.st, LEM_OK);
    assert_non_null(strstr(f.ground, "NeMo-Skills"));
    assert_int_equal(f.c.n, 1); /* a single value is a list of one */
    assert_string_equal(f.c.completion[0], "t");
    assert_string_equal(f.c.expected, "5"); /* numbers as text */
    assert_null(f.c.rm_score);
    done(&f);
    f = read_row(NULL, "{\"problem\":\"q\",\"answer\":\"5\",\"completions\":[\"a\",\"b\"],\"scores\":[[0.1],["
                       "0.2,0.3]],\"agg_scores\":[0.1,0.3]}");
    assert_int_equal(f.st, LEM_OK);
    assert_non_null(strstr(f.ground, "search-and-learn"));
    assert_true(f.c.rm_score[1] == 0.3);
    assert_int_equal(lem_json_count(f.c.steps[1]), 2);
    done(&f);
    f = read_row(NULL, "{\"question\":\"q\",\"gold\":\"5\",\"samples\":[{\"text\":\"x\",\"correct\":true,"
                       "\"pred\":\"5\"},{\"text\":\"y\",\"correct\":false}]}");
    assert_int_equal(f.st, LEM_OK);
    assert_int_equal(f.c.n, 2);
    assert_string_equal(f.c.completion[1], "y");
    assert_null(f.c.predicted[1]);
    done(&f);
}

static void maps(void **state) {
    (void)state;
    fixture f =
        read_row("expected_answer=truth,completions=a.solution|b.solution,correct=a.ok|b.ok",
                 "{\"question\":\"q\",\"truth\":\"A: "
                 "5\",\"a\":{\"ok\":true,\"solution\":\"x\"},\"b\":{\"ok\":false,\"solution\":\"y\"}}");
    assert_int_equal(f.st, LEM_OK);
    int n = 0;
    assert_int_equal(f.c.n, 2);
    assert_string_equal(f.c.completion[1], "y");
    assert_int_equal(f.c.correct[0], 1);
    assert_string_equal(lem_candidates_map_model(f.map, 1, &n), "b");
    assert_int_equal(n, 2);
    assert_null(lem_candidates_map_model(f.map, 2, NULL));
    assert_string_equal(f.c.problem, "q");
    done(&f);
    f = read_row("rm_score=other",
                 "{\"completions\":[\"a\"],\"expected_answer\":\"5\",\"rm_score\":[1],\"other\":[2]}");
    assert_int_equal(f.st, LEM_OK);
    assert_true(f.c.rm_score[0] == 2);
    done(&f);
    f = read_row("completions=deep.list.*.text", "{\"deep\":{\"list\":[{\"text\":\"x\"},{\"text\":\"y\"}]}}");
    assert_int_equal(f.st, LEM_OK);
    assert_string_equal(f.c.completion[1], "y");
    done(&f);
}

static void refused(const char *map, const char *row, lem_status want, const char *word) {
    fixture f = read_row(map, row);
    if (f.st != want || !strstr(f.err.text, word))
        fail_msg("status %d, '%s', expected '%s'", (int)f.st, f.err.text, word);
    done(&f);
}

static void wrong_rows(void **state) {
    (void)state;
    refused(NULL, "{\"alpha\":1,\"beta\":2}", LEM_EDATA, "alpha, beta");
    refused("nonsense=x", "{}", LEM_EUSAGE, "unknown field 'nonsense'");
    refused("completions", "{}", LEM_EUSAGE, "ours=theirs");
    refused("completions=", "{}", LEM_EUSAGE, "ours=theirs");
    refused("completions=absent", "{\"x\":1}", LEM_EDATA, "no column 'absent'");
    refused(NULL, "{\"completions\":[\"a\",\"b\"],\"correct\":[true]}", LEM_EDATA,
            "correct: 1 values for 2 candidates");
    refused(NULL, "{\"completions\":[\"a\",[]]}", LEM_EDATA, "completions[1]: text expected, found array");
    refused(NULL, "{\"completions\":[\"a\"],\"correct\":[\"yes\"]}", LEM_EDATA, "correct[0]");
    refused(NULL, "{\"completions\":[\"a\"],\"rm_score\":[\"high\"]}", LEM_EDATA, "rm_score[0]");
    refused(NULL, "{\"completions\":[\"a\"],\"rm_score\":[[1,2]]}", LEM_EDATA, "rm_score[0]");
    refused(NULL, "{\"completions\":[\"a\"],\"step_scores\":[[1,\"x\"]]}", LEM_EDATA, "step_scores[0]");
    refused(NULL, "{\"completions\":[\"a\"],\"expected_answer\":[\"1\",{}]}", LEM_EDATA,
            "expected_answer[1]");
    refused(NULL, "{\"completions\":[\"a\"],\"expected_answers\":\"1\"}", LEM_EDATA,
            "a list of texts expected");
    refused("completions=a.*.t", "{\"a\":5}", LEM_EDATA, "list expected");
}

static void several_golds(void **state) {
    (void)state;
    fixture f = read_row("completions=c,expected_answer=g",
                         "{\"c\":[\"a\\u0000b\"],\"g\":[\"1\\u00002\",2,null],\"expected_answers\":[\"3\"]}");
    assert_int_equal(f.st, LEM_OK);
    assert_int_equal(f.c.n_gold, 3);
    assert_int_equal(f.c.gold_len[0], 3); /* U+0000 ends nothing */
    assert_int_equal(f.c.completion_len[0], 3);
    assert_string_equal(f.c.gold[1], "2");
    assert_string_equal(f.c.gold[2], "3");
    assert_ptr_equal(f.c.expected, f.c.gold[0]);
    done(&f);
}

static void reuse(void **state) {
    (void)state;
    fixture f = read_row(NULL, "{\"completions\":[\"a\",\"b\"],\"expected_answer\":\"1\",\"correct\":[1,0]}");
    lem_json *next = row_of("{\"completions\":[\"c\"],\"expected_answer\":\"2\"}");
    assert_int_equal(lem_candidates_read(f.map, next, &f.c, &f.err), LEM_OK);
    assert_int_equal(f.c.n, 1);
    assert_null(f.c.correct);
    assert_string_equal(f.c.completion[0], "c");
    lem_json_free(next);
    done(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(ours),          cmocka_unit_test(foreign),
                                       cmocka_unit_test(maps),          cmocka_unit_test(wrong_rows),
                                       cmocka_unit_test(several_golds), cmocka_unit_test(reuse)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
