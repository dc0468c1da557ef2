/* metrics.c - the metrics of one result file as bars, curves over k and tables */
#include "report/sections.h"

#include "report/metrics_priv.h"
#include "report/published.h"

#include "core/file.h"
#include "core/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lem_report_value(double v, char out[32]) {
    if (!isfinite(v)) snprintf(out, 32, "–");
    else if (fabs(v) <= 1) snprintf(out, 32, "%.1f %%", 100 * v);
    else snprintf(out, 32, "%.4g", v);
}

static void interval_text(const lem_result_metric *m, char out[64]) {
    char lo[32], hi[32];
    out[0] = '\0';
    if (!isfinite(m->lo) || !isfinite(m->hi)) return;
    lem_report_value(m->lo, lo);
    lem_report_value(m->hi, hi);
    size_t cut = strlen(lo) > 2 && strcmp(lo + strlen(lo) - 2, " %") == 0 && strchr(hi, '%') ? 2 : 0;
    snprintf(out, 64, "[%.*s, %.*s]", (int)(strlen(lo) - cut), lo, (int)(strlen(hi) - cut), hi);
}

static const lem_result_metric *find(const lem_result_metrics *m, const char *family, const char *protocol,
                                     long k) {
    for (int i = 0; i < m->n; i++)
        if (m->at[i].k == k && strcmp(m->at[i].family, family) == 0 &&
            strcmp(m->at[i].protocol, protocol) == 0)
            return &m->at[i];
    return NULL;
}

static bool is_pass(const char *family) { return strcmp(family, "pass") == 0; }

/* ---- the methods side by side at one k ---- */

/* At how many k a family is known by a protocol. */
static int known_at(const lem_result_metrics *m, const char *family, const char *protocol) {
    int n = 0;
    for (int i = 0; i < m->n; i++)
        n += strcmp(m->at[i].family, family) == 0 && strcmp(m->at[i].protocol, protocol) == 0;
    return n;
}

/* By the protocol of the charts, or by random subsets where that knows the family at fewer k (votes: at 1 and
 * all). */
static bool is_best_protocol(const lem_result_metrics *m, const lem_result_curve *c) {
    int exact = known_at(m, c->family, m->exact), seeds = known_at(m, c->family, "seeds");
    if (strcmp(c->protocol, m->exact) == 0) return exact >= seeds;
    return strcmp(c->protocol, "seeds") == 0 && seeds > exact;
}

/* What a way of choosing reaches at k; NULL where there is no such number. */
static const lem_result_metric *method_at(const lem_result_metrics *m, const lem_result_curve *c, long k) {
    if (is_pass(c->family) || !is_best_protocol(m, c)) return NULL;
    const lem_result_metric *x = find(m, c->family, c->protocol, k);
    return x && isfinite(x->value) ? x : NULL;
}

/* From worst to best, pass@k last: it is the ceiling that the others choose under. */
static int headline_metrics(const lem_result_metrics *m, long k,
                            const lem_result_metric *out[LEM_MAX_CURVES + 1]) {
    int n = 0;
    const lem_result_metric *first = find(m, "pass", m->exact, 1), *ceiling = find(m, "pass", m->exact, k);
    for (int i = 0; i < m->n_curves; i++) {
        const lem_result_metric *x = method_at(m, &m->curves[i], k);
        if (!x) continue;
        int at = n++;
        for (; at > 0 && out[at - 1]->value > x->value; at--) out[at] = out[at - 1];
        out[at] = x;
    }
    if (first && k != 1) {
        memmove(&out[1], &out[0], (size_t)n * sizeof *out);
        out[0] = first;
        n++;
    }
    if (ceiling) out[n++] = ceiling;
    return n;
}

/* The most problems that a figure is of. */
static int64_t most_problems(const lem_result_metrics *m) {
    int64_t most = -1;
    for (int i = 0; i < m->n; i++)
        if (m->at[i].n > most) most = m->at[i].n;
    return most;
}

static bool is_of_fewer(const lem_result_metric *x, int64_t most) { return x->n >= 0 && x->n < most; }

