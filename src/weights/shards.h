/* weights/shards.h - the tensors of a model folder, whether they stand in model.safetensors or in several
 * shards with an index
 *
 * Opening reads and checks headers only: index against shards both ways (a tensor that the index names is in
 * that shard, a shard holds nothing that the index does not place there, no tensor stands in two shards),
 * metadata.total_size against the sum, at most LEM_SHARDS_MAX shards. model.safetensors counts when both are
 * there, as in Transformers. Names are plain (shard_index.h); what they link to may lie elsewhere, as in the
 * cache of Hugging Face, but must be a regular file. Threads may read from one lem_shards at the same time.
 */
#ifndef LEM_WEIGHTS_SHARDS_H
#define LEM_WEIGHTS_SHARDS_H

#include "weights/safetensors.h"

typedef struct lem_stored { /* a tensor and the file it stands in, both borrowed from the lem_shards */
    const lem_safetensor *tensor;
    const lem_safetensors_file *file;
} lem_stored;

typedef struct lem_shards lem_shards;
lem_status lem_shards_open(const char *dir, lem_shards **out, lem_err *err) LEM_MUST_CHECK;
/* One more file, whose names must be new (value_head.safetensors beside a model). Pointers handed out before
 * become invalid. */
lem_status lem_shards_add(lem_shards *s, const char *path, lem_err *err) LEM_MUST_CHECK;
void lem_shards_close(lem_shards *s);
const char *lem_shards_path(const lem_shards *s); /* the index, or the one file */
int lem_shards_files(const lem_shards *s);
const char *lem_shards_file_name(const lem_shards *s, int i); /* base name */
size_t lem_shards_count(const lem_shards *s);
const lem_stored *lem_shards_at(const lem_shards *s, size_t i); /* by file, then place in the file */
const lem_stored *lem_shards_find(const lem_shards *s, const char *name);
/* A whole tensor as fp32; not finite is LEM_EDATA. */
lem_status lem_stored_read(const lem_stored *t, float *out, size_t count, lem_err *err) LEM_MUST_CHECK;
/* How many values, from the first on, are bit-equal as fp32. */
lem_status lem_stored_compare(const lem_stored *a, const lem_stored *b, size_t count, size_t *equal,
                              lem_err *err) LEM_MUST_CHECK;
uint64_t lem_stored_bytes(const lem_stored *t);

#endif
