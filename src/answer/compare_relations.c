/* compare_relations.c - equations, inequalities and subsets of the line */
#include "answer/compare_priv.h"

#include "answer/canon_priv.h"
#include "answer/decide/decide_priv.h"

#include <string.h>

enum { MAX_SYMBOLS = 24, MAX_FRACTIONS = 24 };

/* ---- subsets of the line ---- */

static lem_answer_result compare_ends(comparison *c, region_end a, region_end b) {
    if (!a.v || !b.v)
        return compare_say(!a.v && !b.v ? LEM_ANSWER_EQUAL_EXACT : LEM_ANSWER_NOT_EQUAL, RULE_REGIONS_DIFFER);
    if (a.closed != b.closed) return compare_say(LEM_ANSWER_NOT_EQUAL, RULE_REGIONS_DIFFER);
    return lem_compare_scalars(c, a.v, b.v);
}

static lem_answer_verdict compare_pieces(comparison *c, const region_piece *a, const region_piece *b) {
    lem_answer_result lo = compare_ends(c, a->lo, b->lo),
                      hi = compare_is_different(lo) ? lo : compare_ends(c, a->hi, b->hi);
    if (compare_is_different(lo) || compare_is_different(hi)) return LEM_ANSWER_NOT_EQUAL;
    if (!compare_is_equal(lo) || !compare_is_equal(hi)) return LEM_ANSWER_LIMIT;
    return lo.verdict == LEM_ANSWER_EQUAL_NUMERIC || hi.verdict == LEM_ANSWER_EQUAL_NUMERIC
               ? LEM_ANSWER_EQUAL_NUMERIC
               : LEM_ANSWER_EQUAL_EXACT;
}

/* Every piece of x among those of y; in the same place where both are in order. */
static lem_answer_result same_pieces(comparison *c, const region *x, const region *y) {
    bool used[REGION_MAX] = {false}, ordered = x->sorted && y->sorted;
    lem_answer_verdict v = LEM_ANSWER_EQUAL_EXACT;
    for (uint32_t i = 0; i < x->n; i++) {
        lem_answer_verdict best = LEM_ANSWER_NOT_EQUAL;
        for (uint32_t j = ordered ? i : 0; j < (ordered ? i + 1 : y->n); j++) {
            lem_answer_verdict r =
                used[j] ? LEM_ANSWER_NOT_EQUAL : compare_pieces(c, &x->piece[i], &y->piece[j]);
            if (r == LEM_ANSWER_LIMIT) best = r;
            if (r != LEM_ANSWER_EQUAL_EXACT && r != LEM_ANSWER_EQUAL_NUMERIC) continue;
            best = r;
            used[j] = true;
            break;
        }
        if (best == LEM_ANSWER_NOT_EQUAL) return compare_say(best, RULE_REGIONS_DIFFER);
        if (best == LEM_ANSWER_LIMIT) return compare_say(best, RULE_PART_UNDECIDED);
        if (best == LEM_ANSWER_EQUAL_NUMERIC) v = best;
    }
    return compare_say(v, RULE_REGIONS);
}

/* One of them is a set of points and nothing else; the other may be read as one. */
static bool are_regions(lem_work *w, const ast_node *a, const ast_node *b, region *x, region *y) {
    bool sx = lem_region_of(w, a, true, x), sy = lem_region_of(w, b, true, y);
    if ((!sx && !sy) || (!sx && !lem_region_of(w, a, false, x)) || (!sy && !lem_region_of(w, b, false, y)))
        return false;
    return !x->lists || !y->lists;
}

lem_answer_result lem_compare_regions(comparison *c, const ast_node *a, const ast_node *b, int level) {
    region x, y;
    (void)level;
    if (!are_regions(c->w, a, b, &x, &y)) return COMPARE_PASSES;
    if (!c->rules->region_forms && a->kind != b->kind)
        return compare_say(LEM_ANSWER_DIFFERENT_KIND, RULE_KIND);
    if (x.unsolved != y.unsolved && !c->rules->solve_regions)
        return compare_say(LEM_ANSWER_DIFFERENT_KIND, RULE_KIND);
    if (x.var && y.var && !lem_ast_same(x.var, y.var)) return compare_say(LEM_ANSWER_NOT_EQUAL, RULE_SYMBOL);
    if (x.n == y.n) return same_pieces(c, &x, &y);
    return x.sorted && y.sorted ? compare_say(LEM_ANSWER_NOT_EQUAL, RULE_REGIONS_DIFFER)
                                : compare_say(LEM_ANSWER_LIMIT, RULE_NOT_DECIDED);
}

/* ---- equations ---- */

static ast_node *difference(lem_work *w, const ast_node *rel) {
    return lem_ast_add(w, rel->kid[0], lem_ast_neg(w, rel->kid[1]));
}

