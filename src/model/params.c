/* params.c - parameters in a backend's memory */
#include "model/params_priv.h"

#include "core/mem.h"
#include "weights/values.h"

static void carve_param(lem_memory *mem, int rows, int cols, lem_keep keep, lem_param *out) {
    size_t n = (size_t)rows * (size_t)(cols ? cols : 1);
    lem_param p = {.dtype = keep.dtype};
    if (keep.packed) {
        size_t bytes = lem_packed_bytes(mem->b, rows, cols, keep.packed_dtype);
        p.packed =
            (lem_packed){rows, cols, keep.packed_dtype, lem_carve_take(&mem->dev, bytes, 1), keep.wide};
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

void lem_params_share(const lem_params *base, const lem_model_config *c, const lem_params *out) {
    lem_role role;
    int layer;
    for (long k = 0; lem_role_at(c, k, &role, &layer); k++)
        if (lem_role_in_base(role)) *lem_params_at(out, role, layer) = *lem_params_at(base, role, layer);
}

/* Rows of F32 or BF16 as the groups of rows. */
static void round_rows(lem_dtype dtype, const void *rows, int n, int cols, lem_int8_block *to) {
    float group[LEM_INT8_GROUP];
    const size_t K = (size_t)cols;
    for (size_t i = 0; i < (size_t)n; i++)
        for (size_t k = 0; k < K; k += LEM_INT8_GROUP) {
            const size_t many = K - k < LEM_INT8_GROUP ? K - k : LEM_INT8_GROUP;
            const char *from = (const char *)rows + (i * K + k) * lem_dtype_size(dtype);
            (void)lem_values_read(dtype, from, many, group);
            lem_int8_round_row(group, many, to++);
        }
}

void lem_param_put(lem_backend *b, const lem_param *p, int row0, int n, int cols, const void *rows,
                   lem_int8_block *scratch) {
    size_t row = (size_t)(cols ? cols : 1) * lem_dtype_size(p->dtype);
    if (p->rows) b->ops->copy_in(b, (char *)p->rows + (size_t)row0 * row, rows, (size_t)n * row);
    lem_packed to = p->packed;
    if (to.N && to.dtype != p->dtype) {
        round_rows(p->dtype, rows, n, cols, scratch);
        rows = scratch;
    }
    if (to.N) b->ops->pack_rows(b, row0, n, rows, &to);
}

size_t lem_param_run_bytes(int cols) {
    const size_t f32 = lem_pack_row_bytes(cols, LEM_DTYPE_F32), i8 = lem_pack_row_bytes(cols, LEM_DTYPE_I8);
    return LEM_PACK_ROWS * (f32 > i8 ? f32 : i8);
}

void lem_param_rows_of(lem_dtype dtype, const float *values, int n, int cols, void *out) {
    if (dtype == LEM_DTYPE_I8) round_rows(LEM_DTYPE_F32, values, n, cols, out);
    else (void)lem_values_write(dtype, values, (size_t)n * (size_t)cols, out);
}

lem_status lem_param_put_values(lem_backend *b, const lem_param *p, const lem_tensor *t, const float *values,
                                lem_err *err) {
    int N = t->shape[0], cols = t->rank == 2 ? t->shape[1] : 0;
    int width = t->shape[1];
    size_t bytes = lem_param_run_bytes(width);
    char *rows = lem_alloc_aligned(2, bytes, err);
    if (!rows) return LEM_EMEM;
    for (int row0 = 0; row0 < N; row0 += LEM_PACK_ROWS) {
        int n = N - row0 < LEM_PACK_ROWS ? N - row0 : LEM_PACK_ROWS;
        lem_param_rows_of(p->dtype, values + (size_t)row0 * (size_t)width, n, width, rows);
        lem_param_put(b, p, row0, n, cols, rows, (lem_int8_block *)(void *)(rows + bytes));
    }
    lem_free(rows);
    return LEM_OK;
}
