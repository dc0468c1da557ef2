/* kernels_avx512 - the cpu kernels compiled for AVX-512 (F, BW, DQ, VL), under two names: avx512bf16 has the
 * order of VDPBF16PS in products of bf16 */
#include "compute/backend_priv.h"

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512VL__) && defined(__FMA__)
#define PATH_NAME "avx512"
#include "compute/cpu/simd_avx512.h"
#include "compute/cpu/common.inc.h"
#include "compute/cpu/gemm.inc.h"
#include "compute/cpu/attention.inc.h"
#include "compute/cpu/rows.inc.h"
#include "compute/cpu/flat.inc.h"
#include "compute/cpu/draw.inc.h"
#include "compute/cpu/path.inc.h"

static const lem_backend_ops ops_bf16 = CPU_OPS("avx512bf16");
static const lem_cpu_path path_bf16 = {&ops_bf16, fma_chain, 2.0 * CHAINS *VF_W, read_sum, &draw_rows};

const lem_cpu_path *lem_cpu_path_avx512(void) { return &path; }
const lem_cpu_path *lem_cpu_path_avx512bf16(void) { return &path_bf16; }
#else
const lem_cpu_path *lem_cpu_path_avx512(void) { return NULL; }
const lem_cpu_path *lem_cpu_path_avx512bf16(void) { return NULL; }
#endif
