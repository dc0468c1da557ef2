/* keep_rows.c - kept candidates as rows to train on */
#include "eval/keep.h"

#include "core/object.h"

#include <math.h>
#include <string.h>

typedef struct making {
    const lem_keep_opts *o;
    const lem_eval_problem *p;
    const lem_json *row;
    const lem_candidates *c;
} making;

static lem_json *score_of(const making *m, int i) {
    double s = m->o->scorer >= 0 ? m->p->score[m->o->scorer][i] : -INFINITY;
    return s > -INFINITY ? lem_json_new_num(s) : lem_json_new_null();
}

static lem_json *generator_of(const making *m, int i) {
    int n = 0;
    if (m->c->generator && m->c->generator[i]) return lem_json_new_str(m->c->generator[i]);
    const char *alternative = m->o->map ? lem_candidates_map_model(m->o->map, i, &n) : NULL;
    if (alternative && i < n) return lem_json_new_str(alternative);
    const lem_json *each = lem_json_at(lem_json_get(m->row, "generators"), (size_t)i);
    const char *own = lem_json_str(lem_json_get(m->row, "generator"), m->o->source);
    return lem_json_new_str(lem_json_str(each, own));
}

/* A column of the row goes with what is made of it, where it is there. */
static void carry(const making *m, const char *name, lem_object *o) {
    const lem_json *v = lem_json_get(m->row, name);
    if (v) lem_object_json(o, name, lem_json_copy(v));
}

static lem_object begin(const making *m) {
    lem_object o = lem_object_new();
    const lem_json *id = lem_json_get(m->row, "id");
    if (id) lem_object_json(&o, "id", lem_json_copy(id));
    else if (m->c->id) lem_object_str(&o, "id", m->c->id);
    return o;
}

static lem_json *end(const making *m, lem_object *o) {
    carry(m, "domain", o);
    carry(m, "source", o);
    return lem_object_done(o);
}

static lem_json *message(const char *role, const char *content) {
    lem_object o = lem_object_new();
    lem_object_str(&o, "role", role);
    lem_object_str(&o, "content", content);
    return lem_object_done(&o);
}

static lem_json *sft_row(const making *m, int i) {
    lem_object o = begin(m);
    lem_json *messages = lem_json_new_array();
    bool ok = messages && lem_json_append(messages, message("user", m->c->problem)) &&
              lem_json_append(messages, message("assistant", m->c->completion[i]));
    if (!ok) {
        lem_json_free(messages);
        messages = NULL;
    }
    lem_object_json(&o, "messages", messages);
    if (m->c->expected) lem_object_str(&o, "expected_answer", m->c->expected);
    lem_object_json(&o, "generator", generator_of(m, i));
    lem_object_json(&o, "score", score_of(m, i));
    lem_object_int(&o, "candidate", (uint64_t)i);
    return end(m, &o);
}

static lem_json *pair_row(const making *m, int good, int bad) {
    lem_object o = begin(m);
    lem_object_str(&o, "prompt", m->c->problem);
    lem_object_str(&o, "chosen", m->c->completion[good]);
    lem_object_str(&o, "rejected", m->c->completion[bad]);
    lem_object_json(&o, "chosen_score", score_of(m, good));
    lem_object_json(&o, "rejected_score", score_of(m, bad));
    lem_object_json(&o, "chosen_generator", generator_of(m, good));
    lem_object_json(&o, "rejected_generator", generator_of(m, bad));
    return end(m, &o);
}

typedef enum column { TEXT, LABEL, SCORE, GENERATOR } column;

static lem_json *cell(const making *m, column what, int i, bool good) {
    switch (what) {
    case TEXT: return lem_json_new_str(m->c->completion[i]);
    case LABEL: return lem_json_new_int(good);
    case SCORE: return score_of(m, i);
    default: return generator_of(m, i);
    }
}

static lem_json *column_of(const making *m, const lem_kept *k, column what) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int j = 0; ok && j < k->n_good; j++) ok = lem_json_append(list, cell(m, what, k->good[j], true));
    for (int j = 0; ok && j < k->n_bad; j++) ok = lem_json_append(list, cell(m, what, k->bad[j], false));
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

static lem_json *list_row(const making *m, const lem_kept *k) {
    lem_object o = begin(m);
    lem_object_str(&o, "problem", m->c->problem);
    lem_object_str(&o, "expected_answer", m->c->expected);
    lem_object_json(&o, "responses", column_of(m, k, TEXT));
    lem_object_json(&o, "labels", column_of(m, k, LABEL));
    lem_object_json(&o, "scores", column_of(m, k, SCORE));
    lem_object_json(&o, "generators", column_of(m, k, GENERATOR));
    return end(m, &o);
}

lem_status lem_keep_rows(const lem_keep_opts *o, const lem_eval_problem *p, const lem_json *row,
                         const lem_candidates *c, const lem_kept *k, lem_json **out, lem_err *err) {
    const making m = {o, p, row, c};
    if (!c->problem) return lem_fail(err, LEM_EDATA, "no problem; name its field with --map problem=FIELD");
    lem_json *rows = lem_json_new_array();
    bool ok = rows != NULL, list = o->as == LEM_KEEP_AS_LISTS;
    if (ok && list && k->n_good) ok = lem_json_append(rows, list_row(&m, k));
    for (int j = 0; ok && !list && j < k->n_good; j++) {
        bool pair = o->as == LEM_KEEP_AS_PAIRS;
        ok = lem_json_append(rows, pair ? pair_row(&m, k->good[j], k->bad[j]) : sft_row(&m, k->good[j]));
    }
    if (ok) *out = rows;
    else lem_json_free(rows);
    return ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}
