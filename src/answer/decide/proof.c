/* proof.c - two rational functions over kernels compared as polynomials */
#include "answer/decide/flint_priv.h"
#include "answer/decide/proof_priv.h"

#include <string.h>

enum { MAX_KERNELS = 16, MAX_NODES = 600, MAX_DEGREE = 256, MAX_TERMS = 20000, MAX_COEFF_BITS = 4096 };

typedef struct fraction {
    fmpz_mpoly_struct num, den;
    bool set, bad; /* bad: too large; still good for the argument of a kernel */
} fraction;

typedef struct proof {
    dag *d;
    const residues *r;
    fmpz_mpoly_ctx_t ctx;
    fraction *f;
    uint8_t *need;
    uint32_t n, kernels;
    uint32_t kernel[MAX_KERNELS];
} proof;

/* A power of a number that is too large to write out is one too. */
static bool is_kernel(const dag *d, const dag_node *x) {
    if (x->op == DAG_POW) return lem_dag_is(d, x->a, DAG_RAT);
    return x->op != DAG_RAT && x->op != DAG_ADD && x->op != DAG_MUL;
}
/* Later kernels, which may have earlier ones inside, are the greater variables. */
static slong variable(const proof *p, uint32_t kernel) { return (slong)(p->kernels - 1 - kernel); }

static slong coeff_bits(const fmpz_mpoly_struct *x) {
    slong bits = fmpz_mpoly_max_bits(x); /* negative when a coefficient is */
    return bits < 0 ? -bits : bits;
}

static bool small(const proof *p, const fmpz_mpoly_struct *x) {
    if (fmpz_mpoly_length(x, p->ctx) > MAX_TERMS || coeff_bits(x) > MAX_COEFF_BITS) return false;
    return fmpz_mpoly_is_zero(x, p->ctx) || (fmpz_mpoly_total_degree_fits_si(x, p->ctx) &&
                                             fmpz_mpoly_total_degree_si(x, p->ctx) <= MAX_DEGREE);
}

/* Terms are about 60 ns each, more with long coefficients. */
static bool product(proof *p, fmpz_mpoly_struct *r, const fmpz_mpoly_struct *x, const fmpz_mpoly_struct *y) {
    int64_t n = fmpz_mpoly_length(x, p->ctx), m = fmpz_mpoly_length(y, p->ctx);
    slong bits = coeff_bits(x) + coeff_bits(y);
    if (bits > MAX_COEFF_BITS || !lem_work_spend(p->d->w, 40 + n * m * (6 + bits / 64 * 2))) return false;
    fmpz_mpoly_mul(r, x, y, p->ctx);
    return small(p, r);
}

/* C(len + k - 1, k) bounds the terms of a k-th power. */
static bool power(proof *p, fmpz_mpoly_struct *r, const fmpz_mpoly_struct *x, ulong k) {
    ulong n = (ulong)fmpz_mpoly_length(x, p->ctx), terms = 1;
    slong bits = coeff_bits(x) + (slong)FLINT_BIT_COUNT(n);
    if (k > MAX_DEGREE || bits * (slong)k > MAX_COEFF_BITS) return false;
    for (ulong j = 1; j <= k && terms <= MAX_TERMS; j++) terms = terms * (n + j - 1) / j;
    if (n > 1 && terms > MAX_TERMS) return false;
    if (!lem_work_spend(p->d->w, 40 + (int64_t)(n * terms) * (6 + bits * (slong)k / 64 * 2))) return false;
    return fmpz_mpoly_pow_ui(r, x, k, p->ctx) && small(p, r);
}

static bool copy(proof *p, fraction *r, const fraction *x) {
    fmpz_mpoly_set(&r->num, &x->num, p->ctx);
    fmpz_mpoly_set(&r->den, &x->den, p->ctx);
    return true;
}

static bool add(proof *p, fraction *r, const fraction *x, const fraction *y) {
    if (fmpz_mpoly_equal(&x->den, &y->den, p->ctx)) {
        fmpz_mpoly_add(&r->num, &x->num, &y->num, p->ctx);
        fmpz_mpoly_set(&r->den, &x->den, p->ctx);
        return small(p, &r->num);
    }
    fmpz_mpoly_t t;
    fmpz_mpoly_init(t, p->ctx);
    bool ok = product(p, &r->num, &x->num, &y->den) && product(p, t, &y->num, &x->den) &&
              product(p, &r->den, &x->den, &y->den);
    if (ok) fmpz_mpoly_add(&r->num, &r->num, t, p->ctx);
    fmpz_mpoly_clear(t, p->ctx);
    return ok && small(p, &r->num);
}

static bool raised(proof *p, fraction *r, const fraction *x, long k) {
    if (k < 0 && fmpz_mpoly_is_zero(&x->num, p->ctx)) return false;
    ulong m = k < 0 ? 0UL - (ulong)k : (ulong)k;
    bool ok = power(p, &r->num, &x->num, m) && power(p, &r->den, &x->den, m);
    if (ok && k < 0) fmpz_mpoly_swap(&r->num, &r->den, p->ctx);
    return ok;
}

