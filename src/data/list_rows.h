/* data/list_rows.h - rows about graded responses, of whatever kind, as response lists
 *
 * Kinds are those of LEM_ROW_REPLIES in row_kinds.h, told from the first row or named: lists as they are;
 * RewardBench 2 (every chosen one is right); preference pairs; NeMo-RL's ranks (the lowest is right, the
 * others are wrong); AceMath-RM and KTO, one response a row, regrouped by the user's turn.
 * Rows to be regrouped are all read first; lists come in the order of their first row, whatever lies between.
 * A list has one turn of the user and replies of one turn each: other rows are left out, counted, and the
 * first three named. Its system text is not part of the list (the model's own is used) unless asked for. */
#ifndef LEM_DATA_LIST_ROWS_H
#define LEM_DATA_LIST_ROWS_H

#include "core/json.h"
#include "data/row_kinds.h"
#include "rows/rows.h"

typedef struct lem_list_rows lem_list_rows;
typedef struct lem_list_rows_opts {
    lem_row_kind kind;        /* LEM_ROW_UNKNOWN = told from the first row, and logged */
    bool pass_others;         /* rows of other kinds are handed out as they stand, instead of refused */
    bool keep_system;         /* lists get the column `system` where a row has one */
    const lem_cancel *cancel; /* NULL = never */
    lem_log *log;             /* NULL = silent */
    int64_t limit;            /* rows of the files; -1 = all */
    const lem_json *rename;   /* row_map.h; NULL = none; borrowed */
    /* Where it leaves rows out (bad_rows.h), rows that cannot be read as their kind are some of them, and the
     * kind is that which most of the first rows are of; NULL = such a row is LEM_EDATA. */
    const lem_row_judge *judge;
} lem_list_rows_opts;
/* Opens a file and tells its kind from the columns. LEM_EDATA, with the columns found, for rows of no kind; a
 * file without rows is opened. o is copied; what it points at is kept. */
lem_status lem_list_rows_open_as(const char *path, const lem_list_rows_opts *o, lem_list_rows **out,
                                 lem_err *err) LEM_MUST_CHECK;
/* Several files as one; paths as in lem_rowset_open. */
lem_status lem_list_rows_open_all(const char *const *paths, size_t n, const lem_list_rows_opts *o,
                                  lem_list_rows **out, lem_err *err) LEM_MUST_CHECK;
/* The next list, {problem, responses[], labels[], ...}, owned by the caller; NULL at the end. *line: where it
 * stands, or its first row. Errors name file and line. Columns of lists are as they stand, unchecked. */
lem_status lem_list_rows_next(lem_list_rows *r, lem_json **row, uint64_t *line, lem_err *err) LEM_MUST_CHECK;
/* Gives a list the columns of graded candidates: completions and correct, and rm_score where it has scores. A
 * row that has completions, or no responses and labels, stays as it is. A label of at least a half is right.
 */
lem_status lem_list_row_grade(lem_json *row, lem_err *err) LEM_MUST_CHECK;
const char *
lem_list_rows_file(const lem_list_rows *r); /* of the last row read; borrowed until the next call */
/* Rows of the files so far, without those that the judge left out. */
uint64_t lem_list_rows_read(const lem_list_rows *r);
/* Whether lists are of several rows each, which are all read by now. */
bool lem_list_rows_grouped(const lem_list_rows *r);
/* The last list cannot be used: lem_data_row_failed (rows.h) with its place; the row is not counted then. */
lem_status lem_list_rows_failed(lem_list_rows *r, uint64_t line, lem_status st, lem_err *err) LEM_MUST_CHECK;
/* Rows left out so far: several turns of the user, or a reply of several turns. */
uint64_t lem_list_rows_left_out(const lem_list_rows *r);
void lem_list_rows_close(lem_list_rows *r);

#endif
