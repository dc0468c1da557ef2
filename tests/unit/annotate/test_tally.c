/* test_tally.c - labels that rows carry, and what many labels come to */
#include "annotate/tally.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static lem_json *parse(const char *text) {
    lem_err err = LEM_ERR_INIT;
    lem_json *v = NULL;
    if (lem_json_parse(text, strlen(text), &v, &err) != LEM_OK) fail_msg("%s: %s", text, err.text);
    return v;
}

/* Labels as text: "1?0", or "none", "other", "error". */
static void given(const char *row, int i, int n, int n_steps, const char *want) {
    lem_err err = LEM_ERR_INIT;
    int8_t label[16];
    char text[17] = "error";
    lem_given state;
    lem_json *v = parse(row);
    if (lem_given_labels(v, i, n, n_steps, label, &state, &err) == LEM_OK) {
        strcpy(text, state == LEM_GIVEN_NONE ? "none" : "other");
        if (state == LEM_GIVEN_READ)
            for (int k = 0; k < n_steps; k++) {
                text[k] = "?01"[label[k] + 1];
                text[k + 1] = '\0';
            }
    }
    if (strcmp(text, want) != 0) fail_msg("%s: '%s', wanted '%s'", row, text, want);
    lem_json_free(v);
}

static void test_given(void **state) {
    (void)state;
    given("{}", 0, 1, 3, "none");
    given("{\"label\":1}", 0, 1, 4, "10??");
    given("{\"label\":-1}", 0, 1, 3, "111");
    given("{\"label\":3}", 0, 1, 3, "other");
    given("{\"label\":-2}", 0, 1, 3, "error");
    given("{\"label\":1}", 0, 2, 4, "none"); /* of which of the two? */
    given("{\"label\":1,\"steps\":[\"a\",\"b\"]}", 0, 1, 4, "other");
    given("{\"label\":1,\"steps\":[\"a\",\"b\"]}", 0, 1, 2, "10");
    given("{\"step_labels\":[1,0.25,0,-1,null]}", 0, 1, 5, "110??");
    given("{\"step_labels\":[1,0]}", 0, 1, 5, "other");
    given("{\"step_labels\":[[1,0],[0,0,1]]}", 1, 2, 3, "001");
    given("{\"step_labels\":[[1,0],[0,0,1]]}", 1, 3, 3, "error");
    given("{\"step_labels\":[1,0]}", 0, 2, 2, "error");
    given("{\"step_labels\":[[1],2]}", 1, 2, 1, "error");
    given("{\"step_labels\":\"+-\"}", 0, 1, 2, "error");
    given("{\"step_labels\":[1,\"x\"]}", 0, 1, 2, "error");
}

static lem_annotated solution(lem_step_list *steps, int n, const int (*count)[2]) {
    steps->n = n;
    return (lem_annotated){.steps = steps, .count = count, .bad = n};
}

static void test_sums(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_annotate_tally t = {0};
    lem_step_list steps[3] = {{0}};
    const int one[3][2] = {{2, 4}, {0, 4}, {0, 1}}, two[3][2] = {{1, 4}, {0, 0}, {1, 1}};
    const int8_t same[3] = {1, 0, -1}, other[3] = {0, -1, 1};
    lem_annotated a = solution(&steps[0], 3, one), b = solution(&steps[1], 3, two),
                  none = {.steps = &steps[2]};
    assert_int_equal(lem_annotate_tally_add(&t, &a, 0, "y", LEM_GIVEN_READ, same, &err), LEM_OK);
    assert_int_equal(lem_annotate_tally_add(&t, &b, 1, "x", LEM_GIVEN_READ, other, &err), LEM_OK);
    assert_int_equal(lem_annotate_tally_add(&t, &a, 0, "x", LEM_GIVEN_OTHER, NULL, &err), LEM_OK);
    assert_int_equal(lem_annotate_tally_add(&t, &none, -1, NULL, LEM_GIVEN_NONE, NULL, &err), LEM_OK);
    assert_int_equal(t.solutions, 4);
    assert_int_equal(t.no_steps, 1);
    assert_int_equal(t.correct, 1);
    assert_int_equal(t.undecided, 1);
    assert_int_equal(t.all.steps, 9);
    assert_int_equal(t.all.good, 4); /* three first steps and the last of the right one */
    assert_int_equal(t.all.unknown, 1);
    assert_int_equal(t.all.right, 5);
    assert_int_equal(t.all.rollouts, 20); /* the last step has none */
    assert_int_equal(t.step[1].good, 0);
    assert_int_equal(t.step[2].steps, 3);
    assert_int_equal(t.given_solutions, 2);
    assert_int_equal(t.given_other, 1);
    assert_int_equal(t.given_steps, 4); /* 1 1, 0 0; 1 0, 1 1 */
    assert_int_equal(t.given_agree, 3);
    assert_int_equal(t.first_error, 1); /* the second solution's own is behind an unknown step */
    assert_int_equal(t.first_error_agree, 1);
    assert_int_equal(t.n_generators, 2);
    assert_string_equal(t.generator[0].name, "x"); /* in the order of names */
    assert_int_equal(t.generator[0].solutions, 2);
    assert_int_equal(t.generator[0].correct, 1);
    assert_int_equal(t.generator[1].steps.good, 1);
    lem_json *v = lem_annotate_tally_json(&t);
    assert_int_equal(lem_json_int(lem_json_find(v, "by_step.0.good"), -1), 3);
    assert_int_equal(lem_json_count(lem_json_get(v, "by_step")), 3);
    assert_string_equal(lem_json_str(lem_json_find(v, "by_generator.1.generator"), ""), "y");
    assert_int_equal(lem_json_int(lem_json_find(v, "given_labels.steps_agree"), -1), 3);
    lem_json_free(v);
    lem_annotate_tally_release(&t);
}

/* More generators than there is room for are counted, not lost. */
static void test_many_generators(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    static lem_annotate_tally t;
    lem_step_list steps = {0};
    const int count[1][2] = {{1, 1}};
    lem_annotated a = solution(&steps, 1, count);
    char name[16];
    for (int i = 0; i < LEM_TALLY_GENERATORS + 5; i++) {
        snprintf(name, sizeof name, "g%d", i * 37 % 100);
        assert_int_equal(lem_annotate_tally_add(&t, &a, 1, name, LEM_GIVEN_NONE, NULL, &err), LEM_OK);
    }
    assert_int_equal(t.n_generators, LEM_TALLY_GENERATORS);
    assert_int_equal(t.other_generators, 5);
    for (int i = 1; i < t.n_generators; i++)
        assert_true(strcmp(t.generator[i - 1].name, t.generator[i].name) < 0);
    lem_annotate_tally_release(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_given),
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_many_generators),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
