/* scalar_priv - one value, as bytes of a column's type, made JSON */
#ifndef LEM_ROWS_SCALAR_PRIV_H
#define LEM_ROWS_SCALAR_PRIV_H

#include "core/json.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum lem_as {
    LEM_AS_NULL,
    LEM_AS_TEXT, /* must be UTF-8 */
    LEM_AS_BYTES,
    LEM_AS_BOOL,
    LEM_AS_INT, /* little-endian, two's complement, 1, 2, 4 or 8 bytes, as all integers below */
    LEM_AS_UINT,
    LEM_AS_REAL, /* 2, 4 or 8 bytes, IEEE 754 */
    LEM_AS_DECIMAL,
    LEM_AS_DATE, /* days since 1970-01-01 */
    LEM_AS_TIME, /* units since midnight */
    LEM_AS_TIMESTAMP,
    LEM_AS_INT96, /* nanoseconds of the day (8 bytes), Julian day (4) */
    LEM_AS_UUID
} lem_as;

typedef struct lem_scalar_type {
    lem_as as;
    int digits;      /* of the unit of times and timestamps: 0, 3, 6, 9; dates in milliseconds: 3 */
    int scale;       /* of decimals */
    bool utc;        /* times and timestamps */
    bool big_endian; /* decimals */
} lem_scalar_type;

/* n: the bytes of the value; a width that the type does not have is LEM_EDATA. */
lem_status lem_scalar_json(const lem_scalar_type *t, const unsigned char *p, size_t n, lem_json **out,
                           lem_err *err) LEM_MUST_CHECK;
const char *lem_scalar_name(const lem_scalar_type *t);

#endif
