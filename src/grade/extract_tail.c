/* extract_tail.c - what stands around an announced answer and is none of it: "about 72", "72, which is the
 * total", "72!", "72 clips in May", "__5__" */
#include "grade/extract_priv.h"
#include "core/utf8.h"

#include <string.h>

enum { MAX_TAIL = 600 };

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static char lower(char c) { return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c); }
static bool is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }

/* Does the word (or words) stand at i, and end there? Case does not matter. */
static bool word_at(const char *s, size_t n, size_t i, const char *word) {
    size_t m = strlen(word);
    if (n - i < m) return false;
    for (size_t k = 0; k < m; k++)
        if (lower(s[i + k]) != word[k]) return false;
    return i + m == n || !is_letter(s[i + m]);
}

static size_t one_of(const char *s, size_t n, size_t i, const char *const *words) {
    for (; *words; words++)
        if (word_at(s, n, i, *words)) return strlen(*words);
    return 0;
}

size_t lem_extract_skip_hedge(const char *s, size_t n, size_t i) {
    static const char *const words[] = {
        "approximately", "approx.",  "approx", "about",     "around", "roughly", "exactly",  "simply", "just",
        "equal to",      "given by", "indeed", "therefore", "thus",   "then",    "actually", NULL};
    for (int round = 0; round < 3; round++) {
        size_t k = i;
        while (k < n && (s[k] == ' ' || s[k] == '*' || s[k] == ':')) k++;
        size_t m = k < n ? one_of(s, n, k, words) : 0;
        while (m && k + m < n && (s[k + m] == ' ' || s[k + m] == ',')) m++;
        if (!m || k + m >= n || s[k + m] == '\n') break;
        i = k + m;
    }
    return i;
}

/* Marks that stand on both sides: _5_, <5>, "5", `5`. */
static void unwrap(const char *s, size_t *from, size_t *to) {
    static const char open[] = "_<\"`", close[] = "_>\"`";
    while (*to - *from >= 3) {
        const char *mark = s[*from] ? strchr(open, s[*from]) : NULL;
        if (!mark || s[*to - 1] != close[mark - open]) break;
        (*from)++;
        (*to)--;
    }
}

/* Where a clause about the answer begins: ", which", " because", " (see above)"; to when there is none.
 * Inside $…$ nothing is looked for. */
static size_t clause(const char *s, size_t from, size_t to) {
    static const char *const after_comma[] = {"which",  "since",   "because", "as",    "so",   "where",
                                              "and so", "meaning", "i.e",     "given", "thus", NULL};
    static const char *const after_space[] = {"because",     "since",       "which", "as shown",
                                              "as required", "as computed", NULL};
    bool math = false;
    for (size_t i = from + 1; i < to; i++) {
        math ^= s[i] == '$';
        if (math || s[i - 1] == '\\') continue;
        size_t k = i + 1;
        while (k < to && lem_is_space(s[k])) k++;
        if ((s[i] == ',' || s[i] == ';') && k < to && one_of(s, to, k, after_comma)) return i;
        if (lem_is_space(s[i]) && k < to && one_of(s, to, k, after_space)) return i;
    }
    return to;
}

/* The end of the number that begins at i, with sign, currency, separators, fraction and percent; i when there
 * is none. */
static bool joins_digits(const char *s, size_t k, size_t to) {
    return k + 1 < to && is_digit(s[k + 1]) && (s[k] == '.' || s[k] == ',' || s[k] == '/');
}

static size_t number_end(const char *s, size_t i, size_t to) {
    size_t k = i, first;
    while (k < to && s[k] && strchr("$\\-+", s[k]) && k - i < 3) k++;
    for (first = k; k < to && (is_digit(s[k]) || (k > first && joins_digits(s, k, to)));) k++;
    if (k == first) return i;
    if (k < to && s[k] == '%') return k + 1;
    return k + 1 < to && s[k] == '\\' && s[k + 1] == '%' ? k + 2 : k;
}

/* Letters and the marks of a sentence only. */
static bool is_prose(const char *s, size_t from, size_t to) {
    for (size_t i = from; i < to; i++)
        if (!is_letter(s[i]) && !lem_is_space(s[i]) && !strchr(",.;:'\"()-!?", s[i])) return false;
    return true;
}

/* Words that make another number of it, or belong to none: "5 or more", "5 times", "5 less than". */
static bool changes_number(const char *s, size_t from, size_t to) {
    static const char *const words[] = {"or",   "and",  "to",     "times", "than",    "not",     "least",
                                        "most", "more", "less",   "plus",  "minus",   "over",    "hundred",
                                        "mod",  "half", "thirds", "point", "percent", "million", NULL};
    for (size_t i = from; i < to; i++)
        if (is_letter(s[i]) && (i == from || !is_letter(s[i - 1])) && one_of(s, to, i, words)) return true;
    return false;
}

/* Behind a number: the words of its unit, up to a word or mark that goes on with the sentence. */
static size_t unit_end(const char *s, size_t from, size_t to) {
    static const char *const words[] = {"of",   "in",   "from", "for",  "at",    "on",   "that", "which",
                                        "is",   "are",  "who",  "when", "left",  "with", "by",   "the",
                                        "each", "a",    "will", "was",  "he",    "she",  "they", "we",
                                        "per",  "were", "so",   "if",   "she's", NULL};
    static const char *const per[] = {"per hour", "per minute", "per second", "per day", NULL};
    for (size_t i = from; i < to; i++) {
        if (strchr(",;:(!?\"", s[i])) return i;
        if (s[i] == '-' && i + 1 < to && lem_is_space(s[i + 1])) return i;
        if (is_letter(s[i]) && !is_letter(s[i - 1]) && one_of(s, to, i, words) && !one_of(s, to, i, per))
            return i;
    }
    return to;
}

/* A number with prose behind it is the number with its unit. */
static size_t quantity(const char *s, size_t from, size_t to) {
    size_t number = number_end(s, from, to), k = number;
    if (number == from) return to;
    while (k < to && (s[k] == '!' || s[k] == '?' || lem_is_space(s[k]))) k++;
    if (k == to) return number;
    if (s[number] != ' ' && !strchr(",;!(", s[number])) return to;
    size_t end = unit_end(s, number, to);
    return is_prose(s, number, to) && !changes_number(s, number, end) ? end : to;
}

/* What stands in $…$, \(…\) or \[…\] is the answer as it is. */
static bool is_marked_formula(const char *s, size_t from) {
    return from && (s[from - 1] == '$' || (from > 1 && s[from - 2] == '\\' && strchr("([", s[from - 1])));
}

lem_grade_span lem_extract_trim_tail(const char *s, lem_grade_span span) {
    size_t from = span.offset, to = from + span.len;
    if (!span.len || span.len > MAX_TAIL || is_marked_formula(s, from)) return span;
    unwrap(s, &from, &to);
    to = clause(s, from, to);
    to = quantity(s, from, to);
    while (to > from && (lem_is_space(s[to - 1]) || strchr(",;", s[to - 1]))) to--;
    return to > from ? (lem_grade_span){from, to - from, span.method, span.weak} : span;
}
