/* limits.c - limits of answer trees: by continuity, by l'Hôpital's rule, of powers by their logarithms */
#include "answer/calculus_priv.h"

#include "answer/decide/decide_priv.h"

#include <string.h>

enum { ROUNDS = 6, DEEP = 24, MOST_NODES = 600 };

static ast_node *number(lem_work *w, long v) { return lem_ast_int(w, v); }

/* 1 and first powers as they are. */
static ast_node *raised(lem_work *w, ast_node *a, ast_node *e) {
    bool plain = (a->kind == AST_NUM && lem_rat_is(a->q, 1)) || lem_rat_is(e->q, 1);
    return plain ? a : lem_ast_pow(w, a, e);
}

static bool fraction(lem_work *w, ast_node *a, int level, ast_node **num, ast_node **den);

static bool power_fraction(lem_work *w, ast_node *a, int level, ast_node **num, ast_node **den) {
    ast_node *n, *d, *e = a->kid[1];
    bool below = lem_rat_sign(e->q) < 0;
    if (!fraction(w, a->kid[0], level + 1, &n, &d)) return false;
    if (below) e = lem_ast_neg(w, e);
    bool plain = d->kind == AST_NUM && lem_rat_is(d->q, 1);
    if (!plain && !lem_rat_is_int(e->q)) return true;
    ast_node *top = raised(w, n, e), *bottom = raised(w, d, e);
    *num = below ? bottom : top;
    *den = below ? top : bottom;
    return *num && *den;
}

static bool sum_fraction(lem_work *w, ast_node *const *n, ast_node *const *d, ast_node **num,
                         ast_node **den) {
    bool common = lem_ast_same(d[0], d[1]);
    *num = common ? lem_ast_add(w, n[0], n[1])
                  : lem_ast_add(w, lem_ast_mul(w, n[0], d[1]), lem_ast_mul(w, n[1], d[0]));
    *den = common ? d[0] : lem_ast_mul(w, d[0], d[1]);
    return *num && *den;
}

/* a as num/den, free of negative powers at the top. */
static bool fraction(lem_work *w, ast_node *a, int level, ast_node **num, ast_node **den) {
    ast_node *n[2], *d[2];
    *num = a;
    *den = number(w, 1);
    if (level > DEEP || !*den || !lem_work_spend(w, 60)) return false;
    if (a->kind == AST_POW && a->kid[1]->kind == AST_NUM) return power_fraction(w, a, level, num, den);
    if (a->kind != AST_ADD && a->kind != AST_MUL) return true;
    for (int k = 0; k < 2; k++)
        if (!fraction(w, a->kid[k], level + 1, &n[k], &d[k])) return false;
    if (a->kind == AST_ADD) return sum_fraction(w, n, d, num, den);
    *num = lem_ast_mul(w, n[0], n[1]);
    *den = lem_ast_mul(w, d[0], d[1]);
    return *num && *den;
}

static bool is_zero(lem_work *w, ast_node *a) {
    return a && lem_decide_scalars(w, a, number(w, 0)).verdict == LEM_ANSWER_EQUAL_EXACT;
}
/* Not zero: and so it has a value. */
static bool is_nonzero(lem_work *w, ast_node *a) {
    return a && lem_decide_scalars(w, a, number(w, 0)).verdict == LEM_ANSWER_NOT_EQUAL;
}

/* Jumps, or knows nothing. */
static bool is_continuous(lem_work *w, const ast_node *a, int level) {
    static const char smooth[] = "sin cos tan cot sec csc ln exp log arcsin arccos arctan sinh cosh tanh";
    if (level > AST_MAX_DEPTH || !lem_work_spend(w, 4)) return false;
    switch (a->kind) {
    case AST_NUM:
    case AST_SYM:
    case AST_ADD:
    case AST_MUL:
    case AST_POW:
    case AST_ABS: break;
    case AST_FN:
        if (a->call || a->n != 1 || !lem_lex_in_words(smooth, a->name, a->len)) return false;
        break;
    default: return false;
    }
    for (uint32_t k = 0; k < a->n; k++)
        if (!is_continuous(w, a->kid[k], level + 1)) return false;
    return true;
}

/* num/den where both are continuous at the point, den not zero there; else by their derivatives. */
static ast_node *quotient(lem_work *w, ast_node *num, ast_node *den, ast_node *at) {
    const ast_node *index = lem_ast_named(w, AST_SYM, "index", 5);
    for (int round = 0; index && round < ROUNDS && !w->limit; round++) {
        ast_node *n = calculus_at(w, num, at), *d = calculus_at(w, den, at);
        if (!n || !d) return NULL;
        if (is_nonzero(w, d)) return is_nonzero(w, n) || is_zero(w, n) ? lem_ast_div(w, n, d) : NULL;
        if (!is_zero(w, d) || !is_zero(w, n)) return NULL;
        ast_node *x = lem_derivative(w, num, index), *y = x ? lem_derivative(w, den, index) : NULL;
        if (!y || !fraction(w, lem_ast_div(w, x, y), 0, &num, &den)) return NULL;
    }
    return NULL;
}

