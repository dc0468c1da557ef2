/* report/score_charts.h - what the scores of graded candidates look like: histograms, ROC, calibration,
 * length */
#ifndef LEM_REPORT_SCORE_CHARTS_H
#define LEM_REPORT_SCORE_CHARTS_H

#include "core/err.h"
#include "report/page.h"
#include "rows/rows.h"

/* Of a file of candidates (eval/load.h) with scores and correctness; one without adds nothing.
 * A file that is not of candidates adds nothing either: it may still hold worked examples.
 * A section of that title with: the scores of right and of wrong candidates, for the first score; ROC curves
 * of up to four; calibration where all scores of the first lie in 0..1; share right and mean rank of the
 * score by length. */
lem_status lem_report_score_charts(lem_page *p, const char *title, const char *path,
                                   const lem_row_judge *judge, lem_err *err) LEM_MUST_CHECK;

#endif
