/* candidate_export.c - candidates in the layouts of NeMo-Skills, search-and-learn, Qwen2.5-Math and lm-eval
 */
#include "data/candidate_export.h"

#include "core/object.h"

#include <math.h>
#include <string.h>

typedef struct layout {
    const lem_candidates *c;
    const lem_json *row;
    uint64_t number;
    lem_object o;
} layout;

static lem_json *id_json(const layout *l) {
    const lem_json *id = lem_json_get(l->row, "id");
    lem_json_type kind = lem_json_kind(id);
    if (kind == LEM_JSON_STRING || kind == LEM_JSON_INT) return lem_json_copy(id);
    if (l->c->id) return lem_json_new_str(l->c->id);
    return lem_json_new_int((int64_t)l->number);
}

/* A whole column under a name, where it is there. */
static void put(layout *l, lem_candidates_field f, const char *name) {
    if (lem_candidates_have(l->c, f)) lem_object_json(&l->o, name, lem_candidates_column(l->c, f));
}

/* A list of one; takes value. */
static lem_json *list_of(lem_json *value) {
    lem_json *list = lem_json_new_array();
    if (list && value && lem_json_append(list, value)) return list;
    lem_json_free(list);
    if (!list) lem_json_free(value);
    return NULL;
}

/* Of a column the i-th value. */
static void put_at(layout *l, lem_candidates_field f, const char *name, int i, bool in_list) {
    if (!lem_candidates_have(l->c, f)) return;
    lem_json *column = lem_candidates_column(l->c, f);
    lem_json *v = column ? lem_json_share(lem_json_at(column, (size_t)i)) : NULL;
    lem_object_json(&l->o, name, in_list ? list_of(v) : v);
    lem_json_free(column);
}

static void put_others(layout *l, const lem_candidates_field *fields, int n) {
    for (int i = 0; i < n; i++) put(l, fields[i], lem_candidates_field_name(fields[i]));
}

/* Columns that results are told apart by. */
static void carry(layout *l) {
    static const char *const names[] = {"level", "subject", "type", "domain"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const lem_json *v = lem_json_get(l->row, names[i]);
        if (v && lem_json_kind(v) != LEM_JSON_ARRAY) lem_object_json(&l->o, names[i], lem_json_copy(v));
    }
}

static void nemo(layout *l, int i) {
    lem_object_json(&l->o, "id", id_json(l));
    lem_object_str(&l->o, "problem", l->c->problem);
    lem_object_str(&l->o, "expected_answer", l->c->expected);
    lem_object_str(&l->o, "generation", l->c->completion[i]);
    put_at(l, LEM_CAND_PREDICTED, "predicted_answer", i, false);
    put_at(l, LEM_CAND_CORRECT, "symbolic_correct", i, false);
    put_at(l, LEM_CAND_RM_SCORE, "reward_model_score", i, false);
    put_at(l, LEM_CAND_TOKENS, "num_generated_tokens", i, false);
    put_at(l, LEM_CAND_FINISH, "finish_reason", i, false);
    put_at(l, LEM_CAND_LOGPROB, "logprob", i, false);
    put_at(l, LEM_CAND_LOGPROB_MEAN, "logprob_mean", i, false);
    put_at(l, LEM_CAND_STEP_SCORES, "step_scores", i, true);
}

/* The text of the best score, the first of equals; without scores the first. */
static const char *best_text(const lem_candidates *c) {
    int best = 0;
    for (int i = 1; c->rm_score && i < c->n; i++)
        if (c->rm_score[i] > c->rm_score[best] || (isnan(c->rm_score[best]) && !isnan(c->rm_score[i])))
            best = i;
    return c->completion[best];
}

static void sal(layout *l) {
    static const lem_candidates_field others[] = {LEM_CAND_PREDICTED, LEM_CAND_CORRECT, LEM_CAND_LOGPROB,
                                                  LEM_CAND_LOGPROB_MEAN, LEM_CAND_FINISH};
    lem_object_json(&l->o, "unique_id", id_json(l));
    lem_object_str(&l->o, "problem", l->c->problem);
    lem_object_str(&l->o, "answer", l->c->expected);
    put(l, LEM_CAND_COMPLETIONS, "completions");
    put(l, LEM_CAND_STEP_SCORES, "scores");
    put(l, LEM_CAND_RM_SCORE, "agg_scores");
    put(l, LEM_CAND_TOKENS, "completion_tokens");
    lem_object_str(&l->o, "pred", best_text(l->c));
    put_others(l, others, sizeof others / sizeof *others);
}

