/* parse_whole.c - whole answers with a form of their own, told by their tokens: numbers in words, Chinese
 * numerals, permutations, dates, "3 to 4", "5 (five)" */
#include "answer/parse_whole_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_unit_token(const lex_tok *t) { return t->kind == TOK_TEXT || t->kind == TOK_WORD; }
static char folded(char c) { return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c); }

/* ---- numbers in words ---- */

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
typedef struct reading {
    long total, part, last; /* last: the word before, -1 when it was a scale */
    bool any;
} reading;

/* One word of a number; false when it does not go on with it: "three four", "twenty thirty". */
static bool read_word(reading *r, const char *s, size_t n) {
    long v = value_of(small, sizeof small / sizeof *small, s, n),
         scale = value_of(scales, sizeof scales / sizeof *scales, s, n);
    if (v >= 0) {
        if (r->last >= 0 && (r->last < 20 || v >= 10 || v == 0)) return false;
        r->part += v;
        r->last = v;
        r->any = true;
    } else if (scale == 100 && r->any) r->part *= 100, r->last = -1;
    else if (scale > 0 && r->any) r->total += r->part * scale, r->part = 0, r->last = -1;
    else return n == 3 && memcmp(s, "and", 3) == 0 && r->any;
    return r->part <= 1000000000L;
}

long lem_number_words(const char *t, size_t n) {
    reading r = {0, 0, -1, false};
    for (size_t i = 0; i < n;) {
        size_t k = i;
        while (k < n && t[k] != ' ') k++;
        if (!read_word(&r, t + i, k - i)) return -1;
        i = k + (k < n);
    }
    return r.any ? r.total + r.part : -1;
}

size_t lem_fraction_words(const char *t, size_t n, long *part) {
    static const number_word parts[] = {{"half", 2},   {"halves", 2}, {"third", 3}, {"quarter", 4},
                                        {"fourth", 4}, {"fifth", 5},  {"sixth", 6}, {"seventh", 7},
                                        {"eighth", 8}, {"ninth", 9},  {"tenth", 10}};
    size_t k = n;
    while (k && t[k - 1] != ' ') k--;
    if (k < 2) return 0;
    size_t len = n - k;
    if ((*part = value_of(parts, sizeof parts / sizeof *parts, t + k, len)) < 0 && len > 1 && t[n - 1] == 's')
        *part = value_of(parts, sizeof parts / sizeof *parts, t + k, len - 1);
    return *part > 0 && lem_number_words(t, k - 1) > 0 ? k - 1 : 0;
}

long lem_number_scale(const char *s, size_t n, size_t *used) {
    static const number_word signs[] = {{"万", 10000}, {"亿", 100000000}}; /* 千克 is a unit */
    *used = n;
    long v = value_of(scales, sizeof scales / sizeof *scales, s, n);
    for (size_t k = 0; v < 0 && k < sizeof signs / sizeof *signs; k++)
        if (n >= 3 && memcmp(s, signs[k].s, 3) == 0) v = signs[k].v, *used = 3;
    return v;
}

/* ---- Chinese numerals ---- */

static int chinese_digit(const char *s) {
    static const char *const digits[] = {"零", "一", "二", "三", "四", "五", "六", "七", "八", "九"};
    for (int k = 0; k < 10; k++)
        if (memcmp(s, digits[k], 3) == 0) return k;
    if (memcmp(s, "〇", 3) == 0) return 0;
    return memcmp(s, "两", 3) == 0 ? 2 : -1;
}

static long chinese_unit(const char *s) {
    static const number_word units[] = {
        {"十", 10}, {"百", 100}, {"千", 1000}, {"万", 10000}, {"亿", 100000000}};
    for (size_t k = 0; k < sizeof units / sizeof *units; k++)
        if (memcmp(s, units[k].s, 3) == 0) return units[k].v;
    return 0;
}

/* 二十三, 一百零五, 三万二千; -1 when it is none. */
typedef struct chinese {
    long total, section, digit; /* digit: -1 when none waits for its unit */
} chinese;

static bool read_unit(chinese *c, long unit) {
    long digit = c->digit > 0 ? c->digit : 0;
    if (unit >= 10000) {
        if (c->total >= unit || (c->section == 0 && c->digit < 0)) return false;
        c->total += (c->section + digit) * unit;
        c->section = 0;
    } else c->section += (c->digit < 0 ? 1 : digit) * unit;
    c->digit = -1;
    return true;
}

static long chinese_whole(const char *s, size_t n) {
    chinese c = {0, 0, -1};
    if (n == 0 || n % 3 != 0 || n > 60) return -1;
    for (size_t i = 0; i < n; i += 3) {
        int d = chinese_digit(s + i);
        long unit = chinese_unit(s + i);
        if (d >= 0 && c.digit > 0) return -1; /* 三五 */
        if (d >= 0) c.digit = d;
        else if (!unit || !read_unit(&c, unit)) return -1;
    }
    return c.total + c.section + (c.digit > 0 ? c.digit : 0);
}

