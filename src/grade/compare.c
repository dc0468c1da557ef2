/* compare.c - verdicts on two parsed answers: shapes first, then exact forms, then certified or sampled numbers */
#include "grade/compare_priv.h"

#include "grade/canon_priv.h"
#include "grade/decide/decide_priv.h"
#include "grade/units_priv.h"

#include "core/buf.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_ITEMS = 64, MAX_LEVEL = 8 };

static lem_grade_result say(lem_grade_verdict v, const char *rule) { return (lem_grade_result){v, rule}; }

static bool is_equal(lem_grade_result r) { return r.verdict == LEM_GRADE_EQUAL_EXACT || r.verdict == LEM_GRADE_EQUAL_NUMERIC; }

/* What surrounds a value and does not change which number it is. */
typedef struct shape {
    const ast_node *v;
    bool percent;
    const char *unit;
    uint32_t unit_len;
    const ast_node *symbol; /* x of "x = 5" */
} shape;

static bool is_plain_lhs(const ast_node *a) {
    if (a->kind == AST_SYM || a->kind == AST_TEXT) return true;
    return a->kind == AST_MUL && a->kid[0]->kind == AST_SYM && a->kid[1]->kind == AST_SYM && a->kid[0]->len == 1; /* f(x) */
}

static bool has_kind(grade_work *w, const ast_node *a, ast_kind kind) {
    if (!lem_grade_spend(w, 4)) return false;
    for (; a->kind != kind; a = a->kid[0]) {
        for (uint32_t k = 1; k < a->n; k++)
            if (has_kind(w, a->kid[k], kind)) return true;
        if (!a->n) return false;
    }
    return true;
}

/* A copy in which every ± is + (sign 1) or - (sign -1). */
static ast_node *with_sign(grade_work *w, ast_node *a, int sign) {
    if (a->kind == AST_PM) return sign < 0 ? lem_ast_neg(w, with_sign(w, a->kid[0], sign)) : with_sign(w, a->kid[0], sign);
    if (!a->n) return a;
    ast_node *r = lem_ast_new(w, a->kind, a->n);
    if (!r) return NULL;
    ast_node **kid = r->kid;
    *r = *a;
    r->kid = kid;
    for (uint32_t k = 0; k < a->n; k++)
        if (!(kid[k] = with_sign(w, a->kid[k], sign))) return NULL;
    return r;
}

/* "x = 5" means 5; a chain "a = b = 5" its last value; ± the two values. */
static const ast_node *meaning(grade_work *w, const ast_node *a) {
    if (a->kind == AST_REL && a->name[a->len - 1] == '=' && (a->n > 2 || is_plain_lhs(a->kid[0]))) {
        bool all = true;
        for (uint32_t k = 0; k < a->len; k++) all = all && a->name[k] == '=';
        if (all) a = a->kid[a->n - 1];
    } else if (a->kind == AST_REL && a->name[a->len - 1] == '~') { /* a \\approx b: the exact side; y = a \\approx b likewise */
        bool named = is_plain_lhs(a->kid[0]);
        a = a->n > 2 || !named ? a->kid[a->n - 2] : a->kid[a->n - 1];
    } else if (a->kind == AST_REL && a->n == 2 && a->name[0] == 'i' && is_plain_lhs(a->kid[0])) a = a->kid[1];
    if (a->kind != AST_LIST && a->kind != AST_SET && has_kind(w, a, AST_PM)) {
        ast_node *list = lem_ast_new(w, AST_LIST, 2);
        if (!list) return a;
        list->kid[0] = with_sign(w, (ast_node *)a, 1);
        list->kid[1] = with_sign(w, (ast_node *)a, -1);
        if (list->kid[0] && list->kid[1]) return list;
    }
    return a;
}

