/* hash - SHA-256 (FIPS 180-4), SipHash-1-3 as the table hash, and the string map (CRC-32C is in crc32c.c) */
#include "core/hash.h"

#include "core/mem.h"
#include "core/stream_priv.h"

#include <string.h>
#include <sys/random.h>

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

/* ---- SipHash-1-3 (Aumasson and Bernstein 2012): keyed, so that nobody can prepare keys that collide ---- */

static uint64_t rol64(uint64_t x, int n) { return x << n | x >> (64 - n); }

static void sip_round(uint64_t v[4]) {
    v[0] += v[1], v[1] = rol64(v[1], 13) ^ v[0], v[0] = rol64(v[0], 32);
    v[2] += v[3], v[3] = rol64(v[3], 16) ^ v[2];
    v[0] += v[3], v[3] = rol64(v[3], 21) ^ v[0];
    v[2] += v[1], v[1] = rol64(v[1], 17) ^ v[2], v[2] = rol64(v[2], 32);
}

static uint64_t read_le64(const uint8_t *p, size_t n) {
    uint64_t x = 0;
    for (size_t i = 0; i < n; i++) x |= (uint64_t)p[i] << (8 * i);
    return x;
}

uint64_t lem_hash64(const void *data, size_t n, uint64_t seed) {
    const uint8_t *p = data;
    uint64_t k0 = seed, k1 = seed * UINT64_C(0x9E3779B97F4A7C15);
    uint64_t v[4] = {k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d),
                     k0 ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573)};
    uint64_t last = (uint64_t)n << 56;
    for (; n >= 8; p += 8, n -= 8) {
        uint64_t word = read_le64(p, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    last |= read_le64(p, n);
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xFF;
    for (int i = 0; i < 3; i++) sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* ---- String map: entries in order of arrival, and an open-addressing index of them ---- */

typedef struct entry {
    uint64_t hash;
    size_t key_at, key_len; /* in keys */
    int64_t value;
} entry;

struct lem_map {
    uint64_t seed;
    entry *entries;
    size_t count, entries_cap;
    uint32_t *slots;   /* 1 + entry, 0 = free */
    size_t slot_count; /* a power of two, at most 3/4 used */
    char *keys;
    size_t keys_len, keys_cap;
};

enum { FIRST_SLOTS = 64 };

lem_map *lem_map_new(lem_err *err) {
    lem_map *m = lem_alloc_zero(1, sizeof *m, err);
    if (!m) return NULL;
    /* The order of slots is never visible, so a seed from outside cannot change a result. */
    if (getrandom(&m->seed, sizeof m->seed, GRND_NONBLOCK) != (ssize_t)sizeof m->seed)
        m->seed = (uint64_t)(uintptr_t)m;
    m->slots = lem_alloc_zero(FIRST_SLOTS, sizeof *m->slots, err);
    if (!m->slots) {
        lem_free(m);
        return NULL;
    }
    m->slot_count = FIRST_SLOTS;
    return m;
}

void lem_map_free(lem_map *m) {
    if (!m) return;
    lem_free(m->entries);
    lem_free(m->slots);
    lem_free(m->keys);
    lem_free(m);
}

/* The slot that holds the key, or the free slot where it belongs. */
static size_t find_slot(const lem_map *m, const char *key, size_t len, uint64_t hash) {
    size_t mask = m->slot_count - 1, at = (size_t)hash & mask;
    for (; m->slots[at]; at = (at + 1) & mask) {
        const entry *e = &m->entries[m->slots[at] - 1];
        if (e->hash == hash && e->key_len == len && (len == 0 || memcmp(m->keys + e->key_at, key, len) == 0))
            break;
    }
    return at;
}

static lem_status grow_slots(lem_map *m, lem_err *err) {
    size_t n = m->slot_count * 2, mask = n - 1;
    uint32_t *slots = lem_alloc_zero(n, sizeof *slots, err);
    if (!slots) return LEM_EMEM;
    for (size_t i = 0; i < m->count; i++) {
        size_t at = (size_t)m->entries[i].hash & mask;
        while (slots[at]) at = (at + 1) & mask;
        slots[at] = (uint32_t)(i + 1);
    }
    lem_free(m->slots);
    m->slots = slots;
    m->slot_count = n;
    return LEM_OK;
}

static lem_status make_room(lem_map *m, size_t key_len, lem_err *err) {
    size_t need;
    if (m->count >= UINT32_MAX - 1 || !lem_add_size(m->keys_len, key_len, &need)) {
        return lem_fail(err, LEM_EMEM, "a map of %zu keys cannot grow", m->count);
    }
    if (m->count == m->entries_cap) {
        size_t cap = m->entries_cap ? m->entries_cap * 2 : FIRST_SLOTS / 2;
        entry *entries = lem_realloc(m->entries, cap, sizeof *entries, err);
        if (!entries) return LEM_EMEM;
        m->entries = entries;
        m->entries_cap = cap;
    }
    if (need > m->keys_cap) {
        size_t cap = need > SIZE_MAX / 2 ? need : need * 2;
        char *keys = lem_realloc(m->keys, cap, 1, err);
        if (!keys) return LEM_EMEM;
        m->keys = keys;
        m->keys_cap = cap;
    }
    return (m->count + 1) * 4 > m->slot_count * 3 ? grow_slots(m, err) : LEM_OK;
}

lem_status lem_map_set(lem_map *m, const char *key, size_t len, int64_t value, lem_err *err) {
    uint64_t hash = lem_hash64(key, len, m->seed);
    size_t at = find_slot(m, key, len, hash);
    if (m->slots[at]) {
        m->entries[m->slots[at] - 1].value = value;
        return LEM_OK;
    }
    lem_status st = make_room(m, len, err);
    if (st != LEM_OK) return st;
    at = find_slot(m, key, len, hash);
    m->entries[m->count] = (entry){.hash = hash, .key_at = m->keys_len, .key_len = len, .value = value};
    if (len) memcpy(m->keys + m->keys_len, key, len);
    m->keys_len += len;
    m->slots[at] = (uint32_t)++m->count;
    return LEM_OK;
}

bool lem_map_find(const lem_map *m, const char *key, size_t len, int64_t *value) {
    uint32_t slot = m->slots[find_slot(m, key, len, lem_hash64(key, len, m->seed))];
    if (!slot) return false;
    if (value) *value = m->entries[slot - 1].value;
    return true;
}

size_t lem_map_count(const lem_map *m) { return m->count; }
