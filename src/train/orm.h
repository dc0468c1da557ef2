/* train/orm.h - outcome reward model objective: the scalar head at the last token of each response, one loss
 * per list, all responses in one forest under their shared prompt
 *
 * Optional helpers, both from Cobbe et al. 2021 (arXiv 2110.14168, section 4.2): a language-model loss on the
 * correct responses, and a token-level value loss, the cross-entropy of sigmoid(head) with a label at every
 * response token: the response's own outcome, or the mean outcome of the list's responses that share the
 * prefix up to and including that token, which is a Monte-Carlo estimate of the prefix's value
 * (Math-Shepherd, arXiv 2312.08935, soft estimation) that costs nothing. The loss is the mean over the lists
 * of a batch. */
#ifndef LEM_TRAIN_ORM_H
#define LEM_TRAIN_ORM_H

#include "data/dataset.h"
#include "train/list_loss.h"

typedef struct lem_orm_opts {
    lem_list_loss_opts list;
    double lm_weight;    /* 0 = off; mean over the batch's response tokens of correct responses */
    double value_weight; /* 0 = off; mean over the batch's response tokens */
    bool prefix_values;  /* value labels from shared prefixes instead of the own outcome */
} lem_orm_opts;

typedef struct lem_orm lem_orm;
/* Borrows l. Metrics: loss (that of the lists alone, without center), those of list_metrics.h, and value, lm
 * when on. */
lem_status lem_orm_new(const lem_lists *l, const lem_orm_opts *o, lem_orm **out, lem_err *err) LEM_MUST_CHECK;
void lem_orm_free(lem_orm *r);
lem_objective lem_orm_objective(lem_orm *r);

#endif
