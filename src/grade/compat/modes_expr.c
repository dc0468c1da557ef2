/* modes_expr.c - trees of the compatibility modes, exact and numeric zero tests */
#include "grade/compat/complex_priv.h"
#include "grade/compat/modes_expr_priv.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

static mode_expr *node(lem_work *w, mode_kind kind) {
    mode_expr *a = lem_work_spend(w, 8) ? lem_work_alloc(w, 1, sizeof *a) : NULL;
    if (a) a->kind = kind;
    return a;
}

mode_expr *lem_mode_num(lem_work *w, mode_text t) {
    mode_expr *a = node(w, MODE_NUM);
    size_t n = 0;
    while (n < t.n && t.s[n] != 'e' && t.s[n] != 'E') n++;
    long e = 0;
    bool minus = n + 1 < t.n && t.s[n + 1] == '-';
    for (size_t i = n + 1; i < t.n && e < 100000; i++)
        if (lem_mode_is_digit(t.s[i])) e = e * 10 + (t.s[i] - '0');
    if (!a) return NULL;
    if (e > 9999) {
        w->limit = true;
        return NULL;
    }
    a->decimal = n < t.n || memchr(t.s, '.', t.n) != NULL;
    a->q = lem_rat_decimal(w, t.s, n, minus ? -e : e);
    return a->q ? a : NULL;
}

mode_expr *lem_mode_int(lem_work *w, long v) {
    mode_expr *a = node(w, MODE_NUM);
    if (!a) return NULL;
    a->q = lem_rat_int(w, v);
    return a->q ? a : NULL;
}

mode_expr *lem_mode_sym(lem_work *w, mode_text name) {
    mode_expr *a = node(w, MODE_SYM);
    if (a) a->name = name;
    return a;
}

mode_expr *lem_mode_const(lem_work *w, const char *name) {
    mode_expr *a = node(w, MODE_CONST);
    if (a) a->name = lem_mode_text(name, strlen(name));
    return a;
}

/* Recursion over a tree is bounded by its levels. */
static mode_expr *limited(lem_work *w, mode_expr *r) {
    uint16_t a = r->kid[0]->levels, b = r->n > 1 ? r->kid[1]->levels : 0;
    r->levels = (uint16_t)((a > b ? a : b) + 1);
    if (r->levels <= MODE_MAX_LEVELS) return r;
    w->limit = true;
    return NULL;
}

mode_expr *lem_mode_op(lem_work *w, mode_kind kind, mode_expr *a, mode_expr *b) {
    mode_expr *r = a && b ? node(w, kind) : NULL;
    if (!r) return NULL;
    r->n = 2;
    r->kid[0] = a;
    r->kid[1] = b;
    return limited(w, r);
}

mode_expr *lem_mode_neg(lem_work *w, mode_expr *a) {
    return a ? lem_mode_op(w, MODE_MUL, lem_mode_int(w, -1), a) : NULL;
}

mode_expr *lem_mode_div(lem_work *w, mode_expr *a, mode_expr *b) {
    return a && b ? lem_mode_op(w, MODE_MUL, a, lem_mode_op(w, MODE_POW, b, lem_mode_int(w, -1))) : NULL;
}

mode_expr *lem_mode_sqrt(lem_work *w, mode_expr *a) {
    return a ? lem_mode_op(w, MODE_POW, a, lem_mode_div(w, lem_mode_int(w, 1), lem_mode_int(w, 2))) : NULL;
}

mode_expr *lem_mode_fn(lem_work *w, mode_text name, mode_expr *a, mode_expr *b) {
    mode_expr *r = a ? node(w, MODE_FN) : NULL;
    if (!r) return NULL;
    r->n = b ? 2 : 1;
    r->name = name;
    r->kid[0] = a;
    r->kid[1] = b;
    return limited(w, r);
}

bool lem_mode_is_free_of_symbols(const mode_expr *a) {
    if (a->kind == MODE_SYM) return false;
    for (uint32_t k = 0; k < a->n; k++)
        if (!lem_mode_is_free_of_symbols(a->kid[k])) return false;
    return true;
}

bool lem_mode_same(const mode_expr *a, const mode_expr *b) {
    if (a->kind != b->kind || a->n != b->n || !lem_mode_text_equal(a->name, b->name)) return false;
    if (a->kind == MODE_NUM) return lem_rat_equal(a->q, b->q);
    for (uint32_t k = 0; k < a->n; k++)
        if (!lem_mode_same(a->kid[k], b->kid[k])) return false;
    return true;
}

