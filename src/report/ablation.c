/* ablation.c - a result of lemma ablate as a section of a page */
#include "report/ablation.h"

#include "core/mem.h"
#include "report/grid.h"
#include "report/metrics_priv.h"
#include "report/paired.h"
#include "report/published.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_CLAIMS = 12, MAX_BARS = 24, MAX_LINES = 24, CSV = 128, LABEL = 96 };

static const char minus[] = " \xe2\x88\x92 ";

static const char *text_of(const lem_json *o, const char *key) {
    return lem_json_str(lem_json_get(o, key), "");
}

bool lem_report_is_ablation(const lem_json *doc) {
    return strcmp(text_of(doc, "command"), "ablate") == 0 &&
           lem_json_kind(lem_json_get(doc, "arms")) == LEM_JSON_ARRAY;
}

static lem_status check_arms(const lem_json *arms, const char *source, lem_err *err) {
    for (size_t i = 0; i < lem_json_count(arms); i++) {
        const lem_json *arm = lem_json_at(arms, i), *name = lem_json_get(arm, "name");
        if (lem_json_kind(name) != LEM_JSON_STRING)
            return lem_fail(err, LEM_EDATA, "%s: arms[%zu].name: string expected, %s found", source, i,
                            lem_json_kind_name(name));
        if (lem_json_kind(lem_json_get(arm, "metrics")) != LEM_JSON_ARRAY)
            return lem_fail(err, LEM_EDATA, "%s: arms[%zu].metrics: list expected, %s found", source, i,
                            lem_json_kind_name(lem_json_get(arm, "metrics")));
    }
    return LEM_OK;
}

static bool is_base(const lem_json *arm) { return lem_json_bool(lem_json_get(arm, "base"), false); }

/* "sorted", "sorted at 4000". */
static void arm_label(const lem_json *arm, char out[LABEL]) {
    double at = lem_json_num(lem_json_get(arm, "at"), NAN);
    int n = snprintf(out, LABEL, "%.64s", text_of(arm, "name"));
    if (isfinite(at)) snprintf(out + n, (size_t)(LABEL - n), " at %.6g", at);
}

/* The base that an arm is compared with: the one at the same place where the base has several. */
static void base_label(const lem_json *arms, const lem_json *arm, char out[LABEL]) {
    double at = lem_json_num(lem_json_get(arm, "at"), NAN);
    const lem_json *best = NULL;
    for (size_t i = 0; i < lem_json_count(arms); i++) {
        const lem_json *x = lem_json_at(arms, i);
        if (!is_base(x)) continue;
        if (!best || lem_json_num(lem_json_get(x, "at"), NAN) == at) best = x;
    }
    snprintf(out, LABEL, "the base");
    if (best) arm_label(best, out);
}

static lem_report_pair pair_of(const lem_json *metric) {
    const lem_json *d = lem_json_get(metric, "difference");
    lem_report_pair x = lem_report_pair_of(metric, NULL, metric, d, d);
    if (!x.name) x.name = "";
    return x;
}

static const lem_json *metric_named(const lem_json *arm, const char *name) {
    const lem_json *list = lem_json_get(arm, "metrics");
    for (size_t i = 0; i < lem_json_count(list); i++)
        if (strcmp(text_of(lem_json_at(list, i), "name"), name) == 0) return lem_json_at(list, i);
    return NULL;
}

/* Along an axis of k, or of what k costs, the curves show the rest: a larger k of the same way is there. */
static bool is_inner(const lem_json *doc, const char *name) {
    const lem_json *names = lem_json_get(doc, "names");
    const char *axis = text_of(lem_json_get(doc, "axis"), "name");
    char family[LEM_RESULT_NAME], other[LEM_RESULT_NAME];
    long k = 0, more = 0;
    if ((strcmp(axis, "k") != 0 && strcmp(axis, "tokens") != 0) || !lem_result_split(name, family, &k))
        return false;
    for (size_t i = 0; i < lem_json_count(names); i++)
        if (lem_result_split(lem_json_str(lem_json_at(names, i), ""), other, &more) && more > k &&
            strcmp(other, family) == 0)
            return true;
    return false;
}

/* ---- the claims ---- */

static lem_status say(lem_page *p, const lem_json *doc, lem_err *err) {
    const lem_json *arms = lem_json_get(doc, "arms"), *names = lem_json_get(doc, "names");
    int said = 0;
    lem_status st = LEM_OK;
    for (size_t k = 0; k < lem_json_count(names); k++)
        for (size_t i = 0; st == LEM_OK && i < lem_json_count(arms) && said < MAX_CLAIMS; i++) {
            const lem_json *arm = lem_json_at(arms, i);
            const char *metric = lem_json_str(lem_json_at(names, k), "");
            char name[LABEL], base[LABEL];
            if (is_base(arm) || is_inner(doc, metric)) continue;
            lem_report_pair x = pair_of(metric_named(arm, metric));
            arm_label(arm, name);
            base_label(arms, arm, base);
            st = lem_report_pair_claim(p, &x, base, name, &said, err);
        }
    return st;
}

