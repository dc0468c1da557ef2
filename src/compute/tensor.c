/* tensor - element types and their conversions */
#include "compute/tensor.h"

#include <string.h>

static uint32_t bits_of(float x) {
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

static float float_of(uint32_t u) {
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

const char *lem_dtype_name(lem_dtype t) {
    switch (t) {
    case LEM_DTYPE_F32: return "F32";
    case LEM_DTYPE_BF16: return "BF16";
    case LEM_DTYPE_F16: return "F16";
    case LEM_DTYPE_I8: return "I8";
    }
    return "?";
}

float lem_f16_to_f32(uint16_t x) {
    uint32_t sign = (uint32_t)(x & 0x8000u) << 16;
    uint32_t exponent = (x >> 10) & 31u, mantissa = x & 1023u;
    if (exponent == 31) return float_of(sign | 0x7f800000u | mantissa << 13);
    if (exponent != 0) return float_of(sign | (exponent + 112u) << 23 | mantissa << 13);
    float small = (float)mantissa * 0x1p-24f; /* subnormal: exact */
    return sign ? -small : small;
}

uint16_t lem_f32_to_f16(float x) {
    uint32_t u = bits_of(x);
    uint16_t sign = (uint16_t)((u >> 16) & 0x8000u);
    u &= 0x7fffffffu;
    if (u > 0x7f800000u) return (uint16_t)(sign | 0x7e00u | ((u >> 13) & 0x1ffu));
    if (u >= 0x477ff000u) return (uint16_t)(sign | 0x7c00u); /* rounds to 65536 or more */
    if (u < 0x38800000u) {                                   /* below 2^-14: steps of 2^-24 */
        if (u < 0x33000000u) return sign;                    /* below 2^-25: zero */
        uint32_t shift = 126u - (u >> 23);                   /* 14..24 */
        uint32_t mantissa = (u & 0x7fffffu) | 0x800000u;
        uint32_t kept = mantissa >> shift, rest = mantissa & ((1u << shift) - 1u), half = 1u << (shift - 1u);
        if (rest > half || (rest == half && (kept & 1u))) kept++;
        return (uint16_t)(sign | kept);
    }
    u += 0xfffu + ((u >> 13) & 1u);
    return (uint16_t)(sign | ((u - 0x38000000u) >> 13));
}
