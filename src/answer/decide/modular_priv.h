/* modular_priv.h - both sides as rational functions of kernels, at residues modulo two primes of 61 bits
 *
 * Kernels are symbols, pi, e, i, roots and everything else that is not + * or a whole power. A kernel's
 * residue is a hash of its name and of its arguments' residues, but for i and the square roots of primes,
 * whose residues are square roots: then the residues are the image of a ring homomorphism, and a difference
 * proves that the sides are different functions. Agreement modulo both primes is wrong with probability under
 * 2^-90. */
#ifndef LEM_ANSWER_MODULAR_PRIV_H
#define LEM_ANSWER_MODULAR_PRIV_H

#include "answer/decide/dag_priv.h"

typedef enum modular_answer {
    MODULAR_UNKNOWN,  /* different residues of kernels that may be related, or a denominator that vanished */
    MODULAR_EQUAL,    /* agreement; no proof */
    MODULAR_DIFFERENT /* proven */
} modular_answer;

typedef struct residues {
    uint64_t *r;   /* [n] modulo the first prime; UINT64_MAX: undefined */
    bool rational; /* the only kernels are symbols: the sides are rational functions over the rationals */
} residues;

/* `first` keeps the residues modulo the first prime of all nodes below max(a, b). */
modular_answer lem_modular_compare(dag *d, uint32_t a, uint32_t b, residues *first);

#endif
