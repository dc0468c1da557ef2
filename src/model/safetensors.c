/* safetensors - strict reader and streaming writer of the safetensors container */
#include "model/safetensors.h"
#include "core/buf.h"
#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 1 << 15 }; /* elements converted at a time */

static uint64_t dtype_bits(const char *name) {
    static const struct {
        const char *name;
        uint64_t bits;
    } known[] = {{"F32", 32}, {"BF16", 16}, {"F16", 16}, {"F64", 64}, {"I64", 64}, {"U64", 64},    {"I32", 32},   {"U32", 32},
                 {"I16", 16}, {"U16", 16},  {"I8", 8},   {"U8", 8},   {"BOOL", 8}, {"F8_E4M3", 8}, {"F8_E5M2", 8}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(name, known[i].name) == 0) return known[i].bits;
    return 0;
}

/* ---- header ---- */

static lem_status parse_shape(const lem_json *shape, uint64_t *bytes, lem_safetensor *t, lem_err *err) {
    size_t rank = lem_json_count(shape);
    if (lem_json_kind(shape) != LEM_JSON_ARRAY || rank > LEM_SAFETENSORS_RANK)
        return lem_fail(err, LEM_EDATA, "shape must be a list of at most %d sizes", LEM_SAFETENSORS_RANK);
    t->rank = (int)rank;
    uint64_t total = *bytes; /* comes in as the bytes of one element */
    for (size_t i = 0; i < rank; i++) {
        int64_t d = lem_json_int(lem_json_at(shape, i), -1);
        if (d < 0) return lem_fail(err, LEM_EDATA, "shape must hold whole numbers");
        t->shape[i] = (uint64_t)d;
        if (__builtin_mul_overflow(total, (uint64_t)d, &total)) return lem_fail(err, LEM_EDATA, "shape overflows");
    }
    *bytes = total;
    return LEM_OK;
}

static lem_status parse_tensor(const char *name, const lem_json *v, uint64_t data_bytes, lem_safetensor *t, lem_err *err) {
    static const char *const fields[] = {"dtype", "shape", "data_offsets"};
    if (lem_json_kind(v) != LEM_JSON_OBJECT || lem_json_count(v) != 3) return lem_fail(err, LEM_EDATA, "must be {dtype, shape, data_offsets}");
    for (int i = 0; i < 3; i++)
        if (!lem_json_get(v, fields[i])) return lem_fail(err, LEM_EDATA, "%s is missing", fields[i]);
    const char *dtype = lem_json_str(lem_json_get(v, "dtype"), "?");
    uint64_t bytes = dtype_bits(dtype) / 8;
    if (bytes == 0 || strlen(dtype) >= sizeof t->dtype) return lem_fail(err, LEM_EDATA, "unknown dtype '%.20s'", dtype);
    memcpy(t->dtype, dtype, strlen(dtype) + 1);
    lem_status st = parse_shape(lem_json_get(v, "shape"), &bytes, t, err);
    if (st != LEM_OK) return st;
    const lem_json *offsets = lem_json_get(v, "data_offsets");
    int64_t begin = lem_json_int(lem_json_at(offsets, 0), -1), end = lem_json_int(lem_json_at(offsets, 1), -1);
    if (lem_json_count(offsets) != 2 || begin < 0 || end < begin) return lem_fail(err, LEM_EDATA, "data_offsets must be [begin, end]");
    if ((uint64_t)end > data_bytes)
        return lem_fail(err, LEM_EDATA, "ends at byte %lld of the data, but the file holds only %llu (truncated?)", (long long)end,
                        (unsigned long long)data_bytes);
    if ((uint64_t)(end - begin) != bytes)
        return lem_fail(err, LEM_EDATA, "shape and dtype need %llu bytes, data_offsets give %lld", (unsigned long long)bytes,
                        (long long)(end - begin));
    t->begin = (uint64_t)begin;
    t->end = (uint64_t)end;
    t->name = lem_strdup(name, err);
    return t->name ? LEM_OK : LEM_EMEM;
}

static lem_status check_metadata(const lem_json *v, lem_err *err) {
    if (lem_json_kind(v) != LEM_JSON_OBJECT) return lem_fail(err, LEM_EDATA, "__metadata__ must be an object of strings");
    for (const char *key = lem_json_key_next(v, NULL); key; key = lem_json_key_next(v, key))
        if (lem_json_kind(lem_json_key_value(key)) != LEM_JSON_STRING) return lem_fail(err, LEM_EDATA, "__metadata__ must be an object of strings");
    return LEM_OK;
}

