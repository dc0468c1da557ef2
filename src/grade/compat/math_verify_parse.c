/* math_verify_parse.c - the grammar of latex2sympy2_extended: sets, intervals, tuples, relations and expressions, read to the end or not at all */
#include "grade/compat/math_verify.h"

#include <stdlib.h>

typedef struct parser {
    grade_work *w;
    mode_text t;
    size_t i;
    int depth, nodes, bars;
    bool complex;
    unsigned char *dead; /* per byte: 1 no set atom, 2 no call begins here */
} parser;

static mode_expr *parse_expr(parser *p);
static mode_expr *parse_mp(parser *p, bool nofunc);
static mode_expr *parse_atom(parser *p);
static mv_value *parse_element(parser *p, bool relations);
static mv_value *parse_set_atom(parser *p);

mv_value *lem_mv_new(grade_work *w, mv_kind kind, uint32_t n) {
    mv_value *v = lem_grade_spend(w, 16 + n) ? lem_grade_alloc(w, 1, sizeof *v) : NULL;
    if (!v) return NULL;
    v->kind = kind;
    v->n = n;
    v->kid = lem_grade_alloc(w, n + 1, sizeof(mv_value *));
    return v->kid ? v : NULL;
}

mv_value *lem_mv_expr(grade_work *w, mode_expr *e) {
    mv_value *v = e ? lem_mv_new(w, MV_EXPR, 0) : NULL;
    if (v) v->e = e;
    return v;
}

bool lem_mv_is_percent(const mode_expr *e) { return e->kind == MODE_MUL && e->kid[1]->kind == MODE_NUM && lem_mode_text_is(e->kid[1]->name, "%"); }

mode_expr *lem_mv_percent(grade_work *w, mode_expr *e) {
    mode_expr *h = lem_mode_int(w, 1);
    if (!h || !e) return NULL;
    h->q = lem_grade_rat_div(w, h->q, lem_mode_int(w, 100) ? lem_grade_rat_int(w, 100) : NULL);
    h->name = lem_mode_text("%", 1);
    return h->q ? lem_mode_op(w, MODE_MUL, e, h) : NULL;
}

/* ---- characters ---- */

/* The state at `saved`, but not the work done since. */
static parser back(const parser *p, const parser *saved) {
    parser r = *saved;
    r.nodes = p->nodes;
    return r;
}

static void skip(parser *p) {
    static const char *const blanks[] = {"\\,", "\\:", "\\;", "\\!", "\\$", "\\quad", "\\qquad", "\\thinspace", "\\medspace", "\\thickspace"};
    for (bool again = true; again && p->i < p->t.n;) {
        again = strchr(" \t\r\n", p->t.s[p->i]) && p->t.s[p->i];
        if (again) p->i++;
        for (size_t k = 0; !again && p->t.s[p->i] == '\\' && k < sizeof blanks / sizeof *blanks; k++) {
            size_t n = strlen(blanks[k]);
            if (!lem_mode_text_at(p->t, p->i, blanks[k])) continue;
            if (lem_mode_is_letter(blanks[k][1]) && p->i + n < p->t.n && lem_mode_is_letter(p->t.s[p->i + n])) continue;
            p->i += n;
            again = true;
        }
    }
}

/* A command, whole: \le is not the beginning of \left. */
static bool at_word(parser *p, const char *s) {
    size_t n = strlen(s);
    skip(p);
    if (!lem_mode_text_at(p->t, p->i, s)) return false;
    bool letters = s[0] == '\\' && lem_mode_is_letter(s[n - 1]);
    return !(letters && p->i + n < p->t.n && lem_mode_is_letter(p->t.s[p->i + n]));
}

static bool take(parser *p, const char *s) {
    if (!at_word(p, s)) return false;
    p->i += strlen(s);
    return true;
}

static bool take_any(parser *p, const char *const *list) {
    for (; *list; list++)
        if (take(p, *list)) return true;
    return false;
}

static bool at_end(parser *p) { return skip(p), p->i >= p->t.n; }
static char here(parser *p) { return skip(p), p->i < p->t.n ? p->t.s[p->i] : '\0'; }

static bool enter(parser *p) {
    if (p->w->limit || ++p->depth > MODE_MAX_DEPTH || ++p->nodes > MODE_MAX_NODES || !lem_grade_spend(p->w, 16)) {
        p->w->limit = true;
        return false;
    }
    return true;
}

/* ---- atoms ---- */

/* Names that the lexer keeps for functions: letters that spell one are no product. */
static const char *const reserved[] = {"arsinh", "arcsinh", "arcosh", "arccosh", "artanh",  "arctanh", "gcd",     "lcm",
                                       "floor",  "ceil",    "eye",    "zeros",   "ones",    "cols",    "rows",    "diag",
                                       "norm",   "rank",    "tr",     "rref",    "hstack",  "vstack",  "orth",    "nullspace",
                                       "eig",    "svd",     "SVD",    "matrix",  "pmatrix", "bmatrix", "vmatrix", NULL};

static const char *const greek[] = {"alpha", "beta",    "gamma",      "Gamma",      "delta", "Delta",    "epsilon", "varepsilon", "zeta",  "eta",
                                    "theta", "Theta",   "vartheta",   "iota",       "kappa", "lambda",   "Lambda",  "mu",         "nu",    "xi",
                                    "Xi",    "omicron", "pi",         "Pi",         "varpi", "rho",      "varrho",  "sigma",      "Sigma", "varsigma",
                                    "tau",   "upsilon", "Upsilon",    "phi",        "Phi",   "varphi",   "chi",     "psi",        "Psi",   "omega",
                                    "Omega", "nabla",   "angle",      "imath",      "jmath", "triangle", "ell",     "hbar",       "prime", "Im",
                                    "Re",    "square",  "varnothing", "complement", "sharp", "flat",     "partial", NULL};
