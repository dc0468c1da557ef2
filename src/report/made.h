/* report/made.h - how each stage behind a report was made: all that its manifest says, folded away */
#ifndef LEM_REPORT_MADE_H
#define LEM_REPORT_MADE_H

#include "core/err.h"
#include "report/jobs.h"
#include "report/page.h"

enum { LEM_REPORT_MADE_MAX = 128 };

/* A fold for each of the jobs, but for those behind others alone. It has the command, version, compute path,
 * identity, every option with its value, each input with digest and licence, what was chosen, and the digest
 * of the output. *any: the section "How it was made" has begun, and has after the call if there is a fold.
 * LEM_EMEM alone fails. */
lem_status lem_report_made(lem_page *p, const lem_report_jobs *jobs, bool *any, lem_err *err) LEM_MUST_CHECK;

#endif
