/* checkpoint.c - atomic training state: write beside, verify, rename; newest valid wins */
#include "train/checkpoint.h"

#include "core/file.h"
#include "core/hash.h"
#include "core/mem.h"
#include "core/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1 << 20, KEEP = 2 };
static const char format_name[] = "lemma-checkpoint-1";

static lem_json *block_sums(const char *data, size_t bytes) {
    lem_json *arr = lem_json_new_array();
    for (size_t at = 0; arr && at < bytes; at += BLOCK) {
        size_t n = bytes - at < BLOCK ? bytes - at : BLOCK;
        if (!lem_json_append(arr, lem_json_new_int(lem_crc32c(0, data + at, n)))) {
            lem_json_free(arr);
            return NULL;
        }
    }
    return arr;
}

/* What the manifest says of a file. */
static bool note_file(lem_json *files, const lem_blob *b, const char *data) {
    lem_json *f = lem_json_new_object();
    bool ok = f && lem_json_set(f, "name", lem_json_new_str(b->name)) &&
              lem_json_set(f, "bytes", lem_json_new_int((int64_t)b->bytes)) &&
              lem_json_set(f, "crc32c", block_sums(data, b->bytes));
    if (ok) return lem_json_append(files, f);
    lem_json_free(f);
    return false;
}

static bool is_here(const lem_blob *b) { return !b->backend || b->backend->ops->host_memory; }

/* Writes the array, through a copy where it is not in the host's memory, and notes it. */
static lem_status save_blob(const char *dir, const lem_blob *b, lem_json *files, lem_err *err) {
    lem_status st = LEM_OK;
    char *copy = is_here(b) ? NULL : lem_alloc(b->bytes, 1, err), *path = lem_path_join(dir, b->name, err);
    if (!path || (!copy && !is_here(b))) LEM_TRY(LEM_EMEM);
    if (copy) {
        b->backend->ops->copy_out(b->backend, copy, b->data, b->bytes);
        LEM_TRY(b->backend->ops->sync(b->backend, err));
    }
    if (!note_file(files, b, copy ? copy : b->data)) LEM_TRY(lem_fail(err, LEM_EMEM, "out of memory"));
    LEM_TRY(lem_file_write_atomic(path, copy ? copy : b->data, b->bytes, err));
done:
    lem_free(copy);
    lem_free(path);
    return st;
}

/* All but its files, which are put into *files. */
static lem_json *make_manifest(const char *identity, const lem_json *state, lem_json **files) {
    lem_json *m = lem_json_new_object();
    *files = lem_json_new_array();
    bool ok = m && lem_json_set(m, "format", lem_json_new_str(format_name)) &&
              lem_json_set(m, "identity", lem_json_new_str(identity)) &&
              lem_json_set(m, "state", lem_json_copy(state)) && lem_json_set(m, "files", *files);
    if (ok) return m;
    lem_json_free(m);
    return NULL;
}

/* The manifest is one line of JSON and a second line with its checksum. */
static lem_status write_manifest(const char *dir, const lem_json *m, lem_err *err) {
    lem_buf b = {0};
    lem_json_write(m, 0, &b);
    uint32_t crc = lem_crc32c(0, lem_buf_str(&b), b.len);
    lem_buf_printf(&b, "\n%08x\n", crc);
    char *path = lem_path_join(dir, "MANIFEST.json", err);
    lem_status st = path ? lem_buf_ok(&b, err) : LEM_EMEM;
    if (st == LEM_OK) st = lem_file_write_atomic(path, b.data, b.len, err);
    lem_free(path);
    lem_buf_release(&b);
    return st;
}

static lem_status read_manifest(const char *dir, lem_json **out, lem_err *err) {
    lem_buf b = {0};
    lem_json *m = NULL;
    char *path = lem_path_join(dir, "MANIFEST.json", err);
    lem_status st = path ? lem_file_read(path, 64u << 20, &b, err) : LEM_EMEM;
    if (st == LEM_OK) {
        const char *nl = memchr(lem_buf_str(&b), '\n', b.len);
        char want[10];
        size_t n = nl ? (size_t)(nl - b.data) : 0;
        snprintf(want, sizeof want, "%08x\n", nl ? lem_crc32c(0, b.data, n) : 0);
        if (!nl || b.len != n + 10 || memcmp(nl + 1, want, 9) != 0)
            st = lem_fail(err, LEM_EDATA, "%s: checksum does not match", path);
        else st = lem_json_parse(b.data, n, &m, err);
    }
    if (st == LEM_OK && strcmp(lem_json_str(lem_json_get(m, "format"), ""), format_name) != 0) {
        st = lem_fail(err, LEM_EDATA, "%s: format '%s' expected", path, format_name);
        lem_json_free(m);
    }
    if (st == LEM_OK) *out = m;
    lem_free(path);
    lem_buf_release(&b);
    return st;
}

