/* stats/auc.h - area under the ROC curve: how well scores rank right ones above wrong ones, and its interval
 */
#ifndef LEM_STATS_AUC_H
#define LEM_STATS_AUC_H

#include "core/err.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct lem_auc_score {
    double score;
    bool right;
    uint32_t group; /* from 0; scores of one group (steps of a solution, solutions of a problem) are no
                       independent trials */
} lem_auc_score;

/* Share of pairs of a right and a wrong one with the right one above, ties a half; NAN without both. Sorts.
 */
double lem_auc(lem_auc_score *s, uint64_t n);
/* The 95 % interval of it, of sorted scores: the 2.5 and 97.5 percentiles over LEM_AUC_RESAMPLES draws of as
 * many of the `groups` groups as there are, with replacement, keyed by seed. weight [groups] is scratch. NAN
 * where there are not both classes. */
enum { LEM_AUC_RESAMPLES = 1000 };
void lem_auc_interval(const lem_auc_score *sorted, uint64_t n, uint64_t groups, uint32_t *weight,
                      uint64_t seed, double out[2]);

/* Area and its standard error where scores come in clusters (Obuchowski 1997, Biometrics 53, 567), without
 * draws: O(n log n). low and high are the 95 % interval on the scale of log(a / (1 - a)); NAN where the area
 * is 0 or 1 or fewer than two groups have a class. Sorts; scores are not NaN. LEM_EMEM. */
typedef struct lem_auc_estimate {
    double area, low, high;
} lem_auc_estimate;
lem_status lem_auc_clustered(lem_auc_score *s, uint64_t n, uint64_t groups, lem_auc_estimate *out,
                             lem_err *err) LEM_MUST_CHECK;

#endif
