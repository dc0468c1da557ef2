/* rng.c - Philox4x32-10 as a function of (seed, purpose, id, index) */
#include "core/rng.h"

#include "core/hash.h"

#include <math.h>
#include <string.h>

typedef struct quad { uint32_t v[4]; } quad;

/* Salmon et al. 2011, section 3.3: ten rounds, multipliers and Weyl constants of Philox4x32. */
static quad philox(const uint32_t key[2], quad c) {
    uint32_t k0 = key[0], k1 = key[1];
    for (int i = 0; i < 10; i++) {
        uint64_t a = (uint64_t)0xD2511F53u * c.v[0], b = (uint64_t)0xCD9E8D57u * c.v[2];
        c = (quad){{(uint32_t)(b >> 32) ^ c.v[1] ^ k0, (uint32_t)b, (uint32_t)(a >> 32) ^ c.v[3] ^ k1, (uint32_t)a}};
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return c;
}

lem_rng lem_rng_make(uint64_t seed, const char *purpose, uint64_t id) {
    uint64_t key = lem_hash64(purpose, strlen(purpose), seed);
    return (lem_rng){{(uint32_t)key, (uint32_t)(key >> 32)}, id, 0};
}

/* Each 128-bit block gives two values; both come from one call of the cipher at index/2. */
uint64_t lem_rng_at(const lem_rng *r, uint64_t index) {
    uint64_t at = index >> 1;
    quad c = philox(r->key, (quad){{(uint32_t)at, (uint32_t)(at >> 32), (uint32_t)r->hi, (uint32_t)(r->hi >> 32)}});
    int k = (int)(index & 1) * 2;
    return (uint64_t)c.v[k + 1] << 32 | c.v[k];
}

double lem_rng_unit_at(const lem_rng *r, uint64_t index) { return (double)(lem_rng_at(r, index) >> 11) * 0x1p-53; }
uint64_t lem_rng_next(lem_rng *r) { return lem_rng_at(r, r->next++); }
double lem_rng_next_unit(lem_rng *r) { return lem_rng_unit_at(r, r->next++); }

uint64_t lem_rng_next_below(lem_rng *r, uint64_t n) { /* Lemire 2019: multiply, reject the short remainder */
    __extension__ typedef unsigned __int128 wide;
    for (;;) {
        wide m = (wide)lem_rng_next(r) * n;
        if ((uint64_t)m >= (0 - n) % n) return (uint64_t)(m >> 64);
    }
}

double lem_rng_next_normal(lem_rng *r) {
    double u = 1 - lem_rng_next_unit(r), v = lem_rng_next_unit(r);
    return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

/* Four-round Feistel network over the smallest even number of bits that holds n, walked until the value lies below n. */
uint64_t lem_rng_permute(const lem_rng *r, uint64_t n, uint64_t i) {
    int bits = 2;
    while (bits < 64 && (n - 1) >> bits) bits += 2;
    int half = bits / 2;
    uint64_t mask = ((uint64_t)1 << half) - 1, x = i;
    do {
        uint64_t left = x >> half & mask, right = x & mask;
        for (uint32_t round = 0; round < 4; round++) {
            quad c = philox(r->key, (quad){{(uint32_t)right, round ^ 0x80000000u, (uint32_t)r->hi, (uint32_t)(r->hi >> 32)}});
            uint64_t next = left ^ (((uint64_t)c.v[1] << 32 | c.v[0]) & mask);
            left = right;
            right = next;
        }
        x = left << half | right;
    } while (x >= n);
    return x;
}
