/* parse.c - tokens to the answer tree: a precedence parser for lists, relations, sets and arithmetic, LaTeX
 * and plain alike */
#include "answer/parse_priv.h"

#include "answer/units_priv.h"
#include "answer/verdict.h"

#include <string.h>

static bool is_unary(const lex_tok *t) {
    return parse_is(t, '-') || parse_is(t, '+') || parse_is(t, OP_PM) || parse_is(t, OP_MP);
}

static bool at_degree(parser *p) {
    if (parse_take(p, OP_DEGREE)) return true;
    if (!parse_is(parse_peek(p), '^')) return false;
    if (parse_is(parse_peek_at(p, 1), OP_DEGREE)) return p->i += 2, true;
    if (parse_is(parse_peek_at(p, 1), '{') && parse_is(parse_peek_at(p, 2), OP_DEGREE) &&
        parse_is(parse_peek_at(p, 3), '}'))
        return p->i += 4, true;
    return false;
}

/* A power's exponent: a group, a signed token, or a whole number token (x^12 means the twelfth power). */
static ast_node *parse_exponent(parser *p) {
    bool minus = parse_take(p, '-');
    if (!minus) (void)parse_take(p, '+');
    p->bare = p->i + 1;
    bool plain = parse_peek(p)->kind == TOK_NUM &&
                 parse_is(parse_peek_at(p, 1), '_'); /* x^2_1: the subscript is that of x */
    ast_node *e = plain                          ? lem_parse_number_token(p)
                  : parse_is(parse_peek(p), '{') ? lem_parse_argument(p)
                                                 : lem_parse_primary(p);
    if (e && parse_is(parse_peek(p), '^') && !at_degree(p)) {
        p->i++;
        if (++p->depth > AST_MAX_DEPTH) p->w->limit = true;
        e = p->w->limit ? NULL : lem_ast_pow(p->w, e, parse_exponent(p));
        p->depth--;
    }
    return minus ? lem_ast_neg(p->w, e) : e;
}

/* Tokens of so many primes at the k-th token from here: ', '', ^{\prime}, ^{\prime\prime}, "; 0 when they are
 * not there. */
static size_t primes_at(parser *p, size_t k, size_t count) {
    size_t from = k, met = 0;
    if (count == 2 && parse_is(parse_peek_at(p, k), '"')) return 1;
    bool power = parse_is(parse_peek_at(p, k), '^'), brace = power && parse_is(parse_peek_at(p, k + 1), '{');
    k += (size_t)power + brace;
    while (met < count && parse_is(parse_peek_at(p, k), '\'')) k++, met++;
    if (met < count || (brace && !parse_is(parse_peek_at(p, k), '}'))) return 0;
    return k + brace - from;
}

/* Minutes and seconds behind degrees: 30° 15' 20'' */
static ast_node *with_minutes(parser *p, ast_node *a) {
    long worth = 60;
    for (size_t k = 1; k <= 2 && a; k++, worth *= 60) {
        const lex_tok *t = parse_peek(p);
        size_t primes = t->kind == TOK_NUM ? primes_at(p, 1, k) : 0;
        if (!primes) break;
        ast_node *part = lem_ast_num(p->w, lem_rat_decimal(p->w, t->text, t->len, t->exp10));
        a = lem_ast_add(p->w, a, lem_ast_div(p->w, part, lem_ast_int(p->w, worth)));
        p->i += 1 + primes;
    }
    return a;
}

/* Degrees of an angle, or of a temperature: 5° C. */
static ast_node *degrees(parser *p, ast_node *a) {
    a = lem_ast_wrap(p->w, AST_DEGREE, with_minutes(p, a));
    const lex_tok *t = parse_peek(p), *next = parse_peek_at(p, 1);
    bool scale = t->kind == TOK_SYM && (lem_parse_name_is(t, "C") || lem_parse_name_is(t, "F")) &&
                 (next->kind == TOK_END || parse_is(next, ',') || parse_is(next, ')'));
    if (!a || !scale) return a;
    p->i++;
    a = lem_ast_wrap(p->w, AST_QTY, a);
    if (a) a->name = t->text, a->len = t->len;
    return a;
}

