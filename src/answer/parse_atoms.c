/* parse_atoms.c - what an expression is made of: numbers, symbols, brackets, sets, matrices */
#include "answer/parse_calls_priv.h"
#include "answer/parse_counts_priv.h"

#include <string.h>

/* A decimal whose last digits recur: 0.1(6) = 0.1 + 6/90. */
static ast_node *recurring(parser *p, const lex_tok *t) {
    lem_work *w = p->w;
    const char *dot = memchr(t->text, '.', t->len);
    if (!dot || t->rep >= t->len) return NULL;
    size_t places = (size_t)(t->text + t->len - dot - 1) - t->rep;
    lem_rat *head = lem_rat_decimal(w, t->text, t->len - t->rep, 0),
            *tail = lem_rat_decimal(w, t->text + t->len - t->rep, t->rep, 0);
    lem_rat *nines = lem_rat_sub(w, lem_rat_pow10(w, (long)t->rep), lem_rat_int(w, 1));
    tail = lem_rat_div(w, tail, lem_rat_mul(w, nines, lem_rat_pow10(w, (long)places)));
    lem_rat *sum = lem_rat_add(w, head, tail);
    return lem_ast_num(w, t->exp10 ? lem_rat_mul(w, sum, lem_rat_pow10(w, t->exp10)) : sum);
}

static ast_node *number(parser *p, const lex_tok *t) {
    if (t->rep) return recurring(p, t);
    ast_node *a = lem_ast_num(p->w, lem_rat_decimal(p->w, t->text, t->len, t->exp10));
    const char *dot = a ? memchr(t->text, '.', t->len) : NULL;
    if (a && !dot && !t->exp10)
        a->name = t->text, a->len = t->len, a->cols = t->commas; /* how it was written: 05 of 3,05 */
    if (a && t->space) a->open = ' ';
    if (dot) {
        a->decimal = true;
        a->ulp10 = t->exp10 - (int32_t)(t->text + t->len - dot - 1);
    }
    return a;
}

ast_node *lem_parse_number_token(parser *p) { return number(p, &p->t.tok[p->i++]); }

ast_node *lem_parse_argument(parser *p) {
    lex_tok *t = parse_peek(p);
    if (parse_is(t, '{')) {
        int saved = p->abs_depth, ratio = p->no_ratio;
        p->i++;
        p->abs_depth = p->no_ratio = 0;
        ast_node *a = lem_parse_list(p);
        p->abs_depth = saved;
        p->no_ratio = ratio;
        return a && parse_take(p, '}') ? a : NULL;
    }
    if (t->kind == TOK_NUM && t->len > 1 && t->exp10 == 0 &&
        t->text[0] != '.') { /* of a number its first digit, as TeX reads it */
        lex_tok first = *t;
        first.len = 1;
        first.rep = 0;
        t->text++;
        t->len--;
        if (t->text[0] == '.') return NULL;
        return number(p, &first);
    }
    if (t->kind == TOK_OP && t->op != '(') return NULL;
    p->bare = p->i + 1;
    return lem_parse_primary(p);
}

static char closing(char open) { return open == '[' ? ']' : open == OP_ANGLE_OPEN ? OP_ANGLE_CLOSE : ')'; }

static bool closes(const lex_tok *t, char open) {
    if (parse_is(t, '[')) return open == ']' || open == '[' || open == '(';
    return parse_is(t, ')') || parse_is(t, ']') || parse_is(t, OP_ANGLE_CLOSE);
}

/* (…), […, […) and so on: one element is grouping, more are a tuple or interval with these brackets. ]a,b[ is
 * (a,b). */
