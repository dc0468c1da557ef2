/* math_verify_extract.c - what Math-Verify's patterns find in a response: by priority, rightmost first, and
 * the first that parses
 *
 * The patterns of LatexExtractionConfig() and ExprExtractionConfig(), by scanning: environments ($$ \[ $ \( [
 * and bare \frac), several of them joined by commas or words, boxes, phrases with "answer", numbers and
 * arithmetic. */
#include "grade/compat/math_verify_priv.h"
#include "grade/compat/prm800k_priv.h"

#include <stdlib.h>

enum { MAX_ENVS = 6, MAX_MATCHES = 20000, MAX_TRIES = 64 };

typedef struct span {
    size_t from, to;
} span;

typedef struct match {
    size_t from, to;
    enum { BY_ENV, BY_BOX, BY_NUMBER, BY_ARITHMETIC } by;
    int n; /* environments */
    bool percent[MAX_ENVS];
    span env[MAX_ENVS];
    span whole, decimal; /* of a number */
} match;

typedef struct finder {
    lem_work *w;
    mode_text t;
    match *m; /* the matches of one priority */
    size_t n, cap;
    size_t barren;    /* no arithmetic begins before this place */
    bool unclosed[3]; /* no closing $$, \], \) in the rest */
} finder;

static bool at(mode_text t, size_t i, const char *s) { return lem_mode_text_at(t, i, s); }
static char byte(mode_text t, size_t i) { return i < t.n ? t.s[i] : '\0'; }
static size_t blank_run(mode_text t, size_t i) {
    size_t k = i;
    while (k < t.n && lem_mode_is_space(t.s[k])) k++;
    return k - i;
}
static bool escaped(mode_text t, size_t i) { return i && t.s[i - 1] == '\\'; }

static size_t percent_at(mode_text t, size_t i) {
    static const char *const words[] = {"\\%",     "%",       "percentage", "Percentage",
                                        "percent", "Percent", "pct",        "Pct"};
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (at(t, i, words[k]))
            return strlen(words[k]) - (k == 2 || k == 3 ? 3 : 0); /* "percent" is tried first */
    return 0;
}

/* ---- environments ---- */

static bool closed_by(finder *f, size_t from, const char *close, int kind, bool one_line, span *inside,
                      size_t *end) {
    if (kind >= 0 && f->unclosed[kind]) return false;
    for (size_t i = from; i < f->t.n; i++) {
        if (one_line && f->t.s[i] == '\n') return false;
        if (!at(f->t, i, close)) continue;
        if (i > from && !escaped(f->t, i)) {
            *inside = (span){from, i};
            *end = i + strlen(close);
            return true;
        }
        bool empty = i == from && !escaped(f->t, i);
        if (close[0] == '\\' || (close[1] == '\0' && empty)) return false;
    }
    if (kind >= 0) f->unclosed[kind] = true;
    return false;
}

/* -?\frac{number}{number} without a dollar. */
static bool bare_fraction(mode_text t, size_t i, size_t *end) {
    i += byte(t, i) == '-';
    if (!at(t, i, "\\frac{")) return false;
    for (int k = 0; k < 2; k++) {
        i += k ? 1 : 6;
        i += byte(t, i) == '-';
        size_t from = i;
        while (lem_mode_is_digit(byte(t, i))) i++;
        if (i == from) return false;
        if ((byte(t, i) == '.' || byte(t, i) == ',') && lem_mode_is_digit(byte(t, i + 1)))
            for (i++; lem_mode_is_digit(byte(t, i));) i++;
        if (byte(t, i) != '}' || (!k && byte(t, i + 1) != '{')) return false;
        i++;
    }
    *end = i;
    return true;
}

