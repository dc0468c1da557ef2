/* qwen_latex.c - sympy 1.12's parse_latex as it behaves: the longest prefix of the text that its grammar
 * accepts, the rest ignored
 *
 * The grammar is sympy/parsing/latex/LaTeX.g4. Its start rule does not ask for the end of the text, and at
 * every optional continuation ANTLR's prediction turns back when the continuation cannot be completed: "1,-3"
 * is 1, "2(1,3)" is 2, "x-(3" is x. So each loop here tries one more element and on failure stays before it;
 * only after a relation sign there is no way back. Tokens are read when they are looked at: a character that
 * no token begins with (\%, ~, ;) fails the whole parse only when it is reached. */
#include "grade/compat/qwen_latex_priv.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 60, MOST_ITEMS = 64 };

/* ---- nodes */

static qwen_node *lone(lem_work *w, qwen_kind k) {
    if (!lem_work_spend(w, 20)) return NULL;
    qwen_node *a = lem_work_alloc(w, 1, sizeof *a);
    if (!a) return NULL;
    a->kind = k;
    a->name = "";
    return a;
}

bool lem_qwen_with_kids(lem_work *w, qwen_node *parent, qwen_node *const *kid, uint32_t n) {
    parent->kid = lem_work_alloc(w, n, sizeof *kid);
    if (!parent->kid) return false;
    parent->n = n;
    for (uint32_t i = 0; i < n; i++) {
        parent->kid[i] = kid[i];
        if (kid[i]->depth >= parent->depth) parent->depth = kid[i]->depth + 1;
    }
    if (parent->depth > QWEN_MAX_TREE) w->limit = true;
    return !w->limit;
}

qwen_node *lem_qwen_named(lem_work *w, qwen_kind k, const char *name, qwen_node *x, qwen_node *y) {
    qwen_node *kid[2] = {x, y};
    qwen_node *a = lone(w, k);
    if (!a || (x && !lem_qwen_with_kids(w, a, kid, y ? 2 : 1))) return NULL;
    a->name = name;
    return a;
}

static qwen_node *named(qwen_parser *p, qwen_kind k, const char *name, qwen_node *x, qwen_node *y) {
    return lem_qwen_named(p->w, k, name, x, y);
}

static qwen_node *binary(qwen_parser *p, qwen_kind k, qwen_node *x, qwen_node *y) {
    return x && y ? named(p, k, "", x, y) : NULL;
}

static qwen_node *constant(qwen_parser *p, long double v, const char *digits) {
    qwen_node *a = named(p, QWEN_NUM, digits, NULL, NULL);
    if (a) a->value = v;
    return a;
}

static qwen_node *negate(qwen_parser *p, qwen_node *x) {
    return x ? binary(p, QWEN_MUL, constant(p, -1, "-1"), x) : NULL;
}
static qwen_node *inverse(qwen_parser *p, qwen_node *x) {
    return x ? binary(p, QWEN_POW, x, constant(p, -1, "-1")) : NULL;
}

static qwen_node *symbol(qwen_parser *p, qwen_text name) {
    if (p->constants && lem_qwen_is(name, "pi"))
        return constant(p, 3.14159265358979323846264338327950288L, "pi");
    if (p->constants && lem_qwen_is(name, "e"))
        return constant(p, 2.71828182845904523536028747135266250L, "e");
    if (lem_qwen_is(name, "infty")) return named(p, QWEN_INF, "oo", NULL, NULL);
    const char *s = lem_work_strndup(p->w, name.s, name.n);
    return s ? named(p, QWEN_SYM, s, NULL, NULL) : NULL;
}

bool lem_qwen_has_symbols(const qwen_node *a) {
    if (a->kind == QWEN_SYM || a->kind == QWEN_UFN || a->kind == QWEN_OPAQUE) return true;
    for (uint32_t i = 0; i < a->n; i++)
        if (lem_qwen_has_symbols(a->kid[i])) return true;
    return false;
}

/* ---- grammar; every function leaves p->at where it was when it fails */

