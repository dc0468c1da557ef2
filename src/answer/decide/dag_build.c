/* dag_build.c - from the answer tree to shared nodes: every kind of scalar, every function by name */
#include "answer/decide/dag_priv.h"

#include <string.h>

enum { MAX_FACTORIAL = 5000, MAX_BINOMIAL = 20000, MAX_SYMBOLIC_BINOMIAL = 12 };

static uint32_t tan_of(dag *d, uint32_t x) { return lem_dag_div(d, lem_dag_sin(d, x), lem_dag_cos(d, x)); }
static uint32_t inverse(dag *d, uint32_t x) { return lem_dag_pow(d, x, -1); }

/* (e^x ± e^-x)/2 */
static uint32_t hyperbolic(dag *d, uint32_t x, long sign) {
    uint32_t e = lem_dag_exp(d, x);
    return lem_dag_scale(d, lem_dag_add(d, e, lem_dag_scale(d, inverse(d, e), sign, 1)), 1, 2);
}
static uint32_t tanh_of(dag *d, uint32_t x) {
    return lem_dag_div(d, hyperbolic(d, x, -1), hyperbolic(d, x, 1));
}

/* ln(x + sqrt(x^2 + sign)): arsinh for +1, arcosh for -1 */
static uint32_t area(dag *d, uint32_t x, long sign) {
    return lem_dag_ln(
        d, lem_dag_add(d, x, lem_dag_root(d, lem_dag_add(d, lem_dag_pow(d, x, 2), lem_dag_int(d, sign)), 2)));
}
static uint32_t artanh(dag *d, uint32_t x) {
    uint32_t one = lem_dag_int(d, 1);
    return lem_dag_scale(d, lem_dag_ln(d, lem_dag_div(d, lem_dag_add(d, one, x), lem_dag_sub(d, one, x))), 1,
                         2);
}

static uint32_t rounded(dag *d, uint32_t x, dag_op op) {
    const lem_rat *q = lem_dag_value(d, x);
    if (!q) return lem_dag_plain(d, op, x, 0);
    lem_rat *r = lem_rat_int(d->w, 0);
    if (!r) return 0;
    if (op == DAG_FLOOR) mpz_fdiv_q(mpq_numref(r->q), mpq_numref(q->q), mpq_denref(q->q));
    else mpz_cdiv_q(mpq_numref(r->q), mpq_numref(q->q), mpq_denref(q->q));
    return lem_dag_rat(d, r);
}

static uint32_t absolute(dag *d, uint32_t x) {
    const lem_rat *q = lem_dag_value(d, x);
    if (q) return lem_rat_sign(q) < 0 ? lem_dag_rat(d, lem_rat_neg(d->w, q)) : x;
    dag_scaled s = lem_dag_split(d, x);
    if (s.r == x) return lem_dag_plain(d, DAG_ABS, x, 0);
    lem_rat *c = lem_rat_sign(s.c) < 0 ? lem_rat_neg(d->w, s.c) : lem_rat_mul(d->w, s.c, d->node[1].q);
    return lem_dag_mul(d, lem_dag_rat(d, c), lem_dag_plain(d, DAG_ABS, s.r, 0));
}

static uint32_t factorial(dag *d, uint32_t x) {
    long n;
    if (!lem_dag_small(d, x, MAX_FACTORIAL, &n) || n < 0)
        return lem_dag_plain(d, DAG_GAMMA, lem_dag_add(d, x, lem_dag_int(d, 1)), 0);
    lem_rat *r = lem_work_spend(d->w, n * 10) ? lem_rat_int(d->w, 0) : NULL;
    if (r) mpz_fac_ui(mpq_numref(r->q), (unsigned long)n);
    return lem_dag_rat(d, r);
}

