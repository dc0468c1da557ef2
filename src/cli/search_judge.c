/* search_judge.c - a reward model folder as the scorer of a search */
#include "cli/search_judge.h"

#include "cli/score_beside.h"
#include "core/object.h"

#include <math.h>

void lem_judge_close(lem_judge *j) {
    lem_score_model_close(&j->model);
    *j = (lem_judge){0};
}

static lem_status named(lem_status st, lem_err *err) {
    return st ? lem_err_context(err, "--rm (its --head is --rm-head, its --head-output --rm-head-output)")
              : LEM_OK;
}

lem_status lem_judge_open(lem_cli *cli, const lem_judge_opts *o, lem_judge *j, lem_err *err) {
    const score_model_opts model = {.dir = o->dir,
                                    .head = o->head,
                                    .output = o->output,
                                    .separator = o->separator,
                                    .dtype = o->dtype,
                                    .compute = o->compute,
                                    .max_rows = o->max_rows};
    lem_status st = LEM_OK;
    LEM_TRY(lem_score_model_open(cli, NULL, &model, &j->model, err));
    if (j->model.how.process && o->aggregate &&
        !lem_eval_aggregator_find(o->aggregate, &j->model.how.aggregate))
        LEM_TRY(lem_fail(err, LEM_EUSAGE, "--aggregate '%s' is unknown", o->aggregate));
    j->model.how.log = NULL; /* texts without a score are counted */
    LEM_TRY(lem_score_model_plan(&j->model, err));
done:
    return named(st, err);
}

lem_status lem_judge_weights(lem_judge *j, lem_backend *b, lem_err *err) {
    j->model.backend = b;
    return named(lem_score_model_weights(&j->model, j->model.dir, err), err);
}

/* ---- texts ---- */

static lem_json *row_of(const lem_judge *j, const lem_search_text *t, int n) {
    lem_object o = lem_object_new();
    lem_json *texts = lem_json_new_array();
    bool ok = texts != NULL;
    for (int i = 0; ok && i < n; i++) ok = lem_json_append(texts, lem_json_new_strn(t[i].text, t[i].len));
    if (!ok) {
        lem_json_free(texts);
        texts = NULL;
    }
    lem_object_str(&o, "problem", j->problem);
    lem_object_json(&o, "completions", texts);
    return lem_object_done(&o);
}

lem_status lem_judge_score(void *ctx, lem_search_text *t, int n, lem_err *err) {
    lem_judge *j = ctx;
    lem_json *row = row_of(j, t, n);
    if (!row) return lem_fail(err, LEM_EMEM, "out of memory");
    lem_status st = lem_score_row(&j->model.how, row, "search", 1, &j->counts, err);
    const lem_json *score = lem_json_get(row, "rm_score");
    for (int i = 0; st == LEM_OK && i < n; i++) {
        t[i].score = lem_json_num(lem_json_at(score, (size_t)i), -INFINITY);
        j->without += t[i].score == -INFINITY;
    }
    if (st == LEM_OK) j->scored += (uint64_t)n;
    lem_json_free(row);
    return st;
}
