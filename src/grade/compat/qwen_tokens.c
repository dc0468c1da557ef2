/* qwen_tokens.c - the tokens of sympy's LaTeX.g4, read when they are looked at */
#include "grade/compat/qwen_latex_priv.h"

#include <string.h>

typedef struct command {
    const char *name;
    char kind;
} command;

static const command commands[] = {
    {"thinspace", T_SKIP},
    {"medspace", T_SKIP},
    {"thickspace", T_SKIP},
    {"quad", T_SKIP},
    {"qquad", T_SKIP},
    {"negthinspace", T_SKIP},
    {"negmedspace", T_SKIP},
    {"negthickspace", T_SKIP},
    {"left", T_SKIP},
    {"right", T_SKIP},
    {"vrule", T_SKIP},
    {"vcenter", T_SKIP},
    {"vbox", T_SKIP},
    {"vskip", T_SKIP},
    {"vspace", T_SKIP},
    {"hfil", T_SKIP},
    {"langle", T_ANGLE},
    {"rangle", T_ANGLE},
    {"lim", T_LIM},
    {"to", T_TO},
    {"rightarrow", T_TO},
    {"Rightarrow", T_TO},
    {"longrightarrow", T_TO},
    {"Longrightarrow", T_TO},
    {"int", T_INT},
    {"sum", T_SUM},
    {"prod", T_SUM},
    {"exp", T_FUNC},
    {"log", T_FUNC},
    {"lg", T_FUNC},
    {"ln", T_FUNC},
    {"sin", T_FUNC},
    {"cos", T_FUNC},
    {"tan", T_FUNC},
    {"csc", T_FUNC},
    {"sec", T_FUNC},
    {"cot", T_FUNC},
    {"arcsin", T_FUNC},
    {"arccos", T_FUNC},
    {"arctan", T_FUNC},
    {"arccsc", T_FUNC},
    {"arcsec", T_FUNC},
    {"arccot", T_FUNC},
    {"sinh", T_FUNC},
    {"cosh", T_FUNC},
    {"tanh", T_FUNC},
    {"arsinh", T_FUNC},
    {"arcosh", T_FUNC},
    {"artanh", T_FUNC},
    {"lfloor", T_LFLOOR},
    {"rfloor", T_RFLOOR},
    {"lceil", T_LCEIL},
    {"rceil", T_RCEIL},
    {"sqrt", T_SQRT},
    {"overline", T_OVERLINE},
    {"times", '*'},
    {"cdot", '*'},
    {"div", '/'},
    {"frac", T_FRAC},
    {"dfrac", T_FRAC},
    {"tfrac", T_FRAC},
    {"binom", T_BINOM},
    {"dbinom", T_BINOM},
    {"tbinom", T_BINOM},
    {"mathit", T_MATHIT},
    {"neq", T_REL},
    {"leq", T_REL},
    {"le", T_REL},
    {"leqq", T_REL},
    {"leqslant", T_REL},
    {"geq", T_REL},
    {"ge", T_REL},
    {"geqq", T_REL},
    {"geqslant", T_REL},
};

static size_t letters_from(qwen_text t, size_t at) {
    while (at < t.n && qwen_letter(t.s[at])) at++;
    return at;
}

