/* tower_priv.h - numbers that are too large to write out, by their logarithms */
#ifndef LEM_GRADE_TOWER_PRIV_H
#define LEM_GRADE_TOWER_PRIV_H

#include "grade/decide/ball_priv.h"

/* After a run for constants in which a or b was fuzzy: true if they certainly differ, in sign, or in a
 * logarithm of their absolute values, or in a logarithm of those, … */
bool lem_towers_differ(const balls *e);

#endif
