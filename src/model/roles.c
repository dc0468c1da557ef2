/* roles.c - the table of roles: names in files, shapes, and when a tensor is there */
#include "model/roles.h"

#include "model/model_priv.h"

#include <stdio.h>

typedef enum dim { ONE, WIDTH, QUERIES, KEYS, QUERIES_KEYS_VALUES, HEAD_DIM, FFN, VOCAB } dim;
typedef enum when { ALWAYS, SPLIT, FUSED, SPLIT_BIAS, FUSED_BIAS, QK_NORM, O_BIAS, MLP_BIAS, ELSEWHERE } when;

/* The tensors of a layer in the order of the flat array, then what is outside (placed by model.c). */
typedef struct role_row {
    size_t field; /* of lem_layer_weights */
    const char *common, *internlm2;
    dim rows, cols;
    when when;
} role_row;
#define FIELD(name) offsetof(lem_layer_weights, name)
static const role_row table[LEM_ROLE_COUNT] = {
    [LEM_ROLE_EMBED] = {0, "embed_tokens.weight", "tok_embeddings.weight", VOCAB, WIDTH, ELSEWHERE},
    [LEM_ROLE_ATTN_NORM] = {FIELD(attn_norm), "input_layernorm.weight", "attention_norm.weight", WIDTH, ONE,
                            ALWAYS},
    [LEM_ROLE_Q] = {FIELD(q), "self_attn.q_proj.weight", NULL, QUERIES, WIDTH, SPLIT},
    [LEM_ROLE_K] = {FIELD(k), "self_attn.k_proj.weight", NULL, KEYS, WIDTH, SPLIT},
    [LEM_ROLE_V] = {FIELD(v), "self_attn.v_proj.weight", NULL, KEYS, WIDTH, SPLIT},
    [LEM_ROLE_QKV] = {FIELD(qkv), NULL, "attention.wqkv.weight", QUERIES_KEYS_VALUES, WIDTH, FUSED},
    [LEM_ROLE_QKV_BIAS] = {FIELD(qkv_bias), NULL, "attention.wqkv.bias", QUERIES_KEYS_VALUES, ONE,
                           FUSED_BIAS},
    [LEM_ROLE_Q_BIAS] = {FIELD(q_bias), "self_attn.q_proj.bias", NULL, QUERIES, ONE, SPLIT_BIAS},
    [LEM_ROLE_K_BIAS] = {FIELD(k_bias), "self_attn.k_proj.bias", NULL, KEYS, ONE, SPLIT_BIAS},
    [LEM_ROLE_V_BIAS] = {FIELD(v_bias), "self_attn.v_proj.bias", NULL, KEYS, ONE, SPLIT_BIAS},
    [LEM_ROLE_Q_NORM] = {FIELD(q_norm), "self_attn.q_norm.weight", NULL, HEAD_DIM, ONE, QK_NORM},
    [LEM_ROLE_K_NORM] = {FIELD(k_norm), "self_attn.k_norm.weight", NULL, HEAD_DIM, ONE, QK_NORM},
    [LEM_ROLE_O] = {FIELD(o), "self_attn.o_proj.weight", "attention.wo.weight", WIDTH, QUERIES, ALWAYS},
    [LEM_ROLE_O_BIAS] = {FIELD(o_bias), "self_attn.o_proj.bias", "attention.wo.bias", WIDTH, ONE, O_BIAS},
    [LEM_ROLE_MLP_NORM] = {FIELD(mlp_norm), "post_attention_layernorm.weight", "ffn_norm.weight", WIDTH, ONE,
                           ALWAYS},
    [LEM_ROLE_GATE] = {FIELD(gate), "mlp.gate_proj.weight", "feed_forward.w1.weight", FFN, WIDTH, ALWAYS},
    [LEM_ROLE_UP] = {FIELD(up), "mlp.up_proj.weight", "feed_forward.w3.weight", FFN, WIDTH, ALWAYS},
    [LEM_ROLE_DOWN] = {FIELD(down), "mlp.down_proj.weight", "feed_forward.w2.weight", WIDTH, FFN, ALWAYS},
    [LEM_ROLE_GATE_BIAS] = {FIELD(gate_bias), "mlp.gate_proj.bias", "feed_forward.w1.bias", FFN, ONE,
                            MLP_BIAS},
    [LEM_ROLE_UP_BIAS] = {FIELD(up_bias), "mlp.up_proj.bias", "feed_forward.w3.bias", FFN, ONE, MLP_BIAS},
    [LEM_ROLE_DOWN_BIAS] = {FIELD(down_bias), "mlp.down_proj.bias", "feed_forward.w2.bias", WIDTH, ONE,
                            MLP_BIAS},
    [LEM_ROLE_FINAL_NORM] = {0, "norm.weight", NULL, WIDTH, ONE, ELSEWHERE},
    [LEM_ROLE_LM_HEAD] = {0, "lm_head.weight", "output.weight", VOCAB, WIDTH, ELSEWHERE},
    /* reward heads are named and shaped by head.c */
    [LEM_ROLE_DENSE] = {0, NULL, NULL, ONE, ONE, ELSEWHERE},
    [LEM_ROLE_DENSE_BIAS] = {0, NULL, NULL, ONE, ONE, ELSEWHERE},
    [LEM_ROLE_SCORE] = {0, NULL, NULL, ONE, ONE, ELSEWHERE},
    [LEM_ROLE_SCORE_BIAS] = {0, NULL, NULL, ONE, ONE, ELSEWHERE},
};

