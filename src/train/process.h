/* train/process.h - process reward objective: a label at each of some tokens, through the scalar head
 *
 * The loss is the mean over the labels of a batch of the cross-entropy of sigmoid(head) with the label, which
 * may be hard (0 or 1: human labels, arXiv 2305.20050) or soft (the share of rollouts that end well:
 * Math-Shepherd, arXiv 2312.08935). */
#ifndef LEM_TRAIN_PROCESS_H
#define LEM_TRAIN_PROCESS_H

#include "train/objective.h"

typedef struct lem_process_rows { /* plain data of its caller */
    uint64_t n;
    const uint64_t *start; /* [n+1] offsets of the rows */
    const int32_t *ids;    /* all rows, one after another */
    const float *label;    /* beside ids: in [0,1] at the end of a step, below 0 = none */
} lem_process_rows;

typedef struct lem_process lem_process;
/* Borrows rows. Metrics: loss (nats per label), accuracy (score and label on the same side of even), labels.
 * LEM_EDATA for a label above 1 or NaN. */
lem_status lem_process_new(const lem_process_rows *rows, lem_process **out, lem_err *err) LEM_MUST_CHECK;
void lem_process_free(lem_process *p);
lem_objective lem_process_objective(lem_process *p);

#endif
