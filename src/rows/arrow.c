/* arrow - a reader of Arrow IPC streams and files: messages in order, rows out of their record batches
 *
 * An Arrow file is a stream between two magics, with an index at its end: it is read as a stream, and must
 * end with its magic. */
#include "rows/arrow_priv.h"
#include "rows/kinds_priv.h"

#include "core/mem.h"

#include <string.h>

enum { MESSAGE_VERSION, MESSAGE_HEADER_TYPE, MESSAGE_HEADER, MESSAGE_BODY_LENGTH };
enum { HEADER_SCHEMA = 1, HEADER_DICTIONARY, HEADER_BATCH };
enum { METADATA_V4 = 3, METADATA_V5 = 4, MAX_METADATA = 256 << 20, MAX_DICTIONARIES = 1 << 16 };

typedef struct arrow {
    lem_input in;
    bool file, ended;
    lem_field root;
    lem_arrow_dictionaries dictionaries;
    lem_buf head; /* the present message's metadata */
    lem_flat message;
    uint64_t body_len; /* its body lies at the front of in */
    lem_batch batch;
    uint64_t row; /* the next one in batch */
    uint64_t number;
    lem_row_budget budget;
    size_t max_row;
} arrow;

static uint32_t little32(const char *p) {
    const unsigned char *u = (const unsigned char *)p;
    return u[0] | (uint32_t)u[1] << 8 | (uint32_t)u[2] << 16 | (uint32_t)u[3] << 24;
}

/* ---- Messages ---- */

static lem_status ends_early(lem_err *err) { return lem_fail(err, LEM_EDATA, "the Arrow data ends early"); }

/* Behind the end mark: nothing in a stream; in a file the index and the magic, which shows that it is whole.
 */
static lem_status check_end(arrow *a, lem_err *err) {
    a->ended = true;
    for (;;) {
        lem_status st = lem_input_need(&a->in, 65536, err);
        if (st != LEM_OK) return st;
        if (a->in.eof) break;
        if (lem_input_have(&a->in) > 6) a->in.pos = a->in.len - 6;
    }
    size_t have = lem_input_have(&a->in);
    if (!a->file)
        return have ? lem_fail(err, LEM_EDATA, "something stands behind the end of the stream") : LEM_OK;
    return have >= 6 && memcmp(a->in.data + a->in.len - 6, "ARROW1", 6) == 0 ? LEM_OK : ends_early(err);
}

/* A batch that holds a row that is too long is not read into memory. */
static lem_status check_length(arrow *a, lem_err *err) {
    lem_flat header;
    if (lem_flat_int(&a->message, MESSAGE_HEADER_TYPE, 1, 0) != HEADER_BATCH ||
        !lem_flat_table(&a->message, MESSAGE_HEADER, &header) ||
        !lem_rows_too_long(a->body_len, (uint64_t)lem_arrow_batch_rows(&header), a->max_row))
        return LEM_OK;
    return lem_row_too_long(a->max_row, err);
}

/* Of the message that was read: its version, and its body in memory. */
static lem_status need_body(arrow *a, lem_err *err) {
    int64_t version = lem_flat_int(&a->message, MESSAGE_VERSION, 2, 0);
    int64_t body = lem_flat_int(&a->message, MESSAGE_BODY_LENGTH, 8, 0);
    if (version != METADATA_V4 && version != METADATA_V5)
        return lem_refuse_arrow(err, "metadata of another version");
    if (body < 0) return lem_fail(err, LEM_EDATA, "a message's metadata is damaged");
    a->body_len = (uint64_t)body;
    lem_status st = check_length(a, err);
    if (st == LEM_OK) st = lem_input_need(&a->in, a->body_len, err);
    if (st != LEM_OK) return st;
    return lem_input_have(&a->in) < a->body_len ? ends_early(err) : LEM_OK;
}

/* The next message, its body unread at the front of a->in; a->ended at the end. */
static lem_status next_message(arrow *a, lem_err *err) {
    lem_status st = lem_input_need(&a->in, 8, err);
    if (st != LEM_OK) return st;
    if (lem_input_have(&a->in) < 8) return ends_early(err);
    const char *p = lem_input_at(&a->in);
    uint32_t mark = little32(p), n = little32(p + 4);
    if (mark != UINT32_MAX)
        return lem_refuse_arrow(err, "messages without continuation marks (damaged, or from before 0.15)");
    a->in.pos += 8;
    if (n == 0) return check_end(a, err);
    if (n > MAX_METADATA) return lem_fail(err, LEM_EDATA, "a message's metadata of %u bytes", n);
    st = lem_input_need(&a->in, n, err);
    if (st != LEM_OK) return st;
    if (lem_input_have(&a->in) < n) return ends_early(err);
    lem_buf_clear(&a->head);
    lem_buf_add(&a->head, lem_input_at(&a->in), n);
    a->in.pos += n;
    st = lem_buf_ok(&a->head, err);
    if (st != LEM_OK) return st;
    if (!lem_flat_root((const unsigned char *)a->head.data, a->head.len, &a->message))
        return lem_fail(err, LEM_EDATA, "a message's metadata is damaged");
    return need_body(a, err);
}

