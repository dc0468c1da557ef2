/* extract.c - finds the answer in a response: boxes, marked lines, phrases, else the last number; linear in
 * the response */
#include "grade/extract_priv.h"

#include <string.h>

enum { MAX_JOINED_BOXES = 16, MAX_JOIN_GAP = 48 };

typedef struct view {
    const char *s;
    size_t n;
} view; /* the text looked at; offsets are into it */

static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static char lower(char c) { return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c); }
static bool is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }

/* Last position of `word` that starts before `before`; case-insensitive when fold (then word is lower case).
 * n when there is none. */
static size_t find_last(view v, size_t before, const char *word, bool fold) {
    size_t m = strlen(word);
    if (m > v.n) return v.n;
    size_t i = v.n - m + 1;
    if (i > before) i = before;
    while (i-- > 0) {
        size_t k = 0;
        while (k < m && (fold ? lower(v.s[i + k]) : v.s[i + k]) == word[k]) k++;
        if (k == m) return i;
    }
    return v.n;
}

static lem_grade_span span_of(size_t from, size_t to, lem_grade_method how) {
    return (lem_grade_span){from, to > from ? to - from : 0, how, false};
}

/* Drops white space, emphasis and closing punctuation around a span. */
static lem_grade_span trimmed(view v, lem_grade_span s) {
    while (s.len && (is_space(v.s[s.offset]) || v.s[s.offset] == '*' || v.s[s.offset] == ':')) {
        s.offset++;
        s.len--;
    }
    while (s.len) {
        char c = v.s[s.offset + s.len - 1];
        if (!is_space(c) && c != '*' && c != '.') break;
        if (c == '*' && s.len >= 2 && v.s[s.offset + s.len - 2] == '\\') break;
        s.len--;
    }
    return s;
}

static size_t line_end(view v, size_t i) {
    const char *p = i < v.n ? memchr(v.s + i, '\n', v.n - i) : NULL;
    return p ? (size_t)(p - v.s) : v.n;
}

/* The content of the box whose command starts at `at`: [*from, *to), and *end behind its closing brace. An
 * unclosed box reaches to the end of its line; a box without braces holds the next run of non-space bytes. */
static void box_content(view v, size_t at, size_t *from, size_t *to, size_t *end) {
    size_t i = at + (v.s[at + 1] == 'b' ? strlen("\\boxed") : strlen("\\fbox"));
    while (i < v.n && v.s[i] == ' ') i++;
    if (i >= v.n || v.s[i] != '{') {
        *from = i;
        while (i < v.n && !is_space(v.s[i]) && v.s[i] != '$') i++;
        *to = *end = i;
        return;
    }
    *from = ++i;
    for (size_t depth = 1; i < v.n; i++) {
        if (v.s[i] == '\\' && i + 1 < v.n) i++;
        else if (v.s[i] == '{') depth++;
        else if (v.s[i] == '}' && --depth == 0) {
            *to = i;
            *end = i + 1;
            return;
        }
    }
    *to = *end = line_end(v, *from);
}

static size_t last_box(view v, size_t before) {
    size_t a = find_last(v, before, "\\boxed", false), b = find_last(v, before, "\\fbox", false);
    if (a == v.n) return b;
    return b == v.n || a > b ? a : b;
}

/* Whether the bytes between two boxes only join them: commas, semicolons, "and", "or", dollar signs and
 * space, with at least one joining word; when loose, anything within one sentence. */
static bool joins(view v, size_t from, size_t to, bool loose) {
    if (to < from || to - from > MAX_JOIN_GAP) return false;
    if (loose) return !memchr(v.s + from, '\n', to - from) && !memchr(v.s + from, '.', to - from);
    bool joined = false;
    while (from < to) {
        const char *p = v.s + from;
        size_t left = to - from, step = 0;
        if (is_space(*p) || *p == '$') step = 1;
        else if (*p == ',' || *p == ';') step = 1, joined = true;
        else if (left >= 3 && memcmp(p, "and", 3) == 0) step = 3, joined = true;
        else if (left >= 2 && memcmp(p, "or", 2) == 0) step = 2, joined = true;
        else if (left >= 2 && *p == '\\' && strchr("()[],;! ", p[1])) step = 2;
        else if (left >= 5 && memcmp(p, "\\quad", 5) == 0) step = 5;
        if (!step) return false;
        from += step;
    }
    return joined;
}

