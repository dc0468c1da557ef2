/* compare_tree.c - two trees: what stands around their values, then the table of rules */
#include "answer/compare_table_priv.h"

#include <string.h>

/* ---- values ---- */

static bool is_side(compare_side side, const ast_node *a) {
    return lem_compare_sides[side].kinds >> a->kind & 1;
}

static lem_answer_result compare_values(comparison *c, const ast_node *a, const ast_node *b, int level) {
    for (size_t k = 0; k < LEM_COMPARE_ROWS; k++) {
        const compare_row *row = &lem_compare_rows[k];
        bool fits = (is_side(row->left, a) && is_side(row->right, b)) ||
                    (is_side(row->left, b) && is_side(row->right, a));
        if (!fits || !compare_allows(c->rules, &row->when)) continue;
        lem_answer_result r = row->rule(c, a, b, level);
        if (r.rule) return r;
    }
    return compare_say(LEM_ANSWER_LIMIT, RULE_NOT_DECIDED);
}

/* ---- what stands around them ---- */

static lem_answer_result compare_part(comparison *c, const ast_node *gold, const ast_node *pred, int level) {
    lem_work *w = c->w;
    if (level > COMPARE_MAX_LEVEL) return compare_say(LEM_ANSWER_LIMIT, RULE_NESTED);
    if (!lem_work_spend(w, 64)) return compare_say(LEM_ANSWER_LIMIT, RULE_WORK);
    const compare_pair x = {gold, pred, lem_shape_of(w, gold), lem_shape_of(w, pred), level};
    lem_answer_result r = compare_say(LEM_ANSWER_LIMIT, RULE_WORK);
    bool done = w->limit;
    for (size_t k = 0; k < LEM_COMPARE_AROUND && !done; k++) done = lem_compare_around[k].rule(c, &x, &r);
    return r;
}

lem_answer_result lem_compare_by(lem_work *w, const lem_answer_rules *rules, const ast_node *gold,
                                 const ast_node *pred) {
    comparison c = {w, rules, compare_part, compare_values};
    ast_node *g = (ast_node *)gold, *p = (ast_node *)pred;
    lem_settle_imaginary(w, rules, &g, &p);
    lem_answer_result r = w->limit ? compare_say(LEM_ANSWER_LIMIT, RULE_WORK) : compare_part(&c, g, p, 0);
    return w->limit && !compare_is_equal(r) ? compare_say(LEM_ANSWER_LIMIT, RULE_WORK)
                                            : r; /* what ran dry cannot prove a difference */
}
