/* calc.c - arithmetic texts to rational numbers, by the grader's parser and canonical forms */
#include "answer/calc.h"

#include "answer/canon_priv.h"
#include "answer/verdict.h"

struct lem_calc {
    lem_work w;
};

lem_calc *lem_calc_new(lem_err *err) {
    lem_calc *c = lem_alloc_zero(1, sizeof *c, err);
    if (c && lem_work_init(&c->w, err) != LEM_OK) {
        lem_free(c);
        return NULL;
    }
    return c;
}

void lem_calc_free(lem_calc *c) {
    if (!c) return;
    lem_work_release(&c->w);
    lem_free(c);
}

void lem_calc_clear(lem_calc *c) {
    for (lem_rat *r = c->w.rats; r; r = r->next) mpq_clear(r->q);
    c->w.rats = NULL;
    c->w.limit = false;
    c->w.failures = lem_mem_failures();
    lem_arena_reset(c->w.arena);
    lem_work_refuel(&c->w);
}

/* A lem_value is a lem_rat by another name, so that GMP stays inside the grader. */
static const lem_rat *rat_of(const lem_value *v) { return (const lem_rat *)(const void *)v; }

const lem_value *lem_calc_read(lem_calc *c, const char *text, size_t len) {
    if (len == 0 || len > LEM_ANSWER_MAX_BYTES || c->w.limit) return NULL;
    ast_node *a = lem_answer_parse(&c->w, text, len);
    canon_poly *p = a ? lem_canon_scalar(&c->w, a) : NULL;
    return (const lem_value *)(const void *)(p ? lem_canon_rational(&c->w, p) : NULL);
}

int lem_value_order(const lem_value *a, const lem_value *b) {
    int order = mpq_cmp(rat_of(a)->q, rat_of(b)->q);
    return (order > 0) - (order < 0);
}

bool lem_value_is_whole(const lem_value *a) { return lem_rat_is_int(rat_of(a)); }
