/* core/mem.h - allocation with checked sizes, and arenas
 *
 * Sizes that come from outside go through lem_mul_size/lem_add_size before anything is allocated.
 * lem_alloc and friends never return NULL for size 0. On failure they return NULL and, where an err is taken,
 * record LEM_EMEM naming the request. The allocation hook lets a test fail the n-th allocation. */
#ifndef LEM_CORE_MEM_H
#define LEM_CORE_MEM_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool lem_mul_size(size_t a, size_t b, size_t *out); /* false on overflow */
bool lem_add_size(size_t a, size_t b, size_t *out); /* false on overflow */

void *lem_alloc(size_t n, size_t size, lem_err *err); /* uninitialised, n*size checked */
void *lem_alloc_zero(size_t n, size_t size, lem_err *err);
void *lem_realloc(void *p, size_t n, size_t size, lem_err *err); /* on failure p stays valid */
void *lem_alloc_aligned(size_t n, size_t size,
                        lem_err *err); /* 64-byte aligned, uninitialised; release with lem_free */
void lem_free(void *p);                /* NULL allowed */
char *lem_strdup(const char *s, lem_err *err);
char *lem_strndup(const char *s, size_t n, lem_err *err);

/* Arena: many small allocations with one lifetime. Not thread-safe. */
typedef struct lem_arena lem_arena;
lem_arena *lem_arena_new(size_t block_size, size_t limit,
                         lem_err *err); /* limit 0 = none; block_size 0 = default 64 KiB */
void lem_arena_free(lem_arena *a);
void lem_arena_reset(lem_arena *a); /* keeps the first block */
void *lem_arena_alloc(lem_arena *a, size_t n,
                      size_t size); /* zeroed, 16-byte aligned; NULL when the limit is met */
char *lem_arena_strndup(lem_arena *a, const char *s, size_t n);
size_t lem_arena_used(const lem_arena *a);

/* Memory for libraries, which either pass over a failed allocation or end the process on it.
 *
 * Every allocation that fails in a thread, ours or a library's, is counted there: whoever calls a library
 * compares the count before and after, and reports LEM_EMEM by lem_mem_report. */
uint64_t lem_mem_failures(void);                           /* of this thread, ever */
lem_status lem_mem_report(const char *what, lem_err *err); /* LEM_EMEM: the size that failed last, for what */
/* LEM_EMEM if one failed since there were `before`: where a result is about to be kept, since a failure that
 * nobody looked at may have changed it. A pool's workers count for whoever runs it. */
lem_status lem_mem_since(uint64_t before, const char *what, lem_err *err) LEM_MUST_CHECK;
size_t lem_mem_wanted(void);                         /* bytes of this thread's last failure */
void lem_mem_join(uint64_t failures, size_t wanted); /* those of a thread that worked for this one */
/* For jansson, which looks at every failure but that of its text buffer, where it then reads beyond the end
 * or stops at an assertion. That buffer grows by powers of two: between lem_mem_library_begin and
 * lem_mem_library_end these are met, from `spare` bytes if need be (twice the longest token), and all others
 * behind a failed one fail at once. lem_mem_library_end returns false if one failed. */
void *lem_mem_library(size_t bytes);
lem_status lem_mem_library_begin(size_t spare, lem_err *err);
bool lem_mem_library_end(void);
/* Never NULL: for what cannot go on without. The first failure gives up the reserve of its thread, which has
 * to last to the next look at lem_mem_failures; then lem_mem_exhausted ends the process. */
void *lem_mem_insist(size_t bytes);
void *lem_mem_insist_more(void *old, size_t bytes);
lem_status lem_mem_reserve(lem_err *err); /* this thread's, where there is none yet; given back by */
void lem_mem_leave_thread(void);
_Noreturn void lem_mem_exhausted(size_t bytes); /* the program's own; else a trap */

/* Test hook: the k-th following allocation (1 = next) fails, then all later ones if sticky. 0 turns it off.
 * Per thread. */
void lem_mem_fail_after(uint64_t k, bool sticky);

#endif
