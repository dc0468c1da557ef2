/* canon.c - trees as canonical forms: a scalar as a sum of monomials, anything else as a text */
#include "answer/canon_priv.h"

#include "answer/canon_poly_priv.h"

#include "core/buf.h"

#include <stdlib.h>
#include <string.h>

static canon_poly *function_poly(lem_work *w, const ast_node *a) {
    lem_buf b = {0};
    lem_buf_add(&b, a->name, a->len);
    lem_buf_putc(&b, '(');
    bool ok = true;
    for (uint32_t k = 0; ok && k < a->n; k++) {
        const char *t = lem_canon_text(w, a->kid[k]);
        ok = t != NULL;
        if (k) lem_buf_putc(&b, ',');
        if (ok) lem_buf_puts(&b, t);
    }
    lem_buf_putc(&b, ')');
    const char *key = lem_work_keep(w, &b, ok);
    return key ? lem_poly_atom(w, key) : NULL;
}

static canon_poly *binomial(lem_work *w, const ast_node *a) {
    canon_poly *n = lem_canon_scalar(w, a->kid[0]), *k = lem_canon_scalar(w, a->kid[1]);
    lem_rat *qn = n ? lem_canon_rational(w, n) : NULL, *qk = k ? lem_canon_rational(w, k) : NULL;
    long vn, vk;
    if (!n || !k) return NULL;
    if (!qn || !qk || !lem_rat_small(qn, 10000, &vn) || !lem_rat_small(qk, 10000, &vk) || vn < 0 || vk < 0)
        return function_poly(w, a);
    if (!lem_work_spend(w, vn)) return NULL;
    lem_rat *r = lem_rat_int(w, 0);
    if (r) mpz_bin_uiui(mpq_numref(r->q), (unsigned long)vn, (unsigned long)vk);
    return lem_poly_rational(w, r);
}

static canon_poly *factorial(lem_work *w, const ast_node *a) {
    canon_poly *p = lem_canon_scalar(w, a->kid[0]);
    lem_rat *q = p ? lem_canon_rational(w, p) : NULL;
    long n;
    if (!p) return NULL;
    if (q && lem_rat_small(q, 5000, &n) && n >= 0) { /* 5000! has 54,233 bits */
        if (!lem_work_spend(w, n * 10)) return NULL;
        lem_rat *r = lem_rat_int(w, 0);
        if (r) mpz_fac_ui(mpq_numref(r->q), (unsigned long)n);
        return lem_poly_rational(w, r);
    }
    ast_node f = *a;
    f.name = "factorial";
    f.len = 9;
    return function_poly(w, &f);
}

static canon_poly *absolute(lem_work *w, const ast_node *a) {
    canon_poly *p = lem_canon_scalar(w, a->kid[0]);
    lem_rat *q = p ? lem_canon_rational(w, p) : NULL;
    if (!p) return NULL;
    if (q) return lem_poly_rational(w, lem_rat_sign(q) < 0 ? lem_rat_neg(w, q) : q);
    ast_node f = *a;
    f.name = "abs";
    f.len = 3;
    return function_poly(w, &f);
}

static canon_poly *power(lem_work *w, const ast_node *a) {
    canon_poly *base = lem_canon_scalar(w, a->kid[0]), *e = base ? lem_canon_scalar(w, a->kid[1]) : NULL;
    if (!base || !e) return NULL;
    lem_rat *q = lem_canon_rational(w, e);
    if (q) return lem_poly_power(w, base, q);
    const char *tb = lem_canon_poly_text(w, base), *te = lem_canon_poly_text(w, e);
    if (!tb || !te) return NULL;
    lem_buf b = {0};
    lem_buf_printf(&b, "(%s)^(%s)", tb, te);
    const char *key = lem_work_keep(w, &b, true);
    return key ? lem_poly_atom(w, key) : NULL;
}

/* Sums and products are left-deep chains: walked along the spine, not by recursion. */
static canon_poly *chain(lem_work *w, const ast_node *a) {
    ast_kind kind = a->kind;
    canon_poly *r = lem_poly_rational(w, lem_rat_int(w, kind == AST_MUL));
    for (;;) {
        const ast_node *part = a->kind == kind ? a->kid[1] : a;
        canon_poly *p = r ? lem_canon_scalar(w, part) : NULL;
        r = p ? (kind == AST_MUL ? lem_poly_mul(w, p, r) : lem_poly_add(w, p, r)) : NULL;
        if (!r || a->kind != kind) return r;
        a = a->kid[0];
    }
}

