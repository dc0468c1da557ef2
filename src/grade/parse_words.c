/* parse_words.c - what stands in words: units behind values, scales, number words, plain language */
#include "grade/parse_priv.h"
#include "grade/units_priv.h"

#include <stdio.h>
#include <string.h>

static bool is_unit_token(const grade_tok *t) { return t->kind == TOK_TEXT || t->kind == TOK_WORD; }

/* ---- plain language ---- */

static char folded(char c) { return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c); }

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
        bool gap = c == ' ' || (c >= '\t' && c <= '\r') || c == '~' || c == ',' || c == ';' || c == '-';
        if (gap) {
            if (k && t[k - 1] != ' ') t[k++] = ' ';
        } else t[k++] = folded(c);
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

typedef struct number_word {
    const char *s;
    long v;
} number_word;

static const number_word small[] = {
    {"zero", 0},      {"one", 1},       {"two", 2},       {"three", 3},    {"four", 4},     {"five", 5},
    {"six", 6},       {"seven", 7},     {"eight", 8},     {"nine", 9},     {"ten", 10},     {"eleven", 11},
    {"twelve", 12},   {"thirteen", 13}, {"fourteen", 14}, {"fifteen", 15}, {"sixteen", 16}, {"seventeen", 17},
    {"eighteen", 18}, {"nineteen", 19}, {"twenty", 20},   {"thirty", 30},  {"forty", 40},   {"fifty", 50},
    {"sixty", 60},    {"seventy", 70},  {"eighty", 80},   {"ninety", 90}};
static const number_word scales[] = {
    {"hundred", 100},        {"thousand", 1000},           {"million", 1000000},
    {"billion", 1000000000}, {"trillion", 1000000000000L}, {"dozen", 12}};

static long value_of(const number_word *table, size_t count, const char *s, size_t n) {
    for (size_t k = 0; k < count; k++)
        if (strlen(table[k].s) == n && memcmp(table[k].s, s, n) == 0) return table[k].v;
    return -1;
}

/* "twenty five", "one hundred and three" in folded text; -1 when it is no number. */
static long number_words(const char *t, size_t n) {
    long total = 0, part = 0, last = -1;
    bool any = false;
    for (size_t i = 0; i < n;) {
        size_t k = i;
        while (k < n && t[k] != ' ') k++;
        long v = value_of(small, sizeof small / sizeof *small, t + i, k - i),
             scale = value_of(scales, sizeof scales / sizeof *scales, t + i, k - i);
        bool conjunction = k - i == 3 && memcmp(t + i, "and", 3) == 0 && any;
        if (v >= 0) {
            if (last >= 0 && (last < 20 || v >= 10 || v == 0)) return -1; /* "three four", "twenty thirty" */
            part += v;
            last = v;
            any = true;
        } else if (scale == 100 && any) part *= 100, last = -1;
        else if (scale > 0 && any) total += part * scale, part = 0, last = -1;
        else if (!conjunction) return -1;
        if (part > 1000000000L) return -1;
        i = k + (k < n);
    }
    return any ? total + part : -1;
}

ast_node *lem_parse_text(parser *p, const char *s, size_t n) {
    char *t = lem_grade_alloc(p->w, n + 1, 1);
    if (!t) return NULL;
    size_t k = fold_text(s, n, t), skip = article(t, k);
    long v = number_words(t, k);
    if (v >= 0) return lem_ast_int(p->w, v);
    return lem_ast_named(p->w, AST_TEXT, t + skip, k - skip);
}

/* ---- units ---- */

/* A value with the unit that the tokens from `from` to here spell. */
static ast_node *quantity(parser *p, ast_node *a, size_t from) {
    size_t cap = 1, k = 0;
    for (size_t j = from; j < p->i; j++) cap += 2 + p->t.tok[j].len;
    char *s = lem_grade_alloc(p->w, cap, 1), *t = lem_grade_alloc(p->w, cap, 1);
    if (!s || !t) return NULL;
    for (size_t j = from; j < p->i; j++) {
        const grade_tok *tok = &p->t.tok[j];
        if (parse_is(tok, '{') || parse_is(tok, '}')) continue;
        if (tok->kind == TOK_OP) s[k++] = tok->op;
        else {
            if (k && tok->kind != TOK_NUM && s[k - 1] != '/' && s[k - 1] != '*') s[k++] = ' ';
            memcpy(s + k, tok->text, tok->len);
            k += tok->len;
        }
    }
    /* units keep their case (mW, MW) and their minus signs; only layout goes */
    size_t m = 0;
    for (size_t j = 0; j < k; j++) {
        char c = s[j];
        if (c == '\\' || c == '$' || c == '{' || c == '}') continue;
        if (c == '~' || (c >= '\t' && c <= '\r')) c = ' ';
        if (c == ' ' && (!m || t[m - 1] == ' ')) continue;
        t[m++] = c;
    }
    while (m && strchr(" .,;:!", t[m - 1])) m--;
    ast_node *q = m ? lem_ast_wrap(p->w, AST_QTY, a) : a;
    if (q && m) q->name = t, q->len = (uint32_t)m;
    return q;
}

