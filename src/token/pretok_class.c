/* pretok_class.c - patterns that are a run of one class of characters, as linear scanners: \s?[A-Za-z]+ ,
 * \p{N}{1,3} , [\r\n] , \s+$
 *
 * The pattern is compiled to sorted ranges and general categories. What is not of this form is left to PCRE2
 * (pretok_regex.c). */
#include "core/mem.h"
#include "core/utf8.h"
#include "token/tokenizer_priv.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* ---- compiling */

static uint32_t categories_of(const char *name, size_t n) {
    static const struct {
        char name[3];
        utf8proc_category_t category;
    } all[] = {{"Lu", UTF8PROC_CATEGORY_LU}, {"Ll", UTF8PROC_CATEGORY_LL}, {"Lt", UTF8PROC_CATEGORY_LT},
               {"Lm", UTF8PROC_CATEGORY_LM}, {"Lo", UTF8PROC_CATEGORY_LO}, {"Mn", UTF8PROC_CATEGORY_MN},
               {"Mc", UTF8PROC_CATEGORY_MC}, {"Me", UTF8PROC_CATEGORY_ME}, {"Nd", UTF8PROC_CATEGORY_ND},
               {"Nl", UTF8PROC_CATEGORY_NL}, {"No", UTF8PROC_CATEGORY_NO}, {"Pc", UTF8PROC_CATEGORY_PC},
               {"Pd", UTF8PROC_CATEGORY_PD}, {"Ps", UTF8PROC_CATEGORY_PS}, {"Pe", UTF8PROC_CATEGORY_PE},
               {"Pi", UTF8PROC_CATEGORY_PI}, {"Pf", UTF8PROC_CATEGORY_PF}, {"Po", UTF8PROC_CATEGORY_PO},
               {"Sm", UTF8PROC_CATEGORY_SM}, {"Sc", UTF8PROC_CATEGORY_SC}, {"Sk", UTF8PROC_CATEGORY_SK},
               {"So", UTF8PROC_CATEGORY_SO}};
    uint32_t mask = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (n >= 1 && n <= 2 && strncmp(all[i].name, name, n) == 0) mask |= 1u << all[i].category;
    return mask;
}

typedef struct parser {
    const char *p, *end;
    tok_class *c;
    lem_err *err;
    lem_status st;
} parser;

static bool eat(parser *x, const char *s) {
    size_t n = strlen(s);
    if ((size_t)(x->end - x->p) < n || memcmp(x->p, s, n) != 0) return false;
    x->p += n;
    return true;
}

static bool add_range(parser *x, uint32_t from, uint32_t to) {
    tok_class *c = x->c;
    if (from > to) return false;
    uint32_t *r = lem_realloc(c->range, (c->n + 1) * 2, sizeof *r, x->err);
    if (!r) {
        x->st = LEM_EMEM;
        return false;
    }
    c->range = r;
    r[2 * c->n] = from;
    r[2 * c->n++ + 1] = to;
    return true;
}

/* \p{X} and \s; false if there is none here. */
static bool parse_set(parser *x) {
    if (eat(x, "\\s")) return x->c->space = true;
    if (!eat(x, "\\p{")) return false;
    const char *close = memchr(x->p, '}', (size_t)(x->end - x->p));
    uint32_t mask = close ? categories_of(x->p, (size_t)(close - x->p)) : 0;
    if (!mask) return false;
    x->c->categories |= mask;
    x->p = close + 1;
    return true;
}

/* One character inside brackets; false if it is anything else. */
static bool parse_char(parser *x, uint32_t *cp) {
    if (x->p < x->end && *x->p == '\\') {
        static const char from[] = "rnt\\-]['\"/.$^!#&()*+,:;<=>?@_`{|}~%",
                          to[] = "\r\n\t\\-]['\"/.$^!#&()*+,:;<=>?@_`{|}~%";
        const char *hit = x->p + 1 < x->end && x->p[1] ? strchr(from, x->p[1]) : NULL;
        if (!hit) return false;
        *cp = (unsigned char)to[hit - from];
        x->p += 2;
        return true;
    }
    if (x->p >= x->end || *x->p == '[' || *x->p == ']' ||
        (*x->p == '&' && x->p + 1 < x->end && x->p[1] == '&'))
        return false;
    int n = lem_utf8_decode(x->p, (size_t)(x->end - x->p), cp);
    if (n <= 0) return false;
    x->p += n;
    return true;
}

static bool parse_brackets(parser *x) {
    if (x->p < x->end && *x->p == '^') return false;
    while (!eat(x, "]")) {
        if (parse_set(x)) continue;
        uint32_t from, to;
        if (x->st != LEM_OK || !parse_char(x, &from)) return false;
        to = from;
        if (x->end - x->p >= 2 && x->p[0] == '-' && x->p[1] != ']') {
            x->p++;
            if (!parse_char(x, &to)) return false;
        }
        if (!add_range(x, from, to)) return false;
    }
    return true;
}