/* The same expression in symbols of its own: x becomes x'. */
static ast_node *renamed(lem_work *w, ast_node *a, const ast_node *const *sym, size_t n) {
    for (size_t k = 0; k < n && a; k++) {
        char *name = lem_work_alloc(w, sym[k]->len + 2, 1);
        if (!name) return NULL;
        memcpy(name, sym[k]->name, sym[k]->len);
        name[sym[k]->len] = '~';
        a = lem_ast_replace(w, a, sym[k]->name, sym[k]->len,
                            lem_ast_named(w, AST_SYM, name, sym[k]->len + 1));
    }
    return a ? lem_ast_rename_calls(w, a) : NULL;
}

static bool is_zero(lem_work *w, ast_node *d) {
    ast_node *zero = lem_ast_int(w, 0);
    return zero && compare_is_equal(lem_decide_scalars(w, d, zero));
}

static bool is_equation(const ast_node *a) {
    return a->kind == AST_REL && a->n == 2 && a->name[0] == '=' && lem_ast_is_scalar(a->kid[0]) &&
           lem_ast_is_scalar(a->kid[1]);
}

/* d(x) e(x') = d(x') e(x) in independent symbols. */
static lem_answer_result proportional(lem_work *w, ast_node *d, ast_node *e, const ast_node *const *sx,
                                      size_t n, const ast_node *const *sy, size_t m) {
    ast_node *left = lem_ast_mul(w, d, renamed(w, e, sy, m)),
             *right = lem_ast_mul(w, renamed(w, d, sx, n), e);
    return left && right ? lem_decide_scalars(w, left, right) : compare_say(LEM_ANSWER_LIMIT, RULE_WORK);
}

static bool as_fraction(lem_work *w, ast_node *a, int level, ast_node **num, ast_node **den);

/* The same of a power with a whole exponent. */
static bool power_as_fraction(lem_work *w, ast_node *a, int level, ast_node **num, ast_node **den) {
    const ast_node *sym[1];
    ast_node *n, *d, *e = a->kid[1];
    bool below = lem_rat_sign(e->q) < 0;
    if (!as_fraction(w, a->kid[0], level + 1, &n, &d)) return false;
    if ((!below && d->kind == AST_NUM) || lem_shape_symbols(w, a, sym, 1) == 0) return true;
    if (below) e = lem_ast_neg(w, e);
    ast_node *top = lem_ast_pow(w, n, e), *bottom = lem_ast_pow(w, d, e);
    *num = below ? bottom : top;
    *den = below ? top : bottom;
    return *num && *den;
}

/* *num / *den and the next term or factor together; a common denominator stays one. */
static bool join_fraction(lem_work *w, ast_kind kind, ast_node *n, ast_node *d, ast_node **num,
                          ast_node **den) {
    bool same = kind == AST_ADD && lem_ast_same(d, *den) && d->kind != AST_NUM;
    if (kind == AST_MUL) *num = lem_ast_mul(w, *num, n);
    else if (same) *num = lem_ast_add(w, *num, n);
    else *num = lem_ast_add(w, lem_ast_mul(w, *num, d), lem_ast_mul(w, n, *den));
    if (!same) *den = lem_ast_mul(w, *den, d);
    return *num && *den;
}

/* a as num / den, den free of fractions in symbols; den 1 where there is none. False at a limit. */
static bool as_fraction(lem_work *w, ast_node *a, int level, ast_node **num, ast_node **den) {
    *num = a;
    *den = lem_ast_int(w, 1);
    if (level > MAX_FRACTIONS || !*den || !lem_work_spend(w, 100)) return false;
    if (a->kind == AST_POW && a->kid[1]->kind == AST_NUM && lem_rat_is_int(a->kid[1]->q))
        return power_as_fraction(w, a, level, num, den);
    if (a->kind != AST_ADD && a->kind != AST_MUL) return true;
    if (!(*num = lem_ast_int(w, a->kind == AST_MUL))) return false;
    for (uint32_t k = 0; k < a->n; k++) {
        ast_node *n, *d;
        if (!as_fraction(w, a->kid[k], level + 1, &n, &d) || !join_fraction(w, a->kind, n, d, num, den))
            return false;
    }
    return true;
}

/* Both differences times their denominators; false when neither has one with a symbol, or nothing but a
 * number stays above it. */
static bool clears(lem_work *w, ast_node **d, ast_node **e) {
    ast_node *n[2], *below[2];
    const ast_node *sym[1];
    if (!as_fraction(w, *d, 0, &n[0], &below[0]) || !as_fraction(w, *e, 0, &n[1], &below[1])) return false;
    if (lem_shape_symbols(w, below[0], sym, 1) == 0 && lem_shape_symbols(w, below[1], sym, 1) == 0)
        return false;
    for (int k = 0; k < 2; k++)
        if (lem_shape_symbols(w, n[k], sym, 1) == 0 || is_zero(w, n[k])) return false;
    *d = n[0];
    *e = n[1];
    return true;
}

static bool same_sides(comparison *c, const ast_node *a, const ast_node *b, int first) {
    return compare_is_equal(lem_compare_scalars(c, a->kid[0], b->kid[first])) &&
           compare_is_equal(lem_compare_scalars(c, a->kid[1], b->kid[1 - first]));
}

