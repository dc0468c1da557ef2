/* cpu/simd_avx512.h - the vector layer in AVX-512: one register holds the 16 lanes
 *
 * Two types: vf is one register (VF_W lanes) for products, where every output is a chain of its own; v16 is
 * 16 lanes for everything that reduces over an index, with the same tree in every header. Loads and stores
 * need no alignment. */
#ifndef LEM_COMPUTE_SIMD_H
#define LEM_COMPUTE_SIMD_H

#include <immintrin.h>
#include <stdint.h>

#define SIMD static inline __attribute__((always_inline))
#define VF_W 16
#define TILE_ROWS 14 /* 14 x 32: 28 accumulators, 2 panel vectors, 1 broadcast */
#define TILE_VECS 2

typedef __m512 vf;
typedef __m512 v16;

SIMD vf vf_zero(void) { return _mm512_setzero_ps(); }
SIMD vf vf_load(const float *p) { return _mm512_loadu_ps(p); }
SIMD void vf_store(float *p, vf a) { _mm512_storeu_ps(p, a); }
SIMD vf vf_set1(float x) { return _mm512_set1_ps(x); }
SIMD vf vf_add(vf a, vf b) { return _mm512_add_ps(a, b); }
SIMD vf vf_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
SIMD vf vf_fma_once(vf a, vf b, vf c) { return vf_fma(a, b, c); } /* rounded once in every layer */
SIMD vf vf_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
SIMD vf vf_of_ints(const int32_t *p) { return _mm512_cvtepi32_ps(_mm512_loadu_si512(p)); }
/* Whole numbers: sums of four products of bytes -127..127 a lane. A pair of products is at most 32,258, so
 * the 16 bits of maddubs hold it; -128 would not fit. */
typedef __m512i vq;
SIMD vq vq_zero(void) { return _mm512_setzero_si512(); }
SIMD vq vq_load(const void *p) { return _mm512_loadu_si512(p); }
SIMD void vq_store(int32_t *p, vq a) { _mm512_storeu_si512(p, a); }
SIMD vq vq_set1(int32_t x) { return _mm512_set1_epi32(x); }
SIMD vq vq_dot(vq sum, vq a, vq b) {
    vq signed_b = _mm512_mask_sub_epi8(b, _mm512_movepi8_mask(a), vq_zero(), b);
    vq pairs = _mm512_maddubs_epi16(_mm512_abs_epi8(a), signed_b);
    return _mm512_add_epi32(sum, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
}
/* The even and the odd one of pairs of bf16. */
SIMD vf vf_low_of(vq a) { return _mm512_castsi512_ps(_mm512_slli_epi32(a, 16)); }
SIMD vf vf_high_of(vq a) {
    return _mm512_castsi512_ps(_mm512_and_si512(a, _mm512_set1_epi32((int)0xffff0000u)));
}
/* dot.inc.h says what it adds. The intrinsic needs a flag that other code of this path must not have. */
#define HAS_DOT_UNIT
SIMD vf vf_dot_unit(vf acc, vq a, vq b) {
    __asm__("vdpbf16ps %2, %1, %0" : "+v"(acc) : "v"(a), "v"(b));
    return acc;
}
SIMD vf vf_pair_lo(const uint32_t *p) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_loadu_si512(p), 16));
}
SIMD vf vf_pair_hi(const uint32_t *p) {
    return _mm512_castsi512_ps(_mm512_and_si512(_mm512_loadu_si512(p), _mm512_set1_epi32((int)0xffff0000u)));
}

SIMD v16 v_zero(void) { return _mm512_setzero_ps(); }
SIMD v16 v_set1(float x) { return _mm512_set1_ps(x); }
SIMD v16 v_load(const float *p) { return _mm512_loadu_ps(p); }
SIMD void v_store(float *p, v16 a) { _mm512_storeu_ps(p, a); }
SIMD v16 v_add(v16 a, v16 b) { return _mm512_add_ps(a, b); }
SIMD v16 v_sub(v16 a, v16 b) { return _mm512_sub_ps(a, b); }
SIMD v16 v_mul(v16 a, v16 b) { return _mm512_mul_ps(a, b); }
SIMD v16 v_div(v16 a, v16 b) { return _mm512_div_ps(a, b); }
SIMD v16 v_sqrt(v16 a) { return _mm512_sqrt_ps(a); }
SIMD v16 v_fma(v16 a, v16 b, v16 c) { return _mm512_fmadd_ps(a, b, c); }
SIMD v16 v_max(v16 a, v16 b) { return _mm512_max_ps(a, b); } /* b where either is NaN */
SIMD v16 v_min(v16 a, v16 b) { return _mm512_min_ps(a, b); }
SIMD v16 v_load_n(const float *p, int n) {
    return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1u), p);
} /* n 0..16, rest 0 */
SIMD void v_store_n(float *p, int n, v16 a) { _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1u), a); }
SIMD v16 v_first_n(v16 a, int n, v16 rest) {
    return _mm512_mask_mov_ps(rest, (__mmask16)((1u << n) - 1u), a);
}
/* a where !(x < limit), else 0; NaN in x keeps a */
SIMD v16 v_zero_below(v16 a, v16 x, float limit) {
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, _mm512_set1_ps(limit), _CMP_NLT_UQ), a);
}
/* bits of a plus the low bits of t shifted into the exponent field */
SIMD v16 v_add_exponent(v16 a, v16 t) {
    return _mm512_castsi512_ps(
        _mm512_add_epi32(_mm512_castps_si512(a), _mm512_slli_epi32(_mm512_castps_si512(t), 23)));
}

/* Sum of the whole parts of 16 lanes, each 0 .. 2^58. */
SIMD uint64_t whole_sum(v16 a) {
    __m512i lo = _mm512_cvttps_epi64(_mm512_castps512_ps256(a)),
            hi = _mm512_cvttps_epi64(_mm512_extractf32x8_ps(a, 1));
    return (uint64_t)_mm512_reduce_add_epi64(_mm512_add_epi64(lo, hi));
}

SIMD __m256 half_lo(__m512 a) { return _mm512_castps512_ps256(a); }
SIMD __m256 half_hi(__m512 a) { return _mm512_extractf32x8_ps(a, 1); }
/* lane i + lane i+8, then +4, +2, +1 */
SIMD float v_sum(v16 a) {
    __m256 b = _mm256_add_ps(half_lo(a), half_hi(a));
    __m128 c = _mm_add_ps(_mm256_castps256_ps128(b), _mm256_extractf128_ps(b, 1));
    c = _mm_add_ps(c, _mm_movehl_ps(c, c));
    return _mm_cvtss_f32(_mm_add_ss(c, _mm_shuffle_ps(c, c, 1)));
}
SIMD float v_hmax(v16 a) {
    __m256 b = _mm256_max_ps(half_lo(a), half_hi(a));
    __m128 c = _mm_max_ps(_mm256_castps256_ps128(b), _mm256_extractf128_ps(b, 1));
    c = _mm_max_ps(c, _mm_movehl_ps(c, c));
    return _mm_cvtss_f32(_mm_max_ss(c, _mm_shuffle_ps(c, c, 1)));
}

#endif
