/* ball.c - evaluation of a dag in balls at one precision */
#include "answer/decide/ball_priv.h"

#include "core/hash.h"

enum { MAX_ANGLE_BITS = 4096, MAX_GAMMA_BITS = 60 };

bool lem_balls_init(balls *e, dag *d, uint32_t a, uint32_t b) {
    *e = (balls){.d = d, .a = a, .b = b, .n = (a > b ? a : b) + 1};
    e->need = lem_work_alloc(d->w, e->n, 1);
    e->state = lem_work_alloc(d->w, e->n, 1);
    e->bound = lem_work_alloc(d->w, e->n, sizeof *e->bound);
    e->v = lem_work_alloc(d->w, e->n, sizeof *e->v);
    if (!e->need || !e->state || !e->bound || !e->v || !lem_work_spend(d->w, (int64_t)e->n * 4)) return false;
    e->need[a] = e->need[b] = 1;
    for (uint32_t k = e->n; k-- > 1;)
        if (e->need[k]) e->need[d->node[k].a] = e->need[d->node[k].b] = 1;
    e->need[0] = 0;
    e->real = (d->node[a].symbols || d->node[b].symbols) && !d->node[a].imaginary && !d->node[b].imaginary;
    e->degree = lem_bound_degree(d, e->need, e->n);
    return true;
}

void lem_balls_release(balls *e) {
    for (uint32_t k = 0; e->v && k < e->n; k++) acb_clear(e->v + k);
    e->v = NULL;
}

/* Fuel of a step: about 10 ns a unit on a slow machine. */
static bool pay(balls *e, const dag_node *x, bool real) {
    int64_t p = e->prec, simple = 8 + p / 16 + p * p / 32768, function = 100 + p + p * p / 1024, cost;
    switch (x->op) {
    case DAG_RAT:
        cost = simple + (int64_t)(mpz_size(mpq_numref(x->q->q)) + mpz_size(mpq_denref(x->q->q)));
        break;
    case DAG_ADD:
    case DAG_MUL:
    case DAG_ABS:
    case DAG_MAX:
    case DAG_MIN:
    case DAG_FLOOR:
    case DAG_CEIL: cost = simple; break;
    case DAG_POW: cost = simple * 2 * (int64_t)FLINT_BIT_COUNT((ulong)(x->k < 0 ? -x->k : x->k)); break;
    case DAG_ROOT: cost = x->k == 2 ? simple * 4 : function; break;
    case DAG_TOWER: cost = function * 3; break;
    case DAG_GAMMA: cost = function * 20; break;
    default: cost = function; break;
    }
    return lem_work_spend(e->d->w, real ? cost : cost * 4);
}

static bool is_negative_point(const dag_node *x, int point) {
    return point < 4 ? point % 2 == 1 : lem_hash64(x->name, x->len, (uint64_t)point) >> 63 == 1;
}

bool lem_balls_negative_point(const balls *e, uint32_t symbol) {
    return !e->integers && is_negative_point(&e->d->node[symbol], e->point);
}

/* 0.3 … 2.4 and further out for the later points: a multiple of 2^-20 that depends on the name and the point
 * only. */
static void set_symbol(balls *e, acb_ptr v, uint32_t k) {
    static const long scale[BALL_POINTS] = {1, 1, 1, 1, 1, 1, 7, 7, 1, 40, 40, 1};
    const dag_node *x = &e->d->node[k];
    if (e->at) {
        acb_set(v, e->at);
        return;
    }
    uint64_t h = lem_hash64(x->name, x->len, 77 + (uint64_t)e->point);
    if (e->integers) {
        acb_set_si(v, e->point + 1 + (slong)(h % 5) * BALL_POINTS);
        return;
    }
    slong m = (slong)(314573 + h % 2202009) * scale[e->point];
    acb_set_si(v, is_negative_point(x, e->point) ? -m : m);
    acb_mul_2exp_si(v, v, -20);
}