/* $$…$$, \[…\], $…$, \(…\) */
static bool delimited(finder *f, size_t i, span *inside, size_t *end) {
    mode_text t = f->t;
    if (escaped(t, i)) return false;
    if (at(t, i, "$$") && closed_by(f, i + 2, "$$", 0, false, inside, end)) return true;
    if (at(t, i, "\\[") && closed_by(f, i + 2, "\\]", 1, false, inside, end)) return true;
    bool dollar = byte(t, i) == '$' && !(i && lem_mode_is_digit(t.s[i - 1]));
    if (dollar && closed_by(f, i + 1, "$", -1, true, inside, end)) return true;
    return at(t, i, "\\(") && closed_by(f, i + 2, "\\)", 2, true, inside, end);
}

/* […] between white space. */
static bool spaced_bracket(mode_text t, size_t i, span *inside, size_t *end) {
    size_t k = i + 2;
    if (!lem_mode_is_space(byte(t, i)) || byte(t, i + 1) != '[') return false;
    while (k < t.n && !strchr("[]\n", t.s[k])) k++;
    if (k == i + 2 || byte(t, k) != ']' || !lem_mode_is_space(byte(t, k + 1))) return false;
    *inside = (span){i + 2, k};
    *end = k + 2;
    return true;
}

static bool fraction_alone(mode_text t, size_t i, span *inside, size_t *end) {
    if ((byte(t, i) != '-' && byte(t, i) != '\\') || !bare_fraction(t, i, end)) return false;
    *inside = (span){i, *end};
    return true;
}

static bool holds_box(mode_text t) {
    ptrdiff_t box = lem_mode_text_find(t, 0, "\\boxed{");
    return box >= 0 && lem_mode_text_find(t, (size_t)box + 8, "}") >= 0;
}

static bool environment(finder *f, size_t i, bool boxed, span *inside, size_t *end) {
    bool ok = delimited(f, i, inside, end) || spaced_bracket(f->t, i, inside, end);
    if (boxed) return ok && holds_box(lem_mode_text_cut(f->t, inside->from, inside->to));
    return ok || fraction_alone(f->t, i, inside, end);
}

/* Environments joined by "and", "or" and commas, each with its percent sign. */
static bool environments(finder *f, size_t i, bool boxed, match *m) {
    memset(m, 0, sizeof *m);
    m->from = i;
    for (m->n = 0; m->n < MAX_ENVS; m->n++) {
        size_t k = i, end;
        if (m->n) {
            k += blank_run(f->t, k);
            size_t comma = byte(f->t, k) == ',';
            if (at(f->t, k + comma, "and")) k += comma + 3;
            else if (at(f->t, k + comma, "or")) k += comma + 2;
            else if (comma) k++;
            else break;
            size_t space = blank_run(f->t, k);
            bool bracket = space && byte(f->t, k + space) == '[';
            k += bracket ? space - 1 : space;
        }
        if (!environment(f, k, boxed, &m->env[m->n], &end)) break;
        size_t p = end + blank_run(f->t, end), n = percent_at(f->t, p);
        m->percent[m->n] = n > 0;
        i = m->to = n ? p + n : end;
    }
    return m->n > 0;
}

/* ---- numbers and arithmetic ---- */

static size_t digit_run(mode_text t, size_t i) {
    size_t k = i;
    while (lem_mode_is_digit(byte(t, k))) k++;
    return k - i;
}

/* One of these marks, and digits behind it. */
static bool marked_digits(mode_text t, size_t i, const char *marks, size_t least) {
    return byte(t, i) && strchr(marks, byte(t, i)) && digit_run(t, i + 1) >= least;
}

static void take_decimals(mode_text t, size_t i, match *m) {
    m->decimal = (span){i, i + 1 + digit_run(t, i + 1)};
}

static bool number_parts(mode_text t, size_t i, match *m) {
    size_t sign = byte(t, i) == '-', d = digit_run(t, i + sign), k = i + sign + d;
    m->decimal = (span){0, 0};
    if (d >= 1 && d <= 3 && t.s[i + sign] != '0' && marked_digits(t, k, " ,", 3)) {
        while (marked_digits(t, k, " ,", 3)) k += 4; /* \d{3} takes three, whatever follows */
        m->whole = (span){i, k};
        if (marked_digits(t, k, ".", 1)) take_decimals(t, k, m);
        return true;
    }
    if (d) {
        m->whole = (span){i, k};
        if (marked_digits(t, k, ".,", 1)) take_decimals(t, k, m);
        return true;
    }
    if (!marked_digits(t, i, ".", 1)) return false;
    m->whole = (span){i, i};
    take_decimals(t, i, m);
    return true;
}

