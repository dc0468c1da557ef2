/* closed_values.c - sums and integrals that have a closed value: polynomials, geometric series, powers, sines
 * and exponentials of a linear argument */
#include "answer/closed_values_priv.h"

#include "answer/calculus_priv.h"

#include "answer/decide/decide_priv.h"

#include <string.h>

enum { DEGREE = 4, DEEP = 24 };

static bool is_named(const ast_node *a, const char *name) {
    return a->kind == AST_FN && a->len == strlen(name) && memcmp(a->name, name, a->len) == 0;
}

static ast_node *integer(lem_work *w, long v) { return lem_ast_int(w, v); }
static ast_node *minus(lem_work *w, ast_node *a, ast_node *b) { return lem_ast_add(w, a, lem_ast_neg(w, b)); }
static ast_node *ratio(lem_work *w, ast_node *a, long d) { return lem_ast_div(w, a, integer(w, d)); }

static bool same(lem_work *w, ast_node *a, ast_node *b) {
    return a && b && lem_decide_scalars(w, a, b).verdict == LEM_ANSWER_EQUAL_EXACT;
}

/* x over j as a polynomial in x */
static ast_node *choose(lem_work *w, ast_node *x, long j) {
    ast_node *r = integer(w, 1);
    for (long k = 0; k < j; k++) r = lem_ast_mul(w, r, ratio(w, minus(w, x, integer(w, k)), k + 1));
    return r;
}

/* The differences of a polynomial of low degree in the index: body(k) is the sum of difference[j] (k over j).
 */
static bool polynomial(lem_work *w, const ast_node *body, ast_node **difference) {
    ast_node *index = lem_ast_named(w, AST_SYM, "index", 5), *all = integer(w, 0);
    for (long j = 0; j <= DEGREE; j++)
        if (!(difference[j] = calculus_at(w, body, integer(w, j)))) return false;
    for (int order = 1; order <= DEGREE; order++)
        for (int j = DEGREE; j >= order; j--)
            if (!(difference[j] = minus(w, difference[j], difference[j - 1]))) return false;
    for (long j = 0; j <= DEGREE; j++)
        all = lem_ast_add(w, all, lem_ast_mul(w, difference[j], choose(w, index, j)));
    return same(w, (ast_node *)body, all);
}

static ast_node *slope(lem_work *w, const ast_node *inner);

/* ---- sums ---- */

static ast_node *polynomial_sum(lem_work *w, const ast_node *body, ast_node *from, ast_node *to) {
    ast_node *difference[DEGREE + 1], *sum = integer(w, 0);
    if (!polynomial(w, body, difference)) return NULL;
    for (long j = 0; j <= DEGREE; j++)
        sum = lem_ast_add(w, sum,
                          lem_ast_mul(w, difference[j],
                                      minus(w, choose(w, lem_ast_add(w, to, integer(w, 1)), j + 1),
                                            choose(w, from, j + 1))));
    return sum;
}

static bool is_infinite(const ast_node *a) { return lem_ast_is_sym(a, "infty"); }

/* body(k + 1) = q body(k) with a rational q */
static ast_node *geometric_sum(lem_work *w, const ast_node *body, ast_node *from, ast_node *to) {
    ast_node *index = lem_ast_named(w, AST_SYM, "index", 5), *first = calculus_at(w, body, from),
             *next = calculus_at(w, body, lem_ast_add(w, from, integer(w, 1)));
    ast_node *quotient = first && next ? lem_ast_div(w, next, first) : NULL;
    lem_rat *q = quotient ? lem_decide_rational(w, quotient) : NULL;
    if (!q || lem_rat_is(q, 1) || lem_rat_sign(q) == 0) return NULL;
    ast_node *ratio_node = lem_ast_num(w, q),
             *shifted = calculus_at(w, body, lem_ast_add(w, index, integer(w, 1)));
    if (!same(w, shifted, lem_ast_mul(w, ratio_node, (ast_node *)body))) return NULL;
    ast_node *below = minus(w, integer(w, 1), ratio_node);
    if (is_infinite(to)) {
        bool converges = mpz_cmpabs(mpq_numref(q->q), mpq_denref(q->q)) < 0;
        return converges ? lem_ast_div(w, first, below) : NULL;
    }
    ast_node *terms = lem_ast_add(w, minus(w, to, from), integer(w, 1));
    return lem_ast_div(w, lem_ast_mul(w, first, minus(w, integer(w, 1), lem_ast_pow(w, ratio_node, terms))),
                       below);
}

