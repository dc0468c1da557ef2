/* compare_answer_priv.h - the verdict on two whole answers */
#ifndef LEM_ANSWER_COMPARE_ANSWER_H
#define LEM_ANSWER_COMPARE_ANSWER_H

#include "answer/compare_priv.h"

enum { ANSWER_MAX_LEVEL = 6 };

/* What the conditions of an answer say of its parameter: nothing, that it is any whole number, or something
 * else. */
typedef enum answer_parameter { PARAMETER_OPEN, PARAMETER_WHOLE, PARAMETER_BOUND } answer_parameter;

/* What the steps of a comparison share; `compare` is the whole of it, for parts of an answer. */
typedef struct answers {
    lem_work *w;
    const lem_answer_rules *rules;
    int level;
    answer_parameter parameter[2]; /* of the gold and of the prediction whose values are compared */
    lem_answer_result (*compare)(struct answers *c, const ast_node *gold, const ast_node *pred);
} answers;

/* By a policy's switches; what an answer is made of (words, conditions, chains) is taken apart first. */
lem_answer_result lem_compare_answers(lem_work *w, const lem_answer_rules *rules, const ast_node *gold,
                                      const ast_node *pred);

/* A rule for two whole answers: true, with *out, where it decides; it may read a side as the other one asks.
 */
typedef bool answer_first_rule(answers *c, const ast_node **gold, const ast_node **pred,
                               lem_answer_result *out);
answer_first_rule lem_answer_letters, lem_answer_options, lem_answer_as_asked,
    lem_answer_ends; /* compare_answer.c */
/* One value in several forms, joined by "or" (compare_alternatives.c). */
answer_first_rule lem_answer_alternatives;
/* Answers with words or conditions around their values (compare_said.c). */
answer_first_rule lem_compare_said;

/* A rule that sees what has been said so far, and says something better or the same. */
typedef lem_answer_result answer_next_rule(answers *c, const ast_node *gold, const ast_node *pred,
                                           lem_answer_result r);
answer_next_rule lem_answer_chains, lem_answer_closed_values; /* compare_answer.c */
/* Answers that differ, with free constants or whole parameters (compare_free.c): equal up to their names and
 * what they absorb, or r. */
answer_next_rule lem_compare_free;

/* Does a condition only say where the value is defined: x >= 1 of \sqrt{x-1} (compare_domain.c)? */
bool lem_compare_is_domain(lem_work *w, const ast_node *condition, const ast_node *value);

/* A function in two pieces, with the point between them on the other side, or as an absolute value
 * (compare_pieces.c). */
bool lem_same_pieces(lem_work *w, const ast_node *gold, const ast_node *pred);

#endif