static const char *find(const char *s, size_t n, const char *mark) {
    size_t m = strlen(mark);
    for (size_t i = 0; i + m <= n; i++)
        if (memcmp(s + i, mark, m) == 0) return s + i;
    return NULL;
}

ast_node *lem_chinese_number(lem_work *w, const char *s, size_t n) {
    static const char of[] = "分之", percent[] = "百分之";
    const size_t m = sizeof of - 1, p = sizeof percent - 1;
    if (n < 3 || !(s[0] & 0x80)) return NULL;
    if (n > p && memcmp(s, percent, p) == 0) {
        long v = chinese_whole(s + p, n - p);
        return v < 0 ? NULL : lem_ast_wrap(w, AST_PERCENT, lem_ast_int(w, v));
    }
    const char *mid = find(s, n, of);
    if (mid) {
        long below = chinese_whole(s, (size_t)(mid - s)),
             above = chinese_whole(mid + m, n - (size_t)(mid - s) - m);
        return below > 0 && above >= 0 ? lem_ast_div(w, lem_ast_int(w, above), lem_ast_int(w, below)) : NULL;
    }
    if ((n == 3 && memcmp(s, "半", 3) == 0) || (n == 6 && memcmp(s, "一半", 6) == 0))
        return lem_ast_div(w, lem_ast_int(w, 1), lem_ast_int(w, 2));
    long v = chinese_whole(s, n);
    return v < 0 ? NULL : lem_ast_int(w, v);
}

static int by_bytes(const void *a, const void *b) { return memcmp(a, b, 3); }

size_t lem_circled_in_order(char *t, size_t n) {
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        if (t[i] != ' ' && strncmp(t + i, "、", 3) != 0) {
            bool circled = n - i >= 3 && (unsigned char)t[i] == 0xe2 && (unsigned char)t[i + 1] == 0x91;
            if (!circled) return n;
            i += 2;
        } else if (t[i] != ' ') i += 2;
    for (size_t i = 0; i < n;) {
        if (t[i] == ' ') i++;
        else if (strncmp(t + i, "、", 3) == 0) i += 3;
        else memmove(t + k, t + i, 3), k += 3, i += 3;
    }
    qsort(t, k / 3, 3, by_bytes);
    return k;
}

/* ---- "3 to 4", "5 (five)" ---- */

static ast_node *number_of(lem_work *w, const lex_tok *t) {
    if (t->kind != TOK_NUM || t->rep) return NULL;
    return lem_ast_num(w, lem_rat_decimal(w, t->text, t->len, t->exp10));
}

static ast_node *worded_ratio(parser *p) {
    const lex_tok *t = p->t.tok;
    if (p->t.n != 3 || !is_unit_token(&t[1]) || !lem_parse_name_is(&t[1], "to")) return NULL;
    ast_node *a = number_of(p->w, &t[0]), *b = a ? number_of(p->w, &t[2]) : NULL,
             *r = b ? lem_ast_new(p->w, AST_RATIO, 2) : NULL;
    if (r) r->kid[0] = a, r->kid[1] = b;
    return r;
}

static ast_node *spelt_number(parser *p) {
    const lex_tok *t = p->t.tok;
    char word[40];
    if (p->t.n != 4 || !is_unit_token(&t[2]) || t[2].len >= sizeof word || t[1].op != '(' || t[3].op != ')')
        return NULL;
    ast_node *a = number_of(p->w, &t[0]);
    for (uint32_t k = 0; k < t[2].len; k++) word[k] = t[2].text[k] == '-' ? ' ' : folded(t[2].text[k]);
    return a && lem_rat_is(a->q, lem_number_words(word, t[2].len)) ? a : NULL;
}

ast_node *lem_parse_worded(parser *p) {
    ast_node *a = worded_ratio(p);
    return a || p->w->limit ? a : spelt_number(p);
}

/* ---- permutations ---- */

enum { MAX_CYCLES = 16, MAX_POINTS = 64 };

/* One cycle from its smallest point on, which says the same. */
static ast_node *rotated(lem_work *w, ast_node *const *at, uint32_t n) {
    ast_node *a = lem_ast_new(w, AST_TUPLE, n);
    uint32_t least = 0;
    for (uint32_t k = 1; k < n; k++)
        if (mpq_cmp(at[k]->q->q, at[least]->q->q) < 0) least = k;
    for (uint32_t k = 0; a && k < n; k++) a->kid[k] = at[(least + k) % n];
    if (a) a->open = '(', a->close = ')';
    return a;
}

