/* gguf/shape.h - the shape of a GGUF file's model, and where its tensors are
 *
 * Read are the architectures llama (Llama, Mistral, DeepSeek-LLM), qwen2 and qwen3, and a classifier of one
 * output on them (cls.output, pooling by rank). Keys: gguf.md of ggml-org/ggml. Queries and keys of "llama"
 * files are stored with the two halves of each head interleaved (convert_hf_to_gguf.py); here they come back
 * as Hugging Face has them. */
#ifndef LEM_GGUF_SHAPE_H
#define LEM_GGUF_SHAPE_H

#include "gguf/gguf.h"
#include "model/model.h"

/* LEM_EDATA names the key that is missing or not supported, or the tensor that is. */
lem_status lem_gguf_config(const lem_gguf *g, lem_model_config *out, lem_err *err) LEM_MUST_CHECK;
/* The file's tensor for one of the model; LEM_EDATA where it is absent or of another shape. */
lem_status lem_gguf_tensor_for(const lem_gguf *g, const lem_tensor *t, const lem_gguf_tensor **out,
                               lem_err *err) LEM_MUST_CHECK;
/* The row of the file that is row r of the tensor. */
uint64_t lem_gguf_row(const lem_model_config *c, const lem_tensor *t, uint64_t r);
/* The file's first tensor that no tensor of the model is read from; NULL if there is none. */
const lem_gguf_tensor *lem_gguf_unused(const lem_gguf *g, const lem_model *table);

#endif
