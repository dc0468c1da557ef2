/* gguf/folder.h - a GGUF file as a model folder
 *
 * Values are unpacked row by row and streamed: memory does not grow with the model. Tokenizer, chat template
 * and the tokens that end a text come from the metadata. The folder is built beside its place, as
 * OUT.lemma-partial, and renamed when complete. */
#ifndef LEM_GGUF_FOLDER_H
#define LEM_GGUF_FOLDER_H

#include "gguf/gguf.h"
#include "model/model.h"

typedef struct lem_gguf_opts {
    lem_dtype dtype;      /* of all tensors */
    uint64_t shard_bytes; /* 0 = 5 GB */
} lem_gguf_opts;

typedef struct lem_gguf_report {
    int tensors, shards;
    uint64_t bytes;    /* of tensors */
    uint64_t unpacked; /* values that stood in blocks of a few bits */
} lem_gguf_report;

lem_status lem_gguf_to_folder(const char *path, const char *out, const lem_gguf_opts *o,
                              lem_gguf_report *report, lem_err *err) LEM_MUST_CHECK;

#endif
