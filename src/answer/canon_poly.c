/* canon_poly.c - sums of monomials with rational coefficients over atoms: arithmetic, roots, their text */
#include "answer/canon_poly_priv.h"

#include "core/buf.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_TERMS = 256, MAX_FACTORS = 32, MAX_POWER = 16, MAX_PRIME = 1000, MAX_ROOT_BITS = 512 };

static canon_poly *poly_new(lem_work *w, uint32_t n) {
    canon_poly *p = lem_work_alloc(w, 1, sizeof *p);
    if (!p) return NULL;
    p->n = n;
    p->t = lem_work_alloc(w, n, sizeof *p->t);
    return p->t ? p : NULL;
}

static const char *monomial_key(lem_work *w, const canon_term *t) {
    lem_buf b = {0};
    for (uint32_t k = 0; k < t->n; k++) {
        if (k) lem_buf_putc(&b, '*');
        lem_buf_puts(&b, t->f[k].key);
        if (!lem_rat_is(t->f[k].e, 1)) {
            const char *e = lem_rat_text(w, t->f[k].e);
            lem_buf_puts(&b, "^");
            lem_buf_puts(&b, e ? e : "?");
        }
    }
    if (b.failed || !lem_work_spend(w, (int64_t)b.len)) w->limit = true;
    const char *key = w->limit ? NULL : lem_work_strndup(w, lem_buf_str(&b), b.len);
    lem_buf_release(&b);
    return key;
}

static canon_poly *one_term(lem_work *w, lem_rat *c, const char *atom, lem_rat *e) {
    canon_poly *p = c ? poly_new(w, 1) : NULL;
    if (!p || (atom && !e)) return NULL;
    p->t[0].c = c;
    p->t[0].key = "";
    if (lem_rat_sign(c) == 0) p->n = 0;
    if (atom && lem_rat_sign(e) != 0) {
        p->t[0].f = lem_work_alloc(w, 1, sizeof(canon_factor));
        if (!p->t[0].f) return NULL;
        p->t[0].f[0] = (canon_factor){atom, e};
        p->t[0].n = 1;
        p->t[0].key = monomial_key(w, &p->t[0]);
        if (!p->t[0].key) return NULL;
    }
    return p;
}

canon_poly *lem_poly_rational(lem_work *w, lem_rat *c) { return one_term(w, c, NULL, NULL); }
canon_poly *lem_poly_atom(lem_work *w, const char *atom) {
    return one_term(w, lem_rat_int(w, 1), atom, lem_rat_int(w, 1));
}

static int by_key(const void *a, const void *b) {
    return strcmp(((const canon_term *)a)->key, ((const canon_term *)b)->key);
}

/* Sorts the terms and merges equal monomials. */
static canon_poly *collected(lem_work *w, canon_poly *p) {
    if (!p || w->limit) return NULL;
    qsort(p->t, p->n, sizeof *p->t, by_key);
    uint32_t k = 0;
    for (uint32_t i = 0; i < p->n; i++) {
        if (k && strcmp(p->t[k - 1].key, p->t[i].key) == 0) {
            lem_rat *c = lem_rat_add(w, p->t[k - 1].c, p->t[i].c);
            if (!c) return NULL;
            p->t[k - 1].c = c;
        } else p->t[k++] = p->t[i];
        if (k && lem_rat_sign(p->t[k - 1].c) == 0) k--;
    }
    p->n = k;
    return p;
}

canon_poly *lem_poly_add(lem_work *w, const canon_poly *a, const canon_poly *b) {
    if (!a || !b) return NULL;
    if (a->n + b->n > MAX_TERMS) w->limit = true;
    canon_poly *p = w->limit ? NULL : poly_new(w, a->n + b->n);
    if (!p) return NULL;
    memcpy(p->t, a->t, a->n * sizeof *p->t);
    memcpy(p->t + a->n, b->t, b->n * sizeof *p->t);
    return collected(w, p);
}

canon_poly *lem_poly_scale(lem_work *w, const canon_poly *a, lem_rat *c) {
    canon_poly *p = a && c ? poly_new(w, a->n) : NULL;
    if (!p) return NULL;
    for (uint32_t k = 0; k < a->n; k++) {
        p->t[k] = a->t[k];
        if (!(p->t[k].c = lem_rat_mul(w, a->t[k].c, c))) return NULL;
    }
    if (lem_rat_sign(c) == 0) p->n = 0;
    return p;
}