static int by_place(const void *a, const void *b) {
    const lem_safetensor *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end) return x->end < y->end ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* Sorted tensors must tile the data exactly. */
static lem_status check_tiling(const lem_safetensors *s, uint64_t data_bytes, lem_err *err) {
    uint64_t at = 0;
    for (size_t i = 0; i < s->n; i++) {
        const lem_safetensor *t = &s->tensor[i];
        if (t->begin != at)
            return lem_fail(err, LEM_EDATA, "tensor '%.95s' begins at byte %llu of the data, %s one ends at %llu", t->name,
                            (unsigned long long)t->begin, t->begin < at ? "inside its neighbour: the last" : "after a gap: the last",
                            (unsigned long long)at);
        at = t->end;
    }
    if (at != data_bytes) return lem_fail(err, LEM_EDATA, "%llu bytes follow the last tensor", (unsigned long long)(data_bytes - at));
    return LEM_OK;
}

void lem_safetensors_release(lem_safetensors *s) {
    for (size_t i = 0; i < s->n; i++) lem_free(s->tensor[i].name);
    lem_free(s->tensor);
    *s = (lem_safetensors){NULL, 0, 0};
}

lem_status lem_safetensors_parse(const char *header, size_t n, uint64_t data_bytes, lem_safetensors *out, lem_err *err) {
    lem_status st = LEM_OK;
    lem_safetensors s = {NULL, 0, 0};
    lem_json *json = NULL;
    if (n == 0 || header[0] != '{') return lem_fail(err, LEM_EDATA, "safetensors header does not begin with '{'");
    LEM_TRY(lem_json_parse(header, n, &json, err));
    if (lem_json_kind(json) != LEM_JSON_OBJECT) LEM_TRY(lem_fail(err, LEM_EDATA, "safetensors header must be an object"));
    size_t count = lem_json_count(json);
    s.tensor = lem_alloc_zero(count, sizeof *s.tensor, err);
    if (!s.tensor) LEM_TRY(LEM_EMEM);
    if (lem_json_get(json, "__metadata__")) LEM_TRY(check_metadata(lem_json_get(json, "__metadata__"), err));
    for (const char *name = lem_json_key_next(json, NULL); name; name = lem_json_key_next(json, name)) {
        if (strcmp(name, "__metadata__") == 0) continue;
        st = parse_tensor(name, lem_json_key_value(name), data_bytes, &s.tensor[s.n], err);
        if (st != LEM_OK) {
            lem_err_context(err, "tensor '%.95s'", name);
            goto done;
        }
        s.n++;
    }
    if (s.n) qsort(s.tensor, s.n, sizeof *s.tensor, by_place);
    LEM_TRY(check_tiling(&s, data_bytes, err));
    *out = s;
    s = (lem_safetensors){NULL, 0, 0};
done:
    lem_safetensors_release(&s);
    lem_json_free(json);
    return st;
}

const lem_safetensor *lem_safetensors_find(const lem_safetensors *s, const char *name) {
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->tensor[i].name, name) == 0) return &s->tensor[i];
    return NULL;
}

/* ---- file ---- */

struct lem_safetensors_file {
    int fd;
    char *path;
    lem_safetensors index;
    unsigned char *chunk; /* [CHUNK*4] */
};

