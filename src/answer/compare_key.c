/* compare_key.c - canonical text of any tree, and the key by which equal answers are found */
#include "answer/compare_priv.h"

#include "answer/canon_priv.h"
#include "answer/units_priv.h"

#include "core/buf.h"

#include <stdlib.h>
#include <string.h>

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *kept(lem_work *w, lem_buf *b, bool ok) {
    const char *t = ok && !b->failed && lem_work_spend(w, (int64_t)b->len)
                        ? lem_work_strndup(w, lem_buf_str(b), b->len)
                        : NULL;
    lem_buf_release(b);
    return t;
}

static const char *text_of_parts(lem_work *w, const ast_node *a, const char *open, const char *close,
                                 bool sort, bool unique);

static const char *text_of_region(lem_work *w, const region *r) {
    lem_buf b = {0};
    bool ok = r->sorted || r->n == 1;
    for (uint32_t k = 0; ok && k < r->n; k++) {
        const region_piece *p = &r->piece[k];
        const char *lo = p->lo.v ? lem_canon_text(w, p->lo.v) : "-infty",
                   *hi = lo && p->hi.v ? lem_canon_text(w, p->hi.v) : "infty";
        ok = lo && hi;
        if (ok)
            lem_buf_printf(&b, "%s%c%s,%s%c", k ? "U" : "", p->lo.closed ? '[' : '(', lo, hi,
                           p->hi.closed ? ']' : ')');
    }
    if (r->n == 0) lem_buf_puts(&b, "{}");
    return kept(w, &b, ok);
}

/* 5 m and 500 cm read alike, 5 cm does not. NULL where the unit measures nothing: a currency, a count, a
 * word. */
static const char *with_unit(lem_work *w, const shape *s) {
    answer_unit u;
    lem_buf b = {0};
    bool measures = false;
    if (s->degree || !lem_unit_find(w, s->unit, s->unit_len, &u) || !lem_ast_is_scalar(s->v)) return NULL;
    for (int d = 0; d < UNIT_DIMENSIONS; d++) measures = measures || u.dim[d] != 0;
    if (!measures) return NULL;
    const char *v = lem_canon_text(w, lem_ast_mul(w, lem_ast_num(w, u.factor), (ast_node *)s->v));
    if (v) lem_buf_puts(&b, v);
    for (int d = 0; d < UNIT_DIMENSIONS; d++) lem_buf_printf(&b, "%c%d", d ? ',' : ' ', u.dim[d]);
    return kept(w, &b, v != NULL);
}

/* Text of what a tree means: without labels and words, with units of measurement, regions as intervals. */
static const char *text_of_meaning(lem_work *w, const ast_node *a) {
    const shape s = lem_shape_of(w, a);
    const ast_node *v = s.v;
    region r;
    if (w->limit) return NULL;
    if (s.modulus && s.modulus->kind == AST_NUM && v->kind == AST_NUM && lem_rat_is_int(v->q) &&
        lem_rat_is_int(s.modulus->q) && lem_rat_sign(s.modulus->q)) {
        lem_rat *r0 = lem_rat_int(w, 0);
        if (!r0) return NULL;
        mpz_mod(mpq_numref(r0->q), mpq_numref(v->q->q), mpq_numref(s.modulus->q->q));
        return lem_rat_text(w, r0);
    }
    if (v->kind == AST_CHOICE) return lem_work_strndup(w, v->name, v->len);
    if ((v->kind != AST_SET || v->n == 0) && lem_region_of(w, v, true, &r) && !r.lists) {
        const char *t = text_of_region(w, &r);
        if (t) return t;
    }
    const char *measured = s.unit && !s.percent ? with_unit(w, &s) : NULL;
    if (measured || w->limit) return measured;
    if (v->kind == AST_SET && v->n == 1) return text_of_meaning(w, v->kid[0]);
    if (v->kind == AST_MATRIX && v->cols == 1) return text_of_parts(w, v, "(", ")", false, false);
    return lem_canon_text(w, v);
}

