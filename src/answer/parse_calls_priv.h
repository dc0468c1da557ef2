/* parse_calls_priv.h - functions of which nothing is known, applied to arguments */
#ifndef LEM_ANSWER_PARSE_CALLS_H
#define LEM_ANSWER_PARSE_CALLS_H

#include "answer/parse_priv.h"

/* At the bracket behind the symbol `head`: is the symbol applied to what the bracket holds? */
bool lem_parse_is_call(const parser *p, const ast_node *head);
/* head(argument); the parts of a tuple are arguments of their own. */
ast_node *lem_ast_call(lem_work *w, const ast_node *head, ast_node *argument);

#endif
