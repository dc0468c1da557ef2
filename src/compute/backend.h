/* compute/backend.h - the operations a model is made of, behind one table of function pointers
 *
 * Three implementations share this interface: ref (scalar, double accumulation: the truth that tests compare
 * with), cpu-generic, cpu-avx2 and cpu-avx512 (threads, chosen at run time). The model calls the operations
 * in order, forward and backward written out.
 *
 * Order of summation is part of the interface (cpu paths): each output element is one chain of fused
 * (generic: separate) multiply-adds over its reduction index in ascending order, starting from the old value
 * when it accumulates and from 0 otherwise. It therefore never depends on the number of rows, the threads,
 * the tile, or on how rows are split over calls: dW accumulated over two calls equals one call over all rows,
 * bit for bit, and a row computed alone equals the row computed in a batch. Row reductions (norms, softmax
 * sums) use 16 partial sums by index modulo 16, added in a fixed tree. No operation allocates in steady
 * state: scratch belongs to the backend.
 *
 * A backend runs one operation at a time: threads that work side by side each take a backend of their own.
 * Ownership: callers own all tensors (64-byte aligned where large). Operations cannot fail; shapes are the
 * caller's to get right. */
#ifndef LEM_COMPUTE_BACKEND_H
#define LEM_COMPUTE_BACKEND_H

#include "compute/tensor.h"
#include "core/err.h"
#include "core/pool.h"

#define LEM_PANEL 32            /* columns of a packed weight panel */
#define LEM_PAGE_KEYS LEM_PANEL /* keys of a kv page: a product reads them as one panel */

/* A linear layer's weight W [N,K], packed for y = x W^T: panels of 32 outputs, reduction index
 * innermost-but-one. F32: float [ceil(N/32)][K][32]. BF16: pairs of k, uint32 [ceil(N/32)][ceil(K/2)][32]
 * with even k in the low half. Columns past N are zero. */
typedef struct lem_packed {
    int N, K;
    lem_dtype dtype; /* F32 or BF16 */
    void *panels;    /* owned; lem_packed_alloc / lem_packed_release */
} lem_packed;
lem_status lem_packed_alloc(lem_packed *p, int N, int K, lem_dtype dtype, lem_err *err) LEM_MUST_CHECK;
void lem_packed_release(lem_packed *p);
size_t lem_packed_bytes(int N, int K, lem_dtype dtype);

/* Keys and values live in pages of P = LEM_PAGE_KEYS tokens. The data of page p, layer l, kv head h starts at
 *   data + p*page_stride + l*layer_stride + h*head_stride   (floats)
 * and holds the keys transposed, k [E][P], followed by the values, v [P][E]. */
typedef struct lem_kv {
    float *data;
    size_t page_stride, layer_stride, head_stride; /* head_stride = 2*P*E */
} lem_kv;

/* One attention call handles T rows (new tokens) made of trees. Rows of a subtree are contiguous (depth-first
 * order). A row r sees the keys of each segment whose row range holds r, at positions <= pos[r] and, with a
 * window w > 0, above pos[r] - w (w keys, itself included: Transformers' sliding window); its segments, in
 * order, cover positions 0..pos[r] without gaps. Trees are in row order. One path may hold about a million
 * positions, E may be up to 4096 (the scratch that a backend reserves for each worker). */
typedef struct lem_attn_seg {
    int row0, row1; /* rows that see this page (the subtree of its node) */
    int page;       /* page index in the lem_kv */
    int n_keys;     /* valid keys, 1..LEM_PAGE_KEYS */
    int pos0;       /* position of the page's first key */
    int key_row0;   /* row of the page's first key in this call, or -1 when it was computed earlier (inference
                       only) */
} lem_attn_seg;
typedef struct lem_attn_tree {
    int row0, row1, seg0, seg1; /* half-open ranges */
    int max_len;                /* largest pos+1 among its rows */
} lem_attn_tree;
typedef struct lem_attn_plan {
    int n_rows, n_trees;
    const int *pos; /* [T] */
    const lem_attn_tree *trees;
    const lem_attn_seg *segs;
    int window; /* keys that a row sees at most, itself included; 0 = all */
} lem_attn_plan;

typedef struct lem_backend lem_backend;

typedef struct lem_adamw {
    float lr, beta1, beta2, eps,
        weight_decay;   /* decoupled decay (Loshchilov & Hutter 2019): p -= lr*wd*p before the step */
    float bias1, bias2; /* 1 - beta^t, computed in double by the caller */
    float grad_scale;   /* gradients are multiplied by this first (clipping, token mean) */
} lem_adamw;

