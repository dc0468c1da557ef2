/* answer_forms.c - an answer read as the other side of the row asks: 100,200,300 as a list, 20 m/s as a
 * quantity
 */
#include "answer/answer_forms_priv.h"

#include "answer/units_priv.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_GROUPS = 16 };

/* The groups between the commas of a whole number; 0 where there are none, or too many. */
static uint32_t groups_of(const ast_node *a, int group[MOST_GROUPS]) {
    uint32_t n = a->cols + 1, lead = a->len - 3 * a->cols;
    bool whole = a->kind == AST_NUM && a->cols && n <= MOST_GROUPS && a->len > 3 * a->cols && lead <= 3;
    if (!whole || memchr(a->name, '.', a->len)) return 0;
    for (uint32_t k = 0, at = 0; k < n; k++) {
        group[k] = 0;
        for (uint32_t end = lead + 3 * k; at < end; at++) group[k] = 10 * group[k] + (a->name[at] - '0');
    }
    return n;
}

static bool is_quantity(const ast_node *a) { return a->kind == AST_QTY || a->kind == AST_MONEY; }

const ast_node *lem_answer_split(lem_work *w, const ast_node *number) {
    int group[MOST_GROUPS];
    uint32_t n = groups_of(number, group);
    for (uint32_t k = 1; k < n; k++)
        if (group[k] < 100) return number; /* 120,000 has no part 000 */
    ast_node *r = n ? lem_ast_new(w, AST_LIST, n) : NULL;
    for (uint32_t k = 0; r && k < n; k++)
        if (!(r->kid[k] = lem_ast_int(w, group[k]))) return number;
    if (r) r->open = ',';
    return r ? r : number;
}

const ast_node *lem_answer_as_list(lem_work *w, const ast_node *number, const ast_node *other) {
    if (number->kind != AST_NUM || !number->cols) return number;
    const ast_node *v = lem_shape_of(w, other).v;
    bool parts = v->kind == AST_LIST || v->kind == AST_SET || v->kind == AST_TUPLE;
    return parts && v->n == number->cols + 1 ? lem_answer_split(w, number) : number;
}

bool lem_answer_has_one_comma(const ast_node *a) {
    int group[MOST_GROUPS];
    return groups_of(is_quantity(a) ? a->kid[0] : a, group) == 2;
}

bool lem_answer_is_reordered(const ast_node *a, const ast_node *b) {
    int x[MOST_GROUPS], y[MOST_GROUPS];
    uint32_t n = groups_of(a, x);
    if (!n || groups_of(b, y) != n || memcmp(x, y, n * sizeof *x) == 0) return false;
    for (uint32_t k = 0; k < n; k++) { /* each of x takes one of y */
        uint32_t j = k;
        while (j < n && y[j] != x[k]) j++;
        if (j == n) return false;
        y[j] = y[k];
    }
    return true;
}

/* A factor as a unit appended to the name: m, s^-1. False when it is something else. */
static bool add_unit(const ast_node *a, char *name, size_t cap, size_t *n) {
    long power = 1;
    const ast_node *base = a;
    for (long e; base->kind == AST_POW; base = base->kid[0], power *= e)
        if (base->kid[1]->kind != AST_NUM || !lem_rat_small(base->kid[1]->q, 9, &e) || e == 0) return false;
    if (power > 9 || power < -9) return false;
    if (base->kind != AST_SYM || *n + base->len + 5 > cap) return false;
    if (*n) name[(*n)++] = '*';
    memcpy(name + *n, base->name, base->len);
    *n += base->len;
    if (power == 1) return true;
    name[(*n)++] = '^';
    if (power < 0) name[(*n)++] = '-';
    name[(*n)++] = (char)('0' + (power < 0 ? -power : power));
    return true;
}

