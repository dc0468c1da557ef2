/* test_grade_grammar.c - pairs of answers in every notation we read, with their verdicts; symmetry and keys
 * on all of them and on the shared pairs */
#include "grade/grade.h"

#include "core/file.h"
#include "core/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

typedef struct pair {
    const char *gold, *pred;
    size_t n, m;
    lem_grade_profile profile;
} pair;

static lem_answer_result compare(const pair *p, bool swap) {
    lem_err err = LEM_ERR_INIT;
    lem_grade_gold *g = NULL;
    lem_answer_result r;
    assert_int_equal(lem_grade_gold_new(swap ? p->pred : p->gold, swap ? p->m : p->n, &p->profile, &g, &err),
                     LEM_OK);
    assert_int_equal(lem_grade_compare(g, swap ? p->gold : p->pred, swap ? p->n : p->m, &r, &err), LEM_OK);
    lem_grade_gold_free(g);
    return r;
}

/* Only precision may depend on which side is the gold. */
static bool is_symmetric(lem_answer_result a, lem_answer_result b) {
    bool right = lem_grade_correct_of(a.verdict) == LEM_GRADE_RIGHT,
         back = lem_grade_correct_of(b.verdict) == LEM_GRADE_RIGHT;
    return right == back || a.verdict == LEM_ANSWER_EQUAL_NUMERIC || b.verdict == LEM_ANSWER_EQUAL_NUMERIC;
}

static bool same_key(const pair *p) {
    lem_err err = LEM_ERR_INIT;
    lem_buf a = {0}, b = {0};
    assert_int_equal(lem_grade_key(p->gold, p->n, &a, &err), LEM_OK);
    assert_int_equal(lem_grade_key(p->pred, p->m, &b, &err), LEM_OK);
    bool same = a.len == b.len && memcmp(lem_buf_str(&a), lem_buf_str(&b), a.len) == 0;
    lem_buf_release(&a);
    lem_buf_release(&b);
    return same;
}

static pair pair_of(lem_json *row) {
    lem_json *g = lem_json_get(row, "gold"), *q = lem_json_get(row, "pred");
    pair p = {lem_json_str(g, ""),
              lem_json_str(q, ""),
              lem_json_str_len(g),
              lem_json_str_len(q),
              {.policy = LEM_GRADE_STD}};
    if (lem_json_get(row, "policy"))
        assert_true(lem_grade_policy_find(lem_json_str(lem_json_get(row, "policy"), ""), &p.profile.policy));
    return p;
}

static int each_row(const char *path, void (*fn)(lem_json *row, void *arg), void *arg) {
    lem_err err = LEM_ERR_INIT;
    lem_lines *l = NULL;
    int rows = 0;
    assert_int_equal(lem_lines_open(path, 1 << 20, &l, &err), LEM_OK);
    for (;;) {
        const char *line;
        size_t len;
        bool eof;
        lem_json *row = NULL;
        assert_int_equal(lem_lines_next(l, &line, &len, &eof, &err), LEM_OK);
        if (eof) break;
        assert_int_equal(lem_json_parse(line, len, &row, &err), LEM_OK);
        fn(row, arg);
        lem_json_free(row);
        rows++;
    }
    lem_lines_close(l);
    return rows;
}

static void check_row(lem_json *row, void *arg) {
    int *wrong = arg;
    pair p = pair_of(row);
    const char *want = lem_json_str(lem_json_get(row, "verdict"), "");
    lem_answer_result r = compare(&p, false), back = compare(&p, true);
    bool key = lem_json_bool(lem_json_get(row, "same_key"), false);
    bool ok = strcmp(lem_answer_verdict_name(r.verdict), want) == 0 && is_symmetric(r, back) &&
              (!key || same_key(&p));
    if (!ok)
        print_message("'%s' and '%s': %s by '%s', back %s, want %s%s\n", p.gold, p.pred,
                      lem_answer_verdict_name(r.verdict), r.rule, lem_answer_verdict_name(back.verdict), want,
                      key ? " and one key" : "");
    *wrong += !ok;
}

static void notations(void **state) {
    (void)state;
    int wrong = 0;
    assert_true(each_row(LEMMA_TEST_DATA "/grading/grammar.jsonl", check_row, &wrong) > 100);
    assert_int_equal(wrong, 0);
}

static void check_symmetry(lem_json *row, void *arg) {
    int *wrong = arg;
    if (!lem_json_get(row, "gold")) return;
    for (int policy = LEM_GRADE_STD; policy <= LEM_GRADE_LENIENT; policy++) {
        pair p = pair_of(row);
        p.profile.policy = (lem_grade_policy)policy;
        lem_answer_result a = compare(&p, false), b = compare(&p, true);
        if (is_symmetric(a, b)) continue;
        (*wrong)++;
        print_message("%s: '%.80s' and '%.80s': %s by '%s', back %s by '%s'\n",
                      lem_grade_policy_name(p.profile.policy), p.gold, p.pred,
                      lem_answer_verdict_name(a.verdict), a.rule, lem_answer_verdict_name(b.verdict), b.rule);
    }
}

static void shared_pairs_are_symmetric(void **state) {
    (void)state;
    static const char *const files[] = {"mutated",         "probes_half",   "peer_mathverify",
                                        "peer_lighteval",  "peer_olympiad", "peer_hendrycks",
                                        "peer_latex2sympy"};
    const char *data = getenv("LEMMA_DATA");
    int wrong = 0, rows = 0;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        lem_buf path = {0};
        lem_buf_printf(&path, "%s/grading/%s.jsonl.gz", data ? data : ".", files[i]);
        if (lem_file_exists(lem_buf_str(&path))) rows += each_row(lem_buf_str(&path), check_symmetry, &wrong);
        lem_buf_release(&path);
    }
    if (!rows) skip();
    assert_int_equal(wrong, 0);
}

/* Every policy forgives at least what the stricter one forgives. */
static void check_order(lem_json *row, void *arg) {
    int *wrong = arg;
    bool right[3];
    static const lem_grade_policy order[] = {LEM_GRADE_STRICT, LEM_GRADE_STD, LEM_GRADE_LENIENT};
    for (int k = 0; k < 3; k++) {
        pair p = pair_of(row);
        p.profile.policy = order[k];
        right[k] = lem_grade_correct_of(compare(&p, false).verdict) == LEM_GRADE_RIGHT;
    }
    bool ok = (!right[0] || right[1]) && (!right[1] || right[2]);
    if (!ok)
        print_message("'%s': strict %d std %d lenient %d\n", lem_json_str(lem_json_get(row, "gold"), ""),
                      right[0], right[1], right[2]);
    *wrong += !ok;
}

static void policies_are_ordered(void **state) {
    (void)state;
    int wrong = 0;
    (void)each_row(LEMMA_TEST_DATA "/grading/grammar.jsonl", check_order, &wrong);
    assert_int_equal(wrong, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(notations), cmocka_unit_test(policies_are_ordered),
                                       cmocka_unit_test(shared_pairs_are_symmetric)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
