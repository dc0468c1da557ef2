/* ablate_json.c - an ablation as one JSON object (docs/ablations.md) */
#include "eval/ablate.h"

#include "core/object.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Takes item; false ends the list. */
static bool add(lem_json **list, lem_json *item) {
    if (*list && item && lem_json_append(*list, item)) return true;
    lem_json_free(*list);
    *list = NULL;
    return false;
}

static void put_interval(lem_object *o, const lem_eval_interval *at) {
    lem_object_num(o, "value", at->mean);
    lem_object_range(o, "ci95", at->lo, at->hi);
}

static lem_json *difference_json(const lem_eval_pairs *d) {
    lem_object o = lem_object_new();
    put_interval(&o, &d->at);
    lem_object_int(&o, "better", (uint64_t)d->better);
    lem_object_int(&o, "worse", (uint64_t)d->worse);
    if (isfinite(d->p)) lem_object_num(&o, "p", d->p);
    lem_object_bool(&o, "too_few", d->too_few);
    return lem_object_done(&o);
}

static lem_json *metric_json(const lem_ablation *a, const lem_arm *x, int j) {
    const lem_arm_metric *m = &x->m[j];
    lem_json *seeds = lem_json_new_array();
    lem_object o = lem_object_new();
    lem_object_str(&o, "name", a->name[j]);
    lem_object_str(&o, "protocol", a->protocol[j]);
    put_interval(&o, &m->at);
    lem_object_int(&o, "n", (uint64_t)a->problems);
    for (int s = 0; s < x->n_runs && add(&seeds, lem_json_new_num(m->seed[s])); s++) {}
    lem_object_json(&o, "seeds", seeds);
    if (isfinite(m->tokens)) lem_object_num(&o, "tokens", m->tokens);
    if (m->compared) lem_object_json(&o, "difference", difference_json(&m->less_base));
    return lem_object_done(&o);
}

static lem_json *arm_json(const lem_ablation *a, const lem_arm *x) {
    lem_json *files = lem_json_new_array(), *metrics = lem_json_new_array();
    lem_object o = lem_object_new();
    for (int s = 0; s < x->n_runs && add(&files, lem_json_new_str(a->run[x->run[s]].path)); s++) {}
    for (int j = 0; j < a->n_names && add(&metrics, metric_json(a, x, j)); j++) {}
    lem_object_str(&o, "name", x->name);
    if (isfinite(x->at)) lem_object_num(&o, "at", x->at);
    lem_object_bool(&o, "base", x->base);
    lem_object_int(&o, "seeds", (uint64_t)x->n_runs);
    lem_object_json(&o, "files", files);
    lem_object_int(&o, "left_out", (uint64_t)x->left_out);
    lem_object_json(&o, "metrics", metrics);
    return lem_object_done(&o);
}

/* ---- curves ---- */

typedef struct point {
    double x;
    const lem_arm_metric *m;
} point;

typedef struct curve {
    const char *arm;
    char metric[LEM_ABLATE_NAME];
    point at[LEM_ABLATE_MAX_RUNS];
    int n;
} curve;

static void add_point(curve *c, double x, const lem_arm_metric *m) {
    int i = c->n;
    if (!isfinite(x) || c->n == LEM_ABLATE_MAX_RUNS) return;
    for (; i > 0 && c->at[i - 1].x > x; i--) c->at[i] = c->at[i - 1];
    c->at[i] = (point){x, m};
    c->n++;
}

/* Whether metric j belongs to a curve of `family`; *x: its place on an axis of k or tokens. */
static bool in_family(const lem_ablation *a, int j, const char *family, const lem_arm_metric *m, double *x) {
    const char *at = strchr(a->name[j], '@');
    size_t n = at ? (size_t)(at - a->name[j]) : 0;
    if (n == 0 || strlen(family) != n || strncmp(a->name[j], family, n) != 0) return false;
    *x = a->o.axis == LEM_ABLATE_AXIS_TOKENS ? m->tokens : strtod(at + 1, NULL);
    return true;
}

static void fill(const lem_ablation *a, curve *c, int metric) {
    const char *at = strchr(a->name[metric], '@');
    bool places = a->o.axis == LEM_ABLATE_AXIS_PLACE;
    snprintf(c->metric, sizeof c->metric, "%.*s",
             places || !at ? LEM_ABLATE_NAME : (int)(at - a->name[metric]), a->name[metric]);
    for (int i = 0; i < a->n_arms; i++) {
        const lem_arm *x = &a->arm[i];
        double place;
        if (strcmp(x->name, c->arm) != 0) continue;
        if (places) add_point(c, x->at, &x->m[metric]);
        for (int j = 0; !places && j < a->n_names; j++)
            if (in_family(a, j, c->metric, &x->m[j], &place)) add_point(c, place, &x->m[j]);
    }
}