static void notes(lem_page *p, const lem_json *list, void (*add)(lem_page *, const char *)) {
    for (size_t i = 0; i < lem_json_count(list) && i < 64; i++) {
        const char *text = lem_json_str(lem_json_at(list, i), NULL);
        if (text) add(p, text);
    }
}

/* ---- differences as bars, one figure for each metric ---- */

static void draw_differences(lem_page *p, const lem_json *doc, const char *csv) {
    const lem_json *arms = lem_json_get(doc, "arms"), *names = lem_json_get(doc, "names");
    for (size_t k = 0; k < lem_json_count(names) && k < 64; k++) {
        const char *metric = lem_json_str(lem_json_at(names, k), "");
        lem_bar bars[MAX_BARS];
        char label[MAX_BARS][LABEL], name[CSV], title[160];
        int n = 0;
        if (is_inner(doc, metric)) continue;
        for (size_t i = 0; i < lem_json_count(arms) && n < MAX_BARS; i++) {
            const lem_json *arm = lem_json_at(arms, i);
            lem_report_pair x = pair_of(metric_named(arm, metric));
            if (is_base(arm) || !isfinite(x.d.value)) continue;
            arm_label(arm, label[n]);
            bars[n] = (lem_bar){label[n], x.d.value, x.d.lo, x.d.hi};
            n++;
        }
        snprintf(name, sizeof name, "%.80s-points-%.32s", csv, metric);
        snprintf(title, sizeof title, "%.32s: each arm minus %.64s on the same problems, in points", metric,
                 text_of(doc, "base"));
        if (n) lem_page_differences(p, name, title, bars, n);
    }
}

/* ---- curves that join runs ---- */

typedef struct line {
    char name[LABEL + 40];
    double *x, *y, *lo, *hi; /* in one block, of which x is the owner */
    double *dy, *dlo, *dhi;  /* the difference from the base */
    int n, n_differences;
} line;

static lem_status read_line(const lem_json *curve, bool tell_metric, line *out, lem_err *err) {
    const lem_json *points = lem_json_get(curve, "points");
    size_t n = lem_json_count(points);
    const char *arm = text_of(curve, "arm"), *metric = text_of(curve, "metric");
    out->x = lem_alloc(7 * n + 1, sizeof *out->x, err);
    if (!out->x) return LEM_EMEM;
    double **part[] = {&out->y, &out->lo, &out->hi, &out->dy, &out->dlo, &out->dhi};
    for (size_t k = 0; k < sizeof part / sizeof *part; k++) *part[k] = out->x + (k + 1) * n;
    if (tell_metric) snprintf(out->name, sizeof out->name, "%.64s, %.32s", arm, metric);
    else snprintf(out->name, sizeof out->name, "%.64s", arm);
    for (size_t i = 0; i < n; i++) {
        const lem_json *point = lem_json_at(points, i);
        lem_report_estimate v = lem_report_estimate_of(point),
                            d = lem_report_estimate_of(lem_json_get(point, "difference"));
        out->x[i] = lem_json_num(lem_json_get(point, "x"), NAN);
        out->y[i] = v.value;
        out->lo[i] = v.lo;
        out->hi[i] = v.hi;
        out->dy[i] = d.value;
        out->dlo[i] = d.lo;
        out->dhi[i] = d.hi;
        out->n_differences += isfinite(d.value) && isfinite(d.lo);
    }
    out->n = (int)n;
    return LEM_OK;
}

static bool is_percent(const line *lines, int n) {
    for (int i = 0; i < n; i++)
        for (int k = 0; k < lines[i].n; k++)
            if (isfinite(lines[i].y[k]) && fabs(lines[i].y[k]) > 1) return false;
    return true;
}

/* Published figures lie at no place of the axis: a level line each, over the whole of it. */
enum { MAX_LEVELS = 6 };

typedef struct levels {
    double x[2], y[MAX_LEVELS][2];
    char name[MAX_LEVELS][LABEL];
    int n;
} levels;

