/* random_priv - bytes of a regular file at any place */
#ifndef LEM_ROWS_RANDOM_PRIV_H
#define LEM_ROWS_RANDOM_PRIV_H

#include "core/buf.h"
#include "core/log.h"

#include <stdint.h>

typedef struct lem_random {
    int fd;
    uint64_t size;
    const lem_cancel *cancel; /* borrowed; NULL = never */
} lem_random;

lem_status lem_random_open(const char *path, lem_random *out, lem_err *err) LEM_MUST_CHECK;
/* Replaces out by n bytes from `at`; beyond the end of the file is LEM_EDATA, before anything is allocated.
 */
lem_status lem_random_read(const lem_random *r, uint64_t at, uint64_t n, lem_buf *out,
                           lem_err *err) LEM_MUST_CHECK;
void lem_random_close(lem_random *r);

#endif
