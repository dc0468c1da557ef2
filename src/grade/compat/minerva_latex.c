/* minerva_latex.c - recursive descent over the grammar of sympy's parse_latex */
#include "grade/compat/minerva_latex_priv.h"

typedef enum tok_kind {
    T_END,
    T_BAD,
    T_LETTER,
    T_SYMBOL, /* \name without the backslash */
    T_DIGIT,
    T_DIFFERENTIAL, /* text: the variable behind d */
    T_FUNC,         /* \sin … */
    T_FRAC,
    T_BINOM,
    T_SQRT,
    T_OVERLINE,
    T_MATHIT,
    T_HEAVY, /* \sum, \int, \prod, \lim: read by the original, not by us */
    T_CHAR /* ( ) [ ] { } + - * / | _ ^ ! ' , .  and  L R \{ \}   < relation   f F c C floor, ceil   k others
            */
} tok_kind;

typedef struct tok {
    tok_kind kind;
    char c;
    mode_text text;
} tok;

typedef struct parser {
    lem_work *w;
    mode_text t;
    size_t at, i; /* cur is [at, i) */
    tok cur;
    int depth, nodes, abs;
    size_t dead; /* behind a ( at which a call has failed */
    bool fatal;  /* a character that is no token, or a limit */
} parser;

static mode_expr *parse_expr(parser *p);
static mode_expr *parse_mp(parser *p, bool nofunc);
static mode_expr *parse_atom(parser *p);
static bool starts_postfix(parser *p, bool nofunc);

static bool in(const char *const *list, mode_text t) {
    for (size_t k = 0; list[k]; k++)
        if (lem_mode_text_is(t, list[k])) return true;
    return false;
}

static const char *const skipped[] = {"thinspace",    "medspace",    "thickspace",    "quad",  "qquad",
                                      "negthinspace", "negmedspace", "negthickspace", "left",  "right",
                                      "vrule",        "vcenter",     "vbox",          "vskip", "vspace",
                                      "hfil",         NULL};
static const char *const functions[] = {"exp",    "log",    "lg",     "ln",     "sin",    "cos",
                                        "tan",    "csc",    "sec",    "cot",    "arcsin", "arccos",
                                        "arctan", "arccsc", "arcsec", "arccot", "sinh",   "cosh",
                                        "tanh",   "arsinh", "arcosh", "artanh", NULL};
static const char *const fractions[] = {"frac", "dfrac", "tfrac", NULL};
static const char *const binomials[] = {"binom", "dbinom", "tbinom", NULL};
static const char *const heavy[] = {"lim", "int", "sum", "prod", NULL};
static const char *const others[] = {"langle",         "rangle",         "to", "rightarrow", "Rightarrow",
                                     "longrightarrow", "Longrightarrow", NULL};
static const char *const relations[] = {"neq", "leq", "le",   "leqq",     "leqslant",
                                        "geq", "ge",  "geqq", "geqslant", NULL};

static tok character(char c) { return (tok){T_CHAR, c, {"", 0}}; }

static tok command(mode_text name) {
    static const struct {
        const char *name;
        char c;
    } ops[] = {{"times", '*'},  {"cdot", '*'},  {"div", '/'},  {"lfloor", 'f'},
               {"rfloor", 'F'}, {"lceil", 'c'}, {"rceil", 'C'}};
    for (size_t k = 0; k < sizeof ops / sizeof *ops; k++)
        if (lem_mode_text_is(name, ops[k].name)) return character(ops[k].c);
    if (in(relations, name)) return character('<');
    if (in(others, name)) return character('k');
    tok_kind kind = in(functions, name)                  ? T_FUNC
                    : in(fractions, name)                ? T_FRAC
                    : in(binomials, name)                ? T_BINOM
                    : in(heavy, name)                    ? T_HEAVY
                    : lem_mode_text_is(name, "sqrt")     ? T_SQRT
                    : lem_mode_text_is(name, "overline") ? T_OVERLINE
                    : lem_mode_text_is(name, "mathit")   ? T_MATHIT
                                                         : T_SYMBOL;
    return (tok){kind, 0, name};
}