/* ---- exact ---- */

static size_t bits(const lem_rat *q) {
    size_t a = mpz_sizeinbase(mpq_numref(q->q), 2), b = mpz_sizeinbase(mpq_denref(q->q), 2);
    return a > b ? a : b;
}

static lem_rat *exact_pow(lem_work *w, const lem_rat *a, const lem_rat *b) {
    long e;
    if (!a || !b || !lem_rat_small(b, 100000, &e)) return NULL;
    if (lem_rat_sign(a) == 0 && e < 0) return NULL;
    if ((size_t)labs(e) * bits(a) > LEM_ANSWER_MAX_BITS / 4 && bits(a) > 1) return NULL;
    return lem_rat_pow(w, a, e);
}

static lem_rat *exact_factorial(lem_work *w, const lem_rat *a) {
    long n;
    if (!a || !lem_rat_small(a, 500, &n) || n < 0) return NULL;
    lem_rat *r = lem_rat_int(w, 1);
    for (long k = 2; k <= n && r; k++) r = lem_rat_mul(w, r, lem_rat_int(w, k));
    return r;
}

static lem_rat *exact_binom(lem_work *w, const lem_rat *n, const lem_rat *k) {
    long top, low;
    if (!n || !k || !lem_rat_small(n, 500, &top) || !lem_rat_small(k, 500, &low) || low < 0 || top < 0)
        return NULL;
    if (low > top) return lem_rat_int(w, 0);
    lem_rat *r = lem_rat_int(w, 1);
    for (long j = 0; j < low && r; j++)
        r = lem_rat_div(w, lem_rat_mul(w, r, lem_rat_int(w, top - j)), lem_rat_int(w, j + 1));
    return r;
}

/* Of fractions in lowest terms: gcd of the numerators over lcm of the denominators, or the reverse. */
static lem_rat *exact_divisor(lem_work *w, const lem_rat *a, const lem_rat *b, bool lcm) {
    lem_rat *r = lem_rat_mul(w, a, b); /* checks the size and makes the room */
    if (!r) return NULL;
    if (lcm) {
        mpz_lcm(mpq_numref(r->q), mpq_numref(a->q), mpq_numref(b->q));
        mpz_gcd(mpq_denref(r->q), mpq_denref(a->q), mpq_denref(b->q));
    } else {
        mpz_gcd(mpq_numref(r->q), mpq_numref(a->q), mpq_numref(b->q));
        mpz_lcm(mpq_denref(r->q), mpq_denref(a->q), mpq_denref(b->q));
    }
    mpq_canonicalize(r->q);
    return r;
}

static lem_rat *exact_function(lem_work *w, const mode_expr *a, lem_rat *x, lem_rat *y) {
    if (lem_mode_text_is(a->name, "factorial")) return exact_factorial(w, x);
    if (lem_mode_text_is(a->name, "binomial") && y) return exact_binom(w, x, y);
    if (y && (lem_mode_text_is(a->name, "gcd") || lem_mode_text_is(a->name, "lcm")))
        return exact_divisor(w, x, y, a->name.s[0] == 'l');
    if (lem_mode_text_is(a->name, "abs")) return lem_rat_sign(x) < 0 ? lem_rat_neg(w, x) : x;
    return NULL;
}

lem_rat *lem_mode_exact(lem_work *w, const mode_expr *a) {
    if (a->kind == MODE_NUM) return a->q;
    if (a->kind == MODE_SYM || a->kind == MODE_CONST) return NULL;
    lem_rat *x = lem_mode_exact(w, a->kid[0]), *y = x && a->n > 1 ? lem_mode_exact(w, a->kid[1]) : NULL;
    if (!x || (a->n > 1 && !y)) return NULL;
    if (bits(x) > LEM_ANSWER_MAX_BITS / 4 || (y && bits(y) > LEM_ANSWER_MAX_BITS / 4)) return NULL;
    switch (a->kind) {
    case MODE_ADD: return lem_rat_add(w, x, y);
    case MODE_MUL: return lem_rat_mul(w, x, y);
    case MODE_POW: return exact_pow(w, x, y);
    default: return exact_function(w, a, x, y);
    }
}

/* ---- numeric ---- */

/* A value and a bound on its error; bad: no value. */
typedef struct ball {
    long double complex v;
    long double e;
    bool bad;
} ball;

typedef struct point {
    lem_work *w;
    int k;
    bool real;
    int depth;
} point;

static const long double unit = LDBL_EPSILON;

