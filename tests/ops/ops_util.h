/* ops/ops_util.h - shared by the operation tests: deterministic data, guarded buffers, backends of every path
 * and thread count */
#ifndef LEM_TEST_OPS_UTIL_H
#define LEM_TEST_OPS_UTIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "compute/backend.h"
#include "core/mem.h"
#include "core/pool.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EPS 5.9604645e-8f /* 2^-24: half a unit in the last place of 1 */
#define GUARD 64
#define GUARD_BITS 0x7fc0dead /* a NaN: reading it spoils results, writing it is seen */

static inline float random_unit(uint32_t *state) /* [-1, 1) */
{
    *state = *state * 1664525u + 1013904223u;
    uint32_t x = *state;
    x ^= x >> 15;
    x *= 2246822519u;
    x ^= x >> 13;
    return (float)(x >> 8) * 0x1p-23f - 1.0f;
}

static inline void fill(float *x, size_t n, uint32_t seed) {
    uint32_t s = seed * 2654435761u + 12345u;
    for (size_t i = 0; i < n; i++) x[i] = random_unit(&s);
}

/* n floats followed by a guard; check with guard_ok. */
static inline float *guarded(size_t n) {
    float *x = malloc((n + GUARD) * sizeof *x);
    assert_non_null(x);
    uint32_t bits = GUARD_BITS;
    for (size_t i = 0; i < n + GUARD; i++) memcpy(&x[i], &bits, sizeof bits);
    return x;
}

static inline void check_guard(const float *x, size_t n, const char *what) {
    for (size_t i = 0; i < GUARD; i++) {
        uint32_t bits;
        memcpy(&bits, &x[n + i], sizeof bits);
        if (bits != GUARD_BITS) fail_msg("%s wrote %zu past its output", what, i + 1);
    }
}

static inline float *filled(size_t n, uint32_t seed) {
    float *x = guarded(n);
    fill(x, n, seed);
    return x;
}

static inline void check_close(const float *got, const float *want, size_t n, double tolerance,
                               const char *what) {
    for (size_t i = 0; i < n; i++) {
        double d = fabs((double)got[i] - (double)want[i]);
        if (!(d <= tolerance * (1 + fabs((double)want[i]))))
            fail_msg("%s: element %zu of %zu is %.9g, expected %.9g (tolerance %.3g)", what, i, n,
                     (double)got[i], (double)want[i], tolerance);
    }
}

static inline void check_same(const float *got, const float *want, size_t n, const char *what) {
    for (size_t i = 0; i < n; i++)
        if (memcmp(&got[i], &want[i], sizeof *got) != 0)
            fail_msg("%s: element %zu of %zu is %.9g, bits differ from %.9g", what, i, n, (double)got[i],
                     (double)want[i]);
}

#define N_ISA 4
static const lem_isa isas[N_ISA] = {LEM_ISA_GENERIC, LEM_ISA_AVX2, LEM_ISA_AVX512, LEM_ISA_AVX512BF16};
#define N_THREADS 4
static const int thread_counts[N_THREADS] = {1, 2, 5, 16};

typedef struct machines { /* backends[isa][threads]; NULL where the processor lacks it */
    lem_backend *ref, *cpu[N_ISA][N_THREADS];
    lem_pool *pools[N_THREADS];
} machines;

static inline void machines_open(machines *m) {
    lem_err err = LEM_ERR_INIT;
    memset(m, 0, sizeof *m);
    if (lem_backend_new(LEM_ISA_REF, NULL, &m->ref, &err) != LEM_OK) fail_msg("%s", err.text);
    for (int t = 0; t < N_THREADS; t++) {
        m->pools[t] = lem_pool_new(thread_counts[t], &err);
        if (!m->pools[t]) fail_msg("%s", err.text);
        for (int i = 0; i < N_ISA; i++)
            if (lem_isa_supported(isas[i]) &&
                lem_backend_new(isas[i], m->pools[t], &m->cpu[i][t], &err) != LEM_OK)
                fail_msg("%s", err.text);
    }
}

static inline void machines_close(machines *m) {
    for (int t = 0; t < N_THREADS; t++) {
        for (int i = 0; i < N_ISA; i++) lem_backend_free(m->cpu[i][t]);
        lem_pool_free(m->pools[t]);
    }
    lem_backend_free(m->ref);
}

#endif
