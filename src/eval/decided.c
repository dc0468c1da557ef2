/* decided.c - votes counted one by one until one answer has more than half of all */
#include "eval/decided.h"

#include "core/hash.h"
#include "core/mem.h"

void lem_decided_release(lem_decided *d) {
    lem_free(d->answer);
    *d = (lem_decided){0};
}

static lem_status answer_of(const lem_grade_profile *p, const char *text, size_t len, uint64_t *out,
                            lem_err *err) {
    lem_buf b = {0};
    lem_grade_span span;
    lem_status st = lem_grade_extract_answer(p, text, len, &b, &span, err);
    if (st == LEM_OK) st = lem_buf_ok(&b, err);
    if (st == LEM_OK) *out = b.len ? lem_hash64(lem_buf_str(&b), b.len, 1) | 1 : 0;
    lem_buf_release(&b);
    return st;
}

lem_status lem_decided_add(lem_decided *d, int n, const lem_grade_profile *p, const char *text, size_t len,
                           lem_err *err) {
    uint64_t own = 0;
    int votes = 0;
    if (d->after) return LEM_OK;
    if (!d->answer) d->answer = lem_alloc((size_t)n, sizeof *d->answer, err);
    if (!d->answer) return LEM_EMEM;
    lem_status st = answer_of(p, text, len, &own, err);
    if (st) return st;
    d->answer[d->seen++] = own;
    for (int i = 0; own && i < d->seen; i++) votes += d->answer[i] == own;
    if (votes > n / 2) d->after = d->seen;
    return LEM_OK;
}

void lem_decided_note(int rows, lem_buf *out) {
    if (rows <= 0) return;
    lem_buf_printf(
        out,
        "%d of the rows were sampled until their vote was decided (decided_after): maj@all is that "
        "of all candidates, every other figure is of those drawn, and at k the rows left out are "
        "the easy ones",
        rows);
}
