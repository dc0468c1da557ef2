/* shards_write - one file or several with an index, put in place so that no mixture can be opened */
#include "weights/shards_write.h"
#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"
#include "weights/shard_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct sharding {
    const lem_safetensors_item **item; /* [n] in the order given */
    int *shard;                        /* [n] from 1 */
    size_t n;
    int n_shards;
    uint64_t bytes;
} sharding;

static lem_status deal_out(sharding *p, const lem_safetensors_item *item, size_t n, uint64_t shard_bytes,
                           lem_err *err) {
    uint64_t filled = 0;
    p->item = lem_alloc(n, sizeof *p->item, err);
    p->shard = lem_alloc(n, sizeof *p->shard, err);
    if (!p->item || !p->shard) return LEM_EMEM;
    p->n = n;
    p->n_shards = 1;
    for (size_t i = 0; i < n; i++) {
        uint64_t size = lem_safetensors_item_bytes(&item[i]);
        if (filled && (size > shard_bytes || filled > shard_bytes - size)) {
            p->n_shards++;
            filled = 0;
        }
        filled += size;
        p->bytes += size;
        p->item[i] = &item[i];
        p->shard[i] = p->n_shards;
    }
    if (p->n_shards > LEM_SHARDS_MAX)
        return lem_fail(err, LEM_EUSAGE,
                        "%d shards of %llu bytes would be needed, at most %d are written: allow larger ones",
                        p->n_shards, (unsigned long long)shard_bytes, LEM_SHARDS_MAX);
    return LEM_OK;
}

/* Shards wait under this name until all are written: a failure until then changes nothing. */
static char *waiting_path(const sharding *p, const char *dir, int shard, lem_err *err) {
    char name[64], waiting[80];
    lem_shard_name(shard, p->n_shards, name);
    snprintf(waiting, sizeof waiting, "%s%s", name, p->n_shards > 1 ? ".new" : "");
    return lem_path_join(dir, waiting, err);
}

static lem_status write_shard(const sharding *p, const char *dir, int shard, lem_err *err) {
    char *path = waiting_path(p, dir, shard, err);
    if (!path) return LEM_EMEM;
    size_t first = 0, n = 0;
    while (p->n_shards > 1 && p->shard[first] < shard) first++;
    while (first + n < p->n && p->shard[first + n] == shard) n++;
    lem_status st = lem_safetensors_write_items(path, p->item + first, n, err);
    lem_free(path);
    return st;
}

static lem_status put_in_place(const sharding *p, const char *dir, int shard, lem_err *err) {
    char name[64];
    lem_shard_name(shard, p->n_shards, name);
    char *from = waiting_path(p, dir, shard, err), *to = lem_path_join(dir, name, err);
    lem_status st = from && to ? lem_file_rename(from, to, err) : LEM_EMEM;
    lem_free(from);
    lem_free(to);
    return st;
}

static void remove_waiting(const sharding *p, const char *dir, const char *new_index) {
    if (new_index && p->n_shards > 1) (void)!lem_file_remove(new_index, NULL);
    for (int i = 1; p->n_shards > 1 && i <= p->n_shards; i++) {
        char *path = waiting_path(p, dir, i, NULL);
        if (path) (void)!lem_file_remove(path, NULL);
        lem_free(path);
    }
}

static int by_name(const void *a, const void *b) {
    const lem_safetensors_item *const *x = *(const lem_safetensors_item *const *const *)a,
                                      *const *y = *(const lem_safetensors_item *const *const *)b;
    return strcmp((*x)->name, (*y)->name);
}

/* {"metadata": {"total_size": …}, "weight_map": {…}} with the tensors in order of their names, as
 * Transformers writes it. */
