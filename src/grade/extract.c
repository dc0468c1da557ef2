/* extract.c - finds the answer in a response, as the task says; linear in the response */
#include "grade/extract_priv.h"

bool lem_grade_extract(const lem_grade_profile *p, const char *response, size_t len, lem_grade_span *out) {
    size_t base = 0;
    extract_view v = lem_extract_spoken((extract_view){response, len}, p, &base);
    lem_grade_span best = {0, 0, LEM_GRADE_BY_NONE, false};
    if (p->task == LEM_GRADE_TASK_PLAIN) {
        best = lem_extract_trimmed(v, lem_extract_span(0, v.n, LEM_GRADE_BY_WHOLE));
        if (!best.len) best.method = LEM_GRADE_BY_NONE;
    } else if (p->task == LEM_GRADE_TASK_CHOICE) {
        if (!lem_extract_choice(v.s, v.n, &best)) best.method = LEM_GRADE_BY_NONE;
    } else if (v.n) {
        best = lem_extract_marked(v, p->task);
        if (p->task == LEM_GRADE_TASK_AMC || p->task == LEM_GRADE_TASK_AIME) { /* \boxed{\textbf{(C)}\ 27} */
            size_t mark = lem_extract_choice_mark(v.s + best.offset, best.len);
            best.offset += mark;
            best.len -= mark;
        }
    }
    best.offset = best.method ? best.offset + base : 0;
    if (best.method == LEM_GRADE_BY_NONE) best.len = 0;
    *out = best;
    return best.method != LEM_GRADE_BY_NONE;
}
