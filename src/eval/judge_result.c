/* judge_result.c - the list of metrics that measures are added to, and the score that they compare */
#include "eval/clusters.h"
#include "eval/judge_priv.h"

#include <math.h>
#include <string.h>

lem_judge_metric *lem_judge_add(lem_judge_result *r, const char *name, const char *protocol,
                                const char *subset, lem_err *err) {
    if (r->n == r->cap) {
        int cap = r->cap ? 2 * r->cap : 64;
        lem_judge_metric *p = lem_realloc(r->m, (size_t)cap, sizeof *p, err);
        if (!p) return NULL;
        r->m = p;
        r->cap = cap;
    }
    lem_judge_metric *m = &r->m[r->n++];
    *m = (lem_judge_metric){.name = name, .protocol = protocol, .subset = subset, .ties = -1};
    return m;
}

lem_status lem_judge_values_make(lem_judge_values *v, int rows, lem_err *err) {
    size_t n = rows ? (size_t)rows : 1;
    *v = (lem_judge_values){lem_alloc(n, sizeof *v->v, err), lem_alloc(n, sizeof *v->problem, err), 0};
    return v->v && v->problem ? LEM_OK : LEM_EMEM;
}

void lem_judge_values_add(lem_judge_values *v, const lem_judge_item *it, double value) {
    v->v[v->n] = value;
    v->problem[v->n++] = it->problem;
}

void lem_judge_values_release(lem_judge_values *v) {
    lem_free(v->v);
    lem_free(v->problem);
    *v = (lem_judge_values){0};
}

lem_status lem_judge_add_mean(lem_judge_result *r, const char *name, const char *protocol, const char *subset,
                              const lem_judge_values *v, int ties, lem_err *err) {
    lem_eval_clusters c = {0};
    lem_judge_metric *m = lem_judge_add(r, name, protocol, subset, err);
    lem_status st = m ? lem_eval_clusters_of_keys(v->problem, v->n, &c, err) : LEM_EMEM;
    if (st) return st;
    double sum = 0;
    for (int i = 0; i < v->n; i++) sum += v->v[i];
    double problems = v->n ? (double)c.n / v->n : 1; /* a row counts as so many */
    m->at = (lem_eval_interval){NAN, NAN, NAN};
    if (v->n) m->at = lem_eval_clusters_mean(&c, v->v);
    m->n = v->n;
    m->ties = ties;
    m->few = problems * fmin(sum, v->n - sum) < LEM_EVAL_FEW_EVENTS;
    lem_eval_clusters_release(&c);
    return LEM_OK;
}

void lem_judge_result_release(lem_judge_result *r) {
    lem_free(r->m);
    *r = (lem_judge_result){0};
}

static bool same(const char *a, const char *b) { return a == b || (a && b && strcmp(a, b) == 0); }

const lem_judge_metric *lem_judge_result_find(const lem_judge_result *r, const char *name,
                                              const char *protocol, const char *subset) {
    for (int i = 0; i < r->n; i++) {
        const lem_judge_metric *m = &r->m[i];
        if (strcmp(m->name, name) == 0 && same(m->subset, subset) &&
            (!protocol || strcmp(m->protocol, protocol) == 0))
            return m;
    }
    return NULL;
}

double lem_judge_score_of(const lem_judge_item *it, int s, int i) {
    double v = it->score[s][i];
    if (!isnan(v)) return v;
    return it->right[i] ? -INFINITY : INFINITY;
}
