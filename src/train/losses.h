/* train/losses.h - forward, losses and backward of one forest whose targets are stated */
#ifndef LEM_TRAIN_LOSSES_H
#define LEM_TRAIN_LOSSES_H

#include "model/net.h"
#include "train/objective.h"

typedef struct lem_losses { /* zeroed = empty */
    lem_forest forest;
    lem_targets targets;
    int cap; /* of the scratch below */
    int *rows, *at;
    int32_t *token;
    float *weight, *out;
    double *score, *grad, *sum;
    uint64_t seed, step; /* of the noise in gradients of nets with dropout */
    uint64_t *noise;     /* [cap_noise] ids of the forest's rows: the item, and the row's place in it */
    int cap_noise;
} lem_losses;

/* Runs n items of the objective as one forest, and with `grad` adds to the gradients of the net. The scalar
 * head and the vocabulary are each read in one call, so that the gradients of both are one chain over the
 * targets, however a batch is split (where there are PART targets the vocabulary is read once before, for
 * their sums alone). Items without any target are not computed. */
lem_status lem_losses_run(lem_losses *l, lem_net *net, const lem_objective *obj, const uint64_t *items, int n,
                          bool grad, lem_err *err) LEM_MUST_CHECK;
void lem_losses_release(lem_losses *l);

#endif
