/* model/config.h - the shape of a Llama-family decoder, as in Hugging Face config.json
 *
 * Families: Llama 2, 3, 3.1, 3.2 and DeepSeek-LLM/Math ("llama"), Mistral, Qwen2/2.5, Qwen3, InternLM2. What
 * a config.json says and the function computed here are the same, or the field is refused by name. */
#ifndef LEM_MODEL_CONFIG_H
#define LEM_MODEL_CONFIG_H

#include "compute/tensor.h"
#include "core/err.h"
#include "core/json.h"
#include "model/config_head.h"
#include "model/rope.h"

#include <stdint.h>

typedef enum lem_arch {
    LEM_ARCH_LLAMA,
    LEM_ARCH_QWEN2,
    LEM_ARCH_MISTRAL,
    LEM_ARCH_QWEN3,
    LEM_ARCH_INTERNLM2
} lem_arch;

enum { LEM_LAYERS_MAX = 512 };

typedef struct lem_lora { /* model/adapters.h; zeroed = none */
    int rank;
    float scale;      /* of B A */
    uint64_t targets; /* bit 1 << role of the matrices that have one */
    float dropout;    /* share of an adapter's inputs that is left out in training; 0 = none */
} lem_lora;

typedef struct lem_model_config {
    lem_arch arch;
    lem_head head;
    lem_head_shape reward; /* zeroed unless head is SCALAR (filled by check if only head is set) or REWARD */
    int layers, width, ffn, heads, kv_heads, head_dim, vocab; /* L D F H K E V; head_dim 0 = width/heads */
    int max_positions; /* the context in tokens, as far as the scaling of positions reaches */
    float rope_theta, norm_eps;
    lem_rope rope;
    bool tied;                       /* lm_head shares the embedding */
    bool qkv_bias, o_bias, mlp_bias; /* qkv: always in Qwen2; qkv and o together: attention_bias of Llama and
                                        Qwen3, bias of InternLM2; mlp: Llama */
    bool qk_norm; /* queries and keys are normalised per head before they are rotated (Qwen3; filled by check)
                   */
    bool fused_qkv; /* one projection makes queries, keys and values, laid out by kv head (InternLM2; filled
                       by check) */
    int window; /* keys that a token sees, itself included, in the layers whose bit is 0; 0 = all, in every
                   layer */
    uint8_t full[LEM_LAYERS_MAX /
                 8]; /* bit i % 8 of byte i / 8: layer i sees everything although there is a window */
    float init_range;
    lem_lora lora;                  /* adapters beside matrices; in no config.json */
    bool int8;                      /* the folder's matrices are int8 (model/quant.h) */
    uint64_t int8_kept;             /* but for those: bit 1 << role */
    int32_t bos_id, eos_id, pad_id; /* -1 = none */
} lem_model_config;

static inline int lem_model_config_window(const lem_model_config *c, int layer) {
    return c->full[layer / 8] >> layer % 8 & 1 ? 0 : c->window;
}

/* Fills defaults, checks ranges (sizes meet stated limits, heads divide, head_dim even and a multiple of 8).
 * LEM_EDATA naming the field. */
lem_status lem_model_config_check(lem_model_config *c, lem_err *err) LEM_MUST_CHECK;
lem_status lem_model_config_from_json(const lem_json *json, lem_model_config *out,
                                      lem_err *err) LEM_MUST_CHECK;
lem_json *lem_model_config_to_json(const lem_model_config *c, lem_dtype dtype); /* what Transformers reads */

#endif
