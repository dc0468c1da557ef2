/* compare_groups.c - lists, sets, tuples, vectors and systems, part by part */
#include "answer/compare_priv.h"

#include "answer/canon_priv.h"

#include <stdint.h>
#include <string.h>

enum { LONG_LIST = 8 };

/* Part k of a gold of n parts against a part, within the tolerance of that part if there is one. */
static lem_answer_result compare_part(comparison *c, const ast_node *gold, const ast_node *pred, uint32_t k,
                                      uint32_t n, int level) {
    const lem_answer_rules *all = c->rules;
    lem_answer_rules own;
    if (level == 0 && n > 1 && all->n_part_tol == n) {
        own = *all;
        own.abs_tol = all->part_tol[k];
        c->rules = &own;
    }
    lem_answer_result r = c->part(c, gold, pred, level + 1);
    c->rules = all;
    return r;
}

lem_answer_result lem_compare_ordered(comparison *c, const ast_node *a, const ast_node *b, int level) {
    if (a->n != b->n) return compare_say(LEM_ANSWER_NOT_EQUAL, RULE_PART_COUNT);
    lem_answer_result all = compare_say(LEM_ANSWER_EQUAL_EXACT, RULE_PARTS);
    for (uint32_t k = 0; k < a->n; k++) {
        lem_answer_result r = compare_part(c, a->kid[k], b->kid[k], k, a->n, level);
        if (compare_is_different(r)) return compare_say(LEM_ANSWER_NOT_EQUAL, RULE_PART_DIFFERS);
        if (r.verdict != LEM_ANSWER_EQUAL_EXACT && all.verdict != LEM_ANSWER_LIMIT)
            all = compare_is_equal(r) ? compare_say(r.verdict, RULE_PARTS)
                                      : compare_say(LEM_ANSWER_LIMIT, RULE_PART_UNDECIDED);
    }
    return all;
}

typedef struct matching {
    bool ok, undecided, numeric;
} matching;

/* Which parts of two lists are equal, found as they are asked for, and which have each other. */
typedef struct pairing {
    comparison *c;
    const ast_node *a, *b;
    bool swap; /* b is the gold */
    int level;
    char known[COMPARE_MAX_ITEMS][COMPARE_MAX_ITEMS]; /* 0 not asked, then the verdict + 1 */
    int8_t owner[COMPARE_MAX_ITEMS];                  /* the part of a that has this one of b, + 1 */
    bool undecided, numeric;
} pairing;

/* In long lists the parts that are written alike find each other first, whatever their order. */
static void match_texts(pairing *p, bool *found) {
    const char *text[COMPARE_MAX_ITEMS];
    lem_work *w = p->c->w;
    for (uint32_t j = 0; j < p->b->n; j++)
        text[j] = lem_ast_is_scalar(p->b->kid[j]) ? lem_compare_text(w, p->b->kid[j]) : NULL;
    for (uint32_t i = 0; i < p->a->n && !w->limit; i++) {
        const char *t = lem_ast_is_scalar(p->a->kid[i]) ? lem_compare_text(w, p->a->kid[i]) : NULL;
        for (uint32_t j = 0; t && j < p->b->n && !found[i]; j++) {
            if (p->owner[j] || !text[j] || strcmp(t, text[j]) != 0) continue;
            found[i] = true;
            p->owner[j] = (int8_t)(i + 1);
            p->known[i][j] = LEM_ANSWER_EQUAL_EXACT + 1;
        }
    }
}

static bool equal_parts(pairing *p, uint32_t i, uint32_t j) {
    char *known = &p->known[i][j];
    if (!*known) {
        lem_answer_result r = p->swap ? compare_part(p->c, p->b->kid[j], p->a->kid[i], j, p->b->n, p->level)
                                      : compare_part(p->c, p->a->kid[i], p->b->kid[j], i, p->a->n, p->level);
        *known = (char)(r.verdict + 1);
        p->undecided = p->undecided || r.verdict == LEM_ANSWER_LIMIT;
    }
    return *known == LEM_ANSWER_EQUAL_EXACT + 1 || *known == LEM_ANSWER_EQUAL_NUMERIC + 1;
}

/* Gives part i of a one of b, if others must move for it: what is equal within a precision is no equivalence,
 * so the first that fits may be the only one for another. */
static bool give(pairing *p, uint32_t i, bool seen[COMPARE_MAX_ITEMS]) {
    for (uint32_t j = 0; j < p->b->n; j++)
        if (!p->owner[j] && equal_parts(p, i, j)) return p->owner[j] = (int8_t)(i + 1), true;
    for (uint32_t j = 0; j < p->b->n; j++) {
        if (seen[j] || !equal_parts(p, i, j)) continue;
        seen[j] = true;
        if (give(p, (uint32_t)p->owner[j] - 1, seen)) return p->owner[j] = (int8_t)(i + 1), true;
    }
    return false;
}

