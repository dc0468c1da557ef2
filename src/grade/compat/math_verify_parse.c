/* math_verify_parse.c - expressions as the grammar of latex2sympy2_extended reads them: names, numbers,
 * groups, functions, products, sums */
#include "grade/compat/math_verify_grammar_priv.h"

#include <stdlib.h>

static mode_expr *parse_mp(mv_parser *p, bool nofunc);

/* ---- groups and functions ---- */

static mode_expr *grouped(mv_parser *p, const char *open, const char *close) {
    mv_parser saved = *p;
    if (!lem_mv_take(p, open)) return NULL;
    int bars = p->bars;
    p->bars = 0;
    mode_expr *a = lem_mv_read_expr(p);
    p->bars = bars;
    if (a && lem_mv_take(p, close)) return a;
    p->i = saved.i;
    return NULL;
}

static mode_expr *fn(mv_parser *p, const char *name, mode_expr *a, mode_expr *b) {
    return a ? lem_mode_fn(p->w, lem_mode_text(name, strlen(name)), a, b) : NULL;
}

/* dy/dx of two letters, which sympy takes for independent. */
static bool is_derivative(const mode_expr *a, const mode_expr *b) {
    if (!a || !b || a->kind != MODE_MUL || b->kind != MODE_MUL) return false;
    const mode_expr *d = a->kid[0], *f = a->kid[1], *e = b->kid[0], *x = b->kid[1];
    bool names = d->kind == MODE_SYM && f->kind == MODE_SYM && e->kind == MODE_SYM && x->kind == MODE_SYM;
    return names && (lem_mode_text_is(d->name, "d") || lem_mode_text_is(d->name, "partial")) &&
           lem_mode_text_equal(d->name, e->name) && !lem_mode_text_equal(f->name, x->name);
}

static mode_expr *fraction(mv_parser *p, mode_expr *a, mode_expr *b) {
    if (!a || !b) return NULL;
    if (is_derivative(a, b)) return lem_mode_int(p->w, 0);
    bool ints = a->kind == MODE_NUM && b->kind == MODE_NUM && !a->decimal && !b->decimal &&
                lem_rat_is_int(a->q) && lem_rat_is_int(b->q);
    if (!ints) return lem_mode_div(p->w, a, b);
    mode_expr *r = lem_mode_int(p->w, 0);
    if (!r || lem_rat_sign(b->q) == 0) return lem_mode_const(p->w, "zoo");
    r->q = lem_rat_div(p->w, a->q, b->q);
    return r->q ? r : NULL;
}

static bool parse_two(mv_parser *p, mode_expr *kid[2]) {
    kid[0] = grouped(p, "{", "}");
    kid[1] = kid[0] ? grouped(p, "{", "}") : NULL;
    return kid[1] != NULL;
}

static mode_expr *parse_root(mv_parser *p) {
    mode_expr *root = NULL;
    if (lem_mv_at_word(p, "[") && !(root = grouped(p, "[", "]"))) return NULL;
    mode_expr *a = grouped(p, "{", "}");
    if (!a || !root) return a ? lem_mode_sqrt(p->w, a) : NULL;
    return lem_mode_op(p->w, MODE_POW, a, fraction(p, lem_mode_int(p->w, 1), root));
}

/* \lfloor … \rfloor and its like; *here: one of them begins here. */
static mode_expr *parse_between(mv_parser *p, bool *here) {
    static const char *const pairs[][3] = {
        {"\\lfloor", "\\rfloor", "floor"},       {"\\llcorner", "\\lrcorner", "floor"},
        {"\\ulcorner", "\\urcorner", "ceiling"}, {"\\lceil", "\\rceil", "ceiling"},
        {"\\lvert", "\\rvert", "abs"},           {"\\vert", "\\vert", "abs"}};
    size_t k = 0;
    while (k < sizeof pairs / sizeof *pairs && !lem_mv_at_word(p, pairs[k][0])) k++;
    *here = k < sizeof pairs / sizeof *pairs;
    if (!*here) return NULL;
    const bool same = pairs[k][0] == pairs[k][1] || strcmp(pairs[k][0], pairs[k][1]) == 0;
    p->verts += same;
    mode_expr *a = grouped(p, pairs[k][0], pairs[k][1]);
    p->verts -= same;
    return fn(p, pairs[k][2], a, NULL);
}

