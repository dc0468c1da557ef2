/* dag_functions.c - roots, logarithms, exponentials and cosines in their normal forms */
#include "answer/decide/dag_priv.h"

enum { MAX_PRIME = 1000, MAX_FACTORED_BITS = 4096, MAX_SPLIT = 24, MAX_MULTIPLE = 64 };

/* Called with each prime power of a rational. */
typedef bool factor_use(dag *d, const lem_rat *p, long power, void *user);

static lem_rat *from_mpz(dag *d, mpz_srcptr z) {
    lem_rat *r = lem_rat_int(d->w, 0);
    if (r) mpz_set(mpq_numref(r->q), z);
    return r;
}

/* What trial division leaves of z, or the exact root of it, counts as one more prime. */
static bool for_factors(dag *d, mpz_srcptr z, long sign, factor_use *use, void *user) {
    if (!lem_work_spend(d->w, 32 + (int64_t)mpz_size(z) * 168)) return false;
    mpz_t rest, root;
    mpz_init_set(rest, z);
    mpz_init(root);
    bool ok = true, factored = mpz_sizeinbase(z, 2) <= MAX_FACTORED_BITS;
    for (unsigned long p = 2; ok && factored && p <= MAX_PRIME && mpz_cmp_ui(rest, p * p) >= 0;
         p += 1 + (p > 2)) {
        long power = 0;
        while (mpz_divisible_ui_p(rest, p)) mpz_divexact_ui(rest, rest, p), power++;
        if (power) ok = use(d, lem_rat_int(d->w, (long)p), sign * power, user);
    }
    if (ok && mpz_cmp_ui(rest, 1) != 0) {
        long power = 1;
        for (unsigned long k = 2; factored && k <= 7 && mpz_perfect_power_p(rest); k += 1 + (k > 2))
            while (mpz_root(root, rest, k)) mpz_swap(rest, root), power *= (long)k;
        ok = use(d, from_mpz(d, rest), sign * power, user);
    }
    mpz_clear(rest);
    mpz_clear(root);
    return ok && !d->w->limit;
}

static bool for_rational(dag *d, const lem_rat *q, factor_use *use, void *user) {
    mpz_t n;
    mpz_init(n);
    mpz_abs(n, mpq_numref(q->q));
    bool ok = for_factors(d, n, 1, use, user) && for_factors(d, mpq_denref(q->q), -1, use, user);
    mpz_clear(n);
    return ok;
}

typedef struct product {
    long n;      /* the root, or 1 */
    uint32_t by; /* the exponent node of a tower */
    uint32_t value;
} product;

static long gcd(long a, long b) {
    while (b) {
        long t = a % b;
        a = b;
        b = t;
    }
    return a < 0 ? -a : a;
}

/* value *= p^(power/n) */
static bool times_root(dag *d, const lem_rat *p, long power, void *user) {
    product *x = user;
    long g = gcd(power, x->n), n = x->n / g;
    uint32_t a = lem_dag_rat(d, p);
    if (n > 1) a = lem_dag_numbered(d, DAG_ROOT, a, n);
    x->value = lem_dag_mul(d, x->value, lem_dag_pow(d, a, power / g));
    return x->value != 0;
}

static uint32_t root_of_rational(dag *d, uint32_t a, long n) {
    const lem_rat *q = d->node[a].q;
    int sign = lem_rat_sign(q);
    if (sign == 0) return a;
    product x = {n, 0, 1};
    if (sign < 0 && n % 2 == 0 && n != 2) return lem_dag_numbered(d, DAG_ROOT, a, n);
    if (!for_rational(d, q, times_root, &x)) return 0;
    if (sign > 0) return x.value;
    return n == 2 ? lem_dag_mul(d, lem_dag_leaf(d, DAG_I), x.value) : lem_dag_scale(d, x.value, -1, 1);
}

static bool is_positive_constant(const dag *d, uint32_t a) {
    const dag_node *x = &d->node[a];
    if (x->op == DAG_ROOT) x = &d->node[x->a];
    return x->op == DAG_PI || x->op == DAG_E || (x->op == DAG_RAT && lem_rat_sign(x->q) > 0);
}

