/* data/inspect.h - what a file of rows holds: kind of file and of rows with the ground, columns and their
 * use, counts of what is odd, licence, lengths in tokens, one row as it is trained, problems by file:line */
#ifndef LEM_DATA_INSPECT_H
#define LEM_DATA_INSPECT_H

#include "core/json.h"
#include "core/log.h"
#include "rows/rows.h"
#include "token/tokenizer.h"

typedef struct lem_inspect_how {
    const char *format;             /* kind of the rows; NULL = told from the first row of each file */
    int64_t limit;                  /* rows; -1 = all */
    const lem_tokenizer *tokenizer; /* NULL: no lengths, no rendered row */
    const lem_json *rename;         /* row_map.h; NULL = none */
    int max_problems;               /* that are listed; all are counted */
    const lem_cancel *cancel;       /* NULL = never */
    const lem_row_judge *judge;     /* rows/rows.h; told problems too; NULL = what is no row is an error */
} lem_inspect_how;

/* *out is the caller's:
 *   file, files, kind (of the file), rows_of [{kind, title, evidence, files, rows, converts_to[]}], rows,
 *   columns {name: type}, use {name: {rows, used}}, unused [..], counts {empty_replies, ..},
 *   licence {text, from, non_commercial where that is known} or null,
 *   tokens {rows, total, trained, min, median, p90, p99, max, histogram [{up_to, rows}]} or null, rendered
 * (lem_examples_preview) or null, problem_count, problems [text], first (the first row) A row whose
 * conversation cannot be read is a problem, "FILE:LINE: field ...", not a failure; a file that cannot be read
 * on is LEM_EDATA. Memory: one row, row_audit.h, 1 MiB of lengths. */
lem_status lem_inspect_rows(const char *const *paths, size_t n, const lem_inspect_how *how, lem_json **out,
                            lem_err *err) LEM_MUST_CHECK;

#endif
