/* prm_judge.c - the labels of a solution stay where a process reward model finds the same first wrong step */
#include "cli/prm_judge.h"

#include "cli/score_beside.h"
#include "cli/weights_options.h"
#include "core/object.h"

lem_status lem_prm_judge_open(lem_cli *cli, const lem_prm_judge_opts *o, lem_prm_judge *out, lem_err *err) {
    const score_model_opts model = {
        .dir = o->dir, .head = o->head, .dtype = o->dtype, .compute = o->compute, .process_only = true};
    lem_status st = lem_score_model_open(cli, NULL, &model, &out->model, err);
    out->model.max_rows = LEM_PRM_JUDGE_ROWS;
    if (st == LEM_OK) st = lem_score_model_plan(&out->model, err);
    if (st) return lem_err_context(err, "--judge (its --head is --judge-head)");
    out->threshold = o->threshold;
    out->model.how.given_steps = true;
    return LEM_OK;
}

lem_status lem_prm_judge_weights(lem_prm_judge *j, lem_backend *b, lem_err *err) {
    j->model.backend = b;
    return lem_score_model_weights(&j->model, j->model.dir, err);
}

void lem_prm_judge_close(lem_prm_judge *j) {
    lem_score_model_close(&j->model);
    *j = (lem_prm_judge){0};
}

/* ---- a row ---- */

static lem_json *steps_of(const lem_prm_row *r) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int i = 0; ok && i < r->n; i++)
        ok = lem_json_append(list, lem_json_share(lem_json_get(r->out[i], "steps")));
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

lem_status lem_prm_judge_row(lem_prm_judge *j, const lem_prm_rows *rows, size_t row, lem_json **scores,
                             lem_err *err) {
    const lem_problem *p = &rows->problems.at[row];
    lem_object o = lem_object_new();
    lem_object_str(&o, "problem", p->problem);
    lem_object_json(&o, "completions", steps_of(&rows->at[row]));
    lem_json *x = lem_object_done(&o);
    if (!x) return lem_fail(err, LEM_EMEM, "out of memory");
    lem_status st = lem_score_row(&j->model.how, x, p->file, p->line, &j->counts, err);
    if (st == LEM_OK) *scores = lem_json_share(lem_json_get(x, "step_scores"));
    else lem_err_context(err, "%s:%llu", p->file, (unsigned long long)p->line);
    lem_json_free(x);
    return st;
}

/* Numbers of a list, as many as there are labels, null as -1; false if there are not so many. */
static bool numbers(const lem_json *list, int n, double *out) {
    if (lem_json_kind(list) != LEM_JSON_ARRAY || lem_json_count(list) != (size_t)n) return false;
    for (int k = 0; k < n; k++) out[k] = lem_json_num(lem_json_at(list, (size_t)k), -1);
    return true;
}

static lem_json *place_json(int at) {
    return at == LEM_ERROR_UNKNOWN ? lem_json_new_null() : lem_json_new_int(at);
}

static lem_json *no_labels(int n) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int k = 0; ok && k < n; k++) ok = lem_json_append(list, lem_json_new_int(-1));
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

static lem_status out_of_memory(lem_err *err) {
    return lem_fail(err, LEM_EMEM, "out of memory for an output row");
}

static lem_status apply_one(lem_prm_judge *j, lem_json *row, const lem_json *scores, lem_err *err) {
    double label[LEM_PROMPT_STEPS_MAX], score[LEM_PROMPT_STEPS_MAX];
    const lem_json *labels = lem_json_get(row, "step_labels");
    int n = (int)lem_json_count(labels), mc = LEM_ERROR_UNKNOWN, judge = LEM_ERROR_UNKNOWN;
    if (n > 0 && numbers(labels, n, label)) mc = lem_first_error_of_labels(label, n);
    if (n > 0 && numbers(scores, n, score)) judge = lem_first_error_of_scores(score, n, j->threshold);
    lem_consensus c = lem_consensus_of(mc, judge);
    lem_consensus_add(&j->tally, c);
    bool ok = lem_json_set(row, "first_error", place_json(mc)) &&
              lem_json_set(row, "judge_first_error", place_json(judge)) &&
              lem_json_set(row, "judge_scores", scores ? lem_json_copy(scores) : lem_json_new_null()) &&
              lem_json_set(row, "consensus", lem_json_new_bool(c == LEM_CONSENSUS_SAME));
    if (ok && c != LEM_CONSENSUS_SAME) ok = lem_json_set(row, "step_labels", no_labels(n));
    return ok ? LEM_OK : out_of_memory(err);
}

lem_status lem_prm_judge_apply(lem_prm_judge *j, lem_prm_rows *rows, size_t row, const lem_json *scores,
                               lem_err *err) {
    lem_prm_row *r = &rows->at[row];
    lem_status st = LEM_OK;
    for (int i = 0; st == LEM_OK && i < r->n; i++)
        st = apply_one(j, r->out[i], lem_json_at(scores, (size_t)i), err);
    return st;
}

/* ---- figures ---- */

void lem_prm_judge_show(const lem_prm_judge *j, lem_log *log) {
    const uint64_t *of = j->tally.of;
    uint64_t all = j->tally.solutions;
    double share = all ? 100.0 * (double)of[LEM_CONSENSUS_SAME] / (double)all : 0;
    lem_info(log,
             "judge (%s, wrong below %g): the same first wrong step, or none, in %.1f %% of %llu solutions; "
             "the labels of the others are -1",
             lem_score_model_words(&j->model).head, j->threshold, share, (unsigned long long)all);
    lem_info(log,
             "where they differ, the judge is earlier in %llu, later in %llu, finds none in %llu, and finds "
             "one where Monte Carlo has none in %llu; not judged %llu, not known by Monte Carlo %llu",
             (unsigned long long)of[LEM_CONSENSUS_EARLIER], (unsigned long long)of[LEM_CONSENSUS_LATER],
             (unsigned long long)of[LEM_CONSENSUS_JUDGE_NONE], (unsigned long long)of[LEM_CONSENSUS_MC_NONE],
             (unsigned long long)of[LEM_CONSENSUS_NOT_JUDGED], (unsigned long long)of[LEM_CONSENSUS_UNKNOWN]);
}

lem_json *lem_prm_judge_json(const lem_prm_judge *j) {
    return lem_consensus_json(&j->tally, lem_score_model_words(&j->model).head, j->threshold);
}