/* Powers with the index in base and exponent as exp(e ln b). */
static ast_node *as_exponentials(lem_work *w, ast_node *a, int level) {
    if (!a || level > DEEP || !lem_work_spend(w, 8)) return NULL;
    if (!a->n) return a;
    if (a->kind == AST_POW && lem_has_index(w, a->kid[1]) && !lem_ast_is_sym(a->kid[0], "e")) {
        ast_node *ln = lem_ast_wrap(w, AST_FN, a->kid[0]);
        if (!ln) return NULL;
        ln->name = "ln", ln->len = 2;
        return lem_ast_pow(w, lem_ast_named(w, AST_SYM, "e", 1), lem_ast_mul(w, a->kid[1], ln));
    }
    ast_node **kid = lem_work_alloc(w, a->n, sizeof *kid);
    for (uint32_t k = 0; kid && k < a->n; k++)
        if (!(kid[k] = as_exponentials(w, a->kid[k], level + 1))) return NULL;
    return kid ? lem_ast_with_kids(w, a, kid) : NULL;
}

/* e^(c - a k) with a > 0 */
static bool falls(lem_work *w, const ast_node *f) {
    if (f->kind != AST_POW || !lem_ast_is_sym(f->kid[0], "e")) return false;
    ast_node *x = calculus_at(w, f->kid[1], number(w, 0)), *y = calculus_at(w, f->kid[1], number(w, 1));
    ast_node *d = x && y ? lem_ast_add(w, y, lem_ast_neg(w, x)) : NULL;
    ast_node *line = d ? lem_ast_add(w, x, lem_ast_mul(w, d, lem_ast_named(w, AST_SYM, "index", 5))) : NULL;
    return line && lem_decide_scalars(w, line, f->kid[1]).verdict == LEM_ANSWER_EQUAL_EXACT &&
           lem_decide_order(w, d, number(w, 0)) == -1;
}

static bool is_index_power(const ast_node *f) {
    return f->kind == AST_SYM ||
           (f->kind == AST_POW && f->kid[0]->kind == AST_SYM && f->kid[1]->kind == AST_NUM);
}

/* c e^(-a k) times powers of k tends to 0 */
static bool decays(lem_work *w, const ast_node *a) {
    bool down = false;
    for (;; a = a->kid[0]) {
        const ast_node *f = a->kind == AST_MUL ? a->kid[1] : a;
        if (lem_has_index(w, f) && falls(w, f)) down = true;
        else if (lem_has_index(w, f) && !is_index_power(f)) return false;
        if (a->kind != AST_MUL) return down;
    }
}

/* The arguments of functions as plain fractions: ln(1 + 1/(1/u)) is ln(1 + u). */
static ast_node *with_plain_arguments(lem_work *w, ast_node *a, int level) {
    ast_node *num, *den;
    if (!a || level > DEEP || !lem_work_spend(w, 8)) return NULL;
    if (!a->n) return a;
    ast_node **kid = lem_work_alloc(w, a->n, sizeof *kid);
    for (uint32_t k = 0; kid && k < a->n; k++) {
        if (!(kid[k] = with_plain_arguments(w, a->kid[k], level + 1))) return NULL;
        if (a->kind != AST_FN) continue;
        if (!fraction(w, kid[k], 0, &num, &den)) return NULL;
        kid[k] = den->kind == AST_NUM && lem_rat_is(den->q, 1) ? num : lem_ast_div(w, num, den);
    }
    return kid ? lem_ast_with_kids(w, a, kid) : NULL;
}

static ast_node *limit_at(lem_work *w, ast_node *body, ast_node *at, int level);

/* e^u: e to the limit of u. */
static ast_node *of_exponential(lem_work *w, ast_node *body, ast_node *at, int level) {
    ast_node *u = limit_at(w, body->kid[1], at, level + 1);
    return u ? lem_ast_pow(w, body->kid[0], u) : NULL;
}

/* At a finite point. */
static ast_node *limit_at(lem_work *w, ast_node *body, ast_node *at, int level) {
    ast_node *num, *den;
    if (level > 4 || !lem_work_spend(w, 100)) return NULL;
    if (!lem_has_index(w, body)) return body;
    if (body->kind == AST_POW && lem_ast_is_sym(body->kid[0], "e")) return of_exponential(w, body, at, level);
    if (!fraction(w, body, 0, &num, &den)) return NULL;
    return quotient(w, num, den, at);
}

ast_node *lem_limit_value(lem_work *w, const ast_node *body, const ast_node *at) {
    ast_node *a = as_exponentials(w, (ast_node *)body, 0), *point = (ast_node *)at;
    if (!a || !is_continuous(w, a, 0)) return NULL;
    bool minus = at->kind == AST_MUL && lem_ast_is_sym(at->kid[1], "infty") && at->kid[0]->kind == AST_NUM;
    if (lem_ast_is_sym(at, "infty") || minus) {
        if (!minus && decays(w, a)) return number(w, 0);
        ast_node *turned = lem_ast_div(w, number(w, minus ? -1 : 1), lem_ast_named(w, AST_SYM, "index", 5));
        a = turned ? with_plain_arguments(w, calculus_at(w, a, turned), 0) : NULL;
        point = number(w, 0);
    }
    return a && point ? limit_at(w, a, point, 0) : NULL;
}
