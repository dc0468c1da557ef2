/* extract_box.c - the last \boxed{} of a response, and the boxes that make one list with it */
#include "grade/extract_priv.h"
#include "core/utf8.h"

#include <string.h>

enum { MAX_JOINED_BOXES = 16, MAX_JOIN_GAP = 48 };

static bool is_digit(char c) { return lem_extract_is_digit(c); }
static bool is_letter(char c) { return lem_extract_is_letter(c); }

/* Where the brace that opens before `from` closes; v.n when it does not. */
static size_t closing_brace(extract_view v, size_t from) {
    for (size_t i = from, depth = 1; i < v.n; i++) {
        if (v.s[i] == '\\' && i + 1 < v.n) i++;
        else if (v.s[i] == '{') depth++;
        else if (v.s[i] == '}' && --depth == 0) return i;
    }
    return v.n;
}

/* The content of the box whose command starts at `at`: [*from, *to), and *end behind its closing brace. An
 * unclosed box reaches to the end of its line; a box without braces holds the next run of non-space bytes. */
static void box_content(extract_view v, size_t at, size_t *from, size_t *to, size_t *end) {
    size_t i = at + (v.s[at + 1] == 'b' ? strlen("\\boxed") : strlen("\\fbox")), k = i;
    while (k < v.n && lem_is_space(v.s[k])) k++;
    if (k < v.n && v.s[k] == '{') {
        *from = k + 1;
        *to = closing_brace(v, *from);
        *end = *to + 1;
        if (*to == v.n) *to = *end = lem_extract_line_end(v, *from);
        return;
    }
    *from = *to = lem_extract_skip(v, i, " ");
    while (*to < v.n && !lem_is_space(v.s[*to]) && v.s[*to] != '$') (*to)++;
    *end = *to;
}

static size_t last_box(extract_view v, size_t before) {
    size_t a = lem_extract_find_last(v, before, "\\boxed", false),
           b = lem_extract_find_last(v, before, "\\fbox", false);
    if (a == v.n) return b;
    return b == v.n || a > b ? a : b;
}

/* Bytes of a word that may stand between the boxes of one list: "and", "part", (iii); else 0. */
static size_t list_word(const char *s, size_t n, size_t i) {
    static const char *const words[] = {"and", "or", "part", "quad", "text", "ii", "iii", "iv", "vi", NULL};
    size_t m = lem_extract_one_of(s, n, i, words), letters = 0;
    while (i + letters < n && is_letter(s[i + letters])) letters++;
    return m ? m : letters == 1;
}

/* Boxes in one sentence, or in lines of their own: bullets, numbers, marks of formulas, "x_2 =", "(b)",
 * "and" may stand between them, no other words. */
static bool in_one_list(extract_view v, size_t from, size_t to) {
    if (!memchr(v.s + from, '\n', to - from)) return !memchr(v.s + from, '.', to - from);
    for (size_t i = from; i < to;) {
        size_t step = is_letter(v.s[i]) ? list_word(v.s, to, i) : 1;
        bool mark =
            is_digit(v.s[i]) || lem_is_space(v.s[i]) || (v.s[i] && strchr("$-*=_{}.,:;)(\\[]&", v.s[i]));
        if (!step || (step == 1 && !is_letter(v.s[i]) && !mark)) return false;
        i += step;
    }
    return true;
}

/* Bytes of what may join two boxes of one sentence at i: space, marks of formulas, a comma, "and"; else 0.
 * *word: it says that they are joined. */