static qwen_node *expr(qwen_parser *p);
static qwen_node *mp(qwen_parser *p, bool nofunc);
static qwen_node *atom(qwen_parser *p);

static qwen_node *fail_at(qwen_parser *p, size_t at) {
    p->at = at;
    return NULL;
}

/* open expr close */
static qwen_node *enclosed(qwen_parser *p, char open, char close) {
    size_t at = p->at;
    if (!lem_qwen_take(p, open)) return NULL;
    qwen_node *x = expr(p);
    return x && lem_qwen_take(p, close) ? x : fail_at(p, at);
}

/* (CARET or UNDERSCORE) (atom | { expr }) */
static qwen_node *script(qwen_parser *p, char mark) {
    size_t at = p->at;
    if (!lem_qwen_take(p, mark)) return NULL;
    qwen_node *x = atom(p);
    if (!x) x = enclosed(p, '{', '}');
    return x ? x : fail_at(p, at);
}

static bool digits_at(qwen_parser *p, size_t at, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (lem_qwen_peek_at(p, at + i)->kind != T_DIGIT) return false;
    return true;
}

/* DIGIT+ (',' DIGIT DIGIT DIGIT)* ('.' DIGIT+)?: the token behind it; 0 when no digit follows a point. */
static size_t end_of_number(qwen_parser *p) {
    size_t from = p->at, at = from;
    while (digits_at(p, at, 1) && (at == from || at != p->end_of_digits)) at++;
    while (lem_qwen_peek_at(p, at)->kind == ',' && digits_at(p, at + 1, 3)) at += 4;
    if (lem_qwen_peek_at(p, at)->kind != '.') return at;
    if (!digits_at(p, at + 1, 1)) return 0;
    for (at++; digits_at(p, at, 1);) at++;
    return at;
}

/* White space between digits is allowed, zeros in front are not kept. */
static qwen_node *number(qwen_parser *p) {
    size_t from = p->at, at = end_of_number(p);
    if (at == 0) return NULL;
    char *s = lem_work_alloc(p->w, at - from + 1, 1);
    if (!s) return NULL;
    size_t n = 0;
    for (size_t i = from; i < at; i++) {
        char c = p->text.s[p->tok[i].at];
        if (c != ',' && !(c == '0' && n == 0 && i + 1 < at && p->tok[i + 1].kind != '.')) s[n++] = c;
    }
    s[n] = '\0';
    p->at = at;
    return constant(p, strtold(s, NULL), s);
}

/* (LETTER | SYMBOL) with subscript and primes: the name that sympy gives the symbol */
static bool symbol_name(qwen_parser *p, qwen_text *out) {
    size_t at = p->at;
    const qwen_token *k = lem_qwen_peek(p);
    if (k->kind != T_LETTER && k->kind != T_SYMBOL) return false;
    qwen_text name = lem_qwen_token_text(p, k), primes = {"", 0}, sub = {"", 0};
    if (k->kind == T_SYMBOL) name = lem_qwen_part(name, 1, name.n);
    p->at++;
    for (int i = 0; i < 2; i++) {
        if (lem_qwen_kind_here(p) == '\'' && primes.n == 0) {
            primes = lem_qwen_token_text(p, lem_qwen_peek(p));
            p->at++;
        } else if (lem_qwen_kind_here(p) == '_' && sub.n == 0) {
            size_t from = p->at;
            if (!script(p, '_')) return fail_at(p, at) != NULL;
            bool brace = p->tok[from + 1].kind == '{';
            sub = lem_qwen_part(p->text, p->tok[from + 1 + brace].at, p->tok[p->at - 1 - brace].end);
        }
    }
    if (sub.n + primes.n == 0) {
        *out = name;
        return true;
    }
    char *s = lem_work_alloc(p->w, name.n + sub.n + primes.n + 4, 1);
    if (!s) return fail_at(p, at) != NULL;
    size_t n = name.n;
    memcpy(s, name.s, n);
    if (sub.n > 0) {
        s[n++] = '_';
        s[n++] = '{';
        for (size_t i = 0; i < sub.n; i++)
            if (!qwen_white(sub.s[i])) s[n++] = sub.s[i];
        s[n++] = '}';
    }
    memcpy(s + n, primes.s, primes.n);
    *out = (qwen_text){s, n + primes.n};
    return true;
}

