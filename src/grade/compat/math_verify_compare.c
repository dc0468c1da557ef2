/* math_verify_compare.c - sympy_expr_eq of Math-Verify: assignments, relations, sets, symbols, numbers */
#include "grade/compat/math_verify_priv.h"

#include <math.h>
#include <stdlib.h>

typedef struct verifier {
    lem_work *w;
    const char *rule;
    int depth;
} verifier;

static bool values_equal(verifier *c, const mv_value *gold, const mv_value *pred);

static bool equal_by(verifier *c, bool yes, const char *rule) {
    if (yes) c->rule = rule;
    return yes;
}

/* ---- shape ---- */

bool lem_mv_only_symbols(const mode_expr *e) {
    if (e->kind == MODE_SYM) return true;
    if (e->kind == MODE_POW && e->kid[1]->kind == MODE_NUM && lem_rat_is(e->kid[1]->q, -1))
        return lem_mv_only_symbols(e->kid[0]);
    if (!e->n || (e->kind == MODE_POW && e->kid[1]->kind == MODE_NUM)) return false;
    for (uint32_t k = 0; k < e->n; k++)
        if (!lem_mv_only_symbols(e->kid[k])) return false;
    return true;
}

static bool value_only_symbols(const mv_value *v) {
    if (v->kind == MV_EXPR) return lem_mv_only_symbols(v->e);
    if (v->kind != MV_TUPLE || !v->n) return false;
    for (uint32_t k = 0; k < v->n; k++)
        if (!value_only_symbols(v->kid[k])) return false;
    return true;
}

static bool is_relation(const mv_value *v) { return v->kind == MV_REL || v->kind == MV_AND; }
static const mv_value *first_relation(const mv_value *v) { return v->kind == MV_AND ? v->kid[0] : v; }
static const mv_value *last_relation(const mv_value *v) { return v->kind == MV_AND ? v->kid[v->n - 1] : v; }
static bool is_equation(const mv_value *v) {
    if (v->kind == MV_REL) return v->op == '=';
    for (uint32_t k = 0; v->kind == MV_AND && k < v->n; k++)
        if (v->kid[k]->op != '=') return false;
    return v->kind == MV_AND;
}
static bool is_assignment(const mv_value *v) {
    return is_equation(v) && value_only_symbols(first_relation(v)->kid[0]);
}

static bool is_set(const mv_value *v) {
    return v->kind == MV_SET || (v->kind >= MV_INTERVAL && v->kind <= MV_EMPTY);
}

static const mv_value *end_to_end(lem_work *w, const mv_value *v) {
    mv_value *r = lem_mv_new(w, MV_REL, 2);
    if (!r) return v;
    r->op = '=';
    r->kid[0] = first_relation(v)->kid[0];
    r->kid[1] = last_relation(v)->kid[1];
    return r;
}

/* ---- scalars ---- */

static bool is_number(const mode_expr *e) { return e->kind == MODE_NUM; }
static bool number_like(const mode_expr *e) {
    return is_number(e) || (lem_mv_is_percent(e) && is_number(e->kid[0]));
}
static const mode_expr *percent_value(const mode_expr *e) { return lem_mv_is_percent(e) ? e->kid[0] : e; }

/* a.round(6) == b.round(6) */
static bool rounded_equal(verifier *c, const mode_expr *a, const mode_expr *b) {
    lem_rat *x = lem_mode_exact(c->w, a), *y = lem_mode_exact(c->w, b);
    long double u, v, i, j;
    if (x && y && lem_rat_equal(x, y)) return true;
    if (!lem_mode_value(c->w, a, &u, &i) || !lem_mode_value(c->w, b, &v, &j) || i != 0 || j != 0)
        return false;
    return fabsl(u) < 1e12L && fabsl(v) < 1e12L ? rintl(u * 1e6L) == rintl(v * 1e6L)
                                                : fabsl(u - v) < 1e-15L * fabsl(u);
}