static void set_rational(acb_ptr v, const lem_rat *q, long prec) {
    fmpz_t n, m;
    fmpz_init(n);
    fmpz_init(m);
    fmpz_set_mpz(n, mpq_numref(q->q));
    fmpz_set_mpz(m, mpq_denref(q->q));
    arb_fmpz_div_fmpz(acb_realref(v), n, m, prec);
    arb_zero(acb_imagref(v));
    fmpz_clear(n);
    fmpz_clear(m);
}

static bool is_real(acb_srcptr x) { return arb_is_zero(acb_imagref(x)); }
static bool above(arb_srcptr x, long bits) {
    return arf_cmpabs_2exp_si(arb_midref(x), bits) > 0 || mag_cmp_2exp_si(arb_radref(x), bits) > 0;
}

static ball_state power_state(balls *e, acb_ptr v, acb_srcptr x, long k) {
    if (k < 0 && acb_contains_zero(x)) return acb_is_zero(x) ? BALL_UNDEFINED : BALL_FUZZY;
    acb_pow_si(v, x, k, e->prec);
    return BALL_OK;
}

/* Around zero: every root of what the ball contains has at most the root of its bound as absolute value. */
static void root_around_zero(acb_ptr v, acb_srcptr x, long k, bool real) {
    mag_t r;
    mag_init(r);
    acb_get_mag(r, x);
    mag_root(r, r, (ulong)k);
    acb_zero(v);
    arb_add_error_mag(acb_realref(v), r);
    if (!real) arb_add_error_mag(acb_imagref(v), r);
    mag_clear(r);
}

static ball_state root_state(balls *e, acb_ptr v, acb_srcptr x, long k) {
    if (acb_is_zero(x)) return acb_zero(v), BALL_OK;
    bool real = is_real(x), odd = k % 2;
    if (acb_contains_zero(x)) {
        if (e->real && !odd) return BALL_FUZZY;
        return root_around_zero(v, x, k, real && odd), BALL_OK;
    }
    if (!real) return acb_root_ui(v, x, (ulong)k, e->prec), BALL_OK;
    bool negative = arb_is_negative(acb_realref(x));
    if (negative && !odd) {
        if (e->real) return BALL_UNDEFINED;
        return acb_root_ui(v, x, (ulong)k, e->prec), BALL_OK;
    }
    if (negative) acb_neg(v, x), x = v;
    arb_root_ui(acb_realref(v), acb_realref(x), (ulong)k, e->prec);
    arb_zero(acb_imagref(v));
    if (negative) acb_neg(v, v);
    return BALL_OK;
}

/* 0^y */
static ball_state zero_to(acb_ptr v, acb_srcptr y) {
    if (!is_real(y) || !arb_is_nonzero(acb_realref(y))) return is_real(y) ? BALL_FUZZY : BALL_UNDEFINED;
    return arb_is_positive(acb_realref(y)) ? (acb_zero(v), BALL_OK) : BALL_UNDEFINED;
}

static ball_state tower_state(balls *e, acb_ptr v, acb_srcptr x, acb_srcptr y) {
    bool real = is_real(x) && is_real(y);
    if (acb_is_zero(x)) return zero_to(v, y);
    if (acb_contains_zero(x)) return BALL_FUZZY;
    if (real && arb_is_positive(acb_realref(x))) {
        if (above(acb_realref(y), MAX_ANGLE_BITS)) return BALL_FUZZY;
        arb_pow(acb_realref(v), acb_realref(x), acb_realref(y), e->prec);
        arb_zero(acb_imagref(v));
        return BALL_OK;
    }
    if (e->real && !(real && arb_is_int(acb_realref(y))))
        return real && !arb_contains_int(acb_realref(y)) ? BALL_UNDEFINED : BALL_FUZZY;
    if (above(acb_realref(y), 64) || above(acb_imagref(y), 64)) return BALL_FUZZY;
    acb_pow(v, x, y, e->prec);
    return BALL_OK;
}

