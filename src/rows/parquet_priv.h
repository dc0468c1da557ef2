/* parquet_priv - a Parquet file's metadata, and its columns as streams of levels and values
 *
 * Facts from the format's specification (github.com/apache/parquet-format: README.md, Encodings.md,
 * LogicalTypes.md, Compression.md, parquet.thrift). */
#ifndef LEM_ROWS_PARQUET_PRIV_H
#define LEM_ROWS_PARQUET_PRIV_H

#include "rows/field_priv.h"
#include "rows/random_priv.h"
#include "rows/unpack_priv.h"

typedef enum lem_physical {
    LEM_PQ_BOOLEAN,
    LEM_PQ_INT32,
    LEM_PQ_INT64,
    LEM_PQ_INT96,
    LEM_PQ_FLOAT,
    LEM_PQ_DOUBLE,
    LEM_PQ_BYTE_ARRAY,
    LEM_PQ_FIXED
} lem_physical;

enum { LEM_PQ_PAGE_DATA, LEM_PQ_PAGE_INDEX, LEM_PQ_PAGE_DICTIONARY, LEM_PQ_PAGE_DATA2 };

typedef enum lem_encoding {
    LEM_PQ_PLAIN = 0,
    LEM_PQ_PLAIN_DICTIONARY = 2,
    LEM_PQ_RLE = 3,
    LEM_PQ_BIT_PACKED = 4,
    LEM_PQ_DELTA_BINARY = 5,
    LEM_PQ_DELTA_LENGTH = 6,
    LEM_PQ_DELTA_BYTES = 7,
    LEM_PQ_RLE_DICTIONARY = 8,
    LEM_PQ_SPLIT = 9
} lem_encoding;

/* A leaf of the schema. */
typedef struct lem_pq_leaf {
    lem_physical physical;
    size_t width;     /* bytes of a value; 0: each has its own length */
    size_t max_bytes; /* of a row, and so of a value */
    int max_def, max_rep;
    const char *name; /* of its column; borrowed from the schema */
} lem_pq_leaf;

/* One leaf's values in one row group. */
typedef struct lem_pq_chunk {
    uint64_t offset, size; /* of its pages, dictionary first */
    int64_t values;
    int64_t codec; /* as stated */
    bool encrypted, elsewhere, has_meta;
} lem_pq_chunk;

typedef struct lem_pq_file {
    lem_field root; /* its children are the columns */
    lem_pq_leaf *leaf;
    size_t n_leaves;
    lem_pq_chunk *chunk; /* [group][leaf] */
    int64_t *group_rows;
    size_t n_groups;
    int64_t rows;
} lem_pq_file;

/* Reads and checks the footer. */
lem_status lem_pq_open(const lem_random *in, lem_pq_file *out, lem_err *err) LEM_MUST_CHECK;
void lem_pq_release(lem_pq_file *f);

/* The schema as thrift states it, in depth-first order, made a tree with levels and leaves. */
typedef struct lem_pq_element {
    const char *name; /* not terminated; in the footer */
    size_t name_len;
    int64_t type, type_length, repetition, n_children, converted, scale; /* -1: not stated */
    int logical, unit; /* field ids of the unions; 0: not stated */
    bool utc, is_signed;
    int64_t bits, logical_scale;
} lem_pq_element;
lem_status lem_pq_schema(const lem_pq_element *e, size_t n, lem_pq_file *out, lem_err *err) LEM_MUST_CHECK;

typedef struct lem_pq_page {
    int64_t type, packed, unpacked, values;
    int64_t encoding, def_encoding, rep_encoding; /* of v1 */
    int64_t def_bytes, rep_bytes;                 /* of v2 */
    bool compressed, has_crc, has_header;
    uint32_t crc;
    size_t header; /* bytes of the header itself */
} lem_pq_page;
/* False when p[0..n) is no page header; *more when it only ends too early. */
bool lem_pq_page_header(const unsigned char *p, size_t n, lem_pq_page *out, bool *more);

#endif
