/* compare_said.c - words and conditions around a value: "vertex (2,-3)", "1/x for x > 0", "2^n - 1 (n >= 1)"
 */
#include "answer/compare_answer_priv.h"
#include "answer/compare_words_priv.h"
#include "answer/decide/decide_priv.h"

#include <string.h>

enum { MAX_CONDITIONS = 4 };

typedef struct statement {
    const ast_node *core;
    const ast_node *condition[MAX_CONDITIONS];
    words label;
    uint32_t conditions;
    bool worded; /* a condition in words: "for all x" */
} statement;

/* ---- taking an answer apart ---- */

static bool occurs(lem_work *w, const ast_node *symbol, const ast_node *in) {
    enum { MANY = 12 };
    const ast_node *sym[MANY];
    size_t n = lem_shape_symbols(w, in, sym, MANY);
    for (size_t k = 0; k < n && k < MANY; k++)
        if (lem_ast_same_name(sym[k], symbol)) return true;
    return false;
}

/* x > 0, x != 0, n in N, 0 < x < 1: what may be asked of one symbol; the symbol, or NULL. */
static const ast_node *asked_of(lem_work *w, const ast_node *a) {
    const ast_node *sym[2];
    if (a->kind != AST_REL) return NULL;
    for (uint32_t k = 0; k + 1 < a->n; k++)
        if (!strchr("<>lgnio", a->name[k])) return NULL;
    if (a->n == 2 && a->name[0] == 'i') return a->kid[0]->kind == AST_SYM ? a->kid[0] : NULL;
    return lem_shape_symbols(w, a, sym, 2) == 1 ? sym[0] : NULL;
}

/* Is `a` a condition on the value that `core` gives, and not one more part of the answer? */
static bool is_condition(lem_work *w, const ast_node *a, const ast_node *core) {
    const ast_node *symbol = asked_of(w, a);
    if (!symbol || asked_of(w, core)) return false;
    const ast_node *value = core;
    if (core->kind == AST_REL) {
        bool equation = core->n >= 2 && core->name[0] == '=';
        if (!equation) return false;
        value = lem_shape_is_label(core->kid[0]) ? core->kid[core->n - 1] : core;
    }
    return (lem_ast_is_scalar(value) || value->kind == AST_REL || value->kind == AST_QTY) &&
           occurs(w, symbol, value);
}

static void add_condition(statement *s, const ast_node *c) {
    if (s->conditions < MAX_CONDITIONS) s->condition[s->conditions++] = c;
}

/* Trailing parts of a list that are conditions on all parts before them. */
static void take_list(lem_work *w, statement *s) {
    const ast_node *a = s->core;
    uint32_t n = a->n;
    while (n > 1 && a->n - n < MAX_CONDITIONS) {
        bool all = true;
        for (uint32_t k = 0; k + 1 < n && all; k++)
            all = is_condition(w, a->kid[n - 1], a->kid[k]) || is_condition(w, a->kid[k], a->kid[0]);
        if (!all || !is_condition(w, a->kid[n - 1], a->kid[0])) break;
        n--;
    }
    if (n == a->n) return;
    for (uint32_t k = n; k < a->n; k++) add_condition(s, a->kid[k]);
    ast_node *rest = n > 1 ? lem_ast_new(w, AST_LIST, n) : a->kid[0];
    if (!rest) return;
    for (uint32_t k = 0; n > 1 && k < n; k++) rest->kid[k] = a->kid[k];
    if (n > 1) rest->open = a->open;
    s->core = rest;
}

/* A value without the relation in brackets at its very end, which is left in *condition: 2^n - 1 (n >= 1).
 * The value itself where there is none. */