static qwen_node *frac_part(qwen_parser *p) {
    if (lem_qwen_kind_here(p) != T_DIGIT) return enclosed(p, '{', '}');
    char c = p->text.s[lem_qwen_peek(p)->at];
    char *s = lem_work_strndup(p->w, &c, 1);
    p->at++;
    return s ? constant(p, c - '0', s) : NULL;
}

static qwen_node *frac(qwen_parser *p) {
    size_t at = p->at++;
    qwen_node *x = frac_part(p);
    size_t middle = p->at;
    qwen_node *y = x ? frac_part(p) : NULL;
    if (!y) return fail_at(p, at);
    /* \frac{d}{dx} is an operator, \frac{dy}{dx} a derivative */
    bool by =
        middle + 2 < p->n && p->tok[middle + 1].kind == T_DIFFERENTIAL && p->tok[middle + 2].kind == '}';
    if (by && middle - at == 4 && lem_qwen_is(lem_qwen_token_text(p, &p->tok[at + 2]), "d"))
        return named(p, QWEN_OPAQUE, "operator", y, NULL);
    if (by && p->text.s[p->tok[at + 2].at] == 'd') return named(p, QWEN_OPAQUE, "derivative", x, y);
    return binary(p, QWEN_MUL, x, inverse(p, y));
}

static qwen_node *binom(qwen_parser *p) {
    size_t at = p->at++;
    qwen_node *n = enclosed(p, '{', '}'), *k = n ? enclosed(p, '{', '}') : NULL;
    return k ? named(p, QWEN_FN, "binom", n, k) : fail_at(p, at);
}

static qwen_node *mathit(qwen_parser *p) {
    size_t at = p->at++;
    if (!lem_qwen_take(p, '{')) return fail_at(p, at);
    size_t from = p->at;
    while (lem_qwen_take(p, T_LETTER)) {}
    if (!lem_qwen_take(p, '}')) return fail_at(p, at);
    return symbol(p, lem_qwen_part(p->text, p->tok[from].at, p->tok[p->at - 1].at));
}

static qwen_node *atom(qwen_parser *p) {
    qwen_text name;
    switch (lem_qwen_kind_here(p)) {
    case T_LETTER:
    case T_SYMBOL: return symbol_name(p, &name) ? symbol(p, name) : NULL;
    case T_DIGIT: return number(p);
    case T_FRAC: return frac(p);
    case T_BINOM: return binom(p);
    case T_MATHIT: return mathit(p);
    case T_DIFFERENTIAL: {
        char s[64];
        qwen_text t = lem_qwen_token_text(p, lem_qwen_peek(p));
        size_t n = 0;
        for (size_t i = 0; i < t.n && n < sizeof s; i++)
            if (qwen_letter(t.s[i])) s[n++] = t.s[i];
        p->at++;
        return symbol(p, (qwen_text){s, n});
    }
    default: return NULL;
    }
}

/* expr (',' expr)*, as the arguments of a function */
static qwen_node *arguments(qwen_parser *p, qwen_node *f) {
    enum { MOST = 64 };
    qwen_node *arg[MOST];
    uint32_t n = 0;
    do {
        if (n == MOST || !(arg[n] = expr(p))) return NULL;
        n++;
    } while (lem_qwen_take(p, ','));
    return lem_qwen_with_kids(p->w, f, arg, n) ? f : NULL;
}

static qwen_node *call(qwen_parser *p) {
    size_t at = p->at;
    qwen_text name;
    if (!symbol_name(p, &name) || !lem_qwen_take(p, '(')) return fail_at(p, at);
    const char *s = lem_work_strndup(p->w, name.s, name.n);
    qwen_node *f = s ? named(p, QWEN_UFN, s, NULL, NULL) : NULL;
    return f && arguments(p, f) && lem_qwen_take(p, ')') ? f : fail_at(p, at);
}

