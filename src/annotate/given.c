/* given.c - reads the labels of steps that a row carries */
#include "annotate/given.h"

static bool is_list(const lem_json *v) { return lem_json_kind(v) == LEM_JSON_ARRAY; }

static bool is_number(const lem_json *v) {
    return lem_json_kind(v) == LEM_JSON_INT || lem_json_kind(v) == LEM_JSON_REAL;
}

/* The row's own steps are not those that were found: the separator stands inside of one. */
static bool has_other_steps(const lem_json *row, int n_steps) {
    const lem_json *steps = lem_json_get(row, "steps");
    return is_list(steps) && lem_json_count(steps) != (size_t)n_steps;
}

static lem_status first_wrong(const lem_json *v, int n_steps, int8_t *label, lem_given *out, lem_err *err) {
    int64_t at = lem_json_int(v, -2);
    if (at < -1) return lem_fail(err, LEM_EDATA, "label: index of a step or -1 expected");
    *out = at < n_steps ? LEM_GIVEN_READ : LEM_GIVEN_OTHER;
    for (int k = 0; k < n_steps; k++) {
        label[k] = 1;
        if (at >= 0 && k >= at) label[k] = k == at ? 0 : -1;
    }
    return LEM_OK;
}

static lem_status of_each_step(const lem_json *list, int n_steps, int8_t *label, lem_given *out,
                               lem_err *err) {
    *out = lem_json_count(list) == (size_t)n_steps ? LEM_GIVEN_READ : LEM_GIVEN_OTHER;
    for (int k = 0; *out == LEM_GIVEN_READ && k < n_steps; k++) {
        const lem_json *v = lem_json_at(list, (size_t)k);
        if (lem_json_kind(v) != LEM_JSON_NULL && !is_number(v))
            return lem_fail(err, LEM_EDATA, "step_labels[%d]: number expected, found %s", k,
                            lem_json_kind_name(v));
        double x = lem_json_num(v, -1);
        label[k] = -1;
        if (x >= 0) label[k] = x > 0;
    }
    return LEM_OK;
}

lem_status lem_given_labels(const lem_json *row, int i, int n, int n_steps, int8_t *label, lem_given *out,
                            lem_err *err) {
    const lem_json *labels = lem_json_get(row, "step_labels"), *wrong = lem_json_get(row, "label");
    *out = LEM_GIVEN_NONE;
    if (lem_json_kind(labels) == LEM_JSON_NULL) {
        if (n != 1 || lem_json_kind(wrong) != LEM_JSON_INT) return LEM_OK;
        lem_status st = first_wrong(wrong, n_steps, label, out, err);
        if (has_other_steps(row, n_steps)) *out = LEM_GIVEN_OTHER;
        return st;
    }
    if (!is_list(labels))
        return lem_fail(err, LEM_EDATA, "step_labels: list expected, found %s", lem_json_kind_name(labels));
    bool nested = is_list(lem_json_at(labels, 0));
    if (!nested && n == 1) return of_each_step(labels, n_steps, label, out, err);
    if (!nested || lem_json_count(labels) != (size_t)n)
        return lem_fail(err, LEM_EDATA, "step_labels: a list for each of the %d completions expected", n);
    if (!is_list(lem_json_at(labels, (size_t)i)))
        return lem_fail(err, LEM_EDATA, "step_labels[%d]: list expected", i);
    return of_each_step(lem_json_at(labels, (size_t)i), n_steps, label, out, err);
}
