/* derivative.c - derivatives of answer trees */
#include "answer/calculus_priv.h"

#include <string.h>

enum { DEEP = 60 };

typedef struct context {
    lem_work *w;
    const ast_node *symbol;
} context;

static bool is_number(const ast_node *a, long v) { return a && a->kind == AST_NUM && lem_rat_is(a->q, v); }

static ast_node *times(lem_work *w, ast_node *a, ast_node *b) {
    if (is_number(a, 0) || is_number(b, 1)) return b ? a : NULL;
    if (is_number(b, 0) || is_number(a, 1)) return a ? b : NULL;
    return lem_ast_mul(w, a, b);
}
static ast_node *plus(lem_work *w, ast_node *a, ast_node *b) {
    if (is_number(a, 0)) return b;
    if (is_number(b, 0)) return a;
    return lem_ast_add(w, a, b);
}
static ast_node *number(lem_work *w, long v) { return lem_ast_int(w, v); }
static ast_node *power(lem_work *w, ast_node *a, long k) { return lem_ast_pow(w, a, number(w, k)); }
static ast_node *root(lem_work *w, ast_node *a) {
    return lem_ast_pow(w, a, lem_ast_div(w, number(w, 1), number(w, 2)));
}
static ast_node *inverse(lem_work *w, ast_node *a) { return lem_ast_div(w, number(w, 1), a); }
static ast_node *function(lem_work *w, const char *name, ast_node *a) {
    ast_node *f = lem_ast_wrap(w, AST_FN, a);
    if (f) f->name = name, f->len = (uint32_t)strlen(name);
    return f;
}

static bool depends(const context *c, const ast_node *a) {
    if (!lem_work_spend(c->w, 2)) return true;
    if (a->kind == AST_SYM) return lem_ast_same_name(a, c->symbol);
    for (uint32_t k = 0; k < a->n; k++)
        if (depends(c, a->kid[k])) return true;
    return false;
}

static ast_node *slope_of_arc(lem_work *w, char key, ast_node *u) {
    ast_node *one = number(w, 1), *square = power(w, u, 2);
    if (key == 't') return inverse(w, lem_ast_add(w, one, square));
    ast_node *d = inverse(w, root(w, lem_ast_add(w, one, lem_ast_neg(w, square))));
    return key == 'c' ? lem_ast_neg(w, d) : d;
}

static ast_node *slope_of_hyperbolic(lem_work *w, char key, ast_node *u) {
    if (key == 't') return power(w, function(w, "cosh", u), -2);
    return function(w, key == 's' ? "cosh" : "sinh", u);
}

static ast_node *slope_of_exponential(lem_work *w, const ast_node *f, ast_node *u) {
    if (f->name[0] == 'e') return function(w, "exp", u);
    if (f->len == 2) return inverse(w, u);
    return inverse(w, lem_ast_mul(w, u, function(w, "ln", number(w, 10)))); /* log */
}

/* f'(u) of a function by name; NULL when it is not known. */
static ast_node *slope_of(lem_work *w, const ast_node *f, ast_node *u) {
    const char *s = f->name;
    if (lem_lex_in_words("ln exp log", s, f->len)) return slope_of_exponential(w, f, u);
    if (lem_lex_in_words("arcsin arccos arctan", s, f->len)) return slope_of_arc(w, s[3], u);
    if (lem_lex_in_words("sinh cosh tanh", s, f->len)) return slope_of_hyperbolic(w, s[0], u);
    if (lem_lex_in_words("sin", s, f->len)) return function(w, "cos", u);
    if (lem_lex_in_words("cos", s, f->len)) return lem_ast_neg(w, function(w, "sin", u));
    if (lem_lex_in_words("tan", s, f->len)) return power(w, function(w, "cos", u), -2);
    if (lem_lex_in_words("cot", s, f->len)) return lem_ast_neg(w, power(w, function(w, "sin", u), -2));
    if (lem_lex_in_words("sec", s, f->len))
        return lem_ast_mul(w, function(w, "sec", u), function(w, "tan", u));
    if (!lem_lex_in_words("csc", s, f->len)) return NULL;
    return lem_ast_neg(w, lem_ast_mul(w, function(w, "csc", u), function(w, "cot", u)));
}

static ast_node *derived(context *c, ast_node *a, int level);

static ast_node *of_pair(context *c, ast_node *a, int level) {
    lem_work *w = c->w;
    ast_node *x = derived(c, a->kid[0], level + 1), *y = x ? derived(c, a->kid[1], level + 1) : NULL;
    if (!y || a->kind == AST_ADD) return y ? plus(w, x, y) : NULL;
    return plus(w, times(w, x, a->kid[1]), times(w, a->kid[0], y));
}

/* (b^e)' */
static ast_node *of_power(context *c, ast_node *a, int level) {
    lem_work *w = c->w;
    ast_node *b = a->kid[0], *e = a->kid[1], *sum = number(w, 0);
    if (depends(c, b)) {
        ast_node *lower = lem_ast_add(w, e, number(w, -1)), *p = is_number(lower, 0) ? number(w, 1)
                                                                 : is_number(lower, 1)
                                                                     ? b
                                                                     : lem_ast_pow(w, b, lower);
        sum = times(w, lem_ast_mul(w, e, p), derived(c, b, level + 1));
    }
    if (!sum || !depends(c, e)) return sum;
    ast_node *ln = lem_ast_is_sym(b, "e") ? number(w, 1) : function(w, "ln", b);
    return plus(w, sum, times(w, times(w, a, ln), derived(c, e, level + 1)));
}

static ast_node *derived(context *c, ast_node *a, int level) {
    lem_work *w = c->w;
    if (!a || level > DEEP || !lem_work_spend(w, 40)) return NULL;
    if (!depends(c, a)) return number(w, 0);
    if (a->kind == AST_SYM) return number(w, 1);
    if (a->kind == AST_ADD || a->kind == AST_MUL) return of_pair(c, a, level);
    if (a->kind == AST_POW) return of_power(c, a, level);
    if (a->kind == AST_ABS) /* u/|u| u' */
        return times(w, lem_ast_div(w, a->kid[0], a), derived(c, a->kid[0], level + 1));
    if (a->kind != AST_FN || a->call || a->n != 1) return NULL;
    ast_node *f = slope_of(w, a, a->kid[0]);
    return f ? times(w, f, derived(c, a->kid[0], level + 1)) : NULL;
}

ast_node *lem_derivative(lem_work *w, ast_node *a, const ast_node *symbol) {
    context c = {w, symbol};
    return derived(&c, a, 0);
}

bool lem_has_index(lem_work *w, const ast_node *a) {
    if (!lem_work_spend(w, 2)) return true;
    if (lem_ast_is_sym(a, "index")) return true;
    for (uint32_t k = 0; k < a->n; k++)
        if (lem_has_index(w, a->kid[k])) return true;
    return false;
}

uint32_t lem_bound_depth(lem_work *w, const ast_node *a) {
    uint32_t most = 0;
    if (!lem_work_spend(w, 4)) return 0;
    for (uint32_t k = 0; k < a->n; k++) {
        uint32_t n = lem_bound_depth(w, a->kid[k]);
        if (n > most) most = n;
    }
    return most + (a->kind == AST_FN && lem_lex_in_words("sum prod int lim lim+ lim-", a->name, a->len));
}
