/* test_evolve.c - the prompts of evolution, and what is taken of replies */
#include "teach/evolve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void each_prompt_ends_with_the_marker(void **state) {
    (void)state;
    for (int i = 0; i < LEM_EVOLVE_KINDS; i++) {
        lem_buf b = {0};
        lem_evolve_kind back;
        lem_evolve_prompt((lem_evolve_kind)i, "What is 2+2?", &b);
        const char *end = "# Given problem\nWhat is 2+2?\n\n# New problem\n";
        assert_true(b.len > strlen(end) && strcmp(b.data + b.len - strlen(end), end) == 0);
        lem_buf_release(&b);
        assert_int_equal(lem_evolve_parse(lem_evolve_name((lem_evolve_kind)i), &back, NULL), LEM_OK);
        assert_int_equal(back, i);
    }
    lem_evolve_kind none;
    assert_int_equal(lem_evolve_parse("deep", &none, NULL), LEM_EUSAGE);
}

static void the_marker_is_no_part_of_the_problem(void **state) {
    (void)state;
    static const char *const t[][2] = {{"  A?  \n", "A?"},
                                       {"# New problem\nA?", "A?"},
                                       {"**New problem:** A?", "A?"},
                                       {"New problem:\n\nA?\n", "A?"},
                                       {"## New Problem\n A?", "A?"},
                                       {"New problems arise: A?", "New problems arise: A?"},
                                       {"New problem A?", "New problem A?"},
                                       {"* 5 is a star?", "* 5 is a star?"},
                                       {"", ""},
                                       {"\n\t ", ""}};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        lem_buf b = {0};
        lem_evolve_take(t[i][0], &b);
        assert_string_equal(lem_buf_str(&b), t[i][1]);
        lem_buf_release(&b);
    }
}

static void the_same_but_for_case_and_space(void **state) {
    (void)state;
    assert_true(lem_evolve_same("What  is\n2?", " what is 2? "));
    assert_true(lem_evolve_same("", " "));
    assert_false(lem_evolve_same("What is 2?", "What is 3?"));
    assert_false(lem_evolve_same("What is 2?", "What is 2? Why?"));
    assert_false(lem_evolve_same("ab", "a b"));
    assert_false(lem_evolve_same("a b", "ab"));
    assert_false(lem_evolve_same("a", ""));
}

static void words(void **state) {
    (void)state;
    assert_int_equal(lem_evolve_words(""), 0);
    assert_int_equal(lem_evolve_words("  a\tbc\n d "), 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_prompt_ends_with_the_marker),
        cmocka_unit_test(the_marker_is_no_part_of_the_problem),
        cmocka_unit_test(the_same_but_for_case_and_space),
        cmocka_unit_test(words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
