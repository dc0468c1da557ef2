/* support/far.h - a backend whose memory the host cannot read: proof that nothing but the backend looks at it
 *
 * It works by another backend, the inner one, on memory that is mapped twice: the addresses that alloc hands
 * out fault when they are touched, and only the far backend knows the others. Every pointer of every
 * operation is checked before the inner backend runs: it must lie, with all that the operation reads or
 * writes there, inside one live allocation (row numbers, pages and plans are looked at too), and a pointer to
 * the host's memory must be the host's. What is wrong is told on stderr, "far: add: x ...", and the program
 * aborts.
 *
 * Memory is filled with bytes 0xff (NaN, or -1) when it is handed out and when it is released. 64 such bytes
 * at least follow each allocation, and release finds it out when an operation wrote there.
 *
 * One thread at a time allocates and releases; operations are safe from threads as far as backend.h says. The
 * name is the inner backend's. Freed by far_backend_free alone, never by lem_backend_free. */
#ifndef LEM_TEST_SUPPORT_FAR_H
#define LEM_TEST_SUPPORT_FAR_H

#include "compute/backend.h"

/* inner: borrowed, with memory of the host's. capacity: bytes of the memory, those between allocations
 * included; nothing is taken of the machine's before it is used. */
lem_status far_backend_new(lem_backend *inner, size_t capacity, lem_backend **out,
                           lem_err *err) LEM_MUST_CHECK;
/* The number of allocations that were never released; their sizes go to stderr. NULL: 0. */
size_t far_backend_free(lem_backend *b) LEM_MUST_CHECK;

/* The device fails at the n-th operation from now (1: the next one): it and all that follow do nothing,
 * copy_out gives zeros, sumsq 0, all_finite true, and sync LEM_EIO. Pointers are checked all the same. n < 1:
 * it does not fail, or is whole again. Alloc, release, sync and packed_bytes are no operations. */
void far_fail_after(lem_backend *b, long n);
long far_ops(const lem_backend *b);        /* operations so far, those that failed included */
size_t far_live(lem_backend *b);           /* allocations that are not released */
size_t far_bytes_in(const lem_backend *b); /* by copy_in and pack_rows */
size_t far_bytes_out(const lem_backend *b);

/* For tests that run on either kind: lem_backend_new, behind a far backend of 2 GiB where the environment has
 * LEMMA_FAR=1. Freeing aborts when an allocation was never released. */
lem_status far_or_plain(lem_isa isa, lem_pool *pool, lem_backend **out, lem_err *err) LEM_MUST_CHECK;
void far_or_plain_free(lem_backend *b /* or NULL */);

/* A copy for the host of an array of any backend; aborts without memory. The caller's, by free(). */
float *far_read(lem_backend *b, const void *at, size_t n_floats);

#endif
