/* bounds.c - how small an algebraic number can be without being zero */
#include "answer/decide/ball_priv.h"

enum { UNIT = 1024, MAX_DEGREE = 1 << 16, MAX_ORDER = 1 << 16 };
static const int64_t HUGE_BOUND = INT64_C(1) << 40;
static const ball_bound not_algebraic = {-1, -1};

static int64_t capped(int64_t x) { return x > HUGE_BOUND ? HUGE_BOUND : x; }

/* log2 n, rounded up: the length of n^16 is at most 16 log2 n + 1, so small numbers lose 1/16 of a bit at
 * most. */
static int64_t log2_up(mpz_srcptr n) {
    size_t bits = mpz_sizeinbase(n, 2);
    if (mpz_cmpabs_ui(n, 1) <= 0) return 0;
    if (bits > 64) return (int64_t)bits * UNIT;
    mpz_t p;
    mpz_init(p);
    mpz_pow_ui(p, n, 16);
    int64_t k = (int64_t)mpz_sizeinbase(p, 2);
    mpz_clear(p);
    return k * UNIT / 16;
}

/* log2(2^x + 2^y), rounded up: log2(1 + 2^-d) <= 2^-d / ln 2 < 1478/1024 2^-floor(d) */
static int64_t log2_sum(int64_t x, int64_t y) {
    int64_t top = x > y ? x : y, gap = (x > y ? x - y : y - x) / UNIT,
            more = gap > 20 ? 1 : (1478 >> gap) + 1;
    return capped(top + (more > UNIT ? UNIT : more));
}

ball_bound lem_bound_leaf(const dag_node *x) {
    switch (x->op) {
    case DAG_RAT: return (ball_bound){log2_up(mpq_numref(x->q->q)), log2_up(mpq_denref(x->q->q))};
    case DAG_I: return (ball_bound){0, 0};
    case DAG_COSPI: return (ball_bound){UNIT, UNIT};
    default: return not_algebraic;
    }
}

ball_bound lem_bound_integer(const fmpz_t n) { return (ball_bound){(int64_t)fmpz_bits(n) * UNIT, 0}; }

static ball_bound of_root(ball_bound a, long k) {
    /* (U/L)^(1/k) is (U L^(k-1))^(1/k) / L, and U / (U^(k-1) L)^(1/k); the smaller numerator is the better
     * one */
    if (a.u >= a.l) return (ball_bound){(a.u + (k - 1) * a.l + k - 1) / k, a.l};
    return (ball_bound){a.u, ((k - 1) * a.u + a.l + k - 1) / k};
}

static ball_bound of_power(ball_bound a, int64_t exponent) {
    int64_t k = exponent < 0 ? -exponent : exponent, u = a.u > HUGE_BOUND / k ? HUGE_BOUND : a.u * k,
            l = a.l > HUGE_BOUND / k ? HUGE_BOUND : a.l * k;
    return exponent > 0 ? (ball_bound){u, l} : (ball_bound){l, u};
}

ball_bound lem_bound_node(const dag_node *x, ball_bound a, ball_bound b) {
    bool two = x->op == DAG_ADD || x->op == DAG_MUL || x->op == DAG_MAX || x->op == DAG_MIN;
    if (a.u < 0 || (two && b.u < 0)) return not_algebraic;
    switch (x->op) {
    case DAG_ADD:
        return a.l == 0 && b.l == 0 ? (ball_bound){log2_sum(a.u, b.u), 0}
                                    : (ball_bound){log2_sum(a.u + b.l, b.u + a.l), capped(a.l + b.l)};
    case DAG_MUL: return (ball_bound){capped(a.u + b.u), capped(a.l + b.l)};
    case DAG_POW: return of_power(a, x->k);
    case DAG_ROOT: return x->k > MAX_DEGREE ? not_algebraic : of_root(a, x->k);
    case DAG_ABS: return a;
    case DAG_MAX:
    case DAG_MIN: return (ball_bound){a.u > b.u ? a.u : b.u, a.l > b.l ? a.l : b.l};
    default: return not_algebraic;
    }
}

/* The order of the root of unity e^(i pi p/q). */
static int64_t order_of(const lem_rat *q) {
    if (mpz_cmp_ui(mpq_denref(q->q), MAX_ORDER) > 0) return 0;
    int64_t m = (int64_t)mpz_get_ui(mpq_denref(q->q));
    return mpz_even_p(mpq_numref(q->q)) ? m : 2 * m;
}

/* Euler's function; FLINT's own sieves primes at each call. */
static int64_t totient(ulong n) {
    ulong phi = n;
    for (ulong k = 2; k * k <= n; k++) {
        if (n % k) continue;
        phi -= phi / k;
        while (n % k == 0) n /= k;
    }
    return (int64_t)(n > 1 ? phi - phi / n : phi);
}

int64_t lem_bound_degree(const dag *d, const uint8_t *need, uint32_t n) {
    int64_t degree = 1;
    ulong order = 1;
    bool imaginary = false;
    for (uint32_t k = 0; k < n; k++) {
        const dag_node *x = &d->node[k];
        if (!need[k]) continue;
        int64_t m = 1;
        if (x->op == DAG_ROOT) {
            if (x->k > MAX_DEGREE) return 0;
            degree *= x->k;
        } else if (x->op == DAG_I) m = 4, imaginary = true;
        else if (x->op == DAG_COSPI) m = order_of(d->node[x->a].q);
        if (m == 0) return 0;
        order = order / n_gcd(order, (ulong)m) * (ulong)m;
        if (degree > MAX_DEGREE || order > MAX_ORDER) return 0;
    }
    int64_t phi = totient(order);
    return degree *
           (imaginary || order <= 2 ? phi : (phi + 1) / 2); /* cosines alone lie in the real subfield */
}

int64_t lem_bound_bits(ball_bound x, int64_t degree) {
    if (x.u < 0 || degree <= 0 || x.u >= HUGE_BOUND / degree || x.l >= HUGE_BOUND) return INT64_MAX;
    return ((degree - 1) * x.u + x.l) / UNIT + 2;
}
