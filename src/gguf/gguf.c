/* gguf - the header read and checked, values by position */
#include "gguf/gguf.h"

#include "core/absent.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/mem.h"
#include "gguf/blocks.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64, KINDS };
enum { NAME_MAX_BYTES = 4096, ENTRIES_MAX = 1 << 16, TENSORS_MAX = 1 << 20, ALIGNMENT = 32 };
#define HEADER_FIRST ((size_t)1 << 20)
#define HEADER_MAX ((size_t)512 << 20)

static const uint8_t sizes[KINDS] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

typedef struct entry {
    uint32_t type; /* of an array: of its items */
    bool array;
    size_t at, end; /* of the value, or of the first item, in the header */
    uint64_t n;
} entry;

struct lem_gguf {
    unsigned char *header; /* [n] */
    size_t n;
    entry *entry;
    size_t n_entries;
    lem_map *by_key, *by_name;
    lem_gguf_tensor *tensor;
    size_t n_tensors;
    uint64_t data; /* place in the file */
    int fd;
    char *path;
};

/* ---- the header ---- */

typedef struct reader {
    const unsigned char *p;
    size_t at, n;
    uint64_t file_bytes;
    bool *more;
    lem_err *err;
} reader;

static lem_status broken(const reader *r, const char *what) {
    return lem_fail(r->err, LEM_EDATA, "the GGUF header is damaged at byte %zu: %s", r->at, what);
}

/* n bytes are there, or may be read later, or the file ends before. */
static lem_status need(const reader *r, uint64_t n) {
    if (n <= r->n - r->at) return LEM_OK;
    if (n > r->file_bytes - r->at) return broken(r, "the file ends before it does");
    *r->more = true;
    return lem_fail(r->err, LEM_EDATA, "the GGUF header goes on behind its first %zu bytes", r->n);
}

static uint64_t bytes_at(const unsigned char *p, size_t n) {
    uint64_t v = 0;
    for (size_t i = n; i > 0; i--) v = v << 8 | p[i - 1];
    return v;
}

static lem_status take(reader *r, size_t size, uint64_t *out) {
    lem_status st = need(r, size);
    if (st != LEM_OK) return st;
    *out = bytes_at(r->p + r->at, size);
    r->at += size;
    return LEM_OK;
}

static lem_status take_u32(reader *r, uint32_t *out) {
    uint64_t v = 0;
    lem_status st = take(r, 4, &v);
    *out = (uint32_t)v;
    return st;
}

static lem_status take_string(reader *r, const char **out, size_t *len) {
    uint64_t n = 0;
    lem_status st = take(r, 8, &n);
    if (st == LEM_OK) st = need(r, n);
    if (st != LEM_OK) return st;
    *out = (const char *)r->p + r->at;
    *len = (size_t)n;
    r->at += (size_t)n;
    return LEM_OK;
}

static lem_status take_name(reader *r, const char **out, size_t *len) {
    lem_status st = take_string(r, out, len);
    if (st != LEM_OK) return st;
    bool ok = *len > 0 && *len < NAME_MAX_BYTES && !memchr(*out, 0, *len);
    return ok ? LEM_OK : broken(r, "a name that is empty, too long or holds a zero byte");
}

static lem_status pass_items(reader *r, uint32_t type, uint64_t n) {
    const char *s;
    size_t len;
    lem_status st = LEM_OK;
    if (type != STRING) {
        if (n > r->file_bytes) return broken(r, "an array longer than the file");
        st = need(r, n * sizes[type]);
        if (st == LEM_OK) r->at += (size_t)n * sizes[type];
        return st;
    }
    for (uint64_t i = 0; st == LEM_OK && i < n; i++) st = take_string(r, &s, &len);
    return st;
}

static lem_status take_entry(reader *r, entry *e) {
    uint32_t type = 0;
    lem_status st = take_u32(r, &type);
    *e = (entry){.type = type, .n = 1};
    if (st == LEM_OK && type == ARRAY) {
        e->array = true;
        st = take_u32(r, &e->type);
        if (st == LEM_OK) st = take(r, 8, &e->n);
    }
    if (st != LEM_OK) return st;
    if (e->type >= KINDS || e->type == ARRAY) return broken(r, "a value of no known kind, or a nested array");
    e->at = r->at;
    st = pass_items(r, e->type, e->n);
    e->end = r->at;
    return st;
}

