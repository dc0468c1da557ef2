/* report/grid.h - a table that is filled cell by cell and then shown on a page
 *
 * The texts are copied. Calls cannot fail: want of memory is remembered and told by lem_grid_show. */
#ifndef LEM_REPORT_GRID_H
#define LEM_REPORT_GRID_H

#include "core/err.h"
#include "report/page.h"

enum { LEM_GRID_COLUMNS = 40 };

typedef struct lem_grid { /* zeroed = empty */
    lem_column column[LEM_GRID_COLUMNS];
    char *title[LEM_GRID_COLUMNS];
    int n_columns;
    char **cell; /* row by row */
    size_t n, cap;
    bool failed;
} lem_grid;

/* Columns come before cells; those beyond LEM_GRID_COLUMNS are left out. */
void lem_grid_column(lem_grid *g, const char *title, bool numeric);
/* The next cell, in rows of n_columns; NULL is an empty one. */
void lem_grid_put(lem_grid *g, const char *text);
void lem_grid_putf(lem_grid *g, const char *fmt, ...) LEM_PRINTF(2, 3);
int lem_grid_rows(const lem_grid *g);
/* Shows the full rows, if there is one; caption may be NULL; mark_row -1 = none. LEM_EMEM. */
lem_status lem_grid_show(const lem_grid *g, lem_page *p, const char *name, const char *caption, int mark_row,
                         lem_err *err) LEM_MUST_CHECK;
void lem_grid_release(lem_grid *g);

#endif
