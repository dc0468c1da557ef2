/* model/config.h - the shape of a Llama-family decoder, as in Hugging Face config.json */
#ifndef LEM_MODEL_CONFIG_H
#define LEM_MODEL_CONFIG_H

#include "compute/tensor.h"
#include "core/err.h"
#include "core/json.h"
#include "model/config_head.h"

typedef enum lem_arch { LEM_ARCH_LLAMA, LEM_ARCH_QWEN2 } lem_arch;

typedef struct lem_model_config {
    lem_arch arch;
    lem_head head;
    lem_head_shape reward; /* zeroed unless head is SCALAR (filled by check if only head is set) or REWARD */
    int layers, width, ffn, heads, kv_heads, head_dim, vocab; /* L D F H K E V; head_dim 0 = width/heads */
    int max_positions;
    float rope_theta, norm_eps;
    bool tied;     /* lm_head shares the embedding */
    bool qkv_bias; /* Qwen2 */
    float init_range;
    int32_t bos_id, eos_id, pad_id; /* -1 = none */
} lem_model_config;

/* Fills defaults, checks ranges (sizes meet stated limits, heads divide, head_dim even and a multiple of 8). LEM_EDATA naming the field. */
lem_status lem_model_config_check(lem_model_config *c, lem_err *err) LEM_MUST_CHECK;
lem_status lem_model_config_from_json(const lem_json *json, lem_model_config *out, lem_err *err) LEM_MUST_CHECK;
lem_json *lem_model_config_to_json(const lem_model_config *c, lem_dtype dtype); /* what Transformers reads */
size_t lem_model_config_params(const lem_model_config *c);                      /* number of parameters */

#endif
