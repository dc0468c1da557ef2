/* flat_priv - FlatBuffers, as far as Arrow's metadata is written in it: every offset is checked before use */
#ifndef LEM_ROWS_FLAT_PRIV_H
#define LEM_ROWS_FLAT_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A table inside p[0..n). A zeroed one has no fields. */
typedef struct lem_flat {
    const unsigned char *p;
    size_t n, table, vtable;
    size_t n_slots;
    size_t size; /* bytes of the table */
} lem_flat;

bool lem_flat_root(const unsigned char *p, size_t n, lem_flat *out);
bool lem_flat_has(const lem_flat *t, unsigned slot);
/* The little-endian integer of `size` bytes, sign-extended; `otherwise` where it is absent or damaged. */
int64_t lem_flat_int(const lem_flat *t, unsigned slot, size_t size, int64_t otherwise);
/* False where absent or damaged. */
bool lem_flat_table(const lem_flat *t, unsigned slot, lem_flat *out);
bool lem_flat_string(const lem_flat *t, unsigned slot, const char **s, size_t *n);

/* A vector: its elements lie at p[at], `each` bytes apart; count 0 where absent. False where damaged. */
typedef struct lem_flat_vector {
    const unsigned char *p;
    size_t n, at, count;
} lem_flat_vector;
bool lem_flat_vector_of(const lem_flat *t, unsigned slot, size_t each, lem_flat_vector *out);
/* Element i of a vector of tables. */
bool lem_flat_vector_table(const lem_flat_vector *v, size_t i, lem_flat *out);
/* The int64 at byte `at` of the vector's elements; the caller has checked the bounds. */
int64_t lem_flat_vector_int64(const lem_flat_vector *v, size_t at);

#endif
