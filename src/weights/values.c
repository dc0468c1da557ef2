/* values - F32, F16 and BF16 as they stand in files, to fp32 and back */
#include "weights/values.h"

#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "files are little-endian and are read as they are"
#endif

bool lem_values_dtype(const char *name, lem_dtype *out) {
    for (lem_dtype d = LEM_DTYPE_F32; d <= LEM_DTYPE_F16; d++) {
        if (strcmp(name, lem_dtype_name(d)) != 0) continue;
        *out = d;
        return true;
    }
    return false;
}

static bool finite_bits(uint32_t u) { return (u & 0x7f800000u) != 0x7f800000u; }

static size_t first_bad(const float *x, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint32_t u;
        memcpy(&u, x + i, sizeof u);
        if (!finite_bits(u)) return i;
    }
    return n;
}

enum { BLOCK = 256 }; /* constant, so that the loops over it become vector code */

static bool block_finite(const float *x) {
    uint32_t bad = 0;
    for (size_t i = 0; i < BLOCK; i++) {
        uint32_t u;
        memcpy(&u, x + i, sizeof u);
        bad |= (u & 0x7f800000u) + 0x00800000u; /* the top bit: all bits of the exponent are set */
    }
    return !(bad & 0x80000000u);
}

static void expand_block(const unsigned char *p, float *out) {
    for (size_t i = 0; i < BLOCK; i++) {
        uint16_t half;
        memcpy(&half, p + 2 * i, sizeof half);
        uint32_t u = (uint32_t)half << 16;
        memcpy(out + i, &u, sizeof u);
    }
}

size_t lem_values_read(lem_dtype from, const void *p, size_t n, float *out) {
    const unsigned char *at = p;
    size_t i = 0;
    if (from == LEM_DTYPE_F32) memmove(out, p, n * sizeof *out);
    for (; from == LEM_DTYPE_BF16 && i + BLOCK <= n; i += BLOCK) expand_block(at + 2 * i, out + i);
    for (; from != LEM_DTYPE_F32 && i < n; i++) {
        uint16_t half;
        memcpy(&half, at + 2 * i, sizeof half);
        out[i] = from == LEM_DTYPE_BF16 ? lem_bf16_to_f32(half) : lem_f16_to_f32(half);
    }
    for (i = 0; i + BLOCK <= n && block_finite(out + i);) i += BLOCK;
    return i + first_bad(out + i, n - i);
}

size_t lem_values_write(lem_dtype to, const float *x, size_t n, void *out) {
    unsigned char *at = out;
    size_t bad = n;
    if (to == LEM_DTYPE_F32) {
        memmove(out, x, n * sizeof *x);
        return first_bad(x, n);
    }
    if (to == LEM_DTYPE_I8) {
        for (size_t i = 0; i < n; i++) at[i] = (unsigned char)(int8_t)x[i];
        return n;
    }
    const uint16_t exponent = to == LEM_DTYPE_BF16 ? 0x7f80 : 0x7c00;
    for (size_t i = 0; i < n; i++) {
        uint16_t half = to == LEM_DTYPE_BF16 ? lem_f32_to_bf16(x[i]) : lem_f32_to_f16(x[i]);
        if ((half & exponent) == exponent && bad == n) bad = i;
        memcpy(at + 2 * i, &half, sizeof half);
    }
    return bad;
}
