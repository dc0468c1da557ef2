/* load.c - how much of an annotation is in flight at once
 *
 * Problems are taken up in order while there is room for rollouts, and all prefixes of those that are taken
 * up may be there until they are done. */
#include "annotate/problem_priv.h"

#include <limits.h>

lem_status lem_annotate_measure(const lem_annotate_problem *in, const lem_annotate_opts *o,
                                const lem_tokenizer *tok, int context, lem_annotate_size *out, lem_err *err) {
    const lem_annotate_host none = {0};
    ann_problem *p = NULL;
    lem_status st = lem_ann_problem_new(in, o, tok, context, &none, &p, err);
    if (st) return st;
    *out = (lem_annotate_size){.points = p->tree.n_points, .pages = p->pages};
    for (int i = 0; i < p->tree.n_points; i++)
        if (p->tree.point[i].length > out->longest) out->longest = p->tree.point[i].length;
    lem_ann_problem_free(p);
    return LEM_OK;
}

static int as_int(uint64_t n) { return n < INT_MAX ? (int)n : INT_MAX; }

lem_engine_load lem_annotate_load(const lem_annotate_opts *o, const lem_annotate_size *problem, size_t n) {
    enum { WAITING = 16 }; /* requests that an engine has waiting, at most */
    uint64_t slots = o->slots ? (uint64_t)o->slots : LEM_ENGINE_SLOTS, each = (uint64_t)o->n;
    uint64_t flying = slots / each + 1 + WAITING; /* points whose rollouts are in flight, or wait */
    uint64_t points = 0, pages = 0, widest = 0, all = 0;
    for (size_t first = 0, last = 0; last < n; last++) {
        all += (uint64_t)problem[last].points;
        points += (uint64_t)problem[last].points;
        pages += (uint64_t)problem[last].pages;
        for (; first < last && points - (uint64_t)problem[first].points >= flying; first++) {
            points -= (uint64_t)problem[first].points;
            pages -= (uint64_t)problem[first].pages;
        }
        if (pages > widest) widest = pages;
    }
    if (all == 0) return (lem_engine_load){0};
    if (all < flying) flying = all;
    return (lem_engine_load){.requests = as_int(2 * all), /* each with the path above it */
                             .candidates = as_int(all * each),
                             .prompt_tokens = as_int(widest * LEM_PAGE_KEYS),
                             .path_pages = as_int(widest + flying),
                             .reserve_pages = as_int(widest)};
}
