/* steps_draft.c - solutions as they are read: steps, values, and the members of rows that they are made of */
#include "data/steps_priv.h"
#include "core/utf8.h"

#include <string.h>

enum { DRAFTS_MAX = 1 << 16 };

lem_status lem_steps_draft(steps_queue *q, const char *problem, bool joined, steps_draft **out,
                           lem_err *err) {
    if (q->n == DRAFTS_MAX)
        return lem_fail(err, LEM_EDATA, "more than %d solutions of one problem", DRAFTS_MAX);
    if (q->n == q->cap) {
        int cap = q->cap ? 2 * q->cap : 8;
        steps_draft *at = lem_realloc(q->at, (size_t)cap, sizeof *at, err);
        if (!at) return LEM_EMEM;
        q->at = at;
        q->cap = cap;
    }
    q->at[q->n] = (steps_draft){.problem = problem, .joined = joined};
    *out = &q->at[q->n++];
    return LEM_OK;
}

static lem_status out_of_arena(lem_err *err) {
    return lem_fail(err, LEM_EDATA, "the rows of one problem take more than 1 GiB");
}

static lem_status grow_draft(steps_queue *q, steps_draft *d, lem_err *err) {
    if (d->n == LEM_PROMPT_STEPS_MAX)
        return lem_fail(err, LEM_EDATA, "a solution of more than %d steps", LEM_PROMPT_STEPS_MAX);
    if (d->n < d->cap) return LEM_OK;
    int cap = d->cap ? 2 * d->cap : 8;
    lem_step *step = lem_arena_alloc(q->arena, (size_t)cap, sizeof *step);
    double *value = lem_arena_alloc(q->arena, (size_t)cap, sizeof *value);
    if (!step || !value) return out_of_arena(err);
    if (d->n) {
        memcpy(step, d->step, (size_t)d->n * sizeof *step);
        memcpy(value, d->value, (size_t)d->n * sizeof *value);
    }
    d->step = step;
    d->value = value;
    d->cap = cap;
    return LEM_OK;
}

lem_status lem_steps_add(steps_queue *q, steps_draft *d, const char *text, size_t len, double value,
                         lem_err *err) {
    while (len > 0 && lem_is_space(text[0])) {
        text++;
        len--;
    }
    while (len > 0 && lem_is_space(text[len - 1])) len--;
    if (len == 0) {
        q->empty++;
        return LEM_OK;
    }
    lem_status st = grow_draft(q, d, err);
    const char *copy = st ? NULL : lem_arena_strndup(q->arena, text, len);
    if (st || !copy) return st ? st : out_of_arena(err);
    d->step[d->n] = (lem_step){copy, len};
    d->value[d->n++] = value;
    return LEM_OK;
}

lem_status lem_steps_text(steps_queue *q, const lem_json *v, const char *what, const char **out,
                          lem_err *err) {
    const char *s = lem_json_str(v, NULL);
    if (!s)
        return lem_fail(err, LEM_EDATA, "%s: text expected, %s found", what,
                        v ? lem_json_kind_name(v) : "nothing");
    if (strlen(s) != lem_json_str_len(v)) return lem_fail(err, LEM_EDATA, "%s: a NUL in the text", what);
    *out = lem_arena_strndup(q->arena, s, strlen(s));
    return *out ? LEM_OK : out_of_arena(err);
}

lem_status lem_steps_array(const lem_json *row, const char *name, const lem_json **out, lem_err *err) {
    const lem_json *v = lem_json_get(row, name);
    if (lem_json_kind(v) != LEM_JSON_ARRAY)
        return lem_fail(err, LEM_EDATA, "%s: a list expected, %s found", name,
                        v ? lem_json_kind_name(v) : "nothing");
    *out = v;
    return LEM_OK;
}

lem_status lem_steps_rating(const steps_queue *q, const lem_json *v, double *out, lem_err *err) {
    static const double neutral[] = {1, 0, -1};
    double r = lem_json_num(v, 2);
    if (lem_json_kind(v) == LEM_JSON_NULL) *out = -1;
    else if (r < 0 && r == -1.0) *out = 0;
    else if (r > 0 && r == 1.0) *out = 1;
    else if (r <= 0 && r >= 0) *out = neutral[q->how->neutral];
    else return lem_fail(err, LEM_EDATA, "rating: -1, 0, 1 or null expected");
    return LEM_OK;
}
