/* csv - a reader of CSV and TSV (RFC 4180): a header line, then rows of as many fields, all of them text */
#include "rows/kinds_priv.h"

#include "core/mem.h"
#include "core/utf8.h"

#include <string.h>

enum { MAX_FIELDS = 1 << 16 };

typedef struct csv {
    lem_input in;
    lem_wanted wanted;
    char delimiter;
    uint64_t line;   /* the one that in begins with */
    uint64_t number; /* of the last record's first line */
    lem_buf text;    /* the record's fields, each with a NUL behind it */
    size_t *start;   /* of each in text, and of the next one */
    size_t n, room;
    lem_buf names; /* as text */
    size_t *name;
    size_t n_names;
    bool folded, whole; /* the last record has line ends in it; is one line, and was passed */
} csv;

/* ---- Records ---- */

/* The unread byte number i, or -1 at the end. */
static lem_status byte_at(csv *c, size_t i, int *b, lem_err *err) {
    if (i >= lem_input_have(&c->in)) {
        if (i > c->wanted.max_row) return lem_row_too_long(c->wanted.max_row, err);
        lem_status st = lem_input_need(&c->in, (uint64_t)i + 1, err);
        if (st != LEM_OK) return st;
    }
    *b = i < lem_input_have(&c->in) ? (unsigned char)lem_input_at(&c->in)[i] : -1;
    return LEM_OK;
}

static bool ends_line(int b) { return b < 0 || b == '\n' || b == '\r'; }

static lem_status begin_field(csv *c, lem_err *err) {
    if (c->n == MAX_FIELDS) return lem_fail(err, LEM_EDATA, "more than %d fields in a row", MAX_FIELDS);
    if (c->n == c->room) {
        size_t room = c->room ? c->room * 2 : 16;
        size_t *start = lem_realloc(c->start, room, sizeof *start, err);
        if (!start) return LEM_EMEM;
        c->start = start;
        c->room = room;
    }
    c->start[c->n++] = c->text.len;
    return LEM_OK;
}

/* A field in quotes, from behind the first one: "" stands for one quote. */
static lem_status quoted(csv *c, size_t *i, lem_err *err) {
    int b = -1;
    lem_status st;
    for (;; (*i)++) {
        LEM_TRY(byte_at(c, *i, &b, err));
        if (b < 0) return lem_fail(err, LEM_EDATA, "a quote that is not closed");
        if (b == '\n') c->line++;
        c->folded = c->folded || b == '\n' || b == '\r';
        if (b == '"') {
            LEM_TRY(byte_at(c, ++*i, &b, err));
            if (b != '"') break;
        }
        lem_buf_putc(&c->text, (char)b);
    }
    if (!ends_line(b) && b != (unsigned char)c->delimiter)
        st = lem_fail(err, LEM_EDATA, "something stands behind a closing quote");
done:
    return st;
}

static lem_status plain_field(csv *c, size_t *i, lem_err *err) {
    for (;; (*i)++) {
        int b = -1;
        lem_status st = byte_at(c, *i, &b, err);
        if (st != LEM_OK || ends_line(b) || b == (unsigned char)c->delimiter) return st;
        lem_buf_putc(&c->text, (char)b);
    }
}

static lem_status field(csv *c, size_t *i, lem_err *err) {
    int b = -1;
    lem_status st = begin_field(c, err);
    if (st == LEM_OK) st = byte_at(c, *i, &b, err);
    if (st != LEM_OK) return st;
    if (b == '"') {
        ++*i;
        st = quoted(c, i, err);
    } else st = plain_field(c, i, err);
    lem_buf_putc(&c->text, '\0');
    return st;
}

/* Passes over the end of a line: \n, \r\n, or \r. */
static lem_status end_line(csv *c, size_t *i, lem_err *err) {
    int b = -1;
    lem_status st = byte_at(c, *i, &b, err);
    if (st != LEM_OK || b < 0) return st;
    ++*i;
    c->line++;
    if (b == '\n') return LEM_OK;
    st = byte_at(c, *i, &b, err);
    if (st == LEM_OK && b == '\n') ++*i;
    return st;
}

/* The fields of the next line that is not blank; n = 0 at the end. */
static lem_status record(csv *c, lem_err *err) {
    size_t i = 0;
    int b = -1;
    lem_status st = LEM_OK;
    c->n = 0;
    c->folded = c->whole = false;
    lem_buf_clear(&c->text);
    for (;;) {
        LEM_TRY(byte_at(c, 0, &b, err));
        if (b != '\n' && b != '\r') break;
        i = 0;
        LEM_TRY(end_line(c, &i, err));
        c->in.pos += i;
    }
    if (b < 0) return LEM_OK;
    c->number = c->line;
    for (i = 0;; i++) {
        LEM_TRY(field(c, &i, err));
        LEM_TRY(byte_at(c, i, &b, err));
        if (ends_line(b)) break;
    }
    if (i > c->wanted.max_row) return lem_row_too_long(c->wanted.max_row, err);
    c->whole = !c->folded; /* a quote that is not closed makes one record of many rows */
    LEM_TRY(end_line(c, &i, err));
    c->in.pos += i;
    LEM_TRY(lem_buf_ok(&c->text, err));
done:
    return st;
}

