/* report/published.h - published figures (eval/reference.h) on a page */
#ifndef LEM_REPORT_PUBLISHED_H
#define LEM_REPORT_PUBLISHED_H

#include "core/err.h"
#include "core/json.h"
#include "report/page.h"

/* A table of [{table, row, column, value, source, note}], as printed: a row for each row, a column for each
 * column, then the sources. NULL or an empty list adds nothing. csv begins the name of its CSV file. */
lem_status lem_report_published(lem_page *p, const char *csv, const lem_json *list,
                                lem_err *err) LEM_MUST_CHECK;

#endif
