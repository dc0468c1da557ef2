/* compute/buffer.h - an array in a backend's memory */
#ifndef LEM_COMPUTE_BUFFER_H
#define LEM_COMPUTE_BUFFER_H

#include "compute/backend.h"

typedef struct lem_buffer { /* zeroed = none */
    lem_backend *b;         /* borrowed; outlives the buffer */
    void *at;               /* owned, in its memory */
    size_t bytes;
} lem_buffer;

/* whole: all of it will be written. Contents unspecified. LEM_EMEM. */
lem_status lem_buffer_init(lem_buffer *m, lem_backend *b, size_t bytes, bool whole,
                           lem_err *err) LEM_MUST_CHECK;
void lem_buffer_release(lem_buffer *m);
void lem_buffer_zero(const lem_buffer *m);

#endif