static ball made(long double complex v, long double e) {
    ball b = {v, e + cabsl(v) * unit, false};
    b.bad = !isfinite(creall(v)) || !isfinite(cimagl(v)) || !isfinite(b.e);
    return b;
}

static const ball no_ball = {0, 0, true};

/* A part that may be zero is zero: otherwise rounding would choose the side of a branch cut. */
static long double complex snapped(ball a) {
    long double re = creall(a.v), im = cimagl(a.v);
    if (fabsl(im) <= 4 * a.e) im = 0;
    if (fabsl(re) <= 4 * a.e) re = 0;
    return CMPLXL(re, im);
}

static uint64_t name_hash(mode_text t, int k) {
    uint64_t h = 0x9e3779b97f4a7c15u + (uint64_t)k * 0xbf58476d1ce4e5b9u;
    for (size_t i = 0; i < t.n; i++) h = (h ^ (unsigned char)t.s[i]) * 0x100000001b3u;
    h ^= h >> 31;
    h *= 0x94d049bb133111ebu;
    return h ^ (h >> 29);
}

static ball free_value(mode_text name, const point *p) {
    uint64_t h = name_hash(name, p->k);
    long double re = 0.3L + (long double)(h & 0xffff) / 40000,
                im = 0.2L + (long double)((h >> 16) & 0xffff) / 50000;
    if ((h >> 40) & 1) re = -re;
    if ((h >> 41) & 1) im = -im;
    bool complex_symbol =
        !p->real || (name.n && name.s[name.n - 1] == '~'); /* "i~": a symbol that is declared not real */
    return made(complex_symbol ? CMPLXL(re, im) : re, 0);
}

static ball value_of(const mode_expr *a, point *p);

static ball add(ball a, ball b) {
    return a.bad || b.bad ? no_ball : made(a.v + b.v, a.e + b.e + (cabsl(a.v) + cabsl(b.v)) * unit);
}

static ball mul(ball a, ball b) {
    if (a.bad || b.bad) return no_ball;
    long double x = cabsl(a.v), y = cabsl(b.v);
    return made(a.v * b.v, x * b.e + y * a.e + a.e * b.e + 4 * x * y * unit);
}

static ball inverse(ball a) {
    long double m = cabsl(a.v);
    if (a.bad || m <= 2 * a.e || m == 0) return no_ball;
    return made(1 / a.v, 2 * a.e / (m * m) + 4 * unit / m);
}

static ball int_power(ball a, long n) {
    ball r = made(1, 0);
    for (unsigned long m = (unsigned long)labs(n); m && !r.bad; m >>= 1) {
        if (m & 1) r = mul(r, a);
        if (m > 1) a = mul(a, a);
    }
    return n < 0 ? inverse(r) : r;
}

static ball logarithm(ball a) {
    long double m = cabsl(a.v);
    if (a.bad || m <= 2 * a.e || m == 0) return no_ball;
    return made(clogl(snapped(a)), 2 * a.e / m + 4 * unit);
}

static ball exponential(ball a) {
    if (a.bad || creall(a.v) > 11000) return no_ball;
    long double complex v = cexpl(a.v);
    return made(v, cabsl(v) * (2 * a.e + (8 + cabsl(a.v)) * unit));
}

static ball power(const mode_expr *a, point *p) {
    ball x = value_of(a->kid[0], p);
    lem_rat *e = lem_mode_exact(p->w, a->kid[1]);
    long n;
    if (e && lem_rat_small(e, 1000000, &n)) return x.bad ? no_ball : int_power(x, n);
    if (!x.bad && e && lem_rat_sign(e) > 0 && cabsl(x.v) <= 4 * x.e)
        return made(0, powl(x.e + LDBL_MIN, 0.1L) < 1e-3L ? 1e-18L : 1);
    ball y = value_of(a->kid[1], p);
    if (x.bad || y.bad) return no_ball;
    if (e && creall(x.v) > 0 && cimagl(x.v) == 0) { /* a root of a positive real stays real */
        long double m = creall(x.v), v = powl(m, creall(y.v));
        return made(v, v * (fabsl(creall(y.v)) * x.e / m + (8 + fabsl(logl(m))) * unit));
    }
    return exponential(mul(y, logarithm(x)));
}