static ast_node *without_bracket(lem_work *w, ast_node *a, const ast_node **condition, int level) {
    enum { DEEP = 8 };
    bool spine = a->kind == AST_ADD || a->kind == AST_MUL || (a->kind == AST_REL && a->n == 2);
    if (!spine || level > DEEP) return a;
    ast_node *last = a->kid[1];
    if (a->kind == AST_MUL && last->kind == AST_REL && last->grouped && asked_of(w, last))
        return *condition = last, a->kid[0];
    ast_node *rest = without_bracket(w, last, condition, level + 1);
    ast_node **kid = rest != last ? lem_work_alloc(w, 2, sizeof *kid) : NULL;
    if (!kid) return a;
    kid[0] = a->kid[0];
    kid[1] = rest;
    ast_node *r = lem_ast_with_kids(w, a, kid);
    return r ? r : a;
}

static void take_bracket(lem_work *w, statement *s) {
    const ast_node *condition = NULL;
    ast_node *core = without_bracket(w, (ast_node *)s->core, &condition, 0);
    if (!condition || w->limit) return;
    add_condition(s, condition);
    s->core = core;
}

static statement statement_of(lem_work *w, const ast_node *a) {
    statement s = {.core = a};
    if (a->kind == AST_SAID) {
        s.core = a->kid[0];
        s.label = (words){a->name, a->len, false};
        s.worded = a->decimal;
        for (uint32_t k = 1; k < a->n; k++) add_condition(&s, a->kid[k]);
    }
    if (s.core->kind == AST_LIST) take_list(w, &s);
    else take_bracket(w, &s);
    return s;
}

/* ---- conditions ---- */

static bool is_set(const ast_node *a, const char *name) {
    size_t n = strlen(name);
    return a->kind == AST_SYM && a->len >= n && memcmp(a->name, name, n) == 0;
}

/* Does a condition that the gold lacks hold for the gold anyway? x in R, n in N; x != c where the gold has no
 * value; x >= c where it is not defined elsewhere. */
static bool holds_anyway(lem_work *w, const ast_node *condition, const ast_node *core) {
    const ast_node *symbol = asked_of(w, condition), *side = condition->kid[condition->n - 1];
    if (!symbol) return false;
    if (!strchr("in", condition->name[0]))
        return lem_compare_is_domain(w, condition, lem_shape_of(w, core).v);
    if (condition->n != 2) return false;
    if (condition->name[0] == 'i') {
        if (is_set(side, "reals") && side->len == 5) return true;
        bool counts = symbol->len == 1 && strchr("nkmij", symbol->name[0]);
        return counts && (is_set(side, "naturals") || is_set(side, "integers"));
    }
    const ast_node *point = lem_ast_same_name(condition->kid[0], symbol) ? side : condition->kid[0];
    shape s = lem_shape_of(w, core);
    if (!lem_ast_is_scalar(s.v) || !lem_ast_is_scalar(point)) return false;
    ast_node *at = lem_ast_replace(w, (ast_node *)s.v, symbol->name, symbol->len, (ast_node *)point);
    if (!at) return !w->limit; /* 1/0 written out */
    lem_answer_result r = lem_decide_scalars(w, at, lem_ast_int(w, 0));
    return r.verdict == LEM_ANSWER_LIMIT && strcmp(r.rule, "no value") == 0;
}

/* k in Z and n in Z beside families that are the same for all whole parameters. */
static bool are_declarations(const ast_node *a, const ast_node *b, lem_answer_result r) {
    return strcmp(r.rule, lem_answer_rule_text(RULE_FAMILIES)) == 0 && a->n == 2 && b->n == 2 &&
           a->name[0] == 'i' && b->name[0] == 'i' && lem_ast_same(a->kid[1], b->kid[1]);
}

/* Conditions on both sides, in their order. */
static lem_answer_result compare_both(answers *c, const statement *g, const statement *p,
                                      lem_answer_result r) {
    if (g->conditions != p->conditions) return compare_say(LEM_ANSWER_LIMIT, RULE_CONDITION_UNKNOWN);
    for (uint32_t k = 0; k < g->conditions; k++) {
        if (are_declarations(g->condition[k], p->condition[k], r)) continue;
        lem_answer_result same = lem_compare_by(c->w, c->rules, g->condition[k], p->condition[k]);
        if (compare_is_different(same) && g->conditions == 1)
            return compare_say(LEM_ANSWER_NOT_EQUAL, RULE_CONDITION_DIFFERS);
        if (!compare_is_equal(same)) return compare_say(LEM_ANSWER_LIMIT, RULE_CONDITION_UNKNOWN);
    }
    return r;
}

