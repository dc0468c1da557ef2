/* arrow_batch - a record batch's nodes and buffers made arrays, every length checked against its buffers */
#include "rows/arrow_priv.h"

#include "core/mem.h"
#include "rows/unpack_priv.h"

enum { BATCH_LENGTH, BATCH_NODES, BATCH_BUFFERS, BATCH_COMPRESSION, BATCH_VARIADIC };
enum { CODEC_LZ4_FRAME, CODEC_ZSTD };
#define MAX_ROWS ((uint64_t)1 << 31)
#define MAX_UNPACKED ((uint64_t)4 << 30)

typedef struct loading {
    lem_flat_vector nodes, buffers, variadic;
    size_t node, buffer, views; /* the next ones */
    const unsigned char *body;
    uint64_t n;
    bool compressed;
    lem_codec codec;
    uint64_t unpacked; /* bytes so far */
    size_t max_row;
    bool all;
    lem_batch *out;
    lem_err *err;
} loading;

static lem_status damaged(const loading *l) {
    return lem_fail(l->err, LEM_EDATA, "a record batch is damaged");
}

/* ---- Buffers ---- */

static int64_t int64_at(const unsigned char *p) {
    uint64_t v = 0;
    for (int i = 7; i >= 0; i--) v = v << 8 | p[i];
    return (int64_t)v;
}

/* A compressed buffer begins with its size; -1: it lies there as it is. */
static lem_status unpack(loading *l, lem_span *span) {
    if (span->n == 0) return LEM_OK;
    if (span->n < 8) return damaged(l);
    int64_t size = int64_at(span->p);
    *span = (lem_span){span->p + 8, span->n - 8};
    if (size == -1) return LEM_OK;
    if (size < 0) return damaged(l);
    l->unpacked += (uint64_t)size;
    if (l->unpacked > MAX_UNPACKED) return lem_fail(l->err, LEM_EDATA, "a record batch of more than 4 GiB");
    if (lem_rows_too_long(l->unpacked, l->out->len, l->max_row)) return lem_row_too_long(l->max_row, l->err);
    lem_buf *to = &l->out->unpacked[l->out->n_unpacked++];
    lem_status st = lem_unpack(l->codec, span->p, (size_t)span->n, (uint64_t)size, to, l->err);
    *span = (lem_span){(const unsigned char *)lem_buf_str(to), to->len};
    return st;
}

static lem_status next_buffer(loading *l, lem_span *out) {
    if (l->buffer == l->buffers.count) return damaged(l);
    int64_t at = lem_flat_vector_int64(&l->buffers, 16 * l->buffer);
    int64_t n = lem_flat_vector_int64(&l->buffers, 16 * l->buffer + 8);
    l->buffer++;
    if (at < 0 || n < 0 || (uint64_t)n > l->n || (uint64_t)at > l->n - (uint64_t)n) {
        if (n != 0) return lem_fail(l->err, LEM_EDATA, "a record batch ends early");
        at = 0; /* an empty buffer may lie anywhere */
    }
    *out = (lem_span){l->body + at, (uint64_t)n};
    return l->compressed ? unpack(l, out) : LEM_OK;
}

/* A buffer of at least count times `each` bytes; count 0 may have none. */
static lem_status sized_buffer(loading *l, uint64_t count, uint64_t each, lem_span *out) {
    lem_status st = next_buffer(l, out);
    if (st != LEM_OK) return st;
    return count <= out->n / each ? LEM_OK : lem_fail(l->err, LEM_EDATA, "a record batch ends early");
}

static lem_status validity(loading *l, lem_array *a, int64_t nulls) {
    lem_status st = next_buffer(l, &a->validity);
    if (st != LEM_OK) return st;
    if (nulls == 0) a->validity.n = 0;
    if (a->validity.n == 0 ? nulls != 0 && a->len : a->validity.n < a->len / 8 + (a->len % 8 != 0))
        return damaged(l);
    return LEM_OK;
}

/* n + 1 offsets; an array of no elements may have none. */
static lem_status offsets(loading *l, lem_array *a, uint64_t each) {
    return sized_buffer(l, a->len ? a->len + 1 : 0, each, &a->offsets);
}

