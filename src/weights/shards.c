/* shards - opens all weight files of a folder and checks them against their index */
#include "weights/shards.h"
#include "core/file.h"
#include "core/mem.h"
#include "weights/name_list.h"
#include "weights/shard_index.h"

#include <string.h>

struct lem_shards {
    char *path;
    lem_safetensors_file **file; /* [n_files] owned, in order of their names */
    int n_files;
    lem_stored *stored; /* [n] */
    size_t n;
    lem_map *by_name; /* -> place in stored */
};

/* Opens a file and adds its tensors to the table. A name that is there already is an error. */
static lem_status add_file(lem_shards *s, const char *path, lem_err *err) {
    lem_status st = LEM_OK;
    lem_safetensors_file *f = NULL;
    if (!s->by_name) s->by_name = lem_map_new(err);
    lem_safetensors_file **files = lem_realloc(s->file, (size_t)s->n_files + 1, sizeof *files, err);
    if (files) s->file = files;
    if (!s->by_name || !files) return LEM_EMEM;
    LEM_TRY(lem_safetensors_file_open(path, &f, err));
    const lem_safetensors *t = lem_safetensors_file_index(f);
    lem_stored *stored = lem_realloc(s->stored, s->n + t->n, sizeof *stored, err);
    if (!stored) LEM_TRY(LEM_EMEM);
    s->stored = stored;
    s->file[s->n_files++] = f;
    for (size_t i = 0; i < t->n; i++) {
        const char *name = t->tensor[i].name;
        int64_t other = 0;
        if (lem_map_find(s->by_name, name, strlen(name), &other))
            return lem_fail(err, LEM_EDATA, "tensor '%.95s' stands in two files: %s and %s", name,
                            lem_path_base(lem_safetensors_file_path(stored[other].file)),
                            lem_path_base(path));
        stored[s->n] = (lem_stored){&t->tensor[i], f};
        st = lem_map_set(s->by_name, name, strlen(name), (int64_t)s->n++, err);
        if (st != LEM_OK) return st;
    }
    f = NULL;
done:
    lem_safetensors_file_close(f);
    return st;
}

static lem_status open_files(lem_shards *s, const char *dir, char *const *names, int n, lem_err *err) {
    lem_status st = LEM_OK;
    char *path = NULL;
    for (int i = 0; i < n; i++) {
        path = lem_path_join(dir, names[i], err);
        if (!path) LEM_TRY(LEM_EMEM);
        if (!lem_file_exists(path)) LEM_TRY(lem_fail(err, LEM_EDATA, "the shard %s is missing", path));
        LEM_TRY(add_file(s, path, err));
        lem_free(path);
        path = NULL;
    }
done:
    lem_free(path);
    return st;
}

/* The index names what the shards hold, and the other way round. */
static lem_status check_index(const lem_shards *s, const lem_shard_index *x, lem_err *err) {
    lem_name_list absent = {.what = "not in the shard the index names"},
                  unlisted = {.what = "in a shard but not in the index"};
    uint64_t bytes = 0;
    for (const char *name = lem_json_key_next(x->weight_map, NULL); name;
         name = lem_json_key_next(x->weight_map, name)) {
        const lem_stored *t = lem_shards_find(s, name);
        int at = lem_shard_index_find(x, lem_json_str(lem_json_key_value(name), ""));
        if (!t || at < 0 || t->file != s->file[at])
            lem_name_list_add(&absent, name, lem_json_str(lem_json_key_value(name), ""));
    }
    for (size_t i = 0; i < s->n; i++) {
        bytes += lem_stored_bytes(&s->stored[i]);
        if (!lem_json_get(x->weight_map, s->stored[i].tensor->name))
            lem_name_list_add(&unlisted, s->stored[i].tensor->name,
                              lem_path_base(lem_safetensors_file_path(s->stored[i].file)));
    }
    lem_name_list *lists[] = {&absent, &unlisted};
    lem_status st = lem_name_lists_fail(lists, 2, "index and shards differ", err);
    if (st == LEM_OK && x->total_size >= 0 && (uint64_t)x->total_size != bytes)
        st = lem_fail(err, LEM_EDATA,
                      "metadata.total_size is %lld, the shards hold %llu bytes: the index is of other shards "
                      "(or remove total_size)",
                      (long long)x->total_size, (unsigned long long)bytes);
    return st;
}

static lem_status open_sharded(lem_shards *s, const char *dir, lem_err *err) {
    lem_status st = LEM_OK;
    lem_buf text = {0};
    lem_shard_index x = {.total_size = -1};
    LEM_TRY(lem_file_read(s->path, LEM_SHARD_INDEX_MAX, &text, err));
    st = lem_shard_index_parse(lem_buf_str(&text), text.len, &x, err);
    if (st == LEM_OK) {
        lem_buf_release(&text);
        st = open_files(s, dir, x.file, x.n_files, err);
    }
    if (st == LEM_OK) st = check_index(s, &x, err);
    if (st != LEM_OK) lem_err_context(err, "%s", s->path);
done:
    lem_buf_release(&text);
    lem_shard_index_release(&x);
    return st;
}