static bool number(mode_text t, size_t i, match *m) {
    if ((i && lem_mode_is_digit(t.s[i - 1])) || !number_parts(t, i, m)) return false;
    m->to = m->decimal.to ? m->decimal.to : m->whole.to;
    size_t p = m->to + blank_run(t, m->to), n = at(t, p, "\\%") ? 0 : percent_at(t, p);
    m->percent[0] = n > 0;
    if (n) m->to = p + n;
    m->by = BY_NUMBER;
    return true;
}

static size_t arithmetic_char(mode_text t, size_t i) {
    char c = byte(t, i);
    if (lem_mode_is_digit(c) || (c && strchr(".+-*/^() \t\r\n\v\f", c))) return 1;
    return at(t, i, "×") || at(t, i, "÷") ? 2 : 0;
}

static bool may_end(mode_text t, size_t i) {
    char c = byte(t, i);
    return strchr(".)", c) || lem_mode_is_space(c) || at(t, i, "**");
}

static bool is_operator(char c) { return c && (strchr("+-*/^()", c) || (c & 0x80)); }

/* The place from k on where an expression with an operator may end, 0 when there is none; *run: how far its
 * characters go. */
static size_t end_of_expression(mode_text t, size_t k, size_t most, size_t *run) {
    size_t op = 0, stop = 0, i = k, n; /* op: behind the first operator */
    for (; i < t.n && i < most && (n = arithmetic_char(t, i)) > 0; i += n) {
        if (op && op < i && may_end(t, i)) stop = i;
        if (!op && is_operator(byte(t, i))) op = i + n;
    }
    *run = i;
    if (op && i > op && (i >= t.n || strchr(",:$", byte(t, i)))) stop = i;
    return stop;
}

/* -?(?-?digit… with an operator, up to a place where an expression may end. */
static bool arithmetic(mode_text t, size_t i, match *m, size_t *barren) {
    size_t k = i, run;
    k += byte(t, k) == '-';
    k += byte(t, k) == '(';
    k += byte(t, k) == '-';
    if (!lem_mode_is_digit(byte(t, k))) return false;
    size_t stop = end_of_expression(t, k + 1, i + 4000, &run);
    if (!stop) *barren = run;
    if (!stop) return false;
    m->env[0] = (span){i, stop};
    size_t tail = stop + (at(t, stop, "**") ? 2 : 0);
    m->to = tail < t.n ? tail + 1 : tail;
    m->by = BY_ARITHMETIC;
    return true;
}

static bool number_or_arithmetic(finder *f, size_t i, bool want_number, match *m) {
    static const char *const currency[] = {"$", "€", "£", "¥", "₹", "₽", "₪", "₩", "₫", "฿"};
    mode_text t = f->t;
    size_t k = i;
    memset(m, 0, sizeof *m);
    m->from = i;
    if (lem_mode_is_space(byte(t, i)) || byte(t, i) == '=') k = i + 1;
    else if (i) return false;
    for (int line = 0; line < 2; line++) { /* at the very beginning the prefix may be empty */
        size_t j = line ? 0 : k;
        if (line && i) break;
        if (at(t, j, "**")) j += 2;
        if (!want_number) {
            if (j >= f->barren && arithmetic(t, j, m, &f->barren)) return true;
            continue;
        }
        for (size_t c = 0; c < sizeof currency / sizeof *currency; c++)
            if (at(t, j, currency[c])) {
                j += strlen(currency[c]);
                break;
            }
        if (number(t, j, m)) return true;
    }
    return false;
}

/* ---- phrases ---- */

