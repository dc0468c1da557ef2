/* shape.c - labels, units and signs taken off an answer; lists of assignments put in order */
#include "answer/shape_priv.h"

#include <string.h>

enum { MAX_PEEL = 12, MAX_ITEMS = 64 };

static bool is_letters(const ast_node *a) { return a->kind == AST_SYM || a->kind == AST_TEXT; }

static bool is_capital(const ast_node *a) {
    return a->kind == AST_SYM && a->name[0] >= 'A' && a->name[0] <= 'Z';
}

/* \Phi(x, y) */
static bool is_call_of_several(const ast_node *left, const ast_node *right) {
    for (uint32_t k = 0; k < right->n; k++)
        if (right->kid[k]->kind != AST_SYM && right->kid[k]->kind != AST_NUM) return false;
    return left->kind == AST_SYM;
}

/* f(x), f^{-1}(2) */
static bool is_call_of_one(const ast_node *left, const ast_node *right) {
    bool inverse = left->kind == AST_POW && left->kid[0]->kind == AST_SYM && left->kid[1]->kind == AST_NUM &&
                   lem_rat_is(left->kid[1]->q, -1);
    bool argument = right->kind == AST_SYM || right->kind == AST_NUM || right->kind == AST_MUL;
    return argument && (left->kind == AST_SYM || inverse);
}

/* The signs of \\angle ABC, m\\angle ABC, \\triangle ABC. */
static bool is_figure(const ast_node *a) {
    if (a->kind == AST_MUL) return lem_ast_is_sym(a->kid[0], "m") && lem_ast_is_sym(a->kid[1], "angle");
    return lem_ast_is_sym(a, "angle") || lem_ast_is_sym(a, "triangle");
}

/* f(x), AB, P(A), S_{1}: a product of symbols, at least two, the later ones arguments or further capitals. */
static bool is_call_or_name(const ast_node *a) {
    if (a->kind != AST_MUL) return false;
    const ast_node *left = a->kid[0], *right = a->kid[1];
    if (right->kind == AST_TUPLE) return is_call_of_several(left, right);
    if (lem_ast_is_sym(left, "Delta") && right->kind == AST_SYM) return true;
    if (right->grouped) return is_call_of_one(left, right);
    if (!is_capital(right) || is_figure(left)) return is_capital(right);
    return left->kind == AST_SYM ? is_capital(left) : is_call_or_name(left);
}

/* f(x), P(A), P(X = 2), \Phi(x, y), y'(0) */
static bool is_call(const ast_node *a) {
    if (a->kind != AST_FN || !a->call) return false;
    for (uint32_t k = 0; k < a->n; k++)
        if (a->kid[k]->kind == AST_ADD || a->kid[k]->kind == AST_FN)
            return false; /* not the name of a value */
    return true;
}

static bool is_named_length(const ast_node *a) {
    return (is_letters(a) && a->name[0] >= 'A' && a->name[0] <= 'Z') || is_call_or_name(a) || is_call(a);
}

static bool is_inverse(const ast_node *a) {
    return a->kind == AST_POW && a->kid[1]->kind == AST_NUM && lem_rat_is(a->kid[1]->q, -1);
}

/* dy/dx, d^2y/dx^2 */
static bool is_derivative(const ast_node *a) {
    if (a->kind != AST_MUL || !is_inverse(a->kid[1]) || a->kid[1]->kid[0]->kind != AST_MUL ||
        a->kid[0]->kind != AST_MUL)
        return false;
    const ast_node *d = a->kid[0]->kid[0], *e = a->kid[1]->kid[0]->kid[0];
    if (d->kind == AST_POW) d = d->kid[0];
    return lem_ast_is_sym(d, "d") && lem_ast_is_sym(e, "d") && a->kid[0]->kid[1]->kind == AST_SYM;
}

static bool only_functions(const ast_node *a, int level) {
    if (a->kind == AST_SYM) return a->len == 1 && strchr("fgh", a->name[0]);
    if (a->kind == AST_FN && a->call) return a->len == 7 && memcmp(a->name, "compose", 7) == 0;
    if (level > 4 ||
        !(a->kind == AST_ADD || a->kind == AST_MUL || a->kind == AST_POW || a->kind == AST_DEGREE))
        return a->kind == AST_NUM;
    for (uint32_t k = 0; k < a->n; k++)
        if (!only_functions(a->kid[k], level + 1)) return false;
    return true;
}

