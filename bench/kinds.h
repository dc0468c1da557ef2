/* kinds.h - the weights and products that are measured beside each other */
#ifndef LEM_BENCH_KINDS_H
#define LEM_BENCH_KINDS_H

#include "compute/backend.h"

typedef struct kind {
    const char *name;
    lem_dtype dtype;
    lem_compute compute;
} kind;
static const kind kinds[] = {{"f32", LEM_DTYPE_F32, LEM_COMPUTE_F32},
                             {"bf16", LEM_DTYPE_BF16, LEM_COMPUTE_F32},
                             {"bf16xbf16", LEM_DTYPE_BF16, LEM_COMPUTE_BF16},
                             {"int8", LEM_DTYPE_I8, LEM_COMPUTE_F32}};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

#endif
