/* model/roles.h - what each parameter is for: one table of roles, and which of them learn
 *
 * Every tensor of a model is a group of parameters with a role and, inside a layer, a layer. A training run
 * says which groups learn, and as what the others are kept; gradients, moments, weight decay, the clipping
 * norm and checkpoints cover those that learn and no others. */
#ifndef LEM_MODEL_ROLES_H
#define LEM_MODEL_ROLES_H

#include "core/err.h"
#include "model/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum lem_role { /* in the order of the flat array; those of a layer lie together */
                        LEM_ROLE_EMBED,
                        LEM_ROLE_ATTN_NORM,
                        LEM_ROLE_Q,
                        LEM_ROLE_K,
                        LEM_ROLE_V,
                        LEM_ROLE_QKV, /* with fused_qkv, in place of q, k, v */
                        LEM_ROLE_QKV_BIAS,
                        LEM_ROLE_Q_BIAS,
                        LEM_ROLE_K_BIAS,
                        LEM_ROLE_V_BIAS,
                        LEM_ROLE_Q_NORM,
                        LEM_ROLE_K_NORM,
                        LEM_ROLE_O,
                        LEM_ROLE_O_BIAS,
                        LEM_ROLE_MLP_NORM,
                        LEM_ROLE_GATE,
                        LEM_ROLE_UP,
                        LEM_ROLE_DOWN,
                        LEM_ROLE_GATE_BIAS,
                        LEM_ROLE_UP_BIAS,
                        LEM_ROLE_DOWN_BIAS,
                        /* adapters (model/adapters.h): A and B beside each matrix of a layer */
                        LEM_ROLE_Q_LORA_A,
                        LEM_ROLE_Q_LORA_B,
                        LEM_ROLE_K_LORA_A,
                        LEM_ROLE_K_LORA_B,
                        LEM_ROLE_V_LORA_A,
                        LEM_ROLE_V_LORA_B,
                        LEM_ROLE_QKV_LORA_A,
                        LEM_ROLE_QKV_LORA_B,
                        LEM_ROLE_O_LORA_A,
                        LEM_ROLE_O_LORA_B,
                        LEM_ROLE_GATE_LORA_A,
                        LEM_ROLE_GATE_LORA_B,
                        LEM_ROLE_UP_LORA_A,
                        LEM_ROLE_UP_LORA_B,
                        LEM_ROLE_DOWN_LORA_A,
                        LEM_ROLE_DOWN_LORA_B,
                        LEM_ROLE_FINAL_NORM,
                        LEM_ROLE_LM_HEAD, /* untied; a tied one is EMBED */
                        LEM_ROLE_DENSE,
                        LEM_ROLE_DENSE_BIAS,
                        LEM_ROLE_SCORE,
                        LEM_ROLE_SCORE_BIAS,
                        LEM_ROLE_COUNT
} lem_role;

/* The shape of that tensor (layer: -1 outside of layers) in models of that shape: a matrix [rows,cols] or a
 * vector [rows] with cols 0. False: they have no such tensor. An untied language-model head counts as there.
 */
bool lem_role_shape(const lem_model_config *c, lem_role role, int layer, int *rows, int *cols);
/* Its name in a layer of a GGUF file; false where those have no such tensor. */
bool lem_role_gguf_name(lem_role role, int layer, char out[96]);
/* It makes queries or keys, whose halves are turned against each other (model/rope.h). */
bool lem_role_is_rotated(lem_role role);
/* Matrix i of a layer, from 0, and the name of its module, such as q_proj (wqkv where one matrix makes all
 * three); LEM_ROLE_COUNT behind the last. */
lem_role lem_role_matrix(int i, char name[32]);
/* A of the adapter of that matrix of a layer, B is the role behind it; LEM_ROLE_COUNT: it can have none. And
 * back: the matrix that A or B belongs to, LEM_ROLE_COUNT of other roles. */
lem_role lem_role_adapter(lem_role matrix);
lem_role lem_role_adapted(lem_role a_or_b);
/* It lies in a base, where there is one (model/base.h): it is no adapter and no reward head. */
static inline bool lem_role_in_base(lem_role role) {
    return role < LEM_ROLE_DENSE && lem_role_adapted(role) == LEM_ROLE_COUNT;
}
/* Number of parameters of a model of that shape. */
size_t lem_model_config_params(const lem_model_config *c);

typedef struct lem_trainable { /* zeroed = everything learns */
    int frozen_layers;         /* layers 0..n-1 do not, nor does the embedding if n > 0 */
    uint64_t frozen_roles;     /* bit 1 << role: tensors of that role do not, in any layer */
    lem_dtype frozen_dtype;    /* matrices that do not learn are kept as F32 or BF16, in a base also I8 */
    bool bf16;      /* products of bf16 (model/net.h); matrices that do not learn are BF16 (I8) then */
    bool based;     /* what does not learn lies in a base (model/base.h): once, and nowhere as fp32 */
    bool recompute; /* a net keeps each layer's input alone and computes the rest again on the way back */
} lem_trainable;

/* layer: -1 outside of layers. */
bool lem_trainable_has(const lem_trainable *t, lem_role role, int layer);
/* Layers below this one need no backward pass: neither they nor the embedding learn. Up to c->layers. */
int lem_trainable_lowest(const lem_trainable *t, const lem_model_config *c);
/* As what a base keeps its matrices. */
lem_dtype lem_trainable_base(const lem_trainable *t);
/* Parameters that learn in a model of that shape, less padding. */
size_t lem_trainable_params(const lem_trainable *t, const lem_model_config *c);

#endif