/* Words that belong to a sentence and not to a unit. */
static bool ends_unit(const grade_tok *t) {
    static const char *const words[] = {"when", "where", "with", "then"};
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

static ast_node *with_unit(parser *p, ast_node *a) {
    long scale;
    while (a && is_unit_token(parse_peek(p)) &&
           (scale = value_of(scales, sizeof scales / sizeof *scales, parse_peek(p)->text,
                             parse_peek(p)->len)) > 0) {
        p->i++;
        a = lem_ast_mul(p->w, a, lem_ast_int(p->w, scale));
    }
    /* plain words behind a value that is no number are a sentence, unless they are known units */
    if (a && parse_peek(p)->kind == TOK_WORD && !has_value(a) &&
        !lem_grade_is_unit_word(parse_peek(p)->text, parse_peek(p)->len))
        return a;
    if (!a || !is_unit_token(parse_peek(p)) || ends_unit(parse_peek(p)) || a->kind == AST_TEXT ||
        a->kind == AST_QTY)
        return a;
    size_t from = p->i;
    int depth = 0;
    while (parse_peek(p)->kind != TOK_END) {
        const grade_tok *t = parse_peek(p), *before = p->i ? t - 1 : t;
        bool number =
            t->kind == TOK_NUM && (parse_is(before, '^') || parse_is(before, '{') || parse_is(before, '-'));
        bool inside = is_unit_token(t) || number || parse_is(t, '/') || parse_is(t, '^') ||
                      parse_is(t, '*') || parse_is(t, '{') ||
                      (parse_is(t, '-') && (parse_is(before, '{') || parse_is(before, '^'))) ||
                      (t->kind == TOK_SYM && depth == 0 &&
                       (t->space || parse_is(before, '/') || parse_is(before, '*'))) ||
                      (parse_is(t, '}') && depth > 0);
        if (!inside) break;
        depth += parse_is(t, '{') - parse_is(t, '}');
        p->i++;
    }
    return quantity(p, a, from);
}

/* "1 hour 45 minutes", "5 ft 6 in": further parts in ever smaller units of the same kind are added up, in the
 * smallest. */
ast_node *lem_parse_unit(parser *p, ast_node *a) {
    ast_node *sum = with_unit(p, a);
    grade_unit of, part;
    while (sum && sum->kind == AST_QTY && parse_peek(p)->kind == TOK_NUM &&
           is_unit_token(parse_peek_at(p, 1)) && lem_grade_unit_find(p->w, sum->name, sum->len, &of)) {
        size_t from = p->i;
        ast_node *next = lem_parse_number_token(p), *q = next ? with_unit(p, next) : NULL;
        grade_rat *times = NULL;
        if (q && q->kind == AST_QTY && lem_grade_unit_find(p->w, q->name, q->len, &part) &&
            lem_grade_unit_same_kind(&of, &part))
            times = lem_grade_rat_div(p->w, of.factor, part.factor);
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

/* ---- permutations ---- */

enum { MAX_CYCLES = 16, MAX_POINTS = 64 };

/* One cycle from its smallest point on, which says the same. */
static ast_node *rotated(grade_work *w, ast_node *const *at, uint32_t n) {
    ast_node *a = lem_ast_new(w, AST_TUPLE, n);
    uint32_t least = 0;
    for (uint32_t k = 1; k < n; k++)
        if (mpq_cmp(at[k]->q->q, at[least]->q->q) < 0) least = k;
    for (uint32_t k = 0; a && k < n; k++) a->kid[k] = at[(least + k) % n];
    if (a) a->open = '(', a->close = ')';
    return a;
}

ast_node *lem_parse_permutation(parser *p) {
    ast_node *cycle[MAX_CYCLES], *point[MAX_POINTS];
    uint32_t cycles = 0, points = 0, first = 0;
    bool inside = false;
    for (size_t k = 0; k < p->t.n; k++) {
        const grade_tok *t = &p->t.tok[k];
        if (t->kind == TOK_NUM) {
            bool whole = t->exp10 == 0 && t->rep == 0 && t->len <= 4 && !memchr(t->text, '.', t->len),
                 apart = points == first || t->space;
            if (!inside || !whole || !apart || points == MAX_POINTS) return NULL;
            if (!(point[points] = lem_ast_num(p->w, lem_grade_rat_decimal(p->w, t->text, t->len, 0))))
                return NULL;
            for (uint32_t j = 0; j < points;
                 j++) /* cycles that meet: products are read from either side, so nothing is said */
                if (lem_grade_rat_equal(point[j]->q, point[points]->q)) return NULL;
            points++;
        } else if (parse_is(t, inside ? ')' : '(')) {
            if (inside && (points - first < 2 || cycles == MAX_CYCLES ||
                           !(cycle[cycles++] = rotated(p->w, point + first, points - first))))
                return NULL;
            first = points;
            inside = !inside;
        } else return NULL;
    }
    ast_node *a = cycles && !inside ? lem_ast_new(p->w, AST_SET, cycles) : NULL;
    if (a) memcpy(a->kid, cycle, cycles * sizeof *cycle);
    return a;
}

/* ---- dates ---- */

static bool month_of(const grade_tok *t, char *out) {
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    if (!is_unit_token(t) || t->len < 3) return false;
    for (size_t k = 0; k < 36; k += 3)
        if (folded(t->text[0]) == names[k] && folded(t->text[1]) == names[k + 1] &&
            folded(t->text[2]) == names[k + 2]) {
            memcpy(out, names + k, 3);
            return true;
        }
    return false;
}

static bool number_up_to(const grade_tok *t, size_t digits, long most, long *v) {
    *v = 0;
    if (t->kind != TOK_NUM || t->len > digits || t->exp10 || t->rep || t->commas) return false;
    for (uint32_t k = 0; k < t->len; k++) {
        if (t->text[k] == '.') return false;
        *v = *v * 10 + (t->text[k] - '0');
    }
    return *v >= 1 && *v <= most;
}

/* A name that begins with the month: "dec 25 2023"; with month 0 as the numbers stand. */
static ast_node *date_text(parser *p, long month, long day, long year, const char *as_it_stands) {
    static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    char t[96];
    if (month) (void)snprintf(t, sizeof t, "%.3s %ld %ld", months + 3 * (month - 1), day, year);
    const char *s = month ? t : as_it_stands;
    char *name = lem_grade_strndup(p->w, s, strlen(s));
    return name ? lem_ast_named(p->w, AST_TEXT, name, strlen(s)) : NULL;
}

/* 2023-12-25 and 12/25/2023 are no differences and no quotients. Where it cannot be told which is the month,
 * the numbers stand as they are written. */
static ast_node *numeric_date(parser *p) {
    const grade_tok *t = p->t.tok;
    long year, a, b;
    char both[96];
    if (p->t.n != 5) return NULL;
    if (parse_is(&t[1], '-') && parse_is(&t[3], '-') && t[0].len == 4 && t[2].len == 2 && t[4].len == 2)
        return number_up_to(&t[0], 4, 2999, &year) && number_up_to(&t[2], 2, 12, &a) &&
                       number_up_to(&t[4], 2, 31, &b)
                   ? date_text(p, a, b, year, "")
                   : NULL;
    if (!parse_is(&t[1], '/') || !parse_is(&t[3], '/') || t[4].len != 4) return NULL;
    if (!number_up_to(&t[4], 4, 2999, &year) || !number_up_to(&t[0], 2, 31, &a) ||
        !number_up_to(&t[2], 2, 31, &b) || (a > 12 && b > 12))
        return NULL;
    (void)snprintf(both, sizeof both, "%ld/%ld/%ld", a, b, year);
    if (a > 12 || b > 12) return date_text(p, a > 12 ? b : a, a > 12 ? a : b, year, "");
    return date_text(p, 0, 0, 0, both);
}

ast_node *lem_parse_date(parser *p) {
    const grade_tok *number[2], *month = NULL;
    char name[3] = "";
    size_t n = 0;
    ast_node *numeric = numeric_date(p);
    if (numeric || p->w->limit) return numeric;
    for (size_t k = 0; k < p->t.n; k++) {
        const grade_tok *t = &p->t.tok[k];
        if (t->kind == TOK_NUM && n < 2 && t->len <= 4) number[n++] = t;
        else if (!month && month_of(t, name)) month = t;
        else if (!parse_is(t, ',')) return NULL;
    }
    if (!month || n == 0) return NULL;
    char *s = lem_grade_alloc(p->w, 16, 1);
    if (!s) return NULL;
    size_t k = 3;
    memcpy(s, name, 3);
    for (size_t j = 0; j < n; j++) {
        s[k++] = ' ';
        memcpy(s + k, number[j]->text, number[j]->len);
        k += number[j]->len;
    }
    return lem_ast_named(p->w, AST_TEXT, s, k);
}
