/* shape_inequality.c - where a rational function of one symbol is positive, negative or zero
 *
 * lhs - rhs becomes a quotient of polynomials with rational coefficients; their irreducible factors of degree
 * 1 and 2 give the real zeros and poles in radicals, and the parity of the multiplicities gives the signs
 * between them, from plus infinity down. Factors of higher degree are left alone: then nothing is said. */
#include "answer/shape_priv.h"

#include "answer/decide/decide_priv.h"
#include "answer/decide/flint_priv.h"

#include <flint/fmpq_poly.h>
#include <flint/fmpz_poly.h>
#include <flint/fmpz_poly_factor.h>
#include <flint/fmpz_vec.h>

#include <string.h>

enum { MAX_DEGREE = 12, MAX_BITS = 600, MAX_ROOTS = 16, COST = 4000 };

typedef struct quotient {
    fmpq_poly_t num, den;
} quotient;

static bool is_small(const fmpq_poly_t p) {
    slong bits = _fmpz_vec_max_bits(p->coeffs, p->length);
    return fmpq_poly_degree(p) <= MAX_DEGREE && (bits < 0 ? -bits : bits) <= MAX_BITS &&
           fmpz_bits(p->den) <= MAX_BITS;
}

static bool read_quotient(lem_work *w, const ast_node *a, const ast_node *x, quotient *out);

static bool fold(lem_work *w, const ast_node *a, const ast_node *x, quotient *out) {
    quotient t;
    bool ok = true;
    fmpq_poly_init(t.num);
    fmpq_poly_init(t.den);
    fmpq_poly_set_si(out->num, a->kind == AST_MUL);
    fmpq_poly_set_si(out->den, 1);
    for (uint32_t k = 0; ok && k < a->n; k++) {
        ok = read_quotient(w, a->kid[k], x, &t);
        if (!ok) break;
        if (a->kind == AST_MUL) fmpq_poly_mul(out->num, out->num, t.num);
        else {
            fmpq_poly_mul(out->num, out->num, t.den);
            fmpq_poly_mul(t.num, t.num, out->den);
            fmpq_poly_add(out->num, out->num, t.num);
        }
        fmpq_poly_mul(out->den, out->den, t.den);
        ok = is_small(out->num) && is_small(out->den);
    }
    fmpq_poly_clear(t.num);
    fmpq_poly_clear(t.den);
    return ok;
}

static void set_rational(fmpq_poly_t p, const lem_rat *r) {
    fmpq_t q;
    fmpq_init(q);
    fmpq_set_mpq(q, r->q);
    fmpq_poly_set_fmpq(p, q);
    fmpq_clear(q);
}

static bool read_constant(const lem_rat *q, quotient *out) {
    if (mpz_sizeinbase(mpq_numref(q->q), 2) > MAX_BITS || mpz_sizeinbase(mpq_denref(q->q), 2) > MAX_BITS)
        return false;
    set_rational(out->num, q);
    fmpq_poly_set_si(out->den, 1);
    return true;
}

static bool read_symbol(const ast_node *a, const ast_node *x, quotient *out) {
    if (!lem_ast_same_name(a, x)) return false;
    fmpq_poly_zero(out->num);
    fmpq_poly_set_coeff_si(out->num, 1, 1);
    fmpq_poly_set_si(out->den, 1);
    return true;
}

static bool read_power(lem_work *w, const ast_node *a, const ast_node *x, quotient *out) {
    long e;
    if (a->kid[1]->kind != AST_NUM || !lem_rat_small(a->kid[1]->q, MAX_DEGREE, &e) ||
        !read_quotient(w, a->kid[0], x, out))
        return false;
    if (e < 0) fmpq_poly_swap(out->num, out->den);
    long n = e < 0 ? -e : e;
    if (fmpq_poly_degree(out->num) * n > MAX_DEGREE || fmpq_poly_degree(out->den) * n > MAX_DEGREE)
        return false;
    fmpq_poly_pow(out->num, out->num, (ulong)n);
    fmpq_poly_pow(out->den, out->den, (ulong)n);
    return !fmpq_poly_is_zero(out->den) && is_small(out->num) && is_small(out->den);
}

static bool read_quotient(lem_work *w, const ast_node *a, const ast_node *x, quotient *out) {
    if (!lem_work_spend(w, 200)) return false;
    switch (a->kind) {
    case AST_NUM: return read_constant(a->q, out);
    case AST_SYM: return read_symbol(a, x, out);
    case AST_ADD:
    case AST_MUL: return fold(w, a, x, out);
    case AST_POW: return read_power(w, a, x, out);
    default: return false;
    }
}

typedef struct root {
    ast_node *at;
    bool pole, turns; /* turns: the sign changes here */
} root;

typedef struct roots {
    root r[MAX_ROOTS];
    uint32_t n;
    int sign; /* at plus infinity */
} roots;

static ast_node *coefficient(lem_work *w, const fmpz_poly_struct *p, slong k) {
    lem_rat *q = lem_rat_int(w, 0);
    fmpz_t c;
    if (!q) return NULL;
    fmpz_init(c);
    fmpz_poly_get_coeff_fmpz(c, p, k);
    fmpz_get_mpz(mpq_numref(q->q), c);
    fmpz_clear(c);
    return lem_ast_num(w, q);
}

static bool add_root(roots *out, ast_node *at, bool pole, bool turns) {
    if (!at || out->n == MAX_ROOTS) return false;
    out->r[out->n++] = (root){at, pole, turns};
    return true;
}

