/* parse_counts.c - notations of a few tokens that name a number: ₁₀C₃, {}_{10}P_3, C_{10}^{3}, 10C3, 2A_{16}
 */
#include "answer/parse_counts_priv.h"

#include <string.h>

static ast_node *number_at(parser *p, size_t at) {
    const lex_tok *t = &p->t.tok[at];
    if (t->kind != TOK_NUM || t->rep || t->exp10 || memchr(t->text, '.', t->len)) return NULL;
    return lem_ast_num(p->w, lem_rat_decimal(p->w, t->text, t->len, 0));
}

/* n over k as a binomial coefficient, or the ordered choices of k out of n. */
static ast_node *count(parser *p, char letter, ast_node *n, ast_node *k) {
    long of, some;
    if (!n || !k || !lem_rat_small(n->q, 10000, &of) || !lem_rat_small(k->q, 10000, &some) || of < 2 ||
        some > of)
        return NULL;
    ast_node *a = lem_ast_new(p->w, AST_FN, 2);
    if (!a) return NULL;
    a->kid[0] = n;
    a->kid[1] = k;
    a->name = "binom";
    a->len = 5;
    if (letter != 'P' && letter != 'A') return a;
    ast_node *f = lem_ast_wrap(p->w, AST_FACTORIAL, k);
    return f ? lem_ast_mul(p->w, a, f) : NULL;
}

/* The number behind the mark at *i, in braces or not; *i moves behind it. */
static ast_node *script(parser *p, size_t *i, char mark) {
    if (!parse_is(&p->t.tok[*i], mark)) return NULL;
    bool brace = parse_is(&p->t.tok[*i + 1], '{');
    size_t at = *i + 1 + brace;
    ast_node *a = number_at(p, at);
    if (!a || (brace && !parse_is(&p->t.tok[at + 1], '}'))) return NULL;
    *i = at + 1 + brace;
    return a;
}

/* C, P or A alone; 0 otherwise. */
static char letter_at(const parser *p, size_t i) {
    const lex_tok *t = &p->t.tok[i];
    bool one = t->kind == TOK_SYM && t->len == 1;
    return one && strchr("CPA", t->text[0]) ? t->text[0] : 0;
}

ast_node *lem_parse_combination(parser *p) {
    size_t i = p->i + 1;
    char letter = letter_at(p, p->i);
    if (letter != 'C' && letter != 'A') return NULL;
    bool upper_first = parse_is(parse_peek_at(p, 1), '^'); /* C^3_{10} */
    static const char order[] = "_^_";
    ast_node *x = script(p, &i, order[upper_first]), *y = NULL, *a = NULL;
    if (x) y = script(p, &i, order[upper_first + 1]);
    if (y && upper_first) a = count(p, letter, y, x);
    else if (y) a = count(p, letter, x, y);
    if (a) p->i = i;
    return a;
}

ast_node *lem_parse_prescript(parser *p) {
    size_t i = p->i;
    if (parse_is(&p->t.tok[i], '{') && parse_is(&p->t.tok[i + 1], '}')) i += 2;
    ast_node *n = script(p, &i, parse_is(&p->t.tok[i], '^') ? '^' : '_');
    char letter = n ? letter_at(p, i) : 0;
    if (!letter) return NULL;
    i++;
    ast_node *k = script(p, &i, '_'), *a = k ? count(p, letter, n, k) : NULL;
    if (a) p->i = i;
    return a;
}

/* 10C3 in one run. */
ast_node *lem_parse_infix_count(parser *p) {
    const lex_tok *t = p->t.tok + p->i;
    if (p->i + 2 >= p->t.n || t[1].space || t[2].space || t[1].latex || t[2].kind != TOK_NUM) return NULL;
    char letter = letter_at(p, p->i + 1);
    ast_node *a =
        letter == 'C' || letter == 'P' ? count(p, letter, number_at(p, p->i), number_at(p, p->i + 2)) : NULL;
    if (a) p->i += 3;
    return a;
}

/* 2A_{16}: digits and letters of a base above ten in one run, behind a digit. */
enum { MOST_DIGITS = 24 };

/* Digits and letters in one run from here on, as capitals; returns the token behind them. */
static size_t run_of_digits(const parser *p, char *digits, size_t *n, bool *letters) {
    size_t i = p->i;
    for (; i < p->t.n && *n + p->t.tok[i].len < MOST_DIGITS; i++) {
        const lex_tok *t = &p->t.tok[i];
        bool one = t->kind == TOK_SYM && t->len == 1;
        if ((t->kind != TOK_NUM && !one) || (i > p->i && t->space)) break;
        for (uint32_t k = 0; k < t->len; k++)
            digits[(*n)++] = (char)(t->text[k] >= 'a' && t->text[k] <= 'z' ? t->text[k] - 32 : t->text[k]);
        *letters = *letters || one;
    }
    return i;
}

static bool are_digits_of(const char *digits, size_t n, long base) {
    for (size_t k = 0; k < n; k++) {
        int v = digits[k] - '0';
        if (digits[k] > '9') v = digits[k] - 'A' + 10;
        if (v < 0 || v >= base) return false;
    }
    return true;
}