static lem_status nothing_to_open(const char *dir, lem_err *err) {
    static const char *const torch[] = {"pytorch_model.bin", "pytorch_model.bin.index.json"};
    bool found = false;
    for (int i = 0; i < 2; i++) {
        char *path = lem_path_join(dir, torch[i], err);
        if (!path) return LEM_EMEM;
        found = found || lem_file_exists(path);
        lem_free(path);
    }
    if (found)
        return lem_fail(err, LEM_EDATA,
                        "%s: only pytorch_model.bin is there, which can run code when opened; convert it "
                        "first (Transformers: "
                        "from_pretrained(DIR).save_pretrained(DIR2, safe_serialization=True))",
                        dir);
    return lem_fail(err, LEM_EDATA, "%s: model.safetensors is missing", dir);
}

static lem_status open_file(const char *path, lem_shards **out, lem_err *err) {
    lem_status st = LEM_OK;
    lem_shards *s = lem_alloc_zero(1, sizeof *s, err);
    if (!s) return LEM_EMEM;
    s->path = lem_strdup(path, err);
    if (!s->path) LEM_TRY(LEM_EMEM);
    LEM_TRY(add_file(s, path, err));
    *out = s;
    s = NULL;
done:
    lem_shards_close(s);
    return st;
}

lem_status lem_shards_add(lem_shards *s, const char *path, lem_err *err) { return add_file(s, path, err); }

lem_status lem_shards_open(const char *dir, lem_shards **out, lem_err *err) {
    lem_status st = LEM_OK;
    lem_shards *s = NULL;
    char *single = lem_path_join(dir, "model.safetensors", err),
         *index = lem_path_join(dir, LEM_SHARD_INDEX_NAME, err);
    if (!single || !index) LEM_TRY(LEM_EMEM);
    if (lem_file_exists(single)) {
        st = open_file(single, out, err);
        goto done;
    }
    if (!lem_file_exists(index)) LEM_TRY(nothing_to_open(dir, err));
    s = lem_alloc_zero(1, sizeof *s, err);
    if (!s) LEM_TRY(LEM_EMEM);
    s->path = index;
    index = NULL;
    LEM_TRY(open_sharded(s, dir, err));
    *out = s;
    s = NULL;
done:
    lem_shards_close(s);
    lem_free(single);
    lem_free(index);
    return st;
}

void lem_shards_close(lem_shards *s) {
    if (!s) return;
    for (int i = 0; i < s->n_files; i++) lem_safetensors_file_close(s->file[i]);
    lem_free(s->file);
    lem_free(s->stored);
    lem_map_free(s->by_name);
    lem_free(s->path);
    lem_free(s);
}

const char *lem_shards_path(const lem_shards *s) { return s->path; }

int lem_shards_files(const lem_shards *s) { return s->n_files; }

const char *lem_shards_file_name(const lem_shards *s, int i) {
    return lem_path_base(lem_safetensors_file_path(s->file[i]));
}

size_t lem_shards_count(const lem_shards *s) { return s->n; }

const lem_stored *lem_shards_at(const lem_shards *s, size_t i) { return &s->stored[i]; }

const lem_stored *lem_shards_find(const lem_shards *s, const char *name) {
    int64_t at = 0;
    return lem_map_find(s->by_name, name, strlen(name), &at) ? &s->stored[at] : NULL;
}

lem_status lem_stored_read(const lem_stored *t, float *out, size_t count, lem_err *err) {
    return lem_safetensors_file_read(t->file, t->tensor, out, count, err);
}

static lem_status read_piece(const lem_stored *t, size_t from, size_t n, float *out, void *scratch,
                             lem_err *err) {
    return lem_safetensors_file_read_part(t->file, t->tensor, from, n, out, scratch, err);
}

/* Other than by ==, of zeros only those of one sign, and a NaN with itself. */
static bool same_bits(float x, float y) {
    uint32_t a, b;
    memcpy(&a, &x, sizeof a);
    memcpy(&b, &y, sizeof b);
    return a == b;
}

lem_status lem_stored_compare(const lem_stored *a, const lem_stored *b, size_t count, size_t *equal,
                              lem_err *err) {
    enum { PIECE = 1 << 15 };
    lem_status st = LEM_OK;
    size_t at = 0, i = 0;
    float *x = lem_alloc(3 * (size_t)PIECE, sizeof *x, err), *y = x + PIECE;
    if (!x) return LEM_EMEM;
    while (at < count) {
        size_t n = count - at < PIECE ? count - at : PIECE;
        LEM_TRY(read_piece(a, at, n, x, y + PIECE, err));
        LEM_TRY(read_piece(b, at, n, y, y + PIECE, err));
        for (i = 0; i < n && same_bits(x[i], y[i]);) i++;
        at += i;
        if (i < n) break;
    }
    *equal = at;
done:
    lem_free(x);
    return st;
}

uint64_t lem_stored_bytes(const lem_stored *t) { return t->tensor->end - t->tensor->begin; }
