/* compare.c - the rules for choices, words, numbers in a base, ratios, residues, solutions, and what is left
 */
#include "answer/compare_priv.h"

#include "answer/canon_priv.h"
#include "answer/compare_words_priv.h"
#include "answer/decide/decide_priv.h"

#include <string.h>

static lem_answer_result same_or(bool same, answer_rule yes, answer_rule no) {
    return same ? compare_say(LEM_ANSWER_EQUAL_EXACT, yes) : compare_say(LEM_ANSWER_NOT_EQUAL, no);
}

static bool is_group(ast_kind k) { return k == AST_LIST || k == AST_SET || k == AST_TUPLE; }

/* ---- choices and words ---- */

/* The letter that a tree is: B, (B), \text{b}; 0 when it is something else. */
static char letter_of(const ast_node *a) {
    bool one = (a->kind == AST_SYM || a->kind == AST_TEXT || a->kind == AST_CHOICE) && a->len == 1;
    char ch = one ? a->name[0] : 0;
    if (ch >= 'a' && ch <= 'z' && a->kind == AST_TEXT) ch = (char)(ch - 32);
    return ch >= 'A' && ch <= 'Z' ? ch : 0;
}

lem_answer_result lem_compare_choices(comparison *c, const ast_node *a, const ast_node *b, int level) {
    if (a->kind == AST_CHOICE && b->kind == AST_CHOICE)
        return same_or(lem_ast_same_name(a, b), RULE_CHOICE, RULE_CHOICE_DIFFERENT);
    const ast_node *choice = a->kind == AST_CHOICE ? a : b;
    const ast_node *other = choice == a ? b : a;
    char letter = letter_of(other);
    if (letter) return same_or(letter == choice->name[0], RULE_CHOICE, RULE_CHOICE_DIFFERENT);
    if (choice->n == 0) return compare_say(LEM_ANSWER_DIFFERENT_KIND, RULE_KIND);
    if (choice == a) a = choice->kid[0];
    else b = choice->kid[0];
    return c->part(c, a, b, level + 1);
}

lem_answer_result lem_compare_texts(comparison *c, const ast_node *a, const ast_node *b, int level) {
    (void)level;
    if (lem_ast_same_name(a, b)) return compare_say(LEM_ANSWER_EQUAL_EXACT, RULE_SAME_WORDS);
    words_answer same =
        lem_words_compare((words){a->name, a->len, a->grouped}, (words){b->name, b->len, b->grouped});
    if (same == WORDS_UNKNOWN || (same == WORDS_SAME && !c->rules->drop_label))
        return compare_say(LEM_ANSWER_LIMIT, RULE_WORDS_UNKNOWN);
    return same_or(same == WORDS_SAME, RULE_SAME_WORDS, RULE_DIFFERENT_WORDS);
}

/* ---- numbers in a base, ratios, residues ---- */

static long base_of(const ast_node *a, size_t *digits) {
    size_t k = 0;
    long base = 0;
    while (k < a->len && a->name[k] != '_') k++;
    *digits = k;
    for (size_t j = k + 1; j < a->len; j++) {
        if (a->name[j] < '0' || a->name[j] > '9' || base > 1000) return 0;
        base = base * 10 + (a->name[j] - '0');
    }
    return base;
}

static int digit_value(char ch) {
    return ch >= '0' && ch <= '9' ? ch - '0' : ch >= 'A' && ch <= 'Z' ? ch - 'A' + 10 : 99;
}

/* The number that 1011_2 or 0.11_2 names, NULL when a digit or the base is not one. */
static ast_node *base_value(lem_work *w, const ast_node *a) {
    size_t n, places = 0;
    long base = base_of(a, &n);
    bool point = false;
    if (base < 2 || base > 36) return NULL;
    lem_rat *v = lem_rat_int(w, 0), *b = lem_rat_int(w, base);
    for (size_t k = 0; k < n && v; k++) {
        if (a->name[k] == '.') {
            point = true;
            continue;
        }
        int d = digit_value(a->name[k]);
        if (d >= base) return NULL;
        v = lem_rat_add(w, lem_rat_mul(w, v, b), lem_rat_int(w, d));
        places += point;
    }
    return lem_ast_num(w, places ? lem_rat_div(w, v, lem_rat_pow(w, b, (long)places)) : v);
}

lem_answer_result lem_compare_bases(comparison *c, const ast_node *a, const ast_node *b, int level) {
    (void)level;
    if (lem_ast_same_name(a, b)) return compare_say(LEM_ANSWER_EQUAL_EXACT, RULE_CANONICAL);
    ast_node *x = base_value(c->w, a), *y = x ? base_value(c->w, b) : NULL;
    return same_or(x && y && lem_rat_equal(x->q, y->q), RULE_BASE_VALUE, RULE_BASE_DIGITS);
}

