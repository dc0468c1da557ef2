/* filter_arithmetic_lex.c - text to numbers, operators and what stands between them */
#include "core/utf8.h"
#include "curate/filter_arithmetic_priv.h"

#include <string.h>

enum { MAX_MARK = 200 };

typedef struct at {
    const char *s;
    size_t n, i;
} at;

static char peek(const at *a, size_t k) { return a->i + k < a->n ? a->s[a->i + k] : '\0'; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static bool begins(const at *a, const char *word) {
    size_t n = strlen(word);
    return a->n - a->i >= n && memcmp(a->s + a->i, word, n) == 0;
}

size_t lem_arith_mark(const char *text, size_t len, size_t pos) {
    if (len - pos < 4 || text[pos] != '<' || text[pos + 1] != '<') return 0;
    size_t most = len - pos < MAX_MARK ? len - pos : MAX_MARK;
    for (size_t k = 2; k + 1 < most; k++) {
        if (text[pos + k] == '\n' || text[pos + k] == '<') return 0;
        if (text[pos + k] == '>' && text[pos + k + 1] == '>') return k + 2;
    }
    return 0;
}

/* ---- numbers ---- */

static bool three_digits(const at *a, size_t k) {
    return is_digit(peek(a, k)) && is_digit(peek(a, k + 1)) && is_digit(peek(a, k + 2)) &&
           !is_digit(peek(a, k + 3));
}

/* Bytes of a separator of thousands at offset k: "," "{,}" ",\!"; 0 = none. */
static size_t separator(const at *a, size_t k) {
    static const char *const forms[] = {",\\!", "{,}", ","};
    at b = {a->s, a->n, a->i + k};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (begins(&b, forms[i]) && three_digits(&b, strlen(forms[i]))) return strlen(forms[i]);
    return 0;
}

static size_t number_length(const at *a) {
    size_t k = 0, sep;
    while (is_digit(peek(a, k))) k++;
    if (k >= 1 && k <= 3)
        while ((sep = separator(a, k)) > 0) k += sep + 3;
    if (peek(a, k) == '.' && is_digit(peek(a, k + 1)))
        for (k++; is_digit(peek(a, k));) k++;
    return k;
}

/* ---- LaTeX ---- */

static const struct command {
    const char *name;
    uint8_t kind;
    char op;
} commands[] = {
    {"times", ARITH_OP, '*'},        {"cdot", ARITH_OP, '*'},
    {"ast", ARITH_OP, '*'},          {"div", ARITH_OP, '/'},
    {"frac", ARITH_FUNC, 0},         {"dfrac", ARITH_FUNC, 0},
    {"tfrac", ARITH_FUNC, 0},        {"cfrac", ARITH_FUNC, 0},
    {"sqrt", ARITH_FUNC, 0},         {"binom", ARITH_FUNC, 0},
    {"dbinom", ARITH_FUNC, 0},       {"tbinom", ARITH_FUNC, 0},
    {"left", ARITH_SKIP, 0},         {"right", ARITH_SKIP, 0},
    {"big", ARITH_SKIP, 0},          {"Big", ARITH_SKIP, 0},
    {"bigl", ARITH_SKIP, 0},         {"bigr", ARITH_SKIP, 0},
    {"displaystyle", ARITH_SKIP, 0}, {"boxed", ARITH_SKIP, 0},
    {"mathbf", ARITH_SKIP, 0},       {"circ", ARITH_SKIP, 0},
    {"text", ARITH_TEXT, 0},         {"textbf", ARITH_TEXT, 0},
    {"mathrm", ARITH_TEXT, 0},       {"mbox", ARITH_TEXT, 0},
    {"mathit", ARITH_TEXT, 0},       {"operatorname", ARITH_OTHER, 0},
    {"quad", ARITH_SKIP, 0},         {"qquad", ARITH_SKIP, 0},
    {"implies", ARITH_EDGE, 0},      {"Rightarrow", ARITH_EDGE, 0},
    {"rightarrow", ARITH_EDGE, 0},   {"Longrightarrow", ARITH_EDGE, 0},
    {"to", ARITH_EDGE, 0},           {"le", ARITH_EDGE, 0},
    {"ge", ARITH_EDGE, 0},           {"leq", ARITH_EDGE, 0},
    {"geq", ARITH_EDGE, 0},          {"lt", ARITH_EDGE, 0},
    {"gt", ARITH_EDGE, 0},           {"approx", ARITH_EDGE, 0},
    {"begin", ARITH_EDGE, 0},        {"end", ARITH_EDGE, 0},
    {"newline", ARITH_BREAK, 0},
};

/* The bytes of "{…}" without braces inside, at offset k; 0 = none. */
static size_t group_length(const at *a, size_t k) {
    if (peek(a, k) != '{') return 0;
    size_t m = k + 1;
    while (a->i + m < a->n && peek(a, m) != '}' && peek(a, m) != '{' && peek(a, m) != '\n') m++;
    return peek(a, m) == '}' ? m + 1 - k : 0;
}

static size_t latex_name(const at *a, arith_token *t) {
    size_t k = 1;
    while (is_letter(peek(a, k))) k++;
    t->kind = ARITH_OTHER;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strlen(commands[i].name) != k - 1 || memcmp(commands[i].name, a->s + a->i + 1, k - 1) != 0)
            continue;
        t->kind = commands[i].kind;
        t->op = commands[i].op;
    }
    bool takes = t->kind == ARITH_TEXT || t->kind == ARITH_EDGE;
    return takes ? k + group_length(a, k) : k;
}

