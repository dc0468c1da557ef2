/* decide.c - the order of the deciders, and what each of them may conclude */
#include "answer/decide/decide_priv.h"

#include "answer/canon_priv.h"
#include "answer/decide/ball_priv.h"
#include "answer/decide/proof_priv.h"
#include "answer/decide/tower_priv.h"

#include <string.h>

enum {
    CANON_FUEL = 200000,
    MAX_SYMBOLS = 32,
    ENOUGH_POINTS = 3,
    AGREE_BITS = 256,
    ENCLOSED_BITS = 60,
    HIGH_PREC = 1024,
    POINT_PREC = 512
};

static void *zeroed(size_t n, size_t size) {
    size_t bytes = SIZE_MAX;
    (void)lem_mul_size(n, size, &bytes);
    void *p = lem_mem_insist(bytes);
    return memset(p, 0, bytes);
}

/* FLINT ends the process where there is no memory: it is never told. lem_work_check tells. */
__attribute__((constructor)) static void take_memory_from_us(void) {
    __flint_set_memory_functions(lem_mem_insist, zeroed, lem_mem_insist_more, lem_free);
}

static lem_answer_result say(lem_answer_verdict v, const char *rule) { return (lem_answer_result){v, rule}; }
static lem_answer_result open_question(const lem_work *w) {
    return say(LEM_ANSWER_LIMIT, w->limit ? "work bound" : "not decided");
}

/* A part of the fuel for one decider: running out of it is not the end. */
typedef struct budget {
    int64_t rest;
} budget;

static budget lend(lem_work *w, int64_t part) {
    budget b = {w->fuel > part ? w->fuel - part : 0};
    w->fuel -= b.rest;
    return b;
}
static void settle(lem_work *w, budget b) {
    bool empty = b.rest == 0 && w->limit;
    w->fuel = (w->fuel > 0 ? w->fuel : 0) + b.rest;
    if (!empty) w->limit = false;
}

/* Equal texts are equal values; two polynomials of which each value has one text only are decided either way.
 */
static bool by_canonical_form(lem_work *w, const ast_node *a, const ast_node *b, lem_answer_result *out) {
    budget rest = lend(w, CANON_FUEL);
    const canon_poly *p = lem_canon_scalar(w, a), *q = p ? lem_canon_scalar(w, b) : NULL;
    const char *x = q ? lem_canon_poly_text(w, p) : NULL, *y = x ? lem_canon_poly_text(w, q) : NULL;
    bool same = x && y && !w->limit && strcmp(x, y) == 0,
         decided = same || (x && y && !w->limit && lem_canon_is_unique(p) && lem_canon_is_unique(q));
    if (decided) *out = say(same ? LEM_ANSWER_EQUAL_EXACT : LEM_ANSWER_NOT_EQUAL, "canonical form");
    settle(w, rest);
    return decided;
}

/* Half of what is left: a proof that takes more leaves the balls the other half. */
static proof_answer proof(balls *e, const residues *r) {
    budget rest = lend(e->d->w, e->d->w->fuel / 2);
    proof_answer p = lem_proof_compare(e->d, e->a, e->b, r);
    settle(e->d->w, rest);
    return p;
}

/* ---- constants ---- */

/* One precision: true when it decides. */
static bool balls_decide(balls *e, long prec, ball_state *state, lem_answer_result *out) {
    *state = lem_balls_run(e, prec, BALL_CONSTANT);
    if (*state != BALL_OK) return false;
    if (lem_balls_differ(e)) *out = say(LEM_ANSWER_NOT_EQUAL, "balls do not meet");
    else if (lem_balls_proven_equal(e)) *out = say(LEM_ANSWER_EQUAL_EXACT, "root separation bound");
    else return false;
    return true;
}

/* Low precision first; an enclosure (calculus_priv.h) tells no more than its radius. */
static bool first_balls(balls *e, ball_state *state, lem_answer_result *out) {
    const dag_node *node = e->d->node;
    for (long prec = 64; prec <= 128; prec *= 2) {
        if (balls_decide(e, prec, state, out)) return true;
        if (*state == BALL_UNDEFINED) return *out = say(LEM_ANSWER_LIMIT, "no value"), true;
    }
    if (!node[e->a].enclosed && !node[e->b].enclosed) return false;
    bool meet = *state == BALL_OK && lem_balls_agree(e, ENCLOSED_BITS);
    *out = meet ? say(LEM_ANSWER_EQUAL_NUMERIC, lem_answer_rule_text(RULE_ENCLOSED)) : open_question(e->d->w);
    return true;
}

