/* math_verify_sets.c - values as the grammar of latex2sympy2_extended reads them: sets, intervals, tuples,
 * matrices, relations, to the end or not at all */
#include "grade/compat/math_verify_grammar_priv.h"

static mv_value *parse_element(mv_parser *p, bool relations);

mv_value *lem_mv_new(lem_work *w, mv_kind kind, uint32_t n) {
    mv_value *v = lem_work_spend(w, 16 + n) ? lem_work_alloc(w, 1, sizeof *v) : NULL;
    if (!v) return NULL;
    v->kind = kind;
    v->n = n;
    v->kid = lem_work_alloc(w, n + 1, sizeof(mv_value *));
    return v->kid ? v : NULL;
}

mv_value *lem_mv_expr(lem_work *w, mode_expr *e) {
    mv_value *v = e ? lem_mv_new(w, MV_EXPR, 0) : NULL;
    if (v) v->e = e;
    return v;
}

/* ---- matrices ---- */

/* The entries up to `close`, which stands behind them; NULL where rows differ in length. */
static mv_value *matrix_entries(mv_parser *p, const char *close) {
    enum { MOST = 400 };
    mv_value *m = lem_mv_new(p->w, MV_MATRIX, MOST);
    uint32_t n = 0, col = 0;
    while (m && n < MOST) {
        m->kid[n] = lem_mv_expr(p->w, lem_mv_read_expr(p));
        if (!m->kid[n++]) return NULL;
        col++;
        if (lem_mv_take(p, "&")) continue;
        bool row = lem_mv_take(p, "\\\\"), end = lem_mv_at_word(p, close);
        if ((!row && !end) || (m->cols && m->cols != col)) return NULL;
        m->cols = col;
        col = 0;
        if (end) break;
    }
    if (m) m->n = n;
    return m;
}

static mv_value *parse_matrix(mv_parser *p) {
    static const char *const kinds[][2] = {{"\\begin{pmatrix}", "\\end{pmatrix}"},
                                           {"\\begin{bmatrix}", "\\end{bmatrix}"},
                                           {"\\begin{matrix}", "\\end{matrix}"},
                                           {"\\begin{array}", "\\end{array}"}};
    size_t k = 0;
    while (k < 4 && !lem_mv_take(p, kinds[k][0])) k++;
    if (k == 4) return NULL;
    const char *close = kinds[k][1];
    if (k == 3 && lem_mv_take(p, "{"))
        while (p->i < p->t.n && p->t.s[p->i++] != '}') {}
    mv_value *m = matrix_entries(p, close);
    return m && lem_mv_take(p, close) ? m : NULL;
}

/* ---- sets ---- */

static bool same_value(const mv_value *a, const mv_value *b) {
    if (a->kind != b->kind || a->n != b->n || a->op != b->op || a->left_open != b->left_open ||
        a->right_open != b->right_open)
        return false;
    if (a->kind == MV_EXPR) return lem_mode_same(a->e, b->e);
    for (uint32_t k = 0; k < a->n; k++)
        if (!same_value(a->kid[k], b->kid[k])) return false;
    return true;
}

bool lem_mv_set_add(lem_work *w, mv_value *set, mv_value *v) {
    for (uint32_t k = 0; k < set->n; k++)
        if (same_value(set->kid[k], v)) return true;
    if (!lem_work_spend(w, 4 + set->n)) return false;
    set->kid[set->n++] = v;
    return true;
}

enum { MAX_PARTS = 256 };

typedef struct parts {
    mv_value *v[MAX_PARTS];
    uint32_t n, groups, first[MAX_PARTS]; /* first part of each group */
    bool plain;                           /* every group between semicolons has one part */
} parts;

static bool add_part(parts *out, mv_value *v) {
    if (!v || out->n >= MAX_PARTS) return false;
    out->v[out->n++] = v;
    return true;
}

/* a ± b is two parts. */
static int plus_minus(mv_parser *p, parts *out) {
    static const char *const pm[] = {"\\pm", "\\mp", "±", "∓", NULL};
    mv_parser saved = *p;
    mode_expr *a = lem_mv_take_any(p, pm) ? NULL : lem_mv_read_expr(p), *b;
    if (p->i == saved.i || (a && !lem_mv_take_any(p, pm))) {
        p->i = saved.i;
        return 0;
    }
    if (!a && p->i == saved.i) return 0;
    b = lem_mv_read_expr(p);
    if (!b) {
        p->i = saved.i;
        return 0;
    }
    mode_expr *x = a ? lem_mode_op(p->w, MODE_ADD, a, b) : lem_mv_negated(p, b),
              *y = a ? lem_mode_op(p->w, MODE_ADD, a, lem_mv_negated(p, b)) : b;
    return add_part(out, lem_mv_expr(p->w, x)) && add_part(out, lem_mv_expr(p->w, y)) ? 1 : -1;
}