static ast_node *parse_bracket(parser *p) {
    char open = p->t.tok[p->i++].op;
    int saved = p->abs_depth, ratio = p->no_ratio;
    p->abs_depth = p->no_ratio = 0;
    ast_node *a = lem_parse_list(p);
    p->abs_depth = saved;
    p->no_ratio = ratio;
    const lex_tok *t = parse_peek(p);
    if (!a || !closes(t, open)) return NULL;
    char close = t->op;
    p->i++;
    if (open == ']') open = '(';
    if (close == '[') close = ')';
    if (a->kind != AST_LIST) {
        if (closing(open) != close) return NULL;
        ast_node *g = lem_ast_new(p->w, a->kind, 0);
        if (!g) return NULL;
        *g = *a;
        g->grouped = true;
        return g;
    }
    a->kind = AST_TUPLE;
    a->call = open == OP_ANGLE_OPEN; /* a vector */
    a->open = open == OP_ANGLE_OPEN ? '(' : open;
    a->close = close == OP_ANGLE_CLOSE ? ')' : close;
    return a;
}

/* What separates the head of {…} from its conditions, outside of brackets: the first of each kind, 0 for
 * none. */
typedef struct builder_marks {
    size_t bars; /* how many */
    size_t bar, colon, mid;
    bool comma; /* before any of them */
} builder_marks;

static int nesting(char op) {
    if (op && strchr("([{L", op)) return 1;
    return op && strchr(")]}R", op) ? -1 : 0;
}

static void note_mark(builder_marks *m, char op, size_t k) {
    if (op == ',' && !m->bar && !m->colon && !m->mid) m->comma = true;
    if (op == OP_MID && !m->mid) m->mid = k;
    if (op == '|' && ++m->bars == 1) m->bar = k;
    if (op == ':' && !m->colon) m->colon = k;
}

/* Where the bar or colon of {head | conditions} stands, or 0: {x | x > 2}, {x : x > 2}, not {|x|, 1} and not
 * {1:2}. */
static size_t builder_mark(const parser *p, size_t from, char close) {
    builder_marks m = {0};
    int depth = 0;
    for (size_t k = from; p->t.tok[k].kind != TOK_END; k++) {
        const lex_tok *t = &p->t.tok[k];
        if (t->kind != TOK_OP) continue;
        if (depth == 0 && t->op == close) break;
        depth += nesting(t->op);
        if (depth == 0) note_mark(&m, t->op, k);
    }
    const bool name = p->t.tok[from].kind == TOK_SYM;
    if (m.comma && !name) return 0;
    if (m.mid) return m.mid;
    if (m.bars % 2 == 1 && m.bar > from) return m.bar;
    return m.colon > from && name && m.bars == 0 ? m.colon : 0;
}

static ast_node *parse_builder(parser *p, size_t mark, char close) {
    int saved = p->abs_depth, ratio = p->no_ratio;
    p->abs_depth = p->no_ratio = 1;
    ast_node *head = lem_parse_list(p);
    p->abs_depth = p->no_ratio = 0;
    if (!head || p->i != mark) return NULL;
    p->i++;
    ast_node *c = lem_parse_list(p);
    p->abs_depth = saved;
    p->no_ratio = ratio;
    if (!c || !parse_take(p, close)) return NULL;
    ast_node *a = lem_ast_new(p->w, AST_BUILDER, 2);
    if (!a) return NULL;
    a->kid[0] = head;
    a->kid[1] = c;
    return a;
}

static ast_node *binomial(parser *p, ast_node *n, ast_node *k) {
    ast_node *a = n && k ? lem_ast_new(p->w, AST_FN, 2) : NULL;
    if (!a) return NULL;
    a->kid[0] = n;
    a->kid[1] = k;
    a->name = "binom";
    a->len = 5;
    return a;
}

