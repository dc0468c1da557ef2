/* ast.c - constructors of the answer tree: they fold rational arithmetic and keep track of decimal places */
#include "answer/ast_priv.h"

#include <string.h>

ast_node *lem_ast_new(lem_work *w, ast_kind kind, uint32_t n) {
    if (!lem_work_spend(w, 16 + n)) return NULL;
    ast_node *a = lem_work_alloc(w, 1, sizeof *a);
    if (!a) return NULL;
    a->kind = kind;
    a->n = n;
    a->name = "";
    if (n) {
        a->kid = lem_work_alloc(w, n, sizeof(ast_node *));
        if (!a->kid) return NULL;
    }
    return a;
}

ast_node *lem_ast_num(lem_work *w, lem_rat *q) {
    ast_node *a = q ? lem_ast_new(w, AST_NUM, 0) : NULL;
    if (a) a->q = q;
    return a;
}

ast_node *lem_ast_wrap(lem_work *w, ast_kind kind, ast_node *kid) {
    ast_node *a = kid ? lem_ast_new(w, kind, 1) : NULL;
    if (a) a->kid[0] = kid;
    return a;
}

bool lem_ast_is_sym(const ast_node *a, const char *name) {
    return a->kind == AST_SYM && strlen(name) == a->len && memcmp(a->name, name, a->len) == 0;
}

ast_node *lem_ast_named(lem_work *w, ast_kind kind, const char *name, size_t len) {
    ast_node *a = lem_ast_new(w, kind, 0);
    if (a) {
        a->name = name;
        a->len = (uint32_t)len;
    }
    return a;
}

ast_node *lem_ast_int(lem_work *w, long v) { return lem_ast_num(w, lem_rat_int(w, v)); }

bool lem_ast_same_name(const ast_node *a, const ast_node *b) {
    return a->len == b->len && (!a->len || memcmp(a->name, b->name, a->len) == 0);
}

bool lem_ast_same(const ast_node *a, const ast_node *b) {
    if (a->kind != b->kind || a->n != b->n || !lem_ast_same_name(a, b)) return false;
    for (uint32_t k = 0; k < a->n; k++)
        if (!lem_ast_same(a->kid[k], b->kid[k])) return false;
    return a->kind != AST_NUM || lem_rat_equal(a->q, b->q);
}

bool lem_ast_is_scalar(const ast_node *a) {
    switch (a->kind) {
    case AST_NUM:
    case AST_SYM:
    case AST_ADD:
    case AST_MUL:
    case AST_POW:
    case AST_FN:
    case AST_FACTORIAL:
    case AST_ABS:
    case AST_DEGREE:
    case AST_MONEY:
    case AST_PERCENT: return true;
    default: return false;
    }
}

static ast_node *pair(lem_work *w, ast_kind kind, ast_node *a, ast_node *b) {
    ast_node *r = lem_ast_new(w, kind, 2);
    if (!r) return NULL;
    r->kid[0] = a;
    r->kid[1] = b;
    return r;
}

ast_node *lem_ast_add(lem_work *w, ast_node *a, ast_node *b) {
    if (!a || !b) return NULL;
    if (a->kind == AST_NUM && b->kind == AST_NUM) return lem_ast_num(w, lem_rat_add(w, a->q, b->q));
    if (a->kind == AST_MATRIX && b->kind == AST_MATRIX) return lem_ast_matrix_add(w, a, b);
    return pair(w, AST_ADD, a, b);
}

/* 2 (3 m) is 6 m */
static ast_node *times_quantity(lem_work *w, ast_node *number, ast_node *quantity) {
    ast_node *r = lem_ast_wrap(w, AST_QTY, lem_ast_mul(w, number, quantity->kid[0]));
    if (r) r->name = quantity->name, r->len = quantity->len;
    return r;
}

