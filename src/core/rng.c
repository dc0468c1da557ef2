/* rng - Philox4x32-10 as a function of (seed, purpose, id, index): integers, units, normals, permutations */
#include "core/rng.h"

#include "core/hash.h"
#include "core/rng_priv.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* Salmon et al. 2011, section 3.3: ten rounds, multipliers and Weyl constants of Philox4x32. */
void lem_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0;
        uint64_t p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

lem_rng lem_rng_make(uint64_t seed, const char *purpose, uint64_t id) {
    uint64_t key = lem_hash64(purpose, strlen(purpose), seed);
    return (lem_rng){.key = {(uint32_t)key, (uint32_t)(key >> 32)}, .hi = id};
}

uint64_t lem_rng_at(const lem_rng *r, uint64_t index) {
    uint32_t counter[4] = {(uint32_t)index, (uint32_t)(index >> 32), (uint32_t)r->hi,
                           (uint32_t)(r->hi >> 32)},
             out[4];
    lem_philox4x32(counter, r->key, out);
    return (uint64_t)out[1] << 32 | out[0];
}

double lem_rng_unit_at(const lem_rng *r, uint64_t index) {
    return (double)(lem_rng_at(r, index) >> 11) * 0x1p-53;
}
uint64_t lem_rng_next(lem_rng *r) { return lem_rng_at(r, r->next++); }
double lem_rng_next_unit(lem_rng *r) { return lem_rng_unit_at(r, r->next++); }

__extension__ typedef unsigned __int128 wide;

/* Lemire, "Fast random integer generation in an interval" (2019): multiply, and reject the few low products:
 * those below 2^64 mod n, which is below n and seldom has to be known. */
uint64_t lem_rng_next_below(lem_rng *r, uint64_t n) {
    if (n <= 1) return 0;
    for (;;) {
        wide product = (wide)lem_rng_next(r) * n;
        uint64_t low = (uint64_t)product;
        if (low >= n || low >= (0 - n) % n) return (uint64_t)(product >> 64);
    }
}

/* Natural logarithm of x in (0,1], by log x = e log 2 + 2 atanh((m-1)/(m+1)). The C library picks its code by
 * CPU and its last bit with it, and drawn weights must not depend on the machine. Terms to s^23 with |s| <
 * 0.172 leave less than 1e-18. */
static double portable_log(double x) {
    int e;
    double m = frexp(x, &e);
    if (m < 0.70710678118654752440) {
        m *= 2;
        e--;
    }
    double s = (m - 1) / (m + 1), t = s * s, sum = 0;
    for (int k = 23; k >= 1; k -= 2) sum = sum * t + 1.0 / k;
    return 2 * s * sum + e * 0.69314718055994530942;
}

/* cos(2 pi u) for u in [0,1), folded to an eighth of the circle (exact: u is a multiple of 2^-53), then the
 * Taylor series. */
static double portable_cos_turn(double u) {
    double sign = 1;
    if (u > 0.5) u = 1 - u;
    if (u > 0.25) {
        u = 0.5 - u;
        sign = -1;
    }
    bool use_sin = u > 0.125;
    double x = 6.28318530717958647693 * (use_sin ? 0.25 - u : u), t = -x * x;
    double term = use_sin ? x : 1, sum = term;
    for (int k = use_sin ? 2 : 1; k < 22; k += 2) {
        term *= t / (double)(k * (k + 1));
        sum += term;
    }
    return sign * sum;
}

/* Box and Muller 1958. */
double lem_rng_next_normal(lem_rng *r) {
    double u = 1 - lem_rng_next_unit(r); /* (0,1] */
    double v = lem_rng_next_unit(r);
    return sqrt(-2 * portable_log(u)) * portable_cos_turn(v);
}

/* Six Feistel rounds over 2 * half_bits bits, with Philox under the caller's key and id as the round
 * function. */
static uint64_t feistel(const lem_rng *r, int half_bits, uint64_t x) {
    uint64_t mask = (UINT64_C(1) << half_bits) - 1, left = x >> half_bits, right = x & mask;
    for (uint32_t round = 0; round < 6; round++) {
        uint32_t counter[4] = {(uint32_t)right, round ^ 0x80000000u, (uint32_t)r->hi,
                               (uint32_t)(r->hi >> 32)},
                 out[4];
        lem_philox4x32(counter, r->key, out);
        uint64_t next = left ^ (out[0] & mask);
        left = right;
        right = next;
    }
    return left << half_bits | right;
}

/* Walks the cycle until the value lies below n: at most four steps on average, sixteen for tiny n. */
uint64_t lem_rng_permute(const lem_rng *r, uint64_t n, uint64_t i) {
    if (n <= 1) return 0;
    int half_bits = 2; /* at least 16 values, so that small n get all their permutations */
    while (half_bits < 32 && (n - 1) >> (2 * half_bits)) half_bits++;
    uint64_t x = i;
    do x = feistel(r, half_bits, x);
    while (x >= n);
    return x;
}
