/* parse_functions.c - functions and commands with arguments: fractions, roots, sin^2 x, logarithms, sums,
 * integrals, accents */
#include "answer/calculus_priv.h"
#include "answer/parse_priv.h"

#include <string.h>

enum { MAX_SUM_TERMS = 200 };

static ast_node *root(parser *p, ast_node *a, ast_node *degree) {
    if (!a || !degree) return NULL;
    return lem_ast_pow(p->w, a, lem_ast_div(p->w, lem_ast_int(p->w, 1), degree));
}

static ast_node *whole_argument(parser *p) {
    if (parse_peek(p)->kind != TOK_NUM) return lem_parse_argument(p);
    return lem_parse_primary(p); /* \sqrt12: nobody means the root of 1 */
}

static ast_node *parse_sqrt(parser *p) {
    ast_node *degree = lem_ast_int(p->w, 2);
    if (parse_take(p, '[')) {
        degree = lem_parse_binary(p, PREC_ADD);
        if (!degree || !parse_take(p, ']')) return NULL;
    }
    return root(p, whole_argument(p), degree);
}

static bool all_numbers(const ast_node *a) {
    for (uint32_t k = 0; k < a->n; k++)
        if (a->kid[k]->kind != AST_NUM) return false;
    return a->n > 0;
}

/* gcd and lcm of fractions: of p/q and r/s the gcd is gcd(p,r)/lcm(q,s). */
static lem_rat *gcd_of(lem_work *w, const lem_rat *a, const lem_rat *b, bool lcm) {
    if (lcm && (!lem_rat_sign(a) || !lem_rat_sign(b))) return lem_rat_int(w, 0);
    lem_rat *r = lem_rat_mul(w, a, b); /* room enough, and paid for */
    if (!r) return NULL;
    if (!lcm) {
        mpz_gcd(mpq_numref(r->q), mpq_numref(a->q), mpq_numref(b->q));
        mpz_lcm(mpq_denref(r->q), mpq_denref(a->q), mpq_denref(b->q));
    } else {
        mpz_lcm(mpq_numref(r->q), mpq_numref(a->q), mpq_numref(b->q));
        mpz_gcd(mpq_denref(r->q), mpq_denref(a->q), mpq_denref(b->q));
    }
    mpq_canonicalize(r->q);
    return r;
}

/* Functions of rational numbers that have rational values, in this order. */
enum { FOLD_MAX, FOLD_MIN, FOLD_GCD, FOLD_LCM, FOLD_FLOOR, FOLD_CEIL, FOLD_NONE };

static int fold_of(const ast_node *a) {
    static const char *const names[] = {"max", "min", "gcd", "lcm", "floor", "ceil"};
    int f = 0;
    while (f < FOLD_NONE && !(strlen(names[f]) == a->len && memcmp(names[f], a->name, a->len) == 0)) f++;
    return f;
}

static ast_node *folded_whole(parser *p, const lem_rat *r, bool floor) {
    lem_rat *whole = lem_rat_int(p->w, 0);
    if (!whole) return NULL;
    if (floor) mpz_fdiv_q(mpq_numref(whole->q), mpq_numref(r->q), mpq_denref(r->q));
    else mpz_cdiv_q(mpq_numref(whole->q), mpq_numref(r->q), mpq_denref(r->q));
    return lem_ast_num(p->w, whole);
}

static lem_rat *absolute(parser *p, lem_rat *r) {
    return r && lem_rat_sign(r) < 0 ? lem_rat_neg(p->w, r) : r;
}

static lem_rat *folded_two(parser *p, lem_rat *a, lem_rat *b, int f) {
    if (f >= FOLD_GCD) return absolute(p, gcd_of(p->w, a, b, f == FOLD_LCM));
    const int order = mpq_cmp(b->q, a->q);
    return (f == FOLD_MAX ? order > 0 : order < 0) ? b : a;
}

static ast_node *folded(parser *p, ast_node *a) {
    const int f = fold_of(a);
    if (f == FOLD_NONE || !all_numbers(a)) return a;
    lem_rat *r = a->kid[0]->q;
    if (f >= FOLD_FLOOR) return a->n == 1 ? folded_whole(p, r, f == FOLD_FLOOR) : a;
    if (f >= FOLD_GCD) r = absolute(p, r);
    for (uint32_t k = 1; r && k < a->n; k++) r = folded_two(p, r, a->kid[k]->q, f);
    return lem_ast_num(p->w, r);
}

