/* numeric_priv.h - numeric comparison of two scalars with running error bounds */
#ifndef LEM_GRADE_NUMERIC_PRIV_H
#define LEM_GRADE_NUMERIC_PRIV_H

#include "grade/ast_priv.h"

typedef enum numeric_answer { NUMERIC_EQUAL, NUMERIC_DIFFERENT, NUMERIC_UNKNOWN } numeric_answer;

/* Evaluates both trees in long double, each operation carrying a bound on its error, at points of both signs for the free symbols. Different: the values
 * are farther apart than the bounds at some point. Equal: they agree to 12 digits at three points or more (one when there is no symbol). */
numeric_answer lem_grade_numeric_compare(grade_work *w, const ast_node *a, const ast_node *b);
/* |a - b| <= 10^ulp10 / 2 for constants; false when either cannot be evaluated. */
bool lem_grade_numeric_within(grade_work *w, const ast_node *a, const ast_node *b, int ulp10);

#endif