/* The names that latex2sympy takes for symbols; parse_latex takes any. */
static bool is_greek(qwen_text t) {
    static const char *const names[] = {
        "alpha",   "beta",   "gamma", "delta", "epsilon", "zeta",       "eta",    "theta", "iota",
        "kappa",   "lambda", "mu",    "nu",    "xi",      "pi",         "rho",    "sigma", "tau",
        "upsilon", "phi",    "chi",   "psi",   "omega",   "varepsilon", "varphi", "Gamma", "Delta",
        "Theta",   "Lambda", "Xi",    "Pi",    "Sigma",   "Phi",        "Psi",    "Omega", "infty"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (lem_qwen_is(t, names[i])) return true;
    return false;
}

/* The kind of a command that is one character, \{ or \, or \;. */
static char mark_kind(const qwen_parser *p, char c) {
    if (c == '{') return T_LBRACE;
    if (c == '}') return T_RBRACE;
    return c && strchr(p->constants ? ",:;!" : ",:;!*-./\"(=", c) ? T_SKIP : T_BAD;
}

static char name_kind(const qwen_parser *p, qwen_text name) {
    char kind = T_SYMBOL;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (lem_qwen_is(name, commands[i].name)) kind = commands[i].kind;
    return kind == T_SYMBOL && p->constants && !is_greek(name) ? T_BAD : kind;
}

static void lex_command(qwen_parser *p, qwen_token *k) {
    qwen_text t = p->text;
    size_t end = letters_from(t, k->at + 1);
    if (end == k->at + 1) {
        k->kind = mark_kind(p, end < t.n ? t.s[end] : '\0');
        k->end = end + 1;
        return;
    }
    qwen_text name = lem_qwen_part(t, k->at + 1, end);
    k->kind = name_kind(p, name);
    k->end = end;
    if (end < t.n && t.s[end] == '|' && (lem_qwen_is(name, "left") || lem_qwen_is(name, "right"))) {
        k->kind = T_SIDEBAR;
        k->end = end + 1;
    }
    if (k->kind == T_INT && lem_qwen_starts(lem_qwen_part(t, end, t.n), "\\limits")) k->end = end + 7;
}

/* 'd', white space, then a letter or a command: one token, the differential. */
static void lex_letter(qwen_parser *p, qwen_token *k) {
    qwen_text t = p->text;
    size_t i = k->at + 1;
    k->kind = T_LETTER;
    k->end = i;
    if (t.s[k->at] != 'd') return;
    while (i < t.n && qwen_white(t.s[i])) i++;
    if (i < t.n && qwen_letter(t.s[i])) k->end = i + 1;
    else if (i + 1 < t.n && t.s[i] == '\\' && qwen_letter(t.s[i + 1])) k->end = letters_from(t, i + 1);
    else return;
    k->kind = T_DIFFERENTIAL;
}

/* & = is a relation sign. */
static void lex_aligned(qwen_text t, qwen_token *k) {
    size_t i = k->at + 1;
    while (i < t.n && qwen_white(t.s[i])) i++;
    k->kind = i < t.n && t.s[i] == '=' ? T_REL : T_BAD;
    k->end = i + 1;
}

/* The kind of a character that is a token of its own. */
static char sign_kind(const qwen_parser *p, char c) {
    if (qwen_digit(c)) return T_DIGIT;
    if (c == ':') return '/';
    if (c == ';' && p->constants) return ',';
    if (c && strchr("=<>", c)) return T_REL;
    return c && strchr("'+-*/(){}[]|_^!,.", c) ? c : T_BAD;
}

static void lex_other(qwen_parser *p, qwen_token *k) {
    qwen_text t = p->text;
    char c = t.s[k->at];
    k->end = k->at + 1;
    if (c == '&') {
        lex_aligned(t, k);
        return;
    }
    k->kind = sign_kind(p, c);
    while (c == '\'' && k->end < t.n && t.s[k->end] == '\'') k->end++;
}

const qwen_token *lem_qwen_peek_at(qwen_parser *p, size_t index) {
    while (p->n <= index) {
        qwen_token k = {T_END, p->lexed, p->lexed};
        if (p->n > 0 && (p->tok[p->n - 1].kind == T_END || p->tok[p->n - 1].kind == T_BAD))
            return &p->tok[p->n - 1];
        if (k.at < p->text.n) {
            char c = p->text.s[k.at];
            k.end = k.at + 1;
            if (qwen_white(c)) k.kind = T_SKIP;
            else if (c == '\\') lex_command(p, &k);
            else if (qwen_letter(c)) lex_letter(p, &k);
            else lex_other(p, &k);
        }
        if (k.kind == T_BAD) p->bad = true;
        p->lexed = k.end;
        if (k.kind != T_SKIP) p->tok[p->n++] = k;
    }
    return &p->tok[index];
}

const qwen_token *lem_qwen_peek(qwen_parser *p) { return lem_qwen_peek_at(p, p->at); }
char lem_qwen_kind_here(qwen_parser *p) { return lem_qwen_peek(p)->kind; }
qwen_text lem_qwen_token_text(qwen_parser *p, const qwen_token *k) {
    return lem_qwen_part(p->text, k->at, k->end);
}

bool lem_qwen_take(qwen_parser *p, char k) {
    if (lem_qwen_kind_here(p) != k) return false;
    p->at++;
    return true;
}
