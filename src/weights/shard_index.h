/* weights/shard_index.h - model.safetensors.index.json: which shard holds which tensor
 *
 * {"metadata": {"total_size": bytes}, "weight_map": {tensor: file}} as Transformers writes it. File names are
 * plain names that end in .safetensors: a name with a path separator, "..", or a leading dot is refused, so
 * that no index reaches outside its folder. (What such a name IS may be a symbolic link: the folders of the
 * Hugging Face cache consist of links into ../../blobs.) */
#ifndef LEM_WEIGHTS_SHARD_INDEX_H
#define LEM_WEIGHTS_SHARD_INDEX_H

#include "core/err.h"
#include "core/hash.h"
#include "core/json.h"

#include <stdint.h>

enum { LEM_SHARDS_MAX = 512, LEM_SHARD_INDEX_MAX = 1 << 26 /* bytes of the file */ };
#define LEM_SHARD_INDEX_NAME "model.safetensors.index.json"

typedef struct lem_shard_index {
    char **file; /* [n_files] sorted, owned */
    int n_files;
    int64_t total_size; /* bytes of all tensors; -1 = not stated */
    lem_json *root;     /* owned; weight_map is borrowed from it: tensor -> name of its file */
    const lem_json *weight_map;
} lem_shard_index;

lem_status lem_shard_index_parse(const char *text, size_t len, lem_shard_index *out,
                                 lem_err *err) LEM_MUST_CHECK;
void lem_shard_index_release(lem_shard_index *x);
/* Place of a file in `file`, -1 if none. */
int lem_shard_index_find(const lem_shard_index *x, const char *file);
/* "model-00002-of-00004.safetensors"; n 1 of 1 is "model.safetensors". */
void lem_shard_name(int n, int of, char out[64]);

#endif