/* Words that name a set: "no solution" is the empty set, "all real numbers" are the reals. */
static const ast_node *named_set(grade_work *w, const ast_node *a) {
    static const struct {
        const char *words;
        bool empty;
    } table[] = {{"no solution", true}, {"no solutions", true}, {"no real solution", true},  {"no real solutions", true},
                 {"empty set", true},   {"all reals", false},   {"all real numbers", false}, {"all real number", false},
                 {"reals", false},      {"real numbers", false}};
    if (a->kind == AST_TUPLE && a->n == 2 && a->open == '(' && a->close == ')' && lem_ast_is_sym(a->kid[1], "infty") && a->kid[0]->kind == AST_MUL &&
        lem_ast_is_sym(a->kid[0]->kid[1], "infty")) {
        ast_node *r = lem_ast_new(w, AST_SYM, 0);
        if (r) r->name = "reals", r->len = 5;
        return r ? r : a;
    }
    for (size_t k = 0; a->kind == AST_TEXT && k < sizeof table / sizeof *table; k++)
        if (strlen(table[k].words) == a->len && memcmp(table[k].words, a->name, a->len) == 0) {
            ast_node *r = lem_ast_new(w, table[k].empty ? AST_SET : AST_SYM, 0);
            if (r && !table[k].empty) r->name = "reals", r->len = 5;
            return r ? r : a;
        }
    return a;
}

static shape shape_of(grade_work *w, const ast_node *a) {
    shape s = {meaning(w, a), false, NULL, 0, NULL};
    if (a->kind == AST_REL && a->n == 2 && a->name[0] == '=' && a->kid[0]->kind == AST_SYM) s.symbol = a->kid[0];
    for (int k = 0; k < 8; k++) {
        if (s.v->kind == AST_PERCENT) s.percent = true;
        else if (s.v->kind == AST_QTY) {
            if (s.v->len >= 7 && memcmp(s.v->name, "percent", 7) == 0) s.percent = true;
            else s.unit = s.v->name, s.unit_len = s.v->len;
        } else if (s.v->kind != AST_MONEY && s.v->kind != AST_DEGREE) break;
        s.v = meaning(w, s.v->kid[0]);
    }
    s.v = named_set(w, s.v);
    return s;
}

static bool is_scalar(ast_kind k) {
    return k == AST_NUM || k == AST_SYM || k == AST_ADD || k == AST_MUL || k == AST_POW || k == AST_FN || k == AST_FACTORIAL || k == AST_ABS ||
           k == AST_DEGREE || k == AST_MONEY || k == AST_PERCENT;
}
static bool is_group(ast_kind k) { return k == AST_LIST || k == AST_SET || k == AST_TUPLE; }

static lem_grade_result compare_rationals(grade_work *w, const ast_node *a, const ast_node *b) {
    if (lem_grade_rat_equal(a->q, b->q)) return say(LEM_GRADE_EQUAL_EXACT, "exact rational");
    /* the prediction must say more digits than the gold has: a whole number ends at the units, a fraction says all digits */
    bool finer = b->decimal ? b->ulp10 < a->ulp10 : !lem_grade_rat_is_int(b->q) || a->ulp10 > 0;
    if (a->decimal && finer) {
        grade_rat *d = lem_grade_rat_sub(w, a->q, b->q),
                  *half = lem_grade_rat_mul(w, lem_grade_rat_pow10(w, a->ulp10), lem_grade_rat_decimal(w, "0.5", 3, 0));
        if (d && half && mpz_sgn(mpq_numref(d->q)) < 0) d = lem_grade_rat_neg(w, d);
        if (!d || !half) return say(LEM_GRADE_LIMIT, "number too large");
        if (mpq_cmp(d->q, half->q) <= 0) return say(LEM_GRADE_EQUAL_NUMERIC, "rounds to the gold's digits");
    }
    return say(LEM_GRADE_NOT_EQUAL, "exact rational");
}

static lem_grade_result compare_scalars(grade_work *w, const ast_node *a, const ast_node *b) {
    if (a->kind == AST_NUM && b->kind == AST_NUM) return compare_rationals(w, a, b);
    lem_grade_result r = lem_decide_scalars(w, a, b);
    if (r.verdict != LEM_GRADE_NOT_EQUAL || a->kind != AST_NUM || !a->decimal) return r;
    grade_rat *v = lem_decide_rational(w, b);
    ast_node exact = {.kind = AST_NUM, .q = v};
    if (v) return compare_rationals(w, a, &exact);
    grade_rat *half = lem_grade_rat_mul(w, lem_grade_rat_pow10(w, a->ulp10), lem_grade_rat_decimal(w, "0.5", 3, 0));
    return lem_decide_within(w, a, b, half) ? say(LEM_GRADE_EQUAL_NUMERIC, "rounds to the gold's digits") : r;
}

