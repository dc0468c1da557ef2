/* tower_priv.h - numbers that are too large to write out, by their logarithms */
#ifndef LEM_ANSWER_TOWER_PRIV_H
#define LEM_ANSWER_TOWER_PRIV_H

#include "answer/decide/ball_priv.h"

/* After a run for constants in which a or b was fuzzy: true if they certainly differ, in sign, or in a
 * logarithm of their absolute values, or in a logarithm of those, … */
bool lem_towers_differ(const balls *e);

#endif
