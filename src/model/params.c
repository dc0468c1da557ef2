/* params.c - parameters in a backend's memory */
#include "model/params_priv.h"

#include "core/mem.h"
#include "weights/values.h"

static void carve_param(lem_memory *mem, int rows, int cols, lem_keep keep, lem_param *out) {
    size_t n = (size_t)rows * (size_t)(cols ? cols : 1);
    lem_param p = {.dtype = keep.dtype};
    if (keep.packed) {
        size_t bytes = lem_packed_bytes(mem->b, rows, cols, keep.dtype);
        p.packed = (lem_packed){rows, cols, keep.dtype, lem_carve_take(&mem->dev, bytes, 1)};
    }
    if (keep.rows) p.rows = lem_carve_take(&mem->dev, n, lem_dtype_size(keep.dtype));
    if (out) *out = p;
}

void lem_params_carve(lem_memory *mem, const lem_model_config *c, lem_keep_fn *keep, const void *ctx,
                      lem_params *out) {
    lem_params p = {lem_carve_take(&mem->host, ((size_t)c->layers + 1) * LEM_ROLE_COUNT, sizeof *p.at)};
    lem_role role;
    int layer, rows, cols;
    for (long k = 0; lem_role_at(c, k, &role, &layer); k++)
        if (lem_role_shape(c, role, layer, &rows, &cols))
            carve_param(mem, rows, cols, keep(ctx, c, role, layer),
                        p.at ? lem_params_at(&p, role, layer) : NULL);
    if (p.at && c->tied) *lem_params_at(&p, LEM_ROLE_LM_HEAD, -1) = *lem_params_at(&p, LEM_ROLE_EMBED, -1);
    *out = p;
}

void lem_param_put(lem_backend *b, const lem_param *p, int row0, int n, int cols, const void *rows) {
    size_t row = (size_t)(cols ? cols : 1) * lem_dtype_size(p->dtype);
    if (p->rows) b->ops->copy_in(b, (char *)p->rows + (size_t)row0 * row, rows, (size_t)n * row);
    lem_packed to = p->packed;
    if (to.N) b->ops->pack_rows(b, row0, n, rows, &to);
}

lem_status lem_param_put_values(lem_backend *b, const lem_param *p, const lem_tensor *t, const float *values,
                                lem_err *err) {
    int N = t->shape[0], cols = t->rank == 2 ? t->shape[1] : 0;
    size_t width = (size_t)t->shape[1];
    void *rows = lem_alloc_aligned(LEM_PACK_ROWS * width, sizeof(float), err);
    if (!rows) return LEM_EMEM;
    for (int row0 = 0; row0 < N; row0 += LEM_PACK_ROWS) {
        int n = N - row0 < LEM_PACK_ROWS ? N - row0 : LEM_PACK_ROWS;
        (void)lem_values_write(p->dtype, values + (size_t)row0 * width, (size_t)n * width, rows);
        lem_param_put(b, p, row0, n, cols, rows);
    }
    lem_free(rows);
    return LEM_OK;
}
