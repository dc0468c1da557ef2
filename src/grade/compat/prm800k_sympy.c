/* prm800k_sympy.c - plain text as sympy's parse_expr reads it with implicit multiplication: Python
 * arithmetic, names split into letters */
#include "grade/compat/prm800k_priv.h"

typedef struct parser {
    lem_work *w;
    mode_text t;
    size_t i;
    size_t split_end; /* the letters up to here are one name, read one by one */
    int depth, nodes;
} parser;

static mode_expr *parse_sum(parser *p);

static char at(const parser *p, size_t k) { return p->i + k < p->t.n ? p->t.s[p->i + k] : '\0'; }
static bool name_char(char c) { return lem_mode_is_letter(c) || c == '_' || ((unsigned char)c & 0x80); }
static bool power_sign(const parser *p) { return at(p, 0) == '^' || (at(p, 0) == '*' && at(p, 1) == '*'); }

/* Bytes of a letter beyond ASCII. Signs such as ≤ and ± are no part of a Python name. */
static bool foreign_letter(mode_text t, size_t i) {
    unsigned char a = (unsigned char)t.s[i], b = i + 1 < t.n ? (unsigned char)t.s[i + 1] : 0;
    return (a == 0xc3 && b != 0x97 && b != 0xb7) || (a >= 0xc4 && a <= 0xcf) || (a >= 0xd0 && a <= 0xdf) ||
           (a >= 0xe3 && a <= 0xed) || a == 0xf0 || (a == 0xe2 && b == 0x84);
}

/* e, E in front of an exponent. */
static bool at_exponent(const parser *p) {
    char c = at(p, 0), n = at(p, 1);
    if (c != 'e' && c != 'E') return false;
    return lem_mode_is_digit(n) || ((n == '-' || n == '+') && lem_mode_is_digit(at(p, 2)));
}

/* A single underscore between digits. */
static bool at_underscore(const parser *p, size_t from) {
    return at(p, 0) == '_' && p->i > from && lem_mode_is_digit(at(p, 1)) &&
           lem_mode_is_digit(p->t.s[p->i - 1]);
}

/* Appends a number's characters; *whole: there is no point and no exponent among them. */
static void number_text(parser *p, lem_buf *b, bool *whole) {
    bool point = false, e = false;
    for (size_t from = p->i; p->i < p->t.n; p->i++) {
        char c = at(p, 0);
        if (at_underscore(p, from)) continue;
        if (lem_mode_is_digit(c)) lem_buf_putc(b, c);
        else if (c == '.' && !point && !e) point = true, lem_buf_putc(b, c);
        else if (!e && p->i > from && at_exponent(p)) {
            e = true;
            lem_buf_putc(b, 'e');
            if (!lem_mode_is_digit(at(p, 1))) lem_buf_putc(b, at(p, 1)), p->i++;
        } else break;
    }
    *whole = !point && !e;
}

/* 12, 1.5, .5, 5., 1e3, 1_000, 3j */
static mode_expr *parse_number(parser *p) {
    lem_buf b = {0};
    bool whole;
    size_t from = p->i;
    number_text(p, &b, &whole);
    mode_text t = lem_mode_text_own(p->w, &b);
    size_t zeros = 0;
    while (zeros < t.n && t.s[zeros] == '0') zeros++;
    if (t.n > 1 && zeros && zeros < t.n && whole) { /* Python's tokens of 007 are 00 and 7 */
        p->i = from + zeros;
        return lem_mode_int(p->w, 0);
    }
    mode_expr *a = lem_mode_num(p->w, t);
    if (at(p, 0) != 'j' || name_char(at(p, 1))) return a;
    p->i++;
    return lem_mode_op(p->w, MODE_MUL, a, lem_mode_const(p->w, "i"));
}

static mode_expr *parse_call(parser *p, mode_text name) {
    p->i++;
    mode_expr *a = parse_sum(p), *rest = NULL;
    while (a && at(p, 0) == ',') {
        p->i++;
        mode_expr *b = parse_sum(p);
        rest = b ? lem_mode_fn(p->w, lem_mode_text(",", 1), b, rest) : NULL;
        if (!rest) return NULL;
    }
    if (!a || at(p, 0) != ')') return NULL;
    p->i++;
    if (lem_mode_text_is(name, "sqrt")) return rest ? NULL : lem_mode_sqrt(p->w, a);
    if (lem_mode_text_is(name, "ln")) return lem_mode_fn(p->w, lem_mode_text("log", 3), a, rest);
    lem_buf b = {0};
    lem_buf_putc(&b, '\'');
    lem_buf_add(&b, name.s, name.n);
    return lem_mode_fn(p->w, lem_mode_text_own(p->w, &b), a, rest);
}

static bool is_among(const char *const *names, mode_text name) {
    while (*names && !lem_mode_text_is(name, *names)) names++;
    return *names != NULL;
}

/* A name: pi, a sympy function before (, a Greek name, else its letters and digits one by one, of which this
 * returns the first. */