static const char *const greek_signs[][2] = {{"α", "alpha"},  {"β", "beta"},  {"γ", "gamma"}, {"δ", "delta"}, {"ε", "epsilon"}, {"θ", "theta"},
                                             {"λ", "lambda"}, {"μ", "mu"},    {"π", "pi"},    {"ρ", "rho"},   {"σ", "sigma"},   {"τ", "tau"},
                                             {"φ", "phi"},    {"ω", "omega"}, {"Δ", "Delta"}, {"Ω", "Omega"}, {"η", "eta"},     {"ξ", "xi"}};
static const char *const accents[] = {
    "\\acute",          "\\bar",      "\\overline",   "\\dot",        "\\ddot",    "\\hat",    "\\tilde",  "\\widetilde", "\\vec",
    "\\overrightarrow", "\\bm",       "\\boldsymbol", "\\textnormal", "\\textit",  "\\textbf", "\\text",   "\\mathbb",    "\\mathbf",
    "\\mathcal",        "\\mathfrak", "\\mathit",     "\\mathrm",     "\\mathscr", "\\mathsf", "\\mathtt", "\\mbox",      NULL};

/* Lower case, marked when the text speaks of complex numbers: such symbols are others than the real ones. */
static mode_expr *symbol(parser *p, mode_text name) {
    lem_buf b = {0};
    for (size_t i = 0; i < name.n; i++) {
        char c = name.s[i];
        if (c == ' ' || c == '{' || c == '}' || c == '\\') continue;
        lem_buf_putc(&b, c >= 'A' && c <= 'Z' ? (char)(c + 32) : c);
    }
    if (p->complex) lem_buf_putc(&b, '~');
    return lem_mode_sym(p->w, lem_mode_text_own(p->w, &b));
}

static mode_expr *named(parser *p, mode_text name) {
    if (lem_mode_text_is(name, "pi")) return lem_mode_const(p->w, "pi");
    if (lem_mode_text_is(name, "gamma") || lem_mode_text_is(name, "Gamma")) return lem_mode_const(p->w, "gamma");
    return symbol(p, name);
}

/* \text{…}, \overline{…}: the command and its content make a name; \text is no part of it. */
static bool accent_name(parser *p, lem_buf *b) {
    for (size_t k = 0; accents[k]; k++) {
        parser ahead = *p;
        if (!take(&ahead, accents[k]) || here(&ahead) != '{') continue;
        const char *close = memchr(p->t.s + ahead.i, '}', p->t.n - ahead.i);
        if (!close) return false;
        bool plain = strstr(accents[k], "text") || strstr(accents[k], "mbox");
        const char *label = plain                                                               ? ""
                            : strstr(accents[k], "overline") || strstr(accents[k], "bar")       ? "bar:"
                            : strstr(accents[k], "overrightarrow") || strstr(accents[k], "vec") ? "vec:"
                            : strstr(accents[k], "tilde")                                       ? "tilde:"
                            : strstr(accents[k], "math")                                        ? "math:"
                                                                                                : accents[k] + 1;
        lem_buf_puts(b, label);
        for (const char *s = p->t.s + ahead.i + 1; s < close; s++)
            if (!(plain && (*s == '(' || *s == ')'))) lem_buf_putc(b, *s);
        p->i = (size_t)(close - p->t.s) + 1;
        return true;
    }
    return false;
}

static bool at_reserved(parser *p) {
    for (size_t k = 0; reserved[k]; k++)
        if (lem_mode_text_at(p->t, p->i, reserved[k])) return true;
    return false;
}

/* A letter, Greek letter or accented name, without scripts; false when none stands here. `i_unit`: it was a capital I. */
static bool atom_name(parser *p, lem_buf *b, bool *is_letter) {
    char c = here(p);
    *is_letter = false;
    if (lem_mode_is_letter(c)) {
        if (c == 'e' || c == 'E' || at_reserved(p)) return false;
        if (c == 'd') { /* a differential is another token */
            parser ahead = *p;
            ahead.i++;
            if (lem_mode_is_letter(here(&ahead)) && here(&ahead)) return false;
        }
        *is_letter = true;
        lem_buf_putc(b, c);
        p->i++;
        return true;
    }
    if (c == '\\') {
        size_t end = p->i + 1;
        while (end < p->t.n && lem_mode_is_letter(p->t.s[end])) end++;
        mode_text name = lem_mode_text_cut(p->t, p->i + 1, end);
        for (size_t k = 0; greek[k]; k++)
            if (lem_mode_text_is(name, greek[k])) {
                lem_buf_add(b, name.s, name.n);
                p->i = end;
                return true;
            }
        return accent_name(p, b);
    }
    for (size_t k = 0; k < sizeof greek_signs / sizeof *greek_signs; k++)
        if (lem_mode_text_at(p->t, p->i, greek_signs[k][0])) {
            p->i += strlen(greek_signs[k][0]);
            lem_buf_puts(b, greek_signs[k][1]);
            return true;
        }
    return false;
}

/* _a or _{a,b}: its text without blanks and braces. */
static bool subscript(parser *p, lem_buf *b) {
    size_t from;
    if (!take(p, "_")) return false;
    skip(p);
    from = p->i;
    if (take(p, "{")) {
        do {
            if (!parse_expr(p)) return false;
        } while (take(p, ","));
        if (!take(p, "}")) return false;
    } else if (!parse_atom(p)) return false;
    lem_buf_putc(b, '_');
    for (size_t i = from; i < p->i; i++)
        if (!strchr(" {}", p->t.s[i])) lem_buf_putc(b, p->t.s[i]);
    return true;
}

static mode_expr *superscript(parser *p) {
    if (take(p, "{")) {
        mode_expr *e = parse_expr(p);
        return e && take(p, "}") ? e : NULL;
    }
    return parse_atom(p);
}

static mode_expr *parse_name(parser *p) {
    lem_buf b = {0};
    bool letter, scripts = false;
    size_t from = p->i;
    if (!atom_name(p, &b, &letter)) {
        lem_buf_release(&b);
        p->i = from;
        return NULL;
    }
    bool unit = letter && b.len == 1 && b.data[0] == 'I';
    if (at_word(p, "_")) {
        parser saved = *p;
        lem_buf s = {0};
        if (subscript(p, &s)) lem_buf_add(&b, lem_buf_str(&s), s.len), scripts = true;
        else p->i = saved.i;
        lem_buf_release(&s);
    }
    mode_text name = lem_mode_text_own(p->w, &b);
    return unit && !scripts ? lem_mode_const(p->w, "i") : named(p, name);
}

