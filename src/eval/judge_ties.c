/* judge_ties.c - RewardBench 2's measure of its subset Ties, and the leaderboard's mean
 *
 * Rows are called ref:N (one right reply) and tied:N (several). Right replies are to stand above wrong ones
 * by more than they stand apart from each other: 0.3 share of ref rows with all right above all wrong, 0.3
 * the same of tied rows, 0.2 share of N whose tied margin (worst right less best wrong) exceeds the spread
 * (best right less worst right), 0.2 the same of the smaller margin of ref and tied, 0.01 mean of tanh(that
 * margin / spread - 1), 0 where it is no number (allenai/reward-bench, rewardbench/utils.py). */
#include "core/hash.h"
#include "eval/judge_priv.h"

#include <math.h>
#include <string.h>

enum { PARTS = 5 };
static const double weights[PARTS] = {0.3, 0.3, 0.2, 0.2, 0.01};

typedef struct prompt {
    bool has_ref, has_tied;
    double margin_ref, margin_tied, spread;
} prompt;

static void look(const lem_judge_item *it, int s, double *margin, double *spread) {
    double worst = INFINITY, best = -INFINITY, wrong = -INFINITY;
    for (int i = 0; i < it->n; i++) {
        double v = lem_judge_score_of(it, s, i);
        if (!it->right[i]) {
            wrong = fmax(wrong, v);
            continue;
        }
        worst = fmin(worst, v);
        best = fmax(best, v);
    }
    *margin = worst - wrong;
    *spread = best - worst;
}

/* The number of a prompt, behind "ref:" or "tied:". */
static const char *number_of(const char *id, bool *tied) {
    *tied = strncmp(id, "tied:", 5) == 0;
    if (*tied) return id + 5;
    return strncmp(id, "ref:", 4) == 0 ? id + 4 : NULL;
}

static lem_status collect(const lem_judge_data *d, int subset, int s, lem_map *seen, prompt *p, int *n,
                          lem_err *err) {
    *n = 0;
    for (int i = 0; i < d->n; i++) {
        bool tied;
        const char *number = d->item[i].subset == subset ? number_of(d->item[i].id, &tied) : NULL;
        int64_t at = *n;
        if (!number) continue;
        if (!lem_map_find(seen, number, strlen(number), &at)) {
            lem_status st = lem_map_set(seen, number, strlen(number), at, err);
            if (st) return st;
            p[(*n)++] = (prompt){0};
        }
        double spread;
        look(&d->item[i], s, tied ? &p[at].margin_tied : &p[at].margin_ref, &spread);
        if (tied) p[at].spread = spread;
        *(tied ? &p[at].has_tied : &p[at].has_ref) = true;
    }
    return LEM_OK;
}

/* The k-th part of one prompt; NAN where it has none. */
static double part_of(const prompt *p, int k) {
    double least = fmin(p->margin_ref, p->margin_tied), gap = tanh(least / p->spread - 1);
    if (k == 0) return p->has_ref ? p->margin_ref > 0 : NAN;
    if (k == 1) return p->has_tied ? p->margin_tied > 0 : NAN;
    if (!p->has_ref || !p->has_tied) return NAN;
    if (k == 2) return p->margin_tied > p->spread;
    if (k == 3) return least > p->spread;
    return isnan(gap) ? 0 : gap;
}

/* *value and how each prompt moves it; a prompt is a problem of its own. */
static bool weigh(const prompt *p, int n, double *value, lem_judge_values *out) {
    static const lem_judge_item own;
    double *pull = out->v;
    bool few = false;
    *value = 0;
    out->n = 0;
    for (int i = 0; i < n; i++) lem_judge_values_add(out, &own, 0);
    for (int k = 0; k < PARTS; k++) {
        double sum = 0, count = 0;
        for (int i = 0; i < n; i++) {
            double v = part_of(&p[i], k);
            if (isnan(v)) continue;
            sum += v;
            count++;
        }
        if (!(count > 0)) continue;
        *value += weights[k] * sum / count;
        for (int i = 0; i < n; i++) {
            double v = part_of(&p[i], k);
            if (!isnan(v)) pull[i] += weights[k] * (v - sum / count) / count;
        }
        few = few || (k < 4 && fmin(sum, count - sum) < LEM_EVAL_FEW_EVENTS);
    }
    return few;
}

/* The leaderboard's figure: the mean of the subsets, with `ties` for this one. */
static lem_status add_overall(lem_judge_result *r, int s, int subset, const lem_judge_metric *ties,
                              lem_err *err) {
    const lem_judge_data *d = r->d;
    lem_eval_interval *at = lem_alloc((size_t)d->n_subsets, sizeof *at, err);
    if (!at) return LEM_EMEM;
    for (int b = 0; b < d->n_subsets; b++)
        at[b] = b == subset ? ties->at
                            : lem_judge_result_find(r, "accuracy-shared", d->scorer[s], d->subset[b])->at;
    lem_judge_metric *m = lem_judge_add(r, "leaderboard", d->scorer[s], LEM_JUDGE_MEAN, err);
    if (m) {
        m->at = lem_judge_mean_of(d, at, d->n_subsets);
        m->n = d->n_subsets;
    }
    lem_free(at);
    return m ? LEM_OK : LEM_EMEM;
}

static lem_status add_ties(lem_judge_result *r, int s, int subset, lem_err *err) {
    const lem_judge_data *d = r->d;
    prompt *p = lem_alloc((size_t)d->n, sizeof *p, err);
    lem_judge_values pull = {NULL, NULL, 0};
    double value = 0;
    lem_map *seen = lem_map_new(err);
    int n = 0;
    lem_status st = p && seen ? lem_judge_values_make(&pull, d->n, err) : LEM_EMEM;
    if (st == LEM_OK) st = collect(d, subset, s, seen, p, &n, err);
    if (st == LEM_OK && n) {
        bool few = weigh(p, n, &value, &pull);
        lem_judge_metric *m = lem_judge_add(r, "ties-score", d->scorer[s], d->subset[subset], err);
        st = m ? lem_judge_clustered(fmin(fmax(value, 0), 1), &pull, few, &m->at, err) : LEM_EMEM;
        if (st == LEM_OK) {
            m->at.mean = value; /* from -0.01 to 1.01 */
            m->at.lo = fmin(m->at.lo, value);
            m->at.hi = fmax(m->at.hi, value);
            m->n = n;
            m->few = few;
            const lem_judge_metric copy = *m;
            if (d->n_subsets > 1) st = add_overall(r, s, subset, &copy, err);
        }
    }
    lem_map_free(seen);
    lem_free(p);
    lem_judge_values_release(&pull);
    return st;
}

lem_status lem_judge_measure_ties(lem_judge_result *r, int s, lem_err *err) {
    for (int b = 0; b < r->d->n_subsets; b++)
        if (strcmp(r->d->subset[b], "Ties") == 0) return add_ties(r, s, b, err);
    return LEM_OK;
}
