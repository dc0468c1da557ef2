/* fuzz_grade - gold, newline, response: extraction, parsing, comparison both ways and keys, with the
 * invariants they promise */
#include "grade/grade.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static lem_answer_result compare(const char *gold, size_t n, const char *pred, size_t m) {
    lem_err err = LEM_ERR_INIT;
    lem_grade_gold *g = NULL;
    lem_answer_result r;
    if (lem_grade_gold_new(gold, n, NULL, &g, &err) != LEM_OK ||
        lem_grade_compare(g, pred, m, &r, &err) != LEM_OK)
        __builtin_trap();
    if ((unsigned)r.verdict >= LEM_ANSWER_N_VERDICTS || !r.rule || !r.rule[0]) __builtin_trap();
    lem_grade_gold_free(g);
    return r;
}

/* Exact equality is symmetric; tolerance follows the gold and is not. */
static void check_pair(const char *a, size_t n, const char *b, size_t m) {
    lem_answer_verdict x = compare(a, n, b, m).verdict, y = compare(b, m, a, n).verdict;
    if (x == LEM_ANSWER_EQUAL_EXACT && (y == LEM_ANSWER_NOT_EQUAL || y == LEM_ANSWER_DIFFERENT_KIND))
        __builtin_trap();
}

static void check_key(const char *s, size_t n) {
    lem_err err = LEM_ERR_INIT;
    lem_buf a = {0}, b = {0};
    if (lem_grade_key(s, n, &a, &err) != LEM_OK || lem_grade_key(s, n, &b, &err) != LEM_OK) __builtin_trap();
    if (a.len != b.len || (a.len && memcmp(a.data, b.data, a.len) != 0)) __builtin_trap();
    lem_buf_release(&a);
    lem_buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *s = (const char *)data, *nl = size ? memchr(s, '\n', size) : NULL;
    size_t n = nl ? (size_t)(nl - s) : size / 2, from = nl ? n + 1 : n, m = size - from;
    for (int task = LEM_GRADE_TASK_STD; task <= LEM_GRADE_TASK_PLAIN; task++) {
        lem_grade_span span;
        bool any = lem_grade_extract(&(lem_grade_profile){.task = (lem_grade_task)task}, s + from, m, &span);
        if (any != (span.method != LEM_GRADE_BY_NONE) || span.offset > m || span.len > m - span.offset)
            __builtin_trap();
        if (any && task == LEM_GRADE_TASK_STD) check_pair(s, n, s + from + span.offset, span.len);
    }
    check_pair(s, n, s + from, m);
    lem_answer_verdict self = compare(s, n, s, n).verdict;
    if (self == LEM_ANSWER_NOT_EQUAL || self == LEM_ANSWER_DIFFERENT_KIND ||
        self == LEM_ANSWER_PREDICTION_UNPARSED)
        __builtin_trap();
    check_key(s, n);
    return 0;
}