static const lem_json *file_named(const lem_json *files, const char *name) {
    for (size_t i = 0; i < lem_json_count(files); i++) {
        const lem_json *f = lem_json_at(files, i);
        if (strcmp(lem_json_str(lem_json_get(f, "name"), ""), name) == 0) return f;
    }
    return NULL;
}

/* Takes n bytes of the array, from `at` on. */
static void take_part(const lem_blob *b, size_t at, const char *data, size_t n) {
    char *to = (char *)b->data + at;
    if (is_here(b)) memcpy(to, data, n);
    else b->backend->ops->copy_in(b->backend, to, data, n);
}

static size_t block_at(const lem_blob *b, size_t at) { return b->bytes - at < BLOCK ? b->bytes - at : BLOCK; }

/* The next n bytes of a file; LEM_EDATA where it ends before. */
static lem_status read_part(lem_stream *in, char *to, size_t n, lem_err *err) {
    for (size_t got = 0, k = 0; got < n; got += k) {
        lem_status st = lem_stream_read(in, to + got, n - got, &k, err);
        if (st == LEM_OK && k == 0)
            st = lem_fail(err, LEM_EDATA, "%s: it ends too early", lem_stream_path(in));
        if (st) return st;
    }
    return LEM_OK;
}

/* Verifies the array, a MiB at a time, and fills the blob if `take`. */
static lem_status read_blocks(const char *path, const lem_json *sums, const lem_blob *b, bool take,
                              lem_err *err) {
    lem_status st = LEM_OK;
    lem_stream *in = NULL;
    size_t more = 0;
    char *block = lem_alloc(BLOCK, 1, err);
    if (!block) return LEM_EMEM;
    LEM_TRY(lem_stream_open(path, LEM_STREAM_RAW, &in, err));
    for (size_t at = 0, i = 0; at < b->bytes; at += BLOCK, i++) {
        size_t n = block_at(b, at);
        LEM_TRY(read_part(in, block, n, err));
        if (lem_json_int(lem_json_at(sums, i), -1) != (int64_t)lem_crc32c(0, block, n))
            LEM_TRY(lem_fail(err, LEM_EDATA, "%s: checksum of MiB %zu does not match", path, i));
        if (take) take_part(b, at, block, n);
    }
    LEM_TRY(lem_stream_read(in, block, 1, &more, err));
    if (more) st = lem_fail(err, LEM_EDATA, "%s: more than the %zu bytes expected", path, b->bytes);
done:
    lem_stream_close(in);
    lem_free(block);
    return st;
}

static lem_status read_blob(const char *dir, const lem_json *files, const lem_blob *b, bool take,
                            lem_err *err) {
    const lem_json *f = file_named(files, b->name);
    if (!f || lem_json_int(lem_json_get(f, "bytes"), -1) != (int64_t)b->bytes)
        return lem_fail(
            err, LEM_EUSAGE,
            "%s: array '%s' of %zu bytes expected, %s found: another version of lemma made it; use "
            "--fresh to start over",
            dir, b->name, b->bytes, f ? "another size" : "none");
    char *path = lem_path_join(dir, b->name, err);
    lem_status st = path ? read_blocks(path, lem_json_get(f, "crc32c"), b, take, err) : LEM_EMEM;
    lem_free(path);
    return st;
}

static long parse_step(const char *name) {
    if (strncmp(name, "step-", 5) != 0) return -1;
    char *end;
    long n = strtol(name + 5, &end, 10);
    return *end || end == name + 5 || n < 0 ? -1 : n;
}

/* Removes leftovers of interrupted saves and all but the newest KEEP checkpoints. */
static lem_status tidy(const char *root, lem_err *err) {
    char **names = NULL;
    size_t n = 0;
    lem_status st = lem_dir_list(root, &names, &n, err);
    long newest[KEEP] = {-1, -1};
    for (size_t i = 0; st == LEM_OK && i < n; i++) {
        long s = parse_step(names[i]);
        if (s > newest[0]) newest[1] = newest[0], newest[0] = s;
        else if (s > newest[1]) newest[1] = s;
    }
    for (size_t i = 0; i < n; i++) {
        long s = parse_step(names[i]);
        bool stale = strstr(names[i], ".tmp") != NULL || (s >= 0 && s < newest[KEEP - 1]);
        char *path = stale && st == LEM_OK ? lem_path_join(root, names[i], err) : NULL;
        if (path) st = lem_dir_remove(path, err);
        lem_free(path);
        lem_free(names[i]);
    }
    lem_free(names);
    return st;
}