/* Has part i of a an equal one, which others may have too? */
static bool has_equal(pairing *p, uint32_t i) {
    for (uint32_t j = 0; j < p->b->n; j++) {
        if (!equal_parts(p, i, j)) continue;
        p->numeric = p->numeric || p->known[i][j] == LEM_ANSWER_EQUAL_NUMERIC + 1;
        return true;
    }
    return false;
}

/* Does every part of a have one of b, a different one each if `once`? */
static matching match(comparison *c, const ast_node *a, const ast_node *b, bool once, bool swap, int level) {
    matching m = {true, false, false};
    bool written[COMPARE_MAX_ITEMS] = {false};
    pairing p = {.c = c, .a = a, .b = b, .swap = swap, .level = level};
    if (once && a->n > LONG_LIST) match_texts(&p, written);
    for (uint32_t i = 0; i < a->n && m.ok; i++) {
        bool seen[COMPARE_MAX_ITEMS] = {false};
        if (written[i]) continue;
        m.ok = once ? give(&p, i, seen) : has_equal(&p, i);
    }
    m.undecided = p.undecided;
    m.numeric = p.numeric;
    for (uint32_t j = 0; j < b->n; j++)
        m.numeric = m.numeric || (p.owner[j] && p.known[p.owner[j] - 1][j] == LEM_ANSWER_EQUAL_NUMERIC + 1);
    return m;
}

static bool repeats(comparison *c, const ast_node *a, int level) {
    for (uint32_t i = 0; i < a->n; i++)
        for (uint32_t j = 0; j < i; j++)
            if (compare_is_equal(c->part(c, a->kid[i], a->kid[j], level + 1))) return true;
    return false;
}

/* 1, 4, 9, …, 100: nobody says which members the dots are. */
static bool has_dots(const ast_node *a) {
    for (uint32_t k = 0; k < a->n; k++)
        if (lem_ast_is_sym(a->kid[k], "dots")) return true;
    return false;
}

/* Each part has one of its own. */
static lem_answer_result compare_multisets(comparison *c, const ast_node *a, const ast_node *b, int level) {
    matching m = match(c, a, b, true, false, level);
    if (m.ok) return compare_say(m.numeric ? LEM_ANSWER_EQUAL_NUMERIC : LEM_ANSWER_EQUAL_EXACT, RULE_LISTS);
    return m.undecided ? compare_say(LEM_ANSWER_LIMIT, RULE_PART_UNDECIDED)
                       : compare_say(LEM_ANSWER_NOT_EQUAL, RULE_PART_MISSING);
}

static lem_answer_result compare_sets(comparison *c, const ast_node *a, const ast_node *b, bool set,
                                      int level) {
    matching m = match(c, a, b, false, false, level), back = m.ok ? match(c, b, a, false, true, level) : m;
    bool ok = m.ok && back.ok;
    if (!ok && (m.undecided || back.undecided)) return compare_say(LEM_ANSWER_LIMIT, RULE_PART_UNDECIDED);
    if (!ok)
        return compare_say(LEM_ANSWER_NOT_EQUAL, set || a->n == b->n ? RULE_PART_MISSING : RULE_PART_COUNT);
    if (!set && repeats(c, a, level) && repeats(c, b, level))
        return compare_say(LEM_ANSWER_NOT_EQUAL, RULE_REPEATED);
    bool numeric = m.numeric || back.numeric;
    return compare_say(numeric ? LEM_ANSWER_EQUAL_NUMERIC : LEM_ANSWER_EQUAL_EXACT, RULE_SETS);
}

/* Multisets for lists, sets where a set is written or (by policy) where one list repeats nothing. */
lem_answer_result lem_compare_unordered(comparison *c, const ast_node *a, const ast_node *b, int level) {
    if (a->n > COMPARE_MAX_ITEMS || b->n > COMPARE_MAX_ITEMS)
        return compare_say(LEM_ANSWER_LIMIT, RULE_TOO_MANY);
    bool set = a->kind == AST_SET || b->kind == AST_SET;
    if (!set && a->n == b->n) return compare_multisets(c, a, b, level);
    if (!set && !c->rules->repeated) return compare_say(LEM_ANSWER_NOT_EQUAL, RULE_PART_COUNT);
    return compare_sets(c, a, b, set, level);
}

/* Round and square brackets tell intervals apart; around three parts or more they say nothing. */
static lem_answer_result compare_tuples(comparison *c, const ast_node *a, const ast_node *b, int level) {
    lem_answer_result r = lem_compare_ordered(c, a, b, level);
    bool same = a->open == b->open && a->close == b->close;
    return !same && a->n == 2 && compare_is_equal(r) ? compare_say(LEM_ANSWER_NOT_EQUAL, RULE_BRACKETS) : r;
}

