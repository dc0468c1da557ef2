/* lex.c - tokens of an answer: LaTeX commands, numbers with their separators, Unicode mathematics, words */
#include "grade/lex_priv.h"

#include "core/utf8.h"
#include "grade/grade.h"

#include <string.h>

typedef struct lexer {
    grade_work *w;
    const char *s;
    size_t n, i;
    grade_toks *out;
    bool space;
    bool dollars_are_money; /* an odd number of bare '$' cannot delimit mathematics */
    char *digits;           /* room for the digits of all numbers */
} lexer;

static bool digit(char c) { return c >= '0' && c <= '9'; }
static bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static bool at(const lexer *x, size_t i, const char *t) { return strlen(t) <= x->n - i && memcmp(x->s + i, t, strlen(t)) == 0; }
static bool is(const char *s, size_t n, const char *t) { return strlen(t) == n && memcmp(s, t, n) == 0; }

static bool in_list(const char *const *list, const char *s, size_t n) {
    for (; *list; list++)
        if (is(s, n, *list)) return true;
    return false;
}

bool lem_grade_is_function(const char *s, size_t n) {
    static const char *const names[] = {"sin", "cos", "tan", "cot",  "sec",  "csc",   "arcsin", "arccos", "arctan", "sinh",   "cosh",   "tanh",
                                        "log", "ln",  "exp", "sqrt", "frac", "dfrac", "tfrac",  "cfrac",  "binom",  "dbinom", "tbinom", "lg",
                                        "max", "min", "gcd", "lcm",  "abs",  "cbrt",  "det",    "asin",   "acos",   "atan",   NULL};
    return in_list(names, s, n);
}

bool lem_grade_is_unit_word(const char *s, size_t n) {
    static const char *const names[] = {
        "cm",     "mm",    "km",     "nm",    "kg",     "mg",     "lb",      "lbs",    "oz",      "ft",     "mi",      "hr",     "hrs",     "min",
        "mins",   "sec",   "secs",   "ml",    "mL",     "kW",     "kPa",     "Hz",     "kHz",     "MHz",    "eV",      "keV",    "MeV",     "mol",
        "rad",    "mph",   "kmh",    "sq",    "cu",     "units",  "unit",    "inch",   "inches",  "feet",   "foot",    "meter",  "meters",  "metre",
        "metres", "yard",  "yards",  "mile",  "miles",  "gram",   "grams",   "hour",   "hours",   "minute", "minutes", "second", "seconds", "day",
        "days",   "week",  "weeks",  "month", "months", "year",   "years",   "dollar", "dollars", "cent",   "cents",   "euro",   "euros",   "pound",
        "pounds", "liter", "liters", "litre", "litres", "gallon", "gallons", "square", "cubic",   "people", "USD",     "EUR",    "per",     "yd",
        "kWh",    "ms",    "cc",     "Pa",    "erg",    "ergs",   "pm",      "am",     NULL};
    return in_list(names, s, n);
}

static grade_tok *push(lexer *x, grade_tok_kind kind, size_t from) {
    grade_tok *t = &x->out->tok[x->out->n++]; /* at most one token per byte, and room for as many */
    t->kind = kind;
    t->space = x->space;
    t->at = (uint32_t)from;
    x->space = false;
    return t;
}

static void push_op(lexer *x, char op, size_t from) { push(x, TOK_OP, from)->op = op; }

static void push_named(lexer *x, grade_tok_kind kind, const char *name, size_t n, size_t from, bool latex) {
    grade_tok *t = push(x, kind, from);
    t->text = name;
    t->len = (uint32_t)n;
    t->latex = latex;
}

/* Length of a thousands separator at i that is followed by exactly three digits: ',' '{,}' ',\!' '\,' '\!' ' ' ; 0 if there is none. */
static size_t separator(const lexer *x, size_t i, bool commas, bool spaces) {
    static const char *const forms[] = {"{,}", ",\\! ", ",\\!",     "\\!,",         "\\,",          "\\!", "\\ ",
                                        "\\;", "~",     "\xc2\xa0", "\xe2\x80\xaf", "\xe2\x80\x89", NULL};
    size_t k = 0;
    for (int f = 0; forms[f] && !k; f++)
        if (at(x, i, forms[f])) k = strlen(forms[f]);
    if (!k && commas && i < x->n && x->s[i] == ',') k = 1;
    if (!k && spaces && i < x->n && x->s[i] == ' ') k = 1;
    if (!k || i + k + 3 > x->n || !digit(x->s[i + k]) || !digit(x->s[i + k + 1]) || !digit(x->s[i + k + 2])) return 0;
    return i + k + 3 < x->n && digit(x->s[i + k + 3]) ? 0 : k;
}