static mode_expr *parse_number(parser *p) {
    size_t from = p->i, i = from;
    while (i < p->t.n && lem_mode_is_digit(p->t.s[i])) i++;
    bool digits = i > from;
    if (i + 1 < p->t.n && p->t.s[i] == '.' && lem_mode_is_digit(p->t.s[i + 1]))
        for (i++, digits = true; i < p->t.n && lem_mode_is_digit(p->t.s[i]);) i++;
    if (!digits) return NULL;
    size_t e = i + 1 + (i + 1 < p->t.n && strchr("+-", p->t.s[i + 1]));
    if (i < p->t.n && p->t.s[i] == 'E' && e < p->t.n && lem_mode_is_digit(p->t.s[e]))
        for (i = e; i < p->t.n && lem_mode_is_digit(p->t.s[i]);) i++;
    mode_expr *a = lem_mode_num(p->w, lem_mode_text_cut(p->t, from, i));
    p->i = i;
    size_t blank = i + (i < p->t.n && p->t.s[i] == ' ');
    if (lem_mode_text_at(p->t, blank, "\\%") || lem_mode_text_at(p->t, blank, "%")) {
        p->i = blank + (p->t.s[blank] == '%' ? 1 : 2);
        return lem_mv_percent(p->w, a);
    }
    lem_buf ignored = {0}; /* the base of a number is dropped */
    size_t back = p->i;
    if (at_word(p, "_") && !subscript(p, &ignored)) p->i = back;
    lem_buf_release(&ignored);
    return a;
}

static mode_expr *parse_differential(parser *p) {
    size_t from = p->i, k = from + 1;
    while (k < p->t.n && p->t.s[k] == ' ') k++;
    if (k >= p->t.n || !lem_mode_is_letter(p->t.s[k])) return NULL;
    char name[3] = {'d', p->t.s[k], '\0'};
    p->i = k + 1;
    return symbol(p, lem_mode_text(lem_grade_text(p->w, name, 2), 2));
}

/* What may stand as an exponent or subscript without braces. */
static mode_expr *parse_atom(parser *p) {
    char c = here(p);
    if (lem_mode_is_digit(c) || c == '.') return parse_number(p);
    if (take(p, "\\infty")) return (void)(take(p, "\\%") || take(p, "%")), lem_mode_const(p->w, "oo");
    if (c == 'E') return p->i++, symbol(p, lem_mode_text("e", 1));
    if (c == 'd' && !at_reserved(p)) {
        mode_expr *d = parse_differential(p);
        if (d) return d;
    }
    mode_expr *a = parse_name(p);
    if (a && at_word(p, "^")) { /* a name takes its power with it, also inside an exponent */
        parser saved = *p;
        p->i++;
        mode_expr *e = superscript(p);
        if (e) return lem_mode_op(p->w, MODE_POW, a, e);
        *p = saved;
    }
    return a;
}

/* ---- groups and functions ---- */

static mode_expr *grouped(parser *p, const char *open, const char *close) {
    parser saved = *p;
    if (!take(p, open)) return NULL;
    int bars = p->bars;
    p->bars = 0;
    mode_expr *a = parse_expr(p);
    p->bars = bars;
    if (a && take(p, close)) return a;
    p->i = saved.i;
    return NULL;
}

static mode_expr *fn(parser *p, const char *name, mode_expr *a, mode_expr *b) {
    return a ? lem_mode_fn(p->w, lem_mode_text(name, strlen(name)), a, b) : NULL;
}

static mode_expr *fraction(parser *p, mode_expr *a, mode_expr *b) {
    if (!a || !b) return NULL;
    bool ints = a->kind == MODE_NUM && b->kind == MODE_NUM && !a->decimal && !b->decimal && lem_grade_rat_is_int(a->q) && lem_grade_rat_is_int(b->q);
    if (!ints) return lem_mode_div(p->w, a, b);
    mode_expr *r = lem_mode_int(p->w, 0);
    if (!r || lem_grade_rat_sign(b->q) == 0) return lem_mode_const(p->w, "zoo");
    r->q = lem_grade_rat_div(p->w, a->q, b->q);
    return r->q ? r : NULL;
}

static mode_expr *parse_command_group(parser *p) {
    static const char *const fracs[] = {"\\frac", "\\dfrac", "\\tfrac", "\\cfrac", NULL}, *const binoms[] = {"\\binom", "\\dbinom", "\\tbinom", NULL};
    if (take_any(p, fracs)) {
        mode_expr *a = grouped(p, "{", "}");
        return a ? fraction(p, a, grouped(p, "{", "}")) : NULL;
    }
    if (take_any(p, binoms)) {
        mode_expr *a = grouped(p, "{", "}"), *b = a ? grouped(p, "{", "}") : NULL;
        return b ? fn(p, "binomial", a, b) : NULL;
    }
    if (at_word(p, "\\lfloor")) return fn(p, "floor", grouped(p, "\\lfloor", "\\rfloor"), NULL);
    if (at_word(p, "\\lceil")) return fn(p, "ceiling", grouped(p, "\\lceil", "\\rceil"), NULL);
    if (at_word(p, "\\lvert")) return fn(p, "abs", grouped(p, "\\lvert", "\\rvert"), NULL);
    if (at_word(p, "\\vert")) return fn(p, "abs", grouped(p, "\\vert", "\\vert"), NULL);
    if (at_word(p, "\\langle")) return grouped(p, "\\langle", "\\rangle");
    if (take(p, "\\boxed") || take(p, "\\phantom")) return grouped(p, "{", "}");
    if (!take(p, "\\sqrt")) return NULL;
    mode_expr *root = NULL;
    if (at_word(p, "[") && !(root = grouped(p, "[", "]"))) return NULL;
    mode_expr *a = grouped(p, "{", "}");
    if (!a) return NULL;
    return root ? lem_mode_op(p->w, MODE_POW, a, fraction(p, lem_mode_int(p->w, 1), root)) : lem_mode_sqrt(p->w, a);
}

