/* model/net_priv.h - the inside of a net: everything that forward leaves for backward */
#ifndef LEM_MODEL_NET_PRIV_H
#define LEM_MODEL_NET_PRIV_H

#include "model/layers_priv.h"
#include "model/net.h"

typedef struct lem_layer_saved { /* what forward keeps per layer; norms' outputs, queries and keys after their
                                    norm, and the SwiGLU product are computed again */
    float *x, *q, *k, *v, *attn, *lse, *inv1, *inv2, *mid, *gate, *up;
    float *q_raw, *k_raw, *inv_q, *inv_k; /* with qk_norm: q and k are shared by the layers then; else NULL */
} lem_layer_saved;

struct lem_net {
    int lowest;       /* layers below need no backward pass */
    lem_model *model; /* borrowed */
    lem_backend *b;   /* borrowed */
    int max_rows, n_rows;
    char *block; /* owned: everything below */
    size_t bytes;
    lem_packed_model weights;
    float *cos_sin;         /* [min(max_positions, max_rows), E] */
    lem_layer_saved *layer; /* [L]; without gradients all share one */
    float *x;               /* [T,D] output of the last layer */
    float *hidden, *inv;    /* [T,D] final-normed, [T] */
    float *normed, *act;    /* scratch [T,D], [T,F] */
    float *qkv;             /* scratch [T,H*E+2*KH*E] with fused_qkv */
    lem_kv kv;              /* keys and values of one layer at a time, one page or more per node */
    int pages_clean;        /* pages that were written or zeroed once: no stray NaN in unused slots */
    int32_t *ids;           /* [T] */
    int *pos, *page, *slot; /* [T] */
    lem_attn_seg *segs;     /* [T] */
    lem_attn_tree *trees;   /* [T] */
    int *subtree;           /* [2T] end row of each node's subtree */
    lem_batch batch;
    lem_head_block head;
    /* with gradients */
    size_t n_grads, *grad_at;  /* elements of grads; [tensors] the place of each in it, SIZE_MAX = frozen */
    float *grads, *head_grads; /* [n_grads]; [V,D] of a tied head, folded in when read; NULL if frozen */
    float *no_grads;           /* [D], where the gradients of frozen norms go to be forgotten */
    bool head_dirty;
    float *dhidden, *dx; /* [T,D]; gradient at the final norm's output, then down the residual stream */
    float *dq, *dk, *dv, *dattn, *dnormed, *dact, *dgate, *dup;
};

/* Where the gradient of the tensor at that offset of the flat array is; NULL = it does not learn, or is not
 * there. */
float *lem_net_grad_of(const lem_net *net, size_t offset);

#endif
