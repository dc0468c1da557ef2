/* test_coverage.c - how often 95 % intervals hold the truth, over regimes of problems, solve rates, k and
 * scorers
 *
 * Where values are 0 or 1 the coverage is summed over all outcomes, exactly; else it is simulated, and the
 * truth of a regime is the mean over all its draws.
 * LEMMA_SLOW=1 takes more regimes and draws, and prints the table of docs/intervals.md. */
#include "core/rng.h"
#include "eval/interval.h"
#include "eval/rmk.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST_PROBLEMS = 1400, MOST_N = 64, MOST_DRAWS = 3000 };

static bool slow(void) { return getenv("LEMMA_SLOW") != NULL; }

/* At least 93 %; at most 97 % where 20 events are expected. `noise`: of the simulation, two sigma. */
static void judge(const char *what, double events, double cover, double noise) {
    bool low = cover < 0.93 - noise, high = events >= 20 && cover > 0.97 + noise;
    if (slow()) print_message("| %s | %.1f | %.1f |%s\n", what, events, 100 * cover, low || high ? " !" : "");
    if ((low || high) && !slow()) fail_msg("%s, %.1f events: the intervals cover %.4f", what, events, cover);
}

/* ---- 0 or 1: one candidate, the first k, all n ---- */

static double ways(int n, int k) { return lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0); }

/* n problems, each right with probability p, each standing `repeat` times with the same outcome. */
static double share_coverage(int n, int repeat, double p, const lem_eval_interval *at) {
    double cover = 0;
    (void)repeat;
    for (int k = 0; k <= n; k++)
        if (at[k].lo <= p && p <= at[k].hi) cover += exp(ways(n, k) + k * log(p) + (n - k) * log1p(-p));
    return cover;
}

static void shares(int n, int repeat) {
    static lem_eval_interval at[MOST_PROBLEMS + 1];
    static double sum[MOST_PROBLEMS], size[MOST_PROBLEMS];
    char what[96];
    for (int i = 0; i < n; i++) size[i] = repeat;
    for (int k = 0; k <= n; k++) {
        for (int i = 0; i < n; i++) sum[i] = i < k ? repeat : 0;
        at[k] = lem_eval_ratio_interval(sum, repeat > 1 ? size : NULL, n);
    }
    double low[2] = {2, 2}, high = 0, p_low[2] = {0, 0}, p_high = 0; /* below and from 20 events */
    for (int i = 1; i < 200; i++) {
        double p = i / 200.0, cover = share_coverage(n, repeat, p, at);
        int many = n * fmin(p, 1 - p) >= 20;
        if (cover < low[many]) low[many] = cover, p_low[many] = p;
        if (many && cover > high) high = cover, p_high = p;
    }
    for (int many = 0; many < 2; many++) {
        if (low[many] > 1) continue;
        snprintf(what, sizeof what, "%d problems x %d, 0/1, lowest (rate %.3f)", n, repeat, p_low[many]);
        judge(what, n * fmin(p_low[many], 1 - p_low[many]), low[many], 0);
    }
    if (high <= 0) return;
    snprintf(what, sizeof what, "%d problems x %d, 0/1, highest (rate %.3f)", n, repeat, p_high);
    judge(what, n * fmin(p_high, 1 - p_high), high, 0);
}

static void zero_or_one(void **state) {
    (void)state;
    static const int n[] = {30, 40, 60, 100, 240, 500, 1319};
    for (size_t i = 0; i < (slow() ? 7 : 6); i++) shares(n[i], 1);
    shares(60, 4);
    shares(100, 2);
}

