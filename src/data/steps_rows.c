/* steps_rows.c - formats whose rows hold steps and labels as lists: ours, TRL's, ProcessBench's */
#include "data/steps_priv.h"

#include <string.h>

static lem_status problem_of(steps_queue *q, const lem_json *row, const char *name, const char **out,
                             lem_err *err) {
    return lem_steps_text(q, lem_json_get(row, name), name, out, err);
}

static lem_status same_count(const char *a, size_t n, const char *b, size_t m, lem_err *err) {
    return n == m ? LEM_OK : lem_fail(err, LEM_EDATA, "%zu %s but %zu %s", n, a, m, b);
}

/* A label of ours: 0 to 1, or -1 (or null) for none. */
static lem_status label_value(const lem_json *v, size_t i, double *out, lem_err *err) {
    double x = lem_json_num(v, lem_json_kind(v) == LEM_JSON_NULL ? -1 : 2);
    if (lem_json_kind(v) == LEM_JSON_BOOL) x = lem_json_bool(v, false);
    if (!(x >= 0 && x <= 1) && !(x >= -1 && x <= -1))
        return lem_fail(err, LEM_EDATA, "label %zu: 0 to 1, or -1 for none, expected", i);
    *out = x;
    return LEM_OK;
}

/* The share of [k, n]; [0, 0] and null are none. */
static lem_status count_value(const lem_json *v, size_t i, double *out, lem_err *err) {
    int64_t k = lem_json_int(lem_json_at(v, 0), -1), n = lem_json_int(lem_json_at(v, 1), -1);
    *out = -1;
    if (lem_json_kind(v) == LEM_JSON_NULL) return LEM_OK;
    if (lem_json_kind(v) != LEM_JSON_ARRAY || lem_json_count(v) != 2 || k < 0 || n < k)
        return lem_fail(err, LEM_EDATA, "step_counts[%zu]: [k, n] with 0 <= k <= n expected", i);
    if (n > 0) *out = (double)k / (double)n;
    return LEM_OK;
}

/* Counts where they are, else labels; a label of -1 says that the step is not trained whatever the counts. */
static lem_status annotated_value(const lem_json *counts, const lem_json *labels, size_t i, double *out,
                                  lem_err *err) {
    double label = 0, count = -1;
    lem_status st = labels ? label_value(lem_json_at(labels, i), i, &label, err) : LEM_OK;
    if (st == LEM_OK && counts) st = count_value(lem_json_at(counts, i), i, &count, err);
    *out = labels && (label < 0 || count < 0) ? label : count;
    return st;
}

lem_status lem_steps_annotated(steps_queue *q, const lem_json *row, lem_err *err) {
    const lem_json *steps, *counts = NULL, *labels = NULL;
    const char *problem, *text;
    lem_status st = LEM_OK;
    LEM_TRY(problem_of(q, row, "problem", &problem, err));
    LEM_TRY(lem_steps_array(row, "steps", &steps, err));
    if (lem_json_get(row, "step_counts")) LEM_TRY(lem_steps_array(row, "step_counts", &counts, err));
    if (lem_json_get(row, "step_labels")) LEM_TRY(lem_steps_array(row, "step_labels", &labels, err));
    if (!counts && !labels) LEM_TRY(lem_fail(err, LEM_EDATA, "neither step_counts nor step_labels"));
    size_t n = lem_json_count(steps);
    if (counts) LEM_TRY(same_count("steps", n, "step_counts", lem_json_count(counts), err));
    if (labels) LEM_TRY(same_count("steps", n, "step_labels", lem_json_count(labels), err));
    steps_draft *d = NULL;
    LEM_TRY(lem_steps_draft(q, problem, false, &d, err));
    for (size_t i = 0; i < n; i++) {
        double value = -1;
        LEM_TRY(annotated_value(counts, labels, i, &value, err));
        LEM_TRY(lem_steps_text(q, lem_json_at(steps, i), "steps", &text, err));
        LEM_TRY(lem_steps_add(q, d, text, strlen(text), value, err));
    }
done:
    return st;
}

