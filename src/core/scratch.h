/* core/scratch.h - bytes put aside: in memory up to a limit, beyond it in a nameless file
 *
 * The file has no name from the moment it is made, so that nothing of it is left behind, not after kill -9
 * either. Bytes are appended and read again at any place. Errors of the disk are LEM_EIO and name the folder
 * and what was wanted. Not thread-safe for appending; reading is. */
#ifndef LEM_CORE_SCRATCH_H
#define LEM_CORE_SCRATCH_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Begins the names of files where the file system knows no nameless ones; such a name lives for an instant.
 */
#define LEM_SCRATCH_PREFIX "scratch."

typedef struct lem_scratch lem_scratch;

/* dir: the folder of the file, which is made when it is needed; copied. memory: bytes kept before. */
lem_status lem_scratch_open(const char *dir, size_t memory, lem_scratch **out, lem_err *err) LEM_MUST_CHECK;
lem_status lem_scratch_append(lem_scratch *s, const void *p, size_t n, lem_err *err) LEM_MUST_CHECK;
/* n bytes at `at`, which were appended. */
lem_status lem_scratch_read(const lem_scratch *s, uint64_t at, void *p, size_t n,
                            lem_err *err) LEM_MUST_CHECK;
uint64_t lem_scratch_size(const lem_scratch *s);
uint64_t lem_scratch_on_disk(const lem_scratch *s); /* of these bytes, those in the file */
void lem_scratch_close(lem_scratch *s);             /* NULL allowed */

/* A zeroed array: on the heap up to `memory` bytes, beyond it mapped from a nameless file whose place on the
 * disk is taken at once, so that the kernel may put it out of memory. */
typedef struct lem_scratch_array {
    void *p;
    size_t bytes;
    bool mapped;
} lem_scratch_array;
lem_status lem_scratch_array_new(const char *dir, size_t bytes, size_t memory, lem_scratch_array *out,
                                 lem_err *err) LEM_MUST_CHECK;
void lem_scratch_array_release(lem_scratch_array *a);

#endif
