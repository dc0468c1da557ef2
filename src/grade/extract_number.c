/* extract_number.c - where nothing is marked: the last number, which the last formula stands around */
#include "grade/extract_priv.h"
#include "core/utf8.h"

#include <string.h>

static bool is_digit(char c) { return lem_extract_is_digit(c); }
static bool is_letter(char c) { return lem_extract_is_letter(c); }

static bool joins_digits(extract_view v, size_t i) {
    return i && is_digit(v.s[i - 1]) && (v.s[i] == '.' || v.s[i] == ',' || v.s[i] == '/');
}

/* Where the digits that end at i begin, with separators and a/b. */
static size_t digits_begin(extract_view v, size_t i) {
    while (i && (is_digit(v.s[i - 1]) || (joins_digits(v, i - 1) && is_digit(v.s[i])))) i--;
    return i;
}

/* Does a minus at i belong to the number behind it: "-5" and "fell -5", not "x-5"? */
static bool is_sign(extract_view v, size_t i) {
    return v.s[i] == '-' && (i == 0 || (!is_digit(v.s[i - 1]) && !is_letter(v.s[i - 1])));
}

/* The last number before `before` that is not part of a word (AZ2A), with sign, separators and a/b; false
 * when there is none. */
static bool last_number(extract_view v, size_t before, size_t *from, size_t *to) {
    for (size_t i = before;;) {
        while (i && !is_digit(v.s[i - 1])) i--;
        if (!i) return false;
        *to = i;
        i = digits_begin(v, i);
        if (i && (is_letter(v.s[i - 1]) || v.s[i - 1] == '_')) continue;
        if (i && v.s[i - 1] == '.') i--;
        if (i && is_sign(v, i - 1)) i--;
        *from = i;
        return true;
    }
}

/* Does the number at i name a place in the text: "equation (3)", "Theorem 2", "(see eq. (3))", "(by step 2)"?
 */
static bool is_reference(extract_view v, size_t i) {
    static const char *const kinds[] = {
        "equation", "equations", "eq",      "eqs",     "theorem",   "lemma",    "figure",      "fig", "table",
        "step",     "steps",     "section", "example", "corollary", "exercise", "proposition", NULL};
    static const char *const comments[] = {"see", "by", "from",   "using", "since", "because",
                                           "as",  "cf", "recall", "note",  NULL};
    enum { LOOK_BACK = 80 };
    size_t k = i, least = i > LOOK_BACK ? i - LOOK_BACK : 0;
    while (k > least && strchr(" (.[#~$", v.s[k - 1])) k--;
    size_t word = k;
    while (word > least && is_letter(v.s[word - 1])) word--;
    if (word < k && lem_extract_one_of(v.s, k, word, kinds)) return true;
    for (k = i; k > least && v.s[k - 1] != '\n' && v.s[k - 1] != ')'; k--)
        if (v.s[k - 1] == '(' && lem_extract_one_of(v.s, v.n, k, comments)) return true;
    return false;
}

/* π and ∞ behind the number that ends at `from`, where a formula may end without a digit. */
static bool last_sign(extract_view v, size_t after, size_t *from, size_t *to) {
    static const char *const signs[] = {"\xcf\x80", "\xe2\x88\x9e"};
    bool found = false;
    for (size_t k = 0; k < sizeof signs / sizeof *signs; k++) {
        size_t at = lem_extract_find_last(v, v.n, signs[k], false);
        if (at == v.n || at < after) continue;
        found = true;
        *from = at;
        *to = after = at + strlen(signs[k]);
    }
    return found;
}

/* The last number that is no reference; where all of them are, the last. */
static bool last_value(extract_view v, size_t *from, size_t *to) {
    bool found = last_number(v, v.n, from, to), plain = found;
    size_t f = *from, t = *to;
    while (plain && is_reference(v, f)) plain = last_number(v, f, &f, &t);
    if (plain) *from = f, *to = t;
    return found;
}

bool lem_extract_last_formula(extract_view v, lem_grade_span *out) {
    size_t from = 0, to = 0;
    bool found = last_value(v, &from, &to);
    size_t end = found ? lem_extract_explanation(v, from) : v.n;
    if (end < v.n) {
        v.n = end;
        found = last_value(v, &from, &to);
    }
    found = last_sign(v, found ? to : 0, &from, &to) || found;
    if (found && lem_extract_is_range(v, from)) return false;
    if (!lem_extract_formula_around(v, found, from, to, out)) return false;
    *out = lem_extract_trimmed(v, *out);
    if (out->len) lem_extract_join(v, out);
    return out->len > 0;
}
