/* eval/texts.h - which candidates of a problem are the same text, and what choosing among texts blindly gives
 */
#ifndef LEM_EVAL_TEXTS_H
#define LEM_EVAL_TEXTS_H

#include "core/mem.h"
#include "data/candidates.h"
#include "eval/problem.h"

/* Sets p->text from the row's completions; it stays NULL where there are none. LEM_EMEM */
lem_status lem_eval_texts(const lem_candidates *c, lem_arena *arena, lem_eval_problem *p,
                          lem_err *err) LEM_MUST_CHECK;

/* Of the distinct texts in a subset of k candidates, the share that is right: how often a score that is a
 * function of the text and knows nothing would choose well. p->text is not NULL; count [n], zero between
 * calls. */
double lem_eval_chance(const lem_eval_problem *p, const int *subset, int k, double *count);

#endif
