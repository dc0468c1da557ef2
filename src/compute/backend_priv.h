/* compute/backend_priv.h - what the files of compute/ share: the operation tables, the scratch of backends
 * that work in the host's memory, and the operations that all of those share */
#ifndef LEM_COMPUTE_BACKEND_PRIV_H
#define LEM_COMPUTE_BACKEND_PRIV_H

#include "compute/backend.h"
#include "compute/int8.h"

extern const lem_backend_ops lem_ref_ops;

/* What is done with each logit of a row that is drawn from; the same bits on every path (cpu/draw.inc.h). */
enum { LEM_DRAW_BLOCK = 256 };
#define LEM_DRAW_ONE 1099511627776.0f /* 2^40: the weight of a probability of 1 */
typedef struct lem_draw_rows {
    int32_t (*best)(const float *logits, int V);
    void (*weigh)(const float *logits, int V, float max, float inverse, float *p);
    uint64_t (*total)(const float *p, int n, uint64_t *sums);
} lem_draw_rows;
static inline uint64_t lem_draw_weight(float p) { return (uint64_t)(int64_t)(p * LEM_DRAW_ONE); }

/* One compiled instruction set of the kernels. NULL tables where the compiler's target lacks it. */
typedef struct lem_cpu_path {
    const lem_backend_ops *ops;
    double (*fma_chain)(
        long iterations); /* register-resident FMAs; returns a value that depends on all of them */
    double fma_flops;     /* floating-point operations of one iteration */
    float (*read_sum)(size_t n, const float *x); /* reads n floats once */
    const lem_draw_rows *draw;
} lem_cpu_path;

const lem_cpu_path *lem_cpu_path_generic(void);
const lem_cpu_path *lem_cpu_path_avx2(void); /* NULL when not compiled in */
const lem_cpu_path *lem_cpu_path_avx512(void);
const lem_cpu_path *lem_cpu_path_avx512bf16(void);

#define LEM_PANEL 32 /* columns of a packed weight panel; the keys of a kv page are read as one */
_Static_assert(LEM_PAGE_KEYS == LEM_PANEL && LEM_PACK_ROWS == LEM_PANEL, "pages and packed rows are panels");

/* What adds up the whole products of int8: the path's own vectors, AVX-512 VNNI (vnni.c), or the tile unit
 * (amx.c). The sums are exact, so it cannot be seen in a result. */
typedef enum lem_int8_unit { LEM_INT8_VECTORS, LEM_INT8_VNNI, LEM_INT8_TILES } lem_int8_unit;

#define LEM_ATTENTION_ROWS 112 /* rows of scores at once: eight tiles of 14 */
/* Scratch of the cpu backends, one equal part per worker, touched only as far as used. A row of the largest
 * vocabulary fits twice; a third one belongs to the operation `sample`, and to an int8 panel of a product of
 * bf16. */
#define LEM_SCRATCH_FLOATS (2u << 20)
#define LEM_SCRATCH_SPARE (1u << 20)
#define LEM_SCRATCH_PART (LEM_SCRATCH_FLOATS + LEM_SCRATCH_SPARE) /* of a worker: 12 MiB */
typedef struct lem_cpu_priv {
    const lem_cpu_path *path; /* NULL for the reference */
    const lem_draw_rows *draw;
    bool pairs;              /* products of bf16 are those of cpu/dot.inc.h, not of cpu/bf16.inc.h */
    bool dot_unit;           /* they go through VDPBF16PS; tests turn it off */
    bool tile_unit;          /* bf16 products go through amx.c; tests turn it off */
    lem_int8_unit int8_unit; /* what whole sums go through; tests turn it down */
    int threads;
    float *scratch; /* [threads][LEM_SCRATCH_PART] */
} lem_cpu_priv;

/* Products of bf16: one panel of 32 columns, with up to 32 rows. */
enum { LEM_BF16_BLOCK = 32 /* k */, LEM_BF16_TILE = 32 /* rows */, LEM_BF16_ROWS = 16 /* of a tile of A */ };
typedef struct lem_bf16_tile {
    int rows, blocks; /* 1..32 rows, blocks of 32 k */
    /* Zeros behind K. Float [rows][lda]; for the tile unit bf16 [2][lda/32][16][32], the second 16 rows only
     * where there are more than 16. */
    const void *a;
    size_t lda;
    const uint32_t *b; /* [blocks][16][32] pairs of k, the even one in the low half */
    float *c;          /* [32][32]: where the sums start, and then the sums */
} lem_bf16_tile;
typedef void lem_bf16_tile_fn(const lem_bf16_tile *t);

