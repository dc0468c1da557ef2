/* train/batches.h - which items make the batch of each step: so many, or as many as have so many tokens
 *
 * Items come in a keyed order: a fresh permutation of (seed, epoch) for each epoch. A batch by tokens takes
 * items until the next one would exceed them (at least one), across the end of an epoch too: RLHFlow's "32
 * packs of 8,192 tokens" are 262,144 tokens. Everything is a function of seed, items and sizes. */
#ifndef LEM_TRAIN_BATCHES_H
#define LEM_TRAIN_BATCHES_H

#include "train/objective.h"

typedef struct lem_batches_how {
    int batch;      /* items of a step */
    int64_t tokens; /* 0 = by items; else forest rows of a step */
    double epochs;  /* may be a fraction */
    long max_steps; /* 0 = by epochs */
    uint64_t seed;
} lem_batches_how;

typedef struct lem_batches { /* zeroed = empty */
    lem_batches_how how;
    uint64_t n_items;
    long steps;
    int largest;     /* items of the largest batch */
    uint64_t *first; /* [steps+1] positions in the order; NULL where all batches have `batch` items */
} lem_batches;

/* LEM_EDATA for an objective without items, or a batch of more than 2^30 of them. */
lem_status lem_batches_init(lem_batches *b, const lem_objective *obj, const lem_batches_how *how,
                            lem_err *err) LEM_MUST_CHECK;
void lem_batches_release(lem_batches *b);
/* The items of a step, from 0, into items [largest]; returns how many. */
int lem_batches_at(const lem_batches *b, long step, uint64_t *items);
/* Steps of batches by items. */
long lem_batches_steps(const lem_batches_how *how, uint64_t n_items);

#endif
