/* compare_free_priv.h - free constants by other constants */
#ifndef LEM_ANSWER_COMPARE_FREE_H
#define LEM_ANSWER_COMPARE_FREE_H

#include "answer/compare_answer_priv.h"

/* C, and c_1, C_2: constants of integration wherever they stand. */
bool lem_free_is_strong(const ast_node *symbol);
/* Those, and what else is used for them. */
bool lem_free_may_be_constant(const ast_node *symbol);

/* Are two expressions, or two equations, the same but for a constant a C + b in place of C? True is proven;
 * *numeric: as far as numbers tell. */
bool lem_free_affine(answers *c, const ast_node *gold, const ast_node *pred, bool *numeric);

#endif
