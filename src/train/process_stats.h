/* train/process_stats.h - how well scores of steps agree with their labels */
#ifndef LEM_TRAIN_PROCESS_STATS_H
#define LEM_TRAIN_PROCESS_STATS_H

#include "train/auc.h"
#include "train/process.h"

/* score: above 0 = right, the logit or log p('+') - log p('-'); right: the label is at least one half; group:
 * the row, whose steps stand together. */
/* Everything but the loss, of n scores in the order of rows and steps; sorts them. Ties count one half in
 * auc. */
void lem_process_measure(lem_auc_score *s, uint64_t n, lem_process_stats *out);
/* The 95 % interval of auc over rows (auc.h), of scores as lem_process_measure left them. */
lem_status lem_process_interval(const lem_auc_score *sorted, uint64_t n, uint64_t seed, double out[2],
                                lem_err *err) LEM_MUST_CHECK;

#endif