/* More and more bits, until the balls part or meet as closely as is asked. True: *r is decided. */
static bool climb(balls *e, ball_state *state, lem_answer_result *r) {
    for (long prec = 256; prec <= 2 * BALL_MAX_BITS && !e->d->w->limit; prec *= 2) {
        long needed = *state == BALL_OK ? lem_balls_bits_needed(e) : 0;
        if (needed && prec < needed) prec = needed + 64;
        if (!needed && prec > HIGH_PREC && e->degree == 0) break;
        if (balls_decide(e, prec, state, r)) return true;
        if (*state == BALL_UNDEFINED) return *r = say(LEM_ANSWER_LIMIT, "no value"), true;
        if (*state == BALL_OK && prec >= HIGH_PREC && lem_balls_bits_needed(e) == 0) break;
    }
    return false;
}

static lem_answer_result decide_constants(balls *e) {
    dag *d = e->d;
    lem_work *w = d->w;
    lem_answer_result r;
    ball_state state;
    if (first_balls(e, &state, &r)) return r;
    residues m;
    bool finite = state == BALL_OK;
    if (!finite && lem_towers_differ(e)) return say(LEM_ANSWER_NOT_EQUAL, "logarithms differ");
    (void)lem_modular_compare(d, e->a, e->b, &m);
    if (!w->limit) {
        proof_answer p = proof(e, &m);
        if (p == PROOF_CONSTANT_APART) return say(LEM_ANSWER_NOT_EQUAL, "differ by a rational number");
        if (p == PROOF_EQUAL && finite) return say(LEM_ANSWER_EQUAL_EXACT, "identity of rational functions");
    }
    if (climb(e, &state, &r)) return r;
    if (w->limit || state != BALL_OK || e->prec < HIGH_PREC || !lem_balls_agree(e, AGREE_BITS))
        return open_question(w);
    return say(LEM_ANSWER_EQUAL_NUMERIC, "balls meet to 256 bits");
}

/* ---- functions of symbols ---- */

typedef struct sampling {
    balls *e;
    uint32_t symbol[MAX_SYMBOLS];
    uint32_t symbols, all, negative, blocked; /* bit sets of symbols: all; negative at a counted point;
                                                 negative where it could not be told */
    int point[BALL_POINTS], counted;
} sampling;

static bool find_symbols(sampling *s) {
    const balls *e = s->e;
    for (uint32_t k = 1; k < e->n; k++) {
        if (!e->need[k] || e->d->node[k].op != DAG_SYM) continue;
        if (s->symbols == MAX_SYMBOLS) return false;
        s->all |= 1U << s->symbols;
        s->symbol[s->symbols++] = k;
    }
    return true;
}

static uint32_t negatives(const sampling *s) {
    uint32_t set = 0;
    for (uint32_t k = 0; k < s->symbols; k++)
        if (lem_balls_negative_point(s->e, s->symbol[k])) set |= 1U << k;
    return set;
}

/* Counts points of both signs at which both sides are defined; true when one of them tells the sides apart.
 */
static bool sample(sampling *s) {
    s->counted = 0;
    s->negative = s->blocked = 0;
    for (int p = 0;
         p < BALL_POINTS && !(s->counted >= ENOUGH_POINTS && (s->negative == s->all || s->e->integers));
         p++) {
        ball_state state = lem_balls_run(s->e, 64, p);
        if (state == BALL_FUZZY) state = lem_balls_run(s->e, 256, p);
        if (s->e->d->w->limit) return false;
        if (state == BALL_FUZZY) s->blocked |= negatives(s);
        if (state != BALL_OK) continue;
        if (lem_balls_differ(s->e)) return true;
        s->point[s->counted++] = p;
        s->negative |= negatives(s);
    }
    return false;
}

/* Negative values may be missing only where they are undefined. */
static bool enough(const sampling *s) {
    return s->counted >= ENOUGH_POINTS && !(s->all & ~s->negative & s->blocked);
}

static lem_answer_result confirm(sampling *s) {
    for (int k = 0; k < ENOUGH_POINTS; k++) {
        if (lem_balls_run(s->e, POINT_PREC, s->point[k]) != BALL_OK) return open_question(s->e->d->w);
        if (lem_balls_differ(s->e)) return say(LEM_ANSWER_NOT_EQUAL, "balls do not meet at a sample point");
        if (!lem_balls_agree(s->e, AGREE_BITS)) return open_question(s->e->d->w);
    }
    return say(LEM_ANSWER_EQUAL_NUMERIC, "balls meet at sample points");
}

static lem_answer_result by_samples(balls *e, residues *m) {
    lem_work *w = e->d->w;
    sampling s = {.e = e};
    if (!find_symbols(&s)) return open_question(w);
    bool differ = sample(&s);
    for (int k = 0; k < 2 && !differ && !w->limit && s.counted == 0 && e->real;
         k++) { /* nowhere real: at whole numbers, then complex values */
        e->integers = k == 0;
        e->real = k == 0;
        differ = sample(&s);
    }
    if (differ) return say(LEM_ANSWER_NOT_EQUAL, "balls do not meet at a sample point");
    if (w->limit || s.counted == 0) return open_question(w);
    if (proof(e, m) == PROOF_EQUAL) return say(LEM_ANSWER_EQUAL_EXACT, "identity of rational functions");
    return w->limit || !enough(&s) ? open_question(w) : confirm(&s);
}

