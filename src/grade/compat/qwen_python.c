/* qwen_python.c - what the original tries on a text: parse_latex, then parse_expr (Python's own syntax), then
 * latex2sympy
 *
 * Each is tried with doubled backslashes made single, then on the text as it is; the first that does not
 * raise gives the value. Of parse_expr there is what an answer can be that parse_latex refuses: numbers,
 * names, + - * / **, calls, tuples, lists, sets, "or". Of latex2sympy there are matrices, lists, chains of
 * inequalities, and LaTeX with ~ and \, between its parts; π and e are numbers to it. */
#include "grade/compat/qwen_latex_priv.h"

#include <stdlib.h>
#include <string.h>

typedef struct python {
    lem_work *w;
    qwen_text t;
    size_t at;
    int depth;
} python;

static qwen_node *sum(python *p);

static void skip(python *p) {
    while (p->at < p->t.n && (p->t.s[p->at] == ' ' || p->t.s[p->at] == '\t')) p->at++;
}

static char look(python *p) {
    skip(p);
    return p->at < p->t.n ? p->t.s[p->at] : '\0';
}

static bool take(python *p, const char *what) {
    skip(p);
    if (!lem_qwen_starts(lem_qwen_part(p->t, p->at, p->t.n), what)) return false;
    p->at += strlen(what);
    return true;
}

static bool digit(char c) { return c >= '0' && c <= '9'; }

/* Digits with single underscores between them, from byte `from` of the number on. */
static void add_digits(python *p, size_t from, char *s, size_t *n) {
    const char *t = p->t.s;
    for (; p->at < p->t.n; p->at++) {
        size_t i = p->at;
        bool between = t[i] == '_' && i > from && digit(t[i - 1]) && i + 1 < p->t.n && digit(t[i + 1]);
        if (!digit(t[i]) && !between) return;
        if (!between) s[(*n)++] = t[i];
    }
}

/* e-3; false where none follows. */
static bool add_exponent(python *p, char *s, size_t *n) {
    const char *t = p->t.s;
    size_t i = p->at, e = i + 1 + (i + 1 < p->t.n && (t[i + 1] == '-' || t[i + 1] == '+'));
    if (*n == 0 || i >= p->t.n || (t[i] != 'e' && t[i] != 'E') || e >= p->t.n || !digit(t[e])) return false;
    while (i < e || (i < p->t.n && digit(t[i]))) s[(*n)++] = t[i++];
    p->at = i;
    return true;
}

/* 12, 1_000, 1.5, .5, 5., 1e-3; no leading zeros before another digit. */
static qwen_node *number(python *p) {
    char *s = lem_work_alloc(p->w, p->t.n - p->at + 1, 1);
    if (!s) return NULL;
    size_t from = p->at, n = 0;
    add_digits(p, from, s, &n);
    bool whole = p->at >= p->t.n || p->t.s[p->at] != '.';
    if (!whole) {
        s[n++] = p->t.s[p->at++];
        add_digits(p, from, s, &n);
    }
    if (add_exponent(p, s, &n)) whole = false;
    bool zeros = whole && s[0] == '0' && n > 1 && strspn(s, "0") != n;
    if (n == 0 || (n == 1 && s[0] == '.') || zeros) return NULL;
    qwen_node *a = lem_qwen_named(p->w, QWEN_NUM, s, NULL, NULL);
    if (a) a->value = strtold(s, NULL);
    return a;
}

static bool name_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

/* The items of a bracket up to `close`; comma tells a tuple from parentheses. */
static bool items(python *p, char close, qwen_node **item, uint32_t *n, uint32_t most, bool *comma) {
    *n = 0;
    *comma = false;
    while (look(p) != close) {
        if (*n == most || !(item[*n] = sum(p))) return false;
        ++*n;
        if (look(p) == ',') {
            p->at++;
            *comma = true;
        } else if (look(p) != close) {
            return false;
        }
    }
    p->at++;
    return true;
}

static qwen_node *container(python *p, char open) {
    enum { MOST = 64 };
    qwen_node *item[MOST];
    uint32_t n;
    bool comma;
    p->at++;
    if (!items(p, open == '(' ? ')' : open == '[' ? ']' : '}', item, &n, MOST, &comma)) return NULL;
    if (open == '(' && n == 1 && !comma) return item[0];
    qwen_node *a = lem_qwen_named(p->w, QWEN_SET,
                                  open == '('   ? "("
                                  : open == '[' ? "["
                                  : n > 0       ? "{"
                                                : "dict",
                                  NULL, NULL);
    return a && (n == 0 || lem_qwen_with_kids(p->w, a, item, n)) ? a : NULL;
}