static const char *const functions[] = {"log",    "ln",     "exp",    "sin",     "cos",     "tan",     "csc",  "sec",  "cot",
                                        "arcsin", "arccos", "arctan", "arccsc",  "arcsec",  "arccot",  "sinh", "cosh", "tanh",
                                        "arsinh", "arcosh", "artanh", "arcsinh", "arccosh", "arctanh", NULL};

static mode_expr *function_of(parser *p, const char *name, mode_expr *base, mode_expr *power, mode_expr *arg) {
    char s[12] = "a";
    bool minus_one = power && power->kind == MODE_NUM && lem_grade_rat_is(power->q, -1);
    if (strcmp(name, "ln") == 0 || strcmp(name, "log") == 0)
        return lem_mode_op(p->w, MODE_POW,
                           fn(p, "log", arg,
                              base                      ? base
                              : strcmp(name, "ln") == 0 ? lem_mode_const(p->w, "e")
                                                        : lem_mode_int(p->w, 10)),
                           power ? power : lem_mode_int(p->w, 1));
    const char *tail = strncmp(name, "arc", 3) == 0 ? name + 3 : strncmp(name, "ar", 2) == 0 ? name + 2 : NULL;
    if (!tail && minus_one && strcmp(name, "exp") != 0) tail = name, power = NULL;
    if (tail) strncat(s, tail, sizeof s - 2);
    mode_text text = tail ? lem_mode_text(lem_grade_text(p->w, s, strlen(s)), strlen(s)) : lem_mode_text(name, strlen(name));
    mode_expr *f = lem_mode_fn(p->w, text, arg, NULL);
    return power ? lem_mode_op(p->w, MODE_POW, f, power) : f;
}

static mode_expr *parse_function(parser *p) {
    if (here(p) != '\\') return NULL;
    size_t end = p->i + 1, k = 0;
    while (end < p->t.n && lem_mode_is_letter(p->t.s[end])) end++;
    mode_text name = lem_mode_text_cut(p->t, p->i + 1, end);
    while (functions[k] && !lem_mode_text_is(name, functions[k])) k++;
    if (!functions[k]) return NULL;
    p->i = end;
    mode_expr *base = NULL, *power = NULL, *arg;
    for (int s = 0; s < 2; s++) {
        if (!power && take(p, "^") && !(power = superscript(p))) return NULL;
        if (!base && take(p, "_") && !(base = superscript(p))) return NULL;
    }
    arg = grouped(p, "(", ")");
    if (!arg) arg = parse_mp(p, true);
    return arg ? function_of(p, functions[k], base, power, arg) : NULL;
}

/* f(x), f(1, 2): a name before one atom, or several expressions, in brackets is a function; before a sum it is a factor. */
static mode_expr *parse_call(parser *p) {
    lem_buf b = {0};
    bool letter;
    mode_expr *a = NULL, *rest = NULL, *power = NULL;
    if (!atom_name(p, &b, &letter)) {
        lem_buf_release(&b);
        return NULL;
    }
    if (at_word(p, "_")) (void)subscript(p, &b);
    lem_buf named = {0};
    lem_buf_putc(&named, '\'');
    lem_buf_puts(&named, lem_buf_str(&b));
    lem_buf_release(&b);
    mode_text name = lem_mode_text_own(p->w, &named);
    if (take(p, "^") && !(power = superscript(p))) return NULL;
    const char *close = take(p, "(") ? ")" : take(p, "[") ? "]" : NULL;
    if (!close) return NULL;
    parser inside = *p;
    a = parse_atom(p);
    if (!a || !at_word(p, close)) {
        *p = inside;
        a = parse_expr(p);
        if (!a || !at_word(p, ",")) return NULL;
        while (take(p, ",") && !at_word(p, close)) {
            mode_expr *next = parse_expr(p);
            rest = next ? fn(p, ",", next, rest) : NULL;
            if (!rest) return NULL;
        }
    }
    if (!take(p, close)) return NULL;
    mode_expr *f = lem_mode_fn(p->w, name, a, rest);
    return power ? lem_mode_op(p->w, MODE_POW, f, power) : f;
}

static mode_expr *parse_exponential(parser *p) {
    p->i++;
    parser saved = *p;
    mode_expr *e = take(p, "^") ? superscript(p) : NULL;
    if (!e) *p = saved;
    return e ? lem_mode_op(p->w, MODE_POW, lem_mode_const(p->w, "e"), e) : lem_mode_const(p->w, "e");
}

static mode_expr *parse_comp(parser *p, bool nofunc) {
    static const char *const pairs[][2] = {{"(", ")"}, {"{", "}"}, {"[", "]"}, {"\\{", "\\}"}, {"\\lbrace", "\\rbrace"}, {"\\lbrack", "\\rbrack"}};
    parser saved = *p;
    mode_expr *a;
    char c = here(p);
    for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++)
        if (at_word(p, pairs[k][0])) return grouped(p, pairs[k][0], pairs[k][1]);
    if (c == '|') {
        p->i++;
        p->bars++;
        a = parse_expr(p);
        p->bars--;
        return a && take(p, "|") ? fn(p, "abs", a, NULL) : NULL;
    }
    if (!nofunc) {
        if ((a = parse_function(p))) return a;
        *p = back(p, &saved);
        if (c == 'e' && !at_reserved(p)) return parse_exponential(p);
        if (!(p->dead[saved.i] & 2) && (a = parse_call(p))) return a;
        *p = back(p, &saved);
        p->dead[saved.i] |= 2;
    }
    if (c == '\\') {
        if ((a = parse_command_group(p))) return a;
        *p = back(p, &saved);
    }
    return parse_atom(p);
}

/* Degrees and transposes are read and dropped. */
static bool postfix_mark(parser *p) {
    static const char *const marks[] = {"^{\\circ}", "^\\circ", "^{\\degree}", "^\\degree", "^{°}", "^°", "^{T}", "^T", "'", NULL};
    skip(p);
    for (size_t k = 0; marks[k]; k++) {
        size_t n = strlen(marks[k]);
        if (lem_mode_text_at(p->t, p->i, marks[k])) return p->i += n, true;
    }
    return false;
}

