/* extract_choice.c - the letter of a multiple choice: an answer line, the last box, a phrase, bold, the first
 * word, else the last lone letter */
#include "grade/extract_priv.h"
#include "core/utf8.h"

#include <string.h>

static char lower(char c) { return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c); }
static bool is_word(char c) {
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '_';
}
static bool is_choice(char c) { return c >= 'A' && c <= 'J'; } /* MMLU-Pro goes to J */

/* A choice letter at i that is no part of a word. "A" and "I" followed by a word are English. */
static bool stands_alone(const char *s, size_t n, size_t i) {
    if (!is_choice(s[i]) || (i && (is_word(s[i - 1]) || s[i - 1] == '\'' || s[i - 1] == '\\')) ||
        (i + 1 < n && is_word(s[i + 1])))
        return false;
    if (i + 1 < n && s[i + 1] == '\'') return false;
    bool english =
        (s[i] == 'A' || s[i] == 'I') && i + 2 < n && s[i + 1] == ' ' && s[i + 2] >= 'a' && s[i + 2] <= 'z';
    return !english;
}

/* Skips what may stand between "answer" and its letter: space, colons, emphasis, brackets, "is", "\text{".
 * Returns where it stops. */
static size_t skip_filler(const char *s, size_t n, size_t i) {
    static const char *const words[] = {"is",      "option", "choice",   "letter",   "the",
                                        "correct", "final",  "would",    "be",       "therefore",
                                        "\\boxed", "\\text", "\\textbf", "\\mathrm", "\\mathbf",
                                        "\\fbox",  "\\left", "\\(",      "\\["};
    size_t limit = n - i > 60 ? i + 60 : n;
    while (i < limit) {
        if (lem_is_space(s[i]) || strchr(":*({[$\"'=_-", s[i])) {
            i++;
            continue;
        }
        size_t step = 0;
        for (size_t k = 0; k < sizeof words / sizeof *words && !step; k++) {
            size_t m = strlen(words[k]), j = 0;
            while (j < m && i + j < limit && lower(s[i + j]) == words[k][j]) j++;
            if (j == m &&
                (i + m >= n || !is_word(s[i + m]) || words[k][m - 1] == '(' || words[k][m - 1] == '['))
                step = m;
        }
        if (!step) break;
        i += step;
    }
    return i;
}

static bool word_at(const char *s, size_t n, size_t i, const char *word) {
    size_t m = strlen(word);
    if (n - i < m) return false;
    for (size_t k = 0; k < m; k++)
        if (lower(s[i + k]) != word[k]) return false;
    return true;
}

/* The first letter that stands alone behind an announcement, in the same sentence and before any "not":
 * "answer is for sure D, it can't be A". */
static bool first_in_sentence(const char *s, size_t n, size_t from, size_t *at) {
    size_t limit = n - from > 80 ? from + 80 : n;
    for (size_t i = from; i < limit; i++) {
        if (s[i] == '\n' || (s[i] == '.' && (i + 1 == n || lem_is_space(s[i + 1]))) ||
            (limit - i >= 3 && memcmp(s + i, "\xe3\x80\x82", 3) == 0))
            return false;
        if (i > from && !is_word(s[i - 1]) && word_at(s, n, i, "not") && (i + 3 >= n || !is_word(s[i + 3])))
            return false;
        if (limit - i >= 3 && memcmp(s + i, "n't", 3) == 0) return false;
        if (stands_alone(s, n, i)) return *at = i, !lem_extract_rejected(s, n, i);
    }
    return false;
}

/* "answer", "option", "choice" and what other languages say for answer, in lower case; the first is the one
 * that begins a line. */
static size_t announcement(const char *s, size_t n, size_t i, bool line) {
    static const char *const words[] = {"answer",
                                        "option",
                                        "choice",
                                        "r\xc3\xa9ponse",
                                        "reponse",
                                        "respuesta",
                                        "resposta",
                                        "risposta",
                                        "antwort",
                                        "\xe7\xad\x94\xe6\xa1\x88",
                                        "\xe7\xad\x94\xe3\x81\x88",
                                        "\xec\xa0\x95\xeb\x8b\xb5",
                                        "\xd0\xbe\xd1\x82\xd0\xb2\xd0\xb5\xd1\x82"};
    for (size_t k = 0; k < (line ? 1 : sizeof words / sizeof *words); k++)
        if (word_at(s, n, i, words[k])) return strlen(words[k]);
    return 0;
}

/* Whether the announcement at i of m bytes begins its line and ends in a colon: "Answer: C", "**Final
 * Answer:** (C)". */
static bool is_line(const char *s, size_t n, size_t i, size_t m) {
    size_t k = i, j = i + m;
    while (k && (s[k - 1] == ' ' || s[k - 1] == '*' || s[k - 1] == '#')) k--;
    if (k >= 5 && word_at(s, n, k - 5, "final")) k -= 5;
    while (k && (s[k - 1] == ' ' || s[k - 1] == '*' || s[k - 1] == '#')) k--;
    while (j < n && (s[j] == ' ' || s[j] == '*')) j++;
    return (!k || s[k - 1] == '\n') && j < n && s[j] == ':';
}

