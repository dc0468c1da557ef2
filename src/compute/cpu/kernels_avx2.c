/* kernels_avx2 - the cpu kernels compiled for AVX2 with FMA */
#include "compute/backend_priv.h"

#if defined(__AVX2__) && defined(__FMA__)
#define PATH_NAME "avx2"
#include "compute/cpu/simd_avx2.h"
#include "compute/cpu/common.inc.h"
#include "compute/cpu/gemm.inc.h"
#include "compute/cpu/attention.inc.h"
#include "compute/cpu/rows.inc.h"
#include "compute/cpu/flat.inc.h"
#include "compute/cpu/draw.inc.h"
#include "compute/cpu/path.inc.h"

const lem_cpu_path *lem_cpu_path_avx2(void) { return &path; }
#else
const lem_cpu_path *lem_cpu_path_avx2(void) { return NULL; }
#endif