static void add(finder *f, const match *m) {
    if (f->n >= MAX_MATCHES) return;
    if (f->n == f->cap) {
        size_t cap = f->cap ? f->cap * 2 : 32;
        match *more = lem_work_alloc(f->w, cap, sizeof *more);
        if (!more) return;
        if (f->n) memcpy(more, f->m, f->n * sizeof *more);
        f->m = more;
        f->cap = cap;
    }
    f->m[f->n++] = *m;
}

static char low(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }
static ptrdiff_t find_folded(mode_text t, size_t from, const char *s) {
    size_t n = strlen(s);
    for (size_t i = from; i + n <= t.n; i++) {
        size_t k = 0;
        while (k < n && low(t.s[i + k]) == s[k]) k++;
        if (k == n) return (ptrdiff_t)i;
    }
    return MODE_NONE;
}

static bool any_number(finder *f, size_t i, match *m) {
    return number_or_arithmetic(f, i, false, m) || number_or_arithmetic(f, i, true, m);
}

/* What stands behind "is", which ends at i; the blanks may belong to the environment or to the number. */
static bool after_is(finder *f, size_t i, bool latex, bool hope, match *m) {
    for (size_t b = i + blank_run(f->t, i) + 1; b-- > i;) {
        bool hit = latex ? environments(f, b, false, m) : any_number(f, b, m);
        if (hit && (latex || hope || b == i)) return true; /* a number's own prefix must follow at once */
    }
    return false;
}

static bool says_is(mode_text t, size_t i, bool any_case) {
    return at(t, i, "is") || (any_case && low(byte(t, i)) == 'i' && low(byte(t, i + 1)) == 's');
}

/* ". I hope": it is part of the match. */
static bool hope_follows(mode_text t, match *m) {
    size_t e = m->to + (byte(t, m->to) == '.');
    e += lem_mode_is_space(byte(t, e));
    if (!at(t, e, "I hope")) return false;
    m->to = e + 6;
    return true;
}

static bool final_answer_at(finder *f, size_t k, bool latex, bool hope, match *m) {
    size_t s = blank_run(f->t, k), i = k + s;
    if (!s || !says_is(f->t, i, hope)) return false;
    i += 2;
    i += byte(f->t, i) == ':';
    return after_is(f, i, latex, hope, m) && (!hope || hope_follows(f->t, m));
}

/* "final answer is X. I hope" where hope, else "final answer … is X". */
static void final_answers(finder *f, bool latex, bool hope) {
    size_t next = 0;
    match m;
    for (ptrdiff_t p = find_folded(f->t, 0, "final answer"); p >= 0;
         p = find_folded(f->t, next, "final answer")) {
        size_t base = (size_t)p + 12, limit = base + (hope ? 0 : 100);
        next = base;
        for (size_t k = base; k <= limit && k < f->t.n; k++) {
            if (!latex && byte(f->t, k ? k - 1 : 0) == '\n' && k > base) break;
            if (!final_answer_at(f, k, latex, hope, &m)) continue;
            m.from = (size_t)p;
            add(f, &m);
            next = m.to;
            break;
        }
    }
}

static bool equals_follows(mode_text t, size_t i) { return byte(t, i + blank_run(t, i)) == '='; }

/* A number behind the last equals sign of the line, at most 100 characters away. */
static bool after_equals(finder *f, size_t base, match *m) {
    size_t line = base;
    while (line < f->t.n && f->t.s[line] != '\n' && line < base + 102) line++;
    for (size_t k = line; k-- > base;) {
        if (f->t.s[k] != '=' || k > base + 100) continue;
        for (size_t b = k + 1 + blank_run(f->t, k + 1); b > k; b--)
            if (any_number(f, b, m) && !equals_follows(f->t, m->to)) return true;
    }
    return false;
}

/* At most 50 characters away; a number in the same line. */
static bool answer_near(finder *f, size_t base, bool latex, match *m) {
    for (size_t k = base; k <= base + 50 && k < f->t.n; k++) {
        if (latex && environments(f, k, false, m)) return true;
        if (!latex && any_number(f, k, m) && !equals_follows(f->t, m->to)) return true;
        if (!latex && f->t.s[k] == '\n') return false;
    }
    return false;
}

