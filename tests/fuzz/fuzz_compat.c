/* fuzz_compat - gold, newline, response: the hendrycks, prm800k, minerva and math-verify modes, with the
 * invariants they promise */
#include "grade/grade.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(lem_grade_policy p, const char *gold, size_t n, const char *pred, size_t m) {
    lem_err err = LEM_ERR_INIT;
    lem_grade_profile profile = {.policy = p};
    lem_grade_gold *g = NULL;
    lem_answer_result a = {0}, b = {0};
    lem_grade_span span;
    lem_buf answer = {0}, again = {0};
    if (lem_grade_gold_new(gold, n, &profile, &g, &err) != LEM_OK) __builtin_trap();
    if (lem_grade_compare(g, pred, m, &a, &err) != LEM_OK ||
        lem_grade_compare(g, pred, m, &b, &err) != LEM_OK)
        __builtin_trap();
    if ((unsigned)a.verdict >= LEM_ANSWER_N_VERDICTS || !a.rule || a.verdict != b.verdict ||
        strcmp(a.rule, b.rule) != 0)
        __builtin_trap();
    if (lem_grade_response(g, pred, m, &answer, &span, &a, &err) != LEM_OK) __builtin_trap();
    if (lem_grade_extract_answer(&profile, pred, m, &again, &span, &err) != LEM_OK) __builtin_trap();
    if (answer.len != again.len || (answer.len && memcmp(answer.data, again.data, answer.len) != 0))
        __builtin_trap();
    lem_buf_release(&answer);
    lem_buf_release(&again);
    lem_grade_gold_free(g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const lem_grade_policy modes[] = {LEM_GRADE_HENDRYCKS, LEM_GRADE_PRM800K, LEM_GRADE_MINERVA,
                                             LEM_GRADE_MATH_VERIFY};
    const char *s = (const char *)data, *nl = size ? memchr(s, '\n', size) : NULL;
    size_t n = nl ? (size_t)(nl - s) : size / 2, from = nl ? n + 1 : n;
    for (size_t k = 0; k < sizeof modes / sizeof *modes; k++) check(modes[k], s, n, s + from, size - from);
    return 0;
}
