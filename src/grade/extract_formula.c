/* extract_formula.c - where nothing is marked: the last formula of a response, whole or not at all */
#include "grade/extract_priv.h"
#include "core/utf8.h"

#include <string.h>

enum { MAX_TRIES = 32, MAX_TOKENS = 64 };

static bool is_digit(char c) { return lem_extract_is_digit(c); }
static bool is_letter(char c) { return lem_extract_is_letter(c); }
static bool among(char c, const char *set) { return c && strchr(set, c); }

/* ---- formulas between marks ---- */

static bool says_something(const char *s, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (is_letter(s[i]) || is_digit(s[i])) return true;
    return false;
}

/* Where the text `mark` stands last before `before`, not further back than an answer is long; before when it
 * does not. */
static size_t mark_before(extract_view v, size_t before, const char *mark) {
    size_t m = strlen(mark), least = before > LEM_ANSWER_MAX_BYTES ? before - LEM_ANSWER_MAX_BYTES : 0;
    for (size_t i = before; i-- > least;)
        if (i + m <= before && memcmp(v.s + i, mark, m) == 0) return i;
    return before;
}

bool lem_extract_formula_at(extract_view v, size_t close, size_t *from, size_t *to) {
    *to = close;
    if (v.s[close] == '\\') {
        size_t open = mark_before(v, close, v.s[close + 1] == ']' ? "\\[" : "\\(");
        *from = open + 2;
        return open != close;
    }
    bool twice = close > 0 && v.s[close - 1] == '$';
    *to -= twice;
    size_t open = mark_before(v, *to, twice ? "$$" : "$");
    *from = open + (twice ? 2 : 1);
    if (open == *to || *from > *to) return false;
    if (!twice && memchr(v.s + *from, '\n', *to - *from)) return false;
    return !lem_extract_is_prose(v.s + *from, *to - *from) && says_something(v.s + *from, *to - *from);
}

static bool is_close(extract_view v, size_t i) {
    if (v.s[i] == '$') return i == 0 || v.s[i - 1] != '\\';
    return v.s[i] == '\\' && i + 1 < v.n && (v.s[i + 1] == ')' || v.s[i + 1] == ']');
}

/* The last formula in $…$, \(…\) or \[…\]. */
static bool last_marked(extract_view v, size_t *from, size_t *to) {
    int tries = 0;
    for (size_t i = v.n; i-- > 0 && tries < MAX_TRIES;) {
        if (!is_close(v, i)) continue;
        if (lem_extract_formula_at(v, i, from, to)) return true;
        tries++;
    }
    return false;
}

/* ---- formulas in running text ---- */

/* Bytes of a sign of mathematics above ASCII at i: × ÷ · − √ π ≤ ≈ ° ², else 0. */
static size_t math_char(extract_view v, size_t i) {
    static const char *const pairs[] = {"\xc2\xb7", "\xc2\xb0", "\xc2\xb2", "\xc2\xb3",
                                        "\xc3\x97", "\xc3\xb7", "\xcf\x80"};
    size_t left = v.n - i;
    for (size_t k = 0; left >= 2 && k < sizeof pairs / sizeof *pairs; k++)
        if (memcmp(v.s + i, pairs[k], 2) == 0) return 2;
    bool three = left >= 3 && (memcmp(v.s + i, "\xe2\x88", 2) == 0 || memcmp(v.s + i, "\xe2\x89", 2) == 0);
    return three ? 3 : 0;
}

/* A mark of GSM8K's calculator, <<3*4=12>>12. */
static bool is_calculator_mark(extract_view v, size_t i) {
    char c = v.s[i];
    return among(c, "<>") && ((i > 0 && v.s[i - 1] == c) || (i + 1 < v.n && v.s[i + 1] == c));
}

/* May the byte at i stand inside a word of a formula? */
static bool is_inner(extract_view v, size_t i) {
    char c = v.s[i], before = ' ', after = ' ';
    if (i > 0) before = v.s[i - 1];
    if (i + 1 < v.n) after = v.s[i + 1];
    if (c & 0x80) {
        for (size_t back = 0; back < 3 && back <= i; back++)
            if (math_char(v, i - back) > back) return true;
        return false;
    }
    if (lem_is_space(c) || among(c, "|#\"`?") || is_calculator_mark(v, i)) return false;
    if (c == '<') return !is_letter(after) && after != '/'; /* <b> */
    return !((c == ':' || c == '>') && is_letter(before));
}

typedef struct word {
    size_t from, to;
} word;

static word word_around(extract_view v, size_t i) {
    word w = {i, i};
    while (w.from > 0 && is_inner(v, w.from - 1)) w.from--;
    while (w.to < v.n && is_inner(v, w.to)) w.to++;
    return w;
}

