/* curate/dedup.h - which rows say what an earlier row says: the same text, or nearly the same
 *
 * Rows are added in order. Rules: the same text; the same after lower-casing (AceMath, arXiv 2412.15084
 * §3.2.1); the same words (normalize.h, or of a-z and 0-9 alone); or nearly: MinHash bands (minhash.h) give
 * candidates, the exact Jaccard coefficient of each candidate pair decides, and what pairs connect is one
 * cluster. Of a cluster one row is kept. Equal texts are told by 128 bits of BLAKE2b or, for near, are so
 * joined before bands are made.
 *
 * Memory is bounded: tables up to `memory` bytes, beyond that sorted and merged in nameless files. What comes
 * out depends on rows and options alone, never on memory or threads.
 *
 *   lem_dedup_add() for each row; LEM_DEDUP_LATER from some row on: answers come from
 *   lem_dedup_find(), then lem_dedup_next() for the twins among them in order of rows. */
#ifndef LEM_CURATE_DEDUP_H
#define LEM_CURATE_DEDUP_H

#include "core/log.h"
#include "core/pool.h"
#include "curate/minhash.h"

typedef enum lem_dedup_rule {
    LEM_DEDUP_EXACT,
    LEM_DEDUP_LOWER, /* Unicode's simple lower case of each code point; bytes that are not UTF-8 stay */
    LEM_DEDUP_ASCII, /* lower case, all but a-z and 0-9 is a space: what is written without them vanishes */
    LEM_DEDUP_NORMALIZED,
    LEM_DEDUP_NEAR
} lem_dedup_rule;

/* Which row of a cluster stays; the first of equal ones. */
typedef enum lem_dedup_keep {
    LEM_DEDUP_FIRST,
    LEM_DEDUP_LAST,
    LEM_DEDUP_LONGEST,
    LEM_DEDUP_SHORTEST
} lem_dedup_keep;

typedef struct lem_dedup_opts {
    lem_dedup_rule rule;
    lem_dedup_keep keep;
    lem_minhash_opts near; /* planned (lem_minhash_plan) */
    double jaccard;        /* pairs of that much and more are near */
    size_t memory;         /* bytes */
    const char *dir;       /* the folder of temporary files; borrowed */
    bool clusters;         /* lem_dedup_next_member will be asked */
    lem_pool *pool;        /* NULL = one thread; borrowed */
    lem_log *log;          /* told when tables go to disk; NULL = silent */
    const lem_cancel *cancel;
} lem_dedup_opts;

/* A row: what is compared (in one or two parts), where it stands, how long it is. */
typedef struct lem_dedup_row {
    const char *part[2]; /* borrowed; text of len bytes */
    size_t len[2];
    int parts;
    uint64_t place; /* the caller's name of the row; not 0 */
    uint64_t size;  /* what LONGEST and SHORTEST go by */
} lem_dedup_row;

/* A row that is left out, and the one that stays in its place. Rows count from 0. */
typedef struct lem_dedup_twin {
    uint64_t row, place, kept_row, kept_place;
    double jaccard; /* to the kept one; 1 but for LEM_DEDUP_NEAR; may be below the threshold in a chain */
} lem_dedup_twin;

typedef enum lem_dedup_answer { LEM_DEDUP_NEW, LEM_DEDUP_TWIN, LEM_DEDUP_LATER } lem_dedup_answer;

typedef struct lem_dedup_stats {
    uint64_t rows, empty;     /* rows without a text to compare are kept */
    uint64_t twins, clusters; /* rows left out; clusters of two rows and more */
    uint64_t largest;         /* rows of the largest cluster */
    uint64_t compared,
        similar;      /* near: pairs of different texts compared; of these, pairs over the threshold */
    uint64_t crowded; /* near: texts that a crowded band did not compare with all others */
    uint64_t on_disk; /* bytes written to temporary files */
} lem_dedup_stats;

typedef struct lem_dedup lem_dedup;
lem_status lem_dedup_new(const lem_dedup_opts *o, lem_dedup **out, lem_err *err) LEM_MUST_CHECK;
void lem_dedup_free(lem_dedup *d); /* NULL allowed */
/* *twin is set for LEM_DEDUP_TWIN. After the first LEM_DEDUP_LATER all answers are that. */
lem_status lem_dedup_add(lem_dedup *d, const lem_dedup_row *row, lem_dedup_answer *answer,
                         lem_dedup_twin *twin, lem_err *err) LEM_MUST_CHECK;
/* All rows are there; statistics are whole afterwards. */
lem_status lem_dedup_find(lem_dedup *d, lem_err *err) LEM_MUST_CHECK;
/* The next row answered LATER that is left out; *any false behind the last. */
lem_status lem_dedup_next(lem_dedup *d, lem_dedup_twin *out, bool *any, lem_err *err) LEM_MUST_CHECK;
/* All rows left out, cluster by cluster in order of the kept rows, within a cluster in order of rows. */
lem_status lem_dedup_next_member(lem_dedup *d, lem_dedup_twin *out, bool *any, lem_err *err) LEM_MUST_CHECK;
lem_dedup_stats lem_dedup_stats_of(const lem_dedup *d);

#endif
