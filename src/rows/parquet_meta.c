/* parquet_meta - the footer of a Parquet file, and the headers of its pages */
#include "rows/parquet_priv.h"
#include "rows/reader_priv.h"
#include "rows/thrift_priv.h"

#include "core/mem.h"

#include <string.h>

enum { MAX_ELEMENTS = 100000 };

/* ---- The schema's elements ---- */

static int union_field(lem_thrift *t, int type, void (*inner)(lem_thrift *, int id, void *), void *to) {
    int id = 0;
    if (!lem_thrift_struct(t, type)) return 0;
    for (lem_thrift_field f = {0}; lem_thrift_next(t, &f);) {
        id = f.id;
        if (!inner || !lem_thrift_struct(t, f.type)) lem_thrift_skip(t, f.type);
        else inner(t, f.id, to);
    }
    return id;
}

/* The parameters of a logical type: DECIMAL(scale), TIME and TIMESTAMP (UTC, unit), INTEGER(bits, signed). */
static void logical_parameters(lem_thrift *t, int id, void *to) {
    lem_pq_element *e = to;
    for (lem_thrift_field f = {0}; lem_thrift_next(t, &f);) {
        bool timed = id == 7 || id == 8;
        if (id == 5 && f.id == 1) e->logical_scale = lem_thrift_int(t, f.type);
        else if (timed && f.id == 1) e->utc = lem_thrift_bool(t, f.type);
        else if (timed && f.id == 2) e->unit = union_field(t, f.type, NULL, NULL);
        else if (id == 10 && f.id == 1) e->bits = lem_thrift_int(t, f.type);
        else if (id == 10 && f.id == 2) e->is_signed = lem_thrift_bool(t, f.type);
        else lem_thrift_skip(t, f.type);
    }
}

static void read_element(lem_thrift *t, lem_pq_element *e) {
    *e = (lem_pq_element){"", 0, -1, -1, -1, 0, -1, 0, 0, 0, false, true, 0, 0};
    for (lem_thrift_field f = {0}; lem_thrift_next(t, &f);) {
        switch (f.id) {
        case 1: e->type = lem_thrift_int(t, f.type); break;
        case 2: e->type_length = lem_thrift_int(t, f.type); break;
        case 3: e->repetition = lem_thrift_int(t, f.type); break;
        case 4: e->name = lem_thrift_binary(t, f.type, &e->name_len); break;
        case 5: e->n_children = lem_thrift_int(t, f.type); break;
        case 6: e->converted = lem_thrift_int(t, f.type); break;
        case 7: e->scale = lem_thrift_int(t, f.type); break;
        case 10: e->logical = union_field(t, f.type, logical_parameters, e); break;
        default: lem_thrift_skip(t, f.type);
        }
    }
}

static lem_status read_schema(lem_thrift *t, int type, lem_pq_file *out, lem_err *err) {
    int element;
    size_t n = lem_thrift_list(t, type, &element);
    if (n == 0 || n > MAX_ELEMENTS || !lem_thrift_struct(t, element) || out->leaf)
        return lem_fail(err, LEM_EDATA, "the footer's schema is damaged");
    lem_pq_element *e = lem_alloc(n, sizeof *e, err);
    if (!e) return LEM_EMEM;
    for (size_t i = 0; i < n; i++) read_element(t, &e[i]);
    lem_status st = LEM_OK;
    if (t->failed) st = lem_fail(err, LEM_EDATA, "the footer's schema is damaged");
    else st = lem_pq_schema(e, n, out, err);
    lem_free(e);
    return st;
}

/* ---- Row groups ---- */

static void read_chunk_meta(lem_thrift *t, int type, lem_pq_chunk *c) {
    int64_t data = -1, dictionary = -1, size = -1;
    if (!lem_thrift_struct(t, type)) return;
    c->has_meta = true;
    for (lem_thrift_field f = {0}; lem_thrift_next(t, &f);) {
        switch (f.id) {
        case 4: c->codec = lem_thrift_int(t, f.type); break;
        case 5: c->values = lem_thrift_int(t, f.type); break;
        case 7: size = lem_thrift_int(t, f.type); break;
        case 9: data = lem_thrift_int(t, f.type); break;
        case 11: dictionary = lem_thrift_int(t, f.type); break;
        default: lem_thrift_skip(t, f.type);
        }
    }
    /* Some writers state a dictionary at 0 when there is none. */
    int64_t from = dictionary > 0 && dictionary < data ? dictionary : data;
    if (from < 0 || size < 0 || c->values < 0) t->failed = true;
    c->offset = (uint64_t)from;
    c->size = (uint64_t)size;
}

