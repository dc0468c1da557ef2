/* modular.c - residues of both sides modulo two primes of 61 bits */
#include "answer/decide/flint_priv.h"
#include "answer/decide/modular_priv.h"

#include "core/hash.h"

/* Largest below 2^61 that are 1 modulo 8 and modulo every odd prime up to 23: -1 and all primes up to 23 have
 * square roots. */
static const ulong primes[2] = {2305843007326098241, 2305842995725269001};
static const uint64_t UNDEFINED = UINT64_MAX;

typedef struct field {
    ulong p, inv;
    bool related;        /* kernels may satisfy a relation that the residues do not */
    bool pi, e, kernels; /* met; a kernel other than a symbol */
} field;

static uint64_t hashed(const dag_node *x, uint64_t a, uint64_t b, const field *f) {
    uint64_t head[4] = {x->op, a, b, (uint64_t)x->k}, h = lem_hash64(head, sizeof head, f->p);
    return (x->len ? lem_hash64(x->name, x->len, h) : h) % f->p;
}

static uint64_t residue_of_rational(const lem_rat *q, const field *f) {
    ulong n = mpz_fdiv_ui(mpq_numref(q->q), f->p), m = mpz_fdiv_ui(mpq_denref(q->q), f->p);
    if (m == 1) return n;
    return m ? n_mulmod2_preinv(n, n_invmod(m, f->p), f->p, f->inv) : UNDEFINED;
}

static uint64_t power(uint64_t a, long k, const field *f) {
    if (k < 0 && a == 0) return UNDEFINED;
    ulong m = k < 0 ? 0UL - (ulong)k : (ulong)k, r = n_powmod2_ui_preinv(a, m, f->p, f->inv);
    return k < 0 ? n_invmod(r, f->p) : r;
}

static uint64_t kernel(const dag *d, const dag_node *x, uint64_t a, uint64_t b, field *f) {
    if (x->op != DAG_SYM) f->kernels = true;
    if (x->op == DAG_PI) f->pi = true;
    if (x->op == DAG_E) f->e = true;
    bool prime_root = x->op == DAG_ROOT && x->k == 2 && lem_dag_is(d, x->a, DAG_RAT) &&
                      mpz_cmp_ui(mpq_numref(d->node[x->a].q->q), 1000) < 0;
    if (x->op == DAG_I || prime_root) {
        ulong r = n_sqrtmod(x->op == DAG_I ? f->p - 1 : a, f->p);
        if (r) return r < f->p - r ? r : f->p - r;
    }
    if (x->op != DAG_SYM && x->op != DAG_PI && x->op != DAG_E) f->related = true;
    return hashed(x, a, b, f);
}

static bool run(const dag *d, uint64_t *r, uint32_t n, field *f) {
    r[0] = 0;
    for (uint32_t k = 1; k < n; k++) {
        const dag_node *x = &d->node[k];
        uint64_t a = r[x->a], b = r[x->b];
        if (!lem_work_spend(d->w, 8)) return false;
        if (a == UNDEFINED || b == UNDEFINED) r[k] = UNDEFINED;
        else if (x->op == DAG_RAT) r[k] = residue_of_rational(x->q, f);
        else if (x->op == DAG_ADD) r[k] = n_addmod(a, b, f->p);
        else if (x->op == DAG_MUL) r[k] = n_mulmod2_preinv(a, b, f->p, f->inv);
        else if (x->op == DAG_POW) r[k] = power(a, x->k, f);
        else r[k] = kernel(d, x, a, b, f);
    }
    return true;
}

/* Equal modulo the first prime: and modulo the second one? */
static modular_answer once_more(dag *d, uint32_t a, uint32_t b, uint64_t *r, uint32_t n, bool related) {
    field g = {.p = primes[1], .inv = n_preinvert_limb(primes[1])};
    if (!run(d, r, n, &g) || r[a] == UNDEFINED || r[b] == UNDEFINED) return MODULAR_UNKNOWN;
    if (r[a] == r[b]) return MODULAR_EQUAL;
    return related || g.related ? MODULAR_UNKNOWN : MODULAR_DIFFERENT;
}

modular_answer lem_modular_compare(dag *d, uint32_t a, uint32_t b, residues *first) {
    uint32_t n = (a > b ? a : b) + 1;
    uint64_t *second = lem_work_alloc(d->w, n, sizeof *second);
    first->r = lem_work_alloc(d->w, n, sizeof *first->r);
    if (!first->r || !second) return MODULAR_UNKNOWN;
    field f = {.p = primes[0], .inv = n_preinvert_limb(primes[0])};
    if (!run(d, first->r, n, &f)) return MODULAR_UNKNOWN;
    uint64_t x = first->r[a], y = first->r[b];
    bool related = f.related || (f.pi && f.e);
    first->rational = !f.kernels;
    if (x == UNDEFINED || y == UNDEFINED) return MODULAR_UNKNOWN;
    if (x != y) return related ? MODULAR_UNKNOWN : MODULAR_DIFFERENT;
    return once_more(d, a, b, second, n, related);
}
