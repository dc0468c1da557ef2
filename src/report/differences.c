/* differences.c - paired differences of a result: the claim in words, the bands over k, the table */
#include "report/metrics_priv.h"

#include "core/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In percentage points, without a negative zero. */
static double points_of(double v) { return fabs(100 * v) < 0.05 ? 0 : 100 * v; }

typedef struct sides {
    char a[LEM_RESULT_NAME], b[LEM_RESULT_NAME]; /* families */
    long k;
} sides;

/* "rm@8-maj@8". */
static bool split_sides(const char *name, sides *out) {
    const char *at = strchr(name, '@'), *dash = at ? strchr(at, '-') : NULL;
    char left[LEM_RESULT_NAME];
    long k = 0;
    if (!dash || (size_t)(dash - name) >= sizeof left) return false;
    snprintf(left, sizeof left, "%.*s", (int)(dash - name), name);
    return lem_result_split(left, out->a, &out->k) && lem_result_split(dash + 1, out->b, &k) && k == out->k;
}

/* Differences at the headline's k (all, where none is at that k), by the charts' protocol. */
static bool is_shown(const lem_result_metrics *m, const lem_result_metrics *d, const lem_result_metric *x) {
    long k = lem_result_headline_k(m);
    bool some = false;
    sides s;
    for (int i = 0; i < d->n && !some; i++) some = split_sides(d->at[i].name, &s) && s.k == k;
    if (!isfinite(x->value) || strcmp(x->protocol, m->exact) != 0) return false;
    return !some || (split_sides(x->name, &s) && s.k == k);
}

/* ---- in words ---- */

enum { MAX_CLAIMS = 8 };

static void claim(const lem_result_metric *x, lem_buf *out) {
    sides s;
    double v = points_of(x->value), lo = points_of(x->lo), hi = points_of(x->hi);
    const char *more = v > 0 ? "more" : "less";
    if (!split_sides(x->name, &s) || !isfinite(lo) || !isfinite(hi)) return;
    if (x->better + x->worse == 0)
        lem_buf_printf(out, "%s@%ld and %s@%ld do the same on every problem.", s.a, s.k, s.b, s.k);
    else if (x->too_few)
        lem_buf_printf(
            out,
            "%s@%ld against %s@%ld: %+.1f points, but only %lld problems differ: nothing can be concluded.",
            s.a, s.k, s.b, s.k, v, (long long)(x->better + x->worse));
    else if (x->lo > 0 || x->hi < 0)
        lem_buf_printf(out, "%s@%ld solves %.1f points %s than %s@%ld (95 %% interval %+.1f to %+.1f).", s.a,
                       s.k, fabs(v), more, s.b, s.k, lo, hi);
    else
        lem_buf_printf(
            out, "%s@%ld and %s@%ld cannot be told apart: %+.1f points (95 %% interval %+.1f to %+.1f).", s.a,
            s.k, s.b, s.k, v, lo, hi);
    if (!x->too_few && x->better >= 0)
        lem_buf_printf(out, " It is better on %lld problems and worse on %lld.", (long long)x->better,
                       (long long)x->worse);
}

void lem_report_claims(lem_page *p, const lem_result_metrics *m, const lem_result_metrics *d) {
    int n = 0;
    for (int i = 0; i < d->n && n < MAX_CLAIMS; i++) {
        lem_buf b = {0};
        if (is_shown(m, d, &d->at[i])) claim(&d->at[i], &b);
        if (b.len) {
            lem_page_paragraph(p, lem_buf_str(&b));
            n++;
        }
        lem_buf_release(&b);
    }
}

/* ---- over k ---- */

typedef struct band {
    double x[LEM_MAX_RESULT_KS], y[LEM_MAX_RESULT_KS], lo[LEM_MAX_RESULT_KS], hi[LEM_MAX_RESULT_KS];
    char a[LEM_RESULT_NAME], name[2 * LEM_RESULT_NAME + 8];
    int n;
} band;

/* Others have a value at a k between. */
static bool is_between(const lem_result_metrics *m, double before, long k) {
    for (int i = 0; i < m->n_ks; i++)
        if ((double)m->ks[i] > before && m->ks[i] < k) return true;
    return false;
}

