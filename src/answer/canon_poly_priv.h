/* canon_poly_priv.h - arithmetic of sums of monomials; NULL for NULL, for 0^-1 and at a limit */
#ifndef LEM_ANSWER_CANON_POLY_PRIV_H
#define LEM_ANSWER_CANON_POLY_PRIV_H

#include "answer/canon_priv.h"

canon_poly *lem_poly_rational(lem_work *w, lem_rat *c);
canon_poly *lem_poly_atom(lem_work *w, const char *atom); /* the name is borrowed */
canon_poly *lem_poly_add(lem_work *w, const canon_poly *a, const canon_poly *b);
canon_poly *lem_poly_scale(lem_work *w, const canon_poly *a, lem_rat *c);
canon_poly *lem_poly_mul(lem_work *w, const canon_poly *a, const canon_poly *b);
canon_poly *lem_poly_power(lem_work *w, const canon_poly *p, lem_rat *e);

#endif