uint32_t lem_dag_root(dag *d, uint32_t a, long n) {
    if (!a || n == 1) return a;
    dag_node x = d->node[a];
    if (x.op == DAG_RAT) return root_of_rational(d, a, n);
    if (x.op == DAG_ROOT && is_positive_constant(d, x.a) && x.k <= DAG_MAX_ROOT / n)
        return lem_dag_numbered(d, DAG_ROOT, x.a, x.k * n);
    dag_scaled s = lem_dag_split(d, a);
    if (s.r == a || s.r == 1 || lem_rat_sign(s.c) == 0 || lem_rat_is(s.c, -1))
        return lem_dag_numbered(d, DAG_ROOT, a, n);
    /* |c|^(1/n) comes out of any root; the sign stays inside */
    uint32_t inside = lem_rat_sign(s.c) > 0 ? s.r : lem_dag_scale(d, s.r, -1, 1);
    lem_rat *c = lem_rat_sign(s.c) > 0 ? lem_rat_mul(d->w, s.c, d->node[1].q) : lem_rat_neg(d->w, s.c);
    return lem_dag_mul(d, lem_dag_root(d, lem_dag_rat(d, c), n), lem_dag_root(d, inside, n));
}

/* value += power ln p */
static bool plus_ln(dag *d, const lem_rat *p, long power, void *user) {
    product *x = user;
    uint32_t l = lem_dag_scale(d, lem_dag_plain(d, DAG_LN, lem_dag_rat(d, p), 0), power, 1);
    x->value = x->value ? lem_dag_add(d, x->value, l) : l;
    return x->value != 0;
}

uint32_t lem_dag_ln(dag *d, uint32_t a) {
    dag_node x = d->node[a];
    if (x.op == DAG_RAT) {
        int sign = lem_rat_sign(x.q);
        if (sign == 0) return 0;
        if (lem_rat_is(x.q, 1)) return lem_dag_int(d, 0);
        product sum = {1, 0, 0};
        return sign > 0 ? (for_rational(d, x.q, plus_ln, &sum) ? sum.value : 0)
                        : lem_dag_plain(d, DAG_LN, a, 0);
    }
    if (x.op == DAG_E) return 1;
    if (x.op == DAG_ROOT && is_positive_constant(d, x.a)) return lem_dag_scale(d, lem_dag_ln(d, x.a), 1, x.k);
    if (x.op == DAG_POW && is_positive_constant(d, x.a)) return lem_dag_scale(d, lem_dag_ln(d, x.a), x.k, 1);
    dag_scaled s = lem_dag_split(d, a);
    if (s.r != a && s.r != 1 && lem_rat_sign(s.c) > 0)
        return lem_dag_add(d, lem_dag_ln(d, lem_dag_rat(d, s.c)), lem_dag_ln(d, s.r));
    return lem_dag_plain(d, DAG_LN, a, 0);
}

static uint32_t exp_of_part(dag *d, uint32_t base, uint32_t t);

/* base^t for a prime or e as base: a power of base^r for t = k r; the caller has taken sums apart. */
static uint32_t prime_tower(dag *d, uint32_t base, uint32_t t) {
    dag_scaled s = lem_dag_split(d, t);
    long k;
    if (!lem_rat_small(s.c, MAX_MULTIPLE, &k)) s.r = t, k = 1;
    uint32_t p = base ? lem_dag_plain(d, DAG_TOWER, base, s.r) : lem_dag_plain(d, DAG_EXP, s.r, 0);
    return lem_dag_pow(d, p, k);
}

/* base^(u + v + …) = base^u base^v … for a positive base */
static uint32_t over_sum(dag *d, uint32_t base, uint32_t t, uint32_t one(dag *, uint32_t, uint32_t)) {
    uint32_t value = 1;
    for (int k = 0; k < MAX_SPLIT && value && lem_dag_is(d, t, DAG_ADD); k++) {
        uint32_t a = d->node[t].a, b = d->node[t].b;
        if (lem_dag_is(d, a, DAG_ADD)) a = b, b = d->node[t].a;
        value = lem_dag_mul(d, value, one(d, base, a));
        t = b;
    }
    return lem_dag_mul(d, value, one(d, base, t));
}

static bool times_tower(dag *d, const lem_rat *p, long power, void *user) {
    product *x = user;
    x->value = lem_dag_mul(d, x->value, lem_dag_pow(d, prime_tower(d, lem_dag_rat(d, p), x->by), power));
    return x->value != 0;
}

static uint32_t rational_tower(dag *d, uint32_t base, uint32_t t) {
    if (lem_dag_is(d, t, DAG_RAT)) return lem_dag_power(d, base, t);
    uint32_t exponent = lem_dag_mul(d, t, lem_dag_ln(d, base)); /* b^(ln q / ln b) = q */
    if (exponent && lem_dag_is(d, lem_dag_split(d, exponent).r, DAG_LN)) return exp_of_part(d, 0, exponent);
    product x = {1, t, 1};
    return for_rational(d, d->node[base].q, times_tower, &x) ? x.value : 0;
}