static const char *function_name(qwen_text t) {
    static const char *const names[][2] = {
        {"arcsin", "asin"}, {"arccos", "acos"},  {"arctan", "atan"},  {"arccsc", "acsc"},  {"arcsec", "asec"},
        {"arccot", "acot"}, {"arsinh", "asinh"}, {"arcosh", "acosh"}, {"artanh", "atanh"}, {"exp", "exp"},
        {"log", "log"},     {"lg", "log"},       {"ln", "log"},       {"sin", "sin"},      {"cos", "cos"},
        {"tan", "tan"},     {"csc", "csc"},      {"sec", "sec"},      {"cot", "cot"},      {"sinh", "sinh"},
        {"cosh", "cosh"},   {"tanh", "tanh"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (lem_qwen_is(t, names[i][0])) return names[i][1];
    return "";
}

static const char *inverse_name(const char *name) {
    static const char *const names[] = {"asin", "acos",  "atan",  "acsc", "asec",
                                        "acot", "asinh", "acosh", "atanh"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i] + 1, name) == 0) return names[i];
    return NULL;
}

/* ( expr, … ), of which the first counts, or the product that follows up to the next function */
static qwen_node *function_argument(qwen_parser *p) {
    size_t open = p->at;
    if (lem_qwen_take(p, '(')) {
        qwen_node *arg = expr(p), *more = arg;
        while (more && lem_qwen_take(p, ',')) more = expr(p);
        if (more && lem_qwen_take(p, ')')) return arg;
        p->at = open;
    }
    return mp(p, true);
}

/* \log_28: the last digit of the base is the argument. `at` is the function's token. */
static qwen_node *last_digit(qwen_parser *p, size_t at, qwen_node **sub) {
    if (p->at <= at + 3 || !digits_at(p, at + 2, p->at - at - 2) || p->tok[at + 1].kind != '_') return NULL;
    size_t last = p->at - 1;
    p->end_of_digits = last;
    p->at = at + 1;
    *sub = script(p, '_');
    p->end_of_digits = 0;
    return *sub && p->at == last ? function_argument(p) : NULL;
}

static bool is_minus_one(const qwen_node *a) {
    return a->kind == QWEN_MUL && a->kid[0]->kind == QWEN_NUM && a->kid[0]->value == -1 &&
           a->kid[1]->value == 1;
}

/* \sin, \log_2, \sin^{-1} … with an argument in parentheses, or the product that follows up to the next
 * function */
static qwen_node *func_normal(qwen_parser *p) {
    size_t at = p->at;
    qwen_text spelled = lem_qwen_token_text(p, lem_qwen_peek(p));
    const char *name = function_name(lem_qwen_part(spelled, 1, spelled.n));
    bool ten = lem_qwen_is(spelled, "\\lg"), log = strcmp(name, "log") == 0;
    p->at++;
    qwen_node *sub = script(p, '_'), *sup = script(p, '^');
    if (!sub) sub = script(p, '_');
    qwen_node *arg = function_argument(p);
    if (!arg && sub) arg = last_digit(p, at, &sub);
    if (!arg) return fail_at(p, at);
    if (ten && !sub) sub = constant(p, 10, "10");
    const char *other = sup && is_minus_one(sup) ? inverse_name(name) : NULL;
    qwen_node *f = named(p, QWEN_FN, other ? other : name, arg, log ? sub : NULL);
    return sup && !other ? binary(p, QWEN_POW, f, sup) : f;
}

static qwen_node *root(qwen_parser *p) {
    size_t at = p->at++;
    qwen_node *degree = NULL;
    if (lem_qwen_kind_here(p) == '[') {
        degree = enclosed(p, '[', ']');
        if (!degree) return fail_at(p, at);
    } else {
        degree = constant(p, 2, "2");
    }
    qwen_node *x = enclosed(p, '{', '}');
    return x ? binary(p, QWEN_POW, x, inverse(p, degree)) : fail_at(p, at);
}

