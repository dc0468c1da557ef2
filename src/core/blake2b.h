/* core/blake2b.h - BLAKE2b with a digest of 128 bits, by which equal texts are told
 *
 * RFC 7693, no key, digest of 16 bytes (hashlib.blake2b(text, digest_size=16) in Python). Nobody can make two
 * texts of one digest with less than some 2^64 tries, so equal digests stand for equal texts. */
#ifndef LEM_CORE_BLAKE2B_H
#define LEM_CORE_BLAKE2B_H

#include <stddef.h>
#include <stdint.h>

/* out: the digest's bytes as two little-endian words. */
void lem_blake2b128(const void *data, size_t n, uint64_t out[2]);

#endif
