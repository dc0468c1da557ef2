/* lex_numbers.c - digits with their separators, recurring digits, exponents */
#include "answer/lexer_priv.h"

/* Length of what may stand between thousands at i: ',' '{,}' ',\!' '\,' '\!' ' '; 0 if there is none. */
static size_t separator_form(const lexer *x, size_t i, bool commas, bool spaces) {
    static const char *const forms[] = {"{,}",          ",\\! ",        ",\\!", "\\!,", "\\,",
                                        "\\!",          "\\ ",          "\\;",  "~",    "\xc2\xa0",
                                        "\xe2\x80\xaf", "\xe2\x80\x89", NULL};
    for (int f = 0; forms[f]; f++)
        if (lex_at(x, i, forms[f])) return strlen(forms[f]);
    if (i >= x->n) return 0;
    return (commas && x->s[i] == ',') || (spaces && x->s[i] == ' ');
}

static bool three_digits(const lexer *x, size_t i) {
    return i + 2 < x->n && lex_digit(x->s[i]) && lex_digit(x->s[i + 1]) && lex_digit(x->s[i + 2]);
}

/* The same where exactly three digits follow. */
static size_t separator(const lexer *x, size_t i, bool commas, bool spaces) {
    size_t k = separator_form(x, i, commas, spaces);
    if (!k || !three_digits(x, i + k)) return 0;
    return i + k + 3 < x->n && lex_digit(x->s[i + k + 3]) ? 0 : k;
}

/* Digits with a combining overline at i; as recurring(). */
static size_t overlined(const lexer *x, size_t i, char *t, size_t *end) {
    size_t n = 0;
    for (;
         i + 2 < x->n && lex_digit(x->s[i]) && (lex_at(x, i + 1, "\xcc\x85") || lex_at(x, i + 1, "\xcc\x84"));
         i += 3)
        t[n++] = x->s[i];
    *end = i;
    return n;
}

/* The digits up to the second dot, if there is one at or behind *k: \dot{1}2\dot{3}. Returns how many are in
 * t then. */
static size_t to_second_dot(const lexer *x, size_t *k, char *t, size_t n) {
    const char *s = x->s;
    size_t j = *k, m = n;
    while (j < x->n && lex_digit(s[j])) t[m++] = s[j++];
    if (lex_at(x, j, "\\dot{") && j + 6 < x->n && lex_digit(s[j + 5]) && s[j + 6] == '}') {
        t[m++] = s[j + 5];
        *k = j + 7;
    } else if (lex_at(x, j, "\\dot") && j + 4 < x->n && lex_digit(s[j + 4])) {
        t[m++] = s[j + 4];
        *k = j + 5;
    } else return n;
    return m;
}

static bool continues_bracket(char c) { return c == '^' || c == '!' || c == '(' || lex_letter(c); }

/* Digits at i that recur: \overline{36}, \bar{3}, \dot{1}2\dot{3}, (36), or digits with a combining overline.
 * Copies them to t; returns how many, and where they end in *end; 0 when there are none. */
static size_t recurring(const lexer *x, size_t i, char *t, size_t *end) {
    static const struct {
        const char *open, *close; /* close "": one digit */
        bool dots;
    } forms[] = {{"\\overline{", "}", false}, {"\\bar{", "}", false}, {"\\overline ", "", false},
                 {"\\dot{", "}", true},       {"\\dot ", "", true},   {"\\overline", "", false},
                 {"\\dot", "", true},         {"(", ")", false},      {NULL, NULL, false}};
    size_t n = 0, f = 0;
    while (forms[f].open && !lex_at(x, i, forms[f].open)) f++;
    if (!forms[f].open) return overlined(x, i, t, end);
    const char *close = forms[f].close;
    size_t k = i + strlen(forms[f].open);
    for (size_t most = *close ? x->n : k + 1; k < x->n && k < most && lex_digit(x->s[k]); k++)
        t[n++] = x->s[k];
    if (n == 0 || !lex_at(x, k, close)) return 0;
    k += strlen(close);
    if (*close == ')' && k < x->n && continues_bracket(x->s[k])) return 0;
    if (forms[f].dots) n = to_second_dot(x, &k, t, n);
    *end = k;
    return n;
}

/* The fraction behind the point at i: digits, recurring digits. Returns the end, or i when this is no decimal
 * point. */
static size_t lex_fraction(lexer *x, size_t i, char *t, size_t *k, size_t *rep) {
    size_t j = i + 1, m = *k, end = 0;
    t[m++] = '.';
    while (j < x->n && lex_digit(x->s[j]) && !lex_at(x, j + 1, "\xcc\x85") && !lex_at(x, j + 1, "\xcc\x84"))
        t[m++] = x->s[j++];
    *rep = recurring(x, j, t + m, &end);
    if (*rep) j = end, m += *rep;
    if (j == i + 1) return i;
    *k = m;
    return j;
}