static lem_status take_entries(lem_gguf *g, reader *r, uint64_t n) {
    lem_status st = LEM_OK;
    if (n > ENTRIES_MAX) return broken(r, "too many entries");
    g->entry = lem_alloc_zero((size_t)n + 1, sizeof *g->entry, r->err);
    if (!g->entry) return LEM_EMEM;
    for (; st == LEM_OK && g->n_entries < n; g->n_entries++) {
        const char *key = NULL;
        size_t len = 0;
        st = take_name(r, &key, &len);
        if (st == LEM_OK && lem_map_find(g->by_key, key, len, NULL))
            st = broken(r, "a key that stands twice");
        if (st == LEM_OK) st = take_entry(r, &g->entry[g->n_entries]);
        if (st == LEM_OK) st = lem_map_set(g->by_key, key, len, (int64_t)g->n_entries, r->err);
    }
    return st;
}

/* Values and bytes of the tensor, as its shape and type say. */
static lem_status measure(const reader *r, lem_gguf_tensor *t) {
    const lem_gguf_type *type = lem_gguf_type_of(t->type);
    t->count = 1;
    for (int i = 0; i < t->rank; i++) {
        if (t->shape[i] == 0 || t->shape[i] > UINT64_C(1) << 40 ||
            t->count > (UINT64_C(1) << 40) / t->shape[i])
            return broken(r, "a tensor of impossible shape");
        t->count *= t->shape[i];
    }
    if (!type || !type->bytes) return LEM_OK; /* refused when it is read */
    if (t->shape[0] % type->values) return broken(r, "a tensor whose rows are not whole blocks");
    t->bytes = t->count / type->values * type->bytes;
    return LEM_OK;
}

static lem_status take_shape(reader *r, lem_gguf_tensor *t) {
    uint32_t rank = 0;
    lem_status st = take_u32(r, &rank);
    if (st == LEM_OK && (rank < 1 || rank > LEM_GGUF_RANK))
        st = broken(r, "a tensor of no, or too many, sides");
    for (int i = 0; i < LEM_GGUF_RANK; i++) t->shape[i] = 1;
    for (uint32_t i = 0; st == LEM_OK && i < rank; i++) st = take(r, 8, &t->shape[i]);
    t->rank = (int)rank;
    return st;
}

static lem_status take_tensor(lem_gguf *g, reader *r, lem_gguf_tensor *t) {
    const char *name = NULL;
    size_t len = 0;
    lem_status st = LEM_OK;
    LEM_TRY(take_name(r, &name, &len));
    if (lem_map_find(g->by_name, name, len, NULL)) LEM_TRY(broken(r, "a tensor that stands twice"));
    LEM_TRY(take_shape(r, t));
    LEM_TRY(take_u32(r, &t->type));
    LEM_TRY(take(r, 8, &t->at));
    LEM_TRY(measure(r, t));
    t->name = lem_strndup(name, len, r->err);
    if (!t->name) LEM_TRY(LEM_EMEM);
    LEM_TRY(lem_map_set(g->by_name, name, len, (int64_t)(t - g->tensor), r->err));
done:
    return st;
}

static lem_status take_tensors(lem_gguf *g, reader *r, uint64_t n) {
    lem_status st = LEM_OK;
    if (n > TENSORS_MAX || n > r->file_bytes / 24) return broken(r, "more tensors than the file can hold");
    g->tensor = lem_alloc_zero((size_t)n + 1, sizeof *g->tensor, r->err);
    if (!g->tensor) return LEM_EMEM;
    for (uint64_t i = 0; st == LEM_OK && i < n; i++) {
        g->n_tensors = (size_t)i + 1;
        st = take_tensor(g, r, &g->tensor[i]);
    }
    return st;
}

/* Where the data begin, and that each tensor lies in them. */
static lem_status place(lem_gguf *g, const reader *r) {
    uint64_t align = ALIGNMENT;
    if (lem_gguf_has(g, "general.alignment") && !lem_gguf_uint(g, "general.alignment", &align))
        return broken(r, "general.alignment is no number");
    if (align == 0 || align > 1 << 20 || align & (align - 1))
        return broken(r, "general.alignment is no power of 2");
    g->data = ((uint64_t)r->at + align - 1) / align * align;
    for (size_t i = 0; i < g->n_tensors; i++) {
        lem_gguf_tensor *t = &g->tensor[i];
        uint64_t room = r->file_bytes > g->data ? r->file_bytes - g->data : 0;
        if (g->data > r->file_bytes || t->at % align || t->at > room || t->bytes > room - t->at)
            return lem_fail(r->err, LEM_EDATA, "tensor '%.95s' lies behind the end of the file, which is cut",
                            t->name);
        t->at += g->data;
    }
    return LEM_OK;
}

