/* data/candidate_set_priv.h - rows of a set before they are grouped, and what a problem's rows become */
#ifndef LEM_DATA_CANDIDATE_SET_PRIV_H
#define LEM_DATA_CANDIDATE_SET_PRIV_H

#include "core/data_files.h"
#include "core/hash.h"
#include "core/once.h"
#include "data/candidates_priv.h"
#include "data/candidate_set.h"
#include "data/judge_rows.h"

typedef struct set_item { /* a row */
    lem_json *row;
    int file; /* of the set's files */
    uint64_t number;
    char *id, *text; /* owned: the id, NULL where absent; problem and gold */
    bool has_problem;
    int filter;  /* -1: none */
    size_t next; /* the next row of the same problem; SIZE_MAX = none */
} set_item;

typedef struct set_group { /* a problem */
    size_t first, last;    /* of items */
} set_group;

struct lem_candidate_set {
    lem_data_files files;
    lem_candidates_map *map, *ours; /* of the rows that are read; of merged ones */
    lem_candidate_set_opts opts;
    lem_judge_rows *rows; /* rows of benchmarks for reward models become candidates */
    lem_candidates c;
    lem_buf ground;
    lem_json *peeked; /* the first row, read and not yet handed out */
    const char *file;
    uint64_t number;
    lem_once seen; /* streaming: ids -> numbers */
    char correct_by[96];
    bool graded_by_us;
    /* grouped */
    bool grouped, merged;
    set_item *item;
    size_t n_items, cap_items;
    set_group *group;
    size_t n_groups, at;
    char *filter[64];
    int n_filters;
    int *seed; /* [files.n] -1 = none */
};

/* The group's rows as one row of our columns. */
lem_status lem_candidate_set_merge(lem_candidate_set *s, const set_group *g, lem_json **out,
                                   lem_err *err) LEM_MUST_CHECK;
/* Groups the items; what is known of ground is added to. */
lem_status lem_candidate_set_group(lem_candidate_set *s, lem_err *err) LEM_MUST_CHECK;

#endif
