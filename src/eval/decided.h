/* eval/decided.h - when a majority vote is decided: no later candidate can change which answer wins
 *
 * That holds where more than half of all candidates gave the same answer, letter for letter: whatever a
 * policy calls equal beside them, these are of one group, and no other can be as large. Candidates are taken
 * in the order of their numbers, so the number at which a vote is decided does not depend on when they ended.
 */
#ifndef LEM_EVAL_DECIDED_H
#define LEM_EVAL_DECIDED_H

#include "core/buf.h"
#include "grade/grade.h"

typedef struct lem_decided { /* zeroed = no candidate yet */
    uint64_t *answer;        /* [seen] hashes; 0 = no answer */
    int seen;
    int after; /* decided with the first so many; 0 = not yet */
} lem_decided;

/* The next of n candidates in all. After the decision nothing is changed. */
lem_status lem_decided_add(lem_decided *d, int n, const lem_grade_profile *p, const char *text, size_t len,
                           lem_err *err) LEM_MUST_CHECK;
void lem_decided_release(lem_decided *d);
/* What a file of `rows` decided rows spoils, as a note to its figures; nothing for 0. */
void lem_decided_note(int rows, lem_buf *out);

#endif