static lem_status write_index(const sharding *p, const char *path, lem_err *err) {
    lem_json *root = lem_json_new_object(), *meta = lem_json_new_object(), *map = lem_json_new_object();
    const lem_safetensors_item ***sorted = lem_alloc(p->n, sizeof *sorted, err);
    bool ok = root && meta && map && sorted &&
              lem_json_set(meta, "total_size", lem_json_new_int((int64_t)p->bytes));
    for (size_t i = 0; ok && i < p->n; i++) sorted[i] = &p->item[i];
    if (ok) qsort(sorted, p->n, sizeof *sorted, by_name);
    for (size_t i = 0; ok && i < p->n; i++) {
        char name[64];
        lem_shard_name(p->shard[sorted[i] - p->item], p->n_shards, name);
        ok = lem_json_set(map, (*sorted[i])->name, lem_json_new_str(name));
    }
    if (ok) {
        ok = lem_json_set(root, "metadata", meta);
        ok = lem_json_set(root, "weight_map", map) && ok;
        meta = map = NULL;
    }
    lem_status st = lem_json_save(path, ok ? root : NULL, 2, err);
    lem_json_free(meta);
    lem_json_free(map);
    lem_json_free(root);
    lem_free(sorted);
    return st;
}

/* The files that an index there names; an index that makes no sense names none. */
static lem_status read_old_index(const char *path, lem_shard_index *out, lem_err *err) {
    lem_err own = LEM_ERR_INIT;
    lem_buf text = {0};
    if (!lem_file_exists(path)) return LEM_OK;
    lem_status st = lem_file_read(path, LEM_SHARD_INDEX_MAX, &text, &own);
    if (st == LEM_OK) st = lem_shard_index_parse(lem_buf_str(&text), text.len, out, &own);
    lem_buf_release(&text);
    return st == LEM_OK || st == LEM_EDATA ? LEM_OK : lem_fail(err, st, "%s", own.text);
}

static lem_status remove_old_shards(const sharding *p, const char *dir, const lem_shard_index *old,
                                    lem_err *err) {
    lem_status st = LEM_OK;
    for (int i = 0; i < old->n_files && st == LEM_OK; i++) {
        bool kept = false;
        for (int k = 1; k <= p->n_shards && !kept; k++) {
            char name[64];
            lem_shard_name(k, p->n_shards, name);
            kept = strcmp(name, old->file[i]) == 0;
        }
        char *path = kept ? NULL : lem_path_join(dir, old->file[i], err);
        if (!kept) st = path ? lem_file_remove(path, err) : LEM_EMEM;
        lem_free(path);
    }
    return st;
}

/* From here on only renames: the folder does not open until the last of them. */
static lem_status swap_in(const sharding *p, const char *dir, const char *new_index, const char *index,
                          const char *single, lem_err *err) {
    lem_status st = LEM_OK;
    bool replaces = lem_file_exists(index) || lem_file_exists(single);
    LEM_TRY(lem_file_remove(index, err));
    LEM_TRY(lem_file_remove(single, err));
    if (replaces)
        LEM_TRY(lem_file_fsync_dir(dir, err)); /* lest a power loss bring an index back to new shards */
    for (int i = 1; i <= p->n_shards; i++) LEM_TRY(put_in_place(p, dir, i, err));
    LEM_TRY(lem_file_rename(new_index, index, err));
done:
    return st;
}

lem_status lem_shards_write(const char *dir, const lem_safetensors_item *item, size_t n, uint64_t shard_bytes,
                            int *n_shards, lem_err *err) {
    lem_status st = LEM_OK;
    sharding p = {0};
    lem_shard_index old = {.total_size = -1};
    char *index = lem_path_join(dir, LEM_SHARD_INDEX_NAME, err),
         *single = lem_path_join(dir, "model.safetensors", err);
    char *new_index = lem_path_join(dir, LEM_SHARD_INDEX_NAME ".new", err);
    if (!index || !single || !new_index) LEM_TRY(LEM_EMEM);
    LEM_TRY(deal_out(&p, item, n, shard_bytes ? shard_bytes : LEM_SHARD_BYTES, err));
    LEM_TRY(read_old_index(index, &old, err));
    for (int i = 1; i <= p.n_shards; i++) LEM_TRY(write_shard(&p, dir, i, err));
    if (p.n_shards > 1) {
        LEM_TRY(write_index(&p, new_index, err));
        LEM_TRY(swap_in(&p, dir, new_index, index, single, err));
    } else LEM_TRY(lem_file_remove(index, err));
    LEM_TRY(remove_old_shards(&p, dir, &old, err));
    if (n_shards) *n_shards = p.n_shards;
done:
    if (st != LEM_OK) remove_waiting(&p, dir, new_index);
    lem_shard_index_release(&old);
    lem_free(p.item);
    lem_free(p.shard);
    lem_free(index);
    lem_free(single);
    lem_free(new_index);
    return st;
}
