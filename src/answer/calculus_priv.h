/* calculus_priv.h - derivatives, limits, and certified values of sums and integrals, on answer trees
 *
 * A bound symbol is called "index". All functions return NULL where they know no value (w->limit tells a
 * limit apart); what they return is equal to the form wherever that has a value. */
#ifndef LEM_ANSWER_CALCULUS_H
#define LEM_ANSWER_CALCULUS_H

#include "answer/ast_priv.h"

/* The derivative with respect to a symbol: sums, products, powers and elementary functions. */
ast_node *lem_derivative(lem_work *w, ast_node *a, const ast_node *symbol);

/* lim of body for index -> at, from both sides or from the one where there are values. By continuity, by
 * l'Hôpital's rule where numerator and denominator are proven zero, by logarithms of powers. */
ast_node *lem_limit_value(lem_work *w, const ast_node *body, const ast_node *at);

/* What follows is a constant within a certified enclosure: FN "enclosed" of two rationals around it. */
/* The integral of a body in index over two real constants (Arb: acb_calc_integrate). */
ast_node *lem_integral_enclosure(lem_work *w, const ast_node *body, const ast_node *low,
                                 const ast_node *high);
/* The sum of body over index = from, from + 1, …: z^k times a rational function of k with |z| <= 1
 * (decide/series.c). */
ast_node *lem_series_enclosure(lem_work *w, const ast_node *body, long from);

/* How many forms with a bound symbol lie in each other; the k-th from inside calls its own index, index2, …
 */
uint32_t lem_bound_depth(lem_work *w, const ast_node *a);
bool lem_has_index(lem_work *w, const ast_node *a);
static inline ast_node *calculus_at(lem_work *w, const ast_node *body, ast_node *v) {
    return lem_ast_replace(w, (ast_node *)body, "index", 5, v);
}

#endif