typedef long double complex (*complex_fn)(long double complex);
static long double complex c_cot(long double complex z) { return 1 / ctanl(z); }
static long double complex c_sec(long double complex z) { return 1 / ccosl(z); }
static long double complex c_csc(long double complex z) { return 1 / csinl(z); }
static long double complex c_acot(long double complex z) { return catanl(1 / z); }
static long double complex c_asec(long double complex z) { return cacosl(1 / z); }
static long double complex c_acsc(long double complex z) { return casinl(1 / z); }

static complex_fn known(mode_text name) {
    static const struct {
        const char *name;
        complex_fn f;
    } table[] = {{"sin", csinl},     {"cos", ccosl},    {"tan", ctanl},   {"cot", c_cot},
                 {"sec", c_sec},     {"csc", c_csc},    {"asin", casinl}, {"acos", cacosl},
                 {"atan", catanl},   {"acot", c_acot},  {"asec", c_asec}, {"acsc", c_acsc},
                 {"sinh", csinhl},   {"cosh", ccoshl},  {"tanh", ctanhl}, {"asinh", casinhl},
                 {"acosh", cacoshl}, {"atanh", catanhl}};
    for (size_t k = 0; k < sizeof table / sizeof *table; k++)
        if (lem_mode_text_is(name, table[k].name)) return table[k].f;
    return NULL;
}

/* f(a): the error by a difference quotient. */
static ball applied(complex_fn f, ball a) {
    if (a.bad) return no_ball;
    long double complex z = snapped(a), v = f(z);
    long double h = 1e-6L * (1 + cabsl(z)), slope = cabsl((f(z + h) - v) / h);
    return made(v, 4 * a.e * slope + 16 * (1 + cabsl(z)) * unit * (slope + cabsl(v)));
}

static ball rounded(mode_text name, ball a) {
    long double re = creall(a.v), near = roundl(re);
    if (cimagl(snapped(a)) != 0) return no_ball;
    if (fabsl(re - near) <= 8 * a.e + 1e-15L) re = near; /* an integer up to rounding */
    return made(lem_mode_text_is(name, "floor") ? floorl(re) : ceill(re), 0);
}

static ball factorial(ball a) {
    if (a.bad || cimagl(snapped(a)) != 0) return no_ball;
    long double x = creall(a.v), g = tgammal(x + 1);
    return made(g, fabsl(g) * (4 * a.e * (1 + fabsl(logl(fabsl(x) + 2))) + 64 * unit));
}

/* Functions of one argument whose error has a form of its own; false when the name is none of them. */
static bool of_one(mode_text name, ball x, bool real, ball *out) {
    if (lem_mode_text_is(name, "exp")) return *out = exponential(x), true;
    if (lem_mode_text_is(name, "abs")) return *out = made(cabsl(x.v), x.e), true;
    if (lem_mode_text_is(name, "conjugate")) return *out = made(conjl(x.v), x.e), true;
    if (lem_mode_text_is(name, "floor") || lem_mode_text_is(name, "ceiling"))
        return *out = rounded(name, x), true;
    bool product = lem_mode_text_is(name, "factorial") && (real || cimagl(x.v) == 0);
    if (product) *out = factorial(x);
    return product;
}

/* The larger or smaller of two real values; false for other functions and values. */
static bool extremum(mode_text name, ball x, ball y, ball *out) {
    bool max = lem_mode_text_is(name, "max"), min = lem_mode_text_is(name, "min");
    if ((!max && !min) || cimagl(snapped(x)) != 0 || cimagl(snapped(y)) != 0) return false;
    *out = (creall(x.v) > creall(y.v)) == max ? x : y;
    return true;
}

static ball function(const mode_expr *a, point *p) {
    ball x = value_of(a->kid[0], p), y = a->n > 1 ? value_of(a->kid[1], p) : made(0, 0), r;
    if (x.bad || y.bad) return no_ball;
    complex_fn f = a->n == 1 ? known(a->name) : NULL;
    if (f) return applied(f, x);
    if (lem_mode_text_is(a->name, "log"))
        return a->n > 1 ? mul(logarithm(x), inverse(logarithm(y))) : logarithm(x);
    if ((a->n == 2 && extremum(a->name, x, y, &r)) || of_one(a->name, x, p->real, &r)) return r;
    /* A free function: a polynomial whose coefficients the name chooses. */
    r = free_value(a->name, p);
    r = add(r, mul(free_value((mode_text){a->name.s, a->name.n / 2}, p), x));
    r = add(r, mul(mul(x, x), mul(x, r)));
    return a->n > 1 ? add(r, mul(mul(free_value(a->name, p), y), add(y, r))) : r;
}

