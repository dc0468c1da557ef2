/* hash.c - SHA-256, a 64-bit table hash, and a string map (CRC-32C is in crc32c.c) */
#include "core/hash.h"

#include "core/file.h"
#include "core/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* FIPS 180-4, section 4.2.2. */
static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
    0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
    0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t ror(uint32_t x, int n) { return x >> n | x << (32 - n); }

static void compress(uint32_t h[8], const uint8_t *p) {
    uint32_t w[64], v[8];
    for (int i = 0; i < 16; i++) w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 | (uint32_t)p[4 * i + 2] << 8 | p[4 * i + 3];
    for (int i = 16; i < 64; i++)
        w[i] = w[i - 16] + (ror(w[i - 15], 7) ^ ror(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 7] + (ror(w[i - 2], 17) ^ ror(w[i - 2], 19) ^ w[i - 2] >> 10);
    memcpy(v, h, sizeof v);
    for (int i = 0; i < 64; i++) {
        uint32_t t1 = v[7] + (ror(v[4], 6) ^ ror(v[4], 11) ^ ror(v[4], 25)) + ((v[4] & v[5]) ^ (~v[4] & v[6])) + K[i] + w[i];
        uint32_t t2 = (ror(v[0], 2) ^ ror(v[0], 13) ^ ror(v[0], 22)) + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += t1;
        v[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++) h[i] += v[i];
}

void lem_sha256_init(lem_sha256 *s) {
    static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
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
    for (; n >= 64; p += 64, n -= 64) compress(s->h, p);
    if (n) memcpy(s->block, p, n);
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
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return lem_fail_errno(err, LEM_EDATA, "opening %s", path);
    lem_sha256 s;
    uint8_t d[32];
    char *block = lem_alloc(1 << 18, 1, err);
    ssize_t n = block ? 1 : -1;
    lem_status st = block ? LEM_OK : LEM_EMEM;
    lem_sha256_init(&s);
    while (n > 0) {
        do n = read(fd, block, 1 << 18);
        while (n < 0 && errno == EINTR);
        if (n < 0) st = lem_fail_errno(err, LEM_EDATA, "reading %s", path);
        if (n > 0) lem_sha256_add(&s, block, (size_t)n);
    }
    lem_free(block);
    close(fd);
    if (st) return st;
    lem_sha256_end(&s, d);
    to_hex(d, out);
    return LEM_OK;
}

static uint64_t mix(uint64_t a, uint64_t b) {
    __extension__ typedef unsigned __int128 wide;
    wide m = (wide)a * b;
    return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* Multiply-and-fold over 8-byte words, length at the end; little-endian words. */
uint64_t lem_hash64(const void *data, size_t n, uint64_t seed) {
    const uint8_t *p = data;
    uint64_t h = seed ^ 0x9E3779B97F4A7C15u;
    size_t left = n;
    for (; left >= 8; p += 8, left -= 8) {
        uint64_t v;
        memcpy(&v, p, 8);
        h = mix(h ^ v, 0xD6E8FEB86659FD93u) + 0xA0761D6478BD642Fu;
    }
    uint64_t v = 0;
    if (left) memcpy(&v, p, left);
    h = mix(h ^ v, 0xE7037ED1A0B428DBu) ^ (uint64_t)n;
    h ^= h >> 32;
    h *= 0xD6E8FEB86659FD93u;
    return h ^ h >> 29;
}

typedef struct slot {
    char *key; /* NULL = free */
    size_t len;
    int64_t value;
} slot;

struct lem_map {
    slot *slots;
    size_t cap, count; /* cap is a power of two, at most half full */
};

lem_map *lem_map_new(lem_err *err) {
    lem_map *m = lem_alloc_zero(1, sizeof *m, err);
    if (!m) return NULL;
    m->cap = 64;
    m->slots = lem_alloc_zero(m->cap, sizeof *m->slots, err);
    if (!m->slots) {
        lem_free(m);
        return NULL;
    }
    return m;
}

void lem_map_free(lem_map *m) {
    if (!m) return;
    for (size_t i = 0; i < m->cap; i++) lem_free(m->slots[i].key);
    lem_free(m->slots);
    lem_free(m);
}

static slot *place(slot *slots, size_t cap, const char *key, size_t len) {
    size_t i = (size_t)lem_hash64(key, len, 0x6c656d6d61u) & (cap - 1);
    while (slots[i].key && (slots[i].len != len || memcmp(slots[i].key, key, len) != 0)) i = (i + 1) & (cap - 1);
    return &slots[i];
}

static lem_status rehash(lem_map *m, lem_err *err) {
    size_t cap = m->cap * 2;
    slot *slots = lem_alloc_zero(cap, sizeof *slots, err);
    if (!slots) return LEM_EMEM;
    for (size_t i = 0; i < m->cap; i++)
        if (m->slots[i].key) *place(slots, cap, m->slots[i].key, m->slots[i].len) = m->slots[i];
    lem_free(m->slots);
    m->slots = slots;
    m->cap = cap;
    return LEM_OK;
}

lem_status lem_map_set(lem_map *m, const char *key, size_t len, int64_t value, lem_err *err) {
    if (m->count * 2 >= m->cap) {
        lem_status st = rehash(m, err);
        if (st) return st;
    }
    slot *s = place(m->slots, m->cap, key, len);
    if (!s->key) {
        char *copy = lem_strndup(key, len, err);
        if (!copy) return LEM_EMEM;
        *s = (slot){copy, len, 0};
        m->count++;
    }
    s->value = value;
    return LEM_OK;
}

bool lem_map_find(const lem_map *m, const char *key, size_t len, int64_t *value) {
    const slot *s = place(m->slots, m->cap, key, len);
    if (!s->key) return false;
    if (value) *value = s->value;
    return true;
}

size_t lem_map_count(const lem_map *m) { return m->count; }