static mode_expr *parse_command_group(mv_parser *p) {
    static const char *const fracs[] = {"\\frac", "\\dfrac", "\\tfrac", "\\cfrac", NULL};
    static const char *const binoms[] = {"\\binom", "\\dbinom", "\\tbinom", NULL};
    mode_expr *kid[2];
    bool here;
    if (lem_mv_take_any(p, fracs)) return parse_two(p, kid) ? fraction(p, kid[0], kid[1]) : NULL;
    if (lem_mv_take_any(p, binoms)) return parse_two(p, kid) ? fn(p, "binomial", kid[0], kid[1]) : NULL;
    mode_expr *a = parse_between(p, &here);
    if (here) return a;
    if (lem_mv_at_word(p, "\\langle")) return grouped(p, "\\langle", "\\rangle");
    if (lem_mv_take(p, "\\boxed") || lem_mv_take(p, "\\phantom")) return grouped(p, "{", "}");
    return lem_mv_take(p, "\\sqrt") ? parse_root(p) : NULL;
}

static const char *const functions[] = {
    "log",    "ln",     "exp",    "sin",     "cos",     "tan",     "csc",   "sec",  "cot",
    "arcsin", "arccos", "arctan", "arccsc",  "arcsec",  "arccot",  "sinh",  "cosh", "tanh",
    "arsinh", "arcosh", "artanh", "arcsinh", "arccosh", "arctanh", "floor", "ceil", NULL};

static mode_expr *raised(mv_parser *p, mode_expr *f, mode_expr *power) {
    return power ? lem_mode_op(p->w, MODE_POW, f, power) : f;
}

static mode_expr *logarithm(mv_parser *p, bool natural, mode_expr *base, mode_expr *power, mode_expr *arg) {
    if (!base) base = natural ? lem_mode_const(p->w, "e") : lem_mode_int(p->w, 10);
    return lem_mode_op(p->w, MODE_POW, fn(p, "log", arg, base), power ? power : lem_mode_int(p->w, 1));
}

/* The name behind "arc" or "ar"; NULL where it begins with neither. */
static const char *behind_arc(const char *name) {
    if (strncmp(name, "arc", 3) == 0) return name + 3;
    return strncmp(name, "ar", 2) == 0 ? name + 2 : NULL;
}

static mode_expr *function_of(mv_parser *p, const char *name, mode_expr *base, mode_expr *power,
                              mode_expr *arg) {
    bool natural = strcmp(name, "ln") == 0;
    if (natural || strcmp(name, "log") == 0) return logarithm(p, natural, base, power, arg);
    bool minus_one = power && power->kind == MODE_NUM && lem_rat_is(power->q, -1);
    const char *tail = behind_arc(name);
    if (!tail && minus_one && strcmp(name, "exp") != 0) tail = name, power = NULL;
    lem_buf b = {0};
    lem_buf_puts(&b, tail ? "a" : "");
    lem_buf_puts(&b, tail ? tail : name);
    mode_text text = lem_mode_text_own(p->w, &b);
    if (strcmp(name, "ceil") == 0) text = lem_mode_text("ceiling", 7);
    return raised(p, lem_mode_fn(p->w, text, arg, NULL), power);
}

static mode_expr *parse_function(mv_parser *p) {
    if (lem_mv_here(p) != '\\') return NULL;
    size_t end = p->i + lem_mv_command_at(p), k = 0;
    mode_text name = lem_mode_text_cut(p->t, p->i + 1, end);
    while (functions[k] && !lem_mode_text_is(name, functions[k])) k++;
    if (!functions[k]) return NULL;
    p->i = end;
    mode_expr *base = NULL, *power = NULL, *arg;
    for (int s = 0; s < 2; s++) {
        if (!power && lem_mv_take(p, "^") && !(power = lem_mv_superscript(p))) return NULL;
        if (!base && lem_mv_take(p, "_") && !(base = lem_mv_superscript(p))) return NULL;
    }
    arg = grouped(p, "(", ")");
    if (!arg) arg = grouped(p, "\\lgroup", "\\rgroup");
    if (!arg) arg = parse_mp(p, true);
    return arg ? function_of(p, functions[k], base, power, arg) : NULL;
}