canon_poly *lem_canon_sub(lem_work *w, const canon_poly *a, const canon_poly *b) {
    return lem_poly_add(w, a, b ? lem_poly_scale(w, b, lem_rat_int(w, -1)) : NULL);
}

/* A root of a prime keeps its exponent in [0,1) and i in {0,1}: the rest goes into the coefficient. */
static bool reduce_factor(lem_work *w, canon_factor *f, lem_rat **c) {
    bool root = f->key[0] == '#', imaginary = strcmp(f->key, "i") == 0;
    if (!root && !imaginary) return true;
    mpz_t fl;
    mpz_init(fl);
    mpz_fdiv_q(fl, mpq_numref(f->e->q), mpq_denref(f->e->q));
    bool fits = mpz_fits_slong_p(fl) != 0;
    long k = fits ? mpz_get_si(fl) : 0;
    mpz_clear(fl);
    if (!fits) return w->limit = true, false;
    if (root) {
        if (k == 0) return true;
        lem_rat *base = lem_rat_decimal(w, f->key + 1, strlen(f->key + 1), 0);
        *c = lem_rat_mul(w, *c, lem_rat_pow(w, base, k));
        f->e = lem_rat_sub(w, f->e, lem_rat_int(w, k));
    } else if (lem_rat_is_int(f->e)) {
        long m = ((k % 4) + 4) % 4;
        if (m >= 2) *c = lem_rat_neg(w, *c);
        f->e = lem_rat_int(w, m % 2);
    }
    return *c && f->e;
}

static bool term_mul(lem_work *w, const canon_term *a, const canon_term *b, canon_term *out) {
    lem_rat *c = lem_rat_mul(w, a->c, b->c);
    canon_factor *f = lem_work_alloc(w, a->n + b->n, sizeof *f);
    if (!c || !f) return false;
    uint32_t i = 0, j = 0, n = 0;
    while (i < a->n || j < b->n) {
        int cmp = i == a->n ? 1 : -1;
        if (i < a->n && j < b->n) cmp = strcmp(a->f[i].key, b->f[j].key);
        if (cmp < 0) f[n] = a->f[i++];
        else if (cmp > 0) f[n] = b->f[j++];
        else {
            f[n] = (canon_factor){a->f[i].key, lem_rat_add(w, a->f[i].e, b->f[j].e)};
            i++, j++;
            if (!f[n].e || !reduce_factor(w, &f[n], &c)) return false;
        }
        n += lem_rat_sign(f[n].e) != 0;
    }
    if (n > MAX_FACTORS) w->limit = true;
    *out = (canon_term){c, f, n, NULL};
    out->key = monomial_key(w, out);
    return out->key != NULL;
}

canon_poly *lem_poly_mul(lem_work *w, const canon_poly *a, const canon_poly *b) {
    if (!a || !b) return NULL;
    if ((uint64_t)a->n * b->n > MAX_TERMS * 4) w->limit = true;
    canon_poly *p = w->limit ? NULL : poly_new(w, a->n * b->n);
    if (!p) return NULL;
    for (uint32_t i = 0; i < a->n; i++)
        for (uint32_t j = 0; j < b->n; j++)
            if (!term_mul(w, &a->t[i], &b->t[j], &p->t[i * b->n + j])) return NULL;
    p = collected(w, p);
    if (p && p->n > MAX_TERMS) w->limit = true;
    return w->limit ? NULL : p;
}

/* prime^(power*e) times p */
static canon_poly *times_root(lem_work *w, canon_poly *p, mpz_srcptr prime, unsigned long power,
                              const lem_rat *e) {
    char text[MAX_ROOT_BITS / 3 + 8] = "#";
    mpz_get_str(text + 1, 10, prime);
    canon_factor f = {lem_work_strndup(w, text, strlen(text)),
                      lem_rat_mul(w, e, lem_rat_int(w, (long)power))};
    lem_rat *c = lem_rat_int(w, 1);
    if (!f.key || !f.e || !c || !reduce_factor(w, &f, &c)) return NULL;
    return lem_poly_mul(w, p, one_term(w, c, f.key, f.e));
}

/* z = d^k with k of 2, 3, 1. */
static unsigned long highest_root(mpz_ptr d, mpz_srcptr z) {
    for (unsigned long k = 2; k <= 3; k++)
        if (mpz_root(d, z, k)) return k;
    mpz_set(d, z);
    return 1;
}

/* z^e for an integer z > 0 as a product of prime powers; what trial division leaves is one more atom (or its
 * square or cube root is). */
