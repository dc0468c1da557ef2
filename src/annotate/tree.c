/* tree.c - a radix tree of token ids */
#include "annotate/tree_priv.h"

#include "core/mem.h"

void lem_ann_tree_release(ann_tree *t) {
    lem_free(t->node);
    lem_free(t->point);
    *t = (ann_tree){0};
}

/* Room for two more nodes and the root: an insertion makes at most two. */
static bool reserve(ann_tree *t, lem_err *err) {
    if (t->n + 3 > t->cap) {
        int cap = 2 * t->cap + 16;
        ann_node *p = lem_realloc(t->node, (size_t)cap, sizeof *p, err);
        if (!p) return false;
        t->node = p;
        t->cap = cap;
    }
    if (t->n == 0) t->node[t->n++] = (ann_node){.parent = -1, .child = -1, .next = -1, .point = -1};
    return true;
}

static int add_child(ann_tree *t, int parent, const int32_t *ids, int n) {
    int at = t->n++;
    t->node[at] = (ann_node){
        .parent = parent, .child = -1, .next = t->node[parent].child, .ids = ids, .n = n, .point = -1};
    t->node[parent].child = at;
    return at;
}

static int find_child(const ann_tree *t, int parent, int32_t id) {
    int c = t->node[parent].child;
    while (c >= 0 && t->node[c].ids[0] != id) c = t->node[c].next;
    return c;
}

/* Puts a node of the first m tokens of `lower` in its place, and `lower` with the rest under it. */
static int split(ann_tree *t, int lower, int m) {
    int upper = t->n++;
    ann_node *low = &t->node[lower];
    t->node[upper] = (ann_node){
        .parent = low->parent, .child = lower, .next = low->next, .ids = low->ids, .n = m, .point = -1};
    int *at = &t->node[low->parent].child;
    while (*at != lower) at = &t->node[*at].next;
    *at = upper;
    low->parent = upper;
    low->next = -1;
    low->ids += m;
    low->n -= m;
    return upper;
}

int lem_ann_tree_insert(ann_tree *t, const int32_t *ids, int n, lem_err *err) {
    if (!reserve(t, err)) return -1;
    int at = 0;
    for (int pos = 0; pos < n;) {
        int c = find_child(t, at, ids[pos]), m = 0;
        if (c < 0) return add_child(t, at, ids + pos, n - pos);
        const ann_node *x = &t->node[c];
        while (m < x->n && pos + m < n && x->ids[m] == ids[pos + m]) m++;
        at = m < x->n ? split(t, c, m) : c;
        pos += m;
    }
    return at;
}

int lem_ann_tree_add_point(ann_tree *t, const ann_point *p, lem_err *err) {
    if (t->n_points == t->cap_points) {
        int cap = 2 * t->cap_points + 16;
        ann_point *q = lem_realloc(t->point, (size_t)cap, sizeof *q, err);
        if (!q) return -1;
        t->point = q;
        t->cap_points = cap;
    }
    t->point[t->n_points] = *p;
    t->point[t->n_points].next = t->node[p->node].point;
    t->node[p->node].point = t->n_points;
    return t->n_points++;
}

int lem_ann_tree_pages(const ann_tree *t) {
    int pages = 0;
    for (int i = 1; i < t->n; i++) pages += (t->node[i].n + LEM_PAGE_KEYS - 1) / LEM_PAGE_KEYS;
    return pages;
}

void lem_ann_tree_count(ann_tree *t, int node, int add) {
    for (; node > 0; node = t->node[node].parent) t->node[node].left += add;
}
