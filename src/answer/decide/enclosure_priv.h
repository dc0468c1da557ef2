/* enclosure_priv.h - from a ball to a tree */
#ifndef LEM_ANSWER_ENCLOSURE_H
#define LEM_ANSWER_ENCLOSURE_H

#include "answer/ast_priv.h"
#include "answer/decide/flint_priv.h"

/* A tree for the real number in a ball; NULL when the ball is too wide (2^-64, absolute or relative). */
ast_node *lem_ball_enclosed(lem_work *w, arb_srcptr x);

#endif
