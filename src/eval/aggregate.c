/* aggregate.c - step scores to one score */
#include "eval/aggregate.h"

#include <math.h>
#include <string.h>

static double clamped(double p) {
    if (p < 1e-12) return 1e-12;
    return p > 1 - 1e-12 ? 1 - 1e-12 : p;
}

double lem_eval_aggregate(const double *steps, size_t n, lem_eval_aggregator how) {
    if (n == 0) return 0.5;
    double low = steps[0], high = steps[0], prod = 1, sum = 0, log_sum = 0, logit = 0, odds = 0;
    for (size_t i = 0; i < n; i++) {
        double p = clamped(steps[i]);
        low = steps[i] < low ? steps[i] : low;
        high = steps[i] > high ? steps[i] : high;
        prod *= steps[i];
        sum += steps[i];
        log_sum += log(p);
        logit += log(p / (1 - p));
        odds += p / (1 - p);
    }
    double count = (double)n;
    switch (how) {
    case LEM_EVAL_AGG_MIN: return low;
    case LEM_EVAL_AGG_MAX: return high;
    case LEM_EVAL_AGG_PROD: return prod;
    case LEM_EVAL_AGG_GEOMETRIC: return exp(log_sum / count);
    case LEM_EVAL_AGG_MEAN: return sum / count;
    case LEM_EVAL_AGG_MEAN_LOGIT: return 1 / (1 + exp(-logit / count));
    case LEM_EVAL_AGG_MEAN_ODDS: return odds > 0 ? odds / count : 0;
    case LEM_EVAL_AGG_LAST: break;
    }
    return steps[n - 1];
}

bool lem_eval_aggregator_of_probabilities(lem_eval_aggregator how) {
    return how == LEM_EVAL_AGG_PROD || how == LEM_EVAL_AGG_GEOMETRIC || how == LEM_EVAL_AGG_MEAN_LOGIT ||
           how == LEM_EVAL_AGG_MEAN_ODDS;
}

static const char *const names[] = {"last",      "min",  "max",        "prod",
                                    "geometric", "mean", "mean_logit", "mean_odds"};

const char *lem_eval_aggregator_name(lem_eval_aggregator how) {
    return (unsigned)how < sizeof names / sizeof *names ? names[how] : "?";
}

bool lem_eval_aggregator_find(const char *name, lem_eval_aggregator *out) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) {
            *out = (lem_eval_aggregator)i;
            return true;
        }
    return false;
}