static int size_of(dim d, const lem_model_config *c) {
    const int size[] = {[ONE] = 1,
                        [WIDTH] = c->width,
                        [QUERIES] = c->heads * c->head_dim,
                        [KEYS] = c->kv_heads * c->head_dim,
                        [QUERIES_KEYS_VALUES] = (c->heads + 2 * c->kv_heads) * c->head_dim,
                        [HEAD_DIM] = c->head_dim,
                        [FFN] = c->ffn,
                        [VOCAB] = c->vocab};
    return size[d];
}

static bool is_there(when w, const lem_model_config *c) {
    const bool there[] = {[ALWAYS] = true,
                          [SPLIT] = !c->fused_qkv,
                          [FUSED] = c->fused_qkv,
                          [SPLIT_BIAS] = !c->fused_qkv && c->qkv_bias,
                          [FUSED_BIAS] = c->fused_qkv && c->qkv_bias,
                          [QK_NORM] = !c->fused_qkv && c->qk_norm,
                          [O_BIAS] = c->o_bias,
                          [MLP_BIAS] = c->mlp_bias,
                          [ELSEWHERE] = false};
    return there[w];
}

bool lem_role_in_layer(lem_role r, const lem_model_config *c) { return is_there(table[r].when, c); }

size_t *lem_role_field(lem_role r, lem_layer_weights *w) {
    return (size_t *)(void *)((char *)w + table[r].field);
}

void lem_role_shape(lem_role r, const lem_model_config *c, int *rank, int *rows, int *cols) {
    *rank = table[r].cols == ONE ? 1 : 2;
    *rows = size_of(table[r].rows, c);
    *cols = size_of(table[r].cols, c);
}

void lem_role_tensor(lem_role r, const lem_model_config *c, int layer, char out[96]) {
    const char *own = c->arch == LEM_ARCH_INTERNLM2 ? table[r].internlm2 : NULL;
    const char *name = own ? own : table[r].common;
    if (layer >= 0) snprintf(out, 96, "model.layers.%d.%s", layer, name);
    else snprintf(out, 96, "%s%s", r == LEM_ROLE_LM_HEAD ? "" : "model.", name);
}

bool lem_trainable_has(const lem_trainable *t, lem_role role, int layer) {
    if (t->frozen_roles >> role & 1) return false;
    if (role == LEM_ROLE_EMBED) return t->frozen_layers == 0;
    return layer < 0 || layer >= t->frozen_layers;
}

int lem_trainable_lowest(const lem_trainable *t, const lem_model_config *c) {
    if (lem_trainable_has(t, LEM_ROLE_EMBED, -1)) return 0;
    for (int i = t->frozen_layers; i < c->layers; i++)
        for (lem_role r = 0; r < LEM_ROLE_COUNT; r++)
            if (lem_role_in_layer(r, c) && lem_trainable_has(t, r, i)) return i;
    return c->layers;
}
