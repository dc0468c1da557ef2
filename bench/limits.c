/* limits.c - the arithmetic of this machine by instruction, from registers: GFLOP/s (GOP/s for int8) as JSON
 *
 *   bench_limits [THREADS]
 *       fp32 FMA, bf16 dot (vdpbf16ps), int8 dot (vpdpbusd), and the tile unit's bf16 and int8; 0 = not
 * there. The best of twenty short runs: other work on the machine only adds. */
#include "core/log.h"
#include "core/pool.h"

#include <cpuid.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ROUNDS = 100000, TILE_ROUNDS = 20000, RUNS = 20 };

/* Twelve independent accumulators hide the latency of any of the instructions. */
#define CHAIN(name, instruction)                                                                             \
    __attribute__((target("avx512f"))) static void name(void *ctx, int task, int worker) {                   \
        (void)ctx, (void)task, (void)worker;                                                                 \
        for (int i = 0; i < ROUNDS; i++)                                                                     \
            __asm__ volatile(                                                                                \
                instruction                                                                                  \
                " %%zmm12, %%zmm13, %%zmm0\n\t" instruction " %%zmm12, %%zmm13, %%zmm1\n\t" instruction      \
                " %%zmm12, %%zmm13, %%zmm2\n\t" instruction " %%zmm12, %%zmm13, %%zmm3\n\t" instruction      \
                " %%zmm12, %%zmm13, %%zmm4\n\t" instruction " %%zmm12, %%zmm13, %%zmm5\n\t" instruction      \
                " %%zmm12, %%zmm13, %%zmm6\n\t" instruction " %%zmm12, %%zmm13, %%zmm7\n\t" instruction      \
                " %%zmm12, %%zmm13, %%zmm8\n\t" instruction " %%zmm12, %%zmm13, %%zmm9\n\t" instruction      \
                " %%zmm12, %%zmm13, %%zmm10\n\t" instruction " %%zmm12, %%zmm13, %%zmm11\n\t"                \
                :                                                                                            \
                :                                                                                            \
                : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",   \
                  "xmm11");                                                                                  \
    }
CHAIN(fma_chain, "vfmadd231ps")
CHAIN(bf16_chain, "vdpbf16ps")
CHAIN(int8_chain, "vpdpbusd")

/* Tiles of 16 rows of 64 bytes: palette 1. */
static const struct {
    uint8_t palette, start, reserved[14];
    uint16_t bytes[16];
    uint8_t rows[16];
} tiles = {1, 0, {0}, {64, 64, 64, 64, 64, 64, 64, 64}, {16, 16, 16, 16, 16, 16, 16, 16}};

#define TILES(name, instruction)                                                                             \
    static void name(void *ctx, int task, int worker) {                                                      \
        (void)ctx, (void)task, (void)worker;                                                                 \
        __asm__ volatile("ldtilecfg %0" : : "m"(tiles));                                                     \
        for (int i = 0; i < TILE_ROUNDS; i++)                                                                \
            __asm__ volatile(instruction " %%tmm4, %%tmm5, %%tmm0\n\t" instruction                           \
                                         " %%tmm4, %%tmm5, %%tmm1\n\t" instruction                           \
                                         " %%tmm4, %%tmm5, %%tmm2\n\t" instruction                           \
                                         " %%tmm4, %%tmm5, %%tmm3\n\t"                                       \
                             :                                                                               \
                             :                                                                               \
                             :);                                                                             \
        __asm__ volatile("tilerelease");                                                                     \
    }
TILES(tile_bf16, "tdpbf16ps")
TILES(tile_int8, "tdpbssd")

typedef struct unit {
    const char *name;
    lem_pool_fn *run;
    double operations; /* of a run by one thread */
    bool there;
} unit;

static double rate(const unit *u, lem_pool *pool, int threads) {
    double best = 1e9;
    for (int i = 0; u->there && i < RUNS; i++) {
        double begin = lem_clock_seconds();
        lem_pool_run(pool, threads, u->run, NULL);
        double t = lem_clock_seconds() - begin;
        best = t < best ? t : best;
    }
    return u->there ? u->operations * threads / best * 1e-9 : 0;
}

/* Linux hands out the tile unit on demand. */
static bool tiles_granted(void) {
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, TILE_DATA = 18 };
    return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, TILE_DATA) == 0;
}

int main(int argc, char **argv) {
    unsigned a, b, c, d, a1 = 0, d7 = 0;
    lem_err err = LEM_ERR_INIT;
    int threads = argc > 1 ? atoi(argv[1]) : 0;
    __builtin_cpu_init();
    bool wide = __builtin_cpu_supports("avx512f");
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) d7 = d;
    if (__get_cpuid_count(7, 1, &a, &b, &c, &d)) a1 = a;
    bool granted = (d7 >> 24 & 1) && tiles_granted(); /* before threads: they inherit it */
    const double chain = 12.0 * ROUNDS, tile = 4.0 * TILE_ROUNDS;
    const unit units[] = {{"fp32_fma", fma_chain, chain * 32, wide},
                          {"bf16_dot", bf16_chain, chain * 64, wide && (a1 >> 5 & 1)},
                          {"int8_dot", int8_chain, chain * 128, wide && __builtin_cpu_supports("avx512vnni")},
                          {"bf16_tile", tile_bf16, tile * 16384, granted && (d7 >> 22 & 1)},
                          {"int8_tile", tile_int8, tile * 32768, granted && (d7 >> 25 & 1)}};
    lem_pool *pool = lem_pool_new(threads, &err);
    if (!pool) return fprintf(stderr, "bench_limits: %s\n", err.text), (int)err.status;
    printf("{\"threads\": %d", lem_pool_threads(pool));
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        printf(", \"%s\": %.0f", units[i].name, rate(&units[i], pool, lem_pool_threads(pool)));
    puts("}");
    lem_pool_free(pool);
    return 0;
}
