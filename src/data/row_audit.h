/* data/row_audit.h - what is to be said of a file's rows: columns that nothing uses, ids that come twice,
 * replies that are empty or have several boxed answers, replies that are not to be trained
 *
 * Memory: 32 bytes an id at most, and nothing beyond 2^25 ids (ids_full); 256 columns, texts of 200 bytes. */
#ifndef LEM_DATA_ROW_AUDIT_H
#define LEM_DATA_ROW_AUDIT_H

#include "data/row_kinds.h"
#include "data/turns.h"

enum { LEM_AUDIT_COLUMNS = 256 };
typedef struct lem_row_audit { /* zeroed = empty */
    uint64_t rows;
    uint64_t empty;         /* rows whose replies are all empty */
    uint64_t some_empty;    /* rows with an empty reply beside others */
    uint64_t duplicate_ids; /* rows whose id an earlier one has */
    uint64_t several_boxed; /* rows with a reply of more than one \boxed{ */
    uint64_t marked;        /* rows that are not to be trained: label false or 0, all replies of weight 0 */
    uint64_t masked_turns;  /* replies of other rows that are not to be trained (those of prompts included) */
    uint64_t with_tools;
    struct lem_audit_column {
        char *name; /* owned */
        uint64_t n; /* rows that have it, not null */
        bool used;  /* by the kind of some row */
    } column[LEM_AUDIT_COLUMNS];
    int n_columns;
    bool ids_full;  /* ids behind the first 2^25 are not compared */
    uint64_t *slot; /* hashes of ids, open addressing; 0 = free */
    uint64_t n_ids, n_slots;
} lem_row_audit;

typedef struct lem_row_facts { /* of one row */
    bool duplicate_id, several_boxed, marked, empty;
    int masked_turns;
} lem_row_facts;

void lem_row_audit_release(lem_row_audit *a);
/* Counts a row; turns NULL: it has none. facts may be NULL. */
lem_status lem_row_audit_add(lem_row_audit *a, const lem_json *row, lem_row_kind k, const lem_turns *turns,
                             lem_row_facts *facts, lem_err *err) LEM_MUST_CHECK;
/* Appends "a, b, c": columns that no kind reads; nothing where there are none. */
void lem_row_audit_unused(const lem_row_audit *a, lem_buf *out);

#endif