/* n pairs, better with probability p, worse with q. */
static double pairs_coverage(int n, double p, double q) {
    static double a[MOST_PROBLEMS], b[MOST_PROBLEMS];
    double cover = 0;
    for (int x = 0; x <= n; x++)
        for (int y = 0; x + y <= n; y++) {
            double w = ways(n, x + y) + ways(x + y, x) + (n - x - y) * log1p(-p - q);
            if (x) w += x * log(p);
            if (y) w += y * log(q);
            if (w < -23) continue;
            for (int i = 0; i < n; i++) a[i] = i < x, b[i] = i >= x && i < x + y;
            lem_eval_pairs got = lem_eval_paired(a, b, n);
            if (got.at.lo <= p - q && p - q <= got.at.hi) cover += exp(w);
        }
    return cover;
}

static void pairs_zero_or_one(void **state) {
    (void)state;
    static const int n[] = {30, 60, 200};
    static const double differ[] = {0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65},
                        part[] = {0.5, 0.7, 0.9, 0.99};
    char what[96];
    for (size_t i = 0; i < (slow() ? 3 : 2); i++)
        for (size_t d = 0; d < 8; d++)
            for (size_t s = 0; s < 4; s++) {
                double p = differ[d] * part[s], q = differ[d] * (1 - part[s]);
                snprintf(what, sizeof what, "%d pairs, better %.3f, worse %.3f", n[i], p, q);
                judge(what, n[i] * fmin(p + q, 1 - p - q), pairs_coverage(n[i], p, q), 0);
            }
}

/* ---- means over candidates, by simulation ---- */

/* How the solve rates of problems spread: all at `rate`; a share of problems at `rate` and the others at 0; a
 * half each at rate^2 and at 1 - (1 - rate)^2. */
typedef enum spread { EQUAL, SHARE, WIDE } spread;
static const char *const spread_name[] = {"at", "30 % at", "wide at"};

typedef struct regime {
    int problems, n, k;
    spread how;
    double rate, skill; /* score of a right candidate above a wrong one, in standard deviations; 0 = random */
    int repeat;         /* each problem stands so many times */
} regime;

typedef enum what { BEST, MEAN, BEST_BEST, MODELS, N_WHAT } what;
static const char *const what_name[] = {"rm@k", "avg@n", "rm@k - rm2@k", "avg@n - avg2@n"};

typedef struct values {
    double v[N_WHAT][MOST_PROBLEMS]; /* of pairs: the difference */
} values;

static double rate_of(const regime *g, lem_rng *r) {
    double u = lem_rng_next_unit(r);
    if (g->how == EQUAL) return g->rate;
    if (g->how == SHARE) return u < 0.3 ? g->rate : 0;
    return u < 0.5 ? g->rate * g->rate : g->rate * (2 - g->rate);
}

static double exact(const lem_eval_problem *p, const double *score, int k) {
    lem_err err = LEM_ERR_INIT;
    double v = 0;
    assert_int_equal(lem_eval_best_exact(p, score, &k, 1, &v, &err), LEM_OK);
    return v;
}

static void draw_row(const regime *g, double rate, lem_rng *r, values *x, int i) {
    uint8_t right[MOST_N];
    double score[MOST_N], other[MOST_N], sum = 0, sum2 = 0;
    lem_eval_problem p = {.n = g->n, .correct = right};
    for (int j = 0; j < g->n; j++) {
        right[j] = lem_rng_next_unit(r) < rate;
        score[j] = lem_rng_next_unit(r);
        if (g->skill > 0) score[j] = lem_rng_next_normal(r) + g->skill * right[j];
        other[j] = lem_rng_next_unit(r);
        sum += right[j];
        sum2 += lem_rng_next_unit(r) < 0.9 * rate;
    }
    x->v[BEST][i] = exact(&p, score, g->k);
    x->v[MEAN][i] = sum / g->n;
    x->v[BEST_BEST][i] = x->v[BEST][i] - exact(&p, other, g->k);
    x->v[MODELS][i] = (sum - sum2) / g->n;
}