static size_t field_len(const csv *c, size_t i) {
    return (i + 1 < c->n ? c->start[i + 1] : c->text.len) - c->start[i] - 1;
}

/* ---- Rows ---- */

static lem_status csv_next(void *self, lem_json **row, lem_err *err) {
    csv *c = self;
    *row = NULL;
    lem_status st = lem_cancel_check(c->in.cancel, err);
    if (st == LEM_OK) st = record(c, err);
    if (st != LEM_OK || c->n == 0) return st;
    if (c->n != c->n_names)
        return lem_fail(err, LEM_EDATA, "%zu fields where %s %zu", c->n,
                        c->wanted.n_header ? "the columns are" : "the header has", c->n_names);
    lem_json *o = lem_json_new_object();
    if (!o) return lem_fail(err, LEM_EMEM, "out of memory for a row");
    for (size_t i = 0; i < c->n && st == LEM_OK; i++) {
        const char *name = c->names.data + c->name[i], *text = c->text.data + c->start[i];
        size_t n = field_len(c, i);
        if (!lem_wants(&c->wanted, name)) continue;
        if (!lem_utf8_valid(text, n))
            st = lem_fail(err, LEM_EDATA, "column '%s': text that is not valid UTF-8", name);
        else st = lem_row_set(o, name, lem_json_new_strn(text, n), err);
    }
    if (st == LEM_OK) *row = o;
    else lem_json_free(o);
    return st;
}

/* The names that the caller gives to columns of a file without a header, as if they were its first line. */
static lem_status given_header(csv *c, lem_err *err) {
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < c->wanted.n_header; i++) {
        st = begin_field(c, err);
        lem_buf_puts(&c->text, c->wanted.header[i]);
        lem_buf_putc(&c->text, '\0');
    }
    return st ? st : lem_buf_ok(&c->text, err);
}

static lem_status header(csv *c, lem_err *err) {
    lem_status st = lem_input_need(&c->in, 3, err);
    if (st != LEM_OK) return st;
    if (lem_input_have(&c->in) >= 3 && memcmp(lem_input_at(&c->in), "\xEF\xBB\xBF", 3) == 0) c->in.pos += 3;
    st = c->wanted.n_header ? given_header(c, err) : record(c, err);
    if (st != LEM_OK) return st;
    lem_json *seen = lem_json_new_object();
    for (size_t i = 0; i < c->n && st == LEM_OK; i++) {
        const char *name = c->text.data + c->start[i];
        if (!lem_utf8_valid(name, field_len(c, i)) || strlen(name) != field_len(c, i))
            st = lem_fail(err, LEM_EDATA, "the header's field %zu is not text", i + 1);
        else st = seen ? lem_row_set(seen, name, lem_json_new_null(), err) : LEM_EMEM;
    }
    lem_json_free(seen);
    c->names = c->text;
    c->name = c->start;
    c->n_names = c->n;
    c->text = (lem_buf){0};
    c->start = NULL;
    c->n = c->room = 0;
    return st;
}

/* ---- The reader ---- */

static uint64_t csv_number(const void *self) { return ((const csv *)self)->number; }

static void csv_evidence(const void *self, lem_buf *out) {
    const csv *c = self;
    const char *packed = lem_stream_packed(c->in.stream);
    lem_buf_puts(out, c->delimiter == '\t' ? "TSV" : "CSV");
    if (c->delimiter == ';') lem_buf_puts(out, " by semicolons");
    if (packed) lem_buf_printf(out, " inside %s", packed);
    lem_buf_puts(out, ", columns ");
    for (size_t i = 0; i < c->n_names; i++)
        lem_buf_printf(out, i ? ", %s" : "%s", c->names.data + c->name[i]);
}

static lem_json *csv_types(const void *self) {
    const csv *c = self;
    lem_json *o = lem_json_new_object();
    for (size_t i = 0; o && i < c->n_names; i++)
        (void)lem_json_set(o, c->names.data + c->name[i], lem_json_new_str("text"));
    return o;
}

static void csv_close(void *self) {
    csv *c = self;
    lem_input_close(&c->in);
    lem_buf_release(&c->text);
    lem_buf_release(&c->names);
    lem_free(c->start);
    lem_free(c->name);
    lem_free(c);
}

static double csv_share(const void *self) { return lem_input_share(&((const csv *)self)->in); }

static bool csv_resumes(const void *self) { return ((const csv *)self)->whole; }

static const lem_reader_ops ops = {csv_next,  csv_number, csv_evidence, csv_types,
                                   csv_share, csv_close,  true,         csv_resumes};

lem_status lem_csv_open(lem_input *in, char delimiter, const lem_wanted *wanted, lem_reader *out,
                        lem_err *err) {
    csv *c = lem_alloc_zero(1, sizeof *c, err);
    if (!c) {
        lem_input_close(in);
        return LEM_EMEM;
    }
    c->in = *in;
    *in = (lem_input){0};
    c->delimiter = delimiter;
    c->wanted = *wanted;
    c->line = 1;
    lem_status st = header(c, err);
    if (st == LEM_EDATA) lem_err_context(err, "header, line %llu", (unsigned long long)c->line);
    if (st == LEM_OK) *out = (lem_reader){&ops, c};
    else csv_close(c);
    return st;
}
