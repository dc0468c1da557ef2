/* fuzz_compat_qwen - gold, newline, response through the qwen mode: extraction, clean-up, parsers and
 * equality, twice with the same result */
#include "grade/grade.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static lem_answer_result answer_of(const lem_grade_gold *g, const char *s, size_t n, lem_buf *answer) {
    lem_err err = LEM_ERR_INIT;
    lem_answer_result r;
    if (lem_grade_response(g, s, n, answer, NULL, &r, &err) != LEM_OK) __builtin_trap();
    if ((unsigned)r.verdict >= LEM_ANSWER_N_VERDICTS || !r.rule || !r.rule[0]) __builtin_trap();
    return r;
}

/* The same question twice has the same answer. */
static void check(const lem_grade_profile *profile, const char *gold, size_t n, const char *s, size_t m) {
    lem_err err = LEM_ERR_INIT;
    lem_grade_gold *g = NULL;
    lem_buf a = {0}, b = {0};
    lem_answer_result self;
    if (lem_grade_gold_new(gold, n, profile, &g, &err) != LEM_OK) __builtin_trap();
    lem_answer_result x = answer_of(g, s, m, &a), y = answer_of(g, s, m, &b);
    if (x.verdict != y.verdict || x.rule != y.rule || a.len != b.len ||
        (a.len && memcmp(a.data, b.data, a.len) != 0))
        __builtin_trap();
    if (lem_grade_compare(g, s, m, &self, &err) != LEM_OK || !self.rule) __builtin_trap();
    lem_buf_release(&a);
    lem_buf_release(&b);
    lem_grade_gold_free(g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const lem_grade_task tasks[] = {LEM_GRADE_TASK_STD, LEM_GRADE_TASK_MINERVA, LEM_GRADE_TASK_CHOICE};
    const char *s = (const char *)data, *nl = size ? memchr(s, '\n', size) : NULL;
    size_t n = nl ? (size_t)(nl - s) : size / 2, from = nl ? n + 1 : n;
    lem_grade_profile profile = {.policy = LEM_GRADE_QWEN, .task = tasks[size % 3]};
    check(&profile, s, n, s + from, size - from);
    return 0;
}
