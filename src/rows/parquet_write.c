/* parquet_write - row groups and footer of a Parquet file: pages v1, PLAIN values, zstd */
#include "rows/parquet_write_priv.h"

#include "rows/thrift_priv.h"

#include "core/version.h"

#include <string.h>
#include <zlib.h>
#include <zstd.h>

enum { ZSTD_LEVEL = 3, CODEC_ZSTD = 6, OPTIONAL = 1, REPEATED = 2, CONVERTED_UTF8 = 0, CONVERTED_LIST = 3 };
#define PAGE_MOST ((size_t)1 << 30)

/* ---- Thrift, compact protocol ---- */

static void put_varint(lem_buf *b, uint64_t v) {
    for (; v >= 128; v >>= 7) lem_buf_putc(b, (char)(v | 128));
    lem_buf_putc(b, (char)v);
}

static void put_zigzag(lem_buf *b, int64_t v) { put_varint(b, (uint64_t)v << 1 ^ (uint64_t)(v >> 63)); }

/* A field of a struct; *last is the id of the one before. */
static void put_field(lem_buf *b, int *last, int id, int type) {
    lem_buf_putc(b, (char)((id - *last) << 4 | type));
    *last = id;
}

static void put_int(lem_buf *b, int *last, int id, int type, int64_t v) {
    put_field(b, last, id, type);
    put_zigzag(b, v);
}

static void put_text(lem_buf *b, const char *s) {
    put_varint(b, strlen(s));
    lem_buf_puts(b, s);
}

static void put_list(lem_buf *b, int *last, int id, int type, uint64_t n) {
    put_field(b, last, id, LEM_THRIFT_LIST);
    if (n < 15) lem_buf_putc(b, (char)(n << 4 | (unsigned)type));
    else {
        lem_buf_putc(b, (char)(15 << 4 | type));
        put_varint(b, n);
    }
}

static void end_struct(lem_buf *b) { lem_buf_putc(b, 0); }

/* ---- Pages ---- */

static int width_of(int most) {
    int w = 0;
    while (most >> w) w++;
    return w;
}

/* A length, then runs of equal levels. */
static void put_levels(lem_buf *b, const lem_buf *levels, int most) {
    lem_buf runs = {0};
    if (most == 0) return;
    for (size_t i = 0; i < levels->len;) {
        size_t n = 1;
        while (i + n < levels->len && levels->data[i + n] == levels->data[i]) n++;
        put_varint(&runs, (uint64_t)n << 1);
        lem_buf_putc(&runs, levels->data[i]); /* widths are 8 bits at most */
        i += n;
    }
    for (int i = 0; i < 4; i++) lem_buf_putc(b, (char)(runs.len >> 8 * i));
    lem_buf_add(b, lem_buf_str(&runs), runs.len);
    if (runs.failed || width_of(most) > 8) b->failed = true;
    lem_buf_release(&runs);
}

static void put_values(lem_buf *b, const lem_wnode *leaf) {
    if (leaf->kind != LEM_W_BOOL) {
        lem_buf_add(b, lem_buf_str(&leaf->values), leaf->values.len);
        return;
    }
    for (size_t i = 0; i < leaf->values.len; i += 8) {
        unsigned byte = 0;
        for (size_t k = 0; k < 8 && i + k < leaf->values.len; k++)
            byte |= (leaf->values.data[i + k] & 1u) << k;
        lem_buf_putc(b, (char)byte);
    }
}

static lem_status pack(const lem_buf *page, lem_buf *out, lem_err *err) {
    size_t most = ZSTD_compressBound(page->len);
    if (!lem_buf_reserve(out, most)) return lem_fail(err, LEM_EMEM, "out of memory for a page");
    size_t n = ZSTD_compress(out->data, most, lem_buf_str(page), page->len, ZSTD_LEVEL);
    if (ZSTD_isError(n)) return lem_fail(err, LEM_EMEM, "cannot compress a page: %s", ZSTD_getErrorName(n));
    out->len = n;
    out->data[n] = '\0';
    return LEM_OK;
}

