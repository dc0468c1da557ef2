/* score_rows.c - a row of candidates scored by a reward model */
#include "eval/score_rows.h"

#include "core/mem.h"

#include <string.h>

typedef struct candidate {
    const char *text;
    size_t len;
    int same; /* index of an identical earlier one, or -1 */
    bool skip;
    lem_rendering r;
    float *value; /* [r.n_at] */
} candidate;

typedef struct work {
    const lem_score_how *how;
    lem_score_counts *counts;
    const char *path;
    unsigned long long line;
} work;

static int same_text(const candidate *c, size_t i) {
    for (size_t k = 0; k < i; k++)
        if (c[k].same < 0 && c[k].len == c[i].len && memcmp(c[k].text, c[i].text, c[i].len) == 0)
            return (int)k;
    return -1;
}

/* Why a rendered candidate gets no score, told the first three times. */
static void skip_unreadable(work *w, candidate *c, size_t i) {
    size_t limit = (size_t)lem_scorer_limit(w->how->scorer), n = c->r.ids.len;
    c->skip = c->r.n_at == 0 || n > limit;
    if (!c->skip) return;
    if (c->r.n_at == 0) {
        if (w->counts->no_steps++ < 3)
            lem_warn(w->how->log, "%s:%llu: completion %zu not scored (null): it has no steps", w->path,
                     w->line, i);
    } else if (w->counts->too_long++ < 3)
        lem_warn(w->how->log, "%s:%llu: completion %zu not scored (null): %zu tokens, the limit is %zu",
                 w->path, w->line, i, n, limit);
}

static lem_status render(work *w, const char *problem, const lem_json *texts, candidate *c, lem_err *err) {
    for (size_t i = 0; i < lem_json_count(texts); i++) {
        const lem_json *t = lem_json_at(texts, i);
        if (lem_json_kind(t) != LEM_JSON_STRING)
            return lem_fail(err, LEM_EDATA, "completions[%zu]: text expected, %s found", i,
                            lem_json_kind_name(t));
        c[i].text = lem_json_str(t, "");
        c[i].len = lem_json_str_len(t);
        c[i].same = same_text(c, i);
        if (c[i].same >= 0) continue;
        const lem_score_how *how = w->how;
        lem_status st =
            lem_prompt_solution(how->recipe, how->tokenizer, problem, c[i].text, c[i].len, &c[i].r, err);
        if (st) return lem_err_context(err, "completions[%zu]", i);
        skip_unreadable(w, &c[i], i);
    }
    return LEM_OK;
}

static lem_status score_all(lem_scorer *scorer, candidate *c, size_t n, lem_err *err) {
    lem_status st = LEM_OK;
    int m = 0;
    lem_score_item *items = lem_alloc(n + 1, sizeof *items, err);
    if (!items) return LEM_EMEM;
    for (size_t i = 0; i < n; i++) {
        if (c[i].same >= 0 || c[i].skip) continue;
        c[i].value = lem_alloc((size_t)c[i].r.n_at, sizeof *c[i].value, err);
        if (!c[i].value) LEM_TRY(LEM_EMEM);
        items[m++] =
            (lem_score_item){c[i].r.ids.data, (int)c[i].r.ids.len, c[i].r.at, c[i].r.n_at, c[i].value};
    }
    LEM_TRY(lem_scorer_run(scorer, items, m, err));
done:
    lem_free(items);
    return st;
}

static double total(const lem_score_how *how, const candidate *c) {
    double steps[LEM_PROMPT_STEPS_MAX];
    if (!how->process) return (double)c->value[0];
    for (int k = 0; k < c->r.n_at; k++) steps[k] = (double)c->value[k];
    return lem_eval_aggregate(steps, (size_t)c->r.n_at, how->aggregate);
}

static lem_json *list_of(const candidate *c) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int k = 0; ok && k < c->r.n_at; k++)
        ok = lem_json_append(list, lem_json_new_num((double)c->value[k]));
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

static bool append_scores(const lem_score_how *how, const candidate *x, lem_json *scores, lem_json *steps) {
    if (!x->value)
        return lem_json_append(scores, lem_json_new_null()) && lem_json_append(steps, lem_json_new_null());
    return lem_json_append(scores, lem_json_new_num(total(how, x))) && lem_json_append(steps, list_of(x));
}

/* Sets the scores and, for process models, step_scores[][]; null where there is no score. */
static lem_status set_fields(work *w, lem_json *row, const candidate *c, size_t n, lem_err *err) {
    lem_json *scores = lem_json_new_array(), *steps = lem_json_new_array();
    bool ok = scores && steps;
    for (size_t i = 0; ok && i < n; i++) {
        const candidate *x = c[i].same >= 0 ? &c[c[i].same] : &c[i];
        w->counts->shared += c[i].same >= 0;
        w->counts->scored += x->value != NULL;
        ok = append_scores(w->how, x, scores, steps);
    }
    if (ok && w->how->process) ok = lem_json_set(row, "step_scores", lem_json_share(steps));
    if (ok) ok = lem_json_set(row, w->how->field, lem_json_share(scores));
    lem_json_free(scores);
    lem_json_free(steps);
    return ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

lem_status lem_score_row(const lem_score_how *how, lem_json *row, const char *path, uint64_t line,
                         lem_score_counts *counts, lem_err *err) {
    const lem_json *problem = lem_json_get(row, "problem"), *texts = lem_json_get(row, "completions");
    work w = {how, counts, path, (unsigned long long)line};
    if (lem_json_kind(problem) != LEM_JSON_STRING || lem_json_kind(texts) != LEM_JSON_ARRAY)
        return lem_fail(err, LEM_EDATA, "a candidate row needs 'problem' (text) and 'completions' (list)");
    size_t n = lem_json_count(texts);
    candidate *c = lem_alloc_zero(n + 1, sizeof *c, err);
    if (!c) return LEM_EMEM;
    lem_status st = render(&w, lem_json_str(problem, ""), texts, c, err);
    if (st == LEM_OK) st = score_all(how->scorer, c, n, err);
    if (st == LEM_OK) st = set_fields(&w, row, c, n, err);
    for (size_t i = 0; i < n; i++) {
        lem_rendering_release(&c[i].r);
        lem_free(c[i].value);
    }
    lem_free(c);
    return st;
}
