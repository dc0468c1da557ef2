/* score_remote_rows.c - what the servers said, as fields of the rows */
#include "cli/score_remote_priv.h"
#include "core/mem.h"

#include <math.h>

static double softmax(const double *x, int output) { return 1 / (1 + exp(x[1 - output] - x[output])); }

/* Of one vector. Where the server has made probabilities of it, these are the softmax. */
static double value_of(const remote *r, const double *x) {
    switch (r->head.formula) {
    case LEM_HEAD_SOFTMAX:
        return r->request.values == LEM_REWARD_PROBABILITIES ? x[r->head.output] : softmax(x, r->head.output);
    case LEM_HEAD_DIFFERENCE: return x[1] - x[0];
    case LEM_HEAD_SIGMOID: return 1 / (1 + exp(-x[0]));
    case LEM_HEAD_NORMALIZED: return (x[0] - (double)r->head.mean) / (double)r->head.std;
    case LEM_HEAD_RAW: break;
    }
    return x[0];
}

/* ---- one candidate ---- */

/* The numbers of a candidate's reply; NULL: there are none. */
static const lem_json *reply_of(const remote *r, const remote_text *t) {
    const lem_json *reply = lem_teach_reply(r->teach, t->item);
    if (reply) return lem_json_at(lem_json_get(reply, "values"), t->slot);
    reply = t->alone ? lem_teach_reply(r->teach, t->alone) : NULL;
    return lem_json_at(lem_json_get(reply, "values"), 0);
}

static lem_status values_of(const remote *r, const remote_text *t, double *out, bool *there, lem_err *err) {
    const lem_json *list = reply_of(r, t);
    int outputs = r->request.outputs;
    *there = list != NULL;
    if (!list) return LEM_OK;
    if (lem_json_count(list) != (size_t)t->n_at * (size_t)outputs)
        return lem_fail(err, LEM_EDATA, "the ledger holds %zu numbers of a candidate, %d expected",
                        lem_json_count(list), t->n_at * outputs);
    for (int k = 0; k < t->n_at; k++) {
        double x[LEM_REWARD_OUTPUTS_MAX] = {0};
        for (int i = 0; i < outputs; i++)
            x[i] = lem_json_num(lem_json_at(list, (size_t)(k * outputs + i)), NAN);
        out[k] = value_of(r, x);
    }
    return LEM_OK;
}

static const char *why_none(const remote *r, const remote_text *t) {
    lem_teach_billed billed;
    int tries = 0;
    const char *why = t->alone ? lem_teach_why(r->teach, t->alone, &billed, &tries) : NULL;
    if (!why) why = lem_teach_why(r->teach, t->item, &billed, &tries);
    return why ? why : "not asked";
}

static void tell_none(remote *r, const remote_text *t) {
    unsigned long long line = (unsigned long long)r->rows[t->row].line;
    const char *file = lem_remote_file(r, t->row);
    if (t->n_at == 0) {
        if (r->counts.no_steps++ < 3)
            lem_warn(r->cli->log, "%s:%llu: completion %d not scored (null): it has no steps", file, line,
                     t->index);
    } else if (r->counts.failed++ < 3)
        lem_warn(r->cli->log, "%s:%llu: completion %d not scored (null): %s", file, line, t->index,
                 why_none(r, t));
}

static lem_json *list_of(const double *x, int n) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int k = 0; ok && k < n; k++) ok = lem_json_append(list, lem_json_new_num(x[k]));
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

/* ---- a row ---- */

typedef struct columns {
    lem_json *score, *steps;
    double *scratch; /* [LEM_PROMPT_STEPS_MAX] */
} columns;

static lem_status add_cell(remote *r, const remote_text *t, columns *c, lem_err *err) {
    const remote_text *first = t->same >= 0 ? &r->texts[t->same] : t;
    bool there = false, ok;
    lem_status st = first->n_at ? values_of(r, first, c->scratch, &there, err) : LEM_OK;
    if (st) return st;
    if (!there) {
        if (t == first) tell_none(r, t);
        ok = lem_json_append(c->score, lem_json_new_null()) &&
             (!c->steps || lem_json_append(c->steps, lem_json_new_null()));
    } else {
        double score = r->request.steps ? lem_eval_aggregate(c->scratch, (size_t)first->n_at, r->aggregate)
                                        : c->scratch[0];
        r->counts.scored++;
        ok = lem_json_append(c->score, lem_json_new_num(score)) &&
             (!c->steps || lem_json_append(c->steps, list_of(c->scratch, first->n_at)));
    }
    r->counts.shared += t != first;
    return ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

static lem_status fill_row(remote *r, const remote_row *row, double *scratch, lem_err *err) {
    columns c = {lem_json_new_array(), r->request.steps ? lem_json_new_array() : NULL, scratch};
    lem_status st =
        c.score && (c.steps || !r->request.steps) ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
    for (size_t i = row->first; st == LEM_OK && i < row->first + row->n; i++)
        st = add_cell(r, &r->texts[i], &c, err);
    if (st == LEM_OK && c.steps) {
        bool ok = lem_json_set(row->row, "step_scores", c.steps);
        c.steps = NULL;
        if (!ok) st = lem_fail(err, LEM_EMEM, "out of memory");
    }
    if (st == LEM_OK) {
        bool ok = lem_json_set(row->row, r->field, c.score);
        c.score = NULL;
        if (!ok) st = lem_fail(err, LEM_EMEM, "out of memory");
    }
    lem_json_free(c.score);
    lem_json_free(c.steps);
    return st;
}

/* ---- activations ---- */

/* Replies, and how many of them look as if the server had put an activation on them. */
static void count_squashed(const remote *r, uint64_t *all, uint64_t *squashed) {
    *all = *squashed = 0;
    for (size_t i = 0; i < r->n_items; i++) {
        const lem_json *reply = lem_teach_reply(r->teach, i);
        if (!reply) continue;
        ++*all;
        *squashed += lem_reward_squashed(reply, r->request.outputs);
    }
}

static void warn_squashed(remote *r) {
    uint64_t all, squashed;
    bool pairs = r->request.outputs == 2;
    count_squashed(r, &all, &squashed);
    r->counts.squashed = squashed;
    if (r->request.values == LEM_REWARD_PROBABILITIES || squashed == 0) return;
    if (pairs)
        lem_warn(
            r->cli->log,
            "%llu of %llu replies look like a softmax (pairs in 0..1 that sum to 1), where the first did "
            "not: does one of the servers put an activation on its outputs?",
            (unsigned long long)squashed, (unsigned long long)all);
    else if (squashed == all)
        lem_warn(
            r->cli->log,
            "all scores lie in 0..1, though raw ones were asked for (use_activation=false): the server may "
            "put a sigmoid or softmax on them; vLLM before 0.11 knows other names (--body "
            "'{\"activation\": false}' or '{\"softmax\": false}')");
}

lem_status lem_remote_fill_rows(remote *r, lem_err *err) {
    double *scratch = lem_alloc(LEM_PROMPT_STEPS_MAX, sizeof *scratch, err);
    lem_status st = scratch ? LEM_OK : LEM_EMEM;
    for (size_t i = 0; st == LEM_OK && i < r->n_rows; i++) {
        if (r->rows[i].taken) st = fill_row(r, &r->rows[i], scratch, err);
        if (st) lem_err_context(err, "%s:%llu", lem_remote_file(r, i), (unsigned long long)r->rows[i].line);
    }
    lem_free(scratch);
    if (st == LEM_OK) warn_squashed(r);
    return st;
}
