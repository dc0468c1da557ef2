/* extract_beside.c - what stands beside an answer that nothing marks: other answers, "7 or 8", "2, 4, or 6",
 * and explanations with numbers of their own, "36 pencils (12 boxes of 3)" */
#include "grade/extract_priv.h"
#include "core/utf8.h"

#include <string.h>

enum { MOST_ANSWERS = 16, MOST_UNIT_WORDS = 4, MOST_LOOK_BACK = 200 };

static bool is_digit(char c) { return lem_extract_is_digit(c); }
static bool is_letter(char c) { return lem_extract_is_letter(c); }
static bool among(char c, const char *set) { return c && strchr(set, c); }
static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* Where the bytes before `to` that are among `set` begin. */
static size_t before_any(extract_view v, size_t to, const char *set) {
    while (to > 0 && among(v.s[to - 1], set)) to--;
    return to;
}

/* Where the letters before `to` begin. */
static size_t word_begin(extract_view v, size_t to) {
    while (to > 0 && is_letter(v.s[to - 1])) to--;
    return to;
}

/* ---- "7 or 8": answers that are joined to one ---- */

/* What a joint says: that all of it is one list, or that a number may have two neighbours in words. */
typedef enum joint_kind { JOINT_NONE, JOINT_OR, JOINT_AND, JOINT_TO, JOINT_COMMA } joint_kind;

static joint_kind joint_of(const char *s, size_t n, size_t at) {
    if (lem_extract_word_at(s, n, at, "or")) return JOINT_OR;
    if (lem_extract_word_at(s, n, at, "and")) return JOINT_AND;
    return lem_extract_word_at(s, n, at, "to") ? JOINT_TO : JOINT_NONE;
}

/* "maybe", "possibly" between a joint and its answer. */
static bool is_doubt(const char *s, size_t n, size_t at) {
    static const char *const words[] = {"maybe", "possibly", "perhaps", "even",
                                        "else",  "probably", "either",  NULL};
    return lem_extract_one_of(s, n, at, words) != 0;
}

/* The joint that ends before `to`, past doubts and opening marks; *at: where it begins. */
static joint_kind joint_before(extract_view v, size_t to, size_t *at) {
    for (int round = 0; round < 3; round++) {
        size_t end = before_any(v, to, " \t$*(\\"), from = word_begin(v, end);
        if (from == end) return JOINT_NONE;
        joint_kind kind = joint_of(v.s, end, from);
        *at = from;
        if (kind != JOINT_NONE || !is_doubt(v.s, end, from)) return kind;
        to = from;
    }
    return JOINT_NONE;
}

/* Where the mark before `end` closes a formula, $…$ or \(…\); end where none stands there. */
static size_t closing_mark(extract_view v, size_t end) {
    if (end && v.s[end - 1] == '$') return end - 1;
    return end > 1 && v.s[end - 1] == ')' && v.s[end - 2] == '\\' ? end - 2 : end;
}

/* Where the answer that ends before `to` begins, a number, a formula or a formula in marks; `to` where none
 * ends there. words: a word may stand behind its number. */
static size_t answer_before(extract_view v, size_t to, bool words) {
    size_t end = before_any(v, to, " \t,"), close = closing_mark(v, end), from, stop;
    lem_grade_span span;
    if (close < end) return lem_extract_formula_at(v, close, &from, &stop) ? from : to;
    end = before_any(v, end, "*)");
    size_t word = word_begin(v, end);
    if (words && word + 1 < end) end = before_any(v, word, " \t");
    for (from = end; from && is_digit(v.s[from - 1]);) from--;
    if (from == end) return to;
    const extract_view upto = {v.s, end};
    return lem_extract_formula_around(upto, true, from, end, &span) ? span.offset : from;
}

/* Nothing but a number, with its sign. */
static bool is_bare(extract_view v, size_t from, size_t to) {
    while (from < to && among(v.s[from], "-+$")) from++;
    while (to > from && among(v.s[to - 1], "$")) to--;
    for (size_t i = from; i < to; i++)
        if (!is_digit(v.s[i]) && !among(v.s[i], ".,/")) return false;
    return from < to;
}

