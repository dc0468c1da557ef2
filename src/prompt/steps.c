/* steps.c - splits a solution into its steps */
#include "prompt/steps.h"
#include "core/utf8.h"

#include "core/mem.h"

#include <string.h>

void lem_step_list_release(lem_step_list *s) {
    lem_free(s->at);
    *s = (lem_step_list){0};
}

lem_status lem_step_list_add(lem_step_list *s, const char *from, const char *to, size_t end, lem_err *err) {
    while (from < to && lem_is_space(*from)) from++;
    while (from < to && lem_is_space(to[-1])) to--;
    if (from == to && !s->keep_empty) return LEM_OK;
    if (s->n == LEM_PROMPT_STEPS_MAX)
        return lem_fail(err, LEM_EDATA, "a solution of more than %d steps", LEM_PROMPT_STEPS_MAX);
    if (s->n == s->cap) {
        int cap = s->cap ? 2 * s->cap : 32;
        lem_step *p = lem_realloc(s->at, (size_t)cap, sizeof *p, err);
        if (!p) return LEM_EMEM;
        s->at = p;
        s->cap = cap;
    }
    s->at[s->n++] = (lem_step){from, (size_t)(to - from), end};
    return LEM_OK;
}

lem_status lem_step_list_split(lem_step_list *s, const char *text, const char *separator, lem_err *err) {
    const char *at = text;
    size_t sep = strlen(separator);
    s->n = 0;
    for (const char *end; (end = strstr(at, separator)); at = end + sep) {
        lem_status st = lem_step_list_add(s, at, end, (size_t)(end - text) + sep, err);
        if (st) return st;
    }
    return lem_step_list_add(s, at, at + strlen(at), (size_t)(at - text) + strlen(at), err);
}
