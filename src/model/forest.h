/* model/forest.h - the token forest: the only kind of batch
 *
 * Each node is a run of tokens and its parent; a token sees the tokens on its path to the root and nothing
 * else; its position is its depth on that path. Packing is several roots; a shared prompt is a parent with
 * children. Nodes are added in depth-first order: the parent of a new node is the last added node or one of
 * its ancestors (or -1 for a root), so that the rows of every subtree are contiguous. */
#ifndef LEM_MODEL_FOREST_H
#define LEM_MODEL_FOREST_H

#include "compute/backend.h"
#include "core/err.h"

#include <stdint.h>

typedef struct lem_forest_node {
    int parent;  /* -1 for a root */
    int row0, n; /* its tokens are rows row0..row0+n-1 */
    int pos0;    /* position of its first token */
} lem_forest_node;

typedef struct lem_forest { /* owns its arrays; zeroed = empty */
    int32_t *ids;           /* [T] */
    int *pos;               /* [T] */
    int n_rows, cap_rows;
    lem_forest_node *nodes;
    int n_nodes, cap_nodes;
} lem_forest;

void lem_forest_release(lem_forest *f);
void lem_forest_clear(lem_forest *f); /* keeps the memory */
/* *node may be NULL. n may be 0 for an inner node. LEM_EUSAGE if the order is not depth-first. */
lem_status lem_forest_add(lem_forest *f, int parent, const int32_t *ids, int n, int *node,
                          lem_err *err) LEM_MUST_CHECK;

#endif
