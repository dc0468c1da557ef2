/* lex.c - tokens of an answer: words and marks of plain text, and whose turn it is */
#include "answer/lexer_priv.h"

#include "core/utf8.h"

/* "p.m.", "a.m.", "pm" behind a number: the half of the day. */
static bool lex_half_day(lexer *x) {
    static const char *const forms[] = {"p.m.", "p.m", "pm",   "P.M.", "PM", "a.m.",
                                        "a.m",  "am",  "A.M.", "AM",   NULL};
    size_t from = x->i;
    if (!x->out->n || x->out->tok[x->out->n - 1].kind != TOK_NUM) return false;
    for (int f = 0; forms[f]; f++) {
        size_t n = strlen(forms[f]);
        if (!lex_at(x, from, forms[f]) || (from + n < x->n && lex_letter(x->s[from + n]))) continue;
        x->i += n;
        lem_lex_push_named(x, TOK_WORD, f < 5 ? "pm" : "am", 2, from, false);
        return true;
    }
    return false;
}

static bool is_month(const char *s, size_t n) {
    static const char *const months[] = {"January",  "February", "March",  "April",     "May",
                                         "June",     "July",     "August", "September", "October",
                                         "November", "December", "Sept"};
    for (size_t m = 0; m < sizeof months / sizeof *months; m++)
        if (lex_is(s, n, months[m]) || (n == 3 && memcmp(s, months[m], 3) == 0)) return true;
    return false;
}

/* "lnx" is ln x. */
static bool lex_glued_function(lexer *x) {
    size_t from = x->i, k = from;
    while (k < x->n && lex_letter(x->s[k])) k++;
    size_t n = lem_lex_glued_function(x->s + from, k - from);
    if (!n || lem_lex_is_function(x->s + from, k - from)) return false;
    lem_lex_push_named(x, TOK_FN, x->s + from, n, from, false);
    lem_lex_push_named(x, TOK_SYM, x->s + from + n, 1, from + n, false);
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
    while (list->word && !lex_is(s, n, list->word)) list++;
    if (!list->word) return false;
    if (list->symbol) lem_lex_push_named(x, TOK_SYM, list->symbol, strlen(list->symbol), from, false);
    else lem_lex_push_op(x, list->op, from);
    return true;
}

/* "1orW(x)=2" */
static bool is_glued_or(const char *s, size_t n, char before) {
    bool behind = lex_digit(before) || before == ')';
    return n > 2 && behind && s[0] == 'o' && s[1] == 'r' && s[2] >= 'A' && s[2] <= 'Z';
}

/* A word that is known to be none of the language's: a unit, a function, a product of letters, or any. */
static void push_other_word(lexer *x, const char *s, size_t n, size_t from) {
    char before = from ? x->s[from - 1] : 0;
    bool loose = before == ' ' || lex_digit(before) || before == '/';
    if (!x->d->no_units && from && loose && lem_lex_is_unit_word(s, n))
        lem_lex_push_named(x, TOK_WORD, s, n, from, false);
    else if (lem_lex_is_function(s, n)) lem_lex_push_named(x, TOK_FN, s, n, from, false);
    else if (n <= 3 && !x->out->wordy) /* "2xy" is a product */
        for (size_t j = 0; j < n; j++) lem_lex_push_named(x, TOK_SYM, s + j, 1, from + j, false);
    else lem_lex_push_named(x, TOK_WORD, s, n, from, false);
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
    while (k < x->n && lex_letter(x->s[k])) k++;
    const char *s = x->s + from;
    size_t n = k - from;
    x->i = k;
    char before = from ? x->s[from - 1] : ' ', after = k < x->n ? x->s[k] : ' ';
    bool apart = strchr(" $\n\t,.;:", before) && strchr(" $\n\t,.;:", after);
    if (is_glued_or(s, n, before)) {
        x->i = from + 2;
        lem_lex_push_op(x, OP_OR, from);
    } else if (is_month(s, n)) lem_lex_push_named(x, TOK_WORD, s, n, from, false); /* a date */
    else if (n == 1) lem_lex_push_named(x, TOK_SYM, s, 1, from, false);
    else if (push_known(x, first, s, n, from)) return;
    else if (apart && lem_lex_is_filler(s, n)) lem_lex_push_named(x, TOK_WORD, s, n, from, false);
    else if (lem_lex_is_greek(s, n)) lem_lex_push_named(x, TOK_SYM, s, n, from, false);
    else if (!push_known(x, later, s, n, from)) push_other_word(x, s, n, from);
}

/* Three points behind a decimal, a comma or a plus sign: so it goes on. */
static bool goes_on(const lexer *x) {
    const lex_tok *t = x->out->n ? &x->out->tok[x->out->n - 1] : NULL;
    if (!t) return false;
    if (t->kind == TOK_NUM) return !x->space && memchr(t->text, '.', t->len);
    return lex_is_op(t, ',') || lex_is_op(t, '+');
}