static lem_answer_result compare_conditions(answers *c, const statement *g, const statement *p,
                                            lem_answer_result r) {
    if (g->conditions && p->conditions) return compare_both(c, g, p, r);
    bool any = g->conditions || p->conditions;
    if (!c->rules->drop_label && (any || g->worded != p->worded))
        return compare_say(LEM_ANSWER_LIMIT, RULE_CONDITION_UNKNOWN);
    for (uint32_t k = 0; k < p->conditions; k++)
        if (!holds_anyway(c->w, p->condition[k], g->core))
            return compare_say(LEM_ANSWER_LIMIT, RULE_CONDITION_UNKNOWN);
    return any ? compare_say(r.verdict, RULE_CONDITION) : r;
}

/* ---- words ---- */

/* The words of one side, and what names the value on the other one: r of r = 4, words before "=", or nothing.
 */
static words_answer compare_name(lem_work *w, words label, const ast_node *core) {
    const ast_node *name = lem_shape_of(w, core).label;
    if (!name || !name->len) return WORDS_UNKNOWN;
    if (name->kind == AST_SYM) return lem_words_symbol(label, name->name, name->len);
    bool worded = name->kind == AST_TEXT;
    return worded && lem_words_compare(label, (words){name->name, name->len, false}) != WORDS_SAME
               ? WORDS_DIFFERENT
               : WORDS_UNKNOWN;
}

static lem_answer_result compare_labels(answers *c, const statement *g, const statement *p,
                                        lem_answer_result r) {
    words a = g->label, b = p->label;
    if (!a.n && !b.n) return r;
    if (a.n && b.n) {
        words_answer same = lem_words_compare(a, b);
        if (same == WORDS_DIFFERENT) return compare_say(LEM_ANSWER_NOT_EQUAL, RULE_DIFFERENT_WORDS);
        return same == WORDS_SAME ? r : compare_say(LEM_ANSWER_LIMIT, RULE_WORDS_UNKNOWN);
    }
    words one = a.n ? a : b;
    if (!c->rules->drop_label) return compare_say(LEM_ANSWER_NOT_EQUAL, RULE_LABEL_MISSING);
    bool other = compare_name(c->w, one, a.n ? p->core : g->core) == WORDS_DIFFERENT;
    return other || lem_words_change_value(one.s, one.n) ? compare_say(LEM_ANSWER_LIMIT, RULE_WORDS_UNKNOWN)
                                                         : r;
}

/* k in Z, alone: any whole number. */
static answer_parameter parameter_of(const statement *s) {
    const ast_node *a = s->condition[0];
    if (!s->conditions) return PARAMETER_OPEN;
    bool whole = s->conditions == 1 && a->n == 2 && a->name[0] == 'i' &&
                 (lem_ast_is_sym(a->kid[1], "integers") || lem_ast_is_sym(a->kid[1], "Z"));
    return whole ? PARAMETER_WHOLE : PARAMETER_BOUND;
}

static lem_answer_result compare_cores(answers *c, const statement *g, const statement *p) {
    const answer_parameter outer[2] = {c->parameter[0], c->parameter[1]};
    if (g->conditions) c->parameter[0] = parameter_of(g);
    if (p->conditions) c->parameter[1] = parameter_of(p);
    lem_answer_result r = c->compare(c, g->core, p->core);
    memcpy(c->parameter, outer, sizeof outer);
    return r;
}