static uint32_t binomial(dag *d, uint32_t n, uint32_t k) {
    long u, v;
    bool whole = lem_dag_small(d, k, MAX_BINOMIAL, &v);
    if (whole && v < 0) return lem_dag_int(d, 0);
    if (whole && lem_dag_small(d, n, MAX_BINOMIAL, &u) && u >= 0) {
        lem_rat *r = lem_work_spend(d->w, 8 + (v < u ? v : u) * 16) ? lem_rat_int(d->w, 0) : NULL;
        if (r) mpz_bin_uiui(mpq_numref(r->q), (unsigned long)u, (unsigned long)v);
        return lem_dag_rat(d, r);
    }
    if (whole && v <= MAX_SYMBOLIC_BINOMIAL) {
        uint32_t r = 1;
        for (long j = 0; j < v; j++)
            r = lem_dag_mul(d, r, lem_dag_scale(d, lem_dag_add(d, n, lem_dag_int(d, -j)), 1, j + 1));
        return r;
    }
    return lem_dag_div(d, factorial(d, n),
                       lem_dag_mul(d, factorial(d, k), factorial(d, lem_dag_sub(d, n, k))));
}

typedef enum pairing { MAXIMUM, MINIMUM, GCD, LCM, MODULO } pairing;

static uint32_t extreme(dag *d, uint32_t a, uint32_t b, bool maximum) {
    const lem_rat *x = lem_dag_value(d, a), *y = lem_dag_value(d, b);
    if (x && y) return (mpq_cmp(x->q, y->q) >= 0) == maximum ? a : b;
    return lem_dag_plain(d, maximum ? DAG_MAX : DAG_MIN, a < b ? a : b, a < b ? b : a);
}

static uint32_t paired(dag *d, uint32_t a, uint32_t b, pairing p, const ast_node *f) {
    if (p == MAXIMUM || p == MINIMUM) return extreme(d, a, b, p == MAXIMUM);
    const lem_rat *x = lem_dag_value(d, a), *y = lem_dag_value(d, b);
    bool whole = x && y && lem_rat_is_int(x) && lem_rat_is_int(y);
    if (!whole || !lem_rat_fits(x, y)) return lem_dag_named(d, DAG_FREE, f->name, f->len, a, b);
    if (p == MODULO && lem_rat_sign(y) == 0) return 0;
    lem_rat *r = lem_rat_mul(d->w, x, y); /* pays for the size */
    if (!r) return 0;
    mpz_ptr z = mpq_numref(r->q);
    if (p == GCD) mpz_gcd(z, mpq_numref(x->q), mpq_numref(y->q));
    else if (p == LCM) mpz_lcm(z, mpq_numref(x->q), mpq_numref(y->q));
    else mpz_fdiv_r(z, mpq_numref(x->q), mpq_numref(y->q));
    return lem_dag_rat(d, r);
}

typedef enum function {
    F_SIN,
    F_COS,
    F_TAN,
    F_COT,
    F_SEC,
    F_CSC,
    F_ASIN,
    F_ACOS,
    F_ATAN,
    F_ACOT,
    F_ASEC,
    F_ACSC,
    F_SINH,
    F_COSH,
    F_TANH,
    F_COTH,
    F_SECH,
    F_CSCH,
    F_ASINH,
    F_ACOSH,
    F_ATANH,
    F_LN,
    F_LOG,
    F_EXP,
    F_SQRT,
    F_ABS,
    F_FLOOR,
    F_CEIL,
    F_BINOM,
    F_FACTORIAL,
    F_GAMMA,
    F_MAX,
    F_MIN,
    F_GCD,
    F_LCM,
    F_MOD,
    F_NONE
} function;

static function function_of(const char *s, size_t n) {
    static const char *const names[F_NONE] = {"sin sen",
                                              "cos",
                                              "tan tg",
                                              "cot ctg",
                                              "sec",
                                              "csc cosec",
                                              "arcsin asin",
                                              "arccos acos",
                                              "arctan atan arctg",
                                              "arccot acot",
                                              "arcsec asec",
                                              "arccsc acsc",
                                              "sinh sh",
                                              "cosh ch",
                                              "tanh th",
                                              "coth",
                                              "sech",
                                              "csch",
                                              "arcsinh asinh arsinh",
                                              "arccosh acosh arcosh",
                                              "arctanh atanh artanh",
                                              "ln",
                                              "log",
                                              "exp",
                                              "sqrt",
                                              "abs",
                                              "floor",
                                              "ceil",
                                              "binom",
                                              "factorial",
                                              "gamma",
                                              "max",
                                              "min",
                                              "gcd",
                                              "lcm",
                                              "mod"};
    for (int f = 0; f < F_NONE; f++)
        for (const char *t = names[f]; *t; t += strcspn(t, " "), t += *t == ' ')
            if (strcspn(t, " ") == n && memcmp(t, s, n) == 0) return (function)f;
    return F_NONE;
}

