/* compare_answer.c - whole answers: chains of equalities between constants, before their values are compared
 */
#include "answer/compare_answer_priv.h"

#include "answer/answer_forms_priv.h"
#include "answer/closed_values_priv.h"

#include <string.h>

enum { MAX_LINKS = 16 };

/* a = b = c between constants: every member is the answer where all links hold. */
typedef struct chain {
    const ast_node *member[MAX_LINKS];
    const ast_node *label; /* x of x = 6/16 = 3/8 */
    uint32_t n;            /* 1: no chain, the answer itself */
    bool broken, open;     /* a link is false, or undecided */
} chain;

static bool is_constant(lem_work *w, const ast_node *a) {
    const ast_node *sym[1];
    return lem_shape_symbols(w, a, sym, 1) == 0 && !lem_shape_has(w, a, AST_TEXT) &&
           !lem_shape_has(w, a, AST_TUPLE) && !lem_ast_has_call(w, a);
}

static bool all_equalities(const ast_node *a) {
    for (uint32_t k = 0; k + 1 < a->n; k++)
        if (a->name[k] != '=' && a->name[k] != '~') return false;
    return a->kind == AST_REL;
}

/* The members behind what is only named on the left; false when the answer is no chain. */
static bool members(lem_work *w, const ast_node *a, chain *c) {
    if (a->kind != AST_REL || a->n > MAX_LINKS || !all_equalities(a)) return false;
    bool named = lem_shape_is_label(a->kid[0]) || !is_constant(w, a->kid[0]);
    if (named && lem_shape_is_label(a->kid[0])) c->label = a->kid[0];
    for (uint32_t k = named; k < a->n; k++) {
        if (!is_constant(w, a->kid[k])) return false;
        if (k > named && a->name[k - 1] == '~') break; /* what is only near is no member */
        c->member[c->n++] = a->kid[k];
    }
    return c->n > 1;
}

/* One link, by the rules of the standard: a side may be rounded, a unit stand on one side only. */
static lem_answer_result link_of(lem_work *w, const ast_node *a, const ast_node *b) {
    lem_answer_rules rules = lem_answer_rules_standard();
    lem_answer_result r = lem_compare_by(w, &rules, a, b);
    return compare_is_equal(r) ? r : lem_compare_by(w, &rules, b, a);
}

static chain chain_of(lem_work *w, const ast_node *a) {
    chain c = {.n = 0};
    if (!members(w, a, &c)) return (chain){.member = {a}, .n = 1};
    for (uint32_t k = 0; k + 1 < c.n; k++) {
        lem_answer_result r = link_of(w, c.member[k], c.member[k + 1]);
        c.broken = c.broken || compare_is_different(r);
        c.open = c.open || r.verdict == LEM_ANSWER_LIMIT;
    }
    return c;
}

/* A member under the chain's label: x = 3/8. */
static const ast_node *named(lem_work *w, const chain *c, uint32_t k) {
    if (!c->label) return c->member[k];
    ast_node *r = lem_ast_new(w, AST_REL, 2);
    if (!r) return c->member[k];
    r->kid[0] = (ast_node *)c->label;
    r->kid[1] = (ast_node *)c->member[k];
    r->name = "=";
    r->len = 1;
    return r;
}

static lem_answer_result side_by_side(lem_work *w, const lem_answer_rules *rules, const chain *g,
                                      const chain *p) {
    bool same = g->n == p->n;
    for (uint32_t k = 0; same && k < g->n; k++)
        same = lem_compare_by(w, rules, g->member[k], p->member[k]).verdict == LEM_ANSWER_EQUAL_EXACT;
    return same ? compare_say(LEM_ANSWER_EQUAL_EXACT, RULE_IDENTITY_SIDES)
                : compare_say(LEM_ANSWER_NOT_EQUAL, RULE_CHAIN_BROKEN);
}

/* A false link. Without a name the answer is a false statement, equal only to the same one; x = 5+5+1 = 7 =
 * 11 gives x its last value, and the reason says that a link is false. */
static lem_answer_result of_broken(lem_work *w, const lem_answer_rules *rules, const chain *g,
                                   const chain *p) {
    if ((g->broken && !g->label) || (p->broken && !p->label)) return side_by_side(w, rules, g, p);
    lem_answer_result r = lem_compare_by(w, rules, named(w, g, g->n - 1), named(w, p, p->n - 1));
    return compare_is_equal(r) ? compare_say(r.verdict, RULE_CHAIN_END) : r;
}

