/* cancel_priv.h - loaders look at every row whether they are asked to stop */
#ifndef LEM_DATA_CANCEL_PRIV_H
#define LEM_DATA_CANCEL_PRIV_H

#include "core/err.h"
#include "core/log.h"

/* LEM_EINTR if so; NULL = never. */
static inline lem_status lem_data_cancelled(const lem_cancel *cancel, lem_err *err) {
    if (cancel && cancel->requested) return lem_fail(err, LEM_EINTR, "interrupted");
    return LEM_OK;
}

#endif
