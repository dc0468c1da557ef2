/* extract_announced.c - what stands behind a phrase that announces an answer */
#include "grade/extract_priv.h"
#include "core/utf8.h"

#include <string.h>

/* The formula in marks that begins at i. */
static bool marked_formula(extract_view v, size_t i, lem_grade_method how, lem_grade_span *out) {
    if (i + 1 < v.n && v.s[i] == '\\' && (v.s[i + 1] == '(' || v.s[i + 1] == '[')) {
        const char *const close[] = {v.s[i + 1] == '(' ? "\\)" : "\\]", NULL};
        size_t end = v.n < i + LEM_ANSWER_MAX_BYTES ? v.n : i + LEM_ANSWER_MAX_BYTES;
        size_t at = lem_extract_first_of(v, i + 2, end, close);
        *out = lem_extract_trimmed(v, lem_extract_span(i + 2, at, how));
        if (at != end) lem_extract_join(v, out);
        return at != end;
    }
    if (i >= v.n || v.s[i] != '$') return false;
    size_t end = lem_extract_line_end(v, i), open = i + (i + 1 < v.n && v.s[i + 1] == '$' ? 2 : 1);
    const char *close = open < end ? memchr(v.s + open, '$', end - open) : NULL;
    if (!close || lem_extract_is_prose(v.s + open, (size_t)(close - (v.s + open)))) return false;
    *out = lem_extract_trimmed(v, lem_extract_span(open, (size_t)(close - v.s), how));
    lem_extract_join(v, out);
    return true;
}

lem_grade_span lem_extract_announced(extract_view v, size_t i, lem_grade_method how) {
    lem_grade_span s;
    i = lem_extract_skip(v, i, " \t*:=");
    if (i < v.n && v.s[i] == '\n')
        while (i < v.n && (lem_is_space(v.s[i]) || v.s[i] == '*')) i++;
    if (marked_formula(v, i, how, &s)) return s;
    size_t end = lem_extract_line_end(v, i);
    for (size_t k = i; k < end; k++)
        if (v.s[k] == '.' && (k + 1 == end || lem_is_space(v.s[k + 1]))) {
            end = k;
            break;
        }
    return lem_extract_trimmed(v, lem_extract_span(i, end, how));
}
