/* eval/passk.h - pass@k: the chance that k of the n candidates hold a right one */
#ifndef LEM_EVAL_PASSK_H
#define LEM_EVAL_PASSK_H

#include "eval/problem.h"

/* 1 - C(n-c,k)/C(n,k) (Chen et al. 2021, eq. 1) as a product, for 1 <= k <= n and 0 <= c <= n; NAN outside.
 */
double lem_eval_pass_at_k(int n, int c, int k);
/* Whether the first k hold a right one: 0 or 1. */
double lem_eval_pass_first(const lem_eval_problem *p, int k);
int lem_eval_count_correct(const lem_eval_problem *p);

#endif
