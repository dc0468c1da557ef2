/* parse_words.c - what stands in words: units behind values, scales, number words, plain language */
#include "answer/parse_priv.h"
#include "answer/parse_whole_priv.h"
#include "answer/units_priv.h"

#include <string.h>

static bool is_unit_token(const lex_tok *t) { return t->kind == TOK_TEXT || t->kind == TOK_WORD; }

/* ---- plain language ---- */

static char folded(char c) { return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c); }

static bool is_layout(char c) { return c == ' ' || c == '~' || (c >= '\t' && c <= '\r'); }
static bool parts_words(char c) { return is_layout(c) || c == ',' || c == ';' || c == '-'; }

/* Lower case, runs of space as one, no leading article, no punctuation but inside words. */
static size_t fold_text(const char *s, size_t n, char *t) {
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        char c = s[i];
        if (c == '\\' && i + 4 < n && memcmp(s + i, "\\text", 5) == 0) {
            i += 4;
            continue;
        }
        if (c && strchr("\\${}\"*()[]", c)) continue;
        if (!parts_words(c)) t[k++] = folded(c);
        else if (k && t[k - 1] != ' ') t[k++] = ' ';
    }
    while (k && strchr(" .:!?", t[k - 1])) k--;
    return k;
}

static size_t article(const char *t, size_t k) {
    static const char *const articles[] = {"the ", "a ", "an "};
    for (int a = 0; a < 3; a++)
        if (k > strlen(articles[a]) && memcmp(t, articles[a], strlen(articles[a])) == 0)
            return strlen(articles[a]);
    return 0;
}

ast_node *lem_parse_text(parser *p, const char *s, size_t n) {
    char *t = lem_work_alloc(p->w, n + 1, 1);
    if (!t) return NULL;
    size_t k = fold_text(s, n, t), skip = article(t, k);
    long v = lem_number_words(t, k);
    if (v >= 0) return lem_ast_int(p->w, v);
    long part;
    size_t whole = lem_fraction_words(t, k, &part);
    if (whole)
        return lem_ast_div(p->w, lem_ast_int(p->w, lem_number_words(t, whole)), lem_ast_int(p->w, part));
    ast_node *chinese = lem_chinese_number(p->w, t, k);
    if (chinese || p->w->limit) return chinese;
    k = lem_circled_in_order(t, k);
    ast_node *a = lem_ast_named(p->w, AST_TEXT, t + skip, k - skip);
    if (a) a->grouped = skip > 0; /* with an article: what follows may be the subject of a sentence */
    return a;
}

/* ---- units ---- */

/* The tokens from `from` to here as text; returns its length. */
static size_t spelled(const parser *p, size_t from, char *s) {
    size_t k = 0;
    for (size_t j = from; j < p->i; j++) {
        const lex_tok *tok = &p->t.tok[j];
        if (parse_is(tok, '{') || parse_is(tok, '}')) continue;
        if (tok->kind == TOK_OP) {
            s[k++] = tok->op;
            continue;
        }
        if (k && tok->kind != TOK_NUM && s[k - 1] != '/' && s[k - 1] != '*') s[k++] = ' ';
        memcpy(s + k, tok->text, tok->len);
        k += tok->len;
    }
    return k;
}

/* Units keep their case (mW, MW) and their minus signs; only layout goes. */
static size_t without_layout(const char *s, size_t k, char *t) {
    size_t m = 0;
    for (size_t j = 0; j < k; j++) {
        char c = s[j];
        if (c == '\\' || c == '$' || c == '{' || c == '}') continue;
        if (is_layout(c)) c = ' ';
        if (c == ' ' && (!m || t[m - 1] == ' ')) continue;
        t[m++] = c;
    }
    while (m && strchr(" .,;:!", t[m - 1])) m--;
    return m;
}

/* A value with the unit that the tokens from `from` to here spell. */
static ast_node *quantity(parser *p, ast_node *a, size_t from) {
    size_t cap = 1;
    for (size_t j = from; j < p->i; j++) cap += 2 + p->t.tok[j].len;
    char *s = lem_work_alloc(p->w, cap, 1), *t = lem_work_alloc(p->w, cap, 1);
    if (!s || !t) return NULL;
    size_t m = without_layout(s, spelled(p, from, s), t);
    ast_node *q = m ? lem_ast_wrap(p->w, AST_QTY, a) : a;
    if (q && m) q->name = t, q->len = (uint32_t)m;
    return q;
}

