/* answer_forms_priv.h - an answer read as the other side of the row asks; each returns the answer itself
 * where there is nothing to ask */
#ifndef LEM_ANSWER_ANSWER_FORMS_H
#define LEM_ANSWER_ANSWER_FORMS_H

#include "answer/shape_priv.h"

/* 100,200,300 as the list of its groups where the other side has as many parts. */
const ast_node *lem_answer_as_list(lem_work *w, const ast_node *number, const ast_node *other);
/* 100,200,300 as the list of its groups, where none of these begins with 0. */
const ast_node *lem_answer_split(lem_work *w, const ast_node *number);
/* 1.234 as 1234, with or without a unit. */
const ast_node *lem_answer_points_group(lem_work *w, const ast_node *a);
/* 1,234 in whatever notation: a whole number with one comma. */
bool lem_answer_has_one_comma(const ast_node *a);
/* 100,200 and 200,100: numbers that differ, or a list in two orders. */
bool lem_answer_is_reordered(const ast_node *a, const ast_node *b);
/* 20 m/s in plain letters as a quantity where the other side is one of the same kind. */
const ast_node *lem_answer_as_quantity(lem_work *w, const ast_node *a, const ast_node *other);

/* C(10,3), P(10,3) as a number where the other side is one. */
const ast_node *lem_answer_as_count(lem_work *w, const ast_node *a, const ast_node *other);

/* 1.234,56 as one number where the other side is one. */
const ast_node *lem_answer_as_european(lem_work *w, const ast_node *a, const ast_node *other);

/* FF_16, letters alone, as a number in a base where the other side is one, or such letters too. */
const ast_node *lem_answer_as_base(lem_work *w, const ast_node *a, const ast_node *other);

/* FF alone as that number, where the other side is one in base 16. */
const ast_node *lem_answer_as_bare_base(lem_work *w, const ast_node *a, const ast_node *other);

/* m + n = 73 as its number where the other side is a number; one symbol alone is not asked for: 2x = 73. */
const ast_node *lem_answer_as_end(lem_work *w, const ast_node *a, const ast_node *other);

/* C(2, -3) as its coordinates where the other side has as many. */
const ast_node *lem_answer_as_point(lem_work *w, const ast_node *a, const ast_node *other);

#endif
