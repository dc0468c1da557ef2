/* compare_families.c - families a + k P, k whole, as residues modulo a common period: multiples of pi, or
 * rational numbers */
#include "answer/compare_families_priv.h"

#include "answer/decide/decide_priv.h"

#include <string.h>

enum { MAX_FAMILIES = 8, MAX_RESIDUES = 128 };

/* In multiples of pi, or as they are. */
typedef struct family {
    lem_rat *start, *period;
} family;

/* What one side names. */
typedef struct families {
    family at[MAX_FAMILIES];
    size_t n;
    const ast_node *value, *parameter; /* no parameter: a residue class, whose numbers are all whole */
    answer_parameter kind;
    bool in_pi;
} families;

/* Letters of whole numbers; where they are said to be whole, any letter. */
static bool is_parameter(const families *f, const ast_node *s) {
    return s->len == 1 && (f->kind == PARAMETER_WHOLE || strchr("knmlj", s->name[0]));
}

static bool is_unknown(const ast_node *label) {
    return label && label->kind == AST_SYM &&
           ((label->len == 1 && strchr("xtyzu", label->name[0])) || lem_ast_is_sym(label, "theta") ||
            lem_ast_is_sym(label, "alpha") || lem_ast_is_sym(label, "phi"));
}

/* The rational number a/pi, or a; NULL when it is none. */
static lem_rat *in_units(lem_work *w, const families *f, ast_node *a) {
    ast_node *pi = f->in_pi ? lem_ast_named(w, AST_SYM, "pi", 2) : lem_ast_int(w, 1);
    ast_node *q = a && pi ? lem_ast_div(w, a, pi) : NULL;
    return q ? lem_decide_rational(w, q) : NULL;
}

static ast_node *at_value(lem_work *w, const ast_node *a, const ast_node *k, ast_node *v) {
    return lem_ast_replace(w, (ast_node *)a, k->name, k->len, v);
}

/* The sign of (-1)^e for e = k + c and k even or odd; NULL when e is something else. */
static ast_node *settled_sign(lem_work *w, const ast_node *e, const ast_node *k, int parity) {
    ast_node *zero = at_value(w, e, k, lem_ast_int(w, 0)), *one = at_value(w, e, k, lem_ast_int(w, 1));
    lem_rat *e0 = zero ? lem_decide_rational(w, zero) : NULL,
            *e1 = e0 && one ? lem_decide_rational(w, one) : NULL;
    lem_rat *d = e1 ? lem_rat_sub(w, e1, e0) : NULL;
    if (!d || !lem_rat_is_int(e0) || !lem_rat_is(d, 1)) return NULL;
    bool odd = mpz_odd_p(mpq_numref(e0->q)) != (parity != 0);
    return lem_ast_int(w, odd ? -1 : 1);
}

/* Each (-1)^(k + c) as 1 or -1 for even or odd k. *met: there was one; NULL when an exponent is something
 * else. */
static ast_node *signs_settled(lem_work *w, ast_node *a, const ast_node *k, int parity, bool *met) {
    if (!lem_work_spend(w, 8)) return NULL;
    if (a->kind == AST_POW && a->kid[0]->kind == AST_NUM && lem_rat_is(a->kid[0]->q, -1)) {
        *met = true;
        return settled_sign(w, a->kid[1], k, parity);
    }
    if (!a->n) return a;
    ast_node **kid = lem_work_alloc(w, a->n, sizeof *kid);
    for (uint32_t j = 0; kid && j < a->n; j++)
        if (!(kid[j] = signs_settled(w, a->kid[j], k, parity, met))) return NULL;
    return kid ? lem_ast_with_kids(w, a, kid) : NULL;
}

/* One family, if v is a + k P; step: 2 where k runs over the even or odd numbers only. */
static bool add_family(lem_work *w, families *f, const ast_node *v, const ast_node *k, int first, int step) {
    ast_node *a = at_value(w, v, k, lem_ast_int(w, first)),
             *b = at_value(w, v, k, lem_ast_int(w, first + step));
    ast_node *d = a && b ? lem_ast_add(w, b, lem_ast_neg(w, a)) : NULL;
    if (!d || f->n == MAX_FAMILIES) return false;
    ast_node *count =
                 lem_ast_div(w, lem_ast_add(w, (ast_node *)k, lem_ast_int(w, -first)), lem_ast_int(w, step)),
             *line = lem_ast_add(w, a, lem_ast_mul(w, count, d));
    if (!line || lem_decide_scalars(w, v, line).verdict != LEM_ANSWER_EQUAL_EXACT) return false;
    family *x = &f->at[f->n];
    if (f->n == 0) f->in_pi = true, f->in_pi = in_units(w, f, d) != NULL;
    x->start = in_units(w, f, a);
    x->period = x->start ? in_units(w, f, d) : NULL;
    if (!x->period || lem_rat_sign(x->period) == 0) return false;
    if (lem_rat_sign(x->period) < 0) x->period = lem_rat_neg(w, x->period);
    f->n++;
    return x->period != NULL;
}

