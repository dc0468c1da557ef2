/* rng_priv - the bare Philox4x32-10 block function, for rng.c and its known-answer test */
#ifndef LEM_CORE_RNG_PRIV_H
#define LEM_CORE_RNG_PRIV_H

#include <stdint.h>

void lem_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

#endif
