/* kernels_generic - the cpu kernels compiled for generic */
#include "compute/backend_priv.h"

const lem_cpu_path *lem_cpu_path_generic(void)
{
    return NULL;
}