static bool same_unit(const shape *a, const shape *b) {
    uint32_t n = a->unit_len, m = b->unit_len;
    if (n && a->unit[n - 1] == 's') n--;
    if (m && b->unit[m - 1] == 's') m--;
    return n == m && memcmp(a->unit, b->unit, n) == 0;
}

static lem_grade_result compare_level(grade_work *w, const ast_node *gold, const ast_node *pred, int level);
static lem_grade_result compare_quantities(grade_work *w, const shape *g, const shape *p, lem_grade_result plain);

static lem_grade_result compare_ordered(grade_work *w, const ast_node *a, const ast_node *b, int level) {
    if (a->n != b->n) return say(LEM_GRADE_NOT_EQUAL, "number of parts");
    lem_grade_result all = say(LEM_GRADE_EQUAL_EXACT, "equal part by part");
    for (uint32_t k = 0; k < a->n; k++) {
        lem_grade_result r = compare_level(w, a->kid[k], b->kid[k], level + 1);
        if (r.verdict == LEM_GRADE_NOT_EQUAL || r.verdict == LEM_GRADE_DIFFERENT_KIND) return say(LEM_GRADE_NOT_EQUAL, "a part differs");
        if (r.verdict != LEM_GRADE_EQUAL_EXACT && all.verdict != LEM_GRADE_LIMIT)
            all = is_equal(r) ? say(r.verdict, "equal part by part") : say(LEM_GRADE_LIMIT, r.rule);
    }
    return all;
}

/* Multisets for lists, sets where a set is written; greedy matching is right because equality of the parts is an equivalence. */
static lem_grade_result compare_unordered(grade_work *w, const ast_node *a, const ast_node *b, int level) {
    if (a->n > MAX_ITEMS || b->n > MAX_ITEMS) return say(LEM_GRADE_LIMIT, "more than 64 parts");
    bool set = a->kind == AST_SET || b->kind == AST_SET, used[MAX_ITEMS] = {false}, undecided = false;
    lem_grade_verdict v = LEM_GRADE_EQUAL_EXACT;
    if (!set && a->n != b->n) return say(LEM_GRADE_NOT_EQUAL, "number of parts");
    for (uint32_t i = 0; i < a->n; i++) {
        bool found = false;
        for (uint32_t j = 0; j < b->n && !found; j++) {
            if (used[j] && !set) continue;
            lem_grade_result r = compare_level(w, a->kid[i], b->kid[j], level + 1);
            if (r.verdict == LEM_GRADE_LIMIT) undecided = true;
            if (!is_equal(r)) continue;
            found = used[j] = true;
            if (r.verdict == LEM_GRADE_EQUAL_NUMERIC) v = r.verdict;
        }
        if (!found) return undecided ? say(LEM_GRADE_LIMIT, "a part is undecided") : say(LEM_GRADE_NOT_EQUAL, "a part is missing");
    }
    for (uint32_t j = 0; j < b->n; j++) {
        bool found = used[j];
        for (uint32_t i = 0; i < a->n && !found; i++) found = is_equal(compare_level(w, a->kid[i], b->kid[j], level + 1));
        if (!found) return undecided ? say(LEM_GRADE_LIMIT, "a part is undecided") : say(LEM_GRADE_NOT_EQUAL, "a part is missing");
    }
    return say(v, set ? "equal as sets" : "equal as lists");
}

static lem_grade_result compare_texts(const ast_node *a, const ast_node *b) {
    bool same = a->len == b->len && memcmp(a->name, b->name, a->len) == 0;
    return same ? say(LEM_GRADE_EQUAL_EXACT, "same words") : say(LEM_GRADE_NOT_EQUAL, "different words");
}