static uint32_t trigonometric(dag *d, function f, uint32_t x) {
    uint32_t half_pi = lem_dag_scale(d, lem_dag_leaf(d, DAG_PI), 1, 2);
    switch (f) {
    case F_SIN: return lem_dag_sin(d, x);
    case F_COS: return lem_dag_cos(d, x);
    case F_TAN: return tan_of(d, x);
    case F_COT: return lem_dag_div(d, lem_dag_cos(d, x), lem_dag_sin(d, x));
    case F_SEC: return inverse(d, lem_dag_cos(d, x));
    case F_CSC: return inverse(d, lem_dag_sin(d, x));
    case F_ASIN: return lem_dag_plain(d, DAG_ASIN, x, 0);
    case F_ACOS: return lem_dag_plain(d, DAG_ACOS, x, 0);
    case F_ATAN: return lem_dag_plain(d, DAG_ATAN, x, 0);
    case F_ACOT: return lem_dag_sub(d, half_pi, lem_dag_plain(d, DAG_ATAN, x, 0));
    case F_ASEC: return lem_dag_plain(d, DAG_ACOS, inverse(d, x), 0);
    case F_ACSC: return lem_dag_plain(d, DAG_ASIN, inverse(d, x), 0);
    case F_SINH: return hyperbolic(d, x, -1);
    case F_COSH: return hyperbolic(d, x, 1);
    case F_TANH: return tanh_of(d, x);
    case F_COTH: return inverse(d, tanh_of(d, x));
    case F_SECH: return inverse(d, hyperbolic(d, x, 1));
    case F_CSCH: return inverse(d, hyperbolic(d, x, -1));
    case F_ASINH: return area(d, x, 1);
    case F_ACOSH: return area(d, x, -1);
    case F_ATANH: return artanh(d, x);
    default: return 0;
    }
}

/* A certified enclosure; or a function of which nothing is known, its first arguments built. */
static uint32_t opaque(dag *d, const ast_node *a, uint32_t x, uint32_t y) {
    if (y && a->len == 8 && memcmp(a->name, "enclosed", 8) == 0)
        return lem_dag_named(d, DAG_ENCLOSED, a->name, a->len, x, y);
    for (uint32_t k = 2; y && k < a->n; k++)
        y = lem_dag_named(d, DAG_FREE, ",", 1, y, lem_dag_build(d, a->kid[k]));
    return lem_dag_named(d, DAG_FREE, a->name, a->len, x, y);
}

static uint32_t function_of_one(dag *d, const ast_node *a, function f, uint32_t x) {
    switch (f) {
    case F_LN: return lem_dag_ln(d, x);
    case F_EXP: return lem_dag_exp(d, x);
    case F_SQRT: return lem_dag_root(d, x, 2);
    case F_ABS: return absolute(d, x);
    case F_FLOOR: return rounded(d, x, DAG_FLOOR);
    case F_CEIL: return rounded(d, x, DAG_CEIL);
    case F_FACTORIAL: return factorial(d, x);
    case F_GAMMA: return lem_dag_plain(d, DAG_GAMMA, x, 0);
    default: return opaque(d, a, x, 0);
    }
}

/* max, gcd and the like of all arguments; x and y are the first two. */
static uint32_t function_of_several(dag *d, const ast_node *a, function f, uint32_t x, uint32_t y) {
    for (uint32_t k = 1; x && k < a->n; k++)
        x = paired(d, x, k == 1 ? y : lem_dag_build(d, a->kid[k]), (pairing)(f - F_MAX), a);
    return x;
}

/* To base y, or 10. */
static uint32_t logarithm(dag *d, uint32_t x, uint32_t y) {
    return lem_dag_div(d, lem_dag_ln(d, x), lem_dag_ln(d, y ? y : lem_dag_int(d, 10)));
}