/* 1/k^2 and 1/k^4 from 1 on. */
static ast_node *inverse_powers(lem_work *w, const ast_node *body, const ast_node *from) {
    ast_node *index = lem_ast_named(w, AST_SYM, "index", 5), *pi = lem_ast_named(w, AST_SYM, "pi", 2);
    if (from->kind != AST_NUM || !lem_rat_is(from->q, 1)) return NULL;
    for (long p = 2; p <= 4; p += 2) {
        ast_node *first = calculus_at(w, body, integer(w, 1)),
                 *whole = lem_ast_mul(w, (ast_node *)body, lem_ast_pow(w, index, integer(w, p)));
        if (!same(w, whole, first)) continue;
        return lem_ast_mul(w, first, ratio(w, lem_ast_pow(w, pi, integer(w, p)), p == 2 ? 6 : 90));
    }
    return NULL;
}

/* Factors without the index, and the product of the others. */
static ast_node *constant_factors(lem_work *w, const ast_node *body, ast_node **rest) {
    ast_node *c = integer(w, 1);
    *rest = NULL;
    for (const ast_node *a = body; c; a = a->kid[0]) {
        ast_node *f = (ast_node *)(a->kind == AST_MUL ? a->kid[1] : a);
        if (!lem_has_index(w, f)) c = lem_ast_mul(w, c, f);
        else *rest = *rest ? lem_ast_mul(w, f, *rest) : f;
        if (a->kind != AST_MUL) break;
    }
    return *rest ? c : NULL;
}

static ast_node *enclosed_series(lem_work *w, const ast_node *body, const ast_node *from) {
    ast_node *rest, *c = constant_factors(w, body, &rest), *sum = NULL;
    long first;
    if (c && from->kind == AST_NUM && lem_rat_small(from->q, 1000, &first))
        sum = lem_series_enclosure(w, rest, first);
    return sum ? lem_ast_mul(w, c, sum) : NULL;
}

static bool is_index_factorial(const ast_node *a) {
    return a->kind == AST_POW && a->kid[1]->kind == AST_NUM && lem_rat_is(a->kid[1]->q, -1) &&
           a->kid[0]->kind == AST_FACTORIAL && lem_ast_is_sym(a->kid[0]->kid[0], "index");
}

/* c p(k) z^k / k! */
typedef struct exponential_term {
    ast_node *c, *z, *p;
    bool factorial;
} exponential_term;

/* A power of what does not depend on the index: z^(a k + b) */
static bool take_power(lem_work *w, const ast_node *f, exponential_term *t) {
    ast_node *d = slope(w, f->kid[1]), *zero = calculus_at(w, f->kid[1], integer(w, 0));
    if (!d || !zero) return false;
    t->z = lem_ast_mul(w, t->z, lem_ast_pow(w, f->kid[0], d));
    t->c = lem_ast_mul(w, t->c, lem_ast_pow(w, f->kid[0], zero));
    return t->z && t->c;
}

static bool take_factor(lem_work *w, ast_node *f, exponential_term *t) {
    if (!lem_has_index(w, f)) return (t->c = lem_ast_mul(w, t->c, f)) != NULL;
    if (is_index_factorial(f)) return !t->factorial && (t->factorial = true);
    if (f->kind == AST_POW && !lem_has_index(w, f->kid[0])) return take_power(w, f, t);
    return (t->p = lem_ast_mul(w, t->p, f)) != NULL;
}

/* From 0 on, for p of low degree: the sum of difference[j] z^j/j! times e^z. */
static ast_node *exponential_series(lem_work *w, const ast_node *body, const ast_node *from) {
    ast_node *one = integer(w, 1), *difference[DEGREE + 1], *sum = integer(w, 0), *power = one;
    exponential_term t = {one, one, one, false};
    long first;
    if (from->kind != AST_NUM || !lem_rat_small(from->q, 2, &first) || first < 0) return NULL;
    for (const ast_node *a = body;; a = a->kid[0]) {
        if (!take_factor(w, (ast_node *)(a->kind == AST_MUL ? a->kid[1] : a), &t)) return NULL;
        if (a->kind != AST_MUL) break;
    }
    if (!t.factorial || !polynomial(w, t.p, difference)) return NULL;
    for (long j = 0; j <= DEGREE && power; j++) {
        sum = lem_ast_add(w, sum, lem_ast_mul(w, difference[j], power));
        power = ratio(w, lem_ast_mul(w, power, t.z), j + 1);
    }
    sum = lem_ast_mul(w, sum, lem_ast_pow(w, lem_ast_named(w, AST_SYM, "e", 1), t.z));
    if (first >= 1) sum = minus(w, sum, difference[0]);
    if (first == 2) sum = minus(w, sum, lem_ast_mul(w, calculus_at(w, t.p, integer(w, 1)), t.z));
    return lem_ast_mul(w, t.c, sum);
}

