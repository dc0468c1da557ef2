/* compare_free.c - answers with free constants and whole parameters: x^3/3 + C, c_1 e^x + c_2 e^-x, x = pi/4
 * + k pi, lines by a parameter */
#include "answer/compare_families_priv.h"
#include "answer/compare_free_priv.h"
#include "answer/decide/decide_priv.h"

#include <string.h>

enum { MANY = 12, MAX_CONSTANTS = 3 };

typedef struct symbols {
    const ast_node *at[MANY];
    size_t n;
} symbols;

static symbols symbols_of(lem_work *w, const ast_node *a) {
    symbols s;
    s.n = lem_shape_symbols(w, a, s.at, MANY);
    if (s.n > MANY) s.n = 0;
    return s;
}

static bool has(const symbols *s, const ast_node *a) {
    for (size_t k = 0; k < s->n; k++)
        if (lem_ast_same_name(s->at[k], a)) return true;
    return false;
}

static bool equal(lem_work *w, ast_node *a, ast_node *b) {
    return a && b && !lem_decide_apart(w, a, b) &&
           lem_decide_scalars(w, a, b).verdict == LEM_ANSWER_EQUAL_EXACT;
}

/* Equal, if only as far as numbers tell. */
static bool alike(lem_work *w, ast_node *a, ast_node *b, bool *numeric) {
    lem_answer_result r = a && b ? lem_decide_scalars(w, a, b) : compare_say(LEM_ANSWER_LIMIT, RULE_WORK);
    *numeric = *numeric || r.verdict == LEM_ANSWER_EQUAL_NUMERIC;
    return compare_is_equal(r);
}

/* The same, where they are mostly different: a cheap proof of that first. */
static bool perhaps_alike(lem_work *w, ast_node *a, ast_node *b, bool *numeric) {
    return a && b && !lem_decide_apart(w, a, b) && alike(w, a, b, numeric);
}

static ast_node *minus(lem_work *w, ast_node *a, ast_node *b) { return lem_ast_add(w, a, lem_ast_neg(w, b)); }

static ast_node *with(lem_work *w, const ast_node *a, const ast_node *symbol, ast_node *by) {
    return lem_ast_replace(w, (ast_node *)a, symbol->name, symbol->len, by);
}

/* A function of x: without a variable there is nothing to be constant in. */
static bool has_variable(const symbols *s) {
    for (size_t k = 0; k < s->n; k++)
        if ((s->at[k]->len == 1 && strchr("xtyuzsr", s->at[k]->name[0])) || lem_ast_is_sym(s->at[k], "theta"))
            return true;
    return false;
}

/* ---- + C ---- */

/* The constant that is only added, F of F + C in *rest; NULL when there is none. */
static const ast_node *added_constant(lem_work *w, const ast_node *a, const symbols *s, ast_node **rest) {
    for (size_t k = 0; k < s->n && !w->limit; k++) {
        if (!lem_free_may_be_constant(s->at[k])) continue;
        *rest = with(w, a, s->at[k], lem_ast_int(w, 0));
        if (*rest && equal(w, minus(w, (ast_node *)a, *rest), (ast_node *)s->at[k])) return s->at[k];
    }
    return NULL;
}

/* The same at another point: then the difference of two antiderivatives is a constant. */
static bool is_constant(lem_work *w, ast_node *a, bool *numeric) {
    symbols s = a ? symbols_of(w, a) : (symbols){.n = 0};
    ast_node *other = a;
    for (size_t k = 0; k < s.n && other; k++) {
        char *name = lem_work_alloc(w, s.at[k]->len + 2, 1);
        if (!name) return false;
        memcpy(name, s.at[k]->name, s.at[k]->len);
        name[s.at[k]->len] = '~';
        other = with(w, other, s.at[k], lem_ast_named(w, AST_SYM, name, s.at[k]->len + 1));
    }
    return a && (s.n == 0 || perhaps_alike(w, a, other, numeric));
}

