/* numeric.c - scalars evaluated in long double with running error bounds; the last resort between two forms that differ */
#include "grade/numeric_priv.h"

#include "core/hash.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { POINTS = 8 };

typedef struct num {
    long double v, err;
} num; /* the true value lies in v ± err; not finite: undefined */

typedef struct point {
    grade_work *w;
    int index;
    bool symbols; /* a free symbol was met */
} point;

static const long double EPS = LDBL_EPSILON;

static num undefined(void) { return (num){NAN, INFINITY}; }
static num exact(long double v) { return (num){v, fabsl(v) * EPS}; }
static num sum(num a, num b) { return (num){a.v + b.v, a.err + b.err + fabsl(a.v + b.v) * EPS}; }
static num product(num a, num b) { return (num){a.v * b.v, fabsl(a.v) * b.err + fabsl(b.v) * a.err + a.err * b.err + fabsl(a.v * b.v) * EPS}; }
static num with_slope(long double v, num x, long double slope) { return (num){v, fabsl(slope) * x.err * 2 + fabsl(v) * EPS * 4}; }

static num power_of(num a, num b) {
    if (a.v == 0 && a.err == 0) return b.v > 0 ? exact(0) : undefined();
    if (fabsl(a.v) <= a.err) return undefined();
    if (a.v < 0) {
        if (b.err > EPS * (fabsl(b.v) + 1) * 4) return undefined();
        long double k = roundl(b.v);
        if (k != b.v) { /* p/q with small odd q: the real root */
            for (int q = 3; q <= 15; q += 2) {
                long double pq = b.v * q, n = roundl(pq);
                if (fabsl(pq - n) < 1e-15L && fabsl(n) < 1e6L) {
                    long double m = powl(-a.v, b.v), v = fmodl(n, 2) == 0 ? m : -m;
                    return with_slope(v, (num){a.v, a.err + fabsl(a.v) * EPS}, b.v * v / a.v);
                }
            }
            return undefined();
        }
        long double v = powl(a.v, k);
        return with_slope(v, a, k * v / a.v);
    }
    long double v = powl(a.v, b.v), l = logl(a.v);
    return (num){v, fabsl(v) * (fabsl(b.v / a.v) * a.err + fabsl(l) * b.err) * 2 + fabsl(v) * EPS * 4};
}

static num eval(point *p, const ast_node *a);

static num eval_symbol(point *p, const ast_node *a) {
    if (lem_ast_is_sym(a, "pi")) return exact(acosl(-1.0L));
    if (lem_ast_is_sym(a, "e")) return exact(expl(1.0L));
    if (lem_ast_is_sym(a, "i") || lem_ast_is_sym(a, "infty") || lem_ast_is_sym(a, "reals")) return undefined();
    p->symbols = true;
    uint64_t h = lem_hash64(a->name, a->len, 77 + (uint64_t)p->index / 2);
    long double u = 0.3L + (long double)(h >> 11) / 9007199254740992.0L * 2.1L;
    return (num){p->index % 2 ? -u : u, 0};
}

static num eval_log(num x) { return x.v > x.err ? with_slope(logl(x.v), x, 1 / x.v) : undefined(); }

