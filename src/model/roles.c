/* roles.c - the table of roles: names in files, shapes, and when a tensor is there */
#include "model/roles.h"

#include "model/model_priv.h"

#include <stdio.h>
#include <string.h>

typedef enum dim { ONE, WIDTH, QUERIES, KEYS, QUERIES_KEYS_VALUES, HEAD_DIM, FFN, VOCAB, OUTPUTS } dim;
typedef enum when { /* in every layer, or outside of layers */
                    ALWAYS,
                    SPLIT,
                    FUSED,
                    SPLIT_BIAS,
                    FUSED_BIAS,
                    QK_NORM,
                    O_BIAS,
                    MLP_BIAS,
                    OUTSIDE,
                    UNTIED,
                    HEAD
} when;

typedef struct role_row {
    const char *common, *internlm2; /* names; internlm2 NULL = the common one */
    const char *gguf;               /* in a layer of a GGUF file, without .weight or .bias; NULL = none */
    dim rows, cols;                 /* cols ONE = a vector */
    when when;
} role_row;
static const role_row table[LEM_ROLE_COUNT] = {
    [LEM_ROLE_EMBED] = {"embed_tokens.weight", "tok_embeddings.weight", NULL, VOCAB, WIDTH, OUTSIDE},
    [LEM_ROLE_ATTN_NORM] = {"input_layernorm.weight", "attention_norm.weight", "attn_norm", WIDTH, ONE,
                            ALWAYS},
    [LEM_ROLE_Q] = {"self_attn.q_proj.weight", NULL, "attn_q", QUERIES, WIDTH, SPLIT},
    [LEM_ROLE_K] = {"self_attn.k_proj.weight", NULL, "attn_k", KEYS, WIDTH, SPLIT},
    [LEM_ROLE_V] = {"self_attn.v_proj.weight", NULL, "attn_v", KEYS, WIDTH, SPLIT},
    [LEM_ROLE_QKV] = {NULL, "attention.wqkv.weight", NULL, QUERIES_KEYS_VALUES, WIDTH, FUSED},
    [LEM_ROLE_QKV_BIAS] = {NULL, "attention.wqkv.bias", NULL, QUERIES_KEYS_VALUES, ONE, FUSED_BIAS},
    [LEM_ROLE_Q_BIAS] = {"self_attn.q_proj.bias", NULL, "attn_q", QUERIES, ONE, SPLIT_BIAS},
    [LEM_ROLE_K_BIAS] = {"self_attn.k_proj.bias", NULL, "attn_k", KEYS, ONE, SPLIT_BIAS},
    [LEM_ROLE_V_BIAS] = {"self_attn.v_proj.bias", NULL, "attn_v", KEYS, ONE, SPLIT_BIAS},
    [LEM_ROLE_Q_NORM] = {"self_attn.q_norm.weight", NULL, "attn_q_norm", HEAD_DIM, ONE, QK_NORM},
    [LEM_ROLE_K_NORM] = {"self_attn.k_norm.weight", NULL, "attn_k_norm", HEAD_DIM, ONE, QK_NORM},
    [LEM_ROLE_O] = {"self_attn.o_proj.weight", "attention.wo.weight", "attn_output", WIDTH, QUERIES, ALWAYS},
    [LEM_ROLE_O_BIAS] = {"self_attn.o_proj.bias", "attention.wo.bias", "attn_output", WIDTH, ONE, O_BIAS},
    [LEM_ROLE_MLP_NORM] = {"post_attention_layernorm.weight", "ffn_norm.weight", "ffn_norm", WIDTH, ONE,
                           ALWAYS},
    [LEM_ROLE_GATE] = {"mlp.gate_proj.weight", "feed_forward.w1.weight", "ffn_gate", FFN, WIDTH, ALWAYS},
    [LEM_ROLE_UP] = {"mlp.up_proj.weight", "feed_forward.w3.weight", "ffn_up", FFN, WIDTH, ALWAYS},
    [LEM_ROLE_DOWN] = {"mlp.down_proj.weight", "feed_forward.w2.weight", "ffn_down", WIDTH, FFN, ALWAYS},
    [LEM_ROLE_GATE_BIAS] = {"mlp.gate_proj.bias", "feed_forward.w1.bias", "ffn_gate", FFN, ONE, MLP_BIAS},
    [LEM_ROLE_UP_BIAS] = {"mlp.up_proj.bias", "feed_forward.w3.bias", "ffn_up", FFN, ONE, MLP_BIAS},
    [LEM_ROLE_DOWN_BIAS] = {"mlp.down_proj.bias", "feed_forward.w2.bias", "ffn_down", WIDTH, ONE, MLP_BIAS},
    [LEM_ROLE_FINAL_NORM] = {"norm.weight", NULL, NULL, WIDTH, ONE, OUTSIDE},
    [LEM_ROLE_LM_HEAD] = {"lm_head.weight", "output.weight", NULL, VOCAB, WIDTH, UNTIED},
    /* adapters are named and shaped after their matrices: no rows here */
    /* reward heads are named by head.c, in this order */
    [LEM_ROLE_DENSE] = {NULL, NULL, NULL, WIDTH, WIDTH, HEAD},
    [LEM_ROLE_DENSE_BIAS] = {NULL, NULL, NULL, WIDTH, ONE, HEAD},
    [LEM_ROLE_SCORE] = {NULL, NULL, NULL, OUTPUTS, WIDTH, HEAD},
    [LEM_ROLE_SCORE_BIAS] = {NULL, NULL, NULL, OUTPUTS, ONE, HEAD},
};

