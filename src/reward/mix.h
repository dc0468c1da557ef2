/* reward/mix.h - which source the responses to a problem are drawn from, by stated shares of the problems
 *
 * AceMath (arXiv 2412.15084, section 4.1) adds 30,000 problems with responses of its own models to some
 * 330,000 with those of fourteen others, so that the reward model has seen what it will judge. A source with
 * a share gives all responses to that share of the problems; the sources without one are drawn from together
 * for the others. */
#ifndef LEM_REWARD_MIX_H
#define LEM_REWARD_MIX_H

#include "core/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { LEM_MIX_SOURCES = 64, LEM_MIX_REST = -1 };

typedef struct lem_mix {           /* zeroed = no shares: all sources together */
    double share[LEM_MIX_SOURCES]; /* 0 = none of its own */
} lem_mix;

/* Adds "N=SHARE": source N (from 1) of n_sources, 0 < SHARE <= 1. LEM_EUSAGE says what is wrong. */
lem_status lem_mix_add(lem_mix *m, int n_sources, const char *text, lem_err *err) LEM_MUST_CHECK;
/* Shares must not exceed 1, and must reach it where no source is without one. */
lem_status lem_mix_check(const lem_mix *m, int n_sources, lem_err *err) LEM_MUST_CHECK;
/* The source of a problem, from 0, or LEM_MIX_REST: a function of seed and key alone. */
int lem_mix_choose(const lem_mix *m, int n_sources, uint64_t seed, uint64_t key);

#endif
