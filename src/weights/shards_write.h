/* weights/shards_write.h - weights written as model.safetensors, or as shards and their index when they are
 * larger than one shard may be
 *
 * Tensors are filled into shards in the order given, as Transformers does: a new shard begins where the next
 * tensor would not fit. A crash never leaves a folder that opens with a mixture: one file replaces another
 * atomically; shards are written under other names first, then the old index and model.safetensors go, the
 * shards are renamed, and the new index comes last. Shards that only the old index named are removed at the
 * end. */
#ifndef LEM_WEIGHTS_SHARDS_WRITE_H
#define LEM_WEIGHTS_SHARDS_WRITE_H

#include "weights/safetensors.h"

#define LEM_SHARD_BYTES 5000000000u /* default of Transformers */

/* shard_bytes 0 = LEM_SHARD_BYTES. dir exists. *n_shards may be NULL. */
lem_status lem_shards_write(const char *dir, const lem_safetensors_item *item, size_t n, uint64_t shard_bytes,
                            int *n_shards, lem_err *err) LEM_MUST_CHECK;

#endif
