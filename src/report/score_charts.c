/* score_charts.c - scores of graded candidates as charts */
#include "report/score_charts.h"

#include "core/mem.h"
#include "eval/load.h"
#include "stats/auc.h"
#include "stats/rank.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BINS = 30, TENTHS = 10, ROC_POINTS = 101, MAX_ROC = 4 };

/* All candidates that have score s. */
typedef struct flat {
    double *score, *length; /* [n]; length NULL where it is not known */
    uint8_t *right;
    uint64_t n, n_right;
} flat;

static void flat_release(flat *f) {
    lem_free(f->score);
    lem_free(f->length);
    lem_free(f->right);
    *f = (flat){0};
}

static void flatten_problem(const lem_eval_problem *p, int s, flat *f) {
    for (int i = 0; i < p->n; i++) {
        if (!isfinite(p->score[s][i])) continue;
        f->score[f->n] = p->score[s][i];
        if (f->length) f->length[f->n] = p->length[i];
        f->n_right += p->correct[i];
        f->right[f->n++] = p->correct[i];
    }
}

static lem_status flatten(const lem_eval_data *d, int s, flat *f, lem_err *err) {
    bool lengths = d->n > 0;
    size_t all = (size_t)d->spoil.n + 1;
    for (int i = 0; i < d->n; i++) lengths = lengths && d->p[i].length;
    *f = (flat){.score = lem_alloc(all, sizeof(double), err)};
    if (f->score) f->right = lem_alloc(all, 1, err);
    if (f->right && lengths) f->length = lem_alloc(all, sizeof(double), err);
    if (!f->score || !f->right || (lengths && !f->length)) return LEM_EMEM;
    for (int i = 0; i < d->n; i++) flatten_problem(&d->p[i], s, f);
    return LEM_OK;
}

/* ---- right and wrong ---- */

static void histogram(lem_page *p, const flat *f, const char *scorer) {
    double x[BINS], y[2][BINS] = {{0}}, lo = INFINITY, hi = -INFINITY;
    char name[64], title[128];
    for (uint64_t i = 0; i < f->n; i++) {
        lo = fmin(lo, f->score[i]);
        hi = fmax(hi, f->score[i]);
    }
    if (!(hi > lo) || f->n_right == 0 || f->n_right == f->n) return;
    for (uint64_t i = 0; i < f->n; i++) {
        int bin = (int)((f->score[i] - lo) / (hi - lo) * BINS);
        y[f->right[i]][bin < BINS ? bin : BINS - 1]++;
    }
    for (int b = 0; b < BINS; b++) {
        x[b] = lo + (b + 0.5) * (hi - lo) / BINS;
        y[0][b] /= (double)(f->n - f->n_right);
        y[1][b] /= (double)f->n_right;
    }
    const lem_series series[] = {{"right", BINS, x, y[1], NULL, NULL}, {"wrong", BINS, x, y[0], NULL, NULL}};
    snprintf(name, sizeof name, "score-%.32s", scorer);
    snprintf(title, sizeof title, "Scores of right and of wrong candidates (%.40s)", scorer);
    lem_page_chart(p, &(lem_chart){name, title, "score", "share", true, false, false, series, 2});
}

/* ---- ROC ---- */

typedef struct roc {
    double x[ROC_POINTS], y[ROC_POINTS];
    char name[64];
} roc;

static int descending(const void *a, const void *b) {
    double x = ((const lem_auc_score *)a)->score, y = ((const lem_auc_score *)b)->score;
    return (x < y) - (x > y);
}

/* The share of right ones above the scores that let a share x of the wrong ones through, straight within
 * ties. */
static void trace(const lem_auc_score *s, uint64_t n, double right, double wrong, roc *r) {
    double tp = 0, fp = 0;
    int at = 0;
    for (uint64_t i = 0, k; i < n; i += k) {
        double more[2] = {0, 0};
        for (k = 0; i + k < n && s[i + k].score >= s[i].score; k++) more[s[i + k].right]++;
        for (; at < ROC_POINTS && more[0] > 0 && fp + more[0] >= at * wrong / (ROC_POINTS - 1); at++) {
            double want = at * wrong / (ROC_POINTS - 1);
            r->x[at] = want / wrong;
            r->y[at] = (tp + (want - fp) / more[0] * more[1]) / right;
        }
        tp += more[1];
        fp += more[0];
    }
    for (; at < ROC_POINTS; at++) r->x[at] = (double)at / (ROC_POINTS - 1), r->y[at] = 1;
}

static lem_status roc_of(const flat *f, roc *r, lem_err *err) {
    lem_auc_score *s = lem_alloc(f->n + 1, sizeof *s, err);
    if (!s) return LEM_EMEM;
    for (uint64_t i = 0; i < f->n; i++) s[i] = (lem_auc_score){f->score[i], f->right[i], 0};
    qsort(s, f->n, sizeof *s, descending);
    trace(s, f->n, (double)f->n_right, (double)(f->n - f->n_right), r);
    lem_free(s);
    return LEM_OK;
}

static lem_status roc_chart(lem_page *p, const lem_eval_data *d, lem_err *err) {
    static const double ends[] = {0, 1};
    lem_series series[MAX_ROC + 1];
    roc *all = lem_alloc_zero(MAX_ROC, sizeof *all, err);
    lem_status st = all ? LEM_OK : LEM_EMEM;
    int n = 0;
    for (int s = 0; st == LEM_OK && s < d->n_scorers && n < MAX_ROC; s++) {
        flat f;
        st = flatten(d, s, &f, err);
        bool both = f.n_right > 0 && f.n_right < f.n;
        if (st == LEM_OK && both) {
            snprintf(all[n].name, sizeof all[n].name, "%.60s", d->scorers[s]);
            st = roc_of(&f, &all[n], err);
            series[n] = (lem_series){all[n].name, ROC_POINTS, all[n].x, all[n].y, NULL, NULL};
            n++;
        }
        flat_release(&f);
    }
    if (st == LEM_OK && n) {
        series[n++] = (lem_series){"chance", 2, ends, ends, NULL, NULL};
        lem_page_chart(p, &(lem_chart){"roc", "Right candidates found against wrong ones let through",
                                       "share of the wrong ones", "share of the right ones", true, false,
                                       false, series, n});
    }
    lem_free(all);
    return st;
}

