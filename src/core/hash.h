/* core/hash.h - SHA-256 for identities, CRC-32C for torn data, and a fast 64-bit hash for tables */
#ifndef LEM_CORE_HASH_H
#define LEM_CORE_HASH_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct lem_sha256 {
    uint32_t h[8];
    uint64_t len;
    uint8_t block[64];
} lem_sha256;
void lem_sha256_init(lem_sha256 *s);
void lem_sha256_add(lem_sha256 *s, const void *p, size_t n);
void lem_sha256_end(lem_sha256 *s, uint8_t out[32]);
void lem_sha256_hex(const void *p, size_t n, char out[65]);
lem_status lem_sha256_file(const char *path, char out[65], lem_err *err) LEM_MUST_CHECK;

uint32_t lem_crc32c(uint32_t crc, const void *p, size_t n); /* start with 0; Castagnoli, as in RFC 3720 */
uint64_t lem_hash64(const void *p, size_t n,
                    uint64_t seed); /* well mixed, stable across machines and versions */

/* String -> int64 map (open addressing, keys copied). */
typedef struct lem_map lem_map;
lem_map *lem_map_new(lem_err *err);
void lem_map_free(lem_map *m);
lem_status lem_map_set(lem_map *m, const char *key, size_t len, int64_t value, lem_err *err) LEM_MUST_CHECK;
/* A key that is not there gets *value; of one that is, *value becomes the value there, and *there is true. */
lem_status lem_map_add(lem_map *m, const char *key, size_t len, int64_t *value, bool *there,
                       lem_err *err) LEM_MUST_CHECK;
bool lem_map_find(const lem_map *m, const char *key, size_t len, int64_t *value); /* value may be NULL */
size_t lem_map_count(const lem_map *m);

#endif
