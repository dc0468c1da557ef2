/* compare_whole.c - two whole answers: the rules for them in the order of their table */
#include "answer/compare_whole_priv.h"

static lem_answer_result in_turn(answers *c, const ast_node *gold, const ast_node *pred) {
    lem_answer_result r = compare_say(LEM_ANSWER_LIMIT, RULE_NOT_DECIDED);
    for (size_t k = 0; k < LEM_ANSWER_FIRST; k++) {
        const answer_first *row = &lem_answer_first[k];
        if (compare_allows(c->rules, &row->when) && row->rule(c, &gold, &pred, &r)) return r;
    }
    for (size_t k = 0; k < LEM_ANSWER_NEXT; k++) {
        const answer_next *row = &lem_answer_next[k];
        if (compare_allows(c->rules, &row->when)) r = row->rule(c, gold, pred, r);
    }
    return r;
}

static lem_answer_result compare_whole(answers *c, const ast_node *gold, const ast_node *pred) {
    if (++c->level > ANSWER_MAX_LEVEL) return compare_say(LEM_ANSWER_LIMIT, RULE_NESTED);
    lem_answer_result r = in_turn(c, gold, pred);
    c->level--;
    return c->w->limit && !compare_is_equal(r) ? compare_say(LEM_ANSWER_LIMIT, RULE_WORK) : r;
}

lem_answer_result lem_compare_answers(lem_work *w, const lem_answer_rules *rules, const ast_node *gold,
                                      const ast_node *pred) {
    answers c = {.w = w, .rules = rules, .compare = compare_whole};
    return compare_whole(&c, gold, pred);
}
