/* batches.c - batches of a keyed order, by items or by tokens */
#include "train/batches.h"

#include "core/mem.h"
#include "core/rng.h"

#include <math.h>

enum { LARGEST = 1 << 30 };

/* Item of position p over all epochs: a fresh keyed permutation for each epoch. */
static uint64_t item_at(const lem_batches *b, uint64_t p) {
    lem_rng order = lem_rng_make(b->how.seed, "order", p / b->n_items);
    return lem_rng_permute(&order, b->n_items, p % b->n_items);
}

long lem_batches_steps(const lem_batches_how *how, uint64_t n_items) {
    if (how->max_steps > 0) return how->max_steps;
    double per_epoch = (double)n_items / how->batch;
    long n = (long)ceil(per_epoch * how->epochs - 1e-9);
    return n < 1 ? 1 : n;
}

static lem_status push(lem_batches *b, long *cap, uint64_t position, lem_err *err) {
    if (b->steps + 1 >= *cap) {
        long more = *cap ? 2 * *cap : 1024;
        uint64_t *p = lem_realloc(b->first, (size_t)more, sizeof *p, err);
        if (!p) return LEM_EMEM;
        b->first = p;
        *cap = more;
    }
    b->first[++b->steps] = position;
    return LEM_OK;
}

/* Where the batch that begins at position p ends. */
static uint64_t fill(const lem_batches *b, const lem_objective *obj, uint64_t p, uint64_t end) {
    int64_t tokens = 0;
    uint64_t q = p;
    for (; q < end; q++) {
        tokens += obj->rows(obj->ctx, item_at(b, q));
        if (tokens > b->how.tokens && q > p) break;
    }
    return q;
}

static lem_status by_tokens(lem_batches *b, const lem_objective *obj, lem_err *err) {
    lem_status st = LEM_OK;
    long cap = 0;
    double all = ceil((double)b->n_items * b->how.epochs - 1e-9);
    uint64_t end = all < 1 ? 1 : (uint64_t)all;
    b->first = lem_alloc(1, sizeof *b->first, err);
    if (!b->first) return LEM_EMEM;
    b->first[0] = 0;
    bool endless = b->how.max_steps > 0;
    for (uint64_t p = 0, q; endless ? b->steps < b->how.max_steps : p < end; p = q) {
        q = fill(b, obj, p, endless ? p + LARGEST : end);
        if (q - p >= LARGEST) LEM_TRY(lem_fail(err, LEM_EDATA, "a batch of more than %d rows", LARGEST - 1));
        if ((int)(q - p) > b->largest) b->largest = (int)(q - p);
        LEM_TRY(push(b, &cap, q, err));
    }
done:
    return st;
}

lem_status lem_batches_init(lem_batches *out, const lem_objective *obj, const lem_batches_how *how,
                            lem_err *err) {
    lem_batches b = {.how = *how, .n_items = obj->n_items};
    lem_status st = LEM_OK;
    if (b.n_items == 0) return lem_fail(err, LEM_EDATA, "no rows to train on");
    if (how->tokens > 0) st = by_tokens(&b, obj, err);
    else {
        b.steps = lem_batches_steps(how, b.n_items);
        b.largest = how->batch;
    }
    if (st == LEM_OK) *out = b;
    else lem_batches_release(&b);
    return st;
}

void lem_batches_release(lem_batches *b) {
    lem_free(b->first);
    *b = (lem_batches){0};
}

int lem_batches_at(const lem_batches *b, long step, uint64_t *items) {
    uint64_t first = b->first ? b->first[step] : (uint64_t)step * (uint64_t)b->how.batch;
    int n = b->first ? (int)(b->first[step + 1] - first) : b->how.batch;
    for (int i = 0; i < n; i++) items[i] = item_at(b, first + (uint64_t)i);
    return n;
}