static bool at_delimiter(mv_parser *p) {
    return lem_mv_at_end(p) || lem_mv_at_word(p, ",") || lem_mv_at_word(p, ";") || lem_mv_at_word(p, ")") ||
           lem_mv_at_word(p, "]") || lem_mv_at_word(p, "}") || lem_mv_at_word(p, "\\}") ||
           lem_mv_at_word(p, "\\rbrace");
}

static bool parse_parts(mv_parser *p, bool relations, parts *out) {
    uint32_t before = 0;
    out->n = 0;
    out->groups = 1;
    out->first[0] = 0;
    out->plain = true;
    for (;;) {
        mv_parser saved = *p;
        int pm = plus_minus(p, out);
        if (pm && !at_delimiter(p)) return false;
        if (pm < 0) return false;
        if (!pm) {
            *p = lem_mv_back(p, &saved);
            if (!add_part(out, parse_element(p, relations))) return false;
        }
        bool semi = lem_mv_at_word(p, ";");
        if (semi || !lem_mv_at_word(p, ",")) {
            out->plain &= out->n - before == 1;
            before = out->n;
        }
        if (semi && out->groups == MAX_PARTS) return false;
        if (semi) out->first[out->groups++] = out->n;
        if (!lem_mv_take(p, ",") && !lem_mv_take(p, ";")) return true;
    }
}