static bool names_equal(mode_text a, mode_text b) { /* the mark of a complex symbol is no part of its name */
    if (a.n && a.s[a.n - 1] == '~') a.n--;
    if (b.n && b.s[b.n - 1] == '~') b.n--;
    return lem_mode_text_equal(a, b);
}

static bool spell(const mode_expr *e, lem_buf *out) {
    if (e->kind == MODE_MUL) return spell(e->kid[0], out) && spell(e->kid[1], out);
    if (e->kind == MODE_CONST && lem_mode_text_is(e->name, "e")) lem_buf_putc(out, 'e');
    else if (e->kind == MODE_SYM)
        lem_buf_add(out, e->name.s, e->name.n - (e->name.n && e->name.s[e->name.n - 1] == '~'));
    else return false;
    return true;
}

/* A symbol against another, or against a product of symbols that spells its name. */
static bool symbols_equal(verifier *c, const mode_expr *a, const mode_expr *b) {
    if (a->kind == MODE_SYM && b->kind == MODE_SYM)
        return equal_by(c, names_equal(a->name, b->name), "math-verify: same symbol");
    const mode_expr *s = a->kind == MODE_SYM ? a : b, *o = s == a ? b : a;
    if (o->kind == MODE_CONST)
        return equal_by(c, lem_mode_text_is(o->name, "e") && names_equal(s->name, o->name), "math-verify: e");
    if (o->kind != MODE_MUL) return false;
    lem_buf t = {0};
    bool same = spell(o, &t) && names_equal(s->name, lem_mode_text(lem_buf_str(&t), t.len));
    lem_buf_release(&t);
    return equal_by(c, same, "math-verify: letters that spell the name");
}

/* 2.07 x 10^2 is 206.99999999999997 in floating point, and not 207. True: that decides. */
static bool float_product(lem_work *w, const mode_expr *a, const mode_expr *b, bool *same) {
    const mode_expr *m = a->kind == MODE_MUL ? a : b;
    const mode_expr *n = m == a ? b : a;
    if (m->kind != MODE_MUL || !is_number(n) || n->decimal || !lem_rat_is_int(n->q)) return false;
    const mode_expr *x = m->kid[0], *p = m->kid[1];
    if (!is_number(x) || !x->decimal || p->kind != MODE_POW || !is_number(p->kid[0]) || !is_number(p->kid[1]))
        return false;
    long double u, v, z, i;
    if (!lem_mode_value(w, x, &u, &i) || !lem_mode_value(w, p, &v, &i) || !lem_mode_value(w, n, &z, &i))
        return false;
    double product = (double)u * (double)v;
    *same = product == (double)z;
    return true;
}

static bool is_infinite(const mode_expr *a) {
    return a->kind == MODE_CONST && lem_mode_text_is(a->name, "zoo");
}

static bool same_whole(const mode_expr *a, const mode_expr *b) {
    if (!number_like(a) || !number_like(b)) return false;
    const mode_expr *x = percent_value(a), *y = percent_value(b);
    return lem_rat_is_int(x->q) && lem_rat_is_int(y->q) && lem_rat_equal(x->q, y->q);
}

static bool near_in_value(verifier *c, const mode_expr *a, const mode_expr *b) {
    long double u, v, i, j;
    return lem_mode_value(c->w, a, &u, &i) && lem_mode_value(c->w, b, &v, &j) && fabsl(u - v) < 1e-15L &&
           fabsl(i - j) < 1e-15L;
}

static bool is_float(const mode_expr *a) { return number_like(a) && percent_value(a)->decimal; }

