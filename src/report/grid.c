/* grid.c - a table that is filled cell by cell and then shown on a page */
#include "report/grid.h"

#include "core/buf.h"
#include "core/mem.h"

#include <stdarg.h>
#include <stdio.h>

void lem_grid_column(lem_grid *g, const char *title, bool numeric) {
    if (g->n_columns == LEM_GRID_COLUMNS) return;
    char *copy = lem_strdup(title, NULL);
    g->failed = g->failed || !copy;
    g->title[g->n_columns] = copy;
    g->column[g->n_columns++] = (lem_column){copy, numeric};
}

void lem_grid_put(lem_grid *g, const char *text) {
    if (g->n == g->cap) {
        size_t cap = g->cap ? 2 * g->cap : 64;
        char **grown = lem_realloc(g->cell, cap, sizeof *grown, NULL);
        if (!grown) {
            g->failed = true;
            return;
        }
        g->cell = grown;
        g->cap = cap;
    }
    char *copy = text ? lem_strdup(text, NULL) : NULL;
    g->failed = g->failed || (text && !copy);
    g->cell[g->n++] = copy;
}

void lem_grid_putf(lem_grid *g, const char *fmt, ...) {
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    lem_grid_put(g, text);
}

int lem_grid_rows(const lem_grid *g) { return g->n_columns ? (int)(g->n / (size_t)g->n_columns) : 0; }

lem_status lem_grid_show(const lem_grid *g, lem_page *p, const char *name, const char *caption, int mark_row,
                         lem_err *err) {
    int rows = lem_grid_rows(g);
    if (g->failed) return lem_fail(err, LEM_EMEM, "out of memory for a table of the report");
    if (!rows) return LEM_OK;
    lem_page_table(p, &(lem_table){name, caption, g->column, g->n_columns, rows, (const char *const *)g->cell,
                                   mark_row});
    return LEM_OK;
}

void lem_grid_release(lem_grid *g) {
    for (size_t i = 0; i < g->n; i++) lem_free(g->cell[i]);
    for (int i = 0; i < g->n_columns; i++) lem_free(g->title[i]);
    lem_free(g->cell);
    *g = (lem_grid){.n = 0};
}
