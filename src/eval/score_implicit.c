/* score_implicit.c - step sums of two models to implicit rewards */
#include "eval/score_implicit.h"

#include "prompt/solution.h"

#include <math.h>

static lem_status steps_of(const lem_implicit_how *how, const lem_json *m, const lem_json *r, double *step,
                           lem_err *err) {
    size_t n = lem_json_count(m);
    bool fits =
        n > 0 && n <= LEM_PROMPT_STEPS_MAX && lem_json_kind(r) == LEM_JSON_ARRAY && lem_json_count(r) == n;
    for (size_t k = 0; fits && k < n; k++) {
        step[k] = how->beta * (lem_json_num(lem_json_at(m, k), NAN) - lem_json_num(lem_json_at(r, k), NAN));
        fits = !isnan(step[k]);
    }
    return fits ? LEM_OK : lem_fail(err, LEM_EDATA, "model and reference do not have the same steps");
}

static double whole(const lem_implicit_how *how, const double *step, size_t n) {
    double sum = 0;
    if (!how->sum) return lem_eval_aggregate(step, n, how->aggregate);
    for (size_t k = 0; k < n; k++) sum += step[k];
    return sum;
}

static bool append_one(const lem_implicit_how *how, const double *step, size_t n, lem_json *scores,
                       lem_json *steps) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (size_t k = 0; ok && k < n; k++) ok = lem_json_append(list, lem_json_new_num(step[k]));
    ok = ok && lem_json_append(scores, lem_json_new_num(whole(how, step, n)));
    if (ok) return lem_json_append(steps, list);
    lem_json_free(list);
    return false;
}

static lem_status fill(const lem_implicit_how *how, const lem_json *model, const lem_json *reference,
                       lem_json *scores, lem_json *steps, lem_err *err) {
    double step[LEM_PROMPT_STEPS_MAX];
    if (lem_json_count(model) != lem_json_count(reference))
        return lem_fail(err, LEM_EDATA, "model and reference do not have the same candidates");
    for (size_t i = 0; i < lem_json_count(model); i++) {
        const lem_json *m = lem_json_at(model, i), *r = lem_json_at(reference, i);
        bool none = lem_json_kind(m) == LEM_JSON_NULL || lem_json_kind(r) == LEM_JSON_NULL;
        lem_status st = none ? LEM_OK : steps_of(how, m, r, step, err);
        if (st) return st;
        bool ok =
            none ? lem_json_append(scores, lem_json_new_null()) && lem_json_append(steps, lem_json_new_null())
                 : append_one(how, step, lem_json_count(m), scores, steps);
        if (!ok) return lem_fail(err, LEM_EMEM, "out of memory");
    }
    return LEM_OK;
}

lem_status lem_score_implicit(const lem_implicit_how *how, const lem_json *model, const lem_json *reference,
                              lem_json *row, lem_err *err) {
    lem_json *scores = lem_json_new_array(), *steps = lem_json_new_array();
    lem_status st = scores && steps ? fill(how, model, reference, scores, steps, err)
                                    : lem_fail(err, LEM_EMEM, "out of memory");
    if (st == LEM_OK && !(lem_json_set(row, "step_scores", lem_json_share(steps)) &&
                          lem_json_set(row, how->field, lem_json_share(scores))))
        st = lem_fail(err, LEM_EMEM, "out of memory");
    lem_json_free(scores);
    lem_json_free(steps);
    return st;
}