/* The one symbol of v, if it may be a whole parameter, the same one for all values. */
static const ast_node *parameter_of(lem_work *w, families *f, const ast_node *v) {
    const ast_node *k[2];
    if (!lem_ast_is_scalar(v) || lem_shape_symbols(w, v, k, 2) != 1 || !is_parameter(f, k[0])) return NULL;
    if (f->parameter && !lem_ast_same_name(f->parameter, k[0])) return NULL;
    return f->parameter = k[0];
}

static bool add_value(lem_work *w, families *f, const ast_node *v) {
    bool signs = false;
    const ast_node *k = parameter_of(w, f, v);
    if (!k) return false;
    ast_node *even = signs_settled(w, (ast_node *)v, k, 0, &signs);
    if (!even) return false;
    if (!signs) return add_family(w, f, v, k, 0, 1);
    ast_node *odd = signs_settled(w, (ast_node *)v, k, 1, &signs);
    return odd && add_family(w, f, even, k, 0, 2) && add_family(w, f, odd, k, 1, 2);
}

/* 1 (mod 3) */
static bool add_residue(families *f, const ast_node *v, const ast_node *modulus) {
    if (f->n == MAX_FAMILIES || v->kind != AST_NUM || modulus->kind != AST_NUM || !lem_rat_sign(modulus->q))
        return false;
    f->at[f->n++] = (family){v->q, modulus->q};
    return true;
}

static bool says_whole(const ast_node *a) {
    return a->kind == AST_REL && a->n == 2 && a->name[0] == 'i' && lem_ast_is_sym(a->kid[1], "integers");
}

/* v of {v | k in Z} and of {x | x = v, k in Z}; NULL for other sets. */
static const ast_node *value_of_set(const ast_node *a) {
    const ast_node *head = a->kid[0], *c = a->kid[1];
    if (a->n != 2) return NULL;
    if (says_whole(c)) return head;
    if (c->kind != AST_LIST || c->n != 2 || !says_whole(c->kid[1])) return NULL;
    const ast_node *e = c->kid[0];
    bool given = e->kind == AST_REL && e->n == 2 && e->name[0] == '=' && lem_ast_same(e->kid[0], head);
    return given ? e->kid[1] : NULL;
}

static bool families_of(lem_work *w, const shape *s, families *f) {
    const ast_node *v = s->v;
    if (v->kind == AST_BUILDER) {
        f->kind = PARAMETER_WHOLE;
        if (!(v = value_of_set(v))) return false;
    }
    f->value = v;
    bool list = v->kind == AST_LIST || v->kind == AST_SET;
    if (s->modulus) f->kind = PARAMETER_WHOLE;
    for (uint32_t k = 0; k < (list ? v->n : 1); k++) {
        const ast_node *x = list ? v->kid[k] : v;
        if (!(s->modulus ? add_residue(f, x, s->modulus) : add_value(w, f, x))) return false;
    }
    return f->n > 0;
}

/* A common multiple of all periods; NULL at a limit. */
static lem_rat *common_period(lem_work *w, const families *a, const families *b) {
    lem_rat *all = a->at[0].period;
    for (size_t k = 0; k < a->n + b->n && all; k++) {
        lem_rat *p = k < a->n ? a->at[k].period : b->at[k - a->n].period, *q = lem_rat_div(w, all, p);
        if (!q) return NULL; /* all = q p: times the denominator of q it is a multiple of p */
        lem_rat *d = lem_rat_int(w, 0);
        if (!d) return NULL;
        mpz_set(mpq_numref(d->q), mpq_denref(q->q));
        all = lem_rat_mul(w, all, d);
    }
    return all;
}