static bool scalars_equal(verifier *c, const mode_expr *a, const mode_expr *b) {
    if (is_infinite(a) || is_infinite(b)) return false;
    if (lem_mode_same(a, b)) return equal_by(c, true, "math-verify: same expression");
    if (a->kind == MODE_SYM || b->kind == MODE_SYM) return symbols_equal(c, a, b);
    bool numbers = number_like(a) || number_like(b), floats = is_float(a) || is_float(b);
    if (floats && rounded_equal(c, a, b)) return equal_by(c, true, "math-verify: equal to 6 decimals");
    if (!floats && same_whole(a, b))
        return equal_by(c, true, "math-verify: same whole number, percent or not");
    if (lem_mode_compare(c->w, a, b, true) <= MODE_EQUAL_NUMERIC)
        return equal_by(c, true, "math-verify: the difference simplifies to 0");
    return !numbers && equal_by(c, near_in_value(c, a, b), "math-verify: equal to 15 digits");
}

static bool expressions_equal(verifier *c, const mode_expr *a, const mode_expr *b) {
    bool same;
    if (float_product(c->w, a, b, &same)) return equal_by(c, same, "math-verify: equal in floating point");
    return scalars_equal(c, a, b);
}

/* ---- relations ---- */

static char mirrored(char op) {
    return op == '<' ? '>' : op == '>' ? '<' : op == 'l' ? 'g' : op == 'g' ? 'l' : op;
}

static const mode_expr *difference(lem_work *w, const mv_value *r, bool flipped) {
    if (r->kid[0]->kind != MV_EXPR || r->kid[1]->kind != MV_EXPR) return NULL;
    mode_expr *a = r->kid[0]->e, *b = r->kid[1]->e;
    return flipped ? lem_mode_op(w, MODE_ADD, b, lem_mode_neg(w, a))
                   : lem_mode_op(w, MODE_ADD, a, lem_mode_neg(w, b));
}

static mode_text only_name(const mode_expr *e, mode_text seen, bool *one) {
    if (e->kind == MODE_SYM) {
        if (seen.n && !lem_mode_text_equal(seen, e->name)) *one = false;
        return e->name;
    }
    for (uint32_t k = 0; k < e->n; k++) seen = only_name(e->kid[k], seen, one);
    return seen;
}

/* The value of e with its one symbol set to x; false when it has none. */
static mode_expr *at_point(lem_work *w, const mode_expr *e, mode_expr *x) {
    if (e->kind == MODE_SYM) return x;
    if (!e->n) return (mode_expr *)e;
    mode_expr *r = lem_work_alloc(w, 1, sizeof *r);
    if (!r) return NULL;
    *r = *e;
    for (uint32_t k = 0; k < e->n; k++)
        if (!(r->kid[k] = at_point(w, e->kid[k], x))) return NULL;
    return r;
}

/* A quadratic without real roots: two such equations have the same solutions there, namely none. */
static bool no_real_roots(lem_work *w, const mode_expr *e) {
    long double y[4], im;
    bool one = true;
    mode_text name = only_name(e, (mode_text){"", 0}, &one);
    if (!one || !name.n) return false;
    for (long x = -1; x <= 2; x++) {
        mode_expr *v = at_point(w, e, lem_mode_int(w, x));
        if (!v || !lem_mode_value(w, v, &y[x + 1], &im) || im != 0) return false;
    }
    long double a = (y[2] + y[0]) / 2 - y[1], b = (y[2] - y[0]) / 2, c0 = y[1];
    if (fabsl(4 * a + 2 * b + c0 - y[3]) > 1e-9L * (fabsl(y[3]) + 1)) return false;
    return b * b - 4 * a * c0 < -1e-9L;
}

/* e with its one symbol, *name, set to 3; NULL where it has none or several. */
static mode_expr *at_three(verifier *c, const mode_expr *e, mode_text *name) {
    bool one = true;
    *name = only_name(e, (mode_text){"", 0}, &one);
    return one && name->n ? at_point(c->w, e, lem_mode_int(c->w, 3)) : NULL;
}

