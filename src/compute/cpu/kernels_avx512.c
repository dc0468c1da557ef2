/* kernels_avx512 - the cpu kernels compiled for avx512 */
#include "compute/backend_priv.h"

const lem_cpu_path *lem_cpu_path_avx512(void)
{
    return NULL;
}
