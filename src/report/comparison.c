/* comparison.c - a result of lemma compare as a section of a page */
#include "report/comparison.h"

#include "core/mem.h"
#include "report/grid.h"
#include "report/manifests.h"
#include "report/metrics_priv.h"
#include "report/paired.h"
#include "report/side_names.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_PAIRS = 512, MAX_SHOWN = 12, FLIPS_OPEN = 12, CSV = 128 };

typedef struct comparison {
    const char *a, *b, *csv, *source;
    const lem_json *doc;
    lem_report_pair *at; /* [n] */
    int n;
} comparison;

bool lem_report_is_comparison(const lem_json *doc) {
    return strcmp(lem_json_str(lem_json_get(doc, "command"), ""), "compare") == 0 &&
           lem_json_kind(lem_json_get(doc, "metrics")) == LEM_JSON_ARRAY;
}

/* ---- reading ---- */

static lem_status read_pair(const comparison *c, int i, const lem_json *j, lem_report_pair *out,
                            lem_err *err) {
    const lem_json *d = lem_json_get(j, "b_minus_a");
    *out = lem_report_pair_of(j, lem_json_get(j, "a"), lem_json_get(j, "b"), d, j);
    if (!out->name)
        return lem_fail(err, LEM_EDATA, "%s: metrics[%d].name: string expected, %s found", c->source, i,
                        lem_json_kind_name(lem_json_get(j, "name")));
    if (!isfinite(out->d.value))
        return lem_fail(err, LEM_EDATA, "%s: metrics[%d].b_minus_a.value: number expected, %s found",
                        c->source, i, lem_json_kind_name(lem_json_get(d, "value")));
    return LEM_OK;
}

static lem_status read_pairs(comparison *c, lem_err *err) {
    const lem_json *list = lem_json_get(c->doc, "metrics");
    size_t n = lem_json_count(list);
    if (n > MAX_PAIRS)
        return lem_fail(err, LEM_EDATA, "%s: at most %d metrics expected, %zu found", c->source, MAX_PAIRS,
                        n);
    c->at = lem_alloc_zero(n ? n : 1, sizeof *c->at, err);
    if (!c->at) return LEM_EMEM;
    for (size_t i = 0; i < n; i++) {
        lem_status st = read_pair(c, (int)i, lem_json_at(list, i), &c->at[i], err);
        if (st) return st;
        c->n++;
    }
    return LEM_OK;
}

/* ---- what is said first ---- */

/* The k of "rm@8"; 0 for names of another form. */
static long k_of(const lem_report_pair *x, char family[LEM_RESULT_NAME]) {
    long k = 0;
    return lem_result_split(x->name, family, &k) ? k : 0;
}

static long largest_k(const comparison *c) {
    char family[LEM_RESULT_NAME];
    long most = 0;
    for (int i = 0; i < c->n; i++) {
        long k = k_of(&c->at[i], family);
        if (k > most) most = k;
    }
    return most;
}

/* One candidate chosen in any way is pass@1. */
static bool is_shown(const comparison *c, int i, long most) {
    char family[LEM_RESULT_NAME];
    long k = k_of(&c->at[i], family);
    if (i == 0 || k == 0) return true;
    return k == 1 ? strcmp(family, "pass") == 0 : k == most;
}

/* The metrics in which both do the same on every problem, in one sentence. */
static lem_status say_same(lem_page *p, const comparison *c, long most, lem_err *err) {
    lem_buf b = {0};
    int n = 0;
    for (int i = 0; i < c->n; i++)
        if (is_shown(c, i, most) && lem_report_pair_is_same(&c->at[i]))
            lem_buf_printf(&b, "%s%s", n++ ? ", " : "", c->at[i].name);
    if (n) lem_buf_printf(&b, ": %s and %s do the same on every problem.", c->b, c->a);
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK && n) lem_page_paragraph(p, lem_buf_str(&b));
    lem_buf_release(&b);
    return st;
}

static lem_status say(lem_page *p, const comparison *c, lem_err *err) {
    long most = largest_k(c);
    int said = 0;
    lem_status st = LEM_OK;
    for (int i = 0; st == LEM_OK && i < c->n && said < MAX_SHOWN; i++)
        if (is_shown(c, i, most) && !lem_report_pair_is_same(&c->at[i]))
            st = lem_report_pair_claim(p, &c->at[i], c->a, c->b, &said, err);
    return st == LEM_OK ? say_same(p, c, most, err) : st;
}

static void note_left_out(lem_page *p, const comparison *c) {
    long long only_a = (long long)lem_json_int(lem_json_get(c->doc, "only_a"), 0),
              only_b = (long long)lem_json_int(lem_json_get(c->doc, "only_b"), 0),
              both = (long long)lem_json_int(lem_json_get(c->doc, "problems"), 0);
    char text[256];
    if (!only_a && !only_b) return;
    snprintf(text, sizeof text,
             "%lld problems are in both; %lld only in %.*s and %lld only in %.*s are left out.", both, only_a,
             LEM_SIDE_NAME, c->a, only_b, LEM_SIDE_NAME, c->b);
    lem_page_note(p, text);
}

