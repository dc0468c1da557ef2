/* compare_imaginary.c - i and j: the imaginary unit, unit vectors, or symbols */
#include "answer/compare_priv.h"

typedef struct letters {
    bool i, j;
} letters;

static bool uses(lem_work *w, const ast_node *a, char name) {
    for (;;) {
        if (!lem_work_spend(w, 2)) return false;
        if (a->kind == AST_SYM && a->len == 1 && a->name[0] == name) return true;
        if (!a->n) return false;
        for (uint32_t k = 1; k < a->n; k++)
            if (uses(w, a->kid[k], name)) return true;
        a = a->kid[0];
    }
}

static letters letters_of(lem_work *w, const ast_node *a) {
    return (letters){uses(w, a, 'i'), uses(w, a, 'j')};
}

static void rename_both(lem_work *w, ast_node **g, ast_node **p, const char *from, ast_node *to) {
    ast_node *x = lem_ast_replace(w, *g, from, 1, to), *y = lem_ast_replace(w, *p, from, 1, to);
    if (x && y) *g = x, *p = y;
}

/* Is there a j without a number before it? 2j is written for the imaginary unit, j and aj need not be. */
static bool lacks_number(lem_work *w, const ast_node *a) {
    if (!lem_work_spend(w, 2)) return true;
    if (lem_ast_is_sym(a, "j")) return true;
    if (a->kind == AST_MUL && a->kid[0]->kind == AST_NUM && !lem_rat_is(a->kid[0]->q, -1) &&
        lem_ast_is_sym(a->kid[1], "j"))
        return false;
    for (uint32_t k = 0; k < a->n; k++)
        if (lacks_number(w, a->kid[k])) return true;
    return false;
}

void lem_settle_imaginary(lem_work *w, const lem_answer_rules *rules, ast_node **g, ast_node **p) {
    letters lg = letters_of(w, *g), lp = letters_of(w, *p);
    bool alone = lacks_number(w, lg.j ? *g : *p);
    if (!lg.j && !lp.j) return;
    if ((lg.i && lg.j) || (lp.i && lp.j)) { /* as vectors they are read as they stand */
        if (!rules->unit_vectors) rename_both(w, g, p, "i", lem_ast_named(w, AST_SYM, "i~", 2));
    } else if (lg.j != lp.j && lg.i != lg.j && lp.i != lp.j && !alone)
        rename_both(w, g, p, "j", lem_ast_named(w, AST_SYM, "i", 1));
}