static canon_poly *integer_root(lem_work *w, mpz_srcptr z, const lem_rat *e) {
    canon_poly *p = lem_poly_rational(w, lem_rat_int(w, 1));
    if (mpz_sizeinbase(z, 2) > MAX_ROOT_BITS) w->limit = true;
    if (!p || w->limit || !lem_work_spend(w, MAX_PRIME)) return NULL;
    mpz_t rest, d;
    mpz_init_set(rest, z);
    mpz_init(d);
    for (unsigned long k = 2; p && k <= MAX_PRIME; k++) {
        unsigned long power = 0;
        if (mpz_cmp_ui(rest, k * k) < 0) break; /* 1 or a prime */
        while (mpz_divisible_ui_p(rest, k)) mpz_divexact_ui(rest, rest, k), power++;
        mpz_set_ui(d, k);
        if (power) p = times_root(w, p, d, power, e);
    }
    if (p && mpz_cmp_ui(rest, 1) != 0) {
        unsigned long power = highest_root(d, rest);
        p = times_root(w, p, d, power, e);
    }
    mpz_clear(d);
    mpz_clear(rest);
    return w->limit ? NULL : p;
}

/* q^e for a fraction e. Odd roots of negatives are real, square roots give i; other roots of negatives stay
 * an atom. */
static canon_poly *rational_root(lem_work *w, const lem_rat *q, const lem_rat *e) {
    int sign = lem_rat_sign(q);
    if (sign == 0) return lem_rat_sign(e) > 0 ? lem_poly_rational(w, lem_rat_int(w, 0)) : NULL;
    canon_poly *unit = lem_poly_rational(w, lem_rat_int(w, 1));
    if (sign < 0) {
        if (mpz_odd_p(mpq_denref(e->q)))
            unit = lem_poly_rational(w, lem_rat_int(w, mpz_odd_p(mpq_numref(e->q)) ? -1 : 1));
        else if (mpz_cmp_ui(mpq_denref(e->q), 2) == 0) {
            canon_factor f = {"i", lem_rat_int(w, (long)mpz_fdiv_ui(mpq_numref(e->q), 4))};
            lem_rat *c = lem_rat_int(w, 1);
            if (!f.e || !c || !reduce_factor(w, &f, &c)) return NULL;
            unit = one_term(w, c, f.key, f.e);
        } else unit = one_term(w, lem_rat_int(w, 1), "(-1)", lem_rat_mul(w, e, lem_rat_int(w, 1)));
    }
    mpz_t n;
    mpz_init(n);
    mpz_abs(n, mpq_numref(q->q));
    canon_poly *a = integer_root(w, n, e);
    mpz_clear(n);
    canon_poly *b = a ? integer_root(w, mpq_denref(q->q), lem_rat_neg(w, e)) : NULL;
    return lem_poly_mul(w, unit, lem_poly_mul(w, a, b));
}

static bool is_positive_atom(const char *key) {
    return key[0] == '#' || strcmp(key, "pi") == 0 || strcmp(key, "e") == 0;
}

static canon_poly *opaque_power(lem_work *w, const canon_poly *p, lem_rat *e) {
    const char *t = lem_canon_poly_text(w, p);
    lem_buf b = {0};
    if (!t) return NULL;
    lem_buf_printf(&b, "(%s)", t);
    const char *key = b.failed ? NULL : lem_work_strndup(w, lem_buf_str(&b), b.len);
    lem_buf_release(&b);
    return key ? one_term(w, lem_rat_int(w, 1), key, e) : NULL;
}

/* May a fraction e be handed to the factor, whatever value its atom has? */
static bool is_power_safe(const canon_term *t, const canon_factor *f) {
    uint32_t unsafe = 0;
    if (is_positive_atom(f->key)) return true;
    for (uint32_t j = 0; j < t->n; j++) unsafe += !is_positive_atom(t->f[j].key);
    return unsafe == 1 && lem_rat_is(f->e, 1) && lem_rat_sign(t->c) >= 0;
}

static canon_poly *term_power(lem_work *w, const canon_poly *p, lem_rat *e) {
    const canon_term *t = &p->t[0];
    bool whole = lem_rat_is_int(e);
    canon_poly *r = whole ? NULL : rational_root(w, t->c, e);
    long k;
    if (whole && !(lem_rat_small(e, 1000000, &k) && lem_rat_pow_fits(t->c, k)))
        return opaque_power(w, p, e); /* too large to write out */
    if (whole) r = lem_poly_rational(w, lem_rat_pow(w, t->c, k));
    for (uint32_t j = 0; r && j < t->n; j++) {
        canon_factor f = {t->f[j].key, lem_rat_mul(w, t->f[j].e, e)};
        lem_rat *c = lem_rat_int(w, 1);
        if (!f.e || !c) return NULL;
        if (!whole && !is_power_safe(t, &t->f[j])) return opaque_power(w, p, e);
        if (!reduce_factor(w, &f, &c)) return NULL;
        r = lem_poly_mul(w, r, one_term(w, c, f.key, f.e));
    }
    return r;
}

