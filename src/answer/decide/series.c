/* series.c - infinite sums of z^k times a rational function of k, as certified balls
 *
 * |z| < 1: terms up to K, and a geometric bound for the rest. z = 1: terms up to K; behind it the rational
 * function is its expansion in 1/k, so that the rest is a sum of Hurwitz zeta values, cut off with a bound
 * from Cauchy's estimate on a circle inside all poles. z = -1: two terms at a time. */
#include "answer/calculus_priv.h"

#include "answer/decide/enclosure_priv.h"

#include <math.h>

enum {
    PREC = 160,
    GOAL = 110,
    MAX_DEGREE = 24,
    MAX_TERMS = 4000,
    FIRST_TERMS = 256,
    MAX_POWERS = 96,
    DEEP = 40,
    MAX_COEFF_BITS = 512
};

/* num/den z^k */
typedef struct term {
    fmpq_poly_t num, den;
    fmpq_t z;
} term;

static void term_init(term *t) {
    fmpq_poly_init(t->num);
    fmpq_poly_init(t->den);
    fmpq_poly_one(t->num);
    fmpq_poly_one(t->den);
    fmpq_init(t->z);
    fmpq_one(t->z);
}
static void term_clear(term *t) {
    fmpq_poly_clear(t->num);
    fmpq_poly_clear(t->den);
    fmpq_clear(t->z);
}

static bool small(const term *t) {
    return fmpq_poly_degree(t->num) <= MAX_DEGREE && fmpq_poly_degree(t->den) <= MAX_DEGREE &&
           _fmpz_vec_max_bits(t->num->coeffs, t->num->length) <= MAX_COEFF_BITS &&
           _fmpz_vec_max_bits(t->den->coeffs, t->den->length) <= MAX_COEFF_BITS &&
           fmpz_bits(fmpq_numref(t->z)) <= MAX_COEFF_BITS && fmpz_bits(fmpq_denref(t->z)) <= MAX_COEFF_BITS;
}

static bool read_term(lem_work *w, const ast_node *a, term *t, int level);

static bool multiply(term *t, const term *x) {
    fmpq_poly_mul(t->num, t->num, x->num);
    fmpq_poly_mul(t->den, t->den, x->den);
    fmpq_mul(t->z, t->z, x->z);
    return small(t);
}

static bool add(term *t, const term *x) {
    fmpq_poly_t left;
    if (!fmpq_equal(t->z, x->z)) return false;
    fmpq_poly_init(left);
    fmpq_poly_mul(left, x->num, t->den);
    fmpq_poly_mul(t->num, t->num, x->den);
    fmpq_poly_add(t->num, t->num, left);
    fmpq_poly_mul(t->den, t->den, x->den);
    fmpq_poly_clear(left);
    return small(t);
}

static bool raised(term *t, long e) {
    if (e < 0) {
        if (fmpq_poly_is_zero(t->num) || fmpq_is_zero(t->z)) return false;
        fmpq_poly_swap(t->num, t->den);
    }
    ulong n = (ulong)(e < 0 ? -e : e);
    if (n > MAX_DEGREE) return false;
    fmpq_poly_pow(t->num, t->num, n);
    fmpq_poly_pow(t->den, t->den, n);
    fmpq_pow_si(t->z, t->z, e);
    return small(t);
}

/* b^(s k + c) for rational b, whole s and c. */
static bool exponential(lem_work *w, const lem_rat *b, const ast_node *e, term *t) {
    term x;
    term_init(&x);
    slong s, c;
    fmpq_t v;
    fmpq_init(v);
    bool ok = read_term(w, e, &x, 0) && fmpq_is_one(x.z) && fmpq_poly_degree(x.den) == 0 &&
              fmpq_poly_degree(x.num) <= 1;
    if (ok) {
        fmpq_poly_scalar_div_fmpz(x.num, x.num, x.den->coeffs);
        fmpq_poly_scalar_mul_fmpz(x.num, x.num, fmpq_poly_denref(x.den));
        ok = fmpz_is_one(fmpq_poly_denref(x.num));
        s = x.num->length > 1 ? fmpz_get_si(x.num->coeffs + 1) : 0;
        c = x.num->length > 0 ? fmpz_get_si(x.num->coeffs) : 0;
        ok = ok && s >= -8 && s <= 8 && c >= -64 && c <= 64 && lem_rat_sign(b) != 0;
    }
    if (ok) {
        fmpq_set_mpq(v, b->q);
        fmpq_pow_si(t->z, v, s);
        fmpq_pow_si(v, v, c);
        fmpq_poly_set_fmpq(t->num, v);
        ok = small(t);
    }
    fmpq_clear(v);
    term_clear(&x);
    return ok;
}

static bool read_pair(lem_work *w, const ast_node *a, term *t, int level) {
    term x;
    term_init(&x);
    bool ok = read_term(w, a->kid[0], t, level + 1) && read_term(w, a->kid[1], &x, level + 1) &&
              (a->kind == AST_ADD ? add(t, &x) : multiply(t, &x));
    term_clear(&x);
    return ok;
}

