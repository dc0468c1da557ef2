/* fuzz_grade_parse - one answer, or two with a newline between: reading, shapes, verdicts under each of our
 * policies both ways, keys, groups */
#include "grade/cluster.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static lem_answer_result compare(const lem_grade_profile *p, const char *gold, size_t n, const char *pred,
                                 size_t m) {
    lem_err err = LEM_ERR_INIT;
    lem_grade_gold *g = NULL;
    lem_answer_result r;
    if (lem_grade_gold_new(gold, n, p, &g, &err) != LEM_OK ||
        lem_grade_compare(g, pred, m, &r, &err) != LEM_OK)
        __builtin_trap();
    if ((unsigned)r.verdict >= LEM_ANSWER_N_VERDICTS || !r.rule || !r.rule[0]) __builtin_trap();
    lem_grade_gold_free(g);
    return r;
}

/* An answer equals itself or is unreadable; what is proven equal one way is not proven different the other
 * way. */
static void check(lem_grade_profile p, const char *a, size_t n, const char *b, size_t m) {
    lem_answer_verdict x = compare(&p, a, n, b, m).verdict, y = compare(&p, b, m, a, n).verdict,
                       self = compare(&p, a, n, a, n).verdict;
    if (x == LEM_ANSWER_EQUAL_EXACT && (y == LEM_ANSWER_NOT_EQUAL || y == LEM_ANSWER_DIFFERENT_KIND))
        __builtin_trap();
    if (self == LEM_ANSWER_NOT_EQUAL || self == LEM_ANSWER_DIFFERENT_KIND ||
        self == LEM_ANSWER_PREDICTION_UNPARSED)
        __builtin_trap();
}

static void check_groups(const char *a, size_t n, const char *b, size_t m) {
    lem_err err = LEM_ERR_INIT;
    lem_grade_answer_text text[3] = {{a, n}, {b, m}, {a, n}}, back[2] = {{b, m}, {a, n}};
    int group[3], other[2];
    if (lem_grade_cluster(text, 3, NULL, group, &err) != LEM_OK ||
        lem_grade_cluster(back, 2, NULL, other, &err) != LEM_OK)
        __builtin_trap();
    if (group[0] != group[2] || (group[0] == group[1]) != (other[0] == other[1])) __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *s = (const char *)data, *nl = size ? memchr(s, '\n', size) : NULL;
    size_t n = nl ? (size_t)(nl - s) : size, from = nl ? n + 1 : 0, m = nl ? size - from : size;
    const lem_grade_profile row = {.commas = (lem_answer_commas)(size % 3), .points_group = size % 2};
    check((lem_grade_profile){.policy = LEM_GRADE_STD}, s, n, s + from, m);
    check((lem_grade_profile){.policy = LEM_GRADE_STRICT}, s, n, s + from, m);
    check((lem_grade_profile){.policy = LEM_GRADE_LENIENT, .task = LEM_GRADE_TASK_MINERVA}, s, n, s + from,
          m);
    if (row.commas || row.points_group) check(row, s, n, s + from, m); /* what a row says of commas */
    if (size < 2000) check_groups(s, n, s + from, m);
    return 0;
}
