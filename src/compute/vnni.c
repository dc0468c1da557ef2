/* vnni.c - whole sums of int8 by AVX-512 VNNI */
#include "compute/backend_priv.h"

#if defined(__AVX512F__) && defined(__AVX512VNNI__)
#include <immintrin.h>

bool lem_vnni_usable(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512vnni");
}

/* The intrinsic makes gcc 12 move and spill what it adds to. */
static inline __attribute__((always_inline)) void add_fours(__m512i *sum, __m512i a, __m512i b) {
    __asm__("vpdpbusd %2, %1, %0" : "+v"(*sum) : "v"(a), "v"(b));
}

static inline __attribute__((always_inline)) void some_rows(const int MR, const lem_int8_tile *t, int row) {
    __m512i lo[8], hi[8];
    const uint8_t *a = t->a + (size_t)row * t->lda;
#pragma GCC unroll 8
    for (int i = 0; i < MR; i++) {
        lo[i] = _mm512_loadu_si512(t->b->start);
        hi[i] = _mm512_loadu_si512(t->b->start + 16);
    }
    for (int k = 0; k < LEM_INT8_GROUP / 4; k++, a += 4) {
        const __m512i b0 = _mm512_loadu_si512(t->b->fours[k]), b1 = _mm512_loadu_si512(t->b->fours[k] + 16);
#pragma GCC unroll 8
        for (int i = 0; i < MR; i++) {
            int32_t four;
            memcpy(&four, a + (size_t)i * t->lda, sizeof four);
            const __m512i x = _mm512_set1_epi32(four);
            add_fours(&lo[i], x, b0);
            add_fours(&hi[i], x, b1);
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < MR; i++) {
        _mm512_storeu_si512(t->sums + (row + i) * LEM_PANEL, lo[i]);
        _mm512_storeu_si512(t->sums + (row + i) * LEM_PANEL + 16, hi[i]);
    }
}

void lem_vnni_tile(const lem_int8_tile *t) {
    int row = 0;
    for (; row + 8 <= t->rows; row += 8) some_rows(8, t, row);
    for (; row + 4 <= t->rows; row += 4) some_rows(4, t, row);
    for (; row < t->rows; row++) some_rows(1, t, row);
}

#else

bool lem_vnni_usable(void) { return false; }
void lem_vnni_tile(const lem_int8_tile *t) { (void)t; }

#endif
