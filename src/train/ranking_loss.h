/* train/ranking_loss.h - losses of outcome reward models over one list of responses, with gradients
 *
 * Scores r [n], labels y [n] in {0,1}.
 * Sources: AceMath (arXiv 2412.15084) section 4.2 and Qwen2.5-Math section 3.2:
 *   listwise Bradley-Terry  L = -1/(k(n-k)) sum_{i in P, j in N} log sigmoid(r_i - r_j)
 *   pairwise Bradley-Terry  L = -log sigmoid(r_best - r_worst), the first right and the first wrong one
 *   cross-entropy           L = -mean [y log sigmoid(r) + (1-y) log(1 - sigmoid(r))]
 *   mse                     L = mean (r - y)^2;  mse-sigmoid  L = mean (sigmoid(r) - y)^2
 *
 * All in double; log sigmoid through softplus, so that no score overflows. */
#ifndef LEM_TRAIN_RANKING_LOSS_H
#define LEM_TRAIN_RANKING_LOSS_H

#include "core/err.h"

#include <stdint.h>

/* In the order of lem_ranking. */
#define LEM_RANKING_NAMES "bt|pair|ce|mse|mse-sigmoid"

typedef enum lem_ranking {
    LEM_RANKING_BT,
    LEM_RANKING_PAIR,
    LEM_RANKING_CE,
    LEM_RANKING_MSE,
    LEM_RANKING_MSE_SIGMOID
} lem_ranking;

/* name: one of LEM_RANKING_NAMES, else LEM_EUSAGE */
lem_status lem_ranking_parse(const char *name, lem_ranking *out, lem_err *err) LEM_MUST_CHECK;
/* Loss of one list; grad [n] = dL/dr (may be NULL). BT and PAIR of a list without both classes is 0 with zero
 * gradient. */
double lem_ranking_loss(lem_ranking kind, int n, const float *score, const uint8_t *label, double *grad);
/* Cross-entropy of sigmoid(score) with a soft label in [0,1]; *grad = d/dscore. */
double lem_ranking_soft_ce(double score, double label, double *grad);
/* Share of (positive, negative) pairs with r_pos > r_neg, ties counting half; pairs is their number. */
double lem_ranking_pair_accuracy(int n, const float *score, const uint8_t *label, int *pairs);

#endif