/* x = y as they stand, without relations */
static bool same_fraction(proof *p, const fraction *x, const fraction *y) {
    fmpz_mpoly_t s, t;
    fmpz_mpoly_init(s, p->ctx);
    fmpz_mpoly_init(t, p->ctx);
    bool same =
        product(p, s, &x->num, &y->den) && product(p, t, &y->num, &x->den) && fmpz_mpoly_equal(s, t, p->ctx);
    fmpz_mpoly_clear(s, p->ctx);
    fmpz_mpoly_clear(t, p->ctx);
    return same;
}

static bool same_head(const dag_node *x, const dag_node *y) {
    return x->op == y->op && x->k == y->k && x->len == y->len &&
           (!x->len || memcmp(x->name, y->name, x->len) == 0);
}

/* A kernel like an earlier one, of arguments that are equal, is that one. */
static bool set_kernel(proof *p, uint32_t k) {
    fraction *f = &p->f[k];
    const dag_node *x = &p->d->node[k];
    for (uint32_t j = 0; j < p->kernels && p->kernel[j] < k; j++) {
        const dag_node *y = &p->d->node[p->kernel[j]];
        if (p->r->r[k] != p->r->r[p->kernel[j]] || !same_head(x, y) || !x->a) continue;
        if (p->f[x->a].bad || p->f[y->a].bad || (x->b && (p->f[x->b].bad || p->f[y->b].bad))) continue;
        if (same_fraction(p, &p->f[x->a], &p->f[y->a]) &&
            (!x->b || same_fraction(p, &p->f[x->b], &p->f[y->b])))
            return copy(p, f, &p->f[p->kernel[j]]);
    }
    uint32_t j = 0;
    while (p->kernel[j] != k) j++;
    fmpz_mpoly_gen(&f->num, variable(p, j), p->ctx);
    fmpz_mpoly_one(&f->den, p->ctx);
    return true;
}

static bool set_fraction(proof *p, uint32_t k) {
    const dag_node *x = &p->d->node[k];
    fraction *f = &p->f[k], *a = &p->f[x->a], *b = &p->f[x->b];
    fmpz_mpoly_init(&f->num, p->ctx);
    fmpz_mpoly_init(&f->den, p->ctx);
    f->set = true;
    if (!is_kernel(p->d, x) && ((x->a && a->bad) || (x->b && b->bad))) return false;
    switch ((dag_op)x->op) {
    case DAG_RAT: {
        fmpz_t z;
        fmpz_init(z);
        fmpz_set_mpz(z, mpq_numref(x->q->q));
        fmpz_mpoly_set_fmpz(&f->num, z, p->ctx);
        fmpz_set_mpz(z, mpq_denref(x->q->q));
        fmpz_mpoly_set_fmpz(&f->den, z, p->ctx);
        fmpz_clear(z);
        return small(p, &f->num) && small(p, &f->den);
    }
    case DAG_ADD: return add(p, f, a, b);
    case DAG_MUL: return product(p, &f->num, &a->num, &b->num) && product(p, &f->den, &a->den, &b->den);
    case DAG_POW: return is_kernel(p->d, x) ? set_kernel(p, k) : raised(p, f, a, x->k);
    default: return set_kernel(p, k);
    }
}

/* x modulo g^n - rest, for the kernel g; rest has smaller variables only */
static bool divide(proof *p, fmpz_mpoly_struct *x, uint32_t g, ulong n, const fmpz_mpoly_struct *rest) {
    slong degree = fmpz_mpoly_degree_si(x, variable(p, g), p->ctx), m = fmpz_mpoly_length(rest, p->ctx);
    if (degree < (slong)n) return true;
    int64_t terms = fmpz_mpoly_length(x, p->ctx);
    for (slong k = 0; k < degree / (slong)n && m > 1; k++)
        if ((terms *= m) > MAX_TERMS) return false;
    slong bits = coeff_bits(x) + (coeff_bits(rest) + 8) * (degree / (slong)n);
    if (bits > MAX_COEFF_BITS ||
        !lem_work_spend(p->d->w, 100 + terms * (degree / (slong)n + 1) * (20 + bits / 16)))
        return false;
    fmpz_mpoly_t by, q;
    fmpz_mpoly_init(by, p->ctx);
    fmpz_mpoly_init(q, p->ctx);
    fmpz_mpoly_gen(by, variable(p, g), p->ctx);
    bool ok = fmpz_mpoly_pow_ui(by, by, n, p->ctx) != 0;
    fmpz_mpoly_sub(by, by, rest, p->ctx);
    if (ok) fmpz_mpoly_divrem(q, x, x, by, p->ctx);
    fmpz_mpoly_clear(by, p->ctx);
    fmpz_mpoly_clear(q, p->ctx);
    return ok && small(p, x);
}