/* \sum_{i=a}^{b} term: kids term, variable, a, b */
static qwen_node *sum(qwen_parser *p) {
    size_t at = p->at;
    const char *name = lem_qwen_is(lem_qwen_token_text(p, lem_qwen_peek(p)), "\\sum") ? "sum" : "prod";
    p->at++;
    qwen_node *last = script(p, '^'), *var = NULL, *first = NULL;
    if (lem_qwen_take(p, '_') && lem_qwen_take(p, '{') && (var = expr(p)) &&
        lem_qwen_is(lem_qwen_token_text(p, lem_qwen_peek(p)), "=")) {
        p->at++;
        first = expr(p);
    }
    if (!first || !lem_qwen_take(p, '}')) return fail_at(p, at);
    if (!last) last = script(p, '^');
    qwen_node *term = last ? mp(p, false) : NULL, *s = term ? named(p, QWEN_SUM, name, NULL, NULL) : NULL;
    qwen_node *kid[4] = {term, var, first, last};
    return s && lem_qwen_with_kids(p->w, s, kid, 4) ? s : fail_at(p, at);
}

static qwen_node *additive(qwen_parser *p);

/* Integrals and limits are compared by their parts only. */
static qwen_node *integral(qwen_parser *p) {
    size_t at = p->at++;
    qwen_node *low = script(p, '_'), *high = script(p, '^');
    if (!low && high) low = script(p, '_');
    qwen_node *body = additive(p);
    if (!body) return fail_at(p, at);
    return named(p, QWEN_OPAQUE, "integral", body,
                 low && high ? named(p, QWEN_OPAQUE, "from to", low, high) : NULL);
}

static qwen_node *limit(qwen_parser *p) {
    size_t at = p->at++;
    if (!lem_qwen_take(p, '_') || !lem_qwen_take(p, '{') ||
        (lem_qwen_kind_here(p) != T_LETTER && lem_qwen_kind_here(p) != T_SYMBOL))
        return fail_at(p, at);
    qwen_node *var = symbol(p, lem_qwen_token_text(p, lem_qwen_peek(p)));
    p->at++;
    qwen_node *to = lem_qwen_take(p, T_TO) ? expr(p) : NULL;
    if (!to) return fail_at(p, at);
    if (lem_qwen_take(p, '^')) {
        bool brace = lem_qwen_take(p, '{');
        if ((!lem_qwen_take(p, '+') && !lem_qwen_take(p, '-')) || (brace && !lem_qwen_take(p, '}')))
            return fail_at(p, at);
    }
    qwen_node *body = lem_qwen_take(p, '}') ? mp(p, false) : NULL;
    return body && var ? named(p, QWEN_OPAQUE, "limit", body, named(p, QWEN_OPAQUE, "to", var, to))
                       : fail_at(p, at);
}

static qwen_node *comp(qwen_parser *p, bool nofunc) {
    qwen_node *x = NULL;
    const char *name = NULL;
    switch (lem_qwen_kind_here(p)) {
    case '(': return enclosed(p, '(', ')');
    case '[': return enclosed(p, '[', ']');
    case '{': return enclosed(p, '{', '}');
    case T_LBRACE: return enclosed(p, T_LBRACE, T_RBRACE);
    case '|': x = enclosed(p, '|', '|'), name = "abs"; break;
    case T_LFLOOR: x = enclosed(p, T_LFLOOR, T_RFLOOR), name = "floor"; break;
    case T_LCEIL: x = enclosed(p, T_LCEIL, T_RCEIL), name = "ceiling"; break;
    case T_FUNC: return nofunc ? NULL : func_normal(p);
    case T_SQRT: return nofunc ? NULL : root(p);
    case T_SUM: return nofunc ? NULL : sum(p);
    case T_INT: return nofunc ? NULL : integral(p);
    case T_LIM: return nofunc ? NULL : limit(p);
    case T_OVERLINE:
        if (nofunc) return NULL;
        p->at++;
        x = enclosed(p, '{', '}'), name = "conj";
        if (!x) p->at--;
        break;
    case T_LETTER:
    case T_SYMBOL: x = nofunc ? NULL : call(p); return x ? x : atom(p);
    default: return atom(p);
    }
    return x ? named(p, QWEN_FN, name, x, NULL) : NULL;
}

