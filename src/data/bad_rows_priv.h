/* data/bad_rows_priv.h - the tally and its judges */
#ifndef LEM_DATA_BAD_ROWS_PRIV_H
#define LEM_DATA_BAD_ROWS_PRIV_H

#include "data/bad_rows.h"

typedef struct lem_bad_judge lem_bad_judge;
struct lem_bad_judge {
    lem_bad_judge *next;
    lem_bad_rows *tally;
    lem_row_judge as; /* ctx is this judge */
    lem_bad_use use;
    lem_candidates_map *map; /* NULL: rows are not read as candidates */
    lem_candidates row;
    unsigned needs;                 /* bits of lem_candidates_field */
    const char *problem, *expected; /* of problems: the paths; NULL where most rows have none */
};

struct lem_bad_rows {
    lem_bad_judge *judges;
    lem_skipped *list;
    size_t max_bytes; /* of a row */
    uint64_t n, kinds[LEM_BAD_N_KINDS];
    char *shown[LEM_BAD_SHOWN];
};

#endif