/* The last box, with the boxes before it that are joined to it by separators: then the span holds the \boxed
 * commands themselves. */
static bool by_box(view v, bool loose, lem_grade_span *out) {
    size_t at = last_box(v, v.n);
    if (at == v.n) return false;
    size_t from, to, end, first = at;
    box_content(v, at, &from, &to, &end);
    *out = span_of(from, to, LEM_GRADE_BY_BOX);
    for (int i = 0; i < MAX_JOINED_BOXES; i++) {
        size_t prev = last_box(v, first), f, t, e;
        if (prev == v.n || first - prev > LEM_GRADE_MAX_ANSWER) break;
        box_content(v, prev, &f, &t, &e);
        if (!joins(v, e, first, loose) || (t - f == to - from && memcmp(v.s + f, v.s + from, t - f) == 0))
            break;
        first = prev;
        *out = span_of(first, end, LEM_GRADE_BY_BOX);
    }
    return true;
}

/* The last line that starts with "A:". */
static bool by_a_line(view v, lem_grade_span *out) {
    size_t before = v.n;
    for (;;) {
        size_t at = find_last(v, before, "A:", false);
        if (at == v.n) return false;
        size_t k = at;
        while (k && (v.s[k - 1] == ' ' || v.s[k - 1] == '\t')) k--;
        if (k == 0 || v.s[k - 1] == '\n') {
            *out = trimmed(v, span_of(at + 2, line_end(v, at), LEM_GRADE_BY_A_LINE));
            return true;
        }
        before = at;
    }
}

/* Whether the text between two dollar signs is money and prose ("18 per dozen or ") rather than mathematics.
 */
static bool is_prose(const char *s, size_t n) {
    for (size_t i = 0; i + 2 < n; i++)
        if (s[i] == ' ' && is_letter(s[i + 1]) && is_letter(s[i + 2]) && !memchr(s, '\\', n)) return true;
    return false;
}

/* What a phrase such as "the answer is" announces: a formula in $…$, \(…\) or \[…\], else the text to the end
 * of the sentence or line. */
static lem_grade_span announced(view v, size_t i, lem_grade_method how) {
    while (i < v.n && (v.s[i] == ' ' || v.s[i] == '\t' || v.s[i] == '*' || v.s[i] == ':' || v.s[i] == '='))
        i++;
    if (i < v.n && v.s[i] == '\n')
        while (i < v.n && (is_space(v.s[i]) || v.s[i] == '*')) i++;
    size_t end = line_end(v, i);
    if (i + 1 < v.n && v.s[i] == '\\' && (v.s[i + 1] == '(' || v.s[i + 1] == '[')) {
        view rest = {v.s, v.n < i + LEM_GRADE_MAX_ANSWER ? v.n : i + LEM_GRADE_MAX_ANSWER};
        for (size_t k = i + 2; k + 1 < rest.n; k++)
            if (v.s[k] == '\\' && v.s[k + 1] == (v.s[i + 1] == '(' ? ')' : ']'))
                return trimmed(v, span_of(i + 2, k, how));
    }
    if (i < v.n && v.s[i] == '$') {
        size_t open = i + (i + 1 < v.n && v.s[i + 1] == '$' ? 2 : 1);
        const char *close = open < end ? memchr(v.s + open, '$', end - open) : NULL;
        if (close && !is_prose(v.s + open, (size_t)(close - (v.s + open))))
            return trimmed(v, span_of(open, (size_t)(close - v.s), how));
    }
    for (size_t k = i; k < end; k++)
        if (v.s[k] == '.' && (k + 1 == end || is_space(v.s[k + 1]))) {
            end = k;
            break;
        }
    return trimmed(v, span_of(i, end, how));
}

static bool by_phrase(view v, const char *phrase, lem_grade_method how, lem_grade_span *out) {
    size_t before = v.n;
    for (;;) {
        size_t at = find_last(v, before, phrase, true);
        if (at == v.n) return false;
        if (at == 0 || !is_letter(v.s[at - 1])) {
            *out = announced(v, at + strlen(phrase), how);
            if (out->len) return true;
        }
        before = at;
    }
}

