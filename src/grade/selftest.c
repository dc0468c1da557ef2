/* selftest.c - a few answers whose verdict is known */
#include "grade/selftest.h"

#include "grade/grade.h"

#include <string.h>

static const struct {
    const char *response;
    bool right;
} cases[] = {{"so \\boxed{\\frac{1}{2}}", true}, {"The answer is 0.5", true}, {"\\boxed{0.25}", false}};

/* *bad: how many verdicts differ. */
static lem_status grade_cases(const lem_grade_gold *g, int *bad, lem_err *err) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *text = cases[i].response;
        lem_answer_result res;
        lem_status st = lem_grade_response(g, text, strlen(text), NULL, NULL, &res, err);
        if (st) return st;
        *bad += (lem_grade_correct_of(res.verdict) == LEM_GRADE_RIGHT) != cases[i].right;
    }
    return LEM_OK;
}

void lem_grade_selftest(lem_selftest *t) {
    lem_err err = LEM_ERR_INIT;
    lem_grade_gold *g = NULL;
    int bad = 0;
    lem_status st = lem_grade_gold_new("1/2", 3, NULL, &g, &err);
    if (st == LEM_OK) st = grade_cases(g, &bad, &err);
    if (g) lem_grade_gold_free(g);
    const char *detail = bad ? "wrong verdict on 1/2" : "1/2 = \\frac{1}{2} = 0.5, not 0.25";
    lem_selftest_add(t, "grader", st == LEM_OK && bad == 0, "%s", st ? err.text : detail);
}
