/* compare_pieces.c - a function in two pieces: as an absolute value, or with the point between them in the
 * other piece */
#include "answer/compare_answer_priv.h"
#include "answer/decide/decide_priv.h"

#include <string.h>

/* left x < b, right x >= b; or the point b belongs to the left. */
typedef struct pieces {
    ast_node *left, *right;
    const ast_node *x, *b;
    bool right_closed;
} pieces;

static bool equal(lem_work *w, const ast_node *a, const ast_node *b) {
    return lem_decide_scalars(w, a, b).verdict == LEM_ANSWER_EQUAL_EXACT;
}

/* One branch "value, x > b": on which side it lies, and whether b belongs to it. */
static bool read_branch(const ast_node *branch, const ast_node **condition, bool *right, bool *closed) {
    if (branch->kind != AST_TUPLE || branch->n != 2 || branch->kid[1]->kind != AST_REL ||
        branch->kid[1]->n != 2)
        return false;
    const ast_node *c = branch->kid[1];
    char op = c->name[0];
    if (!strchr("<>lg", op) || c->kid[0]->kind != AST_SYM || !lem_ast_is_scalar(c->kid[1]) ||
        !lem_ast_is_scalar(branch->kid[0]))
        return false;
    *condition = c;
    *right = op == '>' || op == 'g';
    *closed = op == 'l' || op == 'g';
    return true;
}

static bool pieces_of(lem_work *w, const ast_node *a, pieces *out) {
    const ast_node *c[2];
    bool right[2], closed[2];
    if (a->kind != AST_SET || a->n != 2) return false;
    for (int k = 0; k < 2; k++)
        if (!read_branch(a->kid[k], &c[k], &right[k], &closed[k])) return false;
    if (right[0] == right[1] || closed[0] == closed[1] || !lem_ast_same_name(c[0]->kid[0], c[1]->kid[0]) ||
        !equal(w, c[0]->kid[1], c[1]->kid[1]))
        return false;
    int r = right[0] ? 0 : 1;
    *out = (pieces){a->kid[1 - r]->kid[0], a->kid[r]->kid[0], c[0]->kid[0], c[0]->kid[1], closed[r]};
    return true;
}

/* u where u >= 0 and -u where u < 0, u linear in x: |u|. */
static ast_node *as_absolute(lem_work *w, const pieces *p) {
    ast_node *at = lem_ast_replace(w, p->right, p->x->name, p->x->len, (ast_node *)p->b),
             *further = lem_ast_add(w, (ast_node *)p->b, lem_ast_int(w, 1)),
             *value = further ? lem_ast_replace(w, p->right, p->x->name, p->x->len, further) : NULL;
    lem_rat *zero = at ? lem_decide_rational(w, at) : NULL,
            *slope = value ? lem_decide_rational(w, value) : NULL;
    if (!zero || !slope || lem_rat_sign(zero) != 0 || lem_rat_sign(slope) <= 0) return NULL;
    ast_node *run = lem_ast_add(w, (ast_node *)p->x, lem_ast_neg(w, (ast_node *)p->b)),
             *line = lem_ast_mul(w, lem_ast_num(w, slope), run);
    if (!line || !equal(w, p->right, line) || !equal(w, p->left, lem_ast_neg(w, line))) return NULL;
    return lem_ast_wrap(w, AST_ABS, line);
}

static bool as_values(lem_work *w, const pieces *p, const ast_node *other) {
    ast_node *absolute = lem_ast_is_scalar(other) ? as_absolute(w, p) : NULL;
    return absolute && equal(w, absolute, other);
}

/* The same pieces, and the same value of both at the point that changes sides. */
static bool alike(lem_work *w, const pieces *a, const pieces *b) {
    if (!lem_ast_same_name(a->x, b->x) || !equal(w, a->b, b->b) || !equal(w, a->left, b->left) ||
        !equal(w, a->right, b->right))
        return false;
    if (a->right_closed == b->right_closed) return true;
    ast_node *left = lem_ast_replace(w, a->left, a->x->name, a->x->len, (ast_node *)a->b),
             *right = lem_ast_replace(w, a->right, a->x->name, a->x->len, (ast_node *)a->b);
    return left && right && equal(w, left, right);
}

bool lem_same_pieces(lem_work *w, const ast_node *gold, const ast_node *pred) {
    pieces g, p;
    bool is_g = pieces_of(w, gold, &g), is_p = pieces_of(w, pred, &p);
    if (is_g && is_p) return alike(w, &g, &p);
    return is_g ? as_values(w, &g, pred) : is_p && as_values(w, &p, gold);
}
