/* modes_text_priv.h - string rules shared by the compatibility modes: texts in the arena, replaced and cut as
 * Python strings are
 *
 * A text is a slice; functions return slices of their argument where they can and arena copies where they
 * must. At a limit (w->limit) they return their argument unchanged: callers look at w->limit once at the end.
 * Positions are bytes; "a character" is a UTF-8 sequence, as in Python. */
#ifndef LEM_GRADE_COMPAT_MODES_TEXT_H
#define LEM_GRADE_COMPAT_MODES_TEXT_H

#include "grade/compat/compat_priv.h"

#include <string.h>

typedef struct mode_text {
    const char *s;
    size_t n;
} mode_text;

enum { MODE_NONE = -1 };

mode_text lem_mode_text(const char *s, size_t n);
mode_text lem_mode_text_cut(mode_text t, size_t from, size_t to); /* [from, to) clamped */
mode_text lem_mode_text_strip(mode_text t);                       /* white space at both ends */
bool lem_mode_text_equal(mode_text a, mode_text b);
bool lem_mode_text_is(mode_text t, const char *s);
bool lem_mode_text_at(mode_text t, size_t i, const char *s);
ptrdiff_t lem_mode_text_find(mode_text t, size_t from,
                             const char *s); /* first place at or behind from, or MODE_NONE */
ptrdiff_t lem_mode_text_rfind(mode_text t, const char *s);
size_t lem_mode_text_count(mode_text t, const char *s); /* without overlap */
size_t lem_mode_text_char(mode_text t, size_t i);       /* bytes of the character at i; 0 at the end */
size_t lem_mode_text_chars(mode_text t, size_t most);   /* characters, counted up to `most` */
mode_text lem_mode_text_replace(lem_work *w, mode_text t, const char *from, const char *to);
mode_text lem_mode_text_of(lem_work *w, const lem_buf *b); /* arena copy of a buffer; releases nothing */
mode_text lem_mode_text_own(lem_work *w, lem_buf *b);      /* the same, and the buffer is released */
bool lem_mode_is_space(char c);
bool lem_mode_is_digit(char c);
bool lem_mode_is_letter(char c);

/* MATH's last_boxed_only_string and remove_boxed: the inside of the last \boxed{…}; false when there is none
 * or it is not closed. */
bool lem_mode_last_box(mode_text t, mode_text *out);

/* Extraction of the modes whose originals leave it to the caller: the last box; for GSM8K and plain texts,
 * which are never boxed, our own. */
lem_status lem_mode_extract_box(const char *response, size_t len, lem_grade_task task, lem_buf *out,
                                lem_err *err) LEM_MUST_CHECK;

/* The rules of hendrycks/math math_equivalence.py _strip_string. False where the original raises an
 * exception. */
bool lem_mode_hendrycks_strip(lem_work *w, mode_text t, mode_text *out);

#endif
