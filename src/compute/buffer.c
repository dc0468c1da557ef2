/* buffer.c - arrays in a backend's memory */
#include "compute/buffer.h"

lem_status lem_buffer_init(lem_buffer *m, lem_backend *b, size_t bytes, bool whole, lem_err *err) {
    void *at = NULL;
    lem_status st = b->ops->alloc(b, bytes, whole, &at, err);
    if (st == LEM_OK) *m = (lem_buffer){b, at, bytes};
    return st;
}

void lem_buffer_release(lem_buffer *m) {
    if (m->b) m->b->ops->release(m->b, m->at);
    *m = (lem_buffer){0};
}

void lem_buffer_zero(const lem_buffer *m) {
    if (m->b) m->b->ops->zero(m->b, m->at, m->bytes);
}
