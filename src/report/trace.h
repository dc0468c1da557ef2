/* report/trace.h - the trees of a search in a report, from the file that `lemma search --trace` writes
 *
 * A row is a problem: steps [{step, parent, round, subtree, tokens, score, state, text}], parents before
 * their children; id, problem and method where they are there. */
#ifndef LEM_REPORT_TRACE_H
#define LEM_REPORT_TRACE_H

#include "core/err.h"
#include "report/page.h"

enum { LEM_TRACE_STEPS = 120 }; /* most steps shown of a problem, but for a longer chosen solution */

/* A section: counts over all rows, then the trees of the first `trees` problems; it says what is left out.
 * The chosen solution, the best scored of those found, is always whole.
 * LEM_EDATA: a file that is no trace, or a damaged one, by file, line and field. */
lem_status lem_report_trace(lem_page *p, const char *title, const char *path, int trees,
                            lem_err *err) LEM_MUST_CHECK;

#endif