/* How a function is called from here on, where it has several names. */
static const char *plain_name(const lex_tok *f) {
    static const char *const names[][2] = {{"lg", "log"},         {"asin", "arcsin"},   {"acos", "arccos"},
                                           {"atan", "arctan"},    {"arccot", "arccot"}, {"asinh", "arcsinh"},
                                           {"acosh", "arccosh"},  {"atanh", "arctanh"}, {"arsinh", "arcsinh"},
                                           {"arcosh", "arccosh"}, {"artanh", "arctanh"}};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        if (lem_parse_name_is(f, names[k][0])) return names[k][1];
    return NULL;
}

/* cis x = cos x + i sin x */
static ast_node *cis(parser *p, ast_node *a) {
    ast_node *sine = lem_ast_wrap(p->w, AST_FN, a->kid[0]);
    if (!sine) return NULL;
    a->name = "cos", sine->name = "sin";
    a->len = sine->len = 3;
    return lem_ast_add(p->w, a, lem_ast_mul(p->w, lem_ast_named(p->w, AST_SYM, "i", 1), sine));
}

static bool is_cis(const ast_node *a) { return a->n == 1 && a->len == 3 && memcmp(a->name, "cis", 3) == 0; }

static ast_node *evaluated(parser *p, ast_node *a) { return is_cis(a) ? cis(p, a) : folded(p, a); }

static ast_node *function_node(parser *p, const lex_tok *f, ast_node *base, ast_node *arg) {
    if (!arg) return NULL;
    bool list = arg->kind == AST_LIST || arg->kind == AST_SET || arg->kind == AST_TUPLE;
    uint32_t n = list ? arg->n : 1;
    ast_node *a = n ? lem_ast_new(p->w, AST_FN, n + (base != NULL)) : NULL;
    if (!a) return NULL;
    for (uint32_t k = 0; k < n; k++) a->kid[k] = list ? arg->kid[k] : arg;
    if (base) a->kid[n] = base;
    const char *plain = plain_name(f);
    a->name = plain ? plain : f->text;
    if (plain) a->len = (uint32_t)strlen(plain);
    else a->len = f->len;
    if (lem_parse_name_is(f, "det") && n == 1 && arg->kind == AST_MATRIX)
        return lem_ast_determinant(p->w, arg);
    return evaluated(p, a);
}

static bool starts_operand(const parser *p, const lex_tok *t) {
    if (t->kind == TOK_NUM || t->kind == TOK_SYM) return true;
    return t->kind == TOK_OP && (strchr("{([LfcvMb", t->op) || (t->op == '|' && p->abs_depth == 0)) && t->op;
}

static char bracket_end(char open) {
    if (open == '(') return ')';
    return open == '{' ? '}' : OP_SET_CLOSE;
}

static ast_node *bracketed_argument(parser *p) {
    char close = bracket_end(parse_peek(p)->op);
    int saved = p->abs_depth, ratio = p->no_ratio;
    p->i++;
    p->abs_depth = p->no_ratio = 0;
    ast_node *arg = lem_parse_list(p);
    p->abs_depth = saved;
    p->no_ratio = ratio;
    return arg && parse_take(p, close) ? arg : NULL;
}

/* Does a product that is an argument go on here? Not with the differential of an integral. */
static bool argument_goes_on(parser *p) {
    const lex_tok *t = parse_peek(p);
    if (t->kind == TOK_SYM) return !(p->in_integral && lem_parse_name_is(t, "d"));
    return parse_is(t, '/') && starts_operand(p, parse_peek_at(p, 1));
}

/* The argument in brackets, or a product without further functions. */
static ast_node *parse_function_argument(parser *p) {
    const lex_tok *t = parse_peek(p);
    if (parse_is(t, '(') || parse_is(t, '{') || parse_is(t, OP_SET_OPEN)) return bracketed_argument(p);
    bool minus = parse_take(p, '-');
    if (!starts_operand(p, parse_peek(p)) && parse_peek(p)->kind != TOK_FN) return NULL;
    ast_node *arg = lem_parse_binary(p, PREC_POW);
    while (arg && argument_goes_on(p)) {
        bool div = parse_take(p, '/');
        ast_node *next = lem_parse_binary(p, PREC_POW);
        arg = div ? lem_ast_div(p->w, arg, next) : lem_ast_mul(p->w, arg, next);
    }
    return minus ? lem_ast_neg(p->w, arg) : arg;
}