static ast_node *parse_set(parser *p, char close) {
    p->i++;
    if (parse_take(p, close)) return lem_ast_new(p->w, AST_SET, 0);
    size_t mark = builder_mark(p, p->i, close);
    if (mark) return parse_builder(p, mark, close);
    int saved = p->abs_depth, ratio = p->no_ratio;
    p->abs_depth = p->no_ratio = 0;
    ast_node *a = lem_parse_list(p);
    p->abs_depth = saved;
    p->no_ratio = ratio;
    if (a && close == '}' && parse_peek(p)->kind == TOK_FN &&
        lem_parse_name_is(parse_peek(p), "choose")) { /* {n \choose k} */
        p->i++;
        a = binomial(p, a, lem_parse_binary(p, PREC_ADD));
    }
    if (!a || !parse_take(p, close)) return NULL;
    if (a->kind == AST_LIST) {
        a->kind = AST_SET;
        return a;
    }
    return close == '}' ? a : lem_ast_wrap(p->w, AST_SET, a);
}

static bool at_otherwise(parser *p) {
    static const char *const words[] = {"otherwise", "else", "其他", "其它"};
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (parse_peek(p)->kind != TOK_OP && lem_parse_name_is(parse_peek(p), words[k])) return p->i++, true;
    return false;
}

static void skip_if(parser *p) {
    static const char *const words[] = {"if", "for", "when", "if ", "for ", "when ", "当"};
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (parse_peek(p)->kind != TOK_OP && lem_parse_name_is(parse_peek(p), words[k])) {
            p->i++;
            return;
        }
}

/* "x^2, & x > 1" in cases: the value and where it holds, as a pair. "otherwise" is where no condition before
 * it holds. */
static ast_node *parse_branch(parser *p, ast_node *value, ast_node *const *before, uint32_t n) {
    ast_node *pair = lem_ast_new(p->w, AST_TUPLE, 2), *where = NULL;
    while (parse_take(p, ',') || parse_take(p, '&')) {}
    if (at_otherwise(p)) {
        where = lem_ast_new(p->w, AST_SETMINUS, n + 1);
        if (!where || !(where->kid[0] = lem_ast_named(p->w, AST_SYM, "reals", 5))) return NULL;
        for (uint32_t k = 0; k < n; k++) {
            if (before[k]->kind != AST_TUPLE) return NULL;
            where->kid[k + 1] = before[k]->kid[1];
        }
    } else {
        skip_if(p);
        where = lem_parse_relation(p);
        if (!where || where->kind != AST_REL) return NULL;
    }
    if (!pair) return NULL;
    pair->kid[0] = value;
    pair->kid[1] = where;
    pair->open = '(';
    pair->close = ')';
    return pair;
}

/* Does a condition follow the value of a row? A comma may also part two equations. */
static bool at_condition(parser *p, const ast_node *value) {
    const lex_tok *t = parse_peek(p), *next = parse_peek_at(p, 1);
    if (value->kind == AST_REL) return false;
    if (parse_is(t, '&'))
        return !parse_is(next, OP_ROW) && !parse_is(next, OP_FINISH) && !parse_is(next, '=');
    return parse_is(t, ',') || t->kind == TOK_TEXT || t->kind == TOK_WORD;
}

/* A row of a value and maybe its condition, the n-th; false where there is none. */
static bool parse_row(parser *p, ast_node **item, uint32_t n, uint32_t *branches) {
    while (parse_take(p, '&')) {}
    if (n == AST_MAX_DEPTH || !(item[n] = lem_parse_relation(p))) return false;
    if (*branches == n && at_condition(p, item[n])) {
        if (!(item[n] = parse_branch(p, item[n], item, n))) return false;
        ++*branches;
        (void)parse_take(p, ',');
    }
    while (parse_take(p, '&')) {}
    if (parse_take(p, ',') && parse_peek(p)->kind != TOK_OP) return true;
    return parse_take(p, OP_ROW) || parse_is(parse_peek(p), OP_FINISH);
}

/* Rows of relations: \begin{cases} x = 1 \\ y = 2 \end{cases} is a list. Rows of a value and a condition: the
 * set of their pairs. */
