/* judge_steps.c - measures of benchmarks that ask where a solution goes wrong */
#include "eval/judge_priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char protocol[] = "threshold";

/* ---- processbench ---- */

/* The first step that is called wrong, -1 none, -2 unknown. */
static int predicted(const lem_judge_item *it, double threshold) {
    if (it->prediction != -2) return it->prediction;
    if (it->n_step < 0) return -2;
    for (int k = 0; k < it->n_step; k++)
        if (it->step[k] < threshold) return k;
    return -1;
}

/* Thresholds t with lo < t <= hi find the label of a solution. */
typedef struct span {
    double lo, hi;
} span;

static bool span_of(const lem_judge_item *it, span *out) {
    double low = INFINITY;
    if (it->n_step < 0 || it->label >= it->n_step) return false;
    int end = it->label < 0 ? it->n_step : it->label;
    for (int k = 0; k < end; k++) low = fmin(low, it->step[k]);
    *out = (span){it->label < 0 ? -INFINITY : it->step[it->label], low};
    return out->lo < out->hi;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* How many of sorted v[0..n) are < t, or, with the other sense, < t of upper ends that end before t. */
static int below(const double *v, int n, double t) {
    int lo = 0, hi = n;
    while (lo < hi) {
        int mid = (lo + hi) / 2;
        if (v[mid] < t) lo = mid + 1;
        else hi = mid;
    }
    return lo;
}

typedef struct side { /* solutions with an error, or those without */
    double *lo, *hi;  /* sorted ends of spans */
    int n, spans;
} side;

static double share_at(const side *s, double t) {
    int found = below(s->lo, s->spans, t) - below(s->hi, s->spans, t);
    return s->n ? (double)found / s->n : 0;
}

static double f1_at(const side s[2], double t) {
    double a = share_at(&s[0], t), b = share_at(&s[1], t);
    return a + b > 0 ? 2 * a * b / (a + b) : 0;
}

/* Below all scores, halfway between neighbours, above all. cut[0..n) sorted. */
static double best_cut(const side s[2], const double *cut, int n) {
    double best = n ? cut[0] - 1 : 0.5, most = f1_at(s, best);
    for (int i = 0; i < n; i++) {
        double t = cut[i] + 1;
        if (i + 1 < n) t = cut[i] + (cut[i + 1] - cut[i]) / 2;
        if (i + 1 < n && !(t > cut[i])) t = cut[i + 1]; /* neighbours with nothing between them */
        double f = f1_at(s, t);
        if (f > most) most = f, best = t;
    }
    return best;
}

static void collect(const lem_judge_data *d, int subset, side s[2], double *cut, int *n_cut) {
    for (int i = 0; i < d->n; i++) {
        const lem_judge_item *it = &d->item[i];
        side *x = &s[it->label < 0];
        span at;
        if (it->subset != subset) continue;
        x->n++;
        if (!span_of(it, &at)) continue;
        x->lo[x->spans] = at.lo;
        x->hi[x->spans++] = at.hi;
        if (isfinite(at.lo)) cut[(*n_cut)++] = at.lo;
        if (isfinite(at.hi)) cut[(*n_cut)++] = at.hi;
    }
    for (int k = 0; k < 2; k++) {
        qsort(s[k].lo, (size_t)s[k].spans, sizeof(double), ascending);
        qsort(s[k].hi, (size_t)s[k].spans, sizeof(double), ascending);
    }
    qsort(cut, (size_t)*n_cut, sizeof *cut, ascending);
}

static lem_status choose_threshold(const lem_judge_data *d, int subset, double *out, lem_err *err) {
    size_t n = (size_t)d->n;
    double *room = lem_alloc(6 * n + 1, sizeof *room, err);
    if (!room) return LEM_EMEM;
    side s[2] = {{room, room + n, 0, 0}, {room + 2 * n, room + 3 * n, 0, 0}};
    int n_cut = 0;
    collect(d, subset, s, room + 4 * n, &n_cut);
    *out = best_cut(s, room + 4 * n, n_cut);
    lem_free(room);
    return LEM_OK;
}

static lem_status take_threshold(lem_judge_result *r, const lem_judge_how *o, lem_err *err) {
    const lem_judge_data *d = r->d;
    r->threshold = o->threshold;
    if (d->n && d->item[0].prediction != -2 && d->kind == LEM_JUDGE_PROCESSBENCH) {
        r->threshold = NAN; /* verdicts, not scores */
        if (o->threshold_from)
            return lem_fail(err, LEM_EUSAGE,
                            "--threshold-from: the file has verdicts (prediction) and no scores");
        return LEM_OK;
    }
    if (!o->threshold_from) return LEM_OK;
    for (int b = 0; b < d->n_subsets; b++) {
        if (strcmp(d->subset[b], o->threshold_from) != 0) continue;
        r->threshold_from = d->subset[b];
        return choose_threshold(d, b, &r->threshold, err);
    }
    return lem_fail(err, LEM_EUSAGE, "--threshold-from: no row is of subset '%.60s'", o->threshold_from);
}

/* f1 of both shares. Where solutions of one problem stand on both sides, these are not independent: then by
 * how each solution moves it. */
static lem_status join_sides(lem_judge_result *r, int subset, const lem_judge_metric share[2],
                             lem_judge_values *pull, lem_judge_metric *f1, lem_err *err) {
    const lem_judge_data *d = r->d;
    double a = share[0].at.mean, b = share[1].at.mean;
    f1->at = (lem_eval_interval){NAN, NAN, NAN};
    if (isnan(a) || isnan(b)) return LEM_OK;
    f1->at = lem_judge_f1(share[0].at, share[1].at, f1->few);
    if (!lem_judge_repeats(d) || f1->few) return LEM_OK;
    const double slope[2] = {2 * b * b / ((a + b) * (a + b)) / share[0].n,
                             2 * a * a / ((a + b) * (a + b)) / share[1].n};
    pull->n = 0;
    for (int i = 0; i < d->n; i++) {
        const lem_judge_item *it = &d->item[i];
        int k = it->label < 0;
        bool found = predicted(it, r->threshold) == it->label;
        if (lem_judge_is_in(it, subset))
            lem_judge_values_add(pull, it, slope[k] * (found - share[k].at.mean));
    }
    return lem_judge_clustered(f1->at.mean, pull, false, &f1->at, err);
}

/* error, correct and f1 of one subset (-1: all rows); *f1 receives the last. */
static lem_status add_subset(lem_judge_result *r, int subset, lem_judge_values *v, lem_eval_interval *f1,
                             lem_err *err) {
    static const char *const names[] = {"error", "correct"};
    const lem_judge_data *d = r->d;
    const char *title = subset < 0 ? NULL : d->subset[subset];
    lem_judge_metric share[2];
    for (int k = 0; k < 2; k++) {
        v->n = 0;
        for (int i = 0; i < d->n; i++) {
            const lem_judge_item *it = &d->item[i];
            if (!lem_judge_is_in(it, subset) || (it->label < 0) != (k == 1)) continue;
            lem_judge_values_add(v, it, predicted(it, r->threshold) == it->label);
        }
        lem_status st = lem_judge_add_mean(r, names[k], protocol, title, v, -1, err);
        if (st) return st;
        share[k] = r->m[r->n - 1];
    }
    lem_judge_metric *m = lem_judge_add(r, "f1", protocol, title, err);
    if (!m) return LEM_EMEM;
    m->few = share[0].few || share[1].few;
    m->n = share[0].n + share[1].n;
    lem_status st = join_sides(r, subset, share, v, m, err);
    *f1 = m->at;
    return st;
}

lem_status lem_judge_measure_first(lem_judge_result *r, const lem_judge_how *o, lem_err *err) {
    const lem_judge_data *d = r->d;
    lem_eval_interval all, *f1 = lem_alloc((size_t)d->n_subsets, sizeof *f1, err);
    lem_judge_values v = {NULL, NULL, 0};
    int n = 0;
    lem_status st = f1 ? lem_judge_values_make(&v, d->n, err) : LEM_EMEM;
    if (st == LEM_OK) st = take_threshold(r, o, err);
    for (int b = 0; st == LEM_OK && b < d->n_subsets; b++) {
        st = add_subset(r, b, &v, &f1[n], err);
        n += st == LEM_OK && !isnan(f1[n].mean);
    }
    if (st == LEM_OK && d->n_subsets > 1 && n) {
        lem_judge_metric *m = lem_judge_add(r, "f1", protocol, LEM_JUDGE_MEAN, err);
        if (m) m->at = lem_judge_mean_of(d, f1, n), m->n = n;
        else st = LEM_EMEM;
    }
    if (st == LEM_OK && d->n_subsets > 1) st = add_subset(r, -1, &v, &all, err);
    lem_judge_values_release(&v);
    lem_free(f1);
    return st;
}

/* ---- prmbench ---- */

typedef struct matrix { /* of steps; a right one is positive */
    double tp, fp, tn, fn;
} matrix;

static bool is_wrong(const lem_judge_item *it, int step) {
    for (int i = 0; i < it->n_wrong; i++)
        if (it->wrong[i] == step) return true;
    return false;
}

/* Of a solution without scores every step is called what it is not. */
static matrix count_steps(const lem_judge_item *it, double threshold) {
    matrix m = {0, 0, 0, 0};
    int n = it->n_step < 0 ? it->given : it->n_step;
    for (int k = 0; k < n; k++) {
        bool wrong = is_wrong(it, k), called_right = wrong;
        if (it->n_step >= 0) called_right = it->step[k] >= threshold;
        m.tp += called_right && !wrong;
        m.fp += called_right && wrong;
        m.tn += !called_right && wrong;
        m.fn += !called_right && !wrong;
    }
    return m;
}

/* 2h / (2h + a + b) of sums over solutions, and how each solution moves it (added to pull by weight). */
typedef struct ratio {
    double hits, misses; /* sums of 2h and of a + b */
} ratio;

static ratio part(const matrix *m, bool negative) {
    return (ratio){2 * (negative ? m->tn : m->tp), m->fp + m->fn};
}

static double ratio_value(ratio r) { return r.hits > 0 ? r.hits / (r.hits + r.misses) : 0; }

static void add_pull(const matrix *m, bool negative, ratio sum, double weight, lem_judge_values *pull) {
    double value = ratio_value(sum), all = sum.hits + sum.misses;
    for (int i = 0; i < pull->n; i++) {
        ratio x = part(&m[i], negative);
        pull->v[i] += weight * (x.hits - value * (x.hits + x.misses)) / all;
    }
}

typedef struct class_work {
    matrix *m;             /* of the class's solutions */
    lem_judge_values pull; /* as many */
    matrix sum;
} class_work;

/* Few of the right steps, or of the wrong ones, are called right, or wrong. */
static bool is_few(const matrix *m) {
    return fmin(fmin(m->tp, m->fn), fmin(m->tn, m->fp)) < LEM_EVAL_FEW_EVENTS;
}

/* weight[0] of f1 and weight[1] of negative f1. */
static lem_status add_ratio(lem_judge_result *r, const char *name, const char *class, class_work *w,
                            const double weight[2], lem_err *err) {
    const bool has[2] = {w->sum.tp + w->sum.fn > 0, w->sum.tn + w->sum.fp > 0};
    lem_judge_metric *m = lem_judge_add(r, name, protocol, class, err);
    if (!m) return LEM_EMEM;
    double value = 0;
    m->n = w->pull.n;
    m->at = (lem_eval_interval){NAN, NAN, NAN};
    memset(w->pull.v, 0, (size_t)w->pull.n * sizeof *w->pull.v);
    for (int k = 0; k < 2; k++) {
        if (!(weight[k] > 0)) continue;
        if (!has[k]) return LEM_OK;
        ratio sum = part(&w->sum, k == 1);
        value += weight[k] * ratio_value(sum);
        add_pull(w->m, k == 1, sum, weight[k], &w->pull);
    }
    m->few = is_few(&w->sum);
    return lem_judge_clustered(value, &w->pull, m->few, &m->at, err);
}

static bool is_control(const lem_judge_data *d, int subset) {
    return strcmp(d->subset[subset], "correct") == 0;
}

/* class -1: all but the controls. */
static lem_status add_class(lem_judge_result *r, int class, class_work *w, lem_err *err) {
    const lem_judge_data *d = r->d;
    const char *title = class < 0 ? NULL : d->subset[class];
    lem_status st = LEM_OK;
    w->pull.n = 0;
    w->sum = (matrix){0, 0, 0, 0};
    for (int i = 0; i < d->n; i++) {
        const lem_judge_item *it = &d->item[i];
        if (class < 0 ? is_control(d, it->subset) : it->subset != class) continue;
        matrix m = count_steps(it, r->threshold);
        w->m[w->pull.n] = m;
        lem_judge_values_add(&w->pull, it, 0);
        w->sum.tp += m.tp;
        w->sum.fp += m.fp;
        w->sum.tn += m.tn;
        w->sum.fn += m.fn;
    }
    LEM_TRY(add_ratio(r, "f1", title, w, (const double[]){1, 0}, err));
    LEM_TRY(add_ratio(r, "negative-f1", title, w, (const double[]){0, 1}, err));
    LEM_TRY(add_ratio(r, "prmscore", title, w, (const double[]){0.5, 0.5}, err));
done:
    return st;
}

lem_status lem_judge_measure_steps(lem_judge_result *r, const lem_judge_how *o, lem_err *err) {
    const lem_judge_data *d = r->d;
    class_work w = {.m = lem_alloc((size_t)d->n, sizeof *w.m, err)};
    lem_status st = w.m ? lem_judge_values_make(&w.pull, d->n, err) : LEM_EMEM;
    if (st == LEM_OK && o->threshold_from)
        st = lem_fail(err, LEM_EUSAGE, "--threshold-from is for processbench; PRMBench's threshold is 0.5");
    r->threshold = o->threshold;
    for (int b = 0; st == LEM_OK && b < d->n_subsets; b++) st = add_class(r, b, &w, err);
    if (st == LEM_OK) st = add_class(r, -1, &w, err);
    lem_free(w.m);
    lem_judge_values_release(&w.pull);
    return st;
}
