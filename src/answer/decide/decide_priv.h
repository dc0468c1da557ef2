/* decide_priv.h - are two scalars the same number, or the same function? Certified answers wherever there are
 * any
 *
 * Cheapest first: canonical form; one shared form (dag_priv.h); residues modulo two primes of 61 bits
 * (modular.c); balls that exclude zero (ball.c); a root separation bound for algebraic numbers (ball.c); an
 * identity of rational functions over their kernels (proof.c); logarithms for powers that are too large to
 * write out (tower.c); last, balls that still meet at 512 bits (points) or 1024 bits (constants), which is
 * "equal numeric".
 *
 * Verdicts: EQUAL_EXACT and NOT_EQUAL are proven (with free symbols: as functions, wherever both sides are
 * defined). EQUAL_NUMERIC is agreement to 256 bits behind the point, at three sample points or more when
 * there are symbols. LIMIT is "not decided". All work is paid for in fuel of the lem_work; nothing depends
 * on threads, time or earlier calls. Symmetric in a and b. */
#ifndef LEM_ANSWER_DECIDE_PRIV_H
#define LEM_ANSWER_DECIDE_PRIV_H

#include "answer/ast_priv.h"
#include "answer/verdict.h"

lem_answer_result lem_decide_scalars(lem_work *w, const ast_node *a, const ast_node *b);

/* True only if a and b are proven different, by a few cheap steps: to be asked before lem_decide_scalars
 * where a difference is likely and its reason does not matter. */
bool lem_decide_apart(lem_work *w, const ast_node *a, const ast_node *b);

/* True only if a is a rational multiple of b, not zero, by their canonical forms. */
bool lem_decide_multiple(lem_work *w, const ast_node *a, const ast_node *b);

/* The value where folding alone finds a rational number, else NULL. */
lem_rat *lem_decide_rational(lem_work *w, const ast_node *a);

/* True only if |a - b| <= tol is certain; constants only. */
bool lem_decide_within(lem_work *w, const ast_node *a, const ast_node *b, const lem_rat *tol);

/* Sign of a - b for real constants: -1, 0 (proven equal; also for equal functions), 1; 2 when it is not
 * known. */
int lem_decide_order(lem_work *w, const ast_node *a, const ast_node *b);

#endif