/* Of two expressions in the same one symbol; false where they are not, or have no values to divide by. */
static bool proportional_by_value(verifier *c, const mode_expr *a, const mode_expr *b, int *sign) {
    mode_text x, y;
    mode_expr *p = at_three(c, a, &x), *q = at_three(c, b, &y);
    long double u = 0, v = 0, i, j;
    if (!p || !q || !lem_mode_text_equal(x, y)) return false;
    if (!lem_mode_value(c->w, p, &u, &i) || !lem_mode_value(c->w, q, &v, &j) || u == 0 || v == 0)
        return false;
    mode_answer is = lem_mode_compare(c->w, lem_mode_op(c->w, MODE_MUL, (mode_expr *)a, q),
                                      lem_mode_op(c->w, MODE_MUL, (mode_expr *)b, p), true);
    *sign = (u > 0) == (v > 0) ? 1 : -1;
    if (is > MODE_EQUAL_NUMERIC) *sign = 0;
    return true;
}

/* lhs - rhs of one is a constant times that of the other: 1 same sign, -1 opposite, 0 neither. */
static int proportional(verifier *c, const mode_expr *a, const mode_expr *b) {
    int sign;
    if (proportional_by_value(c, a, b, &sign)) return sign;
    static const long ratios[][2] = {{-1, 1}, {2, 1},  {1, 2},  {-2, 1}, {-1, 2}, {3, 1},  {1, 3},
                                     {-3, 1}, {-1, 3}, {4, 1},  {1, 4},  {-4, 1}, {-1, 4}, {5, 1},
                                     {1, 5},  {6, 1},  {1, 6},  {3, 2},  {2, 3},  {-5, 1}, {-1, 5},
                                     {-6, 1}, {-1, 6}, {10, 1}, {1, 10}};
    for (size_t k = 0; k < sizeof ratios / sizeof *ratios; k++) {
        mode_expr *r = lem_mode_div(c->w, lem_mode_int(c->w, ratios[k][0]), lem_mode_int(c->w, ratios[k][1]));
        if (r && lem_mode_compare(c->w, a, lem_mode_op(c->w, MODE_MUL, r, (mode_expr *)b), true) <=
                     MODE_EQUAL_NUMERIC)
            return ratios[k][0] > 0 ? 1 : -1;
    }
    return 0;
}

/* Sides of relations a and b, with b turned round as r. 2x < 6 is not x < 3 there. */
static bool sides_equal(verifier *c, const mv_value *g, const mv_value *p, const mode_expr *a,
                        const mode_expr *b, const mode_expr *r) {
    bool one = true, equation = g->op == '=' && p->op == '=';
    const mode_text none = {"", 0};
    if (equation && !only_name(a, none, &one).n && !only_name(b, none, &one).n)
        return equal_by(c, true, "math-verify: no unknown on either side"); /* the same solutions: none */
    if (g->op == p->op && lem_mode_compare(c->w, a, b, true) <= MODE_EQUAL_NUMERIC)
        return equal_by(c, true, "math-verify: same relation");
    if (mirrored(g->op) == p->op && g->op != '!' && lem_mode_compare(c->w, a, r, true) <= MODE_EQUAL_NUMERIC)
        return equal_by(c, true, "math-verify: relation turned round");
    if (proportional(c, a, b) && equation) return equal_by(c, true, "math-verify: same solutions");
    return equation && no_real_roots(c->w, a) && no_real_roots(c->w, b) &&
           equal_by(c, true, "math-verify: no solutions on both sides");
}

static bool relations_equal(verifier *c, const mv_value *g, const mv_value *p) {
    if (g->kind == MV_AND && p->kind == MV_AND) {
        if (g->n != p->n) return false;
        for (uint32_t k = 0; k < g->n; k++)
            if (!relations_equal(c, g->kid[k], p->kid[k])) return false;
        return true;
    }
    if (g->kind != MV_REL || p->kind != MV_REL) return false;
    const mode_expr *a = difference(c->w, g, false), *b = difference(c->w, p, false),
                    *r = difference(c->w, p, true);
    if (a && b && r) return sides_equal(c, g, p, a, b, r);
    return g->op == p->op && values_equal(c, g->kid[0], p->kid[0]) && /* x in a set: the sides one by one */
           values_equal(c, g->kid[1], p->kid[1]);
}