/* open part , part close; sorted (and without repetitions for sets) unless the order matters */
static const char *text_of_parts(lem_work *w, const ast_node *a, const char *open, const char *close,
                                 bool sort, bool unique) {
    const char **part = lem_work_alloc(w, a->n, sizeof *part);
    lem_buf b = {0};
    bool ok = part != NULL;
    for (uint32_t k = 0; ok && k < a->n; k++) ok = (part[k] = text_of_meaning(w, a->kid[k])) != NULL;
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

/* 2:4 as 1:2, but 4:05 and 4:30 p.m. as they stand. */
static const char *text_of_ratio(lem_work *w, const ast_node *a) {
    bool numbers = !a->decimal;
    const ast_node *last = a->kid[a->n - 1];
    for (uint32_t k = 0; k < a->n; k++)
        numbers = numbers && a->kid[k]->kind == AST_NUM && lem_rat_sign(a->kid[k]->q);
    if (last->kind == AST_QTY) {
        lem_buf b = {0};
        lem_buf_add(&b, last->name, last->len);
        lem_buf_putc(&b, '(');
        const char *head = kept(w, &b, true);
        return head ? text_of_parts(w, a, head, ")", false, false) : NULL;
    }
    if (!numbers) return text_of_parts(w, a, "ratio(", ")", false, false);
    ast_node *r = lem_ast_new(w, AST_RATIO, a->n);
    for (uint32_t k = 0; r && k < a->n; k++)
        if (!(r->kid[k] = lem_ast_num(w, lem_rat_div(w, a->kid[k]->q, a->kid[0]->q)))) return NULL;
    return r ? text_of_parts(w, r, "ratio(", ")", false, false) : NULL;
}

/* The values in the order of their symbols: x=1, y=2 and y=2, x=1 alike. */
static const char *text_of_system(lem_work *w, const ast_node *a) {
    ast_node *s = lem_ast_new(w, AST_SYSTEM, a->n);
    for (uint32_t k = 0; s && k < a->n; k++) {
        uint32_t j = k;
        const char *name = lem_canon_text(w, a->kid[k]->kid[0]);
        for (; name && j > 0; j--) {
            const char *before = lem_canon_text(w, s->kid[j - 1]->kid[0]);
            if (!before || strcmp(before, name) <= 0) break;
            s->kid[j] = s->kid[j - 1];
        }
        s->kid[j] = a->kid[k];
    }
    return s && !w->limit ? text_of_parts(w, s, "(", ")", false, false) : NULL;
}

/* lhs - rhs with leading coefficient 1 or ±1, so that scaled and rearranged relations read alike. */
static const char *text_of_relation(lem_work *w, const ast_node *a) {
    lem_buf b = {0};
    bool ok = true;
    for (uint32_t k = 0; ok && k < a->len; k++) {
        char op = a->name[k];
        bool flip = op == '>' || op == 'g';
        if (flip) op = op == '>' ? '<' : 'l';
        canon_poly *x = lem_canon_scalar(w, a->kid[k]), *y = x ? lem_canon_scalar(w, a->kid[k + 1]) : NULL;
        if (k) lem_buf_putc(&b, '&');
        if (y && !strchr("i~otks", op)) {
            canon_poly *d = lem_canon_primitive(w, flip ? lem_canon_sub(w, y, x) : lem_canon_sub(w, x, y),
                                                op == '=' || op == 'n');
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

static const char *text_of_name(lem_work *w, const char *tag, const ast_node *a) {
    lem_buf b = {0};
    lem_buf_puts(&b, tag);
    lem_buf_add(&b, a->name, a->len);
    return kept(w, &b, true);
}

static const char *text_of_said(lem_work *w, const ast_node *a) {
    const char *head = text_of_name(w, "said ", a);
    return head ? text_of_parts(w, a, head, ";", false, false) : NULL;
}

const char *lem_canon_text(lem_work *w, const ast_node *a) {
    if (!a || !lem_work_spend(w, 16)) return NULL;
    char open[2] = {a->open, 0}, close[2] = {a->close, 0};
    lem_buf b = {0};
    switch (a->kind) {
    case AST_TEXT: return text_of_name(w, "\"", a);
    case AST_BASE: return text_of_name(w, "", a);
    case AST_CHOICE: return text_of_name(w, "", a);
    case AST_TUPLE: return text_of_parts(w, a, open, close, false, false);
    case AST_LIST: return text_of_parts(w, a, "{", "}", true, false);
    case AST_SYSTEM: return text_of_system(w, a);
    case AST_SET: return text_of_parts(w, a, "{", "}", true, true);
    case AST_UNION: return text_of_parts(w, a, "union{", "}", true, true);
    case AST_INTER: return text_of_parts(w, a, "intersection{", "}", true, true);
    case AST_SETMINUS: return text_of_parts(w, a, "minus(", ")", false, false);
    case AST_RATIO: return text_of_ratio(w, a);
    case AST_BUILDER: return text_of_parts(w, a, "all{", "}", false, false);
    case AST_MODULO: return text_of_parts(w, a, "modulo(", ")", false, false);
    case AST_SAID: return text_of_said(w, a);
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

const char *lem_compare_key(lem_work *w, const ast_node *a) { return text_of_meaning(w, a); }