static qwen_node *power(qwen_parser *p, bool nofunc) {
    qwen_node *x = comp(p, nofunc);
    while (x && lem_qwen_kind_here(p) == '^') {
        qwen_node *e = script(p, '^');
        if (!e) break;
        (void)script(p, '_'); /* the grammar takes a subscript there, and the reader forgets it */
        x = binary(p, QWEN_POW, x, e);
    }
    return x;
}

static qwen_node *postfix(qwen_parser *p, bool nofunc) {
    qwen_node *x = power(p, nofunc);
    while (x && lem_qwen_take(p, '!')) x = named(p, QWEN_FN, "factorial", x, NULL);
    return x;
}

/* Factors side by side. An x between two numbers is a multiplication sign; \frac{d}{dx} takes all that
 * follows. */
static qwen_node *juxtaposed(qwen_parser *p, qwen_node **part, size_t n) {
    qwen_node *all = NULL;
    for (size_t i = n; i-- > 0;) {
        qwen_node *x = part[i];
        if (x->kind == QWEN_OPAQUE && strcmp(x->name, "operator") == 0) {
            if (!all) {
                p->bad = true; /* the original raises */
                return NULL;
            }
            all = named(p, QWEN_OPAQUE, "derivative", all, x->kid[0]);
            continue;
        }
        bool times = i > 0 && i + 1 < n && x->kind == QWEN_SYM && strcmp(x->name, "x") == 0 &&
                     !lem_qwen_has_symbols(part[i - 1]) && !lem_qwen_has_symbols(part[i + 1]);
        if (!times) all = all ? binary(p, QWEN_MUL, x, all) : x;
    }
    return all;
}

static qwen_node *unary(qwen_parser *p, bool nofunc);

static qwen_node *signed_factor(qwen_parser *p, bool nofunc) {
    bool minus = lem_qwen_kind_here(p) == '-';
    p->at++;
    qwen_node *x = unary(p, nofunc);
    return x && minus ? negate(p, x) : x;
}

/* Factors side by side. */
static qwen_node *run_of_factors(qwen_parser *p, bool nofunc) {
    enum { MOST = 512 };
    size_t n = 0, cap = 8;
    qwen_node **part = lem_work_alloc(p->w, cap, sizeof *part);
    while (part && n < MOST) {
        qwen_node *next = postfix(p, nofunc && n > 0);
        if (!next) break;
        if (n == cap) {
            qwen_node **more = lem_work_alloc(p->w, cap * 2, sizeof *part);
            if (!more) break;
            memcpy(more, part, n * sizeof *part);
            part = more;
            cap *= 2;
        }
        part[n++] = next;
    }
    return n > 0 && !p->w->limit ? juxtaposed(p, part, n) : NULL;
}

static qwen_node *unary(qwen_parser *p, bool nofunc) {
    if (p->bad || p->w->limit || p->depth >= MAX_DEPTH || !lem_work_spend(p->w, 50)) return NULL;
    size_t at = p->at;
    p->depth++;
    bool sign = lem_qwen_kind_here(p) == '+' || lem_qwen_kind_here(p) == '-';
    qwen_node *x = sign ? signed_factor(p, nofunc) : run_of_factors(p, nofunc);
    p->depth--;
    return x ? x : fail_at(p, at);
}

static qwen_node *mp(qwen_parser *p, bool nofunc) {
    qwen_node *x = unary(p, nofunc);
    while (x && (lem_qwen_kind_here(p) == '*' || lem_qwen_kind_here(p) == '/')) {
        size_t at = p->at;
        bool over = lem_qwen_kind_here(p) == '/';
        p->at++;
        qwen_node *y = unary(p, nofunc);
        if (!y) {
            p->at = at;
            break;
        }
        x = binary(p, QWEN_MUL, x, over ? inverse(p, y) : y);
    }
    return x;
}

