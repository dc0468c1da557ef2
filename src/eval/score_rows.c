/* score_rows.c - what was computed of a row's candidates, as fields of the row */
#include "eval/score_rows.h"

#include "core/mem.h"
#include "data/candidates.h"
#include "eval/score_candidates_priv.h"

#include <stdio.h>

static double sum_of(const float *value, int from, int to) {
    double sum = 0;
    for (int k = from; k < to; k++) sum += (double)value[k];
    return sum;
}

static double mean_of(const score_candidate *c) { return sum_of(c->value, 0, c->r.n_at) / c->r.n_at; }

static double head_score(const lem_score_how *how, const score_candidate *c) {
    double steps[LEM_PROMPT_STEPS_MAX];
    if (!how->process) return (double)c->value[0];
    for (int k = 0; k < c->r.n_at; k++) steps[k] = (double)c->value[k];
    return lem_eval_aggregate(steps, (size_t)c->r.n_at, how->aggregate);
}

/* ---- lists of a row ---- */

static lem_json *values_of(const score_candidate *c) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int k = 0; ok && k < c->r.n_at; k++)
        ok = lem_json_append(list, lem_json_new_num((double)c->value[k]));
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

static lem_json *step_sums_of(const score_candidate *c) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int i = 0; ok && i < c->n_end; i++)
        ok = lem_json_append(list, lem_json_new_num(sum_of(c->value, i ? c->end[i - 1] : 0, c->end[i])));
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

typedef enum column { HEAD_SCORE, VALUES, SUM, MEAN, STEP_SUMS } column;

/* x: the candidate; t: its log-probabilities where these are added to its score. NULL = out of memory. */
static lem_json *cell(const lem_score_how *how, column what, const score_candidate *x,
                      const score_candidate *t) {
    if (!x->value || (t && !t->value)) return lem_json_new_null();
    switch (what) {
    case VALUES: return values_of(x);
    case STEP_SUMS: return step_sums_of(x);
    case SUM: return lem_json_new_num(sum_of(x->value, 0, x->r.n_at));
    case MEAN: return lem_json_new_num(mean_of(x));
    case HEAD_SCORE: break;
    }
    return lem_json_new_num(head_score(how, x) + (t ? how->logprob_weight * mean_of(t) : 0));
}

static const score_candidate *first_of(const score_candidate *c, size_t i) {
    return c[i].same >= 0 ? &c[c[i].same] : &c[i];
}

typedef struct results { /* of a row */
    const lem_score_how *how;
    const score_candidate *c, *texts; /* texts: NULL unless log-probabilities are added */
    size_t n;
    lem_json *row;
} results;

static lem_status set_column(const results *r, const char *field, const char *suffix, column what,
                             lem_err *err) {
    char name[160];
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    snprintf(name, sizeof name, "%.120s%s", field, suffix);
    for (size_t i = 0; ok && i < r->n; i++)
        ok = lem_json_append(list,
                             cell(r->how, what, first_of(r->c, i), r->texts ? first_of(r->texts, i) : NULL));
    if (ok) return lem_json_set(r->row, name, list) ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
    lem_json_free(list);
    return lem_fail(err, LEM_EMEM, "out of memory");
}

static lem_status set_fields(const results *r, lem_err *err) {
    const lem_score_how *how = r->how;
    const char *field = how->field;
    lem_status st = LEM_OK;
    switch (how->what) {
    case LEM_SCORE_HEAD:
        if (how->process) LEM_TRY(set_column(r, "step_scores", "", VALUES, err));
        LEM_TRY(set_column(r, field, "", HEAD_SCORE, err));
        break;
    case LEM_SCORE_LOGPROBS:
        LEM_TRY(set_column(r, field, "", SUM, err));
        LEM_TRY(set_column(r, field, "_mean", MEAN, err));
        if (how->each_token) LEM_TRY(set_column(r, field, "_tokens", VALUES, err));
        break;
    case LEM_SCORE_STEP_SUMS: LEM_TRY(set_column(r, field, "", STEP_SUMS, err)); break;
    }
done:
    return st;
}

static void count(const results *r, lem_score_counts *counts) {
    const lem_json *marks = lem_candidates_marks(r->row, r->n);
    for (size_t i = 0; i < r->n; i++) {
        bool text = !r->texts || first_of(r->texts, i)->value;
        counts->shared += r->c[i].same >= 0;
        bool scored = first_of(r->c, i)->value && text;
        counts->scored += scored;
        counts->changed += scored && !lem_json_bool(lem_json_at(marks, i), true);
    }
}

lem_status lem_score_row(const lem_score_how *how, lem_json *row, const char *path, uint64_t line,
                         lem_score_counts *counts, lem_err *err) {
    const lem_json *texts = lem_json_get(row, "completions");
    score_work w = {how, how->what != LEM_SCORE_HEAD, how->scorer, counts, path, (unsigned long long)line};
    lem_status st = LEM_OK;
    if (lem_json_kind(lem_json_get(row, "problem")) != LEM_JSON_STRING ||
        lem_json_kind(texts) != LEM_JSON_ARRAY)
        return lem_fail(err, LEM_EDATA, "a candidate row needs 'problem' (text) and 'completions' (list)");
    size_t n = lem_json_count(texts);
    score_candidate *c = lem_alloc_zero(n + 1, sizeof *c, err), *t = NULL;
    if (!c) return LEM_EMEM;
    LEM_TRY(lem_score_candidates(&w, row, c, n, err));
    if (how->logprobs) {
        w.text = true;
        w.scorer = how->logprobs;
        if (!(t = lem_alloc_zero(n + 1, sizeof *t, err))) LEM_TRY(LEM_EMEM);
        LEM_TRY(lem_score_candidates(&w, row, t, n, err));
    }
    results r = {how, c, t, n, row};
    LEM_TRY(set_fields(&r, err));
    count(&r, counts);
done:
    lem_score_candidates_free(c, n);
    lem_score_candidates_free(t, n);
    return st;
}
