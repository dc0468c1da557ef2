/* train/optimizer.h - AdamW, or Muon and AdamW, over the parameters that learn, with global-norm clipping and
 * finite checks */
#ifndef LEM_TRAIN_OPTIMIZER_H
#define LEM_TRAIN_OPTIMIZER_H

#include "compute/buffer.h"
#include "core/err.h"
#include "model/net.h"
#include "train/muon.h"

/* A run of the elements of the gradient: what one of several processes updates. */
typedef struct lem_range {
    size_t begin, end;
} lem_range;
/* The part of process i of n, of a gradient of that many elements: equal ones, in order, that cover it. */
lem_range lem_range_part(size_t elements, int i, int n);

typedef struct lem_optimizer { /* zeroed = none */
    lem_range range;
    float *m, *v;        /* moments of the range, in the backend's memory; NULL with int8 */
    lem_moments moments; /* with int8: all of them; zeroed = fp32 */
    size_t n_blocks;     /* of each scale */
    lem_buffer memory;
    bool has_muon;
    lem_muon muon; /* its momentum is m; v of its matrices stays zero */
} lem_optimizer;

lem_status lem_optimizer_init(lem_optimizer *o, lem_backend *b, lem_range range, lem_err *err) LEM_MUST_CHECK;
/* With moments of 8 bits in blocks of a tensor (compute/backend.h), of all that learns. What is rounded up
 * and what down is a function of the step and the element. */
lem_status lem_optimizer_init_int8(lem_optimizer *o, lem_backend *b, const lem_model *model,
                                   const lem_net *net, lem_err *err) LEM_MUST_CHECK;
/* Bytes of the moments of so many parameters, less padding. */
double lem_optimizer_bytes(double parameters, bool int8);
/* Matrices of layers learn by Muon from now on, everything else by AdamW. Muon looks at whole matrices:
 * LEM_EUSAGE unless the range is all that learns, and with moments of 8 bits. */
lem_status lem_optimizer_use_muon(lem_optimizer *o, lem_backend *b, const lem_model *model,
                                  const lem_net *net, lem_err *err) LEM_MUST_CHECK;
void lem_optimizer_release(lem_optimizer *o);
/* One step, t = 1, 2, …, over the tensors that learn in the net, as far as they lie in the range; nothing
 * else is written. Weight decay only where the tensor's decay flag is set. *norm receives the norm of the
 * net's whole gradient before clipping. A norm that is not finite changes nothing and returns LEM_ENUMERIC;
 * so does a device that has failed, with LEM_EIO. clip 0 = none. */
lem_status lem_optimizer_step(lem_optimizer *o, lem_backend *b, const lem_model *model, lem_net *net, long t,
                              const lem_adamw *h, double clip, double *norm, lem_err *err) LEM_MUST_CHECK;

#endif