static word word_before(extract_view v, size_t i) {
    while (i > 0 && (v.s[i - 1] == ' ' || v.s[i - 1] == '\t')) i--;
    word w = {i, i};
    while (w.from > 0 && is_inner(v, w.from - 1)) w.from--;
    return w;
}

static word word_behind(extract_view v, size_t i) {
    while (i < v.n && (v.s[i] == ' ' || v.s[i] == '\t')) i++;
    word w = {i, i};
    while (w.to < v.n && is_inner(v, w.to)) w.to++;
    return w;
}

static bool is_function_word(const char *s, size_t n) {
    static const char *const words[] = {"sin", "cos", "tan", "log", "ln", "sqrt", "pi", "exp"};
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (strlen(words[k]) == n && memcmp(words[k], s, n) == 0) return true;
    return false;
}

/* A number, an operator, a command, a letter: not a word of the language. */
static bool is_math(extract_view v, word w) {
    size_t run = 0, longest = 0, n = w.to - w.from;
    if (n == 0) return false;
    if (is_function_word(v.s + w.from, n)) return true;
    for (size_t i = w.from; i < w.to; i++) {
        if (is_digit(v.s[i]) || v.s[i] == '\\') return true;
        run = is_letter(v.s[i]) ? run + 1 : 0;
        if (run > longest) longest = run;
    }
    return longest < 2;
}

static bool is_command(const char *s, size_t n) {
    static const char *const commands[] = {"\\times", "\\cdot", "\\div", "\\pm",
                                           "\\le",    "\\leq",  "\\ge",  "\\geq"};
    for (size_t k = 0; k < sizeof commands / sizeof *commands; k++)
        if (n == strlen(commands[k]) && memcmp(s, commands[k], n) == 0) return true;
    return false;
}

/* Does the word end with an operator that wants something behind it? × and ÷ do, ° does not. */
static bool ends_open(extract_view v, word w) {
    size_t n = w.to - w.from;
    if (n == 0) return false;
    if (among(v.s[w.to - 1], "+-/^=<>(") || is_command(v.s + w.from, n)) return true;
    if (n == 1 && v.s[w.from] == '*') return true; /* 9 * 2, not *9* */
    return n >= 2 && (unsigned char)v.s[w.to - 2] == 0xc3 && math_char(v, w.to - 2) == 2;
}

static bool starts_open(extract_view v, word w) {
    if (w.from == w.to) return false;
    return among(v.s[w.from], "+-*/^=<>") || (v.s[w.from] & 0x80) || is_command(v.s + w.from, w.to - w.from);
}

static bool has_command(extract_view v, word w) {
    return w.to > w.from && memchr(v.s + w.from, '\\', w.to - w.from) != NULL;
}

/* Do two neighbours belong to one formula? A dash or star that begins a line is a bullet. */
static bool connect(extract_view v, word a, word b) {
    bool stop =
        a.to > a.from && among(v.s[a.to - 1], ".,;:!") && !(a.to - a.from >= 2 && v.s[a.to - 2] == '\\');
    bool bullet = a.to - a.from == 1 && among(v.s[a.from], "-*+") && (a.from == 0 || v.s[a.from - 1] == '\n');
    if (stop || bullet || !is_math(v, a) || !is_math(v, b)) return false;
    return ends_open(v, a) || starts_open(v, b) || has_command(v, a) || has_command(v, b);
}

/* Brackets that open and close inside [from, to); a bracket at an end that has no partner is left out. */
static bool balanced(extract_view v, word *w) {
    int depth = 0, least = 0;
    for (size_t i = w->from; i < w->to; i++) {
        depth += among(v.s[i], "([{") - among(v.s[i], ")]}");
        if (depth < least) least = depth;
    }
    if (depth == 0 && least == 0) return true;
    if (depth > 0 && least == 0 && among(v.s[w->from], "([")) return w->from++, true;
    return depth < 0 && among(v.s[w->to - 1], ")]") ? (w->to--, true) : false;
}

static void strip(extract_view v, word *w) {
    while (w->to > w->from && among(v.s[w->to - 1], ".,;:!*'_")) w->to--;
    while (w->to > w->from && among(v.s[w->from], "*'_,;:")) w->from++;
    if (w->to - w->from > 2 && among(v.s[w->from], "=-") && v.s[w->from + 1] == '>') w->from += 2;
    if (w->to > w->from && v.s[w->from] == '=') w->from++; /* the left side is prose */
    while (w->to > w->from && lem_is_space(v.s[w->from])) w->from++;
}

/* 3-5 is a range, and neither of its numbers the answer. */
static bool is_range(extract_view v, word w) {
    size_t i = w.from, dash = 0;
    for (; i < w.to; i++) {
        if (v.s[i] == '-' && !dash && i > w.from) dash = i;
        else if (!is_digit(v.s[i])) return false;
    }
    return dash && dash + 1 < w.to;
}

