/* data/rows.h - rows of a file of any kind, for loaders that can be asked to stop */
#ifndef LEM_DATA_ROWS_H
#define LEM_DATA_ROWS_H

#include "core/file.h"
#include "core/log.h"
#include "rows/rows.h"

#include <stdio.h>
#include <string.h>

/* Opens the rows of a file of any kind, or of a folder or pattern of them, read under cancel (NULL = never):
 * the one place where loaders open files. */
static inline lem_status lem_data_rows_open(const char *path, const lem_cancel *cancel, lem_rowset **out,
                                            lem_err *err) {
    const lem_rowset_opts o = {.cancel = cancel};
    return lem_rowset_open(&path, 1, &o, out, err);
}

/* The same, each row being judged first (NULL: none is). */
static inline lem_status lem_data_rows_judged(const char *path, const lem_cancel *cancel,
                                              const lem_row_judge *judge, lem_rowset **out, lem_err *err) {
    const lem_rowset_opts o = {.cancel = cancel, .judge = judge};
    return lem_rowset_open(&path, 1, &o, out, err);
}

static inline bool lem_data_leaves_out(const lem_row_judge *judge) { return judge && judge->ask; }

/* Gives out what can be read, and passes over what cannot. */
static inline lem_status lem_data_pass_over(void *ctx, const char *file, uint64_t number, const lem_json *row,
                                            lem_err *err) {
    (void)ctx, (void)file, (void)number, (void)err;
    return row ? LEM_OK : LEM_NO;
}
static inline lem_row_judge lem_data_readable(size_t max_bytes) {
    return (lem_row_judge){lem_data_pass_over, NULL, max_bytes};
}

/* How many bytes of a text its place in front takes, "FILE:NUMBER: "; 0 where it has none. */
static inline size_t lem_data_place_in(const char *text, const char *file, uint64_t number) {
    char behind[32];
    const size_t n = strlen(file);
    const int k = snprintf(behind, sizeof behind, ":%llu: ", (unsigned long long)number);
    bool there = strncmp(text, file, n) == 0 && strncmp(text + n, behind, (size_t)k) == 0;
    return there ? n + (size_t)k : 0;
}

/* A row that was given out cannot be used: it failed with st and *err, with its place or without. LEM_OK
 * where the judge leaves it out, else the failure. */
static inline lem_status lem_data_row_failed(const lem_row_judge *judge, const char *file, uint64_t number,
                                             lem_status st, lem_err *err) {
    if (st != LEM_EDATA || !lem_data_leaves_out(judge)) return st;
    st = judge->ask(judge->ctx, file, number, NULL, err);
    if (st != LEM_NO) return st;
    if (err) *err = (lem_err)LEM_ERR_INIT;
    return LEM_OK;
}

/* LEM_EINTR if asked to stop; loaders call it at every row. */
static inline lem_status lem_data_cancelled(const lem_cancel *cancel, lem_err *err) {
    if (cancel && cancel->requested) return lem_fail(err, LEM_EINTR, "interrupted");
    return LEM_OK;
}

#endif