static lem_status views(loading *l, lem_array *a) {
    lem_status st = sized_buffer(l, a->len, 16, &a->offsets);
    if (st != LEM_OK) return st;
    int64_t n = l->views < l->variadic.count ? lem_flat_vector_int64(&l->variadic, 8 * l->views) : -1;
    l->views++;
    if (n < 0 || (uint64_t)n > l->buffers.count - l->buffer) return damaged(l);
    a->more = lem_alloc_zero((size_t)n, sizeof *a->more, l->err);
    if (!a->more) return LEM_EMEM;
    for (; a->n_more < (size_t)n; a->n_more++) {
        st = next_buffer(l, &a->more[a->n_more]);
        if (st != LEM_OK) return st;
    }
    return LEM_OK;
}

/* ---- Passing over what is not wanted ---- */

static lem_status pass(loading *l, const lem_field *f) {
    static const unsigned char buffers[] = {
        [LEM_LAYOUT_BITS] = 2,   [LEM_LAYOUT_FIXED] = 2,      [LEM_LAYOUT_VAR32] = 3,
        [LEM_LAYOUT_VAR64] = 3,  [LEM_LAYOUT_VIEW] = 2,       [LEM_LAYOUT_LIST32] = 2,
        [LEM_LAYOUT_LIST64] = 2, [LEM_LAYOUT_FIXED_LIST] = 1, [LEM_LAYOUT_STRUCT] = 1};
    uint64_t n = f->has_dictionary ? 2 : buffers[f->layout];
    l->node++;
    if (f->layout == LEM_LAYOUT_VIEW && !f->has_dictionary) {
        int64_t more = l->views < l->variadic.count ? lem_flat_vector_int64(&l->variadic, 8 * l->views) : -1;
        l->views++;
        if (more < 0 || (uint64_t)more > l->buffers.count) return damaged(l);
        n += (uint64_t)more;
    }
    if (n > l->buffers.count - l->buffer) return damaged(l);
    l->buffer += (size_t)n;
    for (size_t i = 0; i < f->n_children && !f->has_dictionary; i++) {
        lem_status st = pass(l, &f->child[i]);
        if (st != LEM_OK) return st;
    }
    return LEM_OK;
}

/* ---- Arrays ---- */

static lem_status load(loading *l, const lem_field *f, bool as_values, lem_array *a);

static lem_status load_children(loading *l, const lem_field *f, lem_array *a) {
    a->child = lem_alloc_zero(f->n_children, sizeof *a->child, l->err);
    if (!a->child) return LEM_EMEM;
    a->n_children = f->n_children;
    for (size_t i = 0; i < f->n_children; i++) {
        lem_status st = load(l, &f->child[i], false, &a->child[i]);
        if (st != LEM_OK) return st;
        uint64_t need = f->layout == LEM_LAYOUT_FIXED_LIST ? f->width : f->layout == LEM_LAYOUT_STRUCT;
        if (need && a->len > a->child[i].len / need) return damaged(l);
    }
    return LEM_OK;
}

static lem_status load_layout(loading *l, const lem_field *f, lem_array *a, int64_t nulls) {
    lem_status st = LEM_OK;
    if (f->layout != LEM_LAYOUT_NULL) LEM_TRY(validity(l, a, nulls));
    switch ((lem_layout)f->layout) {
    case LEM_LAYOUT_NULL: return LEM_OK;
    case LEM_LAYOUT_BITS: return sized_buffer(l, a->len / 8 + (a->len % 8 != 0), 1, &a->data);
    case LEM_LAYOUT_FIXED: return sized_buffer(l, a->len, f->width, &a->data);
    case LEM_LAYOUT_VAR32:
    case LEM_LAYOUT_VAR64:
        LEM_TRY(offsets(l, a, f->layout == LEM_LAYOUT_VAR32 ? 4 : 8));
        return next_buffer(l, &a->data);
    case LEM_LAYOUT_VIEW: return views(l, a);
    case LEM_LAYOUT_LIST32:
    case LEM_LAYOUT_LIST64: LEM_TRY(offsets(l, a, f->layout == LEM_LAYOUT_LIST32 ? 4 : 8)); break;
    case LEM_LAYOUT_FIXED_LIST:
    case LEM_LAYOUT_STRUCT: break;
    }
    st = load_children(l, f, a);
done:
    return st;
}

