/* lex.c - tokens of an answer: LaTeX commands, numbers with their separators, Unicode mathematics, words */
#include "answer/lex_priv.h"

#include "core/utf8.h"
#include "answer/verdict.h"

#include <string.h>

typedef struct lexer {
    lem_work *w;
    const lem_answer_dialect *d;
    const char *s;
    size_t n, i;
    lex_toks *out;
    bool space, gap;
    bool dollars_are_money; /* an odd number of bare '$' cannot delimit mathematics */
    size_t run_end;         /* of the digits and commas that the last number began */
    bool run_is_list;       /* 25,100,55: some group has other than three digits */
    int brackets;           /* (, [ and \\{ not yet closed: there a comma separates parts */
    int environments;       /* \\begin not yet closed: there a double backslash ends a row */
    char *digits;           /* room for the digits of all numbers */
} lexer;

static bool digit(char c) { return c >= '0' && c <= '9'; }
static bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static bool at(const lexer *x, size_t i, const char *t) {
    return i <= x->n && strlen(t) <= x->n - i && memcmp(x->s + i, t, strlen(t)) == 0;
}
static bool is(const char *s, size_t n, const char *t) { return strlen(t) == n && memcmp(s, t, n) == 0; }

static lex_tok *push(lexer *x, lex_tok_kind kind, size_t from) {
    lex_tok *t = &x->out->tok[x->out->n++]; /* at most two tokens per byte, and room for as many */
    t->kind = kind;
    t->space = x->space;
    t->gap = x->gap;
    x->out->gaps |= x->gap;
    t->at = (uint32_t)from;
    x->space = x->gap = false;
    return t;
}

static void push_named(lexer *x, lex_tok_kind kind, const char *name, size_t n, size_t from, bool latex) {
    lex_tok *t = push(x, kind, from);
    t->text = name;
    t->len = (uint32_t)n;
    t->latex = latex;
}

static void push_op(lexer *x, char op, size_t from) {
    push(x, TOK_OP, from)->op = op;
    if (op == '(' || op == '[' || op == OP_SET_OPEN) x->brackets++;
    if ((op == ')' || op == ']' || op == OP_SET_CLOSE) && x->brackets > 0) x->brackets--;
}
static void push_money(lexer *x, const char *currency, size_t from) {
    push_named(x, TOK_OP, currency, strlen(currency), from, false);
    x->out->tok[x->out->n - 1].op = OP_MONEY;
}

/* Length of what may stand between thousands at i: ',' '{,}' ',\!' '\,' '\!' ' '; 0 if there is none. */
static size_t separator_form(const lexer *x, size_t i, bool commas, bool spaces) {
    static const char *const forms[] = {"{,}",          ",\\! ",        ",\\!", "\\!,", "\\,",
                                        "\\!",          "\\ ",          "\\;",  "~",    "\xc2\xa0",
                                        "\xe2\x80\xaf", "\xe2\x80\x89", NULL};
    for (int f = 0; forms[f]; f++)
        if (at(x, i, forms[f])) return strlen(forms[f]);
    if (i >= x->n) return 0;
    return (commas && x->s[i] == ',') || (spaces && x->s[i] == ' ');
}

static bool three_digits(const lexer *x, size_t i) {
    return i + 2 < x->n && digit(x->s[i]) && digit(x->s[i + 1]) && digit(x->s[i + 2]);
}

/* The same where exactly three digits follow. */
static size_t separator(const lexer *x, size_t i, bool commas, bool spaces) {
    size_t k = separator_form(x, i, commas, spaces);
    if (!k || !three_digits(x, i + k)) return 0;
    return i + k + 3 < x->n && digit(x->s[i + k + 3]) ? 0 : k;
}

/* Digits with a combining overline at i; as recurring(). */
static size_t overlined(const lexer *x, size_t i, char *t, size_t *end) {
    size_t n = 0;
    for (; i + 2 < x->n && digit(x->s[i]) && (at(x, i + 1, "\xcc\x85") || at(x, i + 1, "\xcc\x84")); i += 3)
        t[n++] = x->s[i];
    *end = i;
    return n;
}

/* The digits up to the second dot, if there is one at or behind *k: \dot{1}2\dot{3}. Returns how many are in
 * t then. */
static size_t to_second_dot(const lexer *x, size_t *k, char *t, size_t n) {
    const char *s = x->s;
    size_t j = *k, m = n;
    while (j < x->n && digit(s[j])) t[m++] = s[j++];
    if (at(x, j, "\\dot{") && j + 6 < x->n && digit(s[j + 5]) && s[j + 6] == '}') {
        t[m++] = s[j + 5];
        *k = j + 7;
    } else if (at(x, j, "\\dot") && j + 4 < x->n && digit(s[j + 4])) {
        t[m++] = s[j + 4];
        *k = j + 5;
    } else return n;
    return m;
}

