/* train/implicit.h - implicit rewards: a language model learns, and the score of a response is
 * r = beta (log p(response | prompt) - log p_ref(response | prompt)), the reference being the model before
 *
 * With the loss ce this is the implicit reward of outcomes (Yuan et al. 2024, arXiv 2412.01981: cross-entropy
 * of sigmoid(r) with the outcome; its increments are step scores without step labels); with bt it is DPO
 * (Rafailov et al. 2023, arXiv 2305.18290), over the pairs of a list. Every token of the reply counts, with
 * what the template puts behind it. */
#ifndef LEM_TRAIN_IMPLICIT_H
#define LEM_TRAIN_IMPLICIT_H

#include "model/net.h"
#include "train/list_loss.h"

typedef struct lem_implicit_opts {
    lem_list_loss_opts list;
    double beta;
} lem_implicit_opts;

typedef struct lem_implicit lem_implicit;
/* Borrows l. Until the reference is known it is 0. Metrics: those of list_metrics.h, of r. */
lem_status lem_implicit_new(const lem_lists *l, const lem_implicit_opts *o, lem_implicit **out,
                            lem_err *err) LEM_MUST_CHECK;
void lem_implicit_free(lem_implicit *x);
lem_objective lem_implicit_objective(lem_implicit *x);
/* Computes log p_ref of every response, under m as it is: the bits are those that the trainer finds before
 * the first step, whatever max_rows is. LEM_EINTR on cancel, which may be NULL. */
lem_status lem_implicit_reference(lem_implicit *x, lem_model *m, lem_backend *b, int max_rows,
                                  lem_cancel *cancel, lem_err *err) LEM_MUST_CHECK;

#endif