/* Side by side, either way round. */
static lem_answer_result compare_identities(comparison *c, const ast_node *a, const ast_node *b) {
    return same_sides(c, a, b, 0) || same_sides(c, a, b, 1)
               ? compare_say(LEM_ANSWER_EQUAL_EXACT, RULE_IDENTITY_SIDES)
               : compare_say(LEM_ANSWER_NOT_EQUAL, RULE_EQUATION_DIFFERS);
}

/* Two equations say the same when lhs - rhs is the same up to a constant factor: d1(x) d2(x') = d1(x') d2(x)
 * in independent symbols, as they stand or multiplied by their denominators: xy = 1 is y = 1/x. An identity
 * says nothing, so two of them are compared side by side. */
static bool compare_equations(comparison *c, const ast_node *a, const ast_node *b, lem_answer_result *out) {
    lem_work *w = c->w;
    if (!is_equation(a) || !is_equation(b)) return false;
    const ast_node *sx[MAX_SYMBOLS], *sy[MAX_SYMBOLS];
    size_t n = lem_shape_symbols(w, a, sx, MAX_SYMBOLS), m = lem_shape_symbols(w, b, sy, MAX_SYMBOLS);
    if (n > MAX_SYMBOLS || m > MAX_SYMBOLS) return *out = compare_say(LEM_ANSWER_LIMIT, RULE_WORK), true;
    ast_node *d = difference(w, a), *e = difference(w, b);
    if (!d || !e) return *out = compare_say(LEM_ANSWER_LIMIT, RULE_WORK), true;
    if (is_zero(w, d) || is_zero(w, e)) return *out = compare_identities(c, a, b), true;
    lem_answer_result r = proportional(w, d, e, sx, n, sy, m);
    if (compare_is_different(r) && !w->limit && clears(w, &d, &e)) {
        lem_answer_result cleared = proportional(w, d, e, sx, n, sy, m);
        if (compare_is_equal(cleared)) return *out = compare_say(cleared.verdict, RULE_CLEARED), true;
    }
    *out = compare_is_equal(r)       ? compare_say(r.verdict, RULE_PROPORTIONAL)
           : compare_is_different(r) ? compare_say(LEM_ANSWER_NOT_EQUAL, RULE_EQUATION_DIFFERS)
                                     : r;
    return true;
}

/* Between constants an equation is true or false; two of them say the same side by side only. */
static lem_answer_result compare_statements(comparison *c, const ast_node *a, const ast_node *b) {
    return same_sides(c, a, b, 0) ? compare_say(LEM_ANSWER_EQUAL_EXACT, RULE_IDENTITY_SIDES)
                                  : compare_say(LEM_ANSWER_NOT_EQUAL, RULE_EQUATION_DIFFERS);
}

static bool is_constant_equation(comparison *c, const ast_node *a) {
    const ast_node *sym[1];
    return is_equation(a) && lem_shape_symbols(c->w, a, sym, 1) == 0 && !lem_ast_has_call(c->w, a);
}

/* What f(x) = … says is told apart where it differs with f as a factor. */
static bool refuted_as_products(comparison *c, const ast_node *a, const ast_node *b) {
    lem_work *w = c->w;
    if (w->limit || (!lem_ast_has_call(w, a) && !lem_ast_has_call(w, b))) return false;
    ast_node *x = lem_ast_calls_as_products(w, (ast_node *)a),
             *y = lem_ast_calls_as_products(w, (ast_node *)b);
    lem_answer_result r;
    return x && y && compare_equations(c, x, y, &r) && compare_is_different(r);
}

bool lem_compare_equations(comparison *c, const ast_node *a, const ast_node *b, lem_answer_result *out) {
    if (is_constant_equation(c, a) || is_constant_equation(c, b)) {
        if (!is_equation(a) || !is_equation(b)) return false;
        return *out = compare_statements(c, a, b), true;
    }
    if (!compare_equations(c, a, b, out)) return false;
    if (out->verdict == LEM_ANSWER_LIMIT && refuted_as_products(c, a, b))
        *out = compare_say(LEM_ANSWER_NOT_EQUAL, RULE_EQUATION_DIFFERS);
    return true;
}

/* ---- other relations ---- */

lem_answer_result lem_compare_relations(comparison *c, const ast_node *a, const ast_node *b, int level) {
    lem_work *w = c->w;
    const char *x = lem_compare_text(w, a), *y = x ? lem_compare_text(w, b) : NULL;
    if (w->limit) return compare_say(LEM_ANSWER_LIMIT, RULE_WORK);
    if (x && y && strcmp(x, y) == 0) return compare_say(LEM_ANSWER_EQUAL_EXACT, RULE_CANONICAL);
    if (a->len != b->len) return compare_say(LEM_ANSWER_NOT_EQUAL, RULE_RELATION_DIFFERS);
    if (memcmp(a->name, b->name, a->len) == 0) {
        lem_answer_result r = lem_compare_ordered(c, a, b, level);
        if (compare_is_equal(r)) return r;
    }
    return x && y ? compare_say(LEM_ANSWER_NOT_EQUAL, RULE_RELATION_DIFFERS)
                  : compare_say(LEM_ANSWER_LIMIT, RULE_NOT_DECIDED);
}