/* (f + g)(x), (f o g)(2) */
static bool is_composite(const ast_node *a) {
    return a->kind == AST_MUL && a->kid[0]->grouped && a->kid[1]->grouped && a->kid[0]->kind != AST_SYM &&
           (a->kid[1]->kind == AST_SYM || a->kid[1]->kind == AST_NUM) && only_functions(a->kid[0], 0);
}

static bool is_ratio_of_names(const ast_node *a) {
    if (a->kind != AST_RATIO) return false;
    for (uint32_t k = 0; k < a->n; k++)
        if (!is_named_length(a->kid[k]) && !is_letters(a->kid[k])) return false;
    return true;
}

bool lem_shape_is_label(const ast_node *a) {
    if (is_call(a) || is_derivative(a) || is_composite(a)) return true;
    if (is_letters(a)) return !lem_ast_is_sym(a, "pi") && !lem_ast_is_sym(a, "infty");
    if (is_call_or_name(a)) return true;
    if (a->kind == AST_ABS) return is_named_length(a->kid[0]); /* |AB| */
    if (a->kind == AST_MUL && is_inverse(a->kid[1]))
        return is_named_length(a->kid[0]) && is_named_length(a->kid[1]->kid[0]); /* NO/BO */
    if (a->kind == AST_MUL && lem_ast_is_sym(a->kid[0], "angle")) return true;
    return is_ratio_of_names(a);
}

static bool is_symbol_tuple(const ast_node *a) {
    for (uint32_t k = 0; a->kind == AST_TUPLE && k < a->n; k++)
        if (!lem_shape_is_label(a->kid[k])) return false;
    return a->kind == AST_TUPLE;
}

bool lem_shape_has(lem_work *w, const ast_node *a, ast_kind kind) {
    for (;;) {
        if (!lem_work_spend(w, 4)) return false;
        if (a->kind == kind) return true;
        if (!a->n) return false;
        for (uint32_t k = 1; k < a->n; k++)
            if (lem_shape_has(w, a->kid[k], kind)) return true;
        a = a->kid[0];
    }
}