/* t starts as 1. */
static bool read_term(lem_work *w, const ast_node *a, term *t, int level) {
    long e;
    if (level > DEEP || !lem_work_spend(w, 200)) return false;
    if (a->kind == AST_NUM) {
        fmpq_t q;
        fmpq_init(q);
        fmpq_set_mpq(q, a->q->q);
        fmpq_poly_set_fmpq(t->num, q);
        fmpq_clear(q);
        return small(t);
    }
    if (lem_ast_is_sym(a, "index")) {
        fmpq_poly_set_coeff_si(t->num, 1, 1);
        fmpq_poly_set_coeff_si(t->num, 0, 0);
        return true;
    }
    if (a->kind == AST_ADD || a->kind == AST_MUL) return read_pair(w, a, t, level);
    if (a->kind != AST_POW) return false;
    if (a->kid[1]->kind == AST_NUM)
        return lem_rat_small(a->kid[1]->q, MAX_DEGREE, &e) && read_term(w, a->kid[0], t, level + 1) &&
               raised(t, e);
    return a->kid[0]->kind == AST_NUM && exponential(w, a->kid[0]->q, a->kid[1], t);
}

/* ---- values ---- */

/* num(k)/den(k); false at a pole. */
static bool value_at(const term *t, slong k, arb_t v) {
    fmpq_t n, d, x;
    fmpq_init(n);
    fmpq_init(d);
    fmpq_init(x);
    fmpq_set_si(x, k, 1);
    fmpq_poly_evaluate_fmpq(n, t->num, x);
    fmpq_poly_evaluate_fmpq(d, t->den, x);
    bool ok = !fmpq_is_zero(d);
    if (ok) {
        fmpq_div(n, n, d);
        arb_set_fmpq(v, n, PREC);
    }
    fmpq_clear(n);
    fmpq_clear(d);
    fmpq_clear(x);
    return ok;
}

/* The sum of absolute values of the coefficients, over that of the leading one: all roots lie within. */
static double relative_size(const fmpq_poly_t p) {
    double lead = fabs(fmpz_get_d(p->coeffs + p->length - 1)), all = 0;
    for (slong k = 0; k < p->length; k++) all += fabs(fmpz_get_d(p->coeffs + k));
    return lead > 0 ? all / lead * (1 + 1e-9) : 1e300;
}

/* |num/den| <= bound k^(degree) for k >= K >= 2 A, A a bound of den's roots: |den(k)| >= lead (k/2)^n,
 * |num(k)| <= (sum of |coefficients|) k^m. */
static double growth(const term *t) {
    double num = 0, lead = fabs(fmpz_get_d(t->den->coeffs + t->den->length - 1)) /
                           fmpz_get_d(fmpq_poly_denref(t->den));
    for (slong k = 0; k < t->num->length; k++) num += fabs(fmpz_get_d(t->num->coeffs + k));
    num /= fmpz_get_d(fmpq_poly_denref(t->num));
    return num / lead * ldexp(1, (int)fmpq_poly_degree(t->den)) * (1 + 1e-9);
}

/* Adds the terms from `from` up to before `to`. */
static bool add_terms(lem_work *w, const term *t, slong from, slong to, arb_t sum) {
    arb_t v, z, p;
    arb_init(v);
    arb_init(z);
    arb_init(p);
    arb_set_fmpq(z, t->z, PREC);
    arb_pow_ui(p, z, (ulong)(from < 0 ? -from : from), PREC);
    if (from < 0) arb_inv(p, p, PREC);
    bool ok = true;
    for (slong k = from; k < to && ok; k++) {
        ok = lem_work_spend(w, 60) && value_at(t, k, v);
        arb_addmul(sum, v, p, PREC);
        arb_mul(p, p, z, PREC);
    }
    arb_clear(v);
    arb_clear(z);
    arb_clear(p);
    return ok;
}

static bool geometric(lem_work *w, const term *t, slong from, arb_t sum) {
    double z = fabs(fmpq_get_d(t->z)), roots = relative_size(t->den), bound = growth(t), rest = 1;
    long d = (long)(fmpq_poly_degree(t->num) - fmpq_poly_degree(t->den));
    if (4 * roots > MAX_TERMS || z > 0.99) return false;
    slong to = from;
    for (to = (slong)(2 * roots) + 4 > from + 16 ? (slong)(2 * roots) + 4 : from + 16; to < from + MAX_TERMS;
         to += 16) {
        double k = (double)to, q = z * (d > 0 ? pow(1 + 1 / k, (double)d) : 1);
        if (q >= 0.999) continue;
        rest = bound * pow(k, (double)d) * pow(z, k) / (1 - q) * (1 + 1e-6);
        if (rest < ldexp(1, -GOAL)) break;
    }
    if (!(rest < ldexp(1, -GOAL)) || !add_terms(w, t, from, to, sum)) return false;
    mag_t m;
    mag_init(m);
    mag_set_d(m, rest);
    arb_add_error_mag(sum, m);
    mag_clear(m);
    return true;
}