static lem_rat *reduced(lem_work *w, lem_rat *x, lem_rat *period) {
    lem_rat *q = lem_rat_div(w, x, period), *whole = q ? lem_rat_int(w, 0) : NULL;
    if (!whole) return NULL;
    mpz_fdiv_q(mpq_numref(whole->q), mpq_numref(q->q), mpq_denref(q->q));
    return lem_rat_sub(w, x, lem_rat_mul(w, whole, period));
}

static bool contains(lem_rat *const *set, size_t n, const lem_rat *x) {
    for (size_t k = 0; k < n; k++)
        if (lem_rat_equal(set[k], x)) return true;
    return false;
}

static bool residues_of(lem_work *w, const families *f, lem_rat *period, lem_rat **out, size_t *n) {
    *n = 0;
    for (size_t k = 0; k < f->n; k++) {
        long times;
        lem_rat *q = lem_rat_div(w, period, f->at[k].period), *x = f->at[k].start;
        if (!q || !lem_rat_small(q, MAX_RESIDUES, &times)) return false;
        for (long j = 0; j < times; j++) {
            lem_rat *r = reduced(w, x, period);
            if (!r || (!contains(out, *n, r) && *n == MAX_RESIDUES)) return false;
            if (!contains(out, *n, r)) out[(*n)++] = r;
            if (!(x = lem_rat_add(w, x, f->at[k].period))) return false;
        }
    }
    return true;
}

/* The same residues modulo a common period. */
static bool same_numbers(lem_work *w, const families *f, const families *g) {
    lem_rat *x[MAX_RESIDUES], *y[MAX_RESIDUES];
    size_t n, m;
    lem_rat *period = f->in_pi == g->in_pi ? common_period(w, f, g) : NULL;
    if (!period || !residues_of(w, f, period, x, &n) || !residues_of(w, g, period, y, &m) || n != m)
        return false;
    for (size_t k = 0; k < n; k++)
        if (!contains(y, m, x[k])) return false;
    return !w->limit;
}

/* The same, value by value, but for the letter of the parameter. */
static bool only_renamed(answers *c, const families *f, const families *g) {
    if (!f->parameter || !g->parameter) return false;
    ast_node *v = at_value(c->w, g->value, g->parameter, (ast_node *)f->parameter);
    return v && compare_is_equal(lem_compare_by(c->w, c->rules, f->value, v));
}

/* All multiples of their period: (n - 2) pi is a formula in n. */
static bool are_multiples(lem_work *w, const families *f) {
    for (size_t k = 0; k < f->n; k++) {
        lem_rat *q = lem_rat_div(w, f->at[k].start, f->at[k].period);
        if (!q || !lem_rat_is_int(q)) return false;
    }
    return true;
}

/* Is the parameter any whole number? Both sides say so; or one does, and the other has an unknown or an angle
 * that is no formula; or nobody needs to: angles of an unknown, or other letters than the other side's, which
 * are no letters of the question. `(n-2)\pi` and `3k+1` alone may be formulas in a letter of the question. */
static bool any_whole(lem_work *w, const families *f, const families *g, const shape *a, const shape *b) {
    int said = (f->kind == PARAMETER_WHOLE) + (g->kind == PARAMETER_WHOLE);
    bool named = a->label || b->label;
    if (said == 2 || (said == 1 && (named || (f->in_pi && !are_multiples(w, f))))) return true;
    if (f->in_pi && (is_unknown(a->label) || is_unknown(b->label))) return true;
    return !f->in_pi && named && f->parameter && g->parameter &&
           !lem_ast_same_name(f->parameter, g->parameter);
}

answer_rule lem_same_families(answers *c, const shape *gold, const shape *pred) {
    families f = {.kind = c->parameter[0]}, g = {.kind = c->parameter[1]};
    if (!families_of(c->w, gold, &f) || !families_of(c->w, pred, &g)) return RULE_COUNT;
    bool renamed = only_renamed(c, &f, &g), other = f.kind == PARAMETER_BOUND || g.kind == PARAMETER_BOUND;
    if (other) return renamed ? RULE_FAMILIES : RULE_COUNT;
    if (f.in_pi && renamed) return RULE_FAMILIES;
    if (!same_numbers(c->w, &f, &g)) return RULE_COUNT;
    if (any_whole(c->w, &f, &g, gold, pred)) return RULE_FAMILIES;
    return are_multiples(c->w, &f) ? RULE_COUNT : RULE_NOT_DECIDED;
}