static bool continues_bracket(char c) { return c == '^' || c == '!' || c == '(' || letter(c); }

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
    while (forms[f].open && !at(x, i, forms[f].open)) f++;
    if (!forms[f].open) return overlined(x, i, t, end);
    const char *close = forms[f].close;
    size_t k = i + strlen(forms[f].open);
    for (size_t most = *close ? x->n : k + 1; k < x->n && k < most && digit(x->s[k]); k++) t[n++] = x->s[k];
    if (n == 0 || !at(x, k, close)) return 0;
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
    while (j < x->n && digit(x->s[j]) && !at(x, j + 1, "\xcc\x85") && !at(x, j + 1, "\xcc\x84"))
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
    while (j < x->n && digit(s[j]) && e10 < 1000000) e10 = e10 * 10 + (s[j++] - '0');
    if (j == d0 || (j < x->n && letter(s[j]))) return 0;
    *i = j;
    return neg ? -e10 : e10;
}

/* Digits and commas without a space are one number where every group behind the first has three digits, and a
 * list otherwise: 1,100 and 25,100,55. */
static bool is_comma_list(lexer *x, size_t from) {
    if (from < x->run_end) return x->run_is_list;
    size_t i = from, group = 0;
    bool first = true;
    x->run_is_list = from >= 2 && x->s[from - 1] == ',' && digit(x->s[from - 2]);
    for (;; i++) {
        if (i < x->n && digit(x->s[i])) {
            group++;
            continue;
        }
        x->run_is_list = x->run_is_list || (first ? group > 3 : group != 3);
        if (i + 1 >= x->n || x->s[i] != ',' || !digit(x->s[i + 1])) break;
        group = 0;
        first = false;
    }
    if (first) x->run_is_list = false;
    x->run_end = i;
    return x->run_is_list;
}

/* The digits behind a comma at i, if there are any; returns their end. */
static size_t decimal_comma(const lexer *x, size_t i, char *t, size_t *k) {
    if (i + 1 >= x->n || x->s[i] != ',' || !digit(x->s[i + 1])) return i;
    t[(*k)++] = '.';
    for (i++; i < x->n && digit(x->s[i]); i++) t[(*k)++] = x->s[i];
    return i;
}

/* 1.234.567,89: two points at least, so that it can be nothing else. Copies the digits; returns the end, or
 * `from`. */
static size_t european(const lexer *x, size_t from, char *t, size_t *k) {
    size_t i = from, dots = 0, n = 0;
    while (i < x->n && digit(x->s[i]) && n < 3) t[n++] = x->s[i++];
    for (; i < x->n && x->s[i] == '.' && three_digits(x, i + 1); i += 4, n += 3, dots++)
        memcpy(t + n, x->s + i + 1, 3);
    bool goes_on = i < x->n && (digit(x->s[i]) || x->s[i] == '.');
    if (dots < 2 || x->s[from] == '0' || goes_on) return from;
    *k = n;
    return decimal_comma(x, i, t, k);
}

/* In brackets 830,450 are two parts, but 12,000 and 1,234.5 are one number. */
static bool commas_group(const lexer *x, size_t i) {
    if (x->brackets == 0) return true;
    bool zeros = false;
    while (i + 3 < x->n && x->s[i] == ',' && digit(x->s[i + 1]) && digit(x->s[i + 2]) && digit(x->s[i + 3])) {
        zeros = zeros || x->s[i + 1] == '0';
        i += 4;
    }
    return zeros || (i + 1 < x->n && x->s[i] == '.' && digit(x->s[i + 1]));
}

/* Digits with their thousands separators; returns the end, and how many commas there were. */
static size_t lex_whole(lexer *x, size_t from, char *t, size_t *k, uint32_t *commas) {
    size_t i = from;
    const char *s = x->s;
    while (i < x->n && digit(s[i])) t[(*k)++] = s[i++];
    bool grouped = i - from >= 1 && i - from <= 3 && s[from] != '0',
         comma = !is_comma_list(x, from) && commas_group(x, i);
    for (size_t sep; grouped && (sep = separator(x, i, comma, true)) != 0;) {
        *commas += s[i] == ',';
        i += sep;
        for (int d = 0; d < 3; d++) t[(*k)++] = s[i++];
    }
    return i;
}

static void lex_number(lexer *x) {
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
            else if (i > from && (i + 1 == x->n || !letter(s[i + 1]))) i++; /* "5." */
        }
    }
    int32_t e10 = lex_exponent(x, &i);
    x->i = i;
    x->digits += k;
    lex_tok *tok = push(x, TOK_NUM, from);
    tok->text = t;
    tok->len = (uint32_t)k;
    tok->rep = (uint16_t)rep; /* at most LEM_ANSWER_MAX_BYTES */
    tok->commas = (uint16_t)commas;
    tok->exp10 = e10;
}

/* Index behind the '}' that closes the group whose '{' is at i; n + 1 when it is not closed. */
static size_t group_end(const lexer *x, size_t i) {
    size_t depth = 0;
    for (; i < x->n; i++) {
        if (x->s[i] == '\\') i++;
        else if (x->s[i] == '{') depth++;
        else if (x->s[i] == '}' && --depth == 0) return i + 1;
    }
    return x->n + 1;
}

static bool blank_text(const char *s, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (s[i] != ' ' && s[i] != '~') return false;
    return true;
}

