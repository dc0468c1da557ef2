/* weights/values.h - stored numbers to fp32 and back: F32, F16, BF16, little-endian, as in safetensors
 *
 * Reading tells where the first value stands that is not finite; writing rounds to nearest even. */
#ifndef LEM_WEIGHTS_VALUES_H
#define LEM_WEIGHTS_VALUES_H

#include "compute/tensor.h"

bool lem_values_dtype(const char *name, lem_dtype *out); /* "F32", "F16", "BF16"; false for others */
/* n stored values at p become out[0..n). The index of the first value that is not finite, or n; out is filled
 * in any case. */
size_t lem_values_read(lem_dtype from, const void *p, size_t n, float *out);
/* The other way, also to I8: whole numbers -127..127 as they are. The index of the first value that is not
 * finite once rounded to that type, or n. */
size_t lem_values_write(lem_dtype to, const float *x, size_t n, void *out);

#endif