/* The ends first; then any member of one side against any of the other. */
static lem_answer_result by_members(lem_work *w, const lem_answer_rules *rules, const chain *g,
                                    const chain *p) {
    lem_answer_result ends = lem_compare_by(w, rules, named(w, g, g->n - 1), named(w, p, p->n - 1));
    if (compare_is_equal(ends)) return ends;
    for (uint32_t i = g->n; i-- > 0 && !w->limit;)
        for (uint32_t j = p->n; j-- > 0;) {
            lem_answer_result r = lem_compare_by(w, rules, named(w, g, i), named(w, p, j));
            if (compare_is_equal(r)) return compare_say(r.verdict, RULE_CHAIN);
        }
    return ends;
}

/* The letter of a choice, as a capital; 0 when the answer is something else. */
static char letter_of(const ast_node *a) {
    bool one = (a->kind == AST_SYM || a->kind == AST_TEXT) && a->len == 1;
    char c = one ? a->name[0] : 0;
    if (c >= 'a' && c <= 'j') c = (char)(c - 32);
    return c >= 'A' && c <= 'J' ? c : 0;
}

/* Options by letter, as bits: ABD as a product or a word, {A, B, D}; 0 when it is something else. */
static uint32_t options_of(const ast_node *a) {
    uint32_t set = 0;
    bool list = a->kind == AST_LIST || a->kind == AST_SET;
    for (uint32_t k = 0; list && k < a->n; k++) {
        char c = letter_of(a->kid[k]);
        if (!c) return 0;
        set |= 1U << (c - 'A');
    }
    for (uint32_t k = 0; a->kind == AST_TEXT && k < a->len; k++) {
        char c = (char)(a->name[k] & ~32);
        if (c < 'A' || c > 'J') return 0;
        set |= 1U << (c - 'A');
    }
    for (; a->kind == AST_MUL; a = a->kid[0]) {
        char c = letter_of(a->kid[1]), last = letter_of(a->kid[0]);
        if (!c || (a->kid[0]->kind != AST_MUL && !last)) return 0;
        set |= 1U << (c - 'A');
        if (last) set |= 1U << (last - 'A');
    }
    return set;
}

bool lem_answer_options(answers *c, const ast_node **gold, const ast_node **pred, lem_answer_result *out) {
    (void)c;
    if ((*gold)->kind == (*pred)->kind || ((*gold)->kind != AST_LIST && (*pred)->kind != AST_LIST))
        return false;
    uint32_t g = options_of(*gold), p = g ? options_of(*pred) : 0;
    if (!p) return false;
    *out = g == p ? compare_say(LEM_ANSWER_EQUAL_EXACT, RULE_CHOICE)
                  : compare_say(LEM_ANSWER_NOT_EQUAL, RULE_CHOICE_DIFFERENT);
    return true;
}

bool lem_answer_letters(answers *c, const ast_node **gold, const ast_node **pred, lem_answer_result *out) {
    (void)c;
    char g = letter_of(*gold), p = letter_of(*pred);
    if (!g || !p) return false;
    *out = g == p ? compare_say(LEM_ANSWER_EQUAL_EXACT, RULE_CHOICE)
                  : compare_say(LEM_ANSWER_NOT_EQUAL, RULE_CHOICE_DIFFERENT);
    return true;
}

/* What the row says of commas and points. True where two readings are left. */
static bool by_row(const answers *c, const ast_node **gold, const ast_node **pred, lem_answer_result *out) {
    const ast_node *g = *gold, *p = *pred;
    if (c->rules->points_group) {
        *gold = lem_answer_points_group(c->w, g);
        *pred = lem_answer_points_group(c->w, p);
        if (!lem_answer_has_one_comma(g) && !lem_answer_has_one_comma(p)) return false;
        return *out = compare_say(LEM_ANSWER_LIMIT, RULE_NOT_DECIDED),
               true; /* 1,234 is English or European */
    }
    if (c->rules->commas != LEM_ANSWER_COMMAS_PART) return false;
    *gold = lem_answer_split(c->w, g);
    *pred = lem_answer_split(c->w, p);
    bool one = (*gold != g) != (*pred != p), number = g->kind == AST_NUM && p->kind == AST_NUM;
    if (!one || !number || !lem_rat_equal(g->q, p->q)) return false;
    return *out = compare_say(LEM_ANSWER_LIMIT, RULE_NOT_DECIDED), true; /* 100,200 beside 100200 */
}

