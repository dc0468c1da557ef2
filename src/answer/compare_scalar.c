/* compare_scalar.c - numbers and expressions: exact, rounded as the gold is, within a tolerance */
#include "answer/compare_priv.h"

#include "answer/canon_priv.h"
#include "answer/decide/decide_priv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a pair of expressions costs at least: some 15 microseconds, so that no pair of long lists takes more
 * than 20 milliseconds. */
enum { SCALAR_COST = 1500 };

static lem_rat *half_unit(lem_work *w, int ulp10) {
    return lem_rat_mul(w, lem_rat_pow10(w, ulp10), lem_rat_decimal(w, "0.5", 3, 0));
}

/* A tolerance as people write it: the decimal of 15 digits next to the double. */
static lem_rat *from_double(lem_work *w, double v) {
    char t[40];
    if (!(isfinite(v) && v > 1e-300 && v < 1e300)) return NULL;
    (void)snprintf(t, sizeof t, "%.14e", v);
    char *e = strchr(t, 'e');
    if (!e) return NULL;
    for (char *s = t; s < e; s++)
        if (*s == ',') *s = '.'; /* whatever the locale */
    return lem_rat_decimal(w, t, (size_t)(e - t), strtol(e + 1, NULL, 10));
}

static bool rationals_within(lem_work *w, const ast_node *a, const ast_node *b, const lem_rat *tol) {
    lem_rat *d = lem_rat_sub(w, a->q, b->q);
    if (d && lem_rat_sign(d) < 0) d = lem_rat_neg(w, d);
    return d && tol && mpq_cmp(d->q, tol->q) <= 0;
}

static bool within(lem_work *w, const ast_node *a, const ast_node *b, const lem_rat *tol) {
    if (!tol) return false;
    return a->kind == AST_NUM && b->kind == AST_NUM ? rationals_within(w, a, b, tol)
                                                    : lem_decide_within(w, a, b, tol);
}

/* The prediction must say more digits than the gold has: a whole number ends at the units, a fraction or a
 * root says all digits. */
static bool is_finer(const ast_node *gold, const ast_node *pred) {
    if (pred->kind != AST_NUM) return true;
    return pred->decimal ? pred->ulp10 < gold->ulp10 : !lem_rat_is_int(pred->q) || gold->ulp10 > 0;
}

/* A decimal gold, but 27.0: so programs write whole numbers. */
static bool asks_for_digits(const comparison *c, const ast_node *gold) {
    if (!c->rules->rounds || gold->kind != AST_NUM || !gold->decimal) return false;
    if (c->rules->whole_floats && gold->ulp10 == -1 && lem_rat_is_int(gold->q)) return false;
    return gold->ulp10 > -5000 && gold->ulp10 < 5000;
}

/* What the profile forgives between a gold and a prediction that differ. */
static bool forgiven(comparison *c, const ast_node *gold, const ast_node *pred, answer_rule *rule) {
    lem_work *w = c->w;
    if (asks_for_digits(c, gold) && is_finer(gold, pred) && within(w, gold, pred, half_unit(w, gold->ulp10)))
        return *rule = RULE_ROUNDS, true;
    *rule = RULE_TOLERANCE;
    if (c->rules->abs_tol > 0 && within(w, gold, pred, from_double(w, c->rules->abs_tol))) return true;
    if (!(c->rules->rel_tol > 0)) return false;
    lem_rat *rel = from_double(w, c->rules->rel_tol);
    if (gold->kind == AST_NUM) {
        lem_rat *size = lem_rat_sign(gold->q) < 0 ? lem_rat_neg(w, gold->q) : gold->q;
        return within(w, gold, pred, rel ? lem_rat_mul(w, rel, size) : NULL);
    }
    ast_node *quotient = lem_ast_div(w, (ast_node *)pred, (ast_node *)gold);
    return quotient && within(w, quotient, lem_ast_int(w, 1), rel);
}

/* A copy in which every logarithm without a base is natural. */
static ast_node *natural_logs(lem_work *w, ast_node *a) {
    if (!a || !a->n || !lem_work_spend(w, 8)) return a;
    ast_node **kid = lem_work_alloc(w, a->n, sizeof *kid);
    for (uint32_t k = 0; kid && k < a->n; k++) kid[k] = natural_logs(w, a->kid[k]);
    ast_node *r = kid ? lem_ast_with_kids(w, a, kid) : NULL;
    if (r && r->kind == AST_FN && r->n == 1 && r->len == 3 && memcmp(r->name, "log", 3) == 0)
        r->name = "ln", r->len = 2;
    return r;
}

/* Letters alone: a letter in \text may be in either case. */
static lem_answer_result compare_letters(const comparison *c, const ast_node *a, const ast_node *b) {
    if (a->name[0] == b->name[0]) return compare_say(LEM_ANSWER_EQUAL_EXACT, RULE_CANONICAL);
    bool fold = c->rules->any_case && (a->decimal || b->decimal) && (a->name[0] ^ 32) == b->name[0];
    return fold ? compare_say(LEM_ANSWER_EQUAL_EXACT, RULE_CASE_OF_TEXT)
                : compare_say(LEM_ANSWER_NOT_EQUAL, RULE_CANONICAL);
}