canon_poly *lem_canon_scalar(lem_work *w, const ast_node *a) {
    if (!a || !lem_work_spend(w, 16)) return NULL;
    switch (a->kind) {
    case AST_NUM: return lem_poly_rational(w, a->q);
    case AST_SYM:
    case AST_BASE: {
        const char *key = lem_work_strndup(w, a->name, a->len);
        return key ? lem_poly_atom(w, key) : NULL;
    }
    case AST_ADD:
    case AST_MUL: return chain(w, a);
    case AST_POW: return power(w, a);
    case AST_FN:
        return a->len == 5 && memcmp(a->name, "binom", 5) == 0 ? binomial(w, a) : function_poly(w, a);
    case AST_FACTORIAL: return factorial(w, a);
    case AST_ABS: return absolute(w, a);
    case AST_MONEY: return lem_canon_scalar(w, a->kid[0]);
    case AST_PERCENT: {
        canon_poly *p = lem_canon_scalar(w, a->kid[0]);
        return p ? lem_poly_scale(w, p, lem_rat_pow10(w, -2)) : NULL;
    }
    case AST_DEGREE: {
        canon_poly *p = lem_canon_scalar(w, a->kid[0]);
        return p ? lem_poly_mul(w,
                                lem_poly_scale(w, p, lem_rat_div(w, lem_rat_int(w, 1), lem_rat_int(w, 180))),
                                lem_poly_atom(w, "pi"))
                 : NULL;
    }
    default: return NULL;
    }
}

/* ---- texts ---- */

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

enum { IN_ORDER, SORTED, UNIQUE };

/* open part , part close; sorted (and without repetitions for sets) unless the order matters */
static const char *text_of_parts(lem_work *w, const ast_node *a, const char *open, const char *close,
                                 int order, canon_part *name) {
    const char **part = lem_work_alloc(w, a->n, sizeof *part);
    lem_buf b = {0};
    bool ok = part != NULL;
    for (uint32_t k = 0; ok && k < a->n; k++) ok = (part[k] = name(w, a->kid[k])) != NULL;
    if (ok && order != IN_ORDER && a->n) qsort(part, a->n, sizeof *part, by_text);
    lem_buf_puts(&b, open);
    for (uint32_t k = 0; ok && k < a->n; k++) {
        if (order == UNIQUE && k && strcmp(part[k], part[k - 1]) == 0) continue;
        if (k) lem_buf_putc(&b, ',');
        lem_buf_puts(&b, part[k]);
    }
    lem_buf_puts(&b, close);
    return lem_work_keep(w, &b, ok);
}

static const char *name_of(lem_work *w, const char *tag, const ast_node *a, const char *end) {
    lem_buf b = {0};
    lem_buf_puts(&b, tag);
    lem_buf_add(&b, a->name, a->len);
    lem_buf_puts(&b, end);
    return lem_work_keep(w, &b, true);
}

/* 2:4 as 1:2, but 4:05 and 4:30 p.m. as they stand. */
static const char *text_of_ratio(lem_work *w, const ast_node *a, canon_part *part) {
    bool numbers = !a->decimal;
    const ast_node *last = a->kid[a->n - 1];
    for (uint32_t k = 0; k < a->n; k++)
        numbers = numbers && a->kid[k]->kind == AST_NUM && lem_rat_sign(a->kid[k]->q);
    if (last->kind == AST_QTY) {
        const char *head = name_of(w, "", last, "(");
        return head ? text_of_parts(w, a, head, ")", IN_ORDER, part) : NULL;
    }
    if (!numbers) return text_of_parts(w, a, "ratio(", ")", IN_ORDER, part);
    ast_node *r = lem_ast_new(w, AST_RATIO, a->n);
    for (uint32_t k = 0; r && k < a->n; k++)
        if (!(r->kid[k] = lem_ast_num(w, lem_rat_div(w, a->kid[k]->q, a->kid[0]->q)))) return NULL;
    return r ? text_of_parts(w, r, "ratio(", ")", IN_ORDER, part) : NULL;
}

/* The values in the order of their symbols: x=1, y=2 and y=2, x=1 alike. */
static const char *text_of_system(lem_work *w, const ast_node *a, canon_part *part) {
    ast_node *s = lem_ast_new(w, AST_SYSTEM, a->n);
    for (uint32_t k = 0; s && k < a->n; k++) {
        uint32_t j = k;
        const char *name = lem_canon_text_by(w, a->kid[k]->kid[0], part);
        for (; name && j > 0; j--) {
            const char *before = lem_canon_text_by(w, s->kid[j - 1]->kid[0], part);
            if (!before || strcmp(before, name) <= 0) break;
            s->kid[j] = s->kid[j - 1];
        }
        s->kid[j] = a->kid[k];
    }
    return s && !w->limit ? text_of_parts(w, s, "(", ")", IN_ORDER, part) : NULL;
}

