/* extract_tail.c - what stands around an announced answer and is none of it: "about 72", "72, which is the
 * total", "72!", "72 clips in May", "__5__" */
#include "grade/extract_priv.h"
#include "core/utf8.h"

#include <string.h>

enum { MAX_TAIL = 600 };

static bool is_digit(char c) { return lem_extract_is_digit(c); }
static bool is_letter(char c) { return lem_extract_is_letter(c); }
static size_t one_of(const char *s, size_t n, size_t i, const char *const *words) {
    return lem_extract_one_of(s, n, i, words);
}

size_t lem_extract_skip_hedge(const char *s, size_t n, size_t i) {
    static const char *const words[] = {
        "approximately", "approx.",  "approx",   "about",  "around",    "roughly", "exactly", "simply",
        "just",          "equal to", "given by", "indeed", "therefore", "thus",    "then",    "actually",
        "probably",      "clearly",  "only",     "likely", "hence",     "also",    "now",     NULL};
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

/* Bytes of a dash between blanks at i, - -- – —; else 0. */
static size_t dash_at(const char *s, size_t to, size_t i) {
    static const char *const dashes[] = {"--", "-", "\xe2\x80\x93", "\xe2\x80\x94"};
    if (i == 0 || !lem_is_space(s[i - 1])) return 0;
    for (size_t k = 0; k < sizeof dashes / sizeof *dashes; k++) {
        size_t m = strlen(dashes[k]);
        if (to - i >= m && memcmp(s + i, dashes[k], m) == 0 && (i + m == to || lem_is_space(s[i + m])))
            return m;
    }
    return 0;
}

/* A word of the language begins at i: two letters, and no name of a function. */
static bool begins_prose(const char *s, size_t to, size_t i) {
    static const char *const names[] = {"sin", "cos", "tan",    "cot",    "sec",    "csc", "log",
                                        "ln",  "lg",  "exp",    "sqrt",   "pi",     "max", "min",
                                        "gcd", "lcm", "arcsin", "arccos", "arctan", "det", NULL};
    return i + 1 < to && is_letter(s[i]) && is_letter(s[i + 1]) && !one_of(s, to, i, names);
}

static size_t past_space(const char *s, size_t to, size_t i) {
    while (i < to && lem_is_space(s[i])) i++;
    return i;
}

/* Does a clause begin at k, behind a blank: "because", "(see above)", "– as", "[note]"? */
static bool is_clause(const char *s, size_t to, size_t k) {
    static const char *const after_space[] = {"because",
                                              "since",
                                              "which",
                                              "as shown",
                                              "as required",
                                              "as computed",
                                              "or about",
                                              "or approximately",
                                              "or roughly",
                                              "to the nearest",
                                              "rounded",
                                              "correct to",
                                              "to one decimal",
                                              "to two decimal",
                                              "to three decimal",
                                              NULL};
    static const char *const in_brackets[] = {"see",   "as",      "since", "because", "by",   "from",
                                              "using", "which",   "this",  "that",    "note", "i.e",
                                              "e.g",   "rounded", "units", NULL};
    size_t dash = dash_at(s, to, k), behind = past_space(s, to, k + dash);
    if (dash) return behind == to || begins_prose(s, to, behind);
    if (s[k] == '(' || s[k] == '[') return one_of(s, to, k + 1, in_brackets) != 0;
    return one_of(s, to, k, after_space) != 0;
}

/* Does what is no part of the answer begin at i: ", which", " because", " – as", "</answer>"? */
static bool begins_clause(const char *s, size_t to, size_t i) {
    static const char *const after_comma[] = {"which",      "since",
                                              "because",    "as",
                                              "so",         "where",
                                              "and so",     "meaning",
                                              "i.e",        "given",
                                              "thus",       "not",
                                              "but",        "rather",
                                              "instead",    "and we",
                                              "and this",   "and that",
                                              "hence",      "by",
                                              "or about",   "or approximately",
                                              "or roughly", "rounded",
                                              NULL};
    if (s[i] == '<') return i + 1 < to && s[i + 1] == '/';
    size_t k = past_space(s, to, i + 1);
    if (s[i] == ',' || s[i] == ';') return one_of(s, to, k, after_comma) != 0;
    return lem_is_space(s[i]) && k < to && is_clause(s, to, k);
}

/* Where a clause about the answer begins; to when there is none. Inside $…$ nothing is looked for. */
static size_t clause(const char *s, size_t from, size_t to) {
    static const char *const verdicts[] = {"yes", "no", "true", "false", NULL};
    size_t word = lem_extract_one_of(s, to, from, verdicts);
    bool math = false;
    if (word && from + word < to && s[from + word] == ',') return from + word; /* "Yes, it does" */
    for (size_t i = from + 1; i < to; i++) {
        math ^= s[i] == '$';
        if (!math && s[i - 1] != '\\' && begins_clause(s, to, i)) return i;
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

/* Letters, the marks of a sentence, and signs above ASCII that are no mathematics (√, ≤). */
static bool is_prose(const char *s, size_t from, size_t to) {
    for (size_t i = from; i < to; i++) {
        const unsigned char c = (unsigned char)s[i];
        bool sign =
            c == 0xe2 && i + 1 < to && ((unsigned char)s[i + 1] == 0x88 || (unsigned char)s[i + 1] == 0x89);
        bool foreign = c >= 0xe0 && !sign, rest = (c & 0xc0) == 0x80 && i > from;
        if (foreign || rest) continue;
        if (!is_letter(s[i]) && !lem_is_space(s[i]) && (!c || !strchr(",.;:'\"()-!?", s[i]))) return false;
    }
    return true;
}

/* Words that make another number of it, or belong to none: "5 or more", "5 times", "5 less than". */
static bool changes_number(const char *s, size_t from, size_t to) {
    static const char *const words[] = {
        "or",      "and",     "to",    "times",    "than",    "not",      "least", "most",   "more",
        "less",    "plus",    "minus", "over",     "hundred", "mod",      "half",  "thirds", "point",
        "percent", "million", "dozen", "thousand", "billion", "trillion", NULL};
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
        if (strchr(",;:(!?\"[", s[i]) || dash_at(s, to, i)) return i;
        if (is_letter(s[i]) && !is_letter(s[i - 1]) && one_of(s, to, i, words) && !one_of(s, to, i, per))
            return i;
    }
    return to;
}

static bool holds(const char *s, size_t from, size_t to, bool (*is)(char c)) {
    while (from < to && !is(s[from])) from++;
    return from < to;
}

/* May what stands behind a number and its unit, [end, to), be left out? Numbers there belong to another
 * thought only where a unit or a mark parts them from this one: "7 apples in 3 baskets", "72 (from step 3)",
 * and not "3 in 5", "5, 6", "72 or 73". */
static bool goes_on(const char *s, size_t number, size_t end, size_t to) {
    static const char *const ties[] = {"or", "and", "plus", "minus", "times",
                                       "to", "out", "over", "of",    NULL};
    if (!holds(s, end, to, is_digit)) return is_prose(s, end, to);
    bool unit = holds(s, number, end, is_letter), word = end < to && is_letter(s[end]);
    size_t k = end;
    while (k < to && !is_letter(s[k]) && !is_digit(s[k]) && (unsigned char)s[k] < 0x80) k++;
    if (one_of(s, to, k, ties) && !(unit && word)) return false;
    return word ? unit : begins_prose(s, to, k) || (unit && end < to && s[end] == '(');
}

/* A number with prose behind it is the number with its unit. */
static size_t quantity(const char *s, size_t from, size_t to) {
    static const char *const per[] = {"per", "each", "a", "an", NULL};
    size_t number = number_end(s, from, to), k = number;
    if (number == from) return to;
    while (k < to && (s[k] == '!' || s[k] == '?' || lem_is_space(s[k]))) k++;
    if (k == to) return number;
    if (s[number] != ' ' && !strchr(",;!([", s[number])) return to;
    size_t end = s[from] == '$' && !one_of(s, to, number + 1, per) ? number : unit_end(s, number, to);
    bool trims = is_prose(s, number, end) && !changes_number(s, number, end) && goes_on(s, number, end, to);
    return trims ? end : to;
}

/* Does an x or "of" of n bytes at i multiply: 5 x 4, 80% of 50, and not 2x = 4? */
static bool multiplies(const char *s, size_t from, size_t to, size_t i, size_t n) {
    size_t before = i, behind = i + n;
    while (before > from && s[before - 1] == ' ') before--;
    while (behind < to && s[behind] == ' ') behind++;
    return before > from && behind < to && (is_digit(s[before - 1]) || strchr(")%", s[before - 1])) &&
           (is_digit(s[behind]) || strchr("($", s[behind]));
}

/* Bytes of a word or sign at i that may stand in a calculation: "x", "and", ×; else 0. */
static size_t operator_word(const char *s, size_t from, size_t to, size_t i) {
    static const char *const words[] = {"and", "so", "then", "times", "plus", "minus", NULL};
    static const char *const signs[] = {"\xc3\x97", "\xc3\xb7", "\xc2\xb7", "\xe2\x88\x92", NULL};
    if (s[i] == 'x') return multiplies(s, from, to, i, 1);
    if (to - i > 2 && memcmp(s + i, "of ", 3) == 0) return multiplies(s, from, to, i, 2) ? 2 : 0;
    if (is_letter(s[i])) return one_of(s, to, i, words);
    for (const char *const *m = signs; *m; m++)
        if (to - i >= strlen(*m) && memcmp(s + i, *m, strlen(*m)) == 0) return strlen(*m);
    return 0;
}

/* Numbers and signs that calculate with them, of one or several chains: "5 x 4", "16 - 3 = 13, and 9 * 2".
 * *plain: all of it can be read as it stands. */
static bool is_arithmetic(const char *s, size_t from, size_t to, bool *plain) {
    *plain = true;
    for (size_t i = from; i < to;) {
        size_t word = operator_word(s, from, to, i);
        bool sign = is_digit(s[i]) || lem_is_space(s[i]) || (s[i] && strchr("+-*/^().,=%$<>;", s[i]));
        if (!word && !sign) return false;
        bool parts = s[i] == ',' && i + 1 < to && s[i + 1] == ' ';
        if (is_letter(s[i]) || strchr("<>;", s[i]) || parts) *plain = false;
        i += word ? word : 1;
    }
    return holds(s, from, to, is_digit);
}

/* May the sign at i stand in a calculation told in words? Not a comma that parts statements. */
static bool is_calculating(const char *s, size_t to, size_t i) {
    bool parts = s[i] == ',' && i + 1 < to && s[i + 1] == ' ';
    return !parts && (is_digit(s[i]) || strchr(" +-*/().,%$=", s[i]));
}

/* Bytes of the word at i, where it can be told of a calculation; else 0. Letters that stand alone are
 * symbols, and "and", "where" begin another statement. */
static size_t told_word(const char *s, size_t from, size_t to, size_t i) {
    static const char *const others[] = {"and", "or", "where", "when", "if", "for", "with", "at", "so", NULL};
    size_t k = i;
    while (k < to && is_letter(s[k])) k++;
    bool symbol = k == i + 1 && s[i] != 'a' && !multiplies(s, from, to, i, 1);
    return symbol || one_of(s, to, i, others) ? 0 : k - i;
}

/* A calculation in words, whose end is all that can be read: "9 duck eggs times $2 =". */
static bool is_told(const char *s, size_t from, size_t to) {
    bool word = false;
    for (size_t i = from; i < to;) {
        bool letter = is_letter(s[i]);
        size_t n = letter ? told_word(s, from, to, i) : is_calculating(s, to, i);
        if (!n) return false;
        word = word || (letter && n > 2);
        i += n;
    }
    return word && holds(s, from, to, is_digit);
}

/* Where the last member of "a = b = c" begins, with the marks of a calculator, 5*4=<<5*4=20>>20, left out;
 * `from` where the text is no chain. */
static size_t last_member(const char *s, size_t from, size_t to) {
    size_t i = to;
    while (i > from && s[i - 1] != '=' && !(s[i - 1] == '>' && i - 1 > from && s[i - 2] == '>')) i--;
    if (i > from + 1 && s[i - 1] == '=' && strchr("<>!:\\", s[i - 2])) return from;
    while (i > from && i < to && s[i] == ' ') i++;
    return i;
}

/* What stands in $…$, \(…\) or \[…\] is the answer as it is. */
static bool is_marked_formula(const char *s, size_t from) {
    return from && (s[from - 1] == '$' || (from > 1 && s[from - 2] == '\\' && strchr("([", s[from - 1])));
}

lem_grade_span lem_extract_trim_tail(const char *s, lem_grade_span span) {
    size_t from = span.offset, to = from + span.len;
    bool plain;
    if (!span.len || span.len > MAX_TAIL || is_marked_formula(s, from)) return span;
    unwrap(s, &from, &to);
    to = clause(s, from, to);
    size_t member = last_member(s, from, to);
    to = quantity(s, member, to);
    if (member > from && ((is_arithmetic(s, from, member, &plain) && !plain) || is_told(s, from, member)))
        from = member;
    while (to > from && (lem_is_space(s[to - 1]) || strchr(",;", s[to - 1]))) to--;
    return to > from ? (lem_grade_span){from, to - from, span.method, span.weak} : span;
}