/* p \land q, p \lor q */
static bool is_proposition(const ast_node *a) {
    return a->kind == AST_LIST && (a->open == OP_WEDGE || a->open == OP_VEE);
}

lem_answer_result lem_compare_groups(comparison *c, const ast_node *a, const ast_node *b, int level) {
    bool ta = a->kind == AST_TUPLE, tb = b->kind == AST_TUPLE;
    if (has_dots(a) != has_dots(b)) return compare_say(LEM_ANSWER_LIMIT, RULE_NOT_DECIDED);
    if (ta && tb) return compare_tuples(c, a, b, level);
    if (ta || tb) {
        bool set = a->kind == AST_SET || b->kind == AST_SET;
        if (set)
            return c->rules->set_is_tuple ? lem_compare_unordered(c, a, b, level)
                                          : compare_say(LEM_ANSWER_DIFFERENT_KIND, RULE_SET_AND_TUPLE);
        return c->rules->list_is_tuple ? lem_compare_ordered(c, a, b, level)
                                       : compare_say(LEM_ANSWER_DIFFERENT_KIND, RULE_LIST_AND_TUPLE);
    }
    if (a->open != b->open && is_proposition(a) && is_proposition(b))
        return compare_say(LEM_ANSWER_NOT_EQUAL, RULE_RELATION_DIFFERS);
    if (a->kind != b->kind && !c->rules->list_is_set)
        return compare_say(LEM_ANSWER_DIFFERENT_KIND, RULE_KIND);
    return lem_compare_unordered(c, a, b, level);
}

/* ---- systems ---- */

/* Values with and without their names: in another order nobody knows which is which. */
static lem_answer_result compare_bare_values(comparison *c, const ast_node *a, const ast_node *b, int level) {
    lem_answer_result in_order = lem_compare_ordered(c, a, b, level);
    if (compare_is_equal(in_order)) return in_order;
    lem_answer_result any = lem_compare_unordered(c, a, b, level);
    return compare_is_equal(any) ? compare_say(LEM_ANSWER_LIMIT, RULE_NOT_DECIDED) : any;
}

/* Name by name, in any order. */
static lem_answer_result compare_named(comparison *c, const ast_node *a, const ast_node *b, int level) {
    if (a->n != b->n) return compare_say(LEM_ANSWER_NOT_EQUAL, RULE_PART_COUNT);
    lem_answer_verdict v = LEM_ANSWER_EQUAL_EXACT;
    for (uint32_t i = 0; i < a->n; i++) {
        uint32_t j = 0;
        while (j < b->n && !lem_ast_same(a->kid[i]->kid[0], b->kid[j]->kid[0])) j++;
        if (j == b->n) return compare_say(LEM_ANSWER_NOT_EQUAL, RULE_SYMBOL);
        lem_answer_result r = c->part(c, a->kid[i]->kid[1], b->kid[j]->kid[1], level + 1);
        if (compare_is_different(r)) return compare_say(LEM_ANSWER_NOT_EQUAL, RULE_PART_DIFFERS);
        if (r.verdict != LEM_ANSWER_EQUAL_EXACT && v != LEM_ANSWER_LIMIT)
            v = compare_is_equal(r) ? r.verdict : LEM_ANSWER_LIMIT;
    }
    return compare_say(v, v == LEM_ANSWER_LIMIT ? RULE_PART_UNDECIDED : RULE_SYSTEM);
}

/* The values of a system without their names. */
static ast_node *values_of(lem_work *w, const ast_node *system, ast_kind kind) {
    ast_node *values = lem_ast_new(w, kind, system->n);
    if (!values) return NULL;
    for (uint32_t k = 0; k < system->n; k++) values->kid[k] = system->kid[k]->kid[1];
    values->open = '(';
    values->close = ')';
    return values;
}

static bool is_vector(const ast_node *a) {
    return a->kind == AST_MATRIX && (a->cols == 1 || a->cols == a->n);
}

lem_answer_result lem_compare_systems(comparison *c, const ast_node *a, const ast_node *b, int level) {
    const ast_node *sys = a->kind == AST_SYSTEM ? a : b, *other = sys == a ? b : a;
    if (other->kind == AST_SYSTEM) return compare_named(c, a, b, level);
    if (!c->rules->drop_label) return compare_say(LEM_ANSWER_DIFFERENT_KIND, RULE_LABEL_MISSING);
    bool ordered = other->kind == AST_TUPLE || is_vector(other);
    if (!ordered && other->kind != AST_LIST) return compare_say(LEM_ANSWER_DIFFERENT_KIND, RULE_KIND);
    const ast_node *values = values_of(c->w, sys, ordered ? AST_TUPLE : AST_LIST);
    if (!values) return compare_say(LEM_ANSWER_LIMIT, RULE_WORK);
    const ast_node *x = sys == a ? values : a, *y = sys == a ? b : values;
    return ordered ? lem_compare_ordered(c, x, y, level) : compare_bare_values(c, x, y, level);
}