static void headline(lem_page *p, const lem_result_metrics *m, const char *csv) {
    const lem_result_metric *pick[LEM_MAX_CURVES + 2];
    lem_pair tiles[LEM_MAX_CURVES + 2];
    const char *details[LEM_MAX_CURVES + 2];
    lem_bar bars[LEM_MAX_CURVES + 2];
    char value[LEM_MAX_CURVES + 2][32], ci[LEM_MAX_CURVES + 2][64], name[96];
    char label[LEM_MAX_CURVES + 2][LEM_RESULT_NAME + 32];
    int64_t most = most_problems(m);
    long k = lem_result_headline_k(m);
    int n = headline_metrics(m, k, pick);
    if (n < 2) return;
    bool fractions = true;
    for (int i = 0; i < n; i++) {
        lem_report_value(pick[i]->value, value[i]);
        interval_text(pick[i], ci[i]);
        tiles[i] = (lem_pair){pick[i]->name, value[i]};
        details[i] = ci[i];
        if (!is_of_fewer(pick[i], most)) snprintf(label[i], sizeof label[i], "%s", pick[i]->name);
        else
            snprintf(label[i], sizeof label[i], "%s, of %lld problems", pick[i]->name, (long long)pick[i]->n);
        bars[i] = (lem_bar){label[i], pick[i]->value, pick[i]->lo, pick[i]->hi};
        fractions = fractions && pick[i]->value >= 0 && pick[i]->value <= 1;
    }
    if (n <= 8 && !fractions) lem_page_tiles(p, tiles, details, n);
    snprintf(name, sizeof name, "%s-at-%ld", csv, k);
    if (fractions)
        lem_page_bars(p, name, "Share of problems solved, with 95 % intervals over problems", bars, n);
}

/* ---- curves over k ---- */

typedef struct curve_points {
    double x[LEM_MAX_RESULT_KS], y[LEM_MAX_RESULT_KS], lo[LEM_MAX_RESULT_KS], hi[LEM_MAX_RESULT_KS];
    char name[LEM_RESULT_NAME + 24];
} curve_points;

/* The values of a family along k; *percent turns false at a value that is no fraction. A k at which others
 * have one and it has none, or one of fewer problems, is a gap: nothing is known between. *points: those that
 * are there. */
static int gather_points(const lem_result_metrics *m, const lem_result_curve *c, curve_points *out,
                         bool *percent, int *points) {
    int n = 0;
    int64_t most = most_problems(m);
    *points = 0;
    for (int k = 0; k < m->n_ks; k++) {
        const lem_result_metric *x = find(m, c->family, c->protocol, m->ks[k]);
        out->x[n] = (double)m->ks[k];
        out->y[n] = out->lo[n] = out->hi[n] = NAN;
        if (!x || !isfinite(x->value) || is_of_fewer(x, most)) {
            n += n > 0;
            continue;
        }
        ++*points;
        out->y[n] = x->value;
        out->lo[n] = x->lo;
        out->hi[n++] = x->hi;
        *percent = *percent && fabs(x->value) <= 1;
    }
    while (n > 0 && isnan(out->y[n - 1])) n--;
    return n;
}

/* Weighted votes have a chart of their own, with the vote; pessimistic ones stand in the table. */
static bool in_chart(const char *family, bool votes) {
    if (lem_path_ends(family, "-pessimistic")) return false;
    return lem_path_ends(family, "-weighted") == votes || strcmp(family, "maj") == 0;
}

static lem_status curves(lem_page *p, const lem_result_metrics *m, bool votes, const char *csv,
                         lem_err *err) {
    curve_points *points = lem_alloc_zero(LEM_MAX_CURVES, sizeof *points, err);
    if (!points) return LEM_EMEM;
    lem_series series[LEM_MAX_CURVES];
    char name[96];
    int n_series = 0;
    bool percent = true;
    for (int i = 0; i < m->n_curves; i++) {
        const lem_result_curve *c = &m->curves[i];
        curve_points *s = &points[n_series];
        if (!in_chart(c->family, votes) || !is_best_protocol(m, c)) continue;
        int known, n = gather_points(m, c, s, &percent, &known);
        if (known < 2) continue;
        snprintf(s->name, sizeof s->name, "%s@k", c->family);
        series[n_series++] = (lem_series){s->name, n, s->x, s->y, s->lo, s->hi};
    }
    snprintf(name, sizeof name, "%s-%s", csv, votes ? "votes" : "curves");
    const char *title =
        votes ? "Problems solved by votes of k candidates" : "Problems solved with k candidates each";
    if (n_series > (votes ? 1 : 0)) /* the plain vote alone is in the first chart */
        lem_page_chart(p, &(lem_chart){name, title, "k (candidates)", percent ? "solved" : "value", percent,
                                       true, true, series, n_series});
    lem_free(points);
    return LEM_OK;
}

