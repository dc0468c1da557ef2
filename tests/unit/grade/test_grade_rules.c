/* test_grade_rules.c - the rule table of docs/grading.md: every example gives its rule and verdict, and every
 * rule has an example */
#include "answer/rules.h"
#include "grade/grade.h"

#include "core/buf.h"
#include "core/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

enum { CELLS = 5, MAX_CELL = 2000 };

typedef struct row {
    char cell[CELLS][MAX_CELL]; /* rule, policy, gold, prediction, verdict */
} row;

/* Cells of "| a | `b` | … |" with \| for a bar and without code marks; false for other lines. */
static bool read_row(const char *line, size_t len, row *r) {
    size_t i = 1, n = 0;
    if (len < 2 || line[0] != '|') return false;
    for (; n < CELLS && i < len; n++) {
        size_t k = 0;
        char *c = r->cell[n];
        while (i < len && line[i] == ' ') i++;
        for (; i < len && line[i] != '|'; i++) {
            if (line[i] == '\\' && i + 1 < len && line[i + 1] == '|') i++;
            assert_true(k + 1 < MAX_CELL);
            c[k++] = line[i];
        }
        i++;
        while (k && c[k - 1] == ' ') k--;
        c[k] = '\0';
        if (k >= 2 && c[0] == '`' && c[k - 1] == '`') {
            memmove(c, c + 1, k - 2);
            c[k - 2] = '\0';
        }
    }
    return n == CELLS;
}

static void add_parts(lem_buf *b, const char *item, int n, int step) {
    for (int k = 1; k <= n; k++)
        lem_buf_printf(b, "%s%s(%d)", k > 1 ? ", " : "", item, step > 0 ? k : n + 1 - k);
}

static lem_answer_result run(const row *r) {
    lem_err err = LEM_ERR_INIT;
    lem_buf gold = {0}, pred = {0};
    lem_grade_profile p = {.policy = LEM_GRADE_STD};
    bool built = strcmp(r->cell[1], "built") == 0, response = strcmp(r->cell[1], "response") == 0;
    if (strcmp(r->cell[1], "tolerance") == 0) p.rel_tol = 0.01;
    else if (!built && !response) assert_true(lem_grade_policy_find(r->cell[1], &p.policy));
    if (built && strcmp(r->cell[0], "work bound") == 0)
        add_parts(&gold, "\\sin", 60, 1), add_parts(&pred, "-\\sin-", 60, -1);
    else if (built) {
        for (int k = 0; k < 65; k++) lem_buf_puts(&gold, "1, "), lem_buf_puts(&pred, "2, ");
    } else lem_buf_puts(&gold, r->cell[2]), lem_buf_puts(&pred, r->cell[3]);
    lem_grade_gold *g = NULL;
    lem_answer_result out;
    assert_int_equal(lem_grade_gold_new(lem_buf_str(&gold), gold.len, &p, &g, &err), LEM_OK);
    if (response)
        assert_int_equal(lem_grade_response(g, lem_buf_str(&pred), pred.len, NULL, NULL, &out, &err), LEM_OK);
    else assert_int_equal(lem_grade_compare(g, lem_buf_str(&pred), pred.len, &out, &err), LEM_OK);
    lem_grade_gold_free(g);
    lem_buf_release(&gold);
    lem_buf_release(&pred);
    return out;
}

static void every_rule_has_its_example(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_buf text = {0};
    bool seen[RULE_COUNT] = {false};
    int rows = 0, wrong = 0;
    assert_int_equal(lem_file_read(LEMMA_SOURCE_DIR "/docs/grading.md", 1 << 20, &text, &err), LEM_OK);
    const char *at = strstr(lem_buf_str(&text), "<!-- rule table -->"),
               *end = at ? strstr(at, "<!-- end of rule table -->") : NULL;
    assert_non_null(end);
    for (int line = 0; at < end; line++) {
        size_t n = strcspn(at, "\n");
        row r;
        if (line > 2 && read_row(at, n, &r)) {
            lem_answer_result got = run(&r);
            rows++;
            if (strcmp(got.rule, r.cell[0]) != 0 ||
                strcmp(lem_answer_verdict_name(got.verdict), r.cell[4]) != 0) {
                wrong++;
                print_message("%s | %s | %s: got %s, %s\n", r.cell[0], r.cell[2], r.cell[3],
                              lem_answer_verdict_name(got.verdict), got.rule);
            }
            for (int k = 0; k < RULE_COUNT; k++)
                seen[k] = seen[k] || strcmp(lem_answer_rule_text((answer_rule)k), r.cell[0]) == 0;
        }
        at += n + 1;
    }
    for (int k = 0; k < RULE_COUNT; k++)
        if (!seen[k])
            fail_msg("rule '%s' has no example in docs/grading.md", lem_answer_rule_text((answer_rule)k));
    assert_true(rows >= RULE_COUNT);
    assert_int_equal(wrong, 0);
    lem_buf_release(&text);
}