/* \lambda^{2}_{i} is \lambda_i^2 */
static ast_node *late_subscript(parser *p, ast_node *a) {
    return lem_parse_subscript(p, a->name, a->len, AST_SYM);
}

/* R^+, z^*, N^{*}: the sign is part of the name. NULL when it is an exponent. */
static ast_node *marked_symbol(parser *p, ast_node *a) {
    bool brace = parse_is(parse_peek(p), '{');
    const lex_tok *sign = parse_peek_at(p, brace), *after = parse_peek_at(p, 1 + brace);
    if (a->kind != AST_SYM || p->no_ratio || !(parse_is(sign, '+') || parse_is(sign, '*'))) return NULL;
    if (brace ? !parse_is(after, '}')
              : !(after->kind == TOK_END || (after->kind == TOK_OP && !strchr("({[|", after->op))))
        return NULL;
    char *name = lem_work_alloc(p->w, a->len + 3, 1);
    if (!name) return NULL;
    memcpy(name, a->name, a->len);
    name[a->len] = '^';
    name[a->len + 1] = sign->op;
    p->i += brace ? 3 : 1;
    return lem_ast_named(p->w, AST_SYM, name, a->len + 2);
}

/* A^T, and whole powers. */
static ast_node *matrix_power(parser *p, ast_node *a, ast_node *e) {
    long k;
    if (e->kind == AST_NUM && lem_rat_small(e->q, 8, &k)) return lem_ast_matrix_pow(p->w, a, k);
    if (!lem_ast_is_sym(e, "T")) return lem_ast_pow(p->w, a, e);
    ast_node *r = lem_ast_new(p->w, AST_MATRIX, a->n);
    uint32_t rows = a->n / a->cols;
    for (uint32_t m = 0; r && m < a->n; m++) r->kid[m % a->cols * rows + m / a->cols] = a->kid[m];
    if (r) r->cols = rows;
    return r;
}

static ast_node *parse_power(parser *p, ast_node *a) {
    ast_node *marked = marked_symbol(p, a);
    if (marked || p->w->limit) return marked;
    ast_node *e = parse_exponent(p);
    if (e && a->kind == AST_SYM && parse_is(parse_peek(p), '_')) a = late_subscript(p, a);
    if (a && e && a->kind == AST_MATRIX) return matrix_power(p, a, e);
    return lem_ast_pow(p->w, a, e);
}

/* n!, and n!! with no space between: every second factor. */
static ast_node *factorial(parser *p, ast_node *a) {
    long n;
    if (!parse_is(parse_peek(p), '!') || parse_peek(p)->space) return lem_ast_wrap(p->w, AST_FACTORIAL, a);
    p->i++;
    if (a->kind == AST_NUM && lem_rat_small(a->q, 2000, &n) && n >= -1) {
        ast_node *r = lem_ast_int(p->w, 1);
        for (; r && n > 1; n -= 2) r = lem_ast_mul(p->w, r, lem_ast_int(p->w, n));
        return r;
    }
    ast_node *f = lem_ast_wrap(p->w, AST_FN, a);
    if (f) f->name = "doublefactorial", f->len = 15;
    return f;
}

/* An operation on two things of which nothing is known: f o g, A x B. */
static ast_node *opaque_pair(parser *p, const char *name, ast_node *a, ast_node *b) {
    ast_node *r = a && b ? lem_ast_new(p->w, AST_FN, 2) : NULL;
    if (!r) return NULL;
    r->kid[0] = a;
    r->kid[1] = b;
    r->name = name;
    r->len = (uint32_t)strlen(name);
    r->call = true;
    return r;
}