static lem_answer_result decide_functions(balls *e) {
    dag *d = e->d;
    lem_work *w = d->w;
    residues m;
    modular_answer agree = lem_modular_compare(d, e->a, e->b, &m);
    if (w->limit) return open_question(w);
    if (agree == MODULAR_DIFFERENT) return say(LEM_ANSWER_NOT_EQUAL, "residues differ");
    bool opaque = d->node[e->a].free || d->node[e->b].free;
    if ((agree == MODULAR_EQUAL && m.rational) || opaque) {
        proof_answer p = agree == MODULAR_EQUAL ? proof(e, &m) : PROOF_NONE;
        if (p == PROOF_EQUAL) return say(LEM_ANSWER_EQUAL_EXACT, "identity of rational functions");
        if (opaque || w->limit) return open_question(w);
        return say(LEM_ANSWER_EQUAL_NUMERIC, "residues agree");
    }
    return by_samples(e, &m);
}

/* ---- infinity ---- */

/* 1, -1: plus or minus infinity; 0: something else with infinity in it */
static int sign_of_infinity(dag *d, uint32_t a) {
    dag_scaled s = lem_dag_split(d, a);
    return lem_dag_is(d, s.r, DAG_INFINITY) ? lem_rat_sign(s.c) : 0;
}

static lem_answer_result decide_infinite(dag *d, uint32_t a, uint32_t b) {
    bool x = d->node[a].infinite, y = d->node[b].infinite;
    int u = x ? sign_of_infinity(d, a) : 2, v = y ? sign_of_infinity(d, b) : 2;
    if (!u || !v || d->node[a].free || d->node[b].free) return open_question(d->w);
    return u == v ? say(LEM_ANSWER_EQUAL_EXACT, "infinity") : say(LEM_ANSWER_NOT_EQUAL, "infinity");
}

static lem_answer_result decide_nodes(dag *d, uint32_t a, uint32_t b) {
    if (d->node[a].infinite || d->node[b].infinite) return decide_infinite(d, a, b);
    balls e;
    lem_answer_result r = open_question(d->w);
    if (lem_balls_init(&e, d, a, b)) {
        bool function = d->node[a].symbols || d->node[b].symbols || d->node[a].free || d->node[b].free;
        r = function ? decide_functions(&e) : decide_constants(&e);
    }
    lem_balls_release(&e);
    return r;
}

lem_answer_result lem_decide_scalars(lem_work *w, const ast_node *a, const ast_node *b) {
    if (a->kind == AST_NUM && b->kind == AST_NUM)
        return say(lem_rat_equal(a->q, b->q) ? LEM_ANSWER_EQUAL_EXACT : LEM_ANSWER_NOT_EQUAL,
                   "exact rational");
    lem_answer_result r;
    dag d;
    if (by_canonical_form(w, a, b, &r)) return r;
    if (!lem_dag_init(&d, w)) return open_question(w);
    uint32_t x = lem_dag_build(&d, a), y = x ? lem_dag_build(&d, b) : 0;
    if (w->limit) return open_question(w);
    if (d.foreign) return say(LEM_ANSWER_LIMIT, "not a scalar");
    if (!x || !y) return say(LEM_ANSWER_LIMIT, "no value");
    if (x == y) return say(LEM_ANSWER_EQUAL_EXACT, "same form");
    if (lem_dag_is(&d, x, DAG_RAT) && lem_dag_is(&d, y, DAG_RAT))
        return say(LEM_ANSWER_NOT_EQUAL, "exact rational");
    r = decide_nodes(&d, x, y);
    flint_cleanup(); /* what FLINT caches for this thread: nobody else would free it, and no call may see what
                        an earlier one left */
    return r;
}

/* One ball each, at the first sample points or of constants. */
static bool balls_apart(dag *d, uint32_t a, uint32_t b) {
    bool function = d->node[a].symbols || d->node[b].symbols, apart = false;
    const int first = function ? 0 : BALL_CONSTANT;
    const int points = function ? ENOUGH_POINTS : 1;
    balls e;
    if (lem_balls_init(&e, d, a, b))
        for (int p = first; p < first + points && !apart; p++)
            apart = lem_balls_run(&e, 64, p) == BALL_OK && lem_balls_differ(&e);
    lem_balls_release(&e);
    flint_cleanup();
    return apart;
}