/* ---- sets ---- */

enum { MAX_PIECES = 64 };

typedef struct piece {
    long double a, b;
    bool open_a, open_b;
} piece;

typedef struct pieces {
    piece p[MAX_PIECES];
    int n;
} pieces;

static bool endpoint(verifier *c, const mv_value *v, long double *x) {
    long double im;
    if (v->kind != MV_EXPR) return false;
    const mode_expr *e = v->e;
    bool minus = e->kind == MODE_MUL && e->kid[0]->kind == MODE_NUM && lem_rat_is(e->kid[0]->q, -1);
    const mode_expr *o = minus ? e->kid[1] : e;
    if (o->kind == MODE_CONST && lem_mode_text_is(o->name, "oo"))
        return *x = minus ? -INFINITY : INFINITY, true;
    return lem_mode_value(c->w, e, x, &im) && im == 0;
}

static bool put(pieces *out, piece p) {
    if (out->n == MAX_PIECES) return false;
    out->p[out->n++] = p;
    return true;
}

static bool pieces_of(verifier *c, const mv_value *v, pieces *out);

/* Takes the point z out of the pieces. */
static bool cut_hole(pieces *out, long double z) {
    for (int k = 0, n = out->n; k < n; k++) {
        piece *p = &out->p[k];
        if (z < p->a || z > p->b) continue;
        if (!put(out, (piece){z, p->b, true, p->open_b})) return false;
        p->b = z;
        p->open_b = true;
    }
    return true;
}

/* A set minus single points. */
static bool pieces_of_difference(verifier *c, const mv_value *v, pieces *out) {
    pieces holes = {.n = 0};
    if (!pieces_of(c, v->kid[0], out) || v->kid[1]->kind != MV_SET || !pieces_of(c, v->kid[1], &holes))
        return false;
    for (int h = 0; h < holes.n; h++)
        if (!cut_hole(out, holes.p[h].a)) return false;
    return true;
}

/* Intervals and points of a set of numbers; false for symbols. */
static bool pieces_of(verifier *c, const mv_value *v, pieces *out) {
    long double x, y;
    switch (v->kind) {
    case MV_INTERVAL:
        return endpoint(c, v->kid[0], &x) && endpoint(c, v->kid[1], &y) &&
               put(out, (piece){x, y, v->left_open, v->right_open});
    case MV_NAMED: return v->op == 'R' && put(out, (piece){-INFINITY, INFINITY, true, true});
    case MV_EMPTY: return true;
    case MV_UNION: return pieces_of(c, v->kid[0], out) && pieces_of(c, v->kid[1], out);
    case MV_SET:
        for (uint32_t k = 0; k < v->n; k++)
            if (!endpoint(c, v->kid[k], &x) || !put(out, (piece){x, x, false, false})) return false;
        return true;
    case MV_MINUS: return pieces_of_difference(c, v, out);
    default: return false;
    }
}

static bool near(long double a, long double b) {
    return a == b || (isfinite(a) && isfinite(b) && fabsl(a - b) <= 1e-12L * (fabsl(a) + fabsl(b)));
}

static int by_left(const void *x, const void *y) {
    const piece *a = x, *b = y;
    return a->a < b->a ? -1 : a->a > b->a ? 1 : a->open_a - b->open_a;
}

static bool is_empty(piece q) { return q.a > q.b || (q.a == q.b && (q.open_a || q.open_b)); }

/* Does q, which begins behind l, touch it? */
static bool touches(piece l, piece q) { return q.a < l.b || (near(q.a, l.b) && !(q.open_a && l.open_b)); }

static void lengthen(piece *l, piece q) {
    if (near(q.b, l->b)) l->open_b &= q.open_b;
    else if (q.b > l->b) l->b = q.b, l->open_b = q.open_b;
}

