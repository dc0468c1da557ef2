/* filter_arithmetic.c - equations between numbers: found among the tokens of a text */
#include "curate/filter_arithmetic.h"

#include "core/mem.h"
#include "curate/filter_arithmetic_priv.h"

#include <ctype.h>
#include <string.h>

enum { MAX_CHAIN = 300 };

lem_arithmetic_scan *lem_arithmetic_scan_new(lem_err *err) {
    lem_arithmetic_scan *s = lem_alloc_zero(1, sizeof *s, err);
    if (!s) return NULL;
    s->calc = lem_calc_new(err);
    if (s->calc) return s;
    lem_free(s);
    return NULL;
}

void lem_arithmetic_scan_free(lem_arithmetic_scan *s) {
    if (!s) return;
    lem_calc_free(s->calc);
    lem_buf_release(&s->left);
    lem_buf_release(&s->right);
    lem_free(s->at);
    lem_free(s);
}

static lem_status push(lem_arithmetic_scan *s, arith_token t, lem_err *err) {
    if (s->n == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 256;
        arith_token *more = lem_realloc(s->at, cap, sizeof *more, err);
        if (!more) return LEM_EMEM;
        s->at = more;
        s->cap = cap;
    }
    s->at[s->n++] = t;
    return LEM_OK;
}

/* ---- sides of an equation ---- */

static bool in_chain(const arith_token *t) { return t->kind <= ARITH_SKIP; }

/* Without tokens at the ends that count for nothing. */
static arith_side trim(const lem_arithmetic_scan *s, arith_side x) {
    while (x.from < x.end && !lem_arith_counts(&s->at[x.from])) x.from++;
    while (x.end > x.from && !lem_arith_counts(&s->at[x.end - 1])) x.end--;
    return x;
}

static bool word_in(const char *text, const arith_token *t, const char *const *list) {
    size_t n = t->end - t->from;
    for (; *list; list++) {
        size_t k = 0;
        if (strlen(*list) != n) continue;
        while (k < n && tolower((unsigned char)text[t->from + k]) == (*list)[k]) k++;
        if (k == n) return true;
    }
    return false;
}

/* Words that compute with the number behind them. */
static bool computes_before(const char *text, const arith_token *t) {
    static const char *const list[] = {
        "of",       "times",     "plus",    "minus",    "by",   "than",        "to",       "and",
        "or",       "from",      "per",     "over",     "into", "less",        "more",     "twice",
        "double",   "triple",    "half",    "thrice",   "mod",  "modulo",      "upon",     "negative",
        "square",   "squared",   "cubed",   "root",     "add",  "adding",      "base",     "divide",
        "with",     "between",   "every",   "multiply", "log",  "subtract",    "divided",  "sin",
        "cos",      "tan",       "ln",      "gcd",      "lcm",  "max",         "min",      "subtracting",
        "week",     "weeks",     "day",     "days",     "year", "years",       "month",    "months",
        "page",     "pages",     "grade",   "grades",   "step", "steps",       "round",    "rounds",
        "question", "questions", "chapter", "case",     "sqrt", "multiplying", "dividing", "multiplied",
        "through",  "another",   "exp",     "versus",   "vs",   NULL};
    return word_in(text, t, list);
}

/* Words that compute with the number before them. */
static bool computes_behind(const char *text, const arith_token *t) {
    static const char *const list[] = {
        "times",    "plus",   "minus",     "divided",    "multiplied", "over",     "more",       "less",
        "of",       "dozen",  "dozens",    "hundred",    "hundreds",   "thousand", "million",    "billion",
        "and",      "or",     "tenths",    "hundredths", "percent",    "percents", "percentage", "squared",
        "cubed",    "half",   "halves",    "third",      "thirds",     "fourth",   "fourths",    "quarter",
        "quarters", "fifths", "sixths",    "eighths",    "tens",       "ones",     "mod",        "modulo",
        "cents",    "cent",   "thousands", "millions",   "out",        "to",       "trillion",   "pi",
        "choose",   "per",    "pairs",     "pair",       "couples",    NULL};
    return word_in(text, t, list);
}

/* "1) 3 + 4": the bracket behind the number of a line. */
static bool is_enumeration(const lem_arithmetic_scan *s, size_t close) {
    if (close < 1) return false;
    const arith_token *t = &s->at[close - 1];
    bool label = t->kind == ARITH_NUM || (t->kind == ARITH_WORD && t->end - t->from == 1);
    return label &&
           (close == 1 || s->at[close - 2].kind == ARITH_BREAK || s->at[close - 2].kind == ARITH_OPEN);
}