/* As the deciders say; forms that nobody evaluates, such as integrals, are equal when written alike. */
static lem_answer_result decided(comparison *c, const ast_node *a, const ast_node *b) {
    if (a->kind == AST_NUM && b->kind == AST_NUM)
        return lem_rat_equal(a->q, b->q) ? compare_say(LEM_ANSWER_EQUAL_EXACT, RULE_EXACT_RATIONAL)
                                         : compare_say(LEM_ANSWER_NOT_EQUAL, RULE_EXACT_RATIONAL);
    if (!lem_work_spend(c->w, SCALAR_COST)) return compare_say(LEM_ANSWER_LIMIT, RULE_WORK);
    lem_answer_result r = lem_decide_scalars(c->w, a, b);
    if (r.verdict != LEM_ANSWER_LIMIT || c->w->limit) return r;
    const char *x = lem_compare_text(c->w, a), *y = x ? lem_compare_text(c->w, b) : NULL;
    return x && y && strcmp(x, y) == 0 ? compare_say(LEM_ANSWER_EQUAL_EXACT, RULE_CANONICAL) : r;
}

static bool equal_with_natural_logs(comparison *c, const ast_node *a, const ast_node *b,
                                    lem_answer_result *out) {
    if (!c->rules->any_log || (!lem_shape_has(c->w, a, AST_FN) && !lem_shape_has(c->w, b, AST_FN)))
        return false;
    ast_node *x = natural_logs(c->w, (ast_node *)a), *y = natural_logs(c->w, (ast_node *)b);
    if (!x || !y) return false;
    lem_answer_result n = lem_decide_scalars(c->w, x, y);
    return *out = compare_say(n.verdict, RULE_ANY_LOG), compare_is_equal(n);
}

static bool goes_on(lem_work *w, const ast_node *a) {
    if (!lem_work_spend(w, 1)) return false;
    if (lem_ast_is_sym(a, "dots")) return true;
    for (uint32_t k = 0; k < a->n; k++)
        if (goes_on(w, a->kid[k])) return true;
    return false;
}

/* 90° - x as 90 - x, but for the arguments of functions. */
static ast_node *without_degrees(lem_work *w, ast_node *a) {
    if (!a || a->kind == AST_FN || !a->n || !lem_work_spend(w, 8)) return a;
    ast_node **kid = lem_work_alloc(w, a->n, sizeof *kid);
    bool same = true;
    for (uint32_t k = 0; kid && k < a->n; k++) {
        if (!(kid[k] = without_degrees(w, a->kid[k]))) return NULL;
        same = same && kid[k] == a->kid[k];
    }
    if (!kid) return NULL;
    if (a->kind == AST_DEGREE) return kid[0];
    return same ? a : lem_ast_with_kids(w, a, kid);
}

/* Degrees inside one side only. */
static bool equal_without_degrees(comparison *c, const ast_node *a, const ast_node *b,
                                  lem_answer_result *out) {
    bool x = lem_shape_has(c->w, a, AST_DEGREE), y = lem_shape_has(c->w, b, AST_DEGREE);
    if (!c->rules->drop_unit || x == y || c->w->limit) return false;
    ast_node *plain = without_degrees(c->w, (ast_node *)(x ? a : b));
    return plain && compare_is_equal(*out = decided(c, plain, x ? b : a));
}

static lem_answer_result plain_scalars(comparison *c, const ast_node *a, const ast_node *b) {
    answer_rule rule;
    if (a->kind == AST_SYM && b->kind == AST_SYM && a->len == 1 && b->len == 1)
        return compare_letters(c, a, b);
    lem_answer_result r = decided(c, a, b), logs;
    if (compare_is_equal(r) || c->w->limit) return r;
    if (equal_with_natural_logs(c, a, b, &logs) || equal_without_degrees(c, a, b, &logs)) return logs;
    if (forgiven(c, a, b, &rule)) return compare_say(LEM_ANSWER_EQUAL_NUMERIC, rule);
    if (goes_on(c->w, a) != goes_on(c->w, b))
        return compare_say(LEM_ANSWER_LIMIT, RULE_NOT_DECIDED); /* 1 + 4 + … + 100 */
    return c->w->limit ? compare_say(LEM_ANSWER_LIMIT, RULE_WORK) : r;
}

/* A letter before a bracket may be a function or a factor. Equal as applications is equal either way; what
 * differs as products differs either way. */
lem_answer_result lem_compare_scalars(comparison *c, const ast_node *a, const ast_node *b) {
    lem_work *w = c->w;
    lem_answer_result r = plain_scalars(c, a, b);
    if (compare_is_equal(r) || w->limit || (!lem_ast_has_call(w, a) && !lem_ast_has_call(w, b))) return r;
    if (lem_ast_has_call(w, a) != lem_ast_has_call(w, b)) return compare_say(LEM_ANSWER_LIMIT, RULE_CALL);
    ast_node *x = lem_ast_calls_as_products(w, (ast_node *)a),
             *y = lem_ast_calls_as_products(w, (ast_node *)b);
    if (!x || !y) return compare_say(LEM_ANSWER_LIMIT, w->limit ? RULE_WORK : RULE_CALL);
    return compare_is_different(plain_scalars(c, x, y)) ? compare_say(LEM_ANSWER_NOT_EQUAL, RULE_CALL_DIFFERS)
                                                        : compare_say(LEM_ANSWER_LIMIT, RULE_CALL);
}

lem_answer_result lem_compare_expressions(comparison *c, const ast_node *a, const ast_node *b, int level) {
    (void)level;
    return lem_compare_scalars(c, a, b);
}
