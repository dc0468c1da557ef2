/* fuzz_index - any bytes as model.safetensors.index.json: what is accepted names plain files, each once */
#include "weights/shard_index.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    lem_err err = LEM_ERR_INIT;
    lem_shard_index x = {.total_size = -1};
    lem_status st = lem_shard_index_parse((const char *)data, size, &x, &err);
    if (st != LEM_OK) {
        if (x.file || x.root || (st != LEM_EDATA && st != LEM_EMEM) || !err.text[0] || strchr(err.text, '\n'))
            __builtin_trap();
        return 0;
    }
    if (x.n_files < 1 || x.n_files > LEM_SHARDS_MAX || x.total_size < -1) __builtin_trap();
    for (int i = 0; i < x.n_files; i++) {
        const char *f = x.file[i];
        if (strchr(f, '/') || strchr(f, '\\') || f[0] == '.' || strlen(f) <= strlen(".safetensors") ||
            lem_shard_index_find(&x, f) != i || (i && strcmp(x.file[i - 1], f) >= 0))
            __builtin_trap();
    }
    for (const char *key = lem_json_key_next(x.weight_map, NULL); key;
         key = lem_json_key_next(x.weight_map, key))
        if (lem_shard_index_find(&x, lem_json_str(lem_json_key_value(key), "")) < 0) __builtin_trap();
    lem_shard_index_release(&x);
    return 0;
}
