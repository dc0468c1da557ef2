/* interval.c - Clopper-Pearson, Korn-Graubard, Bonett-Price, McNemar's test, and the quantiles that they need
 */
#include "eval/interval.h"

#include <math.h>
#include <stddef.h>

/* ---- quantiles ---- */

/* Continued fraction of the incomplete beta function, by the modified Lentz method (Abramowitz &
 * Stegun 26.5.8). */
static double beta_fraction(double a, double b, double x) {
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double f = d;
    for (int m = 1; m < 1000; m++) {
        double k = m, even = k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k));
        double odd = -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1));
        double step = 1;
        for (int half = 0; half < 2; half++) {
            double t = half ? odd : even;
            d = 1 + t * d;
            c = 1 + t / c;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            if (fabs(c) < tiny) c = tiny;
            step = c * d;
            f *= step;
        }
        if (fabs(step - 1) < 1e-14) break;
    }
    return f;
}

/* lgamma without its global sign, which threads would share. */
static double log_gamma(double x) {
    int sign;
    return lgamma_r(x, &sign);
}

/* P(X <= x) for X ~ Beta(a, b). */
static double beta_cdf(double a, double b, double x) {
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    double front = exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) + b * log1p(-x));
    if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
    return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

typedef struct curve { /* a function that rises from 0 to 1 over [0, 1] */
    double (*at)(double a, double b, double x);
    double a, b;
} curve;

/* x where it is p: false position with the far end's weight halved (Illinois), and a bisection each third
 * step. */
static double inverse(curve c, double p) {
    double lo = 0, hi = 1, below = -p, above = 1 - p;
    for (int i = 0; i < 200 && hi - lo > 1e-14 * hi; i++) {
        double x = i % 3 == 2 ? 0.5 * (lo + hi) : (lo * above - hi * below) / (above - below);
        double y = c.at(c.a, c.b, x) - p;
        if (y < 0) {
            lo = x;
            below = y;
            above /= 2;
        } else {
            hi = x;
            above = y;
            below /= 2;
        }
    }
    return 0.5 * (lo + hi);
}

/* x with P(X <= x) = p. */
static double beta_quantile(double a, double b, double p) { return inverse((curve){beta_cdf, a, b}, p); }

/* P(X > sum) + P(X = sum) / 2 of n trials at share x. */
static double mid_p(double sum, double n, double x) {
    return 0.5 * (beta_cdf(sum, n - sum + 1, x) + beta_cdf(sum + 1, n - sum, x));
}

/* x with P(|T| <= x) = 0.95 for Student's t: T^2 / (df + T^2) is Beta(1/2, df/2). */
static double t95(int df) {
    double x = beta_quantile(0.5, 0.5 * df, 0.95);
    return sqrt(df * x / (1 - x));
}

/* ---- means ---- */

static const double z95 = 1.959963984540054, rounding = 1e-9;

/* Of a binomial share: `sum` successes of n, either of which may be no whole number. */
static void clopper_pearson(double sum, double n, lem_eval_interval *out) {
    out->lo = 0;
    out->hi = 1;
    if (sum > 0) out->lo = beta_quantile(sum, n - sum + 1, 0.025);
    if (sum < n) out->hi = beta_quantile(sum + 1, n - sum, 0.975);
}

lem_eval_interval lem_eval_share_interval(double share, double trials, int df) {
    lem_eval_interval out = {share, 0, 1};
    double t = df > 0 ? z95 / t95(df) : 1;
    trials *= t * t;
    clopper_pearson(share * trials, trials, &out);
    return out;
}

/* Hall 1992 (J. R. Stat. Soc. B 54, eq. 2.3): Student's t, made symmetric by a cubic of it. */
static double without_skewness(double t, double a /* skewness over sqrt n */) {
    if (fabs(a) < 1e-9) return t;
    return 3 / a * (cbrt(1 + a * (t - a / 6)) - 1);
}

typedef struct ratio {           /* of clusters */
    double mean, squares, cubes; /* sums over clusters of what is above the mean */
    double variance;             /* of the mean */
    double rows, equal;          /* rows; clusters of equal size that tell as much as these */
} ratio;

