/* report/left_out.h - rows that the jobs behind a report left out, and whether training rows were held
 * against test sets */
#ifndef LEM_REPORT_LEFT_OUT_H
#define LEM_REPORT_LEFT_OUT_H

#include "core/log.h"
#include "report/jobs.h"
#include "report/page.h"
#include "report/sources.h"

/* The section "Rows left out": a table of what each job's manifest tells of its rows (`rows`, job/account.h),
 * a row for each reason, and examples: from the file of dropped rows where it is there and readable, else the
 * places in the manifest. Nothing where no manifest tells of rows. LEM_EMEM and LEM_EINTR alone fail. */
lem_status lem_report_left_out(lem_page *p, const lem_report_jobs *jobs, const lem_cancel *cancel,
                               lem_err *err) LEM_MUST_CHECK;

/* The section "Contamination": a table with a row for each file that a training job (sft, rm train, prm
 * train) learned from: where its rows came from in the end, and the test sets that all of them were held
 * against by data decontam on the way. Notes say plainly what was never checked, what was not checked against
 * the problems that the page's results are of, and which training rows are of the very file that results are
 * of. Nothing where no job trained. LEM_EMEM alone fails. */
lem_status lem_report_contamination(lem_page *p, const lem_report_jobs *jobs, const lem_sources *sources,
                                    lem_err *err) LEM_MUST_CHECK;

#endif
