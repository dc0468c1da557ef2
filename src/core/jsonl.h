/* core/jsonl.h - rows: read JSONL (or a JSON array file) row by row, with line numbers in every error; write
 * JSONL atomically */
#ifndef LEM_CORE_JSONL_H
#define LEM_CORE_JSONL_H

#include "core/err.h"
#include "core/file.h"
#include "core/json.h"
#include "core/log.h"

typedef struct lem_rows lem_rows;
/* Opens .jsonl / .json / .gz / .zst / "-". A file whose first non-space byte is '[' is read as one JSON array
 * of objects (<= 1 GiB). Blank lines are skipped. Rows must be objects. */
lem_status lem_rows_open(const char *path, lem_rows **out, lem_err *err) LEM_MUST_CHECK;
/* *row is owned by the caller; NULL at the end. Errors read "FILE:LINE: …". */
lem_status lem_rows_next(lem_rows *r, lem_json **row, lem_err *err) LEM_MUST_CHECK;
uint64_t lem_rows_number(const lem_rows *r); /* line (or array index + 1) of the last row */
void lem_rows_close(lem_rows *r);

lem_status lem_rows_write(lem_out *o, const lem_json *row, lem_err *err) LEM_MUST_CHECK; /* one line */

#endif
