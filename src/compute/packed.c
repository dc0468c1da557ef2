/* packed.c - memory of packed weights */
#include "compute/backend_priv.h"

lem_status lem_packed_alloc(lem_packed *p, lem_backend *b, int N, int K, lem_dtype dtype, lem_err *err) {
    if (N < 1 || K < 1)
        return lem_fail(err, LEM_EUSAGE, "packed weight: shape [%d,%d] has an empty dimension", N, K);
    if (dtype == LEM_DTYPE_F16)
        return lem_fail(err, LEM_EUSAGE, "packed weight: type %s is not supported (F32, BF16 or I8)",
                        lem_dtype_name(dtype));
    void *data = NULL;
    lem_status st = b->ops->alloc(b, b->ops->packed_bytes(N, K, dtype), true, &data, err);
    if (st == LEM_OK) *p = (lem_packed){N, K, dtype, data, false};
    return st;
}

void lem_packed_release(lem_packed *p, lem_backend *b) {
    b->ops->release(b, p->data);
    *p = (lem_packed){0, 0, LEM_DTYPE_F32, NULL, false};
}

size_t lem_packed_bytes(const lem_backend *b, int N, int K, lem_dtype dtype) {
    return b ? b->ops->packed_bytes(N, K, dtype) : lem_host_packed_bytes(N, K, dtype);
}

size_t lem_pack_row_bytes(int K, lem_dtype dtype) {
    if (dtype == LEM_DTYPE_I8) return lem_int8_groups((size_t)K) * sizeof(lem_int8_block);
    return (size_t)K * lem_dtype_size(dtype);
}
