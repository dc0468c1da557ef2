/* compare_dressed.c - percent, degrees, currencies and units around values */
#include "answer/compare_priv.h"

#include "answer/decide/decide_priv.h"
#include "answer/units_priv.h"

#include <string.h>

static bool are_scalars(const compare_pair *x) {
    return lem_ast_is_scalar(x->g.v) && lem_ast_is_scalar(x->p.v);
}

/* The side with the sign as its hundredth. */
static lem_answer_result hundredth(comparison *c, const compare_pair *x, lem_answer_result plain) {
    ast_node *share = lem_ast_num(c->w, lem_rat_pow10(c->w, -2)), *g = (ast_node *)x->g.v,
             *p = (ast_node *)x->p.v;
    if (x->g.percent) g = lem_ast_mul(c->w, share, g);
    else p = lem_ast_mul(c->w, share, p);
    return g && p ? lem_compare_scalars(c, g, p) : plain;
}

bool lem_compare_percent(comparison *c, const compare_pair *x, lem_answer_result *r) {
    if (x->g.percent == x->p.percent) return false;
    if (!c->rules->percent) {
        if (compare_is_equal(*r)) *r = compare_say(LEM_ANSWER_NOT_EQUAL, RULE_PERCENT_MISSING);
        return true;
    }
    if (!compare_is_different(*r) || !are_scalars(x)) return false;
    if (hundredth(c, x, *r).verdict != LEM_ANSWER_EQUAL_EXACT) return false;
    *r = compare_say(LEM_ANSWER_EQUAL_EXACT, RULE_PERCENT_SHARE);
    return true;
}

bool lem_compare_degrees(comparison *c, const compare_pair *x, lem_answer_result *r) {
    bool bare = !x->g.unit && !x->p.unit && compare_is_different(*r) && are_scalars(x);
    if (x->g.degree == x->p.degree || !bare || !c->rules->radians) return false;
    const shape *with = x->g.degree ? &x->g : &x->p;
    const ast_node *without = x->g.degree ? x->p.v : x->g.v;
    ast_node *angle = lem_ast_wrap(c->w, AST_DEGREE, (ast_node *)with->v);
    if (!angle || lem_decide_scalars(c->w, angle, without).verdict != LEM_ANSWER_EQUAL_EXACT) return false;
    *r = compare_say(LEM_ANSWER_EQUAL_EXACT, RULE_RADIANS);
    return true;
}

static bool same_unit(const shape *a, const shape *b) {
    uint32_t n = a->unit_len, m = b->unit_len;
    if (n > 3 && a->unit[n - 1] == 's') n--;
    if (m > 3 && b->unit[m - 1] == 's') m--;
    return n == m && memcmp(a->unit, b->unit, n) == 0;
}

/* Both sides carry units, written differently: converted where both are known. */
static lem_answer_result converted(comparison *c, const shape *g, const shape *p, lem_answer_result plain) {
    lem_work *w = c->w;
    answer_unit a, b;
    if (!lem_unit_find(w, g->unit, g->unit_len, &a) || !lem_unit_find(w, p->unit, p->unit_len, &b)) {
        if (!compare_is_equal(plain)) return compare_say(plain.verdict, RULE_UNITS_VALUES);
        return c->rules->drop_unit ? compare_say(LEM_ANSWER_LIMIT, RULE_UNITS_UNKNOWN)
                                   : compare_say(LEM_ANSWER_NOT_EQUAL, RULE_UNITS_DIFFERENT);
    }
    if (!lem_unit_same_kind(&a, &b)) return compare_say(LEM_ANSWER_NOT_EQUAL, RULE_UNITS_DIFFERENT);
    lem_rat *ratio = lem_rat_div(w, b.factor, a.factor);
    bool scalars = lem_ast_is_scalar(g->v) && lem_ast_is_scalar(p->v);
    ast_node *v = ratio && scalars ? lem_ast_mul(w, lem_ast_num(w, ratio), (ast_node *)p->v) : NULL;
    if (!v)
        return lem_rat_equal(a.factor, b.factor) ? plain : compare_say(LEM_ANSWER_LIMIT, RULE_NOT_DECIDED);
    lem_answer_result r = lem_compare_scalars(c, g->v, v);
    return compare_is_equal(r) ? compare_say(r.verdict, RULE_UNITS_CONVERTED) : r;
}

static bool same_currency(const shape *a, const shape *b) {
    return a->currency_len == b->currency_len && memcmp(a->currency, b->currency, a->currency_len) == 0;
}

/* "$5" and "5 dollars": a sign counts as its unit. */
static void name_currency(shape *s) {
    if (s->currency && !s->unit) s->unit = s->currency, s->unit_len = s->currency_len;
}

/* 30° beside "30 degrees"; degrees with a scale have their unit. */
static void name_degree(shape *s, const shape *other) {
    if (s->degree && !s->unit && other->unit) s->unit = "degree", s->unit_len = 6;
}

bool lem_compare_currency(comparison *c, const compare_pair *x, lem_answer_result *r) {
    (void)c;
    if (!x->g.currency || !x->p.currency) return false;
    if (compare_is_equal(*r) && !same_currency(&x->g, &x->p))
        *r = compare_say(LEM_ANSWER_NOT_EQUAL, RULE_CURRENCY);
    return true;
}

bool lem_compare_units(comparison *c, const compare_pair *x, lem_answer_result *r) {
    shape a = x->g, b = x->p;
    name_currency(&a);
    name_currency(&b);
    name_degree(&a, &x->p);
    name_degree(&b, &x->g);
    if (a.unit && b.unit) {
        if (!same_unit(&a, &b)) *r = converted(c, &a, &b, *r);
        return true;
    }
    bool one = (a.unit != NULL) != (b.unit != NULL) || (a.degree != b.degree && !a.unit && !b.unit);
    if (one && !c->rules->drop_unit && compare_is_equal(*r))
        *r = compare_say(LEM_ANSWER_NOT_EQUAL, RULE_UNIT_MISSING);
    return true;
}