static qwen_node *additive(qwen_parser *p) {
    qwen_node *x = mp(p, false);
    while (x && (lem_qwen_kind_here(p) == '+' || lem_qwen_kind_here(p) == '-')) {
        size_t at = p->at;
        bool minus = lem_qwen_kind_here(p) == '-';
        p->at++;
        qwen_node *y = mp(p, false);
        if (!y) {
            p->at = at;
            break;
        }
        x = binary(p, QWEN_ADD, x, minus ? negate(p, y) : y);
    }
    return x;
}

static qwen_node *expr(qwen_parser *p) { return additive(p); }

static const char *relation_name(qwen_text t) {
    char c = t.s[t.n - 1];
    if (c == '=' || c == '<' || c == '>') return c == '=' ? "=" : c == '<' ? "<" : ">";
    return t.s[1] == 'n' ? "!=" : t.s[1] == 'l' ? "<=" : ">=";
}

qwen_node *lem_qwen_relation(qwen_parser *p) {
    qwen_node *x = expr(p);
    while (x && lem_qwen_kind_here(p) == T_REL) {
        const char *name = relation_name(lem_qwen_token_text(p, lem_qwen_peek(p)));
        p->at++;
        /* sympy refuses an inequality with a relation as its left side; latex2sympy builds it */
        if (x->kind == QWEN_REL && name[0] != '=' && name[0] != '!' && !p->constants) return NULL;
        qwen_node *y = expr(p);
        if (y && p->constants && name[0] == '=' && x->kind == QWEN_SYM)
            x = y; /* latex2sympy takes it for an assignment */
        else x = y ? named(p, QWEN_REL, name, x, y) : NULL;
    }
    return p->bad || p->w->limit ? NULL : x;
}

/* Relations with commas from the token at p->at on; at most MOST_ITEMS. */
static uint32_t relations(qwen_parser *p, qwen_node **item) {
    uint32_t n = 0;
    do {
        if (n == MOST_ITEMS || !(item[n] = lem_qwen_relation(p))) break;
        n++;
    } while (lem_qwen_take(p, ','));
    return n;
}

static char closes_list(char open) {
    if (open == '[') return ']';
    if (open == '{') return '}';
    return open == T_LBRACE ? T_RBRACE : T_END;
}

static qwen_node *list_of(qwen_parser *p, qwen_node **item, uint32_t n) {
    qwen_node *list = named(p, QWEN_SET, "[", NULL, NULL);
    return list && lem_qwen_with_kids(p->w, list, item, n) ? list : NULL;
}

/* Several relations in brackets; what follows them is read no further than its first token. */
static qwen_node *bracketed_list(qwen_parser *p, char close) {
    qwen_node *item[MOST_ITEMS];
    p->at = 1;
    uint32_t n = relations(p, item);
    bool whole = n > 1 && lem_qwen_take(p, close);
    (void)lem_qwen_kind_here(p);
    return whole && !p->bad ? list_of(p, item, n) : NULL;
}

static qwen_node *bare_list(qwen_parser *p) {
    qwen_node *item[MOST_ITEMS];
    uint32_t n = relations(p, item);
    bool end = lem_qwen_kind_here(p) == T_END || lem_qwen_kind_here(p) == ')' || lem_qwen_kind_here(p) == ']';
    if (p->bad || n == 0) return NULL;
    if (n > 1) return list_of(p, item, n);
    return end ? item[0] : NULL;
}

/* latex2sympy's start rule: a relation, or several with commas or semicolons, bare or in [] or {}, which make
 * a list. */
qwen_node *lem_qwen_whole(qwen_parser *p) {
    char close = closes_list(lem_qwen_kind_here(p));
    qwen_node *list = close != T_END ? bracketed_list(p, close) : NULL;
    if (list) return list;
    p->at = 0;
    return p->bad || p->w->limit ? NULL : bare_list(p);
}

bool lem_qwen_parser_init(qwen_parser *p, lem_work *w, qwen_text t, bool constants) {
    *p = (qwen_parser){.w = w, .text = t, .constants = constants};
    p->tok = lem_work_alloc(w, t.n + 2, sizeof *p->tok);
    return p->tok != NULL;
}
