/* eval/aggregate.h - step scores of a process reward model to one score per solution
 *
 * The aggregators of RewardMATH (recipe.md 4.7). Golden: [.9,.8,.5,.95] -> min .5, max .95, prod .342,
 * geometric .764727, mean .7875, last .95, mean_logit .836442, mean_odds 8.25. */
#ifndef LEM_EVAL_AGGREGATE_H
#define LEM_EVAL_AGGREGATE_H

#include <stdbool.h>
#include <stddef.h>

/* In the order of lem_eval_aggregator. */
#define LEM_EVAL_AGGREGATOR_NAMES "last|min|max|prod|geometric|mean|mean_logit|mean_odds"

typedef enum lem_eval_aggregator {
    LEM_EVAL_AGG_LAST = 0,
    LEM_EVAL_AGG_MIN,
    LEM_EVAL_AGG_MAX,
    LEM_EVAL_AGG_PROD,
    LEM_EVAL_AGG_GEOMETRIC,
    LEM_EVAL_AGG_MEAN,
    LEM_EVAL_AGG_MEAN_LOGIT,
    LEM_EVAL_AGG_MEAN_ODDS
} lem_eval_aggregator;

/* steps[0..n) probabilities. No steps: 0.5, as RewardMATH does. Probabilities are clamped to [1e-12, 1 -
 * 1e-12] where a logit or odds is taken. */
double lem_eval_aggregate(const double *steps, size_t n, lem_eval_aggregator how);
const char *lem_eval_aggregator_name(lem_eval_aggregator how);
bool lem_eval_aggregator_find(const char *name, lem_eval_aggregator *out);
/* Its result means something for probabilities alone (prod, geometric, mean_logit, mean_odds): of scores
 * outside [0,1] it must not be made. */
bool lem_eval_aggregator_of_probabilities(lem_eval_aggregator how);

#endif
