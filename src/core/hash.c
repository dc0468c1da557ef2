/* hash - SipHash-1-3 as the table hash, and the string map (SHA-256 is in sha256.c, CRC-32C in crc32c.c) */
#include "core/hash.h"

#include "core/mem.h"

#include <string.h>
#include <sys/random.h>

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
    uint64_t *slots;   /* half of the hash, then 1 + entry; 0 = free */
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

static uint64_t slot_of(uint64_t hash, size_t i) { return (hash & ~(uint64_t)UINT32_MAX) | (i + 1); }
static const entry *entry_in(const lem_map *m, uint64_t slot) { return &m->entries[(uint32_t)slot - 1]; }

/* The slot that holds the key, or the free slot where it belongs. Entries lie anywhere in memory, so only
 * those with the same half of the hash are looked at. */
static size_t find_slot(const lem_map *m, const char *key, size_t len, uint64_t hash) {
    size_t mask = m->slot_count - 1, at = (size_t)hash & mask;
    for (; m->slots[at]; at = (at + 1) & mask) {
        if ((m->slots[at] ^ hash) >> 32) continue;
        const entry *e = entry_in(m, m->slots[at]);
        if (e->hash == hash && e->key_len == len && (len == 0 || memcmp(m->keys + e->key_at, key, len) == 0))
            break;
    }
    return at;
}

static lem_status grow_slots(lem_map *m, lem_err *err) {
    size_t n = m->slot_count * 2, mask = n - 1;
    uint64_t *slots = lem_alloc_zero(n, sizeof *slots, err);
    if (!slots) return LEM_EMEM;
    for (size_t i = 0; i < m->count; i++) {
        size_t at = (size_t)m->entries[i].hash & mask;
        while (slots[at]) at = (at + 1) & mask;
        slots[at] = slot_of(m->entries[i].hash, i);
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

/* The entry of a key; *added: it is new. NULL without memory. */
static entry *entry_of(lem_map *m, const char *key, size_t len, bool *added, lem_err *err) {
    uint64_t hash = lem_hash64(key, len, m->seed);
    size_t at = find_slot(m, key, len, hash);
    *added = !m->slots[at];
    if (!*added) return &m->entries[(uint32_t)m->slots[at] - 1];
    const size_t slots = m->slot_count;
    if (make_room(m, len, err) != LEM_OK) return NULL;
    if (m->slot_count != slots) at = find_slot(m, key, len, hash);
    m->entries[m->count] = (entry){.hash = hash, .key_at = m->keys_len, .key_len = len};
    if (len) memcpy(m->keys + m->keys_len, key, len);
    m->keys_len += len;
    m->slots[at] = slot_of(hash, m->count);
    return &m->entries[m->count++];
}

lem_status lem_map_set(lem_map *m, const char *key, size_t len, int64_t value, lem_err *err) {
    bool added;
    entry *e = entry_of(m, key, len, &added, err);
    if (!e) return LEM_EMEM;
    e->value = value;
    return LEM_OK;
}

lem_status lem_map_add(lem_map *m, const char *key, size_t len, int64_t *value, bool *there, lem_err *err) {
    bool added;
    entry *e = entry_of(m, key, len, &added, err);
    if (!e) return LEM_EMEM;
    if (added) e->value = *value;
    *value = e->value;
    *there = !added;
    return LEM_OK;
}

bool lem_map_find(const lem_map *m, const char *key, size_t len, int64_t *value) {
    uint64_t slot = m->slots[find_slot(m, key, len, lem_hash64(key, len, m->seed))];
    if (!slot) return false;
    if (value) *value = entry_in(m, slot)->value;
    return true;
}

size_t lem_map_count(const lem_map *m) { return m->count; }