static ast_node *closed_sum(lem_work *w, const ast_node *a) {
    const ast_node *body = a->kid[0];
    ast_node *from = a->kid[1], *to = a->kid[2];
    ast_node *r = geometric_sum(w, body, from, to);
    if (r || w->limit) return r;
    if (!is_infinite(to)) return polynomial_sum(w, body, from, to);
    r = inverse_powers(w, body, from);
    if (!r) r = exponential_series(w, body, from);
    return r || w->limit ? r : enclosed_series(w, body, from);
}

/* ---- integrals ---- */

/* a x + b: the factor a, NULL when it is something else. */
static ast_node *slope(lem_work *w, const ast_node *inner) {
    ast_node *zero = calculus_at(w, inner, integer(w, 0)), *one = calculus_at(w, inner, integer(w, 1));
    ast_node *d = zero && one ? minus(w, one, zero) : NULL, *index = lem_ast_named(w, AST_SYM, "index", 5);
    return d && same(w, (ast_node *)inner, lem_ast_add(w, zero, lem_ast_mul(w, d, index))) ? d : NULL;
}

static ast_node *wave(lem_work *w, const ast_node *f) {
    bool sine = is_named(f, "sin"), cosine = is_named(f, "cos"), exponential = is_named(f, "exp");
    ast_node *d = f->n == 1 && (sine || cosine || exponential) ? slope(w, f->kid[0]) : NULL,
             *r = d ? lem_ast_wrap(w, AST_FN, f->kid[0]) : NULL;
    if (!r) return NULL;
    r->name = "exp";
    if (sine) r->name = "cos";
    if (cosine) r->name = "sin";
    r->len = 3;
    r = lem_ast_div(w, r, d);
    return sine ? lem_ast_neg(w, r) : r;
}

static bool is_positive(const ast_node *a) {
    return lem_ast_is_sym(a, "e") || is_infinite(a) || (a->kind == AST_NUM && lem_rat_sign(a->q) > 0);
}

/* x^n; below zero only where both bounds are positive numbers. */
static ast_node *power(lem_work *w, const ast_node *a, const ast_node *low, const ast_node *high) {
    ast_node *e = a->kid[1];
    if (lem_ast_is_sym(a->kid[0], "e")) {
        ast_node *d = slope(w, e);
        return d ? lem_ast_div(w, (ast_node *)a, d) : NULL;
    }
    bool zero = low->kind == AST_NUM && lem_rat_sign(low->q) == 0 && e->kind == AST_NUM &&
                lem_rat_sign(e->q) > 0,
         safe = (is_positive(low) || zero) && is_positive(high);
    if (e->kind != AST_NUM || !lem_ast_is_sym(a->kid[0], "index")) return NULL;
    if (!safe && (lem_rat_sign(e->q) < 0 || !lem_rat_is_int(e->q))) return NULL;
    if (lem_rat_is(e->q, -1)) {
        ast_node *ln = lem_ast_wrap(w, AST_FN, a->kid[0]);
        if (ln) ln->name = "ln", ln->len = 2;
        return ln;
    }
    ast_node *up = lem_ast_add(w, e, integer(w, 1));
    return lem_ast_div(w, lem_ast_pow(w, a->kid[0], up), up);
}

static ast_node *antiderivative(lem_work *w, ast_node *a, const ast_node *low, const ast_node *high,
                                int level) {
    if (level > DEEP || !lem_work_spend(w, 50)) return NULL;
    ast_node *index = lem_ast_named(w, AST_SYM, "index", 5);
    if (!lem_has_index(w, a)) return lem_ast_mul(w, a, index);
    if (a->kind == AST_ADD) {
        ast_node *x = antiderivative(w, a->kid[0], low, high, level + 1);
        return x ? lem_ast_add(w, x, antiderivative(w, a->kid[1], low, high, level + 1)) : NULL;
    }
    if (a->kind == AST_MUL) {
        int k = lem_has_index(w, a->kid[0]); /* the factor without the variable */
        if (k && lem_has_index(w, a->kid[1])) return NULL;
        ast_node *x = antiderivative(w, a->kid[1 - k], low, high, level + 1);
        return x ? lem_ast_mul(w, a->kid[k], x) : NULL;
    }
    if (a->kind == AST_SYM) return ratio(w, lem_ast_pow(w, index, integer(w, 2)), 2);
    if (a->kind == AST_POW) return power(w, a, low, high);
    return a->kind == AST_FN ? wave(w, a) : NULL;
}

