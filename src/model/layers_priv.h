/* model/layers_priv.h - what net and session share: planned memory, packed weights, the forward pass of a
 * layer, the heads
 *
 * There is one forward pass. Whatever runs through it gets the same bits in training and in inference. */
#ifndef LEM_MODEL_LAYERS_PRIV_H
#define LEM_MODEL_LAYERS_PRIV_H

#include "compute/backend.h"
#include "model/model_priv.h"

/* Places arrays one after the other, 64-byte aligned. base NULL counts only: the same code plans and assigns.
 */
typedef struct lem_carve {
    char *base;
    size_t used;
} lem_carve;
void *lem_carve_take(lem_carve *c, size_t n, size_t size);

typedef struct lem_packed_layer {
    lem_packed q, k, v, qkv, o, gate, up, down; /* qkv in place of q, k, v with fused_qkv */
    const float *attn_norm, *mlp_norm;          /* [D] */
    /* NULL = absent */
    const float *q_norm, *k_norm; /* [E] */
    const float *q_bias, *k_bias, *v_bias, *qkv_bias, *o_bias, *gate_bias, *up_bias,
        *down_bias; /* one per output */
} lem_packed_layer;

typedef struct lem_packed_model {
    lem_packed_layer *layer; /* [L] */
    const float *final_norm;
    lem_packed head;         /* [V,D]; N 0 = absent */
    lem_packed score, dense; /* reward head: [N,D], and [D,D] before it; fp32 in any case; N 0 = absent */
    const float *score_bias, *dense_bias;
    float *small; /* copies of norms and biases, or NULL to point into the model */
} lem_packed_model;

/* Memory for packed weights; copy_small: also for norms and biases, so that the model may go away. */
void lem_packed_model_carve(lem_carve *mem, const lem_model_config *c, lem_dtype dtype, bool copy_small,
                            lem_packed_model *out);
void lem_packed_model_fill(lem_packed_model *p, lem_backend *b, const lem_model *m);

/* Which tensor goes where: each product and vector once, in one order, named by its offset in the flat array.
 * Values may come from a model (lem_packed_model_fill) or straight from files (weights_open.c). */
typedef struct lem_weight_sink {
    void (*product)(void *ctx, size_t offset, lem_packed *to);
    const float *(*vector)(void *ctx, size_t offset, int n); /* NULL for the offset SIZE_MAX */
    void *ctx;
} lem_weight_sink;
void lem_packed_model_walk(lem_packed_model *p, const lem_model *m, const lem_weight_sink *s);

/* Rows of one forward pass and where their keys and values go. */
typedef struct lem_batch {
    lem_attn_plan attn;
    const int *page, *slot; /* [T] */
} lem_batch;

/* Activations of one layer. mid may be x and out may be mid (inference); scratch is overwritten. */
typedef struct lem_layer_act {
    const float *x;   /* [T,D] in */
    float *q, *k, *v; /* [T,H,E], [T,KH,E] twice; q and k rotated */
    float *q_raw,
        *k_raw; /* with qk_norm: q and k before it; NULL or q and k themselves where they are not kept */
    float *inv_q, *inv_k;   /* [T,H], [T,KH] or NULL */
    float *attn, *lse;      /* [T,H,E], [T,H] (NULL in inference) */
    float *inv1, *inv2;     /* [T] or NULL */
    float *mid, *gate, *up; /* [T,D], [T,F] twice */
    float *out;             /* [T,D] */
    float *normed, *act;    /* scratch [T,D], [T,F] */
    float *qkv;             /* scratch [T,H*E+2*KH*E] with fused_qkv */
} lem_layer_act;

void lem_layer_forward(lem_backend *b, const lem_model_config *c, const lem_packed_layer *w,
                       const lem_batch *batch, const float *cos_sin, const lem_kv *kv, int kv_layer,
                       int window /* of this layer, 0 = all */, const lem_layer_act *a);

/* q [T,H,E], k and v [T,KH,E] into rows of the fused projection [T,KH,H/KH+2,E]. */
void lem_layer_merge_qkv(const lem_model_config *c, int T, const float *q, const float *k, const float *v,
                         float *qkv);
/* Normalises (qk_norm) and rotates: what follows the projections of queries and keys. raw may be q or k
 * itself. */
void lem_layer_place_queries(lem_backend *b, const lem_model_config *c, const float *norm, int heads,
                             const lem_attn_plan *plan, const float *cos_sin, const float *raw, float *q,
                             float *inv);

/* cos_sin [n_pos, E]: E/2 cosines then E/2 sines per position (rope.h). */
void lem_rope_table(const lem_model_config *c, int n_pos, float *cos_sin);

/* Scratch of the vocabulary head: logits exist only for `rows` rows at a time. */
typedef struct lem_head_block {
    int rows;
    float *hidden, *logits, *lse, *logprob; /* [rows,D], [rows,V], [rows] twice */
    float *dense;                           /* [rows,D] for reward heads of two layers, else NULL */
} lem_head_block;
void lem_head_block_carve(lem_carve *mem, const lem_model_config *c, lem_head_block *out);
void lem_gather_rows(int R, int D, const int *rows, const float *from, float *to);
lem_status lem_check_rows(int R, const int *rows, int n_rows, lem_err *err) LEM_MUST_CHECK;
lem_status lem_check_targets(int R, const int32_t *target, int vocab, lem_err *err) LEM_MUST_CHECK;
/* score [R,N] of hidden[rows[r]] by the reward head, in blocks. */
void lem_head_scores(lem_backend *b, const lem_packed_model *p, const lem_head_block *h, int R,
                     const int *rows, const float *hidden, float *score);

static inline lem_kv lem_kv_layout(float *data, int layers, int kv_heads, int head_dim) {
    size_t head = (size_t)2 * LEM_PAGE_KEYS * (size_t)head_dim;
    return (lem_kv){data, (size_t)layers * (size_t)kv_heads * head, (size_t)kv_heads * head, head};
}

#endif
