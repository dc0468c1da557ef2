/* report/benchmarks.h - the table of several benchmarks, with its average, as a section of a page */
#ifndef LEM_REPORT_BENCHMARKS_H
#define LEM_REPORT_BENCHMARKS_H

#include "core/err.h"
#include "core/json.h"
#include "report/page.h"

/* Whether a document is a table of `lemma bench table`. */
bool lem_report_is_benchmarks(const lem_json *doc);
/* Adds it: the average in a sentence, the table, what spoils its numbers, and folded what they were made of.
 * csv: the name of its CSV file. LEM_EDATA where the document is not as bench/table.h says; source names it.
 */
lem_status lem_report_benchmarks(lem_page *p, const char *csv, const char *source, const lem_json *doc,
                                 lem_err *err) LEM_MUST_CHECK;

#endif