const ast_node *lem_answer_as_quantity(lem_work *w, const ast_node *a, const ast_node *other) {
    enum { MOST = 8, LONGEST = 64 };
    const ast_node *factor[MOST];
    char name[LONGEST];
    size_t n = 0, len = 0;
    answer_unit mine, theirs;
    if (a->kind != AST_MUL || other->kind != AST_QTY) return a;
    const ast_node *left = a;
    for (; left->kind == AST_MUL; left = left->kid[0]) {
        if (n == MOST || left->kid[1]->kind == AST_NUM) return a;
        factor[n++] = left->kid[1];
    }
    if (left->kind != AST_NUM) return a;
    while (n-- > 0)
        if (!add_unit(factor[n], name, sizeof name, &len)) return a;
    char *unit = lem_work_strndup(w, name, len);
    if (!unit || !lem_unit_find(w, unit, len, &mine) || !lem_unit_find(w, other->name, other->len, &theirs) ||
        !lem_unit_same_kind(&mine, &theirs))
        return a;
    ast_node *q = lem_ast_wrap(w, AST_QTY, (ast_node *)left);
    if (!q) return a;
    q->name = unit;
    q->len = (uint32_t)len;
    return q;
}

/* n and k of C(n, k) or P(n, k); false when the answer is none. */
static bool counted(const ast_node *a, long *n, long *k) {
    if (a->kind != AST_MUL || a->kid[1]->kind != AST_TUPLE || a->kid[1]->n != 2) return false;
    if (!lem_ast_is_sym(a->kid[0], "C") && !lem_ast_is_sym(a->kid[0], "P")) return false;
    const ast_node *of = a->kid[1]->kid[0], *some = a->kid[1]->kid[1];
    return of->kind == AST_NUM && some->kind == AST_NUM && lem_rat_small(of->q, 1000, n) &&
           lem_rat_small(some->q, 1000, k) && *k >= 0 && *n >= *k;
}

const ast_node *lem_answer_as_count(lem_work *w, const ast_node *a, const ast_node *other) {
    long n, k;
    if (!counted(a, &n, &k) || !lem_ast_is_scalar(lem_shape_of(w, other).v)) return a;
    ast_node *r = lem_ast_int(w, 1);
    for (long j = 0; r && j < k; j++) {
        r = lem_ast_mul(w, r, lem_ast_int(w, n - j));
        if (r && lem_ast_is_sym(a->kid[0], "C")) r = lem_ast_div(w, r, lem_ast_int(w, j + 1));
    }
    return r ? r : a;
}

/* The number in place of the quantity's own. */
static const ast_node *with_unit(lem_work *w, const ast_node *quantity, const ast_node *number) {
    ast_node *q = lem_ast_wrap(w, quantity->kind, (ast_node *)number);
    if (!q) return quantity;
    q->name = quantity->name;
    q->len = quantity->len;
    return q;
}

const ast_node *lem_answer_points_group(lem_work *w, const ast_node *a) {
    if (is_quantity(a)) {
        const ast_node *of = lem_answer_points_group(w, a->kid[0]);
        return of != a->kid[0] ? with_unit(w, a, of) : a;
    }
    long v;
    lem_rat *whole = a->kind == AST_NUM && a->decimal && a->ulp10 == -3
                         ? lem_rat_mul(w, a->q, lem_rat_int(w, 1000))
                         : NULL;
    if (!whole || !lem_rat_small(whole, 999999, &v) || labs(v) < 1000) return a; /* 0.125 is an eighth */
    ast_node *r = lem_ast_num(w, whole);
    return r ? r : a;
}

/* 1.234 and 56 with no space between. */
static bool are_thousands(const ast_node *x, const ast_node *y) {
    if (x->kind != AST_NUM || !x->decimal || x->ulp10 != -3) return false;
    return y->kind == AST_NUM && y->open != ' ' && y->len > 0 && y->len < 10 && y->len != 3 &&
           lem_rat_is_int(y->q);
}

const ast_node *lem_answer_as_european(lem_work *w, const ast_node *a, const ast_node *other) {
    if (a->kind != AST_LIST || a->n != 2 || lem_shape_of(w, other).v->kind != AST_NUM) return a;
    const ast_node *unit = is_quantity(a->kid[1]) ? a->kid[1] : NULL;
    const ast_node *x = a->kid[0], *y = unit ? unit->kid[0] : a->kid[1];
    lem_rat *whole = are_thousands(x, y) ? lem_rat_mul(w, x->q, lem_rat_int(w, 1000)) : NULL,
            *part = whole ? lem_rat_mul(w, y->q, lem_rat_pow10(w, -(long)y->len)) : NULL;
    if (part && lem_rat_sign(whole) < 0) part = lem_rat_neg(w, part);
    ast_node *r = part ? lem_ast_num(w, lem_rat_add(w, whole, part)) : NULL;
    if (!r) return a;
    r->decimal = true;
    r->ulp10 = -(int32_t)y->len;
    return unit ? with_unit(w, unit, r) : r;
}