/* f \circ g; 30^\circ has its power. */
static bool at_composition(parser *p, const ast_node *a) {
    bool function = a->kind == AST_SYM || (a->kind == AST_FN && a->call);
    return function && parse_is(parse_peek(p), OP_DEGREE) && lem_parse_name_is(parse_peek(p), "circ") &&
           parse_peek_at(p, 1)->kind == TOK_SYM;
}

static ast_node *parse_postfix(parser *p) {
    ast_node *a = lem_parse_primary(p);
    for (int k = 0; a && !p->w->limit && k < 8; k++) {
        if (at_composition(p, a)) p->i++, a = opaque_pair(p, "compose", a, lem_parse_primary(p));
        else if (at_degree(p)) a = degrees(p, a);
        else if (parse_take(p, '^')) a = parse_power(p, a);
        else if (a->kind == AST_SYM && parse_is(parse_peek(p), '_')) a = late_subscript(p, a); /* {g}_k */
        else if (parse_take(p, '!')) a = factorial(p, a);
        else if (parse_take(p, '%')) a = lem_ast_wrap(p->w, AST_PERCENT, a);
        else if (a->kind == AST_NUM && parse_is(parse_peek(p), OP_MONEY) &&
                 parse_peek_at(p, 1)->kind != TOK_NUM) {
            const lex_tok *t = parse_peek(p);
            a = lem_ast_wrap(p->w, AST_MONEY, a);
            if (a) a->name = t->text, a->len = t->len;
            p->i++;
        } else break;
    }
    return a;
}

static bool is_scalar_like(const ast_node *a) {
    return a->kind == AST_NUM || a->kind == AST_SYM || a->kind == AST_ADD || a->kind == AST_MUL ||
           a->kind == AST_POW || a->kind == AST_FN || a->kind == AST_ABS || a->kind == AST_FACTORIAL;
}

/* A number behind a factor is one too behind a bracket, and with a power: n 2^n. */
static bool number_follows(parser *p, const ast_node *left) {
    if (left->kind == AST_SYM && parse_peek(p)->space && parse_is(parse_peek_at(p, 1), '^')) return true;
    return left->kind != AST_NUM && left->kind != AST_POW && p->i > 0 && parse_is(parse_peek(p) - 1, ')');
}

/* dx in an integral */
static bool at_own_differential(parser *p) {
    const lex_tok *t = parse_peek(p), *after = parse_peek_at(p, 1);
    return p->in_integral && t->kind == TOK_SYM && lem_parse_name_is(t, "d") && after->kind == TOK_SYM &&
           !after->space;
}

/* Not the closing bracket of [0,1[. */
static bool opens_factor(const ast_node *left, const lex_tok *after) {
    return is_scalar_like(left) && after->kind != TOK_END && !parse_is(after, OP_UNION) &&
           !parse_is(after, ',') && !parse_is(after, ')');
}

static bool operator_starts_factor(parser *p, const ast_node *left) {
    switch (parse_peek(p)->op) {
    case '[': return opens_factor(left, parse_peek_at(p, 1));
    case '|': return p->abs_depth == 0;
    case '(':
    case '{':
    case OP_ANGLE_OPEN:
    case OP_FLOOR_OPEN:
    case OP_CEIL_OPEN:
    case OP_BAR_OPEN:
    case OP_BEGIN: return true;
    default: return false;
    }
}

static bool starts_factor(parser *p, const ast_node *left) {
    const lex_tok *t = parse_peek(p);
    if (at_own_differential(p) || left->kind == AST_TEXT) return false; /* words are no factors */
    switch (t->kind) {
    case TOK_SYM: return true;
    case TOK_FN: return !lem_parse_name_is(t, "choose");
    case TOK_NUM: return number_follows(p, left);
    case TOK_OP: return operator_starts_factor(p, left);
    default: return false;
    }
}

