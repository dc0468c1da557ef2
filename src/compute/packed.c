/* packed - memory of packed weights */
#include "compute/backend.h"
#include "core/mem.h"

lem_status lem_packed_alloc(lem_packed *p, int N, int K, lem_dtype dtype, lem_err *err) {
    if (N < 1 || K < 1)
        return lem_fail(err, LEM_EUSAGE, "packed weight: shape [%d,%d] has an empty dimension", N, K);
    if (dtype != LEM_DTYPE_F32 && dtype != LEM_DTYPE_BF16)
        return lem_fail(err, LEM_EUSAGE, "packed weight: type %s is not supported (F32 or BF16)",
                        lem_dtype_name(dtype));
    void *panels = lem_alloc_aligned(lem_packed_bytes(N, K, dtype), 1, err);
    if (!panels) return LEM_EMEM;
    *p = (lem_packed){N, K, dtype, panels};
    return LEM_OK;
}

void lem_packed_release(lem_packed *p) {
    lem_free(p->panels);
    *p = (lem_packed){0, 0, LEM_DTYPE_F32, NULL};
}

size_t lem_packed_bytes(int N, int K, lem_dtype dtype) {
    size_t panels = ((size_t)N + LEM_PANEL - 1) / LEM_PANEL,
           rows = dtype == LEM_DTYPE_F32 ? (size_t)K : ((size_t)K + 1) / 2;
    return panels * rows * LEM_PANEL * sizeof(float);
}