static mode_expr *parse_postfix(parser *p, bool nofunc) {
    if (!enter(p)) return NULL;
    mode_expr *a = parse_comp(p, nofunc);
    while (a && !p->w->limit) {
        if (postfix_mark(p)) continue;
        if (take(p, "!")) a = fn(p, "factorial", a, NULL);
        else if (at_word(p, "^")) {
            parser saved = *p;
            p->i++;
            mode_expr *e = superscript(p);
            if (!e) {
                *p = saved;
                a = NULL;
                break;
            }
            a = lem_mode_op(p->w, MODE_POW, a, e);
        } else break;
    }
    p->depth--;
    return a;
}

static bool starts_operand(parser *p, bool nofunc) {
    static const char *const stops[] = {"\\}",      "\\]",        "\\)",        "\\rbrace", "\\rfloor", "\\rceil", "\\rvert", "\\rangle",
                                        "\\cup",    "\\cap",      "\\setminus", "\\pm",     "\\mp",     "\\le",    "\\leq",   "\\leqslant",
                                        "\\ge",     "\\geq",      "\\geqslant", "\\lt",     "\\gt",     "\\ne",    "\\neq",   "\\in",
                                        "\\approx", "\\equiv",    "\\times",    "\\cdot",   "\\div",    "\\mod",   "\\\\",    "\\end",
                                        "\\subset", "\\subseteq", "\\notin",    "\\to",     "\\rbrack", NULL};
    static const char *const signs[] = {"±", "≤", "≥", "≠", "≈", "∪", "∩", "∈", "×", "⋅", "÷", "∖", NULL};
    char c = here(p);
    if (!c || strchr("+-*/=<>,;:)]}^_!&~%", c) || (c == '|' && p->bars)) return false;
    for (size_t k = 0; c == '\\' && stops[k]; k++)
        if (at_word(p, stops[k])) return false;
    for (size_t k = 0; (c & 0x80) && signs[k]; k++)
        if (lem_mode_text_at(p->t, p->i, signs[k])) return false;
    if (nofunc && c == 'e') return false;
    for (size_t k = 0; nofunc && c == '\\' && functions[k]; k++) {
        char s[12] = "\\";
        strncat(s, functions[k], sizeof s - 2);
        if (at_word(p, s)) return false;
    }
    return !(nofunc && at_word(p, "\\sqrt"));
}

static bool plain_integer(const mode_expr *a) { return a->kind == MODE_NUM && !a->decimal && lem_grade_rat_is_int(a->q); }

/* Factors side by side, from the right; a whole number before a positive fraction is a mixed number. */
static mode_expr *parse_factors(parser *p, bool nofunc, int at) {
    mode_expr *a = parse_postfix(p, nofunc && at > 0);
    if (!a || !starts_operand(p, nofunc)) return a;
    if (!enter(p)) return NULL;
    mode_expr *b = parse_factors(p, nofunc, at + 1);
    p->depth--;
    if (!b) return NULL;
    bool rational = b->kind == MODE_NUM && !b->decimal && lem_grade_rat_sign(b->q) > 0;
    if (!plain_integer(a) || !rational) return lem_mode_op(p->w, MODE_MUL, a, b);
    mode_expr *r = lem_mode_int(p->w, 0);
    if (r) r->q = lem_grade_rat_add(p->w, a->q, b->q);
    return r && r->q ? r : NULL;
}

static mode_expr *negated(parser *p, mode_expr *a) {
    if (!a || a->kind != MODE_NUM) return lem_mode_neg(p->w, a);
    mode_expr *r = lem_mode_int(p->w, 0);
    if (r) r->q = lem_grade_rat_neg(p->w, a->q), r->decimal = a->decimal;
    return r && r->q ? r : NULL;
}

static mode_expr *parse_unary(parser *p, bool nofunc) {
    static const char *const plus[] = {"+", NULL}, *const minus[] = {"-", "−", NULL};
    bool negative = false;
    for (bool again = true; again;) {
        bool m = take_any(p, minus);
        negative ^= m;
        again = m || take_any(p, plus);
    }
    mode_expr *a = parse_factors(p, nofunc, 0);
    return negative ? negated(p, a) : a;
}

static mode_expr *parse_mp(parser *p, bool nofunc) {
    static const char *const times[] = {"*", "\\times", "\\cdot", "×", "⋅", "·", NULL}, *const over[] = {"/", "\\div", "÷", ":", NULL};
    mode_expr *a = parse_unary(p, nofunc);
    while (a && !p->w->limit) {
        if (take_any(p, times)) a = lem_mode_op(p->w, MODE_MUL, a, parse_unary(p, nofunc));
        else if (take_any(p, over)) a = fraction(p, a, parse_unary(p, nofunc));
        else break;
    }
    return a;
}

static mode_expr *parse_expr(parser *p) {
    static const char *const plus[] = {"+", NULL}, *const minus[] = {"-", "−", NULL};
    if (!enter(p)) return NULL;
    mode_expr *a = parse_mp(p, false);
    while (a && !p->w->limit) {
        if (take_any(p, plus)) a = lem_mode_op(p->w, MODE_ADD, a, parse_mp(p, false));
        else if (take_any(p, minus)) a = lem_mode_op(p->w, MODE_ADD, a, negated(p, parse_mp(p, false)));
        else break;
    }
    p->depth--;
    return a;
}

/* ---- matrices ---- */