/* ---- vectors ---- */

/* 2i - j + 3k as (2,-1,3): the coefficients, when the expression is linear in the unit vectors. */
static ast_node *coordinates(comparison *c, ast_node *a, uint32_t n) {
    static const char *const units[] = {"i", "j", "k"};
    ast_node *r = lem_ast_new(c->w, AST_TUPLE, n);
    for (uint32_t m = 0; r && m < n; m++) {
        ast_node *v = lem_ast_replace(c->w, a, "i~", 2, lem_ast_int(c->w, m == 0)); /* beside j */
        for (uint32_t u = 0; u < 3; u++) v = lem_ast_replace(c->w, v, units[u], 1, lem_ast_int(c->w, u == m));
        if (!(r->kid[m] = v)) return NULL;
    }
    return r;
}

/* Letters under hats, against a vector in angle brackets: there is nothing else that they can be. */
static bool in_unit_vectors(comparison *c, const ast_node *vector, const ast_node *other) {
    const ast_node *letter[4];
    size_t n = lem_shape_symbols(c->w, other, letter, 4);
    bool hats = n > 0 && n <= 3;
    for (size_t k = 0; k < n && hats; k++)
        hats = letter[k]->close == OP_ARROW || lem_ast_is_sym(letter[k], "i~") ||
               (n >= 2 && (lem_ast_is_sym(letter[k], "j") || lem_ast_is_sym(letter[k], "k")));
    return hats && (vector->kind == AST_MATRIX || vector->call);
}

/* [[1,2],[3,4]] as a matrix; the answer itself where it is something else. */
static const ast_node *rows_of(lem_work *w, const ast_node *a) {
    if (a->kind != AST_TUPLE || a->open != '[' || a->close != ']') return a;
    for (uint32_t k = 0; k < a->n; k++) {
        const ast_node *row = a->kid[k];
        if (row->kind != AST_TUPLE || row->open != '[' || row->close != ']' || row->n != a->kid[0]->n)
            return a;
    }
    uint32_t cols = a->kid[0]->n;
    ast_node *m = lem_ast_new(w, AST_MATRIX, a->n * cols);
    for (uint32_t k = 0; m && k < m->n; k++) m->kid[k] = a->kid[k / cols]->kid[k % cols];
    if (m) m->cols = cols;
    return m ? m : a;
}

/* A vector and an expression in unit vectors. */
static lem_answer_result compare_coordinates(comparison *c, const ast_node *a, const ast_node *b,
                                             const ast_node *vector, int level) {
    const ast_node *other = vector == a ? b : a;
    bool fits = lem_ast_is_scalar(other) && (vector->n == 2 || vector->n == 3) &&
                (vector->kind == AST_TUPLE || is_vector(vector));
    if (!fits || !(c->rules->unit_vectors | in_unit_vectors(c, vector, other)))
        return compare_say(LEM_ANSWER_DIFFERENT_KIND, RULE_KIND);
    ast_node *v = coordinates(c, (ast_node *)other, vector->n);
    if (!v) return compare_say(LEM_ANSWER_LIMIT, RULE_WORK);
    lem_answer_result r =
        other == a ? lem_compare_ordered(c, v, b, level) : lem_compare_ordered(c, a, v, level);
    return compare_is_equal(r) ? compare_say(r.verdict, RULE_VECTOR) : r;
}

static bool is_tuple_or_vector(const ast_node *a) { return a->kind != AST_MATRIX || is_vector(a); }

static lem_answer_result compare_vectors(comparison *c, const ast_node *a, const ast_node *b, int level) {
    if (a->kind == AST_MATRIX && b->kind == AST_MATRIX) {
        if (a->cols == b->cols && a->n == b->n) return lem_compare_ordered(c, a, b, level);
        return compare_say(LEM_ANSWER_NOT_EQUAL, RULE_MATRIX_SHAPE);
    }
    const ast_node *other = is_vector(a) || a->kind == AST_TUPLE ? b : a, *vector = other == a ? b : a;
    if (other->kind != AST_TUPLE && other->kind != AST_MATRIX)
        return compare_coordinates(c, a, b, vector, level);
    if (!c->rules->vector_is_tuple || !is_tuple_or_vector(vector) || !is_tuple_or_vector(other))
        return compare_say(LEM_ANSWER_DIFFERENT_KIND, RULE_KIND);
    return lem_compare_ordered(c, a, b, level);
}

lem_answer_result lem_compare_vectors(comparison *c, const ast_node *a, const ast_node *b, int level) {
    return compare_vectors(c, rows_of(c->w, a), rows_of(c->w, b), level);
}