/* "answer" and at most 50 characters (or 100 up to an equals sign, for numbers) before X. */
static void answers(finder *f, bool latex, bool colon) {
    size_t next = 0;
    for (ptrdiff_t p = find_folded(f->t, 0, "answer"); p >= 0; p = find_folded(f->t, next, "answer")) {
        size_t base = (size_t)p + 6;
        next = base;
        if (colon && byte(f->t, base) != ':') continue;
        base += colon;
        match m;
        if (!(!latex && after_equals(f, base, &m)) && !answer_near(f, base, latex, &m)) continue;
        m.from = (size_t)p;
        add(f, &m);
        next = m.to;
    }
}

static void everywhere(finder *f,
                       int what) { /* 0 environments, 1 boxed environments, 2 arithmetic, 3 numbers */
    f->barren = 0;
    memset(f->unclosed, 0, sizeof f->unclosed);
    for (size_t i = 0; i < f->t.n && !f->w->limit;) {
        match m;
        bool hit = what < 2 ? environments(f, i, what == 1, &m) : number_or_arithmetic(f, i, what == 3, &m);
        if (hit) add(f, &m);
        i = hit && m.to > i ? m.to : i + 1;
    }
}

static void plain_box(finder *f) {
    ptrdiff_t a = lem_mode_text_find(f->t, 0, "\\boxed{"), z = lem_mode_text_rfind(f->t, "}");
    if (a < 0 || z <= a + 7) return;
    match m = {.from = (size_t)a, .to = (size_t)z + 1, .by = BY_BOX, .n = 1};
    m.env[0] = (span){m.from, m.to};
    add(f, &m);
}

/* Rightmost end first, then leftmost beginning. */
static int later(const void *x, const void *y) {
    const match *a = x, *b = y;
    if (a->to != b->to) return a->to < b->to ? 1 : -1;
    return a->from > b->from ? 1 : a->from < b->from ? -1 : 0;
}

/* The matches of one priority, in the order in which they are tried. */
static void collect(finder *f, int level) {
    f->n = 0;
    f->barren = 0;
    memset(f->unclosed, 0, sizeof f->unclosed);
    if (level < 2) final_answers(f, true, level == 0), final_answers(f, false, level == 0);
    if (level == 1) everywhere(f, 1), plain_box(f);
    if (level == 2 || level == 3) answers(f, true, level == 2), answers(f, false, level == 2);
    if (level == 4) everywhere(f, 0), everywhere(f, 2), everywhere(f, 3);
    if (f->n > 1) qsort(f->m, f->n, sizeof *f->m, later); /* no two matches of one pattern are equal */
}

/* ---- values ---- */

/* The digits of the whole part, at least one; zeros in front go where there is no minus. */
static void add_whole(lem_buf *b, mode_text whole, bool minus) {
    size_t i = minus;
    while (!minus && i < whole.n && whole.s[i] == '0') i++;
    if (minus) lem_buf_putc(b, '-');
    size_t before = b->len;
    for (; i < whole.n; i++)
        if (lem_mode_is_digit(whole.s[i])) lem_buf_putc(b, whole.s[i]);
    if (b->len == before) lem_buf_putc(b, '0');
}

static mv_value *number_value(finder *f, const match *m, mode_text *text) {
    mode_text whole = lem_mode_text_cut(f->t, m->whole.from, m->whole.to);
    bool minus = whole.n && whole.s[0] == '-';
    lem_buf b = {0};
    add_whole(&b, whole, minus);
    for (size_t i = m->decimal.from; i < m->decimal.to; i++)
        lem_buf_putc(&b, f->t.s[i] == ',' ? '.' : f->t.s[i]);
    *text = lem_mode_text_own(f->w, &b);
    mode_expr *e = lem_mode_num(f->w, minus ? lem_mode_text_cut(*text, 1, text->n) : *text);
    if (e && minus) e->q = lem_rat_neg(f->w, e->q);
    return lem_mv_expr(f->w, e && e->q ? (m->percent[0] ? lem_mv_percent(f->w, e) : e) : NULL);
}