static mv_value *parse_matrix(parser *p) {
    static const char *const kinds[] = {"pmatrix", "bmatrix", "matrix", "array"};
    size_t k = 0;
    char open[24], close[24];
    for (; k < 4; k++) {
        strcpy(open, "\\begin{");
        strcat(strcat(open, kinds[k]), "}");
        if (take(p, open)) break;
    }
    if (k == 4) return NULL;
    strcpy(close, "\\end{");
    strcat(strcat(close, kinds[k]), "}");
    if (k == 3 && take(p, "{"))
        while (p->i < p->t.n && p->t.s[p->i++] != '}') {}
    enum { MOST = 400 };
    mv_value *m = lem_mv_new(p->w, MV_MATRIX, MOST);
    uint32_t n = 0, col = 0;
    while (m && n < MOST) {
        m->kid[n] = lem_mv_expr(p->w, parse_expr(p));
        if (!m->kid[n++]) return NULL;
        col++;
        if (take(p, "&")) continue;
        bool row = take(p, "\\\\"), end = at_word(p, close);
        if ((!row && !end) || (m->cols && m->cols != col)) return NULL;
        m->cols = col;
        col = 0;
        if (end) break;
    }
    if (!m || !take(p, close)) return NULL;
    m->n = n;
    return m;
}

/* ---- sets ---- */

static bool same_value(const mv_value *a, const mv_value *b) {
    if (a->kind != b->kind || a->n != b->n || a->op != b->op || a->left_open != b->left_open || a->right_open != b->right_open) return false;
    if (a->kind == MV_EXPR) return lem_mode_same(a->e, b->e);
    for (uint32_t k = 0; k < a->n; k++)
        if (!same_value(a->kid[k], b->kid[k])) return false;
    return true;
}

bool lem_mv_set_add(grade_work *w, mv_value *set, mv_value *v) {
    for (uint32_t k = 0; k < set->n; k++)
        if (same_value(set->kid[k], v)) return true;
    if (!lem_grade_spend(w, 4 + set->n)) return false;
    set->kid[set->n++] = v;
    return true;
}

enum { MAX_PARTS = 256 };

typedef struct parts {
    mv_value *v[MAX_PARTS];
    uint32_t n, groups;
    bool plain; /* every group between semicolons has one part */
} parts;

static bool add_part(parts *out, mv_value *v) {
    if (!v || out->n >= MAX_PARTS) return false;
    out->v[out->n++] = v;
    return true;
}

/* a ± b is two parts. */
static int plus_minus(parser *p, parts *out) {
    static const char *const pm[] = {"\\pm", "\\mp", "±", "∓", NULL};
    parser saved = *p;
    mode_expr *a = take_any(p, pm) ? NULL : parse_expr(p), *b;
    if (p->i == saved.i || (a && !take_any(p, pm))) {
        p->i = saved.i;
        return 0;
    }
    if (!a && p->i == saved.i) return 0;
    b = parse_expr(p);
    if (!b) {
        p->i = saved.i;
        return 0;
    }
    mode_expr *x = a ? lem_mode_op(p->w, MODE_ADD, a, b) : negated(p, b), *y = a ? lem_mode_op(p->w, MODE_ADD, a, negated(p, b)) : b;
    return add_part(out, lem_mv_expr(p->w, x)) && add_part(out, lem_mv_expr(p->w, y)) ? 1 : -1;
}

static bool at_delimiter(parser *p) {
    return at_end(p) || at_word(p, ",") || at_word(p, ";") || at_word(p, ")") || at_word(p, "]") || at_word(p, "}") || at_word(p, "\\}") ||
           at_word(p, "\\rbrace");
}

static bool parse_parts(parser *p, bool relations, parts *out) {
    uint32_t before = 0;
    out->n = 0;
    out->groups = 1;
    out->plain = true;
    for (;;) {
        parser saved = *p;
        int pm = plus_minus(p, out);
        if (pm && !at_delimiter(p)) return false;
        if (pm < 0) return false;
        if (!pm) {
            *p = back(p, &saved);
            if (!add_part(out, parse_element(p, relations))) return false;
        }
        bool semi = at_word(p, ";");
        if (semi || !at_word(p, ",")) {
            out->plain &= out->n - before == 1;
            before = out->n;
        }
        out->groups += semi;
        if (!take(p, ",") && !take(p, ";")) return true;
    }
}

static mv_value *collect(grade_work *w, mv_kind kind, const parts *in) {
    mv_value *v = lem_mv_new(w, kind, in->n);
    if (!v) return NULL;
    if (kind == MV_TUPLE) memcpy(v->kid, in->v, in->n * sizeof *v->kid);
    else {
        v->n = 0;
        for (uint32_t k = 0; k < in->n; k++)
            if (!lem_mv_set_add(w, v, in->v[k])) return NULL;
    }
    return v;
}

/* The value of comma and semicolon lists: one part is itself. Groups of several parts between semicolons are tuples. */
static mv_value *list_value(grade_work *w, const parts *in) { return in->n == 1 ? in->v[0] : collect(w, MV_SET, in); }

/* -1, 0, 1 for numbers; 2 when that is not known. */
static int order(grade_work *w, const mv_value *a, const mv_value *b) {
    long double x, y, i, j;
    int s[2];
    const mv_value *v[2] = {a, b};
    for (int k = 0; k < 2; k++) { /* infinities */
        const mode_expr *e = v[k]->kind == MV_EXPR ? v[k]->e : NULL;
        bool minus = e && e->kind == MODE_MUL && e->kid[0]->kind == MODE_NUM && lem_grade_rat_is(e->kid[0]->q, -1);
        const mode_expr *o = minus ? e->kid[1] : e;
        s[k] = o && o->kind == MODE_CONST && lem_mode_text_is(o->name, "oo") ? (minus ? -1 : 1) : 0;
    }
    if (s[0] || s[1]) {
        if ((!s[0] && !lem_mode_is_free_of_symbols(a->e)) || (!s[1] && !lem_mode_is_free_of_symbols(b->e))) return 2;
        return s[0] < s[1] ? -1 : s[0] > s[1];
    }
    if (a->kind != MV_EXPR || b->kind != MV_EXPR || !lem_mode_value(w, a->e, &x, &i) || !lem_mode_value(w, b->e, &y, &j) || i != 0 || j != 0)
        return 2;
    if (lem_mode_compare(w, a->e, b->e, true) <= MODE_EQUAL_NUMERIC) return 0;
    return x < y ? -1 : 1;
}

