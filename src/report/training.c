/* training.c - telemetry.jsonl of a training run as loss and accuracy curves and a table of its stages */
#include "report/sections.h"

#include "core/mem.h"
#include "rows/rows.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Long runs are drawn as means of consecutive steps, with the band of their least and greatest value. */
enum { MAX_STAGES = 32, MAX_POINTS = 240, KINDS = 4, MAX_NAMED = 24, BY_TOKENS = 2 };

static const char *const kind_key[KINDS] = {"loss", "val_loss", "accuracy", "val_accuracy"};

typedef struct points {
    double *x, *y, *lo, *hi;
    int n, cap;
} points;

typedef struct stage {
    char *name;
    double first_step, last_step; /* over all stages, counted on */
    points of[KINDS];
    points by_tokens[BY_TOKENS]; /* loss and its validation twin again, x the tokens read so far */
    double peak_lr, peak_norm;
} stage;

/* A column that is one line over all stages: the loss of a domain, graded answers, the learning rate. */
typedef struct named {
    char key[64];
    points of;
} named;

typedef struct telemetry {
    stage at[MAX_STAGES];
    int n;
    named more[MAX_NAMED]; /* in the order of first appearance */
    int n_more;
    double tokens; /* read so far, over all stages; 0 = not told */
} telemetry;

static void release_points(points *p) {
    lem_free(p->x);
    lem_free(p->y);
    lem_free(p->lo);
    lem_free(p->hi);
}

static void release(telemetry *t) {
    for (int i = 0; i < t->n; i++) {
        lem_free(t->at[i].name);
        for (int k = 0; k < KINDS; k++) release_points(&t->at[i].of[k]);
        for (int k = 0; k < BY_TOKENS; k++) release_points(&t->at[i].by_tokens[k]);
    }
    for (int i = 0; i < t->n_more; i++) release_points(&t->more[i].of);
}

static lem_status grow_one(double **a, int cap, lem_err *err) {
    double *p = lem_realloc(*a, (size_t)cap, sizeof *p, err);
    if (!p) return LEM_EMEM;
    *a = p;
    return LEM_OK;
}

static lem_status add_point(points *p, double x, double y, lem_err *err) {
    if (p->n == p->cap) {
        int cap = p->cap ? 2 * p->cap : 256;
        lem_status st = grow_one(&p->x, cap, err);
        if (st == LEM_OK) st = grow_one(&p->y, cap, err);
        if (st == LEM_OK) st = grow_one(&p->lo, cap, err);
        if (st == LEM_OK) st = grow_one(&p->hi, cap, err);
        if (st) return st;
        p->cap = cap;
    }
    p->x[p->n] = x;
    p->y[p->n] = p->lo[p->n] = p->hi[p->n] = y;
    p->n++;
    return LEM_OK;
}

static stage *stage_of(telemetry *t, const char *name, lem_err *err) {
    if (t->n && strcmp(t->at[t->n - 1].name, name) == 0) return &t->at[t->n - 1];
    if (t->n == MAX_STAGES) {
        (void)lem_fail(err, LEM_EDATA, "more than %d stages", MAX_STAGES);
        return NULL;
    }
    char *copy = lem_strdup(name, err);
    if (!copy) return NULL;
    stage *s = &t->at[t->n];
    memset(s, 0, sizeof *s);
    s->name = copy;
    s->first_step = s->last_step = t->n ? t->at[t->n - 1].last_step : 0;
    s->peak_lr = s->peak_norm = NAN;
    t->n++;
    return s;
}

static void keep_peak(double *peak, double v) {
    if (isfinite(v) && !(*peak >= v)) *peak = v;
}

static bool begins(const char *s, const char *with) { return strncmp(s, with, strlen(with)) == 0; }

static bool is_named(const char *key) {
    return begins(key, "loss/") || begins(key, "val_loss/") || strcmp(key, "eval_accuracy") == 0 ||
           strcmp(key, "eval_truncated") == 0 || begins(key, "margin") || begins(key, "val_margin") ||
           strcmp(key, "lr") == 0 || strcmp(key, "grad_norm") == 0;
}

/* The points of a column; NULL where there is no room for more. */
static points *named_of(telemetry *t, const char *key) {
    for (int i = 0; i < t->n_more; i++)
        if (strcmp(t->more[i].key, key) == 0) return &t->more[i].of;
    if (t->n_more == MAX_NAMED || strlen(key) >= sizeof t->more[0].key) return NULL;
    named *x = &t->more[t->n_more++];
    memcpy(x->key, key, strlen(key) + 1);
    return &x->of;
}

static lem_status add_named(telemetry *t, const lem_json *row, double x, lem_err *err) {
    for (const char *k = lem_json_key_next(row, NULL); k; k = lem_json_key_next(row, k)) {
        double v = lem_json_num(lem_json_key_value(k), NAN);
        points *p = is_named(k) && isfinite(v) ? named_of(t, k) : NULL;
        lem_status st = p ? add_point(p, x, v, err) : LEM_OK;
        if (st) return st;
    }
    return LEM_OK;
}

