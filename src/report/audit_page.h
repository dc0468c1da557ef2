/* report/audit_page.h - the audit of a graded file as a page: counts, the cases to be marked by a person
 * (report/audit_cases.h), then one table for each kind of case */
#ifndef LEM_REPORT_AUDIT_PAGE_H
#define LEM_REPORT_AUDIT_PAGE_H

#include "core/err.h"
#include "eval/audit.h"
#include "eval/marks.h"

#include <stdbool.h>

typedef struct lem_grade_page { /* all borrowed */
    const lem_audit *audit;
    const lem_grade_tally *tally;
    const char *file, *policy, *against; /* names; against NULL without a second policy */
    uint64_t right_against;              /* how many are right by the second policy */
    const lem_marks *marks;              /* what a person has marked already, and how often the policies */
    const lem_marks_tally *marked;       /* agree with it; NULL = nothing is */
} lem_grade_page;

/* Writes path (ends in .html), .md beside it and a .csv for each table; long texts are cut with "...".
 * LEM_EUSAGE when a file is there and overwrite is false. */
lem_status lem_grade_page_save(const lem_grade_page *p, const char *path, bool overwrite,
                               lem_err *err) LEM_MUST_CHECK;

#endif