/* Boole's rule, which is exact for polynomials of degree 5. */
static ast_node *polynomial_integral(lem_work *w, const ast_node *body, ast_node *low, ast_node *high) {
    static const long weight[] = {7, 32, 12, 32, 7};
    ast_node *difference[DEGREE + 1], *sum = integer(w, 0), *width = minus(w, high, low);
    if (!width || !polynomial(w, body, difference)) return NULL;
    for (long k = 0; k < 5 && sum; k++) {
        ast_node *x = lem_ast_add(w, low, lem_ast_mul(w, width, ratio(w, integer(w, k), 4)));
        ast_node *v = x ? calculus_at(w, body, x) : NULL;
        sum = v ? lem_ast_add(w, sum, lem_ast_mul(w, integer(w, weight[k]), v)) : NULL;
    }
    return sum ? ratio(w, lem_ast_mul(w, width, sum), 90) : NULL;
}

static ast_node *closed_integral(lem_work *w, const ast_node *a) {
    ast_node *low = a->kid[2], *high = a->kid[3];
    if (is_infinite(low) || !lem_ast_is_sym(a->kid[1], "index")) return NULL;
    ast_node *f = antiderivative(w, a->kid[0], low, high, 0);
    if (w->limit) return NULL;
    if (is_infinite(high)) {
        ast_node *top = f ? lem_limit_value(w, f, high) : NULL;
        ast_node *bottom = top ? calculus_at(w, f, low) : NULL;
        return bottom ? minus(w, top, bottom) : NULL;
    }
    if (!f) {
        f = polynomial_integral(w, a->kid[0], low, high);
        return f || w->limit ? f : lem_integral_enclosure(w, a->kid[0], low, high);
    }
    ast_node *top = calculus_at(w, f, high), *bottom = top ? calculus_at(w, f, low) : NULL;
    return bottom ? minus(w, top, bottom) : NULL;
}

/* ---- everywhere in a tree ---- */

static ast_node *closed(lem_work *w, ast_node *a, int level);

/* The node with its kids closed, the node itself where nothing changed. */
static ast_node *with_closed_kids(lem_work *w, ast_node *a, int level) {
    ast_node **kid = lem_work_alloc(w, a->n, sizeof *kid);
    bool same_kids = true;
    for (uint32_t k = 0; kid && k < a->n; k++) {
        if (!(kid[k] = closed(w, a->kid[k], level + 1))) return NULL;
        same_kids = same_kids && kid[k] == a->kid[k];
    }
    if (same_kids) return a;
    return kid ? lem_ast_with_kids(w, a, kid) : NULL;
}

/* Of what is written out; dy/dx of a letter stays. */
static ast_node *closed_derivative(lem_work *w, const ast_node *a) {
    long order;
    ast_node *r = a->kid[0];
    if (r->kind == AST_SYM || !lem_rat_small(a->kid[2]->q, 6, &order)) return NULL;
    for (; r && order > 0; order--) r = lem_derivative(w, r, a->kid[1]);
    return r;
}

/* A form around so many others that have their values: its symbol is the innermost now. */
static ast_node *innermost(lem_work *w, ast_node *a, uint32_t depth) {
    static const char *const outer[] = {"index2", "index3", "index4"};
    if (!depth || depth > 3 || lem_bound_depth(w, a) != 1 || lem_has_index(w, a->kid[0])) return a;
    return lem_ast_replace(w, a, outer[depth - 1], 6, lem_ast_named(w, AST_SYM, "index", 5));
}

/* The value of a form whose parts have theirs; NULL where none is known. */
static ast_node *value_of_form(lem_work *w, const ast_node *a) {
    if (a->kind != AST_FN) return NULL;
    if (a->n == 3 && is_named(a, "sum")) return closed_sum(w, a);
    if (a->n == 3 && is_named(a, "derivative")) return closed_derivative(w, a);
    if (a->n == 4 && is_named(a, "int")) return closed_integral(w, a);
    bool limit = is_named(a, "lim") || is_named(a, "lim+") || is_named(a, "lim-");
    return limit && a->n == 2 ? lem_limit_value(w, a->kid[0], a->kid[1]) : NULL;
}

static ast_node *closed(lem_work *w, ast_node *a, int level) {
    if (level > AST_MAX_DEPTH || !lem_work_spend(w, 8)) return NULL;
    if (!a->n) return a;
    ast_node *r = with_closed_kids(w, a, level), *value = NULL;
    uint32_t depth = lem_bound_depth(w, a->kid[0]);
    if (r) r = innermost(w, r, depth), value = r ? value_of_form(w, r) : NULL;
    return value ? value : r;
}

const ast_node *lem_closed_value(lem_work *w, const ast_node *a) {
    int64_t fuel = w->fuel;
    ast_node *r = closed(w, (ast_node *)a, 0);
    if (w->limit && fuel > 0) w->limit = false; /* what it cost is gone, and the answer stays as it is */
    return r ? r : a;
}