/* Operator at the current token: its precedence, or 0. */
static int precedence(const parser *p, const lex_tok *t) {
    if (t->kind != TOK_OP) return 0;
    switch (t->op) {
    case OP_UNION:
    case OP_INTER:
    case OP_SETMINUS: return PREC_SET;
    case ':': return p->no_ratio ? 0 : PREC_RATIO;
    case '+':
    case '-':
    case OP_PM:
    case OP_MP: return PREC_ADD;
    case '*':
    case OP_MOD:
    case '/': return PREC_MUL;
    default: return 0;
    }
}

static ast_node *joined(parser *p, ast_kind kind, ast_node *a, ast_node *b) {
    if (!a || !b) return NULL;
    uint32_t n = a->kind == kind ? a->n : 1;
    ast_node *r = lem_ast_new(p->w, kind, n + 1);
    if (!r) return NULL;
    for (uint32_t k = 0; k < n; k++) r->kid[k] = a->kind == kind ? a->kid[k] : a;
    r->kid[n] = b;
    return r;
}

/* 2:30 with two digits behind the colon and no space may be a time of day. */
static ast_node *ratio(parser *p, ast_node *a, ast_node *b, size_t colon) {
    ast_node *r = joined(p, AST_RATIO, a, b);
    const lex_tok *t = &p->t.tok[colon];
    if (r && colon > 0 && t[-1].kind == TOK_NUM && t[1].kind == TOK_NUM && !t->space && !t[1].space &&
        t[1].len >= 2 && t[1].text[0] == '0')
        r->decimal = true;
    return r;
}

static ast_node *modulo(parser *p, ast_node *a, ast_node *b) {
    ast_node *r = a && b ? lem_ast_new(p->w, AST_FN, 2) : NULL;
    if (!r) return NULL;
    r->name = "mod";
    r->len = 3;
    r->kid[0] = a;
    r->kid[1] = b;
    if (a->kind != AST_NUM || b->kind != AST_NUM || lem_rat_sign(b->q) == 0) return r;
    lem_rat *q = lem_rat_div(p->w, a->q, b->q), *whole = q ? lem_rat_int(p->w, 0) : NULL;
    if (!whole) return NULL;
    mpz_fdiv_q(mpq_numref(whole->q), mpq_numref(q->q), mpq_denref(q->q));
    return lem_ast_num(p->w, lem_rat_sub(p->w, a->q, lem_rat_mul(p->w, whole, b->q)));
}

static bool is_capital(const ast_node *a) { return a->len == 1 && a->name[0] >= 'A' && a->name[0] <= 'Z'; }

/* The cross product of two vectors, and the product of two sets or matrices, is no product of numbers. */
static ast_node *times(parser *p, ast_node *a, ast_node *b, size_t at) {
    if (!a || !b || a->kind != AST_SYM || b->kind != AST_SYM || !lem_parse_name_is(&p->t.tok[at], "times"))
        return lem_ast_mul(p->w, a, b);
    bool vectors = a->close == OP_ARROW && b->close == OP_ARROW;
    return vectors || (is_capital(a) && is_capital(b)) ? opaque_pair(p, "cross", a, b)
                                                       : lem_ast_mul(p->w, a, b);
}

/* b in the unit of a, where both have one. */
static ast_node *in_unit_of(parser *p, const ast_node *a, ast_node *b) {
    bool both = a && b && a->kind == AST_QTY && b->kind == AST_QTY;
    return both && !lem_ast_same_name(a, b) ? lem_unit_convert(p->w, b, a) : b;
}

/* A unit at the end of a sum is that of the sum: 2t + 3 ft; 3 ft + 2 ft is 5 ft. */
static ast_node *sum(parser *p, ast_node *a, ast_node *b) {
    b = in_unit_of(p, a, b);
    bool same = a && b && a->kind == AST_QTY && b->kind == AST_QTY && lem_ast_same_name(a, b);
    if (!a || !b || b->kind != AST_QTY || !(same || is_scalar_like(a))) return lem_ast_add(p->w, a, b);
    ast_node *q = lem_ast_wrap(p->w, AST_QTY, lem_ast_add(p->w, same ? a->kid[0] : a, b->kid[0]));
    if (q) q->name = b->name, q->len = b->len;
    return q;
}

