/* parquet_write_priv - row groups and footer of a Parquet file that is written in order */
#ifndef LEM_ROWS_PARQUET_WRITE_PRIV_H
#define LEM_ROWS_PARQUET_WRITE_PRIV_H

#include "core/file.h"
#include "rows/shape_priv.h"

typedef struct lem_pq_out {
    lem_out *out;   /* borrowed */
    uint64_t at;    /* bytes written */
    lem_buf groups; /* thrift of the row groups so far */
    uint64_t n_groups, rows;
} lem_pq_out;

lem_status lem_pq_out_start(lem_pq_out *w, lem_err *err) LEM_MUST_CHECK;
/* Writes what root's leaves have collected as one row group, and empties them. */
lem_status lem_pq_out_group(lem_pq_out *w, lem_wnode *root, uint64_t rows, lem_err *err) LEM_MUST_CHECK;
lem_status lem_pq_out_footer(lem_pq_out *w, const lem_wnode *root, lem_err *err) LEM_MUST_CHECK;

#endif
