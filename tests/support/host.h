/* support/host.h - looking at a backend's memory from tests, whichever backend it is
 *
 * The order of arguments is that of memcpy and memcmp; `at` is of the backend's memory. */
#ifndef LEM_TEST_SUPPORT_HOST_H
#define LEM_TEST_SUPPORT_HOST_H

#include "compute/buffer.h"
#include "model/session.h"
#include "support/far.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static __attribute__((unused)) void host_get(lem_backend *b, void *out, const void *at, size_t bytes) {
    b->ops->copy_out(b, out, at, bytes);
}

static __attribute__((unused)) bool host_same(lem_backend *b, const void *want, const void *at,
                                              size_t bytes) {
    void *copy = malloc(bytes + 1);
    if (!copy) abort();
    host_get(b, copy, at, bytes);
    bool same = memcmp(copy, want, bytes) == 0;
    free(copy);
    return same;
}

/* Both of the backend's memory. */
static __attribute__((unused)) bool host_same_there(lem_backend *b, const void *at, const void *other,
                                                    size_t bytes) {
    void *copy = malloc(bytes + 1);
    if (!copy) abort();
    host_get(b, copy, at, bytes);
    bool same = host_same(b, copy, other, bytes);
    free(copy);
    return same;
}

/* Logits [R,V] for the host. */
static __attribute__((unused)) void host_logits(lem_backend *b, lem_session *s, int R, const int *rows, int V,
                                                float *out) {
    lem_err err = LEM_ERR_INIT;
    lem_buffer there;
    size_t bytes = (size_t)R * (size_t)V * sizeof *out;
    if (lem_buffer_init(&there, b, bytes, false, &err) != LEM_OK) abort();
    lem_session_logits(s, R, rows, there.at);
    host_get(b, out, there.at, bytes);
    lem_buffer_release(&there);
}

#endif