static size_t latex(const at *a, arith_token *t) {
    static const struct {
        char c;
        uint8_t kind;
        char op;
    } signs[] = {{'\\', ARITH_BREAK, 0}, {'(', ARITH_EDGE, 0}, {')', ARITH_EDGE, 0},
                 {'[', ARITH_EDGE, 0},   {']', ARITH_EDGE, 0}, {'%', ARITH_PERCENT, 0},
                 {'$', ARITH_MONEY, 0},  {'!', ARITH_SKIP, 0}, {',', ARITH_SKIP, 0},
                 {';', ARITH_SKIP, 0},   {':', ARITH_SKIP, 0}, {' ', ARITH_SKIP, 0}};
    if (is_letter(peek(a, 1))) return latex_name(a, t);
    t->kind = ARITH_OTHER;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (peek(a, 1) == signs[i].c) t->kind = signs[i].kind;
    return a->i + 1 < a->n ? 2 : 1;
}

/* ---- ASCII ---- */

/* What comes next that is no space. */
static char behind(const at *a, size_t k) {
    while (peek(a, k) == ' ' || peek(a, k) == '\t') k++;
    return peek(a, k);
}

static bool ends_value(const arith_token *last) {
    return last && (last->kind == ARITH_NUM || last->kind == ARITH_CLOSE || last->kind == ARITH_PERCENT ||
                    last->kind == ARITH_FACTORIAL);
}

/* "3 x 4": the letter as a sign. */
static bool is_times(const at *a, const arith_token *last, size_t letters) {
    char c = peek(a, 0), next = behind(a, 1);
    return letters == 1 && (c == 'x' || c == 'X') && ends_value(last) &&
           (is_digit(next) || next == '(' || next == '$' || next == '.');
}

static size_t word(const at *a, const arith_token *last, arith_token *t) {
    size_t k = 0;
    uint32_t cp;
    while (a->i + k < a->n) {
        bool apostrophe = peek(a, k) == '\'' && k > 0;
        if (is_letter(peek(a, k)) || apostrophe) {
            k++;
            continue;
        }
        int m = (unsigned char)peek(a, k) < 0x80 ? 0 : lem_utf8_decode(a->s + a->i + k, a->n - a->i - k, &cp);
        if (m < 2 || cp < 0xC0 || cp == 0xD7 || cp == 0xF7 || (cp >= 0x2000 && cp < 0x2C00)) break;
        k += (size_t)m;
    }
    t->kind = ARITH_WORD;
    if (is_times(a, last, k)) {
        t->kind = ARITH_OP;
        t->op = '*';
    }
    return k;
}

