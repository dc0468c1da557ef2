/* responses.c - the graded candidates of one problem */
#include "reward/responses.h"

#include "core/mem.h"
#include "core/object.h"

#include <math.h>
#include <string.h>

void lem_responses_clear(lem_responses *r) { r->n = 0; }

void lem_responses_release(lem_responses *r) {
    lem_free(r->text);
    lem_free(r->label);
    lem_free(r->score);
    lem_free(r->generator);
    lem_free(r->weight);
    lem_free(r->steps);
    lem_free(r->bytes);
    lem_free(r->cut);
    lem_free(r->finish);
    *r = (lem_responses){0};
}

/* One column to `cap` elements; false when memory ran out, with the column as it was. */
static bool widen(void *column, size_t cap, size_t size, lem_err *err) {
    void *old, *p;
    memcpy(&old, column, sizeof old); /* columns are pointers of several types */
    p = lem_realloc(old, cap, size, err);
    if (p) memcpy(column, &p, sizeof p);
    return p != NULL;
}

static lem_status grow(lem_responses *r, lem_err *err) {
    if (r->n < r->cap) return LEM_OK;
    size_t cap = r->cap ? (size_t)r->cap * 2 : 128;
    bool texts =
        widen(&r->text, cap, sizeof *r->text, err) && widen(&r->generator, cap, sizeof *r->generator, err) &&
        widen(&r->steps, cap, sizeof *r->steps, err) && widen(&r->finish, cap, sizeof *r->finish, err);
    bool numbers = texts && widen(&r->label, cap, sizeof *r->label, err) &&
                   widen(&r->score, cap, sizeof *r->score, err) &&
                   widen(&r->weight, cap, sizeof *r->weight, err);
    if (!numbers || !widen(&r->bytes, cap, sizeof *r->bytes, err) || !widen(&r->cut, cap, 1, err))
        return LEM_EMEM;
    r->cap = (int)cap;
    return LEM_OK;
}

static int8_t cut_of(const lem_json *finish_reason) {
    if (lem_json_kind(finish_reason) != LEM_JSON_STRING) return -1;
    return strcmp(lem_json_str(finish_reason, ""), "length") == 0;
}

static lem_status check(const lem_json *texts, const lem_json *correct, const lem_json *scores,
                        const lem_responses_how *how, lem_err *err) {
    size_t n = lem_json_count(texts);
    bool lists = lem_json_kind(texts) == LEM_JSON_ARRAY && lem_json_kind(correct) == LEM_JSON_ARRAY;
    if (!lists || lem_json_count(correct) != n)
        return lem_fail(
            err, LEM_EDATA,
            "a graded candidate row needs 'completions' and 'correct' of equal length (run 'lemma grade')");
    if (how->need_score && lem_json_count(scores) != n)
        return lem_fail(err, LEM_EDATA,
                        "score-sorted sampling needs 'rm_score' (run 'lemma rm score', or pass --random)");
    return LEM_OK;
}

/* The response that has the text of response k; -1 = none before it. */
static int same_text(const lem_responses *r, int k) {
    for (int j = 0; j < k; j++)
        if (r->label[j] >= 0 && lem_json_equal(r->text[j], r->text[k])) return j;
    return -1;
}

/* Label of response k, whose text and score are set. */
static int8_t label_of(lem_responses *r, int k, const lem_json *correct, const lem_responses_how *how) {
    if (lem_json_kind(correct) != LEM_JSON_BOOL) r->undecided++;
    if (how->need_score && isnan(r->score[k])) {
        r->unscored++;
        return -1;
    }
    if (lem_json_kind(correct) != LEM_JSON_BOOL) return -1;
    int twin = how->keep_duplicates ? -1 : same_text(r, k);
    if (twin >= 0) {
        r->weight[twin]++;
        r->duplicates++;
        return -1;
    }
    return lem_json_bool(correct, false) ? 1 : 0;
}

