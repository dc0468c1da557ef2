/* compare_affine.c - one free constant as another: 1/(x + C) and 1/(x - C), x^2 + y^2 = C and 2x^2 + 2y^2 = C
 *
 * Where D = a C + b with numbers a != 0 and b makes one side of the other, both name the same functions. Such
 * a and b are guessed (C = -D, or both sides solved for their constants at two points) and then proven. */
#include "answer/compare_free_priv.h"

#include "answer/canon_priv.h"
#include "answer/decide/decide_priv.h"

#include <string.h>

enum { MAX_SOLVE = 24, MAX_NAMES = 12 };

/* ---- what may be free ---- */

bool lem_free_is_strong(const ast_node *s) {
    if (s->len == 1) return s->name[0] == 'C';
    return s->len >= 3 && s->name[1] == '_' && strchr("cC", s->name[0]) && s->name[2] >= '0' &&
           s->name[2] <= '9';
}

bool lem_free_may_be_constant(const ast_node *s) {
    if (lem_free_is_strong(s)) return true;
    if (s->len == 1) return strchr("ABDKMck", s->name[0]) != NULL;
    return s->len >= 3 && s->name[1] == '_' && strchr("kKAB", s->name[0]);
}

/* ---- a constant that stands in a sum ---- */

static uint32_t times_in(lem_work *w, const ast_node *a, const ast_node *c) {
    if (!lem_work_spend(w, 2)) return 2;
    if (a->kind == AST_SYM) return lem_ast_same_name(a, c);
    uint32_t n = 0;
    for (uint32_t k = 0; k < a->n; k++) n += times_in(w, a->kid[k], c);
    return n;
}

/* c, or c times what has no c: a term of a sum. */
static bool is_term(lem_work *w, const ast_node *a, const ast_node *c) {
    while (a->kind == AST_MUL) {
        const ast_node *with = NULL;
        for (uint32_t k = 0; k < a->n && !with; k++)
            if (times_in(w, a->kid[k], c)) with = a->kid[k];
        if (!with) return false;
        a = with;
    }
    return a->kind == AST_SYM && lem_ast_same_name(a, c);
}

/* e^(-t/RC) has no free constant: one is a term of some sum. */
static bool is_summand(lem_work *w, const ast_node *a, const ast_node *c) {
    if (!lem_work_spend(w, 4)) return false;
    for (uint32_t k = 0; k < a->n; k++)
        if ((a->kind == AST_ADD && is_term(w, a->kid[k], c)) || is_summand(w, a->kid[k], c)) return true;
    return false;
}

static bool is_variable(const ast_node *s) {
    return (s->len == 1 && strchr("xyztuvwrs", s->name[0])) || lem_ast_is_sym(s, "theta");
}

/* The constants of a, at most two: all its other symbols are variables, and one at least is. */
static size_t free_constants(lem_work *w, const ast_node *a, const ast_node **out) {
    const ast_node *s[MAX_NAMES];
    size_t n = lem_shape_symbols(w, a, s, MAX_NAMES), found = 0;
    if (n > MAX_NAMES) return 0;
    for (size_t k = 0; k < n; k++) {
        if (is_variable(s[k])) continue;
        if (found == 2 || !lem_free_may_be_constant(s[k])) return 0;
        out[found++] = s[k];
    }
    return found < n ? found : 0;
}

/* ---- solving ---- */

static ast_node *inverse_function(lem_work *w, const ast_node *a, ast_node *y) {
    bool ln = a->n == 1 && a->len == 2 && memcmp(a->name, "ln", 2) == 0;
    return ln ? lem_ast_pow(w, lem_ast_named(w, AST_SYM, "e", 1), y) : NULL;
}

/* y without what else stands in the sum or product a. */
static ast_node *without_rest(lem_work *w, const ast_node *a, const ast_node *with, ast_node *y) {
    for (uint32_t k = 0; k < a->n && y; k++) {
        if (a->kid[k] == with) continue;
        y = a->kind == AST_ADD ? lem_ast_add(w, y, lem_ast_neg(w, a->kid[k])) : lem_ast_div(w, y, a->kid[k]);
    }
    return y;
}

