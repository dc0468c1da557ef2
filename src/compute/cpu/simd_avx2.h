/* cpu/simd_avx2.h - the vector layer in AVX2 and FMA: two registers hold the 16 lanes (see simd_avx512.h for
 * the meaning) */
#ifndef LEM_COMPUTE_SIMD_H
#define LEM_COMPUTE_SIMD_H

#include <immintrin.h>
#include <stdint.h>

#define SIMD static inline __attribute__((always_inline))
#define VF_W 8
#define TILE_ROWS 6 /* 6 x 16: 12 accumulators, 2 panel vectors, 1 broadcast */
#define TILE_VECS 2

typedef __m256 vf;
typedef struct v16 {
    __m256 lo, hi;
} v16;

SIMD vf vf_zero(void) { return _mm256_setzero_ps(); }
SIMD vf vf_load(const float *p) { return _mm256_loadu_ps(p); }
SIMD void vf_store(float *p, vf a) { _mm256_storeu_ps(p, a); }
SIMD vf vf_set1(float x) { return _mm256_set1_ps(x); }
SIMD vf vf_add(vf a, vf b) { return _mm256_add_ps(a, b); }
SIMD vf vf_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
SIMD vf vf_fma_once(vf a, vf b, vf c) { return vf_fma(a, b, c); } /* rounded once in every layer */
SIMD vf vf_mul(vf a, vf b) { return _mm256_mul_ps(a, b); }
SIMD vf vf_of_ints(const int32_t *p) { return _mm256_cvtepi32_ps(_mm256_loadu_si256((const __m256i *)p)); }
/* Whole numbers: sums of four products of bytes -127..127 a lane. A pair of products is at most 32,258, so
 * the 16 bits of maddubs hold it; -128 would not fit. */
typedef __m256i vq;
SIMD vq vq_zero(void) { return _mm256_setzero_si256(); }
SIMD vq vq_load(const void *p) { return _mm256_loadu_si256(p); }
SIMD void vq_store(int32_t *p, vq a) { _mm256_storeu_si256((__m256i *)p, a); }
SIMD vq vq_set1(int32_t x) { return _mm256_set1_epi32(x); }
SIMD vq vq_dot(vq sum, vq a, vq b) {
    vq pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(a), _mm256_sign_epi8(b, a));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
/* The even and the odd one of pairs of bf16. */
SIMD vf vf_low_of(vq a) { return _mm256_castsi256_ps(_mm256_slli_epi32(a, 16)); }
SIMD vf vf_high_of(vq a) {
    return _mm256_castsi256_ps(_mm256_and_si256(a, _mm256_set1_epi32((int)0xffff0000u)));
}
SIMD vf vf_pair_lo(const uint32_t *p) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_loadu_si256((const __m256i *)(const void *)p), 16));
}
SIMD vf vf_pair_hi(const uint32_t *p) {
    return _mm256_castsi256_ps(_mm256_and_si256(_mm256_loadu_si256((const __m256i *)(const void *)p),
                                                _mm256_set1_epi32((int)0xffff0000u)));
}

#define BOTH(expr_lo, expr_hi) ((v16){(expr_lo), (expr_hi)})
SIMD v16 v_zero(void) { return BOTH(_mm256_setzero_ps(), _mm256_setzero_ps()); }
SIMD v16 v_set1(float x) { return BOTH(_mm256_set1_ps(x), _mm256_set1_ps(x)); }
SIMD v16 v_load(const float *p) { return BOTH(_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)); }
SIMD void v_store(float *p, v16 a) {
    _mm256_storeu_ps(p, a.lo);
    _mm256_storeu_ps(p + 8, a.hi);
}
SIMD v16 v_add(v16 a, v16 b) { return BOTH(_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)); }
SIMD v16 v_sub(v16 a, v16 b) { return BOTH(_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)); }
SIMD v16 v_mul(v16 a, v16 b) { return BOTH(_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)); }
SIMD v16 v_div(v16 a, v16 b) { return BOTH(_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)); }
SIMD v16 v_sqrt(v16 a) { return BOTH(_mm256_sqrt_ps(a.lo), _mm256_sqrt_ps(a.hi)); }
SIMD v16 v_fma(v16 a, v16 b, v16 c) {
    return BOTH(_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi));
}
SIMD v16 v_max(v16 a, v16 b) { return BOTH(_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)); }
SIMD v16 v_min(v16 a, v16 b) { return BOTH(_mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi)); }
SIMD __m256i lanes_below(int n) /* all ones in lanes 0..n-1 */
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
SIMD v16 v_load_n(const float *p, int n) {
    __m256 hi = n > 8 ? _mm256_maskload_ps(p + 8, lanes_below(n - 8)) : _mm256_setzero_ps();
    return BOTH(_mm256_maskload_ps(p, lanes_below(n)), hi);
}
SIMD void v_store_n(float *p, int n, v16 a) {
    _mm256_maskstore_ps(p, lanes_below(n), a.lo);
    if (n > 8) _mm256_maskstore_ps(p + 8, lanes_below(n - 8), a.hi);
}
SIMD v16 v_first_n(v16 a, int n, v16 rest) {
    return BOTH(_mm256_blendv_ps(rest.lo, a.lo, _mm256_castsi256_ps(lanes_below(n))),
                _mm256_blendv_ps(rest.hi, a.hi, _mm256_castsi256_ps(lanes_below(n - 8))));
}
SIMD v16 v_zero_below(v16 a, v16 x, float limit) {
    __m256 l = _mm256_set1_ps(limit);
    return BOTH(_mm256_and_ps(a.lo, _mm256_cmp_ps(x.lo, l, _CMP_NLT_UQ)),
                _mm256_and_ps(a.hi, _mm256_cmp_ps(x.hi, l, _CMP_NLT_UQ)));
}
SIMD __m256 add_exponent(__m256 a, __m256 t) {
    return _mm256_castsi256_ps(
        _mm256_add_epi32(_mm256_castps_si256(a), _mm256_slli_epi32(_mm256_castps_si256(t), 23)));
}
SIMD v16 v_add_exponent(v16 a, v16 t) { return BOTH(add_exponent(a.lo, t.lo), add_exponent(a.hi, t.hi)); }

SIMD uint64_t whole_sum(v16 a) {
    float x[16];
    uint64_t sum = 0;
    v_store(x, a);
    for (int i = 0; i < 16; i++) sum += (uint64_t)(int64_t)x[i];
    return sum;
}
SIMD float v_sum(v16 a) {
    __m256 b = _mm256_add_ps(a.lo, a.hi);
    __m128 c = _mm_add_ps(_mm256_castps256_ps128(b), _mm256_extractf128_ps(b, 1));
    c = _mm_add_ps(c, _mm_movehl_ps(c, c));
    return _mm_cvtss_f32(_mm_add_ss(c, _mm_shuffle_ps(c, c, 1)));
}
SIMD float v_hmax(v16 a) {
    __m256 b = _mm256_max_ps(a.lo, a.hi);
    __m128 c = _mm_max_ps(_mm256_castps256_ps128(b), _mm256_extractf128_ps(b, 1));
    c = _mm_max_ps(c, _mm_movehl_ps(c, c));
    return _mm_cvtss_f32(_mm_max_ss(c, _mm_shuffle_ps(c, c, 1)));
}

#endif