static bool is_op(const lex_tok *t, char op) { return t->kind == TOK_OP && t->op == op; }

/* Does the text so far end with a number, a power of one such as 10^{-19}, a fraction or degrees? */
static bool ends_with_number(const lexer *x) {
    const lex_tok *tok = x->out->tok;
    size_t k = x->out->n;
    if (k && (tok[k - 1].kind == TOK_NUM || is_op(&tok[k - 1], OP_DEGREE))) return true;
    if (k < 4 || !is_op(&tok[k - 1], '}')) return false;
    bool number = tok[k - 2].kind == TOK_NUM || is_op(&tok[k - 2], OP_DEGREE);
    for (k--; k > 0 && !is_op(&tok[k], '{');) k--;
    if (k < 2 || !number) return false;
    return (is_op(&tok[k - 1], '^') && (tok[k - 2].kind == TOK_NUM || is_op(&tok[k + 1], OP_DEGREE))) ||
           is_op(&tok[k - 1], '}');
}

/* A single upright letter behind a number is a unit (2600 \text{g}), unless it is a usual name of a constant
 * or variable. */
static bool is_unit_letter(const lexer *x, char c) {
    return strchr("gmshlLVWNJKCFTA", c) && ends_with_number(x);
}

/* \mu before upright letters, behind a number: a prefix of the unit that these are. The token of the prefix
 * becomes the unit. */
static bool join_micro(lexer *x, const char *c, size_t n) {
    if (x->out->n < 2 || n > 3) return false;
    lex_tok *t = &x->out->tok[x->out->n - 1];
    if (t->kind != TOK_SYM || !is(t->text, t->len, "mu")) return false;
    x->out->n--;
    bool behind = ends_with_number(x);
    x->out->n++;
    char *name = behind ? lem_work_alloc(x->w, n + 3, 1) : NULL;
    if (!name) return false;
    memcpy(name, "mu", 2);
    memcpy(name + 2, c, n);
    t->kind = TOK_TEXT;
    t->text = name;
    t->len = (uint32_t)n + 2;
    return true;
}

/* Content that is mathematics or a number in another type: \mathbf{3x}, \text{4:30 p.m.}; what begins with a
 * letter is a name or a unit. */
static bool is_transparent(const char *c, size_t n) {
    return n && (digit(*c) || (*c == '\\' && !(n > 1 && c[1] == ' ')) ||
                 ((*c == '-' || *c == '.' || *c == '(') && n > 1 && digit(c[1])));
}

/* The half of the day, whose last period is gone already. */
static const char *half_of_day(const char *c, size_t n) {
    if (is(c, n, "p.m") || is(c, n, "P.M") || is(c, n, "PM")) return "pm";
    return is(c, n, "a.m") || is(c, n, "A.M") || is(c, n, "AM") ? "am" : NULL;
}

static bool push_worded_op(lexer *x, size_t from, const char *c, size_t n) {
    if (is(c, n, "and") || is(c, n, ", and") || is(c, n, "且")) push_op(x, OP_AND, from);
    else if (is(c, n, "or") || is(c, n, ", or") || is(c, n, "或")) push_op(x, OP_OR, from);
    else if (is(c, n, "percent") || is(c, n, "percentage")) push_op(x, '%', from);
    else return false;
    return true;
}

/* "ft by" of "10 ft by 18 ft" */
static bool push_dimension(lexer *x, size_t from, const char *c, size_t n) {
    if (n <= 3 || !is(c + n - 3, 3, " by")) return false;
    push_named(x, TOK_TEXT, c, n - 3, from, true);
    push_named(x, TOK_WORD, "by", 2, from, true);
    return true;
}

/* \operatorname{Var}(X), \mathrm{Cov}[X, Y]: a function of which nothing is known. The name's end is x->i. */
static bool push_operator(lexer *x, size_t from, const char *c, size_t n) {
    size_t k = x->i;
    for (size_t j = 0; j < n; j++)
        if (!letter(c[j])) return false;
    if (at(x, k, "\\left")) k += 5;
    if (n < 2 || !(at(x, k, "(") || at(x, k, "[")) || ends_with_number(x) || lem_lex_is_function(c, n) ||
        lem_lex_is_unit_word(c, n))
        return false;
    push_named(x, TOK_SYM, c, n, from, false);
    x->out->tok[x->out->n - 1].op = OP_NAME;
    return true;
}

/* What stands in \text{…}: separators, single letters and functions are what they are, the rest is text. */
static void push_text(lexer *x, size_t from, const char *c, size_t n, bool words) {
    const char *half = half_of_day(c, n);
    if (half) c = half, n = 2;
    if (push_worded_op(x, from, c, n) || push_dimension(x, from, c, n) || join_micro(x, c, n)) return;
    if (!words && push_operator(x, from, c, n)) return;
    if (n == 1 && letter(*c) && !is_unit_letter(x, *c)) push_named(x, TOK_SYM, c, n, from, words);
    else if (lem_lex_is_function(c, n) && !is(c, n, "min") && !is(c, n, "sec") && !is(c, n, "deg"))
        push_named(x, TOK_FN, c, n, from, true);
    else push_named(x, TOK_TEXT, c, n, from, true);
}