static lem_json *curve_json(const curve *c) {
    lem_json *points = lem_json_new_array();
    lem_object o = lem_object_new();
    bool ok = points != NULL;
    for (int i = 0; ok && i < c->n; i++) {
        lem_object p = lem_object_new();
        lem_object_num(&p, "x", c->at[i].x);
        put_interval(&p, &c->at[i].m->at);
        if (c->at[i].m->compared) lem_object_json(&p, "difference", difference_json(&c->at[i].m->less_base));
        ok = add(&points, lem_object_done(&p));
    }
    lem_object_str(&o, "arm", c->arm);
    lem_object_str(&o, "metric", c->metric);
    lem_object_json(&o, "points", points);
    return lem_object_done(&o);
}

/* The first arm of this name, and of an axis of k the first metric of this family. */
static bool begins(const lem_ablation *a, int arm, int metric) {
    size_t n = strcspn(a->name[metric], "@");
    bool first = true;
    for (int i = 0; i < arm; i++) first = first && strcmp(a->arm[i].name, a->arm[arm].name) != 0;
    if (a->o.axis == LEM_ABLATE_AXIS_PLACE) return first;
    for (int j = 0; j < metric; j++)
        first = first && !(strcspn(a->name[j], "@") == n && strncmp(a->name[j], a->name[metric], n) == 0);
    return first;
}

static lem_json *curves_json(const lem_ablation *a) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL && a->o.axis != LEM_ABLATE_NO_AXIS;
    for (int j = 0; ok && j < a->n_names; j++)
        for (int i = 0; ok && i < a->n_arms; i++) {
            curve c = {.arm = a->arm[i].name};
            if (!begins(a, i, j)) continue;
            fill(a, &c, j);
            if (c.n) ok = add(&list, curve_json(&c));
        }
    return list;
}

/* ---- the object ---- */

static lem_json *axis_json(const lem_ablate_opts *o) {
    lem_object x = lem_object_new();
    lem_object_str(&x, "name", o->axis_name);
    lem_object_str(&x, "from", o->axis_from);
    lem_object_bool(&x, "log", o->log);
    return lem_object_done(&x);
}

static lem_json *names_json(const lem_ablation *a) {
    lem_json *list = lem_json_new_array();
    for (int j = 0; j < a->n_names && add(&list, lem_json_new_str(a->name[j])); j++) {}
    return list;
}

/* What spoils the figures of each run. */
static lem_json *warnings_json(const lem_ablation *a) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int r = 0; ok && r < a->n_runs; r++) {
        lem_json *of = lem_spoil_warnings(&a->run[r].d->spoil);
        ok = of != NULL;
        for (size_t i = 0; ok && i < lem_json_count(of); i++) {
            lem_buf b = {0};
            lem_buf_printf(&b, "%s: %s", a->run[r].path, lem_json_str(lem_json_at(of, i), ""));
            ok = !b.failed && add(&list, lem_json_new_str(lem_buf_str(&b)));
            lem_buf_release(&b);
        }
        lem_json_free(of);
    }
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

static lem_json *notes_json(void) {
    lem_json *list = lem_json_new_array();
    static const char *const notes[] = {
        "intervals: 95 % over problems, given these seeds; differences are paired, on the same problems",
        "an arm's values are means over its seeds, problem by problem"};
    for (size_t i = 0; i < 2 && add(&list, lem_json_new_str(notes[i])); i++) {}
    return list;
}

lem_json *lem_ablation_json(const lem_ablation *a, const lem_reference *published, const char *table) {
    lem_json *arms = lem_json_new_array();
    lem_object o = lem_object_new();
    for (int i = 0; i < a->n_arms && add(&arms, arm_json(a, &a->arm[i])); i++) {}
    lem_object_str(&o, "command", "ablate");
    if (a->o.title) lem_object_str(&o, "title", a->o.title);
    lem_object_int(&o, "problems", (uint64_t)a->problems);
    lem_object_str(&o, "base", a->o.base);
    lem_object_json(&o, "names", names_json(a));
    if (a->o.axis != LEM_ABLATE_NO_AXIS) lem_object_json(&o, "axis", axis_json(&a->o));
    lem_object_json(&o, "arms", arms);
    lem_object_json(&o, "curves", curves_json(a));
    if (published) lem_object_json(&o, "reference", lem_reference_json(published, table));
    lem_object_json(&o, "notes", notes_json());
    lem_object_json(&o, "warnings", warnings_json(a));
    return lem_object_done(&o);
}