static num eval_function(point *p, const ast_node *a) {
    static const char *const names[] = {"sin",    "cos",  "tan",  "cot",  "sec", "csc", "arcsin", "arccos",
                                        "arctan", "sinh", "cosh", "tanh", "ln",  "exp", "log",    NULL};
    int f = 0;
    while (names[f] && !(strlen(names[f]) == a->len && memcmp(names[f], a->name, a->len) == 0)) f++;
    if (!names[f] || a->n == 0) return undefined();
    num x = eval(p, a->kid[0]);
    if (!isfinite(x.v) || x.err > 1e-3L * (1 + fabsl(x.v)) || fabsl(x.v) > 1e6L)
        return f >= 12 && isfinite(x.v) && f != 13 ? eval_log(x) : undefined();
    long double s = sinl(x.v), c = cosl(x.v), one = 1.0L;
    switch (f) {
    case 0: return with_slope(s, x, one);
    case 1: return with_slope(c, x, one);
    case 2: return fabsl(c) < 1e-9L ? undefined() : with_slope(s / c, x, 1 / (c * c));
    case 3: return fabsl(s) < 1e-9L ? undefined() : with_slope(c / s, x, 1 / (s * s));
    case 4: return fabsl(c) < 1e-9L ? undefined() : with_slope(1 / c, x, 1 / (c * c));
    case 5: return fabsl(s) < 1e-9L ? undefined() : with_slope(1 / s, x, 1 / (s * s));
    case 6: return fabsl(x.v) < 1 ? with_slope(asinl(x.v), x, 1 / sqrtl(1 - x.v * x.v)) : fabsl(x.v) == 1 ? exact(asinl(x.v)) : undefined();
    case 7: return fabsl(x.v) < 1 ? with_slope(acosl(x.v), x, 1 / sqrtl(1 - x.v * x.v)) : fabsl(x.v) == 1 ? exact(acosl(x.v)) : undefined();
    case 8: return with_slope(atanl(x.v), x, one);
    case 9: return with_slope(sinhl(x.v), x, coshl(x.v));
    case 10: return with_slope(coshl(x.v), x, sinhl(x.v) + 1);
    case 11: return with_slope(tanhl(x.v), x, one);
    case 13: return with_slope(expl(x.v), x, expl(x.v));
    default: break;
    }
    num l = eval_log(x);
    if (f == 12) return l;
    num base = a->n > 1 ? eval_log(eval(p, a->kid[1])) : exact(logl(10)); /* log without base: both sides alike, so the choice hardly matters */
    return fabsl(base.v) > base.err ? product(l, power_of(base, exact(-1))) : undefined();
}

static num eval(point *p, const ast_node *a) {
    if (!lem_grade_spend(p->w, 64)) return undefined();
    switch (a->kind) {
    case AST_NUM: {
        long double v = lem_grade_rat_value(a->q);
        return (num){v, lem_grade_rat_is_int(a->q) && fabsl(v) < 1e18L ? 0 : fabsl(v) * EPS * 4096 * 4}; /* long fractions come through 53 bits */
    }
    case AST_SYM: return eval_symbol(p, a);
    case AST_ADD:
    case AST_MUL: {
        ast_kind kind = a->kind;
        num r = {kind == AST_MUL, 0};
        for (;; a = a->kid[0]) {
            num x = eval(p, a->kind == kind ? a->kid[1] : a);
            r = kind == AST_MUL ? product(r, x) : sum(r, x);
            if (a->kind != kind || !isfinite(r.v)) return r;
        }
    }
    case AST_POW: {
        num b = eval(p, a->kid[0]), e = eval(p, a->kid[1]);
        return isfinite(b.v) && isfinite(e.v) ? power_of(b, e) : undefined();
    }
    case AST_FN: return eval_function(p, a);
    case AST_ABS: {
        num x = eval(p, a->kid[0]);
        return (num){fabsl(x.v), x.err};
    }
    case AST_MONEY: return eval(p, a->kid[0]);
    case AST_PERCENT: return product(eval(p, a->kid[0]), exact(0.01L));
    case AST_DEGREE: return product(eval(p, a->kid[0]), exact(acosl(-1.0L) / 180));
    default: return undefined();
    }
}

numeric_answer lem_grade_numeric_compare(grade_work *w, const ast_node *a, const ast_node *b) {
    int agree = 0;
    bool symbols = false;
    for (int k = 0; k < POINTS; k++) {
        point p = {w, k, false};
        num x = eval(&p, a), y = eval(&p, b);
        symbols = p.symbols;
        if (w->limit) return NUMERIC_UNKNOWN;
        if (isfinite(x.v) && isfinite(y.v) && isfinite(x.err) && isfinite(y.err)) {
            long double bound = 4 * (x.err + y.err), size = fabsl(x.v) + fabsl(y.v);
            if (fabsl(x.v - y.v) > bound) return NUMERIC_DIFFERENT;
            if (bound > 1e-12L * size && bound > 1e-15L) return NUMERIC_UNKNOWN;
            agree++;
        }
        if (!symbols) break;
    }
    return agree >= (symbols ? 3 : 1) ? NUMERIC_EQUAL : NUMERIC_UNKNOWN;
}

bool lem_grade_numeric_within(grade_work *w, const ast_node *a, const ast_node *b, int ulp10) {
    point p = {w, 0, false};
    num x = eval(&p, a), y = eval(&p, b);
    if (p.symbols || w->limit || !isfinite(x.v) || !isfinite(y.v)) return false;
    return fabsl(x.v - y.v) <= powl(10.0L, ulp10) / 2 * (1 + 1e-12L);
}