/* ---- Dictionaries ---- */

/* The field below f whose dictionary has that id, in depth-first order behind `behind` (NULL: the first). */
static const lem_field *with_dictionary(const lem_field *f, int64_t id, const lem_field *behind, bool *past) {
    for (size_t i = 0; i < f->n_children; i++) {
        const lem_field *c = &f->child[i];
        if (*past && c->has_dictionary && c->dictionary == id) return c;
        if (c == behind) *past = true;
        const lem_field *found = with_dictionary(c, id, behind, past);
        if (found) return found;
    }
    return NULL;
}

static void release_part(lem_arrow_dictionary *d) {
    lem_batch_release(&d->batch);
    lem_free(d->body);
}

/* A new dictionary takes the place of one that is there, unless it is a delta. */
static void drop_dictionary(lem_arrow_dictionaries *d, const lem_field *f) {
    size_t kept = 0;
    for (size_t i = 0; i < d->n; i++) {
        if (d->part[i].root.child == f) release_part(&d->part[i]);
        else d->part[kept++] = d->part[i];
    }
    d->n = kept;
}

static lem_status add_part(arrow *a, const lem_flat *batch, int64_t id, const lem_field *f, lem_err *err) {
    lem_arrow_dictionaries *d = &a->dictionaries;
    if (d->n == MAX_DICTIONARIES) return lem_fail(err, LEM_EDATA, "more than 65,536 dictionaries");
    lem_arrow_dictionary *parts = lem_realloc(d->part, d->n + 1, sizeof *parts, err);
    if (!parts) return LEM_EMEM;
    d->part = parts;
    lem_arrow_dictionary *p = &parts[d->n];
    *p = (lem_arrow_dictionary){.id = id};
    p->root.child = (lem_field *)(uintptr_t)f; /* read only */
    p->root.n_children = 1;
    p->body = lem_alloc((size_t)a->body_len, 1, err);
    if (!p->body) return LEM_EMEM;
    if (a->body_len) memcpy(p->body, lem_input_at(&a->in), (size_t)a->body_len);
    const lem_span body = {(const unsigned char *)p->body, a->body_len};
    lem_status st = lem_arrow_batch(batch, &p->root, true, body, a->max_row, &p->batch, err);
    if (st == LEM_OK) d->n++;
    else lem_free(p->body);
    return st;
}

static lem_status read_dictionary(arrow *a, const lem_flat *header, lem_err *err) {
    lem_flat batch;
    int64_t id = lem_flat_int(header, 0, 8, 0);
    bool delta = lem_flat_int(header, 2, 1, 0) != 0, past = true;
    const lem_field *f = with_dictionary(&a->root, id, NULL, &past);
    if (!lem_flat_table(header, 1, &batch) || !f)
        return lem_fail(err, LEM_EDATA, "a dictionary that no column has");
    while (f) { /* several columns may share it */
        if (!delta) drop_dictionary(&a->dictionaries, f);
        lem_status st = add_part(a, &batch, id, f, err);
        if (st != LEM_OK) return st;
        past = false;
        f = with_dictionary(&a->root, id, f, &past);
    }
    return LEM_OK;
}

/* ---- Rows ---- */

/* To a record batch with rows; a->ended at the end. */
static lem_status next_batch(arrow *a, lem_err *err) {
    while (a->row == a->batch.len && !a->ended) {
        lem_flat header;
        lem_batch_release(&a->batch);
        a->row = 0;
        a->in.pos += (size_t)a->body_len; /* of the message before */
        a->body_len = 0;
        lem_status st = next_message(a, err);
        if (st != LEM_OK || a->ended) return st;
        int64_t kind = lem_flat_int(&a->message, MESSAGE_HEADER_TYPE, 1, 0);
        if (!lem_flat_table(&a->message, MESSAGE_HEADER, &header) || kind < HEADER_DICTIONARY ||
            kind > HEADER_BATCH)
            return lem_fail(err, LEM_EDATA, "a message that is neither a record batch nor a dictionary");
        if (kind == HEADER_DICTIONARY) st = read_dictionary(a, &header, err);
        else {
            const lem_span body = {(const unsigned char *)lem_input_at(&a->in), a->body_len};
            st = lem_arrow_batch(&header, &a->root, false, body, a->max_row, &a->batch, err);
        }
        if (st != LEM_OK) return st;
    }
    return LEM_OK;
}