static void read_chunk(lem_thrift *t, lem_pq_chunk *c) {
    for (lem_thrift_field f = {0}; lem_thrift_next(t, &f);) {
        size_t n;
        if (f.id == 1) {
            (void)lem_thrift_binary(t, f.type, &n);
            c->elsewhere = n > 0;
        } else if (f.id == 3) read_chunk_meta(t, f.type, c);
        else {
            if (f.id == 8) c->encrypted = true;
            lem_thrift_skip(t, f.type);
        }
    }
}

static void read_group(lem_thrift *t, const lem_pq_file *out, lem_pq_chunk *chunk, int64_t *rows) {
    bool have = false;
    *rows = -1;
    for (lem_thrift_field f = {0}; lem_thrift_next(t, &f);) {
        int element;
        if (f.id == 3) *rows = lem_thrift_int(t, f.type);
        else if (f.id != 1) lem_thrift_skip(t, f.type);
        else {
            size_t n = lem_thrift_list(t, f.type, &element);
            if (n != out->n_leaves || have || (n && !lem_thrift_struct(t, element))) t->failed = true;
            for (size_t i = 0; i < n && !t->failed; i++) read_chunk(t, &chunk[i]);
            have = true;
        }
    }
    if (!have || *rows < 0) t->failed = true;
}

static lem_status read_groups(lem_thrift *t, int type, lem_pq_file *out, lem_err *err) {
    int element;
    size_t n = lem_thrift_list(t, type, &element), total;
    if (out->chunk || (n && !lem_thrift_struct(t, element)))
        return lem_fail(err, LEM_EDATA, "the footer's row groups are damaged");
    /* Each chunk takes bytes of the footer, so this is bounded by the file. */
    if (!lem_mul_size(n, out->n_leaves, &total) || total > t->n)
        return lem_fail(err, LEM_EDATA, "the footer states more columns than it holds");
    out->chunk = lem_alloc_zero(total, sizeof *out->chunk, err);
    out->group_rows = lem_alloc_zero(n, sizeof *out->group_rows, err);
    if (!out->chunk || !out->group_rows) return LEM_EMEM;
    out->n_groups = n;
    int64_t sum = 0;
    for (size_t i = 0; i < n && !t->failed; i++) {
        read_group(t, out, &out->chunk[i * out->n_leaves], &out->group_rows[i]);
        if (!t->failed && out->group_rows[i] > INT64_MAX - sum) t->failed = true;
        if (!t->failed) sum += out->group_rows[i];
    }
    if (t->failed) return lem_fail(err, LEM_EDATA, "the footer's row groups are damaged");
    out->rows = sum;
    return LEM_OK;
}

/* ---- The footer ---- */

static lem_status read_footer(const unsigned char *p, size_t n, lem_pq_file *out, lem_err *err) {
    lem_thrift t = {p, n, 0, false};
    int64_t rows = -1;
    for (lem_thrift_field f = {0}; lem_thrift_next(&t, &f);) {
        lem_status st = LEM_OK;
        if (f.id == 2) st = read_schema(&t, f.type, out, err);
        else if (f.id == 3) rows = lem_thrift_int(&t, f.type);
        else if (f.id == 4 && out->leaf) st = read_groups(&t, f.type, out, err);
        else if (f.id == 8) return lem_refuse_parquet(err, "encryption");
        else lem_thrift_skip(&t, f.type);
        if (st != LEM_OK) return st;
    }
    if (t.failed || !out->leaf || !out->chunk) return lem_fail(err, LEM_EDATA, "the footer is damaged");
    if (rows != out->rows)
        return lem_fail(err, LEM_EDATA, "the footer states %lld rows, its row groups %lld", (long long)rows,
                        (long long)out->rows);
    return LEM_OK;
}

