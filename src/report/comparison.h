/* report/comparison.h - two files of candidates for the same problems beside each other, as a section: the
 * claims, the paired differences, the table, and the problems that are right in one of them alone */
#ifndef LEM_REPORT_COMPARISON_H
#define LEM_REPORT_COMPARISON_H

#include "core/err.h"
#include "core/json.h"
#include "report/page.h"

/* Whether a document is a result of `lemma compare`. */
bool lem_report_is_comparison(const lem_json *doc);
/* Adds it. a and b: what the sides are called. csv begins the names of its CSV files.
 * LEM_EDATA where the document is not as eval/compare.h writes it; source names it. */
lem_status lem_report_comparison(lem_page *p, const char *a, const char *b, const char *csv,
                                 const char *source, const lem_json *doc, lem_err *err) LEM_MUST_CHECK;
/* The same of a result file: the sides are called by what the files that its manifest names differ in, "A"
 * and "B" without one. */
lem_status lem_report_comparison_file(lem_page *p, const char *csv, const char *path, const lem_json *doc,
                                      lem_err *err) LEM_MUST_CHECK;

#endif
