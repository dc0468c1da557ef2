/* model/net_priv.h - the inside of a net: everything that forward leaves for backward */
#ifndef LEM_MODEL_NET_PRIV_H
#define LEM_MODEL_NET_PRIV_H

#include "model/net.h"
#include "model/pass_priv.h"

struct lem_net {
    lem_pass pass;    /* keys and values of one layer at a time, one page or more per node */
    lem_params w;     /* what products and norms read */
    lem_model *model; /* borrowed */
    int lowest;       /* layers below need no backward pass */
    lem_block block;
    lem_layer_act *layer; /* [L] what each keeps; norms' outputs, queries and keys after their norm, and the
                             SwiGLU product are computed again; with qk_norm q and k are shared by the layers.
                             Without gradients all share one; with recompute all but x */
    bool recompute;
    float *inv;     /* [T] of the final norm */
    int *subtree;   /* [2T] end row of each node's subtree */
    bool bf16;      /* products of bf16 */
    int *tree;      /* [T] the tree of each row */
    int *runs;      /* [T] first rows of the trees: runs of linear_dw_bf16 */
    int *head_runs; /* [head.rows] those of a block of a head's rows */
    float *twin;    /* [n_grads] what learns, where the backend cannot work in the model's own array */
    /* with gradients */
    size_t n_grads, *grad_at;  /* elements of grads; [tensors] the place of each in it, SIZE_MAX = frozen */
    float *grads, *head_grads; /* [n_grads]; [V,D] of a tied head, folded in when read; NULL if frozen */
    float *no_grads;           /* [D], where the gradients of frozen norms go to be forgotten */
    bool head_dirty;
    float *dhidden, *dx; /* [T,D]; gradient at the final norm's output, then down the residual stream */
    float *dlow;         /* [T,rank] of adapters, or NULL */
    float *dq, *dk, *dv, *dattn, *dnormed, *dact, *dgate, *dup;
};

/* Where the gradient of that parameter is; NULL = it does not learn, or is not there. */
float *lem_net_grad_of(const lem_net *net, lem_role role, int layer);

/* Products of the net's kind, backward. runs: see linear_dw_bf16. */
void lem_net_dx(lem_net *net, int T, int N, int K, const float *dY, const lem_param *w, float *dX,
                bool accumulate);
void lem_net_dw(lem_net *net, int T, int N, int K, const float *dY, const float *X, int n_runs,
                const int *runs, float *dW);

/* net_params.c. t: NULL = without gradients. based: a base has what does not learn. */
void lem_net_carve_params(lem_memory *mem, const lem_model_config *c, const lem_trainable *t, bool based,
                          lem_net *net);
/* The places of the parameters that have none of their own yet. */
void lem_net_place_params(lem_net *net);

#endif