/* The base may be left out: 1011 for 1011_2. */
lem_answer_result lem_compare_base(comparison *c, const ast_node *a, const ast_node *b, int level) {
    bool first = a->kind == AST_BASE;
    const ast_node *base = first ? a : b;
    const ast_node *number = first ? b : a;
    size_t n;
    (void)level;
    (void)base_of(base, &n);
    lem_rat *digits =
        n && strspn(base->name, "0123456789.") >= n ? lem_rat_decimal(c->w, base->name, n, 0) : NULL;
    if (c->rules->base_left_out && digits && lem_rat_equal(digits, number->q))
        return compare_say(LEM_ANSWER_EQUAL_EXACT, RULE_BASE_LEFT_OUT);
    ast_node *v = c->rules->base_ten ? base_value(c->w, base) : NULL;
    return same_or(v && lem_rat_equal(v->q, number->q), RULE_BASE_VALUE, RULE_BASE_DIGITS);
}

static bool is_half_day(const ast_node *a) {
    return a->kind == AST_QTY && a->len == 2 && a->name[1] == 'm' && (a->name[0] == 'a' || a->name[0] == 'p');
}

/* 4:05, 4:30 p.m.: a clock. 2:4 is a ratio and the same as 1:2. */
static bool is_clock(const ast_node *a) { return a->n >= 2 && (a->decimal || is_half_day(a->kid[a->n - 1])); }

/* 6:40 and 3:20 are ratios or times of day; 2:3 and 90:15 can be ratios only. */
static bool may_be_clock(const ast_node *a) {
    const ast_node *hours = a->kid[0], *minutes = a->kid[a->n - 1];
    return a->n == 2 && hours->kind == AST_NUM && minutes->kind == AST_NUM && minutes->len == 2 &&
           mpq_cmp_ui(minutes->q->q, 60, 1) < 0 && mpq_cmp_ui(hours->q->q, 24, 1) <= 0;
}

/* Minutes since midnight of 4:30 p.m. or 16:30; -1 when it is no time. */
static long minutes_of_day(const ast_node *a, bool *half) {
    const ast_node *m = a->kid[a->n - 1];
    long hour, minute;
    *half = is_half_day(m);
    const ast_node *value = *half ? m->kid[0] : m;
    if (a->n != 2 || a->kid[0]->kind != AST_NUM || value->kind != AST_NUM ||
        !lem_rat_small(a->kid[0]->q, 24, &hour) || !lem_rat_small(value->q, 59, &minute) || hour < 0 ||
        minute < 0 || (*half && (hour < 1 || hour > 12)))
        return -1;
    if (*half) hour = hour % 12 + 12 * (m->name[0] == 'p');
    return hour * 60 + minute;
}

/* 4:30 p.m. is 16:30; hours up to 12 may leave the half of the day out, and are compared as they stand. */
static bool compare_24_hours(const ast_node *a, const ast_node *b, lem_answer_result *out) {
    bool x, y;
    long m = minutes_of_day(a, &x), n = minutes_of_day(b, &y);
    long full = x ? n : m; /* the side without its half of the day */
    if (m < 0 || n < 0 || x == y || (full >= 60 && full < 13 * 60)) return false;
    return *out = same_or(m == n, RULE_CLOCK, RULE_PART_DIFFERS), true;
}

/* a0 : ak = b0 : bk for every k; `plain` where a part is no number. */
static lem_answer_result compare_proportions(comparison *c, const ast_node *a, const ast_node *b,
                                             lem_answer_result plain) {
    lem_answer_verdict v = LEM_ANSWER_EQUAL_EXACT;
    for (uint32_t k = 1; k < a->n; k++) {
        const ast_node *const part[] = {a->kid[0], a->kid[k], b->kid[0], b->kid[k]};
        for (int j = 0; j < 4; j++)
            if (!lem_ast_is_scalar(part[j])) return plain;
        ast_node *x = lem_ast_mul(c->w, a->kid[0], b->kid[k]), *y = lem_ast_mul(c->w, a->kid[k], b->kid[0]);
        lem_answer_result r =
            x && y ? lem_compare_scalars(c, x, y) : compare_say(LEM_ANSWER_LIMIT, RULE_WORK);
        if (compare_is_different(r)) return compare_say(r.verdict, RULE_RATIO_DIFFERENT);
        if (r.verdict != LEM_ANSWER_EQUAL_EXACT) v = r.verdict;
    }
    if (may_be_clock(a) && may_be_clock(b)) return compare_say(LEM_ANSWER_LIMIT, RULE_RATIO_OR_CLOCK);
    return compare_say(v, v == LEM_ANSWER_LIMIT ? RULE_NOT_DECIDED : RULE_RATIO);
}

