/* data/candidate_set.h - one set of candidates from one file or several
 *
 * Every command that reads candidates reads them through this: rows come out one a problem.
 * A file with a problem in each row is passed through as it is, row by row.
 * All rows are read first, and grouped by problem, where there are several files, where a row is one
 * candidate, and where a problem stands once for each filter (lm-eval): one filter is then read, the one
 * asked for, else the first whose name holds "strict", else the first.
 * Problems are known by their ids where all rows have one, else by problem and gold, else, when all files
 * agree row by row, by their place. They come in the order of their first row, candidates in the order of
 * files (natural: rs2 before rs10) and lines. Where some problem has several rows, all of them come out in
 * our own columns, with those of the first row that are equal in all; else rows stay as they are.
 * LEM_EDATA, with both places: the same problem twice in a file whose rows are problems; one id of two
 * problems or golds; the same file twice; two files of the same seed ("rs3", "seed3" in their names) that
 * hold the same problem; a column that some rows of a problem lack; a file of another format. */
#ifndef LEM_DATA_CANDIDATE_SET_H
#define LEM_DATA_CANDIDATE_SET_H

#include "core/log.h"
#include "rows/rows.h"
#include "data/candidates.h"

typedef struct lem_candidate_set lem_candidate_set;
typedef struct lem_candidate_set_opts {
    const char *filter;         /* borrowed; NULL = by default */
    const lem_cancel *cancel;   /* borrowed; NULL = never */
    const lem_row_judge *judge; /* borrowed; each row of the files is judged first; NULL = none is */
    lem_pool *pool;             /* parses rows ahead (rows/rows.h); borrowed; NULL = none */
    bool ids_later;             /* the caller asks lem_candidate_set_once for each row, in their order */
    bool any_rows;              /* rows of no known format come out as they are, as if they were ours */
} lem_candidate_set_opts;

/* paths are files, folders, patterns. map is what the user says of columns; it is copied. An empty file is
 * no error: the first row is NULL then. */
lem_status lem_candidate_set_open(const char *const *paths, size_t n, const lem_candidates_map *map,
                                  const lem_candidate_set_opts *opts, lem_candidate_set **out,
                                  lem_err *err) LEM_MUST_CHECK;
/* *row is the caller's; NULL at the end. */
lem_status lem_candidate_set_next(lem_candidate_set *s, lem_json **row, lem_err *err) LEM_MUST_CHECK;
/* With ids_later: LEM_EDATA where the row's id stood in an earlier one. file and number are the row's place.
 * To be called from any thread, while nobody else uses the set. */
lem_status lem_candidate_set_once(lem_candidate_set *s, const lem_json *row, const char *file,
                                  uint64_t number, lem_err *err) LEM_MUST_CHECK;
/* Where the last row (of several, the first) stands. */
const char *lem_candidate_set_file(const lem_candidate_set *s);
uint64_t lem_candidate_set_number(const lem_candidate_set *s);
/* How much of the rows has come out, 0 to 1; below 0 where it is not known (a pipe). */
double lem_candidate_set_share(const lem_candidate_set *s);
/* How rows are read with lem_candidates_read. */
const lem_candidates_map *lem_candidate_set_map(const lem_candidate_set *s);
/* "NeMo-Skills: columns generation, expected_answer; 3 files joined by id"; "" for an empty file. */
const char *lem_candidate_set_ground(const lem_candidate_set *s);
/* Where correctness comes from: the path in the file, "" = the file has none; *ours: from lemma grade. */
const char *lem_candidate_set_correct_by(const lem_candidate_set *s, bool *ours);
void lem_candidate_set_close(lem_candidate_set *s); /* NULL allowed */

#endif
