/* shard_index - reads the index of a folder whose weights stand in several files */
#include "weights/shard_index.h"
#include "core/file.h"
#include "core/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 255 };

static lem_status check_file(const char *tensor, const lem_json *v, lem_err *err) {
    const char *file = lem_json_str(v, NULL);
    if (!file)
        return lem_fail(err, LEM_EDATA, "weight_map: '%.95s' must name a file, not %s", tensor,
                        lem_json_kind_name(v));
    size_t n = lem_json_str_len(v);
    if (n != strlen(file) || n == 0 || n > NAME_MAX_BYTES || file[0] == '.' || strchr(file, '/') ||
        strchr(file, '\\'))
        return lem_fail(err, LEM_EDATA,
                        "weight_map: '%.95s' is in '%.95s', which is no plain file name (shards lie in the "
                        "folder itself)",
                        tensor, file);
    if (lem_path_ends(file, ".bin"))
        return lem_fail(err, LEM_EDATA,
                        "weight_map names '%.95s': PyTorch files must be converted to safetensors", file);
    if (!lem_path_ends(file, ".safetensors"))
        return lem_fail(err, LEM_EDATA, "weight_map names '%.95s', which is no .safetensors file", file);
    return LEM_OK;
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static lem_status collect_files(lem_shard_index *x, lem_err *err) {
    lem_status st = LEM_OK;
    lem_map *seen = lem_map_new(err);
    x->file = lem_alloc_zero(LEM_SHARDS_MAX, sizeof *x->file, err);
    if (!seen || !x->file) LEM_TRY(LEM_EMEM);
    for (const char *key = lem_json_key_next(x->weight_map, NULL); key;
         key = lem_json_key_next(x->weight_map, key)) {
        const lem_json *v = lem_json_key_value(key);
        LEM_TRY(check_file(key, v, err));
        const char *file = lem_json_str(v, "");
        if (lem_map_find(seen, file, strlen(file), NULL)) continue;
        if (x->n_files == LEM_SHARDS_MAX)
            LEM_TRY(lem_fail(err, LEM_EDATA, "weight_map names more than %d files", LEM_SHARDS_MAX));
        LEM_TRY(lem_map_set(seen, file, strlen(file), x->n_files, err));
        x->file[x->n_files] = lem_strdup(file, err);
        if (!x->file[x->n_files]) LEM_TRY(LEM_EMEM);
        x->n_files++;
    }
    if (x->n_files) qsort(x->file, (size_t)x->n_files, sizeof *x->file, by_name);
done:
    lem_map_free(seen);
    return st;
}

lem_status lem_shard_index_parse(const char *text, size_t len, lem_shard_index *out, lem_err *err) {
    lem_status st = LEM_OK;
    lem_shard_index x = {.total_size = -1};
    if (len > LEM_SHARD_INDEX_MAX)
        return lem_fail(err, LEM_EDATA, "an index of %zu bytes is larger than %d", len, LEM_SHARD_INDEX_MAX);
    LEM_TRY(lem_json_parse(text, len, &x.root, err));
    if (lem_json_kind(x.root) != LEM_JSON_OBJECT)
        LEM_TRY(lem_fail(err, LEM_EDATA, "the index is no object but %s", lem_json_kind_name(x.root)));
    x.weight_map = lem_json_get(x.root, "weight_map");
    if (lem_json_kind(x.weight_map) != LEM_JSON_OBJECT || lem_json_count(x.weight_map) == 0)
        LEM_TRY(lem_fail(err, LEM_EDATA, "weight_map is missing or empty"));
    const lem_json *size = lem_json_find(x.root, "metadata.total_size");
    if (lem_json_kind(size) != LEM_JSON_NULL) {
        x.total_size = lem_json_int(size, -1);
        if (x.total_size < 0)
            LEM_TRY(lem_fail(err, LEM_EDATA, "metadata.total_size must be a number of bytes"));
    }
    LEM_TRY(collect_files(&x, err));
    *out = x;
    x = (lem_shard_index){0};
done:
    lem_shard_index_release(&x);
    return st;
}

void lem_shard_index_release(lem_shard_index *x) {
    for (int i = 0; i < x->n_files; i++) lem_free(x->file[i]);
    lem_free(x->file);
    lem_json_free(x->root);
    *x = (lem_shard_index){.total_size = -1};
}

int lem_shard_index_find(const lem_shard_index *x, const char *file) {
    char *const *at =
        x->n_files ? bsearch(&file, x->file, (size_t)x->n_files, sizeof *x->file, by_name) : NULL;
    return at ? (int)(at - x->file) : -1;
}

void lem_shard_name(int n, int of, char out[64]) {
    if (of == 1) snprintf(out, 64, "model.safetensors");
    else snprintf(out, 64, "model-%05d-of-%05d.safetensors", n, of);
}