/* Index behind the group that a command for text holds; 0 where there is none (\rm style, a bare letter) or
 * it is not closed. */
static size_t text_group(lexer *x) {
    while (x->i < x->n && x->s[x->i] == ' ') x->i++;
    if (x->i >= x->n || x->s[x->i] != '{') {
        if (x->i >= x->n) x->out->bad = true;
        return 0;
    }
    size_t end = group_end(x, x->i);
    if (end <= x->n) return end;
    x->out->bad = true;
    x->i = x->n;
    return 0;
}

static bool is_blank(char c) { return c == ' ' || c == '~'; }
static bool ends_text(char c) { return is_blank(c) || c == '.' || c == ','; }

/* \text{…}, \mathrm{…} and relatives: separators, single letters and functions become what they are; the rest
 * is text. */
static void lex_text(lexer *x, size_t from, bool words) {
    size_t end = text_group(x);
    if (!end) return;
    const char *c = x->s + x->i + 1;
    size_t n = end - x->i - 2;
    while (n && is_blank(*c)) c++, n--;
    if (is_transparent(c, n)) return;
    x->i = end;
    if (n >= 3 && *c == '(' && c[n - 1] == ')') c++, n -= 2;
    while (n && ends_text(c[n - 1])) n--;
    if (!blank_text(c, n)) {
        push_text(x, from, c, n, words);
        return;
    }
    x->space = true;
    if (end - from >= 3 && x->s[end - 2] == ',') push_op(x, ',', from); /* \text{, } */
}

/* Where the letter of \mathbb{R}, \mathbb R stands, and what is behind it; x->n where there is none. */
static size_t blackboard_letter(const lexer *x, size_t i, size_t *end) {
    while (i < x->n && x->s[i] == ' ') i++;
    bool brace = i < x->n && x->s[i] == '{';
    i += brace;
    while (brace && i < x->n && x->s[i] == ' ') i++;
    if (i >= x->n) return x->n;
    size_t k = i + 1;
    while (brace && k < x->n && x->s[k] == ' ') k++;
    *end = k + brace;
    return brace && !at(x, k, "}") ? x->n : i;
}

/* \mathbb{R}, \mathbb R, \Bbb{Z} */
static void lex_blackboard(lexer *x, size_t from) {
    static const char *const sets[] = {"Rreals", "Zintegers", "Nnaturals", "Qrationals", "Ccomplexes"};
    size_t end = 0, k = blackboard_letter(x, x->i, &end);
    while (x->i < x->n && x->s[x->i] == ' ') x->i++;
    if (k == x->n || !letter(x->s[k])) {
        x->out->bad = true;
        return;
    }
    x->i = end;
    for (size_t m = 0; m < sizeof sets / sizeof *sets; m++)
        if (sets[m][0] == x->s[k]) {
            push_named(x, TOK_SYM, sets[m] + 1, strlen(sets[m] + 1), from, true);
            return;
        }
    push_named(x, TOK_SYM, x->s + k, 1, from, true);
}

/* Commands for words: what they hold may be in any case. */
static bool starts_words(const char *name, size_t n) {
    return (n >= 4 && memcmp(name, "text", 4) == 0) || (n == 4 && memcmp(name + 1, "box", 3) == 0);
}

/* \begin{…}, \end{…} */
static bool lex_environment(lexer *x, size_t from, const char *name, size_t n) {
    if ((!is(name, n, "begin") && !is(name, n, "end")) || x->i >= x->n || x->s[x->i] != '{' ||
        group_end(x, x->i) > x->n)
        return false;
    size_t end = group_end(x, x->i);
    push_named(x, TOK_OP, x->s + x->i + 1, end - x->i - 2, from, true);
    x->out->tok[x->out->n - 1].op = name[0] == 'b' ? OP_BEGIN : OP_FINISH;
    x->environments += name[0] == 'b' ? 1 : -1;
    x->i = end;
    return true;
}

/* \AA, \mathring{A}, \r{A} behind a number: a unit of length. */
static bool lex_angstrom(lexer *x, size_t from, const char *name, size_t n) {
    bool ring = is(name, n, "mathring") || is(name, n, "r");
    if ((!ring && !is(name, n, "AA")) || (ring && !at(x, x->i, "{A}")) || !ends_with_number(x)) return false;
    x->i += ring ? 3 : 0;
    push_named(x, TOK_TEXT, "angstrom", 8, from, true);
    return true;
}

/* \mathbf{a}: the letter of a vector. */
static void mark_bold(lexer *x, size_t from, const char *name, size_t n) {
    lex_tok *t = x->out->n ? &x->out->tok[x->out->n - 1] : NULL;
    bool bold = is(name, n, "mathbf") || is(name, n, "boldsymbol") || is(name, n, "bm");
    if (bold && t && t->kind == TOK_SYM && t->at == from && t->len == 1) t->op = OP_ARROW;
}