static bool joins_digits(view v, size_t i) {
    return i && is_digit(v.s[i - 1]) && (v.s[i] == '.' || v.s[i] == ',' || v.s[i] == '/');
}

/* The last number that is not part of a word (AZ2A), with sign, separators and a/b; false when there is none.
 */
static bool last_number(view v, size_t *from, size_t *to) {
    for (size_t i = v.n;;) {
        while (i && !is_digit(v.s[i - 1])) i--;
        if (!i) return false;
        *to = *from = i;
        while (*from && (is_digit(v.s[*from - 1]) || (joins_digits(v, *from - 1) && is_digit(v.s[*from]))))
            (*from)--;
        i = *from;
        if (i && (is_letter(v.s[i - 1]) || v.s[i - 1] == '_')) continue;
        if (i && v.s[i - 1] == '.') (*from)--;
        i = *from;
        if (i && v.s[i - 1] == '-' && (i == 1 || (!is_digit(v.s[i - 2]) && !is_letter(v.s[i - 2]))))
            (*from)--;
        return true;
    }
}

/* The last number; where it stands inside $…$ or \(…\) on its line, that formula. */
static bool by_last_number(view v, lem_grade_span *out) {
    size_t from, to;
    if (!last_number(v, &from, &to)) return false;
    *out = span_of(from, to, LEM_GRADE_BY_LAST_NUMBER);
    out->weak = true;
    size_t start = from;
    while (start && v.s[start - 1] != '\n') start--;
    size_t end = line_end(v, to), open = v.n;
    for (size_t k = start; k < end; k++) {
        bool paren = v.s[k] == '\\' && k + 1 < end && (v.s[k + 1] == '(' || v.s[k + 1] == ')');
        if (v.s[k] != '$' && !paren) continue;
        if (open != v.n && open <= from && k >= to) {
            if (!is_prose(v.s + open, k - open)) {
                out->offset = open;
                out->len = k - open;
            }
            return true;
        }
        open = open == v.n || paren ? k + (paren ? 2 : 1) : v.n;
    }
    return true;
}

/* A phrase behind a box counts only if it announces something short that looks like an answer; prose does not
 * displace a box. */
static bool looks_like_answer(view v, lem_grade_span s) {
    if (!s.len || s.len > 64) return false;
    size_t letters = 0;
    for (size_t i = 0; i < s.len; i++) letters += is_letter(v.s[s.offset + i]);
    return is_digit(v.s[s.offset]) || strchr("-+$\\([{.", v.s[s.offset]) || letters <= 3;
}

static void take_later(view v, lem_grade_span *best, bool picky, lem_grade_span s) {
    if (best->method && s.offset < best->offset + best->len) return;
    if (picky && !looks_like_answer(v, s)) return;
    *best = s;
}

/* The last **…** that holds a number or a formula. */
static bool by_bold(view v, lem_grade_span *out) {
    size_t close = find_last(v, v.n, "**", false);
    while (close != v.n && close) {
        size_t open = find_last(v, close - 1, "**", false);
        if (open == v.n) return false;
        lem_grade_span s = trimmed(v, span_of(open + 2, close, LEM_GRADE_BY_BOLD));
        bool digit = false;
        for (size_t i = 0; i < s.len && i <= 64; i++)
            digit = digit || is_digit(v.s[s.offset + i]) || v.s[s.offset + i] == '\\';
        if (digit && s.len <= 64 && !is_prose(v.s + s.offset, s.len)) {
            *out = s;
            out->weak = true;
            return true;
        }
        close = open ? find_last(v, open, "**", false) : v.n;
    }
    return false;
}

