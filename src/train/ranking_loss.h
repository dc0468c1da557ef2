/* train/ranking_loss.h - losses of outcome reward models over one list of responses, with gradients
 *
 * Scores r [n], labels y [n] in {0,1}, weights w [n] >= 0 (NULL = all 1; a text drawn c times may weigh c).
 * Sources: AceMath (arXiv 2412.15084) section 4.2 and Qwen2.5-Math section 3.2; with W the sum of the weights
 * of what is summed over:
 *
 *   bt (listwise Bradley-Terry), -1/W sum over i in P, j in N of w_i w_j log sigmoid(r_i - r_j);
 *
 *   pair (Bradley-Terry), -log sigmoid(r_p - r_q) of the first right and the first wrong one, without
 * weights;
 *
 *   ce (cross-entropy), -1/W sum w [y log sigmoid(r) + (1-y) log(1 - sigmoid(r))];
 *
 *   mse, 1/W sum w (r - y)^2; mse-sigmoid, 1/W sum w (sigmoid(r) - y)^2;
 *
 *   margin (hinge), 1/W sum over i in P, j in N of w_i w_j max(0, m - (r_i - r_j)).
 *
 * listwise, pairwise and bce are other names of bt, pair and ce. DPO (arXiv 2305.18290) is bt, and the
 * implicit reward of outcomes (arXiv 2412.01981) is ce, of r = beta (log p - log p_ref): implicit.h.
 *
 * All in double; log sigmoid through softplus, so that no score overflows. */
#ifndef LEM_TRAIN_RANKING_LOSS_H
#define LEM_TRAIN_RANKING_LOSS_H

#include "core/err.h"

#include <stdbool.h>
#include <stdint.h>

/* In the order of lem_ranking, then the other names. */
#define LEM_RANKING_NAMES "bt|pair|ce|mse|mse-sigmoid|margin|listwise|pairwise|bce"

typedef enum lem_ranking {
    LEM_RANKING_BT,
    LEM_RANKING_PAIR,
    LEM_RANKING_CE,
    LEM_RANKING_MSE,
    LEM_RANKING_MSE_SIGMOID,
    LEM_RANKING_MARGIN,
    LEM_RANKING_COUNT
} lem_ranking;

typedef struct lem_ranked { /* a list with its scores; borrowed */
    int n;
    const double *score;  /* [n] */
    const uint8_t *label; /* [n] 0 or 1 */
    const double *weight; /* [n]; NULL = all 1 */
    double margin;        /* m of MARGIN */
} lem_ranked;

/* name: one of LEM_RANKING_NAMES, else LEM_EUSAGE */
lem_status lem_ranking_parse(const char *name, lem_ranking *out, lem_err *err) LEM_MUST_CHECK;
/* Loss of one list; grad [n] = dL/dr (may be NULL). BT, PAIR and MARGIN of a list without both classes, and
 * any loss of a list whose weights are all 0, is 0 with zero gradient. */
double lem_ranking_loss(lem_ranking kind, const lem_ranked *list, double *grad);
/* The probability of being right that a score means under the loss; false where it means none (BT, PAIR,
 * MARGIN: only differences count). */
bool lem_ranking_probability(lem_ranking kind, double score, double *out);
/* Cross-entropy of sigmoid(score) with a soft label in [0,1]; *grad = d/dscore. */
double lem_ranking_soft_ce(double score, double label, double *grad);
/* Share of (positive, negative) pairs with r_pos > r_neg, ties counting half; pairs is their number. */
double lem_ranking_pair_accuracy(int n, const double *score, const uint8_t *label, int *pairs);

#endif