static ast_node *parse_rows(parser *p) {
    ast_node *item[AST_MAX_DEPTH];
    uint32_t n = 0, branches = 0;
    while (!parse_is(parse_peek(p), OP_FINISH))
        if (!parse_row(p, item, n++, &branches)) return NULL;
    p->i++;
    if (branches && branches != n) return NULL;
    if (n == 1 && !branches) return item[0];
    ast_node *a = n ? lem_ast_new(p->w, branches ? AST_SET : AST_LIST, n) : NULL;
    if (!a) return NULL;
    a->open = 'A';
    memcpy(a->kid, item, n * sizeof *item);
    return a;
}

static bool env_is(const lex_tok *t, const char *const *names) {
    for (; *names; names++)
        if (lem_parse_name_is(t, *names)) return true;
    return false;
}

typedef struct matrix_cells {
    ast_node **cell;
    size_t cap;
    uint32_t n, cols; /* cols 0: the first row is not whole */
} matrix_cells;

static bool add_cell(parser *p, matrix_cells *m) {
    if (m->n == m->cap) {
        size_t cap = m->cap ? m->cap * 2 : 16;
        ast_node **more = lem_work_alloc(p->w, cap, sizeof *more);
        if (!more) return false;
        if (m->n) memcpy(more, m->cell, m->n * sizeof *more);
        m->cell = more;
        m->cap = cap;
    }
    return (m->cell[m->n++] = lem_parse_binary(p, PREC_SET)) != NULL;
}

/* Rows up to \end, all of the same length. */
static bool parse_cells(parser *p, matrix_cells *m) {
    uint32_t col = 0;
    while (!parse_is(parse_peek(p), OP_FINISH)) {
        if (!add_cell(p, m)) return false;
        col++;
        if (parse_take(p, '&')) continue;
        if (m->cols && col != m->cols) return false;
        m->cols = col;
        col = 0;
        if (!parse_take(p, OP_ROW) && !parse_is(parse_peek(p), OP_FINISH)) return false;
    }
    return m->n && !col; /* col: an & with nothing behind it */
}

/* {ccc} */
static bool skip_columns(parser *p) {
    if (!parse_is(parse_peek(p), '{')) return true;
    while (parse_peek(p)->kind != TOK_END && !parse_is(parse_peek(p), '}')) p->i++;
    return parse_take(p, '}');
}

/* \begin{pmatrix} a & b \\ c & d \end{pmatrix} */
static ast_node *parse_matrix(parser *p) {
    static const char *const row_envs[] = {"cases", "aligned",   "align",  "align*", "gathered",
                                           "split", "alignedat", "dcases", NULL};
    const lex_tok *env = &p->t.tok[p->i++];
    if (env_is(env, row_envs)) return parse_rows(p);
    if (!skip_columns(p)) return NULL;
    matrix_cells m = {0};
    int saved = p->abs_depth;
    p->abs_depth = 0;
    bool whole = parse_cells(p, &m);
    p->abs_depth = saved;
    if (!whole) return NULL;
    p->i++;
    ast_node *a = lem_ast_new(p->w, AST_MATRIX, m.n);
    if (!a) return NULL;
    a->cols = m.cols;
    memcpy(a->kid, m.cell, m.n * sizeof *m.cell);
    return lem_parse_name_is(env, "vmatrix") ? lem_ast_determinant(p->w, a) : a;
}

static ast_node *floor_or_ceil(parser *p, ast_node *a, const char *name) {
    if (a->kind == AST_NUM) {
        lem_rat *r = lem_rat_int(p->w, 0);
        if (!r) return NULL;
        if (name[0] == 'f') mpz_fdiv_q(mpq_numref(r->q), mpq_numref(a->q->q), mpq_denref(a->q->q));
        else mpz_cdiv_q(mpq_numref(r->q), mpq_numref(a->q->q), mpq_denref(a->q->q));
        return lem_ast_num(p->w, r);
    }
    ast_node *f = lem_ast_wrap(p->w, AST_FN, a);
    if (f) f->name = name, f->len = (uint32_t)strlen(name);
    return f;
}

