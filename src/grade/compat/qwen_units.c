/* qwen_units.c - the words that strip_string deletes as units, and the number words that it turns into digits
 */
#include "grade/compat/qwen_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the original's order, which decides; each is a regular expression, so that '.' stands for any character.
 * All again with an s behind. */
static const char *const units[] = {
    "east",   "degree",  "mph",    "kmph",      "ft",       "m sqaure",     " m east", "sq m",    "deg",
    "mile",   "q .",     "monkey", "prime",     "ratio",    "profit of rs", "rd",      "o",       "gm",
    "p . m",  "lb",      "tile",   "per",       "dm",       "lt",           "gain",    "ab",      "way",
    "west",   "a .",     "b .",    "c .",       "d .",      "e .",          "f .",     "g .",     "h .",
    "t",      "a",       "h",      "no change", "men",      "soldier",      "pie",     "bc",      "excess",
    "st",     "inches",  "noon",   "percent",   "by",       "gal",          "kmh",     "c",       "acre",
    "rise",   "a . m",   "th",     "π r 2",     "sq",       "mark",         "l",       "toy",     "coin",
    "sq . m", "gallon",  "° f",    "profit",    "minw",     "yr",           "women",   "feet",    "am",
    "pm",     "hr",      "cu cm",  "square",    "v â € ™",  "are",          "rupee",   "rounds",  "cubic",
    "cc",     "mtr",     "s",      "ohm",       "number",   "kmph",         "day",     "hour",    "minute",
    "min",    "second",  "man",    "woman",     "sec",      "cube",         "mt",      "sq inch", "mp",
    "∏ cm ³", "hectare", "more",   "sec",       "unit",     "cu . m",       "cm 2",    "rs .",    "rs",
    "kg",     "g",       "month",  "km",        "m",        "cm",           "mm",      "apple",   "liter",
    "loss",   "yard",    "pure",   "year",      "increase", "decrease",     "d",       "less",    "Surface",
    "litre",  "pi sq m", "s .",    "metre",     "meter",    "inch",
};
enum { N_UNITS = sizeof units / sizeof *units };

/* Length of the match of unit (+ "s") at `at`, or 0. */
static size_t match_unit(qwen_text t, size_t at, const char *unit, bool plural) {
    size_t i = at;
    uint32_t cp;
    for (; *unit; unit++) {
        if (i >= t.n) return 0;
        if (*unit == '.') {
            i += lem_qwen_char(t, i, &cp);
        } else if (t.s[i++] != *unit) {
            return 0;
        }
    }
    if (plural && (i >= t.n || t.s[i++] != 's')) return 0;
    return i - at;
}

/* ($|\W) at `at`: true, and the length of what it takes. */
static bool ends_here(qwen_text t, size_t at, size_t *len) {
    uint32_t cp;
    *len = 0;
    if (at == t.n) return true;
    *len = lem_qwen_char(t, at, &cp);
    return !lem_qwen_is_word(cp);
}

/* (^|\W) before `at`, not before `from`: true, and the length of what it takes. */
static bool begins_here(qwen_text t, size_t from, size_t at, size_t *len) {
    uint32_t cp;
    *len = 0;
    if (at == 0) return true;
    *len = lem_qwen_char_before(t, at);
    if (at < from + *len) return false;
    (void)lem_qwen_char(lem_qwen_part(t, 0, at), at - *len, &cp);
    return !lem_qwen_is_word(cp);
}

/* re.sub(r"(^|\W)unit($|\W)", r"\1\2"): the characters around a match belong to it, so that no second match
 * can begin in them. The text closes up in place: what is still to be read lies behind what is written. */
static void remove_unit(lem_buf *b, const char *unit, bool plural) {
    qwen_text t = lem_qwen_text(b);
    size_t literal = strcspn(unit, "."), out = 0, done = 0, lead, tail;
    for (size_t at = 0; at < t.n; at++) {
        const char *p = memmem(t.s + at, t.n - at, unit, literal);
        if (!p) break;
        at = (size_t)(p - t.s);
        size_t len = begins_here(t, done, at, &lead) ? match_unit(t, at, unit, plural) : 0;
        if (len == 0 || !ends_here(t, at + len, &tail)) continue;
        if (len == t.n) return; /* never down to nothing */
        memmove(b->data + out, b->data + done, at - done);
        out += at - done;
        memmove(b->data + out, b->data + at + len, tail);
        out += tail;
        done = at + len + tail;
        at = done > 0 ? done - 1 : 0;
    }
    if (done == 0) return;
    memmove(b->data + out, b->data + done, t.n - done);
    lem_qwen_keep(b, (qwen_text){b->data, out + t.n - done});
}

