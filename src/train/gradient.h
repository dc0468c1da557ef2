/* train/gradient.h - the gradient and the metrics of one batch, split over forests of at most max_rows rows
 *
 * The result does not depend on max_rows nor on the number of threads, bit for bit. */
#ifndef LEM_TRAIN_GRADIENT_H
#define LEM_TRAIN_GRADIENT_H

#include "core/log.h"
#include "train/losses.h"

typedef struct lem_gradient { /* net and max_rows set by the caller; the rest zeroed */
    lem_net *net;             /* borrowed */
    int max_rows;
    lem_losses losses;
} lem_gradient;

/* The gradient of the batch's loss into the net's, and its metrics. */
lem_status lem_gradient_run(lem_gradient *g, const lem_objective *obj, const uint64_t *items, int n,
                            lem_train_metric *out, int *n_out, lem_err *err) LEM_MUST_CHECK;
/* The metrics of all items as one batch, without gradients: validation. LEM_EINTR on cancel, which may be
 * NULL. */
lem_status lem_gradient_evaluate(lem_gradient *g, const lem_objective *obj, lem_train_metric *out, int *n_out,
                                 lem_cancel *cancel, lem_err *err) LEM_MUST_CHECK;
void lem_gradient_release(lem_gradient *g);

#endif