/* One response of a list, cut at separators as scoring cuts it. */
static lem_status add_response(steps_queue *q, steps_draft *d, const char *text, const lem_json *labels,
                               size_t which, lem_err *err) {
    const char *sep = q->how->separator ? q->how->separator : "\n\n";
    uint64_t empty = q->empty; /* pieces between separators may be empty: they are no steps */
    size_t n = lem_json_count(labels);
    lem_status st = LEM_OK;
    for (const char *end; text; text = end ? end + strlen(sep) : NULL) {
        double value = -1;
        end = strstr(text, sep);
        if ((size_t)d->n < n)
            LEM_TRY(label_value(lem_json_at(labels, (size_t)d->n), (size_t)d->n, &value, err));
        LEM_TRY(lem_steps_add(q, d, text, end ? (size_t)(end - text) : strlen(text), value, err));
    }
    q->empty = empty;
    if ((size_t)d->n != n)
        st = lem_fail(err, LEM_EDATA, "responses[%zu] has %d steps, step_labels[%zu] has %zu", which, d->n,
                      which, n);
done:
    return st;
}

lem_status lem_steps_lists(steps_queue *q, const lem_json *row, lem_err *err) {
    const lem_json *responses, *labels;
    const char *problem, *text;
    lem_status st = LEM_OK;
    LEM_TRY(problem_of(q, row, "problem", &problem, err));
    LEM_TRY(lem_steps_array(row, "responses", &responses, err));
    LEM_TRY(lem_steps_array(row, "step_labels", &labels, err));
    size_t n = lem_json_count(responses);
    LEM_TRY(same_count("responses", n, "step_labels", lem_json_count(labels), err));
    for (size_t i = 0; i < n; i++) {
        const lem_json *list = lem_json_at(labels, i);
        if (lem_json_kind(list) == LEM_JSON_NULL) continue; /* a response without labels */
        if (lem_json_kind(list) != LEM_JSON_ARRAY)
            LEM_TRY(lem_fail(err, LEM_EDATA, "step_labels[%zu]: a list or null expected", i));
        LEM_TRY(lem_steps_text(q, lem_json_at(responses, i), "responses", &text, err));
        steps_draft *d = NULL;
        LEM_TRY(lem_steps_draft(q, problem, false, &d, err));
        LEM_TRY(add_response(q, d, text, list, i, err));
    }
done:
    return st;
}

lem_status lem_steps_trl(steps_queue *q, const lem_json *row, lem_err *err) {
    const lem_json *steps, *labels;
    const char *problem, *text;
    lem_status st = LEM_OK;
    LEM_TRY(problem_of(q, row, "prompt", &problem, err));
    LEM_TRY(lem_steps_array(row, "completions", &steps, err));
    LEM_TRY(lem_steps_array(row, "labels", &labels, err));
    size_t n = lem_json_count(steps);
    LEM_TRY(same_count("completions", n, "labels", lem_json_count(labels), err));
    steps_draft *d = NULL;
    LEM_TRY(lem_steps_draft(q, problem, false, &d, err));
    for (size_t i = 0; i < n; i++) {
        double value = -1;
        LEM_TRY(label_value(lem_json_at(labels, i), i, &value, err));
        LEM_TRY(lem_steps_text(q, lem_json_at(steps, i), "completions", &text, err));
        LEM_TRY(lem_steps_add(q, d, text, strlen(text), value, err));
    }
done:
    return st;
}

lem_status lem_steps_processbench(steps_queue *q, const lem_json *row, lem_err *err) {
    const lem_json *steps, *label = lem_json_get(row, "label");
    const char *problem, *text;
    lem_status st = LEM_OK;
    LEM_TRY(problem_of(q, row, "problem", &problem, err));
    LEM_TRY(lem_steps_array(row, "steps", &steps, err));
    int64_t n = (int64_t)lem_json_count(steps), wrong = lem_json_int(label, -2);
    if (wrong < -1 || wrong >= n)
        LEM_TRY(
            lem_fail(err, LEM_EDATA, "label: the index of one of %lld steps, or -1, expected", (long long)n));
    steps_draft *d = NULL;
    LEM_TRY(lem_steps_draft(q, problem, false, &d, err));
    for (int64_t i = 0; i < n; i++) {
        double value = wrong < 0 || i < wrong ? 1 : -1;
        if (i == wrong) value = 0;
        LEM_TRY(lem_steps_text(q, lem_json_at(steps, (size_t)i), "steps", &text, err));
        LEM_TRY(lem_steps_add(q, d, text, strlen(text), value, err));
    }
done:
    return st;
}