ast_node *lem_ast_mul(lem_work *w, ast_node *a, ast_node *b) {
    if (!a || !b) return NULL;
    if (a->kind == AST_NUM && b->kind == AST_QTY) return times_quantity(w, a, b);
    if (a->kind == AST_QTY && b->kind == AST_NUM) return times_quantity(w, b, a);
    if (a->kind == AST_MATRIX || b->kind == AST_MATRIX) return lem_ast_matrix_mul(w, a, b);
    if (a->kind != AST_NUM || b->kind != AST_NUM) return pair(w, AST_MUL, a, b);
    ast_node *r = lem_ast_num(w, lem_rat_mul(w, a->q, b->q));
    if (r && a->decimal && b->power_of_ten) {
        r->decimal = true;
        r->ulp10 = a->ulp10 + b->ulp10;
    }
    return r;
}

static bool is_dress(const ast_node *a) {
    return a->kind == AST_DEGREE || a->kind == AST_PERCENT || a->kind == AST_MONEY || a->kind == AST_QTY;
}

ast_node *lem_ast_neg(lem_work *w, ast_node *a) {
    if (!a) return NULL;
    if (is_dress(a)) { /* -30° is the angle of -30, -12 m/s a speed */
        ast_node *d = lem_ast_wrap(w, a->kind, lem_ast_neg(w, a->kid[0]));
        if (d) d->name = a->name, d->len = a->len;
        return d;
    }
    if (a->kind != AST_NUM) return lem_ast_mul(w, lem_ast_int(w, -1), a);
    ast_node *r = lem_ast_num(w, lem_rat_neg(w, a->q));
    if (r) {
        r->decimal = a->decimal;
        r->ulp10 = a->ulp10;
    }
    return r;
}

ast_node *lem_ast_pow(lem_work *w, ast_node *a, ast_node *b) {
    if (!a || !b) return NULL;
    long e;
    if (a->kind == AST_NUM && b->kind == AST_NUM && lem_rat_small(b->q, 1000000, &e) &&
        lem_rat_pow_fits(a->q, e)) {
        ast_node *r = lem_ast_num(w, lem_rat_pow(w, a->q, e));
        if (r && lem_rat_is(a->q, 10)) {
            r->power_of_ten = true;
            r->ulp10 = (int32_t)e;
        }
        return r;
    }
    return pair(w, AST_POW, a, b);
}

ast_node *lem_ast_div(lem_work *w, ast_node *a, ast_node *b) {
    if (!a || !b) return NULL;
    if (a->kind == AST_NUM && b->kind == AST_NUM) return lem_ast_num(w, lem_rat_div(w, a->q, b->q));
    return lem_ast_mul(w, a, lem_ast_pow(w, b, lem_ast_num(w, lem_rat_int(w, -1))));
}

ast_node *lem_ast_with_kids(lem_work *w, const ast_node *a, ast_node **kid) {
    for (uint32_t k = 0; k < a->n; k++)
        if (!kid[k]) return NULL;
    if (a->kind == AST_ADD) return lem_ast_add(w, kid[0], kid[1]);
    if (a->kind == AST_MUL) return lem_ast_mul(w, kid[0], kid[1]);
    if (a->kind == AST_POW) return lem_ast_pow(w, kid[0], kid[1]);
    ast_node *r = lem_ast_new(w, a->kind, 0);
    if (!r) return NULL;
    *r = *a;
    r->kid = kid;
    return r;
}

ast_node *lem_ast_replace(lem_work *w, ast_node *a, const char *name, size_t len, ast_node *by) {
    if (!a || !by || !lem_work_spend(w, 8)) return NULL;
    if (a->kind == AST_SYM && a->len == len && memcmp(a->name, name, len) == 0) return by;
    if (!a->n) return a;
    ast_node **kid = lem_work_alloc(w, a->n, sizeof *kid);
    bool same = true;
    for (uint32_t k = 0; kid && k < a->n; k++) {
        if (!(kid[k] = lem_ast_replace(w, a->kid[k], name, len, by))) return NULL;
        same = same && kid[k] == a->kid[k];
    }
    return !kid ? NULL : same ? a : lem_ast_with_kids(w, a, kid);
}