/* "\\sinx", "\\pir": a function or pi that ran into the letter behind it. */
static lex_command without_letter(lexer *x, lex_command none, const char *name, size_t *n) {
    if (none.kind != LEX_UNKNOWN || *n < 3) return none;
    lex_command c = lem_lex_command(name, *n - 1);
    bool function = c.kind == LEX_FUNCTION && lem_lex_is_function(name, *n - 1),
         pi = *n == 3 && is(name, 2, "pi");
    if (!function && !pi) return none;
    (*n)--;
    x->i--;
    return c;
}

/* "\quadx", "\lvertx": a command run into the letters behind it. */
static lex_command run_into_letters(lexer *x, lex_command none, const char *name, size_t n) {
    for (size_t m = n; none.kind == LEX_UNKNOWN && m > 4;) {
        lex_command shorter = lem_lex_command(name, --m);
        bool bar = shorter.kind == LEX_OP && (shorter.op == OP_BAR_OPEN || shorter.op == '|');
        if (shorter.kind != LEX_SPACE && !bar) continue;
        x->i -= n - m;
        return shorter;
    }
    return none;
}

static void push_command_op(lexer *x, lex_command c, const char *name, size_t n, size_t from) {
    if (c.name) {
        push_money(x, c.name, from);
        return;
    }
    push_op(x, c.op, from);
    x->out->tok[x->out->n - 1].text = name; /* \times is more than \cdot */
    x->out->tok[x->out->n - 1].len = (uint32_t)n;
}

/* A command of letters; x->i is behind it. */
static void lex_named_command(lexer *x, size_t from, const char *name, size_t n) {
    if (lex_environment(x, from, name, n) || lex_angstrom(x, from, name, n)) return;
    lex_command c = run_into_letters(x, lem_lex_command(name, n), name, n);
    c = without_letter(x, c, name, &n);
    const char *shown = c.name ? c.name : name;
    size_t len = c.name ? strlen(c.name) : n;
    switch (c.kind) {
    case LEX_SKIP:
        if ((is(name, n, "left") || is(name, n, "right")) && at(x, x->i, ".")) x->i++;
        break;
    case LEX_SPACE:
        x->space = true;
        x->gap |= name[0] == 'q';
        break;
    case LEX_TEXT:
        lex_text(x, from, starts_words(name, n));
        mark_bold(x, from, name, n);
        break;
    case LEX_OP: push_command_op(x, c, name, n, from); break;
    case LEX_SYMBOL: push_named(x, TOK_SYM, shown, len, from, true); break;
    case LEX_FUNCTION:
        if (is(name, n, "mathbb") || is(name, n, "Bbb")) lex_blackboard(x, from);
        else push_named(x, TOK_FN, shown, len, from, true);
        break;
    case LEX_UNKNOWN: push_named(x, TOK_WORD, name, n, from, true); x->out->bad = true;
    }
}

/* "\\frac" outside a matrix: text that was escaped once too often. */
static bool is_double_escape(const lexer *x, size_t i) {
    size_t k = i;
    while (k < x->n && letter(x->s[k])) k++;
    if (x->environments > 0 || k - i < 2) return false;
    return is(x->s + i, k - i, "begin") || lem_lex_command(x->s + i, k - i).kind != LEX_UNKNOWN;
}

static void lex_escape(lexer *x) {
    size_t from = x->i++;
    if (x->i >= x->n) return; /* a lone trailing backslash */
    if (x->s[x->i] == '\\' && is_double_escape(x, x->i + 1)) x->i++;
    char c = x->s[x->i];
    if (x->environments > 0 &&
        (digit(c) || c == '-')) { /* 4\-3 in a matrix: a row end that lost one of its backslashes */
        push_op(x, OP_ROW, from);
        return;
    }
    if (letter(c)) {
        size_t k = x->i;
        while (k < x->n && letter(x->s[k])) k++;
        const char *name = x->s + x->i;
        size_t n = k - x->i;
        x->i = k;
        lex_named_command(x, from, name, n);
        return;
    }
    x->i++;
    switch (c) {
    case '{': push_op(x, OP_SET_OPEN, from); break;
    case '}': push_op(x, OP_SET_CLOSE, from); break;
    case '%': push_op(x, '%', from); break;
    case '$': push_money(x, "USD", from); break;
    case '\\':
        push_op(x, OP_ROW, from);
        x->out->gaps = true;
        break;
    case '|': push_op(x, '|', from); break;
    case '_':
    case '&':
    case '#': break;
    case '!': break;
    default: x->space = true; break; /* \, \; \: \space \( \) \[ \] */
    }
}

/* A run of superscript characters is one exponent. */
static void lex_superscript(lexer *x, size_t from, char first) {
    char *t = x->digits;
    size_t k = 0;
    bool minus = first == '-', letters = false;
    if (!minus) t[k++] = first;
    letters = first == 'n';
    for (;;) {
        uint32_t cp;
        int step = x->i < x->n ? lem_utf8_decode(x->s + x->i, x->n - x->i, &cp) : 0;
        lex_char c = step > 0 ? lem_lex_char(cp) : (lex_char){LEX_CHAR_OTHER, 0, NULL};
        if (c.kind != LEX_CHAR_SUPER || letters || !digit(c.op)) break;
        t[k++] = c.op;
        x->i += (size_t)step;
    }
    if (k == 0) {
        x->out->bad = true;
        return;
    }
    x->digits += k;
    push_op(x, '^', from);
    if (minus) push_op(x, '{', from), push_op(x, '-', from);
    push_named(x, letters ? TOK_SYM : TOK_NUM, t, k, from, false);
    if (minus) push_op(x, '}', from);
}

