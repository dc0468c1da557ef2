/* test_compare_table.c - the tables of a comparison's rules: docs/grading.md holds them, and each row is as
 * it says
 *
 * --print writes the tables as docs/grading.md has them (./dev docs). */
#include "answer/compare_whole_priv.h"

#include "core/buf.h"
#include "core/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static const char first_line[] = "<!-- order of the rules -->", last_line[] = "<!-- end of the order -->";

/* A switch by its name for people; two are no --rule, since the task sets them. */
static void add_when(lem_buf *b, const compare_when *when) {
    char name[40] = "";
    lem_answer_switch s;
    lem_buf_puts(b, " | ");
    if (!when->name) return;
    assert_true(strlen(when->name) < sizeof name);
    for (size_t k = 0; when->name[k]; k++) name[k] = when->name[k] == '_' ? '-' : when->name[k];
    assert_true(lem_answer_switch_find(name, &s) || strstr(name, "letters"));
    lem_buf_printf(b, "`%s`", name);
}

static void add_tables(lem_buf *b) {
    lem_buf_puts(b, "Whole answers. The first rule that decides:\n\n| left | right | switch | rule "
                    "|\n|---|---|---|---|\n");
    for (int k = 0; k < LEM_ANSWER_FIRST; k++) {
        lem_buf_printf(b, "| %s | %s", lem_answer_first[k].left, lem_answer_first[k].right);
        add_when(b, &lem_answer_first[k].when);
        lem_buf_printf(b, " | %s |\n", lem_answer_first[k].says);
    }
    lem_buf_puts(b, "\nOtherwise, one after the other:\n\n| what | switch | rule |\n|---|---|---|\n");
    for (int k = 0; k < LEM_ANSWER_NEXT; k++) {
        lem_buf_printf(b, "| %s", lem_answer_next[k].what);
        add_when(b, &lem_answer_next[k].when);
        lem_buf_printf(b, " | %s |\n", lem_answer_next[k].says);
    }
    lem_buf_puts(b, "\nWhat stands around the values, from the top until a rule has the last word:\n\n| what "
                    "| rule |\n|---|---|\n");
    for (int k = 0; k < LEM_COMPARE_AROUND; k++)
        lem_buf_printf(b, "| %s | %s |\n", lem_compare_around[k].what, lem_compare_around[k].says);
    lem_buf_puts(b, "\nThe values, either way round. The first rule that fits and decides:\n\n| left | right "
                    "| switch | rule |\n|---|---|---|---|\n");
    for (int k = 0; k < LEM_COMPARE_ROWS; k++) {
        const compare_row *row = &lem_compare_rows[k];
        lem_buf_printf(b, "| %s | %s", lem_compare_sides[row->left].name, lem_compare_sides[row->right].name);
        add_when(b, &row->when);
        lem_buf_printf(b, " | %s |\n", row->says);
    }
}

static void docs_hold_the_tables(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_buf text = {0}, want = {0};
    assert_int_equal(lem_file_read(LEMMA_SOURCE_DIR "/docs/grading.md", 1 << 20, &text, &err), LEM_OK);
    lem_buf_printf(&want, "%s\n", first_line);
    add_tables(&want);
    lem_buf_printf(&want, "%s\n", last_line);
    if (!strstr(lem_buf_str(&text), lem_buf_str(&want)))
        fail_msg("docs/grading.md does not hold the tables of the rules as they are: run ./dev docs");
    lem_buf_release(&text);
    lem_buf_release(&want);
}

/* No row is left out, no kind lacks a rule, the last word on every pair is said, and it is said last. */
static void every_pair_has_a_rule(void **state) {
    (void)state;
    for (int s = 0; s < SIDE_COUNT; s++) assert_true(lem_compare_sides[s].name && lem_compare_sides[s].kinds);
    for (int k = 0; k < LEM_COMPARE_ROWS; k++) {
        const compare_row *row = &lem_compare_rows[k];
        size_t n = strlen(row->says);
        assert_true(row->rule && n > 1 && row->says[n - 1] == '.');
    }
    const compare_row *last = &lem_compare_rows[LEM_COMPARE_ROWS - 1];
    assert_true(last->left == SIDE_ANY && last->right == SIDE_ANY && !last->when.name);
    assert_true(last->rule == lem_compare_as_written);
}

/* "expression" are the kinds of which the rest of the code says that they are scalars. */
static void expressions_are_scalars(void **state) {
    (void)state;
    for (int k = 0; k <= AST_SAID; k++) {
        ast_node a = {.kind = (ast_kind)k};
        assert_int_equal(lem_compare_sides[SIDE_EXPRESSION].kinds >> k & 1, lem_ast_is_scalar(&a));
    }
}

static int print_tables(void) {
    lem_buf b = {0};
    add_tables(&b);
    fputs(lem_buf_str(&b), stdout);
    lem_buf_release(&b);
    return 0;
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--print") == 0) return print_tables();
    const struct CMUnitTest tests[] = {cmocka_unit_test(docs_hold_the_tables),
                                       cmocka_unit_test(every_pair_has_a_rule),
                                       cmocka_unit_test(expressions_are_scalars)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
