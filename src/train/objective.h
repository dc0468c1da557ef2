/* train/objective.h - what is learned, stated item by item: nodes of a forest, and the targets of their rows
 *
 * An objective says what an item is made of and what its rows should give. The trainer does the rest: it
 * packs items into forests, runs forward, losses and backward, and owns all memory for it. The loss of a
 * batch is the weighted sum over its targets; weights are normalised by what `begin` saw of the whole batch,
 * so that it does not matter how the batch is split over forests. */
#ifndef LEM_TRAIN_OBJECTIVE_H
#define LEM_TRAIN_OBJECTIVE_H

#include "core/err.h"
#include "model/forest.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum lem_target_kind {
    LEM_TARGET_TOKEN, /* the row predicts `token`: -log p over the vocabulary */
    LEM_TARGET_LABEL, /* sigmoid of the scalar head at the row is `label` in [0,1]: cross-entropy in nats */
    LEM_TARGET_RANK,  /* the scalar head at the row is one score of a group: the loss is the group's */
    LEM_TARGET_PART   /* the row predicts `token`, and log p(token) is a part of what member `member` of a
                         group sums to: the loss is the group's, so that its share in the gradient is known
                         only when all are there (the vocabulary is read twice) */
} lem_target_kind;

typedef struct lem_target {
    lem_target_kind kind;
    int row; /* of the forest */
    int32_t token;
    double label;  /* LABEL */
    double weight; /* of this target's loss (of its share of the group's gradient) in the loss of the batch */
    int group;     /* RANK, PART: which group of its item; those of a group stand one after another.
                      TOKEN, LABEL: the objective's own, for `note` */
    int member;    /* PART: 0, 1, 2, ... in order; the parts of a member stand one after another */
    /* Written by the trainer before `note`. */
    float output; /* TOKEN, PART: log p(token); else the score */
    double loss;  /* TOKEN, LABEL: before weighting; RANK, PART: 0 */
} lem_target;

typedef struct lem_targets { /* of one forest, in the order they were stated; owned by the trainer */
    lem_target *target;
    int *item; /* to which of the forest's items each belongs */
    int n, cap, n_items;
} lem_targets;

/* Appends t. Targets of one row may stand in any number; the order in which an item states its targets is the
 * order of every sum. */
lem_status lem_targets_add(lem_targets *list, const lem_target *t, lem_err *err) LEM_MUST_CHECK;

typedef struct lem_train_metric {
    const char *name;
    double value;
} lem_train_metric;
enum { LEM_MAX_METRICS = 40 };

typedef struct lem_objective {
    void *ctx;
    uint64_t n_items;
    int (*rows)(void *ctx, uint64_t item); /* forest rows that the item takes */
    /* A batch begins: sums of metrics are reset, normalisers computed over all its items. */
    lem_status (*begin)(void *ctx, const uint64_t *items, int n, lem_err *err);
    /* Appends the item's nodes to f and its targets to t. */
    lem_status (*add)(void *ctx, uint64_t item, lem_forest *f, lem_targets *t, lem_err *err);
    /* The targets of a forest with their outputs and losses, for the metrics. NULL = not wanted. */
    void (*note)(void *ctx, const lem_target *t, int n);
    int (*end)(void *ctx, lem_train_metric *out); /* metrics of the batch, the loss first; returns how many */
    /* The loss of one group of `item`, for the metrics: of RANK targets (score: theirs) or of PART targets
     * (score: the sum of each member's log-probabilities), in the order of its targets. Labels and all else
     * the objective knows by the item. grad [n] receives the gradient by score. NULL where no such targets
     * are stated. */
    void (*members)(void *ctx, uint64_t item, int n, const double *score, double *grad);
    int (*nodes)(void *ctx, uint64_t item); /* nodes with rows, at most; NULL = each row may be one */
} lem_objective;

#endif
