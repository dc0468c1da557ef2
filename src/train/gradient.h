/* train/gradient.h - the gradient and the metrics of one batch, split over forests of at most max_rows rows
 *
 * Item i of a batch of B belongs to slot floor(i*S/B) of S. The gradient of a slot is one chain over its
 * items, that of the batch the tree of its slots (slot_tree.h). So the result does not depend on max_rows, on
 * threads, nor on how many processes share the slots, bit for bit. */
#ifndef LEM_TRAIN_GRADIENT_H
#define LEM_TRAIN_GRADIENT_H

#include "core/log.h"
#include "train/losses.h"
#include "train/slot_tree.h"

typedef struct lem_gradient { /* zeroed = empty */
    lem_net *net;             /* borrowed */
    int max_rows;
    lem_slot_tree tree;
    lem_losses losses;
    const lem_cancel *cancel; /* looked at between the forests of a batch: LEM_EINTR; NULL = never */
    void (*tick)(void *ctx, int items); /* after each forest of a batch; NULL = not */
    void *tick_ctx;
} lem_gradient;

/* LEM_EUSAGE unless slots is a power of two. */
lem_status lem_gradient_init(lem_gradient *g, lem_net *net, lem_backend *b, int max_rows, int slots,
                             lem_err *err) LEM_MUST_CHECK;
/* The gradient of the batch's loss into the net's, and its metrics. */
lem_status lem_gradient_run(lem_gradient *g, const lem_objective *obj, const uint64_t *items, int n,
                            lem_train_metric *out, int *n_out, lem_err *err) LEM_MUST_CHECK;
/* One process's part of it: as many slots as g has, from slot `first` of `all`; the batch has begun (so that
 * normalisers are the whole batch's). The parts, in order, are the leaves of one more tree. */
lem_status lem_gradient_part(lem_gradient *g, const lem_objective *obj, const uint64_t *items, int n,
                             int first, int all, lem_err *err) LEM_MUST_CHECK;
/* The metrics of all items as one batch, without gradients: validation. LEM_EINTR on cancel, which may be
 * NULL. */
lem_status lem_gradient_evaluate(lem_gradient *g, const lem_objective *obj, lem_train_metric *out, int *n_out,
                                 lem_cancel *cancel, lem_err *err) LEM_MUST_CHECK;
/* *most grows to the largest forest of that. */
lem_status lem_gradient_evaluate_size(const lem_objective *obj, int max_rows, lem_net_size *most,
                                      lem_err *err) LEM_MUST_CHECK;
void lem_gradient_release(lem_gradient *g);
/* Forests that a batch of n items takes; an item that does not fit max_rows has one of its own. *most grows
 * to the largest of them. */
int lem_gradient_passes(const lem_objective *obj, const uint64_t *items, int n, int max_rows, int slots,
                        lem_net_size *most);

#endif
