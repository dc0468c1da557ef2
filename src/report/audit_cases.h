/* report/audit_cases.h - the cases of an audit as a list in which a person marks what is right */
#ifndef LEM_REPORT_AUDIT_CASES_H
#define LEM_REPORT_AUDIT_CASES_H

#include "report/audit_page.h"
#include "report/page.h"

/* A section with an item for each pair of gold and answer: problem, gold, response, both verdicts, and the
 * question whether the answer is right (page.h, lem_asked); filters are the kinds of cases and the marks.
 * What is marked already (p->marks) is shown so. Cases beyond 20 MB of page are left out here, and that is
 * said; without cases nothing is added. */
lem_status lem_audit_cases_add(lem_page *page, const lem_grade_page *p, lem_err *err) LEM_MUST_CHECK;

#endif
