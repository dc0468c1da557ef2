/* extract_text.c - words, lines and spans of a response */
#include "grade/extract_priv.h"
#include "core/utf8.h"

#include <string.h>

static char lower(char c) { return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c); }

bool lem_extract_is_digit(char c) { return c >= '0' && c <= '9'; }
bool lem_extract_is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }
bool lem_extract_is_word(char c) { return lem_extract_is_letter(c) || lem_extract_is_digit(c) || c == '_'; }

static bool matches(const char *s, const char *word, size_t m, bool fold) {
    if (!fold) return memcmp(s, word, m) == 0;
    size_t k = 0;
    while (k < m && lower(s[k]) == word[k]) k++;
    return k == m;
}

size_t lem_extract_word_at(const char *s, size_t n, size_t i, const char *word) {
    size_t m = strlen(word);
    if (i > n || n - i < m || !matches(s + i, word, m, true)) return 0;
    return i + m < n && lem_extract_is_word(word[m - 1]) && lem_extract_is_word(s[i + m]) ? 0 : m;
}

size_t lem_extract_one_of(const char *s, size_t n, size_t i, const char *const *words) {
    for (; *words; words++)
        if (lem_extract_word_at(s, n, i, *words)) return strlen(*words);
    return 0;
}

size_t lem_extract_find_last(extract_view v, size_t before, const char *word, bool fold) {
    size_t m = strlen(word);
    if (m > v.n) return v.n;
    size_t i = v.n - m + 1;
    if (i > before) i = before;
    while (i > 0) {
        const char *p = fold ? v.s + i - 1 : memrchr(v.s, word[0], i);
        if (!p) break;
        i = (size_t)(p - v.s);
        if (matches(p, word, m, fold)) return i;
    }
    return v.n;
}

size_t lem_extract_first_of(extract_view v, size_t i, size_t end, const char *const *marks) {
    for (; i < end; i++)
        for (const char *const *m = marks; *m; m++)
            if (end - i >= strlen(*m) && memcmp(v.s + i, *m, strlen(*m)) == 0) return i;
    return end;
}

size_t lem_extract_line_end(extract_view v, size_t i) {
    const char *p = i < v.n ? memchr(v.s + i, '\n', v.n - i) : NULL;
    return p ? (size_t)(p - v.s) : v.n;
}

size_t lem_extract_skip(extract_view v, size_t i, const char *blanks) {
    while (i < v.n && v.s[i] && strchr(blanks, v.s[i])) i++;
    return i;
}

/* Before the marks of a heading or of emphasis that end at i. */
static size_t before_marks(extract_view v, size_t i) {
    while (i && v.s[i - 1] && strchr(" \t*#", v.s[i - 1])) i--;
    return i;
}

bool lem_extract_begins_line(extract_view v, size_t i) {
    i = before_marks(v, i);
    if (i >= 5 && lem_extract_word_at(v.s, i, i - 5, "final")) i = before_marks(v, i - 5);
    return i == 0 || v.s[i - 1] == '\n';
}

lem_grade_span lem_extract_span(size_t from, size_t to, lem_grade_method how) {
    return (lem_grade_span){from, to > from ? to - from : 0, how, false};
}

lem_grade_span lem_extract_trimmed(extract_view v, lem_grade_span s) {
    while (s.len && (lem_is_space(v.s[s.offset]) || v.s[s.offset] == '*' || v.s[s.offset] == ':')) {
        s.offset++;
        s.len--;
    }
    while (s.len) {
        char c = v.s[s.offset + s.len - 1];
        if (!lem_is_space(c) && c != '*' && c != '.') break;
        if (c == '*' && s.len >= 2 && v.s[s.offset + s.len - 2] == '\\') break;
        s.len--;
    }
    return s;
}

bool lem_extract_is_prose(const char *s, size_t n) {
    while (n && s[n - 1] == ' ') n--;
    if (n && s[n - 1] == '=') return true; /* $150 * 3 = $450 */
    if (n && memchr(s, '\\', n)) return false;
    for (size_t i = 0; i + 2 < n; i++)
        if (s[i] == ' ' && lem_extract_is_letter(s[i + 1]) && lem_extract_is_letter(s[i + 2])) return true;
    return false;
}