/* Whose word correctness is: once where both have the same. */
static lem_status say_correctness(lem_page *p, const comparison *c, lem_err *err) {
    const char *a = lem_json_str(lem_json_find(c->doc, "correctness.a.text"), NULL),
               *b = lem_json_str(lem_json_find(c->doc, "correctness.b.text"), NULL);
    lem_buf text = {0};
    if (!a || !b) return LEM_OK;
    if (strcmp(a, b) == 0) lem_buf_printf(&text, "Both are %s.", a);
    else lem_buf_printf(&text, "%s is %s; %s is %s.", c->a, a, c->b, b);
    lem_status st = lem_buf_ok(&text, err);
    if (st == LEM_OK) lem_page_paragraph(p, lem_buf_str(&text));
    lem_buf_release(&text);
    return st;
}

/* ---- drawn ---- */

static lem_status draw_differences(lem_page *p, const comparison *c, lem_err *err) {
    lem_bar bars[MAX_SHOWN];
    char name[CSV];
    lem_buf title = {0};
    int n = 0;
    long most = largest_k(c);
    for (int i = 0; i < c->n && n < MAX_SHOWN; i++)
        if (is_shown(c, i, most))
            bars[n++] = (lem_bar){c->at[i].name, c->at[i].d.value, c->at[i].d.lo, c->at[i].d.hi};
    snprintf(name, sizeof name, "%.100s-points", c->csv);
    lem_buf_printf(&title, "%s minus %s on the same problems, in points, with 95 %% intervals", c->b, c->a);
    lem_status st = lem_buf_ok(&title, err);
    if (st == LEM_OK && n) lem_page_differences(p, name, lem_buf_str(&title), bars, n);
    lem_buf_release(&title);
    return st;
}

typedef struct band {
    char family[LEM_RESULT_NAME], protocol[24], name[LEM_RESULT_NAME + 24];
    double x[LEM_MAX_RESULT_KS], y[LEM_MAX_RESULT_KS], lo[LEM_MAX_RESULT_KS], hi[LEM_MAX_RESULT_KS];
    int n;
} band;

static void insert_point(band *b, double x, const lem_report_estimate *e) {
    int at = b->n;
    if (b->n == LEM_MAX_RESULT_KS) return;
    for (int i = 0; i < b->n; i++)
        if (b->x[i] == x) return;
    for (; at > 0 && b->x[at - 1] > x; at--) {
        b->x[at] = b->x[at - 1];
        b->y[at] = b->y[at - 1];
        b->lo[at] = b->lo[at - 1];
        b->hi[at] = b->hi[at - 1];
    }
    b->x[at] = x;
    b->y[at] = e->value;
    b->lo[at] = e->lo;
    b->hi[at] = e->hi;
    b->n++;
}

/* The differences of each family along k; how many families there are. */
static int gather_bands(const comparison *c, band *all) {
    int n = 0;
    for (int i = 0; i < c->n; i++) {
        char family[LEM_RESULT_NAME];
        const lem_report_pair *x = &c->at[i];
        long k = k_of(x, family);
        int at = 0;
        if (!k) continue;
        while (at < n && (strcmp(all[at].family, family) != 0 || strcmp(all[at].protocol, x->protocol) != 0))
            at++;
        if (at == LEM_MAX_CURVES) continue;
        if (at == n) {
            n++;
            memcpy(all[at].family, family, sizeof family);
            snprintf(all[at].protocol, sizeof all[at].protocol, "%.23s", x->protocol);
            snprintf(all[at].name, sizeof all[at].name, "%.63s@k", family);
        }
        insert_point(&all[at], (double)k, &x->d);
    }
    return n;
}

static lem_status draw_curves(lem_page *p, const comparison *c, lem_err *err) {
    band *all = lem_alloc_zero(LEM_MAX_CURVES, sizeof *all, err);
    lem_series series[LEM_MAX_CURVES];
    char name[CSV];
    lem_buf title = {0};
    int shown = 0;
    if (!all) return LEM_EMEM;
    int n = gather_bands(c, all);
    for (int i = 0; i < n; i++)
        if (all[i].n > 2)
            series[shown++] = (lem_series){all[i].name, all[i].n, all[i].x, all[i].y, all[i].lo, all[i].hi};
    snprintf(name, sizeof name, "%.100s-difference-curves", c->csv);
    lem_buf_printf(&title, "%s minus %s over k, with paired 95 %% bands", c->b, c->a);
    lem_status st = lem_buf_ok(&title, err);
    if (st == LEM_OK && shown)
        lem_page_chart(p, &(lem_chart){name, lem_buf_str(&title), "k (candidates)", "gain", true, true, true,
                                       series, shown});
    lem_buf_release(&title);
    lem_free(all);
    return st;
}

/* ---- tables ---- */

