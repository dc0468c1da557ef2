/* math_verify_atoms.c - names and numbers of the grammar of math_verify_parse.c */
#include "grade/compat/math_verify_grammar_priv.h"

#include <stdlib.h>

/* Names that the lexer keeps for functions: letters that spell one are no product. */
static const char *const reserved[] = {
    "arsinh", "arcsinh", "arcosh", "arccosh", "artanh",  "arctanh", "gcd",     "lcm",
    "floor",  "ceil",    "eye",    "zeros",   "ones",    "cols",    "rows",    "diag",
    "norm",   "rank",    "tr",     "rref",    "hstack",  "vstack",  "orth",    "nullspace",
    "eig",    "svd",     "SVD",    "matrix",  "pmatrix", "bmatrix", "vmatrix", NULL};

static const char *const greek[] = {
    "alpha",    "beta",  "gamma",    "Gamma",    "delta",   "Delta",   "epsilon", "varepsilon", "zeta",
    "eta",      "theta", "Theta",    "vartheta", "iota",    "kappa",   "lambda",  "Lambda",     "mu",
    "nu",       "xi",    "Xi",       "omicron",  "pi",      "Pi",      "varpi",   "rho",        "varrho",
    "sigma",    "Sigma", "varsigma", "tau",      "upsilon", "Upsilon", "phi",     "Phi",        "varphi",
    "chi",      "psi",   "Psi",      "omega",    "Omega",   "nabla",   "angle",   "imath",      "jmath",
    "triangle", "ell",   "hbar",     "prime",    "Im",      "Re",      "square",  "varnothing", "complement",
    "sharp",    "flat",  "partial",  NULL};
static const char *const greek_signs[][2] = {
    {"α", "alpha"},  {"β", "beta"},  {"γ", "gamma"}, {"δ", "delta"}, {"ε", "epsilon"}, {"θ", "theta"},
    {"λ", "lambda"}, {"μ", "mu"},    {"π", "pi"},    {"ρ", "rho"},   {"σ", "sigma"},   {"τ", "tau"},
    {"φ", "phi"},    {"ω", "omega"}, {"Δ", "Delta"}, {"Ω", "Omega"}, {"η", "eta"},     {"ξ", "xi"}};
static const char *const accents[] = {"\\acute",
                                      "\\bar",
                                      "\\overline",
                                      "\\dot",
                                      "\\ddot",
                                      "\\hat",
                                      "\\tilde",
                                      "\\widetilde",
                                      "\\vec",
                                      "\\overrightarrow",
                                      "\\bm",
                                      "\\boldsymbol",
                                      "\\textnormal",
                                      "\\textit",
                                      "\\textbf",
                                      "\\text",
                                      "\\mathbb",
                                      "\\mathbf",
                                      "\\mathcal",
                                      "\\mathfrak",
                                      "\\mathit",
                                      "\\mathrm",
                                      "\\mathscr",
                                      "\\mathsf",
                                      "\\mathtt",
                                      "\\mbox",
                                      NULL};

/* Lower case, marked when the text speaks of complex numbers: such symbols are others than the real ones. */
static mode_expr *symbol(mv_parser *p, mode_text name) {
    lem_buf b = {0};
    for (size_t i = 0; i < name.n; i++) {
        char c = name.s[i];
        if (c == ' ' || c == '{' || c == '}' || c == '\\') continue;
        lem_buf_putc(&b, c >= 'A' && c <= 'Z' ? (char)(c + 32) : c);
    }
    if (p->complex) lem_buf_putc(&b, '~');
    return lem_mode_sym(p->w, lem_mode_text_own(p->w, &b));
}

static mode_expr *named(mv_parser *p, mode_text name) {
    if (lem_mode_text_is(name, "pi")) return lem_mode_const(p->w, "pi");
    if (lem_mode_text_is(name, "gamma") || lem_mode_text_is(name, "Gamma"))
        return lem_mode_const(p->w, "gamma");
    return symbol(p, name);
}

/* What stands before the content of an accent's braces in its name. */
static const char *accent_label(const char *accent) {
    static const char *const labels[][2] = {{"text", ""},
                                            {"mbox", ""},
                                            {"overline", "bar:"},
                                            {"bar", "bar:"},
                                            {"overrightarrow", "vec:"},
                                            {"vec", "vec:"},
                                            {"tilde", "tilde:"},
                                            {"math", "math:"}};
    for (size_t k = 0; k < sizeof labels / sizeof *labels; k++)
        if (strstr(accent, labels[k][0])) return labels[k][1];
    return accent + 1;
}

