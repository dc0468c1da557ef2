/* report/unfinished.h - jobs that are under way, or were killed: what they have done so far, as a section
 *
 * It reads what stands in OUT.job (docs/jobs.md) and takes no lock that would be in a job's way. */
#ifndef LEM_REPORT_UNFINISHED_H
#define LEM_REPORT_UNFINISHED_H

#include "core/err.h"
#include "report/page.h"
#include "report/sources.h"

/* Whether a job runs whose output is the input, lies in it as an unfinished one, or is the recipe that made
 * it (run.json). */
bool lem_report_is_running(const char *input, const lem_sources *s);
/* A part for each unfinished job among the sources: whether it runs, rows and candidates in its journal, how
 * many of them were cut by length, how long they are; the curves of its telemetry so far. */
lem_status lem_report_unfinished(lem_page *p, const lem_sources *s, lem_err *err) LEM_MUST_CHECK;

#endif
