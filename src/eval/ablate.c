/* ablate.c - the arms of an ablation: names of metrics, means over seeds, differences from the base */
#include "eval/ablate.h"

#include "core/mem.h"
#include "eval/values.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- arms ---- */

static bool same_place(double x, double y) { return x == y || (isnan(x) && isnan(y)); }

static lem_arm *arm_of(lem_ablation *a, const lem_ablate_run *r) {
    for (int i = 0; i < a->n_arms; i++)
        if (strcmp(a->arm[i].name, r->arm) == 0 && same_place(a->arm[i].at, r->at)) return &a->arm[i];
    lem_arm *x = &a->arm[a->n_arms++];
    x->name = r->arm;
    x->at = r->at;
    return x;
}

static lem_status make_arms(lem_ablation *a, lem_err *err) {
    const char *base = a->o.base ? a->o.base : a->run[0].arm;
    bool found = false;
    a->o.base = base;
    a->arm = lem_alloc_zero((size_t)a->n_runs, sizeof *a->arm, err);
    if (!a->arm) return LEM_EMEM;
    for (int r = 0; r < a->n_runs; r++) {
        lem_arm *x = arm_of(a, &a->run[r]);
        x->run[x->n_runs++] = r;
        x->base = strcmp(x->name, base) == 0;
        found = found || x->base;
    }
    return found ? LEM_OK : lem_fail(err, LEM_EUSAGE, "the base '%s' is none of the arms", base);
}

/* The base of an arm; NULL where it has none. */
static const lem_arm *base_of(const lem_ablation *a, const lem_arm *x) {
    const lem_arm *only = NULL;
    int n = 0;
    for (int i = 0; i < a->n_arms; i++) {
        if (!a->arm[i].base) continue;
        if (same_place(a->arm[i].at, x->at)) return &a->arm[i];
        only = &a->arm[i];
        n++;
    }
    return n == 1 ? only : NULL;
}

/* ---- names of metrics ---- */

static lem_status add_name(lem_ablation *a, const char *family, int k, lem_err *err) {
    char name[LEM_ABLATE_NAME];
    int n = k ? snprintf(name, sizeof name, "%s@%d", family, k) : snprintf(name, sizeof name, "%s", family);
    if (n >= LEM_ABLATE_NAME) return lem_fail(err, LEM_EUSAGE, "the metric '%.70s' is none", family);
    for (int i = 0; i < a->n_names; i++)
        if (strcmp(a->name[i], name) == 0) return LEM_OK;
    if (a->n_names == LEM_ABLATE_MAX_NAMES)
        return lem_fail(err, LEM_EUSAGE, "more than %d metrics; name them, or fewer k", LEM_ABLATE_MAX_NAMES);
    memcpy(a->name[a->n_names++], name, sizeof name);
    return LEM_OK;
}

static lem_status add_family(lem_ablation *a, const char *family, lem_err *err) {
    lem_status st = LEM_OK;
    for (int j = 0; st == LEM_OK && j < a->o.n_ks; j++) st = add_name(a, family, a->o.ks[j], err);
    return st;
}

static bool over_k(const lem_ablation *a) {
    return a->o.axis == LEM_ABLATE_AXIS_K || a->o.axis == LEM_ABLATE_AXIS_TOKENS;
}

static lem_status usual_names(lem_ablation *a, const lem_matched *m, lem_err *err) {
    const char *family[2 + LEM_EVAL_MAX_SCORERS];
    int n = lem_matched_families(m, family), k = 1;
    lem_status st = over_k(a) ? LEM_OK : add_name(a, "pass", 1, err);
    while (2 * k <= m->least) k *= 2;
    for (int i = 0; st == LEM_OK && i < n; i++) {
        if (over_k(a)) st = add_family(a, family[i], err);
        else if (k > 1) st = add_name(a, family[i], k, err);
    }
    return st;
}

static lem_status make_names(lem_ablation *a, const lem_matched *m, lem_err *err) {
    lem_status st = LEM_OK;
    if (a->o.n_ks == 0)
        for (int k = 1; k <= m->least; k *= 2) a->o.ks[a->o.n_ks++] = k; /* least <= LEM_EVAL_MAX_N */
    if (a->o.n_names == 0) return usual_names(a, m, err);
    for (int i = 0; st == LEM_OK && i < a->o.n_names; i++) {
        const char *name = a->o.names[i];
        st = strchr(name, '@') ? add_name(a, name, 0, err) : add_family(a, name, err);
    }
    return st;
}

/* ---- values ---- */

static double mean_of(const double *v, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += v[i];
    return sum / n;
}