static mode_expr *parse_name(parser *p) {
    static const char *const whole[] = {"mu", "nu", "xi", "eta", "rho", "tau", "phi", "chi", "psi", NULL};
    static const char *const objects[] = {"sqrt", "ln", "re",  "im",  "ff",  "rf",  "li", "fu",
                                          "jn",   "yn", "eye", "gff", "fft", "ntt", NULL};
    static const char *const infinite[] = {"oo", "zoo", "nan", NULL};
    if (p->i < p->split_end && name_char(at(p, 0))) {
        size_t n = lem_mode_text_char(p->t, p->i);
        p->i += n;
        return lem_mode_sym(p->w, lem_mode_text_cut(p->t, p->i - n, p->i));
    }
    size_t end = p->i;
    while (end < p->t.n && (name_char(p->t.s[end]) || lem_mode_is_digit(p->t.s[end]))) {
        if (((unsigned char)p->t.s[end] & 0xc0) == 0xc0 && !foreign_letter(p->t, end)) return NULL;
        end++;
    }
    mode_text name = lem_mode_text_cut(p->t, p->i, end);
    bool call = end < p->t.n && p->t.s[end] == '(', split = !memchr(name.s, '_', name.n);
    if (lem_mode_text_is(name, "pi")) return p->i = end, lem_mode_const(p->w, "pi");
    if (is_among(infinite, name)) return p->i = end, lem_mode_const(p->w, "oo");
    if (is_among(objects, name)) return p->i = end, call ? parse_call(p, name) : NULL;
    if (!split || is_among(whole, name)) return p->i = end, lem_mode_sym(p->w, name);
    size_t n = lem_mode_text_char(name, 0);
    mode_text first = lem_mode_text_cut(name, 0, n);
    p->i += n;
    p->split_end = end;
    return lem_mode_sym(p->w, first); /* the rest is read next: x2 is x*2, f(x) is f*x */
}

static mode_expr *parse_atom(parser *p) {
    char c = at(p, 0);
    if (++p->nodes > MODE_MAX_NODES / 4 || p->depth > MODE_MAX_DEPTH) {
        p->w->limit = true;
        return NULL;
    }
    if (lem_mode_is_digit(c) || (c == '.' && lem_mode_is_digit(at(p, 1)))) return parse_number(p);
    if (name_char(c)) return parse_name(p);
    if (c != '(') return NULL;
    p->i++;
    mode_expr *a = parse_sum(p);
    if (!a || at(p, 0) != ')') return NULL;
    p->i++;
    return a;
}

static mode_expr *parse_factor(parser *p) {
    char c = at(p, 0);
    if (c == '+' || c == '-') {
        p->i++;
        if (++p->depth > MODE_MAX_DEPTH) return NULL;
        mode_expr *a = parse_factor(p);
        p->depth--;
        return c == '-' ? lem_mode_neg(p->w, a) : a;
    }
    mode_expr *a = parse_atom(p);
    while (a && at(p, 0) == '!' && at(p, 1) != '=')
        p->i++, a = lem_mode_fn(p->w, lem_mode_text("factorial", 9), a, NULL);
    if (!a || !power_sign(p)) return a;
    p->i += at(p, 0) == '^' ? 1 : 2;
    if (++p->depth > MODE_MAX_DEPTH) return NULL;
    mode_expr *e = parse_factor(p);
    p->depth--;
    return lem_mode_op(p->w, MODE_POW, a, e);
}

static bool starts_atom(const parser *p) {
    char c = at(p, 0);
    return lem_mode_is_digit(c) || name_char(c) || c == '(' || (c == '.' && lem_mode_is_digit(at(p, 1)));
}

static mode_expr *parse_product(parser *p) {
    mode_expr *a = parse_factor(p);
    while (a && !p->w->limit) {
        char c = at(p, 0);
        if (c == '*' || c == '/') {
            p->i++;
            mode_expr *b = parse_factor(p);
            a = c == '/' ? lem_mode_div(p->w, a, b) : lem_mode_op(p->w, MODE_MUL, a, b);
        } else if (starts_atom(p)) a = lem_mode_op(p->w, MODE_MUL, a, parse_factor(p));
        else break;
    }
    return a;
}

static mode_expr *parse_sum(parser *p) {
    if (++p->depth > MODE_MAX_DEPTH) {
        p->w->limit = true;
        return NULL;
    }
    mode_expr *a = parse_product(p);
    while (a && (at(p, 0) == '+' || at(p, 0) == '-')) {
        bool minus = at(p, 0) == '-';
        p->i++;
        mode_expr *b = parse_product(p);
        a = lem_mode_op(p->w, MODE_ADD, a, minus ? lem_mode_neg(p->w, b) : b);
    }
    p->depth--;
    return a;
}

mode_expr *lem_prm800k_parse(lem_work *w, mode_text t) {
    parser p = {.w = w, .t = t};
    mode_expr *a = parse_sum(&p);
    return a && p.i == t.n && !w->limit ? a : NULL;
}