canon_poly *lem_canon_primitive(lem_work *w, const canon_poly *p, bool sign) {
    if (!p || p->n == 0) return lem_poly_scale(w, p, lem_rat_int(w, 1));
    lem_rat *c = p->t[0].c;
    if (!sign && lem_rat_sign(c) < 0) c = lem_rat_neg(w, c);
    return lem_poly_scale(w, p, lem_rat_div(w, lem_rat_int(w, 1), c));
}

static canon_poly *written_out(lem_work *w, const canon_poly *p, long k) {
    canon_poly *r = lem_poly_scale(w, p, lem_rat_int(w, 1));
    for (long j = 1; r && j < k; j++) r = lem_poly_mul(w, r, p);
    return r;
}

canon_poly *lem_poly_power(lem_work *w, const canon_poly *p, lem_rat *e) {
    long k;
    if (!p || !e) return NULL;
    if (lem_rat_sign(e) == 0) return lem_poly_rational(w, lem_rat_int(w, 1));
    if (p->n == 0) return lem_rat_sign(e) > 0 ? lem_poly_rational(w, lem_rat_int(w, 0)) : NULL;
    if (p->n == 1) return term_power(w, p, e);
    if (lem_rat_small(e, MAX_POWER, &k) && k > 0) return written_out(w, p, k);
    bool whole = lem_rat_is_int(e);
    canon_poly *prim = lem_canon_primitive(w, p, whole);
    if (!prim) return NULL;
    lem_rat *c = p->t[0].c;
    if (!whole && lem_rat_sign(c) < 0) c = lem_rat_neg(w, c);
    canon_poly *content = term_power(w, lem_poly_rational(w, c), e);
    return content ? lem_poly_mul(w, content, opaque_power(w, prim, e)) : NULL;
}

lem_rat *lem_canon_rational(lem_work *w, const canon_poly *p) {
    if (!p || p->n > 1) return NULL;
    if (p->n == 0) return lem_rat_int(w, 0);
    return p->t[0].n == 0 ? p->t[0].c : NULL;
}

const char *lem_canon_poly_text(lem_work *w, const canon_poly *p) {
    if (!p) return NULL;
    lem_buf b = {0};
    for (uint32_t k = 0; k < p->n; k++) {
        const char *c = lem_rat_text(w, p->t[k].c);
        if (!c) break;
        if (k && c[0] != '-') lem_buf_putc(&b, '+');
        if (!p->t[k].key[0]) lem_buf_puts(&b, c);
        else if (lem_rat_is(p->t[k].c, 1)) lem_buf_puts(&b, p->t[k].key);
        else if (lem_rat_is(p->t[k].c, -1)) lem_buf_printf(&b, "-%s", p->t[k].key);
        else lem_buf_printf(&b, "%s*%s", c, p->t[k].key);
    }
    if (p->n == 0) lem_buf_putc(&b, '0');
    const char *t =
        !b.failed && lem_work_spend(w, (int64_t)b.len) ? lem_work_strndup(w, lem_buf_str(&b), b.len) : NULL;
    lem_buf_release(&b);
    return w->limit ? NULL : t;
}

bool lem_canon_is_unique(const canon_poly *p) {
    bool pi = false, euler = false;
    for (uint32_t k = 0; k < p->n; k++)
        for (uint32_t j = 0; j < p->t[k].n; j++) {
            const canon_factor *f = &p->t[k].f[j];
            if (strcmp(f->key, "infty") == 0 || strchr(f->key, '(')) return false;
            if (f->key[0] == '#') { /* square roots of different products of true primes (here at most 997)
                                       are independent over the rationals */
                if (mpz_cmp_ui(mpq_denref(f->e->q), 2) != 0 || strlen(f->key) > 4) return false;
            } else if (!lem_rat_is_int(f->e)) return false;
            pi = pi || strcmp(f->key, "pi") == 0;
            euler = euler || strcmp(f->key, "e") == 0;
        }
    return !(pi && euler); /* either is transcendental; of both together nothing is known */
}
