/* filter_arithmetic.c - equations between numbers: found among the tokens of a text, and computed */
#include "curate/filter_arithmetic.h"

#include "core/buf.h"
#include "core/mem.h"
#include "curate/filter_arithmetic_priv.h"
#include "grade/calc.h"

#include <ctype.h>
#include <string.h>

/* More than 12 places are those of binary arithmetic: 5.2727272727272725 for 580/110. */
enum { MAX_CHAIN = 300, MAX_ROUNDED = 4, MAX_PLACES = 12 };

struct lem_arithmetic_scan {
    arith_token *at;
    size_t n, cap;
    lem_calc *calc;
    lem_buf left, right;
};

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

typedef struct side {
    size_t from, end; /* tokens */
} side;

static bool in_chain(const arith_token *t) { return t->kind <= ARITH_SKIP; }
static bool counts(const arith_token *t) { return t->kind != ARITH_SKIP && t->kind != ARITH_MONEY; }

/* Without tokens at the ends that count for nothing. */
static side trim(const lem_arithmetic_scan *s, side x) {
    while (x.from < x.end && !counts(&s->at[x.from])) x.from++;
    while (x.end > x.from && !counts(&s->at[x.end - 1])) x.end--;
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
        "of",   "times",  "plus",  "minus",    "by",     "than",    "to",     "and",        "or",    "from",
        "per",  "over",   "into",  "less",     "more",   "twice",   "double", "triple",     "half",  "thrice",
        "mod",  "modulo", "upon",  "negative", "square", "squared", "cubed",  "root",       "add",   "adding",
        "base", "divide", "with",  "between",  "every",  "multiply", "log",   "subtract",   "divided",
        "sin",  "cos",    "tan",   "ln",       "gcd",    "lcm",     "max",    "min",        "subtracting",
        "week", "weeks", "day", "days", "year", "years", "month", "months", "page", "pages", "grade", "grades",
        "step", "steps", "round", "rounds", "question", "questions", "chapter", "case", "sqrt", "multiplying", "dividing", "multiplied", "through", "another", "exp", "versus", "vs", NULL};
    return word_in(text, t, list);
}

/* Words that compute with the number before them. */
static bool computes_behind(const char *text, const arith_token *t) {
    static const char *const list[] = {
        "times",    "plus",     "minus",    "divided",  "multiplied", "over",    "more",     "less",   "of",
        "dozen",    "dozens",   "hundred",  "hundreds", "thousand",   "million", "billion",  "and",    "or",
        "tenths",   "hundredths", "percent", "percents", "percentage", "squared", "cubed",   "half",   "halves",
        "third",    "thirds",   "fourth",   "fourths",  "quarter",    "quarters", "fifths",  "sixths", "eighths",
        "tens",     "ones",     "mod",      "modulo",   "cents",      "cent",    "thousands", "millions", "out",
        "to",       "trillion", "pi",       "choose",   "per",        "pairs",   "pair",     "couples", NULL};
    return word_in(text, t, list);
}

/* "1) 3 + 4": the bracket behind the number of a line. */
static bool is_enumeration(const lem_arithmetic_scan *s, size_t close) {
    if (close < 1) return false;
    const arith_token *t = &s->at[close - 1];
    bool label = t->kind == ARITH_NUM || (t->kind == ARITH_WORD && t->end - t->from == 1);
    return label && (close == 1 || s->at[close - 2].kind == ARITH_BREAK || s->at[close - 2].kind == ARITH_OPEN);
}

/* A word in front of a formula is no part of it, unless it computes or is computed with: "Week 1 + Week 2". */
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
    while (brk > 0 && (s->at[brk].kind == ARITH_BREAK || !counts(&s->at[brk]))) brk--;
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
static bool begins_well(const lem_arithmetic_scan *s, const char *text, side *x) {
    const arith_token *first = &s->at[x->from];
    size_t at = x->from;
    while (at > 0 && !counts(&s->at[at - 1])) at--;
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
    if (t->kind == ARITH_WORD && (!t->space || t->end - t->from < 2 || computes_behind(text, t))) return false;
    while (i < s->n && (s->at[i].kind == ARITH_WORD || s->at[i].kind == ARITH_TEXT || s->at[i].kind == ARITH_SKIP))
        i++;
    return i == s->n || (s->at[i].kind != ARITH_OP && s->at[i].kind != ARITH_OTHER);
}