/* The name of a function at p, "'f"; false when no name stands here. */
static bool call_name(mv_parser *p, mode_text *name) {
    lem_buf b = {0}, named = {0};
    bool letter, any = lem_mv_atom_name(p, &b, &letter);
    if (any && lem_mv_at_word(p, "_")) (void)lem_mv_subscript(p, &b);
    lem_buf_putc(&named, '\'');
    lem_buf_puts(&named, lem_buf_str(&b));
    lem_buf_release(&b);
    if (any) *name = lem_mode_text_own(p->w, &named);
    else lem_buf_release(&named);
    return any;
}

/* One atom, or several expressions: the first, the others in *rest. NULL when neither stands before `close`.
 */
static mode_expr *call_arguments(mv_parser *p, const char *close, mode_expr **rest) {
    mv_parser inside = *p;
    mode_expr *a = lem_mv_read_atom(p);
    if (a && lem_mv_at_word(p, close)) return a;
    *p = inside;
    a = lem_mv_read_expr(p);
    if (!a || !lem_mv_at_word(p, ",")) return NULL;
    while (lem_mv_take(p, ",") && !lem_mv_at_word(p, close)) {
        mode_expr *next = lem_mv_read_expr(p);
        *rest = next ? fn(p, ",", next, *rest) : NULL;
        if (!*rest) return NULL;
    }
    return a;
}

/* f(x), f(1, 2): a name before one atom, or several expressions, in brackets is a function; before a sum it
 * is a factor. */
static mode_expr *parse_call(mv_parser *p) {
    mode_text name;
    mode_expr *rest = NULL, *power = NULL;
    if (!call_name(p, &name)) return NULL;
    if (lem_mv_take(p, "^") && !(power = lem_mv_superscript(p))) return NULL;
    const char *close = lem_mv_take(p, "(") ? ")" : NULL;
    if (!close && lem_mv_take(p, "[")) close = "]";
    mode_expr *a = close ? call_arguments(p, close, &rest) : NULL;
    if (!a || !lem_mv_take(p, close)) return NULL;
    return raised(p, lem_mode_fn(p->w, name, a, rest), power);
}

/* \max(a, b, …) and its like, also as \operatorname{…}. */
static mode_expr *parse_list_function(mv_parser *p) {
    static const char *const names[][3] = {{"\\max", "", "max"},
                                           {"\\min", "", "min"},
                                           {"\\gcd", "\\operatorname{gcd}", "gcd"},
                                           {"\\lcm", "\\operatorname{lcm}", "lcm"},
                                           {"\\operatorname{floor}", "", "floor"},
                                           {"\\operatorname{ceil}", "", "ceiling"}};
    size_t k = 0;
    while (k < 6 && !lem_mv_take(p, names[k][0]) && !(names[k][1][0] && lem_mv_take(p, names[k][1]))) k++;
    if (k == 6 || !lem_mv_take(p, "(")) return NULL;
    mode_expr *a = lem_mv_read_expr(p);
    if (k > 3) return a && lem_mv_take(p, ")") ? fn(p, names[k][2], a, NULL) : NULL;
    while (a && lem_mv_take(p, ",")) {
        mode_expr *b = lem_mv_read_expr(p);
        a = b ? fn(p, names[k][2], a, b) : NULL;
    }
    return a && lem_mv_take(p, ")") ? a : NULL;
}

static mode_expr *parse_exponential(mv_parser *p) {
    p->i++;
    mv_parser saved = *p;
    mode_expr *e = lem_mv_take(p, "^") ? lem_mv_superscript(p) : NULL;
    if (!e) *p = saved;
    return e ? lem_mode_op(p->w, MODE_POW, lem_mode_const(p->w, "e"), e) : lem_mode_const(p->w, "e");
}

static mode_expr *parse_bars(mv_parser *p) {
    p->i++;
    p->bars++;
    mode_expr *a = lem_mv_read_expr(p);
    p->bars--;
    return a && lem_mv_take(p, "|") ? fn(p, "abs", a, NULL) : NULL;
}