static void read_levels(const lem_json *doc, const line *lines, int n, levels *out) {
    const lem_json *list = lem_json_get(doc, "reference");
    out->x[0] = INFINITY;
    out->x[1] = -INFINITY;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < lines[i].n; k++) {
            out->x[0] = fmin(out->x[0], lines[i].x[k]);
            out->x[1] = fmax(out->x[1], lines[i].x[k]);
        }
    for (size_t i = 0; i < lem_json_count(list) && out->n < MAX_LEVELS && out->x[0] < out->x[1]; i++) {
        const lem_json *r = lem_json_at(list, i);
        double v = lem_json_num(lem_json_get(r, "value"), NAN);
        if (!(v >= 0 && v <= 100)) continue;
        out->y[out->n][0] = out->y[out->n][1] = v / 100;
        snprintf(out->name[out->n++], LABEL, "published: %.40s, %.30s", text_of(r, "row"),
                 text_of(r, "column"));
    }
}

static void draw_lines(lem_page *p, const lem_json *doc, const line *lines, int n, const char *csv) {
    const lem_json *axis = lem_json_get(doc, "axis");
    const char *what = text_of(axis, "name");
    bool log2_x = lem_json_bool(lem_json_get(axis, "log"), false), percent = is_percent(lines, n);
    lem_series series[MAX_LINES + MAX_LEVELS];
    levels published = {.n = 0};
    char name[CSV], title[160];
    int shown = 0;
    for (int i = 0; i < n; i++)
        series[shown++] =
            (lem_series){lines[i].name, lines[i].n, lines[i].x, lines[i].y, lines[i].lo, lines[i].hi, false};
    if (percent) read_levels(doc, lines, n, &published);
    for (int i = 0; i < published.n; i++)
        series[shown++] = (lem_series){published.name[i], 2, published.x, published.y[i], NULL, NULL, true};
    snprintf(name, sizeof name, "%.100s-curves", csv);
    snprintf(title, sizeof title, "By %.60s, with 95 %% bands over problems", what);
    if (shown)
        lem_page_chart(p, &(lem_chart){name, title, what, percent ? "solved" : "value", percent, log2_x, true,
                                       series, shown});
    shown = 0;
    for (int i = 0; i < n; i++)
        if (lines[i].n_differences > 1)
            series[shown++] =
                (lem_series){lines[i].name, lines[i].n, lines[i].x, lines[i].dy, lines[i].dlo, lines[i].dhi};
    snprintf(name, sizeof name, "%.100s-difference-curves", csv);
    snprintf(title, sizeof title, "Each arm%s%.60s by %.40s, with paired 95 %% bands", minus,
             text_of(doc, "base"), what);
    if (shown) lem_page_chart(p, &(lem_chart){name, title, what, "gain", true, log2_x, true, series, shown});
}

static lem_status draw_curves(lem_page *p, const lem_json *doc, const char *csv, lem_err *err) {
    const lem_json *curves = lem_json_get(doc, "curves");
    size_t n = lem_json_count(curves);
    bool several = false;
    lem_status st = LEM_OK;
    if (n > MAX_LINES) n = MAX_LINES;
    if (!n) return LEM_OK;
    line *lines = lem_alloc_zero(n, sizeof *lines, err);
    if (!lines) return LEM_EMEM;
    for (size_t i = 1; i < n; i++)
        several = several || strcmp(text_of(lem_json_at(curves, i), "metric"),
                                    text_of(lem_json_at(curves, 0), "metric")) != 0;
    for (size_t i = 0; i < n && st == LEM_OK; i++)
        st = read_line(lem_json_at(curves, i), several, &lines[i], err);
    if (st == LEM_OK) draw_lines(p, doc, lines, (int)n, csv);
    for (size_t i = 0; i < n; i++) lem_free(lines[i].x);
    lem_free(lines);
    return st;
}

/* ---- the tables ---- */

/* "51.0 to 53.0", the lowest and the highest seed; nothing for one. */
static void put_seeds(lem_grid *g, const lem_json *metric) {
    const lem_json *seeds = lem_json_get(metric, "seeds");
    double lo = INFINITY, hi = -INFINITY;
    for (size_t i = 0; i < lem_json_count(seeds); i++) {
        double v = lem_json_num(lem_json_at(seeds, i), NAN);
        lo = fmin(lo, v);
        hi = fmax(hi, v);
    }
    if (lem_json_count(seeds) > 1 && isfinite(lo))
        lem_grid_putf(g, "%zu: %.1f to %.1f", lem_json_count(seeds), 100 * lo, 100 * hi);
    else lem_grid_put(g, NULL);
}

