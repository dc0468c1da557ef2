/* train/process_stats.h - how well scores of steps agree with their labels */
#ifndef LEM_TRAIN_PROCESS_STATS_H
#define LEM_TRAIN_PROCESS_STATS_H

#include "train/process.h"

typedef struct lem_step_score {
    float score;  /* above 0 = right: the logit, or log p('+') - log p('-') */
    bool right;   /* the label is at least one half */
    bool begins;  /* the first of its row */
} lem_step_score;

/* Everything but the loss, of n scores in the order of rows and steps; sorts them. Ties count one half in
 * auc. */
void lem_process_measure(lem_step_score *s, uint64_t n, lem_process_stats *out);

#endif
