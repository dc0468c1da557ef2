/* shots.c - a list of demonstrations */
#include "core/mem.h"
#include "prompt/settings.h"

static void release_one(lem_prompt_shot *x) {
    lem_free(x->question);
    lem_free(x->answer);
    lem_free(x->subject);
}

lem_status lem_prompt_shots_add(lem_prompt_shots *s, const char *question, const char *answer,
                                const char *subject, lem_err *err) {
    lem_prompt_shot one = {lem_strdup(question, err), lem_strdup(answer, err),
                           subject && *subject ? lem_strdup(subject, err) : NULL};
    bool ok = one.question && one.answer && (one.subject || !subject || !*subject);
    if (ok && s->n == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 16;
        lem_prompt_shot *p = lem_realloc(s->at, cap, sizeof *p, err);
        ok = p != NULL;
        s->at = p ? p : s->at;
        s->cap = p ? cap : s->cap;
    }
    if (ok) s->at[s->n++] = one;
    else release_one(&one);
    return ok ? LEM_OK : LEM_EMEM;
}

void lem_prompt_shots_release(lem_prompt_shots *s) {
    for (size_t i = 0; i < s->n; i++) release_one(&s->at[i]);
    lem_free(s->at);
    *s = (lem_prompt_shots){0};
}
