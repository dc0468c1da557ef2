/* kernels - GFLOP/s of every product and attention shape, as a share of the fp32 FMA limit measured in the
 * same run
 *
 * usage: bench_kernels [threads [isa [filter]]]      (0 threads: all) */
#include "compute/backend.h"
#include "core/mem.h"
#include "core/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct bench {
    lem_backend *b;
    lem_limits limits;
    const char *filter;
} bench;

/* One thread is timed by its processor time, so that other work on the machine counts less. */
static double now(const lem_backend *b) {
    struct timespec t;
    clock_gettime(lem_pool_threads(b->pool) == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static float *floats(size_t n) {
    lem_err err = LEM_ERR_INIT;
    float *x = lem_alloc_aligned(n, sizeof *x, &err);
    if (!x) {
        fprintf(stderr, "%s\n", err.text);
        exit(5);
    }
    for (size_t i = 0; i < n; i++) x[i] = (float)((i * 2654435761u >> 7) % 2001) * 1e-3f - 1.0f;
    return x;
}

typedef void op_fn(void *ctx);

/* Least of the runs that fit 60 ms (at least 5): other work on the machine only adds. */
static double seconds(const lem_backend *b, op_fn *op, void *ctx) {
    double best = 1e9, start = now(b);
    op(ctx);
    for (int n = 0; n < 5 || now(b) - start < 0.06; n++) {
        double a = now(b);
        op(ctx);
        double t = now(b) - a;
        best = t < best ? t : best;
    }
    return best;
}

static void report(const bench *x, const char *name, double flops, double bytes, double s) {
    printf("%-44s %9.1f us %8.1f GFLOP/s %5.1f %%  %6.1f GB/s\n", name, s * 1e6, flops / s * 1e-9,
           100 * flops / s * 1e-9 / x->limits.fma_gflops_all, bytes / s * 1e-9);
    fflush(stdout);
}

typedef struct product {
    lem_backend *b;
    int T, N, K;
    float *x, *w, *y, *dw;
    lem_packed f32, bf16;
} product;
static void op_linear(void *c) {
    product *p = c;
    p->b->ops->linear(p->b, p->T, p->x, &p->f32, NULL, p->y, false);
}
static void op_bf16(void *c) {
    product *p = c;
    p->b->ops->linear(p->b, p->T, p->x, &p->bf16, NULL, p->y, false);
}
/* The row rounded to bf16 as well. */
static void op_bf16_both(void *c) {
    product *p = c;
    p->b->compute = LEM_COMPUTE_BF16;
    op_bf16(c);
    p->b->compute = LEM_COMPUTE_F32;
}
static void op_dx(void *c) {
    product *p = c;
    p->b->ops->linear_dx(p->b, p->T, p->N, p->K, p->y, p->w, LEM_DTYPE_F32, p->x, false);
}
static void op_dw(void *c) {
    product *p = c;
    p->b->ops->linear_dw(p->b, p->T, p->N, p->K, p->y, p->x, p->dw);
}

static void bench_product(const bench *x, int T, int N, int K) {
    static const struct {
        const char *name;
        op_fn *op;
        int bytes;
    } ops[] = {{"linear", op_linear, 4},
               {"linear bf16", op_bf16, 2},
               {"bf16 x bf16", op_bf16_both, 2},
               {"linear_dx", op_dx, 4},
               {"linear_dw", op_dw, 4}};
    lem_err err = LEM_ERR_INIT;
    size_t t = (size_t)T, n = (size_t)N, k = (size_t)K;
    product p = {.b = x->b, .T = T, .N = N, .K = K};
    p.x = floats(t * k);
    p.w = floats(n * k);
    p.y = floats(t * n);
    p.dw = floats(n * k);
    if (lem_packed_alloc(&p.f32, x->b, N, K, LEM_DTYPE_F32, &err) != LEM_OK ||
        lem_packed_alloc(&p.bf16, x->b, N, K, LEM_DTYPE_BF16, &err) != LEM_OK)
        exit(5);
    x->b->ops->pack(x->b, p.w, &p.f32);
    x->b->ops->pack(x->b, p.w, &p.bf16);
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        char name[64];
        snprintf(name, sizeof name, "%-12s T=%-5d N=%-5d K=%-5d", ops[i].name, T, N, K);
        if (x->filter && !strstr(name, x->filter)) continue;
        report(x, name, 2.0 * (double)t * (double)n * (double)k, (double)ops[i].bytes * (double)(n * k),
               seconds(x->b, ops[i].op, &p));
    }
    lem_packed_release(&p.f32, x->b);
    lem_packed_release(&p.bf16, x->b);
    lem_free(p.x);
    lem_free(p.w);
    lem_free(p.y);
    lem_free(p.dw);
}

/* `trees` prompts of P tokens, each with `leaves` of R tokens; decode computes the last token of each leaf
 * only. */
typedef struct attention {
    lem_backend *b;
    int H, KH, E;
    lem_attn_plan plan;
    lem_kv kv;
    float *q, *k, *v, *out, *lse, *dout, *dq, *dk, *dv;
    int *page, *slot;
    double pairs; /* (row, key) pairs that are seen */
} attention;
static void op_forward(void *c) {
    attention *a = c;
    a->b->ops->attention(a->b, &a->plan, a->H, a->KH, a->E, 0.1f, a->q, 0, &a->kv, a->out, a->lse);
}
static void op_backward(void *c) {
    attention *a = c;
    a->b->ops->attention_backward(a->b, &a->plan, a->H, a->KH, a->E, 0.1f, a->q, 0, &a->kv, a->out, a->lse,
                                  a->dout, a->dq, a->dk, a->dv);
}

static void bench_attention(const bench *x, int trees, int P, int leaves, int R, int H, int KH, int E,
                            int decode) {
    int shared = (P + 31) / 32, own = (R + 31) / 32, per_tree = shared + leaves * own;
    int rows = decode ? leaves : P + leaves * R;
    size_t T = (size_t)trees * (size_t)rows, n_pages = (size_t)trees * (size_t)per_tree,
           q_row = (size_t)H * (size_t)E, k_row = (size_t)KH * (size_t)E;
    lem_attn_seg *segs = malloc(n_pages * sizeof *segs);
    lem_attn_tree *tree = malloc((size_t)trees * sizeof *tree);
    int *pos = malloc(T * sizeof *pos), n = 0;
    attention a = {.b = x->b, .H = H, .KH = KH, .E = E};
    for (int t = 0; t < trees; t++) {
        int base = t * rows;
        tree[t] = (lem_attn_tree){base, base + rows, n, n + per_tree, P + R};
        for (int s = 0; s < shared; s++, n++)
            segs[n] = (lem_attn_seg){
                base, base + rows, n, P - s * 32 < 32 ? P - s * 32 : 32, s * 32, decode ? -1 : base + s * 32};
        for (int i = 0; !decode && i < P; i++) pos[base + i] = i;
        for (int l = 0; l < leaves; l++) {
            int row = decode ? base + l : base + P + l * R;
            for (int s = 0; s < own; s++, n++)
                segs[n] = (lem_attn_seg){row,        decode ? row + 1 : row + R,
                                         n,          R - s * 32 < 32 ? R - s * 32 : 32,
                                         P + s * 32, decode ? -1 : row + s * 32};
            for (int i = decode ? R - 1 : 0; i < R; i++) pos[decode ? row : row + i] = P + i;
        }
    }
    for (size_t r = 0; r < T; r++) a.pairs += pos[r] + 1;
    a.plan = (lem_attn_plan){(int)T, trees, pos, tree, segs, 0};
    a.kv = (lem_kv){NULL, 64 * k_row, 64 * k_row, 64 * (size_t)E};
    a.kv.data = floats(n_pages * a.kv.page_stride);
    a.q = floats(T * q_row);
    a.out = floats(T * q_row);
    a.dout = floats(T * q_row);
    a.dq = floats(T * q_row);
    a.dk = floats(T * k_row);
    a.dv = floats(T * k_row);
    a.lse = floats(T * (size_t)H);
    char name[96];
    snprintf(name, sizeof name, "%s %dx(%d+%dx%d) H=%d/%d E=%d", decode ? "decode" : "attention", trees, P,
             leaves, R, H, KH, E);
    double flops = 4.0 * a.pairs * (double)q_row, bytes = 4.0 * (double)(n_pages * a.kv.page_stride);
    if (!x->filter || strstr(name, x->filter)) {
        report(x, name, flops, bytes, seconds(x->b, op_forward, &a));
        if (!decode) {
            strcat(name, " back");
            report(x, name, 2.5 * flops, bytes, seconds(x->b, op_backward, &a));
        }
    }
    float *const owned[] = {a.kv.data, a.q, a.out, a.dout, a.dq, a.dk, a.dv, a.lse};
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++) lem_free(owned[i]);
    free(segs);
    free(tree);
    free(pos);
}