static mv_value *parse_interval(parser *p) {
    static const char *const opens[] = {"(", "\\(", "\\lgroup", NULL}, *const shuts[] = {")", "\\)", "\\rgroup", NULL};
    bool open = take_any(p, opens);
    if (!open && !take(p, "[") && !take(p, "\\lbrack")) return NULL;
    mv_value *v = lem_mv_new(p->w, MV_INTERVAL, 2);
    if (!v || !(v->kid[0] = lem_mv_expr(p->w, parse_expr(p))) || !take(p, ",") || !(v->kid[1] = lem_mv_expr(p->w, parse_expr(p)))) return NULL;
    bool shut = take_any(p, shuts);
    if (!shut && !take(p, "]") && !take(p, "\\rbrack")) return NULL;
    v->left_open = open;
    v->right_open = shut;
    int o = order(p->w, v->kid[0], v->kid[1]);
    bool backwards = o == 1 || (o == 0 && open && shut);
    if (backwards && open == shut) v->kind = MV_TUPLE;
    else if (o == 1 || (o == 0 && (open || shut))) return lem_mv_new(p->w, MV_EMPTY, 0);
    else if (o == 0) v->kind = MV_SET, v->n = 1;
    return v;
}

static mv_value *parse_literal(parser *p) {
    static const struct {
        const char *s;
        char op;
    } sets[] = {{"\\mathbb{N}", 'N'}, {"\\mathbb{Z}", 'Z'},
                {"\\mathbb{Q}", 'Q'}, {"\\mathbb{R}", 'R'},
                {"\\mathbb{C}", 'C'}, {"ℝ", 'R'},
                {"ℤ", 'Z'},           {"ℕ", 'N'},
                {"\\emptyset", 0},    {"∅", 0},
                {"\\{\\}", 0},        {"{}", 0}};
    for (size_t k = 0; k < sizeof sets / sizeof *sets; k++)
        if (take(p, sets[k].s)) {
            mv_value *v = lem_mv_new(p->w, sets[k].op ? MV_NAMED : MV_EMPTY, 0);
            if (v) v->op = sets[k].op;
            return v;
        }
    return NULL;
}

static mv_value *parse_bracketed(parser *p, const char *open, const char *close, bool set) {
    parts *in = lem_grade_alloc(p->w, 1, sizeof *in);
    bool boxed = strcmp(open, "\\boxed{") == 0;
    if (!in || !take(p, open) || !parse_parts(p, true, in) || !take(p, close)) return NULL;
    if (boxed) return list_value(p->w, in);
    if (set) return collect(p->w, MV_SET, in);
    return in->n == 1 ? in->v[0] : collect(p->w, MV_TUPLE, in);
}

static mv_value *parse_set_atom(parser *p) {
    static const struct {
        const char *open, *close;
        bool set;
    } pairs[] = {{"(", ")", false}, {"[", "]", false}, {"{", "}", true}, {"\\{", "\\}", true}, {"\\boxed{", "}", true}};
    skip(p);
    if (p->dead[p->i] & 1 || !enter(p)) return NULL;
    parser saved = *p;
    mv_value *v = parse_interval(p);
    if (!v) *p = back(p, &saved), v = parse_literal(p);
    for (size_t k = 0; !v && !p->w->limit && k < sizeof pairs / sizeof *pairs; k++) {
        *p = back(p, &saved);
        if (at_word(p, pairs[k].open)) v = parse_bracketed(p, pairs[k].open, pairs[k].close, pairs[k].set);
    }
    p->depth--;
    if (!v) p->dead[saved.i] |= 1;
    return v;
}

/* ---- relations ---- */

static char relation_sign(parser *p) {
    static const struct {
        const char *s;
        char op;
    } signs[] = {{"<=", 'l'},    {">=", 'g'},         {"!=", '!'},      {"==", '='},       {"=", '='},    {"<", '<'},
                 {">", '>'},     {"\\leqslant", 'l'}, {"\\leq", 'l'},   {"\\le", 'l'},     {"≤", 'l'},    {"\\geqslant", 'g'},
                 {"\\geq", 'g'}, {"\\ge", 'g'},       {"≥", 'g'},       {"\\lt", '<'},     {"\\gt", '>'}, {"\\neq", '!'},
                 {"\\ne", '!'},  {"≠", '!'},          {"\\equiv", '='}, {"\\approx", '~'}, {"≈", '~'},    {"~=", '~'}};
    for (size_t k = 0; k < sizeof signs / sizeof *signs; k++)
        if (take(p, signs[k].s)) return signs[k].op;
    return 0;
}

static mv_value *relation(grade_work *w, char op, mv_value *a, mv_value *b) {
    mv_value *v = a && b ? lem_mv_new(w, MV_REL, 2) : NULL;
    if (!v) return NULL;
    v->op = op;
    v->kid[0] = a;
    v->kid[1] = b;
    return v;
}

static mv_value *parse_relation(parser *p) {
    enum { MOST = 16 };
    mv_value *chain[MOST], *last;
    uint32_t n = 0;
    mode_expr *e = parse_expr(p);
    if (!e) return NULL;
    last = lem_mv_expr(p->w, e);
    for (char op = relation_sign(p); op; op = relation_sign(p)) {
        mv_value *next = lem_mv_expr(p->w, parse_expr(p));
        if (!next || n == MOST) return NULL;
        if (op == '~') { /* an approximation is dropped, but "x ~ 3" is 3 */
            if (!n && last->e->kind == MODE_SYM) last = next;
            continue;
        }
        chain[n++] = relation(p->w, op, last, next);
        last = next;
    }
    if (n <= 1) return n ? chain[0] : last;
    mv_value *v = lem_mv_new(p->w, MV_AND, n);
    if (v) memcpy(v->kid, chain, n * sizeof *chain);
    return v;
}

static mv_value *parse_element(parser *p, bool relations) {
    parser saved = *p;
    mv_value *v = parse_set_atom(p);
    if (v && at_delimiter(p)) return v;
    *p = back(p, &saved);
    if (at_word(p, "\\begin")) {
        v = parse_matrix(p);
        return v && at_delimiter(p) ? v : NULL;
    }
    if (at_word(p, "(")) { /* a matrix in brackets is the matrix */
        p->i++;
        v = at_word(p, "\\begin") ? parse_matrix(p) : NULL;
        if (v && take(p, ")") && at_delimiter(p)) return v;
        *p = back(p, &saved);
    }
    return relations ? parse_relation(p) : lem_mv_expr(p->w, parse_expr(p));
}