bool lem_decide_apart(lem_work *w, const ast_node *a, const ast_node *b) {
    dag d;
    residues m;
    if (a->kind == AST_NUM && b->kind == AST_NUM) return !lem_rat_equal(a->q, b->q);
    uint32_t x = lem_dag_init(&d, w) ? lem_dag_build(&d, a) : 0;
    uint32_t y = x ? lem_dag_build(&d, b) : 0;
    if (w->limit || !x || !y || x == y) return false;
    const dag_node *u = &d.node[x], *v = &d.node[y];
    if (u->infinite || v->infinite || u->free || v->free) return false;
    return lem_modular_compare(&d, x, y, &m) == MODULAR_DIFFERENT || balls_apart(&d, x, y);
}

bool lem_decide_multiple(lem_work *w, const ast_node *a, const ast_node *b) {
    budget rest = lend(w, CANON_FUEL);
    const canon_poly *p = lem_canon_scalar(w, a), *q = p ? lem_canon_scalar(w, b) : NULL;
    const char *x = q ? lem_canon_poly_text(w, lem_canon_primitive(w, p, true)) : NULL,
               *y = x ? lem_canon_poly_text(w, lem_canon_primitive(w, q, true)) : NULL;
    bool multiple = x && y && !w->limit && strcmp(x, y) == 0 && strcmp(x, "0") != 0;
    settle(w, rest);
    return multiple;
}

lem_rat *lem_decide_rational(lem_work *w, const ast_node *a) {
    dag d;
    uint32_t x = lem_dag_init(&d, w) ? lem_dag_build(&d, a) : 0;
    const lem_rat *q = x ? lem_dag_value(&d, x) : NULL;
    return q ? lem_rat_mul(w, q, d.node[1].q) : NULL;
}

static bool is_finite_constant(const dag *d, uint32_t x) {
    return x && !d->node[x].symbols && !d->node[x].infinite;
}

static bool are_real(const balls *e, uint32_t x, uint32_t y) {
    return arb_is_zero(acb_imagref(e->v + x)) && arb_is_zero(acb_imagref(e->v + y));
}

/* The ball of a - b around both constants at the least precision that `enough` accepts. */
static bool difference_of(lem_work *w, const ast_node *a, const ast_node *b,
                          bool accept(arb_srcptr, const balls *, void *), void *user) {
    dag d;
    balls e;
    uint32_t x = lem_dag_init(&d, w) ? lem_dag_build(&d, a) : 0, y = x ? lem_dag_build(&d, b) : 0;
    if (w->limit || !is_finite_constant(&d, x) || !is_finite_constant(&d, y)) return false;
    bool done = false;
    arb_t t;
    arb_init(t);
    if (lem_balls_init(&e, &d, x, y))
        for (long prec = 64; prec <= HIGH_PREC && !done && !w->limit; prec *= 2) {
            ball_state state = lem_balls_run(&e, prec, BALL_CONSTANT);
            if (state == BALL_UNDEFINED || (state == BALL_OK && !are_real(&e, x, y))) break;
            if (state != BALL_OK) continue;
            arb_sub(t, acb_realref(e.v + x), acb_realref(e.v + y), prec);
            done = accept(t, &e, user);
        }
    arb_clear(t);
    lem_balls_release(&e);
    flint_cleanup();
    return done;
}

typedef struct within {
    const lem_rat *tol;
    bool yes;
} within;

static bool within_accepts(arb_srcptr t, const balls *e, void *user) {
    within *x = user;
    fmpq_t q;
    arb_t tol, size;
    fmpq_init(q);
    arb_init(tol);
    arb_init(size);
    fmpq_set_mpq(q, x->tol->q);
    arb_set_fmpq(tol, q, e->prec);
    arb_abs(size, t);
    x->yes = arb_le(size, tol);
    bool decided = x->yes || arb_gt(size, tol);
    fmpq_clear(q);
    arb_clear(tol);
    arb_clear(size);
    return decided;
}

bool lem_decide_within(lem_work *w, const ast_node *a, const ast_node *b, const lem_rat *tol) {
    within x = {tol, false};
    return tol && difference_of(w, a, b, within_accepts, &x) && x.yes;
}

static bool order_accepts(arb_srcptr t, const balls *e, void *user) {
    int *sign = user;
    *sign = e->a == e->b                ? 0
            : arb_is_positive(t)        ? 1
            : arb_is_negative(t)        ? -1
            : lem_balls_proven_equal(e) ? 0
                                        : 2;
    return *sign != 2;
}

int lem_decide_order(lem_work *w, const ast_node *a, const ast_node *b) {
    int sign = 2;
    if (difference_of(w, a, b, order_accepts, &sign)) return sign;
    return !w->limit && lem_decide_scalars(w, a, b).verdict == LEM_ANSWER_EQUAL_EXACT ? 0 : 2;
}
