/* extract_letters.c - letters of a multiple choice in running text: which are rejected, which hedge */
#include "grade/extract_priv.h"
#include "core/utf8.h"

#include <string.h>

static char lower(char c) { return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c); }
static bool is_word(char c) { return lem_extract_is_word(c); }
static size_t word_at(const char *s, size_t n, size_t i, const char *word) {
    return lem_extract_word_at(s, n, i, word);
}

static bool any_word(const char *s, size_t n, size_t i, const char *const *words) {
    return lem_extract_one_of(s, n, i, words) != 0;
}

/* Past the marks around a letter: ")", "]", "}", "*", quotes and space. */
static size_t past_marks(const char *s, size_t n, size_t i) {
    while (i < n && (lem_is_space(s[i]) || strchr(")]}*\"'$", s[i]))) i++;
    return i;
}

/* Bytes of one word or mark that joins letters at i; else 0. */
static size_t joint(const char *s, size_t n, size_t i) {
    static const char *const joints[] = {
        "or",           "and",          ",", "/", "&", "maybe", "possibly", "\xe3\x80\x81",
        "\xe6\x88\x96", "\xe5\x92\x8c", NULL};
    return lem_extract_one_of(s, n, i, joints);
}

/* Past what joins two letters: ",", "/", "&", "or", "and", with \text{ } around it; i when nothing does. */
static size_t past_joint(const char *s, size_t n, size_t i) {
    const extract_view v = {s, n};
    size_t k = past_marks(s, n, i);
    bool joined = false;
    if (k < n && s[k] == '(') k++; /* A (or B) */
    for (int round = 0; round < 4 && k < n; round++) {
        if (word_at(s, n, k, "\\text{")) k += 6;
        k = lem_extract_skip(v, k, " \t\n}");
        size_t m = joint(s, n, k);
        if (!m) break;
        joined = true;
        k += m;
    }
    if (!joined) return i;
    k = lem_extract_skip(v, k, " \t\n(}[*$");
    return word_at(s, n, k, "\\text{") ? k + 6 : k;
}

/* "A cat", "I think": English, where no word of the choice follows. */
static bool is_english(const char *s, size_t n, size_t i) {
    static const char *const words[] = {"or", "and", "is", "fails", NULL};
    if ((lower(s[i]) != 'a' && lower(s[i]) != 'i') || i + 2 >= n || s[i + 1] != ' ') return false;
    return s[i + 2] >= 'a' && s[i + 2] <= 'z' && !any_word(s, n, i + 2, words);
}

static bool is_letter_alone(const char *s, size_t n, size_t i, bool small) {
    if (i >= n) return false;
    bool letter = (s[i] >= 'A' && s[i] <= 'J') || (small && s[i] >= 'a' && s[i] <= 'j');
    if (!letter || (i && is_word(s[i - 1]))) return false;
    if (i + 1 < n && (is_word(s[i + 1]) || s[i + 1] == '\'')) return false;
    return !is_english(s, n, i);
}

/* The last letter of "A, C and D", from the one at i on. */
static size_t last_joined(const char *s, size_t n, size_t i) {
    bool small = s[i] >= 'a';
    for (int round = 0; round < 10; round++) {
        size_t next = past_joint(s, n, i + 1);
        if (next == i + 1 || !is_letter_alone(s, n, next, small)) break;
        i = next;
    }
    return i;
}

/* Words before it that take a letter away: "not A", "neither A", "rule out A". */
static bool denied_before(const char *s, size_t i) {
    static const char *const words[] = {"not", "neither", "nor", "eliminate", "out", "exclude", "than", NULL};
    while (i && (lem_is_space(s[i - 1]) || strchr("(*[$", s[i - 1]))) i--;
    for (const char *const *w = words; *w; w++) {
        size_t m = strlen(*w);
        if (i >= m && word_at(s, i, i - m, *w) && (i == m || !is_word(s[i - m - 1]))) return true;
    }
    return false;
}

bool lem_extract_rejected(const char *s, size_t n, size_t i) {
    static const char *const words[] = {
        "fails",         "fail",       "is wrong",    "are wrong",   "is incorrect",  "are incorrect",
        "is not",        "are not",    "isn't",       "aren't",      "is false",      "are false",
        "is impossible", "can't",      "cannot",      "can not",     "does not",      "doesn't",
        "is out",        "is invalid", "is tempting", "is excluded", "is eliminated", "is ruled out",
        "would not",     "were wrong", "was wrong",   "is too",      "are too",       NULL};
    if (denied_before(s, i)) return true;
    size_t k = past_marks(s, n, last_joined(s, n, i) + 1);
    if (k < n && s[k] == '?') {
        for (k++; k < n && lem_is_space(s[k]);) k++;
        return word_at(s, n, k, "no") != 0;
    }
    return k < n && any_word(s, n, k, words);
}

/* The first letter of those that are joined to the one at i: A of "A or B". */
static size_t first_joined(const char *s, size_t n, size_t i) {
    enum { LOOK_BACK = 24 };
    for (size_t back = 1; back <= LOOK_BACK && back <= i; back++) {
        size_t k = i - back;
        if (is_letter_alone(s, n, k, s[i] >= 'a') && last_joined(s, n, k) >= i && !denied_before(s, k))
            return k;
    }
    return i;
}

size_t lem_extract_hedge(const char *s, size_t n, size_t *at) {
    size_t first = first_joined(s, n, *at), last = last_joined(s, n, first);
    if (last == first || lem_extract_rejected(s, n, last)) return 1;
    bool brackets = first && s[first - 1] == '(' && s[first + 1] == ')' && last + 1 < n && s[last + 1] == ')';
    *at = first - brackets;
    return last + 1 + brackets - *at;
}

bool lem_extract_called_right(const char *s, size_t n, size_t *at, bool *several) {
    static const char *const words[] = {
        "is correct",    "is right", "is the correct",           "is the right",    "is the best",
        "is the answer", "is true",  "\xe6\xad\xa3\xe7\xa1\xae", "must be correct", NULL};
    size_t last = n;
    *several = false;
    for (size_t i = n; i-- > 0;) {
        if (!is_letter_alone(s, n, i, false) || denied_before(s, i)) continue;
        size_t k = past_marks(s, n, i + 1);
        if (k >= n || !any_word(s, n, k, words)) continue;
        *several = *several || (last != n && s[i] != s[last]);
        if (last == n) last = i;
    }
    *at = last;
    return last != n;
}

bool lem_extract_small_letter(const char *s, size_t n, size_t i) {
    static const char *const clauses[] = {"because", "since", "as", "which", "and so", "due", NULL};
    if (i >= n || s[i] < 'a' || s[i] > 'j' || !is_letter_alone(s, n, i, true)) return false;
    size_t k = i + 1;
    if (k >= n || strchr(").:,;]}*$\n", s[k])) return true;
    if (!lem_is_space(s[k])) return false;
    k = past_marks(s, n, k);
    return k >= n || any_word(s, n, k, clauses);
}