static uint32_t exp_of_part(dag *d, uint32_t base, uint32_t t) {
    (void)base;
    const lem_rat *q = lem_dag_value(d, t);
    if (q && mpz_cmpabs_ui(mpq_numref(q->q), DAG_MAX_ROOT) < 0 &&
        mpz_cmp_ui(mpq_denref(q->q), DAG_MAX_ROOT) < 0)
        return lem_dag_pow(d, lem_dag_root(d, lem_dag_leaf(d, DAG_E), mpz_get_si(mpq_denref(q->q))),
                           mpz_get_si(mpq_numref(q->q)));
    dag_scaled s = lem_dag_split(d, t);
    dag_node r = d->node[s.r];
    if (r.op == DAG_LN && (lem_rat_is_int(s.c) || is_positive_constant(d, r.a)))
        return lem_dag_power(d, r.a, lem_dag_rat(d, s.c));
    bool i_pi = r.op == DAG_MUL && ((lem_dag_is(d, r.a, DAG_I) && lem_dag_is(d, r.b, DAG_PI)) ||
                                    (lem_dag_is(d, r.a, DAG_PI) && lem_dag_is(d, r.b, DAG_I)));
    if (!i_pi) return prime_tower(d, 0, t);
    uint32_t angle = lem_dag_mul(d, lem_dag_rat(d, s.c), lem_dag_leaf(d, DAG_PI));
    return lem_dag_add(d, lem_dag_cos(d, angle),
                       lem_dag_mul(d, lem_dag_leaf(d, DAG_I), lem_dag_sin(d, angle)));
}

uint32_t lem_dag_exp(dag *d, uint32_t a) { return a ? over_sum(d, 0, a, exp_of_part) : 0; }

typedef struct huge {
    const lem_rat *e;
    uint32_t value;
} huge;

/* value *= p^(power e), written out where it can be */
static bool times_huge(dag *d, const lem_rat *p, long power, void *user) {
    huge *x = user;
    const lem_rat *n = lem_rat_int(d->w, power),
                  *e = lem_rat_fits(n, x->e) ? lem_rat_mul(d->w, n, x->e) : NULL;
    long k;
    uint32_t a = lem_dag_rat(d, p), f = 0;
    if (!e) f = lem_dag_pow(d, lem_dag_plain(d, DAG_TOWER, a, lem_dag_rat(d, x->e)), power);
    else if (!lem_rat_small(e, DAG_MAX_EXPONENT, &k)) f = lem_dag_plain(d, DAG_TOWER, a, lem_dag_rat(d, e));
    else
        f = lem_rat_pow_fits(p, k) ? lem_dag_rat(d, lem_rat_pow(d->w, p, k))
                                   : lem_dag_numbered(d, DAG_POW, a, k);
    x->value = lem_dag_mul(d, x->value, f);
    return x->value != 0;
}

uint32_t lem_dag_huge_power(dag *d, uint32_t a, const lem_rat *e) {
    const lem_rat *q = lem_dag_value(d, a);
    huge x = {e, 1};
    if (!q || !e || !for_rational(d, q, times_huge, &x)) return 0;
    return lem_rat_sign(q) < 0 && mpz_odd_p(mpq_numref(e->q)) ? lem_dag_scale(d, x.value, -1, 1) : x.value;
}

static bool small_fraction(const lem_rat *q) {
    return q && mpz_cmpabs_ui(mpq_numref(q->q), DAG_MAX_ROOT) < 0 &&
           mpz_cmp_ui(mpq_denref(q->q), DAG_MAX_ROOT) < 0;
}

static bool is_positive(const lem_rat *q) { return q && lem_rat_sign(q) > 0; }

/* Powers of 1, 0 and -1; false for others. */
static bool unit_power(uint32_t a, const lem_rat *q, const lem_rat *e, uint32_t *out) {
    bool one = lem_rat_is(q, 1);
    if (one || lem_rat_sign(q) == 0) {
        *out = lem_rat_sign(e) == 0 ? 1 : a;
        if (lem_rat_sign(e) < 0 && !one) *out = 0;
        return true;
    }
    if (!lem_rat_is(q, -1) || !lem_rat_is_int(e)) return false;
    return *out = mpz_odd_p(mpq_numref(e->q)) ? a : 1, true;
}

