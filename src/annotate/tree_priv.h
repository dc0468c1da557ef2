/* annotate/tree_priv.h - prefixes as a radix tree of tokens: what prefixes have in common stands in it once
 *
 * A point is a prefix from whose end rollouts start. Its last token is not in the tree: an engine's node
 * keeps no logits, so each request for rollouts feeds the last token itself. */
#ifndef LEM_ANNOTATE_TREE_PRIV_H
#define LEM_ANNOTATE_TREE_PRIV_H

#include "generate/engine.h"

typedef struct ann_node {    /* a run of tokens; node 0 is the root, of none */
    int parent, child, next; /* -1 = none; next: of the same parent */
    const int32_t *ids;      /* [n] borrowed from whoever inserted it */
    int n;
    int left;  /* points of its subtree whose rollouts have not been asked for */
    int point; /* the first of those that end one token behind it; -1 = none */
    lem_request request;
} ann_node;

typedef struct ann_point {
    int node;     /* its tokens but the last */
    int32_t last; /* its last token */
    int length;   /* tokens */
    uint64_t key; /* of its rollouts */
    int solution; /* whose beginning it is: the first that has it */
    size_t bytes; /* of the solution's text */
    int next;     /* of the same node */
    lem_request request;
    bool asked; /* for rollouts */
} ann_point;

typedef struct ann_tree { /* zeroed = empty */
    ann_node *node;
    int n, cap;
    ann_point *point;
    int n_points, cap_points;
} ann_tree;

void lem_ann_tree_release(ann_tree *t);
/* The node whose path is ids [n], n >= 1, made if need be; ids are borrowed. Nodes keep their numbers when
 * they are split. -1 for want of memory. */
int lem_ann_tree_insert(ann_tree *t, const int32_t *ids, int n, lem_err *err);
/* Appends a point at its node; -1 for want of memory. */
int lem_ann_tree_add_point(ann_tree *t, const ann_point *p, lem_err *err);
/* Pages of keys and values that all nodes take. */
int lem_ann_tree_pages(const ann_tree *t);
/* Adds to `left` of a node and of all above it. */
void lem_ann_tree_count(ann_tree *t, int node, int add);

#endif