static size_t equals(const at *a, const arith_token *last, arith_token *t) {
    bool compound = last && last->kind == ARITH_OP && !t->space; /* += */
    t->kind = ARITH_EQUAL;
    if (peek(a, 1) == '=') t->kind = ARITH_OTHER;
    else if (peek(a, 1) == '>') t->kind = ARITH_EDGE;
    else if (compound) t->kind = ARITH_OTHER;
    return t->kind == ARITH_EQUAL || compound ? 1 : 2;
}

static size_t star(const at *a, const arith_token *last, arith_token *t) {
    t->kind = ARITH_OP;
    t->op = '*';
    if (peek(a, 1) != '*') return 1;
    bool power = ends_value(last) && !t->space && (is_digit(peek(a, 2)) || peek(a, 2) == '(');
    if (power) t->op = '^';
    else t->kind = ARITH_SKIP;
    return 2;
}

static size_t bang(const at *a, const arith_token *last, arith_token *t) {
    char next = behind(a, 1);
    bool computes = next && strchr("=+-*/()^}$\\", next), value = ends_value(last) && !t->space;
    t->kind = ARITH_EDGE;
    if (computes && value) t->kind = ARITH_FACTORIAL;
    return peek(a, 1) == '=' && !value ? 2 : 1; /* != */
}

static size_t dollar(const at *a, arith_token *t) {
    t->kind = ARITH_EDGE;
    if (is_digit(peek(a, 1)) || (peek(a, 1) == '.' && is_digit(peek(a, 2)))) t->kind = ARITH_MONEY;
    return peek(a, 1) == '$' ? 2 : 1;
}

