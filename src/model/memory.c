/* memory.c - planned memory */
#include "model/memory_priv.h"

#include "core/mem.h"

void *lem_carve_take(lem_carve *c, size_t n, size_t size) {
    size_t at = c->used;
    c->used += (n * size + 63) / 64 * 64;
    return c->base ? c->base + at : NULL;
}

float *lem_memory_floats(lem_memory *mem, size_t rows, size_t cols) {
    return lem_carve_take(&mem->dev, rows * cols, sizeof(float));
}

lem_status lem_block_init(lem_block *block, lem_backend *b, bool whole, lem_memory *planned, lem_err *err) {
    lem_block made = {lem_alloc_zero(planned->host.used, 1, err), {0}};
    if (!made.host) return LEM_EMEM;
    lem_status st = lem_buffer_init(&made.dev, b, planned->dev.used, whole, err);
    if (st) {
        lem_block_release(&made);
        return st;
    }
    *planned = (lem_memory){b, {made.host, 0}, {made.dev.at, 0}};
    *block = made;
    return LEM_OK;
}

void lem_block_release(lem_block *block) {
    lem_free(block->host);
    lem_buffer_release(&block->dev);
    *block = (lem_block){0};
}
