/* compute/backend_priv.h - what the files of compute/ share: the operation tables and the cpu backend's
 * scratch */
#ifndef LEM_COMPUTE_BACKEND_PRIV_H
#define LEM_COMPUTE_BACKEND_PRIV_H

#include "compute/backend.h"

extern const lem_backend_ops lem_ref_ops;

/* One compiled instruction set of the kernels. NULL tables where the compiler's target lacks it. */
typedef struct lem_cpu_path {
    const lem_backend_ops *ops;
    double (*fma_chain)(
        long iterations); /* register-resident FMAs; returns a value that depends on all of them */
    double fma_flops;     /* floating-point operations of one iteration */
    float (*read_sum)(size_t n, const float *x); /* reads n floats once */
} lem_cpu_path;

const lem_cpu_path *lem_cpu_path_generic(void);
const lem_cpu_path *lem_cpu_path_avx2(void); /* NULL when not compiled in */
const lem_cpu_path *lem_cpu_path_avx512(void);

/* Scratch of the cpu backends: one equal part per worker, and one part of the caller for plans shared by the
 * workers. */
#define LEM_SCRATCH_FLOATS (2u << 20) /* per worker: 8 MiB, touched only as far as used */
typedef struct lem_cpu_priv {
    const lem_cpu_path *path;
    int threads;
    float *scratch; /* [threads][LEM_SCRATCH_FLOATS] */
} lem_cpu_priv;

#endif