typedef struct rows_op {
    lem_backend *b;
    int T, D;
    float *x, *y, *z, *w, *g;
    int32_t *ids;
    lem_packed packed;
} rows_op;
static void op_rmsnorm(void *c) {
    rows_op *r = c;
    r->b->ops->rmsnorm(r->b, r->T, r->D, r->x, r->w, 1e-5f, r->y, r->g);
}
static void op_rmsnorm_back(void *c) {
    rows_op *r = c;
    r->b->ops->rmsnorm_backward(r->b, r->T, r->D, r->y, r->x, r->w, r->g, r->z, r->w);
}
static void op_swiglu(void *c) {
    rows_op *r = c;
    r->b->ops->swiglu(r->b, r->T, r->D, r->x, r->y, r->z);
}
static void op_swiglu_back(void *c) {
    rows_op *r = c;
    r->b->ops->swiglu_backward(r->b, r->T, r->D, r->x, r->y, r->y, r->z, r->z);
}
static void op_logprob(void *c) {
    rows_op *r = c;
    r->b->ops->logprob(r->b, r->T, r->D, r->x, r->ids, r->w, r->g);
}
static void op_sumsq(void *c) {
    rows_op *r = c;
    (void)r->b->ops->sumsq(r->b, (size_t)r->T * (size_t)r->D, r->x);
}
static void op_pack(void *c) {
    rows_op *r = c;
    r->b->ops->pack(r->b, r->x, &r->packed);
}
static void op_adamw(void *c) {
    rows_op *r = c;
    lem_adamw o = {1e-4f, 0.9f, 0.95f, 1e-8f, 0.1f, 0.5f, 0.5f, 1.0f};
    r->b->ops->adamw(r->b, (size_t)r->T * (size_t)r->D, r->x, r->y, r->z, r->z, &o);
}