static bool by_added_constant(lem_work *w, const ast_node *g, const ast_node *p, const symbols *sg,
                              const symbols *sp, bool *numeric) {
    ast_node *f, *h;
    const ast_node *c = added_constant(w, g, sg, &f), *d = c ? added_constant(w, p, sp, &h) : NULL;
    return c && d && (lem_free_is_strong(c) || lem_free_is_strong(d)) &&
           is_constant(w, minus(w, f, h), numeric);
}

/* ---- c_1, c_2 for A, B ---- */

/* Symbols of one side that the other lacks; false when one of them is no constant, or there are too many. */
static bool own_constants(const symbols *s, const symbols *other, const ast_node **out, size_t *n) {
    *n = 0;
    for (size_t k = 0; k < s->n; k++) {
        if (has(other, s->at[k])) continue;
        if (*n == MAX_CONSTANTS || !lem_free_may_be_constant(s->at[k])) return false;
        out[(*n)++] = s->at[k];
    }
    return *n > 0;
}

static bool all_strong(const ast_node *const *s, size_t n) {
    for (size_t k = 0; k < n; k++)
        if (!lem_free_is_strong(s[k])) return false;
    return true;
}

/* A function or an exponent with a symbol in it: the solution of a differential equation, and not a formula
 * in given quantities. */
static bool grows(lem_work *w, const ast_node *a) {
    if (!lem_work_spend(w, 4)) return false;
    if (a->kind == AST_FN || (a->kind == AST_POW && symbols_of(w, a->kid[1]).n)) return true;
    for (uint32_t k = 0; k < a->n; k++)
        if (grows(w, a->kid[k])) return true;
    return false;
}

