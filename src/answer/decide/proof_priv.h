/* proof_priv.h - identities between rational functions over kernels, by polynomials with integer coefficients
 *
 * Each side becomes numerator / denominator in FLINT's multivariate polynomials; N_a D_b - N_b D_a is reduced
 * by what is known of the kernels (i^2 = -1, the n-th power of an n-th root, sin^2 + cos^2 = 1). Zero proves
 * equality wherever both sides are defined; the caller sees to it that they are defined somewhere. Bounded:
 * degree 256, 20,000 terms, 16 kernels, coefficients of 4,096 bits; beyond, nothing is said. */
#ifndef LEM_ANSWER_PROOF_PRIV_H
#define LEM_ANSWER_PROOF_PRIV_H

#include "answer/decide/modular_priv.h"

typedef enum proof_answer {
    PROOF_NONE,
    PROOF_EQUAL,
    PROOF_CONSTANT_APART /* a - b is a rational number other than 0 */
} proof_answer;

proof_answer lem_proof_compare(dag *d, uint32_t a, uint32_t b, const residues *r);

#endif
