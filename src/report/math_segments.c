/* math_segments.c - where mathematics begins and ends in a text, and texts with it as HTML */
#include "report/mathml.h"

#include "core/utf8.h"
#include "report/escape.h"
#include "report/mathml_priv.h"

#include <string.h>

static const char *find(const char *s, size_t n, const char *what, size_t k) {
    for (size_t i = 0; i + k <= n; i++)
        if (memcmp(s + i, what, k) == 0 && (i == 0 || s[i - 1] != '\\' || *what == '\\')) return s + i;
    return NULL;
}

static bool starts(const char *s, size_t n, const char *what) {
    size_t k = strlen(what);
    return n >= k && memcmp(s, what, k) == 0;
}

/* Bytes up to the first blank line. */
static size_t paragraph(const char *s, size_t n) {
    for (size_t i = 0; i + 1 < n; i++) {
        size_t k = i + 1;
        if (s[i] != '\n') continue;
        while (k < n && (s[k] == ' ' || s[k] == '\t' || s[k] == '\r')) k++;
        if (k < n && s[k] == '\n') return i;
    }
    return n;
}

/* What no sentence between two amounts of money has. */
static bool is_latex(const char *s, const char *end) {
    for (; s < end; s++)
        if (*s == '^' || (*s == '\\' && s[1] != '$')) return true;
    return false;
}

/* $…$ as Pandoc tells it from money, or between spaces what can be nothing else. */
static bool is_inline(const char *s, size_t n, const char *end) {
    bool digit = end + 1 < s + n && end[1] >= '0' && end[1] <= '9';
    bool spaces = lem_is_space(s[1]) && lem_is_space(end[-1]);
    if (spaces) return !digit && is_latex(s + 1, end);
    return !lem_is_space(s[1]) && !lem_is_space(end[-1]) && !digit;
}

static bool delimited(const char *s, size_t n, lem_math_segment *out) {
    static const struct {
        const char *open, *close;
        bool display;
    } kinds[] = {{"$$", "$$", true}, {"\\[", "\\]", true}, {"\\(", "\\)", false}, {"$", "$", false}};
    enum { DOLLAR = 3 };
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        size_t o = strlen(kinds[k].open);
        if (!starts(s, n, kinds[k].open) || n < 2 * o) continue;
        size_t most = k == DOLLAR ? paragraph(s, n) : n;
        const char *end = most > o ? find(s + o, most - o, kinds[k].close, o) : NULL;
        if (!end || end == s + o || (k == DOLLAR && !is_inline(s, n, end))) continue;
        *out = (lem_math_segment){(size_t)(end - s) + o, o, (size_t)(end - s) - o, kinds[k].display};
        return true;
    }
    return false;
}

/* Behind the brace that closes the one at s[0]; 0: none does. */
static size_t braces(const char *s, size_t n) {
    int open = 0;
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '\\') i++;
        else if (s[i] == '{') open++;
        else if (s[i] == '}' && --open == 0) return i + 1;
    }
    return 0;
}

/* \begin{name} to its \end{name}; environments of one name within each other are not told apart. */
static bool environment(const char *s, size_t n, lem_math_segment *out) {
    static const char begin[] = "\\begin{";
    char end[40] = "\\end{";
    size_t name = sizeof begin - 1, at = name;
    if (!starts(s, n, begin)) return false;
    while (at < n && s[at] != '}' && at - name < 20) at++;
    if (at >= n || s[at] != '}' || !lem_math_find_table(s + name, at - name)) return false;
    memcpy(end + 5, s + name, at - name + 1);
    size_t k = 5 + at - name + 1;
    const char *found = find(s + at, n - at, end, k);
    if (!found) return false;
    size_t whole = (size_t)(found - s) + k;
    *out = (lem_math_segment){whole, 0, whole, true};
    return true;
}

static bool boxed(const char *s, size_t n, lem_math_segment *out) {
    static const char box[] = "\\boxed{";
    size_t k = sizeof box - 2;
    size_t whole = starts(s, n, box) ? braces(s + k, n - k) : 0;
    if (!whole) return false;
    *out = (lem_math_segment){k + whole, 0, k + whole, false};
    return true;
}

bool lem_mathml_segment(const char *s, size_t n, lem_math_segment *out) {
    if (n > LEM_MATH_MOST) n = LEM_MATH_MOST;
    if (n == 0 || (*s != '$' && *s != '\\')) return false;
    return delimited(s, n, out) || environment(s, n, out) || boxed(s, n, out);
}

void lem_mathml_text(const char *s, size_t n, lem_buf *out) {
    size_t from = 0;
    for (size_t i = 0; i < n;) {
        lem_math_segment m;
        if (!lem_mathml_segment(s + i, n - i, &m)) {
            i += 1 + (s[i] == '\\' && i + 1 < n && s[i + 1] == '$');
            continue;
        }
        size_t mark = out->len;
        lem_escape_html(out, s + from, i - from);
        if (lem_mathml(s + i + m.from, m.len, m.display, out)) from = i + m.whole;
        else if (!out->failed) out->data[out->len = mark] = '\0';
        i += m.whole;
    }
    lem_escape_html(out, s + from, n - from);
}
