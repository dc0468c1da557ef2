/* gguf/blocks.h - the number types of GGUF tensors and their values as fp32
 *
 * F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1 (blocks of 32) and Q4_K, Q5_K, Q6_K (of 256). Products and
 * sums are rounded to fp32 in the order of ggml's dequantize functions, so that values are theirs bit for
 * bit. */
#ifndef LEM_GGUF_BLOCKS_H
#define LEM_GGUF_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct lem_gguf_type {
    const char *name;
    uint32_t id;
    uint32_t values, bytes; /* of a block; bytes 0: named here, and not read */
} lem_gguf_type;

/* NULL for a number that no type of today has. */
const lem_gguf_type *lem_gguf_type_of(uint32_t id);
/* The values of n whole blocks. */
void lem_gguf_unpack(const lem_gguf_type *t, const void *blocks, size_t n, float *out);

#endif
