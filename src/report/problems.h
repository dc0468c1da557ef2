/* report/problems.h - all problems of files of graded candidates, to be searched and filtered */
#ifndef LEM_REPORT_PROBLEMS_H
#define LEM_REPORT_PROBLEMS_H

#include "core/err.h"
#include "core/json.h"
#include "data/candidates.h"
#include "report/page.h"

/* Of each problem: its text, its gold, a table of its answers (votes, verdict and rule, best score, which
 * candidates) and up to 8 responses: that of the vote, the score's choice, a right one if these are wrong,
 * the first that is undecided, cut or without an answer, then one of each other answer by votes; each with
 * its score and the scores of its steps. Filters: set (where there are several), vote and score right or
 * wrong, flipped (the score against the vote, and a problem against the same one in the first set), whether
 * candidates are right, undecided, cut or without an answer, and the values of level, subject, type, category
 * and template.
 */
typedef struct lem_problems lem_problems;
/* names: [n] of the sets, borrowed; n up to LEM_PROBLEMS_MAX_SETS. */
enum { LEM_PROBLEMS_MAX_SETS = 32 };
lem_problems *lem_problems_new(const char *const *names, int n, lem_err *err);
void lem_problems_free(lem_problems *b); /* NULL allowed */

typedef struct lem_problem_row { /* all borrowed */
    int set;
    const lem_candidates *c; /* with texts and correctness, at least one */
    const lem_json *row;
    const char *file;
    uint64_t line;
} lem_problem_row;
lem_status lem_problems_add(lem_problems *b, const lem_problem_row *r, lem_err *err) LEM_MUST_CHECK;

/* A section with an item for each problem; none when none was added. All are there: where they would take
 * more than 22 MB, responses are shown shorter, then fewer, of all problems alike, and a note says how many
 * bytes and responses each has. Problems beyond 28 MB of page (some 20,000) are left out, and that is said.
 */
lem_status lem_problems_put(lem_problems *b, lem_page *p, lem_err *err) LEM_MUST_CHECK;

#endif
