/* canon_priv.h - canonical forms: a scalar as a sum of monomials over atoms, anything else as a text built
 * from those
 *
 * Atoms are symbols, constants (pi, e, i), roots of primes ("#3" with an exponent in (0,1)), and what cannot
 * be opened further, e.g. sin(…) or the inverse of a sum, named by its own canonical text. Two trees with the
 * same canonical text are equal; the converse holds only where lem_canon_is_unique says so. */
#ifndef LEM_ANSWER_CANON_PRIV_H
#define LEM_ANSWER_CANON_PRIV_H

#include "answer/ast_priv.h"

typedef struct canon_factor {
    const char *key;
    lem_rat *e;
} canon_factor;

typedef struct canon_term {
    lem_rat *c;
    canon_factor *f; /* sorted by key */
    uint32_t n;
    const char *key; /* text of the monomial without coefficient; "" for 1 */
} canon_term;

typedef struct canon_poly {
    canon_term *t; /* sorted by key, no zero coefficients */
    uint32_t n;
} canon_poly;

/* NULL when the tree is not a scalar (w->limit clear), is undefined such as 1/0, or at a limit (w->limit
 * set). */
canon_poly *lem_canon_scalar(lem_work *w, const ast_node *a);
canon_poly *lem_canon_sub(lem_work *w, const canon_poly *a, const canon_poly *b);
/* The value when the poly is a rational number, else NULL. Zero terms are 0. */
lem_rat *lem_canon_rational(lem_work *w, const canon_poly *p);
/* Divided by the absolute value of its leading coefficient, or by the coefficient itself when `sign`. */
canon_poly *lem_canon_primitive(lem_work *w, const canon_poly *p, bool sign);
const char *lem_canon_poly_text(lem_work *w, const canon_poly *p);
/* Text of any tree; the parts of a list, set, tuple … read as `part` gives them, whoever asks. */
typedef const char *canon_part(lem_work *w, const ast_node *a);
const char *lem_canon_text_by(lem_work *w, const ast_node *a, canon_part *part);
/* The parts by their own canonical texts. */
const char *lem_canon_text(lem_work *w, const ast_node *a);
/* Different polys of this kind are different values: polynomials in free symbols, or sums of square roots of
 * rationals with i. */
bool lem_canon_is_unique(const canon_poly *p);

#endif
