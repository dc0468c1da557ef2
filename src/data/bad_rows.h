/* data/bad_rows.h - rows that cannot be used, left out and counted in place of ending the job
 *
 * A judge looks at each row of one file before anybody else does (lem_row_judge), so that what reads rows
 * needs nothing but to open them with it. What rows of a file are like is what most of its first rows are
 * like, so a broken first row spoils nothing. What is wrong for one command only is told by it
 * (lem_bad_rows_add). */
#ifndef LEM_DATA_BAD_ROWS_H
#define LEM_DATA_BAD_ROWS_H

#include "core/json.h"
#include "core/log.h"
#include "core/skipped.h"
#include "data/candidates.h"
#include "rows/rows.h"

typedef enum lem_bad_kind {
    LEM_BAD_SYNTAX = 0, /* no JSON, or no object */
    LEM_BAD_NUMBER,     /* NaN, Infinity */
    LEM_BAD_MISSING,    /* a field that most rows have */
    LEM_BAD_TYPE,
    LEM_BAD_LENGTH, /* lists of different lengths, or of none */
    LEM_BAD_SIZE,   /* longer than a row may be */
    LEM_BAD_OTHER,
    LEM_BAD_N_KINDS
} lem_bad_kind;

/* What a row must have to be one. */
typedef enum lem_bad_use {
    LEM_BAD_ANY,      /* an object */
    LEM_BAD_GRADED,   /* candidates and, where most rows have one, a gold */
    LEM_BAD_SELECTED, /* the scores, correctness, answers and golds that most rows have; one candidate at
                         least */
    LEM_BAD_PROBLEMS  /* a problem, and a gold where most rows have one (lem_bad_rows_judge_problems) */
} lem_bad_use;

enum { LEM_BAD_SHOWN = 3 };

/* The tally of one job; not thread-safe. A place counts once, however often its file is read: a judge says
 * the same each time, and who adds a row leaves it out each time. */
typedef struct lem_bad_rows lem_bad_rows;
/* dir: where texts go that are too many for memory (core/skipped.h); copied. */
lem_bad_rows *lem_bad_rows_new(const char *dir, lem_err *err);
void lem_bad_rows_free(lem_bad_rows *b); /* NULL allowed; judges go with it */
/* Judges made from now on call longer rows bad (lem_row_judge). */
void lem_bad_rows_limit(lem_bad_rows *b, size_t max_bytes);

/* A judge of a file, folder or pattern, whose first rows are read now. map: what the user says of the columns
 * of candidates; NULL = nothing. *out is borrowed until b is freed. LEM_EUSAGE for "-", which cannot be read
 * twice, but for LEM_BAD_ANY. */
lem_status lem_bad_rows_judge(lem_bad_rows *b, lem_bad_use use, const char *path,
                              const lem_candidates_map *map, const lem_cancel *cancel,
                              const lem_row_judge **out, lem_err *err) LEM_MUST_CHECK;
/* The same for problems. map: list of "ours=theirs" as lem_problems_load knows them; borrowed, NULL = none.
 */
lem_status lem_bad_rows_judge_problems(lem_bad_rows *b, const char *path, const lem_json *map,
                                       const lem_cancel *cancel, const lem_row_judge **out,
                                       lem_err *err) LEM_MUST_CHECK;
/* A row is left out: why is its error, without the place. */
lem_status lem_bad_rows_add(lem_bad_rows *b, const char *file, uint64_t number, const lem_err *why,
                            lem_err *err) LEM_MUST_CHECK;

uint64_t lem_bad_rows_count(const lem_bad_rows *b);
/* LEM_EPARTIAL, naming the first, where more than max_share of the rows (those used and those left out) are
 * left out. */
lem_status lem_bad_rows_check(const lem_bad_rows *b, uint64_t used, double max_share,
                              lem_err *err) LEM_MUST_CHECK;
/* Appends "12 rows left out: 3 not JSON, 9 missing field". */
void lem_bad_rows_text(const lem_bad_rows *b, lem_buf *out);
/* All of them with kind and field, to be saved; borrowed. What else is added to it is not counted here. */
lem_skipped *lem_bad_rows_list(lem_bad_rows *b);
/* "FILE:LINE: why" of the i-th of the first LEM_BAD_SHOWN; NULL behind the last. */
const char *lem_bad_rows_shown(const lem_bad_rows *b, int i);
/* {"rows": 12, "kinds": {"not JSON": 3, …}, "first": ["FILE:LINE: why", …]}; owned by the caller, NULL: no
 * memory. */
lem_json *lem_bad_rows_json(const lem_bad_rows *b);

#endif