/* The next line goes on with an operator; "- " and "* " are bullets. */
static bool goes_on_behind(const lem_arithmetic_scan *s, const char *text, size_t brk) {
    bool latex = text[s->at[brk].from] == '\\';
    while (brk < s->n && (s->at[brk].kind == ARITH_BREAK || !counts(&s->at[brk]))) brk++;
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
static side side_before(const lem_arithmetic_scan *s, size_t end) {
    side x = {end, end};
    int depth = 0;
    while (x.from > 0 && in_chain(&s->at[x.from - 1])) {
        const arith_token *t = &s->at[x.from - 1];
        if (t->kind == ARITH_OPEN && depth == 0) break;
        depth += (t->kind == ARITH_CLOSE) - (t->kind == ARITH_OPEN);
        if (end - --x.from > MAX_CHAIN) return (side){end, end};
    }
    return depth == 0 ? trim(s, x) : (side){end, end};
}

/* The formula that begins at token `from`. A bracket that holds words, behind a space, is no part of it. */
static side side_behind(const lem_arithmetic_scan *s, size_t from) {
    side x = {from, from};
    size_t level = from;
    int depth = 0;
    while (x.end < s->n && in_chain(&s->at[x.end])) {
        const arith_token *t = &s->at[x.end];
        if (t->kind == ARITH_CLOSE && depth == 0) break;
        if (t->kind == ARITH_OPEN && depth == 0) level = x.end;
        depth += (t->kind == ARITH_OPEN) - (t->kind == ARITH_CLOSE);
        if (++x.end - from > MAX_CHAIN) return (side){from, from};
    }
    if (depth > 0) x.end = s->at[level].space ? level : from;
    return trim(s, x);
}

/* 0900, 007: no number of arithmetic. */
static bool is_clock(const char *text, const arith_token *t) {
    return t->end - t->from > 1 && text[t->from] == '0' && text[t->from + 1] != '.';
}

/* Numbers and operators in an order that means something to everybody. */
static bool is_clean(const lem_arithmetic_scan *s, const char *text, side x, bool *computes) {
    const arith_token *last = NULL;
    bool power = false;
    for (size_t i = x.from; i < x.end; i++) {
        const arith_token *t = &s->at[i];
        if (!counts(t)) continue;
        bool value = last && (last->kind == ARITH_NUM || last->kind == ARITH_CLOSE);
        if (t->kind == ARITH_FUNC || t->kind == ARITH_FACTORIAL) *computes = true;
        if (t->kind == ARITH_OP && last) *computes = true;
        if (value && t->kind == ARITH_OPEN && t->op == '(') *computes = true;
        if (t->kind == ARITH_NUM && (value || is_clock(text, t))) return false;
        if (value && t->kind == ARITH_FUNC) return false;
        if (last && last->kind == ARITH_NUM && t->kind == ARITH_OPEN && t->op == '{') return false;
        if (last && last->kind == ARITH_OP && t->kind == ARITH_OP && t->op != '-') return false;
        if (t->kind == ARITH_OP && t->op == '^' && power) return false; /* 3^1 5^2 without its space */
        power = t->kind == ARITH_OP ? t->op == '^' : power && t->kind == ARITH_NUM;
        last = t;
    }
    return last && last->kind != ARITH_OP && last->kind != ARITH_FUNC;
}

/* ---- values ---- */

/* How a number may be off: not at all, or by half or one of its last place, up or down. */
typedef struct reading {
    bool percent;      /* percent signs count */
    bool alone;        /* the side is one number: a whole last place, else half of it */
    unsigned up, wide; /* bit k: the k-th rounded number goes up; it is moved at all */
} reading;

static size_t decimals(const char *text, const arith_token *t) {
    const char *dot = memchr(text + t->from, '.', t->end - t->from);
    return dot ? (size_t)(text + t->end - dot - 1) : 0;
}

static void put_digits(const char *text, const arith_token *t, lem_buf *out) {
    for (size_t i = t->from; i < t->end; i++)
        if ((text[i] >= '0' && text[i] <= '9') || text[i] == '.') lem_buf_putc(out, text[i]);
}

/* A number moved by one or half of its last place. */
static void put_moved(const char *text, const arith_token *t, const reading *r, bool up, lem_buf *out) {
    size_t n = decimals(text, t);
    if (n > MAX_PLACES) n = MAX_PLACES;
    lem_buf_putc(out, '(');
    put_digits(text, t, out);
    lem_buf_putc(out, up ? '+' : '-');
    if (n == 0) {
        lem_buf_puts(out, "1)");
        return;
    }
    lem_buf_puts(out, "0.");
    for (size_t i = 1; i < n; i++) lem_buf_putc(out, '0');
    lem_buf_puts(out, r->alone ? "1)" : "05)");
}

static bool may_be_rounded(const char *text, const arith_token *t, bool alone) {
    return t->kind == ARITH_NUM && (alone || decimals(text, t) >= 2);
}

/* The bracket at i multiplies: 3(4). To the grader 0.4(80) would be a recurring decimal. */
static bool is_value_before(const lem_arithmetic_scan *s, side x, size_t i) {
    while (i > x.from && !counts(&s->at[i - 1])) i--;
    return i > x.from && (s->at[i - 1].kind == ARITH_NUM || s->at[i - 1].kind == ARITH_CLOSE);
}

/* The side as the grader reads it. */
static void put_side(const lem_arithmetic_scan *s, const char *text, side x, const reading *r, lem_buf *out) {
    unsigned k = 0;
    lem_buf_clear(out);
    for (size_t i = x.from; i < x.end; i++) {
        const arith_token *t = &s->at[i];
        if (may_be_rounded(text, t, r->alone) && k < MAX_ROUNDED) {
            bool up = r->up >> k & 1, moved = r->wide >> k & 1;
            k++;
            if (moved) put_moved(text, t, r, up, out);
            else put_digits(text, t, out);
        } else if (t->kind == ARITH_NUM) put_digits(text, t, out);
        else if (t->kind == ARITH_OPEN && t->op == '(' && is_value_before(s, x, i)) lem_buf_puts(out, "*(");
        else if (t->kind == ARITH_FUNC) lem_buf_add(out, text + t->from, t->end - t->from);
        else if (t->kind == ARITH_PERCENT && r->percent) lem_buf_putc(out, '%');
        else if (t->kind == ARITH_FACTORIAL) lem_buf_putc(out, '!');
        else if (t->kind == ARITH_OP || t->kind == ARITH_OPEN || t->kind == ARITH_CLOSE) lem_buf_putc(out, t->op);
    }
}

typedef struct range {
    const lem_value *lo, *hi;
} range;

/* The least and the greatest value of a side over all ways in which its numbers may be rounded. */
static range range_of(lem_arithmetic_scan *s, const char *text, side x, bool percent, bool alone, lem_buf *b) {
    unsigned n = 0;
    range v = {NULL, NULL};
    for (size_t i = x.from; i < x.end; i++) n += may_be_rounded(text, &s->at[i], alone);
    if (n > MAX_ROUNDED) return v;
    for (unsigned up = 0; up < 1U << n; up++) {
        reading r = {percent, alone, up, (1U << n) - 1};
        put_side(s, text, x, &r, b);
        const lem_value *w = lem_calc_read(s->calc, lem_buf_str(b), b->len);
        if (!w) return (range){NULL, NULL};
        if (!v.lo || lem_value_order(w, v.lo) < 0) v.lo = w;
        if (!v.hi || lem_value_order(w, v.hi) > 0) v.hi = w;
    }
    return v;
}

static bool is_alone(const lem_arithmetic_scan *s, side x) {
    size_t n = 0;
    bool number = false;
    for (size_t i = x.from; i < x.end; i++) {
        bool sign = i == x.from && s->at[i].kind == ARITH_OP;
        if (!counts(&s->at[i]) || s->at[i].kind == ARITH_PERCENT || sign) continue;
        number = s->at[i].kind == ARITH_NUM;
        n++;
    }
    return number && n == 1;
}

typedef enum verdict { HOLDS, FAILS, UNREAD } verdict;

typedef struct equation {
    side l, r;
    bool l_percent, r_percent; /* the present reading of percent signs */
} equation;

static const lem_value *plain_value(lem_arithmetic_scan *s, const char *text, side x, bool percent, lem_buf *b) {
    put_side(s, text, x, &(reading){.percent = percent}, b);
    return lem_calc_read(s->calc, lem_buf_str(b), b->len);
}

/* Whether `one`, a number alone whose exact value is v, is `other` rounded. */
static bool is_rounded_to(lem_arithmetic_scan *s, const char *text, side one, bool percent, range other) {
    lem_buf b = {0};
    range r = range_of(s, text, one, percent, true, &b);
    lem_buf_release(&b);
    return r.lo && lem_value_order(r.lo, other.hi) < 0 && lem_value_order(other.lo, r.hi) < 0;
}

static bool has_decimals(const lem_arithmetic_scan *s, const char *text, side x) {
    for (size_t i = x.from; i < x.end; i++)
        if (s->at[i].kind == ARITH_NUM && decimals(text, &s->at[i]) > 0) return true;
    return false;
}

static bool holds_rounded(lem_arithmetic_scan *s, const char *text, const equation *e, const lem_value *l,
                          const lem_value *r) {
    range a = range_of(s, text, e->l, e->l_percent, false, &s->left);
    range b = range_of(s, text, e->r, e->r_percent, false, &s->right);
    if (!a.lo || !b.lo) return true; /* too many decimals to say */
    if (lem_value_order(a.lo, b.hi) <= 0 && lem_value_order(b.lo, a.hi) <= 0) return true;
    bool r_may = has_decimals(s, text, e->r) || !lem_value_is_whole(l);
    bool l_may = has_decimals(s, text, e->l) || !lem_value_is_whole(r);
    if (r_may && is_alone(s, e->r) && is_rounded_to(s, text, e->r, e->r_percent, a)) return true;
    return l_may && is_alone(s, e->l) && is_rounded_to(s, text, e->l, e->l_percent, b);
}

static verdict judge_reading(lem_arithmetic_scan *s, const char *text, const equation *e) {
    lem_calc_clear(s->calc);
    const lem_value *l = plain_value(s, text, e->l, e->l_percent, &s->left);
    const lem_value *r = plain_value(s, text, e->r, e->r_percent, &s->right);
    if (!l || !r) return UNREAD;
    if (lem_value_order(l, r) == 0) return HOLDS;
    return holds_rounded(s, text, e, l, r) ? HOLDS : FAILS;
}

/* Whether a side has percent signs. *unsure: people read it in more than one way, "20 + 10%" as 22, "6 / 1/2"
 * as 12, "6/2(3)" as 1. */
static bool percent_in(const lem_arithmetic_scan *s, side x, bool *unsure) {
    bool any = false, plus = false, divides = false;
    for (size_t i = x.from; i < x.end; i++) {
        const arith_token *t = &s->at[i];
        bool product = t->kind == ARITH_OPEN && t->op == '(' && is_value_before(s, x, i);
        any = any || t->kind == ARITH_PERCENT;
        if (divides && (product || (t->kind == ARITH_OP && t->op == '/'))) *unsure = true;
        if (t->kind == ARITH_OP) divides = t->op == '/';
        if (t->kind == ARITH_OPEN || t->kind == ARITH_CLOSE) divides = false;
        plus = plus || (t->kind == ARITH_OP && (t->op == '+' || t->op == '-'));
    }
    *unsure = *unsure || (any && plus);
    return any;
}

static verdict judge(lem_arithmetic_scan *s, const char *text, side l, side r) {
    bool unsure = false, a = percent_in(s, l, &unsure), b = percent_in(s, r, &unsure);
    verdict v = UNREAD;
    for (int way = 0; way < 4; way++) {
        if (((way & 1) && !a) || ((way & 2) && !b)) continue;
        equation e = {l, r, !(way & 1), !(way & 2)};
        v = judge_reading(s, text, &e);
        if (v != FAILS) return v;
    }
    return unsure ? UNREAD : v;
}

/* ---- texts ---- */

/* What "=" alone on a line goes on from: the side behind the last one, where nothing but line ends and
 * alignment stands between. */
static side carried(const lem_arithmetic_scan *s, side last, size_t equal) {
    for (size_t i = last.end; i < equal; i++)
        if (s->at[i].kind != ARITH_SKIP && s->at[i].kind != ARITH_BREAK) return (side){equal, equal};
    return last;
}

static void judge_equal(lem_arithmetic_scan *s, const char *text, size_t i, side *last, lem_arithmetic *out) {
    side l = side_before(s, i), r = side_behind(s, i + 1);
    bool computes = false, goes_on = false;
    if (l.from == l.end && last->from < last->end) {
        l = carried(s, *last, i);
        goes_on = true;
    }
    *last = (side){0, 0};
    bool right = r.from < r.end && ends_well(s, text, r.end) && is_clean(s, text, r, &computes);
    if (right) *last = r;
    if (!right || l.from == l.end || !(goes_on || begins_well(s, text, &l)) || !is_clean(s, text, l, &computes) || !computes)
        return;
    bool named = !goes_on && l.from > 0 && s->at[l.from - 1].kind == ARITH_WORD; /* "Remaining 10 = 3 + 4" */
    verdict v = named && is_alone(s, l) ? UNREAD : judge(s, text, l, r);
    if (v == UNREAD) return;
    out->equations++;
    if (v == FAILS && out->slips++ == 0) {
        out->offset = s->at[l.from].from;
        out->len = s->at[r.end - 1].end - out->offset;
    }
}

static lem_status check_piece(lem_arithmetic_scan *s, const char *text, size_t from, size_t end,
                              const lem_cancel *cancel, lem_arithmetic *out, lem_err *err) {
    side last = {0, 0};
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

lem_status lem_arithmetic_check(lem_arithmetic_scan *s, const char *text, size_t len, const lem_cancel *cancel,
                                lem_arithmetic *out, lem_err *err) {
    *out = (lem_arithmetic){0};
    if (!memchr(text, '=', len)) return LEM_OK;
    lem_status st = check_piece(s, text, 0, len, cancel, out, err);
    for (size_t i = 0; st == LEM_OK && i < len; i++) {
        size_t k = text[i] == '<' ? lem_arith_mark(text, len, i) : 0;
        if (k == 0) continue;
        st = check_piece(s, text, i + 2, i + k - 2, cancel, out, err);
        i += k - 1;
    }
    return st;
}