/* Relations, unions, ratios and matrices: by canonical text, then part by part where the parts correspond. */
static lem_grade_result compare_structures(grade_work *w, const ast_node *a, const ast_node *b, int level) {
    if (a->kind == AST_RATIO && b->kind == AST_RATIO) return compare_ordered(w, a, b, level); /* canonical text would lose a.m. and p.m. */
    const char *x = lem_canon_text(w, a), *y = x ? lem_canon_text(w, b) : NULL;
    if (w->limit) return say(LEM_GRADE_LIMIT, "work bound");
    if (x && y && strcmp(x, y) == 0) return say(LEM_GRADE_EQUAL_EXACT, "canonical form");
    if (a->kind != b->kind) return say(LEM_GRADE_DIFFERENT_KIND, "different kind");
    if (a->n == 0) return say(LEM_GRADE_NOT_EQUAL, "different digits"); /* numbers in a base */
    if (a->kind == AST_REL && (a->len != b->len || memcmp(a->name, b->name, a->len) != 0))
        return a->len == b->len ? say(LEM_GRADE_NOT_EQUAL, "different relation") : say(LEM_GRADE_LIMIT, "not decided");
    if (a->kind == AST_MATRIX && a->cols != b->cols) return say(LEM_GRADE_NOT_EQUAL, "shape of the matrix");
    if (a->kind == AST_UNION || a->kind == AST_INTER) return compare_unordered(w, a, b, level);
    lem_grade_result r = compare_ordered(w, a, b, level);
    if (a->kind == AST_REL && !is_equal(r)) {
        bool one = a->n == 2 && x && y && a->name[0] != '=' && r.verdict == LEM_GRADE_NOT_EQUAL;
        return one                           ? say(LEM_GRADE_NOT_EQUAL, "different relation")
               : a->name[0] == '=' && x && y ? say(LEM_GRADE_NOT_EQUAL, "different equation")
                                             : say(LEM_GRADE_LIMIT, "not decided");
    }
    return r;
}

static lem_grade_result compare_groups(grade_work *w, const ast_node *a, const ast_node *b, int level) {
    if (a->kind == AST_TUPLE && b->kind == AST_TUPLE) {
        if (a->open != b->open || a->close != b->close) {
            lem_grade_result r = compare_ordered(w, a, b, level);
            return is_equal(r) ? say(LEM_GRADE_NOT_EQUAL, "different brackets") : r;
        }
        return compare_ordered(w, a, b, level);
    }
    if (a->kind == AST_TUPLE || b->kind == AST_TUPLE) {
        if (a->kind == AST_SET || b->kind == AST_SET) return say(LEM_GRADE_DIFFERENT_KIND, "set and tuple");
        return compare_ordered(w, a, b, level);
    }
    return compare_unordered(w, a, b, level);
}

/* The base may be left out: 1011 for 1011_2. */
static lem_grade_result compare_base(grade_work *w, const ast_node *base, const ast_node *number) {
    const char *t = lem_canon_text(w, number);
    size_t n = 0;
    while (n < base->len && base->name[n] != '_') n++;
    if (!t) return say(LEM_GRADE_LIMIT, "work bound");
    return strlen(t) == n && memcmp(t, base->name, n) == 0 ? say(LEM_GRADE_EQUAL_EXACT, "base left out")
                                                           : say(LEM_GRADE_NOT_EQUAL, "different digits");
}

static lem_grade_result compare_values(grade_work *w, const ast_node *a, const ast_node *b, int level) {
    if (is_scalar(a->kind) && is_scalar(b->kind)) return compare_scalars(w, a, b);
    if (a->kind == AST_TEXT && b->kind == AST_TEXT) return compare_texts(a, b);
    if (is_group(a->kind) && is_group(b->kind)) return compare_groups(w, a, b, level);
    if (a->kind == AST_MATRIX && b->kind == AST_TUPLE && (a->cols == 1 || a->cols == a->n)) return compare_ordered(w, a, b, level);
    if (b->kind == AST_MATRIX && a->kind == AST_TUPLE && (b->cols == 1 || b->cols == b->n)) return compare_ordered(w, a, b, level);
    if (a->kind == AST_BASE && b->kind == AST_NUM) return compare_base(w, a, b);
    if (a->kind == AST_NUM && b->kind == AST_BASE) return compare_base(w, b, a);
    return compare_structures(w, a, b, level);
}

