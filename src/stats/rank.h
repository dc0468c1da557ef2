/* stats/rank.h - ranks and rank correlation */
#ifndef LEM_STATS_RANK_H
#define LEM_STATS_RANK_H

#include <stdint.h>

typedef struct lem_rank_item {
    double value;
    uint32_t at;
} lem_rank_item;

/* Twice the mean rank of each value less one, ties sharing theirs: it orders and correlates as ranks do. O(n
 * log n); sorted [n] is scratch. Values are not NaN. */
void lem_ranks(int n, const double *x, lem_rank_item *sorted, double *out);
/* Pearson's correlation; NAN where one of them does not vary. Of ranks: Spearman's. */
double lem_correlation(int n, const double *x, const double *y);

#endif