/* The word that ends before `to` is this one; *at: where it begins. */
static bool ends_word(extract_view v, size_t to, const char *word, size_t *at) {
    size_t end = before_any(v, to, " \t$*"), from = word_begin(v, end);
    *at = from;
    return end - from == strlen(word) && lem_extract_word_at(v.s, end, from, word);
}

/* Answers before the one that begins at `from`: where the first begins. */
static size_t first_joined(extract_view v, size_t from, size_t to) {
    size_t at, first = from;
    joint_kind kind = joint_before(v, from, &at);
    if (kind == JOINT_NONE) return from;
    size_t begin = answer_before(v, at, kind == JOINT_OR);
    if (begin == at) return from;
    bool bare = is_bare(v, from, to) && is_bare(v, begin, before_any(v, at, " \t,$"));
    if (kind != JOINT_OR && !bare) return from;
    if (kind == JOINT_TO && ends_word(v, begin, "from", &at)) return from; /* it grew from 7 to 8 */
    first = begin;
    for (int k = 0; k < MOST_ANSWERS; k++) { /* 2, 4, or 6 */
        size_t comma = before_any(v, first, " \t$");
        if (!comma || v.s[comma - 1] != ',') break;
        begin = answer_before(v, comma, false);
        if (begin == comma) break;
        first = begin;
    }
    if (ends_word(v, first, "between", &at)) first = at;
    return first;
}

/* Past "or", and doubts behind it, at i; i where it is none. */
static size_t past_or(extract_view v, size_t i) {
    size_t k = lem_extract_skip(v, i, " \t$*,");
    if (k + 1 < v.n && v.s[k] == '\\' && v.s[k + 1] == ')') k = lem_extract_skip(v, k + 2, " \t,");
    if (!lem_extract_word_at(v.s, v.n, k, "or")) return i;
    k = lem_extract_skip(v, k + 2, " \t");
    while (k < v.n && is_doubt(v.s, v.n, k)) {
        while (k < v.n && is_letter(v.s[k])) k++;
        k = lem_extract_skip(v, k, " \t");
    }
    return k;
}

/* The end of an answer that is joined by "or" behind `to`; `to` where there is none. */
static size_t last_joined(extract_view v, size_t to) {
    for (int k = 0; k < MOST_ANSWERS; k++) {
        size_t i = past_or(v, to), stop;
        if (i == to) break;
        i = lem_extract_skip(v, i, "*");
        bool math = i < v.n && (v.s[i] == '$' || (v.s[i] == '\\' && i + 1 < v.n && v.s[i + 1] == '('));
        i = lem_extract_skip(v, i, math ? "$\\(" : "$-+");
        for (stop = i; stop < v.n && (math ? !among(v.s[stop], "$\n") : is_digit(v.s[stop])); stop++)
            if (v.s[stop] == '\\' && stop + 1 < v.n && v.s[stop + 1] == ')') break;
        if (stop == i) break;
        to = stop;
    }
    return to;
}

void lem_extract_join(extract_view v, lem_grade_span *s) {
    size_t from = first_joined(v, s->offset, s->offset + s->len), to = last_joined(v, s->offset + s->len);
    *s = (lem_grade_span){from, to - from, s->method, s->weak};
}

bool lem_extract_is_range(extract_view v, size_t from) {
    static const char *const dashes[] = {"\xe2\x80\x93", "\xe2\x80\x94"};
    for (size_t k = 0; k < sizeof dashes / sizeof *dashes; k++) {
        size_t m = strlen(dashes[k]);
        if (from > m && memcmp(v.s + from - m, dashes[k], m) == 0 && is_digit(v.s[from - m - 1])) return true;
    }
    return false;
}

/* ---- "36 pencils (12 boxes of 3)": what explains a quantity ---- */

/* Words that stand in an explanation, or calculate: not the coordinates of a point, and not another answer.
 */
