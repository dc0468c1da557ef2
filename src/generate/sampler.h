/* generate/sampler.h - one token from a row of logits
 *
 * Weights are whole numbers: w = floor(2^40 exp((logit - max) / temperature)). Sums of them are exact, so
 * that the token drawn depends on the row and u alone and never on an order of summation. A token less than
 * 2^-40 as likely as the best one has weight 0. */
#ifndef LEM_GENERATE_SAMPLER_H
#define LEM_GENERATE_SAMPLER_H

#include "core/err.h"

#include <stdint.h>

typedef struct lem_sample_opts {
    float temperature; /* 0 = greedy (first of equal maxima) */
    int top_k;         /* 0 = off */
    float top_p;       /* 1 (or 0) = off */
} lem_sample_opts;

/* Order: temperature, top-k (ties at the boundary: lower id first), top-p (smallest set, by falling logit and
 * rising id, whose mass reaches p), then inverse CDF in id order with u in [0,1). scratch holds V floats and
 * order V int32. Depends on this row and u alone. -1 if a logit is NaN or +Inf, or none is finite. 1 <= V <=
 * 2^20. */
int32_t lem_sample_token(const float *logits, int V, const lem_sample_opts *o, double u, float *scratch,
                         int32_t *order);

#endif
