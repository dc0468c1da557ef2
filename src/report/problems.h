/* report/problems.h - all problems of a file of graded candidates, to be searched and filtered */
#ifndef LEM_REPORT_PROBLEMS_H
#define LEM_REPORT_PROBLEMS_H

#include "core/err.h"
#include "report/page.h"
#include "rows/rows.h"

/* A section with an item for each problem of a file of candidates with texts and correctness: problem, gold,
 * and a candidate for each of the answers with the most votes: its votes, verdict, rule, score, step scores.
 * Filters: what vote and score chose, whether a candidate was right, undecided or cut, level, subject and
 * type. Texts are cut at 1,500 bytes; problems beyond 20 MB of page are left out, and that is said. A file
 * without such columns adds nothing; a row that cannot be read behind others is LEM_EDATA that names it. */
lem_status lem_report_problems(lem_page *p, const char *path, const lem_row_judge *judge,
                               lem_err *err) LEM_MUST_CHECK;

#endif