static void put_page_header(lem_buf *b, size_t values, size_t unpacked, const lem_buf *packed) {
    int last = 0, inner = 0;
    uint32_t crc =
        (uint32_t)crc32_z(crc32_z(0, NULL, 0), (const unsigned char *)lem_buf_str(packed), packed->len);
    put_int(b, &last, 1, LEM_THRIFT_I32, 0); /* DATA_PAGE */
    put_int(b, &last, 2, LEM_THRIFT_I32, (int64_t)unpacked);
    put_int(b, &last, 3, LEM_THRIFT_I32, (int64_t)packed->len);
    put_int(b, &last, 4, LEM_THRIFT_I32, (int32_t)crc);
    put_field(b, &last, 5, LEM_THRIFT_STRUCT);
    put_int(b, &inner, 1, LEM_THRIFT_I32, (int64_t)values);
    put_int(b, &inner, 2, LEM_THRIFT_I32, 0); /* PLAIN */
    put_int(b, &inner, 3, LEM_THRIFT_I32, 3); /* RLE */
    put_int(b, &inner, 4, LEM_THRIFT_I32, 3);
    end_struct(b);
    end_struct(b);
}

/* ---- Columns ---- */

typedef struct path {
    const char *name[64];
    size_t n;
} path;

static int physical_of(const lem_wnode *leaf) {
    static const int physical[] = {[LEM_W_BOOL] = 0, [LEM_W_INT] = 2, [LEM_W_REAL] = 5, [LEM_W_TEXT] = 6};
    return physical[leaf->kind];
}

static void put_chunk(lem_buf *b, const lem_wnode *leaf, const path *p, uint64_t offset, size_t unpacked,
                      size_t packed) {
    int last = 0, inner = 0;
    put_int(b, &last, 2, LEM_THRIFT_I64, 0);
    put_field(b, &last, 3, LEM_THRIFT_STRUCT);
    put_int(b, &inner, 1, LEM_THRIFT_I32, physical_of(leaf));
    put_list(b, &inner, 2, LEM_THRIFT_I32, 2);
    put_zigzag(b, 0);
    put_zigzag(b, 3);
    put_list(b, &inner, 3, LEM_THRIFT_BINARY, p->n);
    for (size_t i = 0; i < p->n; i++) put_text(b, p->name[i]);
    put_int(b, &inner, 4, LEM_THRIFT_I32, CODEC_ZSTD);
    put_int(b, &inner, 5, LEM_THRIFT_I64, (int64_t)leaf->def.len);
    put_int(b, &inner, 6, LEM_THRIFT_I64, (int64_t)unpacked);
    put_int(b, &inner, 7, LEM_THRIFT_I64, (int64_t)packed);
    put_int(b, &inner, 9, LEM_THRIFT_I64, (int64_t)offset);
    end_struct(b);
    end_struct(b);
}

static lem_status write_bytes(lem_pq_out *w, const lem_buf *b, lem_err *err) {
    lem_status st = lem_buf_ok(b, err);
    if (st == LEM_OK) st = lem_out_write(w->out, lem_buf_str(b), b->len, err);
    w->at += b->len;
    return st;
}

static lem_status write_leaf(lem_pq_out *w, lem_wnode *leaf, const path *p, uint64_t *bytes, lem_err *err) {
    lem_buf page = {0}, packed = {0}, header = {0};
    uint64_t offset = w->at;
    lem_status st = LEM_OK;
    if (leaf->rep.failed || leaf->def.failed) page.failed = true;
    put_levels(&page, &leaf->rep, leaf->max_rep);
    put_levels(&page, &leaf->def, leaf->max_def);
    put_values(&page, leaf);
    LEM_TRY(lem_buf_ok(&page, err));
    if (page.len > PAGE_MOST) {
        st = lem_fail(err, LEM_EDATA, "column '%s': over 1 GiB in a row group; state smaller groups",
                      p->name[0]);
        goto done;
    }
    LEM_TRY(pack(&page, &packed, err));
    put_page_header(&header, leaf->def.len, page.len, &packed);
    LEM_TRY(write_bytes(w, &header, err));
    LEM_TRY(write_bytes(w, &packed, err));
    put_chunk(&w->groups, leaf, p, offset, header.len + page.len, header.len + packed.len);
    *bytes += header.len + page.len;
    lem_buf_clear(&leaf->rep);
    lem_buf_clear(&leaf->def);
    lem_buf_clear(&leaf->values);
done:
    lem_buf_release(&page);
    lem_buf_release(&packed);
    lem_buf_release(&header);
    return st;
}

static lem_status write_leaves(lem_pq_out *w, lem_wnode *n, path *p, uint64_t *bytes, lem_err *err) {
    lem_status st = LEM_OK;
    if (lem_wnode_is_leaf(n)) return write_leaf(w, n, p, bytes, err);
    for (size_t i = 0; i < n->n_children && st == LEM_OK; i++) {
        size_t before = p->n;
        if (n->kind == LEM_W_LIST) p->name[p->n++] = "list";
        p->name[p->n++] = n->child[i].name;
        st = write_leaves(w, &n->child[i], p, bytes, err);
        p->n = before;
    }
    return st;
}