/* Marks of a sentence say nothing, but for three points. */
static void lex_mark(lexer *x) {
    size_t from = x->i;
    if (!lex_at(x, from, "...") || !goes_on(x)) {
        x->i++;
        return;
    }
    x->i += 3;
    lem_lex_push_named(x, TOK_SYM, "dots", 4, from, false);
}

/* Signs of several characters. */
static bool lex_signs(lexer *x, size_t from) {
    static const known_word signs[] = {{"<=", OP_LE, NULL}, {">=", OP_GE, NULL}, {"!=", OP_NE, NULL},
                                       {"==", '=', NULL},   {":=", '=', NULL},   {"+/-", OP_PM, NULL},
                                       {NULL, 0, NULL}};
    const known_word *k = signs;
    while (k->word && !lex_at(x, from, k->word)) k++;
    if (k->word) {
        x->i += strlen(k->word);
        lem_lex_push_op(x, k->op, from);
        return true;
    }
    if (!lex_at(x, from, "**")) return false;
    x->i += 2;
    if (from > 0 && x->i < x->n) lem_lex_push_op(x, '^', from); /* else Markdown */
    return true;
}

static void lex_dollar(lexer *x, size_t from) {
    x->i++;
    bool amount = x->i < x->n && (lex_digit(x->s[x->i]) || x->s[x->i] == '.');
    if (x->dollars_are_money && amount) lem_lex_push_money(x, "USD", from);
    else x->space = true;
}

static void lex_ascii(lexer *x) {
    size_t from = x->i;
    char c = x->s[x->i];
    if (c && strchr("<>!=:+*", c) && lex_signs(x, from)) return;
    if (c == '$') lex_dollar(x, from);
    else if (strchr("+-*/^_()[]{},;=<>|!%:'&", c)) x->i++, lem_lex_push_op(x, c, from);
    else if (c == '~') x->i++, x->space = true, x->gap |= lex_at(x, x->i, "~");
    else if (strchr("?`\".", c)) lex_mark(x);
    else {
        x->i++;
        x->out->bad = true;
    }
}

static size_t count_dollars(const char *text, size_t len) {
    size_t n = 0;
    for (size_t i = 0; i < len; i++) n += text[i] == '$' && (i == 0 || text[i - 1] != '\\');
    return n;
}

static bool is_capital(const lex_tok *t) {
    return t->kind == TOK_SYM && t->len == 1 && t->text[0] >= 'A' && t->text[0] <= 'Z';
}

/* \\angle ABC is \\angle CBA and no other angle: B has a name of its own, A and C may change places. */
static void name_vertices(lex_toks *o) {
    static const char names[] = "A@B@C@D@E@F@G@H@I@J@K@L@M@N@O@P@Q@R@S@T@U@V@W@X@Y@Z@";
    for (size_t k = 0; k + 3 < o->n; k++) {
        lex_tok *t = &o->tok[k];
        if (t->kind != TOK_SYM || !lex_is(t->text, t->len, "angle")) continue;
        bool three = is_capital(t + 1) && is_capital(t + 2) && is_capital(t + 3);
        if (!three || (k + 4 < o->n && is_capital(t + 4))) continue;
        t[2].text = names + 2 * (t[2].text[0] - 'A');
        t[2].len = 2;
    }
}

static void lex_next(lexer *x) {
    char c = x->s[x->i];
    if (lem_is_space(c)) x->space = true, x->gap |= c == '\n', x->i++;
    else if (lex_digit(c) || (c == '.' && x->i + 1 < x->n && lex_digit(x->s[x->i + 1]))) lem_lex_number(x);
    else if (c == '\\') lem_lex_escape(x);
    else if (lex_letter(c)) lex_word(x);
    else if (c & 0x80) lem_lex_unicode(x);
    else lex_ascii(x);
}

bool lem_lex(lem_work *w, const lem_answer_dialect *d, const char *text, size_t len, lex_toks *out) {
    memset(out, 0, sizeof *out);
    out->tok = lem_work_alloc(w, 2 * len + 2, sizeof *out->tok);
    char *digits = lem_work_alloc(w, 2 * len + 2, 1);
    if (!out->tok || !digits || !lem_work_spend(w, (int64_t)len)) return false;
    out->wordy = lem_lex_is_language(text, len);
    lexer x = {.w = w, .d = d, .s = text, .n = len, .out = out, .digits = digits};
    x.dollars_are_money = count_dollars(text, len) % 2 != 0;
    while (x.i < x.n && !w->limit) lex_next(&x);
    name_vertices(out);
    out->tok[out->n].kind = TOK_END;
    out->tok[out->n].at = (uint32_t)len;
    return lem_lex_part_statements(w, out) && !w->limit;
}