static ratio measure(const double *sum, const double *size, int n) {
    ratio r = {0};
    double sizes2 = 0, total = 0;
    for (int i = 0; i < n; i++) {
        double m = size ? size[i] : 1;
        r.rows += m;
        sizes2 += m * m;
        total += sum[i];
    }
    r.mean = total / r.rows;
    r.equal = r.rows * r.rows / sizes2;
    for (int i = 0; i < n; i++) {
        double d = sum[i] - r.mean * (size ? size[i] : 1);
        r.squares += d * d;
        r.cubes += d * d * d;
    }
    r.variance = n > 1 ? r.squares * n / (n - 1) / (r.rows * r.rows) : 0;
    return r;
}

/* A few problems far from the rest pull the mean to one side. */
static void widen_for_skewness(const ratio *r, int n, lem_eval_interval *out) {
    double s = sqrt(r->squares / (n - 1)), t = t95(n - 1), step = sqrt(r->variance);
    double a = r->cubes / (s * s * s) / n / sqrt(n);
    double lo = r->mean - step * without_skewness(t, a), hi = r->mean - step * without_skewness(-t, a);
    if (lo < out->lo) out->lo = lo > 0 ? lo : 0;
    if (hi > out->hi) out->hi = hi < 1 ? hi : 1;
}

lem_eval_interval lem_eval_ratio_interval(const double *sum, const double *size, int n) {
    ratio r = measure(sum, size, n);
    lem_eval_interval out = {r.mean, 0, 1};
    double events = fmin(r.mean, 1 - r.mean) * r.equal;
    if (events < LEM_EVAL_FEW_EVENTS || r.squares <= 0) {
        clopper_pearson(r.mean * r.equal, r.equal, &out);
        return out;
    }
    double t = z95 / t95(n - 1), trials = fmax(r.mean * (1 - r.mean) / r.variance * t * t, r.equal);
    out.lo = inverse((curve){mid_p, r.mean * trials, trials}, 0.025);
    out.hi = inverse((curve){mid_p, r.mean * trials, trials}, 0.975);
    if (trials > r.equal) widen_for_skewness(&r, n, &out); /* 0/1 values have no more than that of it */
    return out;
}

lem_eval_interval lem_eval_mean_interval(const double *v, int n) {
    return lem_eval_ratio_interval(v, NULL, n);
}

/* ---- pairs ---- */

/* Two-sided exact test of k or fewer of m at 1/2. */
static double sign_test(int k, int m) {
    if (m == 0) return 1;
    double p = 0;
    for (int i = 0; i <= k; i++)
        p += exp(log_gamma(m + 1.0) - log_gamma(i + 1.0) - log_gamma(m - i + 1.0) - m * M_LN2);
    return 2 * p < 1 ? 2 * p : 1;
}

lem_eval_pairs lem_eval_paired(const double *a, const double *b, int n) {
    double sum = 0, squares = 0, differ = 0;
    lem_eval_pairs out = {.p = 1};
    bool whole = true;
    for (int i = 0; i < n; i++) {
        double d = a[i] - b[i];
        sum += d;
        squares += d * d;
        differ += fabs(d);
        out.better += d > rounding;
        out.worse += d < -rounding;
        whole = whole && fabs(d - round(d)) <= rounding;
    }
    int events = out.better + out.worse;
    double mean_of_all = sum / n, variance = squares / n - mean_of_all * mean_of_all;
    if (!whole && differ >= LEM_EVAL_MANY_DIFFER && variance > rounding) {
        double mean = mean_of_all, spread = t95(n - 1) * sqrt(variance / (n - 1));
        out.at = (lem_eval_interval){mean, fmax(mean - spread, -1), fmin(mean + spread, 1)};
    } else {
        double m = n + 2, mean = sum / m, spread = z95 * sqrt(((squares + 2) / m - mean * mean) / m);
        out.at = (lem_eval_interval){sum / n, fmax(mean - spread, -1), fmin(mean + spread, 1)};
    }
    int fewer = out.better < out.worse ? out.better : out.worse;
    out.p = whole ? sign_test(fewer, events) : NAN;
    out.too_few = events < LEM_EVAL_FEW_PAIRS;
    return out;
}