/* The other sign of a ± beside it. */
static ast_node *minus_plus(parser *p, ast_node *a) {
    ast_node *r = lem_ast_wrap(p->w, AST_PM, a);
    if (r) r->open = OP_MP;
    return r;
}

/* 5 ± 2 cm, 5 cm ± 2 cm: the unit is that of both. */
static ast_node *plus_minus(parser *p, ast_node *a, ast_node *b) {
    if (!a || !b || b->kind != AST_QTY) return lem_ast_add(p->w, a, lem_ast_wrap(p->w, AST_PM, b));
    ast_node *both = lem_ast_wrap(p->w, AST_PM, b->kid[0]), *q = lem_ast_wrap(p->w, AST_QTY, both);
    if (q) q->name = b->name, q->len = b->len;
    return sum(p, a, q);
}

static ast_node *apply(parser *p, char op, ast_node *a, ast_node *b, size_t at) {
    switch (op) {
    case '+': return sum(p, a, b);
    case '-': return sum(p, a, lem_ast_neg(p->w, b));
    case OP_PM: return plus_minus(p, a, b);
    case OP_MP: return lem_ast_add(p->w, a, minus_plus(p, lem_ast_neg(p->w, b)));
    case '*': return times(p, a, b, at);
    case '/': return lem_ast_div(p->w, a, b);
    case OP_MOD: return modulo(p, a, b);
    case ':': return ratio(p, a, b, at);
    case OP_UNION: return joined(p, AST_UNION, a, b);
    case OP_INTER: return joined(p, AST_INTER, a, b);
    default: return joined(p, AST_SETMINUS, a, b);
    }
}

static ast_node *parse_unary(parser *p) {
    int minus = 0;
    bool pm = false, mp = false;
    while (is_unary(parse_peek(p))) {
        char op = parse_peek(p)->op;
        minus ^= op == '-' || op == OP_MP;
        pm = pm || op == OP_PM || op == OP_MP;
        mp = mp || op == OP_MP;
        p->i++;
    }
    ast_node *a = NULL;
    if (minus && parse_peek(p)->kind == TOK_NUM &&
        parse_is(parse_peek_at(p, 1), OP_MOD)) { /* -1 mod 7 is 6 */
        a = lem_ast_neg(p->w, lem_parse_number_token(p));
        p->i++;
        return modulo(p, a, lem_parse_binary(p, PREC_POW));
    }
    a = lem_parse_binary(p, PREC_MUL);
    if (minus) a = lem_ast_neg(p->w, a);
    if (mp) return minus_plus(p, a);
    return pm ? lem_ast_wrap(p->w, AST_PM, a) : a;
}

/* "{}" sets nothing: {}_5C_2, 2{} */
static void skip_empty_groups(parser *p) {
    while (parse_is(parse_peek(p), '{') && parse_is(parse_peek_at(p, 1), '}') && p->i > 0) p->i += 2;
}

ast_node *lem_parse_binary(parser *p, int min_prec) {
    if (++p->depth > AST_MAX_DEPTH) {
        p->w->limit = true;
        return NULL;
    }
    ast_node *a = is_unary(parse_peek(p)) ? parse_unary(p) : parse_postfix(p);
    if (min_prec < PREC_POW) a = a ? lem_parse_unit(p, a) : NULL;
    while (a && !p->w->limit) {
        skip_empty_groups(p);
        const lex_tok *t = parse_peek(p);
        int prec = precedence(p, t);
        if (prec && prec >= min_prec) {
            size_t at = p->i++;
            a = apply(p, t->op, a, lem_parse_binary(p, prec + 1), at);
        } else if (!prec && min_prec <= PREC_MUL && starts_factor(p, a))
            a = lem_ast_mul(p->w, a, parse_postfix(p));
        else break;
        if (a && min_prec <= PREC_MUL) a = lem_parse_unit(p, a);
    }
    p->depth--;
    return p->w->limit ? NULL : a;
}