typedef struct lem_backend_ops {
    const char *name; /* "ref", "generic", "avx2", "avx512" */
    /* products */
    void (*pack)(lem_backend *b, const float *W /* [N,K] */, lem_packed *dst);
    void (*linear)(lem_backend *b, int T, const float *X /* [T,K] */, const lem_packed *W,
                   const float *bias /* [N] or NULL */, float *Y /* [T,N] */,
                   bool accumulate); /* bias is added last */
    void (*linear_dx)(lem_backend *b, int T, int N, int K, const float *dY /* [T,N] */,
                      const float *W /* [N,K] */, float *dX /* [T,K] */, bool accumulate);
    void (*linear_dw)(lem_backend *b, int T, int N, int K, const float *dY /* [T,N] */,
                      const float *X /* [T,K] */, float *dW /* [N,K], accumulated over rows in order */);
    void (*bias_grad)(lem_backend *b, int T, int N, const float *dY /* [T,N] */,
                      float *db /* [N], accumulated */);
    /* norms, activations, positions */
    void (*rmsnorm)(lem_backend *b, int T, int D, const float *X /* [T,D] */, const float *w /* [D] */,
                    float eps, float *Y /* [T,D] */, float *inv_rms /* [T] or NULL */);
    void (*rmsnorm_backward)(lem_backend *b, int T, int D, const float *dY, const float *X, const float *w,
                             const float *inv_rms, float *dX /* [T,D], accumulated */,
                             float *dw /* [D], accumulated */);
    void (*rope)(lem_backend *b, int T, int H, int E, float *X /* [T,H,E] in place */,
                 const int *pos /* [T] */,
                 const float *cos_sin
                 /* [max_pos, E]: E/2 cosines then E/2 sines */,
                 bool inverse); /* HF "rotate_half" pairing (i, i+E/2) */
    void (*swiglu)(lem_backend *b, int T, int F, const float *gate, const float *up,
                   float *act); /* silu(gate)*up, [T,F] each */
    void (*swiglu_backward)(lem_backend *b, int T, int F, const float *gate, const float *up,
                            const float *dact, float *dgate, float *dup);
    void (*add)(lem_backend *b, size_t n, float *x, const float *y); /* x += y */
    void (*embed)(lem_backend *b, int T, int D, const int32_t *ids, const float *table /* [V,D] */,
                  float *Y /* [T,D] */);
    void (*embed_backward)(lem_backend *b, int T, int D, const int32_t *ids, const float *dY,
                           float *dtable /* [V,D], rows added in order of t */);
    /* attention */
    void (*kv_write)(lem_backend *b, int T, int KH, int E, const float *k /* [T,KH,E] */, const float *v,
                     const int *page /* [T] */, const int *slot /* [T], 0..31 */, int layer,
                     const lem_kv *kv);
    void (*attention)(lem_backend *b, const lem_attn_plan *plan, int H, int KH, int E, float scale,
                      const float *q /* [T,H,E] */, int layer, const lem_kv *kv, float *out /* [T,H,E] */,
                      float *lse /* [T,H] log-sum-exp of scaled scores, or NULL */);
    void (*attention_backward)(lem_backend *b, const lem_attn_plan *plan, int H, int KH, int E, float scale,
                               const float *q, int layer, const lem_kv *kv, const float *out,
                               const float *lse, const float *dout, float *dq /* [T,H,E] set */,
                               float *dk /* [T,KH,E] set */,
                               float *dv /* [T,KH,E] set */); /* every key must have key_row0 >= 0 */
    /* heads and losses. logprob[r] = logits[r,target] - logsumexp(logits[r]): the one function for sampler
     * and trainer. */
    void (*logprob)(lem_backend *b, int R, int V, const float *logits /* [R,V] */,
                    const int32_t *target /* [R] */, float *logprob /* [R] */, float *lse /* [R] or NULL */);
    void (*softmax_xent_grad)(lem_backend *b, int R, int V,
                              float *logits /* [R,V] in; out: weight*(softmax - onehot) */,
                              const int32_t *target, const float *weight /* [R] */,
                              const float *lse /* [R] */);
    /* optimizer and whole-array */
    void (*adamw)(lem_backend *b, size_t n, float *param, const float *grad, float *m, float *v,
                  const lem_adamw *o);
    double (*sumsq)(lem_backend *b, size_t n, const float *x); /* fixed blocks of 4096, summed in order */
    bool (*all_finite)(lem_backend *b, size_t n, const float *x);
    void (*scale)(lem_backend *b, size_t n, float *x, float s);
} lem_backend_ops;

struct lem_backend {
    const lem_backend_ops *ops;
    lem_pool *pool; /* borrowed; may be NULL (one thread) */
    void *priv;
};

typedef enum lem_isa { LEM_ISA_AUTO = 0, LEM_ISA_REF, LEM_ISA_GENERIC, LEM_ISA_AVX2, LEM_ISA_AVX512 } lem_isa;
/* AUTO: the paths that CPUID allows are timed for a few ms on a product and the fastest is taken, of near
 * equals the wider. An ISA that this CPU lacks is LEM_EUSAGE. */
lem_status lem_backend_new(lem_isa isa, lem_pool *pool, lem_backend **out, lem_err *err) LEM_MUST_CHECK;
void lem_backend_free(lem_backend *b);
lem_status lem_isa_parse(const char *name /* "auto","ref","generic","avx2","avx512" */, lem_isa *out,
                         lem_err *err) LEM_MUST_CHECK;
bool lem_isa_supported(lem_isa isa);
const char *lem_cpu_name(char out[64]);     /* the processor's brand string */
void lem_cpu_features(char *out, size_t n); /* "avx2 fma avx512f …" */

/* Measured limits of this machine, for shares in bench and doctor. GFLOP/s of register-resident FMAs; GB/s of
 * a long read. */
typedef struct lem_limits {
    double fma_gflops_1, fma_gflops_all, read_gbs_1, read_gbs_all;
    int threads;
} lem_limits;
lem_status lem_limits_measure(lem_backend *b, lem_limits *out, lem_err *err) LEM_MUST_CHECK;

#endif