static mv_value *arithmetic_value(finder *f, const match *m, mode_text *text) {
    *text = lem_mode_text_cut(f->t, m->env[0].from, m->env[0].to);
    lem_buf b = {0};
    for (size_t i = 0; i < text->n; i++) {
        if (!lem_mode_is_space(text->s[i])) {
            lem_buf_putc(&b, text->s[i]);
            continue;
        }
        size_t k = i + blank_run(*text, i);
        bool apart =
            i && k < text->n && strchr("0123456789.)", text->s[i - 1]) && strchr("0123456789.(", text->s[k]);
        if (apart) lem_buf_putc(&b, '?'); /* two operands side by side are a syntax error */
        i = k - 1;
    }
    return lem_mv_expr(f->w, lem_prm800k_parse(f->w, lem_mode_text_own(f->w, &b)));
}

static mv_value *with_percent(lem_work *w, mv_value *v, bool percent) {
    return v && percent && v->kind == MV_EXPR ? lem_mv_expr(w, lem_mv_percent(w, v->e)) : v;
}

/* The set of n values; those that are sets give their elements. */
static mv_value *union_of(lem_work *w, mv_value *const *v, int n) {
    size_t room = 0;
    for (int k = 0; k < n; k++) room += v[k]->n + 1;
    mv_value *set = lem_mv_new(w, MV_SET, (uint32_t)room);
    if (!set) return NULL;
    set->n = 0;
    for (int k = 0; k < n; k++) {
        if (v[k]->kind != MV_SET && !lem_mv_set_add(w, set, v[k])) return NULL;
        for (uint32_t j = 0; v[k]->kind == MV_SET && j < v[k]->n; j++)
            if (!lem_mv_set_add(w, set, v[k]->kid[j])) return NULL;
    }
    return set;
}

static mv_value *environment_value(finder *f, const match *m, mode_text *text) {
    mv_value *v[MAX_ENVS];
    lem_buf b = {0};
    bool all = true;
    for (int k = 0; k < m->n; k++) {
        mode_text t = lem_mv_normalise(f->w, lem_mode_text_cut(f->t, m->env[k].from, m->env[k].to),
                                       (mv_config){m->by == BY_BOX});
        if (k) lem_buf_puts(&b, " and ");
        lem_buf_add(&b, t.s, t.n);
        v[k] = with_percent(f->w, lem_mv_parse(f->w, t), m->percent[k]);
        all &= v[k] != NULL;
        if (k == 0) *text = t;
    }
    if (m->n > 1 && all) *text = lem_mode_text_of(f->w, &b);
    lem_buf_release(&b);
    return m->n == 1 || !all ? v[0] : union_of(f->w, v, m->n);
}

static mv_value *value_of_match(finder *f, const match *m, mode_text *text) {
    switch (m->by) {
    case BY_NUMBER: return number_value(f, m, text);
    case BY_ARITHMETIC: return arithmetic_value(f, m, text);
    default: return environment_value(f, m, text);
    }
}

mv_answer lem_mv_extract(lem_work *w, mode_text response, mode_text *span_out) {
    finder f = {.w = w, .t = response};
    mv_answer a = {NULL, {"", 0}, false};
    int tries = 0;
    if (span_out) *span_out = (mode_text){"", 0};
    for (int level = 0; level < 5 && !a.value && !w->limit; level++) {
        collect(&f, level);
        for (size_t k = 0; k < f.n && !a.value && !w->limit && tries++ < MAX_TRIES; k++) {
            mode_text text;
            a.value = value_of_match(&f, &f.m[k], &text);
            if (!a.found && text.n) a.text = text, a.found = true;
            if (span_out && (a.value || (!span_out->n && text.n))) *span_out = text;
        }
    }
    return a;
}
