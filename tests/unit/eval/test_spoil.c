/* test_spoil.c - what spoils a figure: counted, told, and noted above two per cent */
#include "../checks.h"
#include "eval/spoil.h"

static lem_spoil counted(const char *text) {
    lem_json *row = NULL;
    lem_spoil s = {0};
    char ground[200];
    lem_candidates c = {0};
    lem_candidates_map *m = lem_candidates_map_new(&err);
    OK(lem_json_parse(text, strlen(text), &row, &err));
    OK(lem_candidates_map_detect(m, row, ground, &err));
    OK(lem_candidates_read(m, row, &c, &err));
    OK(lem_spoil_count(&s, &c, &err));
    lem_candidates_release(&c);
    lem_candidates_map_free(m);
    lem_json_free(row);
    return s;
}

static void a_row_is_counted(void **state) {
    (void)state;
    lem_spoil s = counted("{\"expected_answer\":\"1\",\"completions\":[\"a\",\"b\",\"a\",\"a\",\"\"],"
                          "\"finish_reason\":[\"stop\",\"length\",\"length\",null,\"stop\"]}");
    assert_int_equal(s.n, 5);
    assert_int_equal(s.with_reason, 4);
    assert_int_equal(s.cut, 2);
    assert_int_equal(s.repeated, 2);
    s = counted("{\"expected_answer\":\"1\",\"completions\":[\"a\",\"b\"],\"reencodes\":[true,false]}");
    assert_int_equal(s.changed, 1);
    s = counted(
        "{\"expected_answer\":\"1\",\"completions\":[\"a\",\"b\"],\"reencodes\":[false]}"); /* whose? */
    assert_int_equal(s.changed, 0);
    s = counted("{\"expected_answer\":\"1\",\"completions\":[\"a\"]}");
    assert_int_equal(s.n, 1);
    assert_int_equal(s.with_reason + s.cut + s.repeated, 0);
}

static void notes_begin_above_two_per_cent(void **state) {
    (void)state;
    lem_spoil s = {.n = 1000, .with_reason = 100, .cut = 2, .undecided = 20, .silent = 21, .repeated = 900};
    lem_buf b = {0};
    lem_json *list = lem_spoil_warnings(&s);
    assert_int_equal(lem_json_count(list), 2);
    assert_non_null(strstr(lem_json_str(lem_json_at(list, 0), ""), "2.1 % of the candidates have no answer"));
    assert_non_null(strstr(lem_json_str(lem_json_at(list, 1), ""), "90.0 % of the candidates repeat"));
    s.cut = 3; /* of those whose end is known */
    s.repeated = 20;
    lem_spoil_text(&s, &b);
    assert_string_equal(
        lem_buf_str(&b),
        "of 1000 candidates 3 (3.0 %) cut at their token limit; 20 (2.0 %) undecided, counted "
        "as wrong; 21 (2.1 %) without answer, which do not vote; 20 (2.0 %) with the text of "
        "an earlier one");
    lem_buf_clear(&b);
    lem_spoil_lines(&s, "A: ", &b);
    assert_true(strncmp(lem_buf_str(&b), "A: of 1000 candidates 3 (3.0 %) cut", 35) == 0);
    assert_non_null(strstr(lem_buf_str(&b), "one\nnote: A: 3.0 % of the candidates were cut"));
    assert_non_null(strstr(lem_buf_str(&b), "\nnote: A: 2.1 % of the candidates have no answer"));
    assert_null(strstr(lem_buf_str(&b), "repeat"));
    lem_buf_clear(&b);
    const lem_spoil clean = {.n = 1000}, one = {.n = 10000, .undecided = 1};
    lem_spoil_lines(&clean, "", &b);
    assert_string_equal(lem_buf_str(&b), "");
    lem_spoil_text(&one, &b);
    assert_string_equal(lem_buf_str(&b), "of 10000 candidates 1 (below 0.1 %) undecided, counted as wrong");
    lem_buf_release(&b);
    lem_json_free(list);
}

static void sums_are_of_all_members(void **state) {
    (void)state;
    const lem_spoil one = {1, 2, 3, 4, 5, 6, 7};
    lem_spoil s = one;
    lem_spoil_add(&s, &one);
    const uint64_t want[] = {2, 4, 6, 8, 10, 12, 14};
    assert_memory_equal(&s, want, sizeof want);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_row_is_counted),
                                       cmocka_unit_test(notes_begin_above_two_per_cent),
                                       cmocka_unit_test(sums_are_of_all_members)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
