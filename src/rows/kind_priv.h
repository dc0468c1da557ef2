/* kind_priv - one file opened as what its content says it is */
#ifndef LEM_ROWS_KIND_PRIV_H
#define LEM_ROWS_KIND_PRIV_H

#include "rows/reader_priv.h"

/* Errors do not name the path. wanted and cancel are borrowed for as long as the reader is open. */
lem_status lem_reader_open(const char *path, const lem_wanted *wanted, const lem_cancel *cancel,
                           lem_reader *out, lem_err *err) LEM_MUST_CHECK;

#endif