static lem_status add_row(telemetry *t, const lem_json *row, lem_err *err) {
    const lem_json *step = lem_json_get(row, "step");
    if (lem_json_kind(step) != LEM_JSON_INT)
        return lem_fail(err, LEM_EDATA, "'step': integer expected, %s found", lem_json_kind_name(step));
    stage *s = stage_of(t, lem_json_str(lem_json_get(row, "stage"), "training"), err);
    if (!s) return err && err->status ? err->status : LEM_EMEM;
    double x = s->first_step + (double)lem_json_int(step, 0);
    if (x > s->last_step) s->last_step = x;
    keep_peak(&s->peak_lr, lem_json_num(lem_json_get(row, "lr"), NAN));
    keep_peak(&s->peak_norm, lem_json_num(lem_json_get(row, "grad_norm"), NAN));
    t->tokens += fmax(0, lem_json_num(lem_json_get(row, "tokens_read"), 0));
    for (int k = 0; k < KINDS; k++) {
        double v = lem_json_num(lem_json_get(row, kind_key[k]), NAN);
        lem_status st = isfinite(v) ? add_point(&s->of[k], x, v, err) : LEM_OK;
        if (st == LEM_OK && isfinite(v) && k < BY_TOKENS) st = add_point(&s->by_tokens[k], t->tokens, v, err);
        if (st) return st;
    }
    return add_named(t, row, x, err);
}

/* growing: a run appends to it, so that the last line may not be whole. */
static lem_status load(telemetry *t, const char *path, bool growing, lem_err *err) {
    lem_rowset *rows = NULL;
    lem_json *row = NULL;
    lem_err torn = LEM_ERR_INIT;
    lem_status st = LEM_OK;
    LEM_TRY(lem_rowset_open(&path, 1, NULL, &rows, growing ? &torn : err));
    for (;;) {
        st = lem_rowset_next(rows, &row, growing ? &torn : err);
        if (growing && st == LEM_EDATA) break;
        LEM_TRY(st);
        if (!row) break;
        st = add_row(t, row, err);
        if (st)
            lem_err_context(err, "%s:%llu", lem_rowset_file(rows),
                            (unsigned long long)lem_rowset_number(rows));
        lem_json_free(row);
        LEM_TRY(st);
    }
done:
    if (growing && torn.status == LEM_EDATA) st = LEM_OK; /* or it is gone, since the job has ended */
    lem_rowset_close(rows);
    return st;
}

/* Replaces runs of consecutive points by their mean, least and greatest. */
static void thin(points *p) {
    if (p->n <= MAX_POINTS) return;
    int per = (p->n + MAX_POINTS - 1) / MAX_POINTS, out = 0;
    for (int i = 0; i < p->n; i += per) {
        int end = i + per < p->n ? i + per : p->n;
        double x = 0, y = 0, lo = INFINITY, hi = -INFINITY;
        for (int j = i; j < end; j++) {
            x += p->x[j];
            y += p->y[j];
            lo = fmin(lo, p->y[j]);
            hi = fmax(hi, p->y[j]);
        }
        p->x[out] = x / (end - i);
        p->y[out] = y / (end - i);
        p->lo[out] = lo;
        p->hi[out++] = hi;
    }
    p->n = out;
}

/* One chart of the kinds kind and kind + 1 (its validation twin), by steps or by tokens. */
static void chart(lem_page *p, const telemetry *t, int kind, bool by_tokens, const char *title,
                  const char *what, const char *csv) {
    lem_series series[2 * MAX_STAGES];
    char names[2 * MAX_STAGES][96], name[160], full[200];
    int n = 0;
    for (int i = 0; i < t->n; i++) {
        for (int k = kind; k < kind + 2; k++) {
            const points *q = by_tokens ? &t->at[i].by_tokens[k] : &t->at[i].of[k];
            if (!q->n) continue;
            snprintf(names[n], sizeof names[n], "%s%s", t->at[i].name, k > kind ? " (validation)" : "");
            series[n] = (lem_series){names[n], q->n, q->x, q->y, q->lo, q->hi};
            n++;
        }
    }
    if (!n) return;
    snprintf(name, sizeof name, "%.100s-%s%s", csv, kind_key[kind], by_tokens ? "-tokens" : "");
    snprintf(full, sizeof full, "%.120s: %s", title, what);
    lem_page_chart(p, &(lem_chart){name, full, by_tokens ? "tokens read" : "optimizer step",
                                   kind == 0 ? "loss" : "right", kind != 0, false, false, series, n});
}

typedef struct named_chart {
    const char *first, *second; /* what the keys of the series begin with; second may be NULL */
    const char *what, *y, *csv;
    bool percent;
} named_chart;

