/* compare_words.c - words against words: the same, different because both belong to one closed set, or nobody
 * knows */
#include "answer/compare_words_priv.h"

#include <string.h>

enum { MAX_WORDS = 24, MAX_SUBJECT = 5 };

typedef struct sentence {
    const char *at[MAX_WORDS];
    size_t len[MAX_WORDS], n;
} sentence;

static bool is_word(const sentence *s, size_t k, const char *word) {
    return k < s->n && s->len[k] == strlen(word) && memcmp(s->at[k], word, s->len[k]) == 0;
}

static bool is_any(const sentence *s, size_t k, const char *const *list) {
    for (; *list; list++)
        if (is_word(s, k, *list)) return true;
    return false;
}

static bool is_idle(const char *s, size_t n) {
    return (n == 1 && *s == 'a') || (n == 2 && memcmp(s, "an", 2) == 0) ||
           (n == 3 && memcmp(s, "the", 3) == 0);
}

/* Words without articles. */
static sentence split(words t) {
    sentence s = {.n = 0};
    for (size_t i = 0; i < t.n;) {
        size_t k = i;
        while (k < t.n && t.s[k] != ' ') k++;
        if (k > i && !is_idle(t.s + i, k - i)) {
            if (s.n == MAX_WORDS) return (sentence){.n = 0};
            s.at[s.n] = t.s + i;
            s.len[s.n++] = k - i;
        }
        i = k + 1;
    }
    return s;
}

static sentence from_word(const sentence *s, size_t k) {
    sentence r = {.n = 0};
    for (; k < s->n; k++) r.at[r.n] = s->at[k], r.len[r.n++] = s->len[k];
    return r;
}

static bool same(const sentence *a, const sentence *b) {
    bool equal = a->n == b->n && a->n > 0;
    for (size_t k = 0; equal && k < a->n; k++)
        equal = a->len[k] == b->len[k] && memcmp(a->at[k], b->at[k], a->len[k]) == 0;
    return equal;
}

/* Sets of words of which a question takes one. */
static const char *const closed[] = {
    " yes no ",
    " true false ",
    " even odd neither ",
    " converges diverges ",
    " convergent divergent ",
    " converge diverge ",
    " up down ",
    " max min ",
    " maximum minimum ",
    " increasing decreasing constant ",
    " positive negative zero ",
    " rational irrational ",
    " dependent independent ",
    " consistent inconsistent ",
    " north south east west northeast northwest southeast southwest ",
    " left right ",
    " upward downward ",
    " always sometimes never ",
    " exact inexact ",
    " acute right obtuse ",
    " equilateral isosceles scalene ",
    " ellipse parabola hyperbola circle line ",
    " monday tuesday wednesday thursday friday saturday sunday ",
    " january february march april may june july august september october november december ",
    " red green blue yellow black white orange purple brown pink gray ",
    " first second third fourth fifth ",
    " 充分不必要 必要不充分 充要 既不充分也不必要 ",
};

static bool holds(const char *set, const char *s, size_t n) {
    for (const char *p = set; (p = strchr(p, ' ')) && p[1]; p++)
        if (strcspn(p + 1, " ") == n && memcmp(p + 1, s, n) == 0) return true;
    return false;
}

static bool of_some_set(const char *a, size_t n) {
    for (size_t k = 0; k < sizeof closed / sizeof *closed; k++)
        if (holds(closed[k], a, n)) return true;
    return false;
}

/* What a sentence says: behind "it is", "(the) vectors are"; (the) series of "series converges"; Alice of
 * "Alice wins". The sentence itself where it is none. */
static sentence predicate(const sentence *s, bool subject) {
    static const char *const verbs[] = {"is", "are", "was", "were", NULL};
    for (size_t k = 0; k < s->n && k <= MAX_SUBJECT; k++)
        if (is_any(s, k, verbs) && k + 1 < s->n) return from_word(s, k + 1);
    if (subject && s->n > 1 && of_some_set(s->at[1], s->len[1])) return from_word(s, 1);
    sentence r = *s;
    if (r.n == 2 && (is_word(s, 1, "wins") || is_word(s, 1, "win"))) r.n = 1;
    return r;
}

static bool of_one_set(const char *a, size_t n, const char *b, size_t m) {
    for (size_t k = 0; k < sizeof closed / sizeof *closed; k++)
        if (holds(closed[k], a, n) && holds(closed[k], b, m)) return true;
    return false;
}

/* One word apart, and both words of one closed set; or one "not" apart. */
static bool are_opposed(const sentence *a, const sentence *b) {
    size_t apart = 0, at = 0;
    if (a->n == b->n) {
        for (size_t k = 0; k < a->n; k++)
            if (a->len[k] != b->len[k] || memcmp(a->at[k], b->at[k], a->len[k]) != 0) apart++, at = k;
        return apart == 1 && of_one_set(a->at[at], a->len[at], b->at[at], b->len[at]);
    }
    const sentence *more = a->n > b->n ? a : b;
    const sentence *less = more == a ? b : a;
    if (more->n != less->n + 1 || !is_word(more, 0, "not")) return false;
    sentence rest = from_word(more, 1);
    return same(&rest, less);
}

static bool has_no_value(const sentence *s) {
    return (s->n == 1 && (is_word(s, 0, "undefined") || is_word(s, 0, "dne"))) ||
           (s->n == 2 && is_word(s, 0, "not") && is_word(s, 1, "defined")) ||
           (s->n == 3 && is_word(s, 0, "does") && is_word(s, 1, "not") && is_word(s, 2, "exist"));
}

/* 充分不必要条件 is 充分不必要 */
static words without_suffix(words t) {
    static const char suffix[] = "条件";
    size_t m = sizeof suffix - 1;
    if (t.n > m && memcmp(t.s + t.n - m, suffix, m) == 0) t.n -= m;
    return t;
}

/* "it is even" says the same of whatever the other side names. */
static bool is_about_it(const sentence *s) {
    static const char *const pronouns[] = {"it", "they", "this", "these", NULL};
    return s->n > 1 && is_any(s, 0, pronouns);
}

words_answer lem_words_compare(words a, words b) {
    sentence x = split(without_suffix(a)), y = split(without_suffix(b));
    sentence p = predicate(&x, a.subject), q = predicate(&y, b.subject);
    bool about_it = is_about_it(&x) || is_about_it(&y);
    if (same(&x, &y) || same(&p, &y) || same(&x, &q) || (about_it && same(&p, &q))) return WORDS_SAME;
    if (has_no_value(&x) && has_no_value(&y)) return WORDS_SAME;
    return are_opposed(&x, &y) || are_opposed(&p, &y) || are_opposed(&x, &q) ? WORDS_DIFFERENT
                                                                             : WORDS_UNKNOWN;
}

bool lem_words_change_value(const char *s, size_t n) {
    static const char *const list[] = {"not",    "no",     "never",   "least",   "most",  "more",  "less",
                                       "fewer",  "than",   "up",      "between", "over",  "under", "below",
                                       "above",  "within", "every",   "all",     "any",   "each",  "either",
                                       "except", "cannot", "neither", "without", "about", NULL};
    sentence x = split((words){s, n, false});
    for (size_t k = 0; k < x.n; k++) {
        bool concave = k > 0 && is_word(&x, k - 1, "concave"); /* concave up on (0, 1) */
        if (is_any(&x, k, list) && !concave) return true;
    }
    return n > 0 && x.n == 0;
}