static bool is_wide_digit(uint32_t cp) { return cp >= 0xff10 && cp <= 0xff19; }

/* A full-width digit, joined to the digits before it. */
static void lex_wide_digit(lexer *x, uint32_t cp, size_t from) {
    *x->digits = (char)('0' + (cp - 0xff10));
    push_named(x, TOK_NUM, x->digits++, 1, from, false);
    lex_tok *t = x->out->tok + x->out->n - 1;
    if (x->out->n > 1 && t[-1].kind == TOK_NUM && !t->space && t[-1].text + t[-1].len == t->text)
        t[-1].len++, x->out->n--;
}

/* Other scripts: the whole run is one word. */
static void lex_other_script(lexer *x, size_t from) {
    while (x->i < x->n && (x->s[x->i] & 0x80)) {
        uint32_t cp;
        int k = lem_utf8_decode(x->s + x->i, x->n - x->i, &cp);
        if (k <= 0 || lem_lex_char(cp).kind != LEX_CHAR_OTHER || is_wide_digit(cp)) break;
        x->i += (size_t)k;
    }
    push_named(x, TOK_WORD, x->s + from, x->i - from, from, false);
}

static void lex_unicode(lexer *x) {
    uint32_t cp;
    size_t from = x->i;
    int k = lem_utf8_decode(x->s + x->i, x->n - x->i, &cp);
    if (k <= 0) {
        x->out->bad = true;
        x->i++;
        return;
    }
    x->i += (size_t)k;
    if (is_wide_digit(cp)) {
        lex_wide_digit(x, cp, from);
        return;
    }
    lex_char c = lem_lex_char(cp);
    switch (c.kind) {
    case LEX_CHAR_OP:
        if (c.name) push_money(x, c.name, from);
        else push_op(x, c.op, from);
        return;
    case LEX_CHAR_SYMBOL: push_named(x, TOK_SYM, c.name, strlen(c.name), from, false); return;
    case LEX_CHAR_FUNCTION: push_named(x, TOK_FN, c.name, strlen(c.name), from, false); return;
    case LEX_CHAR_SPACE: x->space = true; return;
    case LEX_CHAR_SUPER: lex_superscript(x, from, c.op); return;
    case LEX_CHAR_SUB:
        *x->digits = c.op;
        push_op(x, '_', from);
        push_named(x, TOK_NUM, x->digits++, 1, from, false);
        return;
    case LEX_CHAR_FRACTION:
        push_named(x, TOK_FN, "frac", 4, from, true);
        push_named(x, TOK_NUM, c.name, 1, from, false);
        push_named(x, TOK_NUM, c.name + 1, 1, from, false);
        return;
    case LEX_CHAR_OTHER: lex_other_script(x, from);
    }
}

/* "p.m.", "a.m.", "pm" behind a number: the half of the day. */
static bool lex_half_day(lexer *x) {
    static const char *const forms[] = {"p.m.", "p.m", "pm",   "P.M.", "PM", "a.m.",
                                        "a.m",  "am",  "A.M.", "AM",   NULL};
    size_t from = x->i;
    if (!x->out->n || x->out->tok[x->out->n - 1].kind != TOK_NUM) return false;
    for (int f = 0; forms[f]; f++) {
        size_t n = strlen(forms[f]);
        if (!at(x, from, forms[f]) || (from + n < x->n && letter(x->s[from + n]))) continue;
        x->i += n;
        push_named(x, TOK_WORD, f < 5 ? "pm" : "am", 2, from, false);
        return true;
    }
    return false;
}

static bool is_month(const char *s, size_t n) {
    static const char *const months[] = {"January",  "February", "March",  "April",     "May",
                                         "June",     "July",     "August", "September", "October",
                                         "November", "December", "Sept"};
    for (size_t m = 0; m < sizeof months / sizeof *months; m++)
        if (is(s, n, months[m]) || (n == 3 && memcmp(s, months[m], 3) == 0)) return true;
    return false;
}

/* "lnx" is ln x. */
static bool lex_glued_function(lexer *x) {
    size_t from = x->i, k = from;
    while (k < x->n && letter(x->s[k])) k++;
    size_t n = lem_lex_glued_function(x->s + from, k - from);
    if (!n || lem_lex_is_function(x->s + from, k - from)) return false;
    push_named(x, TOK_FN, x->s + from, n, from, false);
    push_named(x, TOK_SYM, x->s + from + n, 1, from + n, false);
    x->i = k;
    return true;
}

static bool lex_special_word(lexer *x) { return lex_half_day(x) || lex_glued_function(x); }

/* Words that are an operator (op) or a symbol. */
typedef struct known_word {
    const char *word;
    char op;
    const char *symbol;
} known_word;

