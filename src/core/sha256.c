/* sha256 - SHA-256 (FIPS 180-4), by arithmetic or by the instructions of the processor */
#include "core/hash.h"
#include "core/mem.h"
#include "core/stream_priv.h"

#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

enum { BLOCK = 64, ASK_FROM = 256 };

/* FIPS 180-4, section 4.2.2. */
static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t ror(uint32_t x, int n) { return x >> n | x << (32 - n); }

static void compress(uint32_t h[8], const uint8_t *p) {
    uint32_t w[64];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 | (uint32_t)p[4 * i + 2] << 8 |
               p[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t s0 = ror(w[i - 15], 7) ^ ror(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t s1 = ror(w[i - 2], 17) ^ ror(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], k = h[7];
    for (int i = 0; i < 64; i++) {
        uint32_t t1 = k + (ror(e, 6) ^ ror(e, 11) ^ ror(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i];
        uint32_t t2 = (ror(a, 2) ^ ror(a, 13) ^ ror(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        k = g, g = f, f = e, e = d + t1;
        d = c, c = b, b = a, a = t1 + t2;
    }
    h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e, h[5] += f, h[6] += g, h[7] += k;
}

static void by_arithmetic(uint32_t h[8], const uint8_t *p, size_t blocks) {
    for (; blocks; blocks--, p += BLOCK) compress(h, p);
}

#if defined(__x86_64__)
typedef unsigned words __attribute__((vector_size(16)));
typedef int ints __attribute__((vector_size(16)));
typedef char bytes __attribute__((vector_size(16)));
#define PICK __builtin_shufflevector

static words load(const void *p) {
    words w;
    memcpy(&w, p, sizeof w);
    return w;
}

__attribute__((target("sha,ssse3"))) static words load_big_endian(const uint8_t *p) {
    bytes b = (bytes)load(p);
    return (words)PICK(b, b, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

/* The words of four rounds from the sixteen before, w[0] being the oldest of them. */
__attribute__((target("sha,ssse3"))) static words more(words w0, words w1, words w2, words w3) {
    const words sum = (words)__builtin_ia32_sha256msg1((ints)w0, (ints)w1) + PICK(w2, w3, 1, 2, 3, 4);
    return (words)__builtin_ia32_sha256msg2((ints)sum, (ints)w3);
}

/* Two rounds of the lower two words. */
__attribute__((target("sha,ssse3"))) static words rounds(words old, words now, words w) {
    return (words)__builtin_ia32_sha256rnds2((ints)old, (ints)now, (ints)w);
}

/* The SHA extensions hold the state as (f, e, b, a) and (h, g, d, c), lowest first. */
__attribute__((target("sha,ssse3"))) static void by_instruction(uint32_t h[8], const uint8_t *p,
                                                                size_t blocks) {
    words lo = load(h), hi = load(h + 4), w[4];
    words feba = PICK(hi, lo, 1, 0, 5, 4), hgdc = PICK(hi, lo, 3, 2, 7, 6);
    for (; blocks; blocks--, p += BLOCK) {
        const words feba_before = feba, hgdc_before = hgdc;
        for (int i = 0; i < 16; i++) {
            words *now = &w[i % 4];
            *now = i < 4 ? load_big_endian(p + 16 * i)
                         : more(*now, w[(i + 1) % 4], w[(i + 2) % 4], w[(i + 3) % 4]);
            const words four = *now + load(K + 4 * i);
            hgdc = rounds(hgdc, feba, four);
            feba = rounds(feba, hgdc, PICK(four, four, 2, 3, 0, 0));
        }
        feba += feba_before;
        hgdc += hgdc_before;
    }
    lo = PICK(feba, hgdc, 3, 2, 7, 6);
    hi = PICK(feba, hgdc, 1, 0, 5, 4);
    memcpy(h, &lo, sizeof lo);
    memcpy(h + 4, &hi, sizeof hi);
}

/* CPUID leaf 7: bit 29 of EBX; SSE4.1 came earlier. */
static bool has_instruction(void) {
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1);
}
#endif

/* Asking the processor takes longer than a few blocks, under a virtual machine longer than a hundred. */
static void compress_blocks(uint32_t h[8], const uint8_t *p, size_t blocks) {
#if defined(__x86_64__)
    if (blocks >= ASK_FROM && has_instruction()) {
        by_instruction(h, p, blocks);
        return;
    }
#endif
    by_arithmetic(h, p, blocks);
}

void lem_sha256_init(lem_sha256 *s) {
    static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(s->h, start, sizeof start);
    s->len = 0;
}

void lem_sha256_add(lem_sha256 *s, const void *data, size_t n) {
    const uint8_t *p = data;
    size_t at = (size_t)(s->len % 64);
    s->len += n;
    if (at) {
        size_t take = 64 - at < n ? 64 - at : n;
        memcpy(s->block + at, p, take);
        p += take;
        n -= take;
        if (at + take < 64) return;
        compress(s->h, s->block);
    }
    compress_blocks(s->h, p, n / BLOCK);
    if (n % BLOCK) memcpy(s->block, p + n / BLOCK * BLOCK, n % BLOCK);
}

void lem_sha256_end(lem_sha256 *s, uint8_t out[32]) {
    uint64_t bits = s->len * 8;
    uint8_t pad[72] = {0x80}, size[8];
    for (int i = 0; i < 8; i++) size[i] = (uint8_t)(bits >> (56 - 8 * i));
    lem_sha256_add(s, pad, (size_t)((119 - s->len % 64) % 64 + 1));
    lem_sha256_add(s, size, 8);
    for (int i = 0; i < 32; i++) out[i] = (uint8_t)(s->h[i / 4] >> (24 - 8 * (i % 4)));
}

static void to_hex(const uint8_t d[32], char out[65]) {
    for (int i = 0; i < 32; i++) {
        out[2 * i] = "0123456789abcdef"[d[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[d[i] & 15];
    }
    out[64] = '\0';
}

void lem_sha256_hex(const void *p, size_t n, char out[65]) {
    lem_sha256 s;
    uint8_t d[32];
    lem_sha256_init(&s);
    lem_sha256_add(&s, p, n);
    lem_sha256_end(&s, d);
    to_hex(d, out);
}

lem_status lem_sha256_file(const char *path, char out[65], lem_err *err) {
    enum { CHUNK = 256 * 1024 };
    lem_status st = LEM_OK;
    lem_stream *in = NULL;
    lem_sha256 s;
    uint8_t digest[32];
    size_t n = 0;
    char *chunk = lem_alloc(CHUNK, 1, err);
    if (!chunk) return LEM_EMEM;
    lem_sha256_init(&s);
    LEM_TRY(lem_stream_open(path, LEM_STREAM_RAW, &in, err));
    do {
        LEM_TRY(lem_stream_read(in, chunk, CHUNK, &n, err));
        lem_sha256_add(&s, chunk, n);
    } while (n);
    lem_sha256_end(&s, digest);
    to_hex(digest, out);
done:
    lem_stream_close(in);
    lem_free(chunk);
    return st;
}
