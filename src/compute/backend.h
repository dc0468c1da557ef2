/* compute/backend.h - the operations a model is made of and the memory they work on, behind one table of
 * function pointers
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
 * Memory belongs to the backend: every pointer that an operation takes is to memory of `alloc`, unless it is
 * said to be the host's, and no one but the backend looks behind it (an address may be moved by whole
 * elements, as in an array). Where `host_memory` is set the two are one, and any array of the host will do.
 * tests/support/far.h has a backend whose memory the host cannot read.
 *
 * A backend runs one operation at a time: threads that work side by side each take a backend of their own.
 * Ownership: callers own all tensors (64-byte aligned where large). Operations may be started and finished
 * later, in their order. They cannot fail by themselves; shapes are the caller's to get right. A device that
 * fails stays failed: what follows does nothing, copy_out gives zeros, and `sync` tells. */
#ifndef LEM_COMPUTE_BACKEND_H
#define LEM_COMPUTE_BACKEND_H

#include "compute/tensor.h"
#include "core/err.h"
#include "core/pool.h"

typedef struct lem_backend lem_backend;

#define LEM_PAGE_KEYS 32 /* keys of a kv page */
#define LEM_BF16_RUN 32  /* rows of a block of linear_dw_bf16 */
#define LEM_PACK_ROWS 32 /* rows that pack_rows takes at a time */

#define LEM_WIDE_COLUMNS 65536 /* of a wide I8 weight */

/* A linear layer's weight W [N,K], packed for y = x W^T in a layout of the backend's own. */
typedef struct lem_packed {
    int N, K;
    lem_dtype dtype; /* F32, BF16 or I8 */
    void *data;      /* of the backend's packed_bytes(N, K, dtype) */
    bool wide;       /* I8 whose numbers scale * q are multiplied, not its q by rows rounded to int8; K up to
                        LEM_WIDE_COLUMNS */
} lem_packed;
lem_status lem_packed_alloc(lem_packed *p, lem_backend *b, int N, int K, lem_dtype dtype,
                            lem_err *err) LEM_MUST_CHECK;
void lem_packed_release(lem_packed *p, lem_backend *b);
/* What it takes on that backend; NULL = on one that works in the host's memory. */
size_t lem_packed_bytes(const lem_backend *b, int N, int K, lem_dtype dtype);
/* Bytes of a row that pack_rows takes: K numbers; of I8 the groups of a row (lem_int8_block). */
size_t lem_pack_row_bytes(int K, lem_dtype dtype);

/* Keys and values live in pages of P = LEM_PAGE_KEYS tokens. The data of page p, layer l, kv head h starts at
 *   data + p*page_stride + l*layer_stride + h*head_stride   (floats)
 * and holds lem_kv_head_floats(E, dtype) floats. F32: the keys transposed, k [E][P], followed by the values,
 * v [P][E]. BF16: both rounded to bf16 when they are written, in a layout of the backend's own; queries and
 * probabilities (not their sum) are rounded too before they are multiplied, and gradients are those of the
 * rounded numbers. */
typedef struct lem_kv {
    float *data;
    size_t page_stride, layer_stride, head_stride;
    lem_dtype dtype; /* F32 or BF16 */
} lem_kv;
static inline size_t lem_kv_head_floats(int E, lem_dtype dtype) {
    size_t e = (size_t)E, bf16 = (e + 1) / 2 * LEM_PAGE_KEYS + (e + 31) / 32 * 32 * (LEM_PAGE_KEYS / 2);
    return dtype == LEM_DTYPE_F32 ? 2 * LEM_PAGE_KEYS * e : bf16;
}

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

/* How a token is drawn from a row of logits. Weights are whole numbers, w = floor(2^40 exp((logit - max) /
 * temperature)), whose sums are exact: the token depends on the row and u alone, on every backend. A token
 * less than 2^-40 as likely as the best one has weight 0. Order, as in Transformers: repetition penalty,
 * temperature, top-k (ties at the boundary: lower id first), top-p (smallest set, by falling logit and rising
 * id, whose mass reaches p), min-p (tokens less than min_p times as likely as the best one go), then the
 * inverse distribution function in id order. The penalty divides the positive logit of each token that was
 * seen, and multiplies a negative one, once however often it was seen. */