/* A function, the power of e or a call. NULL: p is where it was. */
static mode_expr *parse_applied(mv_parser *p, char c) {
    mv_parser saved = *p;
    mode_expr *a = parse_function(p);
    if (a) return a;
    *p = lem_mv_back(p, &saved);
    if (c == '\\' && (a = parse_list_function(p))) return a;
    *p = lem_mv_back(p, &saved);
    if (c == 'e' && !lem_mv_at_reserved(p)) return parse_exponential(p);
    if (!(p->dead[saved.i] & 2) && (a = parse_call(p))) return a;
    *p = lem_mv_back(p, &saved);
    p->dead[saved.i] |= 2;
    return NULL;
}

static mode_expr *parse_comp(mv_parser *p, bool nofunc) {
    static const char *const pairs[][2] = {{"(", ")"},
                                           {"{", "}"},
                                           {"[", "]"},
                                           {"\\{", "\\}"},
                                           {"\\lbrace", "\\rbrace"},
                                           {"\\lbrack", "\\rbrack"},
                                           {"\\lgroup", "\\rgroup"}};
    mv_parser saved = *p;
    char c = lem_mv_here(p);
    for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++)
        if (lem_mv_at_word(p, pairs[k][0])) return grouped(p, pairs[k][0], pairs[k][1]);
    if (c == '|') return parse_bars(p);
    mode_expr *a = nofunc ? NULL : parse_applied(p, c);
    if (!a && c == '\\') {
        a = parse_command_group(p);
        if (!a) *p = lem_mv_back(p, &saved);
    }
    return a ? a : lem_mv_read_atom(p);
}

/* Degrees and transposes are read and dropped. */
static bool postfix_mark(mv_parser *p) {
    static const char *const marks[] = {"^{\\circ}", "^\\circ", "^{\\degree}", "^\\degree", "^{°}",
                                        "^°",        "^{T}",    "^T",          "'",         NULL};
    lem_mv_skip(p);
    for (size_t k = 0; marks[k]; k++) {
        size_t n = strlen(marks[k]);
        if (lem_mode_text_at(p->t, p->i, marks[k])) return p->i += n, true;
    }
    return false;
}