/* Which pairs of bytes stand side by side in a text: most units have one that does not. */
typedef struct bigrams {
    uint64_t bit[1024];
} bigrams;

static bool has(const bigrams *g, char a, char b) {
    unsigned k = (unsigned)(unsigned char)a << 8 | (unsigned char)b;
    return g->bit[k >> 6] >> (k & 63) & 1;
}

static void set_bigrams(bigrams *g, const lem_buf *b) {
    memset(g, 0, sizeof *g);
    for (size_t i = 0; i + 1 < b->len; i++) {
        unsigned k = (unsigned)(unsigned char)b->data[i] << 8 | (unsigned char)b->data[i + 1];
        g->bit[k >> 6] |= UINT64_C(1) << (k & 63);
    }
}

static bool may_occur(const bigrams *g, const char *unit, bool plural) {
    for (; unit[0] && unit[1]; unit++)
        if (unit[0] != '.' && unit[1] != '.' && !has(g, unit[0], unit[1])) return false;
    return !plural || unit[0] == '.' || has(g, unit[0], 's');
}

void lem_qwen_remove_units(lem_buf *b) {
    bigrams g;
    for (int pass = 0; pass < 2; pass++)
        for (int plural = 0; plural < 2; plural++) {
            set_bigrams(&g, b);
            for (int u = 0; u < N_UNITS; u++) {
                size_t before = b->len;
                if (may_occur(&g, units[u], plural != 0)) remove_unit(b, units[u], plural != 0);
                if (b->len != before)
                    set_bigrams(&g, b); /* what stood around the unit now stands side by side */
            }
        }
}

/* ---- word2number 1.1, word_to_num */

static const struct {
    const char *word;
    int value;
} numbers[] = {
    {"zero", 0},      {"one", 1},         {"two", 2},           {"three", 3},
    {"four", 4},      {"five", 5},        {"six", 6},           {"seven", 7},
    {"eight", 8},     {"nine", 9},        {"ten", 10},          {"eleven", 11},
    {"twelve", 12},   {"thirteen", 13},   {"fourteen", 14},     {"fifteen", 15},
    {"sixteen", 16},  {"seventeen", 17},  {"eighteen", 18},     {"nineteen", 19},
    {"twenty", 20},   {"thirty", 30},     {"forty", 40},        {"fifty", 50},
    {"sixty", 60},    {"seventy", 70},    {"eighty", 80},       {"ninety", 90},
    {"hundred", 100}, {"thousand", 1000}, {"million", 1000000}, {"billion", 1000000000},
    {"point", -1},
};

enum { MAX_WORDS = 256 };

typedef struct words {
    int v[MAX_WORDS];
    int n;
} words;

static int number_word(qwen_text t) {
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (lem_qwen_is(t, numbers[i].word)) return numbers[i].value;
    return -2;
}

static int find_word(const words *w, int n, int value) {
    for (int i = 0; i < n; i++)
        if (w->v[i] == value) return i;
    return -1;
}

static int count_word(const words *w, int value) {
    int count = 0;
    for (int i = 0; i < w->n; i++) count += w->v[i] == value;
    return count;
}

/* number_formation of v[from..to). False: it raises. */
static bool formation(const words *w, int from, int to, int64_t *out) {
    const int *v = w->v + from;
    int n = to - from;
    if (n <= 0) return false;
    if (n == 4) *out = (int64_t)v[0] * v[1] + v[2] + v[3];
    else if (n == 3) *out = (int64_t)v[0] * v[1] + v[2];
    else if (n == 2) *out = v[0] == 100 || v[1] == 100 ? (int64_t)v[0] * v[1] : (int64_t)v[0] + v[1];
    else *out = v[0];
    return true;
}