/* oo, pi and E, or a symbol. */
static qwen_node *name_alone(python *p, char *s) {
    qwen_node *a = lem_qwen_named(p->w, strcmp(s, "oo") == 0 ? QWEN_INF : QWEN_SYM, s, NULL, NULL);
    if (a && strcmp(s, "pi") == 0)
        *a = (qwen_node){.kind = QWEN_NUM, .name = s, .value = 3.14159265358979323846264338327950288L};
    if (a && strcmp(s, "E") == 0)
        *a = (qwen_node){.kind = QWEN_NUM, .name = s, .value = 2.71828182845904523536028747135266250L};
    return a;
}

static qwen_node *name(python *p) {
    enum { MOST = 16 };
    qwen_node *item[MOST];
    uint32_t n;
    bool comma;
    size_t from = p->at;
    while (p->at < p->t.n && (name_start(p->t.s[p->at]) || digit(p->t.s[p->at]))) p->at++;
    char *s = lem_work_strndup(p->w, p->t.s + from, p->at - from);
    if (!s) return NULL;
    if (look(p) != '(') return name_alone(p, s);
    p->at++;
    if (!items(p, ')', item, &n, MOST, &comma) || n == 0) return NULL;
    if (strcmp(s, "sqrt") == 0 && n == 1) {
        qwen_node *half = lem_qwen_named(p->w, QWEN_NUM, "0.5", NULL, NULL);
        if (half) half->value = 0.5L;
        return half ? lem_qwen_named(p->w, QWEN_POW, "", item[0], half) : NULL;
    }
    qwen_node *f = lem_qwen_named(p->w, QWEN_UFN, s, NULL, NULL);
    return f && lem_qwen_with_kids(p->w, f, item, n) ? f : NULL;
}

static qwen_node *primary(python *p) {
    char c = look(p);
    if (c == '(' || c == '[' || c == '{') return container(p, c);
    if (digit(c) || c == '.') return number(p);
    return name_start(c) ? name(p) : NULL;
}

static qwen_node *scalar_op(python *p, qwen_kind kind, qwen_node *a, qwen_node *b) {
    if (!a || !b || a->kind >= QWEN_REL || b->kind >= QWEN_REL) return NULL;
    return lem_qwen_named(p->w, kind, "", a, b);
}

static qwen_node *minus_one(python *p) {
    qwen_node *a = lem_qwen_named(p->w, QWEN_NUM, "-1", NULL, NULL);
    if (a) a->value = -1;
    return a;
}

/* -x, x**y: the power binds more tightly on its left than a sign, and takes a sign on its right */
static qwen_node *factor(python *p) {
    enum { MOST = 60 };
    if (p->depth >= MOST || !lem_work_spend(p->w, 50)) return NULL;
    p->depth++;
    qwen_node *a = NULL;
    char c = look(p);
    if (c == '-' || c == '+') {
        p->at++;
        a = factor(p);
        if (c == '-') a = scalar_op(p, QWEN_MUL, minus_one(p), a);
    } else {
        a = primary(p);
        while (a && look(p) == '!' && lem_qwen_part(p->t, p->at, p->at + 2).s[1] != '=') {
            p->at++;
            a = a->kind < QWEN_REL ? lem_qwen_named(p->w, QWEN_FN, "factorial", a, NULL) : NULL;
        }
        if (a && take(p, "**")) a = scalar_op(p, QWEN_POW, a, factor(p));
    }
    p->depth--;
    return a;
}

static qwen_node *product(python *p) {
    qwen_node *a = factor(p);
    while (a && (look(p) == '*' || look(p) == '/')) {
        bool over = look(p) == '/';
        p->at++;
        qwen_node *b = factor(p);
        if (over) b = scalar_op(p, QWEN_POW, b, minus_one(p));
        a = scalar_op(p, QWEN_MUL, a, b);
    }
    return a;
}

static qwen_node *sum(python *p) {
    qwen_node *a = product(p);
    while (a && (look(p) == '+' || look(p) == '-')) {
        bool minus = look(p) == '-';
        p->at++;
        qwen_node *b = product(p);
        if (minus) b = scalar_op(p, QWEN_MUL, minus_one(p), b);
        a = scalar_op(p, QWEN_ADD, a, b);
    }
    return a;
}

/* Python's bool(): empty containers and zero are false. */
static bool truth(const qwen_node *a) {
    return a->kind == QWEN_SET ? a->n > 0 : a->kind != QWEN_NUM || a->value != 0;
}

/* a or b: the first that is true, else the last. */
static qwen_node *choice(python *p) {
    qwen_node *a = sum(p);
    while (a && take(p, "or")) {
        qwen_node *b = sum(p);
        if (!b) return NULL;
        if (!truth(a)) a = b;
    }
    return a;
}

