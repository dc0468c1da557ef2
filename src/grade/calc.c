/* calc.c - arithmetic texts to rational numbers, by the grader's parser and canonical forms */
#include "grade/calc.h"

#include "grade/canon_priv.h"
#include "grade/grade.h"

struct lem_calc {
    grade_work w;
};

lem_calc *lem_calc_new(lem_err *err) {
    lem_calc *c = lem_alloc_zero(1, sizeof *c, err);
    if (c && lem_grade_work_init(&c->w, err) != LEM_OK) {
        lem_free(c);
        return NULL;
    }
    return c;
}

void lem_calc_free(lem_calc *c) {
    if (!c) return;
    lem_grade_work_release(&c->w);
    lem_free(c);
}

void lem_calc_clear(lem_calc *c) {
    for (grade_rat *r = c->w.rats; r; r = r->next) mpq_clear(r->q);
    c->w.rats = NULL;
    c->w.limit = false;
    lem_arena_reset(c->w.arena);
    lem_grade_refuel(&c->w);
}

/* A lem_value is a grade_rat by another name, so that GMP stays inside the grader. */
static const grade_rat *rat_of(const lem_value *v) { return (const grade_rat *)(const void *)v; }

const lem_value *lem_calc_read(lem_calc *c, const char *text, size_t len) {
    if (len == 0 || len > LEM_GRADE_MAX_ANSWER || c->w.limit) return NULL;
    ast_node *a = lem_grade_parse(&c->w, text, len);
    canon_poly *p = a ? lem_canon_scalar(&c->w, a) : NULL;
    return (const lem_value *)(const void *)(p ? lem_canon_rational(&c->w, p) : NULL);
}

int lem_value_order(const lem_value *a, const lem_value *b) {
    int order = mpq_cmp(rat_of(a)->q, rat_of(b)->q);
    return (order > 0) - (order < 0);
}

bool lem_value_is_whole(const lem_value *a) { return lem_grade_rat_is_int(rat_of(a)); }
