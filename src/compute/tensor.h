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

typedef enum lem_dtype { LEM_DTYPE_F32 = 0, LEM_DTYPE_BF16 = 1, LEM_DTYPE_F16 = 2 } lem_dtype;

static inline size_t lem_dtype_size(lem_dtype t) { return t == LEM_DTYPE_F32 ? 4 : 2; }
const char *lem_dtype_name(lem_dtype t); /* "F32", "BF16", "F16" as in safetensors */

float lem_bf16_to_f32(uint16_t x);
uint16_t lem_f32_to_bf16(float x); /* round to nearest even, NaN kept */
float lem_f16_to_f32(uint16_t x);
uint16_t lem_f32_to_f16(float x);

#endif