static bool push_known(lexer *x, const known_word *list, const char *s, size_t n, size_t from) {
    while (list->word && !is(s, n, list->word)) list++;
    if (!list->word) return false;
    if (list->symbol) push_named(x, TOK_SYM, list->symbol, strlen(list->symbol), from, false);
    else push_op(x, list->op, from);
    return true;
}

/* "1orW(x)=2" */
static bool is_glued_or(const char *s, size_t n, char before) {
    bool behind = digit(before) || before == ')';
    return n > 2 && behind && s[0] == 'o' && s[1] == 'r' && s[2] >= 'A' && s[2] <= 'Z';
}

/* A word that is known to be none of the language's: a unit, a function, a product of letters, or any. */
static void push_other_word(lexer *x, const char *s, size_t n, size_t from) {
    char before = from ? x->s[from - 1] : 0;
    bool loose = before == ' ' || digit(before) || before == '/';
    if (!x->d->no_units && from && loose && lem_lex_is_unit_word(s, n))
        push_named(x, TOK_WORD, s, n, from, false);
    else if (lem_lex_is_function(s, n)) push_named(x, TOK_FN, s, n, from, false);
    else if (n <= 3 && !x->out->wordy) /* "2xy" is a product */
        for (size_t j = 0; j < n; j++) push_named(x, TOK_SYM, s + j, 1, from + j, false);
    else push_named(x, TOK_WORD, s, n, from, false);
}

static void lex_word(lexer *x) {
    static const known_word first[] = {
        {"and", OP_AND, NULL}, {"or", OP_OR, NULL},          {"pi", 0, "pi"},
        {"inf", 0, "infty"},   {"infinity", 0, "infty"},     {"infty", 0, "infty"},
        {"oo", 0, "infty"},    {"percent", '%', NULL},       {"percentage", '%', NULL},
        {"pct", '%', NULL},    {"degrees", OP_DEGREE, NULL}, {"degree", OP_DEGREE, NULL},
        {NULL, 0, NULL}};
    static const known_word later[] = {
        {"mod", OP_MOD, NULL}, {"union", OP_UNION, NULL}, {"cup", OP_UNION, NULL}, {NULL, 0, NULL}};
    if (lex_special_word(x)) return;
    size_t from = x->i, k = from;
    while (k < x->n && letter(x->s[k])) k++;
    const char *s = x->s + from;
    size_t n = k - from;
    x->i = k;
    char before = from ? x->s[from - 1] : ' ', after = k < x->n ? x->s[k] : ' ';
    bool apart = strchr(" $\n\t,.;:", before) && strchr(" $\n\t,.;:", after);
    if (is_glued_or(s, n, before)) {
        x->i = from + 2;
        push_op(x, OP_OR, from);
    } else if (is_month(s, n)) push_named(x, TOK_WORD, s, n, from, false); /* a date */
    else if (n == 1) push_named(x, TOK_SYM, s, 1, from, false);
    else if (push_known(x, first, s, n, from)) return;
    else if (apart && lem_lex_is_filler(s, n)) push_named(x, TOK_WORD, s, n, from, false);
    else if (lem_lex_is_greek(s, n)) push_named(x, TOK_SYM, s, n, from, false);
    else if (!push_known(x, later, s, n, from)) push_other_word(x, s, n, from);
}

/* Three points behind a decimal, a comma or a plus sign: so it goes on. */
static bool goes_on(const lexer *x) {
    const lex_tok *t = x->out->n ? &x->out->tok[x->out->n - 1] : NULL;
    if (!t) return false;
    if (t->kind == TOK_NUM) return !x->space && memchr(t->text, '.', t->len);
    return is_op(t, ',') || is_op(t, '+');
}

/* Marks of a sentence say nothing, but for three points. */
static void lex_mark(lexer *x) {
    size_t from = x->i;
    if (!at(x, from, "...") || !goes_on(x)) {
        x->i++;
        return;
    }
    x->i += 3;
    push_named(x, TOK_SYM, "dots", 4, from, false);
}

/* Signs of several characters. */
static bool lex_signs(lexer *x, size_t from) {
    static const known_word signs[] = {{"<=", OP_LE, NULL}, {">=", OP_GE, NULL}, {"!=", OP_NE, NULL},
                                       {"==", '=', NULL},   {":=", '=', NULL},   {"+/-", OP_PM, NULL},
                                       {NULL, 0, NULL}};
    const known_word *k = signs;
    while (k->word && !at(x, from, k->word)) k++;
    if (k->word) {
        x->i += strlen(k->word);
        push_op(x, k->op, from);
        return true;
    }
    if (!at(x, from, "**")) return false;
    x->i += 2;
    if (from > 0 && x->i < x->n) push_op(x, '^', from); /* else Markdown */
    return true;
}

static void lex_dollar(lexer *x, size_t from) {
    x->i++;
    bool amount = x->i < x->n && (digit(x->s[x->i]) || x->s[x->i] == '.');
    if (x->dollars_are_money && amount) push_money(x, "USD", from);
    else x->space = true;
}