static void arm_row(lem_grid *g, const lem_json *arm, const lem_json *metric, bool seeds, bool tokens) {
    lem_report_pair x = pair_of(metric);
    char cell[LEM_REPORT_CELL], label[LABEL];
    double cost = lem_json_num(lem_json_get(metric, "tokens"), NAN);
    arm_label(arm, label);
    lem_grid_put(g, text_of(metric, "name"));
    lem_grid_put(g, label);
    lem_report_estimate_cell(&x.b, cell);
    lem_grid_put(g, cell);
    if (is_base(arm)) snprintf(cell, sizeof cell, "base");
    else lem_report_points_cell(&x.d, cell);
    lem_grid_put(g, cell);
    lem_report_evidence_cell(&x, cell);
    lem_grid_put(g, cell);
    if (seeds) put_seeds(g, metric);
    if (!tokens) return;
    if (isfinite(cost)) lem_grid_putf(g, "%.0f", cost);
    else lem_grid_put(g, NULL);
}

/* Whether some metric of some arm tells of this. */
static bool any_tells(const lem_json *arms, bool seeds) {
    for (size_t i = 0; i < lem_json_count(arms); i++) {
        const lem_json *list = lem_json_get(lem_json_at(arms, i), "metrics");
        for (size_t k = 0; k < lem_json_count(list); k++) {
            const lem_json *m = lem_json_at(list, k);
            if (seeds ? lem_json_count(lem_json_get(m, "seeds")) > 1 : lem_json_get(m, "tokens") != NULL)
                return true;
        }
    }
    return false;
}

static lem_status arm_table(lem_page *p, const lem_json *doc, const char *csv, lem_err *err) {
    const lem_json *arms = lem_json_get(doc, "arms"), *names = lem_json_get(doc, "names");
    bool seeds = any_tells(arms, true), tokens = any_tells(arms, false);
    lem_grid g = {.n = 0};
    char name[CSV], caption[160];
    lem_grid_column(&g, "metric", false);
    lem_grid_column(&g, "arm", false);
    lem_grid_column(&g, "value", true);
    lem_grid_column(&g, "difference, points", true);
    lem_grid_column(&g, "problems", true);
    if (seeds) lem_grid_column(&g, "seeds", true);
    if (tokens) lem_grid_column(&g, "tokens a problem", true);
    for (size_t k = 0; k < lem_json_count(names); k++)
        for (size_t i = 0; i < lem_json_count(arms); i++) {
            const lem_json *arm = lem_json_at(arms, i);
            const lem_json *m = metric_named(arm, lem_json_str(lem_json_at(names, k), ""));
            if (m) arm_row(&g, arm, m, seeds, tokens);
        }
    snprintf(name, sizeof name, "%.100s-arms", csv);
    snprintf(caption, sizeof caption, "Arms on the same %lld problems, with 95 %% intervals",
             (long long)lem_json_int(lem_json_get(doc, "problems"), 0));
    lem_status st = lem_grid_show(&g, p, name, caption, -1, err);
    lem_grid_release(&g);
    return st;
}

static lem_status file_table(lem_page *p, const lem_json *doc, const char *csv, lem_err *err) {
    const lem_json *arms = lem_json_get(doc, "arms");
    lem_grid g = {.n = 0};
    char name[CSV], label[LABEL];
    lem_grid_column(&g, "arm", false);
    lem_grid_column(&g, "file", false);
    lem_grid_column(&g, "problems left out", true);
    for (size_t i = 0; i < lem_json_count(arms); i++) {
        const lem_json *arm = lem_json_at(arms, i), *files = lem_json_get(arm, "files");
        arm_label(arm, label);
        for (size_t k = 0; k < lem_json_count(files); k++) {
            lem_grid_put(&g, label);
            lem_grid_put(&g, lem_json_str(lem_json_at(files, k), ""));
            lem_grid_putf(&g, "%lld", (long long)lem_json_int(lem_json_get(arm, "left_out"), 0));
        }
    }
    snprintf(name, sizeof name, "%.100s-files", csv);
    lem_status st = lem_grid_show(&g, p, name, NULL, -1, err);
    lem_grid_release(&g);
    return st;
}

lem_status lem_report_ablation(lem_page *p, const char *csv, const char *source, const lem_json *doc,
                               lem_err *err) {
    const char *title = text_of(doc, "title");
    lem_status st = check_arms(lem_json_get(doc, "arms"), source, err);
    if (st) return st;
    lem_page_section(p, *title ? title : "Ablation");
    LEM_TRY(say(p, doc, err));
    notes(p, lem_json_get(doc, "warnings"), lem_page_note);
    LEM_TRY(draw_curves(p, doc, csv, err));
    draw_differences(p, doc, csv);
    LEM_TRY(arm_table(p, doc, csv, err));
    LEM_TRY(lem_report_published(p, csv, lem_json_get(doc, "reference"), err));
    lem_page_fold(p, "Files and how the figures are meant");
    st = file_table(p, doc, csv, err);
    notes(p, lem_json_get(doc, "notes"), lem_page_paragraph);
    lem_page_fold_end(p);
done:
    return st;
}