static lem_status read_header(lem_gguf *g, reader *r) {
    uint32_t magic = 0, version = 0;
    uint64_t tensors = 0, entries = 0;
    lem_status st = LEM_OK;
    LEM_TRY(take_u32(r, &magic));
    if (magic != 0x46554747)
        LEM_TRY(lem_fail(r->err, LEM_EDATA, "no GGUF file: it does not begin with 'GGUF'"));
    LEM_TRY(take_u32(r, &version));
    if (version != 2 && version != 3)
        LEM_TRY(lem_fail(r->err, LEM_EDATA, "GGUF version %u%s; read are 2 and 3, little-endian",
                         (unsigned)version, version >> 16 ? " (big-endian?)" : ""));
    LEM_TRY(take(r, 8, &tensors));
    LEM_TRY(take(r, 8, &entries));
    LEM_TRY(take_entries(g, r, entries));
    LEM_TRY(take_tensors(g, r, tensors));
    LEM_TRY(place(g, r));
done:
    return st;
}

lem_status lem_gguf_parse(const void *bytes, size_t n, uint64_t file_bytes, bool *more, lem_gguf **out,
                          lem_err *err) {
    lem_gguf *g = lem_alloc_zero(1, sizeof *g, err);
    *more = false;
    if (!g) return LEM_EMEM;
    g->fd = -1;
    lem_status st = LEM_EMEM;
    g->header = lem_alloc(n ? n : 1, 1, err);
    g->by_key = lem_map_new(err);
    g->by_name = lem_map_new(err);
    if (g->header && g->by_key && g->by_name) {
        if (n) memcpy(g->header, bytes, n);
        g->n = n;
        reader r = {
            .p = g->header, .n = n, .file_bytes = file_bytes < n ? n : file_bytes, .more = more, .err = err};
        st = read_header(g, &r);
    }
    if (st == LEM_OK) *out = g;
    else lem_gguf_close(g);
    return st;
}

/* ---- the file ---- */

static lem_status read_at(int fd, const char *path, uint64_t at, size_t n, unsigned char *out, lem_err *err) {
    for (size_t got = 0; got < n;) {
        ssize_t k = pread(fd, out + got, n - got, (off_t)(at + got));
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return lem_fail_errno(err, LEM_EIO, "read %s", path);
        if (k == 0) return lem_fail(err, LEM_EDATA, "%s: the file has become shorter", path);
        got += (size_t)k;
    }
    return LEM_OK;
}

static lem_status open_header(int fd, const char *path, uint64_t size, lem_gguf **out, lem_err *err) {
    lem_status st = LEM_OK;
    bool more = true;
    for (size_t n = HEADER_FIRST; more; n *= 4) {
        size_t now = size < n ? (size_t)size : n;
        if (n > HEADER_MAX)
            return lem_fail(err, LEM_EDATA, "%s: its header is above %zu MiB", path, HEADER_MAX >> 20);
        unsigned char *bytes = lem_alloc(now ? now : 1, 1, err);
        st = bytes ? read_at(fd, path, 0, now, bytes, err) : LEM_EMEM;
        more = false;
        if (st == LEM_OK) st = lem_gguf_parse(bytes, now, size, &more, out, err);
        lem_free(bytes);
    }
    return st == LEM_OK || st == LEM_EMEM ? st : lem_err_context(err, "%s", path);
}

lem_status lem_gguf_open(const char *path, lem_gguf **out, lem_err *err) {
    uint64_t size = 0;
    lem_err own = LEM_ERR_INIT;
    if (!err) err = &own;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return lem_absent_open(path, err);
    lem_status st = lem_file_size(path, &size, err);
    lem_gguf *g = NULL;
    if (st == LEM_OK) st = open_header(fd, path, size, &g, err);
    if (st == LEM_OK && !(g->path = lem_strdup(path, err))) st = LEM_EMEM;
    if (st != LEM_OK) {
        lem_gguf_close(g);
        close(fd);
        return st;
    }
    g->fd = fd;
    *out = g;
    return LEM_OK;
}

void lem_gguf_close(lem_gguf *g) {
    if (!g) return;
    if (g->fd >= 0) close(g->fd);
    for (size_t i = 0; i < g->n_tensors; i++) lem_free(g->tensor[i].name);
    lem_free(g->tensor);
    lem_free(g->entry);
    lem_map_free(g->by_key);
    lem_map_free(g->by_name);
    lem_free(g->header);
    lem_free(g->path);
    lem_free(g);
}

bool lem_gguf_is(const char *path) {
    char head[4] = {0};
    FILE *f = fopen(path, "rbe");
    bool yes = f && fread(head, 1, 4, f) == 4 && memcmp(head, "GGUF", 4) == 0;
    if (f) fclose(f);
    return yes;
}

/* ---- tensors ---- */

size_t lem_gguf_count(const lem_gguf *g) { return g->n_tensors; }
const lem_gguf_tensor *lem_gguf_at(const lem_gguf *g, size_t i) { return &g->tensor[i]; }