typedef struct lem_draw {
    double u;          /* in [0,1) */
    float temperature; /* 0 = greedy (first of equal maxima) */
    float top_p;       /* 1 (or 0) = off */
    int top_k;         /* 0 = off */
    int row;           /* of the logits */
    float min_p;       /* 0 = off */
    float penalty;     /* of repetition; 1 (or 0) = off */
    int seen, n_seen;  /* the tokens that were seen: seen[seen .. seen+n_seen) of the operation */
} lem_draw;

typedef struct lem_adamw {
    float lr, beta1, beta2, eps,
        weight_decay;   /* decoupled decay (Loshchilov & Hutter 2019): p -= lr*wd*p before the step */
    float bias1, bias2; /* 1 - beta^t, computed in double by the caller */
    float grad_scale;   /* gradients are multiplied by this first (clipping, token mean) */
} lem_adamw;

/* Moments of 8 bits: codes, and for each block of LEM_MOMENT_BLOCK elements, the last of which may be short,
 * the largest magnitude of both. In the backend's memory. A first moment has a sign, 4 bits of exponent and 3
 * of fraction, a second one 4 and 4; what is rounded up and what down is a function of key and the element's
 * number. */
enum { LEM_MOMENT_BLOCK = 256 };
typedef struct lem_moments {
    uint8_t *m, *v;           /* [n] */
    float *m_scale, *v_scale; /* [blocks] */
    uint32_t key, first;      /* of the step; the number of the first element */
} lem_moments;

/* Values that are left out, as a function of counters (core/rng.h): value k of a row is half k % 2 of the 64
 * bits at `first` + k / 2 of (key, row id); those below `drop` become 0, the others are multiplied by scale.
 */
typedef struct lem_noise {
    uint32_t key[2];
    uint64_t first;
    const uint64_t *row; /* [T] id of each row, of the backend's memory */
    uint32_t drop;       /* of 2^32 */
    float scale;
} lem_noise;

