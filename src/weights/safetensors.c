/* safetensors - strict reader of the safetensors container */
#include "weights/safetensors.h"
#include "core/absent.h"
#include "core/buf.h"
#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"
#include "weights/values.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 1 << 15 /* elements converted at a time */, MAX_TENSORS = 1 << 20, FREE_HEADER = 1 << 20 };

static uint64_t dtype_bits(const char *name) {
    static const struct {
        const char *name;
        uint64_t bits;
    } known[] = {{"F32", 32}, {"BF16", 16}, {"F16", 16}, {"F64", 64},    {"I64", 64},
                 {"U64", 64}, {"I32", 32},  {"U32", 32}, {"I16", 16},    {"U16", 16},
                 {"I8", 8},   {"U8", 8},    {"BOOL", 8}, {"F8_E4M3", 8}, {"F8_E5M2", 8}};
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
        if (__builtin_mul_overflow(total, (uint64_t)d, &total))
            return lem_fail(err, LEM_EDATA, "shape overflows");
    }
    *bytes = total;
    return LEM_OK;
}

static lem_status parse_tensor(const char *name, const lem_json *v, uint64_t data_bytes, lem_safetensor *t,
                               lem_err *err) {
    static const char *const fields[] = {"dtype", "shape", "data_offsets"};
    if (lem_json_kind(v) != LEM_JSON_OBJECT || lem_json_count(v) != 3)
        return lem_fail(err, LEM_EDATA, "must be {dtype, shape, data_offsets}");
    for (int i = 0; i < 3; i++)
        if (!lem_json_get(v, fields[i])) return lem_fail(err, LEM_EDATA, "%s is missing", fields[i]);
    const char *dtype = lem_json_str(lem_json_get(v, "dtype"), "?");
    uint64_t bytes = dtype_bits(dtype) / 8;
    if (bytes == 0 || strlen(dtype) >= sizeof t->dtype)
        return lem_fail(err, LEM_EDATA, "unknown dtype '%.20s'", dtype);
    memcpy(t->dtype, dtype, strlen(dtype) + 1);
    lem_status st = parse_shape(lem_json_get(v, "shape"), &bytes, t, err);
    if (st != LEM_OK) return st;
    const lem_json *offsets = lem_json_get(v, "data_offsets");
    int64_t begin = lem_json_int(lem_json_at(offsets, 0), -1),
            end = lem_json_int(lem_json_at(offsets, 1), -1);
    if (lem_json_count(offsets) != 2 || begin < 0 || end < begin)
        return lem_fail(err, LEM_EDATA, "data_offsets must be [begin, end]");
    if ((uint64_t)end > data_bytes)
        return lem_fail(err, LEM_EDATA,
                        "ends at byte %lld of the data, but the file holds only %llu (truncated?)",
                        (long long)end, (unsigned long long)data_bytes);
    if ((uint64_t)(end - begin) != bytes)
        return lem_fail(err, LEM_EDATA, "shape and dtype need %llu bytes, data_offsets give %lld",
                        (unsigned long long)bytes, (long long)(end - begin));
    t->begin = (uint64_t)begin;
    t->end = (uint64_t)end;
    t->name = lem_strdup(name, err);
    return t->name ? LEM_OK : LEM_EMEM;
}

static lem_status check_metadata(const lem_json *v, lem_err *err) {
    if (lem_json_kind(v) != LEM_JSON_OBJECT)
        return lem_fail(err, LEM_EDATA, "__metadata__ must be an object of strings");
    for (const char *key = lem_json_key_next(v, NULL); key; key = lem_json_key_next(v, key))
        if (lem_json_kind(lem_json_key_value(key)) != LEM_JSON_STRING)
            return lem_fail(err, LEM_EDATA, "__metadata__ must be an object of strings");
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
            return lem_fail(err, LEM_EDATA,
                            "tensor '%.95s' begins at byte %llu of the data, %s one ends at %llu", t->name,
                            (unsigned long long)t->begin,
                            t->begin < at ? "inside its neighbour: the last" : "after a gap: the last",
                            (unsigned long long)at);
        at = t->end;
    }
    if (at != data_bytes)
        return lem_fail(err, LEM_EDATA, "%llu bytes follow the last tensor",
                        (unsigned long long)(data_bytes - at));
    return LEM_OK;
}

void lem_safetensors_release(lem_safetensors *s) {
    for (size_t i = 0; i < s->n; i++) lem_free(s->tensor[i].name);
    lem_free(s->tensor);
    *s = (lem_safetensors){NULL, 0, 0};
}

