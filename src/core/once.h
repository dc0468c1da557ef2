/* core/once.h - which of many keys stood before, and where: 16 bytes a key, whatever its length
 *
 * Keys are known by 96 bits of two hashes.
 * Of a million different keys two are taken for one with a probability below 1e-17. */
#ifndef LEM_CORE_ONCE_H
#define LEM_CORE_ONCE_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct lem_once_entry lem_once_entry;
typedef struct lem_once { /* zeroed = empty */
    lem_once_entry *at;   /* [cap], open addressing; at most four fifths are in use */
    size_t n, cap;
} lem_once;

/* Adds the key with its number, unless it is there: then *there is set, and *before is the number that it was
 * added with. Numbers of 2^32 - 2 and above come back as 2^32 - 2. */
lem_status lem_once_add(lem_once *o, const void *key, size_t len, uint64_t number, bool *there,
                        uint64_t *before, lem_err *err) LEM_MUST_CHECK;
void lem_once_release(lem_once *o);

#endif