lem_status lem_checkpoint_save(const char *root, long n, const char *identity, const lem_json *state,
                               const lem_blob *blobs, int n_blobs, lem_err *err) {
    lem_status st = LEM_OK;
    char name[48];
    lem_json *m = NULL, *files = NULL;
    char *tmp = NULL, *dir = NULL;
    LEM_TRY(lem_dir_make(root, err));
    snprintf(name, sizeof name, "step-%08ld.tmp", n);
    tmp = lem_path_join(root, name, err);
    snprintf(name, sizeof name, "step-%08ld", n);
    dir = lem_path_join(root, name, err);
    m = make_manifest(identity, state, &files);
    if (!tmp || !dir || !m) {
        st = lem_fail(err, LEM_EMEM, "saving checkpoint %ld: out of memory", n);
        goto done;
    }
    LEM_TRY(lem_dir_remove(tmp, err));
    LEM_TRY(lem_dir_make_temporary(tmp, err));
    for (int i = 0; i < n_blobs; i++) LEM_TRY(save_blob(tmp, &blobs[i], files, err));
    LEM_TRY(write_manifest(tmp, m, err));
    LEM_TRY(lem_file_fsync_dir(tmp, err));
    LEM_TRY(lem_dir_remove(dir, err));
    LEM_TRY(lem_file_rename(tmp, dir, err));
    LEM_TRY(lem_file_fsync_dir(root, err));
    LEM_TRY(tidy(root, err));
done:
    if (st) lem_err_context(err, "saving checkpoint %ld in %s", n, root);
    lem_json_free(m);
    lem_free(tmp);
    lem_free(dir);
    return st;
}

static lem_status load_one(const char *dir, const char *identity, const lem_blob *blobs, int n_blobs,
                           lem_json **state, lem_err *err) {
    lem_json *m = NULL;
    lem_status st = read_manifest(dir, &m, err);
    if (st) return st;
    const char *found = lem_json_str(lem_json_get(m, "identity"), "");
    if (strcmp(found, identity) != 0)
        st = lem_fail(err, LEM_EUSAGE,
                      "%s was made with other options, data or compute path (identity %.12s, now %.12s); use "
                      "--fresh to start over",
                      dir, found, identity);
    /* all are whole before the first is taken: a damaged checkpoint leaves the caller's arrays as they were
     */
    for (int i = 0; st == LEM_OK && i < 2 * n_blobs; i++)
        st = read_blob(dir, lem_json_get(m, "files"), &blobs[i % n_blobs], i >= n_blobs, err);
    if (st == LEM_OK) {
        *state = lem_json_copy(lem_json_get(m, "state"));
        if (!*state) st = lem_fail(err, LEM_EMEM, "out of memory");
    }
    lem_json_free(m);
    return st;
}

lem_status lem_checkpoint_load_latest(const char *root, const char *identity, const lem_blob *blobs,
                                      int n_blobs, lem_log *log, long *n, lem_json **state, lem_err *err) {
    *n = -1;
    *state = NULL;
    if (!lem_file_is_dir(root)) return LEM_OK;
    char **names = NULL;
    size_t count = 0;
    lem_status st = lem_dir_list(root, &names, &count, err);
    bool found = false;
    for (size_t i = count; i-- > 0;) { /* names sort by step: eight digits, zero padded */
        if (st == LEM_OK && !found && parse_step(names[i]) >= 0) {
            char *dir = lem_path_join(root, names[i], err);
            lem_err why = LEM_ERR_INIT;
            lem_status one = dir ? load_one(dir, identity, blobs, n_blobs, state, &why) : LEM_EMEM;
            if (one == LEM_OK) {
                *n = parse_step(names[i]);
                found = true;
            } else if (one == LEM_EDATA) lem_warn(log, "passing over a damaged checkpoint: %s", why.text);
            else {
                st = one;
                if (err) *err = why;
            }
            lem_free(dir);
        }
        lem_free(names[i]);
    }
    lem_free(names);
    return st;
}
