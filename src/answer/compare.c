/* compare.c - verdicts on two parsed answers: which rule decides a pair of shapes */
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

static lem_answer_result compare_choices(comparison *c, const ast_node *a, const ast_node *b, int level) {
    if (a->kind == AST_CHOICE && b->kind == AST_CHOICE)
        return same_or(lem_ast_same_name(a, b), RULE_CHOICE, RULE_CHOICE_DIFFERENT);
    const ast_node *choice = a->kind == AST_CHOICE ? a : b, *other = choice == a ? b : a;
    char letter = letter_of(other);
    if (letter) return same_or(letter == choice->name[0], RULE_CHOICE, RULE_CHOICE_DIFFERENT);
    if (choice->n == 0) return compare_say(LEM_ANSWER_DIFFERENT_KIND, RULE_KIND);
    return choice == a ? lem_compare_level(c, choice->kid[0], b, level + 1)
                       : lem_compare_level(c, a, choice->kid[0], level + 1);
}

static lem_answer_result compare_texts(const comparison *c, const ast_node *a, const ast_node *b) {
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

static lem_answer_result compare_bases(comparison *c, const ast_node *a, const ast_node *b) {
    if (lem_ast_same_name(a, b)) return compare_say(LEM_ANSWER_EQUAL_EXACT, RULE_CANONICAL);
    ast_node *x = base_value(c->w, a), *y = x ? base_value(c->w, b) : NULL;
    return same_or(x && y && lem_rat_equal(x->q, y->q), RULE_BASE_VALUE, RULE_BASE_DIGITS);
}

/* The base may be left out: 1011 for 1011_2. */
static lem_answer_result compare_base(comparison *c, const ast_node *base, const ast_node *number) {
    size_t n;
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

static lem_answer_result compare_ratios(comparison *c, const ast_node *a, const ast_node *b, int level) {
    lem_answer_result same;
    if (compare_24_hours(a, b, &same)) return same;
    same = lem_compare_ordered(c, a, b, level);
    if (is_clock(a) || is_clock(b))
        return compare_is_equal(same) ? compare_say(same.verdict, RULE_CLOCK) : same;
    if (compare_is_equal(same) || a->n != b->n || !c->rules->ratio_scales) return same;
    return compare_proportions(c, a, b, same);
}

static lem_answer_result compare_ratio_number(comparison *c, const ast_node *a, const ast_node *b) {
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
    if (!g->modulus || !p->modulus) return plain; /* the modulus may be left out */
    lem_answer_result m = lem_compare_scalars(c, g->modulus, p->modulus);
    if (!compare_is_equal(m)) return compare_say(LEM_ANSWER_NOT_EQUAL, RULE_MODULO_DIFFERS);
    if (g->v->kind != AST_NUM || p->v->kind != AST_NUM || g->modulus->kind != AST_NUM ||
        !lem_rat_sign(g->modulus->q))
        return plain;
    lem_rat *q = lem_rat_div(c->w, lem_rat_sub(c->w, g->v->q, p->v->q), g->modulus->q);
    return same_or(q && lem_rat_is_int(q), RULE_MODULO, RULE_MODULO_DIFFERS);
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

static lem_answer_result compare_with_solutions(comparison *c, const ast_node *rel, const ast_node *value) {
    bool list = value->kind == AST_LIST || value->kind == AST_SET;
    const ast_node *const *at = list ? (const ast_node *const *)value->kid : &value;
    return compare_solutions(c, rel, at, list ? value->n : 1);
}

/* ---- dispatch ---- */

static lem_answer_result compare_structures(comparison *c, const ast_node *a, const ast_node *b, int level) {
    if (a->kind != b->kind) {
        if (c->rules->solve && solvable(a, b)) return compare_with_solutions(c, a, b);
        if (c->rules->solve && solvable(b, a)) return compare_with_solutions(c, b, a);
        return compare_say(LEM_ANSWER_DIFFERENT_KIND, RULE_KIND);
    }
    if (a->kind == AST_REL) return lem_compare_relations(c, a, b, level);
    if (a->kind == AST_BUILDER || a->kind == AST_SETMINUS) return lem_compare_ordered(c, a, b, level);
    if (a->kind == AST_UNION || a->kind == AST_INTER) return lem_compare_unordered(c, a, b, level);
    const char *x = lem_compare_text(c->w, a), *y = x ? lem_compare_text(c->w, b) : NULL;
    if (c->w->limit) return compare_say(LEM_ANSWER_LIMIT, RULE_WORK);
    return x && y && strcmp(x, y) == 0 ? compare_say(LEM_ANSWER_EQUAL_EXACT, RULE_CANONICAL)
                                       : compare_say(LEM_ANSWER_LIMIT, RULE_NOT_DECIDED);
}

static bool is_vectorish(const ast_node *a) {
    return a->kind == AST_MATRIX || (a->kind == AST_TUPLE && a->n >= 2 && a->n <= 3);
}

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

static lem_answer_result compare_values(comparison *c, const ast_node *a, const ast_node *b, int level) {
    lem_answer_result r;
    if (c->rules->decimal_comma && (a->kind == AST_NUM) != (b->kind == AST_NUM)) {
        const ast_node *x = a->kind == AST_NUM ? a : decimal_comma(c, a),
                       *y = b->kind == AST_NUM ? b : decimal_comma(c, b);
        if (x && y) return lem_compare_scalars(c, x, y);
    }
    if (a->kind == AST_CHOICE || b->kind == AST_CHOICE) return compare_choices(c, a, b, level);
    if (lem_ast_is_scalar(a) && lem_ast_is_scalar(b)) return lem_compare_scalars(c, a, b);
    if (a->kind == AST_TEXT && b->kind == AST_TEXT) return compare_texts(c, a, b);
    if (a->kind == AST_SYSTEM || b->kind == AST_SYSTEM) return lem_compare_systems(c, a, b, level);
    if (lem_compare_regions(c, a, b, &r)) return r;
    if (is_group(a->kind) && is_group(b->kind)) return lem_compare_groups(c, a, b, level);
    if (a->kind == AST_MATRIX || b->kind == AST_MATRIX) return lem_compare_vectors(c, a, b, level);
    if ((is_vectorish(a) && lem_ast_is_scalar(b)) || (is_vectorish(b) && lem_ast_is_scalar(a)))
        return lem_compare_vectors(c, a, b, level);
    if (a->kind == AST_BASE && b->kind == AST_BASE) return compare_bases(c, a, b);
    if (a->kind == AST_BASE && b->kind == AST_NUM) return compare_base(c, a, b);
    if (a->kind == AST_NUM && b->kind == AST_BASE) return compare_base(c, b, a);
    if (a->kind == AST_RATIO && b->kind == AST_RATIO) return compare_ratios(c, a, b, level);
    if ((a->kind == AST_RATIO && lem_ast_is_scalar(b)) || (b->kind == AST_RATIO && lem_ast_is_scalar(a)))
        return compare_ratio_number(c, a, b);
    const ast_node *one = a->kind == AST_SET && a->n == 1 ? a : b->kind == AST_SET && b->n == 1 ? b : NULL;
    if (one && c->rules->list_is_set && !is_group((one == a ? b : a)->kind)) {
        r = one == a ? lem_compare_level(c, a->kid[0], b, level + 1)
                     : lem_compare_level(c, a, b->kid[0], level + 1);
        return compare_is_equal(r) ? compare_say(r.verdict, RULE_ONE_ELEMENT) : r;
    }
    return compare_structures(c, a, b, level);
}

static bool is_equality(const ast_node *a) { return a->kind == AST_REL && a->n == 2 && a->name[0] == '='; }

/* f and g of f(x) = …, g(t) = …: the function's symbol and argument. */
static bool is_call(const ast_node *a) {
    return a->kind == AST_FN && a->call && a->n == 1 && a->kid[0]->kind == AST_SYM;
}

/* Both sides name what they give: the same name; or, of a function, another letter for its argument; or an
 * equation solved for another symbol. */
static lem_answer_result compare_labelled(comparison *c, const ast_node *gold, const ast_node *pred,
                                          const shape *g, const shape *p, int level) {
    lem_answer_result r;
    const ast_node *pv = p->v;
    if (!lem_ast_same(g->label, p->label)) {
        if (is_call(g->label) && is_call(p->label) && lem_ast_same_name(g->label, p->label)) {
            const ast_node *from = p->label->kid[0];
            pv = lem_ast_replace(c->w, (ast_node *)pv, from->name, from->len, g->label->kid[0]);
            if (!pv) return compare_say(LEM_ANSWER_LIMIT, RULE_WORK);
        } else {
            if (is_equality(gold) && is_equality(pred) && lem_compare_equations(c, gold, pred, &r) &&
                compare_is_equal(r))
                return r;
            r = compare_values(c, g->v, p->v, level);
            return compare_is_equal(r) ? compare_say(LEM_ANSWER_NOT_EQUAL, RULE_SYMBOL) : r;
        }
    }
    return compare_values(c, g->v, pv, level);
}

lem_answer_result lem_compare_level(comparison *c, const ast_node *gold, const ast_node *pred, int level) {
    lem_work *w = c->w;
    if (level > COMPARE_MAX_LEVEL) return compare_say(LEM_ANSWER_LIMIT, RULE_NESTED);
    if (!lem_work_spend(w, 64)) return compare_say(LEM_ANSWER_LIMIT, RULE_WORK);
    shape g = lem_shape_of(w, gold), p = lem_shape_of(w, pred);
    if (w->limit) return compare_say(LEM_ANSWER_LIMIT, RULE_WORK);
    lem_answer_result r;
    bool bare_equation =
        (g.v->kind == AST_REL && g.v->name[0] == '=') || (p.v->kind == AST_REL && p.v->name[0] == '=');
    if (g.label && p.label) r = compare_labelled(c, gold, pred, &g, &p, level);
    else if (bare_equation && is_equality(gold) && is_equality(pred) &&
             lem_compare_equations(c, gold, pred, &r))
        return r;
    else {
        r = compare_values(c, g.v, p.v, level);
        bool forms = g.v->kind != p.v->kind &&
                     (g.v->kind == AST_REL || p.v->kind == AST_REL); /* x in (1,2) against 1 < x < 2 */
        if (!c->rules->drop_label && (g.label != NULL) != (p.label != NULL) && !forms && compare_is_equal(r))
            r = compare_say(LEM_ANSWER_NOT_EQUAL, RULE_LABEL_MISSING);
    }
    if (g.modulus || p.modulus) r = compare_residues(c, &g, &p, r);
    bool dressed =
        g.percent != p.percent || g.degree != p.degree || g.unit || p.unit || g.currency || p.currency;
    return dressed ? lem_compare_dressed(c, &g, &p, r) : r;
}

/* ---- i and j ---- */

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

/* 1 + 2j against 1 + 2i: electrical engineers write j. An answer that has both letters means symbols or unit
 * vectors, not the imaginary unit. */
static void settle_imaginary(comparison *c, ast_node **g, ast_node **p) {
    bool gi = uses(c->w, *g, 'i'), gj = uses(c->w, *g, 'j'), pi = uses(c->w, *p, 'i'),
         pj = uses(c->w, *p, 'j');
    bool both = (gi && gj) || (pi && pj), alone = (*g)->kind == AST_SYM || (*p)->kind == AST_SYM;
    if (!(gj || pj) || (!both && (gj == pj || alone))) return;
    const char *from = both ? "i" : "j";
    ast_node *to = both ? lem_ast_named(c->w, AST_SYM, "i~", 2) : lem_ast_named(c->w, AST_SYM, "i", 1);
    if (both && c->rules->unit_vectors) return; /* i and j as vectors are read as they stand */
    if (!both && (gi == gj || pi == pj)) return;
    ast_node *x = lem_ast_replace(c->w, *g, from, 1, to), *y = lem_ast_replace(c->w, *p, from, 1, to);
    if (x && y) *g = x, *p = y;
}

lem_answer_result lem_compare_by(lem_work *w, const lem_answer_rules *rules, const ast_node *gold,
                                 const ast_node *pred) {
    comparison c = {w, rules};
    ast_node *g = (ast_node *)gold, *p = (ast_node *)pred;
    settle_imaginary(&c, &g, &p);
    lem_answer_result r =
        w->limit ? compare_say(LEM_ANSWER_LIMIT, RULE_WORK) : lem_compare_level(&c, g, p, 0);
    return w->limit && !compare_is_equal(r) ? compare_say(LEM_ANSWER_LIMIT, RULE_WORK)
                                            : r; /* what ran dry cannot prove a difference */
}
