/* model_save - a model written as a folder that Transformers opens */
#include "core/buf.h"
#include "core/file.h"
#include "core/mem.h"
#include "model/model_priv.h"
#include "weights/shards_write.h"

lem_status lem_model_save_config(const lem_model_config *c, const char *dir, lem_dtype dtype, lem_err *err) {
    lem_json *json = lem_model_config_to_json(c, dtype);
    lem_status st = lem_json_save_in(dir, "config.json", json, 2, err);
    lem_json_free(json);
    return st;
}

lem_status lem_model_save_shards(const lem_model *m, const char *dir, lem_dtype dtype, uint64_t shard_bytes,
                                 lem_err *err) {
    lem_status st = LEM_OK;
    size_t n = (size_t)m->n_tensors;
    lem_safetensors_source *source = lem_alloc_zero(n, sizeof *source, err);
    lem_safetensors_item *item = lem_alloc_zero(n, sizeof *item, err);
    if (!source || !item) LEM_TRY(LEM_EMEM);
    for (size_t i = 0; i < n; i++) {
        const lem_tensor *t = &m->tensors[i];
        source[i] =
            (lem_safetensors_source){t->name, t->rank, {t->shape[0], t->shape[1]}, m->params + t->offset};
        item[i] = lem_safetensors_item_of(&source[i], dtype);
        item[i].strict = true; /* what is written can be opened */
    }
    LEM_TRY(lem_dir_make(dir, err));
    LEM_TRY(lem_shards_write(dir, item, n, shard_bytes, NULL, err));
    LEM_TRY(lem_model_save_config(&m->config, dir, dtype, err));
done:
    lem_free(source);
    lem_free(item);
    return st;
}

lem_status lem_model_save(const lem_model *m, const char *dir, lem_dtype dtype, lem_err *err) {
    return lem_model_save_shards(m, dir, dtype, 0, err);
}
