/* select_tables.c - what select says of its scores, and of the values of a column, as tables */
#include "report/metrics_priv.h"
#include "report/sections.h"

#include "core/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SCORE_COLUMNS = 6, MAX_SCORES = 16, CELL = 48 };

static void number(const lem_json *v, int decimals, char out[CELL]) {
    double x = lem_json_num(v, NAN);
    if (isfinite(x)) snprintf(out, CELL, "%.*f", decimals, x);
    else snprintf(out, CELL, "\xe2\x80\x93");
}

static void score_row(const lem_json *s, char text[SCORE_COLUMNS][CELL]) {
    const lem_json *ci = lem_json_get(s, "ci95");
    char length[CELL], right[CELL];
    snprintf(text[0], CELL, "%.40s", lem_json_str(lem_json_get(s, "scorer"), ""));
    number(lem_json_get(s, "pairs"), 3, text[1]);
    snprintf(text[2], CELL, "%lld", (long long)lem_json_int(lem_json_get(s, "problems"), 0));
    number(lem_json_get(s, "auc"), 3, text[3]);
    size_t at = strlen(text[3]);
    if (lem_json_count(ci) == 2)
        snprintf(text[3] + at, CELL - at, " [%.3f, %.3f]", lem_json_num(lem_json_at(ci, 0), NAN),
                 lem_json_num(lem_json_at(ci, 1), NAN));
    number(lem_json_get(s, "length_rho"), 2, length);
    number(lem_json_get(s, "label_length_rho"), 2, right);
    snprintf(text[4], CELL, "%.12s (%.12s)", length, right);
    number(lem_json_get(s, "ended_pairs"), 3, text[5]);
}

lem_status lem_report_scores(lem_page *p, const lem_json *doc, const char *csv, lem_err *err) {
    static const lem_column column[SCORE_COLUMNS] = {{"score", false},
                                                     {"pairs in order", true},
                                                     {"problems", true},
                                                     {"AUC [95 % interval]", true},
                                                     {"with length (right)", true},
                                                     {"ended above cut", true}};
    const lem_json *list = lem_json_get(doc, "scores");
    size_t n = lem_json_count(list);
    if (lem_json_kind(list) != LEM_JSON_ARRAY || n == 0) return LEM_OK;
    if (n > MAX_SCORES) n = MAX_SCORES;
    char(*text)[SCORE_COLUMNS][CELL] = lem_alloc_zero(n, sizeof *text, err);
    const char *cell[MAX_SCORES * SCORE_COLUMNS];
    char name[128];
    if (!text) return LEM_EMEM;
    for (size_t i = 0; i < n; i++) {
        score_row(lem_json_at(list, i), text[i]);
        for (size_t c = 0; c < SCORE_COLUMNS; c++) cell[i * SCORE_COLUMNS + c] = text[i][c];
    }
    snprintf(name, sizeof name, "%s-scores", csv);
    lem_page_table(
        p, &(lem_table){name,
                        "Scores against correctness: pairs of a right and a wrong candidate of a problem "
                        "(problems that have both); rank correlation with length, and that of correctness",
                        column, SCORE_COLUMNS, (int)n, cell, -1});
    lem_free(text);
    return LEM_OK;
}

/* ---- apart for each value of a column ---- */

enum { STRATA_COLUMNS = 6, MAX_VALUES = 200 };

/* Of a list of metrics, the one of that name: "91.3 % [60.0, 99.8]", or a dash. */
static void metric_text(const lem_json *metrics, const char *name, char out[CELL]) {
    snprintf(out, CELL, "\xe2\x80\x93");
    for (size_t i = 0; i < lem_json_count(metrics); i++) {
        const lem_json *m = lem_json_at(metrics, i), *ci = lem_json_get(m, "ci95");
        double v = lem_json_num(lem_json_get(m, "value"), NAN);
        if (strcmp(lem_json_str(lem_json_get(m, "name"), ""), name) != 0 || !isfinite(v)) continue;
        int at = snprintf(out, CELL, "%.1f %%", 100 * v);
        if (lem_json_count(ci) == 2)
            snprintf(out + at, (size_t)(CELL - at), " [%.1f, %.1f]",
                     100 * lem_json_num(lem_json_at(ci, 0), NAN),
                     100 * lem_json_num(lem_json_at(ci, 1), NAN));
        return;
    }
}

/* pass@1, then maj, the first other family, and pass at the largest k. */
static void names_of(const lem_result_metrics *m, char name[4][CELL]) {
    long k = m->n_ks ? m->ks[m->n_ks - 1] : 1;
    const char *other = "rm";
    for (int i = m->n_curves; i-- > 0;)
        if (strcmp(m->curves[i].family, "pass") != 0 && strcmp(m->curves[i].family, "maj") != 0)
            other = m->curves[i].family;
    snprintf(name[0], CELL, "pass@1");
    snprintf(name[1], CELL, "maj@%ld", k);
    snprintf(name[2], CELL, "%.30s@%ld", other, k);
    snprintf(name[3], CELL, "pass@%ld", k);
}

static lem_status strata_table(lem_page *p, const lem_json *by, char name[4][CELL], const char *csv,
                               lem_err *err) {
    const char *what = lem_json_str(lem_json_get(by, "column"), "");
    const lem_json *values = lem_json_get(by, "values");
    size_t n = lem_json_count(values) < MAX_VALUES ? lem_json_count(values) : MAX_VALUES;
    if (n < 2) return LEM_OK;
    char(*text)[STRATA_COLUMNS][CELL] = lem_alloc_zero(n + 1, sizeof *text, err);
    const char **cell = lem_alloc_zero((n + 1) * STRATA_COLUMNS, sizeof *cell, err);
    lem_status st = text && cell ? LEM_OK : LEM_EMEM;
    for (size_t i = 0; st == LEM_OK && i <= n; i++) {
        const lem_json *v = lem_json_at(values, i), *metrics = lem_json_get(v, "metrics");
        snprintf(text[i][0], CELL, "%.44s",
                 i < n ? lem_json_str(lem_json_get(v, "value"), "") : "mean of the above");
        if (i < n) snprintf(text[i][1], CELL, "%lld", (long long)lem_json_int(lem_json_get(v, "n"), 0));
        for (int c = 0; c < 4; c++)
            metric_text(i < n ? metrics : lem_json_get(by, "macro"), name[c], text[i][c + 2]);
        for (size_t c = 0; c < STRATA_COLUMNS; c++) cell[i * STRATA_COLUMNS + c] = text[i][c];
    }
    const lem_column column[STRATA_COLUMNS] = {{what, false},   {"problems", true}, {name[0], true},
                                               {name[1], true}, {name[2], true},    {name[3], true}};
    char caption[128];
    snprintf(caption, sizeof caption, "By %.60s", what);
    if (st == LEM_OK)
        lem_page_table(p, &(lem_table){csv, caption, column, STRATA_COLUMNS, (int)n + 1, cell, (int)n});
    lem_free(text);
    lem_free(cell);
    return st;
}

lem_status lem_report_strata(lem_page *p, const lem_result_metrics *m, const lem_json *doc, const char *csv,
                             lem_err *err) {
    const lem_json *list = lem_json_get(doc, "by");
    char name[4][CELL];
    lem_status st = LEM_OK;
    if (lem_json_kind(list) != LEM_JSON_ARRAY) return LEM_OK;
    names_of(m, name);
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(list) && i < 8; i++) {
        char file[128];
        snprintf(file, sizeof file, "%.100s-column-%zu", csv, i + 1);
        st = strata_table(p, lem_json_at(list, i), name, file, err);
    }
    return st;
}