/* One row for each family and protocol, one column for each k. */
static lem_status curve_table(lem_page *p, const lem_result_metrics *m, const char *csv, lem_err *err) {
    if (!m->n_curves) return LEM_OK;
    int columns = m->n_ks + 2;
    size_t cells = (size_t)m->n_curves * (size_t)columns;
    const char **cell = lem_alloc_zero(cells, sizeof *cell, err);
    char(*text)[32] = lem_alloc_zero(cells, sizeof *text, err);
    lem_column column[LEM_MAX_RESULT_KS + 2] = {{"method", false}, {"protocol", false}};
    char head[LEM_MAX_RESULT_KS][24], name[96];
    lem_status st = cell && text ? LEM_OK : LEM_EMEM;
    for (int k = 0; k < m->n_ks; k++) {
        snprintf(head[k], sizeof head[k], "k = %ld", m->ks[k]);
        column[k + 2] = (lem_column){head[k], true};
    }
    for (int i = 0; st == LEM_OK && i < m->n_curves; i++) {
        const char **row = cell + (size_t)i * (size_t)columns;
        row[0] = m->curves[i].family;
        row[1] = m->curves[i].protocol;
        for (int k = 0; k < m->n_ks; k++) {
            const lem_result_metric *x = find(m, m->curves[i].family, m->curves[i].protocol, m->ks[k]);
            if (!x) continue;
            char *t = text[(size_t)i * (size_t)columns + (size_t)k];
            lem_report_value(x->value, t);
            row[k + 2] = t;
        }
    }
    snprintf(name, sizeof name, "%s-by-k", csv);
    if (st == LEM_OK)
        lem_page_table(p,
                       &(lem_table){name, "By number of candidates", column, columns, m->n_curves, cell, -1});
    lem_free(cell);
    lem_free(text);
    return st;
}

/* ---- every value with its interval ---- */

enum { INTERVAL_COLUMNS = 6 };

typedef struct interval_texts {
    char value[32], ci[64], n[24];
} interval_texts;

/* The other values of k stand in the table by k. */
static bool has_interval_row(const lem_result_metric *x, long k) {
    return !x->family[0] || x->k == k || (x->k == 1 && is_pass(x->family));
}

/* correct: whose word correctness is; NULL = no column for it. */
static void interval_row(const lem_result_metric *x, const char *correct, interval_texts *t,
                         const char **row) {
    lem_report_value(x->value, t->value);
    interval_text(x, t->ci);
    if (x->n >= 0) snprintf(t->n, sizeof t->n, "%lld", (long long)x->n);
    *row++ = x->name;
    *row++ = x->protocol;
    *row++ = t->value;
    *row++ = t->ci;
    if (correct) *row++ = correct;
    *row = t->n;
}

static const char *correctness_of(const lem_json *doc) {
    return lem_json_str(lem_json_find(doc, "correctness.text"), NULL);
}

static lem_status interval_table(lem_page *p, const lem_result_metrics *m, const char *csv,
                                 const char *correct, lem_err *err) {
    static const lem_column with[] = {{"metric", false},       {"protocol", false},    {"value", true},
                                      {"95 % interval", true}, {"correctness", false}, {"n", true}};
    static const lem_column without[] = {
        {"metric", false}, {"protocol", false}, {"value", true}, {"95 % interval", true}, {"n", true}};
    size_t rows = m->n > 0 ? (size_t)m->n : 1;
    const char **cell = lem_alloc_zero(rows * INTERVAL_COLUMNS, sizeof *cell, err);
    interval_texts *text = lem_alloc_zero(rows, sizeof *text, err);
    lem_status st = cell && text ? LEM_OK : LEM_EMEM;
    char name[96];
    int n = 0, columns = correct ? INTERVAL_COLUMNS : INTERVAL_COLUMNS - 1;
    long k = lem_result_headline_k(m);
    for (int i = 0; st == LEM_OK && i < m->n; i++) {
        if (!has_interval_row(&m->at[i], k)) continue;
        interval_row(&m->at[i], correct, &text[n], cell + n * columns);
        n++;
    }
    snprintf(name, sizeof name, "%s-metrics", csv);
    lem_table t = {name, "Values and intervals", correct ? with : without, columns, n, cell, -1};
    if (n) lem_page_table(p, &t);
    lem_free(cell);
    lem_free(text);
    return st;
}