static ast_node *parse_between(parser *p, char close, const char *name) {
    bool bar = close == '|';
    int saved = p->abs_depth;
    p->i++;
    p->abs_depth = bar ? saved + 1 : 0;
    ast_node *a = lem_parse_binary(p, PREC_ADD);
    p->abs_depth = saved;
    if (!a || !parse_take(p, close)) return NULL;
    if (name) return floor_or_ceil(p, a, name);
    if (a->kind == AST_MATRIX) return lem_ast_determinant(p->w, a);
    if (a->kind == AST_NUM) return lem_rat_sign(a->q) < 0 ? lem_ast_neg(p->w, a) : a;
    return lem_ast_wrap(p->w, AST_ABS, a);
}

/* 1011_{\text{two}} */
static const char *base_named(const lex_tok *t) {
    static const char *const names[][2] = {{"two", "2"},  {"three", "3"},   {"four", "4"},    {"five", "5"},
                                           {"six", "6"},  {"seven", "7"},   {"eight", "8"},   {"nine", "9"},
                                           {"ten", "10"}, {"twelve", "12"}, {"sixteen", "16"}};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        if (lem_parse_name_is(t, names[k][0])) return names[k][1];
    return NULL;
}

/* At '_': the subscript becomes part of a symbol's name; of a number, its base. Only what it says counts, not
 * how it is set. */
ast_node *lem_parse_subscript(parser *p, const char *name, size_t len, ast_kind kind) {
    size_t from = ++p->i, to;
    if (parse_is(parse_peek(p), '{')) {
        int depth = 0;
        do {
            const lex_tok *t = parse_peek(p);
            if (t->kind == TOK_END) return NULL;
            depth += parse_is(t, '{') - parse_is(t, '}');
            p->i++;
        } while (depth > 0);
        from++;
        to = p->i - 1;
    } else if (parse_peek(p)->kind == TOK_END) return NULL;
    else to = ++p->i;
    size_t cap = len + 2, k = len;
    for (size_t j = from; j < to; j++) cap += p->t.tok[j].kind == TOK_OP ? 1 : p->t.tok[j].len;
    char *s = lem_work_alloc(p->w, cap, 1);
    if (!s) return NULL;
    memcpy(s, name, len);
    s[k++] = '_';
    for (size_t j = from; j < to; j++) {
        const lex_tok *t = &p->t.tok[j];
        const char *digits = kind == AST_BASE && t->kind != TOK_OP ? base_named(t) : NULL;
        if (digits) memcpy(s + k, digits, strlen(digits)), k += strlen(digits);
        else if (t->kind != TOK_OP) memcpy(s + k, t->text, t->len), k += t->len;
        else if (t->op != '{' && t->op != '}') s[k++] = t->op;
    }
    return lem_ast_named(p->w, kind, s, k);
}

static bool is_proper(const ast_node *f) {
    return f->kind == AST_NUM && lem_rat_sign(f->q) > 0 &&
           mpz_cmpabs(mpq_numref(f->q->q), mpq_denref(f->q->q)) < 0;
}

/* A whole number before a proper fraction is a mixed number: 2\frac{1}{2}, 1 1/4, 1-1/4 is not. */
static ast_node *parse_plain_number(parser *p) {
    const lex_tok t = p->t.tok[p->i++];
    ast_node *a = number(p, &t);
    if (!a) return NULL;
    if (parse_is(parse_peek(p), '_')) return lem_parse_subscript(p, t.text, t.len, AST_BASE);
    if (!lem_rat_is_int(a->q) || a->decimal) return a;
    const lex_tok *n = parse_peek(p), *d = parse_peek_at(p, 2);
    if (n->kind == TOK_NUM && n->space && parse_is(parse_peek_at(p, 1), '/') && d->kind == TOK_NUM) {
        ast_node *f = lem_ast_div(p->w, number(p, n), number(p, d));
        p->i += 3;
        return f && is_proper(f) ? lem_ast_add(p->w, a, f) : NULL;
    }
    if (n->kind == TOK_FN && lem_parse_name_is(n, "frac")) {
        ast_node *f = lem_parse_function(p);
        return f && is_proper(f) ? lem_ast_add(p->w, a, f) : lem_ast_mul(p->w, a, f);
    }
    return a;
}