static void merge(pieces *s) {
    int n = 0;
    if (s->n > 1) qsort(s->p, (size_t)s->n, sizeof *s->p, by_left);
    for (int k = 0; k < s->n; k++) {
        piece q = s->p[k];
        if (is_empty(q)) continue;
        if (n && touches(s->p[n - 1], q)) lengthen(&s->p[n - 1], q);
        else s->p[n++] = q;
    }
    s->n = n;
}

static bool same_numbers(verifier *c, const mv_value *g, const mv_value *p) {
    pieces a = {.n = 0}, b = {.n = 0};
    if (!pieces_of(c, g, &a) || !pieces_of(c, p, &b)) return false;
    merge(&a);
    merge(&b);
    if (a.n != b.n) return false;
    for (int k = 0; k < a.n; k++)
        if (!near(a.p[k].a, b.p[k].a) || !near(a.p[k].b, b.p[k].b) || a.p[k].open_a != b.p[k].open_a ||
            a.p[k].open_b != b.p[k].open_b)
            return false;
    return true;
}

/* Each gold element has its own equal element. Where the original sorts first and compares in that order,
 * this finds what sorting would. */
static bool elements_equal(verifier *c, mv_value *const *g, mv_value *const *p, uint32_t n, bool ordered) {
    enum { MOST = 256 };
    bool used[MOST] = {false};
    if (n > MOST) return false;
    for (uint32_t k = 0; k < n; k++) {
        uint32_t j = ordered ? k : 0, end = ordered ? k + 1 : n;
        while (j < end && (used[j] || !values_equal(c, g[k], p[j]))) j++;
        if (j == end) return false;
        used[j] = true;
    }
    return equal_by(c, true, ordered ? "math-verify: same parts in order" : "math-verify: same elements");
}

static bool is_list(const mv_value *v) { return v->kind == MV_SET || v->kind == MV_TUPLE; }

/* v as a set of its own where it is neither set nor tuple. */
static const mv_value *in_set(verifier *c, const mv_value *v) {
    if (is_set(v) || v->kind == MV_TUPLE) return v;
    mv_value *one = lem_mv_new(c->w, MV_SET, 1);
    if (one) one->kid[0] = (mv_value *)v;
    return one;
}

static bool intervals_equal(verifier *c, const mv_value *g, const mv_value *p) {
    return g->left_open == p->left_open && g->right_open == p->right_open &&
           values_equal(c, g->kid[0], p->kid[0]) && values_equal(c, g->kid[1], p->kid[1]) &&
           equal_by(c, true, "math-verify: same interval");
}

/* (a, b) as an interval against a list of two. */
static bool is_open_pair(const mv_value *interval, const mv_value *list) {
    return interval->kind == MV_INTERVAL && interval->left_open && interval->right_open && is_list(list) &&
           list->n == 2;
}

static bool kids_equal(verifier *c, const mv_value *g, const mv_value *p) {
    if (g->kind != p->kind || g->n != p->n || g->op != p->op || g->kind < MV_UNION) return false;
    for (uint32_t k = 0; k < g->n; k++)
        if (!values_equal(c, g->kid[k], p->kid[k])) return false;
    return equal_by(c, true, "math-verify: same set");
}

static bool sets_equal(verifier *c, const mv_value *gold, const mv_value *pred) {
    const mv_value *g = in_set(c, gold), *p = in_set(c, pred);
    if (!g || !p) return false;
    if (g->kind == MV_INTERVAL && p->kind == MV_INTERVAL) return intervals_equal(c, g, p);
    if (g->kind != MV_TUPLE && p->kind != MV_TUPLE && same_numbers(c, g, p))
        return equal_by(c, true, "math-verify: same set of numbers");
    if (is_list(g) && is_list(p))
        return g->n == p->n && elements_equal(c, g->kid, p->kid, g->n, g->kind == MV_TUPLE);
    if (is_open_pair(g, p) || is_open_pair(p, g))
        return elements_equal(c, g->kid, p->kid, 2, g->kind != MV_SET);
    return kids_equal(c, g, p);
}