static void metric_row(lem_grid *g, const lem_report_pair *x) {
    char cell[LEM_REPORT_CELL];
    lem_grid_put(g, x->name);
    lem_grid_put(g, x->protocol);
    lem_report_estimate_cell(&x->a, cell);
    lem_grid_put(g, cell);
    lem_report_estimate_cell(&x->b, cell);
    lem_grid_put(g, cell);
    lem_report_points_cell(&x->d, cell);
    lem_grid_put(g, cell);
    lem_report_evidence_cell(x, cell);
    lem_grid_put(g, cell);
}

/* The metrics that are said first, or all others. */
static lem_status metric_table(lem_page *p, const comparison *c, bool first, lem_err *err) {
    static const char caption[] = "Both sides, and the paired difference on the same problems";
    lem_grid g = {.n = 0};
    char name[CSV];
    long most = largest_k(c);
    lem_grid_column(&g, "metric", false);
    lem_grid_column(&g, "protocol", false);
    lem_grid_column(&g, c->a, true);
    lem_grid_column(&g, c->b, true);
    lem_grid_column(&g, "difference, points", true);
    lem_grid_column(&g, "problems", true);
    for (int i = 0; i < c->n; i++)
        if (is_shown(c, i, most) == first) metric_row(&g, &c->at[i]);
    bool fold = !first && lem_grid_rows(&g) > 0;
    snprintf(name, sizeof name, "%.100s-%s", c->csv, first ? "metrics" : "other-metrics");
    if (fold) lem_page_fold(p, "At other numbers of candidates");
    lem_status st = lem_grid_show(&g, p, name, first ? caption : NULL, -1, err);
    if (fold) lem_page_fold_end(p);
    lem_grid_release(&g);
    return st;
}

/* The problems that became right, then those that became wrong. */
static lem_status flipped_table(lem_page *p, const comparison *c, lem_err *err) {
    const lem_json *list = lem_json_get(c->doc, "flipped");
    size_t n = lem_json_count(list), right = 0;
    lem_grid g = {.n = 0};
    char name[CSV], title[160];
    if (!n || !c->n) return LEM_OK;
    lem_grid_column(&g, "problem", false);
    lem_grid_column(&g, "change", false);
    for (int now = 1; now >= 0; now--)
        for (size_t i = 0; i < n; i++) {
            const lem_json *f = lem_json_at(list, i);
            if (lem_json_bool(lem_json_get(f, "now_right"), false) != (now == 1)) continue;
            right += (size_t)now;
            lem_grid_put(&g, lem_json_str(lem_json_get(f, "problem"), ""));
            lem_grid_put(&g, now ? "wrong \xe2\x86\x92 right" : "right \xe2\x86\x92 wrong");
        }
    snprintf(title, sizeof title, "Flipped problems (%.60s, first k): %zu became right, %zu became wrong",
             lem_json_str(lem_json_get(c->doc, "flipped_by"), c->at[0].name), right, n - right);
    snprintf(name, sizeof name, "%.100s-flipped", c->csv);
    if (n > FLIPS_OPEN) lem_page_fold(p, title);
    lem_status st = lem_grid_show(&g, p, name, n > FLIPS_OPEN ? NULL : title, -1, err);
    if (n > FLIPS_OPEN) lem_page_fold_end(p);
    lem_grid_release(&g);
    return st;
}

lem_status lem_report_comparison(lem_page *p, const char *a, const char *b, const char *csv,
                                 const char *source, const lem_json *doc, lem_err *err) {
    comparison c = {.a = a, .b = b, .csv = csv, .source = source, .doc = doc};
    lem_buf title = {0};
    lem_status st = LEM_OK;
    LEM_TRY(read_pairs(&c, err));
    lem_buf_printf(&title, "%s against %s", b, a);
    LEM_TRY(lem_buf_ok(&title, err));
    lem_page_section(p, lem_buf_str(&title));
    LEM_TRY(say(p, &c, err));
    note_left_out(p, &c);
    LEM_TRY(draw_differences(p, &c, err));
    LEM_TRY(draw_curves(p, &c, err));
    LEM_TRY(metric_table(p, &c, true, err));
    LEM_TRY(say_correctness(p, &c, err));
    LEM_TRY(metric_table(p, &c, false, err));
    LEM_TRY(flipped_table(p, &c, err));
done:
    lem_buf_release(&title);
    lem_free(c.at);
    return st;
}

/* ---- a file ---- */

lem_status lem_report_comparison_file(lem_page *p, const char *csv, const char *path, const lem_json *doc,
                                      lem_err *err) {
    char name[2][LEM_SIDE_NAME] = {"A", "B"};
    lem_json *manifest = NULL;
    lem_status st = lem_report_manifest(path, &manifest, err);
    const char *side[2] = {lem_report_word(manifest, 1), lem_report_word(manifest, 2)};
    if (st == LEM_OK && side[0] && side[1]) lem_side_names(side, 2, name);
    if (st == LEM_OK) st = lem_report_comparison(p, name[0], name[1], csv, path, doc, err);
    lem_json_free(manifest);
    return st;
}
