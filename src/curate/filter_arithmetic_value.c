/* filter_arithmetic_value.c - both sides of an equation computed, with what rounding and percent signs allow
 */
#include "curate/filter_arithmetic_priv.h"

#include <string.h>

/* More than 12 places are those of binary arithmetic: 5.2727272727272725 for 580/110. */
enum { MAX_ROUNDED = 4, MAX_PLACES = 12 };

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
static bool is_value_before(const lem_arithmetic_scan *s, arith_side x, size_t i) {
    while (i > x.from && !lem_arith_counts(&s->at[i - 1])) i--;
    return i > x.from && (s->at[i - 1].kind == ARITH_NUM || s->at[i - 1].kind == ARITH_CLOSE);
}

/* A token that is no number, as the grader reads it. */
static void put_token(const lem_arithmetic_scan *s, const char *text, arith_side x, size_t i, lem_buf *out) {
    const arith_token *t = &s->at[i];
    switch (t->kind) {
    case ARITH_FUNC: lem_buf_add(out, text + t->from, t->end - t->from); break;
    case ARITH_FACTORIAL: lem_buf_putc(out, '!'); break;
    case ARITH_OPEN:
        if (t->op == '(' && is_value_before(s, x, i)) lem_buf_putc(out, '*');
        lem_buf_putc(out, t->op);
        break;
    case ARITH_OP:
    case ARITH_CLOSE: lem_buf_putc(out, t->op); break;
    default: break;
    }
}

/* The side as the grader reads it. */
static void put_side(const lem_arithmetic_scan *s, const char *text, arith_side x, const reading *r,
                     lem_buf *out) {
    unsigned k = 0;
    lem_buf_clear(out);
    for (size_t i = x.from; i < x.end; i++) {
        const arith_token *t = &s->at[i];
        bool rounded = may_be_rounded(text, t, r->alone);
        if (rounded && k < MAX_ROUNDED && (r->wide >> k & 1)) put_moved(text, t, r, r->up >> k & 1, out);
        else if (t->kind == ARITH_NUM) put_digits(text, t, out);
        else if (t->kind == ARITH_PERCENT) lem_buf_puts(out, r->percent ? "%" : "");
        else put_token(s, text, x, i, out);
        k += rounded;
    }
}

typedef struct range {
    const lem_value *lo, *hi;
} range;

/* The least and the greatest value of a side over all ways in which its numbers may be rounded. */
static range range_of(lem_arithmetic_scan *s, const char *text, arith_side x, bool percent, bool alone,
                      lem_buf *b) {
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

bool lem_arith_alone(const lem_arithmetic_scan *s, arith_side x) {
    size_t n = 0;
    bool number = false;
    for (size_t i = x.from; i < x.end; i++) {
        bool sign = i == x.from && s->at[i].kind == ARITH_OP;
        if (!lem_arith_counts(&s->at[i]) || s->at[i].kind == ARITH_PERCENT || sign) continue;
        number = s->at[i].kind == ARITH_NUM;
        n++;
    }
    return number && n == 1;
}

typedef struct equation {
    arith_side l, r;
    bool l_percent, r_percent; /* the present reading of percent signs */
} equation;

static const lem_value *plain_value(lem_arithmetic_scan *s, const char *text, arith_side x, bool percent,
                                    lem_buf *b) {
    put_side(s, text, x, &(reading){.percent = percent}, b);
    return lem_calc_read(s->calc, lem_buf_str(b), b->len);
}

/* Whether `one`, a number alone whose exact value is v, is `other` rounded. */
static bool is_rounded_to(lem_arithmetic_scan *s, const char *text, arith_side one, bool percent,
                          range other) {
    lem_buf b = {0};
    range r = range_of(s, text, one, percent, true, &b);
    lem_buf_release(&b);
    return r.lo && lem_value_order(r.lo, other.hi) < 0 && lem_value_order(other.lo, r.hi) < 0;
}

static bool has_decimals(const lem_arithmetic_scan *s, const char *text, arith_side x) {
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
    if (r_may && lem_arith_alone(s, e->r) && is_rounded_to(s, text, e->r, e->r_percent, a)) return true;
    return l_may && lem_arith_alone(s, e->l) && is_rounded_to(s, text, e->l, e->l_percent, b);
}

static arith_verdict judge_reading(lem_arithmetic_scan *s, const char *text, const equation *e) {
    lem_calc_clear(s->calc);
    const lem_value *l = plain_value(s, text, e->l, e->l_percent, &s->left);
    const lem_value *r = plain_value(s, text, e->r, e->r_percent, &s->right);
    if (!l || !r) return ARITH_UNREAD;
    if (lem_value_order(l, r) == 0) return ARITH_HOLDS;
    return holds_rounded(s, text, e, l, r) ? ARITH_HOLDS : ARITH_FAILS;
}

static bool holds_kind(const lem_arithmetic_scan *s, arith_side x, arith_kind kind, char op) {
    for (size_t i = x.from; i < x.end; i++)
        if (s->at[i].kind == kind && (!op || s->at[i].op == op)) return true;
    return false;
}

/* "6 / 1/2" is 12 to some, "6/2(3)" is 1: a division behind one without a bracket between. */
static bool divides_twice(const lem_arithmetic_scan *s, arith_side x) {
    bool divides = false;
    for (size_t i = x.from; i < x.end; i++) {
        const arith_token *t = &s->at[i];
        bool product = t->kind == ARITH_OPEN && t->op == '(' && is_value_before(s, x, i);
        if (divides && (product || (t->kind == ARITH_OP && t->op == '/'))) return true;
        if (t->kind == ARITH_OP) divides = t->op == '/';
        if (t->kind == ARITH_OPEN || t->kind == ARITH_CLOSE) divides = false;
    }
    return false;
}

/* People read it in more than one way; "20 + 10%" is 22 to some. */
static bool is_unsure(const lem_arithmetic_scan *s, arith_side x) {
    bool sums = holds_kind(s, x, ARITH_OP, '+') || holds_kind(s, x, ARITH_OP, '-');
    return (sums && holds_kind(s, x, ARITH_PERCENT, 0)) || divides_twice(s, x);
}

arith_verdict lem_arith_judge(lem_arithmetic_scan *s, const char *text, arith_side l, arith_side r) {
    bool a = holds_kind(s, l, ARITH_PERCENT, 0), b = holds_kind(s, r, ARITH_PERCENT, 0);
    arith_verdict v = ARITH_UNREAD;
    for (int way = 0; way < 4; way++) {
        if (((way & 1) && !a) || ((way & 2) && !b)) continue;
        equation e = {l, r, !(way & 1), !(way & 2)};
        v = judge_reading(s, text, &e);
        if (v != ARITH_FAILS) return v;
    }
    return is_unsure(s, l) || is_unsure(s, r) ? ARITH_UNREAD : v;
}
