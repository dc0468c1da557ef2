/* compare_alternatives.c - "3/4 or 0.75": one value in several forms */
#include "answer/compare_answer_priv.h"

enum { MOST_FORMS = 8 };

/* With two digits behind the point at least. */
static bool is_decimal(lem_work *w, const ast_node *a) {
    const ast_node *v = lem_shape_of(w, a).v;
    return v->kind == AST_NUM && v->decimal && v->ulp10 < -1;
}

/* The same value, or a decimal beside what it is rounded from: 1/3 or 0.33, not 0.33 or 0.333. */
static bool is_other_form(lem_work *w, const ast_node *a, const ast_node *b) {
    lem_answer_rules rules = lem_answer_rules_standard();
    lem_answer_result r = lem_compare_by(w, &rules, a, b);
    if (!compare_is_equal(r)) r = lem_compare_by(w, &rules, b, a);
    if (r.verdict == LEM_ANSWER_EQUAL_EXACT) return true;
    return compare_is_equal(r) && is_decimal(w, a) != is_decimal(w, b);
}

/* The forms of one value that "or" joins; false where the answer is no such list, or its parts differ. */
static bool forms_of(lem_work *w, const ast_node *a, ast_node *const **form, uint32_t *n) {
    if (a->kind != AST_LIST || a->open != 'O' || a->n > MOST_FORMS) return false;
    for (uint32_t k = 1; k < a->n; k++)
        if (!is_other_form(w, a->kid[k - 1], a->kid[k])) return false;
    *form = a->kid;
    *n = a->n;
    return !w->limit;
}

static bool is_collection(const ast_node *a) { return a->kind == AST_LIST || a->kind == AST_SET; }

bool lem_answer_alternatives(answers *c, const ast_node **gold, const ast_node **pred,
                             lem_answer_result *out) {
    ast_node *one[2] = {(ast_node *)*gold, (ast_node *)*pred}, *const * form[2] = {&one[0], &one[1]};
    uint32_t n[2] = {1, 1};
    bool g = forms_of(c->w, *gold, &form[0], &n[0]), p = forms_of(c->w, *pred, &form[1], &n[1]);
    if (!g && !p) return false;
    if ((!g && is_collection(*gold)) || (!p && is_collection(*pred))) return false; /* list beside list */
    for (uint32_t i = 0; i < n[0]; i++)
        for (uint32_t k = 0; k < n[1]; k++) {
            lem_answer_result r = c->compare(c, form[0][i], form[1][k]);
            if (compare_is_equal(r)) return *out = compare_say(r.verdict, RULE_ALTERNATIVES), true;
            if (i + k == 0 || r.verdict == LEM_ANSWER_LIMIT) *out = r;
        }
    return true;
}
