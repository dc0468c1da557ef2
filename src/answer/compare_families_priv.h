/* compare_families_priv.h - solutions with a whole parameter, as residues */
#ifndef LEM_ANSWER_COMPARE_FAMILIES_H
#define LEM_ANSWER_COMPARE_FAMILIES_H

#include "answer/shape_priv.h"

/* x = pi/4 + k pi and x = 5 pi/4 + n pi: are both sides of an unknown the same numbers? False also where this
 * cannot be told. */
bool lem_same_families(lem_work *w, const shape *a, const shape *b);

#endif
