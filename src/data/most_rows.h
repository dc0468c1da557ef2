/* data/most_rows.h - what most rows of a file are like, where its first row may be one that is left out */
#ifndef LEM_DATA_MOST_ROWS_H
#define LEM_DATA_MOST_ROWS_H

#include "core/log.h"
#include "rows/rows.h"

/* The class of a row, 0 to LEM_MOST_CLASSES - 1; below 0: it is of none. The row may be changed. */
typedef int lem_class_of(const void *ctx, lem_json *row);
enum { LEM_MOST_CLASSES = 64 };

/* Reads the first 256 rows of a file, folder or pattern and sets *out to the class that most of them are of:
 * of equals the one that *out was, else the lowest; where none is of any, *out stays. Rows that cannot be
 * read are passed over. judge: for max_bytes; may be NULL. */
lem_status lem_most_rows(const char *path, const lem_cancel *cancel, const lem_row_judge *judge,
                         lem_class_of *class_of, const void *ctx, int *out, lem_err *err) LEM_MUST_CHECK;

#endif