/* \sin^{-1} x is the arc sine. */
static const char *inverse_name(const lex_tok *f) {
    static const char *const names[][2] = {{"sin", "arcsin"},   {"cos", "arccos"},   {"tan", "arctan"},
                                           {"cot", "arccot"},   {"sinh", "arcsinh"}, {"cosh", "arccosh"},
                                           {"tanh", "arctanh"}, {"sec", "arcsec"}};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        if (lem_parse_name_is(f, names[k][0])) return names[k][1];
    return NULL;
}

/* sin 2x, \sin^2(x), \log_2 8: power and base before the argument. A function without argument is a name. */
static ast_node *parse_applied(parser *p, const lex_tok *f) {
    ast_node *power = NULL, *base = NULL;
    for (int k = 0; k < 2; k++) {
        ast_node **part = parse_is(parse_peek(p), '^') && !power  ? &power
                          : parse_is(parse_peek(p), '_') && !base ? &base
                                                                  : NULL;
        if (!part) continue;
        p->i++;
        bool minus = parse_take(p, '-');
        *part = lem_parse_argument(p);
        if (minus) *part = lem_ast_neg(p->w, *part);
        if (!*part) return NULL;
    }
    const char *inverse =
        power && power->kind == AST_NUM && lem_rat_is(power->q, -1) ? inverse_name(f) : NULL;
    lex_tok named = *f;
    if (inverse) named.text = inverse, named.len = (uint32_t)strlen(inverse), power = NULL;
    ast_node *a = function_node(p, &named, base, parse_function_argument(p));
    return power ? lem_ast_pow(p->w, a, power) : a;
}

/* How an accent is called where it makes another quantity of what it stands over. */
static const char *accent_mark(const lex_tok *f) {
    static const char *const names[][2] = {{"overline", "bar"}, {"bar", "bar"},         {"tilde", "tilde"},
                                           {"hat", "hat"},      {"widetilde", "tilde"}, {"dot", "dot"},
                                           {"ddot", "ddot"},    {"widehat", "hat"}};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        if (lem_parse_name_is(f, names[k][0])) return names[k][1];
    return NULL;
}

static ast_node *named_node(parser *p, const char *name, ast_node **kid, uint32_t n) {
    ast_node *a = lem_ast_new(p->w, AST_FN, n);
    for (uint32_t k = 0; a && k < n; k++)
        if (!(a->kid[k] = kid[k])) return NULL;
    if (a) a->name = name, a->len = (uint32_t)strlen(name);
    return a;
}

static bool is_real_leaf(const ast_node *a) {
    return a->kind == AST_NUM || lem_ast_is_sym(a, "pi") || lem_ast_is_sym(a, "e");
}

/* The conjugate of a number that i, rational numbers and their whole powers make; NULL of anything else. */
static ast_node *conjugate(lem_work *w, ast_node *a, int level) {
    if (level > AST_MAX_DEPTH || !lem_work_spend(w, 8)) return NULL;
    if (is_real_leaf(a)) return a;
    if (lem_ast_is_sym(a, "i")) return lem_ast_neg(w, a);
    if (a->kind == AST_POW && a->kid[1]->kind == AST_NUM) {
        if (a->kid[0]->kind == AST_NUM && lem_rat_sign(a->kid[0]->q) > 0) return a;
        if (!lem_rat_is_int(a->kid[1]->q)) return NULL;
        return lem_ast_pow(w, conjugate(w, a->kid[0], level + 1), a->kid[1]);
    }
    if (a->kind != AST_ADD && a->kind != AST_MUL) return NULL;
    ast_node *x = conjugate(w, a->kid[0], level + 1), *y = x ? conjugate(w, a->kid[1], level + 1) : NULL;
    return a->kind == AST_ADD ? lem_ast_add(w, x, y) : lem_ast_mul(w, x, y);
}

/* Names of points: A, B', C_1 in a row. */
static bool is_segment(const ast_node *a) {
    for (; a->kind == AST_MUL; a = a->kid[0])
        if (a->kid[1]->kind != AST_SYM || a->kid[1]->name[0] < 'A' || a->kid[1]->name[0] > 'Z') return false;
    return a->kind == AST_SYM && a->name[0] >= 'A' && a->name[0] <= 'Z';
}

