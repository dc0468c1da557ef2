/* model/memory_priv.h - planned memory: what the host looks at, and what the backend computes with */
#ifndef LEM_MODEL_MEMORY_PRIV_H
#define LEM_MODEL_MEMORY_PRIV_H

#include "compute/buffer.h"

/* Places arrays one after the other, 64-byte aligned. base NULL counts only: the same code plans and assigns.
 */
typedef struct lem_carve {
    char *base;
    size_t used;
} lem_carve;
void *lem_carve_take(lem_carve *c, size_t n, size_t size);

typedef struct lem_memory { /* zeroed with b: counts */
    const lem_backend *b;   /* whose sizes count; NULL = any that works in the host's memory */
    lem_carve host, dev;
} lem_memory;
/* An array [rows,cols] of the backend's memory. */
float *lem_memory_floats(lem_memory *mem, size_t rows, size_t cols);
/* Both kinds together. */
static inline size_t lem_memory_bytes(const lem_memory *mem) { return mem->host.used + mem->dev.used; }

typedef struct lem_block { /* the memory that was planned; zeroed = none */
    char *host;            /* owned, zeroed at first */
    lem_buffer dev;
} lem_block;
/* Allocates what `planned` counted, and makes of it a plan that assigns. whole: all of the backend's part
 * will be written. LEM_EMEM. */
lem_status lem_block_init(lem_block *block, lem_backend *b, bool whole, lem_memory *planned,
                          lem_err *err) LEM_MUST_CHECK;
void lem_block_release(lem_block *block);

#endif