static lem_answer_result compare_statements(answers *c, const statement *g, const statement *p) {
    lem_answer_result r = compare_cores(c, g, p);
    if (compare_is_equal(r)) r = compare_labels(c, g, p, r);
    return compare_is_equal(r) ? compare_conditions(c, g, p, r) : r;
}

/* ---- several parts ---- */

static bool is_list_of_said(const ast_node *a) {
    for (uint32_t k = 0; a->kind == AST_LIST && k < a->n; k++)
        if (a->kid[k]->kind == AST_SAID) return true;
    return false;
}

/* What a part goes by: its words, or the letter before its "=". */
static words words_of(const ast_node *a) {
    const ast_node *name = a->kind == AST_REL && a->n == 2 && a->name[0] == '=' ? a->kid[0] : NULL;
    if (a->kind == AST_SAID) return (words){a->name, a->len, false};
    return name && name->kind == AST_TEXT ? (words){name->name, name->len, false} : (words){NULL, 0, false};
}

static const ast_node *letter_of(const ast_node *a) {
    bool named = a->kind == AST_REL && a->n == 2 && a->name[0] == '=' && a->kid[0]->kind == AST_SYM;
    return named ? a->kid[0] : NULL;
}

static bool go_together(const ast_node *a, const ast_node *b) {
    words x = words_of(a), y = words_of(b);
    const ast_node *s = letter_of(a), *t = letter_of(b);
    if (x.n && y.n) return lem_words_compare(x, y) == WORDS_SAME;
    if (x.n && t) return lem_words_symbol(x, t->name, t->len) == WORDS_SAME;
    if (y.n && s) return lem_words_symbol(y, s->name, s->len) == WORDS_SAME;
    return s && t && lem_ast_same(s, t);
}

/* Every part against the one of its words or letter; against a list without words part by part in its order.
 */
static lem_answer_result compare_parts(answers *c, const ast_node *a, const ast_node *b) {
    lem_answer_result all = compare_say(LEM_ANSWER_EQUAL_EXACT, RULE_PARTS);
    if (a->kind != b->kind || a->n != b->n) return compare_say(LEM_ANSWER_LIMIT, RULE_WORDS_UNKNOWN);
    for (uint32_t k = 0; k < a->n; k++) {
        uint32_t at = 0;
        while (at < b->n && !go_together(a->kid[k], b->kid[at])) at++;
        lem_answer_result r = c->compare(c, a->kid[k], b->kid[at < b->n ? at : k]);
        if (!compare_is_equal(r)) return r;
        if (r.verdict == LEM_ANSWER_EQUAL_NUMERIC) all.verdict = r.verdict;
    }
    return all;
}

/* "center (2,-3), r = 4" has its words before the first part only. */
static const ast_node *opened(lem_work *w, const ast_node *a) {
    const ast_node *list = a->kind == AST_SAID && a->n == 1 && !a->decimal ? a->kid[0] : NULL;
    if (!list || list->kind != AST_LIST) return a;
    for (uint32_t k = 1; k < list->n; k++)
        if (!letter_of(list->kid[k]) && !words_of(list->kid[k]).n) return a;
    ast_node *first = lem_ast_wrap(w, AST_SAID, list->kid[0]), *r = lem_ast_new(w, AST_LIST, list->n);
    if (!first || !r) return a;
    first->name = a->name;
    first->len = a->len;
    for (uint32_t k = 0; k < list->n; k++) r->kid[k] = k ? list->kid[k] : first;
    r->open = list->open;
    return r;
}

bool lem_compare_said(answers *c, const ast_node **gold, const ast_node **pred, lem_answer_result *out) {
    *gold = opened(c->w, *gold);
    *pred = opened(c->w, *pred);
    if (is_list_of_said(*gold) || is_list_of_said(*pred)) return *out = compare_parts(c, *gold, *pred), true;
    statement g = statement_of(c->w, *gold), p = statement_of(c->w, *pred);
    if (g.core == *gold && p.core == *pred) return false;
    return *out = compare_statements(c, &g, &p), true;
}