/* [[3.5], [null]] */
static lem_json *nested(const double *d, int n) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int i = 0; ok && i < n; i++) {
        lem_json *one = lem_json_new_array();
        ok = one && lem_json_append(one, lem_json_new_num(d[i]));
        if (ok) ok = lem_json_append(list, one);
        else lem_json_free(one);
    }
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

static void qwen(layout *l) {
    static const lem_candidates_field others[] = {LEM_CAND_LOGPROB, LEM_CAND_TOKENS, LEM_CAND_STEP_SCORES,
                                                  LEM_CAND_LOGPROB_MEAN, LEM_CAND_FINISH};
    lem_object_json(&l->o, "idx", id_json(l));
    lem_object_str(&l->o, "question", l->c->problem);
    lem_object_str(&l->o, "gt", l->c->expected);
    put(l, LEM_CAND_COMPLETIONS, "code");
    put(l, LEM_CAND_PREDICTED, "pred");
    put(l, LEM_CAND_CORRECT, "score");
    if (l->c->rm_score) lem_object_json(&l->o, "pred_score", nested(l->c->rm_score, l->c->n));
    put_others(l, others, sizeof others / sizeof *others);
}

static lem_json *one_member(const char *name, lem_json *value) {
    lem_object o = lem_object_new();
    lem_object_json(&o, name, value);
    return lem_object_done(&o);
}

static void lm_eval(layout *l) {
    static const lem_candidates_field others[] = {
        LEM_CAND_CORRECT,     LEM_CAND_RM_SCORE,     LEM_CAND_LOGPROB, LEM_CAND_TOKENS,
        LEM_CAND_STEP_SCORES, LEM_CAND_LOGPROB_MEAN, LEM_CAND_FINISH};
    const lem_candidates *c = l->c;
    lem_json *texts = lem_candidates_column(c, LEM_CAND_COMPLETIONS);
    lem_object_json(&l->o, "doc_id", id_json(l));
    lem_object_json(&l->o, "doc", one_member("problem", lem_json_new_str(c->problem)));
    lem_object_str(&l->o, "target", c->expected);
    lem_object_json(&l->o, "arguments",
                    one_member("gen_args_0", one_member("arg_0", lem_json_new_str(c->problem))));
    lem_object_json(&l->o, "resps", list_of(texts));
    lem_json *answers = c->predicted ? lem_candidates_column(c, LEM_CAND_PREDICTED)
                                     : lem_candidates_column(c, LEM_CAND_COMPLETIONS);
    lem_object_json(&l->o, "filtered_resps", answers);
    lem_object_str(&l->o, "filter", "none");
    lem_object_json(&l->o, "metrics", list_of(lem_json_new_str("exact_match")));
    if (c->correct && c->correct[0] >= 0) lem_object_num(&l->o, "exact_match", c->correct[0]);
    put_others(l, others, sizeof others / sizeof *others);
}

lem_status lem_candidate_export(lem_export_as as, const lem_candidates *c, const lem_json *row,
                                uint64_t number, int candidate, lem_json **out, lem_err *err) {
    layout l = {c, row, number, lem_object_new()};
    const char *lacks = NULL;
    if (!c->expected) lacks = "expected_answer";
    if (!c->completion || c->n < 1) lacks = "completions";
    if (!c->problem) lacks = "problem";
    if (lacks) {
        lem_json_free(lem_object_done(&l.o));
        return lem_fail(err, LEM_EDATA, "no %s, which every layout has", lacks);
    }
    switch (as) {
    case LEM_EXPORT_NEMO: nemo(&l, candidate); break;
    case LEM_EXPORT_SAL: sal(&l); break;
    case LEM_EXPORT_QWEN: qwen(&l); break;
    case LEM_EXPORT_LM_EVAL: lm_eval(&l); break;
    }
    carry(&l);
    *out = lem_object_done(&l.o);
    return *out ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}