static ball constant(const mode_expr *a) {
    if (lem_mode_text_is(a->name, "pi")) return made(acosl(-1.0L), unit);
    if (lem_mode_text_is(a->name, "e")) return made(expl(1.0L), unit);
    if (lem_mode_text_is(a->name, "i")) return made(CMPLXL(0, 1), 0);
    if (lem_mode_text_is(a->name, "gamma")) return made(0.57721566490153286060651209008240243L, unit);
    return no_ball;
}

static ball value_of(const mode_expr *a, point *p) {
    ball r = no_ball;
    if (!lem_work_spend(p->w, 40) || p->depth > MODE_MAX_NODES) return r;
    p->depth++;
    switch (a->kind) {
    case MODE_NUM: r = made(lem_rat_value(a->q), 0); break;
    case MODE_SYM: r = free_value(a->name, p); break;
    case MODE_CONST: r = constant(a); break;
    case MODE_ADD: r = add(value_of(a->kid[0], p), value_of(a->kid[1], p)); break;
    case MODE_MUL: r = mul(value_of(a->kid[0], p), value_of(a->kid[1], p)); break;
    case MODE_POW: r = power(a, p); break;
    case MODE_FN: r = function(a, p); break;
    }
    p->depth--;
    return r;
}

bool lem_mode_value(lem_work *w, const mode_expr *a, long double *re, long double *im) {
    point p = {w, 0, true, 0};
    if (!lem_mode_is_free_of_symbols(a)) return false;
    ball b = value_of(a, &p);
    if (b.bad) return false;
    long double complex v = snapped(b);
    *re = creall(v);
    *im = cimagl(v);
    return true;
}

static bool has_decimal(const mode_expr *a) {
    if (a->kind == MODE_NUM) return a->decimal;
    for (uint32_t k = 0; k < a->n; k++)
        if (has_decimal(a->kid[k])) return true;
    return false;
}

static mode_answer compare_exact(lem_work *w, const lem_rat *x, const lem_rat *y, bool floats) {
    if (lem_rat_equal(x, y)) return MODE_EQUAL;
    if (!floats) return MODE_DIFFERENT;
    lem_rat *d = lem_rat_sub(w, x, y); /* floats of 53 bits */
    long double m = fabsl(lem_rat_value(x));
    return d && fabsl(lem_rat_value(d)) <= m * 1.2e-16L ? MODE_EQUAL_NUMERIC : MODE_DIFFERENT;
}

/* Values at one point, both with a value. MODE_EQUAL_NUMERIC: they agree there. */
static mode_answer compare_balls(ball u, ball v, bool floats, bool constants) {
    long double d = cabsl(u.v - v.v), m = cabsl(u.v) + cabsl(v.v), e = 64 * (u.e + v.e) + LDBL_MIN;
    if (floats && constants && d > 3e-17L * m) return MODE_DIFFERENT;
    if (floats) e += 4e-16L * m;
    if (d > e) return MODE_DIFFERENT;
    return e > 1e-8L * m && e > 1e-12L ? MODE_UNKNOWN : MODE_EQUAL_NUMERIC;
}

static mode_answer compare_points(lem_work *w, const mode_expr *a, const mode_expr *b, bool real,
                                  bool floats) {
    bool constants = lem_mode_is_free_of_symbols(a) && lem_mode_is_free_of_symbols(b);
    int counted = 0, points = constants ? 1 : 8, need = constants ? 1 : 3;
    for (int k = 0; k < points && counted < 5; k++) {
        point p = {w, k, real || k % 2, 0}; /* negative reals too: \sqrt{1/n} is not 1/\sqrt n */
        ball u = value_of(a, &p), v = value_of(b, &p);
        if (w->limit) return MODE_UNKNOWN;
        if (u.bad && v.bad) continue;
        if (u.bad != v.bad) return MODE_DIFFERENT; /* one side has no value where the other has one */
        mode_answer here = compare_balls(u, v, floats, constants);
        if (here != MODE_EQUAL_NUMERIC) return here;
        counted++;
    }
    return counted >= need ? MODE_EQUAL_NUMERIC : MODE_UNKNOWN;
}

mode_answer lem_mode_compare(lem_work *w, const mode_expr *a, const mode_expr *b, bool real) {
    lem_rat *x = lem_mode_exact(w, a), *y = x ? lem_mode_exact(w, b) : NULL;
    bool floats = has_decimal(a) || has_decimal(b);
    if (x && y) return compare_exact(w, x, y, floats);
    return compare_points(w, a, b, real, floats);
}
