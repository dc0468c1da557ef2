/* core/rng.h - randomness as a function: Philox4x32-10 keyed by (seed, purpose, id), indexed by a counter
 *
 * There is no state to save: value i of a key is the same whenever and wherever it is asked for.
 * Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011). */
#ifndef LEM_CORE_RNG_H
#define LEM_CORE_RNG_H

#include <stdint.h>

typedef struct lem_rng {
    uint32_t key[2];
    uint64_t hi;   /* second half of the 128-bit counter: the id */
    uint64_t next; /* convenience cursor for lem_rng_next_* */
} lem_rng;

lem_rng lem_rng_make(uint64_t seed, const char *purpose, uint64_t id);
uint64_t lem_rng_at(const lem_rng *r, uint64_t index);    /* 64 uniform bits */
double lem_rng_unit_at(const lem_rng *r, uint64_t index); /* [0,1), 53 bits */

uint64_t lem_rng_next(lem_rng *r);
double lem_rng_next_unit(lem_rng *r);
uint64_t lem_rng_next_below(lem_rng *r, uint64_t n); /* unbiased, n >= 1 */
double lem_rng_next_normal(lem_rng *r); /* mean 0, variance 1 (Box-Muller, libm-free of global state) */

/* Position i of a keyed permutation of 0..n-1 (Feistel with cycle walking); n >= 1, i < n. */
uint64_t lem_rng_permute(const lem_rng *r, uint64_t n, uint64_t i);

#endif