static void lex_ascii(lexer *x) {
    size_t from = x->i;
    char c = x->s[x->i];
    if (c && strchr("<>!=:+*", c) && lex_signs(x, from)) return;
    if (c == '$') lex_dollar(x, from);
    else if (strchr("+-*/^_()[]{},;=<>|!%:'&", c)) x->i++, push_op(x, c, from);
    else if (c == '~') x->i++, x->space = true, x->gap |= at(x, x->i, "~");
    else if (strchr("?`\".", c)) lex_mark(x);
    else {
        x->i++;
        x->out->bad = true;
    }
}

/* The length of a character that is no ASCII, where it may stand in language; else 0. A letter of a script is
 * as good as a word. */
static size_t language_char(const char *s, size_t n, size_t *run) {
    uint32_t cp;
    int k = lem_utf8_decode(s, n, &cp);
    if (k <= 0 || is_wide_digit(cp)) return 0;
    lex_char_kind kind = lem_lex_char(cp).kind;
    if (kind == LEX_CHAR_OTHER) *run += 3;
    return kind == LEX_CHAR_OTHER || kind == LEX_CHAR_SPACE || cp == 0x2019 || cp == 0xff0c ? (size_t)k : 0;
}

static bool is_no(const char *s) { return (s[0] | 32) == 'n' && (s[1] | 32) == 'o'; }
static bool is_sentence_mark(char c) { return c && strchr(" .,!?'\"-;:()\n$", c); }

/* Letters, spaces and sentence punctuation only, with a word of three letters or more, or "no": plain
 * language. Two letters are a product, and a mathematical character makes it mathematics. */
static bool only_words(const char *s, size_t n) {
    size_t run = 0, longest = 0;
    for (size_t i = 0; i <= n; i++) {
        if (i < n && letter(s[i])) {
            run++;
            continue;
        }
        if (i < n && (s[i] & 0x80)) {
            size_t k = language_char(s + i, n - i, &run);
            if (!k) return false;
            i += k - 1;
            continue;
        }
        if (run == 2 && is_no(s + i - 2)) run = 3;
        if (run > longest) longest = run;
        run = 0;
        if (i < n && !is_sentence_mark(s[i])) return false;
    }
    return longest >= 3;
}

static bool is_language(const char *s, size_t n) {
    return only_words(s, n) && !lem_lex_is_plain_formula(s, n);
}

/* The ASCII character of a full-width one (U+FF0A to U+FF5E, but '，' and '？', and '．' behind a digit
 * only); else 0. */
static char half_width(uint32_t cp, char before) {
    if (cp == 0xff0e) return digit(before) ? '.' : 0;
    bool wide = cp >= 0xff0a && cp <= 0xff5e && cp != 0xff1f && cp != 0xff0c;
    return wide ? (char)(cp - 0xff00 + 0x20) : 0;
}

/* The text with its full-width characters narrowed; the text itself where there are none, NULL at a limit. */
const char *lem_lex_narrowed(lem_work *w, const char *text, size_t *len) {
    char *t = *len && memchr(text, 0xef, *len) ? lem_work_alloc(w, *len + 1, 1) : NULL;
    if (!t) return w->limit ? NULL : text;
    size_t k = 0;
    for (size_t i = 0; i < *len;) {
        uint32_t cp = 0;
        int step = (text[i] & 0xff) == 0xef ? lem_utf8_decode(text + i, *len - i, &cp) : 0;
        char before = k ? t[k - 1] : ' ', c = half_width(cp, before);
        t[k++] = c ? c : text[i];
        i += c ? (size_t)step : 1;
    }
    *len = k;
    return t;
}

static size_t count_dollars(const char *text, size_t len) {
    size_t n = 0;
    for (size_t i = 0; i < len; i++) n += text[i] == '$' && (i == 0 || text[i - 1] != '\\');
    return n;
}

static void lex_next(lexer *x) {
    char c = x->s[x->i];
    if (lem_is_space(c)) x->space = true, x->gap |= c == '\n', x->i++;
    else if (digit(c) || (c == '.' && x->i + 1 < x->n && digit(x->s[x->i + 1]))) lex_number(x);
    else if (c == '\\') lex_escape(x);
    else if (letter(c)) lex_word(x);
    else if (c & 0x80) lex_unicode(x);
    else lex_ascii(x);
}

bool lem_lex(lem_work *w, const lem_answer_dialect *d, const char *text, size_t len, lex_toks *out) {
    memset(out, 0, sizeof *out);
    out->tok = lem_work_alloc(w, 2 * len + 2, sizeof *out->tok);
    char *digits = lem_work_alloc(w, 2 * len + 2, 1);
    if (!out->tok || !digits || !lem_work_spend(w, (int64_t)len)) return false;
    out->wordy = is_language(text, len);
    lexer x = {.w = w, .d = d, .s = text, .n = len, .out = out, .digits = digits};
    x.dollars_are_money = count_dollars(text, len) % 2 != 0;
    while (x.i < x.n && !w->limit) lex_next(&x);
    out->tok[out->n].kind = TOK_END;
    out->tok[out->n].at = (uint32_t)len;
    return lem_lex_part_statements(w, out) && !w->limit;
}
