/* extract_choice.c - the letter of a multiple choice: an answer line, the last box, a phrase, bold, the first
 * word, else the last lone letter */
#include "grade/extract_priv.h"
#include "core/utf8.h"

#include <string.h>

static char lower(char c) { return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c); }
static bool is_word(char c) { return lem_extract_is_word(c); }
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
                                        "\\fbox",  "\\left", "\\(",      "\\[",      NULL};
    const extract_view v = {s, n - i > 60 ? i + 60 : n};
    for (;;) {
        i = lem_extract_skip(v, i, " \t\n\r:*({[$\"'=_-");
        size_t step = i < v.n ? lem_extract_one_of(s, n, i, words) : 0;
        if (!step) return i;
        i += step;
    }
}

/* Does the sentence end at i, or turn to what the answer is not? */
static bool ends_or_denies(const char *s, size_t n, size_t i) {
    static const char *const denials[] = {"not", "cannot", "never", "neither", "over", NULL};
    if (s[i] == '\n' || (s[i] == '.' && (i + 1 == n || lem_is_space(s[i + 1])))) return true;
    if (n - i >= 3 && (memcmp(s + i, "\xe3\x80\x82", 3) == 0 || memcmp(s + i, "n't", 3) == 0)) return true;
    return i && !is_word(s[i - 1]) && lem_extract_one_of(s, n, i, denials);
}

/* The first letter that stands alone behind an announcement, in the same sentence and before any "not":
 * "answer is for sure D, it can't be A". */
static bool first_in_sentence(const char *s, size_t n, size_t from, size_t *at) {
    size_t limit = n - from > 80 ? from + 80 : n;
    for (size_t i = from; i < limit && !ends_or_denies(s, n, i); i++)
        if (stands_alone(s, n, i)) return *at = i, !lem_extract_rejected(s, n, i);
    return false;
}

/* The same without what must stand behind it: "answers" begins with "answer". */
static bool word_at(const char *s, size_t n, size_t i, const char *word) {
    size_t m = strlen(word), k = 0;
    if (n - i < m) return false;
    while (k < m && lower(s[i + k]) == word[k]) k++;
    return k == m;
}

/* "answer", "option", "choice" and what other languages say for answer, in lower case; the first is the one
 * that begins a line. */
static size_t announcement(const char *s, size_t n, size_t i, bool line) {
    static const char *const words[] = {"answer",
                                        "option",
                                        "choice",
                                        "choose",
                                        "pick",
                                        "select",
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
    for (size_t k = 0; k < (line ? 1 : sizeof words / sizeof *words); k++) {
        size_t m = strlen(words[k]);
        bool several = n - i > m && lower(s[i + m]) == 's' && (n - i == m + 1 || !is_word(s[i + m + 1]));
        if (word_at(s, n, i, words[k]) && !several) return m; /* "options A and C" are told of, not chosen */
    }
    return 0;
}

/* Whether the announcement at i of m bytes begins its line and ends in a colon: "Answer: C", "**Final
 * Answer:** (C)". */
static bool is_line(const char *s, size_t n, size_t i, size_t m) {
    const extract_view v = {s, n};
    size_t j = lem_extract_skip(v, i + m, " *");
    return lem_extract_begins_line(v, i) && j < n && s[j] == ':';
}

/* The letter right behind an announcement, in lower case too. */
static bool is_given(const char *s, size_t n, size_t j) {
    if (lem_extract_small_letter(s, n, j)) return true;
    return stands_alone(s, n, j) && !lem_extract_rejected(s, n, j);
}

/* Bytes of the announcement that begins at i; with `line`, only of one that begins a line; else 0. */
static size_t announces(const char *s, size_t n, size_t i, bool line) {
    char c = lower(s[i]);
    bool starts = c && (strchr(line ? "a" : "aocrps", c) || (!line && (unsigned char)c >= 0xd0));
    if (!starts || (i && is_word(s[i - 1]))) return 0;
    size_t m = announcement(s, n, i, line);
    return m && line && !is_line(s, n, i, m) ? 0 : m;
}

/* The last announcement of a letter; with `line`, only those that begin a line. */
static bool by_announcement(const char *s, size_t n, bool line, size_t *at) {
    for (size_t i = n; i-- > 0;) {
        size_t m = announces(s, n, i, line), j = m ? skip_filler(s, n, i + m) : 0;
        if (!m) continue;
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
    return *at = i, !lem_extract_rejected(s, n, i);
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
    bool several;
    if (lem_extract_called_right(s, n, at, &several) || by_bold(s, n, at) || by_first_letter(s, n, at))
        return true;
    return by_small_letter(s, n, at) || (*weak = by_last_letter(s, n, at));
}

bool lem_extract_choice(const char *s, size_t n, lem_grade_span *out) {
    lem_grade_span box;
    size_t at = 0, in_box = 0;
    bool weak = false, found = n && by_announcement(s, n, true, &at);
    if (!found && n) {
        bool boxed = lem_extract_box((extract_view){s, n}, false, &box);
        bool one = boxed && !(box.len > 6 && memcmp(s + box.offset, "\\boxed", 6) == 0);
        bool letter = one && in_answer(s + box.offset, box.len, &in_box);
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

/* Past space, TeX's too, and what closes the mark of a choice. */
static size_t past_mark(const char *s, size_t n, size_t j) {
    const extract_view v = {s, n};
    for (;;) {
        j = lem_extract_skip(v, j, " \t\n)}:~.");
        if (n - j < 2 || s[j] != '\\' || !s[j + 1] || !strchr(" ,;:", s[j + 1])) break;
        j += 2;
    }
    if (n - j >= 5 && memcmp(s + j, "\\quad", 5) == 0) j += 5;
    return lem_extract_skip(v, j, " \t\n");
}

size_t lem_extract_choice_mark(const char *s, size_t n) {
    size_t i = skip_filler(s, n, 0);
    bool bracket = i && (s[i - 1] == '(' || s[i - 1] == '{');
    if (i >= n || !stands_alone(s, n, i)) return 0;
    size_t j = i + 1;
    bool closed = j < n && (s[j] == ')' || s[j] == ':' || (s[j] == '}' && bracket));
    if (closed) j = past_mark(s, n, j);
    return closed && j < n ? j : 0;
}
