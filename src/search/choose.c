/* choose.c - which steps go on */
#include "search/search_priv.h"

#include <string.h>

static bool may_go_on(const lem_search_node *x) { return x->state == LEM_SEARCH_KEPT; }

/* a before b: by score, of equal ones the earlier. */
static bool better(const lem_search_result *r, int a, int b) {
    double x = r->node[a].score, y = r->node[b].score;
    return x > y || (x == y && a < b);
}

static bool same_step(const lem_search_node *a, const lem_search_node *b) {
    return a->parent == b->parent && a->subtree == b->subtree && a->n_ids == b->n_ids &&
           memcmp(a->ids, b->ids, (size_t)a->n_ids * sizeof *a->ids) == 0;
}

/* The steps from `first` on that may go on, best first; each of equal ones once, unless they are kept. */
static int sorted(lem_search *s, int first) {
    const lem_search_result *r = s->out;
    int n = 0;
    for (int i = first; i < r->n; i++) {
        bool fresh = may_go_on(&r->node[i]);
        for (int k = 0; !s->o->keep_equal && fresh && k < n; k++)
            fresh = !same_step(&r->node[s->order[k]], &r->node[i]);
        if (!fresh) continue;
        int at = n++;
        for (; at > 0 && better(r, i, s->order[at - 1]); at--) s->order[at] = s->order[at - 1];
        s->order[at] = i;
    }
    return n;
}

/* Overall: the n/width best. */
static void choose_beam(lem_search *s, int first) {
    int most = s->o->n / s->o->width, n = sorted(s, first);
    if (n > most) n = most;
    for (int i = 0; i < n; i++) s->front[s->n_front++] = (sea_front){.node = s->order[i], .n = s->o->n / n};
}

/* In each subtree the best of all; one that has ended ends its subtree. */
static void choose_subtrees(lem_search *s, int first) {
    const lem_search_result *r = s->out;
    for (int t = 0; t < s->o->n / s->o->width; t++) {
        int best = -1;
        for (int i = first; i < r->n; i++)
            if (r->node[i].subtree == t && (best < 0 || better(r, i, best))) best = i;
        if (best >= 0 && may_go_on(&r->node[best]))
            s->front[s->n_front++] = (sea_front){.node = best, .subtree = t, .n = s->o->width};
    }
}

void lem_sea_choose(lem_search *s, int first) {
    int steps = 0;
    s->n_front = 0;
    if (s->o->method == LEM_SEARCH_BEST_OF_N) return;
    if (s->o->method == LEM_SEARCH_DVTS) choose_subtrees(s, first);
    else choose_beam(s, first);
    for (int i = 0; i < s->n_front; i++) { /* another state while the others are pruned */
        s->out->node[s->front[i].node].state = LEM_SEARCH_ENDED;
        s->front[i].first = steps;
        steps += s->front[i].n;
    }
    for (int i = first; i < s->out->n; i++) {
        lem_search_node *x = &s->out->node[i];
        if (!may_go_on(x)) continue;
        x->state = LEM_SEARCH_PRUNED;
        lem_sea_drop(s, x);
    }
    for (int i = 0; i < s->n_front; i++) s->out->node[s->front[i].node].state = LEM_SEARCH_KEPT;
}
