/* eval/row_says.h - what a row says of the commas and points in its numbers, before its answers are graded
 *
 * 100,200 is one number or two, 1.234 is 1.234 or 1234: the pair of answers often tells (docs/grading.md),
 * else the row may. */
#ifndef LEM_EVAL_ROW_SAYS_H
#define LEM_EVAL_ROW_SAYS_H

#include "core/json.h"
#include "data/candidates.h"
#include "grade/grade.h"

/* By OlympiadBench's column: is_multiple_answer true is several parts, false one number; and by the columns
 * problem and question, whose rows need not be candidates. */
void lem_row_says_columns(const lem_json *row, lem_grade_profile *p);
/* By another gold of the row (100200, or "200 and 100"), or a problem that asks for answers separated by
 * commas; a problem or gold with 1.234,5 or 1.234.567 writes European numbers. What is told already stays. */
void lem_row_says_texts(const lem_candidates *c, lem_grade_profile *p);

#endif