lem_answer_result lem_compare_ratios(comparison *c, const ast_node *a, const ast_node *b, int level) {
    lem_answer_result same;
    if (compare_24_hours(a, b, &same)) return same;
    same = lem_compare_ordered(c, a, b, level);
    if (is_clock(a) != is_clock(b) && compare_is_equal(same) && !may_be_clock(is_clock(a) ? b : a))
        return compare_say(LEM_ANSWER_LIMIT, RULE_RATIO_OR_CLOCK); /* 4:05 and 4:5 */
    if (is_clock(a) || is_clock(b))
        return compare_is_equal(same) ? compare_say(same.verdict, RULE_CLOCK) : same;
    if (compare_is_equal(same) || a->n != b->n || !c->rules->ratio_scales) return same;
    return compare_proportions(c, a, b, same);
}

lem_answer_result lem_compare_ratio_number(comparison *c, const ast_node *a, const ast_node *b, int level) {
    (void)level;
    const ast_node *ratio = a->kind == AST_RATIO ? a : b;
    if (!c->rules->ratio_fraction || ratio->n != 2 || !lem_ast_is_scalar(ratio->kid[0]) ||
        !lem_ast_is_scalar(ratio->kid[1]))
        return compare_say(LEM_ANSWER_DIFFERENT_KIND, RULE_KIND);
    ast_node *q = lem_ast_div(c->w, ratio->kid[0], ratio->kid[1]);
    if (!q) return compare_say(LEM_ANSWER_DIFFERENT_KIND, RULE_KIND);
    lem_answer_result r = ratio == a ? lem_compare_scalars(c, q, b) : lem_compare_scalars(c, a, q);
    return compare_is_equal(r) ? compare_say(r.verdict, RULE_RATIO_FRACTION) : r;
}

static lem_answer_result compare_residues(comparison *c, const shape *g, const shape *p,
                                          lem_answer_result plain) {
    if (!g->modulus || !p->modulus) /* it may be left out, but x = 3 is less than x = 3 mod 5 */
        return compare_is_equal(plain) && g->label && p->label
                   ? compare_say(LEM_ANSWER_LIMIT, RULE_NOT_DECIDED)
                   : plain;
    lem_answer_result m = lem_compare_scalars(c, g->modulus, p->modulus);
    if (!compare_is_equal(m)) return compare_say(LEM_ANSWER_NOT_EQUAL, RULE_MODULO_DIFFERS);
    if (g->v->kind != AST_NUM || p->v->kind != AST_NUM || g->modulus->kind != AST_NUM ||
        !lem_rat_sign(g->modulus->q))
        return plain;
    lem_rat *q = lem_rat_div(c->w, lem_rat_sub(c->w, g->v->q, p->v->q), g->modulus->q);
    return same_or(q && lem_rat_is_int(q), RULE_MODULO, RULE_MODULO_DIFFERS);
}

bool lem_compare_residues(comparison *c, const compare_pair *x, lem_answer_result *r) {
    if (x->g.modulus || x->p.modulus) *r = compare_residues(c, &x->g, &x->p, *r);
    return false;
}

/* ---- solutions of an equation ---- */

/* Do these numbers solve a polynomial equation in one symbol, as many different ones as its degree? */
static lem_answer_result compare_solutions(comparison *c, const ast_node *rel, const ast_node *const *value,
                                           uint32_t n) {
    lem_work *w = c->w;
    const ast_node *sym[1];
    if (lem_shape_symbols(w, rel, sym, 1) != 1) return compare_say(LEM_ANSWER_DIFFERENT_KIND, RULE_KIND);
    ast_node *d = lem_ast_add(w, rel->kid[0], lem_ast_neg(w, rel->kid[1])), *product = lem_ast_int(w, 1),
             *zero = lem_ast_int(w, 0);
    for (uint32_t k = 0; k < n && d && product; k++) {
        ast_node *at = lem_ast_replace(w, d, sym[0]->name, sym[0]->len, (ast_node *)value[k]);
        if (!at || !compare_is_equal(lem_decide_scalars(w, at, zero)))
            return compare_say(LEM_ANSWER_NOT_EQUAL, RULE_EQUATION_DIFFERS);
        product =
            lem_ast_mul(w, product, lem_ast_add(w, (ast_node *)sym[0], lem_ast_neg(w, (ast_node *)value[k])));
    }
    /* all solutions: lhs - rhs is a constant times (x - a)(x - b)… */
    ast_node *probe = product ? lem_ast_new(w, AST_REL, 2) : NULL;
    if (!probe) return compare_say(LEM_ANSWER_LIMIT, RULE_WORK);
    probe->kid[0] = product;
    probe->kid[1] = zero;
    probe->name = "=";
    probe->len = 1;
    lem_answer_result r;
    if (!lem_compare_equations(c, rel, probe, &r)) return compare_say(LEM_ANSWER_DIFFERENT_KIND, RULE_KIND);
    return compare_is_equal(r) ? compare_say(r.verdict, RULE_SOLUTIONS) : r;
}

