/* report/sets.h - files of graded candidates in a report: worked examples, all problems, what their scores
 * look like */
#ifndef LEM_REPORT_SETS_H
#define LEM_REPORT_SETS_H

#include "core/err.h"
#include "report/page.h"
#include "rows/rows.h"

typedef struct lem_report_sets { /* all borrowed */
    const char *const *paths; /* [n] a set each: a file, or files that are one set (data/candidate_set.h) */
    int n;                    /* up to LEM_PROBLEMS_MAX_SETS */
    /* [n] of their rows (data/bad_rows.h); entries and the array may be NULL */
    const lem_row_judge *const *judges;
    int n_examples; /* how many worked examples */
} lem_report_sets;

/* Sections: worked examples (where rows have scores, or there is nothing else to show), charts of the scores
 * of each set, all problems. Sets are named as side_names.h says. Each file is
 * read once for examples and problems, and once, by all its scores, for the charts. Rows of no known format
 * add nothing; one that cannot be read is LEM_EDATA that names it. */
lem_status lem_report_sets_add(lem_page *p, const lem_report_sets *sets, lem_err *err) LEM_MUST_CHECK;

#endif