enum { NAMED_SHOWN = 3 }; /* the others are folded away */
static const named_chart named_charts[] = {
    {"loss/", "val_loss/", "loss by domain", "loss", "domains", false},
    {"eval_", NULL, "graded answers", "share", "answers", true},
    {"margin", "val_margin", "margin of right over wrong", "margin", "margin", false},
    {"lr", NULL, "learning rate", "rate", "rate", false},
    {"grad_norm", NULL, "norm of the gradient", "norm", "gradient", false}};

static void chart_of_named(lem_page *p, const telemetry *t, const named_chart *c, const char *title,
                           const char *csv) {
    lem_series series[MAX_NAMED];
    char label[MAX_NAMED][96], name[160], full[200];
    int n = 0;
    for (int i = 0; i < t->n_more; i++) {
        const points *q = &t->more[i].of;
        const char *key = t->more[i].key, *slash = strchr(key, '/');
        if (!begins(key, c->first) && !(c->second && begins(key, c->second))) continue;
        snprintf(label[n], sizeof label[n], "%.64s%s", slash ? slash + 1 : key,
                 begins(key, "val_") ? " (validation)" : "");
        series[n] = (lem_series){label[n], q->n, q->x, q->y, q->lo, q->hi};
        n++;
    }
    snprintf(name, sizeof name, "%.140s-%s", csv, c->csv);
    snprintf(full, sizeof full, "%.140s: %s", title, c->what);
    if (n)
        lem_page_chart(p,
                       &(lem_chart){name, full, "optimizer step", c->y, c->percent, false, false, series, n});
}

static void put(char out[24], double v) {
    if (isfinite(v)) snprintf(out, 24, "%.4g", v);
    else snprintf(out, 24, "%s", "");
}

static lem_status table(lem_page *p, const telemetry *t, const char *csv, lem_err *err) {
    enum { COLUMNS = 7 };
    static const lem_column column[COLUMNS] = {
        {"stage", false},     {"steps", true},     {"first loss", true},   {"last loss", true},
        {"validation", true}, {"peak rate", true}, {"peak gradient", true}};
    const char *cell[MAX_STAGES * COLUMNS];
    char(*text)[COLUMNS][24] = lem_alloc_zero(MAX_STAGES, sizeof *text, err);
    char name[160];
    if (!text) return LEM_EMEM;
    for (int i = 0; i < t->n; i++) {
        const stage *s = &t->at[i];
        const points *loss = &s->of[0], *val = &s->of[1];
        snprintf(text[i][1], sizeof text[i][1], "%.0f", s->last_step - s->first_step);
        put(text[i][2], loss->n ? loss->y[0] : NAN);
        put(text[i][3], loss->n ? loss->y[loss->n - 1] : NAN);
        put(text[i][4], val->n ? val->y[val->n - 1] : NAN);
        put(text[i][5], s->peak_lr);
        put(text[i][6], s->peak_norm);
        cell[i * COLUMNS] = s->name;
        for (int c = 1; c < COLUMNS; c++) cell[i * COLUMNS + c] = text[i][c];
    }
    snprintf(name, sizeof name, "%s-training", csv);
    lem_page_table(p, &(lem_table){name, NULL, column, COLUMNS, t->n, cell, -1});
    lem_free(text);
    return LEM_OK;
}

lem_status lem_report_telemetry(lem_page *p, const char *title, const char *path, bool growing,
                                lem_err *err) {
    telemetry *t = lem_alloc_zero(1, sizeof *t, err);
    lem_status st = t ? LEM_OK : LEM_EMEM;
    LEM_TRY(st);
    LEM_TRY(load(t, path, growing, err));
    if (!t->n) goto done;
    lem_page_heading(p, title);
    LEM_TRY(table(p, t, title, err));
    for (int i = 0; i < t->n; i++) {
        for (int k = 0; k < KINDS; k++) thin(&t->at[i].of[k]);
        for (int k = 0; k < BY_TOKENS; k++) thin(&t->at[i].by_tokens[k]);
    }
    chart(p, t, 0, false, title, "loss", title);
    chart(p, t, 2, false, title, "pairs in the right order", title);
    for (int i = 0; i < t->n_more; i++) thin(&t->more[i].of);
    for (size_t i = 0; i < NAMED_SHOWN; i++) chart_of_named(p, t, &named_charts[i], title, title);
    lem_page_fold(p, "Learning rate, gradient, loss by tokens");
    for (size_t i = NAMED_SHOWN; i < sizeof named_charts / sizeof *named_charts; i++)
        chart_of_named(p, t, &named_charts[i], title, title);
    if (t->tokens > 0) chart(p, t, 0, true, title, "loss by tokens", title);
    lem_page_fold_end(p);
done:
    if (t) release(t);
    lem_free(t);
    return st;
}
