/* train/optimizer.h - AdamW over a model's flat parameters, with global-norm clipping and finite checks */
#ifndef LEM_TRAIN_OPTIMIZER_H
#define LEM_TRAIN_OPTIMIZER_H

#include "compute/backend.h"
#include "core/err.h"
#include "model/model.h"

typedef struct lem_optimizer {
    float *m, *v;
    size_t n;
} lem_optimizer; /* moments, [n_params] each, owned */

lem_status lem_optimizer_init(lem_optimizer *o, size_t n_params, lem_err *err) LEM_MUST_CHECK;
void lem_optimizer_release(lem_optimizer *o);
/* One step, t = 1, 2, …. Weight decay only where the tensor's decay flag is set. *norm receives the gradient
 * norm before clipping. A norm that is not finite changes nothing and returns LEM_ENUMERIC. clip 0 = none. */
lem_status lem_optimizer_step(lem_optimizer *o, lem_backend *b, lem_model *model, const float *grads, long t,
                              const lem_adamw *h, double clip, double *norm, lem_err *err) LEM_MUST_CHECK;

#endif