static ball_state ln_state(balls *e, acb_ptr v, acb_srcptr x) {
    if (acb_is_zero(x)) return BALL_UNDEFINED;
    if (acb_contains_zero(x)) return BALL_FUZZY;
    if (is_real(x) && arb_is_positive(acb_realref(x))) {
        arb_log(acb_realref(v), acb_realref(x), e->prec);
        arb_zero(acb_imagref(v));
    } else if (e->real) return BALL_UNDEFINED;
    else acb_log(v, x, e->prec);
    return BALL_OK;
}

static ball_state arc_state(balls *e, acb_ptr v, acb_srcptr x, dag_op op) {
    if (op == DAG_ATAN) {
        acb_atan(v, x, e->prec);
        return BALL_OK;
    }
    if (is_real(x)) {
        arb_t one;
        arb_init(one);
        arb_abs(one, acb_realref(x));
        arb_sub_ui(one, one, 1, 64);
        bool inside = arb_is_nonpositive(one), outside = arb_is_positive(one);
        arb_clear(one);
        if (outside && e->real) return BALL_UNDEFINED;
        if (!inside && !outside) return BALL_FUZZY;
    }
    if (op == DAG_ASIN) acb_asin(v, x, e->prec);
    else acb_acos(v, x, e->prec);
    return BALL_OK;
}

static ball_state wave_state(balls *e, acb_ptr v, acb_srcptr x, dag_op op) {
    long limit = op == DAG_EXP ? MAX_ANGLE_BITS : e->prec + 64;
    if (above(acb_realref(x), limit) || above(acb_imagref(x), 64)) return BALL_FUZZY;
    if (op == DAG_EXP) acb_exp(v, x, e->prec);
    else if (op == DAG_SIN) acb_sin(v, x, e->prec);
    else acb_cos(v, x, e->prec);
    return BALL_OK;
}

/* A value within its separation bound of an integer is that integer. */
static bool is_integer(const balls *e, acb_srcptr x, ball_bound bound, fmpz_t n) {
    arb_t rest;
    arb_init(rest);
    arf_get_fmpz(n, arb_midref(acb_realref(x)), ARF_RND_NEAR);
    arb_sub_fmpz(rest, acb_realref(x), n, e->prec);
    static const dag_node sum = {.op = DAG_ADD};
    int64_t bits = lem_bound_bits(lem_bound_node(&sum, bound, lem_bound_integer(n)), e->degree);
    mag_t r;
    mag_init(r);
    arb_get_mag(r, rest);
    bool yes = bits < BALL_MAX_BITS * 2 && mag_cmp_2exp_si(r, -(slong)bits) < 0;
    mag_clear(r);
    arb_clear(rest);
    return yes;
}

static ball_state rounded_state(balls *e, uint32_t k, acb_ptr v, acb_srcptr x, ball_bound bound) {
    if (!is_real(x)) return BALL_UNDEFINED;
    if (above(acb_realref(x), e->prec)) return BALL_FUZZY;
    fmpz_t n;
    fmpz_init(n);
    acb_zero(v);
    if (e->d->node[k].op == DAG_FLOOR) arb_floor(acb_realref(v), acb_realref(x), e->prec);
    else arb_ceil(acb_realref(v), acb_realref(x), e->prec);
    bool ok = arb_is_exact(acb_realref(v));
    if (!ok && e->point == BALL_CONSTANT && is_integer(e, x, bound, n)) {
        arb_set_fmpz(acb_realref(v), n);
        ok = true;
    } else if (ok) arf_get_fmpz(n, arb_midref(acb_realref(v)), ARF_RND_NEAR);
    e->bound[k] = lem_bound_integer(n);
    fmpz_clear(n);
    return ok ? BALL_OK : BALL_FUZZY;
}