static lem_status arrow_next(void *self, lem_json **row, lem_err *err) {
    arrow *a = self;
    *row = NULL;
    lem_status st = lem_cancel_check(a->in.cancel, err);
    if (st == LEM_OK) st = next_batch(a, err);
    if (st == LEM_EDATA || (st == LEM_OK && !a->ended)) a->number++;
    if (st != LEM_OK || a->ended) return st;
    lem_row_budget_start(&a->budget, a->max_row);
    lem_json *o = lem_json_new_object();
    if (!o) return lem_fail(err, LEM_EMEM, "out of memory for a row");
    for (size_t i = 0; i < a->root.n_children && st == LEM_OK; i++) {
        lem_json *v = NULL;
        const char *name = a->root.child[i].name;
        if (!a->root.child[i].wanted) continue;
        st = lem_arrow_value(&a->batch.root.child[i], a->row, &a->dictionaries, &a->budget, &v, err);
        if (st != LEM_OK) lem_err_context(err, "column '%s'", name);
        else st = lem_row_set(o, name, v, err);
    }
    a->row++;
    if (st == LEM_OK) *row = o;
    else lem_json_free(o);
    return st;
}

/* ---- The reader ---- */

static uint64_t arrow_number(const void *self) { return ((const arrow *)self)->number; }

static void arrow_evidence(const void *self, lem_buf *out) {
    const arrow *a = self;
    const char *packed = lem_stream_packed(a->in.stream);
    lem_buf_puts(out, a->file ? "Arrow file" : "Arrow stream");
    if (packed) lem_buf_printf(out, " inside %s", packed);
    lem_buf_puts(out, ", columns ");
    lem_field_put_names(&a->root, out);
}

static lem_json *arrow_types(const void *self) { return lem_field_types(&((const arrow *)self)->root); }

static void arrow_close(void *self) {
    arrow *a = self;
    lem_batch_release(&a->batch);
    for (size_t i = 0; i < a->dictionaries.n; i++) release_part(&a->dictionaries.part[i]);
    lem_free(a->dictionaries.part);
    lem_field_release(&a->root);
    lem_buf_release(&a->head);
    lem_input_close(&a->in);
    lem_free(a);
}

static double arrow_share(const void *self) { return lem_input_share(&((const arrow *)self)->in); }

static const lem_reader_ops ops = {arrow_next,  arrow_number, arrow_evidence, arrow_types,
                                   arrow_share, arrow_close,  false};

static lem_status read_schema(arrow *a, const lem_wanted *wanted, lem_err *err) {
    lem_flat schema;
    lem_status st = lem_input_need(&a->in, 8, err);
    if (st != LEM_OK) return st;
    a->file = lem_input_have(&a->in) >= 8 && memcmp(lem_input_at(&a->in), "ARROW1", 6) == 0;
    if (a->file) a->in.pos += 8;
    st = next_message(a, err);
    if (st != LEM_OK) return st;
    if (a->ended || lem_flat_int(&a->message, MESSAGE_HEADER_TYPE, 1, 0) != HEADER_SCHEMA ||
        !lem_flat_table(&a->message, MESSAGE_HEADER, &schema))
        return lem_fail(err, LEM_EDATA, "Arrow data without a schema");
    st = lem_arrow_schema(&schema, &a->root, err);
    for (size_t i = 0; i < a->root.n_children && st == LEM_OK; i++)
        a->root.child[i].wanted = lem_wants(wanted, a->root.child[i].name);
    return st;
}

lem_status lem_arrow_open(lem_input *in, const lem_wanted *wanted, lem_reader *out, lem_err *err) {
    arrow *a = lem_alloc_zero(1, sizeof *a, err);
    if (!a) {
        lem_input_close(in);
        return LEM_EMEM;
    }
    a->in = *in;
    *in = (lem_input){0};
    a->max_row = wanted->max_row;
    lem_status st = read_schema(a, wanted, err);
    if (st == LEM_OK) *out = (lem_reader){&ops, a};
    else arrow_close(a);
    return st;
}