/* Adds a difference against the majority to the band of its score; metrics stand in the order of k. */
static void add_point(const lem_result_metrics *m, band *all, int *n, const lem_result_metric *x,
                      const sides *s) {
    int i = 0;
    while (i < *n && strcmp(all[i].a, s->a) != 0) i++;
    if (i == *n) {
        if (*n == LEM_MAX_CURVES) return;
        (*n)++;
        snprintf(all[i].a, sizeof all[i].a, "%s", s->a);
        snprintf(all[i].name, sizeof all[i].name, "%s@k \xe2\x88\x92 %s@k", s->a, s->b);
    }
    band *b = &all[i];
    if (b->n && b->x[b->n - 1] >= (double)s->k) return;
    if (b->n && is_between(m, b->x[b->n - 1], s->k) &&
        b->n < LEM_MAX_RESULT_KS) { /* a gap: nothing is known */
        b->x[b->n] = b->x[b->n - 1];
        b->y[b->n] = b->lo[b->n] = b->hi[b->n] = NAN;
        b->n++;
    }
    if (b->n == LEM_MAX_RESULT_KS) return;
    b->x[b->n] = (double)s->k;
    b->y[b->n] = x->value;
    b->lo[b->n] = x->lo;
    b->hi[b->n++] = x->hi;
}

lem_status lem_report_difference_curves(lem_page *p, const lem_result_metrics *m, const lem_result_metrics *d,
                                        const char *csv, lem_err *err) {
    band *all = lem_alloc_zero(LEM_MAX_CURVES, sizeof *all, err);
    lem_series series[LEM_MAX_CURVES];
    char name[128];
    int n = 0, shown = 0;
    sides s;
    if (!all) return LEM_EMEM;
    for (int i = 0; i < d->n; i++)
        if (isfinite(d->at[i].value) && strcmp(d->at[i].protocol, m->exact) == 0 &&
            split_sides(d->at[i].name, &s) && s.k > 1 && strcmp(s.b, "maj") == 0)
            add_point(m, all, &n, &d->at[i], &s);
    for (int i = 0; i < n; i++)
        if (all[i].n > 1)
            series[shown++] = (lem_series){all[i].name, all[i].n, all[i].x, all[i].y, all[i].lo, all[i].hi};
    snprintf(name, sizeof name, "%s-difference-curves", csv);
    if (shown)
        lem_page_chart(p, &(lem_chart){name,
                                       "Gain on the majority vote, on the same problems, with 95 % intervals",
                                       "k (candidates)", "gain", true, true, true, series, shown});
    lem_free(all);
    return LEM_OK;
}

/* ---- as a table ---- */

enum { DIFFERENCE_COLUMNS = 5, MAX_DIFFERENCES = 48 };

typedef struct difference_rows {
    const char *cell[MAX_DIFFERENCES * DIFFERENCE_COLUMNS];
    char value[MAX_DIFFERENCES][32], ci[MAX_DIFFERENCES][64], evidence[MAX_DIFFERENCES][64];
    int n;
} difference_rows;

/* How many problems a difference rests on, where the file says so. */
static const char *evidence_text(const lem_result_metric *x, char out[64]) {
    out[0] = '\0';
    if (x->better < 0 || x->worse < 0) return out;
    if (x->too_few) snprintf(out, 64, "too few differ (%lld)", (long long)(x->better + x->worse));
    else snprintf(out, 64, "better on %lld, worse on %lld", (long long)x->better, (long long)x->worse);
    return out;
}

static void difference_row(difference_rows *r, const lem_result_metric *x) {
    if (r->n == MAX_DIFFERENCES) return;
    char *value = r->value[r->n], *ci = r->ci[r->n];
    snprintf(value, sizeof r->value[0], "%+.1f", points_of(x->value));
    ci[0] = '\0';
    if (isfinite(x->lo) && isfinite(x->hi))
        snprintf(ci, sizeof r->ci[0], "[%+.1f, %+.1f]", points_of(x->lo), points_of(x->hi));
    const char *row[DIFFERENCE_COLUMNS] = {x->name, x->protocol, value, ci,
                                           evidence_text(x, r->evidence[r->n])};
    memcpy(r->cell + (size_t)r->n++ * DIFFERENCE_COLUMNS, row, sizeof row);
}

void lem_report_difference_table(lem_page *p, const lem_result_metrics *m, const lem_result_metrics *d,
                                 const char *csv) {
    static const lem_column column[DIFFERENCE_COLUMNS] = {{"difference", false},
                                                          {"protocol", false},
                                                          {"points", true},
                                                          {"95 % interval", true},
                                                          {"problems", false}};
    difference_rows r = {.n = 0};
    char name[128];
    for (int i = 0; i < d->n; i++)
        if (is_shown(m, d, &d->at[i])) difference_row(&r, &d->at[i]);
    snprintf(name, sizeof name, "%s-differences", csv);
    if (r.n)
        lem_page_table(p, &(lem_table){name, "Paired differences on the same problems, in percentage points",
                                       column, DIFFERENCE_COLUMNS, r.n, r.cell, -1});
}
