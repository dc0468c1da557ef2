/* report/sampled.h - a file of candidates that nobody graded yet, as a section: how many, how long, how they
 * ended */
#ifndef LEM_REPORT_SAMPLED_H
#define LEM_REPORT_SAMPLED_H

#include "core/err.h"
#include "core/log.h"
#include "report/page.h"

/* Whether the first row of a file is of candidates (data/candidates.h); false too where it cannot be read. */
bool lem_report_is_sampled(const char *path);
/* Adds it: rows, candidates, those cut by length and repeated, a chart of their lengths. csv begins the name
 * of its file. LEM_EDATA "FILE:LINE: …" for a row that is no such row; cancel may be NULL: LEM_EINTR. */
lem_status lem_report_sampled(lem_page *p, const char *title, const char *path, const lem_cancel *cancel,
                              lem_err *err) LEM_MUST_CHECK;

#endif
