/* test_responses - which graded candidates may be drawn: undecided ones, ones without a score, texts that
 * stand twice */
#include "../checks.h"
#include "reward/responses.h"

#include <math.h>

static const char row_text[] =
    "{\"completions\":[\"a\",\"b\",\"c\",\"a\",\"d\",\"e\"],\"correct\":[true,false,null,true,true,false],"
    "\"rm_score\":[1.5,null,2,3,\"x\",-1]}";

static void check(const lem_responses_how *how, const int8_t *label, const double *weight, uint64_t undecided,
                  uint64_t unscored, uint64_t duplicates) {
    lem_responses r = {0};
    lem_json *row = NULL;
    OK(lem_json_parse(row_text, strlen(row_text), &row, &err));
    OK(lem_responses_add(&r, row, "s", how, &err));
    assert_int_equal(r.n, 6);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(r.label[i], label[i]);
        assert_true(r.weight[i] == weight[i]);
        if (!how->need_score) assert_true(isnan(r.score[i]));
        assert_string_equal(r.generator[i], "s");
    }
    assert_int_equal(r.undecided, undecided);
    assert_int_equal(r.unscored, unscored);
    assert_int_equal(r.duplicates, duplicates);
    lem_responses_release(&r);
    lem_json_free(row);
}

static void may_be_drawn(void **state) {
    (void)state;
    static const double once[] = {1, 1, 1, 1, 1, 1}, twice[] = {2, 1, 1, 1, 1, 1};
    check(&(lem_responses_how){0}, (const int8_t[]){1, 0, -1, -1, 1, 0}, twice, 1, 0, 1);
    check(&(lem_responses_how){.keep_duplicates = true}, (const int8_t[]){1, 0, -1, 1, 1, 0}, once, 1, 0, 0);
    check(&(lem_responses_how){.need_score = true}, (const int8_t[]){1, -1, -1, -1, -1, 0}, twice, 1, 2, 1);
}

static void refused(void **state) {
    (void)state;
    static const char *const rows[] = {"{\"completions\":[\"a\"],\"correct\":[true,false]}",
                                       "{\"correct\":[]}", "{\"completions\":[1],\"correct\":[true]}",
                                       "{\"completions\":[\"a\"],\"correct\":[true],\"rm_score\":[]}"};
    for (int i = 0; i < 4; i++) {
        lem_responses r = {0};
        lem_json *row = NULL;
        OK(lem_json_parse(rows[i], strlen(rows[i]), &row, &err));
        FAILS(lem_responses_add(&r, row, "s", &(lem_responses_how){.need_score = i == 3}, &err), LEM_EDATA,
              i == 3   ? "'rm_score'"
              : i == 2 ? "completions[0]: text expected"
                       : "of equal length");
        lem_responses_release(&r);
        lem_json_free(row);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(may_be_drawn), cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