/* x, (x, y): what may stand before "=" or "in". */
static mv_value *parse_names(parser *p) {
    if (!take(p, "(")) return lem_mv_expr(p->w, parse_name(p));
    parts in = {.n = 0};
    do {
        if (!add_part(&in, lem_mv_expr(p->w, parse_name(p)))) return NULL;
    } while (take(p, ","));
    if (!take(p, ")")) return NULL;
    return in.n == 1 ? in.v[0] : collect(p->w, MV_TUPLE, &in);
}

static mv_value *parse_minus(parser *p);

static mv_value *parse_intersection(parser *p, int level) {
    static const char *const ops[3][4] = {{"\\setminus", "∖", NULL}, {"\\cup", "∪", NULL}, {"\\cap", "∩", NULL}};
    static const mv_kind kinds[3] = {MV_MINUS, MV_UNION, MV_INTERSECTION};
    mv_value *a;
    if (level == 3) {
        parser saved = *p;
        a = parse_set_atom(p);
        if (a) return a;
        *p = back(p, &saved);
        return take(p, "(") && (a = parse_minus(p)) && take(p, ")") ? a : NULL;
    }
    a = parse_intersection(p, level + 1);
    while (a && take_any(p, ops[level])) {
        mv_value *b = parse_intersection(p, level + 1), *v = b ? lem_mv_new(p->w, kinds[level], 2) : NULL;
        if (!v) return NULL;
        if (a->kind == MV_TUPLE) a->kind = MV_SET;
        if (b->kind == MV_TUPLE) b->kind = MV_SET;
        v->kid[0] = a;
        v->kid[1] = b;
        a = v;
    }
    return a;
}

static mv_value *parse_minus(parser *p) {
    if (!enter(p)) return NULL;
    mv_value *v = parse_intersection(p, 0);
    p->depth--;
    return v;
}

/* 12,345 and 1,234.5 as a whole are numbers, not sets. */
static bool comma_number(mode_text t, mode_text *digits, grade_work *w) {
    size_t i = 0, k = 0;
    t = lem_mode_text_strip(t);
    if (i < t.n && t.s[i] == '-') i++;
    for (; i < t.n && lem_mode_is_digit(t.s[i]); i++) k++;
    if (k < 1 || k > 3 || i >= t.n || t.s[i] != ',') return false;
    while (i + 3 < t.n && t.s[i] == ',' && lem_mode_is_digit(t.s[i + 1]) && lem_mode_is_digit(t.s[i + 2]) && lem_mode_is_digit(t.s[i + 3])) i += 4;
    if (i + 1 < t.n && t.s[i] == '.' && lem_mode_is_digit(t.s[i + 1]))
        for (i++; i < t.n && lem_mode_is_digit(t.s[i]);) i++;
    *digits = lem_mode_text_replace(w, t, ",", "");
    return i == t.n;
}

static mv_value *parse_whole(grade_work *w, mode_text t, bool complex) {
    mode_text digits;
    parser p = {.w = w, .t = t, .complex = complex};
    parts *in = lem_grade_alloc(w, 1, sizeof *in);
    mv_value *names, *v;
    p.dead = lem_grade_alloc(w, t.n + 1, 1);
    if (!in || !p.dead) return NULL;
    if (comma_number(t, &digits, w)) {
        bool minus = digits.n && digits.s[0] == '-';
        mode_expr *e = lem_mode_num(w, minus ? lem_mode_text_cut(digits, 1, digits.n) : digits);
        return lem_mv_expr(w, minus ? negated(&p, e) : e);
    }
    names = parse_names(&p);
    if (names && (take(&p, "=") || take(&p, "\\in") || take(&p, "∈"))) {
        parser side = p;
        if (parse_parts(&p, false, in) && at_end(&p)) return relation(w, '=', names, list_value(w, in));
        p.i = side.i;
        if ((v = parse_minus(&p)) && at_end(&p)) return relation(w, '=', names, v);
    }
    p.i = 0;
    p.depth = 0;
    if (parse_parts(&p, true, in) && at_end(&p)) {
        if (in->n == 1 || in->groups == 1 || in->plain) return list_value(w, in);
        return collect(w, MV_SET, in);
    }
    p.i = 0;
    p.depth = 0;
    return (v = parse_minus(&p)) && at_end(&p) ? v : NULL;
}

/* Words that make the original treat every symbol as complex. */
static bool speaks_of_complex(mode_text t) {
    static const char *const words[] = {"\\mathbb{C}", "\\text{i}", "\\mathrm{i}", "\\imath", "\\det", "\\arg{", "\\Re{", "\\Im{"};
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (lem_mode_text_find(t, 0, words[k]) >= 0) return true;
    for (ptrdiff_t at = lem_mode_text_find(t, 0, "i"); at >= 0; at = lem_mode_text_find(t, (size_t)at + 1, "i")) {
        size_t i = (size_t)at;
        char a = i ? t.s[i - 1] : ' ', b = i + 1 < t.n ? t.s[i + 1] : ' ';
        bool before = lem_mode_is_letter(a) || lem_mode_is_digit(a) || a == '_' || (a & 0x80),
             after = lem_mode_is_letter(b) || lem_mode_is_digit(b) || b == '_' || (b & 0x80);
        if (!before && !after) return true;
    }
    return false;
}

mv_value *lem_mv_parse(grade_work *w, mode_text t) {
    mv_value *v = parse_whole(w, t, speaks_of_complex(t));
    if (v || w->limit || memchr(t.s, ',', t.n) || memchr(t.s, ';', t.n)) return v;
    size_t equals = 0, last = 0;
    for (size_t i = 0; i < t.n; i++)
        if (t.s[i] == '=' && !(i && strchr("\\<!>", t.s[i - 1]))) equals++, last = i + 1;
    if (equals < 2) return NULL;
    t = lem_mode_text_cut(t, last, t.n);
    return parse_whole(w, t, speaks_of_complex(t));
}
