/* kernels_avx512 - the cpu kernels compiled for AVX-512 (F, BW, DQ, VL) */
#include "compute/backend_priv.h"

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512VL__) && defined(__FMA__)
#define PATH_NAME "avx512"
#include "compute/cpu/simd_avx512.h"
#include "compute/cpu/common.inc.h"
#include "compute/cpu/gemm.inc.h"
#include "compute/cpu/attention.inc.h"
#include "compute/cpu/rows.inc.h"
#include "compute/cpu/flat.inc.h"
#include "compute/cpu/path.inc.h"

const lem_cpu_path *lem_cpu_path_avx512(void) { return &path; }
#else
const lem_cpu_path *lem_cpu_path_avx512(void) { return NULL; }
#endif
