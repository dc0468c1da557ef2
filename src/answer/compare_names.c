/* compare_names.c - x = 5, f(x) = …: the names of what an answer gives */
#include "answer/compare_priv.h"
#include "answer/compare_words_priv.h"

static bool is_equality(const ast_node *a) { return a->kind == AST_REL && a->n == 2 && a->name[0] == '='; }

/* f(x) of f(x) = …, whose argument may have another name; not P(A), which says of what. */
static bool is_call(const ast_node *a) {
    return a->kind == AST_FN && a->call && a->n == 1 && a->kid[0]->kind == AST_SYM &&
           a->kid[0]->name[0] >= 'a';
}

/* Names of which one at least is in words: radius = 4 and r = 4. */
static words_answer compare_worded(const ast_node *a, const ast_node *b) {
    const words x = {a->name, a->len, false}, y = {b->name, b->len, false};
    if (a->kind == AST_TEXT && b->kind == AST_TEXT) return lem_words_compare(x, y);
    bool worded = a->kind == AST_TEXT && b->kind == AST_SYM,
         letter = a->kind == AST_SYM && b->kind == AST_TEXT;
    if (!worded && !letter) return WORDS_DIFFERENT;
    return worded ? lem_words_symbol(x, b->name, b->len) : lem_words_symbol(y, a->name, a->len);
}

/* The same values of two names that are not written alike. */
static lem_answer_result of_other_name(const compare_pair *x, lem_answer_result r) {
    words_answer same = compare_worded(x->g.label, x->p.label);
    if (!compare_is_equal(r) || same == WORDS_SAME) return r;
    return same == WORDS_DIFFERENT ? compare_say(LEM_ANSWER_NOT_EQUAL, RULE_SYMBOL)
                                   : compare_say(LEM_ANSWER_LIMIT, RULE_WORDS_UNKNOWN);
}

/* Both sides name what they give: the same name; or, of a function, another letter for its argument; or an
 * equation solved for another symbol. */
static lem_answer_result compare_labelled(comparison *c, const compare_pair *x) {
    const shape *g = &x->g, *p = &x->p;
    lem_answer_result r;
    if (lem_ast_same(g->label, p->label)) return c->values(c, g->v, p->v, x->level);
    if (is_call(g->label) && is_call(p->label) && lem_ast_same_name(g->label, p->label)) {
        const ast_node *from = p->label->kid[0];
        ast_node *v = lem_ast_replace(c->w, (ast_node *)p->v, from->name, from->len, g->label->kid[0]);
        return v ? c->values(c, g->v, v, x->level) : compare_say(LEM_ANSWER_LIMIT, RULE_WORK);
    }
    if (is_equality(x->gold) && is_equality(x->pred) && lem_compare_equations(c, x->gold, x->pred, &r) &&
        compare_is_equal(r))
        return r;
    return of_other_name(x, c->values(c, g->v, p->v, x->level));
}

/* x in (1,2) against 1 < x < 2: the name stands inside. */
static bool says_the_name(const compare_pair *x) {
    return x->g.v->kind != x->p.v->kind && (x->g.v->kind == AST_REL || x->p.v->kind == AST_REL);
}

bool lem_compare_names(comparison *c, const compare_pair *x, lem_answer_result *r) {
    const shape *g = &x->g, *p = &x->p;
    if (g->label && p->label) {
        *r = compare_labelled(c, x);
        return false;
    }
    bool equation =
        (g->v->kind == AST_REL && g->v->name[0] == '=') || (p->v->kind == AST_REL && p->v->name[0] == '=');
    if (equation && is_equality(x->gold) && is_equality(x->pred) &&
        lem_compare_equations(c, x->gold, x->pred, r))
        return true;
    *r = c->values(c, g->v, p->v, x->level);
    bool one = (g->label != NULL) != (p->label != NULL);
    if (one && !c->rules->drop_label && !says_the_name(x) && compare_is_equal(*r))
        *r = compare_say(LEM_ANSWER_NOT_EQUAL, RULE_LABEL_MISSING);
    return false;
}