bool lem_parse_is_base_word(const ast_node *a) {
    const char *mark = memchr(a->name, '_', a->len), *end = a->name + a->len;
    bool two =
        mark && end - mark == 3 && mark[1] >= '1' && mark[1] <= '3' && mark[2] >= '0' && mark[2] <= '9';
    long base = two ? 10 * (mark[1] - '0') + (mark[2] - '0') : 0;
    return base > 10 && base <= 36 && are_digits_of(a->name, (size_t)(mark - a->name), base);
}

ast_node *lem_parse_letter_digits(parser *p) {
    char digits[MOST_DIGITS + 4];
    size_t n = 0;
    bool letters = false;
    long base;
    size_t at = run_of_digits(p, digits, &n, &letters);
    ast_node *b = letters && at + 1 < p->t.n ? script(p, &at, '_') : NULL;
    if (!b || !lem_rat_small(b->q, 36, &base) || base < 11 || !are_digits_of(digits, n, base)) return NULL;
    digits[n++] = '_';
    digits[n++] = (char)('0' + base / 10);
    digits[n++] = (char)('0' + base % 10);
    char *name = lem_work_strndup(p->w, digits, n);
    if (!name) return NULL;
    p->i = at;
    return lem_ast_named(p->w, AST_BASE, name, n);
}

/* 0.333… and 0.1818…: so many last digits recur, three times at least, or twice where they are two or more.
 */
size_t lem_parse_recurring_dots(const parser *p) {
    const lex_tok *t = &p->t.tok[p->i];
    const char *dot = t->kind == TOK_NUM && !t->rep && !t->exp10 ? memchr(t->text, '.', t->len) : NULL;
    if (!dot || !lem_parse_name_is(t + 1, "dots") || t[1].kind != TOK_SYM) return 0;
    size_t places = (size_t)(t->text + t->len - dot - 1);
    const char *end = t->text + t->len;
    for (size_t period = 1; period <= 6; period++) {
        size_t times = period == 1 ? 3 : 2, m = period * times;
        if (places < m) break;
        bool recurs = true;
        for (size_t k = 1; k < times && recurs; k++)
            recurs = memcmp(end - period, end - (k + 1) * period, period) == 0;
        if (recurs) return period;
    }
    return 0;
}

/* a, b, …, l with a constant difference or, with a third member, a constant quotient: their sum. */
static ast_node *minus(lem_work *w, ast_node *a, ast_node *b) { return lem_ast_add(w, a, lem_ast_neg(w, b)); }

/* (first + last)((last - first)/d + 1)/2 */
static ast_node *arithmetic_sum(lem_work *w, ast_node *first, ast_node *d, ast_node *last) {
    ast_node *steps = lem_ast_div(w, minus(w, last, first), d);
    if (!steps || (steps->kind == AST_NUM && !lem_rat_is_int(steps->q))) return NULL;
    ast_node *count = lem_ast_add(w, steps, lem_ast_int(w, 1));
    return lem_ast_div(w, lem_ast_mul(w, lem_ast_add(w, first, last), count), lem_ast_int(w, 2));
}

/* (q last - first)/(q - 1) */
static ast_node *geometric_sum(lem_work *w, ast_node *const *member, ast_node *last) {
    ast_node *q = lem_ast_div(w, member[1], member[0]),
             *again = q ? lem_ast_div(w, member[2], member[1]) : NULL;
    if (!again || !lem_rat_equal(q->q, again->q) || lem_rat_is(q->q, 1)) return NULL;
    return lem_ast_div(w, minus(w, lem_ast_mul(w, last, q), member[0]), minus(w, q, lem_ast_int(w, 1)));
}

/* first/(1 - q), |q| < 1 */
static ast_node *endless_sum(lem_work *w, ast_node *const *before, size_t n) {
    for (size_t k = 0; k < n; k++)
        if (before[k]->kind != AST_NUM || lem_rat_sign(before[k]->q) == 0) return NULL;
    ast_node *q = lem_ast_div(w, before[1], before[0]);
    for (size_t k = 2; q && k < n; k++) {
        ast_node *again = lem_ast_div(w, before[k], before[k - 1]);
        if (!again || !lem_rat_equal(q->q, again->q)) return NULL;
    }
    if (!q || mpz_cmpabs(mpq_numref(q->q->q), mpq_denref(q->q->q)) >= 0) return NULL;
    return lem_ast_div(w, before[0], minus(w, lem_ast_int(w, 1), q));
}

ast_node *lem_parse_dotted_sum(lem_work *w, ast_node *const *before, size_t n, ast_node *last) {
    if (!last) return n >= 3 ? endless_sum(w, before, n) : NULL;
    if (n < 2) return NULL;
    for (size_t k = 0; k < n && k < 3; k++)
        if (before[k]->kind != AST_NUM) return NULL;
    ast_node *d = n >= 2 ? minus(w, before[1], before[0]) : NULL;
    if (!d) return NULL;
    if (n == 2)
        return lem_rat_sign(d->q) && last->kind != AST_POW ? arithmetic_sum(w, before[0], d, last) : NULL;
    ast_node *next = minus(w, before[2], before[1]);
    bool arithmetic = next && lem_rat_equal(next->q, d->q) && lem_rat_sign(d->q);
    return arithmetic ? arithmetic_sum(w, before[0], d, last) : geometric_sum(w, before, last);
}
