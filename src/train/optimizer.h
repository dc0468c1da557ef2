/* train/optimizer.h - AdamW over the parameters that learn, with global-norm clipping and finite checks */
#ifndef LEM_TRAIN_OPTIMIZER_H
#define LEM_TRAIN_OPTIMIZER_H

#include "compute/backend.h"
#include "core/err.h"
#include "model/net.h"

typedef struct lem_optimizer {
    float *m, *v;
    size_t n;
} lem_optimizer; /* moments, [n] each, owned; n elements as in the gradient */

lem_status lem_optimizer_init(lem_optimizer *o, size_t n, lem_err *err) LEM_MUST_CHECK;
void lem_optimizer_release(lem_optimizer *o);
/* One step, t = 1, 2, …, over the tensors that learn in the net; no other is read or written. Weight decay
 * only where the tensor's decay flag is set. *norm receives the norm of the net's gradient before clipping. A
 * norm that is not finite changes nothing and returns LEM_ENUMERIC. clip 0 = none. */
lem_status lem_optimizer_step(lem_optimizer *o, lem_backend *b, lem_model *model, lem_net *net, long t,
                              const lem_adamw *h, double clip, double *norm, lem_err *err) LEM_MUST_CHECK;

#endif