/* Products of int8: a group of one panel of 32 columns, with up to 32 rows. */
typedef struct lem_int8_panel {
    float scale[LEM_PANEL];
    int32_t start[LEM_PANEL];                      /* -128 times the sum of the column */
    uint32_t fours[LEM_INT8_GROUP / 4][LEM_PANEL]; /* of k, the first one lowest */
} lem_int8_panel;
typedef struct lem_int8_tile {
    int rows;         /* 1..32; the tile unit reads as far as a multiple of 16 */
    const uint8_t *a; /* [rows][lda]; for VNNI each is q + 128 */
    size_t lda;
    const lem_int8_panel *b;
    int32_t *sums; /* [32][32] out */
} lem_int8_tile;
typedef void lem_int8_tile_fn(const lem_int8_tile *t);

/* vnni.c */
bool lem_vnni_usable(void);
lem_int8_tile_fn lem_vnni_tile;

/* amx.c: the tile unit of Sapphire Rapids and later. */
bool lem_amx_usable(void); /* the processor has it, and the system gives it to this process when asked here */
void lem_amx_begin(void);  /* on the thread that computes, before its tiles */
void lem_amx_end(void);
lem_bf16_tile_fn lem_amx_tile;
bool lem_amx_int8_usable(void);
lem_int8_tile_fn lem_amx_int8_tile;

/* Numbers too small to be normal count as 0 on this thread until the end; nothing where the processor has no
 * such mode. */
static inline unsigned lem_flush_small(void) {
#if defined(__x86_64__)
    unsigned mode = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(mode | 0x8040u); /* FTZ, DAZ */
    return mode;
#else
    return 0;
#endif
}
static inline void lem_flush_end(unsigned mode) {
#if defined(__x86_64__)
    __builtin_ia32_ldmxcsr(mode);
#else
    (void)mode;
#endif
}

/* host.c: memory, and copies between shapes */
lem_status lem_host_alloc(lem_backend *b, size_t bytes, bool whole, void **out, lem_err *err) LEM_MUST_CHECK;
void lem_host_release(lem_backend *b, void *p);
void lem_host_zero(lem_backend *b, void *p, size_t bytes);
void lem_host_copy(lem_backend *b, void *to, const void *from, size_t bytes);
lem_status lem_host_sync(lem_backend *b, lem_err *err);
void lem_host_relu(lem_backend *b, size_t n, float *x);
void lem_host_round_bf16(lem_backend *b, size_t n, float *x);
void lem_host_split_qkv(lem_backend *b, int T, int H, int KH, int E, const float *qkv, float *q, float *k,
                        float *v);
void lem_host_merge_qkv(lem_backend *b, int T, int H, int KH, int E, const float *q, const float *k,
                        const float *v, float *qkv);
/* host_pack.c. Panels of LEM_PANEL outputs, reduction index innermost-but-one. F32: float
 * [ceil(N/32)][K][32]. BF16: pairs of k, uint32 [ceil(N/32)][ceil(K/2)][32] with even k in the low half. I8:
 * lem_int8_panel [ceil(N/32)][ceil(K/128)]. Columns past N are zero. */
size_t lem_host_packed_bytes(int N, int K, lem_dtype dtype);
void lem_host_pack_rows(lem_backend *b, int row0, int n, const void *rows, lem_packed *dst);
/* Fp32 rows of a panel into an I8 weight. */
void lem_host_pack_int8(int panel, const float *rows, lem_packed *dst);
/* host_sample.c */
void lem_host_sample(lem_backend *b, int n, int V, const float *logits, const lem_draw *draw,
                     const int32_t *seen, int32_t *token);
/* host_dropout.c */
void lem_host_dropout(lem_backend *b, int T, int K, const lem_noise *noise, const float *X, float *Y,
                      bool accumulate);
/* host_moments.c */
void lem_host_adamw_int8(lem_backend *b, size_t n, float *param, const float *grad, const lem_moments *s,
                         const lem_adamw *o);

#define LEM_HOST_OPS                                                                                         \
    .host_memory = true, .alloc = lem_host_alloc, .release = lem_host_release, .zero = lem_host_zero,        \
    .copy = lem_host_copy, .copy_in = lem_host_copy, .copy_out = lem_host_copy, .sync = lem_host_sync,       \
    .packed_bytes = lem_host_packed_bytes, .pack_rows = lem_host_pack_rows, .relu = lem_host_relu,           \
    .split_qkv = lem_host_split_qkv, .merge_qkv = lem_host_merge_qkv, .sample = lem_host_sample,             \
    .dropout = lem_host_dropout, .round_bf16 = lem_host_round_bf16, .adamw_int8 = lem_host_adamw_int8

#endif