static ball_state gamma_state(balls *e, acb_ptr v, acb_srcptr x) {
    if (above(acb_realref(x), MAX_GAMMA_BITS) || above(acb_imagref(x), 16)) return BALL_FUZZY;
    if (is_real(x)) {
        if (!arb_is_positive(acb_realref(x)) && arb_contains_int(acb_realref(x)))
            return arb_is_int(acb_realref(x)) ? BALL_UNDEFINED : BALL_FUZZY;
        if (arf_cmpabs_2exp_si(arb_midref(acb_realref(x)), 12) > 0 && !arb_is_positive(acb_realref(x)))
            return BALL_FUZZY;
        arb_gamma(acb_realref(v), acb_realref(x), e->prec);
        arb_zero(acb_imagref(v));
    } else acb_gamma(v, x, e->prec);
    return BALL_OK;
}

/* Is a function holomorphic on a ball around its argument? */
static bool branches(const dag_node *x, acb_srcptr a) {
    bool cut = !arb_is_positive(acb_realref(a)) && arb_contains_zero(acb_imagref(a)), inside;
    mag_t m;
    mag_init(m);
    switch ((dag_op)x->op) {
    case DAG_ROOT:
    case DAG_LN:
    case DAG_TOWER: break;
    case DAG_ASIN:
    case DAG_ACOS:
    case DAG_ATAN:
        arb_get_mag(m, x->op == DAG_ATAN ? acb_imagref(a) : acb_realref(a));
        inside = mag_cmp_2exp_si(m, 0) < 0;
        cut = !inside;
        break;
    case DAG_ABS:
    case DAG_FLOOR:
    case DAG_CEIL:
    case DAG_GAMMA:
    case DAG_MAX:
    case DAG_MIN: cut = true; break;
    default: cut = false;
    }
    mag_clear(m);
    return cut;
}

static ball_state step(balls *e, uint32_t k) {
    const dag_node *x = &e->d->node[k];
    acb_ptr v = e->v + k, a = e->v + x->a, b = e->v + x->b;
    if (e->holomorphic && x->a && e->d->node[x->a].symbols && branches(x, a)) return BALL_FUZZY;
    switch ((dag_op)x->op) {
    case DAG_RAT: set_rational(v, x->q, e->prec); break;
    case DAG_SYM: set_symbol(e, v, k); break;
    case DAG_PI: acb_const_pi(v, e->prec); break;
    case DAG_E:
        acb_zero(v);
        arb_const_e(acb_realref(v), e->prec);
        break;
    case DAG_I: acb_onei(v); break;
    case DAG_ADD: acb_add(v, a, b, e->prec); break;
    case DAG_MUL: acb_mul(v, a, b, e->prec); break;
    case DAG_POW: return power_state(e, v, a, x->k);
    case DAG_ROOT: return root_state(e, v, a, x->k);
    case DAG_COSPI:
        acb_zero(v);
        arb_cos_pi(acb_realref(v), acb_realref(a), e->prec);
        break;
    case DAG_TOWER: return tower_state(e, v, a, b);
    case DAG_LN: return ln_state(e, v, a);
    case DAG_EXP:
    case DAG_SIN:
    case DAG_COS: return wave_state(e, v, a, (dag_op)x->op);
    case DAG_ASIN:
    case DAG_ACOS:
    case DAG_ATAN: return arc_state(e, v, a, (dag_op)x->op);
    case DAG_ABS: {
        bool real = is_real(a);
        acb_abs(acb_realref(v), a, e->prec);
        arb_zero(acb_imagref(v));
        if (!real) e->bound[k] = (ball_bound){-1, -1};
        break;
    }
    case DAG_FLOOR:
    case DAG_CEIL: return rounded_state(e, k, v, a, e->bound[x->a]);
    case DAG_GAMMA: return gamma_state(e, v, a);
    case DAG_MAX:
    case DAG_MIN:
        if (!is_real(a) || !is_real(b)) return BALL_UNDEFINED;
        acb_zero(v);
        if (x->op == DAG_MAX) arb_max(acb_realref(v), acb_realref(a), acb_realref(b), e->prec);
        else arb_min(acb_realref(v), acb_realref(a), acb_realref(b), e->prec);
        break;
    case DAG_ENCLOSED:
        acb_zero(v);
        arb_union(acb_realref(v), acb_realref(a), acb_realref(b), e->prec);
        break;
    default: return BALL_UNDEFINED;
    }
    return BALL_OK;
}