static lem_status read_at(const lem_safetensors_file *f, void *p, size_t n, uint64_t at, lem_err *err) {
    unsigned char *to = p;
    while (n > 0) {
        ssize_t got = pread(f->fd, to, n, (off_t)at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return lem_fail_errno(err, LEM_EIO, "read %s", f->path);
        if (got == 0) return lem_fail(err, LEM_EDATA, "%s: the file ends early (truncated?)", f->path);
        to += got;
        n -= (size_t)got;
        at += (uint64_t)got;
    }
    return LEM_OK;
}

static lem_status read_header(lem_safetensors_file *f, lem_err *err) {
    lem_status st = LEM_OK;
    char *header = NULL;
    uint8_t raw[8];
    uint64_t size = 0, length = 0;
    LEM_TRY(lem_file_size(f->path, &size, err));
    if (size < 8) LEM_TRY(lem_fail(err, LEM_EDATA, "%s: %llu bytes are too few for a safetensors file", f->path, (unsigned long long)size));
    LEM_TRY(read_at(f, raw, sizeof raw, 0, err));
    for (int i = 7; i >= 0; i--) length = length << 8 | raw[i];
    if (length > LEM_SAFETENSORS_HEADER_MAX || length > size - 8)
        LEM_TRY(lem_fail(err, LEM_EDATA, "%s: header of %llu bytes in a file of %llu (limit %d): truncated, or not a safetensors file", f->path,
                         (unsigned long long)length, (unsigned long long)size, LEM_SAFETENSORS_HEADER_MAX));
    header = lem_alloc((size_t)length, 1, err);
    if (!header) LEM_TRY(LEM_EMEM);
    LEM_TRY(read_at(f, header, (size_t)length, 8, err));
    st = lem_safetensors_parse(header, (size_t)length, size - 8 - length, &f->index, err);
    if (st != LEM_OK) lem_err_context(err, "%s", f->path);
    else f->index.data_start = 8 + length;
done:
    lem_free(header);
    return st;
}

lem_status lem_safetensors_file_open(const char *path, lem_safetensors_file **out, lem_err *err) {
    lem_status st = LEM_OK;
    struct stat info;
    lem_safetensors_file *f = lem_alloc_zero(1, sizeof *f, err);
    if (!f) return LEM_EMEM;
    f->fd = -1;
    f->path = lem_strdup(path, err);
    f->chunk = lem_alloc(CHUNK, 4, err);
    if (!f->path || !f->chunk) LEM_TRY(LEM_EMEM);
    f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (f->fd < 0) LEM_TRY(lem_fail_errno(err, LEM_EDATA, "open %s", path));
    if (fstat(f->fd, &info) != 0 || !S_ISREG(info.st_mode)) LEM_TRY(lem_fail(err, LEM_EDATA, "open %s: not a regular file", path));
    LEM_TRY(read_header(f, err));
    *out = f;
    f = NULL;
done:
    lem_safetensors_file_close(f);
    return st;
}

void lem_safetensors_file_close(lem_safetensors_file *f) {
    if (!f) return;
    if (f->fd >= 0) close(f->fd);
    lem_safetensors_release(&f->index);
    lem_free(f->chunk);
    lem_free(f->path);
    lem_free(f);
}

const lem_safetensors *lem_safetensors_file_index(const lem_safetensors_file *f) { return &f->index; }

lem_status lem_safetensors_open(const char *path, lem_safetensors *out, lem_err *err) {
    lem_safetensors_file *f = NULL;
    lem_status st = lem_safetensors_file_open(path, &f, err);
    if (st != LEM_OK) return st;
    *out = f->index;
    f->index = (lem_safetensors){NULL, 0, 0};
    lem_safetensors_file_close(f);
    return LEM_OK;
}

static float element(const unsigned char *p, lem_dtype dtype) {
    if (dtype == LEM_DTYPE_F32) {
        uint32_t bits = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
        float x;
        memcpy(&x, &bits, sizeof x);
        return x;
    }
    uint16_t half = (uint16_t)(p[0] | p[1] << 8);
    return dtype == LEM_DTYPE_BF16 ? lem_bf16_to_f32(half) : lem_f16_to_f32(half);
}

static bool dtype_of(const char *name, lem_dtype *out) {
    for (lem_dtype d = LEM_DTYPE_F32; d <= LEM_DTYPE_F16; d++) {
        if (strcmp(name, lem_dtype_name(d)) == 0) {
            *out = d;
            return true;
        }
    }
    return false;
}

lem_status lem_safetensors_file_read(lem_safetensors_file *f, const lem_safetensor *t, float *out, size_t count, lem_err *err) {
    lem_dtype dtype;
    if (!dtype_of(t->dtype, &dtype))
        return lem_fail(err, LEM_EDATA, "%s: tensor '%.95s' has dtype %s, supported are F32, F16 and BF16", f->path, t->name, t->dtype);
    size_t size = lem_dtype_size(dtype);
    if ((t->end - t->begin) / size != count)
        return lem_fail(err, LEM_EDATA, "%s: tensor '%.95s' has %llu elements, expected %zu", f->path, t->name,
                        (unsigned long long)((t->end - t->begin) / size), count);
    for (size_t at = 0; at < count;) {
        size_t n = count - at < CHUNK ? count - at : CHUNK;
        lem_status st = read_at(f, f->chunk, n * size, f->index.data_start + t->begin + at * size, err);
        if (st != LEM_OK) return st;
        for (size_t i = 0; i < n; i++) {
            out[at + i] = element(f->chunk + i * size, dtype);
            if (!isfinite(out[at + i]))
                return lem_fail(err, LEM_EDATA, "%s: tensor '%.95s' holds a value that is not finite, at %zu", f->path, t->name, at + i);
        }
        at += n;
    }
    return LEM_OK;
}

/* ---- writer ---- */

static int by_name(const void *a, const void *b) {
    const lem_safetensors_source *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

static size_t source_count(const lem_safetensors_source *t) {
    size_t n = 1;
    for (int i = 0; i < t->rank; i++) n *= (size_t)t->shape[i];
    return n;
}

static lem_json *describe(const lem_safetensors_source *t, lem_dtype dtype, uint64_t begin) {
    lem_json *o = lem_json_new_object(), *shape = lem_json_new_array(), *offsets = lem_json_new_array();
    bool ok = o && shape && offsets;
    for (int i = 0; ok && i < t->rank; i++) ok = lem_json_append(shape, lem_json_new_int(t->shape[i]));
    ok = ok && lem_json_append(offsets, lem_json_new_int((int64_t)begin)) &&
         lem_json_append(offsets, lem_json_new_int((int64_t)(begin + source_count(t) * lem_dtype_size(dtype))));
    ok = ok && lem_json_set(o, "dtype", lem_json_new_str(lem_dtype_name(dtype)));
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

static lem_status format_header(const lem_safetensors_source *const *sorted, size_t n, lem_dtype dtype, lem_buf *out, lem_err *err) {
    lem_json *o = lem_json_new_object(), *meta = lem_json_new_object();
    bool ok = o && meta && lem_json_set(meta, "format", lem_json_new_str("pt"));
    if (ok) ok = lem_json_set(o, "__metadata__", meta);
    else lem_json_free(meta);
    uint64_t at = 0;
    for (size_t i = 0; ok && i < n; i++) {
        lem_json *d = describe(sorted[i], dtype, at);
        ok = d && lem_json_set(o, sorted[i]->name, d);
        at += source_count(sorted[i]) * lem_dtype_size(dtype);
    }
    if (ok) lem_json_write(o, 0, out);
    lem_json_free(o);
    if (!ok) return lem_fail(err, LEM_EMEM, "safetensors header: out of memory");
    while (out->len % 8 != 0 && !out->failed) lem_buf_putc(out, ' ');
    return lem_buf_ok(out, err);
}

static lem_status write_data(lem_out *o, const lem_safetensors_source *t, lem_dtype dtype, unsigned char *chunk, lem_err *err) {
    size_t count = source_count(t), size = lem_dtype_size(dtype);
    for (size_t at = 0; at < count;) {
        size_t n = count - at < CHUNK ? count - at : CHUNK;
        for (size_t i = 0; i < n; i++) {
            uint32_t bits;
            if (dtype == LEM_DTYPE_BF16) bits = lem_f32_to_bf16(t->data[at + i]);
            else memcpy(&bits, &t->data[at + i], sizeof bits);
            for (size_t k = 0; k < size; k++) chunk[i * size + k] = (unsigned char)(bits >> 8 * k);
        }
        lem_status st = lem_out_write(o, chunk, n * size, err);
        if (st != LEM_OK) return st;
        at += n;
    }
    return LEM_OK;
}

lem_status lem_safetensors_write(const char *path, const lem_safetensors_source *source, size_t n, lem_dtype dtype, lem_err *err) {
    lem_status st = LEM_OK;
    lem_buf header = {0};
    lem_out *o = NULL;
    if (dtype != LEM_DTYPE_F32 && dtype != LEM_DTYPE_BF16) return lem_fail(err, LEM_EUSAGE, "models are written as F32 or BF16");
    const lem_safetensors_source **sorted = lem_alloc(n, sizeof *sorted, err);
    unsigned char *chunk = lem_alloc(CHUNK, 4, err);
    if (!sorted || !chunk) LEM_TRY(LEM_EMEM);
    for (size_t i = 0; i < n; i++) sorted[i] = &source[i];
    if (n) qsort(sorted, n, sizeof *sorted, by_name);
    LEM_TRY(format_header(sorted, n, dtype, &header, err));
    unsigned char length[8];
    for (int i = 0; i < 8; i++) length[i] = (unsigned char)((uint64_t)header.len >> 8 * i);
    LEM_TRY(lem_out_open(path, true, &o, err));
    LEM_TRY(lem_out_write(o, length, sizeof length, err));
    LEM_TRY(lem_out_write(o, header.data, header.len, err));
    for (size_t i = 0; i < n; i++) LEM_TRY(write_data(o, sorted[i], dtype, chunk, err));
    LEM_TRY(lem_out_commit(o, err));
done:
    lem_out_close(o);
    lem_buf_release(&header);
    lem_free(chunk);
    lem_free(sorted);
    return st;
}
