/* column_priv - one leaf's triples (repetition, definition, value) in one row group */
#ifndef LEM_ROWS_COLUMN_PRIV_H
#define LEM_ROWS_COLUMN_PRIV_H

#include "rows/values_priv.h"

typedef struct lem_pq_column {
    const lem_random *in;    /* borrowed */
    const lem_pq_leaf *leaf; /* borrowed */
    lem_codec codec;
    uint64_t at, end;  /* where its next page begins, and its chunk ends */
    int64_t left;      /* values that no page has given yet */
    int64_t page_left; /* values of the page after the present one */
    bool v2;
    lem_buf raw, page; /* a page as it lies in the file; unpacked */
    lem_buf head;      /* bytes looked at for a page header */
    lem_pq_dictionary dictionary;
    bool has_dictionary;
    lem_hybrid rep_levels, def_levels;
    lem_pq_values values;
    bool loaded; /* rep and def are those of the present triple */
    int rep, def;
} lem_pq_column;

/* Zeroed before the first start; release at the end. */
lem_status lem_pq_column_start(lem_pq_column *c, const lem_random *in, const lem_pq_leaf *leaf,
                               const lem_pq_chunk *chunk, lem_err *err) LEM_MUST_CHECK;
/* The present triple's levels in c->rep and c->def; both -1 at the end of the chunk. */
lem_status lem_pq_column_peek(lem_pq_column *c, lem_err *err) LEM_MUST_CHECK;
/* Passes over the present triple; *value is given where its definition is the highest. Valid until the next
 * call. */
lem_status lem_pq_column_take(lem_pq_column *c, lem_bytes *value, lem_err *err) LEM_MUST_CHECK;
void lem_pq_column_release(lem_pq_column *c);

#endif
