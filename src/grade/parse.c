/* parse.c - tokens to the answer tree: a precedence parser for lists, relations, sets and arithmetic, LaTeX and plain alike */
#include "grade/ast_priv.h"

#include "grade/grade.h"

#include <string.h>

typedef struct parser {
    grade_work *w;
    grade_toks t;
    size_t i;
    int depth, nodes, abs_depth;
} parser;

enum { PREC_SET = 1, PREC_RATIO, PREC_ADD, PREC_MUL, PREC_POW };

static ast_node *parse_list(parser *p);
static ast_node *parse_binary(parser *p, int min_prec);
static ast_node *parse_primary(parser *p);

static grade_tok *peek(parser *p) { return &p->t.tok[p->i]; }
static grade_tok *peek_at(parser *p, size_t k) { return &p->t.tok[p->i + k < p->t.n ? p->i + k : p->t.n]; }
static bool is_op(const grade_tok *t, char op) { return t->kind == TOK_OP && t->op == op; }
static bool take_op(parser *p, char op) {
    if (!is_op(peek(p), op)) return false;
    p->i++;
    return true;
}
static bool name_is(const grade_tok *t, const char *s) { return strlen(s) == t->len && memcmp(t->text, s, t->len) == 0; }

static ast_node *named(parser *p, ast_kind kind, const char *s, size_t n) {
    ast_node *a = lem_ast_new(p->w, kind, 0);
    if (a) {
        a->name = s;
        a->len = (uint32_t)n;
    }
    return a;
}

