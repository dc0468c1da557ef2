/* closed_values_priv.h - sums and integrals by their closed values */
#ifndef LEM_ANSWER_CLOSED_VALUES_H
#define LEM_ANSWER_CLOSED_VALUES_H

#include "answer/ast_priv.h"

/* The tree with every sum and definite integral that has one replaced by its closed value; the tree itself
 * where there is none. */
const ast_node *lem_closed_value(lem_work *w, const ast_node *a);

#endif
