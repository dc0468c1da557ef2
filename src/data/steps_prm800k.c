/* steps_prm800k.c - PRM800K: a tree of rated steps, as its authors store it or flattened to one step a row */
#include "data/steps_priv.h"

#include <string.h>

/* ---- flat: one row a candidate step ---- */

static bool same_step(const lem_step *p, const char *text) {
    return strlen(text) == p->len && memcmp(p->text, text, p->len) == 0;
}

/* A text as a step stores it. */
static lem_status trimmed(steps_queue *q, const lem_json *v, const char *what, const char **out,
                          lem_err *err) {
    steps_draft d = {0};
    const char *text;
    uint64_t empty = q->empty;
    lem_status st = lem_steps_text(q, v, what, &text, err);
    if (st == LEM_OK) st = lem_steps_add(q, &d, text, strlen(text), -1, err);
    q->empty = empty;
    if (st == LEM_OK) *out = d.n ? d.step[0].text : "";
    return st;
}

/* The solution of this problem whose steps are those before; NULL = none. */
static steps_draft *continued(steps_queue *q, const char *const *before, int n) {
    for (int i = 0; i < q->n; i++) {
        steps_draft *d = &q->at[i];
        bool same = d->n == n;
        for (int k = n; same && k-- > 0;) same = same_step(&d->step[k], before[k]);
        if (same) return d;
    }
    return NULL;
}

/* The steps before, without those of white space alone. */
static lem_status steps_before(steps_queue *q, const lem_json *list, const char ***out, int *n,
                               lem_err *err) {
    size_t count = lem_json_count(list);
    if (count >= LEM_PROMPT_STEPS_MAX)
        return lem_fail(err, LEM_EDATA, "a solution of more than %d steps", LEM_PROMPT_STEPS_MAX);
    const char **at = lem_arena_alloc(q->arena, count + 1, sizeof *at);
    if (!at) return lem_fail(err, LEM_EDATA, "a row of more than 1 GiB");
    *n = 0;
    for (size_t i = 0; i < count; i++) {
        lem_status st = trimmed(q, lem_json_at(list, i), "responses", &at[*n], err);
        if (st) return st;
        if (*at[*n]) ++*n;
    }
    *out = at;
    return LEM_OK;
}

lem_status lem_steps_flat(steps_queue *q, const lem_json *row, lem_err *err) {
    const lem_json *list;
    const char *problem, *next, **before = NULL;
    double value = -1;
    int n = 0;
    lem_status st = LEM_OK;
    LEM_TRY(lem_steps_text(q, lem_json_get(row, "instruction"), "instruction", &problem, err));
    LEM_TRY(lem_steps_array(row, "responses", &list, err));
    LEM_TRY(lem_steps_text(q, lem_json_get(row, "next_response"), "next_response", &next, err));
    LEM_TRY(lem_steps_rating(q, lem_json_get(row, "rating"), &value, err));
    LEM_TRY(steps_before(q, list, &before, &n, err));
    steps_draft *d = continued(q, before, n);
    if (!d) {
        LEM_TRY(lem_steps_draft(q, problem, false, &d, err));
        for (int i = 0; i < n; i++) LEM_TRY(lem_steps_add(q, d, before[i], strlen(before[i]), -1, err));
    }
    LEM_TRY(lem_steps_add(q, d, next, strlen(next), value, err));
done:
    return st;
}

/* ---- as its authors store it ---- */

typedef struct walk {
    steps_queue *q;
    int main; /* of the queue: the solution of the chosen steps */
    lem_err *err;
} walk;

static lem_status add_candidate(walk *w, steps_draft *d, const lem_json *c, lem_err *err) {
    const char *text;
    double value = -1;
    lem_status st = lem_steps_text(w->q, lem_json_get(c, "text"), "text", &text, err);
    if (st == LEM_OK) st = lem_steps_rating(w->q, lem_json_get(c, "rating"), &value, err);
    return st == LEM_OK ? lem_steps_add(w->q, d, text, strlen(text), value, err) : st;
}

/* The chosen steps so far, without labels, and this one. */
static lem_status add_alternative(walk *w, const lem_json *c, lem_err *err) {
    steps_draft *d = NULL;
    lem_status st = lem_steps_draft(w->q, w->q->at[w->main].problem, false, &d, err);
    const steps_draft *chosen = &w->q->at[w->main];
    for (int i = 0; st == LEM_OK && i < chosen->n; i++)
        st = lem_steps_add(w->q, d, chosen->step[i].text, chosen->step[i].len, -1, err);
    return st == LEM_OK ? add_candidate(w, d, c, err) : st;
}

/* A human's own step is given without a rating: it is read, not trained. */
static lem_status add_human(walk *w, const lem_json *human, lem_err *err) {
    const char *text;
    const lem_json *v = lem_json_kind(human) == LEM_JSON_OBJECT ? lem_json_get(human, "text") : human;
    lem_status st = lem_steps_text(w->q, v, "human_completion", &text, err);
    return st == LEM_OK ? lem_steps_add(w->q, &w->q->at[w->main], text, strlen(text), -1, err) : st;
}

/* *ends: nothing was chosen, so the solution ends here. */
static lem_status walk_step(walk *w, const lem_json *step, bool *ends, lem_err *err) {
    const lem_json *list = lem_json_get(step, "completions"), *human = lem_json_get(step, "human_completion");
    size_t n = lem_json_count(list);
    int64_t chosen = lem_json_int(lem_json_get(step, "chosen_completion"), -1);
    bool by_human = chosen < 0 && lem_json_kind(human) != LEM_JSON_NULL;
    lem_status st = LEM_OK;
    if (lem_json_kind(list) != LEM_JSON_ARRAY && lem_json_kind(list) != LEM_JSON_NULL)
        return lem_fail(err, LEM_EDATA, "completions: a list expected");
    if (chosen >= (int64_t)n)
        return lem_fail(err, LEM_EDATA, "chosen_completion %lld of %zu", (long long)chosen, n);
    *ends = chosen < 0 && !by_human;
    if (*ends) chosen = 0; /* the last step of the solution: one of its candidates ends it */
    for (size_t i = 0; i < n; i++)
        if (by_human || (int64_t)i != chosen) LEM_TRY(add_alternative(w, lem_json_at(list, i), err));
    if (by_human) LEM_TRY(add_human(w, human, err));
    else if (n > 0) LEM_TRY(add_candidate(w, &w->q->at[w->main], lem_json_at(list, (size_t)chosen), err));
done:
    return st;
}

lem_status lem_steps_prm800k(steps_queue *q, const lem_json *row, lem_err *err) {
    const lem_json *steps;
    const char *problem;
    bool ends = false;
    lem_status st = LEM_OK;
    LEM_TRY(lem_steps_text(q, lem_json_find(row, "question.problem"), "question.problem", &problem, err));
    LEM_TRY(lem_steps_array(lem_json_get(row, "label"), "steps", &steps, err));
    walk w = {q, q->n, err};
    steps_draft *chosen = NULL;
    LEM_TRY(lem_steps_draft(q, problem, false, &chosen, err));
    for (size_t i = 0; i < lem_json_count(steps); i++) {
        if (ends) LEM_TRY(lem_fail(err, LEM_EDATA, "label.steps[%zu]: no step was chosen before it", i));
        st = walk_step(&w, lem_json_at(steps, i), &ends, err);
        if (st) {
            lem_err_context(err, "label.steps[%zu]", i);
            goto done;
        }
    }
done:
    return st;
}
