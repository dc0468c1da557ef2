/* model/base.h - adapters over a base that does not learn and is kept as its folder has it
 *
 * The base is packed once, as F32, BF16 or I8 (lem_weights_open_base), and read forward and backward as it
 * lies: no fp32 copy of it, no gradient, no moments. The model over it has adapters and a reward head and
 * nothing else in its table. Nets and sessions of that model read both; what they compute has the bits of the
 * whole model in fp32 with the same numbers (of I8: scale * q). Merged weights are written tensor by tensor.
 */
#ifndef LEM_MODEL_BASE_H
#define LEM_MODEL_BASE_H

#include "core/log.h"
#include "model/adapters.h"
#include "model/session.h"

/* shape: that of the base in `dir`, with adapters and the head that is trained. The head's values are the
 * folder's where that has the same tensor, else drawn from seed, as those of adapters. Borrows base. */
lem_status lem_model_open_over(const char *dir, const lem_weights *base, const lem_model_config *shape,
                               uint64_t seed, lem_model **out, lem_err *err) LEM_MUST_CHECK;
/* The folder in base_dir with m's adapters merged into it and m's head, as lem_model_merge and lem_model_save
 * would write it; what is int8 there is its numbers here. A head of m that is only read (step_head.h) leaves
 * an untied language-model head behind. LEM_EINTR when cancel says so. */
lem_status lem_model_save_merged(const lem_model *m, const char *base_dir, const char *dir, lem_dtype dtype,
                                 const lem_cancel *cancel, lem_err *err) LEM_MUST_CHECK;

#endif