static bool is_product_of_letters(const ast_node *a) {
    for (; a->kind == AST_MUL; a = a->kid[0])
        if (a->kid[1]->kind != AST_SYM && a->kid[1]->kind != AST_NUM) return false;
    return a->kind == AST_SYM || a->kind == AST_NUM;
}

/* The digits of \overline{ab} in their order: no product, and nothing is known of the letters. */
static ast_node *digits_of(lem_work *w, ast_node *a) {
    uint32_t n = 1;
    for (const ast_node *x = a; x->kind == AST_MUL; x = x->kid[0]) n++;
    ast_node *r = lem_ast_new(w, AST_FN, n);
    if (!r) return NULL;
    for (; a->kind == AST_MUL; a = a->kid[0]) r->kid[--n] = a->kid[1];
    r->kid[0] = a;
    r->name = "digits";
    r->len = 6;
    r->call = true;
    return r;
}

/* A bar over more than a letter: a segment is its length, the digits of \overline{ab} are no product, the
 * rest is a conjugate. */
static ast_node *under_bar(parser *p, ast_node *a) {
    if (is_segment(a)) return a;
    ast_node *c = conjugate(p->w, a, 0);
    if (c || p->w->limit) return c;
    return a->kind == AST_MUL && is_product_of_letters(a) ? digits_of(p->w, a) : named_node(p, "conj", &a, 1);
}

static bool is_unit_vector(const ast_node *a) {
    return a->len == 1 && (a->name[0] == 'i' || a->name[0] == 'j' || a->name[0] == 'k');
}

/* \overline{AB}, \vec{v}: over several letters a way to write them; over one, part of its name where it makes
 * another quantity. An arrow is kept aside, for the cross product. */
static ast_node *parse_accent(parser *p, const lex_tok *f) {
    const char *mark = accent_mark(f);
    ast_node *a = lem_parse_argument(p);
    if (!a || (a->kind != AST_SYM && !mark)) return a;
    if (a->kind != AST_SYM) return strcmp(mark, "bar") == 0 ? under_bar(p, a) : a;
    if (!mark) return a->close = OP_ARROW, a;
    if (strcmp(mark, "hat") == 0 && is_unit_vector(a)) return a->close = OP_ARROW, a;
    size_t n = strlen(mark);
    char *s = lem_work_alloc(p->w, a->len + n + 2, 1);
    if (!s) return NULL;
    memcpy(s, mark, n);
    s[n] = ' ';
    memcpy(s + n + 1, a->name, a->len);
    a = lem_ast_named(p->w, AST_SYM, s, a->len + n + 1);
    return a && parse_is(parse_peek(p), '_') ? lem_parse_subscript(p, a->name, a->len, AST_SYM) : a;
}

/* A body with its bound symbol under a name that no form inside it has: index, index2, … */
static ast_node *bind(parser *p, ast_node *body, const char *symbol, size_t len, const char **name) {
    static const char *const names[] = {"index", "index2", "index3", "index4"};
    uint32_t depth = lem_bound_depth(p->w, body);
    if (depth >= sizeof names / sizeof *names) return NULL;
    *name = names[depth];
    return lem_ast_replace(p->w, body, symbol, len, lem_ast_named(p->w, AST_SYM, *name, strlen(*name)));
}

typedef struct bounds {
    ast_node *lower, *upper;
} bounds;

static bool parse_bounds(parser *p, bounds *b) {
    *b = (bounds){NULL, NULL};
    for (int k = 0; k < 2; k++) {
        bool low = parse_is(parse_peek(p), '_'), high = parse_is(parse_peek(p), '^');
        if (!low && !high) continue;
        p->i++;
        ast_node *a = NULL;
        if (parse_is(parse_peek(p), '{') && parse_is(parse_peek_at(p, 1), '}')) {
            p->i += 2;
            continue;
        }
        if (parse_peek(p)->kind == TOK_SYM) { /* \int^b_a: the subscript is not that of b */
            a = lem_ast_named(p->w, AST_SYM, parse_peek(p)->text, parse_peek(p)->len);
            p->i++;
        } else if (parse_is(parse_peek(p), '{')) {
            p->i++;
            a = lem_parse_relation(p);
            if (a && !parse_take(p, '}')) return false;
        } else {
            bool minus = parse_take(p, '-');
            a = parse_peek(p)->kind == TOK_NUM ? lem_parse_number_token(p) : lem_parse_argument(p);
            if (minus) a = lem_ast_neg(p->w, a);
        }
        if (!a) return false;
        *(low ? &b->lower : &b->upper) = a;
    }
    return true;
}

