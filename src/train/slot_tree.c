/* slot_tree.c - pending sums as the digits of a binary counter */
#include "train/slot_tree.h"

int lem_slot_tree_depth(int slots) {
    int depth = 0;
    while (slots > 1 << depth) depth++;
    return depth;
}

lem_status lem_slot_tree_init(lem_slot_tree *t, lem_backend *b, int slots, size_t n, lem_err *err) {
    lem_buffer sums = {0};
    if (slots < 1 || (slots & (slots - 1)) != 0)
        return lem_fail(err, LEM_EUSAGE, "gradient slots: a power of two expected, not %d", slots);
    size_t bytes = (size_t)lem_slot_tree_depth(slots) * n * sizeof(float);
    lem_status st = slots > 1 ? lem_buffer_init(&sums, b, bytes, false, err) : LEM_OK;
    if (st) return lem_err_context(err, "gradient slots");
    *t = (lem_slot_tree){slots, 0, n, b, sums};
    return LEM_OK;
}

void lem_slot_tree_release(lem_slot_tree *t) {
    lem_buffer_release(&t->sums);
    *t = (lem_slot_tree){0};
}

void lem_slot_tree_add(lem_slot_tree *t, float *g) {
    float *waiting = t->sums.at;
    for (int i = t->done; i & 1; i >>= 1, waiting += t->n) t->b->ops->add(t->b, t->n, g, waiting);
    t->done = (t->done + 1) % t->slots;
    if (t->done) t->b->ops->copy(t->b, waiting, g, t->n * sizeof *g);
}
