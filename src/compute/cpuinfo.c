/* cpuinfo - the processor's name and features, and the measured limits of this machine */
#include "compute/backend_priv.h"
#include "core/machine.h"
#include "core/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

const char *lem_cpu_name(char out[64]) {
    memset(out, 0, 64);
#if defined(__x86_64__)
    unsigned words[12], max = 0, b, c, d;
    if (__get_cpuid(0x80000000u, &max, &b, &c, &d) && max >= 0x80000004u) {
        for (unsigned i = 0; i < 3; i++)
            __get_cpuid(0x80000002u + i, &words[4 * i], &words[4 * i + 1], &words[4 * i + 2],
                        &words[4 * i + 3]);
        char text[49];
        memcpy(text, words, 48);
        text[48] = 0;
        size_t from = strspn(text, " "), n = strlen(text);
        while (n > from && text[n - 1] == ' ') n--;
        memcpy(out, text + from, n - from);
    }
#endif
    if (!out[0]) memcpy(out, "unknown processor", sizeof "unknown processor");
    return out;
}

void lem_cpu_features(char *out, size_t n) {
    if (n == 0) return;
    out[0] = 0;
#if defined(__x86_64__)
    __builtin_cpu_init();
    const struct {
        const char *name;
        int on;
    } features[] = {{"avx2", __builtin_cpu_supports("avx2")},
                    {"fma", __builtin_cpu_supports("fma")},
                    {"avx512f", __builtin_cpu_supports("avx512f")},
                    {"avx512bw", __builtin_cpu_supports("avx512bw")},
                    {"avx512dq", __builtin_cpu_supports("avx512dq")},
                    {"avx512vl", __builtin_cpu_supports("avx512vl")},
                    {"avx512vnni", __builtin_cpu_supports("avx512vnni")},
                    {"avx512bf16", __builtin_cpu_supports("avx512bf16")}};
    size_t used = 0;
    for (size_t i = 0; i < sizeof features / sizeof features[0]; i++) {
        if (!features[i].on) continue;
        int wrote = snprintf(out + used, n - used, "%s%s", used ? " " : "", features[i].name);
        if (wrote < 0 || (size_t)wrote >= n - used) return;
        used += (size_t)wrote;
    }
#endif
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#define FMA_ITERATIONS 300000L
#define READ_FLOATS ((size_t)64 << 20) /* 256 MiB: beyond every cache */
#define READ_CHUNKS 64

typedef struct probe {
    const lem_cpu_path *path;
    const float *x;
    volatile double sink[READ_CHUNKS]; /* keeps the work from being dropped */
} probe;

static void probe_fma(void *ctx, int task, int worker) {
    probe *p = ctx;
    (void)worker;
    p->sink[task % READ_CHUNKS] = p->path->fma_chain(FMA_ITERATIONS);
}

static void probe_read(void *ctx, int task, int worker) {
    probe *p = ctx;
    (void)worker;
    size_t n = READ_FLOATS / READ_CHUNKS;
    p->sink[task] = (double)p->path->read_sum(n, p->x + (size_t)task * n);
}

enum { MOST_RUNS = 20 };

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Least seconds of several runs: other work on the machine only adds. How much it added to the median as a
 * share of the least goes to *spread unless NULL. */
static double best_of(int runs, lem_pool *pool, int tasks, lem_pool_fn *fn, probe *p, double *spread) {
    double t[MOST_RUNS];
    for (int i = 0; i < runs; i++) {
        double start = now();
        lem_pool_run(pool, tasks, fn, p);
        t[i] = now() - start;
    }
    qsort(t, (size_t)runs, sizeof *t, by_size);
    if (spread) *spread = t[runs / 2] / t[0] - 1;
    return t[0];
}

bool lem_limits_disturbed(const lem_limits *l, int processors) {
    return l->others > processors - l->threads + 0.1 || l->spread > 0.2;
}

lem_status lem_limits_measure(lem_backend *b, lem_limits *out, lem_err *err) {
    const lem_cpu_path *path = ((lem_cpu_priv *)b->priv)->path;
    if (!path) path = lem_cpu_path_generic(); /* the reference has none */
    float *x = lem_alloc_aligned(READ_FLOATS, sizeof *x, err);
    if (!x) return LEM_EMEM;
    for (size_t i = 0; i < READ_FLOATS; i++) x[i] = 1;
    probe p = {.path = path, .x = x};
    lem_limits l = {.threads = lem_pool_threads(b->pool)};
    lem_load load = lem_load_begin();
    double flops = (double)FMA_ITERATIONS * path->fma_flops, bytes = (double)READ_FLOATS * 4;
    l.fma_gflops_1 = flops / best_of(MOST_RUNS, NULL, 1, probe_fma, &p, NULL) * 1e-9;
    l.fma_gflops_all =
        flops * l.threads / best_of(MOST_RUNS, b->pool, l.threads, probe_fma, &p, &l.spread) * 1e-9;
    l.read_gbs_1 = bytes / best_of(3, NULL, READ_CHUNKS, probe_read, &p, NULL) * 1e-9;
    l.read_gbs_all = bytes / best_of(3, b->pool, READ_CHUNKS, probe_read, &p, NULL) * 1e-9;
    l.others = lem_load_others(&load);
    lem_free(x);
    *out = l;
    return LEM_OK;
}
