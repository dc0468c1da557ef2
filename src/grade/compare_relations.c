/* compare_relations.c - equations, inequalities and subsets of the line */
#include "grade/compare_priv.h"

#include "grade/canon_priv.h"
#include "grade/decide/decide_priv.h"

#include <string.h>

enum { MAX_SYMBOLS = 24 };

/* ---- subsets of the line ---- */

static lem_grade_result compare_ends(comparison *c, region_end a, region_end b) {
    if (!a.v || !b.v) return compare_say(!a.v && !b.v ? LEM_GRADE_EQUAL_EXACT : LEM_GRADE_NOT_EQUAL, RULE_REGIONS_DIFFER);
    if (a.closed != b.closed) return compare_say(LEM_GRADE_NOT_EQUAL, RULE_REGIONS_DIFFER);
    return lem_compare_scalars(c, a.v, b.v);
}

static lem_grade_verdict compare_pieces(comparison *c, const region_piece *a, const region_piece *b) {
    lem_grade_result lo = compare_ends(c, a->lo, b->lo), hi = compare_is_different(lo) ? lo : compare_ends(c, a->hi, b->hi);
    if (compare_is_different(lo) || compare_is_different(hi)) return LEM_GRADE_NOT_EQUAL;
    if (!compare_is_equal(lo) || !compare_is_equal(hi)) return LEM_GRADE_LIMIT;
    return lo.verdict == LEM_GRADE_EQUAL_NUMERIC || hi.verdict == LEM_GRADE_EQUAL_NUMERIC ? LEM_GRADE_EQUAL_NUMERIC : LEM_GRADE_EQUAL_EXACT;
}

static bool same_name(const ast_node *a, const ast_node *b) {
    if (a->kind != b->kind || a->n != b->n || a->len != b->len || (a->len && memcmp(a->name, b->name, a->len) != 0)) return false;
    for (uint32_t k = 0; k < a->n; k++)
        if (!same_name(a->kid[k], b->kid[k])) return false;
    return true;
}

bool lem_compare_regions(comparison *c, const ast_node *a, const ast_node *b, lem_grade_result *out) {
    region x, y;
    bool sx = lem_region_of(c->w, a, true, &x), sy = lem_region_of(c->w, b, true, &y);
    if ((!sx && !sy) || (!sx && !lem_region_of(c->w, a, false, &x)) || (!sy && !lem_region_of(c->w, b, false, &y))) return false;
    if (x.lists && y.lists) return false;
    if (!c->rules->region_forms && a->kind != b->kind) return *out = compare_say(LEM_GRADE_DIFFERENT_KIND, RULE_KIND), true;
    if (x.var && y.var && !same_name(x.var, y.var)) return *out = compare_say(LEM_GRADE_NOT_EQUAL, RULE_SYMBOL), true;
    if (x.n != y.n) {
        *out = x.sorted && y.sorted ? compare_say(LEM_GRADE_NOT_EQUAL, RULE_REGIONS_DIFFER) : compare_say(LEM_GRADE_LIMIT, RULE_NOT_DECIDED);
        return true;
    }
    bool used[REGION_MAX] = {false}, ordered = x.sorted && y.sorted;
    lem_grade_verdict v = LEM_GRADE_EQUAL_EXACT;
    for (uint32_t i = 0; i < x.n; i++) {
        lem_grade_verdict best = LEM_GRADE_NOT_EQUAL;
        for (uint32_t j = ordered ? i : 0; j < (ordered ? i + 1 : y.n); j++) {
            lem_grade_verdict r = used[j] ? LEM_GRADE_NOT_EQUAL : compare_pieces(c, &x.piece[i], &y.piece[j]);
            if (r == LEM_GRADE_LIMIT) best = r;
            if (r != LEM_GRADE_EQUAL_EXACT && r != LEM_GRADE_EQUAL_NUMERIC) continue;
            best = r;
            used[j] = true;
            break;
        }
        if (best == LEM_GRADE_NOT_EQUAL) return *out = compare_say(best, RULE_REGIONS_DIFFER), true;
        if (best == LEM_GRADE_LIMIT) return *out = compare_say(best, RULE_PART_UNDECIDED), true;
        if (best == LEM_GRADE_EQUAL_NUMERIC) v = best;
    }
    *out = compare_say(v, RULE_REGIONS);
    return true;
}

/* ---- equations ---- */

static ast_node *difference(grade_work *w, const ast_node *rel) { return lem_ast_add(w, rel->kid[0], lem_ast_neg(w, rel->kid[1])); }

