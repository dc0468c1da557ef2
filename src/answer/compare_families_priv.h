/* compare_families_priv.h - x = pi/4 + k pi, n = 3k + 1: the numbers that an answer names with a whole
 * parameter */
#ifndef LEM_ANSWER_COMPARE_FAMILIES_H
#define LEM_ANSWER_COMPARE_FAMILIES_H

#include "answer/compare_answer_priv.h"

/* What decides: RULE_FAMILIES for the same numbers, RULE_NOT_DECIDED where they are the same only if the
 * parameter is any whole number and nobody says so, RULE_COUNT where families say nothing. */
answer_rule lem_same_families(answers *c, const shape *gold, const shape *pred);

#endif