/* ---- what else a result file says ---- */

static void texts(lem_page *p, const lem_json *list, void (*add)(lem_page *, const char *)) {
    for (size_t i = 0; i < lem_json_count(list) && i < 64; i++) {
        const char *text = lem_json_str(lem_json_at(list, i), NULL);
        if (text) add(p, text);
    }
}

enum { MAX_COUNTS = 32 };

/* The members of an object of whole numbers; 0 when it holds anything else, or too many. */
static int count_pairs(const lem_json *v, lem_pair pairs[MAX_COUNTS], char text[MAX_COUNTS][24]) {
    size_t n = lem_json_count(v);
    if (lem_json_kind(v) != LEM_JSON_OBJECT || n > MAX_COUNTS) return 0;
    for (size_t k = 0; k < n; k++) {
        const lem_json *c = lem_json_value_at(v, k);
        if (lem_json_kind(c) != LEM_JSON_INT) return 0;
        snprintf(text[k], sizeof text[k], "%lld", (long long)lem_json_int(c, 0));
        pairs[k] = (lem_pair){lem_json_key_at(v, k), text[k]};
    }
    return (int)n;
}

/* Objects of whole numbers, such as verdict counts. */
static void counts(lem_page *p, const lem_json *doc) {
    lem_pair pairs[MAX_COUNTS];
    char text[MAX_COUNTS][24];
    for (size_t i = 0; i < lem_json_count(doc); i++) {
        int n = count_pairs(lem_json_value_at(doc, i), pairs, text);
        if (!n) continue;
        lem_page_heading(p, lem_json_key_at(doc, i));
        lem_page_pairs(p, pairs, n);
    }
}

/* What a reader looks up and does not read first. */
static lem_status details(lem_page *p, const lem_result_metrics *m, const lem_result_metrics *d,
                          const char *csv, const lem_json *doc, lem_err *err) {
    lem_status st = LEM_OK;
    lem_page_fold(p, "All values, protocols and counts");
    lem_report_difference_table(p, m, d, csv);
    st = interval_table(p, m, csv, correctness_of(doc), err);
    if (st == LEM_OK) st = curve_table(p, m, csv, err);
    texts(p, lem_json_get(doc, "notes"), lem_page_paragraph);
    counts(p, doc);
    lem_page_fold_end(p);
    return st;
}

/* Whose word correctness is: figures by a file's own verdicts and by our grader are not the same claim. */
static void tell_correctness(lem_page *p, const lem_json *doc) {
    const char *text = correctness_of(doc), *format = lem_json_str(lem_json_get(doc, "format"), "");
    lem_buf b = {0};
    if (!text) return;
    lem_buf_printf(&b, "Candidates: %s; %s.", format, text);
    lem_page_paragraph(p, lem_buf_str(&b));
    lem_buf_release(&b);
}

lem_status lem_report_metrics(lem_page *p, const char *title, const char *csv, const char *source,
                              const lem_json *doc, lem_err *err) {
    const lem_json *list = lem_json_get(doc, "metrics"), *pairs = lem_json_get(doc, "differences");
    if (lem_json_kind(list) != LEM_JSON_ARRAY) return LEM_OK;
    lem_result_metrics m = {0}, d = {0};
    lem_status st = lem_result_read(list, source, &m, err);
    LEM_TRY(st);
    if (pairs) LEM_TRY(lem_result_read(pairs, source, &d, err));
    lem_page_section(p, title);
    lem_report_claims(p, &m, &d);
    tell_correctness(p, doc);
    texts(p, lem_json_get(doc, "warnings"), lem_page_note);
    headline(p, &m, csv);
    LEM_TRY(curves(p, &m, false, csv, err));
    LEM_TRY(curves(p, &m, true, csv, err));
    LEM_TRY(lem_report_difference_curves(p, &m, &d, csv, err));
    LEM_TRY(lem_report_scores(p, doc, csv, err));
    LEM_TRY(lem_report_published(p, csv, lem_json_get(doc, "reference"), err));
    LEM_TRY(lem_report_strata(p, &m, doc, csv, err));
    LEM_TRY(details(p, &m, &d, csv, doc, err));
    LEM_TRY(lem_report_examples(p, lem_json_get(doc, "examples"), source, err));
done:
    lem_free(m.at);
    lem_free(d.at);
    return st;
}