/* A word in front of a formula is no part of it, unless it computes or is computed with: "Week 1 + Week 2".
 */
static bool word_begins_it(const lem_arithmetic_scan *s, const char *text, size_t word) {
    const arith_token *t = &s->at[word];
    if (t->end - t->from < 2 || computes_before(text, t)) return false;
    while (word > 0 && (s->at[word].kind == ARITH_WORD || s->at[word].kind == ARITH_TEXT)) word--;
    return s->at[word].kind != ARITH_OP && s->at[word].kind != ARITH_OTHER;
}

/* The comma of "14, 400 / 80". */
static bool parts_numbers(const lem_arithmetic_scan *s, const char *text, size_t edge) {
    return text[s->at[edge].from] == ',' && edge > 0 && s->at[edge - 1].kind == ARITH_NUM;
}

/* A line begins at the break: what stands before it goes on in it only where it ends with an operator, a
 * brace or what is not understood. */
static bool line_begins(const lem_arithmetic_scan *s, size_t brk) {
    while (brk > 0 && (s->at[brk].kind == ARITH_BREAK || !lem_arith_counts(&s->at[brk]))) brk--;
    const arith_token *t = &s->at[brk];
    return t->kind != ARITH_OP && t->kind != ARITH_FUNC && t->kind != ARITH_OTHER &&
           !(t->kind == ARITH_CLOSE && t->op == '}');
}

/* Whether a formula may stand behind the token at i. */
static bool may_follow(const lem_arithmetic_scan *s, const char *text, size_t i, bool space) {
    const arith_token *t = &s->at[i];
    switch (t->kind) {
    case ARITH_EDGE: return text[t->from] != '|' && text[t->from] != ']' && !parts_numbers(s, text, i);
    case ARITH_BREAK: return line_begins(s, i);
    case ARITH_EQUAL:
    case ARITH_OPEN: return true;
    case ARITH_CLOSE: return space && is_enumeration(s, i);
    case ARITH_WORD: return space && word_begins_it(s, text, i);
    default: return false;
    }
}

/* Whether a formula may begin at x->from; drops a bullet from it. */
static bool begins_well(const lem_arithmetic_scan *s, const char *text, arith_side *x) {
    const arith_token *first = &s->at[x->from];
    size_t at = x->from;
    while (at > 0 && !lem_arith_counts(&s->at[at - 1])) at--;
    bool line = at == 0 || s->at[at - 1].kind == ARITH_BREAK;
    if (first->kind == ARITH_OP) {
        bool loose = x->end - x->from > 1 && s->at[x->from + 1].space;
        bool bullet = line && loose && (first->op == '-' || first->op == '*');
        if (bullet) x->from++;
        else if (first->op != '-' || (at > 0 && s->at[at - 1].kind == ARITH_WORD)) return false;
    }
    return at == 0 || may_follow(s, text, at - 1, first->space);
}

/* Words behind a formula are units, unless they, or what follows them, compute. */
static bool words_end_it(const lem_arithmetic_scan *s, const char *text, size_t i) {
    const arith_token *t = &s->at[i];
    if (t->kind == ARITH_WORD && (!t->space || t->end - t->from < 2 || computes_behind(text, t)))
        return false;
    while (i < s->n &&
           (s->at[i].kind == ARITH_WORD || s->at[i].kind == ARITH_TEXT || s->at[i].kind == ARITH_SKIP))
        i++;
    return i == s->n || (s->at[i].kind != ARITH_OP && s->at[i].kind != ARITH_OTHER);
}

/* The next line goes on with an operator; "- " and "* " are bullets. */
static bool goes_on_behind(const lem_arithmetic_scan *s, const char *text, size_t brk) {
    bool latex = text[s->at[brk].from] == '\\';
    while (brk < s->n && (s->at[brk].kind == ARITH_BREAK || !lem_arith_counts(&s->at[brk]))) brk++;
    if (brk == s->n || s->at[brk].kind != ARITH_OP) return false;
    bool bullet = brk + 1 < s->n && s->at[brk + 1].space && (s->at[brk].op == '-' || s->at[brk].op == '*');
    return latex || !bullet;
}

