/* model/pass_priv.h - one pass over rows: what a net and a session both are
 *
 * There is one forward pass. Whatever runs through it gets the same bits in training and in inference. Rows
 * are laid out on the host and handed over once; from there on everything stays in the backend's memory. */
#ifndef LEM_MODEL_PASS_PRIV_H
#define LEM_MODEL_PASS_PRIV_H

#include "model/params_priv.h"

/* Rows of a pass, what they see, and where their keys and values go. */
typedef struct lem_rows {
    int32_t *ids;           /* [T] */
    int *pos, *page, *slot; /* [T] */
    lem_attn_seg *segs;     /* [segs] */
    lem_attn_tree *trees;   /* [T] */
    uint64_t *noise;        /* [T] ids of the rows, with dropout */
} lem_rows;

/* Scratch of the heads: logits exist only for `rows` rows at a time. In the backend's memory. */
typedef struct lem_head_block {
    int rows;
    int32_t *row, *target;                  /* [rows] which hidden rows, and the tokens they predict */
    float *weight;                          /* [rows] */
    float *hidden, *logits, *lse, *logprob; /* [rows,D], [rows,V], [rows] twice */
    float *dense;                           /* [rows,D] for reward heads of two layers, else NULL */
    float *score;                           /* [rows,N] of the reward head */
} lem_head_block;
int lem_head_block_rows(const lem_model_config *c);
void lem_head_block_carve(lem_memory *mem, const lem_model_config *c, lem_head_block *out);

/* Activations of one layer, in the backend's memory. mid may be x and out may be mid (inference). */
typedef struct lem_layer_act {
    float *x;         /* [T,D] in */
    float *q, *k, *v; /* [T,H,E], [T,KH,E] twice; q and k rotated */
    float *q_raw,
        *k_raw; /* with qk_norm: q and k before it; NULL or q and k themselves where they are not kept */
    float *inv_q, *inv_k;   /* [T,H], [T,KH] or NULL */
    float *attn, *lse;      /* [T,H,E], [T,H] (NULL in inference) */
    float *inv1, *inv2;     /* [T] or NULL */
    float *mid, *gate, *up; /* [T,D], [T,F] twice */
    float *out;             /* [T,D] */
} lem_layer_act;

typedef struct lem_pass_size {
    int rows, segs, pages; /* most of a pass; pages of keys and values */
    int kv_layers;         /* layers whose keys and values have a place */
    int positions;         /* rotated positions: 0 .. n-1 */
    lem_dtype kv_dtype;    /* of keys and values: F32 or BF16 */
    bool some_read;        /* the last layer may compute some of the rows only */
} lem_pass_size;

typedef struct lem_pass_noise {
    bool on;
    uint32_t key[2];
    uint64_t step;
} lem_pass_noise;

typedef struct lem_pass {
    const lem_model_config *c; /* borrowed */
    lem_backend *b;            /* borrowed */
    const lem_params *w;       /* borrowed */
    lem_pass_size size;
    lem_rows host, dev;
    int n_rows, n_segs, n_trees; /* of the rows laid out */
    /* With size.some_read: the rows that are read, when they are not all; ids are their numbers, pos, segs
     * and trees what they see. */
    lem_rows host_read, dev_read;
    int n_read, n_read_segs, n_read_trees; /* n_read is n_rows: all */
    lem_kv kv;
    float *cos_sin;               /* [positions,E] */
    float *hidden, *normed, *act; /* final-normed [T,D]; scratch [T,D], [T,F] */
    float *low;                   /* scratch [T,rank] of adapters, or NULL */
    float *dropped;               /* scratch [T,widest input] with dropout, or NULL */
    lem_pass_noise noise;         /* of the rows laid out; on: false = nothing is left out */
    float *qkv;                   /* scratch [T,H*E+2*KH*E] with fused_qkv */
    lem_head_block head;
} lem_pass;

void lem_pass_carve(lem_memory *mem, const lem_model_config *c, const lem_pass_size *size, lem_pass *out);
/* After carving: the positions' table. LEM_EMEM. */
lem_status lem_pass_init(lem_pass *p, const lem_model_config *c, lem_backend *b, const lem_params *w,
                         lem_err *err) LEM_MUST_CHECK;
void lem_pass_hand_over(lem_pass *p); /* the rows that were laid out on the host */

/* Y += what is left of X after the same noise. */
void lem_pass_drop_into(lem_pass *p, int layer, lem_role a, int K, const float *X, float *Y);
/* scale X A^T of an adapter into p->low, with noise of what is left of X, which p->dropped holds then; a: its
 * role. False: that layer has none. */
bool lem_pass_low(lem_pass *p, int layer, lem_role a, const float *X);
void lem_pass_embed(lem_pass *p, float *x /* [T,D] */);
void lem_pass_layer(lem_pass *p, int layer, int kv_layer, const lem_layer_act *a);
/* The same up to gate and up: all that a backward pass reads but `out`. */
void lem_pass_layer_inside(lem_pass *p, int layer, int kv_layer, const lem_layer_act *a);
/* A layer after which only the rows that are read are left: in a->x, which is a->out, and as p's rows. The
 * model has no fused_qkv. */
void lem_pass_last_layer(lem_pass *p, int layer, int kv_layer, const lem_layer_act *a);
/* Into p->hidden; inv [T] or NULL. */
void lem_pass_norm(lem_pass *p, const float *x, float *inv);
/* What the queries (or keys) and their norm are: heads of them, before and after. */
typedef struct lem_queries {
    lem_role norm;
    int heads;
    const float *raw; /* may be `out` itself */
    float *out, *inv;
} lem_queries;
/* Normalises (qk_norm) and rotates: what follows the projections of queries and keys. */
void lem_pass_place_queries(lem_pass *p, int layer, const lem_queries *q);
/* What the rows of that layer see. */
lem_attn_plan lem_pass_plan(const lem_pass *p, int layer);

/* ---- heads: rows are the host's, checked by the caller, at most head.rows of them ---- */

lem_status lem_check_rows(int R, const int *rows, int n_rows, lem_err *err) LEM_MUST_CHECK;
lem_status lem_check_targets(int R, const int32_t *target, int vocab, lem_err *err) LEM_MUST_CHECK;
static inline int lem_pass_block(const lem_pass *p, int left) {
    return left < p->head.rows ? left : p->head.rows;
}
void lem_pass_gather(lem_pass *p, int n, const int *rows); /* hidden rows into head.hidden */
/* Vocabulary logits [n,V], in the backend's memory. */
void lem_pass_logits(lem_pass *p, int n, const int *rows, float *logits);
/* Logits [n,n_ids] of some tokens, to the host. */
void lem_pass_token_logits(lem_pass *p, int n, const int *rows, int n_ids, const int32_t *ids, float *logits);
/* Their log-probabilities of the targets, of the host too, into head.logprob. Logits and lse stay in the
 * block. */
void lem_pass_logprobs(lem_pass *p, int n, const int *rows, const int32_t *target);
/* score [R,N] of the host, any R: the reward head. LEM_EIO. */
lem_status lem_pass_scores(lem_pass *p, int R, const int *rows, float *score, lem_err *err) LEM_MUST_CHECK;

static inline lem_kv lem_kv_layout(float *data, int layers, int kv_heads, int head_dim, lem_dtype dtype) {
    size_t head = lem_kv_head_floats(head_dim, dtype);
    return (lem_kv){data, (size_t)layers * (size_t)kv_heads * head, (size_t)kv_heads * head, head, dtype};
}

#endif
