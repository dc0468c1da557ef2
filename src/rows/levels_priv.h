/* levels_priv - runs of small integers as Parquet packs them: the hybrid of run lengths and bit packing, and
 * deltas */
#ifndef LEM_ROWS_LEVELS_PRIV_H
#define LEM_ROWS_LEVELS_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All readers work on borrowed bytes and keep nothing; next() is false once the bytes do not hold another
 * value. */
typedef struct lem_hybrid {
    const unsigned char *p;
    size_t n, at;
    unsigned width; /* bits, 0 to 32 */
    bool packed;    /* the present run */
    bool legacy;    /* BIT_PACKED: one run without headers, most significant bit first */
    uint64_t left;  /* values left in it */
    uint64_t bit;   /* of a packed run, from its first byte at `at` */
    uint32_t value; /* of the other kind */
} lem_hybrid;
void lem_hybrid_start(lem_hybrid *h, const unsigned char *p, size_t n, unsigned width);
void lem_hybrid_start_legacy(lem_hybrid *h, const unsigned char *p, size_t n, unsigned width);
bool lem_hybrid_next(lem_hybrid *h, uint32_t *v);

typedef struct lem_delta {
    const unsigned char *p;
    size_t n, at;
    uint64_t value, min_delta; /* modulo 2^64 */
    uint64_t left;             /* values left, the next one included */
    uint64_t mini_size, minis; /* values in a miniblock, miniblocks in a block */
    uint64_t mini, in_mini;    /* the next value's place */
    size_t widths, data;       /* where the block's widths and the miniblock's data lie */
    bool first;
} lem_delta;
bool lem_delta_start(lem_delta *d, const unsigned char *p, size_t n);
bool lem_delta_next(lem_delta *d, int64_t *v);
/* Where the bytes behind the last value begin; call when no value is left. */
bool lem_delta_end(const lem_delta *d, size_t *end);

#endif