/* The next array. as_values: that of the dictionary's values, not of indices into it. */
static lem_status load(loading *l, const lem_field *f, bool as_values, lem_array *a) {
    if (l->node == l->nodes.count) return damaged(l);
    int64_t len = lem_flat_vector_int64(&l->nodes, 16 * l->node);
    int64_t nulls = lem_flat_vector_int64(&l->nodes, 16 * l->node + 8);
    l->node++;
    if (len < 0 || len > (int64_t)1 << 40 || nulls < 0 || nulls > len) return damaged(l);
    a->field = f;
    a->len = (uint64_t)len;
    a->indices = f->has_dictionary && !as_values;
    if (!a->indices) return load_layout(l, f, a, nulls);
    lem_status st = validity(l, a, nulls);
    return st == LEM_OK ? sized_buffer(l, a->len, (uint64_t)f->index_width, &a->data) : st;
}

static lem_status load_columns(loading *l, const lem_field *root) {
    lem_batch *b = l->out;
    b->root.child = lem_alloc_zero(root->n_children, sizeof *b->root.child, l->err);
    if (!b->root.child) return LEM_EMEM;
    b->root.n_children = root->n_children;
    for (size_t i = 0; i < root->n_children; i++) {
        const lem_field *f = &root->child[i];
        bool take = l->all || f->wanted;
        lem_status st = take ? load(l, f, l->all, &b->root.child[i]) : pass(l, f);
        if (st == LEM_OK && take && b->root.child[i].len != b->len) st = damaged(l);
        if (st != LEM_OK) return lem_err_context(l->err, "column '%s'", f->name);
    }
    return l->node == l->nodes.count && l->buffer == l->buffers.count ? LEM_OK : damaged(l);
}

static lem_status read_compression(loading *l, const lem_flat *batch) {
    lem_flat c;
    if (!lem_flat_has(batch, BATCH_COMPRESSION)) return LEM_OK;
    if (!lem_flat_table(batch, BATCH_COMPRESSION, &c)) return damaged(l);
    int64_t codec = lem_flat_int(&c, 0, 1, CODEC_LZ4_FRAME);
    if (codec != CODEC_LZ4_FRAME && codec != CODEC_ZSTD)
        return lem_refuse_arrow(l->err, "an unknown compression");
    l->codec = codec == CODEC_ZSTD ? LEM_CODEC_ZSTD : LEM_CODEC_LZ4_FRAME;
    l->compressed = true;
    return LEM_OK;
}

int64_t lem_arrow_batch_rows(const lem_flat *batch) { return lem_flat_int(batch, BATCH_LENGTH, 8, 0); }

lem_status lem_arrow_batch(const lem_flat *batch, const lem_field *root, bool all, lem_span body,
                           size_t max_row, lem_batch *out, lem_err *err) {
    loading l = {.body = body.p, .n = body.n, .all = all, .max_row = max_row, .out = out, .err = err};
    int64_t len = lem_arrow_batch_rows(batch);
    *out = (lem_batch){0};
    if (len < 0 || (uint64_t)len > MAX_ROWS || !lem_flat_vector_of(batch, BATCH_NODES, 16, &l.nodes) ||
        !lem_flat_vector_of(batch, BATCH_BUFFERS, 16, &l.buffers) ||
        !lem_flat_vector_of(batch, BATCH_VARIADIC, 8, &l.variadic))
        return damaged(&l);
    out->len = (uint64_t)len;
    out->unpacked = lem_alloc_zero(l.buffers.count, sizeof *out->unpacked, err);
    lem_status st = out->unpacked ? read_compression(&l, batch) : LEM_EMEM;
    if (st == LEM_OK) st = load_columns(&l, root);
    if (st != LEM_OK) lem_batch_release(out);
    return st;
}

static void release_array(lem_array *a) {
    for (size_t i = 0; i < a->n_children; i++) release_array(&a->child[i]);
    lem_free(a->child);
    lem_free(a->more);
}

void lem_batch_release(lem_batch *b) {
    release_array(&b->root);
    for (size_t i = 0; i < b->n_unpacked; i++) lem_buf_release(&b->unpacked[i]);
    lem_free(b->unpacked);
    *b = (lem_batch){0};
}