typedef struct lem_backend_ops {
    const char *name; /* "ref", "generic", "avx2", "avx512", "avx512bf16" */
    /* memory */
    bool host_memory;
    /* 64-byte aligned, contents unspecified. whole: all of it will be written (large pages pay then).
     * LEM_EMEM names the bytes. */
    lem_status (*alloc)(lem_backend *b, size_t bytes, bool whole, void **out, lem_err *err);
    void (*release)(lem_backend *b, void *p /* or NULL */);
    void (*zero)(lem_backend *b, void *p, size_t bytes);
    void (*copy)(lem_backend *b, void *to, const void *from, size_t bytes); /* they do not overlap */
    /* Threads may call copy_in and pack_rows side by side for places that do not overlap. copy_out waits. */
    void (*copy_in)(lem_backend *b, void *to, const void *host, size_t bytes);
    void (*copy_out)(lem_backend *b, void *host, const void *from, size_t bytes);
    /* Waits for all that was started; LEM_EIO when the device has failed. */
    lem_status (*sync)(lem_backend *b, lem_err *err);
    /* products */
    size_t (*packed_bytes)(int N, int K, lem_dtype dtype);
    void (*pack)(lem_backend *b, const float *W /* [N,K] */, lem_packed *dst);
    void (*pack_rows)(
        lem_backend *b, int row0 /* a multiple of LEM_PACK_ROWS */,
        int n /* LEM_PACK_ROWS; the last rows may be fewer */,
        const void *rows /* the host's, [n,K] of dst's type (lem_pack_row_bytes), its alignment */,
        lem_packed *dst);
    void (*linear)(lem_backend *b, int T, const float *X /* [T,K] */, const lem_packed *W,
                   const float *bias /* [N] or NULL */, float *Y /* [T,N] */,
                   bool accumulate); /* bias is added last */
    void (*linear_dx)(lem_backend *b, int T, int N, int K, const float *dY /* [T,N] */,
                      const void *W /* [N,K] */, lem_dtype dtype /* of W: F32 or BF16 */,
                      float *dX /* [T,K] */, bool accumulate);
    /* dX = dY W by the weight as `linear` has it: the bits of linear_dx (in products of bf16 of
     * linear_dx_bf16) by its rows; of I8 by the numbers scale * q. */
    void (*linear_dx_packed)(lem_backend *b, int T, const float *dY /* [T,N] */, const lem_packed *W,
                             float *dX /* [T,K] */, bool accumulate);
    void (*linear_dw)(lem_backend *b, int T, int N, int K, const float *dY /* [T,N] */,
                      const float *X /* [T,K] */, float *dW /* [N,K], accumulated over rows in order */);
    /* The same of a product of bf16 (LEM_COMPUTE_BF16): both operands are rounded to bf16 once, sums are of
     * the order of cpu/bf16_grad.inc.h or cpu/dot.inc.h. dW sums over runs of rows, each in blocks of 32 from
     * its first row on: rows of one item are one run, so that what else is in the call cannot be seen. */
    void (*linear_dx_bf16)(lem_backend *b, int T, int N, int K, const float *dY, const void *W,
                           lem_dtype dtype, float *dX, bool accumulate);
    void (*linear_dw_bf16)(lem_backend *b, int T, int N, int K, const float *dY, const float *X, int n_runs,
                           const int *runs /* [n_runs] of the host, first rows, rising from 0 */,
                           float *dW /* accumulated */);
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
    void (*relu)(lem_backend *b, size_t n, float *x);                /* in place */
    void (*dropout)(lem_backend *b, int T, int K, const lem_noise *noise, const float *X /* [T,K] */,
                    float *Y /* [T,K], not X */, bool accumulate);
    void (*round_bf16)(lem_backend *b, size_t n, float *x); /* to the nearest bf16, in place */
    /* Rows of an array by number: embeddings, and rows that a head reads. */
    void (*gather)(lem_backend *b, int R, int D, const int32_t *rows /* [R] */, const void *from /* [*,D] */,
                   lem_dtype dtype /* of from: F32 or BF16 */, float *to /* [R,D] */);
    void (*scatter_add)(lem_backend *b, int R, int D, const int32_t *rows, const float *from /* [R,D] */,
                        float *to /* [*,D], added in order of r */);
    /* Rows of a fused projection [T,KH,H/KH+2,E] into q [T,H,E], k and v [T,KH,E], and back. */
    void (*split_qkv)(lem_backend *b, int T, int H, int KH, int E, const float *qkv, float *q, float *k,
                      float *v);
    void (*merge_qkv)(lem_backend *b, int T, int H, int KH, int E, const float *q, const float *k,
                      const float *v, float *qkv);
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
    void (*sample)(lem_backend *b, int n, int V /* 1..2^20 */, const float *logits /* [*,V] */,
                   const lem_draw *draw /* [n] */,
                   const int32_t *seen /* [*] ids within V, or NULL where no draw has a penalty */,
                   int32_t *token /* [n]; -1 if a logit is NaN or +Inf, or none is finite */);
    void (*softmax_xent_grad)(lem_backend *b, int R, int V,
                              float *logits /* [R,V] in; out: weight*(softmax - onehot) */,
                              const int32_t *target, const float *weight /* [R] */,
                              const float *lse /* [R] */);
    /* optimizer and whole-array */
    void (*adamw)(lem_backend *b, size_t n, float *param, const float *grad, float *m, float *v,
                  const lem_adamw *o);
    void (*adamw_int8)(lem_backend *b, size_t n, float *param, const float *grad, const lem_moments *s,
                       const lem_adamw *o);                    /* the same bits on every path */
    double (*sumsq)(lem_backend *b, size_t n, const float *x); /* fixed blocks of 4096, summed in order */
    bool (*all_finite)(lem_backend *b, size_t n, const float *x);
    void (*scale)(lem_backend *b, size_t n, float *x, float s);
} lem_backend_ops;

