/* rows_priv.h - rows of a file for loaders that can be asked to stop */
#ifndef LEM_DATA_ROWS_PRIV_H
#define LEM_DATA_ROWS_PRIV_H

#include "core/jsonl.h"
#include "core/log.h"

/* Opens rows that are read under cancel (NULL = never): the one place where loaders open files. */
static inline lem_status lem_data_rows_open(const char *path, const lem_cancel *cancel, lem_rows **out,
                                            lem_err *err) {
    lem_status st = lem_rows_open(path, out, err);
    if (st == LEM_OK) lem_rows_watch(*out, cancel);
    return st;
}

/* LEM_EINTR if asked to stop; loaders call it at every row. */
static inline lem_status lem_data_cancelled(const lem_cancel *cancel, lem_err *err) {
    if (cancel && cancel->requested) return lem_fail(err, LEM_EINTR, "interrupted");
    return LEM_OK;
}

#endif