uint32_t lem_dag_power(dag *d, uint32_t a, uint32_t b) {
    if (!a || !b) return 0;
    const lem_rat *e = lem_dag_value(d, b), *q = lem_dag_value(d, a);
    long k;
    uint32_t unit;
    if (e && q && unit_power(a, q, e, &unit)) return unit;
    if (e && lem_rat_small(e, DAG_MAX_EXPONENT, &k)) return lem_dag_pow(d, a, k);
    if (e && q && lem_rat_is_int(e)) return lem_dag_huge_power(d, a, e);
    if (small_fraction(e))
        return lem_dag_pow(d, lem_dag_root(d, a, mpz_get_si(mpq_denref(e->q))), mpz_get_si(mpq_numref(e->q)));
    if (lem_dag_is(d, a, DAG_E)) return lem_dag_exp(d, b);
    if (is_positive(q) && !e) return over_sum(d, a, b, rational_tower);
    return lem_dag_plain(d, DAG_TOWER, a, b);
}

static uint32_t root_of(dag *d, long n) { return lem_dag_root(d, lem_dag_int(d, n), 2); }

/* cos(pi n/m) where it is a sum of square roots, for 0 <= n/m <= 1/2; else 0 */
static uint32_t known_cosine(dag *d, unsigned long n, unsigned long m) {
    if (n == 0) return 1;
    switch (m) {
    case 2: return lem_dag_int(d, 0);
    case 3: return lem_dag_scale(d, 1, 1, 2);
    case 4: return lem_dag_scale(d, root_of(d, 2), 1, 2);
    case 5: return lem_dag_scale(d, lem_dag_add(d, root_of(d, 5), lem_dag_int(d, n == 1 ? 1 : -1)), 1, 4);
    case 6: return lem_dag_scale(d, root_of(d, 3), 1, 2);
    case 12:
        return lem_dag_scale(
            d, lem_dag_add(d, root_of(d, 6), lem_dag_scale(d, root_of(d, 2), n == 1 ? 1 : -1, 1)), 1, 4);
    default: return 0;
    }
}

/* cos(pi q) for any rational q */
static uint32_t cospi(dag *d, const lem_rat *q) {
    lem_rat *r = lem_rat_int(d->w, 0);
    if (!r || !q) return 0;
    mpq_srcptr x = q->q;
    mpz_ptr n = mpq_numref(r->q), m = mpq_denref(r->q);
    mpz_mul_2exp(m, mpq_denref(x), 1);
    mpz_fdiv_r(n, mpq_numref(x), m); /* q mod 2 */
    mpz_set(m, mpq_denref(x));
    if (mpz_cmp(n, m) > 0) mpz_submul_ui(n, m, 2), mpz_neg(n, n); /* cos(2 pi - t) */
    bool minus = false;
    mpz_mul_2exp(n, n, 1);
    if (mpz_cmp(n, m) > 0) minus = true, mpz_submul_ui(n, m, 2), mpz_neg(n, n); /* -cos(pi - t) */
    mpz_divexact_ui(n, n, 2);
    uint32_t c = known_cosine(d, mpz_sgn(n) ? mpz_get_ui(n) : 0, mpz_cmp_ui(m, 12) <= 0 ? mpz_get_ui(m) : 0);
    if (!c) c = lem_dag_plain(d, DAG_COSPI, lem_dag_rat(d, r), 0);
    return minus ? lem_dag_scale(d, c, -1, 1) : c;
}

/* t = q pi */
static const lem_rat *turns(dag *d, uint32_t t) {
    dag_scaled s = lem_dag_split(d, t);
    if (lem_dag_is(d, t, DAG_RAT)) return lem_rat_sign(s.c) == 0 ? s.c : NULL;
    return lem_dag_is(d, s.r, DAG_PI) ? s.c : NULL;
}

/* The angle without its minus sign. */
static uint32_t positive_angle(dag *d, uint32_t a, bool *minus) {
    dag_scaled s = lem_dag_split(d, a);
    *minus = lem_rat_sign(s.c) < 0;
    return *minus ? lem_dag_scale(d, a, -1, 1) : a;
}

uint32_t lem_dag_cos(dag *d, uint32_t a) {
    if (!a) return 0;
    const lem_rat *q = turns(d, a);
    bool minus;
    return q ? cospi(d, q) : lem_dag_plain(d, DAG_COS, positive_angle(d, a, &minus), 0);
}

uint32_t lem_dag_sin(dag *d, uint32_t a) {
    if (!a) return 0;
    const lem_rat *q = turns(d, a), *half = q ? lem_dag_value(d, lem_dag_scale(d, 1, 1, 2)) : NULL;
    if (q) return half && lem_rat_fits(half, q) ? cospi(d, lem_rat_sub(d->w, half, q)) : 0;
    bool minus;
    uint32_t s = lem_dag_plain(d, DAG_SIN, positive_angle(d, a, &minus), 0);
    return minus ? lem_dag_scale(d, s, -1, 1) : s;
}
