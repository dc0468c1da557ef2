/* published.c - published figures on a page */
#include "report/published.h"

#include "report/grid.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_ROWS = 256, MAX_COLUMNS = 12, MAX_SOURCES = 16 };

static const char *text_of(const lem_json *o, const char *key) {
    return lem_json_str(lem_json_get(o, key), "");
}

/* The distinct values of a member, in order of appearance. */
static int distinct(const lem_json *list, const char *key, const char **out, int most) {
    int n = 0;
    for (size_t i = 0; i < lem_json_count(list); i++) {
        const char *text = text_of(lem_json_at(list, i), key);
        int at = 0;
        while (at < n && strcmp(out[at], text) != 0) at++;
        if (at == n && n < most && *text) out[n++] = text;
    }
    return n;
}

static const lem_json *find(const lem_json *list, const char *row, const char *column) {
    for (size_t i = 0; i < lem_json_count(list); i++) {
        const lem_json *x = lem_json_at(list, i);
        if (strcmp(text_of(x, "row"), row) == 0 && strcmp(text_of(x, "column"), column) == 0) return x;
    }
    return NULL;
}

static void put_row(lem_grid *g, const lem_json *list, const char *row, const char *const *columns, int n) {
    const char *note = "";
    lem_grid_put(g, row);
    for (int c = 0; c < n; c++) {
        const lem_json *x = find(list, row, columns[c]);
        double v = lem_json_num(lem_json_get(x, "value"), NAN);
        if (isfinite(v)) lem_grid_putf(g, "%.2f", v);
        else lem_grid_put(g, NULL);
        if (*text_of(x, "note")) note = text_of(x, "note");
    }
    lem_grid_put(g, note);
}

lem_status lem_report_published(lem_page *p, const char *csv, const lem_json *list, lem_err *err) {
    const char *rows[MAX_ROWS], *columns[MAX_COLUMNS], *sources[MAX_SOURCES];
    int n_rows = distinct(list, "row", rows, MAX_ROWS),
        n_columns = distinct(list, "column", columns, MAX_COLUMNS),
        n_sources = distinct(list, "source", sources, MAX_SOURCES);
    lem_grid g = {.n = 0};
    lem_buf caption = {0};
    char name[128];
    if (!n_rows || !n_columns) return LEM_OK;
    lem_grid_column(&g, "published", false);
    for (int c = 0; c < n_columns; c++) lem_grid_column(&g, columns[c], true);
    lem_grid_column(&g, "note", false);
    for (int r = 0; r < n_rows; r++) put_row(&g, list, rows[r], columns, n_columns);
    lem_buf_puts(&caption, "Published figures, as printed; from");
    for (int i = 0; i < n_sources; i++) lem_buf_printf(&caption, "%s %s", i ? ";" : "", sources[i]);
    snprintf(name, sizeof name, "%.100s-published", csv);
    lem_status st = lem_buf_ok(&caption, err);
    if (st == LEM_OK) st = lem_grid_show(&g, p, name, lem_buf_str(&caption), -1, err);
    lem_buf_release(&caption);
    lem_grid_release(&g);
    return st;
}