lem_status lem_responses_add(lem_responses *r, const lem_json *row, const char *source,
                             const lem_responses_how *how, lem_err *err) {
    const lem_json *texts = lem_json_get(row, "completions"), *correct = lem_json_get(row, "correct");
    const lem_json *scores = how->need_score ? lem_json_get(row, "rm_score") : NULL;
    const lem_json *steps = lem_json_get(row, "step_labels"), *finish = lem_json_get(row, "finish_reason");
    const char *generator = lem_json_str(lem_json_get(row, "generator"), source);
    lem_status st = check(texts, correct, scores, how, err);
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(texts); i++) {
        const lem_json *t = lem_json_at(texts, i);
        if (lem_json_kind(t) != LEM_JSON_STRING)
            return lem_fail(err, LEM_EDATA, "completions[%zu]: text expected, %s found", i,
                            lem_json_kind_name(t));
        st = grow(r, err);
        if (st) break;
        int k = r->n++;
        r->text[k] = t;
        r->generator[k] = generator;
        r->weight[k] = 1;
        r->steps[k] = lem_json_at(steps, i);
        r->bytes[k] = lem_json_str_len(t);
        r->finish[k] = lem_json_at(finish, i);
        r->cut[k] = cut_of(r->finish[k]);
        r->score[k] = lem_json_num(lem_json_at(scores, i), NAN);
        r->label[k] = label_of(r, k, lem_json_at(correct, i), how);
    }
    return st;
}

typedef enum column { TEXT, LABEL, SCORE, GENERATOR, WEIGHT, STEPS, FINISH } column;

static lem_json *value_of(const lem_responses *r, int k, column what, bool scored) {
    switch (what) {
    case TEXT: return lem_json_copy(r->text[k]);
    case LABEL: return lem_json_new_int(r->label[k]);
    case SCORE: return scored ? lem_json_new_num(r->score[k]) : lem_json_new_null();
    case GENERATOR: return lem_json_new_str(r->generator[k]);
    case WEIGHT: return lem_json_new_num(r->weight[k]);
    case FINISH: return r->finish[k] ? lem_json_copy(r->finish[k]) : lem_json_new_null();
    default: return r->steps[k] ? lem_json_copy(r->steps[k]) : lem_json_new_null();
    }
}

/* One value a chosen response. */
static lem_json *column_of(const lem_responses *r, const int *chosen, int n, column what, bool scored) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int i = 0; ok && i < n; i++) ok = lem_json_append(list, value_of(r, chosen[i], what, scored));
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

lem_json *lem_responses_list(const lem_responses *r, const lem_json *row, const int *chosen, int n,
                             const lem_responses_columns *columns) {
    static const char *const keep[] = {"id", "problem", "expected_answer"};
    bool steps = false, finish = false;
    lem_object o = lem_object_new();
    for (int i = 0; i < 3; i++) {
        const lem_json *v = lem_json_get(row, keep[i]);
        if (v) lem_object_json(&o, keep[i], lem_json_copy(v));
    }
    for (int i = 0; i < n; i++) {
        steps = steps || r->steps[chosen[i]];
        finish = finish || r->cut[chosen[i]] >= 0;
    }
    lem_object_json(&o, "responses", column_of(r, chosen, n, TEXT, false));
    lem_object_json(&o, "labels", column_of(r, chosen, n, LABEL, false));
    lem_object_json(&o, "scores", column_of(r, chosen, n, SCORE, columns->scores));
    lem_object_json(&o, "generators", column_of(r, chosen, n, GENERATOR, false));
    if (columns->weights) lem_object_json(&o, "weights", column_of(r, chosen, n, WEIGHT, false));
    if (steps) lem_object_json(&o, "step_labels", column_of(r, chosen, n, STEPS, false));
    if (finish) lem_object_json(&o, "finish_reason", column_of(r, chosen, n, FINISH, false));
    return lem_object_done(&o);
}