bool lem_answer_as_asked(answers *c, const ast_node **gold, const ast_node **pred, lem_answer_result *out) {
    typedef const ast_node *reading(lem_work * w, const ast_node *a, const ast_node *other);
    static reading *const first[] = {lem_answer_as_european, lem_answer_as_base, lem_answer_as_point};
    static reading *const then[] = {lem_answer_as_list, lem_answer_as_quantity, lem_answer_as_count};
    if (by_row(c, gold, pred, out)) return true;
    const ast_node *g = *gold, *p = *pred;
    if (c->rules->commas == LEM_ANSWER_COMMAS_OPEN && lem_answer_is_reordered(g, p))
        return *out = compare_say(LEM_ANSWER_LIMIT, RULE_NOT_DECIDED), true;
    for (size_t k = 0; k < sizeof first / sizeof *first; k++) {
        g = first[k](c->w, g, p);
        p = first[k](c->w, p, g);
    }
    const bool bare = c->rules->base_left_out;
    *gold = bare ? lem_answer_as_bare_base(c->w, g, p) : g;
    *pred = bare ? lem_answer_as_bare_base(c->w, p, g) : p;
    size_t from = c->rules->commas == LEM_ANSWER_COMMAS_GROUP ? 1 : 0; /* then commas part nothing */
    for (size_t k = from; k < sizeof then / sizeof *then; k++) {
        *gold = then[k](c->w, *gold, p);
        *pred = then[k](c->w, *pred, g);
    }
    return false;
}

bool lem_answer_ends(answers *c, const ast_node **gold, const ast_node **pred, lem_answer_result *out) {
    const ast_node *g = *gold, *p = *pred;
    (void)out;
    *gold = lem_answer_as_end(c->w, g, p);
    *pred = lem_answer_as_end(c->w, p, g);
    return false;
}

static lem_answer_result compare_chains(lem_work *w, const lem_answer_rules *rules, const ast_node *gold,
                                        const ast_node *pred) {
    chain g = chain_of(w, gold), p = chain_of(w, pred);
    if (g.n == 1 && p.n == 1) return lem_compare_by(w, rules, gold, pred);
    if (w->limit) return compare_say(LEM_ANSWER_LIMIT, RULE_WORK);
    if (g.broken || p.broken) return of_broken(w, rules, &g, &p);
    lem_answer_result r = by_members(w, rules, &g, &p);
    return compare_is_equal(r) && (g.open || p.open) ? compare_say(LEM_ANSWER_LIMIT, RULE_NOT_DECIDED) : r;
}

lem_answer_result lem_answer_chains(answers *c, const ast_node *gold, const ast_node *pred,
                                    lem_answer_result r) {
    (void)r;
    return compare_chains(c->w, c->rules, gold, pred);
}

static bool has_enclosure(lem_work *w, const ast_node *a) {
    if (!lem_work_spend(w, 2)) return true;
    if (a->kind == AST_FN && a->len == 8 && memcmp(a->name, "enclosed", 8) == 0) return true;
    for (uint32_t k = 0; k < a->n; k++)
        if (has_enclosure(w, a->kid[k])) return true;
    return false;
}

lem_answer_result lem_answer_closed_values(answers *c, const ast_node *gold, const ast_node *pred,
                                           lem_answer_result r) {
    if (r.verdict != LEM_ANSWER_LIMIT || c->w->limit) return r;
    const ast_node *x = lem_closed_value(c->w, gold), *y = lem_closed_value(c->w, pred);
    if (x == gold && y == pred) return r;
    r = compare_chains(c->w, c->rules, x, y);
    bool ball = r.verdict == LEM_ANSWER_EQUAL_EXACT && (has_enclosure(c->w, x) || has_enclosure(c->w, y));
    return ball ? compare_say(LEM_ANSWER_EQUAL_NUMERIC, RULE_ENCLOSED) : r;
}