static uint32_t function_node(dag *d, const ast_node *a) {
    function f = function_of(a->name, a->len);
    uint32_t x = a->n ? lem_dag_build(d, a->kid[0]) : 0, y = a->n > 1 ? lem_dag_build(d, a->kid[1]) : 0;
    if (!x || (a->n > 1 && !y)) return 0;
    if (f >= F_MAX && f <= F_MOD) return function_of_several(d, a, f, x, y);
    if (f <= F_ATANH && a->n == 1) return trigonometric(d, f, x);
    if (f == F_LOG && a->n <= 2) return logarithm(d, x, y);
    if (f == F_BINOM && a->n == 2) return binomial(d, x, y);
    return a->n == 1 ? function_of_one(d, a, f, x) : opaque(d, a, x, y);
}

/* The number that "1011_2" names. */
static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static long digit_of(char c) {
    bool capital = c >= 'A' && c <= 'Z';
    if (is_digit(c)) return c - '0';
    return capital ? c - 'A' + 10 : 99;
}

static uint32_t in_base(dag *d, const ast_node *a) {
    const char *sub = memchr(a->name, '_', a->len);
    long base = 0;
    for (const char *s = sub ? sub + 1 : NULL; s && s < a->name + a->len; s++)
        base = is_digit(*s) && base < 100 ? base * 10 + (*s - '0') : 1000;
    lem_rat *r = base >= 2 && base <= 36 ? lem_rat_int(d->w, 0) : NULL;
    for (const char *s = a->name; r && s < sub; s++) {
        long digit = digit_of(*s);
        if (digit >= base) return d->foreign = true, 0;
        r = lem_rat_add(d->w, lem_rat_mul(d->w, r, lem_rat_int(d->w, base)), lem_rat_int(d->w, digit));
    }
    if (!r) d->foreign = true;
    return lem_dag_rat(d, r);
}

static uint32_t symbol(dag *d, const ast_node *a) {
    if (lem_ast_is_sym(a, "pi")) return lem_dag_leaf(d, DAG_PI);
    if (lem_ast_is_sym(a, "e")) return lem_dag_leaf(d, DAG_E);
    if (lem_ast_is_sym(a, "i")) return lem_dag_leaf(d, DAG_I);
    if (lem_ast_is_sym(a, "infty")) return lem_dag_leaf(d, DAG_INFINITY);
    return lem_dag_named(d, DAG_SYM, a->name, a->len, 0, 0);
}

/* Sums and products are left-deep chains: walked along the spine, not by recursion. */
static uint32_t chain(dag *d, const ast_node *a) {
    ast_kind kind = a->kind;
    uint32_t r = lem_dag_int(d, kind == AST_MUL);
    for (;;) {
        uint32_t n = a->kind == kind ? a->n : 1;
        for (uint32_t k = n; k > (a->kind == kind); k--) {
            uint32_t x = lem_dag_build(d, a->kind == kind ? a->kid[k - 1] : a);
            r = kind == AST_MUL ? lem_dag_mul(d, x, r) : lem_dag_add(d, x, r);
            if (!r) return 0;
        }
        if (a->kind != kind) return r;
        a = a->kid[0];
    }
}

uint32_t lem_dag_build(dag *d, const ast_node *a) {
    if (!lem_work_spend(d->w, 16)) return 0;
    switch (a->kind) {
    case AST_NUM: return lem_dag_rat(d, a->q);
    case AST_SYM: return symbol(d, a);
    case AST_BASE: return in_base(d, a);
    case AST_ADD:
    case AST_MUL: return chain(d, a);
    case AST_POW: {
        uint32_t b = lem_dag_build(d, a->kid[0]);
        return b ? lem_dag_power(d, b, lem_dag_build(d, a->kid[1])) : 0;
    }
    case AST_FN: return function_node(d, a);
    case AST_FACTORIAL: {
        uint32_t x = lem_dag_build(d, a->kid[0]);
        return x ? factorial(d, x) : 0;
    }
    case AST_ABS: {
        uint32_t x = lem_dag_build(d, a->kid[0]);
        return x ? absolute(d, x) : 0;
    }
    case AST_MONEY: return lem_dag_build(d, a->kid[0]);
    case AST_PERCENT: return lem_dag_scale(d, lem_dag_build(d, a->kid[0]), 1, 100);
    case AST_DEGREE:
        return lem_dag_scale(d, lem_dag_mul(d, lem_dag_build(d, a->kid[0]), lem_dag_leaf(d, DAG_PI)), 1, 180);
    default: d->foreign = true; return 0;
    }
}
