/* strata.c - the problems of each value of a column, and their metrics */
#include "eval/strata.h"

#include "core/mem.h"
#include "core/object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct entry {
    const char *value;
    int problem;
} entry;

static int by_value(const void *a, const void *b) {
    const entry *x = a, *y = b;
    int c = strcmp(x->value, y->value);
    return c ? c : (x->problem > y->problem) - (x->problem < y->problem);
}

void lem_eval_strata_release(lem_eval_strata *s) {
    for (int i = 0; i < s->n; i++) lem_metrics_release(&s->at[i].m);
    lem_free(s->at);
    *s = (lem_eval_strata){0};
}

static lem_eval_opts opts_of(const lem_eval_opts *o) {
    lem_eval_opts x = *o;
    int k = o->ks[o->n_ks - 1];
    x.n_seeds = -1;
    x.pace = NULL;
    x.n_ks = 0;
    x.ks[x.n_ks++] = 1;
    if (k > 1) x.ks[x.n_ks++] = k;
    return x;
}

/* The exact values alone. */
static void keep_exact(lem_metrics *m) {
    int kept = 0;
    for (int i = 0; i < m->n; i++)
        if (strcmp(m->m[i].protocol, "exact") == 0) m->m[kept++] = m->m[i];
    m->n = kept;
    m->n_diff = 0;
}

/* The metrics of entries [n] of one value, in p as problems. */
static lem_status stratum(const lem_eval_data *d, const entry *e, int n, const lem_eval_opts *o,
                          lem_eval_problem *p, lem_eval_stratum *out, lem_err *err) {
    for (int i = 0; i < n; i++) p[i] = d->p[e[i].problem];
    *out = (lem_eval_stratum){.value = e->value, .n = n};
    lem_status st = lem_eval_metrics(p, n, o, &out->m, err);
    if (st == LEM_OK) keep_exact(&out->m);
    return st;
}

static lem_status fill(const lem_eval_data *d, const entry *e, const lem_eval_opts *o, lem_eval_problem *p,
                       lem_eval_strata *s, lem_err *err) {
    for (int i = 0, n; i < d->n; i += n) {
        for (n = 1; i + n < d->n && strcmp(e[i + n].value, e[i].value) == 0; n++) {}
        if (s->n == LEM_EVAL_MAX_VALUES)
            return lem_fail(err, LEM_EDATA, "column '%s' has more than %d values", s->column,
                            LEM_EVAL_MAX_VALUES);
        lem_status st = stratum(d, e + i, n, o, p, &s->at[s->n], err);
        if (st) return st;
        s->n++;
    }
    return LEM_OK;
}

lem_status lem_eval_strata_of(const lem_eval_data *d, int by, const lem_eval_opts *o, lem_eval_strata *out,
                              lem_err *err) {
    lem_eval_opts how = opts_of(o);
    lem_eval_strata s = {.column = d->by[by]};
    lem_status st = LEM_EMEM;
    entry *e = lem_alloc((size_t)d->n, sizeof *e, err);
    lem_eval_problem *p = e ? lem_alloc((size_t)d->n, sizeof *p, err) : NULL;
    s.at = p ? lem_alloc_zero(LEM_EVAL_MAX_VALUES, sizeof *s.at, err) : NULL;
    for (int i = 0; s.at && i < d->n; i++)
        e[i] = (entry){d->value[(size_t)i * LEM_EVAL_MAX_BY + (size_t)by], i};
    if (s.at) {
        qsort(e, (size_t)d->n, sizeof *e, by_value);
        st = fill(d, e, &how, p, &s, err);
    }
    lem_free(e);
    lem_free(p);
    if (st == LEM_OK) *out = s;
    else lem_eval_strata_release(&s);
    return st;
}

