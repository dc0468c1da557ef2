/* core/jsonl.h - rows written as JSONL, one object a line; rows are read by rows/rows.h */
#ifndef LEM_CORE_JSONL_H
#define LEM_CORE_JSONL_H

#include "core/err.h"
#include "core/file.h"
#include "core/json.h"

lem_status lem_rows_write(lem_out *o, const lem_json *row, lem_err *err) LEM_MUST_CHECK; /* one line */

#endif