/* Words that belong to a sentence and not to a unit. */
static bool ends_unit(const lex_tok *t) {
    static const char *const words[] = {"when",  "where",     "with",  "then",   "squared",
                                        "cubed", "factorial", "times", "matrix", "grid"};
    if (t->kind == TOK_WORD && lem_lex_is_filler(t->text, t->len)) return true;
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (lem_parse_name_is(t, words[k])) return true;
    return false;
}

/* Numbers, and sums, products and powers of them: what can be counted in a unit. */
static bool has_value(const ast_node *a) {
    for (; a->kind == AST_ADD || a->kind == AST_MUL || a->kind == AST_POW; a = a->kid[0])
        if (a->kid[1]->kind == AST_SYM && !lem_ast_is_sym(a->kid[1], "pi")) return false;
    return a->kind == AST_NUM || a->kind == AST_MONEY || a->kind == AST_DEGREE || a->kind == AST_PERCENT ||
           a->kind == AST_RATIO || lem_ast_is_sym(a, "pi");
}

/* 3 million, 3万元: the scale goes into the number, what follows it in one word stays. */
static ast_node *scaled(parser *p, ast_node *a) {
    size_t used;
    long scale;
    while (a && a->kind != AST_TEXT && is_unit_token(parse_peek(p)) &&
           (scale = lem_number_scale(parse_peek(p)->text, parse_peek(p)->len, &used)) > 0) {
        lex_tok *t = parse_peek(p);
        t->text += used;
        t->len -= (uint32_t)used;
        p->i += t->len == 0;
        a = lem_ast_mul(p->w, a, lem_ast_int(p->w, scale));
    }
    return a;
}

/* Does a unit stand here, behind a? Plain words behind a value that is no number are a sentence, unless they
 * are known units. */
static bool at_unit(const parser *p, const ast_node *a) {
    const lex_tok *t = &p->t.tok[p->i];
    if (t->kind == TOK_WORD && !has_value(a) && !lem_lex_is_unit_word(t->text, t->len)) return false;
    return is_unit_token(t) && !ends_unit(t) && a->kind != AST_TEXT && a->kind != AST_QTY;
}

static bool opens_power(const lex_tok *t) { return parse_is(t, '{') || parse_is(t, '^'); }
static bool is_product_sign(const lex_tok *t) { return parse_is(t, '/') || parse_is(t, '*'); }

/* Does the token here go on with a unit? depth: of the braces open in it. */
static bool in_unit(const parser *p, int depth) {
    const lex_tok *t = &p->t.tok[p->i], *before = p->i ? t - 1 : t;
    switch (t->kind) {
    case TOK_TEXT:
    case TOK_WORD: return true;
    case TOK_NUM: return opens_power(before) || parse_is(before, '-');
    case TOK_SYM: return depth == 0 && (t->space || is_product_sign(before));
    case TOK_OP: break;
    default: return false;
    }
    if (t->op == '-') return opens_power(before);
    if (t->op == '}') return depth > 0;
    return is_product_sign(t) || opens_power(t);
}

static ast_node *with_unit(parser *p, ast_node *a) {
    a = scaled(p, a);
    if (!a || !at_unit(p, a)) return a;
    size_t from = p->i;
    for (int depth = 0; in_unit(p, depth); p->i++)
        depth += parse_is(parse_peek(p), '{') - parse_is(parse_peek(p), '}');
    return quantity(p, a, from);
}

/* "1 hour 45 minutes", "5 ft 6 in": further parts in ever smaller units of the same kind are added up, in the
 * smallest. */
ast_node *lem_parse_unit(parser *p, ast_node *a) {
    ast_node *sum = with_unit(p, a);
    answer_unit of, part;
    while (sum && sum->kind == AST_QTY && parse_peek(p)->kind == TOK_NUM &&
           is_unit_token(parse_peek_at(p, 1)) && lem_unit_find(p->w, sum->name, sum->len, &of)) {
        size_t from = p->i;
        ast_node *next = lem_parse_number_token(p), *q = next ? with_unit(p, next) : NULL;
        lem_rat *times = NULL;
        if (q && q->kind == AST_QTY && lem_unit_find(p->w, q->name, q->len, &part) &&
            lem_unit_same_kind(&of, &part))
            times = lem_rat_div(p->w, of.factor, part.factor);
        if (!times || mpq_cmp_ui(times->q, 1, 1) <= 0) {
            p->i = from;
            break;
        }
        ast_node *big = lem_ast_mul(p->w, sum->kid[0], lem_ast_num(p->w, times)),
                 *all = lem_ast_add(p->w, big, q->kid[0]);
        if (!all) return NULL;
        q->kid[0] = all;
        sum = q;
    }
    return sum;
}