static int32_t lex_exponent(lexer *x, size_t *i) {
    const char *s = x->s;
    int32_t e10 = 0;
    if (*i + 1 >= x->n || (s[*i] != 'e' && s[*i] != 'E')) return 0;
    size_t j = *i + 1;
    bool neg = s[j] == '-';
    if (s[j] == '-' || s[j] == '+') j++;
    size_t d0 = j;
    while (j < x->n && lex_digit(s[j]) && e10 < 1000000) e10 = e10 * 10 + (s[j++] - '0');
    if (j == d0 || (j < x->n && lex_letter(s[j]))) return 0;
    *i = j;
    return neg ? -e10 : e10;
}

/* Digits and commas without a space are one number where every group behind the first has three digits, and a
 * list otherwise: 1,100 and 25,100,55. */
static bool is_comma_list(lexer *x, size_t from) {
    if (from < x->run_end) return x->run_is_list;
    size_t i = from, group = 0;
    bool first = true;
    x->run_is_list = from >= 2 && x->s[from - 1] == ',' && lex_digit(x->s[from - 2]);
    for (;; i++) {
        if (i < x->n && lex_digit(x->s[i])) {
            group++;
            continue;
        }
        x->run_is_list = x->run_is_list || (first ? group > 3 : group != 3);
        if (i + 1 >= x->n || x->s[i] != ',' || !lex_digit(x->s[i + 1])) break;
        group = 0;
        first = false;
    }
    if (first) x->run_is_list = false;
    x->run_end = i;
    return x->run_is_list;
}

/* The digits behind a comma at i, if there are any; returns their end. */
static size_t decimal_comma(const lexer *x, size_t i, char *t, size_t *k) {
    if (i + 1 >= x->n || x->s[i] != ',' || !lex_digit(x->s[i + 1])) return i;
    t[(*k)++] = '.';
    for (i++; i < x->n && lex_digit(x->s[i]); i++) t[(*k)++] = x->s[i];
    return i;
}

/* 1.234.567,89: two points at least, so that it can be nothing else. Copies the digits; returns the end, or
 * `from`. */
static size_t european(const lexer *x, size_t from, char *t, size_t *k) {
    size_t i = from, dots = 0, n = 0;
    while (i < x->n && lex_digit(x->s[i]) && n < 3) t[n++] = x->s[i++];
    for (; i < x->n && x->s[i] == '.' && three_digits(x, i + 1); i += 4, n += 3, dots++)
        memcpy(t + n, x->s + i + 1, 3);
    bool goes_on = i < x->n && (lex_digit(x->s[i]) || x->s[i] == '.');
    if (dots < 2 || x->s[from] == '0' || goes_on) return from;
    *k = n;
    return decimal_comma(x, i, t, k);
}

/* In brackets 830,450 are two parts, but 12,000 and 1,234.5 are one number. */
static bool commas_group(const lexer *x, size_t i) {
    if (x->brackets == 0) return true;
    bool zeros = false;
    while (i + 3 < x->n && x->s[i] == ',' && lex_digit(x->s[i + 1]) && lex_digit(x->s[i + 2]) &&
           lex_digit(x->s[i + 3])) {
        zeros = zeros || x->s[i + 1] == '0';
        i += 4;
    }
    return zeros || (i + 1 < x->n && x->s[i] == '.' && lex_digit(x->s[i + 1]));
}

/* Digits with their thousands separators; returns the end, and how many commas there were. */
static size_t lex_whole(lexer *x, size_t from, char *t, size_t *k, uint32_t *commas) {
    size_t i = from;
    const char *s = x->s;
    while (i < x->n && lex_digit(s[i])) t[(*k)++] = s[i++];
    bool grouped = i - from >= 1 && i - from <= 3 && s[from] != '0',
         comma = !is_comma_list(x, from) && commas_group(x, i);
    for (size_t sep; grouped && (sep = separator(x, i, comma, true)) != 0;) {
        *commas += s[i] == ',';
        i += sep;
        for (int d = 0; d < 3; d++) t[(*k)++] = s[i++];
    }
    return i;
}

void lem_lex_number(lexer *x) {
    size_t from = x->i, k = 0, rep = 0;
    const char *s = x->s;
    char *t = x->digits;
    uint32_t commas = 0;
    size_t i = european(x, from, t, &k);
    if (i == from) {
        i = lex_whole(x, from, t, &k, &commas);
        if (i < x->n && s[i] == '.') {
            size_t end = lex_fraction(x, i, t, &k, &rep);
            if (end > i) i = end;
            else if (i > from && (i + 1 == x->n || !lex_letter(s[i + 1]))) i++; /* "5." */
        }
    }
    int32_t e10 = lex_exponent(x, &i);
    x->i = i;
    x->digits += k;
    lex_tok *tok = lem_lex_push(x, TOK_NUM, from);
    tok->text = t;
    tok->len = (uint32_t)k;
    tok->rep = (uint16_t)rep; /* at most LEM_ANSWER_MAX_BYTES */
    tok->commas = (uint16_t)commas;
    tok->exp10 = e10;
}