/* The same expression in symbols of its own: x becomes x'. */
static ast_node *renamed(grade_work *w, ast_node *a, const ast_node *const *sym, size_t n) {
    for (size_t k = 0; k < n && a; k++) {
        char *name = lem_grade_alloc(w, sym[k]->len + 2, 1);
        if (!name) return NULL;
        memcpy(name, sym[k]->name, sym[k]->len);
        name[sym[k]->len] = '~';
        a = lem_ast_replace(w, a, sym[k]->name, sym[k]->len, lem_ast_named(w, AST_SYM, name, sym[k]->len + 1));
    }
    return a;
}

static bool is_zero(grade_work *w, ast_node *d) {
    ast_node *zero = lem_ast_int(w, 0);
    return zero && compare_is_equal(lem_decide_scalars(w, d, zero));
}

static bool is_equation(const ast_node *a) {
    return a->kind == AST_REL && a->n == 2 && a->name[0] == '=' && lem_compare_is_scalar(a->kid[0]) && lem_compare_is_scalar(a->kid[1]);
}

/* Two equations say the same when lhs - rhs is the same up to a constant factor: d1(x) d2(x') = d1(x') d2(x) in independent symbols. An identity says
 * nothing, so two of them are compared side by side. */
bool lem_compare_equations(comparison *c, const ast_node *a, const ast_node *b, lem_grade_result *out) {
    grade_work *w = c->w;
    if (!is_equation(a) || !is_equation(b)) return false;
    const ast_node *sx[MAX_SYMBOLS], *sy[MAX_SYMBOLS];
    size_t n = lem_shape_symbols(w, a, sx, MAX_SYMBOLS), m = lem_shape_symbols(w, b, sy, MAX_SYMBOLS);
    if (n > MAX_SYMBOLS || m > MAX_SYMBOLS) return *out = compare_say(LEM_GRADE_LIMIT, RULE_WORK), true;
    ast_node *d = difference(w, a), *e = difference(w, b);
    if (!d || !e) return *out = compare_say(LEM_GRADE_LIMIT, RULE_WORK), true;
    if (is_zero(w, d) || is_zero(w, e)) {
        lem_grade_result l = lem_compare_scalars(c, a->kid[0], b->kid[0]), r = lem_compare_scalars(c, a->kid[1], b->kid[1]);
        if (!compare_is_equal(l) || !compare_is_equal(r))
            l = lem_compare_scalars(c, a->kid[0], b->kid[1]), r = lem_compare_scalars(c, a->kid[1], b->kid[0]);
        bool same = compare_is_equal(l) && compare_is_equal(r);
        *out = same ? compare_say(LEM_GRADE_EQUAL_EXACT, RULE_IDENTITY_SIDES) : compare_say(LEM_GRADE_NOT_EQUAL, RULE_EQUATION_DIFFERS);
        return true;
    }
    ast_node *left = lem_ast_mul(w, d, renamed(w, e, sy, m)), *right = lem_ast_mul(w, renamed(w, d, sx, n), e);
    lem_grade_result r = left && right ? lem_decide_scalars(w, left, right) : compare_say(LEM_GRADE_LIMIT, RULE_WORK);
    *out = compare_is_equal(r)       ? compare_say(r.verdict, RULE_PROPORTIONAL)
           : compare_is_different(r) ? compare_say(LEM_GRADE_NOT_EQUAL, RULE_EQUATION_DIFFERS)
                                     : r;
    return true;
}

/* ---- other relations ---- */

lem_grade_result lem_compare_relations(comparison *c, const ast_node *a, const ast_node *b, int level) {
    grade_work *w = c->w;
    const char *x = lem_canon_text(w, a), *y = x ? lem_canon_text(w, b) : NULL;
    if (w->limit) return compare_say(LEM_GRADE_LIMIT, RULE_WORK);
    if (x && y && strcmp(x, y) == 0) return compare_say(LEM_GRADE_EQUAL_EXACT, RULE_CANONICAL);
    if (a->len != b->len) return compare_say(LEM_GRADE_NOT_EQUAL, RULE_RELATION_DIFFERS);
    if (memcmp(a->name, b->name, a->len) == 0) {
        lem_grade_result r = lem_compare_ordered(c, a, b, level);
        if (compare_is_equal(r)) return r;
    }
    return x && y ? compare_say(LEM_GRADE_NOT_EQUAL, RULE_RELATION_DIFFERS) : compare_say(LEM_GRADE_LIMIT, RULE_NOT_DECIDED);
}