static bool edge_ends_it(const lem_arithmetic_scan *s, const char *text, size_t edge) {
    char c = text[s->at[edge].from];
    const arith_token *next = edge + 1 < s->n ? &s->at[edge + 1] : NULL;
    if (c == '!' || c == '|' || c == '[') return false;
    bool formula = c == '$' || c == '\\'; /* $20$ percent */
    return !(formula && next && next->kind == ARITH_WORD && computes_behind(text, next));
}

/* A bracket behind a value multiplies it, unless it holds words: 7 (as above). */
static bool holds_words(const lem_arithmetic_scan *s, size_t open) {
    if (!s->at[open].space || open + 1 >= s->n || s->at[open + 1].kind != ARITH_WORD) return false;
    return s->at[open + 1].end - s->at[open + 1].from > 1;
}

/* Whether a formula may end before the token `end`. */
static bool ends_well(const lem_arithmetic_scan *s, const char *text, size_t end) {
    while (end < s->n && s->at[end].kind == ARITH_SKIP) end++;
    if (end == s->n) return true;
    switch (s->at[end].kind) {
    case ARITH_EDGE: return edge_ends_it(s, text, end);
    case ARITH_BREAK: return !goes_on_behind(s, text, end);
    case ARITH_EQUAL:
    case ARITH_MONEY:
    case ARITH_CLOSE: return true;
    case ARITH_OPEN: return holds_words(s, end);
    case ARITH_WORD:
    case ARITH_TEXT: return words_end_it(s, text, end);
    default: return false;
    }
}

/* The formula that ends before token `end`; empty when there is none. */
static arith_side side_before(const lem_arithmetic_scan *s, size_t end) {
    arith_side x = {end, end};
    int depth = 0;
    while (x.from > 0 && in_chain(&s->at[x.from - 1])) {
        const arith_token *t = &s->at[x.from - 1];
        if (t->kind == ARITH_OPEN && depth == 0) break;
        depth += (t->kind == ARITH_CLOSE) - (t->kind == ARITH_OPEN);
        if (end - --x.from > MAX_CHAIN) return (arith_side){end, end};
    }
    return depth == 0 ? trim(s, x) : (arith_side){end, end};
}

/* The formula that begins at token `from`. A bracket that holds words, behind a space, is no part of it. */
static arith_side side_behind(const lem_arithmetic_scan *s, size_t from) {
    arith_side x = {from, from};
    size_t level = from;
    int depth = 0;
    while (x.end < s->n && in_chain(&s->at[x.end])) {
        const arith_token *t = &s->at[x.end];
        if (t->kind == ARITH_CLOSE && depth == 0) break;
        if (t->kind == ARITH_OPEN && depth == 0) level = x.end;
        depth += (t->kind == ARITH_OPEN) - (t->kind == ARITH_CLOSE);
        if (++x.end - from > MAX_CHAIN) return (arith_side){from, from};
    }
    if (depth > 0) x.end = s->at[level].space ? level : from;
    return trim(s, x);
}

/* 0900, 007: no number of arithmetic. */
static bool is_clock(const char *text, const arith_token *t) {
    return t->end - t->from > 1 && text[t->from] == '0' && text[t->from + 1] != '.';
}

static bool ends_a_value(const arith_token *t) {
    return t && (t->kind == ARITH_NUM || t->kind == ARITH_CLOSE);
}

static bool is_op(const arith_token *t) { return t && t->kind == ARITH_OP; }

/* Whether t behind `last` (NULL: at the beginning) computes something. */
static bool computes_there(const arith_token *last, const arith_token *t) {
    if (t->kind == ARITH_FUNC || t->kind == ARITH_FACTORIAL) return true;
    if (t->kind == ARITH_OP) return last != NULL;
    return t->kind == ARITH_OPEN && t->op == '(' && ends_a_value(last);
}

/* Whether t may stand behind `last`; power: behind x^y. */
static bool may_stand(const char *text, const arith_token *last, const arith_token *t, bool power) {
    switch (t->kind) {
    case ARITH_NUM: return !ends_a_value(last) && !is_clock(text, t);
    case ARITH_FUNC: return !ends_a_value(last);
    case ARITH_OPEN: return t->op != '{' || !last || last->kind != ARITH_NUM;
    case ARITH_OP:
        return !(is_op(last) && t->op != '-') && !(t->op == '^' && power); /* 3^1 5^2 without its space */
    default: return true;
    }
}