/* \text{…}, \overline{…}: the command and its content make a name; \text is no part of it. */
static bool accent_name(mv_parser *p, lem_buf *b) {
    for (size_t k = 0; accents[k]; k++) {
        mv_parser ahead = *p;
        if (!lem_mv_take(&ahead, accents[k]) || lem_mv_here(&ahead) != '{') continue;
        const char *close = memchr(p->t.s + ahead.i, '}', p->t.n - ahead.i),
                   *label = accent_label(accents[k]);
        if (!close) return false;
        lem_buf_puts(b, label);
        for (const char *s = p->t.s + ahead.i + 1; s < close; s++)
            if (*label || (*s != '(' && *s != ')')) lem_buf_putc(b, *s);
        p->i = (size_t)(close - p->t.s) + 1;
        return true;
    }
    return false;
}

bool lem_mv_at_reserved(mv_parser *p) {
    for (size_t k = 0; reserved[k]; k++)
        if (lem_mode_text_at(p->t, p->i, reserved[k])) return true;
    return false;
}

/* A letter, Greek letter or accented name, without scripts; false when none stands here. `i_unit`: it was a
 * capital I. */
bool lem_mv_atom_name(mv_parser *p, lem_buf *b, bool *is_letter) {
    char c = lem_mv_here(p);
    *is_letter = false;
    if (lem_mode_is_letter(c)) {
        if (c == 'e' || c == 'E' || lem_mv_at_reserved(p)) return false;
        if (c == 'd') { /* a differential is another token */
            mv_parser ahead = *p;
            ahead.i++;
            if (lem_mode_is_letter(lem_mv_here(&ahead)) && lem_mv_here(&ahead)) return false;
        }
        *is_letter = true;
        lem_buf_putc(b, c);
        p->i++;
        return true;
    }
    if (c == '\\') {
        size_t end = p->i + lem_mv_command_at(p);
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
bool lem_mv_subscript(mv_parser *p, lem_buf *b) {
    size_t from;
    if (!lem_mv_take(p, "_")) return false;
    lem_mv_skip(p);
    from = p->i;
    if (lem_mv_take(p, "{")) {
        do {
            if (!p->expr(p)) return false;
        } while (lem_mv_take(p, ","));
        if (!lem_mv_take(p, "}")) return false;
    } else if (!lem_mv_read_atom(p)) return false;
    lem_buf_putc(b, '_');
    for (size_t i = from; i < p->i; i++)
        if (!strchr(" {}", p->t.s[i])) lem_buf_putc(b, p->t.s[i]);
    return true;
}

bool lem_mv_is_percent(const mode_expr *e) {
    return e->kind == MODE_MUL && e->kid[1]->kind == MODE_NUM && lem_mode_text_is(e->kid[1]->name, "%");
}

mode_expr *lem_mv_percent(lem_work *w, mode_expr *e) {
    mode_expr *h = lem_mode_int(w, 1);
    if (!h || !e) return NULL;
    h->q = lem_rat_div(w, h->q, lem_mode_int(w, 100) ? lem_rat_int(w, 100) : NULL);
    h->name = lem_mode_text("%", 1);
    return h->q ? lem_mode_op(w, MODE_MUL, e, h) : NULL;
}

mode_expr *lem_mv_superscript(mv_parser *p) {
    if (lem_mv_take(p, "{")) {
        p->bare = false;
        mode_expr *e = p->expr(p);
        return e && lem_mv_take(p, "}") ? e : NULL;
    }
    return lem_mv_read_atom(p);
}

mode_expr *lem_mv_read_name(mv_parser *p) {
    lem_buf b = {0};
    bool letter, scripts = false;
    size_t from = p->i;
    if (!lem_mv_atom_name(p, &b, &letter)) {
        lem_buf_release(&b);
        p->i = from;
        return NULL;
    }
    bool unit = letter && b.len == 1 && b.data[0] == 'I';
    if (lem_mv_at_word(p, "_")) {
        mv_parser saved = *p;
        lem_buf s = {0};
        if (lem_mv_subscript(p, &s)) lem_buf_add(&b, lem_buf_str(&s), s.len), scripts = true;
        else p->i = saved.i;
        lem_buf_release(&s);
    }
    mode_text name = lem_mode_text_own(p->w, &b);
    return unit && !scripts ? lem_mode_const(p->w, "i") : named(p, name);
}

static bool digit_at(const mv_parser *p, size_t i) { return i < p->t.n && lem_mode_is_digit(p->t.s[i]); }
static bool char_at(const mv_parser *p, size_t i, char c) { return i < p->t.n && p->t.s[i] == c; }

static size_t digits_end(const mv_parser *p, size_t i) {
    while (digit_at(p, i)) i++;
    return i;
}

/* The end of the number at i, or i where there is none: 12, 1.5, .5, 1.5E-3. */
static size_t number_end(const mv_parser *p, size_t from) {
    size_t i = digits_end(p, from);
    if (char_at(p, i, '.') && digit_at(p, i + 1)) i = digits_end(p, i + 1);
    if (i == from || !char_at(p, i, 'E')) return i;
    const size_t e = i + 1 + (char_at(p, i + 1, '+') || char_at(p, i + 1, '-') || char_at(p, i + 1, '\0'));
    return digit_at(p, e) ? digits_end(p, e) : i;
}

static mode_expr *parse_number(mv_parser *p) {
    const size_t end = number_end(p, p->i);
    if (end == p->i) return NULL;
    mode_expr *a = lem_mode_num(p->w, lem_mode_text_cut(p->t, p->i, end));
    p->i = end;
    const size_t blank = end + char_at(p, end, ' ');
    if (lem_mode_text_at(p->t, blank, "\\%") || lem_mode_text_at(p->t, blank, "%")) {
        p->i = blank + (p->t.s[blank] == '%' ? 1 : 2);
        return lem_mv_percent(p->w, a);
    }
    lem_buf ignored = {0}; /* the base of a number is dropped */
    if (!p->bare && lem_mv_at_word(p, "_") && !lem_mv_subscript(p, &ignored)) p->i = end;
    lem_buf_release(&ignored);
    return a;
}

static mode_expr *parse_differential(mv_parser *p) {
    size_t from = p->i, k = from + 1;
    while (k < p->t.n && p->t.s[k] == ' ') k++;
    if (k >= p->t.n || !lem_mode_is_letter(p->t.s[k])) return NULL;
    char name[3] = {'d', p->t.s[k], '\0'};
    p->i = k + 1;
    return symbol(p, lem_mode_text(lem_work_strndup(p->w, name, 2), 2));
}

/* What may stand as an exponent or subscript without braces. */
/* The exponent of a name: what follows as a subscript is the name's, not the number's. */
static mode_expr *name_power(mv_parser *p) {
    p->bare = true;
    mode_expr *e = lem_mv_superscript(p);
    p->bare = false;
    return e;
}

static mode_expr *parse_atom_here(mv_parser *p);

mode_expr *lem_mv_read_atom(mv_parser *p) {
    if (!lem_mv_enter(p)) return NULL;
    mode_expr *a = parse_atom_here(p);
    p->depth--;
    return a;
}

/* A name takes its power with it, also inside an exponent. */
static mode_expr *named_power(mv_parser *p, mode_expr *a) {
    mv_parser saved = *p;
    p->i++;
    mode_expr *e = name_power(p);
    if (!e) {
        *p = saved;
        return a;
    }
    lem_buf name = {0};
    if (a->kind == MODE_SYM) lem_buf_add(&name, a->name.s, a->name.n - p->complex);
    bool scripted = lem_mv_at_word(p, "_") && lem_mv_subscript(p, &name); /* x^2_1 is the square of x_1 */
    if (scripted && a->kind == MODE_SYM) a = symbol(p, lem_mode_text_of(p->w, &name));
    lem_buf_release(&name);
    return lem_mode_op(p->w, MODE_POW, a, e);
}

static mode_expr *parse_atom_here(mv_parser *p) {
    static const char *const percent[] = {"\\%", "%", NULL};
    char c = lem_mv_here(p);
    if (lem_mode_is_digit(c) || c == '.') return parse_number(p);
    if (lem_mv_take(p, "\\infty")) return (void)lem_mv_take_any(p, percent), lem_mode_const(p->w, "oo");
    if (c == 'E') return p->i++, symbol(p, lem_mode_text("e", 1));
    if (c == 'd' && !lem_mv_at_reserved(p)) {
        mode_expr *d = parse_differential(p);
        if (d) return d;
    }
    mode_expr *a = lem_mv_read_name(p);
    return a && lem_mv_at_word(p, "^") ? named_power(p, a) : a;
}
