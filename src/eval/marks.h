/* eval/marks.h - what a person says of answers: a file of marks, and how often graders agree with it
 *
 * A row is an object with gold, answer and mark ("right", "wrong" or "unsure"), as the page of `grade
 * --audit` saves them; other members are passed over. A mark holds for every appearance of its pair of gold
 * and answer. */
#ifndef LEM_EVAL_MARKS_H
#define LEM_EVAL_MARKS_H

#include "core/err.h"
#include "core/object.h"
#include "eval/grade_rows.h"

#include <stdint.h>

typedef enum lem_mark_word {
    LEM_UNMARKED,
    LEM_MARKED_RIGHT,
    LEM_MARKED_WRONG,
    LEM_MARKED_UNSURE
} lem_mark_word;
const char *lem_mark_name(lem_mark_word m); /* "right" …; "" of LEM_UNMARKED */

typedef struct lem_marks lem_marks;
/* Rows of any kind of file. LEM_EDATA, with file and row: a member that is missing or not as above, two
 * different marks of one pair; a file without rows. */
lem_status lem_marks_load(const char *path, lem_marks **out, lem_err *err) LEM_MUST_CHECK;
void lem_marks_free(lem_marks *m); /* NULL allowed */
/* m NULL: nothing is marked. */
lem_mark_word lem_marks_find(const lem_marks *m, const char *gold, const char *answer);

typedef struct lem_marks_tally { /* of answers that stand in graded rows */
    uint64_t marked[LEM_MARKED_UNSURE + 1];
    uint64_t agree, other_agree; /* of those marked right or wrong: the grader (and the second) says the same;
                                    undecided is not the same */
} lem_marks_tally;
/* Counts the candidates of a row; other NULL without a second policy. */
void lem_marks_count(const lem_marks *m, const lem_graded *g, const lem_graded *other, lem_marks_tally *t);
/* "marked by a person: 12 answers right or wrong, 3 unsure; std agrees on 11 (91.7 %), qwen agrees on 7 (58.3
 * %)"; against NULL without a second policy. */
void lem_marks_tell(const lem_marks_tally *t, const char *policy, const char *against, lem_buf *out);
/* The same as an object: right, wrong, unsure, agree, against_agree. Owned by the caller; NULL: no memory. */
lem_json *lem_marks_json(const lem_marks_tally *t, bool against);

#endif