static bool solvable(const ast_node *rel, const ast_node *value) {
    if (rel->kind != AST_REL || rel->n != 2 || rel->name[0] != '=' || !lem_ast_is_scalar(rel->kid[0]) ||
        !lem_ast_is_scalar(rel->kid[1]))
        return false;
    if (value->kind != AST_LIST && value->kind != AST_SET) return lem_ast_is_scalar(value);
    for (uint32_t k = 0; k < value->n; k++)
        if (!lem_ast_is_scalar(value->kid[k])) return false;
    return value->n > 0;
}

lem_answer_result lem_compare_with_solutions(comparison *c, const ast_node *a, const ast_node *b, int level) {
    (void)level;
    bool first = solvable(a, b);
    if (!first && !solvable(b, a)) return COMPARE_PASSES;
    const ast_node *rel = first ? a : b;
    const ast_node *value = first ? b : a;
    bool list = value->kind == AST_LIST || value->kind == AST_SET;
    const ast_node *const *at = list ? (const ast_node *const *)value->kid : &value;
    return compare_solutions(c, rel, at, list ? value->n : 1);
}

/* ---- what is left ---- */

/* 3,14 as one number; NULL for other lists. */
static const ast_node *decimal_comma(comparison *c, const ast_node *a) {
    if (a->kind != AST_LIST || a->n != 2 || a->kid[0]->kind != AST_NUM || a->kid[1]->kind != AST_NUM ||
        !a->kid[0]->len || !a->kid[1]->len)
        return NULL;
    lem_rat *places = lem_rat_pow10(c->w, -(long)a->kid[1]->len);
    ast_node *v = lem_ast_num(c->w, lem_rat_add(c->w, a->kid[0]->q, lem_rat_mul(c->w, a->kid[1]->q, places)));
    if (v) v->decimal = true, v->ulp10 = -(int32_t)a->kid[1]->len;
    return v;
}

lem_answer_result lem_compare_decimal_comma(comparison *c, const ast_node *a, const ast_node *b, int level) {
    (void)level;
    const ast_node *x = a->kind == AST_NUM ? a : decimal_comma(c, a),
                   *y = b->kind == AST_NUM ? b : decimal_comma(c, b);
    return x && y ? lem_compare_scalars(c, x, y) : COMPARE_PASSES;
}

lem_answer_result lem_compare_one_element(comparison *c, const ast_node *a, const ast_node *b, int level) {
    bool first = a->kind == AST_SET && a->n == 1;
    if ((!first && (b->kind != AST_SET || b->n != 1)) || is_group((first ? b : a)->kind))
        return COMPARE_PASSES;
    lem_answer_result r = first ? c->part(c, a->kid[0], b, level + 1) : c->part(c, a, b->kid[0], level + 1);
    return compare_is_equal(r) ? compare_say(r.verdict, RULE_ONE_ELEMENT) : r;
}

lem_answer_result lem_compare_kinds(comparison *c, const ast_node *a, const ast_node *b, int level) {
    (void)c, (void)level;
    return a->kind == b->kind ? COMPARE_PASSES : compare_say(LEM_ANSWER_DIFFERENT_KIND, RULE_KIND);
}

lem_answer_result lem_compare_as_written(comparison *c, const ast_node *a, const ast_node *b, int level) {
    (void)level;
    const char *x = lem_compare_text(c->w, a), *y = x ? lem_compare_text(c->w, b) : NULL;
    if (c->w->limit) return compare_say(LEM_ANSWER_LIMIT, RULE_WORK);
    return x && y && strcmp(x, y) == 0 ? compare_say(LEM_ANSWER_EQUAL_EXACT, RULE_CANONICAL)
                                       : compare_say(LEM_ANSWER_LIMIT, RULE_NOT_DECIDED);
}