/* How `linear` multiplies by an I8 weight: the row rounded to int8 in groups of 128 (compute/int8.h), exact
 * whole sums within a group, the groups added in ascending order: y = fma(sum, row's scale * weight's scale,
 * y). The same bits on every processor. A row with a number that is not finite becomes NaN. A wide one has
 * the bits of a weight scale * q of F32, and under BF16 of that weight rounded to BF16.
 *
 * How `linear` multiplies by a BF16 weight. F32: the row as it is, in the chain of fp32. BF16: the row
 * rounded to bf16 once, products exact, sums in fp32 in the order of cpu/bf16.inc.h, which has the same bits
 * on every processor and is many times as fast where there is a tile unit (AMX); on the path avx512bf16 in
 * that of cpu/dot.inc.h, twice as fast as fp32 where VDPBF16PS is (Zen 4 and 5), with the same bits where
 * that instruction is slow or absent. F32 weights, and all other
 * operations but linear_dx_bf16, linear_dx_packed and linear_dw_bf16, are those of F32. */
typedef enum lem_compute { LEM_COMPUTE_F32 = 0, LEM_COMPUTE_BF16 } lem_compute;

struct lem_backend {
    const lem_backend_ops *ops;
    lem_pool *pool; /* borrowed; may be NULL (one thread) */
    void *priv;
    lem_compute compute; /* F32 when made; set before anything is computed */
};

/* AVX512BF16 is AVX512 with the products of bf16 of another order (LEM_COMPUTE_BF16). */
typedef enum lem_isa {
    LEM_ISA_AUTO = 0,
    LEM_ISA_REF,
    LEM_ISA_GENERIC,
    LEM_ISA_AVX2,
    LEM_ISA_AVX512,
    LEM_ISA_AVX512BF16
} lem_isa;
/* AUTO: the widest that CPUID allows, AVX512BF16 on AMD's processors with VDPBF16PS, so that a machine always
 * has the same bits, however busy it is. An ISA that this CPU lacks is LEM_EUSAGE. */
lem_status lem_backend_new(lem_isa isa, lem_pool *pool, lem_backend **out, lem_err *err) LEM_MUST_CHECK;
/* Whether products of bf16 are faster than those of fp32 on that path of this processor (tiles, VDPBF16PS on
 * AMD's), by CPUID alone. */
bool lem_backend_bf16_is_faster(lem_isa isa);
void lem_backend_free(lem_backend *b);
/* Bytes of its scratch that a thread touches, at most, where paths have `longest` tokens and logits `vocab`.
 */
size_t lem_backend_scratch_bytes(int longest, int vocab);
lem_status lem_isa_parse(const char *name /* "auto","ref","generic","avx2","avx512","avx512bf16" */,
                         lem_isa *out, lem_err *err) LEM_MUST_CHECK;
bool lem_isa_supported(lem_isa isa);
const char *lem_cpu_name(char out[64]);     /* the processor's brand string */
void lem_cpu_features(char *out, size_t n); /* "avx2 fma avx512f …" */

/* Measured limits of this machine, for shares in bench and doctor. GFLOP/s of register-resident FMAs; GB/s of
 * a long read. */
typedef struct lem_limits {
    double fma_gflops_1, fma_gflops_all, read_gbs_1, read_gbs_all;
    int threads;
    double others; /* processors that other programs and the host took meanwhile; negative = unknown */
    double spread; /* of the FMA runs by all threads: by how much the median took longer than the fastest */
} lem_limits;
/* The figures are too low: others took processors that these threads needed (a tenth of one is let pass), or
 * the runs differ by more than a fifth. processors: of the machine. */
bool lem_limits_disturbed(const lem_limits *l, int processors);
lem_status lem_limits_measure(lem_backend *b, lem_limits *out, lem_err *err) LEM_MUST_CHECK;

#endif