/* The c for which a = y, where a has it once and behind sums, products, powers and logarithms; else NULL. */
static ast_node *solved(lem_work *w, const ast_node *a, const ast_node *c, ast_node *y) {
    if (times_in(w, a, c) != 1) return NULL;
    for (int k = 0; k < MAX_SOLVE && y && a; k++) {
        const ast_node *with = a->n ? a->kid[0] : NULL;
        if (a->kind == AST_SYM) return y;
        for (uint32_t j = 0; j < a->n; j++)
            if (times_in(w, a->kid[j], c)) with = a->kid[j];
        if (a->kind == AST_ADD || a->kind == AST_MUL) y = without_rest(w, a, with, y);
        else if (a->kind == AST_POW && with == a->kid[0] && a->kid[1]->kind == AST_NUM)
            y = lem_ast_pow(w, y, lem_ast_div(w, lem_ast_int(w, 1), a->kid[1]));
        else y = a->kind == AST_FN ? inverse_function(w, a, y) : NULL;
        a = with;
    }
    return NULL;
}

/* Every symbol but c as a number of its own. */
static ast_node *at_point(lem_work *w, ast_node *a, const ast_node *c, int turn) {
    static const int values[2][4] = {{7, 11, 17, 29}, {5, 13, 23, 31}};
    const ast_node *s[MAX_NAMES];
    size_t n = a ? lem_shape_symbols(w, a, s, MAX_NAMES) : MAX_NAMES + 1;
    if (n > MAX_NAMES) return NULL;
    for (size_t k = 0; k < n && a; k++) {
        if (c && lem_ast_same_name(s[k], c)) continue;
        int at = values[turn][(unsigned char)s[k]->name[0] % 4]; /* by its name, the same on both sides */
        a = lem_ast_replace(w, a, s[k]->name, s[k]->len, lem_ast_int(w, at));
    }
    return a;
}

static ast_node *with(lem_work *w, const ast_node *a, const ast_node *symbol, ast_node *by) {
    return by ? lem_ast_replace(w, (ast_node *)a, symbol->name, symbol->len, by) : NULL;
}

/* ---- a C + b ---- */

static lem_rat *number_of(lem_work *w, const ast_node *v) {
    lem_rat *q = v ? lem_decide_rational(w, v) : NULL;
    canon_poly *p = v && !q ? lem_canon_scalar(w, v) : NULL;
    return p ? lem_canon_rational(w, p) : q;
}

/* Two pairs of values of the constants of both sides that name one curve each. */
typedef struct fit {
    lem_rat *x[2], *y[2];
} fit;

/* a C + b through both pairs; NULL where it is constant or nothing. */
static ast_node *line_through(lem_work *w, const fit *f, const ast_node *c) {
    if (!f->x[0] || !f->x[1] || !f->y[0] || !f->y[1]) return NULL;
    lem_rat *dx = lem_rat_sub(w, f->x[1], f->x[0]), *dy = lem_rat_sub(w, f->y[1], f->y[0]);
    if (!dx || !dy || !lem_rat_sign(dx) || !lem_rat_sign(dy)) return NULL;
    lem_rat *a = lem_rat_div(w, dy, dx), *b = a ? lem_rat_sub(w, f->y[0], lem_rat_mul(w, a, f->x[0])) : NULL;
    return b ? lem_ast_add(w, lem_ast_mul(w, lem_ast_num(w, a), (ast_node *)c), lem_ast_num(w, b)) : NULL;
}

/* d in terms of c, guessed: p(d) = g(c) where c is 1 and 2. */
static ast_node *guess_value(lem_work *w, const ast_node *g, const ast_node *c, const ast_node *p,
                             const ast_node *d) {
    fit f;
    for (int turn = 0; turn < 2; turn++) {
        f.x[turn] = lem_rat_int(w, turn + 1);
        ast_node *left = at_point(w, with(w, g, c, lem_ast_int(w, turn + 1)), NULL, 0),
                 *right = at_point(w, (ast_node *)p, d, 0),
                 *v = left && right ? solved(w, right, d, left) : NULL;
        f.y[turn] = number_of(w, v);
    }
    return line_through(w, &f, c);
}

static ast_node *difference(lem_work *w, const ast_node *rel) {
    return lem_ast_add(w, rel->kid[0], lem_ast_neg(w, rel->kid[1]));
}