static size_t degree_sign(const at *a) {
    static const char *const forms[] = {"^\\circ", "^{\\circ}", "^ \\circ", "^{ \\circ }"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (begins(a, forms[i])) return strlen(forms[i]);
    return 0;
}

static size_t colon_or_dot(const at *a, const arith_token *last, arith_token *t) {
    size_t dots = 1;
    while (peek(a, dots) == '.') dots++;
    bool ratio =
        peek(a, 0) == ':' && ((last && last->kind == ARITH_NUM && !t->space) || is_digit(peek(a, 1)));
    t->kind = ARITH_EDGE;
    if (ratio || peek(a, 1) == '=' || (peek(a, 0) == '.' && (dots > 1 || peek(a, 1) == '\\')))
        t->kind = ARITH_OTHER;
    return peek(a, 0) == '.' ? dots : 1;
}

static size_t plain_sign(const at *a, arith_token *t) {
    static const char signs[] = "+-/^(){}[]%&\n\r,;?|<>#\"`~";
    static const uint8_t kinds[] = {
        ARITH_OP,   ARITH_OP,   ARITH_OP,      ARITH_OP,   ARITH_OPEN,  ARITH_CLOSE, ARITH_OPEN, ARITH_CLOSE,
        ARITH_EDGE, ARITH_EDGE, ARITH_PERCENT, ARITH_SKIP, ARITH_BREAK, ARITH_BREAK, ARITH_EDGE, ARITH_EDGE,
        ARITH_EDGE, ARITH_EDGE, ARITH_EDGE,    ARITH_EDGE, ARITH_EDGE,  ARITH_EDGE,  ARITH_EDGE, ARITH_SKIP};
    char c = peek(a, 0);
    const char *p = c ? strchr(signs, c) : NULL;
    t->kind = ARITH_OTHER;
    if (!p) return 1;
    t->kind = kinds[p - signs];
    t->op = c;
    if ((c == '<' || c == '>') && peek(a, 1) == '=') return 2;
    return c == '-' && peek(a, 1) == '>' ? (t->kind = ARITH_EDGE, 2) : 1;
}

static size_t ascii(const at *a, const arith_token *last, arith_token *t) {
    size_t k;
    switch (peek(a, 0)) {
    case '\\': return latex(a, t);
    case '=': return equals(a, last, t);
    case '*': return star(a, last, t);
    case '!': return bang(a, last, t);
    case '$': return dollar(a, t);
    case ':':
    case '.': return colon_or_dot(a, last, t);
    case '<':
        k = lem_arith_mark(a->s, a->n, a->i);
        if (k) t->kind = ARITH_SKIP;
        return k ? k : plain_sign(a, t);
    case '^':
        k = degree_sign(a);
        if (k) t->kind = ARITH_SKIP;
        return k ? k : plain_sign(a, t);
    default: return plain_sign(a, t);
    }
}

/* ---- beyond ASCII ---- */

static size_t sign_beyond(const at *a, arith_token *t) {
    static const struct {
        uint32_t cp;
        uint8_t kind;
        char op;
    } signs[] = {
        {0xD7, ARITH_OP, '*'},   {0xF7, ARITH_OP, '/'},   {0xB7, ARITH_OP, '*'},    {0x2212, ARITH_OP, '-'},
        {0x2013, ARITH_OP, '-'}, {0x2217, ARITH_OP, '*'}, {0x22C5, ARITH_OP, '*'},  {0x2044, ARITH_OP, '/'},
        {0x2215, ARITH_OP, '/'}, {0xB0, ARITH_SKIP, 0},   {0x20AC, ARITH_MONEY, 0}, {0xA3, ARITH_MONEY, 0},
        {0xA5, ARITH_MONEY, 0},  {0x2192, ARITH_EDGE, 0}, {0x21D2, ARITH_EDGE, 0},  {0x2248, ARITH_EDGE, 0},
        {0x2264, ARITH_EDGE, 0}, {0x2265, ARITH_EDGE, 0}, {0x3002, ARITH_EDGE, 0},  {0xFF0C, ARITH_EDGE, 0},
        {0xFF1A, ARITH_EDGE, 0}, {0x201C, ARITH_EDGE, 0}, {0x201D, ARITH_EDGE, 0},  {0x2014, ARITH_EDGE, 0},
        {0x2022, ARITH_EDGE, 0}};
    uint32_t cp = 0;
    int m = lem_utf8_decode(a->s + a->i, a->n - a->i, &cp);
    t->kind = ARITH_OTHER;
    for (size_t i = 0; m > 0 && i < sizeof signs / sizeof *signs; i++) {
        if (signs[i].cp != cp) continue;
        t->kind = signs[i].kind;
        t->op = signs[i].op;
    }
    return m > 0 ? (size_t)m : 1;
}

/* White space without line ends: ASCII, no-break and thin spaces. */
static size_t space_length(const at *a) {
    char c = peek(a, 0);
    if (c == ' ' || c == '\t' || c == '\f' || c == '\v') return 1;
    if (c == '\xc2' && peek(a, 1) == '\xa0') return 2;
    bool general = c == '\xe2' && peek(a, 1) == '\x80';
    return general && (unsigned char)peek(a, 2) >= 0x80 && (unsigned char)peek(a, 2) <= 0x8a ? 3 : 0;
}

bool lem_arith_next(const char *text, size_t len, size_t *pos, const arith_token *last, arith_token *out) {
    at a = {text, len, *pos};
    size_t k;
    *out = (arith_token){.kind = ARITH_OTHER};
    while (a.i < a.n && (k = space_length(&a)) > 0) {
        out->space = true;
        a.i += k;
    }
    if (a.i >= a.n) return false;
    char c = peek(&a, 0);
    out->from = a.i;
    if (is_digit(c) ||
        (c == '.' && is_digit(peek(&a, 1)) && !(last && last->kind == ARITH_NUM && !out->space))) {
        out->kind = ARITH_NUM;
        k = number_length(&a);
    } else if ((k = word(&a, last, out)) > 0) {
        /* done */
    } else if ((unsigned char)c < 0x80) k = ascii(&a, last, out);
    else k = sign_beyond(&a, out);
    *pos = out->end = a.i + k;
    return true;
}
