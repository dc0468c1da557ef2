/* problems_shared.c - the tokens that prompts of neighbouring rows begin with: worked examples, a system line
 */
#include "data/problems.h"

enum { LEAST = 32 }; /* tokens worth a node of their own */

/* First ids that rows a and b have alike; prompts that are too long are never fed. */
static int alike(const lem_problems *r, const lem_problem *a, const lem_problem *b) {
    const int32_t *x = r->ids.data + a->ids_at, *y = r->ids.data + b->ids_at;
    int most = a->n_ids < b->n_ids ? a->n_ids : b->n_ids, n = 0;
    if (a->too_long || b->too_long) return 0;
    while (n < most && x[n] == y[n]) n++;
    return n;
}

void lem_problems_share(lem_problems *r) {
    for (size_t first = 0, end; first < r->n; first = end) {
        int shared = 0;
        for (end = first + 1; end < r->n; end++) {
            int n = alike(r, &r->at[end - 1], &r->at[end]);
            if (n < LEAST || n < shared / 2) break;
            if (shared == 0 || n < shared) shared = n;
        }
        for (size_t i = first; i < end; i++) r->at[i].n_shared = shared;
    }
}