/* 答案是, 答案为, 答案：, 故选, 故填: what follows, to the end of the sentence. */
static bool by_chinese(view v, lem_grade_span *out) {
    static const char *const phrases[] = {"\xe7\xad\x94\xe6\xa1\x88\xe6\x98\xaf",
                                          "\xe7\xad\x94\xe6\xa1\x88\xe4\xb8\xba",
                                          "\xe7\xad\x94\xe6\xa1\x88\xef\xbc\x9a",
                                          "\xe7\xad\x94\xe6\xa1\x88:",
                                          "\xe6\x95\x85\xe9\x80\x89",
                                          "\xe6\x95\x85\xe5\xa1\xab"};
    static const char stop[] = "\xe3\x80\x82",
                      colon[] = "\xef\xbc\x9a"; /* the ideographic full stop and colon */
    size_t last = v.n, m = 0;
    for (size_t k = 0; k < sizeof phrases / sizeof *phrases; k++) {
        size_t at = find_last(v, v.n, phrases[k], false);
        if (at != v.n && (last == v.n || at > last)) last = at, m = strlen(phrases[k]);
    }
    if (last == v.n) return false;
    size_t from = last + m, end = line_end(v, from);
    if (end - from >= 3 && memcmp(v.s + from, colon, 3) == 0) from += 3;
    view line = {v.s + from, end - from};
    for (size_t i = 0; i + 3 <= line.n; i++)
        if (memcmp(line.s + i, stop, 3) == 0) {
            end = from + i;
            break;
        }
    *out = announced((view){v.s, end}, from, LEM_GRADE_BY_ANSWER_IS);
    return out->len > 0;
}

/* The last marked answer of every task but PLAIN and CHOICE. */
static lem_grade_span marked(view v, lem_grade_task task) {
    lem_grade_span best = {0, 0, LEM_GRADE_BY_NONE, false}, s;
    size_t hope = task == LEM_GRADE_TASK_MINERVA ? find_last(v, v.n, "i hope it is correct", true) : v.n;
    if (hope != v.n && by_phrase((view){v.s, hope}, "final answer is", LEM_GRADE_BY_FINAL_ANSWER, &s))
        return s;
    bool boxed = by_box(v, task == LEM_GRADE_TASK_OLYMPIAD, &best);
    size_t hashes = find_last(v, v.n, "####", false);
    if (hashes != v.n)
        take_later(v, &best, task != LEM_GRADE_TASK_GSM8K,
                   trimmed(v, span_of(hashes + 4, line_end(v, hashes), LEM_GRADE_BY_HASHES)));
    if (by_a_line(v, &s)) take_later(v, &best, false, s);
    if (by_phrase(v, "final answer is", LEM_GRADE_BY_FINAL_ANSWER, &s)) take_later(v, &best, boxed, s);
    if (by_phrase(v, "answer:", LEM_GRADE_BY_ANSWER_COLON, &s)) take_later(v, &best, boxed, s);
    if (by_phrase(v, "answer**:", LEM_GRADE_BY_ANSWER_COLON, &s)) take_later(v, &best, boxed, s);
    if (task == LEM_GRADE_TASK_GAOKAO && by_chinese(v, &s)) take_later(v, &best, boxed, s);
    if (!best.method && by_phrase(v, "answer is", LEM_GRADE_BY_ANSWER_IS, &s)) best = s;
    if (!best.method && by_chinese(v, &s)) best = s;
    if (!best.method && task != LEM_GRADE_TASK_GSM8K && (by_bold(v, &s) || by_last_number(v, &s))) best = s;
    return best;
}

bool lem_grade_extract(const char *response, size_t len, lem_grade_task task, lem_grade_span *out) {
    view all = {response, len};
    size_t think = len ? find_last(all, len, "</think>", false) : len, base = 0;
    if (think != len) base = think + strlen("</think>");
    view v = {response + base, len - base};
    lem_grade_span best = {0, 0, LEM_GRADE_BY_NONE, false};
    if (task == LEM_GRADE_TASK_PLAIN) {
        best = trimmed(v, span_of(0, v.n, LEM_GRADE_BY_WHOLE));
        if (!best.len) best.method = LEM_GRADE_BY_NONE;
    } else if (task == LEM_GRADE_TASK_CHOICE) {
        if (!lem_extract_choice(v.s, v.n, &best)) best.method = LEM_GRADE_BY_NONE;
    } else if (v.n) {
        best = marked(v, task);
        if (task == LEM_GRADE_TASK_AMC || task == LEM_GRADE_TASK_AIME) { /* \boxed{\textbf{(C)}\ 27} */
            size_t mark = lem_extract_choice_mark(v.s + best.offset, best.len);
            best.offset += mark;
            best.len -= mark;
        }
    }
    best.offset = best.method ? best.offset + base : 0;
    if (best.method == LEM_GRADE_BY_NONE) best.len = 0;
    *out = best;
    return best.method != LEM_GRADE_BY_NONE;
}
