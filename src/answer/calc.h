/* answer/calc.h - exact values of arithmetic: "48/2 + 1" is the rational number 25
 *
 * The grader's own parser and arithmetic, for those that check equations inside a text. What is no rational
 * number (roots, symbols, words, units, 1/0, beyond the grader's limits) has no value. Not for several
 * threads at a time; a pure function of the text. */
#ifndef LEM_ANSWER_CALC_H
#define LEM_ANSWER_CALC_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct lem_calc lem_calc;
typedef struct lem_value lem_value; /* borrowed from its lem_calc until lem_calc_clear */

lem_calc *lem_calc_new(lem_err *err); /* NULL: out of memory */
void lem_calc_free(lem_calc *c);      /* NULL allowed */
/* Gives up all values. To be called between equations: the limits of the grader hold from clear to clear. */
void lem_calc_clear(lem_calc *c);

/* NULL: text has no value. */
const lem_value *lem_calc_read(lem_calc *c, const char *text, size_t len);
int lem_value_order(const lem_value *a, const lem_value *b); /* the sign of a - b */
bool lem_value_is_whole(const lem_value *a);

#endif