/* 12m² and 5km: letters of a usual unit, with a power at most, run into the number. */
static bool is_unit(const char *s, size_t n) {
    static const char *const units[] = {"m", "cm", "mm", "km", "g",  "kg", "mg",
                                        "s", "h",  "ft", "in", "lb", "l",  "ml"};
    size_t letters = 0;
    while (letters < n && is_letter(s[letters])) letters++;
    bool power = n - letters == 2 && (unsigned char)s[letters] == 0xc2 && among(s[letters + 1], "\xb2\xb3");
    for (size_t k = 0; (letters == n || power) && k < sizeof units / sizeof *units; k++)
        if (strlen(units[k]) == letters && memcmp(units[k], s, letters) == 0) return true;
    return false;
}

/* The formula around the number [from, to) in running text: true with the formula, or with nothing where it
 * is cut off. */
static word leftmost(extract_view v, word first) {
    for (int k = 0; k < MAX_TOKENS; k++) {
        word b = word_before(v, first.from);
        if (!connect(v, b, first)) break;
        first = b;
    }
    return first;
}

/* A dash before a word of the language ends the formula. */
static word rightmost(extract_view v, word last) {
    for (int k = 0; k < MAX_TOKENS; k++) {
        word b = word_behind(v, last.to);
        bool dash = b.to - b.from == 1 && v.s[b.from] == '-' && !is_math(v, word_behind(v, b.to));
        if (dash || !connect(v, last, b)) break;
        last = b;
    }
    return last;
}

/* Behind a word that calculates ("9 x 2 = 18", "half of 36 = 18") what stands to the left of the last '=' is
 * a part of its member: the answer is what stands to the right. */
static void drop_cut_member(extract_view v, word *w) {
    static const char *const words[] = {"x", "X", "times", "plus", "minus", "of", "by", "over"};
    word before = word_before(v, w->from);
    size_t n = before.to - before.from, equals = w->to;
    bool calculates = false;
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        calculates = calculates || (strlen(words[k]) == n && memcmp(words[k], v.s + before.from, n) == 0);
    if (!calculates) return;
    while (equals > w->from && v.s[equals - 1] != '=') equals--;
    if (equals > w->from) w->from = equals;
    while (w->from < w->to && lem_is_space(v.s[w->from])) w->from++;
}

/* Between bars that touch it, |-5|, but not in the cell of a table. */
static void take_bars(extract_view v, word *w) {
    bool bars =
        w->from > 1 && w->to < v.n && v.s[w->from - 1] == '|' && v.s[w->to] == '|' && v.s[w->from - 2] == ' ';
    if (bars && (w->to + 1 == v.n || !among(v.s[w->to + 1], "|"))) w->from--, w->to++;
}

/* How many brackets close in [from, to) that do not open there. */
static int unopened(extract_view v, word w) {
    int depth = 0, least = 0;
    for (size_t i = w.from; i < w.to; i++) {
        depth += among(v.s[i], "([{") - among(v.s[i], ")]}");
        if (depth < least) least = depth;
    }
    return -least;
}

/* "(2, 5)" whole, where the parts before the last are mathematics too: false, and w as it was, if not. */
static bool take_brackets(extract_view v, word *w) {
    word all = *w;
    for (int k = 0; k < MAX_TOKENS && unopened(v, all) > 0; k++) {
        word b = word_before(v, all.from);
        if (b.to == b.from || !is_math(v, b)) return false;
        all.from = b.from;
    }
    if (unopened(v, all) > 0) return false;
    return *w = all, true;
}

static bool whole_formula(extract_view v, size_t from, size_t to, word *out) {
    word around = word_around(v, from), first = leftmost(v, around), last = rightmost(v, around),
         w = {first.from, last.to};
    if (is_range(v, w)) return false;
    if (w.from == from && is_unit(v.s + to, w.to - to)) w = (word){from, to};
    bool cut = ends_open(v, last);
    take_bars(v, &w);
    if (unopened(v, w) == 0 || !take_brackets(v, &w)) drop_cut_member(v, &w);
    strip(v, &w);
    if (cut || w.to <= w.from || w.from > from || !balanced(v, &w)) return false;
    *out = w;
    return true;
}

bool lem_extract_formula_around(extract_view v, bool found, size_t from, size_t to, lem_grade_span *out) {
    size_t open, close;
    word w;
    if (last_marked(v, &open, &close) && (!found || close > from)) w = (word){open, close};
    else if (!found || !whole_formula(v, from, to, &w)) return false;
    *out = (lem_grade_span){w.from, w.to - w.from, LEM_GRADE_BY_LAST_NUMBER, true};
    return w.to > w.from;
}
