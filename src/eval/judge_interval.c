/* judge_interval.c - intervals of what is made of several shares, and of sums over solutions */
#include "eval/clusters.h"
#include "eval/judge_priv.h"

#include <math.h>

static double harmonic(double a, double b) { return a + b > 0 ? 2 * a * b / (a + b) : 0; }

static double squared(double x) { return x * x; }

static lem_eval_interval within(double mean, double below, double above) {
    return (lem_eval_interval){mean, fmax(mean - sqrt(below), 0), fmin(mean + sqrt(above), 1)};
}

lem_eval_interval lem_judge_f1(lem_eval_interval a, lem_eval_interval b, bool few) {
    double f = harmonic(a.mean, b.mean);
    if (few) return (lem_eval_interval){f, harmonic(a.lo, b.lo), harmonic(a.hi, b.hi)};
    return within(f, squared(f - harmonic(a.lo, b.mean)) + squared(f - harmonic(a.mean, b.lo)),
                  squared(harmonic(a.hi, b.mean) - f) + squared(harmonic(a.mean, b.hi) - f));
}

/* Of subsets that share problems it is not known how they go together: at worst all the same way. */
lem_eval_interval lem_judge_mean_of(const lem_judge_data *d, const lem_eval_interval *at, int n) {
    double sum = 0, lo = 0, hi = 0, below = 0, above = 0;
    for (int i = 0; i < n; i++) {
        sum += at[i].mean;
        lo += at[i].lo;
        hi += at[i].hi;
        below += squared(at[i].mean - at[i].lo);
        above += squared(at[i].hi - at[i].mean);
    }
    if (d->shared) return (lem_eval_interval){sum / n, lo / n, hi / n};
    return within(sum / n, below / n / n, above / n / n);
}

static lem_eval_interval spread_of(double value, const double *pull, int n, bool few) {
    double squares = 0, trials = n;
    for (int i = 0; i < n; i++) squares += pull[i] * pull[i];
    if (n > 1 && squares > 0) {
        /* as many 0/1 values as spread as much; few events say little of their spread, so that there they
         * count no more than problems do */
        double as_many = value * (1 - value) / (squares * n / (n - 1));
        if (!few || as_many < trials) trials = as_many;
    }
    return lem_eval_share_interval(value, trials > 1 ? trials : 1, n - 1);
}

lem_status lem_judge_clustered(double value, const lem_judge_values *pull, bool few, lem_eval_interval *out,
                               lem_err *err) {
    lem_eval_clusters c;
    lem_status st = lem_eval_clusters_of_keys(pull->problem, pull->n, &c, err);
    if (st) return st;
    *out = spread_of(value, lem_eval_clusters_sums(&c, pull->v), c.n, few);
    lem_eval_clusters_release(&c);
    return LEM_OK;
}