/* Numbers and operators in an order that means something to everybody. */
static bool is_clean(const lem_arithmetic_scan *s, const char *text, arith_side x, bool *computes) {
    const arith_token *last = NULL;
    bool power = false;
    for (size_t i = x.from; i < x.end; i++) {
        const arith_token *t = &s->at[i];
        if (!lem_arith_counts(t)) continue;
        if (!may_stand(text, last, t, power)) return false;
        *computes = *computes || computes_there(last, t);
        if (t->kind != ARITH_NUM) power = is_op(t) && t->op == '^';
        last = t;
    }
    return last && last->kind != ARITH_OP && last->kind != ARITH_FUNC;
}

/* ---- texts ---- */

/* What "=" alone on a line goes on from: the side behind the last one, where nothing but line ends and
 * alignment stands between. */
static arith_side carried(const lem_arithmetic_scan *s, arith_side last, size_t equal) {
    for (size_t i = last.end; i < equal; i++)
        if (s->at[i].kind != ARITH_SKIP && s->at[i].kind != ARITH_BREAK) return (arith_side){equal, equal};
    return last;
}

/* The equation around the "=" at i. *last: the side behind the one before, and then behind this one. False:
 * it is not one between numbers. */
static bool sides_of(const lem_arithmetic_scan *s, const char *text, size_t i, arith_side *last,
                     arith_side *l, arith_side *r) {
    bool computes = false, goes_on = false;
    *l = side_before(s, i);
    *r = side_behind(s, i + 1);
    if (l->from == l->end && last->from < last->end) {
        *l = carried(s, *last, i);
        goes_on = true;
    }
    *last = (arith_side){0, 0};
    if (r->from == r->end || !ends_well(s, text, r->end) || !is_clean(s, text, *r, &computes)) return false;
    *last = *r;
    if (l->from == l->end || !(goes_on || begins_well(s, text, l)) || !is_clean(s, text, *l, &computes))
        return false;
    bool named =
        !goes_on && l->from > 0 && s->at[l->from - 1].kind == ARITH_WORD; /* "Remaining 10 = 3 + 4" */
    return computes && !(named && lem_arith_alone(s, *l));
}

static void judge_equal(lem_arithmetic_scan *s, const char *text, size_t i, arith_side *last,
                        lem_arithmetic *out) {
    arith_side l, r;
    arith_verdict v = ARITH_UNREAD;
    if (sides_of(s, text, i, last, &l, &r)) v = lem_arith_judge(s, text, l, r);
    out->equations += v != ARITH_UNREAD;
    if (v == ARITH_FAILS && out->slips++ == 0) {
        out->offset = s->at[l.from].from;
        out->len = s->at[r.end - 1].end - out->offset;
    }
}

static lem_status check_piece(lem_arithmetic_scan *s, const char *text, size_t from, size_t end,
                              const lem_cancel *cancel, lem_arithmetic *out, lem_err *err) {
    arith_side last = {0, 0};
    size_t pos = from;
    arith_token t;
    s->n = 0;
    while (lem_arith_next(text, end, &pos, s->n ? &s->at[s->n - 1] : NULL, &t)) {
        lem_status st = push(s, t, err);
        if (st) return st;
    }
    for (size_t i = 0; i < s->n; i++) {
        if (s->at[i].kind != ARITH_EQUAL) continue;
        if (cancel && cancel->requested) return lem_fail(err, LEM_EINTR, "interrupted");
        judge_equal(s, text, i, &last, out);
    }
    lem_status st = lem_buf_ok(&s->left, err);
    return st == LEM_OK ? lem_buf_ok(&s->right, err) : st;
}

lem_status lem_arithmetic_check(lem_arithmetic_scan *s, const char *text, size_t len,
                                const lem_cancel *cancel, lem_arithmetic *out, lem_err *err) {
    *out = (lem_arithmetic){0};
    if (!memchr(text, '=', len)) return LEM_OK;
    uint64_t failures = lem_mem_failures(); /* a value for which there was no memory is no wrong equation */
    lem_status st = check_piece(s, text, 0, len, cancel, out, err);
    for (size_t i = 0; st == LEM_OK && i < len; i++) {
        size_t k = text[i] == '<' ? lem_arith_mark(text, len, i) : 0;
        if (k == 0) continue;
        st = check_piece(s, text, i + 2, i + k - 2, cancel, out, err);
        i += k - 1;
    }
    return st || lem_mem_failures() == failures ? st : lem_mem_report("arithmetic", err);
}