static void lex_number(lexer *x) {
    size_t from = x->i, k = 0, lead = 0;
    const char *s = x->s;
    while (from + lead < x->n && digit(s[from + lead])) lead++;
    char *t = x->digits;
    size_t i = from;
    while (i < x->n && digit(s[i])) t[k++] = s[i++];
    bool grouped = lead >= 1 && lead <= 3 && s[from] != '0';
    for (size_t sep; grouped && (sep = separator(x, i, true, true)) != 0;) {
        i += sep;
        for (int d = 0; d < 3; d++) t[k++] = s[i++];
    }
    if (i + 1 < x->n && s[i] == '.' && digit(s[i + 1])) {
        t[k++] = s[i++];
        while (i < x->n && digit(s[i])) t[k++] = s[i++];
    } else if (i < x->n && s[i] == '.' && i > from && (i + 1 == x->n || !letter(s[i + 1]))) {
        i++; /* "5." */
    }
    int32_t e10 = 0;
    if (i + 1 < x->n && (s[i] == 'e' || s[i] == 'E')) {
        size_t j = i + 1;
        bool neg = s[j] == '-';
        if (s[j] == '-' || s[j] == '+') j++;
        size_t d0 = j;
        while (j < x->n && digit(s[j]) && e10 < 1000000) e10 = e10 * 10 + (s[j++] - '0');
        if (j > d0 && !(j < x->n && letter(s[j]))) {
            i = j;
            if (neg) e10 = -e10;
        } else e10 = 0;
    }
    x->i = i;
    x->digits += k;
    grade_tok *tok = push(x, TOK_NUM, from);
    tok->text = t;
    tok->len = (uint32_t)k;
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

/* A single upright letter behind a number is a unit (2600 \text{g}), unless it is a usual name of a constant or variable. */
static bool is_unit_letter(const lexer *x, char c) { return x->out->n && x->out->tok[x->out->n - 1].kind == TOK_NUM && strchr("gmshlLVWNJKCFTA", c); }

/* \text{…}, \mathrm{…} and relatives: separators, single letters and functions become what they are; the rest is text. */
static void lex_text(lexer *x, size_t from) {
    while (x->i < x->n && x->s[x->i] == ' ') x->i++;
    if (x->i >= x->n || x->s[x->i] != '{') {
        if (x->i >= x->n) x->out->bad = true;
        return; /* \rm style or a bare letter: the content follows as it is */
    }
    size_t end = group_end(x, x->i);
    if (end > x->n) {
        x->out->bad = true;
        x->i = x->n;
        return;
    }
    const char *c = x->s + x->i + 1;
    size_t n = end - x->i - 2;
    x->i = end;
    while (n && (*c == ' ' || *c == '~' || *c == '(')) {
        if (*c == '(' && !(n >= 3 && c[n - 1] == ')')) break;
        if (*c == '(') n--;
        c++, n--;
    }
    while (n && (c[n - 1] == ' ' || c[n - 1] == '~' || c[n - 1] == '.')) n--;
    if (blank_text(c, n)) {
        x->space = true;
        return;
    }
    if (is(c, n, "p.m") || is(c, n, "P.M") || is(c, n, "PM")) c = "pm", n = 2; /* the last period is gone already */
    if (is(c, n, "a.m") || is(c, n, "A.M") || is(c, n, "AM")) c = "am", n = 2;
    if (is(c, n, "and") || is(c, n, "or")) push_op(x, OP_AND, from);
    else if (n == 1 && letter(*c) && !is_unit_letter(x, *c)) push_named(x, TOK_SYM, c, n, from, true);
    else if (lem_grade_is_function(c, n) && !is(c, n, "min") && !is(c, n, "sec")) push_named(x, TOK_FN, c, n, from, true);
    else push_named(x, TOK_TEXT, c, n, from, true);
}

static const struct {
    const char *name;
    char op;
} command_ops[] = {
    {"cdot", '*'},
    {"times", '*'},
    {"ast", '*'},
    {"div", '/'},
    {"le", OP_LE},
    {"leq", OP_LE},
    {"leqslant", OP_LE},
    {"ge", OP_GE},
    {"geq", OP_GE},
    {"geqslant", OP_GE},
    {"ne", OP_NE},
    {"neq", OP_NE},
    {"lt", '<'},
    {"gt", '>'},
    {"approx", OP_APPROX},
    {"sim", OP_APPROX},
    {"in", OP_IN},
    {"cup", OP_UNION},
    {"cap", OP_INTER},
    {"setminus", OP_SETMINUS},
    {"backslash", OP_SETMINUS},
    {"circ", OP_DEGREE},
    {"degree", OP_DEGREE},
    {"pm", OP_PM},
    {"mid", '|'},
    {"vert", '|'},
    {"lvert", '|'},
    {"rvert", '|'},
    {"emptyset", OP_EMPTY},
    {"varnothing", OP_EMPTY},
    {"lbrace", OP_SET_OPEN},
    {"rbrace", OP_SET_CLOSE},
    {"prime", '\''},
    {"colon", ':'},
    {"land", OP_AND},
    {"lor", OP_AND},
    {"lbrack", '['},
    {"rbrack", ']'},
    {"lfloor", OP_FLOOR_OPEN},
    {"rfloor", OP_FLOOR_CLOSE},
    {"lceil", OP_CEIL_OPEN},
    {"rceil", OP_CEIL_CLOSE},
    {"euro", OP_MONEY},
    {"equiv", '='},
    {"percent", '%'},
    {"pounds", OP_MONEY},
    {"newline", OP_ROW},
};

static const char *const symbol_commands[] = {"alpha",   "beta",  "gamma",  "delta", "epsilon",  "varepsilon", "zeta",  "eta",   "theta", "vartheta",
                                              "iota",    "kappa", "lambda", "mu",    "nu",       "xi",         "pi",    "rho",   "sigma", "tau",
                                              "upsilon", "phi",   "varphi", "chi",   "psi",      "omega",      "Gamma", "Delta", "Theta", "Lambda",
                                              "Xi",      "Pi",    "Sigma",  "Phi",   "Psi",      "Omega",      "infty", "ell",   "hbar",  "imath",
                                              "ldots",   "dots",  "cdots",  "angle", "triangle", NULL};
static const char *const skipped_commands[] = {"left",   "right", "big",   "Big",         "bigg",         "Bigg",       "bigl",      "bigr",
                                               "Bigl",   "Bigr",  "biggl", "biggr",       "displaystyle", "textstyle",  "limits",    "mleft",
                                               "mright", "boxed", "fbox",  "rm",          "bf",           "it",         "middle",    "nolimits",
                                               "small",  "large", "Large", "scriptstyle", "hline",        "ensuremath", "overline_", NULL};
static const char *const space_commands[] = {"quad", "qquad", "enspace", "thinspace", "space", "hspace_", NULL};
static const char *const text_commands[] = {"text",         "mathrm",     "textbf",     "textit",    "mbox",   "hbox",   "mathbf",
                                            "operatorname", "textrm",     "textnormal", "mathit",    "mathsf", "texttt", "mathtt",
                                            "emph",         "boldsymbol", "bm",         "underline", "textsf", NULL};

/* A command of letters; x->i is behind it. */
static void lex_named_command(lexer *x, size_t from, const char *name, size_t n) {
    if (in_list(skipped_commands, name, n)) {
        if ((is(name, n, "left") || is(name, n, "right")) && x->i < x->n && x->s[x->i] == '.') x->i++;
        return;
    }
    if (in_list(space_commands, name, n)) {
        x->space = true;
        return;
    }
    if (in_list(text_commands, name, n)) {
        lex_text(x, from);
        return;
    }
    for (size_t k = 0; k < sizeof command_ops / sizeof *command_ops; k++)
        if (is(name, n, command_ops[k].name)) {
            push_op(x, command_ops[k].op, from);
            return;
        }
    if (is(name, n, "mathbb") && at(x, x->i, "{R}")) {
        push_named(x, TOK_SYM, "reals", 5, from, true);
        x->i += 3;
    } else if (is(name, n, "mathbb") && at(x, x->i, "{Z}")) {
        push_named(x, TOK_SYM, "integers", 8, from, true);
        x->i += 3;
    } else if (in_list(symbol_commands, name, n)) push_named(x, TOK_SYM, name, n, from, true);
    else if (lem_grade_is_function(name, n)) push_named(x, TOK_FN, name, n, from, true);
    else if ((is(name, n, "begin") || is(name, n, "end")) && x->i < x->n && x->s[x->i] == '{' && group_end(x, x->i) <= x->n) {
        size_t end = group_end(x, x->i);
        push_named(x, TOK_OP, x->s + x->i + 1, end - x->i - 2, from, true);
        x->out->tok[x->out->n - 1].op = name[0] == 'b' ? OP_BEGIN : OP_FINISH;
        x->i = end;
    } else {
        push_named(x, TOK_WORD, name, n, from, true);
        x->out->bad = true;
    }
}

static void lex_command(lexer *x) {
    size_t from = x->i++;
    if (x->i >= x->n) {
        return; /* a lone trailing backslash */
    }
    char c = x->s[x->i];
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
    case '$': push_op(x, OP_MONEY, from); break;
    case '\\': push_op(x, OP_ROW, from); break;
    case '|': push_op(x, '|', from); break;
    case '_':
    case '&':
    case '#': break;
    case '!': break;
    default: x->space = true; break; /* \, \; \: \space \( \) \[ \] */
    }
}

