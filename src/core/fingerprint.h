/* core/fingerprint.h - identity of a large file by content, as fast as it can be read
 *
 * SHA-256 over the size and a 64-bit hash of every MiB (chains of folded 64 x 64 products), these computed in
 * parallel: 3 GB in a third of a second on two threads, where SHA-256 of all bytes takes twelve. It tells
 * apart files that differ by accident; it is no defence against one who makes files collide. Stable across
 * machines and thread counts.
 */
#ifndef LEM_CORE_FINGERPRINT_H
#define LEM_CORE_FINGERPRINT_H

#include "core/err.h"
#include "core/pool.h"

/* Does not depend on the pool, which may be NULL. */
lem_status lem_fingerprint_file(const char *path, lem_pool *pool, char out[65], lem_err *err) LEM_MUST_CHECK;

#endif