/* sin^2 = 1 - cos^2 for the later of a pair with the same argument */
static bool pythagoras(proof *p, fmpz_mpoly_struct *x, uint32_t g, fmpz_mpoly_struct *rest) {
    const dag_node *y = &p->d->node[p->kernel[g]];
    for (uint32_t j = 0; j < g; j++) {
        const dag_node *z = &p->d->node[p->kernel[j]];
        if (z->op != (y->op == DAG_SIN ? DAG_COS : DAG_SIN) || z->a != y->a) continue;
        fmpz_mpoly_gen(rest, variable(p, j), p->ctx);
        fmpz_mpoly_mul(rest, rest, rest, p->ctx);
        fmpz_mpoly_neg(rest, rest, p->ctx);
        fmpz_mpoly_add_si(rest, rest, 1, p->ctx);
        return divide(p, x, g, 2, rest);
    }
    return true;
}

static bool reduce(proof *p, fmpz_mpoly_struct *x) {
    fmpz_mpoly_t rest;
    fmpz_mpoly_init(rest, p->ctx);
    bool ok = true;
    for (uint32_t g = p->kernels; ok && g-- > 0;) {
        const dag_node *y = &p->d->node[p->kernel[g]];
        if (y->op == DAG_I) {
            fmpz_mpoly_set_si(rest, -1, p->ctx);
            ok = divide(p, x, g, 2, rest);
        } else if (y->op == DAG_ROOT && y->k <= MAX_DEGREE && !p->f[y->a].bad &&
                   fmpz_mpoly_is_one(&p->f[y->a].den, p->ctx))
            ok = divide(p, x, g, (ulong)y->k, &p->f[y->a].num);
        else if (y->op == DAG_SIN || y->op == DAG_COS) ok = pythagoras(p, x, g, rest);
    }
    fmpz_mpoly_clear(rest, p->ctx);
    return ok;
}

static proof_answer conclude(proof *p, uint32_t a, uint32_t b) {
    const fraction *x = &p->f[a], *y = &p->f[b];
    proof_answer answer = PROOF_NONE;
    fmpz_mpoly_t s, t;
    fmpz_mpoly_init(s, p->ctx);
    fmpz_mpoly_init(t, p->ctx);
    bool constant_dens = fmpz_mpoly_is_fmpz(&x->den, p->ctx) && fmpz_mpoly_is_fmpz(&y->den, p->ctx);
    if (product(p, s, &x->num, &y->den) && product(p, t, &y->num, &x->den)) {
        fmpz_mpoly_sub(s, s, t, p->ctx);
        if (reduce(p, s)) {
            if (fmpz_mpoly_is_zero(s, p->ctx)) answer = PROOF_EQUAL;
            else if (constant_dens && fmpz_mpoly_is_fmpz(s, p->ctx)) answer = PROOF_CONSTANT_APART;
        }
    }
    fmpz_mpoly_clear(s, p->ctx);
    fmpz_mpoly_clear(t, p->ctx);
    return answer;
}

/* Marks what a and b need, down to the arguments of kernels; false when there is too much of it. */
static bool plan(proof *p, uint32_t a, uint32_t b) {
    uint32_t nodes = 0;
    p->need[a] = p->need[b] = 1;
    for (uint32_t k = p->n; k-- > 1;)
        if (p->need[k]) {
            nodes++;
            if (p->r->r[k] == UINT64_MAX) return false;
            p->need[p->d->node[k].a] = p->need[p->d->node[k].b] = 1;
        }
    for (uint32_t k = 1; k < p->n; k++) {
        if (!p->need[k] || !is_kernel(p->d, &p->d->node[k])) continue;
        if (p->kernels == MAX_KERNELS) return false;
        p->kernel[p->kernels++] = k;
    }
    return nodes <= MAX_NODES && lem_work_spend(p->d->w, nodes * 40);
}

proof_answer lem_proof_compare(dag *d, uint32_t a, uint32_t b, const residues *r) {
    proof p = {.d = d, .r = r, .n = (a > b ? a : b) + 1};
    p.need = lem_work_alloc(d->w, p.n, 1);
    p.f = lem_work_alloc(d->w, p.n, sizeof *p.f);
    if (!p.need || !p.f || !plan(&p, a, b)) return PROOF_NONE;
    fmpz_mpoly_ctx_init(p.ctx, p.kernels ? (slong)p.kernels : 1, ORD_LEX);
    for (uint32_t k = 1; k < p.n && !d->w->limit; k++)
        if (p.need[k]) p.f[k].bad = !set_fraction(&p, k);
    proof_answer answer = d->w->limit || p.f[a].bad || p.f[b].bad ? PROOF_NONE : conclude(&p, a, b);
    for (uint32_t k = 1; k < p.n; k++) {
        if (!p.f[k].set) continue;
        fmpz_mpoly_clear(&p.f[k].num, p.ctx);
        fmpz_mpoly_clear(&p.f[k].den, p.ctx);
    }
    fmpz_mpoly_ctx_clear(p.ctx);
    return d->w->limit ? PROOF_NONE : answer;
}
