/* safetensors_write - streaming, deterministic writer of the safetensors container */
#include "core/buf.h"
#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"
#include "weights/safetensors.h"
#include "weights/values.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1 << 15 }; /* elements converted at a time */

static size_t item_count(const lem_safetensors_item *t) {
    size_t n = 1;
    for (int i = 0; i < t->rank; i++) n *= (size_t)t->shape[i];
    return n;
}

uint64_t lem_safetensors_item_bytes(const lem_safetensors_item *t) {
    return (uint64_t)item_count(t) * lem_dtype_size(t->dtype);
}

/* Wider types first, so that every tensor is aligned to its type; then by name. */
static int in_file_order(const void *a, const void *b) {
    const lem_safetensors_item *x = *(const lem_safetensors_item *const *)a,
                               *y = *(const lem_safetensors_item *const *)b;
    size_t n = lem_dtype_size(x->dtype), m = lem_dtype_size(y->dtype);
    if (n != m) return n > m ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* ---- header ---- */

static lem_json *describe(const lem_safetensors_item *t, uint64_t begin) {
    lem_json *o = lem_json_new_object(), *shape = lem_json_new_array(), *offsets = lem_json_new_array();
    bool ok = o && shape && offsets;
    for (int i = 0; ok && i < t->rank; i++) ok = lem_json_append(shape, lem_json_new_int(t->shape[i]));
    ok = ok && lem_json_append(offsets, lem_json_new_int((int64_t)begin)) &&
         lem_json_append(offsets, lem_json_new_int((int64_t)(begin + lem_safetensors_item_bytes(t))));
    ok = ok && lem_json_set(o, "dtype", lem_json_new_str(lem_dtype_name(t->dtype)));
    if (!ok) {
        lem_json_free(shape);
        lem_json_free(offsets);
        lem_json_free(o);
        return NULL;
    }
    ok = lem_json_set(o, "shape", shape);
    ok = lem_json_set(o, "data_offsets", offsets) && ok;
    if (ok) return o;
    lem_json_free(o);
    return NULL;
}

static lem_status format_header(const lem_safetensors_item *const *sorted, size_t n, lem_buf *out,
                                lem_err *err) {
    lem_json *o = lem_json_new_object(), *meta = lem_json_new_object();
    bool ok = o && meta && lem_json_set(meta, "format", lem_json_new_str("pt"));
    if (ok) ok = lem_json_set(o, "__metadata__", meta);
    else lem_json_free(meta);
    uint64_t at = 0;
    for (size_t i = 0; ok && i < n; i++) {
        lem_json *d = describe(sorted[i], at);
        ok = d && lem_json_set(o, sorted[i]->name, d);
        at += lem_safetensors_item_bytes(sorted[i]);
    }
    if (ok) lem_json_write(o, 0, out);
    lem_json_free(o);
    if (!ok) return lem_fail(err, LEM_EMEM, "safetensors header: out of memory");
    while (out->len % 8 != 0 && !out->failed) lem_buf_putc(out, ' ');
    return lem_buf_ok(out, err);
}

/* ---- data ---- */

typedef struct chunk {
    float values[CHUNK];
    unsigned char bytes[CHUNK * 4];
} chunk;

static lem_status write_data(lem_out *o, const lem_safetensors_item *t, chunk *c, lem_err *err) {
    size_t count = item_count(t), size = lem_dtype_size(t->dtype);
    for (size_t at = 0; at < count;) {
        size_t n = count - at < CHUNK ? count - at : CHUNK;
        lem_status st = t->read(t->ctx, at, n, c->values, err);
        if (st != LEM_OK) return st;
        size_t good = lem_values_write(t->dtype, c->values, n, c->bytes);
        if (good < n && t->strict)
            return lem_fail(err, LEM_EDATA, "tensor '%.95s' holds %g, which %s cannot hold, at %zu", t->name,
                            (double)c->values[good], lem_dtype_name(t->dtype), at + good);
        st = lem_out_write(o, c->bytes, n * size, err);
        if (st != LEM_OK) return st;
        at += n;
    }
    return LEM_OK;
}

lem_status lem_safetensors_write_items(const char *path, const lem_safetensors_item *const *item, size_t n,
                                       lem_err *err) {
    lem_status st = LEM_OK;
    lem_buf header = {0};
    lem_out *o = NULL;
    const lem_safetensors_item **sorted = lem_alloc(n, sizeof *sorted, err);
    chunk *c = lem_alloc(1, sizeof *c, err);
    if (!sorted || !c) LEM_TRY(LEM_EMEM);
    if (n) memcpy(sorted, item, n * sizeof *sorted);
    if (n) qsort(sorted, n, sizeof *sorted, in_file_order);
    LEM_TRY(format_header(sorted, n, &header, err));
    unsigned char length[8];
    for (int i = 0; i < 8; i++) length[i] = (unsigned char)((uint64_t)header.len >> 8 * i);
    LEM_TRY(lem_out_open(path, true, &o, err));
    LEM_TRY(lem_out_write(o, length, sizeof length, err));
    LEM_TRY(lem_out_write(o, header.data, header.len, err));
    for (size_t i = 0; i < n; i++) {
        st = write_data(o, sorted[i], c, err);
        if (st == LEM_EDATA) lem_err_context(err, "%s", path);
        LEM_TRY(st);
    }
    LEM_TRY(lem_out_commit(o, err));
done:
    lem_out_close(o);
    lem_buf_release(&header);
    lem_free(c);
    lem_free(sorted);
    return st;
}

/* ---- tensors in memory ---- */

static lem_status read_memory(void *ctx, size_t at, size_t n, float *out, lem_err *err) {
    const lem_safetensors_source *s = ctx;
    (void)err;
    memcpy(out, s->data + at, n * sizeof *out);
    return LEM_OK;
}

lem_safetensors_item lem_safetensors_item_of(const lem_safetensors_source *s, lem_dtype dtype) {
    /* The item only reads through ctx. */
    return (lem_safetensors_item){
        s->name, dtype, s->rank, {s->shape[0], s->shape[1]}, false, read_memory, (void *)(uintptr_t)s};
}

lem_status lem_safetensors_write(const char *path, const lem_safetensors_source *source, size_t n,
                                 lem_dtype dtype, lem_err *err) {
    lem_status st = LEM_OK;
    lem_safetensors_item *item = lem_alloc(n, sizeof *item, err);
    const lem_safetensors_item **list = lem_alloc(n, sizeof *list, err);
    if (!item || !list) LEM_TRY(LEM_EMEM);
    for (size_t i = 0; i < n; i++) {
        item[i] = lem_safetensors_item_of(&source[i], dtype);
        list[i] = &item[i];
    }
    LEM_TRY(lem_safetensors_write_items(path, list, n, err));
done:
    lem_free(item);
    lem_free(list);
    return st;
}
