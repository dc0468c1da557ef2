/* slot_tree.c - pending sums as the digits of a binary counter */
#include "train/slot_tree.h"

#include "core/mem.h"

#include <string.h>

int lem_slot_tree_depth(int slots) {
    int depth = 0;
    while (slots > 1 << depth) depth++;
    return depth;
}

lem_status lem_slot_tree_init(lem_slot_tree *t, int slots, size_t n, lem_err *err) {
    float *sums = NULL;
    if (slots < 1 || (slots & (slots - 1)) != 0)
        return lem_fail(err, LEM_EUSAGE, "gradient slots: a power of two expected, not %d", slots);
    if (slots > 1) {
        sums = lem_alloc_aligned((size_t)lem_slot_tree_depth(slots) * n, sizeof *sums, err);
        if (!sums) return lem_err_context(err, "gradient slots");
    }
    *t = (lem_slot_tree){slots, 0, n, sums};
    return LEM_OK;
}

void lem_slot_tree_release(lem_slot_tree *t) {
    lem_free(t->sums);
    *t = (lem_slot_tree){0};
}

void lem_slot_tree_add(lem_slot_tree *t, lem_backend *b, float *g) {
    float *waiting = t->sums;
    for (int i = t->done; i & 1; i >>= 1, waiting += t->n) b->ops->add(b, t->n, g, waiting);
    t->done = (t->done + 1) % t->slots;
    if (t->done) memcpy(waiting, g, t->n * sizeof *g);
}