static bool is_constant_name(const ast_node *a) {
    static const char *const names[] = {"pi",       "e",        "i",         "infty",     "reals",
                                        "integers", "naturals", "rationals", "complexes", "index",
                                        "index2",   "index3",   "index4"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        if (lem_ast_is_sym(a, names[k])) return true;
    return false;
}

static size_t collect_symbols(lem_work *w, const ast_node *a, const ast_node **out, size_t max, size_t n) {
    for (;;) {
        if (!lem_work_spend(w, 4)) return n;
        if (a->kind == AST_SYM && !is_constant_name(a)) {
            size_t k = 0;
            while (k < n && !lem_ast_same_name(out[k], a)) k++;
            if (k == n && n == max) return max + 1;
            if (k == n) out[n++] = a;
        }
        if (!a->n) return n;
        for (uint32_t k = 1; k < a->n && n <= max; k++) n = collect_symbols(w, a->kid[k], out, max, n);
        if (n > max) return n;
        a = a->kid[0];
    }
}

size_t lem_shape_symbols(lem_work *w, const ast_node *a, const ast_node **out, size_t max) {
    return collect_symbols(w, a, out, max, 0);
}

static bool has_symbols(lem_work *w, const ast_node *a) {
    const ast_node *one[1];
    return lem_shape_symbols(w, a, one, 1) > 0;
}

/* Which sign each ± of a tree takes: the k-th by bit k of minus; joint: all of them by bit 0. */
typedef struct signs {
    uint32_t minus, next;
    bool joint;
} signs;

static ast_node *with_signs(lem_work *w, ast_node *a, signs *s) {
    if (!a || !lem_work_spend(w, 8)) return NULL;
    if (a->kind == AST_PM) {
        uint32_t bit = s->joint ? 0 : s->next++;
        ast_node *v = with_signs(w, a->kid[0], s);
        return s->minus >> bit & 1 ? lem_ast_neg(w, v) : v;
    }
    if (!a->n) return a;
    ast_node **kid = lem_work_alloc(w, a->n, sizeof *kid);
    for (uint32_t k = 0; kid && k < a->n; k++)
        if (!(kid[k] = with_signs(w, a->kid[k], s))) return NULL;
    return kid ? lem_ast_with_kids(w, a, kid) : NULL;
}

static void count_signs(lem_work *w, const ast_node *a, uint32_t *all, uint32_t *turned) {
    if (!lem_work_spend(w, 4)) return;
    *all += a->kind == AST_PM;
    *turned += a->kind == AST_PM && a->open == OP_MP;
    for (uint32_t k = 0; k < a->n; k++) count_signs(w, a->kid[k], all, turned);
}

enum { MAX_SIGNS = 3, MAX_VARIANTS = 1 << MAX_SIGNS };

/* What a value with ± stands for: each ± of a scalar takes both signs, whatever the others do; beside ∓, and
 * in a tuple, all turn together. Returns how many; 0 at a limit. */
static uint32_t sign_variants(lem_work *w, ast_node *a, ast_node **out) {
    uint32_t all = 0, turned = 0;
    count_signs(w, a, &all, &turned);
    bool joint =
        turned || all > MAX_SIGNS || lem_shape_has(w, a, AST_TUPLE) || lem_shape_has(w, a, AST_MATRIX);
    uint32_t n = joint ? 2 : 1U << all;
    for (uint32_t k = 0; k < n; k++)
        if (!(out[k] = with_signs(w, a, &(signs){k, 0, joint}))) return 0;
    return n;
}

static ast_node *group(lem_work *w, ast_kind kind, const ast_node *like, ast_node **item, uint32_t n) {
    ast_node *a = lem_ast_new(w, kind, n);
    if (!a) return NULL;
    memcpy(a->kid, item, n * sizeof *item);
    a->open = like ? like->open : ',';
    a->close = like ? like->close : 0;
    return a;
}

static bool is_assignment(const ast_node *a) {
    return a->kind == AST_REL && a->n == 2 && a->name[0] == '=' && lem_shape_is_label(a->kid[0]);
}

/* "k \in Z" beside other parts names a parameter and is no part of the answer. */
static bool is_declaration(const ast_node *a) {
    if (a->kind != AST_REL || a->n != 2 || a->name[0] != 'i' || a->kid[0]->kind != AST_SYM) return false;
    return lem_ast_is_sym(a->kid[1], "integers") || lem_ast_is_sym(a->kid[1], "naturals");
}

/* x = ±1, y = ∓2: the values of several names turn together. */
static bool signs_are_bound(lem_work *w, const ast_node *a) {
    uint32_t with = 0, all, turned;
    for (uint32_t k = 0; k < a->n; k++) {
        if (!is_assignment(a->kid[k])) return false;
        for (uint32_t j = 0; j < k; j++)
            if (lem_ast_same(a->kid[j]->kid[0], a->kid[k]->kid[0])) return false;
        all = turned = 0;
        count_signs(w, a->kid[k], &all, &turned);
        with += all > 0;
    }
    return with > 1;
}

static uint32_t both_signs(lem_work *w, const ast_node *a, ast_node **out) {
    uint32_t n = 0;
    for (uint32_t sign = 0; sign < 2 && a->n <= MAX_ITEMS; sign++)
        for (uint32_t k = 0; k < a->n; k++)
            if (!(out[n++] = with_signs(w, a->kid[k], &(signs){sign, 0, true}))) return 0;
    return n;
}

/* The parts of a list or set with ± written out and declarations left out; lists in lists are opened where
 * the list is bare. */
static uint32_t parts_of(lem_work *w, const ast_node *a, ast_node **out) {
    uint32_t n = 0, declared = 0;
    for (uint32_t k = 0; k < a->n; k++) declared += is_declaration(a->kid[k]);
    if (signs_are_bound(w, a)) return both_signs(w, a, out);
    for (uint32_t k = 0; k < a->n && n <= MAX_ITEMS; k++) {
        ast_node *x = a->kid[k];
        if (declared && declared < a->n && is_declaration(x)) continue;
        if (x->kind != AST_LIST && x->kind != AST_SET && lem_shape_has(w, x, AST_PM)) {
            uint32_t both = sign_variants(w, x, out + n);
            if (!both) return 0;
            n += both;
        } else out[n++] = x;
    }
    for (uint32_t k = 0; k < n; k++)
        if (!out[k]) return 0;
    return n;
}

/* How the parts of a list set symbols: how many from the first one on, of how many different ones, and after
 * how many the first comes again. */
typedef struct setting {
    uint32_t all, distinct, per;
} setting;

static setting setting_of(ast_node *const *item, uint32_t n) {
    setting s = {0, 0, 0};
    for (uint32_t k = 0; k < n && is_assignment(item[k]); k++) {
        bool seen = false;
        for (uint32_t j = 0; j < k; j++) seen = seen || lem_ast_same(item[j]->kid[0], item[k]->kid[0]);
        s.all++;
        s.distinct += !seen;
        if (seen && !s.per) s.per = k;
    }
    if (!s.per) s.per = n;
    return s;
}

/* Does each of `per` parts set a symbol that the first `per` set once? */
static bool sets_the_same(ast_node *const *first, ast_node *const *item, uint32_t per) {
    for (uint32_t j = 0; j < per; j++) {
        uint32_t same = 0;
        for (uint32_t m = 0; m < per; m++) same += lem_ast_same(first[m]->kid[0], item[j]->kid[0]);
        if (same != 1) return false;
    }
    return true;
}

/* p = 5, q = 2, p = 7, q = 2 as two systems; NULL where the chunks set other symbols. */
static ast_node *several_systems(lem_work *w, ast_node **item, uint32_t n, uint32_t per,
                                 const ast_node *like) {
    ast_node *values[MAX_ITEMS + 2];
    for (uint32_t k = 0; k < n; k += per) {
        if (!sets_the_same(item, item + k, per)) return NULL;
        if (!(values[k / per] = group(w, AST_SYSTEM, NULL, item + k, per))) return NULL;
    }
    return group(w, like->kind, like, values, n / per);
}

/* x = 1, x = 2 is the list 1, 2 of x; p = 3, q = 2 a system; p = 5, q = 2, p = 7, q = 2 two of them. NULL:
 * nothing to do. */
static ast_node *assignments(lem_work *w, ast_node **item, uint32_t n, const ast_node *like,
                             const ast_node **label) {
    const setting s = setting_of(item, n);
    ast_node *values[MAX_ITEMS + 2];
    if (s.all == n && s.distinct == n) return group(w, AST_SYSTEM, NULL, item, n);
    if (s.all == n && s.distinct > 1)
        return n % s.per == 0 && s.per == s.distinct ? several_systems(w, item, n, s.per, like) : NULL;
    /* one symbol: all parts are its values, also the ones without it */
    if (s.all == 0 || (s.all < n && s.all != 1)) return NULL;
    for (uint32_t k = 0; k < n; k++) {
        if (k >= s.all && item[k]->kind == AST_REL) return NULL;
        values[k] = k < s.all ? item[k]->kid[1] : item[k];
    }
    *label = item[0]->kid[0];
    return group(w, like->kind, like, values, n);
}

/* Where the dots of "a, b, …, z" stand, between numbers; 0 where the list is none. */
static uint32_t dots_of(const ast_node *a) {
    uint32_t dots = 0;
    while (dots < a->n && !lem_ast_is_sym(a->kid[dots], "dots")) dots++;
    if (dots < 2 || dots + 2 != a->n) return 0;
    for (uint32_t k = 0; k < a->n; k++)
        if (k != dots && a->kid[k]->kind != AST_NUM) return 0;
    return dots;
}

/* The constant step between n numbers: their difference, or their quotient; NULL where there is none. */
static lem_rat *step_of(lem_work *w, ast_node *const *x, uint32_t n, bool quotient) {
    lem_rat *step = NULL;
    for (uint32_t k = 1; k < n; k++) {
        if (quotient && !lem_rat_sign(x[k - 1]->q)) return NULL;
        lem_rat *d = quotient ? lem_rat_div(w, x[k]->q, x[k - 1]->q) : lem_rat_sub(w, x[k]->q, x[k - 1]->q);
        if (!d || (step && !lem_rat_equal(step, d))) return NULL;
        step = d;
    }
    return step && !lem_rat_is(step, quotient) ? step : NULL;
}

/* 1, 3, …, 9 or 1, 2, 4, …, 32 with all their members; a itself where there are too many, or they follow no
 * such rule. */
static const ast_node *progression(lem_work *w, const ast_node *a) {
    uint32_t dots = dots_of(a);
    lem_rat *d = dots ? step_of(w, a->kid, dots, false) : NULL,
            *q = dots >= 3 && !d ? step_of(w, a->kid, dots, true) : NULL, *x = a->kid[0]->q;
    ast_node *item[MAX_ITEMS];
    for (uint32_t n = 0; x && n < MAX_ITEMS && (d || q); n++) {
        if (!(item[n] = lem_ast_num(w, x))) return a;
        if (n >= dots && lem_rat_equal(x, a->kid[a->n - 1]->q)) {
            const ast_node *r = group(w, a->kind, a, item, n + 1);
            return r ? r : a;
        }
        x = d ? lem_rat_add(w, x, d) : lem_rat_mul(w, x, q);
    }
    return a;
}

static ast_node *normal_list(lem_work *w, const ast_node *a, const ast_node **label) {
    ast_node *item[2 * MAX_ITEMS + MAX_VARIANTS];
    if (a->n > MAX_ITEMS) return NULL;
    if (a->n) a = progression(w, a);
    uint32_t n = parts_of(w, a, item);
    if (n == 0 || n > MAX_ITEMS) return NULL;
    for (uint32_t k = 0; k < n; k++) { /* (x,y) = (1,2), and (3,4) likewise */
        ast_node *x = item[k];
        if (x->kind == AST_REL && x->n == 2 && x->name[0] == '=' && is_symbol_tuple(x->kid[0]) &&
            x->kid[1]->kind == AST_TUPLE && x->kid[1]->n == x->kid[0]->n)
            item[k] = x->kid[1];
    }
    if (n == 1) return a->kind == AST_SET ? NULL : item[0];
    ast_node *r = assignments(w, item, n, a, label);
    return r ? r : group(w, a->kind, a, item, n);
}

/* a \approx b: the exact side; y \approx b: b */
static bool peel_approximate(lem_work *w, shape *s) {
    const ast_node *a = s->v;
    uint32_t last = a->n - 1;
    if (a->n == 2 && lem_shape_is_label(a->kid[0])) return s->label = a->kid[0], s->v = a->kid[1], true;
    if (a->n == 2) return s->v = a->kid[0], true;
    ast_node *r = lem_ast_new(w, AST_REL, last);
    if (!r) return false;
    memcpy(r->kid, a->kid, last * sizeof *r->kid);
    r->name = a->name;
    r->len = last - 1;
    return s->v = r, true;
}

/* a = b = 5 */
static bool peel_chain(lem_work *w, shape *s) {
    const ast_node *a = s->v;
    uint32_t last = a->n - 1;
    bool named = lem_shape_is_label(a->kid[0]);
    if (!named && has_symbols(w, a->kid[last])) return false;
    if (named) s->label = a->kid[0];
    return s->v = a->kid[last], true;
}

/* (p,q) = (3,2) */
static bool peel_tuple(lem_work *w, shape *s) {
    const ast_node *x = s->v->kid[0], *y = s->v->kid[1];
    ast_node *sys = lem_ast_new(w, AST_SYSTEM, x->n);
    for (uint32_t k = 0; sys && k < x->n; k++) {
        ast_node *r = lem_ast_new(w, AST_REL, 2);
        if (!r) return false;
        r->kid[0] = x->kid[k];
        r->kid[1] = y->kid[k];
        r->name = "=";
        r->len = 1;
        sys->kid[k] = r;
    }
    return sys ? (s->v = sys, true) : false;
}

static bool peel_equation(lem_work *w, shape *s) {
    const ast_node *x = s->v->kid[0], *y = s->v->kid[1];
    bool tuple = is_symbol_tuple(x);
    if (tuple && y->kind == AST_TUPLE && y->n == x->n) return peel_tuple(w, s);
    if (tuple && (y->kind == AST_LIST || y->kind == AST_SET)) return s->v = y, true;
    if (lem_shape_is_label(x)) return s->label = x, s->v = y, true;
    if (lem_shape_is_label(y) && !has_symbols(w, x)) return s->label = y, s->v = x, true; /* 5 = x */
    return false;
}

/* One step of taking off what stands before a value in a relation; false when nothing does. */
static bool peel_relation(lem_work *w, shape *s) {
    const ast_node *a = s->v, *x = a->kid[0];
    const char *op = a->name;
    uint32_t last = a->n - 1;
    if (op[last - 1] == '~') return peel_approximate(w, s);
    for (uint32_t k = 0; k < last; k++)
        if (op[k] != '=' && !(a->n == 2 && op[k] == 'i')) return false;
    if (a->n > 2) return peel_chain(w, s);
    if (op[0] != 'i') return peel_equation(w, s);
    if (!lem_shape_is_label(x) && !is_symbol_tuple(x)) return false;
    return s->label = x, s->v = a->kid[1], true;
}

/* Words that name a set: "no solution" is the empty set, "all real numbers" are the reals. */
static const ast_node *named_set(lem_work *w, const ast_node *a) {
    static const struct {
        const char *words, *name; /* name NULL: empty */
    } table[] = {{"no solution", NULL},
                 {"none", NULL},
                 {"no solutions", NULL},
                 {"no real solution", NULL},
                 {"no real solutions", NULL},
                 {"empty set", NULL},
                 {"there is no solution", NULL},
                 {"none exist", NULL},
                 {"无解", NULL},
                 {"no such number exists", NULL},
                 {"has no solution", NULL},
                 {"no solution exists", NULL},
                 {"there are no solutions", NULL},
                 {"all reals", "reals"},
                 {"all real numbers", "reals"},
                 {"all real number", "reals"},
                 {"reals", "reals"},
                 {"real numbers", "reals"},
                 {"set of all real numbers", "reals"},
                 {"any real number", "reals"},
                 {"all integers", "integers"},
                 {"integers", "integers"},
                 {"全体实数", "reals"}};
    if (a->kind == AST_TEXT && a->len == 3 &&
        memcmp(a->name, "dne", 3) == 0) { /* how calculus books write it */
        static const char words[] = "does not exist";
        ast_node *r = lem_ast_named(w, AST_TEXT, words, sizeof words - 1);
        return r ? r : a;
    }
    for (size_t k = 0; a->kind == AST_TEXT && k < sizeof table / sizeof *table; k++)
        if (strlen(table[k].words) == a->len && memcmp(table[k].words, a->name, a->len) == 0) {
            ast_node *r = table[k].name ? lem_ast_named(w, AST_SYM, table[k].name, strlen(table[k].name))
                                        : lem_ast_new(w, AST_SET, 0);
            return r ? r : a;
        }
    return a;
}

static bool peel_dress(shape *s) {
    const ast_node *a = s->v;
    switch (a->kind) {
    case AST_PERCENT: s->percent = true; break;
    case AST_QTY:
        if (a->len >= 7 && memcmp(a->name, "percent", 7) == 0) s->percent = true;
        else if (!s->unit) s->unit = a->name, s->unit_len = a->len;
        break;
    case AST_MONEY: s->currency = a->name, s->currency_len = a->len; break;
    case AST_DEGREE: s->degree = true; break;
    case AST_MODULO: s->modulus = a->kid[1]; break;
    default: return false;
    }
    s->v = a->kid[0];
    return true;
}

/* The parts of a list or set in order; a list of one is that one, with what stands around it. */
static shape of_list(lem_work *w, shape s) {
    const ast_node *label = NULL;
    ast_node *r = normal_list(w, s.v, &label);
    bool one = r && r->kind != s.v->kind && s.v->kind == AST_LIST && r->kind != AST_SYSTEM;
    if (one && !w->limit) {
        shape inner = lem_shape_of(w, r);
        if (!inner.label) inner.label = s.label;
        return inner;
    }
    if (r) s.v = r;
    if (label) s.label = label;
    return s;
}

static const ast_node *signs_written_out(lem_work *w, const ast_node *a) {
    ast_node *value[MAX_VARIANTS];
    uint32_t n = sign_variants(w, (ast_node *)a, value);
    const ast_node *list = n ? group(w, AST_LIST, NULL, value, n) : NULL;
    return list ? list : a;
}

shape lem_shape_of(lem_work *w, const ast_node *a) {
    shape s = {.v = a};
    for (int k = 0; k < MAX_PEEL && !w->limit; k++) {
        if (peel_dress(&s)) continue;
        if (s.v->kind == AST_REL && peel_relation(w, &s)) continue;
        break;
    }
    s.v = named_set(w, s.v);
    if (s.v->kind == AST_LIST || s.v->kind == AST_SET) return of_list(w, s);
    if (s.v->kind != AST_SYSTEM && s.v->kind != AST_MATRIX && lem_shape_has(w, s.v, AST_PM))
        s.v = signs_written_out(w, s.v);
    return s;
}
