/* compare_domain.c - conditions that only say where a value is defined: \sqrt{x-1} for x >= 1, \ln x for x >
 * 0
 */
#include "answer/compare_answer_priv.h"

#include <string.h>

/* a op 0 */
static ast_node *against_zero(lem_work *w, ast_node *a, const char *op) {
    ast_node *r = lem_ast_new(w, AST_REL, 2);
    if (!r) return NULL;
    r->kid[0] = a;
    r->kid[1] = lem_ast_int(w, 0);
    r->name = op;
    r->len = 1;
    return r->kid[1] ? r : NULL;
}

static bool is_even_root(const ast_node *a) {
    return a->kind == AST_POW && a->kid[1]->kind == AST_NUM && mpz_even_p(mpq_denref(a->kid[1]->q->q));
}

/* What must hold where this node, without its parts, is a real number; NULL where nothing is asked. inverse:
 * it must not be zero either. */
static ast_node *asked_here(lem_work *w, const ast_node *a, bool inverse) {
    bool ln = a->len == 2 && memcmp(a->name, "ln", 2) == 0,
         lg = a->len == 3 && memcmp(a->name, "log", 3) == 0,
         log = a->kind == AST_FN && a->n == 1 && (ln || lg);
    if (log) return against_zero(w, a->kid[0], ">");
    if (!is_even_root(a)) return NULL;
    bool strict = inverse || lem_rat_sign(a->kid[1]->q) < 0;
    static const char at_least[] = {OP_GE, 0};
    return against_zero(w, a->kid[0], strict ? ">" : at_least);
}

static bool asks(lem_work *w, const ast_node *a, const ast_node *condition, bool inverse) {
    lem_answer_rules rules = lem_answer_rules_standard();
    if (!lem_work_spend(w, 8)) return false;
    const ast_node *here = asked_here(w, a, inverse);
    if (here && lem_compare_by(w, &rules, here, condition).verdict == LEM_ANSWER_EQUAL_EXACT) return true;
    bool under = a->kind == AST_POW && a->kid[1]->kind == AST_NUM && lem_rat_sign(a->kid[1]->q) < 0;
    for (uint32_t k = 0; k < a->n; k++)
        if (asks(w, a->kid[k], condition, under && k == 0)) return true;
    return false;
}

bool lem_compare_is_domain(lem_work *w, const ast_node *condition, const ast_node *value) {
    return asks(w, value, condition, false);
}
