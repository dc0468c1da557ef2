/* train/process_stats.h - how well scores of steps agree with their labels */
#ifndef LEM_TRAIN_PROCESS_STATS_H
#define LEM_TRAIN_PROCESS_STATS_H

#include "stats/auc.h"
#include "train/process.h"

/* LEM_EDATA for a label that is no share. */
lem_status lem_process_rows_check(const lem_process_rows *rows, lem_err *err) LEM_MUST_CHECK;

/* score: above 0 = right, the logit or log p('+') - log p('-'); right: the label is at least one half; group:
 * the row, whose steps stand together. */
/* Everything but the loss, of n scores in the order of rows and steps; sorts them. Ties count one half in
 * auc. */
void lem_process_measure(lem_auc_score *s, uint64_t n, lem_process_stats *out);
/* The 95 % interval of auc over rows (auc.h), of scores as lem_process_measure left them. */
lem_status lem_process_interval(const lem_auc_score *sorted, uint64_t n, uint64_t seed, double out[2],
                                lem_err *err) LEM_MUST_CHECK;

/* Metrics of `labels` labels beside the loss that is trained; also: the sign's own loss too. Returns how
 * many. */
int lem_process_metrics(const lem_process_stats *s, uint64_t labels, bool also, lem_train_metric *out);

#endif