/* k = 1 */
static bool names_index(const ast_node *low) {
    return low && low->kind == AST_REL && low->n == 2 && low->name[0] == '=' && low->kid[0]->kind == AST_SYM;
}

/* Are the bounds whole and near each other? */
static bool small_bounds(const ast_node *from, const ast_node *to, long *first, long *last) {
    return to && to->kind == AST_NUM && from->kind == AST_NUM && lem_rat_small(from->q, 1000000, first) &&
           lem_rat_small(to->q, 1000000, last) && *last - *first < MAX_SUM_TERMS;
}

static ast_node *written_out(parser *p, ast_node *body, const ast_node *index, bool product, long from,
                             long to) {
    ast_node *all = lem_ast_int(p->w, product);
    for (long k = from; all && k <= to; k++) {
        ast_node *term = lem_ast_replace(p->w, body, index->name, index->len, lem_ast_int(p->w, k));
        all = product ? lem_ast_mul(p->w, all, term) : lem_ast_add(p->w, all, term);
    }
    return all;
}

/* \sum_{k=1}^{n} body: written out between small whole bounds, otherwise a form with its bound variable under
 * a name of its own. */
static ast_node *parse_sum(parser *p, bool product) {
    const char *name = product ? "prod" : "sum", *index;
    bounds b;
    long from, to;
    if (!parse_bounds(p, &b)) return NULL;
    ast_node *body = lem_parse_binary(p, PREC_MUL);
    if (!body) return NULL;
    const uint32_t upper = b.upper != NULL;
    if (!names_index(b.lower)) {
        ast_node *kid[3] = {body, b.lower, b.upper};
        return named_node(p, name, kid, b.lower ? 2 + upper : 1);
    }
    ast_node *const *low = b.lower->kid;
    if (small_bounds(low[1], b.upper, &from, &to)) return written_out(p, body, low[0], product, from, to);
    ast_node *kid[3] = {bind(p, body, low[0]->name, low[0]->len, &index), low[1], b.upper};
    return named_node(p, name, kid, 2 + upper);
}

static bool is_differential(const lex_tok *t) {
    return t->kind == TOK_SYM && (lem_parse_name_is(t, "d") || lem_parse_name_is(t, "partial"));
}

/* \frac{dx}{x}, \frac{x\,dx}{1+x^2}: the differential in a numerator is taken out; its symbol, or NULL. */
static const lex_tok *take_differential(parser *p) {
    lex_tok *t = p->t.tok;
    for (size_t k = p->i; k + 2 < p->t.n; k++) {
        if (parse_is(&t[k], ',') || parse_is(&t[k], '=') || parse_is(&t[k], '<')) break;
        if (!is_differential(&t[k]) || t[k + 1].kind != TOK_SYM || t[k + 1].space) continue;
        if (!parse_is(&t[k + 2], '}') || k < 2) return NULL;
        lex_tok *name = lem_work_alloc(p->w, 1, sizeof *name);
        if (!name) return NULL;
        *name = t[k + 1];
        bool alone = parse_is(&t[k - 1], '{');
        if (alone) t[k].kind = TOK_NUM, t[k].text = "1", t[k].len = 1;
        size_t gone = alone ? 1 : 2;
        memmove(t + k + alone, t + k + alone + gone, (p->t.n + 1 - k - alone - gone) * sizeof *t);
        p->t.n -= gone;
        return name;
    }
    return NULL;
}

static bool at_differential(parser *p) {
    const lex_tok *t = parse_peek(p);
    return t->kind == TOK_SYM && lem_parse_name_is(t, "d") && parse_peek_at(p, 1)->kind == TOK_SYM;
}

