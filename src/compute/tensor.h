/* compute/tensor.h - the dimension alphabet and element types
 *
 * B sequences, T tokens (rows), D width, H heads, K kv heads, E head size, F ffn, V vocabulary, L layers, N
 * outputs of a product, R selected rows. Every tensor pointer carries its shape in a comment: float *q; //
 * [T,H,E]. All tensors are dense and row-major unless stated. */
#ifndef LEM_COMPUTE_TENSOR_H
#define LEM_COMPUTE_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* I8: whole numbers -127..127 beside scales (compute/int8.h). */
typedef enum lem_dtype {
    LEM_DTYPE_F32 = 0,
    LEM_DTYPE_BF16 = 1,
    LEM_DTYPE_F16 = 2,
    LEM_DTYPE_I8 = 3
} lem_dtype;

static inline size_t lem_dtype_size(lem_dtype t) {
    static const unsigned char size[] = {4, 2, 2, 1};
    return size[t];
}
const char *lem_dtype_name(lem_dtype t); /* "F32", "BF16", "F16", "I8" as in safetensors */

static inline float lem_bf16_to_f32(uint16_t x) {
    uint32_t u = (uint32_t)x << 16;
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}
/* Rounds to nearest even; NaN is kept one. */
static inline uint16_t lem_f32_to_bf16(float x) {
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    uint32_t even = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16, nan = (u >> 16) | 0x40u;
    return (uint16_t)((u & 0x7fffffffu) > 0x7f800000u ? nan : even);
}
float lem_f16_to_f32(uint16_t x);
uint16_t lem_f32_to_f16(float x);

#endif