static ast_node *parse_number(parser *p) {
    ast_node *short_form = lem_parse_infix_count(p);
    if (!short_form && !p->w->limit) short_form = lem_parse_letter_digits(p);
    size_t recurs = short_form ? 0 : lem_parse_recurring_dots(p);
    if (recurs) {
        lex_tok t = *parse_peek(p);
        t.rep = (uint16_t)recurs;
        p->i += 2;
        return number(p, &t);
    }
    if (short_form || p->w->limit) return short_form;
    const lex_tok *t = parse_peek(p), *next = parse_peek_at(p, 1);
    if (memchr(t->text, '.', t->len) && next->kind == TOK_SYM && lem_parse_name_is(next, "dots"))
        return NULL; /* 3.14… */
    return parse_plain_number(p);
}

/* Tokens of a prime here: ', ^', ^{'}; 0 when there is none. */
static size_t prime_here(parser *p) {
    if (parse_is(parse_peek(p), '\'')) return 1;
    if (!parse_is(parse_peek(p), '^')) return 0;
    if (parse_is(parse_peek_at(p, 1), '\'')) return 2;
    bool braced = parse_is(parse_peek_at(p, 1), '{') && parse_is(parse_peek_at(p, 2), '\'') &&
                  parse_is(parse_peek_at(p, 3), '}');
    return braced ? 4 : 0;
}

/* Primes, and a subscript before or after them: f', \omega_L', x'_1, \omega_L^{\prime} */
static ast_node *parse_name(parser *p) {
    const lex_tok *t = parse_peek(p);
    if (parse_is(parse_peek_at(p, 1), '_') || parse_is(parse_peek_at(p, 1), '^')) {
        ast_node *c = lem_parse_combination(p);
        if (c || p->w->limit) return c;
    }
    p->i++;
    ast_node *a = lem_ast_named(p->w, AST_SYM, t->text, t->len);
    if (a && t->latex && t->len == 1) a->decimal = true; /* a letter in \text */
    if (a) *(t->op == OP_NAME ? &a->open : &a->close) = t->op;
    for (int k = 0; a && k < 6; k++) {
        size_t skip = prime_here(p);
        if (skip) {
            char *s = lem_work_alloc(p->w, a->len + 2, 1);
            if (!s) return NULL;
            memcpy(s, a->name, a->len);
            s[a->len] = '\'';
            p->i += skip;
            a = lem_ast_named(p->w, AST_SYM, s, a->len + 1);
        } else if (parse_is(parse_peek(p), '_')) a = lem_parse_subscript(p, a->name, a->len, AST_SYM);
        else break;
    }
    return a;
}

/* f^{-1} before a bracket */
static ast_node *inverse_function(parser *p, ast_node *a) {
    static const char shape[] = "^{-1}(";
    size_t k = 0;
    if (!lem_ast_is_sym(a, "f") && !lem_ast_is_sym(a, "g") && !lem_ast_is_sym(a, "h")) return a;
    for (; k < 6; k++)
        if (k == 3 ? !lem_parse_name_is(parse_peek_at(p, k), "1") : !parse_is(parse_peek_at(p, k), shape[k]))
            return a;
    char *s = lem_work_alloc(p->w, a->len + 4, 1);
    if (!s) return NULL;
    memcpy(s, a->name, a->len);
    memcpy(s + a->len, "^-1", 3);
    p->i += 5;
    return lem_ast_named(p->w, AST_SYM, s, a->len + 3);
}