/* ---- FF_16 ---- */

static int digit_of(const ast_node *a) {
    bool letter = a->kind == AST_SYM && a->len >= 1 && (a->len == 1 || a->name[1] == '_');
    bool digit = letter && strchr("ABCDEFabcdef", a->name[0]);
    return digit ? a->name[0] : 0;
}

/* F F_16, or bare F F: letters alone as the digits of a number in base 16, as AST_BASE; NULL for anything
 * else.
 */
static ast_node *base_word(lem_work *w, const ast_node *a, bool bare) {
    enum { MOST = 16 };
    char name[MOST + 3];
    size_t at = MOST;
    const ast_node *last = a->kind == AST_MUL ? a->kid[1] : a;
    bool base = last->kind == AST_SYM && last->len == 4 && memcmp(last->name + 1, "_16", 3) == 0;
    if (a->kind != AST_MUL || base == bare) return NULL;
    for (const ast_node *rest = a; rest; rest = rest->kind == AST_MUL ? rest->kid[0] : NULL) {
        const ast_node *letter = rest->kind == AST_MUL ? rest->kid[1] : rest;
        int digit = digit_of(letter);
        if (!digit || at == 0 || (letter != last && letter->len != 1)) return NULL;
        name[--at] = (char)(digit & ~32);
    }
    memcpy(name + MOST, "_16", 3);
    char *copy = lem_work_strndup(w, name + at, MOST + 3 - at);
    return copy ? lem_ast_named(w, AST_BASE, copy, MOST + 3 - at) : NULL;
}

const ast_node *lem_answer_as_base(lem_work *w, const ast_node *a, const ast_node *other) {
    ast_node *b = base_word(w, a, false);
    return b && (other->kind == AST_BASE || base_word(w, other, false)) ? b : a;
}

const ast_node *lem_answer_as_bare_base(lem_work *w, const ast_node *a, const ast_node *other) {
    bool base =
        other->kind == AST_BASE && other->len > 3 && memcmp(other->name + other->len - 3, "_16", 3) == 0;
    ast_node *b = base ? base_word(w, a, true) : NULL;
    return b ? b : a;
}

/* ---- m + n = 73 ---- */

static const ast_node *end_of(lem_work *w, const ast_node *a, int side) {
    const ast_node *sym[2], *x = a->kid[side], *y = a->kid[1 - side];
    bool asked = lem_ast_is_scalar(x) && lem_ast_is_scalar(y) && lem_shape_symbols(w, x, sym, 1) > 1;
    return asked && lem_shape_symbols(w, y, sym, 1) == 0 ? y : NULL;
}

const ast_node *lem_answer_as_end(lem_work *w, const ast_node *a, const ast_node *other) {
    if (a->kind != AST_REL || a->n != 2 || a->name[0] != '=' || lem_shape_of(w, other).v->kind != AST_NUM)
        return a;
    const ast_node *end = end_of(w, a, 0);
    if (!end) end = end_of(w, a, 1);
    return end ? end : a;
}

/* ---- C(2, -3) ---- */

/* The coordinates of a point, as its name stands before them; 0 where there is none. */
static uint32_t coordinates(const ast_node *a, ast_node *const **out) {
    bool product = a->kind == AST_MUL && a->kid[0]->kind == AST_SYM && a->kid[1]->kind == AST_TUPLE;
    const ast_node *of = product ? a->kid[1] : a;
    const ast_node *name = product ? a->kid[0] : a;
    if (!product && (a->kind != AST_FN || !a->call)) return 0;
    if (name->len != 1 || name->name[0] < 'A' || name->name[0] > 'Z') return 0;
    *out = of->kid;
    return of->n;
}

const ast_node *lem_answer_as_point(lem_work *w, const ast_node *a, const ast_node *other) {
    ast_node *const *x = NULL;
    uint32_t n = coordinates(a, &x);
    const ast_node *v = n > 1 ? lem_shape_of(w, other).v : NULL;
    if (!v || v->kind != AST_TUPLE || v->n != n || v->open != '(') return a;
    ast_node *r = lem_ast_new(w, AST_TUPLE, n);
    if (!r) return a;
    memcpy(r->kid, x, n * sizeof *x);
    r->open = '(';
    r->close = ')';
    return r;
}