static lem_grade_result compare_level(grade_work *w, const ast_node *gold, const ast_node *pred, int level) {
    if (level > MAX_LEVEL) return say(LEM_GRADE_LIMIT, "nested too deeply");
    if (!lem_grade_spend(w, 64)) return say(LEM_GRADE_LIMIT, "work bound");
    shape g = shape_of(w, gold), p = shape_of(w, pred);
    if (w->limit) return say(LEM_GRADE_LIMIT, "work bound");
    lem_grade_result r = compare_values(w, g.v, p.v, level);
    if (g.percent != p.percent && r.verdict == LEM_GRADE_NOT_EQUAL && g.v->kind == AST_NUM && p.v->kind == AST_NUM) {
        grade_rat *share = lem_grade_rat_mul(w, g.percent ? g.v->q : p.v->q, lem_grade_rat_pow10(w, -2));
        if (share && lem_grade_rat_equal(share, g.percent ? p.v->q : g.v->q)) return say(LEM_GRADE_EQUAL_EXACT, "percent as a fraction");
    }
    if (g.symbol && p.symbol && is_equal(r) && (g.symbol->len != p.symbol->len || memcmp(g.symbol->name, p.symbol->name, g.symbol->len) != 0))
        return say(LEM_GRADE_NOT_EQUAL, "another symbol is set");
    return g.unit && p.unit && !same_unit(&g, &p) ? compare_quantities(w, &g, &p, r) : r;
}

/* Both sides carry units, written differently: converted where both are known. `plain` is the verdict on the bare values. */
static lem_grade_result compare_quantities(grade_work *w, const shape *g, const shape *p, lem_grade_result plain) {
    grade_unit a, b;
    if (!lem_grade_unit_find(w, g->unit, g->unit_len, &a) || !lem_grade_unit_find(w, p->unit, p->unit_len, &b))
        return is_equal(plain) ? say(LEM_GRADE_LIMIT, "unknown units") : say(plain.verdict, "values differ, unknown units");
    if (a.length != b.length || a.mass != b.mass || a.time != b.time || a.other != b.other)
        return say(LEM_GRADE_NOT_EQUAL, "units of different kinds");
    grade_rat *ratio = lem_grade_rat_div(w, b.factor, a.factor);
    ast_node *v = ratio ? lem_ast_mul(w, lem_ast_num(w, ratio), (ast_node *)p->v) : NULL;
    if (!v || !is_scalar(g->v->kind) || !is_scalar(p->v->kind)) return say(LEM_GRADE_LIMIT, "units not compared");
    lem_grade_result r = compare_scalars(w, g->v, v);
    return is_equal(r) ? say(r.verdict, "equal after conversion of units") : r;
}

lem_grade_result lem_grade_compare_trees(grade_work *w, const ast_node *gold, const ast_node *pred) { return compare_level(w, gold, pred, 0); }

/* ---- canonical text of any tree ---- */

