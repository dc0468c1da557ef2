/* tower.c - arithmetic on numbers of the form ± exp(± exp(exp(… v))) with a ball v */
#include "answer/decide/tower_priv.h"

enum { PREC = 128, MAX_LEVEL = 6, LEVEL_BITS = 30, TINY_BITS = 100 };

typedef struct number {
    arb_t v;
    bool known;
    int level; /* 0: the number is v. Else sign exp(slope exp(exp(… v))) with `level` exps, and v >
                  2^LEVEL_BITS at level 1, v > 0 above */
    int sign;  /* of a level above 0 */
    int slope; /* -1: close to zero */
} number;

static void release(number *x) { arb_clear(x->v); }
static number unknown(void) { return (number){.known = false}; }

static number plain(arb_srcptr v) {
    number r = {.known = arb_is_finite(v) != 0};
    arb_init(r.v);
    if (r.known) arb_set(r.v, v);
    return r;
}

static number copied(const number *x) {
    number r = *x;
    arb_init(r.v);
    arb_set(r.v, x->v);
    return r;
}

static bool beyond(arb_srcptr v, long bits) { return arf_cmpabs_2exp_si(arb_midref(v), bits) > 0; }

static number negated(number x) {
    if (x.level == 0) arb_neg(x.v, x.v);
    x.sign = -x.sign;
    return x;
}

/* 1, -1, or 0 when it is not certain */
static int sign_of(const number *x) {
    if (!x->known) return 0;
    return x->level ? x->sign : arb_is_positive(x->v) ? 1 : arb_is_negative(x->v) ? -1 : 0;
}

/* ln |x| */
static number ln_abs(const number *x) {
    number r = copied(x);
    if (!sign_of(x)) r.known = false;
    else if (x->level == 0) {
        arb_abs(r.v, x->v);
        arb_log(r.v, r.v, PREC);
    } else {
        r.level--;
        r.sign = x->slope;
        r.slope = 1;
        if (r.level == 0 && x->slope < 0) arb_neg(r.v, r.v);
    }
    return r;
}

/* e^x; takes x over */
static number exp_of(number x) {
    if (!x.known) return x;
    if (x.level == 0 && !beyond(x.v, LEVEL_BITS)) arb_exp(x.v, x.v, PREC);
    else if (x.level == 0) {
        x.slope = arb_is_positive(x.v) ? 1 : -1;
        x.known = arb_is_nonzero(x.v);
        arb_abs(x.v, x.v);
        x.level = x.sign = 1;
    } else if (x.slope < 0) { /* e^tiny: |e^t - 1| < 2 |t| */
        x.level = 0;
        arb_one(x.v);
        arb_add_error_2exp_si(x.v, -TINY_BITS);
    } else {
        x.slope = x.sign;
        x.sign = 1;
        if (++x.level > MAX_LEVEL) x.known = false;
    }
    return x;
}

static number added(const number *x, const number *y);

/* x + y with ln |x| - ln |y| = gap: the smaller one shifts the logarithm of the larger one by less than
 * 2^-TINY_BITS, or by ln 2 if the signs agree. */
static number dominated(const number *x, const number *y, const number *gap) {
    int first = sign_of(gap), u = sign_of(x), v = sign_of(y);
    bool far =
        gap->known && (gap->level ? gap->slope > 0 : beyond(gap->v, 7) && arb_rel_accuracy_bits(gap->v) > 4);
    if (!first || !u || !v || (!far && u != v)) return unknown();
    number l = ln_abs(first > 0 ? x : y), shift = {.known = true};
    arb_init(shift.v);
    if (far) arb_add_error_2exp_si(shift.v, -TINY_BITS);
    else arb_set_d(shift.v, 0.5), arb_add_error_2exp_si(shift.v, -1);
    number s = added(&l, &shift), r = exp_of(s);
    release(&l);
    release(&shift);
    return (first > 0 ? u : v) < 0 ? negated(r) : r;
}

static number added(const number *x, const number *y);

/* A huge number and a ball around zero. */
static number nearly(const number *x) {
    number l = ln_abs(x), shift = {.known = true};
    arb_init(shift.v);
    arb_add_error_2exp_si(shift.v, -TINY_BITS);
    number r = exp_of(added(&l, &shift));
    release(&l);
    release(&shift);
    return x->sign < 0 ? negated(r) : r;
}

static number added(const number *x, const number *y) {
    if (!x->known || !y->known) return unknown();
    if (x->level == 0 && y->level == 0) {
        number r = copied(x);
        arb_add(r.v, x->v, y->v, PREC);
        return r;
    }
    if (x->level == 0 && arb_is_zero(x->v)) return copied(y);
    if (y->level == 0 && !sign_of(y) && x->level && x->slope > 0 && !beyond(y->v, LEVEL_BITS))
        return nearly(x);
    if (x->level == 0 && !sign_of(x)) return y->level ? added(y, x) : unknown();
    number l = ln_abs(x), m = negated(ln_abs(y)), gap = added(&l, &m), r = dominated(x, y, &gap);
    release(&l);
    release(&m);
    release(&gap);
    return r;
}