/* Unicode: code point -> operator, or a named symbol. */
static const struct {
    uint32_t cp;
    char op;
    const char *symbol;
} unicode_map[] = {
    {0x2212, '-', NULL},       {0x2013, '-', NULL},      {0x2014, '-', NULL},      {0x00d7, '*', NULL},   {0x00b7, '*', NULL},
    {0x22c5, '*', NULL},       {0x2217, '*', NULL},      {0x00f7, '/', NULL},      {0x2215, '/', NULL},   {0x2044, '/', NULL},
    {0x00b0, OP_DEGREE, NULL}, {0x2264, OP_LE, NULL},    {0x2265, OP_GE, NULL},    {0x2260, OP_NE, NULL}, {0x2248, OP_APPROX, NULL},
    {0x00b1, OP_PM, NULL},     {0x222a, OP_UNION, NULL}, {0x2229, OP_INTER, NULL}, {0x2208, OP_IN, NULL}, {0x2205, OP_EMPTY, NULL},
    {0x20ac, OP_MONEY, NULL},  {0x00a3, OP_MONEY, NULL}, {0x00a5, OP_MONEY, NULL}, {0xff0c, ',', NULL},   {0x3001, ',', NULL},
    {0xff1b, ';', NULL},       {0xff1a, ':', NULL},      {0xff08, '(', NULL},      {0xff09, ')', NULL},   {0xff1d, '=', NULL},
    {0x2032, '\'', NULL},      {0x2019, '\'', NULL},     {0x03c0, 0, "pi"},        {0x221e, 0, "infty"},  {0x03b1, 0, "alpha"},
    {0x03b2, 0, "beta"},       {0x03b3, 0, "gamma"},     {0x03b8, 0, "theta"},     {0x03bb, 0, "lambda"}, {0x03bc, 0, "mu"},
    {0x00b5, 0, "mu"},         {0x03c6, 0, "phi"},       {0x03c9, 0, "omega"},     {0x03c3, 0, "sigma"},  {0x03a9, 0, "Omega"},
    {0x211d, 0, "reals"},      {0x0394, 0, "Delta"},     {0x03b4, 0, "delta"},     {0x03c1, 0, "rho"},    {0x2124, 0, "integers"},
};

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
    if (cp == 0xa0 || cp == 0x3000 || (cp >= 0x2000 && cp <= 0x200b) || cp == 0x202f || cp == 0xfeff) {
        x->space = true;
        return;
    }
    if (cp == 0x3002) return; /* 。 */
    if (cp == 0x221a) {
        push_named(x, TOK_FN, "sqrt", 4, from, false);
        return;
    }
    if (cp == 0xb2 || cp == 0xb3) { /* ², ³ : '^' and the digit take the place of the two bytes */
        push_op(x, '^', from);
        push_named(x, TOK_NUM, cp == 0xb2 ? "2" : "3", 1, from, false);
        return;
    }
    for (size_t m = 0; m < sizeof unicode_map / sizeof *unicode_map; m++)
        if (unicode_map[m].cp == cp) {
            if (unicode_map[m].symbol) push_named(x, TOK_SYM, unicode_map[m].symbol, strlen(unicode_map[m].symbol), from, false);
            else push_op(x, unicode_map[m].op, from);
            return;
        }
    while (x->i < x->n && (x->s[x->i] & 0x80)) x->i++; /* other scripts: the whole run is one word */
    push_named(x, TOK_WORD, x->s + from, x->i - from, from, false);
}