/* The mean over the values that have the metric; false where none has. */
static bool macro(const lem_eval_strata *s, const char *name, double *mean) {
    int n = 0;
    *mean = 0;
    for (int i = 0; i < s->n; i++) {
        const lem_metric *m = lem_metrics_find(&s->at[i].m, name, "exact");
        if (m) *mean += m->at.mean;
        n += m != NULL;
    }
    if (n) *mean /= n;
    return n > 0;
}

static lem_json *macro_json(const lem_eval_strata *s) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int i = 0; ok && s->n && i < s->at[0].m.n; i++) {
        lem_object o = lem_object_new();
        double mean;
        (void)macro(s, s->at[0].m.m[i].name, &mean);
        lem_object_str(&o, "name", s->at[0].m.m[i].name);
        lem_object_num(&o, "value", mean);
        ok = lem_json_append(list, lem_object_done(&o));
    }
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

lem_json *lem_eval_strata_json(const lem_eval_strata *s) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int i = 0; ok && i < s->n; i++) {
        lem_object v = lem_object_new();
        lem_object_str(&v, "value", s->at[i].value);
        lem_object_int(&v, "n", (uint64_t)s->at[i].n);
        lem_object_json(&v, "metrics", lem_metrics_json(s->at[i].m.m, s->at[i].m.n, false));
        ok = lem_json_append(list, lem_object_done(&v));
    }
    lem_object o = lem_object_new();
    lem_object_str(&o, "column", s->column);
    if (!ok) lem_json_free(list);
    lem_object_json(&o, "values", ok ? list : NULL);
    lem_object_json(&o, "macro", macro_json(s));
    return lem_object_done(&o);
}

enum { N_COLUMNS = 4, NAME_WIDTH = 26 };

static void columns_of(const lem_eval_opts *o, char name[N_COLUMNS][40]) {
    int k = o->ks[o->n_ks - 1];
    const char *score = o->n_scorers ? o->scorers[0] : "";
    snprintf(name[0], 40, "pass@1");
    snprintf(name[1], 40, "maj@%d", k);
    snprintf(name[2], 40, "%.25s@%d", score, k);
    snprintf(name[3], 40, "pass@%d", k);
}

static void put_line(const lem_eval_stratum *t, char name[N_COLUMNS][40], const bool *shown, lem_buf *out) {
    lem_buf_printf(out, "%-*.*s %6d", NAME_WIDTH, NAME_WIDTH, t->value, t->n);
    for (int c = 0; c < N_COLUMNS; c++) {
        const lem_metric *m = lem_metrics_find(&t->m, name[c], "exact");
        char text[48] = "-";
        if (!shown[c]) continue;
        if (m)
            snprintf(text, sizeof text, "%.1f [%.1f, %.1f]", 100 * m->at.mean, 100 * m->at.lo,
                     100 * m->at.hi);
        lem_buf_printf(out, "  %20s", text);
    }
    lem_buf_putc(out, '\n');
}

void lem_eval_strata_table(const lem_eval_strata *s, const lem_eval_opts *o, lem_buf *out) {
    char name[N_COLUMNS][40];
    bool shown[N_COLUMNS];
    double mean[N_COLUMNS];
    if (s->n < 2) return;
    columns_of(o, name);
    lem_buf_printf(out, "\n%-*.*s %6s", NAME_WIDTH, NAME_WIDTH, s->column, "n");
    for (int c = 0; c < N_COLUMNS; c++) {
        shown[c] = macro(s, name[c], &mean[c]) && !(c == 3 && strcmp(name[0], name[3]) == 0);
        if (shown[c]) lem_buf_printf(out, "  %20s", name[c]);
    }
    lem_buf_putc(out, '\n');
    for (int i = 0; i < s->n; i++) put_line(&s->at[i], name, shown, out);
    lem_buf_printf(out, "%-*s %6s", NAME_WIDTH, "mean of the above", "");
    for (int c = 0; c < N_COLUMNS; c++)
        if (shown[c]) lem_buf_printf(out, "  %20.1f", 100 * mean[c]);
    lem_buf_putc(out, '\n');
}
