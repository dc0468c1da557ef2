/* parse_labels.c - answers to a question in parts, under their labels: "(1) 5 (2) 7", "(a) x; (b) y", "①5 ②7"
 */
#include "answer/parse_labels_priv.h"

#include <string.h>

/* How the first label is written; the others follow it. */
typedef enum label_style { STYLE_DIGIT, STYLE_LETTER, STYLE_ROMAN, STYLE_CIRCLE, STYLES } label_style;

static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static bool starts(const char *s, size_t n, const char *t) {
    return strlen(t) <= n && memcmp(s, t, strlen(t)) == 0;
}

static size_t roman_at(const char *s, size_t n, size_t *k) {
    static const char *const roman[] = {"i", "ii", "iii", "iv"};
    size_t m = 0;
    while (m < n && (s[m] == 'i' || s[m] == 'v')) m++;
    for (*k = 0; *k < sizeof roman / sizeof *roman; ++*k)
        if (strlen(roman[*k]) == m && memcmp(s, roman[*k], m) == 0) return m;
    return 0;
}

/* Bytes of a label's own sign at the front of s, and its number from 0; 0 where it is none of that style. */
static size_t sign_at(const char *s, size_t n, label_style style, size_t *k) {
    const unsigned char *u = (const unsigned char *)s;
    const char first = style == STYLE_DIGIT ? '1' : 'a';
    if (style == STYLE_ROMAN) return roman_at(s, n, k);
    if (style == STYLE_CIRCLE) {
        if (n < 3 || u[0] != 0xe2 || u[1] != 0x91 || u[2] < 0xa0) return 0;
        return *k = u[2] - 0xa0U, 3;
    }
    if (!n || s[0] < first) return 0;
    return *k = (size_t)(s[0] - first), 1;
}

/* "Part (a): ", "\text{(a) }": bytes of what may stand before a label. */
static size_t before_label(const char *s, size_t n) {
    static const char *const words[] = {"\\text{", "\\textbf{", "\\mathrm{", "**", "Part ", "part ", "$"};
    size_t i = 0;
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (starts(s + i, n - i, words[k])) i += strlen(words[k]);
    return i;
}

/* May a value begin here, behind a label? Not what makes a factor of it: (a)(b), (a)^2. */
static bool parts_value(char c) {
    return is_blank(c) || (c >= '0' && c <= '9') || (c && strchr("$\\:.}*", c));
}

/* Past blanks, a colon, a full stop, and the end of what stands around a label. */
static size_t past_closing(const char *s, size_t n, size_t i, bool brace) {
    for (; i < n; i++) {
        bool stop = s[i] == '.' && i + 1 < n && is_blank(s[i + 1]), star = starts(s + i, n - i, "**");
        if (s[i] == '}' && brace) brace = false;
        else if (star) i++;
        else if (!stop && s[i] != ':' && !is_blank(s[i])) break;
    }
    return i;
}

/* Bytes of a label at the front of s with what closes it, and its number; 0 where there is none. */
static size_t label_at(const char *s, size_t n, label_style style, size_t *k) {
    size_t i = before_label(s, n);
    bool brace = i > 2 && s[i - 1] == '{', circle = style == STYLE_CIRCLE;
    i += i < n && s[i] == '(';
    size_t m = sign_at(s + i, n - i, style, k);
    i += m;
    if (!m || *k >= LABELS_MOST || (!circle && (i >= n || s[i] != ')'))) return 0;
    i += !circle;
    if (i >= n || (!circle && !parts_value(s[i]))) return 0;
    return past_closing(s, n, i, brace);
}

/* May a label follow what ends before i: a blank, a mark between parts, the end of a formula? */
static bool ends_part(const char *s, size_t i) {
    return i && (is_blank(s[i - 1]) || (s[i - 1] && strchr(",;$}\\", s[i - 1])) || (s[i - 1] & 0x80) ||
                 (i >= 4 && memcmp(s + i - 4, "quad", 4) == 0));
}

/* The value without what parts it from the next label. */
static size_t trimmed_end(const char *s, size_t from, size_t to) {
    static const char *const marks[] = {"\\quad", "\\qquad", "\\\\", "\\,", "\\;", "\\ ",
                                        ",",      ";",       ".",    "and", "；",  "。"};
    for (bool again = true; again;) {
        again = false;
        while (to > from && is_blank(s[to - 1])) to--;
        for (size_t k = 0; k < sizeof marks / sizeof *marks; k++) {
            size_t m = strlen(marks[k]);
            if (to - from < m || memcmp(s + to - m, marks[k], m) != 0) continue;
            to -= m;
            again = true;
        }
    }
    return to;
}

static size_t parts_in_style(const char *s, size_t n, label_style style, labelled_part *out) {
    size_t k = 0, count = 0;
    unsigned taken = 0;
    int depth = 0;
    if (!label_at(s, n, style, &k)) return 0;
    for (size_t i = 0; i < n && count < LABELS_MOST; i++) {
        size_t m = depth == 0 && (i == 0 || ends_part(s, i)) ? label_at(s + i, n - i, style, &k) : 0;
        depth += (s[i] == '{') - (s[i] == '}');
        if (!m || taken >> k & 1) continue;
        if (count) out[count - 1].to = i;
        out[count++] = (labelled_part){i + m, n, k};
        taken |= 1U << k;
        i += m - 1;
    }
    return taken + 1 == 1U << count ? count : 0; /* the first ones, all of them */
}

size_t lem_labelled_parts(const char *s, size_t n, labelled_part out[LABELS_MOST]) {
    for (int style = 0; style < STYLES; style++) {
        size_t count = parts_in_style(s, n, (label_style)style, out);
        bool all = count > 1;
        for (size_t k = 0; k < count; k++) {
            out[k].to = trimmed_end(s, out[k].from, out[k].to);
            all = all && out[k].to > out[k].from;
        }
        if (all) return count;
    }
    return 0;
}
