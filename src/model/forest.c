/* forest.c - token forest in depth-first order */
#include "model/forest.h"

#include "core/mem.h"

#include <limits.h>
#include <string.h>

void lem_forest_release(lem_forest *f) {
    lem_free(f->ids);
    lem_free(f->pos);
    lem_free(f->nodes);
    *f = (lem_forest){0};
}

void lem_forest_clear(lem_forest *f) { f->n_rows = f->n_nodes = 0; }

static lem_status grow(lem_forest *f, int rows, lem_err *err) {
    if (f->n_rows > INT_MAX / 2 - rows)
        return lem_fail(err, LEM_EMEM, "a forest of more than %d tokens", INT_MAX / 2);
    if (f->n_rows + rows > f->cap_rows) {
        int cap = f->cap_rows ? f->cap_rows * 2 : 1024;
        while (cap < f->n_rows + rows) cap *= 2;
        int32_t *ids = lem_realloc(f->ids, (size_t)cap, sizeof *ids, err);
        if (ids) f->ids = ids;
        int *pos = lem_realloc(f->pos, (size_t)cap, sizeof *pos, err);
        if (pos) f->pos = pos;
        if (!ids || !pos) return LEM_EMEM;
        f->cap_rows = cap;
    }
    if (f->n_nodes == f->cap_nodes) {
        int cap = f->cap_nodes ? f->cap_nodes * 2 : 64;
        lem_forest_node *nodes = lem_realloc(f->nodes, (size_t)cap, sizeof *nodes, err);
        if (!nodes) return LEM_EMEM;
        f->nodes = nodes;
        f->cap_nodes = cap;
    }
    return LEM_OK;
}

/* Whether `parent` is the last node or one of its ancestors. */
static bool is_open(const lem_forest *f, int parent) {
    for (int at = f->n_nodes - 1; at >= 0; at = f->nodes[at].parent)
        if (at == parent) return true;
    return false;
}

lem_status lem_forest_add(lem_forest *f, int parent, const int32_t *ids, int n, int *node, lem_err *err) {
    if (n < 0 || parent < -1 || parent >= f->n_nodes)
        return lem_fail(err, LEM_EUSAGE, "forest node: parent %d or length %d out of range", parent, n);
    if (parent >= 0 && !is_open(f, parent))
        return lem_fail(err, LEM_EUSAGE, "forest node: nodes must be added in depth-first order");
    lem_status st = grow(f, n, err);
    if (st) return st;
    int pos0 = parent < 0 ? 0 : f->nodes[parent].pos0 + f->nodes[parent].n;
    f->nodes[f->n_nodes] = (lem_forest_node){parent, f->n_rows, n, pos0};
    if (n) memcpy(f->ids + f->n_rows, ids, (size_t)n * sizeof *ids);
    for (int i = 0; i < n; i++) f->pos[f->n_rows + i] = pos0 + i;
    f->n_rows += n;
    if (node) *node = f->n_nodes;
    f->n_nodes++;
    return LEM_OK;
}