/* A symbol, applied to the bracket behind it where it is a function: f(x), P(0), y'(0), f^{-1}(x). */
static ast_node *parse_symbol(parser *p) {
    bool bare = p->bare == p->i + 1;
    ast_node *a = parse_name(p);
    if (!a || bare || a->kind != AST_SYM) return a;
    if (parse_is(parse_peek(p), '^')) a = inverse_function(p, a);
    return a && lem_parse_is_call(p, a) ? lem_ast_call(p->w, a, parse_bracket(p)) : a;
}

/* \text{A5}_{11} and \text{FF}_{16} are numbers in a base, \text{Area}_1 and \text{AB}_2 names. */
static ast_node *named_with_subscript(parser *p, const lex_tok *t) {
    size_t from = p->i;
    bool digits = false, other = false;
    for (uint32_t k = 0; k < t->len; k++) {
        digits = digits || (t->text[k] >= '0' && t->text[k] <= '9');
        other =
            other || !((t->text[k] >= '0' && t->text[k] <= '9') || (t->text[k] >= 'A' && t->text[k] <= 'Z'));
    }
    ast_node *base = !other && t->len > 1 ? lem_parse_subscript(p, t->text, t->len, AST_BASE) : NULL;
    if (base && (digits || lem_parse_is_base_word(base))) return base;
    p->i = from;
    return lem_parse_subscript(p, t->text, t->len, AST_SYM);
}

static ast_node *parse_money(parser *p) {
    const lex_tok *t = parse_peek(p);
    p->i++;
    bool minus = parse_take(p, '-');
    ast_node *a = lem_parse_binary(p, PREC_MUL);
    a = lem_ast_wrap(p->w, AST_MONEY, minus ? lem_ast_neg(p->w, a) : a);
    if (a) a->name = t->text, a->len = t->len;
    return a;
}

static ast_node *parse_brace(parser *p) {
    ast_node *a = lem_parse_prescript(p);
    return a || p->w->limit ? a : parse_set(p, '}');
}

static ast_node *parse_op(parser *p, char op) {
    switch (op) {
    case '(':
    case '[':
    case ']':
    case OP_ANGLE_OPEN: return parse_bracket(p);
    case '^':
    case '_': return lem_parse_prescript(p);
    case '{': return parse_brace(p);
    case OP_SET_OPEN: return parse_set(p, OP_SET_CLOSE);
    case OP_EMPTY: return p->i++, lem_ast_new(p->w, AST_SET, 0);
    case OP_BEGIN: return parse_matrix(p);
    case '|': return parse_between(p, '|', NULL);
    case OP_BAR_OPEN: return parse_between(p, OP_BAR_CLOSE, NULL);
    case OP_FLOOR_OPEN: return parse_between(p, OP_FLOOR_CLOSE, "floor");
    case OP_CEIL_OPEN: return parse_between(p, OP_CEIL_CLOSE, "ceil");
    case OP_MONEY: return parse_money(p);
    default: return NULL;
    }
}

ast_node *lem_parse_primary(parser *p) {
    const lex_tok *t = parse_peek(p);
    if (++p->depth > AST_MAX_DEPTH || ++p->nodes > AST_MAX_NODES) {
        p->w->limit = true;
        return NULL;
    }
    ast_node *a = NULL;
    switch (t->kind) {
    case TOK_NUM: a = parse_number(p); break;
    case TOK_SYM: a = parse_symbol(p); break;
    case TOK_FN: a = lem_parse_function(p); break;
    case TOK_TEXT:
    case TOK_WORD:
        p->i++, a = parse_is(parse_peek(p), '_') ? named_with_subscript(p, t)
                                                 : lem_parse_text(p, t->text, t->len);
        break;
    case TOK_OP: a = parse_op(p, t->op); break;
    case TOK_END: break;
    }
    p->depth--;
    return a;
}