static bool explains(extract_view v, size_t from, size_t to) {
    static const char *const others[] = {"or", "maybe", "possibly", "perhaps", "but", "not", NULL};
    if (lem_extract_one_of(v.s, to, from + 1, others)) return false;
    for (size_t i = from; i + 1 < to; i++)
        if (v.s[i] == '=' || (is_letter(v.s[i]) && is_letter(v.s[i + 1]))) return true;
    return false;
}

/* The bracket that is open at i, in its line; v.n where none is. */
static size_t open_bracket(extract_view v, size_t i) {
    int depth = 0;
    for (size_t k = i; k-- > 0 && v.s[k] != '\n' && i - k <= MOST_LOOK_BACK;) {
        depth += among(v.s[k], ")]") - among(v.s[k], "([");
        if (depth < 0) return k;
    }
    return v.n;
}

static size_t close_bracket(extract_view v, size_t i) {
    int depth = 0;
    for (size_t k = i; k < v.n && v.s[k] != '\n'; k++) {
        depth += among(v.s[k], "([") - among(v.s[k], ")]");
        if (depth < 0) return k;
    }
    return v.n;
}

/* A quantity ends before `to`: a number, and words of its unit alone. */
static bool is_quantity_before(extract_view v, size_t to) {
    static const char *const clause[] = {"is",  "are", "was",  "were", "has", "have", "had",  "he",  "she",
                                         "it",  "we",  "they", "i",    "you", "get",  "gets", "got", "so",
                                         "and", "or",  "if",   "then", "at",  "to",   NULL};
    size_t end = before_any(v, to, " \t");
    for (int k = 0; k <= MOST_UNIT_WORDS; k++) {
        if (end && (is_digit(v.s[end - 1]) || among(v.s[end - 1], "%$"))) return true;
        size_t from = word_begin(v, end);
        bool capital = from < end && v.s[from] >= 'A' && v.s[from] <= 'Z';
        if (from == end || capital || lem_extract_one_of(v.s, end, from, clause)) return false;
        if (!from || !is_blank(v.s[from - 1])) return from && is_digit(v.s[from - 1]); /* 12m */
        end = before_any(v, from, " \t");
    }
    return false;
}

/* Where the sentence around i begins, in its line and not far back. */
static size_t sentence_begin(extract_view v, size_t i) {
    size_t k = i;
    while (k > 0 && v.s[k - 1] != '\n' && i - k < MOST_LOOK_BACK && !(v.s[k - 1] == '.' && is_blank(v.s[k])))
        k--;
    return k;
}

static size_t count_numbers(extract_view v, size_t from, size_t to) {
    size_t n = 0;
    for (size_t k = from; k < to; k++)
        n += is_digit(v.s[k]) && (k == from || (!is_digit(v.s[k - 1]) && !among(v.s[k - 1], ".,")));
    return n;
}

/* The reason for the one number that the sentence has named before: "20 left because he gave 5". What
 * calculates, "because 10 / 5 = 2", or goes on, "because he gave 5, so 15", says the answer itself. */
static size_t reason(extract_view v, size_t number) {
    static const char *const words[] = {"because", "since", NULL}, *const goes_on[] = {"so", "then", "thus",
                                                                                       NULL};
    size_t from = sentence_begin(v, number), at = from;
    while (at < number && !(at && is_blank(v.s[at - 1]) && lem_extract_one_of(v.s, v.n, at, words))) at++;
    if (at == number || count_numbers(v, from, at) != 1) return v.n;
    for (size_t k = at; k < number; k++)
        if (v.s[k] == '=' || (is_blank(v.s[k - 1]) && lem_extract_one_of(v.s, v.n, k, goes_on))) return v.n;
    return is_quantity_before(v, before_any(v, at, " \t,")) ? at : v.n;
}

size_t lem_extract_explanation(extract_view v, size_t number) {
    size_t open = open_bracket(v, number), close = open < v.n ? close_bracket(v, number) : v.n;
    if (open && open < v.n && close < v.n && is_blank(v.s[open - 1]) && explains(v, open, close) &&
        is_quantity_before(v, open))
        return open;
    return reason(v, number);
}
