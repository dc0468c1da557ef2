/* compute/int8.h - numbers rounded to int8 in groups of 128 that share a scale
 *
 * x is about scale * q with q in -127..127 (never -128), scale = the largest |x| of the group / 127, q = x /
 * scale to the nearest, ties to even. A weight has a scale for each output and group of its reduction index,
 * an activation one for each row and the same groups: a group then costs one multiplication more for 128
 * products, and a few large channels, which all trained models have, spoil their own group alone and not the
 * row. The bits are the same on every processor. */
#ifndef LEM_COMPUTE_INT8_H
#define LEM_COMPUTE_INT8_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { LEM_INT8_GROUP = 128, LEM_INT8_MAX = 127 };

typedef struct lem_int8_block { /* a group of a row, zeros behind its end */
    float scale;                /* 0 or more; NaN where a number was not finite */
    int8_t q[LEM_INT8_GROUP];
} lem_int8_block;

static inline size_t lem_int8_groups(size_t K) { return (K + LEM_INT8_GROUP - 1) / LEM_INT8_GROUP; }

/* n 1..128 numbers to n bytes q + shift modulo 256, the rest of the group to shift. Returns the scale. Groups
 * below 2^-100 are zeros. */
static inline float lem_int8_round(const float *x, int n, uint32_t shift, uint8_t *q) {
    uint32_t top = 0;
    for (int i = 0; i < n; i++) {
        uint32_t u;
        memcpy(&u, x + i, sizeof u);
        u &= 0x7fffffffu;
        top = u > top ? u : top;
    }
    float largest;
    memcpy(&largest, &top, sizeof largest);
    const bool finite = top < 0x7f800000u;
    if (!finite || largest < 0x1p-100f) {
        memset(q, (int)shift, LEM_INT8_GROUP);
        return finite ? 0 : NAN;
    }
    const float by = (float)LEM_INT8_MAX / largest;
    for (int i = 0; i < n; i++) {
        float t = x[i] * by + 12582912.0f; /* 1.5 * 2^23: the sum's low bits are the rounded integer */
        uint32_t u;
        memcpy(&u, &t, sizeof u);
        q[i] = (uint8_t)(u + shift);
    }
    memset(q + n, (int)shift, (size_t)(LEM_INT8_GROUP - n));
    return largest / (float)LEM_INT8_MAX;
}

/* A row of K numbers as its groups. */
static inline void lem_int8_round_row(const float *x, size_t K, lem_int8_block *to) {
    for (size_t k = 0; k < K; k += LEM_INT8_GROUP, to++) {
        size_t n = K - k < LEM_INT8_GROUP ? K - k : LEM_INT8_GROUP;
        to->scale = lem_int8_round(x + k, (int)n, 0, (uint8_t *)to->q);
    }
}

#endif
