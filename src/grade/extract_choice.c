/* extract_choice.c - the letter of a multiple choice: an answer line, the last box, a phrase, bold, else the last letter that stands alone */
#include "grade/extract_priv.h"

#include <string.h>

static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static char lower(char c) { return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c); }
static bool is_word(char c) { return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '_'; }
static bool is_choice(char c) { return c >= 'A' && c <= 'J'; } /* MMLU-Pro goes to J */

/* A choice letter at i that is no part of a word. "A" and "I" followed by a word are English. */
static bool stands_alone(const char *s, size_t n, size_t i) {
    if (!is_choice(s[i]) || (i && (is_word(s[i - 1]) || s[i - 1] == '\'' || s[i - 1] == '\\')) || (i + 1 < n && is_word(s[i + 1]))) return false;
    if (i + 1 < n && s[i + 1] == '\'') return false;
    bool english = (s[i] == 'A' || s[i] == 'I') && i + 2 < n && s[i + 1] == ' ' && s[i + 2] >= 'a' && s[i + 2] <= 'z';
    return !english;
}

/* Skips what may stand between "answer" and its letter: space, colons, emphasis, brackets, "is", "\text{". Returns where it stops. */
static size_t skip_filler(const char *s, size_t n, size_t i) {
    static const char *const words[] = {"is",      "option", "choice",   "letter",   "the",      "correct", "final",  "would", "be", "therefore",
                                        "\\boxed", "\\text", "\\textbf", "\\mathrm", "\\mathbf", "\\fbox",  "\\left", "\\(",   "\\["};
    size_t limit = n - i > 60 ? i + 60 : n;
    while (i < limit) {
        if (is_space(s[i]) || strchr(":*({[$\"'=_-", s[i])) {
            i++;
            continue;
        }
        size_t step = 0;
        for (size_t k = 0; k < sizeof words / sizeof *words && !step; k++) {
            size_t m = strlen(words[k]), j = 0;
            while (j < m && i + j < limit && lower(s[i + j]) == words[k][j]) j++;
            if (j == m && (i + m >= n || !is_word(s[i + m]) || words[k][m - 1] == '(' || words[k][m - 1] == '[')) step = m;
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

/* The last "answer", "option" or "choice" that announces a letter; with `line`, only those that begin a line ("Answer: C", "**Answer:** (C)"). */
static bool by_announcement(const char *s, size_t n, bool line, size_t *at) {
    static const char *const words[] = {"answer", "option", "choice"};
    for (size_t i = n; i-- > 0;) {
        char c = lower(s[i]);
        if (c != 'a' && (line || (c != 'o' && c != 'c'))) continue;
        if (i && is_word(s[i - 1])) continue;
        size_t m = 0;
        for (int k = 0; k < (line ? 1 : 3) && !m; k++)
            if (word_at(s, n, i, words[k])) m = strlen(words[k]);
        if (!m) continue;
        if (line) {
            size_t k = i;
            while (k && (s[k - 1] == ' ' || s[k - 1] == '*' || s[k - 1] == '#')) k--;
            if (word_at(s, k >= 6 ? k : 0, k >= 6 ? k - 6 : 0, "final ") && k >= 6) k -= 6;
            if (k && s[k - 1] != '\n') continue;
            size_t j = i + m;
            while (j < n && (s[j] == ' ' || s[j] == '*')) j++;
            if (j >= n || s[j] != ':') continue;
        }
        size_t j = skip_filler(s, n, i + m);
        if (j > i + m && j < n && stands_alone(s, n, j)) return *at = j, true;
    }
    return false;
}

/* The only letter that stands alone in s, or the one in front: "(B)", "\text{B}", "B) 12", "\textbf{(B)}\ 12". */
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
        if (stands_alone(s, n, i)) return *at = i, true;
    return false;
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
        if (!found && boxed) { /* the value of the choice, not its letter */
            *out = box;
            return true;
        }
        if (!found) found = by_bold(s, n, &at);
        if (!found) found = weak = by_last_letter(s, n, &at);
    }
    if (found) *out = (lem_grade_span){at, 1, LEM_GRADE_BY_CHOICE, weak};
    return found;
}

size_t lem_extract_choice_mark(const char *s, size_t n) {
    size_t i = skip_filler(s, n, 0);
    bool bracket = i && (s[i - 1] == '(' || s[i - 1] == '{');
    if (i >= n || !stands_alone(s, n, i)) return 0;
    size_t j = i + 1;
    bool closed = j < n && (s[j] == ')' || s[j] == ':' || (s[j] == '}' && bracket));
    if (!closed) return 0;
    while (j < n && (is_space(s[j]) || strchr(")}:~.", s[j]) || (s[j] == '\\' && j + 1 < n && strchr(" ,;:", s[j + 1])))) j += s[j] == '\\' ? 2 : 1;
    if (n - j >= 5 && memcmp(s + j, "\\quad", 5) == 0) j += 5;
    while (j < n && is_space(s[j])) j++;
    return j < n ? j : 0;
}