static number multiplied(const number *x, const number *y) {
    if (!x->known || !y->known) return unknown();
    if (x->level == 0 && y->level == 0) {
        number r = copied(x);
        arb_mul(r.v, x->v, y->v, PREC);
        if (!beyond(r.v, 1L << LEVEL_BITS) &&
            (arb_contains_zero(r.v) || arf_cmpabs_2exp_si(arb_midref(r.v), -(1L << LEVEL_BITS)) > 0))
            return r;
        release(&r);
    }
    int sign = sign_of(x) * sign_of(y);
    if (!sign) return unknown();
    number l = ln_abs(x), m = ln_abs(y), s = added(&l, &m), r = exp_of(s);
    release(&l);
    release(&m);
    return sign < 0 ? negated(r) : r;
}

/* |x|^y with the given sign */
static number power(const number *x, const number *y, int sign) {
    if (!sign_of(x) || !sign) return unknown();
    number l = ln_abs(x), t = multiplied(&l, y), r = exp_of(t);
    release(&l);
    return sign < 0 ? negated(r) : r;
}

static number integer_power(const number *x, long num, long den) {
    arb_t e;
    arb_init(e);
    arb_set_si(e, num);
    arb_div_si(e, e, den, PREC);
    number y = plain(e), r = power(x, &y,
                                   num % 2 == 0 && den == 1 ? 1
                                   : den % 2                ? sign_of(x)
                                                            : sign_of(x) > 0);
    arb_clear(e);
    release(&y);
    return r;
}

/* ln Gamma(x) = (x - 1/2) ln x - x + ln(2 pi)/2 + [0, 1/(12 x)] */
static number gamma_of(const number *x) {
    if (sign_of(x) <= 0 || (x->level ? x->slope < 0 : !beyond(x->v, 8))) return unknown();
    arb_t c;
    arb_init(c);
    arb_set_d(c, -1.0);
    number one = plain(c), l = ln_abs(x), m = added(&l, &one), main = multiplied(x, &m);
    arb_const_pi(c, PREC);
    arb_mul_2exp_si(c, c, 1);
    arb_log(c, c, PREC);
    arb_mul_2exp_si(c, c, -1);
    arb_add_error_2exp_si(c, -8);
    number rest = plain(c);
    arb_set_d(c, -0.5);
    number half = plain(c), part = multiplied(&l, &half), sum = added(&main, &part),
           r = exp_of(added(&sum, &rest));
    arb_clear(c);
    number *all[] = {&one, &l, &m, &main, &rest, &half, &part, &sum};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) release(all[k]);
    return r;
}

static number value_of(const balls *e, const number *t, uint32_t k) {
    const dag_node *x = &e->d->node[k];
    const number *a = &t[x->a], *b = &t[x->b];
    if (e->state[k] == BALL_OK && arb_is_zero(acb_imagref(e->v + k)) &&
        !beyond(acb_realref(e->v + k), 1L << LEVEL_BITS))
        return plain(acb_realref(e->v + k));
    switch ((dag_op)x->op) {
    case DAG_RAT: return plain(acb_realref(e->v + k));
    case DAG_ADD: return added(a, b);
    case DAG_MUL: return multiplied(a, b);
    case DAG_POW: return integer_power(a, x->k, 1);
    case DAG_ROOT: return integer_power(a, 1, x->k);
    case DAG_TOWER: return sign_of(a) > 0 ? power(a, b, 1) : unknown();
    case DAG_EXP: return exp_of(copied(a));
    case DAG_LN: return sign_of(a) > 0 ? ln_abs(a) : unknown();
    case DAG_GAMMA: return gamma_of(a);
    default: return unknown();
    }
}

/* 1: they differ; 0: not known; -1: ask their logarithms */
static int apart(const number *x, const number *y) {
    if (!x->known || !y->known) return 0;
    if (x->level == 0 && y->level == 0) return !arb_overlaps(x->v, y->v);
    if (x->level == 0 && !beyond(x->v, LEVEL_BITS) && y->slope > 0) return 1; /* |y| > exp(2^30) */
    if (y->level == 0 && !beyond(y->v, LEVEL_BITS) && x->slope > 0) return 1;
    int u = sign_of(x), v = sign_of(y);
    return !u || !v ? 0 : u != v ? 1 : -1;
}

static bool differ(const number *x, const number *y) {
    number l = copied(x), m = copied(y);
    int answer;
    while ((answer = apart(&l, &m)) < 0) {
        number next_l = ln_abs(&l), next_m = ln_abs(&m);
        release(&l);
        release(&m);
        l = next_l;
        m = next_m;
    }
    release(&l);
    release(&m);
    return answer == 1;
}

bool lem_towers_differ(const balls *e) {
    number *t = lem_work_alloc(e->d->w, e->n, sizeof *t);
    bool yes = false;
    if (!t) return false;
    uint32_t k = 1;
    for (; k < e->n; k++) {
        if (!e->need[k]) continue;
        if (!lem_work_spend(e->d->w, 5000)) break;
        t[k] = value_of(e, t, k);
    }
    if (k == e->n) yes = differ(&t[e->a], &t[e->b]);
    for (k = 1; k < e->n; k++) release(&t[k]);
    return yes;
}