/* Lower case, runs of space as one, no leading article, no closing punctuation. */
static ast_node *text_node(parser *p, const char *s, size_t n) {
    char *t = lem_grade_alloc(p->w, n + 1, 1);
    if (!t) return NULL;
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        char c = s[i];
        if (c == '\\' || c == '$' || c == '{' || c == '}' || c == '"' || c == '*') continue;
        if (c == ' ' || (c >= '\t' && c <= '\r') || c == '~') {
            if (k && t[k - 1] != ' ') t[k++] = ' ';
        } else t[k++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    while (k && strchr(" .,;:!", t[k - 1])) k--;
    size_t skip = k > 4 && memcmp(t, "the ", 4) == 0 ? 4 : k > 2 && memcmp(t, "a ", 2) == 0 ? 2 : k > 3 && memcmp(t, "an ", 3) == 0 ? 3 : 0;
    return named(p, AST_TEXT, t + skip, k - skip);
}

static ast_node *number(parser *p, const grade_tok *t) {
    ast_node *a = lem_ast_num(p->w, lem_grade_rat_decimal(p->w, t->text, t->len, t->exp10));
    const char *dot = a ? memchr(t->text, '.', t->len) : NULL;
    if (dot) {
        a->decimal = true;
        a->ulp10 = t->exp10 - (int32_t)(t->text + t->len - dot - 1);
    }
    return a;
}

/* One argument of a command: a group, or a single token (of a number its first digit, as TeX reads it). */
static ast_node *parse_argument(parser *p) {
    grade_tok *t = peek(p);
    if (is_op(t, '{')) {
        p->i++;
        ast_node *a = parse_list(p);
        return a && take_op(p, '}') ? a : NULL;
    }
    if (t->kind == TOK_NUM && t->len > 1 && t->exp10 == 0 && t->text[0] != '.') {
        grade_tok first = *t;
        first.len = 1;
        t->text++;
        t->len--;
        if (t->text[0] == '.') return NULL;
        return number(p, &first);
    }
    if (t->kind == TOK_OP && t->op != '(') return NULL;
    return parse_primary(p);
}

static ast_node *root(parser *p, ast_node *a, ast_node *degree) {
    if (!a || !degree) return NULL;
    return lem_ast_pow(p->w, a, lem_ast_div(p->w, lem_ast_num(p->w, lem_grade_rat_int(p->w, 1)), degree));
}

static ast_node *parse_sqrt(parser *p) {
    ast_node *degree = lem_ast_num(p->w, lem_grade_rat_int(p->w, 2));
    if (take_op(p, '[')) {
        degree = parse_binary(p, PREC_ADD);
        if (!degree || !take_op(p, ']')) return NULL;
    }
    return root(p, parse_argument(p), degree);
}

static ast_node *function_node(parser *p, const grade_tok *f, ast_node *base, ast_node *arg) {
    if (!arg) return NULL;
    uint32_t n = arg->kind == AST_LIST ? arg->n : 1;
    ast_node *a = lem_ast_new(p->w, AST_FN, n + (base != NULL));
    if (!a) return NULL;
    for (uint32_t k = 0; k < n; k++) a->kid[k] = arg->kind == AST_LIST ? arg->kid[k] : arg;
    if (base) a->kid[n] = base;
    a->name = f->text;
    a->len = f->len;
    if (name_is(f, "lg")) a->name = "log", a->len = 3;
    return a;
}

static bool starts_operand(const grade_tok *t) { return t->kind == TOK_NUM || t->kind == TOK_SYM || is_op(t, '{') || is_op(t, '('); }

/* sin 2x, \sin^2(x), \log_2 8: power and base before the argument; the argument is a bracket or a product without further functions. */
static ast_node *parse_function(parser *p, const grade_tok *f) {
    ast_node *power = NULL, *base = NULL;
    for (int k = 0; k < 2; k++) {
        if (take_op(p, '^')) power = parse_argument(p);
        else if (take_op(p, '_')) base = parse_argument(p);
        else continue;
        if (!power && !base) return NULL;
    }
    ast_node *arg = NULL;
    if (is_op(peek(p), '(') || is_op(peek(p), '{')) {
        char close = peek(p)->op == '(' ? ')' : '}';
        p->i++;
        arg = parse_list(p);
        if (!arg || !take_op(p, close)) return NULL;
    } else {
        bool minus = take_op(p, '-');
        if (!starts_operand(peek(p)) && peek(p)->kind != TOK_FN) return NULL;
        arg = parse_binary(p, PREC_POW);
        while (arg && (peek(p)->kind == TOK_SYM || (is_op(peek(p), '/') && starts_operand(peek_at(p, 1))))) {
            bool div = take_op(p, '/');
            ast_node *next = parse_binary(p, PREC_POW);
            arg = div ? lem_ast_div(p->w, arg, next) : lem_ast_mul(p->w, arg, next);
        }
        if (minus) arg = lem_ast_neg(p->w, arg);
    }
    ast_node *a = function_node(p, f, base, arg);
    return power ? lem_ast_pow(p->w, a, power) : a;
}

static ast_node *parse_fn_token(parser *p) {
    const grade_tok f = p->t.tok[p->i++];
    if (name_is(&f, "frac") || name_is(&f, "dfrac") || name_is(&f, "tfrac") || name_is(&f, "cfrac")) {
        if (is_op(peek(p), '(') || !f.latex) return NULL;
        ast_node *a = parse_argument(p);
        return a ? lem_ast_div(p->w, a, parse_argument(p)) : NULL;
    }
    if (name_is(&f, "sqrt")) return parse_sqrt(p);
    if (name_is(&f, "cbrt")) return root(p, parse_argument(p), lem_ast_num(p->w, lem_grade_rat_int(p->w, 3)));
    if (name_is(&f, "binom") || name_is(&f, "dbinom") || name_is(&f, "tbinom")) {
        ast_node *a = parse_argument(p), *b = a ? parse_argument(p) : NULL, *r = b ? lem_ast_new(p->w, AST_FN, 2) : NULL;
        if (!r) return NULL;
        r->kid[0] = a;
        r->kid[1] = b;
        r->name = "binom";
        r->len = 5;
        return r;
    }
    if (name_is(&f, "abs")) return lem_ast_wrap(p->w, AST_ABS, parse_argument(p));
    return parse_function(p, &f);
}

/* (…), […, […) and so on: one element is grouping, more are a tuple or interval with these brackets. */
static ast_node *parse_bracket(parser *p) {
    char open = p->t.tok[p->i++].op;
    int saved = p->abs_depth;
    p->abs_depth = 0;
    ast_node *a = parse_list(p);
    p->abs_depth = saved;
    if (!a || (!is_op(peek(p), ')') && !is_op(peek(p), ']'))) return NULL;
    char close = p->t.tok[p->i++].op;
    if (a->kind != AST_LIST) return (open == '(') == (close == ')') ? a : NULL;
    a->kind = AST_TUPLE;
    a->open = open;
    a->close = close;
    return a;
}

static ast_node *parse_set(parser *p, char close) {
    p->i++;
    if (take_op(p, close)) return lem_ast_new(p->w, AST_SET, 0);
    int saved = p->abs_depth;
    p->abs_depth = 0;
    ast_node *a = parse_list(p);
    p->abs_depth = saved;
    if (!a || !take_op(p, close)) return NULL;
    if (a->kind == AST_LIST) {
        a->kind = AST_SET;
        return a;
    }
    return close == '}' ? a : lem_ast_wrap(p->w, AST_SET, a);
}

/* \begin{pmatrix} a & b \\ c & d \end{pmatrix} */
static ast_node *parse_matrix(parser *p) {
    p->i++;
    if (is_op(peek(p), '{')) { /* column format of an array */
        while (peek(p)->kind != TOK_END && !is_op(peek(p), '}')) p->i++;
        p->i++;
    }
    size_t cap = 16;
    uint32_t n = 0, cols = 0, col = 0;
    ast_node **cell = lem_grade_alloc(p->w, cap, sizeof *cell);
    while (cell) {
        if (is_op(peek(p), OP_FINISH)) break;
        if (n == cap) {
            ast_node **more = lem_grade_alloc(p->w, cap * 2, sizeof *cell);
            if (!more) return NULL;
            memcpy(more, cell, cap * sizeof *cell);
            cell = more;
            cap *= 2;
        }
        if (!(cell[n] = parse_binary(p, PREC_SET))) return NULL;
        n++, col++;
        if (take_op(p, '&')) continue;
        if (cols && col != cols) return NULL;
        cols = col;
        col = 0;
        if (!take_op(p, OP_ROW) && !is_op(peek(p), OP_FINISH)) return NULL;
    }
    if (!cell || !n || !take_op(p, OP_FINISH)) return NULL;
    ast_node *a = lem_ast_new(p->w, AST_MATRIX, n);
    if (!a) return NULL;
    a->cols = cols;
    memcpy(a->kid, cell, n * sizeof *cell);
    return a;
}

static ast_node *parse_between(parser *p, char close, const char *name) {
    p->i++;
    p->abs_depth += close == '|';
    ast_node *a = parse_binary(p, PREC_ADD);
    p->abs_depth -= close == '|';
    if (!a || !take_op(p, close)) return NULL;
    a = lem_ast_wrap(p->w, name ? AST_FN : AST_ABS, a);
    if (a && name) {
        a->name = name;
        a->len = (uint32_t)strlen(name);
    }
    return a;
}

/* Subscript of a symbol becomes part of its name; of a number, its base. */
static ast_node *with_subscript(parser *p, const grade_tok *of, ast_node *a) {
    size_t from = ++p->i;
    if (is_op(peek(p), '{')) {
        while (peek(p)->kind != TOK_END && !is_op(peek(p), '}')) p->i++;
        if (!take_op(p, '}')) return NULL;
        from++;
    } else if (peek(p)->kind == TOK_END) return NULL;
    else p->i++;
    size_t to = is_op(&p->t.tok[p->i - 1], '}') ? p->i - 1 : p->i;
    lem_arena *ar = p->w->arena;
    size_t cap = of->len + 2, k = 0;
    for (size_t j = from; j < to; j++) cap += p->t.tok[j].kind == TOK_OP ? 1 : p->t.tok[j].len;
    char *s = lem_arena_alloc(ar, cap, 1);
    if (!s) {
        p->w->limit = true;
        return NULL;
    }
    memcpy(s, of->text, of->len);
    k = of->len;
    s[k++] = '_';
    for (size_t j = from; j < to; j++) {
        const grade_tok *t = &p->t.tok[j];
        if (t->kind == TOK_OP) s[k++] = t->op;
        else memcpy(s + k, t->text, t->len), k += t->len;
    }
    return named(p, a->kind == AST_NUM ? AST_BASE : AST_SYM, s, k);
}

static bool is_proper(const ast_node *f) {
    return f->kind == AST_NUM && lem_grade_rat_sign(f->q) > 0 && mpz_cmpabs(mpq_numref(f->q->q), mpq_denref(f->q->q)) < 0;
}

/* A whole number before a proper fraction is a mixed number: 2\frac{1}{2}, 1 1/4. */
static ast_node *parse_number(parser *p) {
    const grade_tok t = p->t.tok[p->i++];
    ast_node *a = number(p, &t);
    if (!a) return NULL;
    if (is_op(peek(p), '_')) return with_subscript(p, &t, a);
    if (!lem_grade_rat_is_int(a->q) || a->decimal) return a;
    const grade_tok *n = peek(p), *d = peek_at(p, 2);
    if (n->kind == TOK_NUM && n->space && is_op(peek_at(p, 1), '/') && d->kind == TOK_NUM) {
        ast_node *f = lem_ast_div(p->w, number(p, n), number(p, d));
        p->i += 3;
        return f && is_proper(f) ? lem_ast_add(p->w, a, f) : NULL;
    }
    if (n->kind == TOK_FN && n->len >= 4 && memcmp(n->text + n->len - 4, "frac", 4) == 0) {
        ast_node *f = parse_fn_token(p);
        return f && is_proper(f) ? lem_ast_add(p->w, a, f) : lem_ast_mul(p->w, a, f);
    }
    return a;
}

static ast_node *parse_symbol(parser *p) {
    const grade_tok t = p->t.tok[p->i++];
    ast_node *a = named(p, AST_SYM, t.text, t.len);
    if (a && is_op(peek(p), '_')) a = with_subscript(p, &t, a);
    return a;
}

static ast_node *parse_primary(parser *p) {
    const grade_tok *t = peek(p);
    if (++p->depth > AST_MAX_DEPTH || ++p->nodes > AST_MAX_NODES) {
        p->w->limit = true;
        return NULL;
    }
    ast_node *a = NULL;
    switch (t->kind) {
    case TOK_NUM: a = parse_number(p); break;
    case TOK_SYM: a = parse_symbol(p); break;
    case TOK_FN: a = parse_fn_token(p); break;
    case TOK_TEXT:
    case TOK_WORD: p->i++, a = text_node(p, t->text, t->len); break;
    case TOK_OP:
        switch (t->op) {
        case '(':
        case '[': a = parse_bracket(p); break;
        case '{': a = parse_set(p, '}'); break;
        case OP_SET_OPEN: a = parse_set(p, OP_SET_CLOSE); break;
        case OP_EMPTY: p->i++, a = lem_ast_new(p->w, AST_SET, 0); break;
        case OP_BEGIN: a = parse_matrix(p); break;
        case '|': a = parse_between(p, '|', NULL); break;
        case OP_FLOOR_OPEN: a = parse_between(p, OP_FLOOR_CLOSE, "floor"); break;
        case OP_CEIL_OPEN: a = parse_between(p, OP_CEIL_CLOSE, "ceil"); break;
        case OP_MONEY: p->i++, a = lem_ast_wrap(p->w, AST_MONEY, parse_binary(p, PREC_MUL)); break;
        default: break;
        }
        break;
    case TOK_END: break;
    }
    p->depth--;
    return a;
}

static bool at_degree(parser *p) {
    if (is_op(peek(p), OP_DEGREE)) return p->i++, true;
    if (!is_op(peek(p), '^')) return false;
    if (is_op(peek_at(p, 1), OP_DEGREE)) return p->i += 2, true;
    if (is_op(peek_at(p, 1), '{') && is_op(peek_at(p, 2), OP_DEGREE) && is_op(peek_at(p, 3), '}')) return p->i += 4, true;
    return false;
}

/* A power's exponent: a group, a signed token, or a whole number token (x^12 means the twelfth power). */
static ast_node *parse_exponent(parser *p) {
    bool minus = take_op(p, '-');
    ast_node *e = is_op(peek(p), '{') ? parse_argument(p) : parse_primary(p);
    if (e && is_op(peek(p), '^') && !at_degree(p)) {
        p->i++;
        if (++p->depth > AST_MAX_DEPTH) p->w->limit = true;
        e = p->w->limit ? NULL : lem_ast_pow(p->w, e, parse_exponent(p));
        p->depth--;
    }
    return minus ? lem_ast_neg(p->w, e) : e;
}

static ast_node *parse_postfix(parser *p) {
    ast_node *a = parse_primary(p);
    for (int k = 0; a && !p->w->limit && k < 8; k++) {
        if (at_degree(p)) a = lem_ast_wrap(p->w, AST_DEGREE, a);
        else if (take_op(p, '^')) a = lem_ast_pow(p->w, a, parse_exponent(p));
        else if (take_op(p, '!')) a = lem_ast_wrap(p->w, AST_FACTORIAL, a);
        else if (take_op(p, '%')) a = lem_ast_wrap(p->w, AST_PERCENT, a);
        else break;
    }
    return a;
}

static bool is_unit_token(const grade_tok *t) { return t->kind == TOK_TEXT || t->kind == TOK_WORD; }

/* thousand, million, dozen … after a number: their value, or 0 */
static long scale_word(const grade_tok *t) {
    static const struct {
        const char *s;
        long v;
    } words[] = {{"hundred", 100}, {"thousand", 1000}, {"million", 1000000}, {"billion", 1000000000}, {"trillion", 1000000000000L}, {"dozen", 12}};
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (name_is(t, words[k].s)) return words[k].v;
    return 0;
}

/* A value with the unit that the tokens from `from` to here spell. */
static ast_node *quantity(parser *p, ast_node *a, size_t from) {
    size_t cap = 1, k = 0;
    for (size_t j = from; j < p->i; j++) cap += 2 + p->t.tok[j].len;
    char *s = lem_grade_alloc(p->w, cap, 1);
    if (!s) return NULL;
    for (size_t j = from; j < p->i; j++) {
        const grade_tok *t = &p->t.tok[j];
        if (is_op(t, '{') || is_op(t, '}')) continue;
        if (t->kind == TOK_OP) s[k++] = t->op;
        else {
            if (k && t->kind != TOK_NUM && s[k - 1] != '/' && s[k - 1] != '*') s[k++] = ' ';
            memcpy(s + k, t->text, t->len);
            k += t->len;
        }
    }
    ast_node *t = text_node(p, s, k), *q = t ? lem_ast_wrap(p->w, AST_QTY, a) : NULL;
    if (q) q->name = t->name, q->len = t->len;
    return q;
}

/* Text after a value: "million", or a unit with powers and quotients: \text{ cm}^2, m/s, miles per hour. */
static ast_node *with_unit(parser *p, ast_node *a) {
    long scale;
    while (a && is_unit_token(peek(p)) && (scale = scale_word(peek(p))) != 0) {
        p->i++;
        a = lem_ast_mul(p->w, a, lem_ast_num(p->w, lem_grade_rat_int(p->w, scale)));
    }
    if (!a || !is_unit_token(peek(p))) return a;
    size_t from = p->i;
    int depth = 0;
    while (peek(p)->kind != TOK_END) {
        const grade_tok *t = peek(p), *before = p->i ? &p->t.tok[p->i - 1] : t;
        bool number = t->kind == TOK_NUM && (is_op(before, '^') || is_op(before, '{') || is_op(before, '-'));
        bool inside = is_unit_token(t) || number || is_op(t, '/') || is_op(t, '^') || is_op(t, '*') || is_op(t, '{') ||
                      (is_op(t, '-') && is_op(before, '{')) || (t->kind == TOK_SYM && depth == 0 && (t->space || is_op(before, '/'))) ||
                      (is_op(t, '}') && depth > 0);
        if (!inside) break;
        depth += is_op(t, '{') - is_op(t, '}');
        p->i++;
    }
    return quantity(p, a, from);
}

static bool starts_factor(parser *p, const ast_node *left) {
    const grade_tok *t = peek(p);
    if (t->kind == TOK_SYM || t->kind == TOK_FN) return true;
    if (t->kind == TOK_NUM) return left->kind != AST_NUM && left->kind != AST_POW && p->i > 0 && is_op(&p->t.tok[p->i - 1], ')');
    return is_op(t, '(') || is_op(t, '{') || (is_op(t, '|') && p->abs_depth == 0) || is_op(t, OP_FLOOR_OPEN);
}

/* Operator at the current token: its precedence, or 0. */
static int precedence(const grade_tok *t) {
    if (t->kind != TOK_OP) return 0;
    switch (t->op) {
    case OP_UNION:
    case OP_INTER:
    case OP_SETMINUS: return PREC_SET;
    case ':': return PREC_RATIO;
    case '+':
    case '-':
    case OP_PM: return PREC_ADD;
    case '*':
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

static ast_node *apply(parser *p, char op, ast_node *a, ast_node *b) {
    switch (op) {
    case '+': return lem_ast_add(p->w, a, b);
    case '-': return lem_ast_add(p->w, a, lem_ast_neg(p->w, b));
    case OP_PM: return lem_ast_add(p->w, a, lem_ast_wrap(p->w, AST_PM, b));
    case '*': return lem_ast_mul(p->w, a, b);
    case '/': return lem_ast_div(p->w, a, b);
    case ':': return joined(p, AST_RATIO, a, b);
    case OP_UNION: return joined(p, AST_UNION, a, b);
    case OP_INTER: return joined(p, AST_INTER, a, b);
    default: return joined(p, AST_SETMINUS, a, b);
    }
}

static ast_node *parse_unary(parser *p) {
    int minus = 0;
    bool pm = false;
    while (is_op(peek(p), '-') || is_op(peek(p), '+') || is_op(peek(p), OP_PM)) {
        minus ^= is_op(peek(p), '-');
        pm = pm || is_op(peek(p), OP_PM);
        p->i++;
    }
    ast_node *a = parse_binary(p, PREC_MUL);
    if (minus) a = lem_ast_neg(p->w, a);
    return pm ? lem_ast_wrap(p->w, AST_PM, a) : a;
}

static ast_node *parse_binary(parser *p, int min_prec) {
    if (++p->depth > AST_MAX_DEPTH) {
        p->w->limit = true;
        return NULL;
    }
    const grade_tok *t = peek(p);
    bool sign = is_op(t, '-') || is_op(t, '+') || is_op(t, OP_PM);
    ast_node *a = sign ? parse_unary(p) : parse_postfix(p);
    if (min_prec < PREC_POW) a = a ? with_unit(p, a) : NULL;
    while (a && !p->w->limit) {
        t = peek(p);
        int prec = precedence(t);
        if (prec && prec >= min_prec) {
            char op = t->op;
            p->i++;
            a = apply(p, op, a, parse_binary(p, prec + 1));
        } else if (!prec && min_prec <= PREC_MUL && starts_factor(p, a)) a = lem_ast_mul(p->w, a, parse_postfix(p));
        else break;
        if (a && min_prec <= PREC_MUL) a = with_unit(p, a);
    }
    p->depth--;
    return p->w->limit ? NULL : a;
}

static bool is_relation(const grade_tok *t) { return t->kind == TOK_OP && t->op && strchr("=<>lgn~i", t->op); }

static ast_node *parse_relation(parser *p) {
    ast_node *kids[16];
    char ops[16];
    uint32_t n = 0;
    (void)take_op(p, OP_APPROX); /* "\\approx 8.24" */
    if (!(kids[n++] = parse_binary(p, PREC_SET))) return NULL;
    while (is_relation(peek(p))) {
        if (n == 16) return NULL;
        ops[n - 1] = peek(p)->op;
        p->i++;
        if (!(kids[n++] = parse_binary(p, PREC_SET))) return NULL;
    }
    if (n == 1) return kids[0];
    ast_node *a = lem_ast_new(p->w, AST_REL, n);
    if (!a) return NULL;
    memcpy(a->kid, kids, n * sizeof *kids);
    a->name = lem_grade_text(p->w, ops, n - 1);
    a->len = n - 1;
    return a->name ? a : NULL;
}

static bool take_separator(parser *p) {
    bool any = false;
    while (is_op(peek(p), ',') || is_op(peek(p), ';') || is_op(peek(p), OP_AND)) p->i++, any = true;
    return any;
}

static ast_node *parse_list(parser *p) {
    if (++p->depth > AST_MAX_DEPTH) {
        p->w->limit = true;
        return NULL;
    }
    ast_node *first = parse_relation(p), *list = NULL;
    size_t cap = 8, n = 0;
    ast_node **item = NULL;
    while (first && take_separator(p)) {
        if (peek(p)->kind == TOK_END) break; /* trailing comma */
        ast_node *next = parse_relation(p);
        if (!next) return NULL;
        if (!item || n == cap) {
            ast_node **more = lem_grade_alloc(p->w, cap * 2, sizeof *item);
            if (!more) return NULL;
            if (item) memcpy(more, item, n * sizeof *item);
            else more[n++] = first;
            item = more;
            cap *= 2;
        }
        item[n++] = next;
    }
    p->depth--;
    if (!item || !first) return first;
    list = lem_ast_new(p->w, AST_LIST, (uint32_t)n);
    if (list) memcpy(list->kid, item, n * sizeof *item);
    return list;
}

static ast_node *parse_text(grade_work *w, const char *text, size_t len, int level) {
    parser p = {.w = w};
    if (!lem_grade_lex(w, text, len, &p.t) || p.t.n == 0) return NULL;
    if (p.t.wordy) return text_node(&p, text, len);
    if (p.t.n == 1 && p.t.tok[0].kind == TOK_TEXT && level < 2) { /* the whole answer is \text{…} */
        ast_node *inner = parse_text(w, p.t.tok[0].text, p.t.tok[0].len, level + 1);
        return inner || w->limit ? inner : text_node(&p, p.t.tok[0].text, p.t.tok[0].len);
    }
    if (p.t.bad) return NULL;
    ast_node *a = parse_list(&p);
    return p.i == p.t.n ? a : NULL;
}

ast_node *lem_grade_parse(grade_work *w, const char *text, size_t len) {
    if (len > LEM_GRADE_MAX_ANSWER) {
        w->limit = true;
        return NULL;
    }
    return parse_text(w, text, len, 0);
}