static bool whole_part(const words *w, int n, int64_t *out) {
    static const int scale[] = {1000000000, 1000000, 1000};
    int at[3], from = 0, rest = 0;
    int64_t part = 0;
    *out = 0;
    for (int k = 0; k < 3; k++) {
        at[k] = find_word(w, n, scale[k]);
        for (int j = 0; j < k; j++)
            if (at[k] > -1 && at[k] < at[j]) return false;
    }
    if (n < 2) {
        if (n == 1) *out = w->v[0];
        return true;
    }
    for (int k = 0; k < 3; k++) {
        if (at[k] < 0) continue;
        if (!formation(w, from, at[k], &part)) return false;
        *out += part * scale[k];
        from = at[k] + 1;
        if (from < n) rest = from; /* the words behind the last scale that is not the last word */
        else if (rest == 0) rest = -1;
    }
    if (rest < 0) return true;
    if (!formation(w, rest, n, &part)) return false;
    *out += part;
    return true;
}

/* The shortest decimal that reads back as v, as Python prints it; v is a sum of small numbers, so no exponent
 * is needed. */
static void print_real(lem_buf *b, double v) {
    char text[40];
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v) break;
    }
    lem_buf_puts(b, text);
    if (!strpbrk(text, ".e")) lem_buf_puts(b, ".0");
}

static void set_number(lem_buf *b, const words *w, int point, int64_t whole) {
    lem_buf now = {0};
    char tail[MAX_WORDS + 3] = "0.";
    int n = 2;
    bool digits = point >= 0 && point + 1 < w->n;
    for (int i = point + 1; digits && i < w->n; i++) {
        if (w->v[i] < 0 || w->v[i] > 9) digits = false;
        tail[n++] = (char)('0' + w->v[i] % 10);
    }
    tail[n] = '\0';
    if (digits) print_real(&now, (double)whole + strtod(tail, NULL));
    else lem_buf_printf(&now, "%lld", (long long)whole);
    if (now.failed) b->failed = true;
    else lem_qwen_set(b, lem_qwen_text(&now));
    lem_buf_release(&now);
}

static bool only_digits(qwen_text t) {
    for (size_t i = 0; i < t.n; i++)
        if (t.s[i] < '0' || t.s[i] > '9') return false;
    return t.n > 0;
}

/* The number words of a text, lower-cased and split at white space and hyphens. */
static bool collect_words(lem_buf *low, words *w) {
    lem_qwen_lower(low);
    qwen_text t = lem_qwen_text(low);
    uint32_t cp;
    for (size_t i = 0, n; i < t.n; i += n) {
        size_t from = i;
        for (n = lem_qwen_char(t, i, &cp); i < t.n && cp != '-' && !lem_qwen_is_space(cp);) {
            i += n;
            if (i < t.n) n = lem_qwen_char(t, i, &cp);
        }
        int v = number_word(lem_qwen_part(t, from, i));
        if (v == -2) continue;
        if (w->n == MAX_WORDS) return false;
        w->v[w->n++] = v;
    }
    return w->n > 0;
}

void lem_qwen_word_number(lem_buf *b) {
    qwen_text t = lem_qwen_text(b);
    if (only_digits(t)) { /* int() and back: leading zeros go; it refuses more than 4300 digits */
        size_t zeros = 0;
        while (zeros + 1 < t.n && t.s[zeros] == '0') zeros++;
        if (t.n <= 4300) lem_qwen_keep(b, lem_qwen_part(t, zeros, t.n));
        return;
    }
    lem_buf low = {0};
    words w = {.n = 0};
    lem_qwen_set(&low, t);
    bool any = collect_words(&low, &w) && !low.failed;
    b->failed |= low.failed;
    lem_buf_release(&low);
    if (!any || count_word(&w, 1000) > 1 || count_word(&w, 1000000) > 1 || count_word(&w, 1000000000) > 1 ||
        count_word(&w, -1) > 1)
        return;
    int point = find_word(&w, w.n, -1);
    int64_t whole;
    if (whole_part(&w, point >= 0 ? point : w.n, &whole)) set_number(b, &w, point, whole);
}