/* \int_a^b f dx stays a form: integrand, variable, bounds. */
static ast_node *parse_integral(parser *p) {
    bounds b;
    if (!parse_bounds(p, &b)) return NULL;
    const lex_tok *taken = take_differential(p);
    p->in_integral++;
    ast_node *body = !taken && at_differential(p) ? lem_ast_int(p->w, 1) : lem_parse_binary(p, PREC_ADD);
    p->in_integral--;
    if (!body) return NULL;
    ast_node *kid[4] = {body, NULL, b.lower, b.upper};
    uint32_t n = 1;
    bool behind = !taken && at_differential(p);
    if (taken || behind) {
        const lex_tok *v = taken ? taken : parse_peek_at(p, 1);
        p->i += behind ? 2 : 0;
        ast_node *var = lem_ast_named(p->w, AST_SYM, v->text, v->len);
        if (b.lower && b.upper) { /* the symbol of a definite integral is bound */
            const char *index = "index";
            kid[0] = bind(p, body, v->text, v->len, &index);
            var = lem_ast_named(p->w, AST_SYM, index, strlen(index));
        }
        kid[n++] = var;
    }
    if (b.lower) kid[n++] = b.lower;
    if (b.upper) kid[n++] = b.upper;
    return named_node(p, "int", kid, n);
}

/* The token that closes the group whose brace is the next but one. */
static size_t end_of_group(const parser *p) {
    int depth = 0;
    for (size_t k = p->i; k < p->t.n; k++) {
        depth += parse_is(&p->t.tok[k], '{') - parse_is(&p->t.tok[k], '}');
        if (depth == 0 && k > p->i) return k;
    }
    return p->t.n;
}

/* _{x \to 0^+}: the symbol, the point, and the side in *name. NULL: nothing is read. */
static ast_node *parse_approach(parser *p, const lex_tok **symbol, const char **name) {
    size_t from = p->i;
    bool fits = parse_is(parse_peek(p), '_') && parse_is(parse_peek_at(p, 1), '{') &&
                parse_peek_at(p, 2)->kind == TOK_SYM && parse_is(parse_peek_at(p, 3), OP_TO);
    if (!fits) return NULL;
    p->i++;
    size_t end = end_of_group(p);
    *symbol = parse_peek_at(p, 1);
    *name = "lim";
    lex_tok *t = p->t.tok;
    bool side = end < p->t.n && end > p->i + 4 && parse_is(&t[end - 2], '^') &&
                (parse_is(&t[end - 1], '+') || parse_is(&t[end - 1], '-'));
    if (side) *name = t[end - 1].op == '+' ? "lim+" : "lim-", t[end - 2].op = '}';
    p->i += 3;
    ast_node *at = lem_parse_binary(p, PREC_ADD);
    if (at && p->i == end - (side ? 2 : 0)) return p->i = end + 1, at;
    if (side) t[end - 2].op = '^';
    p->i = from;
    return NULL;
}

/* \lim_{x \to a} f as body, point and a symbol of its own. */
static ast_node *limit_form(parser *p, const lex_tok *symbol, ast_node *at, const char *name) {
    ast_node *body = lem_parse_binary(p, PREC_MUL);
    const char *index;
    ast_node *kid[2] = {body ? bind(p, body, symbol->text, symbol->len, &index) : NULL, at};
    return kid[0] ? named_node(p, name, kid, 2) : NULL;
}

/* \lim_{x \to 0} f stays a form; where what stands below it is something else, named by that. */
static ast_node *parse_limit(parser *p) {
    const lex_tok *symbol;
    const char *side;
    ast_node *at = parse_approach(p, &symbol, &side);
    if (at || p->w->limit) return at ? limit_form(p, symbol, at, side) : NULL;
    ast_node *name = parse_is(parse_peek(p), '_') ? lem_parse_subscript(p, "lim", 3, AST_SYM)
                                                  : lem_ast_named(p->w, AST_SYM, "lim", 3);
    ast_node *body = name ? lem_parse_binary(p, PREC_MUL) : NULL, *a = lem_ast_wrap(p->w, AST_FN, body);
    if (a && name) a->name = name->name, a->len = name->len;
    return a;
}

/* The order at ^2 or ^{2} behind the k-th token; 1 where there is none. *k moves behind it. */
static long order_at(parser *p, size_t *k) {
    if (!parse_is(parse_peek_at(p, *k), '^')) return 1;
    bool brace = parse_is(parse_peek_at(p, *k + 1), '{');
    const lex_tok *t = parse_peek_at(p, *k + 1 + brace);
    if (t->kind != TOK_NUM || t->len != 1 || (brace && !parse_is(parse_peek_at(p, *k + 3), '}'))) return 0;
    *k += brace ? 4 : 2;
    return t->text[0] - '0';
}

/* \frac{d^2y}{dx^2}, \frac{d}{dx}, \frac{\partial f}{\partial x} behind \frac, at tokens that say nothing
 * else: the function (a symbol; NULL: what follows), the variable and the order. Moves behind it where it is
 * one. */
