/* rows/rows.h - one source of rows under every reader: JSONL, JSON arrays, CSV, TSV, Parquet, Arrow IPC
 *
 * A row is a JSON object, column by column. What kind of file it is, is told by its content, not by its name:
 *   JSONL, one JSON array of objects, CSV and TSV, each also inside gzip or Zstandard;
 *   Parquet (all encodings; snappy, gzip, zstd, lz4; pages v1 and v2; nested lists, structs and maps);
 *   Arrow IPC streams and files, and the folders that `save_to_disk` of Hugging Face's datasets writes.
 * How values are shown: integers, real numbers and booleans as such (not-a-number and infinities become null;
 * unsigned integers over 2^63 - 1 become real numbers, as in JSON); decimals, dates, times and timestamps as
 * text (ISO 8601, the digits of the unit, "Z" where the type is in UTC); durations as integers of their unit;
 * UUIDs as text; maps as objects where keys are text, else as lists of {"key", "value"}; fields of CSV as
 * text. Bytes that are not text, and whatever else is not read, are refused by name, with the pyarrow lines
 * that convert the file. */
#ifndef LEM_ROWS_ROWS_H
#define LEM_ROWS_ROWS_H

#include "core/json.h"
#include "core/log.h"
#include "core/pool.h"

typedef struct lem_rowset lem_rowset;

/* The most bytes of a row where nothing else is said, in MiB and in bytes. */
#define LEM_ROW_MIB 64
#define LEM_ROW_BYTES ((size_t)LEM_ROW_MIB << 20)

/* Which rows are given out.
 * ask is asked about each row: LEM_OK it is given, LEM_NO it is left out, else reading ends with that error;
 * ask NULL: all are given.
 * row NULL: it could not be read, and err says why, without its place.
 * Asked so are rows behind which reading can go on for sure: a line of JSONL, an element of an array that is
 * no object, a line of CSV with other fields than the header's; any other ends the reading.
 * max_bytes is the most that a row may have, 0 = LEM_ROW_BYTES: of its text in JSON and CSV (unpacked), of
 * its values in Parquet and Arrow; a longer one is not read into memory. */
typedef struct lem_row_judge {
    lem_status (*ask)(void *ctx, const char *file, uint64_t number, const lem_json *row, lem_err *err);
    void *ctx;
    size_t max_bytes;
} lem_row_judge;

typedef struct lem_rowset_opts {
    /* The columns to decode; others are absent from the rows. Borrowed until lem_rowset_close. n_columns 0:
     * all. A column that a file has not is absent from its rows, as in JSON. */
    const char *const *columns;
    size_t n_columns;
    const lem_cancel *cancel;   /* borrowed; NULL = never */
    const lem_row_judge *judge; /* borrowed until lem_rowset_close; NULL = all rows, of LEM_ROW_BYTES */
    /* Names of the columns of CSV and TSV files that have no header line: their first line is a row then.
     * Borrowed until lem_rowset_close; n_header 0: files have a header. Other kinds of files name their
     * columns themselves. */
    const char *const *header;
    size_t n_header;
    /* Parses lines of JSONL ahead, so many at a time, in order; not used while a row is not asked for.
     * Borrowed; NULL = each line when it is asked for. It changes no row and no error. */
    lem_pool *pool;
    /* A question about each row on its own, answered by the threads that parse ahead and told by
     * lem_rowset_told; NULL = none. */
    bool (*tell)(const lem_json *row);
} lem_rowset_opts;

/* Opens files in the order given.
 * Each path is a file, "-" (no Parquet), or a folder or pattern of data files (core/data_files.h).
 * opts may be NULL.
 * The first file is opened at once, the others as they are come to. */
lem_status lem_rowset_open(const char *const *paths, size_t n, const lem_rowset_opts *opts, lem_rowset **out,
                           lem_err *err) LEM_MUST_CHECK;
/* *row is owned by the caller; NULL at the end of the last file.
 * Errors read "FILE:LINE: …" for text and "FILE: row N: …" for tables, and end the reading. */
lem_status lem_rowset_next(lem_rowset *s, lem_json **row, lem_err *err) LEM_MUST_CHECK;
/* The file of the last row, or of the first one before any; borrowed until lem_rowset_close. */
const char *lem_rowset_file(const lem_rowset *s);
/* The last row's number in its file: the line it begins in, or its place in an array or table, from 1. */
uint64_t lem_rowset_number(const lem_rowset *s);
/* What opts.tell says of the last row; false without. */
bool lem_rowset_told(const lem_rowset *s);
/* How much has been read of all files, 0 to 1, by their bytes; below 0 where it is not known (a pipe). For
 * telling how long it will take. */
double lem_rowset_share(const lem_rowset *s);
/* The files that the paths came to. */
size_t lem_rowset_files(const lem_rowset *s);
/* Appends what the present file was found to be, in one line, e.g.
 * "Parquet, 3 row groups, 12,345 rows, columns a, b[], c{x,y}". */
void lem_rowset_evidence(const lem_rowset *s, lem_buf *out);
/* Type and name of each column as JSON ({"a": "integer", …}); NULL where the file does not state them (JSON).
 * Owned by the caller. */
lem_json *lem_rowset_types(const lem_rowset *s);
void lem_rowset_close(lem_rowset *s); /* NULL allowed */

#endif
