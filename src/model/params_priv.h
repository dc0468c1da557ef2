/* model/params_priv.h - parameters in a backend's memory: packed for products, as rows, or both
 *
 * A net and a session read the same parameters in the same way. Which of them are kept, how and as what is a
 * function of role and layer; nothing here lists them. */
#ifndef LEM_MODEL_PARAMS_PRIV_H
#define LEM_MODEL_PARAMS_PRIV_H

#include "compute/int8.h"
#include "model/memory_priv.h"
#include "model/model_priv.h"

typedef struct lem_param { /* zeroed = absent */
    lem_packed packed;     /* [N,K] for y = x W^T; N 0 = not packed */
    void *rows;            /* [N,K], or a vector [N]; NULL = not kept */
    lem_dtype dtype;       /* of what is put, and of rows; packed is the same, or I8 beside rows */
} lem_param;

typedef struct lem_params {
    lem_param *at; /* [L+1,LEM_ROLE_COUNT]; row 0 is outside of layers */
} lem_params;

static inline lem_param *lem_params_at(const lem_params *p, lem_role role, int layer) {
    return &p->at[(size_t)(layer + 1) * LEM_ROLE_COUNT + role];
}
/* A norm or bias [N], fp32; NULL = absent. */
static inline const float *lem_params_vector(const lem_params *p, lem_role role, int layer) {
    return lem_params_at(p, role, layer)->rows;
}

typedef struct lem_keep {
    bool packed, rows, wide; /* wide: lem_packed's */
    lem_dtype dtype, packed_dtype;
} lem_keep;
/* How a parameter is kept. With rows false the caller sets them (or not). */
typedef lem_keep lem_keep_fn(const void *ctx, const lem_model_config *c, lem_role role, int layer);

/* Places for all parameters of that shape. A tied head is the embedding, packed beside its rows. Where the
 * model has no language-model head, lem_params_forget takes its place away. */
/* What lies in a base is taken over from it. */
void lem_params_share(const lem_params *base, const lem_model_config *c, const lem_params *out);
void lem_params_carve(lem_memory *mem, const lem_model_config *c, lem_keep_fn *keep, const void *ctx,
                      lem_params *out);
static inline void lem_params_forget(const lem_params *p, lem_role role) {
    *lem_params_at(p, role, -1) = (lem_param){0};
}
/* Rows row0 .. row0 + n of a parameter from the host, in its type (of I8 the groups of rows); row0 is a
 * multiple of LEM_PACK_ROWS. scratch: LEM_PACK_ROWS rows of I8. Threads may put different rows side by side.
 */
void lem_param_put(lem_backend *b, const lem_param *p, int row0, int n, int cols, const void *rows,
                   lem_int8_block *scratch);
/* Bytes of LEM_PACK_ROWS rows in any type. */
size_t lem_param_run_bytes(int cols);
/* n rows of fp32 in the type that is put. */
void lem_param_rows_of(lem_dtype dtype, const float *values, int n, int cols, void *out);
/* All of it from fp32 values of the host. LEM_EMEM. */
lem_status lem_param_put_values(lem_backend *b, const lem_param *p, const lem_tensor *t, const float *values,
                                lem_err *err) LEM_MUST_CHECK;

#endif