/* p with its constants under the names of g in some order. */
static bool by_new_names(lem_work *w, const ast_node *g, const ast_node *p, const symbols *sg,
                         const symbols *sp, bool *numeric) {
    static const unsigned char orders[6][3] = {{0, 1, 2}, {1, 0, 2}, {0, 2, 1},
                                               {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    static const size_t count[MAX_CONSTANTS + 1] = {0, 1, 2, 6}; /* orders of so many */
    const ast_node *x[MAX_CONSTANTS], *y[MAX_CONSTANTS];
    size_t n, m;
    if (!own_constants(sg, sp, x, &n) || !own_constants(sp, sg, y, &m) || n != m) return false;
    if ((!all_strong(x, n) && !all_strong(y, n)) || (n == 1 && !grows(w, g))) return false;
    for (size_t o = 0; o < count[n] && !w->limit; o++) {
        ast_node *a = (ast_node *)p;
        for (size_t k = 0; k < n && a; k++) a = with(w, a, y[k], (ast_node *)x[orders[o][k]]);
        if (perhaps_alike(w, (ast_node *)g, a, numeric)) return true;
    }
    return false;
}

/* ---- spans ---- */

/* f_0 + c_1 f_1 + c_2 f_2: what an answer spans with its free constants. */
typedef struct span {
    ast_node *base, *part[MAX_CONSTANTS];
    size_t n;
} span;

/* Constants of one side: strong ones, and weak ones where the other side has strong ones and lacks these. */
static size_t constants_of(const symbols *s, const symbols *other, const ast_node **out) {
    size_t n = 0;
    bool strong = false;
    for (size_t k = 0; k < other->n; k++) strong = strong || lem_free_is_strong(other->at[k]);
    for (size_t k = 0; k < s->n; k++) {
        if (!lem_free_is_strong(s->at[k]) &&
            !(strong && lem_free_may_be_constant(s->at[k]) && !has(other, s->at[k])))
            continue;
        if (n == MAX_CONSTANTS) return 0;
        out[n++] = s->at[k];
    }
    return n;
}

static bool span_of(lem_work *w, const ast_node *a, const ast_node *const *c, size_t n, span *out) {
    ast_node *zero = lem_ast_int(w, 0), *sum;
    *out = (span){.base = (ast_node *)a, .n = n};
    for (size_t k = 0; k < n && out->base; k++) out->base = with(w, out->base, c[k], zero);
    sum = out->base;
    for (size_t k = 0; k < n && sum; k++) {
        ast_node *one = (ast_node *)a;
        for (size_t j = 0; j < n && one; j++) one = with(w, one, c[j], j == k ? lem_ast_int(w, 1) : zero);
        out->part[k] = one ? minus(w, one, out->base) : NULL;
        sum = out->part[k] ? lem_ast_add(w, sum, lem_ast_mul(w, (ast_node *)c[k], out->part[k])) : NULL;
    }
    bool numeric = false;
    return sum && alike(w, (ast_node *)a, sum, &numeric);
}

/* The same expression in symbols of its own: x becomes x~, x~~. */
static ast_node *elsewhere(lem_work *w, ast_node *a, size_t times) {
    symbols s = a ? symbols_of(w, a) : (symbols){.n = 0};
    for (size_t k = 0; k < s.n && a; k++) {
        char *name = lem_work_alloc(w, s.at[k]->len + times + 1, 1);
        if (!name) return NULL;
        memcpy(name, s.at[k]->name, s.at[k]->len);
        memset(name + s.at[k]->len, '~', times);
        a = with(w, a, s.at[k], lem_ast_named(w, AST_SYM, name, s.at[k]->len + times));
    }
    return a;
}

/* Is f a combination of the n parts (1 or 2) with constant factors? The determinant of their values at as
 * many independent points is zero. */
static bool spans(lem_work *w, const span *s, ast_node *f, bool *numeric) {
    size_t n = s->n + 1;
    for (size_t k = 0; k < s->n; k++)
        if (lem_decide_multiple(w, f, s->part[k])) return true;
    ast_node *m = lem_ast_new(w, AST_MATRIX, (uint32_t)(n * n));
    for (size_t k = 0; m && k < n * n; k++) {
        ast_node *v = k % n < s->n ? s->part[k % n] : f;
        if (!(m->kid[k] = k / n ? elsewhere(w, v, k / n) : v)) return false;
    }
    if (m) m->cols = (uint32_t)n;
    ast_node *d = m ? lem_ast_determinant(w, m) : NULL;
    return perhaps_alike(w, d, lem_ast_int(w, 0), numeric);
}

/* Two parts of which one is a multiple of the other. */
static bool depends(lem_work *w, const span *s) {
    bool numeric = false;
    span first = {s->base, {s->part[0]}, 1};
    return s->n == 2 && spans(w, &first, s->part[1], &numeric);
}

/* Each part of both is something, and lies in the other span. */
static bool same_spans(lem_work *w, const span *a, const span *b, bool *numeric) {
    bool none = false;
    ast_node *zero = lem_ast_int(w, 0);
    for (size_t k = 0; k < a->n; k++) {
        if (perhaps_alike(w, a->part[k], zero, &none) || perhaps_alike(w, b->part[k], zero, &none))
            return false;
        if (!spans(w, a, b->part[k], numeric) || !spans(w, b, a->part[k], numeric)) return false;
    }
    return true;
}

static bool by_span(lem_work *w, const ast_node *g, const ast_node *p, const symbols *sg, const symbols *sp,
                    bool *numeric) {
    const ast_node *x[MAX_CONSTANTS], *y[MAX_CONSTANTS];
    size_t n = constants_of(sg, sp, x), m = constants_of(sp, sg, y);
    span a, b;
    if (n == 0 || n != m || n > 2) return false;
    if (n == 1 && !lem_ast_same_name(x[0], y[0]) && !grows(w, g)) return false;
    if (!span_of(w, g, x, n, &a) || !span_of(w, p, y, m, &b)) return false;
    if (depends(w, &a) || depends(w, &b) || !same_spans(w, &a, &b, numeric)) return false;
    ast_node *zero = lem_ast_int(w, 0), *between = minus(w, a.base, b.base);
    return between && (perhaps_alike(w, between, zero, numeric) || spans(w, &a, between, numeric));
}

/* ---- lines by a parameter ---- */

typedef struct line {
    ast_node *point[4], *direction[4];
    uint32_t n;
} line;

/* v = a + d t with constants a and d. */
static bool linear(lem_work *w, const ast_node *v, const ast_node *t, ast_node **a, ast_node **d) {
    *a = with(w, v, t, lem_ast_int(w, 0));
    ast_node *one = with(w, v, t, lem_ast_int(w, 1));
    *d = *a && one ? minus(w, one, *a) : NULL;
    if (!*d || symbols_of(w, *d).n || symbols_of(w, *a).n) return false;
    return equal(w, (ast_node *)v, lem_ast_add(w, *a, lem_ast_mul(w, (ast_node *)t, *d)));
}

/* The coordinates of a system that depends on one parameter. */
/* The one symbol of all coordinates; NULL when there is another, or none. */
static const ast_node *parameter_of(lem_work *w, const ast_node *system) {
    const ast_node *parameter = NULL;
    for (uint32_t k = 0; k < system->n; k++) {
        const ast_node *v = system->kid[k]->kid[1];
        symbols s = symbols_of(w, v);
        if (!lem_ast_is_scalar(v) || s.n > 1) return NULL;
        if (s.n && parameter && !lem_ast_same_name(parameter, s.at[0])) return NULL;
        if (s.n) parameter = s.at[0];
    }
    return parameter && parameter->len == 1 && strchr("tsuk", parameter->name[0]) ? parameter : NULL;
}

static bool line_of(lem_work *w, const ast_node *system, line *out) {
    if (system->kind != AST_SYSTEM || system->n < 2 || system->n > 4) return false;
    const ast_node *parameter = parameter_of(w, system);
    out->n = system->n;
    if (!parameter) return false;
    for (uint32_t k = 0; k < system->n; k++)
        if (!linear(w, system->kid[k]->kid[1], parameter, &out->point[k], &out->direction[k])) return false;
    return true;
}

static bool parallel(lem_work *w, ast_node *const *a, ast_node *const *b, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < i; j++)
            if (!equal(w, lem_ast_mul(w, a[i], b[j]), lem_ast_mul(w, a[j], b[i]))) return false;
    return true;
}

static bool is_null(lem_work *w, ast_node *const *a, uint32_t n) {
    for (uint32_t k = 0; k < n; k++)
        if (!equal(w, a[k], lem_ast_int(w, 0))) return false;
    return true;
}

/* The coordinates of P + t D and of what else is made of tuples; 0 where it is none. */
static uint32_t size_of(lem_work *w, const ast_node *a) {
    bool round = a->open == '(' && a->close == ')';
    if (a->kind == AST_TUPLE) return round ? a->n : 0;
    if ((a->kind != AST_ADD && a->kind != AST_MUL) || !lem_work_spend(w, 1)) return 0;
    uint32_t x = size_of(w, a->kid[0]), y = size_of(w, a->kid[1]);
    if (a->kind == AST_ADD) return x == y ? x : 0;
    const ast_node *scalar = a->kid[x ? 1 : 0];
    return (!x || !y) && lem_ast_is_scalar(scalar) ? x + y : 0;
}

static ast_node *coordinate(lem_work *w, const ast_node *a, uint32_t k) {
    if (a->kind == AST_TUPLE) return a->kid[k];
    bool sum = a->kind == AST_ADD;
    ast_node *x = a->kid[0], *y = a->kid[1];
    if (sum || size_of(w, x)) x = coordinate(w, x, k);
    if (sum || size_of(w, y)) y = coordinate(w, y, k);
    return sum ? lem_ast_add(w, x, y) : lem_ast_mul(w, x, y);
}

/* (1,2,3) + t (1,0,-1) as the values of three coordinates. */
static const ast_node *as_system(lem_work *w, const ast_node *a) {
    static const char *const names[] = {"1", "2", "3", "4"};
    uint32_t n = a->kind == AST_ADD ? size_of(w, a) : 0;
    ast_node *s = n && n <= 4 ? lem_ast_new(w, AST_SYSTEM, n) : NULL;
    for (uint32_t k = 0; s && k < n; k++) {
        ast_node *name = lem_ast_named(w, AST_SYM, names[k], 1), *v = coordinate(w, a, k);
        if (!name || !v || !(s->kid[k] = lem_ast_new(w, AST_REL, 2))) return a;
        s->kid[k]->kid[0] = name;
        s->kid[k]->kid[1] = v;
        s->kid[k]->name = "=";
        s->kid[k]->len = 1;
    }
    return s ? s : a;
}

static bool same_line(lem_work *w, const ast_node *g, const ast_node *p) {
    line a, b;
    ast_node *between[4], *direction[4];
    g = as_system(w, g);
    p = as_system(w, p);
    if (g->kind != AST_SYSTEM || p->kind != AST_SYSTEM || g->n != p->n || !line_of(w, g, &a) ||
        !line_of(w, p, &b))
        return false;
    for (uint32_t k = 0; k < a.n; k++) { /* b in the order of a's names */
        uint32_t j = 0;
        while (j < b.n && !lem_ast_same(g->kid[k]->kid[0], p->kid[j]->kid[0])) j++;
        if (j == b.n || !(between[k] = minus(w, b.point[j], a.point[k]))) return false;
        direction[k] = b.direction[j];
    }
    return !is_null(w, a.direction, a.n) && !is_null(w, direction, a.n) &&
           parallel(w, a.direction, direction, a.n) && parallel(w, a.direction, between, a.n);
}

/* ---- all of it ---- */

/* Two expressions, up to their free constants. */
static bool freed(answers *c, const ast_node *g, const ast_node *p, bool *numeric) {
    lem_work *w = c->w;
    symbols sg = symbols_of(w, g), sp = symbols_of(w, p);
    if (!has_variable(&sg) || !has_variable(&sp)) return false;
    return by_added_constant(w, g, p, &sg, &sp, numeric) || by_new_names(w, g, p, &sg, &sp, numeric) ||
           by_span(w, g, p, &sg, &sp, numeric) || lem_free_affine(c, g, p, numeric);
}

/* The rule that makes the values equal, RULE_COUNT where none does. */
static answer_rule rule_of(answers *c, const ast_node *gold, const ast_node *pred, bool *numeric) {
    lem_work *w = c->w;
    shape g = lem_shape_of(w, gold), p = lem_shape_of(w, pred);
    bool other_name = g.label && p.label && !lem_ast_same(g.label, p.label), free;
    if (!other_name) {
        if (same_line(w, g.v, p.v)) return RULE_SAME_LINE;
        if (lem_same_pieces(w, g.v, p.v)) return RULE_PIECES;
        answer_rule families = lem_same_families(c, &g, &p);
        if (families != RULE_COUNT) return families;
    }
    if (!other_name && lem_ast_is_scalar(g.v) && lem_ast_is_scalar(p.v)) free = freed(c, g.v, p.v, numeric);
    else free = lem_free_affine(c, gold, pred, numeric);
    return free ? RULE_FREE_CONSTANTS : RULE_COUNT;
}

lem_answer_result lem_compare_free(answers *c, const ast_node *gold, const ast_node *pred,
                                   lem_answer_result r) {
    if (compare_is_equal(r) || c->w->limit) return r;
    bool numeric = false;
    answer_rule rule = rule_of(c, gold, pred, &numeric);
    if (c->w->limit) return c->w->limit = false, r; /* r was said before the fuel went */
    if (rule == RULE_COUNT) return r;
    if (rule == RULE_NOT_DECIDED) return compare_say(LEM_ANSWER_LIMIT, rule);
    return compare_say(numeric ? LEM_ANSWER_EQUAL_NUMERIC : LEM_ANSWER_EQUAL_EXACT, rule);
}