lem_status lem_pq_open(const lem_random *in, lem_pq_file *out, lem_err *err) {
    lem_buf tail = {0};
    lem_status st = LEM_OK;
    *out = (lem_pq_file){0};
    if (in->size < 12) return lem_fail(err, LEM_EDATA, "a Parquet file that ends early");
    LEM_TRY(lem_random_read(in, in->size - 8, 8, &tail, err));
    const unsigned char *p = (const unsigned char *)tail.data;
    uint64_t n = p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24;
    if (memcmp(p + 4, "PARE", 4) == 0) LEM_TRY(lem_refuse_parquet(err, "encryption"));
    if (memcmp(p + 4, "PAR1", 4) != 0) {
        st = lem_fail(err, LEM_EDATA, "a Parquet file that ends early: no footer");
        goto done;
    }
    if (n > in->size - 12) {
        st = lem_fail(err, LEM_EDATA, "a footer of %llu bytes in a Parquet file of %llu",
                      (unsigned long long)n, (unsigned long long)in->size);
        goto done;
    }
    LEM_TRY(lem_random_read(in, in->size - 8 - n, n, &tail, err));
    st = read_footer((const unsigned char *)lem_buf_str(&tail), tail.len, out, err);
done:
    lem_buf_release(&tail);
    if (st != LEM_OK) lem_pq_release(out);
    return st;
}

void lem_pq_release(lem_pq_file *f) {
    lem_field_release(&f->root);
    lem_free(f->leaf);
    lem_free(f->chunk);
    lem_free(f->group_rows);
    *f = (lem_pq_file){0};
}

/* ---- Pages ---- */

/* The fields that one kind of page alone has; false for others. */
static bool field_of_v1(lem_thrift *t, const lem_thrift_field *f, lem_pq_page *out) {
    if (f->id == 3) out->def_encoding = lem_thrift_int(t, f->type);
    else if (f->id == 4) out->rep_encoding = lem_thrift_int(t, f->type);
    else return false;
    return true;
}

static bool field_of_v2(lem_thrift *t, const lem_thrift_field *f, lem_pq_page *out) {
    if (f->id == 5) out->def_bytes = lem_thrift_int(t, f->type);
    else if (f->id == 6) out->rep_bytes = lem_thrift_int(t, f->type);
    else if (f->id == 7) out->compressed = lem_thrift_bool(t, f->type);
    else return false;
    return true;
}

/* The inner headers: number of values, encoding, and what belongs to one kind of page alone. */
static void inner_header(lem_thrift *t, int type, int page, lem_pq_page *out) {
    if (!lem_thrift_struct(t, type)) return;
    out->has_header = true;
    for (lem_thrift_field f = {0}; lem_thrift_next(t, &f);) {
        bool v2 = page == LEM_PQ_PAGE_DATA2;
        if (f.id == 1) out->values = lem_thrift_int(t, f.type);
        else if (f.id == (v2 ? 4 : 2)) out->encoding = lem_thrift_int(t, f.type);
        else if (v2 ? field_of_v2(t, &f, out) : page == LEM_PQ_PAGE_DATA && field_of_v1(t, &f, out)) continue;
        else lem_thrift_skip(t, f.type);
    }
}

static int page_of_field(int id) {
    if (id == 5) return LEM_PQ_PAGE_DATA;
    if (id == 7) return LEM_PQ_PAGE_DICTIONARY;
    return id == 8 ? LEM_PQ_PAGE_DATA2 : -1;
}

bool lem_pq_page_header(const unsigned char *p, size_t n, lem_pq_page *out, bool *more) {
    lem_thrift t = {p, n, 0, false};
    *out = (lem_pq_page){-1, -1, -1, -1, -1, LEM_PQ_RLE, LEM_PQ_RLE, 0, 0, true, false, false, 0, 0};
    for (lem_thrift_field f = {0}; lem_thrift_next(&t, &f);) {
        int page = page_of_field(f.id);
        if (f.id == 1) out->type = lem_thrift_int(&t, f.type);
        else if (f.id == 2) out->unpacked = lem_thrift_int(&t, f.type);
        else if (f.id == 3) out->packed = lem_thrift_int(&t, f.type);
        else if (f.id == 4) {
            out->crc = (uint32_t)lem_thrift_int(&t, f.type);
            out->has_crc = true;
        } else if (page >= 0 && page == out->type) inner_header(&t, f.type, page, out);
        else lem_thrift_skip(&t, f.type);
    }
    *more = t.failed;
    out->header = t.at;
    return !t.failed && out->type >= 0 && out->unpacked >= 0 && out->packed >= 0;
}