static int by_text(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

static const char *kept(grade_work *w, lem_buf *b, bool ok) {
    const char *t = ok && !b->failed && lem_grade_spend(w, (int64_t)b->len) ? lem_grade_text(w, lem_buf_str(b), b->len) : NULL;
    lem_buf_release(b);
    return t;
}

/* open part , part close; sorted (and without repetitions for sets) unless the order matters */
static const char *text_of_parts(grade_work *w, const ast_node *a, const char *open, const char *close, bool sort, bool unique) {
    const char **part = lem_grade_alloc(w, a->n, sizeof *part);
    lem_buf b = {0};
    bool ok = part != NULL;
    for (uint32_t k = 0; ok && k < a->n; k++) ok = (part[k] = lem_canon_text(w, shape_of(w, a->kid[k]).v)) != NULL;
    if (ok && sort && a->n) qsort(part, a->n, sizeof *part, by_text);
    lem_buf_puts(&b, open);
    for (uint32_t k = 0; ok && k < a->n; k++) {
        if (unique && k && strcmp(part[k], part[k - 1]) == 0) continue;
        if (k) lem_buf_putc(&b, ',');
        lem_buf_puts(&b, part[k]);
    }
    lem_buf_puts(&b, close);
    return kept(w, &b, ok);
}

/* lhs - rhs with leading coefficient 1 or ±1, so that scaled and rearranged relations read alike. */
static const char *text_of_relation(grade_work *w, const ast_node *a) {
    lem_buf b = {0};
    bool ok = true;
    for (uint32_t k = 0; ok && k < a->len; k++) {
        char op = a->name[k];
        bool flip = op == '>' || op == 'g';
        if (flip) op = op == '>' ? '<' : 'l';
        canon_poly *x = lem_canon_scalar(w, a->kid[k]), *y = x ? lem_canon_scalar(w, a->kid[k + 1]) : NULL;
        if (k) lem_buf_putc(&b, '&');
        if (y && op != 'i' && op != '~') {
            canon_poly *d = lem_canon_primitive(w, flip ? lem_canon_sub(w, y, x) : lem_canon_sub(w, x, y), op == '=' || op == 'n');
            const char *t = lem_canon_poly_text(w, d);
            ok = t != NULL;
            if (ok) lem_buf_printf(&b, "%s%c0", t, op);
        } else if (!w->limit) {
            const char *s = lem_canon_text(w, a->kid[k]), *t = s ? lem_canon_text(w, a->kid[k + 1]) : NULL;
            ok = t != NULL;
            if (ok) lem_buf_printf(&b, "%s%c%s", flip ? t : s, op, flip ? s : t);
        } else ok = false;
    }
    return kept(w, &b, ok);
}

static const char *text_of_name(grade_work *w, const char *tag, const ast_node *a) {
    lem_buf b = {0};
    lem_buf_puts(&b, tag);
    lem_buf_add(&b, a->name, a->len);
    return kept(w, &b, true);
}

const char *lem_canon_text(grade_work *w, const ast_node *a) {
    if (!a || !lem_grade_spend(w, 16)) return NULL;
    char open[2] = {a->open, 0}, close[2] = {a->close, 0};
    lem_buf b = {0};
    switch (a->kind) {
    case AST_TEXT: return text_of_name(w, "\"", a);
    case AST_BASE: return text_of_name(w, "", a);
    case AST_TUPLE: return text_of_parts(w, a, open, close, false, false);
    case AST_LIST: return text_of_parts(w, a, "{", "}", true, false);
    case AST_SET: return text_of_parts(w, a, "{", "}", true, true);
    case AST_UNION: return text_of_parts(w, a, "union{", "}", true, true);
    case AST_INTER: return text_of_parts(w, a, "intersection{", "}", true, true);
    case AST_SETMINUS: return text_of_parts(w, a, "minus(", ")", false, false);
    case AST_RATIO: return text_of_parts(w, a, "ratio(", ")", false, false);
    case AST_MATRIX: {
        lem_buf_printf(&b, "matrix%u(", (unsigned)a->cols);
        const char *head = kept(w, &b, true);
        return head ? text_of_parts(w, a, head, ")", false, false) : NULL;
    }
    case AST_REL: return text_of_relation(w, a);
    case AST_QTY:
    case AST_PM: {
        const char *v = lem_canon_text(w, a->kid[0]);
        if (a->kind == AST_PM) lem_buf_puts(&b, "+-");
        if (v) lem_buf_puts(&b, v);
        if (a->kind == AST_QTY) lem_buf_putc(&b, ' '), lem_buf_add(&b, a->name, a->len);
        return kept(w, &b, v != NULL);
    }
    default: return lem_canon_poly_text(w, lem_canon_scalar(w, a));
    }
}

const char *lem_grade_key_text(grade_work *w, const ast_node *a) {
    const ast_node *v = shape_of(w, a).v;
    return w->limit ? NULL : lem_canon_text(w, v);
}