/* The letter right behind an announcement, in lower case too. */
static bool is_given(const char *s, size_t n, size_t j) {
    if (lem_extract_small_letter(s, n, j)) return true;
    return stands_alone(s, n, j) && !lem_extract_rejected(s, n, j);
}

/* The last announcement of a letter; with `line`, only those that begin a line. */
static bool by_announcement(const char *s, size_t n, bool line, size_t *at) {
    for (size_t i = n; i-- > 0;) {
        char c = lower(s[i]);
        bool starts = c == 'a' || (!line && (c == 'o' || c == 'c' || c == 'r' || (unsigned char)c >= 0xd0));
        if (!starts || (i && is_word(s[i - 1]))) continue;
        size_t m = announcement(s, n, i, line), j;
        if (!m || (line && !is_line(s, n, i, m))) continue;
        j = skip_filler(s, n, i + m);
        if (j > i + m && j < n && is_given(s, n, j)) return *at = j, true;
        if (!line && first_in_sentence(s, n, i + m, at)) return true;
    }
    return false;
}

/* A response that begins with its letter and goes on after a stop: "D. It cannot be A", "B) because". */
static bool by_first_letter(const char *s, size_t n, size_t *at) {
    size_t i = skip_filler(s, n, 0);
    if (i + 1 >= n || !stands_alone(s, n, i) ||
        !(strchr(".):,;*", s[i + 1]) || (unsigned char)s[i + 1] >= 0x80))
        return false;
    return *at = i, true;
}

/* The only letter that stands alone in s, or the one in front: "(B)", "\text{B}", "B) 12",
 * "\textbf{(B)}\ 12". */
static bool in_answer(const char *s, size_t n, size_t *at) {
    size_t i = skip_filler(s, n, 0);
    if (i < n && stands_alone(s, n, i) && (n == i + 1 || !is_word(s[i + 1]))) return *at = i, true;
    return false;
}

static bool by_bold(const char *s, size_t n, size_t *at) {
    for (size_t i = n; i-- > 2;)
        if (s[i - 1] == '*' && s[i - 2] == '*' && (i < 3 || s[i - 3] != '*')) {
            size_t j = i + (s[i] == '(');
            if (j < n && stands_alone(s, n, j) && j + 1 < n && strchr("*).:", s[j + 1])) return *at = j, true;
        }
    return false;
}

static bool by_last_letter(const char *s, size_t n, size_t *at) {
    for (size_t i = n; i-- > 0;)
        if (stands_alone(s, n, i) && !lem_extract_rejected(s, n, i)) return *at = i, true;
    return false;
}

/* The whole of a short response: "(b)", "b) 42". */
static bool by_small_letter(const char *s, size_t n, size_t *at) {
    size_t i = 0;
    while (i < n && (lem_is_space(s[i]) || s[i] == '(' || s[i] == '*')) i++;
    return *at = i, n < 40 && lem_extract_small_letter(s, n, i);
}

/* What no announcement and no box says, the surest first; weak: the last letter that stands alone. */
static bool by_anything(const char *s, size_t n, size_t *at, bool *weak) {
    if (lem_extract_called_right(s, n, at) || by_bold(s, n, at) || by_first_letter(s, n, at)) return true;
    return by_small_letter(s, n, at) || (*weak = by_last_letter(s, n, at));
}

bool lem_extract_choice(const char *s, size_t n, lem_grade_span *out) {
    lem_grade_span box;
    size_t at = 0, in_box = 0;
    bool weak = false, found = n && by_announcement(s, n, true, &at);
    if (!found && n) {
        bool boxed = lem_grade_extract(s, n, LEM_GRADE_TASK_STD, &box) && box.method == LEM_GRADE_BY_BOX;
        bool letter = boxed && in_answer(s + box.offset, box.len, &in_box);
        found = by_announcement(s, n, false, &at);
        if (letter && (!found || at < box.offset)) at = box.offset + in_box, found = true;
        if (!found && boxed) return *out = box, true; /* the value of the choice, not its letter */
        if (!found) found = by_anything(s, n, &at, &weak);
    }
    if (!found) return false;
    size_t len = lem_extract_hedge(s, n, &at);
    *out = (lem_grade_span){at, len, LEM_GRADE_BY_CHOICE, weak};
    return true;
}

size_t lem_extract_choice_mark(const char *s, size_t n) {
    size_t i = skip_filler(s, n, 0);
    bool bracket = i && (s[i - 1] == '(' || s[i - 1] == '{');
    if (i >= n || !stands_alone(s, n, i)) return 0;
    size_t j = i + 1;
    bool closed = j < n && (s[j] == ')' || s[j] == ':' || (s[j] == '}' && bracket));
    if (!closed) return 0;
    while (j < n && (lem_is_space(s[j]) || strchr(")}:~.", s[j]) ||
                     (s[j] == '\\' && j + 1 < n && strchr(" ,;:", s[j + 1]))))
        j += s[j] == '\\' ? 2 : 1;
    if (n - j >= 5 && memcmp(s + j, "\\quad", 5) == 0) j += 5;
    while (j < n && lem_is_space(s[j])) j++;
    return j < n ? j : 0;
}