/* Coefficients of num/den in powers of 1/k, from k^(-shift) on. */
static void expansion(const term *t, slong powers, fmpq_poly_t out) {
    fmpq_poly_t n, d;
    fmpq_poly_init(n);
    fmpq_poly_init(d);
    fmpq_poly_reverse(n, t->num, t->num->length);
    fmpq_poly_reverse(d, t->den, t->den->length);
    fmpq_poly_div_series(out, n, d, powers);
    fmpq_poly_clear(n);
    fmpq_poly_clear(d);
}

/* The sum over k >= K of num/den from its expansion; K >= 8 A. On |1/k| = 1/(2A) the reversed denominator is
 * at least lead 2^-n and the reversed numerator at most the sum of its coefficients, as A >= 1; so the j-th
 * coefficient is at most growth (2A)^j, and zeta(s, K) <= K^-s (1 + K). */
static bool add_tail(lem_work *w, const term *t, slong K, double roots, arb_t sum) {
    slong shift = t->den->length - t->num->length, powers = 8;
    double ratio = 2 * roots / (double)K, bound = growth(t), rest;
    for (;; powers += 4) {
        if (powers > MAX_POWERS) return false;
        rest = bound * pow(ratio, (double)powers) * pow((double)K, -(double)shift) * (1 + (double)K) /
               (1 - ratio);
        if (rest * (1 + 1e-6) < ldexp(1, -GOAL)) break;
    }
    if (!lem_work_spend(w, powers * 4000)) return false;
    fmpq_poly_t c;
    acb_t s, a, zeta;
    fmpq_t q;
    arb_t x;
    fmpq_poly_init(c);
    acb_init(s);
    acb_init(a);
    acb_init(zeta);
    fmpq_init(q);
    arb_init(x);
    expansion(t, powers, c);
    acb_set_si(a, K);
    for (slong j = 0; j < c->length; j++) {
        fmpq_poly_get_coeff_fmpq(q, c, j);
        if (fmpq_is_zero(q)) continue;
        acb_set_si(s, shift + j);
        acb_hurwitz_zeta(zeta, s, a, PREC);
        arb_set_fmpq(x, q, PREC);
        arb_addmul(sum, x, acb_realref(zeta), PREC);
    }
    mag_t m;
    mag_init(m);
    mag_set_d(m, rest * (1 + 1e-6));
    arb_add_error_mag(sum, m);
    mag_clear(m);
    fmpq_poly_clear(c);
    acb_clear(s);
    acb_clear(a);
    acb_clear(zeta);
    fmpq_clear(q);
    arb_clear(x);
    return true;
}

/* z = 1, degree of the denominator at least two more. */
static bool rational(lem_work *w, const term *t, slong from, arb_t sum) {
    double roots = relative_size(t->den);
    if (t->den->length - t->num->length < 2 || roots > 400) return false;
    if (roots < 1) roots = 1;
    slong K = (slong)(8 * roots) + 1 > FIRST_TERMS ? (slong)(8 * roots) + 1 : FIRST_TERMS;
    if (K < from + 1) K = from + 1;
    return K - from <= 2 * MAX_TERMS && add_terms(w, t, from, K, sum) && add_tail(w, t, K, roots, sum);
}

/* num/den at from + 2j + odd, as a function of j. */
static void every_second(const term *t, slong first, term *out) {
    fmpq_poly_t x;
    fmpq_poly_init(x);
    fmpq_poly_set_coeff_si(x, 1, 2);
    fmpq_poly_set_coeff_si(x, 0, first);
    fmpq_poly_compose(out->num, t->num, x);
    fmpq_poly_compose(out->den, t->den, x);
    fmpq_poly_clear(x);
}

static bool alternating(lem_work *w, const term *t, slong from, arb_t sum) {
    term even, odd;
    term_init(&even);
    term_init(&odd);
    every_second(t, from, &even);
    every_second(t, from + 1, &odd);
    fmpq_poly_neg(odd.num, odd.num);
    bool ok = add(&even, &odd) && !fmpq_poly_is_zero(even.num) && rational(w, &even, 0, sum);
    if (ok && from % 2) arb_neg(sum, sum);
    term_clear(&even);
    term_clear(&odd);
    return ok;
}

ast_node *lem_series_enclosure(lem_work *w, const ast_node *body, long from) {
    term t;
    arb_t sum;
    fmpq_t minus_one;
    term_init(&t);
    arb_init(sum);
    fmpq_init(minus_one);
    fmpq_set_si(minus_one, -1, 1);
    bool ok = from >= -1000 && from <= 1000 && read_term(w, body, &t, 0) && !fmpq_poly_is_zero(t.num);
    if (ok && fmpq_is_one(t.z)) ok = rational(w, &t, from, sum);
    else if (ok && fmpq_equal(t.z, minus_one)) ok = alternating(w, &t, from, sum);
    else if (ok) ok = geometric(w, &t, from, sum);
    ast_node *r = ok && !w->limit ? lem_ball_enclosed(w, sum) : NULL;
    fmpq_clear(minus_one);
    arb_clear(sum);
    term_clear(&t);
    flint_cleanup();
    return r;
}