static int by_start(const void *a, const void *b) {
    const uint32_t *x = a, *y = b;
    return x[0] != y[0] ? (x[0] > y[0]) - (x[0] < y[0]) : (x[1] > y[1]) - (x[1] < y[1]);
}

static bool in_class(const tok_class *c, uint32_t cp);

/* Sorts and joins the ranges, fills the table for ASCII. */
static void finish(tok_class *c) {
    if (c->n) qsort(c->range, c->n, 2 * sizeof *c->range, by_start);
    size_t k = 0;
    for (size_t i = 0; i < c->n; i++) {
        uint32_t *r = c->range + 2 * i;
        if (k && r[0] <= c->range[2 * k - 1]) {
            if (r[1] > c->range[2 * k - 1]) c->range[2 * k - 1] = r[1];
            continue;
        }
        c->range[2 * k] = r[0];
        c->range[2 * k++ + 1] = r[1];
    }
    c->n = k;
    for (uint32_t i = 0; i < 128; i++) c->ascii[i] = in_class(c, i);
}

lem_status lem_class_parse(const char *pattern, tok_class *c, bool *ok, lem_err *err) {
    *c = (tok_class){.max = 1};
    parser x = {.p = pattern, .end = pattern + strlen(pattern), .c = c, .err = err};
    if (strcmp(pattern, "\\s+$") == 0) {
        c->at_end = *ok = true;
        return LEM_OK;
    }
    const char *start = x.p;
    c->lead_space = eat(&x, "\\s?");
    if (!c->lead_space) x.p = start;
    *ok = eat(&x, "[") ? parse_brackets(&x) : parse_set(&x);
    if (*ok && eat(&x, "{1,3}")) c->max = 3;
    else if (*ok && eat(&x, "+")) c->max = 0;
    *ok = *ok && x.p == x.end;
    if (*ok) finish(c);
    else lem_class_release(c);
    return x.st;
}

void lem_class_release(tok_class *c) {
    lem_free(c->range);
    *c = (tok_class){0};
}

/* ---- scanning */

static bool in_class(const tok_class *c, uint32_t cp) {
    size_t lo = 0, hi = c->n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (c->range[2 * mid + 1] < cp) lo = mid + 1;
        else hi = mid;
    }
    if (lo < c->n && c->range[2 * lo] <= cp) return true;
    if (c->categories >> utf8proc_category((utf8proc_int32_t)cp) & 1) return true;
    char b[4];
    size_t len, n = c->space ? (size_t)lem_utf8_encode(cp, b) : 0;
    return n && (lem_char_class(b, n, &len) & CH_SPACE);
}

/* Whether the character at s is in the class; its length. Bytes that are no UTF-8 are in none. */
static bool member(const tok_class *c, const char *s, size_t n, size_t *len) {
    unsigned char b = (unsigned char)s[0];
    *len = 1;
    if (b < 0x80) return c->ascii[b];
    uint32_t cp;
    int k = lem_utf8_decode(s, n, &cp);
    if (k <= 0) return false;
    *len = (size_t)k;
    return in_class(c, cp);
}

/* \s+$ where $ is also the place before a newline. */
static bool find_at_end(const char *s, size_t n, size_t pos, size_t *start, size_t *end) {
    size_t len;
    while (pos < n) {
        if (!(lem_char_class(s + pos, n - pos, &len) & CH_SPACE)) {
            pos += len;
            continue;
        }
        size_t e = pos, newline = pos;
        while (e < n && (lem_char_class(s + e, n - e, &len) & CH_SPACE)) {
            if (s[e] == '\n') newline = e;
            e += len;
        }
        *start = pos;
        *end = e == n ? n : newline;
        if (*end > pos) return true;
        pos = e;
    }
    return false;
}

bool lem_class_find(const tok_class *c, const char *s, size_t n, size_t pos, size_t *start, size_t *end) {
    if (c->at_end) return find_at_end(s, n, pos, start, end);
    size_t len, len2;
    for (; pos < n; pos += len) {
        bool in = member(c, s + pos, n - pos, &len);
        size_t first = pos;
        if (c->lead_space && pos + len < n && (lem_char_class(s + pos, n - pos, &len2) & CH_SPACE) &&
            member(c, s + pos + len, n - pos - len, &len2))
            first = pos + len;
        else if (!in) continue;
        *start = pos;
        size_t e = first;
        for (int k = 0; e < n && (c->max == 0 || k < c->max) && member(c, s + e, n - e, &len2); k++)
            e += len2;
        *end = e;
        return true;
    }
    return false;
}