static bool below(acb_srcptr x, int64_t bits) {
    if (bits >= BALL_MAX_BITS * 2) return false;
    mag_t m;
    mag_init(m);
    acb_get_mag(m, x);
    bool yes = mag_cmp_2exp_si(m, -(slong)bits) < 0;
    mag_clear(m);
    return yes;
}

/* The worse state of what a node is made of. */
static uint8_t state_of_parts(const balls *e, const dag_node *x) {
    uint8_t a = x->a ? e->state[x->a] : BALL_OK;
    return x->a && x->b && e->state[x->b] > a ? e->state[x->b] : a;
}

static bool is_real_step(const balls *e, const dag_node *x) {
    return !x->a || (is_real(e->v + x->a) && (!x->b || is_real(e->v + x->b)));
}

/* A ball that holds zero and is smaller than any other value of its bound is zero. */
static void settle(balls *e, uint32_t k) {
    if (!acb_is_finite(e->v + k)) e->state[k] = BALL_FUZZY;
    else if (e->bound[k].u >= 0 && acb_contains_zero(e->v + k) &&
             below(e->v + k, lem_bound_bits(e->bound[k], e->degree)))
        acb_zero(e->v + k);
}

ball_state lem_balls_run(balls *e, long prec, int point) {
    const dag_node *node = e->d->node;
    e->prec = prec;
    e->point = point;
    for (uint32_t k = 1; k < e->n; k++) {
        if (!e->need[k]) continue;
        const dag_node *x = &node[k];
        uint8_t s = state_of_parts(e, x);
        e->state[k] = s;
        e->bound[k] = (ball_bound){-1, -1};
        if (s != BALL_OK) continue;
        if (!pay(e, x, is_real_step(e, x))) return BALL_FUZZY;
        if (point == BALL_CONSTANT && e->degree)
            e->bound[k] = x->a && x->op != DAG_COSPI ? lem_bound_node(x, e->bound[x->a], e->bound[x->b])
                                                     : lem_bound_leaf(x);
        e->state[k] = (uint8_t)step(e, k);
        if (e->state[k] == BALL_OK) settle(e, k);
    }
    uint8_t a = e->state[e->a], b = e->state[e->b];
    return a > b ? a : b;
}

static void difference(const balls *e, acb_t t) {
    acb_init(t);
    acb_sub(t, e->v + e->a, e->v + e->b, e->prec);
}

bool lem_balls_differ(const balls *e) { return !acb_overlaps(e->v + e->a, e->v + e->b); }

bool lem_balls_agree(const balls *e, long bits) {
    acb_t t;
    difference(e, t);
    bool yes = below(t, bits);
    acb_clear(t);
    return yes;
}

static int64_t difference_bits(const balls *e) {
    static const dag_node sum = {.op = DAG_ADD};
    if (e->point != BALL_CONSTANT || !e->degree) return INT64_MAX;
    return lem_bound_bits(lem_bound_node(&sum, e->bound[e->a], e->bound[e->b]), e->degree);
}

long lem_balls_bits_needed(const balls *e) {
    int64_t bits = difference_bits(e);
    return bits <= BALL_MAX_BITS ? (long)bits : 0;
}

bool lem_balls_proven_equal(const balls *e) {
    int64_t bits = difference_bits(e);
    if (bits == INT64_MAX) return false;
    acb_t t;
    difference(e, t);
    bool yes = below(t, bits);
    acb_clear(t);
    return yes;
}