/* ---- calibration ---- */

static void calibration(lem_page *p, const flat *f, const char *scorer) {
    double n[TENTHS] = {0}, sum[TENTHS] = {0}, right[TENTHS] = {0}, x[TENTHS], y[TENTHS];
    const double ends[] = {0, 1};
    char title[128];
    int points = 0;
    for (uint64_t i = 0; i < f->n; i++) {
        if (f->score[i] < 0 || f->score[i] > 1) return;
        int b = (int)(f->score[i] * TENTHS);
        if (b == TENTHS) b--;
        n[b]++;
        sum[b] += f->score[i];
        right[b] += f->right[i];
    }
    for (int b = 0; b < TENTHS; b++) {
        if (n[b] < 1) continue;
        x[points] = sum[b] / n[b];
        y[points++] = right[b] / n[b];
    }
    if (points < 2) return;
    const lem_series series[] = {{"right among candidates of this score", points, x, y, NULL, NULL},
                                 {"as the score says", 2, ends, ends, NULL, NULL}};
    snprintf(title, sizeof title, "Calibration (%.40s)", scorer);
    lem_page_chart(p, &(lem_chart){"calibration", title, "score", "right", true, false, true, series, 2});
}

/* ---- length ---- */

typedef struct by_length {
    double length, rank;
    uint8_t right;
} by_length;

static int shorter(const void *a, const void *b) {
    double x = ((const by_length *)a)->length, y = ((const by_length *)b)->length;
    return (x > y) - (x < y);
}

typedef struct tenths {
    double x[TENTHS], right[TENTHS], rank[TENTHS];
    int n;
} tenths;

/* Tenths of l [n], by length; those of one length stay together. */
static void cut_tenths(const by_length *l, uint64_t n, tenths *t) {
    for (uint64_t from = 0, to; from < n; from = to) {
        double x = 0, right = 0, rank = 0;
        uint64_t tenth = from * TENTHS / n, want = ((tenth + 1) * n + TENTHS - 1) / TENTHS;
        for (to = from; to < n && (to < want || l[to].length <= l[to - 1].length); to++) {
            x += l[to].length;
            right += l[to].right;
            rank += l[to].rank;
        }
        t->x[t->n] = x / (double)(to - from);
        t->right[t->n] = right / (double)(to - from);
        t->rank[t->n++] = rank / (double)(to - from);
    }
}

static lem_status length_chart(lem_page *p, const flat *f, const char *scorer, lem_err *err) {
    tenths t = {.n = 0};
    char title[160];
    if (!f->length || f->n < 10 * TENTHS || f->n > INT32_MAX) return LEM_OK;
    by_length *l = lem_alloc(f->n, sizeof *l, err);
    lem_rank_item *order = lem_alloc(f->n, sizeof *order, err);
    double *r = lem_alloc(f->n, sizeof *r, err);
    lem_status st = l && order && r ? LEM_OK : LEM_EMEM;
    if (st == LEM_OK) {
        lem_ranks((int)f->n, f->score, order, r);
        for (uint64_t i = 0; i < f->n; i++)
            l[i] = (by_length){f->length[i], r[i] / (2 * (double)f->n), f->right[i]};
        qsort(l, f->n, sizeof *l, shorter);
        cut_tenths(l, f->n, &t);
        const lem_series series[] = {
            {"right", t.n, t.x, t.right, NULL, NULL},
            {"mean rank of the score (half: as good as any)", t.n, t.x, t.rank, NULL, NULL}};
        snprintf(title, sizeof title, "By length of the candidate, in tenths of them (%.40s)", scorer);
        if (t.n > 1)
            lem_page_chart(p, &(lem_chart){"length", title, "length", "share", true, false, true, series, 2});
    }
    lem_free(l);
    lem_free(order);
    lem_free(r);
    return st;
}

static lem_status charts(lem_page *p, const char *title, const lem_eval_data *d, lem_err *err) {
    flat f;
    lem_status st = flatten(d, 0, &f, err);
    if (st == LEM_OK && f.n) {
        lem_page_section(p, title);
        histogram(p, &f, d->scorers[0]);
        st = roc_chart(p, d, err);
        if (st == LEM_OK) calibration(p, &f, d->scorers[0]);
        if (st == LEM_OK) st = length_chart(p, &f, d->scorers[0], err);
    }
    flat_release(&f);
    return st;
}

lem_status lem_report_score_charts(lem_page *p, const char *title, const char *path,
                                   const lem_row_judge *judge, lem_err *err) {
    const lem_eval_load how = {.limit = -1, .no_votes = true, .judge = judge};
    lem_eval_data d = {0};
    lem_candidates_map *map = lem_candidates_map_new(err);
    if (!map) return LEM_EMEM;
    lem_status st = lem_eval_data_load(path, map, &how, &d, err);
    if (st == LEM_OK && d.n_scorers) st = charts(p, title, &d, err);
    else if (st == LEM_EDATA) st = LEM_OK;
    lem_eval_data_release(&d);
    lem_candidates_map_free(map);
    return st;
}