static void bench_rows(const bench *x, int T, int D) {
    static const struct {
        const char *name;
        op_fn *op;
        int arrays;
    } ops[] = {{"rmsnorm", op_rmsnorm, 2}, {"rmsnorm back", op_rmsnorm_back, 6},
               {"swiglu", op_swiglu, 3},   {"swiglu back", op_swiglu_back, 5},
               {"logprob", op_logprob, 1}, {"sumsq", op_sumsq, 1},
               {"adamw", op_adamw, 7},     {"pack", op_pack, 2}};
    size_t n = (size_t)T * (size_t)D, m = (size_t)(T > D ? T : D);
    lem_err err = LEM_ERR_INIT;
    rows_op r = {
        x->b, T, D, floats(n), floats(n), floats(n), floats(m), floats(m), calloc((size_t)T, sizeof(int32_t)),
        {0}};
    if (lem_packed_alloc(&r.packed, x->b, T, D, LEM_DTYPE_F32, &err) != LEM_OK) exit(5);
    for (size_t i = 0; i < n; i++) r.z[i] = 1;
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        char name[64];
        snprintf(name, sizeof name, "%-14s T=%-5d D=%-5d", ops[i].name, T, D);
        if (x->filter && !strstr(name, x->filter)) continue;
        report(x, name, 0, 4.0 * ops[i].arrays * (double)n, seconds(x->b, ops[i].op, &r));
    }
    float *const owned[] = {r.x, r.y, r.z, r.w, r.g};
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++) lem_free(owned[i]);
    lem_packed_release(&r.packed, x->b);
    free(r.ids);
}

int main(int argc, char **argv) {
    static const int products[][3] = {{1, 256, 256},    {1, 2048, 768},   {1, 4864, 896},   {8, 768, 256},
                                      {8, 4864, 896},   {64, 256, 256},   {64, 768, 256},   {64, 1024, 256},
                                      {64, 2048, 768},  {64, 4864, 896},  {256, 768, 256},  {512, 128, 128},
                                      {512, 352, 128},  {512, 256, 256},  {512, 768, 256},  {512, 2048, 768},
                                      {512, 4864, 896}, {2048, 128, 352}, {2048, 256, 768}, {2048, 1024, 256},
                                      {8192, 256, 256}, {8192, 768, 256}};
    lem_err err = LEM_ERR_INIT;
    lem_isa isa = LEM_ISA_AUTO;
    bench x = {.filter = argc > 3 ? argv[3] : NULL};
    lem_pool *pool = lem_pool_new(argc > 1 ? atoi(argv[1]) : 0, &err);
    if (!pool || lem_isa_parse(argc > 2 ? argv[2] : "auto", &isa, &err) != LEM_OK ||
        lem_backend_new(isa, pool, &x.b, &err) != LEM_OK ||
        lem_limits_measure(x.b, &x.limits, &err) != LEM_OK) {
        fprintf(stderr, "bench_kernels: %s\n", err.text);
        return (int)err.status;
    }
    char cpu[64];
    printf("%s, path %s, %d threads: fp32 FMA %.1f GFLOP/s (one thread %.1f), read %.1f GB/s (one %.1f)\n",
           lem_cpu_name(cpu), x.b->ops->name, x.limits.threads, x.limits.fma_gflops_all,
           x.limits.fma_gflops_1, x.limits.read_gbs_all, x.limits.read_gbs_1);
    for (size_t i = 0; i < sizeof products / sizeof products[0]; i++)
        bench_product(&x, products[i][0], products[i][1], products[i][2]);
    bench_attention(&x, 1, 512, 0, 0, 8, 2, 64, 0);
    bench_attention(&x, 8, 250, 0, 0, 8, 4, 32, 0);
    bench_attention(&x, 8, 60, 4, 100, 8, 4, 32, 0);
    bench_attention(&x, 2, 100, 8, 100, 12, 12, 64, 0);
    bench_attention(&x, 1, 128, 64, 100, 12, 12, 64, 1);
    bench_attention(&x, 1, 128, 64, 100, 14, 2, 64, 1);
    bench_attention(&x, 1, 128, 1, 100, 14, 2, 64, 1);
    bench_attention(&x, 8, 60, 64, 60, 8, 4, 32, 1);
    bench_rows(&x, 2048, 256);
    bench_rows(&x, 2048, 768);
    lem_backend_free(x.b);
    lem_pool_free(pool);
    return 0;
}