/* A whole text: one expression, or several with commas, which make a tuple. */
static qwen_node *parse_expr(lem_work *w, qwen_text t) {
    enum { MOST = 64 };
    qwen_node *item[MOST];
    uint32_t n = 0;
    bool comma = false;
    python p = {w, lem_qwen_strip(t), 0, 0};
    do {
        if (n == MOST || !(item[n] = choice(&p))) return NULL;
        n++;
        if (look(&p) != ',') break;
        p.at++;
        comma = true;
    } while (look(&p) != '\0');
    if (look(&p) != '\0') return NULL;
    if (!comma) return item[0];
    qwen_node *a = lem_qwen_named(w, QWEN_SET, "(", NULL, NULL);
    return a && lem_qwen_with_kids(w, a, item, n) ? a : NULL;
}

static qwen_node *parse_latex(lem_work *w, qwen_text t) {
    qwen_parser p;
    return lem_qwen_parser_init(&p, w, t, false) ? lem_qwen_relation(&p) : NULL;
}

static qwen_node *parse_cell(lem_work *w, qwen_text t) {
    qwen_parser p;
    if (!lem_qwen_parser_init(&p, w, t, true)) return NULL;
    qwen_node *a = lem_qwen_whole(&p);
    return a && a->kind < QWEN_REL ? a : NULL;
}

static qwen_node *parse_matrix(lem_work *w, qwen_text t) {
    enum { MOST = 256 };
    static const char open[] = "\\begin{pmatrix}", close[] = "\\end{pmatrix}";
    qwen_node *cell[MOST];
    uint32_t n = 0, cols = 0;
    if (!lem_qwen_starts(t, open) || !lem_qwen_ends(t, close) || t.n < strlen(open) + strlen(close))
        return NULL;
    t = lem_qwen_part(t, strlen(open), t.n - strlen(close));
    while (t.n > 0) {
        size_t end = lem_qwen_find(t, 0, "\\\\");
        qwen_text row = lem_qwen_part(t, 0, end);
        t = end == SIZE_MAX ? lem_qwen_part(t, t.n, t.n) : lem_qwen_part(t, end + 2, t.n);
        uint32_t first = n;
        for (size_t at = 0; at != SIZE_MAX;) {
            size_t amp = lem_qwen_find(row, at, "&");
            if (n == MOST || !(cell[n] = parse_cell(w, lem_qwen_part(row, at, amp)))) return NULL;
            n++;
            at = amp == SIZE_MAX ? amp : amp + 1;
        }
        if (cols == 0) cols = n - first;
        if (n - first != cols) return NULL;
    }
    qwen_node *m = n > 0 ? lem_qwen_named(w, QWEN_MATRIX, "", NULL, NULL) : NULL;
    if (!m || !lem_qwen_with_kids(w, m, cell, n)) return NULL;
    m->cols = cols;
    return m;
}

static qwen_node *latex2sympy(lem_work *w, qwen_text t) {
    static const char *const blanks[] = {"\\displaystyle", "\\quad", "\\qquad", "~", "\\,", "$"};
    qwen_node *m = parse_matrix(w, t);
    if (m) return m;
    lem_buf b = {0};
    lem_qwen_set(&b, t);
    for (size_t i = 0; i < sizeof blanks / sizeof *blanks; i++) lem_qwen_replace(&b, blanks[i], " ");
    char *s = b.failed ? NULL : lem_work_strndup(w, lem_buf_str(&b), b.len);
    size_t n = b.len;
    if (b.failed) w->limit = true;
    lem_buf_release(&b);
    qwen_parser p;
    return s && lem_qwen_parser_init(&p, w, (qwen_text){s, n}, true) ? lem_qwen_whole(&p) : NULL;
}

qwen_node *lem_qwen_parse(lem_work *w, qwen_text t) {
    lem_buf b = {0};
    lem_qwen_set(&b, t);
    lem_qwen_replace(&b, "\\\\", "\\");
    char *s = b.failed ? NULL : lem_work_strndup(w, lem_buf_str(&b), b.len);
    qwen_text single = {s, b.len};
    if (b.failed) w->limit = true;
    lem_buf_release(&b);
    if (!s) return NULL;
    for (int parser = 0; parser < 3; parser++)
        for (int variant = 0; variant < 2 && !w->limit; variant++) {
            qwen_text v = variant ? t : single;
            if (variant && single.n == t.n) break;
            qwen_node *a = parser == 0   ? parse_latex(w, v)
                           : parser == 1 ? parse_expr(w, v)
                                         : latex2sympy(w, v);
            if (a) return a;
        }
    return NULL;
}