static size_t count_leaves(const lem_wnode *n) {
    size_t leaves = lem_wnode_is_leaf(n);
    for (size_t i = 0; i < n->n_children; i++) leaves += count_leaves(&n->child[i]);
    return leaves;
}

lem_status lem_pq_out_start(lem_pq_out *w, lem_err *err) {
    w->at = 4;
    return lem_out_write(w->out, "PAR1", 4, err);
}

lem_status lem_pq_out_group(lem_pq_out *w, lem_wnode *root, uint64_t rows, lem_err *err) {
    int last = 0;
    uint64_t bytes = 0;
    path p = {{NULL}, 0};
    put_list(&w->groups, &last, 1, LEM_THRIFT_STRUCT, count_leaves(root));
    lem_status st = write_leaves(w, root, &p, &bytes, err);
    if (st != LEM_OK) return st;
    put_int(&w->groups, &last, 2, LEM_THRIFT_I64, (int64_t)bytes);
    put_int(&w->groups, &last, 3, LEM_THRIFT_I64, (int64_t)rows);
    end_struct(&w->groups);
    w->n_groups++;
    w->rows += rows;
    return lem_buf_ok(&w->groups, err);
}

/* ---- The footer ---- */

static void put_element(lem_buf *b, int physical, int repetition, const char *name, size_t children,
                        int converted) {
    int last = 0;
    if (physical >= 0) put_int(b, &last, 1, LEM_THRIFT_I32, physical);
    if (repetition >= 0) put_int(b, &last, 3, LEM_THRIFT_I32, repetition);
    put_field(b, &last, 4, LEM_THRIFT_BINARY);
    put_text(b, name);
    if (children) put_int(b, &last, 5, LEM_THRIFT_I32, (int64_t)children);
    if (converted >= 0) put_int(b, &last, 6, LEM_THRIFT_I32, converted);
    if (converted >= 0) { /* LogicalType: STRING, LIST */
        int inner = 0;
        put_field(b, &last, 10, LEM_THRIFT_STRUCT);
        put_field(b, &inner, converted == CONVERTED_UTF8 ? 1 : 3, LEM_THRIFT_STRUCT);
        end_struct(b);
        end_struct(b);
    }
    end_struct(b);
}

/* Returns the number of elements. */
static uint64_t put_schema(lem_buf *b, const lem_wnode *n) {
    uint64_t count = 1;
    if (lem_wnode_is_leaf(n)) {
        put_element(b, physical_of(n), OPTIONAL, n->name, 0, n->kind == LEM_W_TEXT ? CONVERTED_UTF8 : -1);
        return 1;
    }
    if (n->kind == LEM_W_LIST) {
        put_element(b, -1, OPTIONAL, n->name, 1, CONVERTED_LIST);
        put_element(b, -1, REPEATED, "list", 1, -1);
        count = 2;
    } else if (n->name) put_element(b, -1, OPTIONAL, n->name, n->n_children, -1);
    else put_element(b, -1, -1, "schema", n->n_children, -1); /* the root */
    for (size_t i = 0; i < n->n_children; i++) count += put_schema(b, &n->child[i]);
    return count;
}

lem_status lem_pq_out_footer(lem_pq_out *w, const lem_wnode *root, lem_err *err) {
    lem_buf schema = {0}, footer = {0};
    int last = 0;
    uint64_t n = put_schema(&schema, root);
    put_int(&footer, &last, 1, LEM_THRIFT_I32, 2);
    put_list(&footer, &last, 2, LEM_THRIFT_STRUCT, n);
    lem_buf_add(&footer, lem_buf_str(&schema), schema.len);
    put_int(&footer, &last, 3, LEM_THRIFT_I64, (int64_t)w->rows);
    put_list(&footer, &last, 4, LEM_THRIFT_STRUCT, w->n_groups);
    lem_buf_add(&footer, lem_buf_str(&w->groups), w->groups.len);
    put_field(&footer, &last, 6, LEM_THRIFT_BINARY);
    put_text(&footer, "lemma version " LEMMA_VERSION);
    end_struct(&footer);
    if (schema.failed) footer.failed = true;
    uint64_t len = footer.len;
    for (int i = 0; i < 4; i++) lem_buf_putc(&footer, (char)(len >> 8 * i));
    lem_buf_puts(&footer, "PAR1");
    lem_status st = write_bytes(w, &footer, err);
    lem_buf_release(&schema);
    lem_buf_release(&footer);
    return st;
}
