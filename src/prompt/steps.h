/* prompt/steps.h - the steps of a solution: the pieces between separators
 *
 * A step is a piece without the white space around it; an empty piece is no step unless keep_empty. */
#ifndef LEM_PROMPT_STEPS_H
#define LEM_PROMPT_STEPS_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>

enum { LEM_PROMPT_STEPS_MAX = 4096 };

typedef struct lem_step { /* text: borrowed from the solution, not NUL-terminated */
    const char *text;
    size_t len;
    size_t end; /* bytes of the solution from its beginning to behind the separator that ends the step, or to
                   its end */
} lem_step;

typedef struct lem_step_list { /* zeroed = empty; reused */
    lem_step *at;
    int n, cap;
    bool keep_empty; /* the caller's: empty pieces are steps too, as in the scripts of RLHFlow */
} lem_step_list;

void lem_step_list_release(lem_step_list *s);
/* Appends [from, to) without the white space around it, `end` as in lem_step. */
lem_status lem_step_list_add(lem_step_list *s, const char *from, const char *to, size_t end,
                             lem_err *err) LEM_MUST_CHECK;
/* Replaces what s holds by the steps of text. separator: not empty.
 * LEM_EDATA for more than LEM_PROMPT_STEPS_MAX steps. */
lem_status lem_step_list_split(lem_step_list *s, const char *text, const char *separator,
                               lem_err *err) LEM_MUST_CHECK;

#endif
