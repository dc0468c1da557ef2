/* model/divergence.h - how far the next-token distributions of two sets of weights lie apart on given tokens
 *
 * Of each token of a sequence from a place on: KL(p||q) = sum p (log p - log q) in nats, p of the first
 * weights and q of the second, and whether both have the same likeliest token (the first of equals). Both see
 * the same tokens before it. */
#ifndef LEM_MODEL_DIVERGENCE_H
#define LEM_MODEL_DIVERGENCE_H

#include "core/log.h"
#include "model/session.h"

typedef struct lem_divergence_sums { /* zeroed = none */
    uint64_t tokens, same;
    double kl, largest; /* sum and largest */
} lem_divergence_sums;

typedef struct lem_divergence lem_divergence;
/* Both of one vocabulary, with language-model heads; borrowed. longest: tokens of the longest sequence, up to
 * the context of both. LEM_EDATA for weights that do not go together. */
lem_status lem_divergence_new(const lem_weights *p, const lem_weights *q, lem_backend *b, int longest,
                              lem_divergence **out, lem_err *err) LEM_MUST_CHECK;
void lem_divergence_free(lem_divergence *d);
/* Adds tokens from .. n-1 of ids[0..n), 1 <= from <= n. LEM_ENUMERIC where logits are not finite. */
lem_status lem_divergence_add(lem_divergence *d, const int32_t *ids, int n, int from,
                              const lem_cancel *cancel, lem_divergence_sums *sums,
                              lem_err *err) LEM_MUST_CHECK;

#endif
