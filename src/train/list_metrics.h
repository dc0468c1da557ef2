/* train/list_metrics.h - how well scores tell right responses from wrong ones, over the lists of a batch
 *
 * Always: accuracy (share of right-wrong pairs of a list in the right order, ties a half; mean over lists of
 * both classes) and margin (mean score of the right less that of the wrong ones, mean over the same lists).
 * In full, for validation: auc (the same share over pairs of a right and a wrong response of any two lists),
 * auc_low and auc_high (its 95 % interval over problems, auc.h; the same for the same scores), best_right
 * (share of lists whose best-scored response is right; tied ones share) and chance (the same for scores that
 * know nothing: the mean share of right responses), ece (where a score means a probability: the expected
 * calibration error, ten bins of equal width, Guo et al. 2017, arXiv 1706.04599), length_rho (Spearman's rank
 * correlation of score and length within a list, mean over lists where both vary), label_rho (the same of
 * label and length, over the lists of length_rho where the labels vary: what a perfect score would show) and
 * cut_rho (of score and having been cut off, over lists where both vary and all say how they ended) and
 * lists. */
#ifndef LEM_TRAIN_LIST_METRICS_H
#define LEM_TRAIN_LIST_METRICS_H

#include "core/err.h"
#include "stats/auc.h"
#include "stats/rank.h"
#include "train/objective.h"
#include "train/ranking_loss.h"

typedef struct lem_list_metrics { /* zeroed = empty */
    bool full;                    /* the caller's to set, as is kind */
    lem_ranking kind;             /* of the loss, for what a score means */
    int n_lists, n_scored, n_rho, n_label_rho, n_cut_rho;
    double accuracy, margin, best, chance, rho, label_rho, cut_rho;
    uint32_t n_groups;  /* the caller's to set: problems of the lists */
    lem_auc_score *all; /* [cap], n of them; only in full */
    uint64_t n, cap;
    uint32_t *weight;      /* [n_groups] scratch */
    double *rank;          /* [2 * longest] scratch */
    lem_rank_item *sorted; /* [longest] scratch */
    int longest;
} lem_list_metrics;

/* A batch of at most `responses` responses in lists of at most `longest` begins. */
lem_status lem_list_metrics_begin(lem_list_metrics *m, uint64_t responses, int longest,
                                  lem_err *err) LEM_MUST_CHECK;
/* length [n] tokens; cut [n]: 1 cut off, 0 not, -1 not known; NULL = of none; group: which problem, below
 * n_groups. */
void lem_list_metrics_add(lem_list_metrics *m, uint32_t group, int n, const double *score,
                          const uint8_t *label, const int *length, const int8_t *cut);
/* Appends the metrics to out [LEM_MAX_METRICS], of which `at` are there; returns how many are there then. */
int lem_list_metrics_end(lem_list_metrics *m, lem_train_metric *out, int at);
void lem_list_metrics_release(lem_list_metrics *m);

#endif
