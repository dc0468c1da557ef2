/* compare_answer_priv.h - the verdict on two whole answers */
#ifndef LEM_GRADE_COMPARE_ANSWER_H
#define LEM_GRADE_COMPARE_ANSWER_H

#include "grade/compare_priv.h"

/* By a policy's switches; what an answer is made of (chains, statements) is taken apart first. */
lem_grade_result lem_compare_answers(grade_work *w, const grade_rules *rules, const ast_node *gold,
                                     const ast_node *pred);

#endif
