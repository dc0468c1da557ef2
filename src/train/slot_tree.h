/* train/slot_tree.h - the sum of the gradients of a step's slots, as a fixed binary tree
 *
 * The gradient of slots 2i and 2i+1 is added, then that of each two neighbours, and so on: ((0+1)+(2+3))+…
 * A run of slots whose length is a power of two and divides its beginning is a subtree. So one process, or
 * any number that divides the slots, gives the same bits. Slots come in order, and what waits for its
 * neighbour takes at most log2(slots) arrays. */
#ifndef LEM_TRAIN_SLOT_TREE_H
#define LEM_TRAIN_SLOT_TREE_H

#include "compute/buffer.h"
#include "core/err.h"

#define LEM_GRAD_SLOTS 1 /* default of commands that train: eight cost 6 % of the time at a batch of 16 */

typedef struct lem_slot_tree {
    int slots, done;
    size_t n; /* elements of a gradient */
    lem_backend *b;
    lem_buffer sums; /* float [log2(slots), n]; none for one slot */
} lem_slot_tree;

/* LEM_EUSAGE unless slots is a power of two. */
lem_status lem_slot_tree_init(lem_slot_tree *t, lem_backend *b, int slots, size_t n,
                              lem_err *err) LEM_MUST_CHECK;
void lem_slot_tree_release(lem_slot_tree *t);
/* The next slot's gradient g [n] in the backend's memory, which is overwritten; that of the last slot becomes
 * the sum of all, and the tree is ready for another. */
void lem_slot_tree_add(lem_slot_tree *t, float *g);
/* Arrays that wait at most. */
int lem_slot_tree_depth(int slots);

#endif