static size_t joint(extract_view v, size_t i, size_t to, bool *word) {
    static const char *const words[] = {",", ";", "and", "or", NULL}, *const marks[] = {
                                                                          "$",   "\\(",    "\\)", "\\[",
                                                                          "\\]", "\\,",    "\\;", "\\!",
                                                                          "\\ ", "\\quad", NULL};
    *word = false;
    if (lem_is_space(v.s[i])) return 1;
    for (const char *const *w = words; *w; w++) {
        size_t m = strlen(*w);
        if (to - i >= m && memcmp(v.s + i, *w, m) == 0) return *word = true, m;
    }
    for (const char *const *w = marks; *w; w++) {
        size_t m = strlen(*w);
        if (to - i >= m && memcmp(v.s + i, *w, m) == 0) return m;
    }
    return 0;
}

/* Bytes of a name before the next box at i, "x =" or "x_2 ="; else 0. */
static size_t name_before_box(extract_view v, size_t i, size_t to) {
    if (!is_letter(v.s[i])) return 0;
    size_t k = lem_extract_skip((extract_view){v.s, to}, i + 1, "_{}0123456789 ");
    return k < to && v.s[k] == '=' ? k + 1 - i : 0;
}

/* Whether the bytes between two boxes only join them, with at least one joining word; when loose, what
 * in_one_list allows. */
static bool joins(extract_view v, size_t from, size_t to, bool loose) {
    if (to < from || to - from > MAX_JOIN_GAP) return false;
    if (loose) return in_one_list(v, from, to);
    bool joined = false;
    while (from < to) {
        bool word;
        size_t step = joint(v, from, to, &word);
        if (!step && joined) step = name_before_box(v, from, to);
        if (!step) return false;
        joined = joined || word;
        from += step;
    }
    return joined;
}

bool lem_extract_box(extract_view v, bool loose, lem_grade_span *out) {
    size_t at = last_box(v, v.n);
    if (at == v.n) return false;
    size_t from, to, end, first = at;
    box_content(v, at, &from, &to, &end);
    *out = lem_extract_span(from, to, LEM_GRADE_BY_BOX);
    for (int i = 0; i < MAX_JOINED_BOXES; i++) {
        size_t prev = last_box(v, first), f, t, e;
        if (prev == v.n || first - prev > LEM_ANSWER_MAX_BYTES) break;
        box_content(v, prev, &f, &t, &e);
        if (!joins(v, e, first, loose) || (t - f == to - from && memcmp(v.s + f, v.s + from, t - f) == 0))
            break;
        first = prev;
        *out = lem_extract_span(first, end, LEM_GRADE_BY_BOX);
    }
    return true;
}

/* The letters of a hedge, "A (or B)": A, B. */
static void add_letters(extract_view v, size_t from, lem_buf *out) {
    bool any = false;
    for (size_t i = from; i < v.n; i++) {
        bool alone = (i == from || !lem_extract_is_word(v.s[i - 1])) &&
                     (i + 1 == v.n || !lem_extract_is_word(v.s[i + 1]));
        if (!alone || !is_letter(v.s[i])) continue;
        if (any) lem_buf_puts(out, ", ");
        any = true;
        lem_buf_putc(out, v.s[i]);
    }
}

void lem_extract_answer_text(const char *s, lem_grade_span span, lem_buf *out) {
    extract_view v = {s, span.offset + span.len};
    size_t at = span.offset, from, to, end;
    bool box = span.method == LEM_GRADE_BY_BOX && span.len > 6 &&
               (memcmp(s + at, "\\boxed", 6) == 0 || memcmp(s + at, "\\fbox", 5) == 0);
    if (span.method == LEM_GRADE_BY_CHOICE) {
        add_letters(v, at, out);
        return;
    }
    if (box) box_content(v, at, &from, &to, &end);
    if (!box || end == v.n) {
        lem_buf_add(out, s + at, span.len);
        return;
    }
    for (int k = 0; at < v.n; k++) {
        box_content(v, at, &from, &to, &end);
        if (k) lem_buf_puts(out, ", ");
        lem_buf_add(out, s + from, to - from);
        static const char *const boxes[] = {"\\boxed", "\\fbox", NULL};
        at = lem_extract_first_of(v, end, v.n, boxes);
    }
}