/* d in terms of c, guessed: both equations hold at two points. */
static ast_node *guess_relation(lem_work *w, const ast_node *g, const ast_node *c, const ast_node *p,
                                const ast_node *d) {
    fit f;
    ast_node *x = difference(w, g), *y = difference(w, p), *zero = lem_ast_int(w, 0);
    for (int turn = 0; turn < 2; turn++) {
        ast_node *left = at_point(w, x, c, turn), *right = at_point(w, y, d, turn);
        ast_node *u = left && zero ? solved(w, left, c, zero) : NULL,
                 *v = right && zero ? solved(w, right, d, zero) : NULL;
        f.x[turn] = number_of(w, u);
        f.y[turn] = number_of(w, v);
    }
    return line_through(w, &f, c);
}

static bool same(answers *c, const ast_node *g, const ast_node *p, bool *numeric) {
    lem_answer_result r = p ? lem_compare_by(c->w, c->rules, g, p) : compare_say(LEM_ANSWER_LIMIT, RULE_WORK);
    *numeric = *numeric || r.verdict == LEM_ANSWER_EQUAL_NUMERIC;
    return compare_is_equal(r);
}

static bool is_equation(const ast_node *a) {
    return a->kind == AST_REL && a->n == 2 && a->name[0] == '=' && lem_ast_is_scalar(a->kid[0]) &&
           lem_ast_is_scalar(a->kid[1]);
}

/* An equation as lhs - rhs = 0, so that an only constant is a term of a sum. */
static ast_node *as_sum(lem_work *w, const ast_node *a) {
    if (!is_equation(a)) return (ast_node *)a;
    ast_node *sum = lem_ast_new(w, AST_ADD, 2);
    if (sum) sum->kid[0] = a->kid[0], sum->kid[1] = a->kid[1];
    return sum;
}

/* Two constants of the same names: those that are terms of a sum may have the other sign. */
static bool by_signs(answers *c, const ast_node *g, const ast_node *p, const ast_node *const *s,
                     bool *numeric) {
    for (int minus = 1; minus < 4 && !c->w->limit; minus++) {
        ast_node *v = (ast_node *)p;
        for (int k = 0; k < 2 && v; k++) {
            if (!(minus >> k & 1)) continue;
            if (!is_summand(c->w, p, s[k])) v = NULL;
            else v = with(c->w, v, s[k], lem_ast_neg(c->w, (ast_node *)s[k]));
        }
        if (v && same(c, g, v, numeric)) return true;
    }
    return false;
}

static bool by_line(answers *c, const ast_node *g, const ast_node *x, const ast_node *p, const ast_node *y,
                    bool *numeric) {
    lem_work *w = c->w;
    if (same(c, g, with(w, p, y, lem_ast_neg(w, (ast_node *)x)), numeric)) return true;
    ast_node *line = is_equation(g) ? guess_relation(w, g, x, p, y) : guess_value(w, g, x, p, y);
    return line && same(c, g, with(w, p, y, line), numeric);
}

/* Both with one constant, or both with the same two. */
static bool by_constants(answers *c, const ast_node *g, const ast_node *p, bool *numeric) {
    const ast_node *x[2], *y[2], *gs = as_sum(c->w, g), *ps = as_sum(c->w, p);
    size_t n = gs && ps ? free_constants(c->w, gs, x) : 0;
    if (!n || n != free_constants(c->w, ps, y)) return false;
    if (!lem_free_is_strong(x[0]) && !lem_free_is_strong(y[0])) return false;
    if (n == 2)
        return lem_ast_same_name(x[0], y[0]) && lem_ast_same_name(x[1], y[1]) &&
               by_signs(c, g, p, x, numeric);
    return is_summand(c->w, gs, x[0]) && is_summand(c->w, ps, y[0]) && by_line(c, g, x[0], p, y[0], numeric);
}

bool lem_free_affine(answers *c, const ast_node *g, const ast_node *p, bool *numeric) {
    bool equations = is_equation(g) && is_equation(p);
    return (equations || (lem_ast_is_scalar(g) && lem_ast_is_scalar(p))) && by_constants(c, g, p, numeric);
}
