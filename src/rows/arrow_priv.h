/* arrow_priv - Arrow IPC: the schema as a tree of columns, and record batches as arrays
 *
 * Facts from the format's specification (arrow.apache.org/docs/format/Columnar.html; Schema.fbs,
 * Message.fbs). */
#ifndef LEM_ROWS_ARROW_PRIV_H
#define LEM_ROWS_ARROW_PRIV_H

#include "rows/field_priv.h"
#include "rows/flat_priv.h"
#include "rows/reader_priv.h"

typedef enum lem_layout {
    LEM_LAYOUT_NULL,
    LEM_LAYOUT_BITS,
    LEM_LAYOUT_FIXED, /* width bytes each */
    LEM_LAYOUT_VAR32, /* offsets, bytes */
    LEM_LAYOUT_VAR64,
    LEM_LAYOUT_VIEW,
    LEM_LAYOUT_LIST32, /* and maps: their one child is the struct of entries */
    LEM_LAYOUT_LIST64,
    LEM_LAYOUT_FIXED_LIST, /* width elements each */
    LEM_LAYOUT_STRUCT
} lem_layout;

/* Reads the schema; root's children are the columns. */
lem_status lem_arrow_schema(const lem_flat *schema, lem_field *root, lem_err *err) LEM_MUST_CHECK;

typedef struct lem_span {
    const unsigned char *p;
    uint64_t n;
} lem_span;

/* One column of a batch, or what lies below one. */
typedef struct lem_array {
    const lem_field *field;
    bool indices; /* of the field's dictionary: the values lie there */
    uint64_t len;
    lem_span validity; /* empty: all are there */
    lem_span offsets;  /* or views */
    lem_span data;
    lem_span *more; /* of views */
    size_t n_more;
    struct lem_array *child;
    size_t n_children;
} lem_array;

/* A record batch's columns; owns what was unpacked, borrows the body. */
typedef struct lem_batch {
    uint64_t len;
    lem_array root; /* children by field; of one that is not wanted, field is NULL */
    lem_buf *unpacked;
    size_t n_unpacked;
} lem_batch;
/* root's children are the columns; all = take those too that are not wanted. max_row as lem_rows_too_long, of
 * what is unpacked. */
lem_status lem_arrow_batch(const lem_flat *batch, const lem_field *root, bool all, lem_span body,
                           size_t max_row, lem_batch *out, lem_err *err) LEM_MUST_CHECK;
/* As the batch states it; below 0 where it is damaged. */
int64_t lem_arrow_batch_rows(const lem_flat *batch);
void lem_batch_release(lem_batch *b);

/* Dictionaries by id; each may come in several parts. */
typedef struct lem_arrow_dictionary {
    int64_t id;
    lem_batch batch; /* one column */
    lem_field root;  /* whose only child is borrowed from the schema */
    char *body;
} lem_arrow_dictionary;
typedef struct lem_arrow_dictionaries {
    lem_arrow_dictionary *part;
    size_t n;
} lem_arrow_dictionaries;

/* Value i of an array, i < a->len. */
lem_status lem_arrow_value(const lem_array *a, uint64_t i, const lem_arrow_dictionaries *d,
                           lem_row_budget *budget, lem_json **out, lem_err *err) LEM_MUST_CHECK;

#endif
