/* model_open - model folders read into fp32 */
#include "core/mem.h"
#include "model/folder.h"
#include "model/model_priv.h"

#include <string.h>

static lem_status load(const char *dir, const lem_head *need, lem_model **out, lem_err *err) {
    lem_status st = LEM_OK;
    lem_folder f = {NULL, NULL};
    LEM_TRY(lem_folder_open(dir, need, &f, err));
    LEM_TRY(lem_folder_refuse_int8(&f, dir, err));
    lem_model *m = f.table;
    m->params = lem_alloc_aligned(m->n_params, sizeof *m->params, err);
    if (!m->params) LEM_TRY(LEM_EMEM);
    for (int i = 0; i < m->n_tensors; i++) {
        const lem_tensor *t = &m->tensors[i];
        size_t end = i + 1 < m->n_tensors ? m->tensors[i + 1].offset : m->n_params,
               used = t->offset + t->count;
        LEM_TRY(lem_stored_read(lem_shards_find(f.shards, t->name), m->params + t->offset, t->count, err));
        memset(m->params + used, 0, (end - used) * sizeof *m->params);
    }
    *out = m;
    f.table = NULL;
done:
    lem_folder_release(&f);
    return st;
}

lem_status lem_model_open(const char *dir, lem_head need, lem_model **out, lem_err *err) {
    return load(dir, &need, out, err);
}

lem_status lem_model_open_any(const char *dir, lem_model **out, lem_err *err) {
    return load(dir, NULL, out, err);
}