static mv_value *collect(lem_work *w, mv_kind kind, const parts *in) {
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

/* The value of comma and semicolon lists: one part is itself; groups of several parts between semicolons are
 * tuples. */
static mv_value *list_value(lem_work *w, const parts *in) {
    if (in->n == 1) return in->v[0];
    if (in->groups == 1 || in->plain) return collect(w, MV_SET, in);
    mv_value *set = lem_mv_new(w, MV_SET, in->groups);
    if (!set) return NULL;
    set->n = 0;
    for (uint32_t g = 0; g < in->groups; g++) {
        uint32_t from = in->first[g], to = g + 1 < in->groups ? in->first[g + 1] : in->n;
        mv_value *tuple = lem_mv_new(w, MV_TUPLE, to - from);
        if (!tuple) return NULL;
        memcpy(tuple->kid, in->v + from, (to - from) * sizeof *tuple->kid);
        if (!lem_mv_set_add(w, set, tuple)) return NULL;
    }
    return set;
}

/* The sign of an infinity; 0 for anything else. */
static int infinite(const mv_value *v) {
    const mode_expr *e = v->kind == MV_EXPR ? v->e : NULL;
    bool minus = e && e->kind == MODE_MUL && e->kid[0]->kind == MODE_NUM && lem_rat_is(e->kid[0]->q, -1);
    const mode_expr *o = minus ? e->kid[1] : e;
    if (!o || o->kind != MODE_CONST || !lem_mode_text_is(o->name, "oo")) return 0;
    return minus ? -1 : 1;
}

/* -1, 0, 1 for numbers; 2 when that is not known. */
static int order(lem_work *w, const mv_value *a, const mv_value *b) {
    long double x, y, i, j;
    int s = infinite(a), t = infinite(b);
    if (s || t) {
        bool known = (s || lem_mode_is_free_of_symbols(a->e)) && (t || lem_mode_is_free_of_symbols(b->e));
        return known ? (s > t) - (s < t) : 2;
    }
    if (a->kind != MV_EXPR || b->kind != MV_EXPR || !lem_mode_value(w, a->e, &x, &i) ||
        !lem_mode_value(w, b->e, &y, &j) || i != 0 || j != 0)
        return 2;
    if (lem_mode_compare(w, a->e, b->e, true) <= MODE_EQUAL_NUMERIC) return 0;
    return x < y ? -1 : 1;
}

/* What is written as an interval and is none: ends that are equal or backwards. */
static mv_value *settled_interval(lem_work *w, mv_value *v) {
    int o = order(w, v->kid[0], v->kid[1]);
    bool open = v->left_open, shut = v->right_open;
    bool backwards = o == 1 || (o == 0 && open && shut);
    if (backwards && open == shut) v->kind = MV_TUPLE;
    else if (o == 1 || (o == 0 && (open || shut))) return lem_mv_new(w, MV_EMPTY, 0);
    else if (o == 0) v->kind = MV_SET, v->n = 1;
    return v;
}

static mv_value *parse_interval(mv_parser *p) {
    static const char *const opens[] = {"(", "\\(", "\\lgroup", NULL}, *const shuts[] = {")", "\\)",
                                                                                         "\\rgroup", NULL};
    bool open = lem_mv_take_any(p, opens);
    if (!open && !lem_mv_take(p, "[") && !lem_mv_take(p, "\\lbrack")) return NULL;
    mv_value *v = lem_mv_new(p->w, MV_INTERVAL, 2);
    if (!v || !(v->kid[0] = lem_mv_expr(p->w, lem_mv_read_expr(p))) || !lem_mv_take(p, ",") ||
        !(v->kid[1] = lem_mv_expr(p->w, lem_mv_read_expr(p))))
        return NULL;
    bool shut = lem_mv_take_any(p, shuts);
    if (!shut && !lem_mv_take(p, "]") && !lem_mv_take(p, "\\rbrack")) return NULL;
    v->left_open = open;
    v->right_open = shut;
    return settled_interval(p->w, v);
}

static mv_value *parse_literal(mv_parser *p) {
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
        if (lem_mv_take(p, sets[k].s)) {
            mv_value *v = lem_mv_new(p->w, sets[k].op ? MV_NAMED : MV_EMPTY, 0);
            if (v) v->op = sets[k].op;
            return v;
        }
    return NULL;
}

static mv_value *parse_bracketed(mv_parser *p, const char *open, const char *close, bool set) {
    parts *in = lem_work_alloc(p->w, 1, sizeof *in);
    bool boxed = strcmp(open, "\\boxed{") == 0;
    if (!in || !lem_mv_take(p, open) || !parse_parts(p, true, in) || !lem_mv_take(p, close)) return NULL;
    if (boxed) return list_value(p->w, in);
    if (set) return collect(p->w, MV_SET, in);
    return in->n == 1 ? in->v[0] : collect(p->w, MV_TUPLE, in);
}

static mv_value *parse_set_atom(mv_parser *p) {
    static const struct {
        const char *open, *close;
        bool set;
    } pairs[] = {{"(", ")", false},
                 {"[", "]", false},
                 {"{", "}", true},
                 {"\\{", "\\}", true},
                 {"\\boxed{", "}", true}};
    lem_mv_skip(p);
    if (p->dead[p->i] & 1 || !lem_mv_enter(p)) return NULL;
    mv_parser saved = *p;
    mv_value *v = parse_interval(p);
    if (!v) *p = lem_mv_back(p, &saved), v = parse_literal(p);
    for (size_t k = 0; !v && !p->w->limit && k < sizeof pairs / sizeof *pairs; k++) {
        *p = lem_mv_back(p, &saved);
        if (lem_mv_at_word(p, pairs[k].open))
            v = parse_bracketed(p, pairs[k].open, pairs[k].close, pairs[k].set);
    }
    p->depth--;
    if (!v) p->dead[saved.i] |= 1;
    return v;
}

/* ---- relations ---- */

static char relation_sign(mv_parser *p) {
    static const struct {
        const char *s;
        char op;
    } signs[] = {{"<=", 'l'},      {">=", 'g'},         {"!=", '!'},         {"==", '='},    {"=", '='},
                 {"<", '<'},       {">", '>'},          {"\\leqslant", 'l'}, {"\\leq", 'l'}, {"\\le", 'l'},
                 {"≤", 'l'},       {"\\geqslant", 'g'}, {"\\geq", 'g'},      {"\\ge", 'g'},  {"≥", 'g'},
                 {"\\lt", '<'},    {"\\gt", '>'},       {"\\neq", '!'},      {"\\ne", '!'},  {"≠", '!'},
                 {"\\equiv", '='}, {"\\approx", '~'},   {"≈", '~'},          {"~=", '~'}};
    for (size_t k = 0; k < sizeof signs / sizeof *signs; k++)
        if (lem_mv_take(p, signs[k].s)) return signs[k].op;
    return 0;
}

static mv_value *relation(lem_work *w, char op, mv_value *a, mv_value *b) {
    mv_value *v = a && b ? lem_mv_new(w, MV_REL, 2) : NULL;
    if (!v) return NULL;
    v->op = op;
    v->kid[0] = a;
    v->kid[1] = b;
    return v;
}

static mv_value *parse_relation(mv_parser *p) {
    enum { MOST = 16 };
    mv_value *chain[MOST], *last;
    uint32_t n = 0;
    mode_expr *e = lem_mv_read_expr(p);
    if (!e) return NULL;
    last = lem_mv_expr(p->w, e);
    for (char op = relation_sign(p); op; op = relation_sign(p)) {
        mv_value *next = lem_mv_expr(p->w, lem_mv_read_expr(p));
        if (!next || n == MOST) return NULL;
        if (op == '~') { /* an approximation is dropped, but "x ~ 3" is 3 */
            if (!n && lem_mv_only_symbols(last->e)) last = next;
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

static mv_value *parse_element(mv_parser *p, bool relations) {
    mv_parser saved = *p;
    mv_value *v = parse_set_atom(p);
    if (v && at_delimiter(p)) return v;
    *p = lem_mv_back(p, &saved);
    if (lem_mv_at_word(p, "\\begin")) {
        v = parse_matrix(p);
        return v && at_delimiter(p) ? v : NULL;
    }
    if (lem_mv_at_word(p, "(")) { /* a matrix in brackets is the matrix */
        p->i++;
        v = lem_mv_at_word(p, "\\begin") ? parse_matrix(p) : NULL;
        if (v && lem_mv_take(p, ")") && at_delimiter(p)) return v;
        *p = lem_mv_back(p, &saved);
    }
    return relations ? parse_relation(p) : lem_mv_expr(p->w, lem_mv_read_expr(p));
}

/* x, (x, y): what may stand before "=" or "in". */
static mv_value *parse_names(mv_parser *p) {
    if (!lem_mv_take(p, "(")) return lem_mv_expr(p->w, lem_mv_read_name(p));
    parts in = {.n = 0};
    do {
        if (!add_part(&in, lem_mv_expr(p->w, lem_mv_read_name(p)))) return NULL;
    } while (lem_mv_take(p, ","));
    if (!lem_mv_take(p, ")")) return NULL;
    return in.n == 1 ? in.v[0] : collect(p->w, MV_TUPLE, &in);
}

static mv_value *parse_minus(mv_parser *p);

static mv_value *parse_intersection(mv_parser *p, int level) {
    static const char *const ops[3][4] = {
        {"\\setminus", "∖", NULL}, {"\\cup", "∪", NULL}, {"\\cap", "∩", NULL}};
    static const mv_kind kinds[3] = {MV_MINUS, MV_UNION, MV_INTERSECTION};
    mv_value *a;
    if (level == 3) {
        mv_parser saved = *p;
        a = parse_set_atom(p);
        if (a) return a;
        *p = lem_mv_back(p, &saved);
        return lem_mv_take(p, "(") && (a = parse_minus(p)) && lem_mv_take(p, ")") ? a : NULL;
    }
    a = parse_intersection(p, level + 1);
    while (a && lem_mv_take_any(p, ops[level])) {
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

static mv_value *parse_minus(mv_parser *p) {
    if (!lem_mv_enter(p)) return NULL;
    mv_value *v = parse_intersection(p, 0);
    p->depth--;
    return v;
}

static size_t digits_at(mode_text t, size_t i) {
    size_t k = i;
    while (k < t.n && lem_mode_is_digit(t.s[k])) k++;
    return k - i;
}

static bool is_mark(mode_text t, size_t i, char c) { return i < t.n && t.s[i] == c; }

/* 12,345 and 1,234.5 as a whole are numbers, not sets. */
static bool comma_number(mode_text t, mode_text *digits, lem_work *w) {
    t = lem_mode_text_strip(t);
    size_t i = is_mark(t, 0, '-'), k = digits_at(t, i);
    i += k;
    if (k < 1 || k > 3 || !is_mark(t, i, ',')) return false;
    while (is_mark(t, i, ',') && digits_at(t, i + 1) >= 3) i += 4;
    if (is_mark(t, i, '.') && digits_at(t, i + 1)) i += 1 + digits_at(t, i + 1);
    *digits = lem_mode_text_replace(w, t, ",", t.s[0] == '0' ? "." : ""); /* 0,111 is a decimal comma */
    return i == t.n && lem_mode_text_count(*digits, ".") < 2;
}

static mv_value *digits_value(mv_parser *p, mode_text digits) {
    bool minus = digits.n && digits.s[0] == '-';
    mode_expr *e = lem_mode_num(p->w, minus ? lem_mode_text_cut(digits, 1, digits.n) : digits);
    return lem_mv_expr(p->w, minus ? lem_mv_negated(p, e) : e);
}

/* x = 1, 2 and x \in S to the end of the text; NULL: it is none. */
static bool parse_named(mv_parser *p, parts *in, mv_value **out) {
    static const char *const signs[] = {"=", "\\in", "∈", NULL};
    mv_value *names = parse_names(p), *v;
    if (!names || !lem_mv_take_any(p, signs)) return false;
    size_t side = p->i;
    if (parse_parts(p, false, in) && lem_mv_at_end(p))
        return *out = relation(p->w, '=', names, list_value(p->w, in)), true;
    p->i = side;
    if (!(v = parse_minus(p)) || !lem_mv_at_end(p)) return false;
    return *out = relation(p->w, '=', names, v), true;
}

static mv_value *parse_whole(lem_work *w, mode_text t, bool complex) {
    mode_text digits;
    mv_parser p = {.w = w, .t = t, .complex = complex, .expr = lem_mv_read_expr};
    parts *in = lem_work_alloc(w, 1, sizeof *in);
    mv_value *v;
    p.dead = lem_work_alloc(w, t.n + 1, 1);
    if (!in || !p.dead) return NULL;
    if (comma_number(t, &digits, w)) return digits_value(&p, digits);
    if (parse_named(&p, in, &v)) return v;
    p.i = 0;
    p.depth = 0;
    if (parse_parts(&p, true, in) && lem_mv_at_end(&p)) return list_value(w, in);
    p.i = 0;
    p.depth = 0;
    return (v = parse_minus(&p)) && lem_mv_at_end(&p) ? v : NULL;
}

/* Words that make the original treat every symbol as complex. */
static bool speaks_of_complex(mode_text t) {
    static const char *const words[] = {"\\mathbb{C}", "\\text{i}", "\\mathrm{i}", "\\imath",
                                        "\\det",       "\\arg{",    "\\Re{",       "\\Im{"};
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (lem_mode_text_find(t, 0, words[k]) >= 0) return true;
    for (ptrdiff_t at = lem_mode_text_find(t, 0, "i"); at >= 0;
         at = lem_mode_text_find(t, (size_t)at + 1, "i")) {
        size_t i = (size_t)at;
        char a = i ? t.s[i - 1] : ' ', b = i + 1 < t.n ? t.s[i + 1] : ' ';
        bool before = lem_mode_is_letter(a) || lem_mode_is_digit(a) || a == '_' || (a & 0x80),
             after = lem_mode_is_letter(b) || lem_mode_is_digit(b) || b == '_' || (b & 0x80);
        if (!before && !after) return true;
    }
    return false;
}

/* Sums, integrals and the like are read by the original: here they are a symbol of their own, equal to
 * nothing else, and no reason to look further. */
static mv_value *opaque(lem_work *w, mode_text t) {
    static const char *const heavy[] = {"\\int", "\\sum", "\\prod", "\\lim", "\\operatorname", "\\det",
                                        "\\max", "\\min", "\\gcd",  "\\lcm", "\\mod"};
    int depth = 0;
    bool found = false;
    for (size_t i = 0; i < t.n && depth >= 0; i++) depth += (t.s[i] == '{') - (t.s[i] == '}');
    for (size_t k = 0; k < sizeof heavy / sizeof *heavy; k++)
        for (ptrdiff_t at = lem_mode_text_find(t, 0, heavy[k]); at >= 0 && !found;
             at = lem_mode_text_find(t, (size_t)at + 1, heavy[k]))
            found = lem_mv_command_length(t, (size_t)at) == strlen(heavy[k]);
    return found && !depth ? lem_mv_expr(w, lem_mode_sym(w, t)) : NULL;
}

static mv_value *parse_text(lem_work *w, mode_text t);

mv_value *lem_mv_parse(lem_work *w, mode_text t) {
    mv_value *v = parse_text(w, t);
    return v || w->limit ? v : opaque(w, t);
}

static mv_value *parse_text(lem_work *w, mode_text t) {
    mv_value *v = parse_whole(w, t, speaks_of_complex(t));
    if (v || w->limit || memchr(t.s, ',', t.n) || memchr(t.s, ';', t.n)) return v;
    size_t equals = 0, last = 0;
    for (size_t i = 0; i < t.n; i++)
        if (t.s[i] == '=' && !(i && strchr("\\<!>", t.s[i - 1]))) equals++, last = i + 1;
    if (equals < 2) return NULL;
    t = lem_mode_text_cut(t, last, t.n);
    return parse_whole(w, t, speaks_of_complex(t));
}