/* lhs - rhs with leading coefficient 1 or ±1, or both sides where they are no scalars; < and ≤ only. */
static bool add_link(lem_work *w, lem_buf *b, const ast_node *lhs, char op, const ast_node *rhs,
                     canon_part *part) {
    bool flip = op == '>' || op == 'g';
    if (flip) op = op == '>' ? '<' : 'l';
    canon_poly *x = lem_canon_scalar(w, lhs), *y = x ? lem_canon_scalar(w, rhs) : NULL;
    if (y && !strchr("i~otks", op)) {
        canon_poly *d = flip ? lem_canon_sub(w, y, x) : lem_canon_sub(w, x, y);
        const char *t = lem_canon_poly_text(w, lem_canon_primitive(w, d, op == '=' || op == 'n'));
        if (t) lem_buf_printf(b, "%s%c0", t, op);
        return t != NULL;
    }
    if (w->limit) return false;
    const char *s = lem_canon_text_by(w, lhs, part), *t = s ? lem_canon_text_by(w, rhs, part) : NULL;
    if (t) lem_buf_printf(b, "%s%c%s", flip ? t : s, op, flip ? s : t);
    return t != NULL;
}

/* So that scaled and rearranged relations read alike. */
static const char *text_of_relation(lem_work *w, const ast_node *a, canon_part *part) {
    lem_buf b = {0};
    bool ok = true;
    for (uint32_t k = 0; ok && k < a->len; k++) {
        if (k) lem_buf_putc(&b, '&');
        ok = add_link(w, &b, a->kid[k], a->name[k], a->kid[k + 1], part);
    }
    return lem_work_keep(w, &b, ok);
}

static const char *text_of_matrix(lem_work *w, const ast_node *a, canon_part *part) {
    lem_buf b = {0};
    lem_buf_printf(&b, "matrix%u(", (unsigned)a->cols);
    const char *head = lem_work_keep(w, &b, true);
    return head ? text_of_parts(w, a, head, ")", IN_ORDER, part) : NULL;
}

static const char *text_of_said(lem_work *w, const ast_node *a, canon_part *part) {
    const char *head = name_of(w, "said ", a, "");
    return head ? text_of_parts(w, a, head, ";", IN_ORDER, part) : NULL;
}

/* A quantity with its unit, a value with ±. */
static const char *text_of_worn(lem_work *w, const ast_node *a, canon_part *part) {
    lem_buf b = {0};
    const char *v = lem_canon_text_by(w, a->kid[0], part);
    if (a->kind == AST_PM) lem_buf_puts(&b, "+-");
    if (v) lem_buf_puts(&b, v);
    if (a->kind == AST_QTY) lem_buf_putc(&b, ' '), lem_buf_add(&b, a->name, a->len);
    return lem_work_keep(w, &b, v != NULL);
}

const char *lem_canon_text_by(lem_work *w, const ast_node *a, canon_part *part) {
    if (!a || !lem_work_spend(w, 16)) return NULL;
    const char open[2] = {a->open, 0}, close[2] = {a->close, 0};
    switch (a->kind) {
    case AST_TEXT: return name_of(w, "\"", a, "");
    case AST_BASE:
    case AST_CHOICE: return name_of(w, "", a, "");
    case AST_TUPLE: return text_of_parts(w, a, open, close, IN_ORDER, part);
    case AST_LIST: return text_of_parts(w, a, "{", "}", SORTED, part);
    case AST_SYSTEM: return text_of_system(w, a, part);
    case AST_SET: return text_of_parts(w, a, "{", "}", UNIQUE, part);
    case AST_UNION: return text_of_parts(w, a, "union{", "}", UNIQUE, part);
    case AST_INTER: return text_of_parts(w, a, "intersection{", "}", UNIQUE, part);
    case AST_SETMINUS: return text_of_parts(w, a, "minus(", ")", IN_ORDER, part);
    case AST_RATIO: return text_of_ratio(w, a, part);
    case AST_BUILDER: return text_of_parts(w, a, "all{", "}", IN_ORDER, part);
    case AST_MODULO: return text_of_parts(w, a, "modulo(", ")", IN_ORDER, part);
    case AST_SAID: return text_of_said(w, a, part);
    case AST_MATRIX: return text_of_matrix(w, a, part);
    case AST_REL: return text_of_relation(w, a, part);
    case AST_QTY:
    case AST_PM: return text_of_worn(w, a, part);
    default: return lem_canon_poly_text(w, lem_canon_scalar(w, a));
    }
}

const char *lem_canon_text(lem_work *w, const ast_node *a) { return lem_canon_text_by(w, a, lem_canon_text); }