/* "(mod 7)", "\pmod{7}", "\pmod 7", "mod 7" behind a relation or value */
static ast_node *with_modulus(parser *p, ast_node *a) {
    if (!a) return NULL;
    bool paren = parse_is(parse_peek(p), '(') && parse_is(parse_peek_at(p, 1), OP_MOD);
    if (paren) p->i += 2;
    else if (!parse_take(p, OP_PMOD)) return a;
    ast_node *m = paren ? lem_parse_binary(p, PREC_ADD) : lem_parse_argument(p);
    if (!m || (paren && !parse_take(p, ')'))) return NULL;
    ast_node *r = lem_ast_new(p->w, AST_MODULO, 2);
    if (!r) return NULL;
    r->kid[0] = a;
    r->kid[1] = m;
    return r;
}

static bool is_relation(const lex_tok *t) {
    return t->kind == TOK_OP && t->op && strchr("=<>lgn~ioqtkKsS", t->op);
}

/* At the sign of a relation; in aligned rows a mark stands before or behind it: x &= 1. */
static bool at_relation(parser *p) {
    if (parse_is(parse_peek(p), '&') && is_relation(parse_peek_at(p, 1))) p->i++;
    return is_relation(parse_peek(p));
}

/* B contains A says that A lies in B. */
static ast_node *relation(parser *p, ast_node *const *kids, uint32_t n, char *ops) {
    ast_node *a = lem_ast_new(p->w, AST_REL, n);
    if (!a) return NULL;
    bool turn = n == 2 && (ops[0] == OP_SUPSET || ops[0] == OP_SUPSET_EQ);
    if (turn) ops[0] = ops[0] == OP_SUPSET ? OP_SUBSET : OP_SUBSET_EQ;
    for (uint32_t k = 0; k < n; k++) a->kid[k] = kids[turn ? n - 1 - k : k];
    a->name = lem_work_strndup(p->w, ops, n - 1);
    a->len = n - 1;
    return a->name ? a : NULL;
}

ast_node *lem_parse_relation(parser *p) {
    ast_node *kids[16];
    char ops[16];
    uint32_t n = 0;
    (void)parse_take(p, OP_APPROX); /* "\\approx 8.24" */
    if (p->i == 0) (void)parse_take(p, '=');
    if (!(kids[n++] = lem_parse_binary(p, PREC_SET))) return NULL;
    while (at_relation(p)) {
        if (n == 16) return NULL;
        char op = parse_peek(p)->op;
        bool similar = op == OP_APPROX && lem_parse_name_is(parse_peek(p), "sim");
        ops[n - 1] = op == OP_EQUIV ? '=' : op;
        p->i++;
        (void)parse_take(p, '&');
        if (!(kids[n++] = lem_parse_binary(p, PREC_SET))) return NULL;
        if (similar && kids[n - 1]->kind == AST_SYM) ops[n - 2] = OP_SIMILAR;
    }
    return with_modulus(p, n == 1 ? kids[0] : relation(p, kids, n, ops));
}

/* Separators here: the strongest of ',' ';' 'A' 'O', or 0. */
static char take_separator(parser *p) {
    char sep = 0;
    for (;; p->i++) {
        const lex_tok *t = parse_peek(p);
        if (parse_is(t, ',')) sep = sep ? sep : ',';
        else if (parse_is(t, ';')) sep = ';';
        else if (parse_is(t, OP_AND)) sep = sep && sep != ',' ? sep : 'A';
        else if (parse_is(t, OP_OR)) sep = 'O';
        else if (parse_is(t, OP_WEDGE) || parse_is(t, OP_VEE)) sep = t->op;
        else return sep;
    }
}

