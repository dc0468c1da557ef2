/* load.c - how much of what is asked for is in flight at once
 *
 * Candidates start in order and live for max_tokens steps at most, and a step feeds GEN_PREFILL tokens of
 * prompts. So the requests that are in flight stand one behind the other: as many as have candidates in all
 * slots, and as many as were fed while the first of them lived; and those that wait behind them. A few that
 * end late are beside them; what does not fit then waits. */
#include "generate/engine_priv.h"
#include "generate/run.h"

#include <limits.h>

/* Requests with candidates in `slots` slots, wherever the first of these stands in its own. */
static size_t in_slots(size_t slots, size_t each) { return (slots + each - 2) / each + 1; }

/* Requests that wait when all slots are in use. */
static size_t behind_slots(size_t slots, size_t each) {
    size_t n = slots / 4 / each + 1;
    return n < GEN_WAITING ? n : GEN_WAITING;
}

/* The most pages of requests that stand one behind the other, `most` at most, that are fed in `tokens`; *n:
 * the most of them. */
static size_t widest(const int *length, size_t all, size_t most, uint64_t tokens, size_t *n) {
    size_t first = 0, pages = 0, widest = 0;
    uint64_t fed = 0; /* behind the first of them */
    *n = 0;
    for (size_t last = 0; last < all; last++) {
        if (last > first) fed += (uint64_t)length[last];
        pages += (size_t)lem_gen_pages(length[last]);
        while (last - first + 1 > most || fed > tokens) {
            pages -= (size_t)lem_gen_pages(length[first++]);
            fed -= (uint64_t)length[first];
        }
        if (last - first + 1 > *n) *n = last - first + 1;
        if (pages > widest) widest = pages;
    }
    return widest;
}

/* Requests that are fed before the first candidate starts, or while all slots are in use. */
static size_t fed_together(size_t slots, size_t each) {
    size_t n = (slots + slots / 4) / each + 1;
    return n < GEN_WAITING ? n : GEN_WAITING;
}

/* The most tokens of n requests that stand one behind the other. */
static uint64_t most_tokens(const int *length, size_t all, size_t n) {
    uint64_t sum = 0, most = 0;
    for (size_t i = 0; i < all; i++) {
        sum += (uint64_t)length[i];
        if (i >= n) sum -= (uint64_t)length[i - n];
        if (sum > most) most = sum;
    }
    return most;
}

static int as_int(uint64_t n) { return n < INT_MAX ? (int)n : INT_MAX; }

lem_engine_load lem_generate_load(const lem_model_config *c, const lem_generate_opts *o, const int *length,
                                  size_t n, int shared, int candidates) {
    size_t each = candidates > 0 ? (size_t)candidates : 1;
    size_t slots = o->slots ? (size_t)o->slots : GEN_SLOTS;
    uint64_t all = (uint64_t)n * each;
    int steps = o->max_tokens < c->max_positions ? o->max_tokens : c->max_positions;
    if (all < slots) slots = (size_t)all;
    if (n == 0) return (lem_engine_load){0};
    size_t wait = behind_slots(slots, each), most = in_slots(slots, each) + wait, at_once = 0;
    size_t pages = widest(length, n, most, (uint64_t)steps * GEN_PREFILL, &at_once);
    uint64_t live =
        (uint64_t)(at_once + GEN_WAITING) * each; /* those that wait are fed, and may start together */
    return (lem_engine_load){.requests = as_int((uint64_t)n + (shared > 0)),
                             .candidates = as_int(live < all ? live : all),
                             .prompt_tokens =
                                 as_int(most_tokens(length, n, fed_together(slots, each)) + (uint64_t)shared),
                             .path_pages = as_int(pages + (size_t)lem_gen_pages(shared))};
}