static size_t letters(mode_text t, size_t i) {
    size_t k = i;
    while (k < t.n && lem_mode_is_letter(t.s[k])) k++;
    return k;
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/* d and a variable: one token, wherever it stands. */
static bool differential(parser *p, tok *out) {
    size_t k = p->i + 1;
    while (k < p->t.n && is_blank(p->t.s[k])) k++;
    if (k >= p->t.n) return false;
    bool slash = p->t.s[k] == '\\';
    size_t end = slash ? letters(p->t, k + 1) : k + lem_mode_is_letter(p->t.s[k]);
    if (end <= k + slash) return false;
    *out = (tok){T_DIFFERENTIAL, 0, lem_mode_text_cut(p->t, k + slash, end)};
    p->i = end;
    return true;
}

/* A character that begins no command. */
static tok lex_character(parser *p, char c) {
    tok d;
    if (c == 'd' && differential(p, &d)) return d;
    p->i++;
    if (lem_mode_is_digit(c)) return (tok){T_DIGIT, c, lem_mode_text_cut(p->t, p->at, p->i)};
    if (lem_mode_is_letter(c)) return (tok){T_LETTER, c, lem_mode_text_cut(p->t, p->at, p->i)};
    if (c == ':') return character('/');
    if (c == '=' || c == '>') return character('<');
    return c && strchr("+-*/()[]{}|_^!',.<", c) ? character(c) : (tok){T_BAD, c, {"", 0}};
}

/* \name or \ and a sign; false for one that is white space. */
static bool lex_command(parser *p, tok *out) {
    size_t end = letters(p->t, p->i + 1);
    mode_text name = lem_mode_text_cut(p->t, p->i + 1, end);
    if (name.n) {
        p->i = end;
        bool side = lem_mode_text_is(name, "left") || lem_mode_text_is(name, "right");
        if (side && p->i < p->t.n && p->t.s[p->i] == '|') { /* \left| is one token, of kets */
            p->i++;
            return *out = character('k'), true;
        }
        return *out = command(name), !in(skipped, name);
    }
    char n = p->i + 1 < p->t.n ? p->t.s[p->i + 1] : 0;
    p->i += 2;
    *out = (tok){T_BAD, n, {"", 0}};
    if (n == '{') *out = character('L');
    if (n == '}') *out = character('R');
    return !n || !strchr(",:;!*-./\"(=", n);
}

static tok lex(parser *p) {
    tok k;
    for (;;) {
        while (p->i < p->t.n && is_blank(p->t.s[p->i])) p->i++;
        if (p->i >= p->t.n) break;
        p->at = p->i;
        char c = p->t.s[p->i];
        if (c != '\\') return lex_character(p, c);
        if (lex_command(p, &k)) return k;
    }
    p->at = p->t.n;
    return (tok){T_END, 0, {"", 0}};
}

/* ANTLR predicts: a loop goes on only if what follows can be read to its end; so a failed continuation is
 * taken back. */
static void take_back(parser *p, const parser *saved) {
    parser now = *p;
    *p = *saved;
    p->nodes = now.nodes;
    p->fatal = now.fatal;
    p->dead = now.dead;
}

static void next(parser *p) {
    p->cur = lex(p);
    if (p->cur.kind == T_BAD || p->cur.kind == T_HEAVY) p->fatal = true;
    if (++p->nodes > MODE_MAX_NODES / 2) p->w->limit = p->fatal = true;
}

static bool is(parser *p, char c) { return p->cur.kind == T_CHAR && p->cur.c == c; }
static bool take(parser *p, char c) {
    if (!is(p, c)) return false;
    next(p);
    return true;
}

static mode_expr *between(parser *p, char close) {
    int saved = p->abs;
    p->abs = 0;
    next(p);
    mode_expr *a = parse_expr(p);
    p->abs = saved;
    return a && take(p, close) ? a : NULL;
}

static mode_expr *braces(parser *p) { return is(p, '{') ? between(p, '}') : NULL; }

static void add_digits(parser *p, lem_buf *b) {
    while (p->cur.kind == T_DIGIT) lem_buf_putc(b, p->cur.c), next(p);
}

/* A comma and three digits. */
static bool add_group(parser *p, lem_buf *b) {
    parser ahead = *p;
    int k = 0;
    if (!is(p, ',')) return false;
    for (next(&ahead); k < 3 && ahead.cur.kind == T_DIGIT; k++) next(&ahead);
    if (k < 3) return false;
    next(p);
    for (k = 0; k < 3; k++) lem_buf_putc(b, p->cur.c), next(p);
    return true;
}

/* Digits, with groups of a comma and three digits, and a fraction. White space between digits does not count.
 */
static mode_expr *parse_number(parser *p) {
    lem_buf b = {0};
    add_digits(p, &b);
    while (add_group(p, &b)) {}
    if (is(p, '.')) {
        parser ahead = *p;
        next(&ahead);
        if (ahead.cur.kind != T_DIGIT) {
            lem_buf_release(&b);
            return NULL;
        }
        lem_buf_putc(&b, '.');
        next(p);
        add_digits(p, &b);
    }
    mode_text t = lem_mode_text_own(p->w, &b);
    size_t zeros = 0;
    while (zeros < t.n && t.s[zeros] == '0') zeros++;
    bool refused = t.n > 1 && zeros && zeros < t.n && !memchr(t.s, '.', t.n); /* Python has no 007 */
    if (refused) p->fatal = true;
    return refused ? NULL : lem_mode_num(p->w, t);
}

/* _a, _{…}: the text of the subscript, blanks and braces left out, is part of the name. */
static bool subscript(parser *p, mode_text *out) {
    size_t from = p->i;
    next(p);
    if (!(is(p, '{') ? between(p, '}') : parse_atom(p))) return false;
    lem_buf b = {0};
    for (size_t i = from; i < p->at; i++)
        if (!strchr(" {}\t\n", p->t.s[i])) lem_buf_putc(&b, p->t.s[i]);
    *out = lem_mode_text_own(p->w, &b);
    return true;
}

/* (a, b, …) behind a name. Free functions are named apart from known ones. */
static mode_expr *parse_call(parser *p, mode_text name) {
    mode_expr *args[8] = {NULL}, *rest = NULL;
    int n = 0;
    next(p);
    do {
        if (n == 8 || !(args[n++] = parse_expr(p))) return NULL;
    } while (take(p, ','));
    if (!take(p, ')')) return NULL;
    for (int k = n - 1; k > 0; k--) rest = lem_mode_fn(p->w, lem_mode_text(",", 1), args[k], rest);
    lem_buf b = {0};
    lem_buf_putc(&b, '\'');
    lem_buf_add(&b, name.s, name.n);
    return lem_mode_fn(p->w, lem_mode_text_own(p->w, &b), args[0], rest);
}

/* A letter or \symbol with subscript and primes; followed by ( it is a function of its arguments. */
static mode_expr *parse_name(parser *p, bool may_call) {
    lem_buf b = {0};
    bool infinite = p->cur.kind == T_SYMBOL && lem_mode_text_is(p->cur.text, "infty");
    lem_buf_add(&b, p->cur.text.s, p->cur.text.n);
    next(p);
    for (int k = 0; k < 2; k++) {
        while (is(p, '\'')) lem_buf_putc(&b, '\''), next(p);
        mode_text sub;
        if (is(p, '_')) {
            if (!subscript(p, &sub)) {
                lem_buf_release(&b);
                return NULL;
            }
            lem_buf_putc(&b, '_');
            lem_buf_add(&b, sub.s, sub.n);
        }
    }
    mode_text name = lem_mode_text_own(p->w, &b);
    if (may_call && is(p, '(')) {
        parser saved = *p;
        mode_expr *call = parse_call(p, name);
        if (call || p->fatal) return call;
        take_back(p, &saved);
        p->dead = p->i;
    }
    return infinite ? lem_mode_const(p->w, "oo") : lem_mode_sym(p->w, name);
}

static mode_expr *parse_part(parser *p) {
    if (p->cur.kind == T_DIGIT) {
        mode_expr *a = lem_mode_num(p->w, p->cur.text);
        next(p);
        return a;
    }
    return braces(p);
}

static mode_expr *parse_mathit(parser *p) {
    next(p);
    if (!is(p, '{')) return NULL;
    lem_buf b = {0};
    for (next(p); p->cur.kind == T_LETTER; next(p)) lem_buf_putc(&b, p->cur.c);
    mode_text name = lem_mode_text_own(p->w, &b);
    return take(p, '}') ? lem_mode_sym(p->w, name) : NULL;
}

static mode_expr *parse_atom(parser *p) {
    switch (p->cur.kind) {
    case T_LETTER:
    case T_SYMBOL: return parse_name(p, false);
    case T_DIGIT: return parse_number(p);
    case T_MATHIT: return parse_mathit(p);
    case T_DIFFERENTIAL: {
        lem_buf b = {0};
        lem_buf_putc(&b, 'd');
        lem_buf_add(&b, p->cur.text.s, p->cur.text.n);
        next(p);
        return lem_mode_sym(p->w, lem_mode_text_own(p->w, &b));
    }
    case T_FRAC: {
        next(p);
        mode_expr *a = parse_part(p);
        return a ? lem_mode_div(p->w, a, parse_part(p)) : NULL;
    }
    case T_BINOM: {
        next(p);
        mode_expr *a = braces(p), *b = a ? braces(p) : NULL;
        return b ? lem_mode_fn(p->w, lem_mode_text("binomial", 8), a, b) : NULL;
    }
    default: return NULL;
    }
}

/* ^ and an atom or a braced expression, as exponents and limits of functions have them. */
static mode_expr *parse_script(parser *p) {
    next(p);
    mode_expr *a = is(p, '{') ? braces(p) : parse_atom(p);
    mode_text ignored;
    if (a && is(p, '_') && !subscript(p, &ignored)) return NULL;
    return a;
}

/* \log_28 is the logarithm of 8: when digits leave no argument, the last one is the argument. */
static mode_expr *parse_function_script(parser *p) {
    parser saved = *p;
    mode_expr *a = parse_script(p);
    if (a && (is(p, '(') || is(p, '_') || is(p, '^') || is(p, '-') || is(p, '+') || starts_postfix(p, false)))
        return a;
    int digits = 0;
    take_back(p, &saved);
    for (next(p); p->cur.kind == T_DIGIT; next(p)) digits++;
    take_back(p, &saved);
    if (digits < 2) return a ? parse_script(p) : NULL;
    lem_buf b = {0};
    for (next(p); digits > 1; digits--, next(p)) lem_buf_putc(&b, p->cur.c);
    return lem_mode_num(p->w, lem_mode_text_own(p->w, &b));
}

static mode_text plain_name(mode_text name) {
    static const struct {
        const char *from, *to;
    } names[] = {{"arcsin", "asin"},  {"arccos", "acos"},  {"arctan", "atan"},
                 {"arccsc", "acsc"},  {"arcsec", "asec"},  {"arccot", "acot"},
                 {"arsinh", "asinh"}, {"arcosh", "acosh"}, {"artanh", "atanh"}};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        if (lem_mode_text_is(name, names[k].from)) return lem_mode_text(names[k].to, strlen(names[k].to));
    return name;
}

static bool is_number(const mode_expr *a, long v) { return a->kind == MODE_NUM && lem_rat_is(a->q, v); }

/* -1 as the grammar builds it. */
static bool is_minus_one(const mode_expr *a) {
    return a->kind == MODE_MUL && is_number(a->kid[0], -1) && is_number(a->kid[1], 1);
}

/* sin to coth: \sin^{-1} is the inverse function. */
static bool has_inverse(mode_text name) {
    return name.n >= 3 && name.n <= 4 && name.s[0] && strchr("sct", name.s[0]);
}

/* The scripts of a function: its power and its base, in either order. */
static bool function_scripts(parser *p, mode_expr **power, mode_expr **base) {
    for (int k = 0; k < 2; k++) {
        if (is(p, '^') && !*power && !(*power = parse_function_script(p))) return false;
        if (is(p, '_') && !*base && !(*base = parse_function_script(p))) return false;
    }
    return true;
}

static mode_expr *parse_function(parser *p) {
    mode_text name = plain_name(p->cur.text);
    mode_expr *power = NULL, *base = NULL;
    next(p);
    if (!function_scripts(p, &power, &base)) return NULL;
    mode_expr *arg = is(p, '(') ? between(p, ')') : parse_mp(p, true);
    if (!arg) return NULL;
    if (lem_mode_text_is(name, "lg") && !base) base = lem_mode_int(p->w, 10);
    if (lem_mode_text_is(name, "lg") || lem_mode_text_is(name, "ln") || lem_mode_text_is(name, "log"))
        name = lem_mode_text("log", 3);
    else base = NULL;
    if (power && is_minus_one(power) && has_inverse(name)) {
        lem_buf b = {0};
        lem_buf_putc(&b, 'a');
        lem_buf_add(&b, name.s, name.n);
        return lem_mode_fn(p->w, lem_mode_text_own(p->w, &b), arg, NULL);
    }
    mode_expr *f = lem_mode_fn(p->w, name, arg, base);
    return power ? lem_mode_op(p->w, MODE_POW, f, power) : f;
}

static mode_expr *parse_sqrt(parser *p) {
    mode_expr *root = NULL;
    next(p);
    if (is(p, '[') && !(root = between(p, ']'))) return NULL;
    mode_expr *a = braces(p);
    if (!a) return NULL;
    return root ? lem_mode_op(p->w, MODE_POW, a, lem_mode_div(p->w, lem_mode_int(p->w, 1), root))
                : lem_mode_sqrt(p->w, a);
}

static mode_expr *named(parser *p, const char *name, mode_expr *a) {
    return lem_mode_fn(p->w, lem_mode_text(name, strlen(name)), a, NULL);
}

static mode_expr *parse_comp(parser *p, bool nofunc) {
    switch (p->cur.kind) {
    case T_LETTER:
    case T_SYMBOL: return parse_name(p, !nofunc);
    case T_FUNC: return nofunc ? NULL : parse_function(p);
    case T_SQRT: return nofunc ? NULL : parse_sqrt(p);
    case T_OVERLINE: next(p); return nofunc ? NULL : named(p, "conjugate", braces(p));
    case T_CHAR: break;
    default: return parse_atom(p);
    }
    switch (p->cur.c) {
    case '(': return between(p, ')');
    case '[': return between(p, ']');
    case '{': return between(p, '}');
    case 'L': return between(p, 'R');
    case 'f': return named(p, "floor", between(p, 'F'));
    case 'c': return named(p, "ceiling", between(p, 'C'));
    case '|': {
        next(p);
        p->abs++;
        mode_expr *a = parse_expr(p);
        p->abs--;
        return a && take(p, '|') ? named(p, "abs", a) : NULL;
    }
    default: return NULL;
    }
}

static mode_expr *parse_postfix(parser *p, bool nofunc) {
    mode_expr *a = parse_comp(p, nofunc);
    while (a && is(p, '^')) {
        parser saved = *p;
        mode_expr *e = parse_script(p);
        if (!e) {
            take_back(p, &saved);
            return a;
        }
        a = lem_mode_op(p->w, MODE_POW, a, e);
    }
    while (a && !p->fatal && take(p, '!')) a = named(p, "factorial", a);
    return a;
}

static bool starts_postfix(parser *p, bool nofunc) {
    switch (p->cur.kind) {
    case T_LETTER:
    case T_SYMBOL:
    case T_DIGIT:
    case T_DIFFERENTIAL:
    case T_FRAC:
    case T_BINOM:
    case T_MATHIT:
    case T_HEAVY: return true;
    case T_FUNC:
    case T_SQRT:
    case T_OVERLINE: return !nofunc;
    case T_CHAR:
        if (p->cur.c == '(' && p->i == p->dead) return false;
        return strchr("([{Lfc", p->cur.c) || (p->cur.c == '|' && !p->abs);
    default: return false;
    }
}

typedef struct factors {
    mode_expr **f;
    size_t n, cap;
} factors;

/* Room for one more; false when there is none. */
static bool has_room(lem_work *w, factors *l) {
    if (l->f && l->n < l->cap) return true;
    mode_expr **more = lem_work_alloc(w, l->cap * 2, sizeof *more);
    if (!more) return false;
    if (l->f) memcpy(more, l->f, l->n * sizeof *more);
    l->f = more;
    l->cap *= 2;
    return true;
}

static void read_factors(parser *p, bool nofunc, factors *l) {
    do {
        parser saved = *p;
        mode_expr *a = has_room(p->w, l) ? parse_postfix(p, nofunc && l->n > 0) : NULL;
        if (!a && l->n) take_back(p, &saved);
        if (!a) return;
        l->f[l->n++] = a;
    } while (starts_postfix(p, nofunc) && !p->fatal);
}

/* Factors side by side, multiplied from the right; an x between two constants is a times sign. */
static mode_expr *parse_factors(parser *p, bool nofunc) {
    factors l = {.cap = 4};
    read_factors(p, nofunc, &l);
    if (!l.n || p->fatal) return NULL;
    mode_expr **f = l.f, *r = f[l.n - 1];
    size_t n = l.n;
    for (size_t k = n - 1; k-- > 0;) {
        bool times = k > 0 && f[k]->kind == MODE_SYM && lem_mode_text_is(f[k]->name, "x") &&
                     lem_mode_is_free_of_symbols(f[k - 1]) && lem_mode_is_free_of_symbols(f[k + 1]);
        if (!times) r = lem_mode_op(p->w, MODE_MUL, f[k], r);
    }
    return r;
}

static mode_expr *parse_unary(parser *p, bool nofunc) {
    bool minus = false;
    while (is(p, '+') || is(p, '-')) minus ^= is(p, '-'), next(p);
    mode_expr *a = parse_factors(p, nofunc);
    return minus ? lem_mode_neg(p->w, a) : a;
}

static mode_expr *parse_mp(parser *p, bool nofunc) {
    mode_expr *a = parse_unary(p, nofunc);
    while (a && !p->fatal && (is(p, '*') || is(p, '/'))) {
        bool div = is(p, '/');
        parser saved = *p;
        next(p);
        mode_expr *b = parse_unary(p, nofunc);
        if (!b) {
            take_back(p, &saved);
            return a;
        }
        a = div ? lem_mode_div(p->w, a, b) : lem_mode_op(p->w, MODE_MUL, a, b);
    }
    return a;
}

static mode_expr *parse_expr(parser *p) {
    if (++p->depth > MODE_MAX_DEPTH) {
        p->w->limit = p->fatal = true;
        return NULL;
    }
    mode_expr *a = p->fatal ? NULL : parse_mp(p, false);
    while (a && !p->fatal && (is(p, '+') || is(p, '-'))) {
        bool minus = is(p, '-');
        parser saved = *p;
        next(p);
        mode_expr *b = parse_mp(p, false);
        if (!b) {
            take_back(p, &saved);
            break;
        }
        a = lem_mode_op(p->w, MODE_ADD, a, minus ? lem_mode_neg(p->w, b) : b);
    }
    p->depth--;
    return a;
}

mode_expr *lem_minerva_parse(lem_work *w, mode_text t) {
    parser p = {.w = w, .t = t, .dead = (size_t)-1};
    next(&p);
    mode_expr *a = parse_expr(&p);
    if (is(&p, '<')) return NULL; /* a relation, or an error behind it */
    return p.fatal || w->limit ? NULL : a;
}
