/* core/fingerprint.h - identity of a large file by content, as fast as it can be read
 *
 * SHA-256 over the size and a 64-bit SipHash of every MiB, these computed in parallel: about ten times as fast as SHA-256 of all bytes on two
 * threads. It tells apart files that differ by accident; it is no defence against one who makes files collide. Stable across machines. */
#ifndef LEM_CORE_FINGERPRINT_H
#define LEM_CORE_FINGERPRINT_H

#include "core/err.h"
#include "core/pool.h"

/* Does not depend on the pool, which may be NULL. */
lem_status lem_fingerprint_file(const char *path, lem_pool *pool, char out[65], lem_err *err) LEM_MUST_CHECK;

#endif
