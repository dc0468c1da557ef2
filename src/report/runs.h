/* report/runs.h - the results of several runs, or of several stages of one, beside each other */
#ifndef LEM_REPORT_RUNS_H
#define LEM_REPORT_RUNS_H

#include "core/err.h"
#include "report/page.h"
#include "report/sources.h"

/* One table of the results among the sources, a column each: pass@1, and every way of choosing at the
 * headline's k. One result, or none, adds nothing. */
lem_status lem_report_side_by_side(lem_page *p, const lem_sources *s, lem_err *err) LEM_MUST_CHECK;
/* The result of each further input against that of the same name of the first (where each has one: against
 * that one), paired on the candidates that both were made of: a section each (report/comparison.h). Where
 * those are not there, or were read with options that say what their columns are, a note says so. inputs:
 * [s->n_inputs], what the sources were found in. cancel may be NULL: LEM_EINTR. */
lem_status lem_report_compare_runs(lem_page *p, const lem_sources *s, const char *const *inputs,
                                   const lem_cancel *cancel, lem_err *err) LEM_MUST_CHECK;

#endif
