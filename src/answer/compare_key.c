/* compare_key.c - canonical text of what an answer means: the key by which equal answers are found */
#include "answer/compare_priv.h"

#include "answer/canon_priv.h"
#include "answer/units_priv.h"

#include "core/buf.h"

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
    return lem_work_keep(w, &b, ok);
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
    return lem_work_keep(w, &b, v != NULL);
}

static bool is_whole(const ast_node *a) { return a->kind == AST_NUM && lem_rat_is_int(a->q); }
static bool is_residue(const shape *s) {
    return s->modulus && is_whole(s->v) && is_whole(s->modulus) && lem_rat_sign(s->modulus->q);
}

/* 10 (mod 7) as 3. */
static const char *text_of_residue(lem_work *w, const ast_node *v, const ast_node *modulus) {
    lem_rat *r = lem_rat_int(w, 0);
    if (!r) return NULL;
    mpz_mod(mpq_numref(r->q), mpq_numref(v->q->q), mpq_numref(modulus->q->q));
    return lem_rat_text(w, r);
}

/* A region of the line as its intervals; NULL for anything else. */
static const char *as_region(lem_work *w, const ast_node *v) {
    region r;
    if (v->kind == AST_SET && v->n) return NULL;
    return lem_region_of(w, v, true, &r) && !r.lists ? text_of_region(w, &r) : NULL;
}

/* As a tuple. */
static const char *text_of_column(lem_work *w, const ast_node *v) {
    const ast_node t = {.kind = AST_TUPLE, .open = '(', .close = ')', .n = v->n, .kid = v->kid};
    return lem_compare_text(w, &t);
}

const char *lem_compare_key(lem_work *w, const ast_node *a) {
    const shape s = lem_shape_of(w, a);
    const ast_node *v = s.v;
    if (w->limit) return NULL;
    if (is_residue(&s)) return text_of_residue(w, v, s.modulus);
    if (v->kind == AST_CHOICE) return lem_work_strndup(w, v->name, v->len);
    const char *points = as_region(w, v);
    if (points) return points;
    const char *measured = s.unit && !s.percent ? with_unit(w, &s) : NULL;
    if (measured || w->limit) return measured;
    if (v->kind == AST_SET && v->n == 1) return lem_compare_key(w, v->kid[0]);
    return v->kind == AST_MATRIX && v->cols == 1 ? text_of_column(w, v) : lem_compare_text(w, v);
}

const char *lem_compare_text(lem_work *w, const ast_node *a) {
    return lem_canon_text_by(w, a, lem_compare_key);
}