const lem_gguf_tensor *lem_gguf_tensor_of(const lem_gguf *g, const char *name) {
    int64_t at = 0;
    return lem_map_find(g->by_name, name, strlen(name), &at) ? &g->tensor[at] : NULL;
}

lem_status lem_gguf_read(const lem_gguf *g, const lem_gguf_tensor *t, uint64_t from, size_t n, float *out,
                         void *scratch, lem_err *err) {
    const lem_gguf_type *type = lem_gguf_type_of(t->type);
    if (!type || !type->bytes)
        return lem_fail(
            err, LEM_EDATA,
            "%s: tensor '%.95s' has type %s (%u); read are F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, "
            "Q8_0, Q4_K, Q5_K and Q6_K",
            g->path, t->name, type ? type->name : "?", (unsigned)t->type);
    if (from % type->values || n % type->values || from > t->count || n > t->count - from)
        return lem_fail(err, LEM_EUSAGE, "%s: no whole blocks", t->name);
    uint64_t blocks = n / type->values;
    lem_status st = read_at(g->fd, g->path, t->at + from / type->values * type->bytes,
                            (size_t)blocks * type->bytes, scratch, err);
    if (st != LEM_OK) return st;
    lem_gguf_unpack(type, scratch, (size_t)blocks, out);
    for (size_t i = 0; i < n; i++)
        if (!isfinite(out[i]))
            return lem_fail(err, LEM_EDATA, "%s: tensor '%.95s': value %llu is not finite", g->path, t->name,
                            (unsigned long long)(from + i));
    return LEM_OK;
}

/* ---- metadata ---- */

static const entry *find(const lem_gguf *g, const char *key) {
    int64_t at = 0;
    return lem_map_find(g->by_key, key, strlen(key), &at) ? &g->entry[at] : NULL;
}

bool lem_gguf_has(const lem_gguf *g, const char *key) { return find(g, key) != NULL; }

static double num_of(uint32_t type, const unsigned char *p) {
    uint64_t v = bytes_at(p, sizes[type]);
    uint32_t half = (uint32_t)v;
    float single;
    double twice;
    switch (type) {
    case I8: return (int8_t)v;
    case I16: return (int16_t)v;
    case I32: return (int32_t)v;
    case I64: return (double)(int64_t)v;
    case F32: memcpy(&single, &half, 4); return (double)single;
    case F64: memcpy(&twice, &v, 8); return twice;
    default: return (double)v;
    }
}

bool lem_gguf_num(const lem_gguf *g, const char *key, double *out) {
    const entry *e = find(g, key);
    if (!e || e->array || e->type == STRING || e->type == BOOL) return false;
    *out = num_of(e->type, g->header + e->at);
    return isfinite(*out);
}

bool lem_gguf_uint(const lem_gguf *g, const char *key, uint64_t *out) {
    const entry *e = find(g, key);
    double v = 0;
    if (!e || e->type == F32 || e->type == F64 || !lem_gguf_num(g, key, &v)) return false;
    if (v < 0 || v > 9e15) return false;
    *out = (uint64_t)v;
    return true;
}

bool lem_gguf_bool(const lem_gguf *g, const char *key, bool *out) {
    const entry *e = find(g, key);
    if (!e || e->array || e->type != BOOL) return false;
    *out = g->header[e->at] != 0;
    return true;
}

bool lem_gguf_array(const lem_gguf *g, const char *key, lem_gguf_list *out) {
    const entry *e = find(g, key);
    if (!e || !e->array) return false;
    *out = (lem_gguf_list){g->header + e->at, g->header + e->end, e->n, e->type};
    return true;
}

bool lem_gguf_next_str(lem_gguf_list *l, const char **out, size_t *len) {
    if (l->type != STRING || l->n == 0) return false;
    uint64_t n = bytes_at(l->p, 8); /* checked when the header was read */
    *out = (const char *)l->p + 8;
    *len = (size_t)n;
    l->p += 8 + (size_t)n;
    l->n--;
    return true;
}

bool lem_gguf_next_num(lem_gguf_list *l, double *out) {
    if (l->type == STRING || l->n == 0) return false;
    *out = num_of(l->type, l->p);
    l->p += sizes[l->type];
    l->n--;
    return true;
}

bool lem_gguf_str(const lem_gguf *g, const char *key, const char **out, size_t *len) {
    const entry *e = find(g, key);
    if (!e || e->array || e->type != STRING) return false;
    lem_gguf_list one = {g->header + e->at, g->header + e->end, 1, STRING};
    return lem_gguf_next_str(&one, out, len);
}