typedef struct cycles {
    ast_node *cycle[MAX_CYCLES], *point[MAX_POINTS];
    uint32_t n, points, first; /* first point of the cycle that is open */
    bool inside;
} cycles;

/* A new point; cycles that meet say nothing, as products are read from either side. */
static bool add_point(lem_work *w, cycles *c, const lex_tok *t) {
    bool whole = t->exp10 == 0 && t->rep == 0 && t->len <= 4 && !memchr(t->text, '.', t->len),
         apart = c->points == c->first || t->space;
    if (!c->inside || !whole || !apart || c->points == MAX_POINTS) return false;
    ast_node *x = lem_ast_num(w, lem_rat_decimal(w, t->text, t->len, 0));
    for (uint32_t j = 0; x && j < c->points; j++)
        if (lem_rat_equal(c->point[j]->q, x->q)) return false;
    c->point[c->points] = x;
    c->points += x != NULL;
    return x != NULL;
}

static bool turn_bracket(lem_work *w, cycles *c) {
    if (c->inside) {
        uint32_t n = c->points - c->first;
        ast_node *a = n >= 2 && c->n < MAX_CYCLES ? rotated(w, c->point + c->first, n) : NULL;
        if (!a) return false;
        c->cycle[c->n++] = a;
    }
    c->first = c->points;
    c->inside = !c->inside;
    return true;
}

ast_node *lem_parse_permutation(parser *p) {
    cycles c = {.n = 0};
    if (!p->t.n || !parse_is(&p->t.tok[0], '(')) return NULL;
    for (size_t k = 0; k < p->t.n; k++) {
        const lex_tok *t = &p->t.tok[k];
        bool bracket = parse_is(t, c.inside ? ')' : '(');
        if (bracket ? !turn_bracket(p->w, &c) : t->kind != TOK_NUM || !add_point(p->w, &c, t)) return NULL;
    }
    ast_node *a = c.n && !c.inside ? lem_ast_new(p->w, AST_SET, c.n) : NULL;
    if (a) memcpy(a->kid, c.cycle, c.n * sizeof *c.cycle);
    return a;
}

/* ---- dates ---- */

static bool month_of(const lex_tok *t, char *out) {
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

static bool number_up_to(const lex_tok *t, size_t digits, long most, long *v) {
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
    char *name = lem_work_strndup(p->w, s, strlen(s));
    return name ? lem_ast_named(p->w, AST_TEXT, name, strlen(s)) : NULL;
}

/* 2023-12-25 and 12/25/2023 are no differences and no quotients. Where it cannot be told which is the month,
 * the numbers stand as they are written. */
static bool both_are(const lex_tok *t, char op) { return parse_is(&t[1], op) && parse_is(&t[3], op); }

static ast_node *iso_date(parser *p, const lex_tok *t) {
    long year, month, day;
    if (t[0].len != 4 || t[2].len != 2 || t[4].len != 2 || !number_up_to(&t[0], 4, 2999, &year) ||
        !number_up_to(&t[2], 2, 12, &month) || !number_up_to(&t[4], 2, 31, &day))
        return NULL;
    return date_text(p, month, day, year, "");
}

static ast_node *slash_date(parser *p, const lex_tok *t) {
    long year, a, b;
    char both[96];
    if (t[4].len != 4 || !number_up_to(&t[4], 4, 2999, &year) || !number_up_to(&t[0], 2, 31, &a) ||
        !number_up_to(&t[2], 2, 31, &b) || (a > 12 && b > 12))
        return NULL;
    if (a > 12) return date_text(p, b, a, year, "");
    if (b > 12) return date_text(p, a, b, year, "");
    (void)snprintf(both, sizeof both, "%ld/%ld/%ld", a, b, year);
    return date_text(p, 0, 0, 0, both);
}

static ast_node *numeric_date(parser *p) {
    const lex_tok *t = p->t.tok;
    if (p->t.n != 5) return NULL;
    if (both_are(t, '-')) return iso_date(p, t);
    return both_are(t, '/') ? slash_date(p, t) : NULL;
}

ast_node *lem_parse_date(parser *p) {
    const lex_tok *number[2], *month = NULL;
    char name[3] = "";
    size_t n = 0;
    ast_node *numeric = numeric_date(p);
    if (numeric || p->w->limit) return numeric;
    for (size_t k = 0; k < p->t.n; k++) {
        const lex_tok *t = &p->t.tok[k];
        if (t->kind == TOK_NUM && n < 2 && t->len <= 4) number[n++] = t;
        else if (!month && month_of(t, name)) month = t;
        else if (!parse_is(t, ',')) return NULL;
    }
    if (!month || n == 0) return NULL;
    char *s = lem_work_alloc(p->w, 16, 1);
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