/* The interval of what is in x, with each problem's rows as one cluster. */
static lem_eval_interval interval_of(const regime *g, const values *x, what w, double *events) {
    static double sum[MOST_PROBLEMS], size[MOST_PROBLEMS], none[MOST_PROBLEMS];
    int n = g->problems / g->repeat;
    bool pairs = w >= BEST_BEST;
    *events = 0;
    for (int c = 0; c < n; c++) {
        sum[c] = 0;
        size[c] = g->repeat;
        for (int i = 0; i < g->repeat; i++) sum[c] += x->v[w][c * g->repeat + i];
        if (pairs) sum[c] /= g->repeat;
        *events += pairs ? fabs(sum[c]) : sum[c] / g->repeat;
    }
    *events = fmin(*events, n - *events);
    return pairs ? lem_eval_paired(sum, none, n).at : lem_eval_ratio_interval(sum, size, n);
}

static void simulate(const regime *g, int draws) {
    static lem_eval_interval at[N_WHAT][MOST_DRAWS];
    static values x;
    double truth[N_WHAT] = {0}, events[N_WHAT] = {0}, e, rate = 0;
    char name[128];
    lem_rng r = lem_rng_make(5, "coverage",
                             (uint64_t)g->problems << 40 | (uint64_t)g->k << 24 | (uint64_t)g->n << 8 |
                                 (uint64_t)(10 * g->skill) << 4 | (uint64_t)g->how);
    for (int d = 0; d < draws; d++) {
        for (int i = 0; i < g->problems; i++) {
            if (i % g->repeat == 0) rate = rate_of(g, &r);
            draw_row(g, rate, &r, &x, i);
        }
        for (what w = 0; w < N_WHAT; w++) {
            at[w][d] = interval_of(g, &x, w, &e);
            truth[w] += at[w][d].mean / draws;
            events[w] += e / draws;
        }
    }
    for (what w = 0; w < N_WHAT; w++) {
        double cover = 0;
        for (int d = 0; d < draws; d++)
            cover += (at[w][d].lo <= truth[w] && truth[w] <= at[w][d].hi) / (double)draws;
        snprintf(name, sizeof name, "%d problems x %d, %s of k %d, n %d, rates %s %.2f, %s",
                 g->problems / g->repeat, g->repeat, what_name[w], g->k, g->n, spread_name[g->how], g->rate,
                 g->skill > 0 ? "a scorer" : "random scores");
        judge(name, events[w], cover, 2 * sqrt(0.05 * 0.95 / draws));
    }
}

static void means(void **state) {
    (void)state;
    static const regime few[] = {
        {30, 8, 4, EQUAL, 0.02, 0, 1},   {60, 8, 8, SHARE, 0.05, 1.5, 1}, {60, 16, 8, WIDE, 0.5, 1.5, 1},
        {60, 64, 32, EQUAL, 0.35, 0, 1}, {60, 8, 2, EQUAL, 0.97, 1.5, 1}, {120, 8, 4, WIDE, 0.4, 1.5, 4},
    };
    static const int problems[] = {30, 60, 240}, ns[] = {8, 64};
    static const double rates[] = {0.01, 0.05, 0.35, 0.6, 0.95, 0.99};
    for (size_t i = 0; i < sizeof few / sizeof *few; i++) simulate(&few[i], slow() ? MOST_DRAWS : 600);
    if (!slow()) return;
    for (size_t p = 0; p < 3; p++)
        for (size_t n = 0; n < (p < 2 ? 2 : 1); n++)
            for (int half = 0; half < 2; half++)
                for (size_t r = 0; r < 6; r++)
                    for (spread how = EQUAL; how <= WIDE; how++)
                        simulate(&(regime){problems[p], ns[n], half ? ns[n] / 2 : 1 + ns[n] / 16, how,
                                           rates[r], half ? 1.5 : 0, 1},
                                 1000);
    for (int repeat = 2; repeat <= 8; repeat *= 2)
        for (size_t r = 0; r < 6; r++) simulate(&(regime){240, 8, 4, WIDE, rates[r], 1.5, repeat}, 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(zero_or_one), cmocka_unit_test(pairs_zero_or_one),
                                       cmocka_unit_test(means)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
