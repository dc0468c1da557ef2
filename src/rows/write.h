/* rows/write.h - rows written as JSONL or Parquet, atomically */
#ifndef LEM_ROWS_WRITE_H
#define LEM_ROWS_WRITE_H

#include "core/file.h"
#include "core/json.h"

typedef enum lem_rows_kind { LEM_ROWS_JSONL, LEM_ROWS_PARQUET } lem_rows_kind;
typedef struct lem_rows_writer lem_rows_writer;

/* Parquet where the name ends in .parquet, else JSONL. */
lem_rows_kind lem_rows_kind_of(const char *path);
/* path as in lem_out_open; group_rows is the size of Parquet's row groups in rows (0 = 10,000).
 * Parquet's columns are those of the rows of the first group: text, integers, real numbers, booleans, lists
 * and structs of them; every column may be null. A later row that does not fit them, and a column of two
 * types, are errors that name row and column; rows whose columns change are written as JSONL. */
lem_status lem_rows_writer_open(const char *path, lem_rows_kind kind, bool overwrite, size_t group_rows,
                                lem_rows_writer **out, lem_err *err) LEM_MUST_CHECK;
/* Takes a reference of its own; row stays the caller's. */
lem_status lem_rows_writer_add(lem_rows_writer *w, lem_json *row, lem_err *err) LEM_MUST_CHECK;
/* Writes what is left and puts the file in place. */
lem_status lem_rows_writer_commit(lem_rows_writer *w, lem_err *err) LEM_MUST_CHECK;
void lem_rows_writer_close(lem_rows_writer *w); /* without commit nothing is left; NULL allowed */

#endif