lem_status lem_safetensors_parse(const char *header, size_t n, uint64_t data_bytes, lem_safetensors *out,
                                 lem_err *err) {
    lem_status st = LEM_OK;
    lem_safetensors s = {NULL, 0, 0};
    lem_json *json = NULL;
    if (n == 0 || header[0] != '{')
        return lem_fail(err, LEM_EDATA, "safetensors header does not begin with '{'");
    /* Parsed it takes some forty times its length: a header is at most as long as its data, and 1 MiB more.
     */
    if (n > FREE_HEADER && n - FREE_HEADER > data_bytes)
        return lem_fail(err, LEM_EDATA,
                        "safetensors header of %zu bytes for %llu bytes of data: no tensors need that", n,
                        (unsigned long long)data_bytes);
    LEM_TRY(lem_json_parse(header, n, &json, err));
    if (lem_json_kind(json) != LEM_JSON_OBJECT)
        LEM_TRY(lem_fail(err, LEM_EDATA, "safetensors header must be an object"));
    size_t count = lem_json_count(json);
    if (count > MAX_TENSORS)
        LEM_TRY(lem_fail(err, LEM_EDATA, "safetensors header of %zu tensors (limit %d)", count, MAX_TENSORS));
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
    if (size < 8)
        LEM_TRY(lem_fail(err, LEM_EDATA, "%s: %llu bytes are too few for a safetensors file", f->path,
                         (unsigned long long)size));
    LEM_TRY(read_at(f, raw, sizeof raw, 0, err));
    for (int i = 7; i >= 0; i--) length = length << 8 | raw[i];
    if (length > LEM_SAFETENSORS_HEADER_MAX || length > size - 8)
        LEM_TRY(lem_fail(
            err, LEM_EDATA,
            "%s: header of %llu bytes in a file of %llu (limit %d): truncated, or not a safetensors file",
            f->path, (unsigned long long)length, (unsigned long long)size, LEM_SAFETENSORS_HEADER_MAX));
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
    if (!f->path) LEM_TRY(LEM_EMEM);
    f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (f->fd < 0) LEM_TRY(lem_absent_open(path, err));
    if (fstat(f->fd, &info) != 0 || !S_ISREG(info.st_mode))
        LEM_TRY(lem_fail(err, LEM_EDATA, "open %s: not a regular file", path));
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
    lem_free(f->path);
    lem_free(f);
}

const char *lem_safetensors_file_path(const lem_safetensors_file *f) { return f->path; }

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

lem_status lem_safetensors_file_read_bytes(const lem_safetensors_file *f, const lem_safetensor *t,
                                           uint64_t from, size_t n, void *out, lem_err *err) {
    if (from > t->end - t->begin || n > t->end - t->begin - from)
        return lem_fail(err, LEM_EUSAGE, "%s: bytes %llu..%llu of the tensor '%.95s', which has %llu",
                        f->path, (unsigned long long)from, (unsigned long long)from + n, t->name,
                        (unsigned long long)(t->end - t->begin));
    return read_at(f, out, n, f->index.data_start + t->begin + from, err);
}

static lem_status not_finite(const lem_safetensors_file *f, const lem_safetensor *t, size_t at,
                             lem_err *err) {
    return lem_fail(err, LEM_EDATA, "%s: tensor '%.95s' holds a value that is not finite, at %zu", f->path,
                    t->name, at);
}

lem_status lem_safetensors_file_read_part(const lem_safetensors_file *f, const lem_safetensor *t, size_t from,
                                          size_t n, float *out, void *scratch, lem_err *err) {
    lem_dtype dtype;
    if (!lem_values_dtype(t->dtype, &dtype))
        return lem_fail(err, LEM_EDATA, "%s: tensor '%.95s' has dtype %s, supported are F32, F16 and BF16",
                        f->path, t->name, t->dtype);
    size_t size = lem_dtype_size(dtype);
    void *raw = dtype == LEM_DTYPE_F32 ? out : scratch;
    lem_status st = lem_safetensors_file_read_bytes(f, t, (uint64_t)from * size, n * size, raw, err);
    if (st != LEM_OK) return st;
    size_t good = lem_values_read(dtype, raw, n, out);
    return good == n ? LEM_OK : not_finite(f, t, from + good, err);
}

lem_status lem_safetensors_file_read(const lem_safetensors_file *f, const lem_safetensor *t, float *out,
                                     size_t count, lem_err *err) {
    lem_dtype dtype = LEM_DTYPE_F32;
    uint64_t have = lem_values_dtype(t->dtype, &dtype) ? (t->end - t->begin) / lem_dtype_size(dtype) : count;
    if (have != count)
        return lem_fail(err, LEM_EDATA, "%s: tensor '%.95s' has %llu elements, expected %zu", f->path,
                        t->name, (unsigned long long)have, count);
    unsigned char *scratch = lem_alloc(CHUNK, 2, err);
    lem_status st = scratch ? LEM_OK : LEM_EMEM;
    for (size_t at = 0; st == LEM_OK && at < count; at += CHUNK)
        st = lem_safetensors_file_read_part(f, t, at, count - at < CHUNK ? count - at : CHUNK, out + at,
                                            scratch, err);
    lem_free(scratch);
    return st;
}