static int size_of(dim d, const lem_model_config *c, const lem_head_shape *head) {
    const int size[] = {[ONE] = 0,
                        [WIDTH] = c->width,
                        [QUERIES] = c->heads * c->head_dim,
                        [KEYS] = c->kv_heads * c->head_dim,
                        [QUERIES_KEYS_VALUES] = (c->heads + 2 * c->kv_heads) * c->head_dim,
                        [HEAD_DIM] = c->head_dim,
                        [FFN] = c->ffn,
                        [VOCAB] = c->vocab,
                        [OUTPUTS] = head->outputs};
    return size[d];
}

/* Matrices that can have adapters, in the order of the roles of these. */
static const lem_role adapted[] = {LEM_ROLE_Q, LEM_ROLE_K,    LEM_ROLE_V,  LEM_ROLE_QKV,
                                   LEM_ROLE_O, LEM_ROLE_GATE, LEM_ROLE_UP, LEM_ROLE_DOWN};

lem_role lem_role_matrix(int i, char name[32]) {
    if (i < 0 || i >= (int)(sizeof adapted / sizeof *adapted)) return LEM_ROLE_COUNT;
    const role_row *row = &table[adapted[i]];
    const char *module = strchr(row->common ? row->common : row->internlm2, '.') + 1;
    snprintf(name, 32, "%.*s", (int)strcspn(module, "."), module);
    return adapted[i];
}

lem_role lem_role_adapter(lem_role matrix) {
    for (size_t i = 0; i < sizeof adapted / sizeof *adapted; i++)
        if (adapted[i] == matrix) return LEM_ROLE_Q_LORA_A + (lem_role)(2 * i);
    return LEM_ROLE_COUNT;
}

lem_role lem_role_adapted(lem_role a_or_b) {
    bool is = a_or_b >= LEM_ROLE_Q_LORA_A && a_or_b <= LEM_ROLE_DOWN_LORA_B;
    return is ? adapted[(a_or_b - LEM_ROLE_Q_LORA_A) / 2] : LEM_ROLE_COUNT;
}

/* Of a config that may set the head alone. */
static lem_head_shape head_of(const lem_model_config *c) {
    lem_head head = c->head;
    lem_head_shape shape = c->reward;
    bool fits = lem_config_head_check(&head, &shape, NULL) == LEM_OK && head != LEM_HEAD_LM;
    return fits ? shape : (lem_head_shape){0};
}

static bool is_there(lem_role r, const lem_model_config *c, int layer, const lem_head_shape *head) {
    char name[64];
    when w = table[r].when;
    const bool there[] = {[ALWAYS] = true,
                          [SPLIT] = !c->fused_qkv,
                          [FUSED] = c->fused_qkv,
                          [SPLIT_BIAS] = !c->fused_qkv && c->qkv_bias,
                          [FUSED_BIAS] = c->fused_qkv && c->qkv_bias,
                          [QK_NORM] = !c->fused_qkv && c->qk_norm,
                          [O_BIAS] = c->o_bias,
                          [MLP_BIAS] = c->mlp_bias,
                          [OUTSIDE] = true,
                          [UNTIED] = !c->tied,
                          [HEAD] = w == HEAD && lem_head_tensor(head, (int)r - LEM_ROLE_DENSE, name)};
    return there[w] && (layer < 0) == (w >= OUTSIDE);
}