/* The real roots of an irreducible factor a x^2 + b x + c or b x + c. */
static bool factor_roots(lem_work *w, const fmpz_poly_struct *p, bool pole, bool turns, roots *out) {
    slong degree = fmpz_poly_degree(p);
    if (degree > 2) return false;
    ast_node *c = coefficient(w, p, 0), *b = coefficient(w, p, 1);
    if (!c || !b) return false;
    if (degree == 1) return add_root(out, lem_ast_div(w, lem_ast_neg(w, c), b), pole, turns);
    ast_node *a = coefficient(w, p, 2),
             *ac = a ? lem_ast_mul(w, lem_ast_int(w, 4), lem_ast_mul(w, a, c)) : NULL;
    ast_node *d = ac ? lem_ast_add(w, lem_ast_mul(w, b, b), lem_ast_neg(w, ac)) : NULL;
    if (!d || d->kind != AST_NUM) return false;
    if (lem_rat_sign(d->q) < 0) return true;
    ast_node *half = lem_ast_div(w, lem_ast_int(w, 1), lem_ast_int(w, 2)),
             *s = half ? lem_ast_pow(w, d, half) : NULL;
    ast_node *twice = lem_ast_mul(w, lem_ast_int(w, 2), a), *minus = s ? lem_ast_neg(w, s) : NULL;
    if (!twice || !minus) return false;
    return add_root(out, lem_ast_div(w, lem_ast_add(w, lem_ast_neg(w, b), s), twice), pole, turns) &&
           add_root(out, lem_ast_div(w, lem_ast_add(w, lem_ast_neg(w, b), minus), twice), pole, turns);
}

static bool poly_roots(lem_work *w, const fmpq_poly_t p, bool pole, roots *out) {
    fmpz_poly_t z;
    fmpz_poly_factor_t f;
    bool ok = true;
    fmpz_poly_init(z);
    fmpz_poly_factor_init(f);
    fmpq_poly_get_numerator(z, p);
    if (fmpz_sgn(fmpz_poly_lead(z)) < 0) out->sign = -out->sign;
    fmpz_poly_factor(f, z);
    for (slong k = 0; ok && k < f->num; k++) ok = factor_roots(w, f->p + k, pole, f->exp[k] % 2 != 0, out);
    fmpz_poly_factor_clear(f);
    fmpz_poly_clear(z);
    return ok;
}

static bool sort_roots(lem_work *w, roots *l) {
    for (uint32_t i = 1; i < l->n; i++)
        for (uint32_t k = i; k > 0; k--) {
            int o = lem_decide_order(w, l->r[k - 1].at, l->r[k].at);
            if (o != 1 && o != -1) return false; /* equal roots cannot be: the factors have no common one */
            if (o < 0) break;
            root t = l->r[k];
            l->r[k] = l->r[k - 1];
            l->r[k - 1] = t;
        }
    return true;
}

static bool holds(char op, int sign) {
    switch (op) {
    case '<': return sign < 0;
    case 'l': return sign <= 0;
    case '>': return sign > 0;
    case 'g': return sign >= 0;
    case 'n': return sign != 0;
    default: return false;
    }
}

static bool add_piece(region *r, region_end lo, region_end hi) {
    if (r->n == REGION_MAX) return false;
    r->piece[r->n++] = (region_piece){lo, hi};
    return true;
}

/* The sign below all roots. */
static int lowest_sign(const roots *l) {
    int sign = l->sign;
    for (uint32_t k = 0; k < l->n; k++)
        if (l->r[k].turns) sign = -sign;
    return sign;
}

/* From the lowest root up: the open intervals and the points where op holds, joined where they touch. */
static bool pieces(const roots *l, char op, region *out) {
    int sign = lowest_sign(l);
    bool open = holds(op, sign); /* a piece runs */
    region_end from = {NULL, false};
    for (uint32_t k = 0; k < l->n; k++) {
        bool at = !l->r[k].pole && holds(op, 0);
        if (l->r[k].turns) sign = -sign;
        bool after = holds(op, sign);
        if (open && at && after) continue;
        region_end here = {l->r[k].at, at};
        if (open && !add_piece(out, from, here)) return false;
        if (!open && at && !after && !add_piece(out, here, here)) return false;
        if (after) from = here;
        open = after;
    }
    return !open || add_piece(out, from, (region_end){NULL, false});
}

bool lem_shape_solve_inequality(lem_work *w, const ast_node *lhs, char op, const ast_node *rhs, region *out) {
    const ast_node *sym[1];
    ast_node *d = lem_ast_add(w, (ast_node *)lhs, lem_ast_neg(w, (ast_node *)rhs));
    if (!d || !strchr("<>lgn", op) || lem_shape_symbols(w, d, sym, 1) != 1 || !lem_work_spend(w, COST))
        return false;
    quotient q;
    roots l = {.sign = 1};
    fmpq_poly_init(q.num);
    fmpq_poly_init(q.den);
    bool ok = read_quotient(w, d, sym[0], &q) && !fmpq_poly_is_zero(q.num) && !fmpq_poly_is_zero(q.den);
    if (ok) {
        fmpq_poly_t common;
        fmpq_poly_init(common);
        fmpq_poly_gcd(common, q.num, q.den);
        ok = fmpq_poly_degree(common) == 0; /* else a hole, where the quotient has no value */
        fmpq_poly_clear(common);
    }
    ok = ok && poly_roots(w, q.num, false, &l) && poly_roots(w, q.den, true, &l);
    fmpq_poly_clear(q.num);
    fmpq_poly_clear(q.den);
    if (!ok || !sort_roots(w, &l)) return false;
    *out = (region){.sorted = true, .unsolved = true, .var = sym[0]};
    return pieces(&l, op, out);
}