/* "1/3 or about 0.33": what "or" joins may be near. */
static void skip_near(parser *p, char sep) {
    static const char *const words[] = {"about", "approximately", "roughly", "around"};
    const lex_tok *t = parse_peek(p);
    bool word = sep == OP_OR && (t->kind == TOK_WORD || t->kind == TOK_TEXT);
    for (size_t k = 0; word && k < sizeof words / sizeof *words; k++)
        if (lem_parse_name_is(t, words[k])) {
            p->i++;
            return;
        }
}

typedef struct items {
    ast_node **at;
    char *sep; /* before each */
    size_t n, cap;
} items;

static bool add_item(parser *p, items *l, ast_node *a, char sep) {
    if (l->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 8;
        ast_node **at = lem_work_alloc(p->w, cap, sizeof *at);
        char *s = at ? lem_work_alloc(p->w, cap, 1) : NULL;
        if (!s) return false;
        if (l->n) memcpy(at, l->at, l->n * sizeof *at), memcpy(s, l->sep, l->n);
        *l = (items){at, s, l->n, cap};
    }
    l->at[l->n] = a;
    l->sep[l->n++] = sep;
    return true;
}

static ast_node *list_of(parser *p, const items *l, size_t from, size_t to, char kind) {
    if (to - from == 1) return l->at[from];
    ast_node *a = lem_ast_new(p->w, AST_LIST, (uint32_t)(to - from));
    if (!a) return NULL;
    memcpy(a->kid, l->at + from, (to - from) * sizeof *l->at);
    a->open = kind;
    return a;
}

/* p \land q and p \lor q are propositions; between relations the signs say "and" and "or". */
static char kind_of_list(const items *l, bool ands, bool ors) {
    bool logic = true;
    for (size_t k = 0; k < l->n; k++)
        logic = logic && l->at[k]->kind != AST_REL && (k == 0 || l->sep[k] == l->sep[l->n - 1]);
    char last = l->sep[l->n - 1];
    if (logic && (last == OP_WEDGE || last == OP_VEE)) return last;
    return ors ? 'O' : ands ? 'A' : ',';
}

/* "p=5,q=2; p=7,q=2": a semicolon separates lists where commas occur too. */
static ast_node *grouped_list(parser *p, const items *l) {
    items outer = {NULL, NULL, 0, 0};
    bool commas = false, semicolons = false, ands = false, ors = false;
    for (size_t k = 1; k < l->n; k++) {
        commas = commas || l->sep[k] == ',';
        semicolons = semicolons || l->sep[k] == ';';
        ands = ands || l->sep[k] == 'A' || l->sep[k] == OP_WEDGE;
        ors = ors || l->sep[k] == 'O' || l->sep[k] == OP_VEE;
    }
    char kind = kind_of_list(l, ands, ors);
    if (!commas || !semicolons) return list_of(p, l, 0, l->n, kind);
    for (size_t from = 0, k = 1; k <= l->n; k++) {
        if (k < l->n && l->sep[k] == ',') continue;
        ast_node *part = list_of(p, l, from, k, ',');
        if (!part || !add_item(p, &outer, part, ';')) return NULL;
        from = k;
    }
    return list_of(p, &outer, 0, outer.n, kind);
}

ast_node *lem_parse_list(parser *p) {
    if (++p->depth > AST_MAX_DEPTH) {
        p->w->limit = true;
        return NULL;
    }
    ast_node *first = lem_parse_relation(p);
    items l = {NULL, NULL, 0, 0};
    char sep;
    while (first && (sep = take_separator(p)) != 0) {
        const lex_tok *t = parse_peek(p);
        if (t->kind == TOK_END || parse_is(t, ')') || parse_is(t, '}') || parse_is(t, OP_SET_CLOSE))
            break; /* trailing comma */
        skip_near(p, sep);
        if (l.n == 0 && !add_item(p, &l, first, ',')) return NULL;
        ast_node *next = lem_parse_relation(p);
        if (!next || !add_item(p, &l, next, sep)) return NULL;
    }
    p->depth--;
    return l.n && first ? grouped_list(p, &l) : first;
}
