/* train/process_stats.h - how well scores of steps agree with their labels */
#ifndef LEM_TRAIN_PROCESS_STATS_H
#define LEM_TRAIN_PROCESS_STATS_H

#include "train/process.h"

typedef struct lem_step_score {
    float score;  /* above 0 = right: the logit, or log p('+') - log p('-') */
    bool right;   /* the label is at least one half */
    uint32_t row; /* from 0; steps of a row stand together */
} lem_step_score;

/* Everything but the loss, of n scores in the order of rows and steps; sorts them. Ties count one half in
 * auc. */
void lem_process_measure(lem_step_score *s, uint64_t n, lem_process_stats *out);
/* The 95 % interval of auc, of scores as lem_process_measure left them: the 2.5 and 97.5 percentiles over
 * LEM_PROCESS_RESAMPLES draws of as many rows as there are, with replacement (steps of one row are no
 * independent trials), keyed by seed. NAN where there are not both classes. */
enum { LEM_PROCESS_RESAMPLES = 1000 };
lem_status lem_process_interval(const lem_step_score *sorted, uint64_t n, uint64_t seed, double out[2],
                                lem_err *err) LEM_MUST_CHECK;

#endif
