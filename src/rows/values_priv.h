/* values_priv - the values of one Parquet page, one after the other, as bytes */
#ifndef LEM_ROWS_VALUES_PRIV_H
#define LEM_ROWS_VALUES_PRIV_H

#include "rows/levels_priv.h"
#include "rows/parquet_priv.h"

typedef struct lem_bytes {
    const unsigned char *p;
    size_t n;
} lem_bytes;

/* The values of a dictionary page. Owns its bytes. */
typedef struct lem_pq_dictionary {
    lem_buf page;
    lem_bytes *value; /* into page */
    size_t n;
} lem_pq_dictionary;
void lem_pq_dictionary_release(lem_pq_dictionary *d);
/* Takes the bytes of d->page as n PLAIN values. */
lem_status lem_pq_dictionary_start(lem_pq_dictionary *d, const lem_pq_leaf *leaf, int64_t n,
                                   lem_err *err) LEM_MUST_CHECK;

typedef struct lem_pq_values {
    const lem_pq_leaf *leaf; /* borrowed, like all below */
    const lem_pq_dictionary *dictionary;
    const unsigned char *p;
    size_t n, at;
    int64_t encoding;
    lem_hybrid hybrid; /* indices, booleans */
    lem_delta delta;   /* integers, lengths of suffixes */
    lem_delta prefix;
    size_t n_split; /* values in a byte stream split page */
    unsigned char scratch[8];
    lem_buf text; /* of DELTA_BYTE_ARRAY: the value before; of byte stream split: a value; owned */
} lem_pq_values;
/* A page's values: p[0..n) must stay until the next start. dictionary may be NULL. */
lem_status lem_pq_values_start(lem_pq_values *v, const lem_pq_leaf *leaf, const lem_pq_dictionary *dictionary,
                               int64_t encoding, const unsigned char *p, size_t n,
                               lem_err *err) LEM_MUST_CHECK;
/* *out is valid until the next call. */
lem_status lem_pq_values_next(lem_pq_values *v, lem_bytes *out, lem_err *err) LEM_MUST_CHECK;
void lem_pq_values_release(lem_pq_values *v);

#endif
