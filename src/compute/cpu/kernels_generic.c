/* kernels_generic - the cpu kernels compiled for any processor */
#include "compute/backend_priv.h"

#define PATH_NAME "generic"
#include "compute/cpu/simd_generic.h"
#include "compute/cpu/common.inc.h"
#include "compute/cpu/gemm.inc.h"
#include "compute/cpu/attention.inc.h"
#include "compute/cpu/rows.inc.h"
#include "compute/cpu/flat.inc.h"
#include "compute/cpu/draw.inc.h"
#include "compute/cpu/path.inc.h"

const lem_cpu_path *lem_cpu_path_generic(void) { return &path; }