/* Tokens of k candidates of a problem, mean over problems; NAN where they are not known. */
static double tokens_of(const lem_matched_side *x, int n, long k) {
    double sum = 0;
    if (!x->d->has_tokens) return NAN;
    for (int i = 0; i < n; i++) sum += (double)k * mean_of(x->p[i].length, x->p[i].n);
    return sum / n;
}

static long k_of(const lem_matched_side *x, const char *name) {
    const char *at = strchr(name, '@');
    if (!at) return 0;
    return strcmp(at, "@all") == 0 ? x->d->max_n : strtol(at + 1, NULL, 10);
}

static void average(lem_matched *m, const lem_arm *x, const char *name, lem_arm_metric *out) {
    out->tokens = 0;
    for (int s = 0; s < x->n_runs; s++) {
        const lem_matched_side *side = &m->side[x->run[s]];
        for (int i = 0; i < m->n; i++) out->v[i] += side->v[i];
        out->seed[s] = mean_of(side->v, m->n);
        out->tokens += tokens_of(side, m->n, k_of(side, name)) / x->n_runs;
    }
    for (int i = 0; i < m->n; i++) out->v[i] /= x->n_runs;
    out->at = lem_eval_clusters_mean(&m->clusters, out->v);
}

static lem_status measure(lem_ablation *a, lem_matched *m, int j, lem_err *err) {
    const char *names[LEM_ABLATE_MAX_RUNS];
    for (int r = 0; r < a->n_runs; r++) names[r] = a->name[j];
    lem_status st = lem_matched_values(m, names, &a->protocol[j], err);
    for (int i = 0; st == LEM_OK && i < a->n_arms; i++) {
        lem_arm_metric *x = &a->arm[i].m[j];
        x->v = lem_alloc_zero((size_t)m->n, sizeof *x->v, err);
        if (!x->v) return LEM_EMEM;
        average(m, &a->arm[i], a->name[j], x);
        if (a->o.axis == LEM_ABLATE_AXIS_TOKENS && isnan(x->tokens))
            return lem_fail(err, LEM_EUSAGE, "%s: the candidates have no 'tokens', which the axis asks for",
                            a->run[a->arm[i].run[0]].path);
    }
    for (int i = 0; st == LEM_OK && i < a->n_arms; i++) {
        lem_arm_metric *x = &a->arm[i].m[j];
        const lem_arm *base = a->arm[i].base ? NULL : base_of(a, &a->arm[i]);
        x->compared = base != NULL;
        if (base) x->less_base = lem_eval_clusters_paired(&m->clusters, x->v, base->m[j].v);
    }
    return st;
}

static lem_status match_runs(const lem_ablation *a, lem_matched *m, lem_err *err) {
    const lem_eval_data *d[LEM_ABLATE_MAX_RUNS];
    const char *names[LEM_ABLATE_MAX_RUNS];
    for (int r = 0; r < a->n_runs; r++) {
        d[r] = a->run[r].d;
        names[r] = a->run[r].path;
    }
    return lem_eval_match(d, names, a->n_runs, m, err);
}

lem_status lem_eval_ablate(const lem_ablate_run *runs, int n_runs, const lem_ablate_opts *o,
                           lem_ablation *out, lem_err *err) {
    lem_ablation a = {.run = runs, .n_runs = n_runs, .o = *o};
    lem_matched m = {0};
    lem_status st = LEM_OK;
    if (n_runs < 1 || n_runs > LEM_ABLATE_MAX_RUNS)
        return lem_fail(err, LEM_EUSAGE, "%d runs; 1 to %d are supported", n_runs, LEM_ABLATE_MAX_RUNS);
    LEM_TRY(make_arms(&a, err));
    LEM_TRY(match_runs(&a, &m, err));
    a.problems = m.n;
    LEM_TRY(make_names(&a, &m, err));
    for (int i = 0; i < a.n_arms; i++) {
        lem_arm *x = &a.arm[i];
        for (int s = 0; s < x->n_runs; s++) x->left_out += runs[x->run[s]].d->n - m.n;
        x->m = lem_alloc_zero((size_t)a.n_names, sizeof *x->m, err);
        if (!x->m) LEM_TRY(LEM_EMEM);
    }
    for (int j = 0; j < a.n_names; j++) LEM_TRY(measure(&a, &m, j, err));
    *out = a;
    a = (lem_ablation){0};
done:
    lem_ablation_release(&a);
    lem_matched_release(&m);
    return st;
}

void lem_ablation_release(lem_ablation *a) {
    for (int i = 0; i < a->n_arms; i++) {
        for (int j = 0; a->arm[i].m && j < a->n_names; j++) lem_free(a->arm[i].m[j].v);
        lem_free(a->arm[i].m);
    }
    lem_free(a->arm);
    *a = (lem_ablation){0};
}