/* The line of a leniency in the table, from what the policies say. */
static void switch_line(int i, lem_buf *b) {
    static const lem_grade_policy policies[] = {LEM_GRADE_STRICT, LEM_GRADE_STD, LEM_GRADE_LENIENT};
    lem_grade_rule r;
    for (int k = 0; k < 3; k++) {
        assert_true(lem_grade_rule_at(&(lem_grade_profile){.policy = policies[k]}, i, &r));
        assert_false(r.set);
        if (k == 0) lem_buf_printf(b, "| `%s` | %s |", r.name, r.what);
        lem_buf_puts(b, r.on ? " yes |" : " |");
    }
    lem_buf_putc(b, '\n');
}

static void every_leniency_stands_in_the_table(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_buf text = {0}, want = {0};
    lem_grade_rule r;
    assert_int_equal(lem_file_read(LEMMA_SOURCE_DIR "/docs/grading.md", 1 << 20, &text, &err), LEM_OK);
    lem_buf_puts(&want, "|---|---|---|---|---|\n");
    for (int i = 0; lem_grade_rule_at(&(lem_grade_profile){0}, i, &r); i++) switch_line(i, &want);
    lem_buf_puts(&want, "<!-- end of switch table -->");
    if (!strstr(lem_buf_str(&text), lem_buf_str(&want)))
        fail_msg("docs/grading.md should have\n%s", lem_buf_str(&want));
    lem_buf_release(&text);
    lem_buf_release(&want);
}

/* A pair that each leniency decides: right with it, not right without it. */
static void every_leniency_can_be_set(void **state) {
    (void)state;
    static const char *const pairs[][3] = {
        {"rounds", "33.3", "100/3"},
        {"percent", "25\\%", "0.25"},
        {"drop-unit", "5 \\text{ cm}", "5"},
        {"drop-label", "x=5", "5"},
        {"base-left-out", "1011_2", "1011"},
        {"base-ten", "1011_2", "11"},
        {"repeated", "1, 2", "1, 2, 2"},
        {"list-is-tuple", "(1,2)", "1, 2"},
        {"list-is-set", "\\{1,2\\}", "2, 1"},
        {"set-is-tuple", "(1,2)", "\\{1,2\\}"},
        {"vector-is-tuple", "(1,2)", "\\begin{pmatrix}1\\\\2\\end{pmatrix}"},
        {"unit-vectors", "(1,2,3)", "i+2j+3k"},
        {"radians", "90^\\circ", "\\frac{\\pi}{2}"},
        {"ratio-scales", "2:4", "1:2"},
        {"ratio-fraction", "1:2", "\\frac{1}{2}"},
        {"region-forms", "x > 2", "(2,\\infty)"},
        {"solve", "x=2 \\text{ or } x=-2", "x^2=4"},
        {"solve-regions", "(-2,2)", "x^2<4"},
        {"any-log", "\\log 8", "3\\ln 2"},
        {"any-case", "\\text{M}", "m"},
        {"free-constants", "x+C", "x+K"},
        {"decimal-comma", "3.14", "3,14"}};
    lem_err err = LEM_ERR_INIT;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        for (int on = 0; on < 2; on++) {
            lem_grade_profile p = {.policy = on ? LEM_GRADE_STRICT : LEM_GRADE_LENIENT};
            lem_grade_gold *g = NULL;
            lem_answer_result r;
            assert_true(lem_grade_rule_set(&p, pairs[i][0], on));
            assert_int_equal(lem_grade_gold_new(pairs[i][1], strlen(pairs[i][1]), &p, &g, &err), LEM_OK);
            assert_int_equal(lem_grade_compare(g, pairs[i][2], strlen(pairs[i][2]), &r, &err), LEM_OK);
            lem_grade_gold_free(g);
            if ((lem_grade_correct_of(r.verdict) == LEM_GRADE_RIGHT) != on)
                fail_msg("%s=%s: %s, %s is %s (%s)", pairs[i][0], on ? "on" : "off", pairs[i][1], pairs[i][2],
                         lem_answer_verdict_name(r.verdict), r.rule);
        }
    assert_false(lem_grade_rule_set(&(lem_grade_profile){0}, "letters", true));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_rule_has_its_example),
                                       cmocka_unit_test(every_leniency_stands_in_the_table),
                                       cmocka_unit_test(every_leniency_can_be_set)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
