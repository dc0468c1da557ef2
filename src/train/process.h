/* train/process.h - process reward objective: a label at each of some tokens, by one of two heads
 *
 * SCALAR  the cross-entropy of sigmoid(scalar head) with the label
 * SIGNS   the language model's own logits: -label*log p('+') - (1-label)*log p('-'), over the whole
 *         vocabulary, as a generative reward model is fine-tuned (RLHFlow); such a model is read as
 *         p('+') / (p('+') + p('-'))
 * Labels may be hard (0 or 1: human labels, arXiv 2305.20050) or soft (the share of rollouts that end well:
 * Math-Shepherd, arXiv 2312.08935). The loss is the mean over the labels of a batch and, with SIGNS, over the
 * tokens of `also` (RLHFlow trains the blank line before a sign and the end of the turn, too).
 *
 * What is measured beside the loss, with a score on the side of 1 where it is at least even: accuracy; area
 * under the ROC curve; and as ProcessBench does (arXiv 2412.06559), the first step that is scored wrong
 * against the first that is labelled wrong: the share of solutions with an error in which it is found, of
 * those without in which none is claimed, and their harmonic mean F1. */
#ifndef LEM_TRAIN_PROCESS_H
#define LEM_TRAIN_PROCESS_H

#include "train/objective.h"

typedef enum lem_process_head { LEM_PROCESS_SCALAR, LEM_PROCESS_SIGNS } lem_process_head;

typedef struct lem_process_rows { /* plain data of its caller */
    uint64_t n;
    const uint64_t *start; /* [n+1] offsets of the rows */
    const int32_t *ids;    /* all rows, one after another */
    const float *label;    /* beside ids: in [0,1] where a score is read, below 0 = none */
    lem_process_head head;
    int32_t good, bad;   /* SIGNS: the tokens '+' and '-' */
    const uint8_t *also; /* SIGNS: beside ids: 1 = this token is predicted by the one before, which a row's
                            first has not; NULL = none */
} lem_process_rows;

typedef struct lem_process_stats { /* of a batch; NAN where there is nothing to measure */
    double loss;                   /* of the labels alone, nats per label */
    uint64_t labels, right;        /* right: labels of at least one half */
    double accuracy, auc;
    uint64_t with_error, without_error; /* rows with a label below one half, and without */
    double found, passed, f1;
} lem_process_stats;

typedef struct lem_process lem_process;
/* Borrows rows. Metrics: loss, accuracy, labels, and in this order where there is something to measure: auc,
 * first_error_f1, sign_loss (of the labels alone, where `also` is given). LEM_EDATA for a label above 1 or
 * NaN. */
lem_status lem_process_new(const lem_process_rows *rows, lem_process **out, lem_err *err) LEM_MUST_CHECK;
void lem_process_free(lem_process *p);
lem_objective lem_process_objective(lem_process *p);
/* Of the batch whose metrics were asked for last. */
const lem_process_stats *lem_process_last(const lem_process *p);
/* The 95 % interval of its auc, by resampling rows (process_stats.h); NAN where there is none. */
lem_status lem_process_auc_interval(const lem_process *p, uint64_t seed, double out[2],
                                    lem_err *err) LEM_MUST_CHECK;

#endif
