/* model/weights_open.h - a folder packed for inference straight from its files, without fp32 weights in
 * between
 *
 * The bits are those of lem_model_open followed by lem_weights_new, at half the memory traffic and without
 * the 4 bytes per parameter: each run of rows is read by position into scratch of a worker, checked for
 * values that are not finite, and laid out. Reading, not mapping: a file that shrinks or fails meanwhile is
 * an error, never a signal, and the copy out of the page cache costs less than the page faults of a mapping.
 */
#ifndef LEM_MODEL_WEIGHTS_OPEN_H
#define LEM_MODEL_WEIGHTS_OPEN_H

#include "model/session.h"

/* dtype F32, BF16 or I8; of a folder of int8 (model/quant.h) it is I8 in any case, with the bits that its
 * source has when it is opened as I8. Work is shared by the backend's pool; the result does not depend on it.
 * Errors as lem_model_open. */
lem_status lem_weights_open(const char *dir, lem_head need, lem_backend *b, lem_dtype dtype,
                            lem_weights **out, lem_err *err) LEM_MUST_CHECK;
/* Whatever head the folder has. */
lem_status lem_weights_open_any(const char *dir, lem_backend *b, lem_dtype dtype, lem_weights **out,
                                lem_err *err) LEM_MUST_CHECK;
/* What trains with nothing of it learning (model/base.h): matrices of a folder of int8 (dtype I8) are
 * multiplied as their numbers scale * q, what it does not keep as int8, and a tied head, as BF16. need: NULL
 * = whatever head it has. */
lem_status lem_weights_open_base(const char *dir, const lem_head *need, lem_backend *b, lem_dtype dtype,
                                 lem_weights **out, lem_err *err) LEM_MUST_CHECK;
const lem_model_config *lem_weights_config(const lem_weights *w);
lem_dtype lem_weights_packed(const lem_weights *w); /* how matrices are stored */
/* All checks of opening that need no values: config, headers, names, shapes. */
lem_status lem_model_check(const char *dir, lem_head need, lem_model_config *out,
                           lem_err *err) LEM_MUST_CHECK;

#endif
