/* cpu/simd_generic.h - the vector layer in GNU vectors of four, for any processor: multiply and add are
 * rounded separately (see simd_avx512.h for the meaning) */
#ifndef LEM_COMPUTE_SIMD_H
#define LEM_COMPUTE_SIMD_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define SIMD static inline __attribute__((always_inline))
#define VF_W 4
#define TILE_ROWS 4 /* 4 x 8: 8 accumulators leave registers for the separate products */
#define TILE_VECS 2

typedef float vf __attribute__((vector_size(16)));
typedef int32_t vi __attribute__((vector_size(16)));
typedef uint32_t vu __attribute__((vector_size(16)));
typedef struct v16 {
    vf q[4];
} v16;

SIMD vf vf_zero(void) { return (vf){0, 0, 0, 0}; }
SIMD vf vf_load(const float *p) {
    vf a;
    memcpy(&a, p, sizeof a);
    return a;
}
SIMD void vf_store(float *p, vf a) { memcpy(p, &a, sizeof a); }
SIMD vf vf_set1(float x) { return (vf){x, x, x, x}; }
SIMD vf vf_add(vf a, vf b) { return a + b; }
SIMD vf vf_fma(vf a, vf b, vf c) { return a * b + c; }
SIMD vf vf_fma_once(vf a, vf b, vf c) {
    return (vf){fmaf(a[0], b[0], c[0]), fmaf(a[1], b[1], c[1]), fmaf(a[2], b[2], c[2]),
                fmaf(a[3], b[3], c[3])};
}
SIMD vf vf_mul(vf a, vf b) { return a * b; }
SIMD vf vf_of_ints(const int32_t *p) { return (vf){(float)p[0], (float)p[1], (float)p[2], (float)p[3]}; }
/* Whole numbers: sums of four products of bytes -127..127 a lane. */
typedef vi vq;
SIMD vq vq_zero(void) { return (vq){0, 0, 0, 0}; }
SIMD vq vq_load(const void *p) {
    vq a;
    memcpy(&a, p, sizeof a);
    return a;
}
SIMD void vq_store(int32_t *p, vq a) { memcpy(p, &a, sizeof a); }
SIMD vq vq_set1(int32_t x) { return (vq){x, x, x, x}; }
SIMD vq vq_byte(vq a, int i) { return (vq)((vu)a << (24 - 8 * i)) >> 24; }
SIMD vq vq_dot(vq sum, vq a, vq b) {
    for (int i = 0; i < 4; i++) sum += vq_byte(a, i) * vq_byte(b, i);
    return sum;
}
/* The even and the odd one of pairs of bf16. */
SIMD vf vf_low_of(vq a) { return (vf)((vu)a << 16); }
SIMD vf vf_high_of(vq a) { return (vf)((vu)a & 0xffff0000u); }
SIMD vf vf_pair_lo(const uint32_t *p) {
    vu a;
    memcpy(&a, p, sizeof a);
    return (vf)(a << 16);
}
SIMD vf vf_pair_hi(const uint32_t *p) {
    vu a;
    memcpy(&a, p, sizeof a);
    return (vf)(a & 0xffff0000u);
}

#define EACH(expr)                                                                                           \
    v16 r;                                                                                                   \
    for (int i = 0; i < 4; i++) r.q[i] = (expr);                                                             \
    return r
SIMD vf vf_pick(vi mask, vf a, vf b) { return (vf)((mask & (vi)a) | (~mask & (vi)b)); }
SIMD vi vf_lanes_below(int n) { return (vi){0, 1, 2, 3} < (vi){n, n, n, n}; }
SIMD v16 v_zero(void) { EACH(vf_zero()); }
SIMD v16 v_set1(float x) { EACH(vf_set1(x)); }
SIMD v16 v_load(const float *p) { EACH(vf_load(p + 4 * i)); }
SIMD void v_store(float *p, v16 a) {
    for (int i = 0; i < 4; i++) vf_store(p + 4 * i, a.q[i]);
}
SIMD v16 v_add(v16 a, v16 b) { EACH(a.q[i] + b.q[i]); }
SIMD v16 v_sub(v16 a, v16 b) { EACH(a.q[i] - b.q[i]); }
SIMD v16 v_mul(v16 a, v16 b) { EACH(a.q[i] * b.q[i]); }
SIMD v16 v_div(v16 a, v16 b) { EACH(a.q[i] / b.q[i]); }
SIMD v16 v_sqrt(v16 a) {
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) a.q[i][j] = sqrtf(a.q[i][j]);
    return a;
}
SIMD v16 v_fma(v16 a, v16 b, v16 c) { EACH(a.q[i] * b.q[i] + c.q[i]); }
SIMD v16 v_max(v16 a, v16 b) { EACH(vf_pick(a.q[i] > b.q[i], a.q[i], b.q[i])); }
SIMD v16 v_min(v16 a, v16 b) { EACH(vf_pick(a.q[i] < b.q[i], a.q[i], b.q[i])); }
SIMD v16 v_load_n(const float *p, int n) {
    float a[16] = {0};
    for (int i = 0; i < n; i++) a[i] = p[i];
    return v_load(a);
}
SIMD void v_store_n(float *p, int n, v16 v) {
    float a[16];
    v_store(a, v);
    for (int i = 0; i < n; i++) p[i] = a[i];
}
SIMD v16 v_first_n(v16 a, int n, v16 rest) { EACH(vf_pick(vf_lanes_below(n - 4 * i), a.q[i], rest.q[i])); }
SIMD v16 v_zero_below(v16 a, v16 x, float limit) { EACH((vf)((vi)a.q[i] & ~(x.q[i] < vf_set1(limit)))); }
SIMD v16 v_add_exponent(v16 a, v16 t) { EACH((vf)((vu)a.q[i] + ((vu)t.q[i] << 23))); }

SIMD uint64_t whole_sum(v16 a) {
    float x[16];
    uint64_t sum = 0;
    v_store(x, a);
    for (int i = 0; i < 16; i++) sum += (uint64_t)(int64_t)x[i];
    return sum;
}
SIMD float v_sum(v16 a) {
    vf c = (a.q[0] + a.q[2]) + (a.q[1] + a.q[3]);
    return (c[0] + c[2]) + (c[1] + c[3]);
}
SIMD float v_hmax(v16 a) {
    float m = a.q[0][0];
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) m = a.q[i][j] > m ? a.q[i][j] : m;
    return m;
}

#endif