static mode_expr *parse_postfix(mv_parser *p, bool nofunc) {
    if (!lem_mv_enter(p)) return NULL;
    mode_expr *a = parse_comp(p, nofunc);
    while (a && !p->w->limit) {
        if (postfix_mark(p)) continue;
        if (lem_mv_at_word(p, "!") && !lem_mode_text_at(p->t, p->i, "!=") && lem_mv_take(p, "!"))
            a = fn(p, "factorial", a, NULL);
        else if (lem_mv_at_word(p, "^")) {
            mv_parser saved = *p;
            p->i++;
            mode_expr *e = lem_mv_superscript(p);
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

static bool at_any_word(mv_parser *p, const char *const *list) {
    for (; *list; list++)
        if (lem_mv_at_word(p, *list)) return true;
    return false;
}

static bool at_stop_command(mv_parser *p) {
    static const char *const stops[] = {
        "\\}",      "\\]",        "\\)",      "\\rbrace",   "\\rfloor",   "\\rceil",    "\\rvert",
        "\\rangle", "\\cup",      "\\cap",    "\\setminus", "\\pm",       "\\mp",       "\\le",
        "\\leq",    "\\leqslant", "\\ge",     "\\geq",      "\\geqslant", "\\lt",       "\\gt",
        "\\ne",     "\\neq",      "\\in",     "\\approx",   "\\equiv",    "\\times",    "\\cdot",
        "\\div",    "\\mod",      "\\\\",     "\\end",      "\\subset",   "\\subseteq", "\\notin",
        "\\to",     "\\rbrack",   "\\rgroup", "\\lrcorner", "\\urcorner", NULL};
    return at_any_word(p, stops) || (p->verts && lem_mv_at_word(p, "\\vert"));
}

static bool at_stop_sign(const mv_parser *p) {
    static const char *const signs[] = {"±", "≤", "≥", "≠", "≈", "∪", "∩", "∈", "×", "⋅", "÷", "∖", NULL};
    size_t k = 0;
    while (signs[k] && !lem_mode_text_at(p->t, p->i, signs[k])) k++;
    return signs[k] != NULL;
}

/* A function, e or a root: no factor of an argument without brackets. */
static bool at_function(mv_parser *p, char c) {
    if (c == 'e') return true;
    if (c != '\\') return lem_mv_at_word(p, "\\sqrt");
    mode_text command = lem_mode_text_cut(p->t, p->i + 1, p->i + lem_mv_command_at(p));
    for (size_t k = 0; command.n && functions[k]; k++)
        if (lem_mode_text_is(command, functions[k])) return true;
    return lem_mv_at_word(p, "\\sqrt");
}

static bool starts_operand(mv_parser *p, bool nofunc) {
    char c = lem_mv_here(p);
    if (!c || strchr("+-*/=<>,;:)]}^_!&~%", c) || (c == '|' && p->bars)) return false;
    if (c == '\\' && at_stop_command(p)) return false;
    if ((c & 0x80) && at_stop_sign(p)) return false;
    return !(nofunc && at_function(p, c));
}

static bool plain_integer(const mode_expr *a) {
    return a->kind == MODE_NUM && !a->decimal && lem_rat_is_int(a->q);
}

/* Factors side by side, from the right; a whole number before a positive fraction is a mixed number. */
static mode_expr *parse_factors(mv_parser *p, bool nofunc, int at) {
    mode_expr *a = parse_postfix(p, nofunc && at > 0);
    if (!a || !starts_operand(p, nofunc)) return a;
    if (!lem_mv_enter(p)) return NULL;
    mode_expr *b = parse_factors(p, nofunc, at + 1);
    p->depth--;
    if (!b) return NULL;
    bool rational = b->kind == MODE_NUM && !b->decimal && lem_rat_sign(b->q) > 0;
    if (!plain_integer(a) || !rational) return lem_mode_op(p->w, MODE_MUL, a, b);
    mode_expr *r = lem_mode_int(p->w, 0);
    if (r) r->q = lem_rat_add(p->w, a->q, b->q);
    return r && r->q ? r : NULL;
}

mode_expr *lem_mv_negated(mv_parser *p, mode_expr *a) {
    if (!a || a->kind != MODE_NUM) return lem_mode_neg(p->w, a);
    mode_expr *r = lem_mode_int(p->w, 0);
    if (r) r->q = lem_rat_neg(p->w, a->q), r->decimal = a->decimal;
    return r && r->q ? r : NULL;
}

static mode_expr *parse_unary(mv_parser *p, bool nofunc) {
    static const char *const plus[] = {"+", NULL}, *const minus[] = {"-", "−", NULL};
    bool negative = false;
    for (bool again = true; again;) {
        bool m = lem_mv_take_any(p, minus);
        negative ^= m;
        again = m || lem_mv_take_any(p, plus);
    }
    mode_expr *a = parse_factors(p, nofunc, 0);
    return negative ? lem_mv_negated(p, a) : a;
}

static mode_expr *parse_mp(mv_parser *p, bool nofunc) {
    static const char *const times[] = {"*", "\\times", "\\cdot", "×", "⋅", "·", NULL}, *const over[] = {
                                                                                            "/", "\\div", "÷",
                                                                                            ":", NULL};
    mode_expr *a = parse_unary(p, nofunc);
    while (a && !p->w->limit) {
        if (lem_mv_take_any(p, times)) a = lem_mode_op(p->w, MODE_MUL, a, parse_unary(p, nofunc));
        else if (lem_mv_take_any(p, over)) a = fraction(p, a, parse_unary(p, nofunc));
        else break;
    }
    return a;
}

mode_expr *lem_mv_read_expr(mv_parser *p) {
    static const char *const plus[] = {"+", NULL}, *const minus[] = {"-", "−", NULL};
    if (!lem_mv_enter(p)) return NULL;
    mode_expr *a = parse_mp(p, false);
    while (a && !p->w->limit) {
        if (lem_mv_take_any(p, plus)) a = lem_mode_op(p->w, MODE_ADD, a, parse_mp(p, false));
        else if (lem_mv_take_any(p, minus))
            a = lem_mode_op(p->w, MODE_ADD, a, lem_mv_negated(p, parse_mp(p, false)));
        else break;
    }
    p->depth--;
    return a;
}