/* "p.m.", "a.m.", "pm" behind a number: the half of the day. */
static bool lex_half_day(lexer *x) {
    static const char *const forms[] = {"p.m.", "p.m", "pm", "P.M.", "PM", "a.m.", "a.m", "am", "A.M.", "AM", NULL};
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

static void lex_word(lexer *x) {
    if (lex_half_day(x)) return;
    size_t from = x->i, k = from;
    while (k < x->n && letter(x->s[k])) k++;
    const char *s = x->s + from;
    size_t n = k - from;
    x->i = k;
    if (n == 1) push_named(x, TOK_SYM, s, 1, from, false);
    else if (is(s, n, "and") || is(s, n, "or")) push_op(x, OP_AND, from);
    else if (is(s, n, "pi")) push_named(x, TOK_SYM, "pi", 2, from, false);
    else if (is(s, n, "inf") || is(s, n, "infinity") || is(s, n, "infty") || is(s, n, "oo")) push_named(x, TOK_SYM, "infty", 5, from, false);
    else if (is(s, n, "percent")) push_op(x, '%', from);
    else if (is(s, n, "degrees") || is(s, n, "degree")) push_op(x, OP_DEGREE, from);
    else if (lem_grade_is_unit_word(s, n) && from && (x->s[from - 1] == ' ' || digit(x->s[from - 1]))) push_named(x, TOK_WORD, s, n, from, false);
    else if (lem_grade_is_function(s, n)) push_named(x, TOK_FN, s, n, from, false);
    else if (n <= 3 && !x->out->wordy) /* "2xy" is a product */
        for (size_t j = 0; j < n; j++) push_named(x, TOK_SYM, s + j, 1, from + j, false);
    else push_named(x, TOK_WORD, s, n, from, false);
}

static void lex_ascii(lexer *x) {
    size_t from = x->i;
    char c = x->s[x->i];
    if (at(x, from, "<=")) x->i += 2, push_op(x, OP_LE, from);
    else if (at(x, from, ">=")) x->i += 2, push_op(x, OP_GE, from);
    else if (at(x, from, "!=")) x->i += 2, push_op(x, OP_NE, from);
    else if (at(x, from, "==")) x->i += 2, push_op(x, '=', from);
    else if (at(x, from, "+/-")) x->i += 3, push_op(x, OP_PM, from);
    else if (at(x, from, "**") && from > 0 && from + 2 < x->n) x->i += 2, push_op(x, '^', from);
    else if (at(x, from, "**")) x->i += 2; /* Markdown */
    else if (c == '$') {
        x->i++;
        if (x->dollars_are_money && x->i < x->n && (digit(x->s[x->i]) || x->s[x->i] == '.')) push_op(x, OP_MONEY, from);
        else x->space = true;
    } else if (strchr("+-*/^_()[]{},;=<>|!%:'&", c)) x->i++, push_op(x, c, from);
    else if (c == '~') x->i++, x->space = true;
    else if (c == '?' || c == '`' || c == '"' || c == '.') x->i++;
    else {
        x->i++;
        x->out->bad = true;
    }
}

/* Letters, spaces and sentence punctuation only, with a word of three letters or more, or "no": plain language. Two letters are a product. */
static bool only_words(const char *s, size_t n) {
    size_t run = 0, longest = 0;
    for (size_t i = 0; i <= n; i++) {
        if (i < n && (letter(s[i]) || (s[i] & 0x80))) {
            run++;
            continue;
        }
        if (run == 2 && (s[i - 2] | 32) == 'n' && (s[i - 1] | 32) == 'o') run = 3;
        if (run > longest) longest = run;
        run = 0;
        if (i < n && (!s[i] || !strchr(" .,!?'\"-;:()\n$", s[i]))) return false;
    }
    return longest >= 3;
}

bool lem_grade_lex(grade_work *w, const char *text, size_t len, grade_toks *out) {
    memset(out, 0, sizeof *out);
    out->tok = lem_grade_alloc(w, len + 1, sizeof *out->tok);
    char *digits = lem_grade_alloc(w, len + 1, 1);
    if (!out->tok || !digits || !lem_grade_spend(w, (int64_t)len)) return false;
    size_t dollars = 0;
    for (size_t i = 0; i < len; i++) dollars += text[i] == '$' && (i == 0 || text[i - 1] != '\\');
    out->wordy = only_words(text, len);
    lexer x = {w, text, len, 0, out, false, dollars % 2 != 0, digits};
    while (x.i < x.n && !w->limit) {
        char c = text[x.i];
        if (c == ' ' || (c >= '\t' && c <= '\r')) x.space = true, x.i++;
        else if (digit(c) || (c == '.' && x.i + 1 < len && digit(text[x.i + 1]))) lex_number(&x);
        else if (c == '\\') lex_command(&x);
        else if (letter(c)) lex_word(&x);
        else if (c & 0x80) lex_unicode(&x);
        else lex_ascii(&x);
    }
    out->tok[out->n].kind = TOK_END;
    out->tok[out->n].at = (uint32_t)len;
    return !w->limit;
}