static bool at_derivative(parser *p, const lex_tok **function, const lex_tok **variable, long *order) {
    size_t k = 2;
    if (!parse_is(parse_peek(p), '{') || !is_differential(parse_peek_at(p, 1))) return false;
    const lex_tok *d = parse_peek_at(p, 1);
    *order = order_at(p, &k);
    const lex_tok *t = parse_peek_at(p, k);
    *function = t->kind == TOK_SYM ? t : NULL;
    k += *function != NULL;
    if (!parse_is(parse_peek_at(p, k), '}') || !parse_is(parse_peek_at(p, k + 1), '{') ||
        parse_peek_at(p, k + 2)->kind != TOK_SYM ||
        !lem_parse_name_is(parse_peek_at(p, k + 2), d->len == 1 ? "d" : "partial"))
        return false;
    *variable = parse_peek_at(p, k + 3);
    k += 4;
    if ((*variable)->kind != TOK_SYM || *order < 1 || order_at(p, &k) != *order ||
        !parse_is(parse_peek_at(p, k), '}'))
        return false;
    p->i += k + 1;
    return true;
}

/* The derivative stays a form: function, variable, order. */
static ast_node *parse_derivative(parser *p, const lex_tok *function, const lex_tok *variable, long order) {
    ast_node *kid[3] = {function ? lem_ast_named(p->w, AST_SYM, function->text, function->len)
                                 : lem_parse_binary(p, PREC_MUL),
                        lem_ast_named(p->w, AST_SYM, variable->text, variable->len),
                        lem_ast_int(p->w, order)};
    ast_node *a = kid[0] && kid[1] && kid[2] ? named_node(p, "derivative", kid, 3) : NULL;
    if (a) a->call = true;
    return a;
}

static ast_node *parse_fraction(parser *p, const lex_tok *f) {
    const lex_tok *function, *variable;
    long order;
    if (f->latex && at_derivative(p, &function, &variable, &order))
        return parse_derivative(p, function, variable, order);
    if (parse_is(parse_peek(p), '(') || !f->latex) return NULL;
    ast_node *a = lem_parse_argument(p);
    return a ? lem_ast_div(p->w, a, lem_parse_argument(p)) : NULL;
}

static ast_node *parse_binomial(parser *p) {
    ast_node *kid[2] = {lem_parse_argument(p), NULL};
    kid[1] = kid[0] ? lem_parse_argument(p) : NULL;
    return kid[1] ? named_node(p, "binom", kid, 2) : NULL;
}

static ast_node *parse_abs(parser *p) {
    ast_node *a = lem_parse_argument(p);
    if (!a || a->kind != AST_NUM) return lem_ast_wrap(p->w, AST_ABS, a);
    return lem_rat_sign(a->q) < 0 ? lem_ast_neg(p->w, a) : a;
}

static ast_node *parse_cbrt(parser *p) { return root(p, whole_argument(p), lem_ast_int(p->w, 3)); }
static ast_node *parse_plain_sum(parser *p) { return parse_sum(p, false); }
static ast_node *parse_product(parser *p) { return parse_sum(p, true); }

ast_node *lem_parse_function(parser *p) {
    static const char *const accents[] = {"overline", "bar",       "vec", "hat",  "widehat",
                                          "tilde",    "widetilde", "dot", "ddot", "overrightarrow",
                                          "mathring", "overbrace"};
    static const struct {
        const char *name;
        ast_node *(*parse)(parser *p);
    } forms[] = {{"sqrt", parse_sqrt},    {"cbrt", parse_cbrt},     {"binom", parse_binomial},
                 {"abs", parse_abs},      {"sum", parse_plain_sum}, {"prod", parse_product},
                 {"int", parse_integral}, {"iint", parse_integral}, {"oint", parse_integral},
                 {"lim", parse_limit}};
    const lex_tok f = p->t.tok[p->i++];
    if (lem_parse_name_is(&f, "frac")) return parse_fraction(p, &f);
    for (size_t k = 0; k < sizeof forms / sizeof *forms; k++)
        if (lem_parse_name_is(&f, forms[k].name)) return forms[k].parse(p);
    for (size_t k = 0; k < sizeof accents / sizeof *accents; k++)
        if (lem_parse_name_is(&f, accents[k])) return parse_accent(p, &f);
    return parse_applied(p, &f);
}