bool lem_role_shape(const lem_model_config *c, lem_role role, int layer, int *rows, int *cols) {
    const lem_head_shape head = table[role].when == HEAD ? head_of(c) : (lem_head_shape){0};
    lem_role matrix = lem_role_adapted(role);
    if (matrix != LEM_ROLE_COUNT) {
        bool there = layer >= 0 && lem_role_shape(c, matrix, layer, rows, cols);
        *(role == lem_role_adapter(matrix) ? rows : cols) = c->lora.rank;
        return there && c->lora.rank > 0 && c->lora.targets >> matrix & 1;
    }
    *rows = size_of(table[role].rows, c, &head);
    *cols = size_of(table[role].cols, c, &head);
    return is_there(role, c, layer, &head);
}

void lem_role_name(const lem_model_config *c, lem_role role, int layer, char out[96]) {
    lem_role matrix = lem_role_adapted(role);
    if (matrix != LEM_ROLE_COUNT) {
        char name[96];
        lem_role_name(c, matrix, layer, name);
        *strrchr(name, '.') = '\0'; /* .weight */
        snprintf(out, 96, "%.80s.lora_%c.weight", name, role == lem_role_adapter(matrix) ? 'A' : 'B');
        return;
    }
    const char *own = c->arch == LEM_ARCH_INTERNLM2 ? table[role].internlm2 : NULL;
    const char *name = own ? own : table[role].common;
    char head[64];
    if (table[role].when == HEAD) {
        const lem_head_shape shape = head_of(c);
        snprintf(out, 96, "%s", lem_head_tensor(&shape, (int)role - LEM_ROLE_DENSE, head));
    } else if (layer >= 0) snprintf(out, 96, "model.layers.%d.%s", layer, name);
    else snprintf(out, 96, "%s%s", role == LEM_ROLE_LM_HEAD ? "" : "model.", name);
}

bool lem_role_gguf_name(lem_role role, int layer, char out[96]) {
    const char *name = table[role].gguf;
    if (name) snprintf(out, 96, "blk.%d.%s%s", layer, name, strrchr(table[role].common, '.'));
    return name != NULL;
}

bool lem_role_is_rotated(lem_role role) {
    static const lem_role rotated[] = {LEM_ROLE_Q, LEM_ROLE_K, LEM_ROLE_Q_BIAS, LEM_ROLE_K_BIAS};
    for (size_t i = 0; i < sizeof rotated / sizeof *rotated; i++)
        if (role == rotated[i]) return true;
    return false;
}

bool lem_role_is_residual(lem_role role) {
    return table[role].rows == WIDTH && (table[role].cols == QUERIES || table[role].cols == FFN);
}

bool lem_role_at(const lem_model_config *c, long k, lem_role *role, int *layer) {
    const long in = LEM_ROLE_FINAL_NORM - LEM_ROLE_ATTN_NORM, layers = in * c->layers;
    *layer = k > 0 && k <= layers ? (int)((k - 1) / in) : -1;
    if (k == 0) *role = LEM_ROLE_EMBED;
    else if (k <= layers) *role = LEM_ROLE_ATTN_NORM + (lem_role)((k - 1) % in);
    else *role = LEM_ROLE_FINAL_NORM + (lem_role)(k - 1 - layers);
    return k <= layers + LEM_ROLE_COUNT - LEM_ROLE_FINAL_NORM;
}

size_t lem_model_config_params(const lem_model_config *c) {
    size_t n = 0;
    lem_role role;
    int layer, rows, cols;
    for (long k = 0; lem_role_at(c, k, &role, &layer); k++)
        if (lem_role_shape(c, role, layer, &rows, &cols)) n += (size_t)rows * (size_t)(cols ? cols : 1);
    return n;
}

bool lem_trainable_has(const lem_trainable *t, lem_role role, int layer) {
    if (t->frozen_roles >> role & 1) return false;
    if (role == LEM_ROLE_EMBED) return t->frozen_layers == 0;
    return layer < 0 || layer >= t->frozen_layers;
}

int lem_trainable_lowest(const lem_trainable *t, const lem_model_config *c) {
    int rows, cols;
    if (lem_trainable_has(t, LEM_ROLE_EMBED, -1)) return 0;
    for (int i = t->frozen_layers; i < c->layers; i++)
        for (lem_role r = 0; r < LEM_ROLE_COUNT; r++)
            if (lem_trainable_has(t, r, i) && lem_role_shape(c, r, i, &rows, &cols)) return i;
    return c->layers;
}

lem_dtype lem_trainable_base(const lem_trainable *t) {
    return t->bf16 && t->frozen_dtype == LEM_DTYPE_F32 ? LEM_DTYPE_BF16 : t->frozen_dtype;
}
