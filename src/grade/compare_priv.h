/* compare_priv.h - verdict on two answer trees, and the key of one */
#ifndef LEM_GRADE_COMPARE_PRIV_H
#define LEM_GRADE_COMPARE_PRIV_H

#include "grade/ast_priv.h"

#include "grade/grade.h"

lem_grade_result lem_grade_compare_trees(grade_work *w, const ast_node *gold, const ast_node *pred);
/* Canonical text of what the answer means: without "x =", units, percent and money signs. NULL when there is none. */
const char *lem_grade_key_text(grade_work *w, const ast_node *a);

#endif