/* A symbol, or a free function, which the original renames to one. */
static bool is_variable(const mode_expr *e) {
    return e->kind == MODE_SYM || (e->kind == MODE_FN && e->name.n && e->name.s[0] == '\'');
}

/* An interval as its relations are read, one by one; a, b NULL: infinite. */
typedef struct bounded {
    const mv_value *a, *b;
    long double lo, hi;
    bool open_lo, open_hi;
} bounded;

/* Takes x < 2, where a symbol alone stands on one side and a number on the other; else false. */
static bool bound_by(verifier *c, const mv_value *v, bounded *s) {
    long double x;
    if (v->kid[0]->kind != MV_EXPR || v->kid[1]->kind != MV_EXPR) return false;
    bool left = is_variable(v->kid[0]->e);
    const mv_value *e = v->kid[left];
    char op = left ? v->op : mirrored(v->op);
    if ((!left && !is_variable(v->kid[1]->e)) || !strchr("<>lg", op) || !endpoint(c, e, &x)) return false;
    if (strchr("<l", op) && x < s->hi) s->hi = x, s->b = e, s->open_hi = op == '<';
    if (strchr(">g", op) && x > s->lo) s->lo = x, s->a = e, s->open_lo = op == '>';
    return true;
}

/* x < 2, or several such, as a set. */
static const mv_value *as_set(verifier *c, const mv_value *r) {
    bounded s = {NULL, NULL, -INFINITY, INFINITY, true, true};
    const bool several = r->kind == MV_AND;
    for (uint32_t k = 0; k < (several ? r->n : 1); k++)
        if (!bound_by(c, several ? r->kid[k] : r, &s)) return NULL;
    mv_value *v = lem_mv_new(c->w, MV_INTERVAL, 2);
    mode_expr *oo = lem_mode_const(c->w, "oo");
    if (!v || !oo) return NULL;
    v->kid[0] = s.a ? (mv_value *)s.a : lem_mv_expr(c->w, lem_mode_neg(c->w, oo));
    v->kid[1] = s.b ? (mv_value *)s.b : lem_mv_expr(c->w, oo);
    v->left_open = s.open_lo;
    v->right_open = s.open_hi;
    return v->kid[0] && v->kid[1] ? v : NULL;
}

static bool same_values(verifier *c, const mv_value *gold, const mv_value *pred) {
    if (is_relation(gold) && is_relation(pred)) return relations_equal(c, gold, pred);
    if (is_set(gold) || is_set(pred) || gold->kind == MV_TUPLE || pred->kind == MV_TUPLE)
        return sets_equal(c, gold, pred);
    if (gold->kind != pred->kind) return false;
    if (gold->kind == MV_EXPR) return expressions_equal(c, gold->e, pred->e);
    return gold->kind == MV_MATRIX && gold->n == pred->n && gold->cols == pred->cols &&
           elements_equal(c, gold->kid, pred->kid, gold->n, true);
}

static bool values_equal(verifier *c, const mv_value *gold, const mv_value *pred) {
    if (c->w->limit || c->depth > 40 || !lem_work_spend(c->w, 64)) return false;
    bool ga = is_assignment(gold), pe = is_equation(pred), ge = is_equation(gold);
    if (ga) gold = end_to_end(c->w, gold);
    if (is_assignment(pred)) pred = end_to_end(c->w, pred);
    if (pe && !ge) pred = last_relation(pred)->kid[1];
    else if (ga && !pe) gold = last_relation(gold)->kid[1];
    c->depth++;
    const mv_value *solved = is_relation(gold) && is_set(pred) ? as_set(c, gold) : NULL;
    bool same = same_values(c, solved ? solved : gold, pred);
    c->depth--;
    return same;
}

mode_answer lem_mv_compare(lem_work *w, const mv_value *gold, const mv_value *pred, const char **rule) {
    verifier c = {w, *rule, 0};
    bool same = values_equal(&c, gold, pred);
    *rule = same ? c.rule : *rule;
    return same ? MODE_EQUAL_NUMERIC : MODE_DIFFERENT;
}
