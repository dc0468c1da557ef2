/* interval.c - Clopper-Pearson, Korn-Graubard, Bonett-Price, McNemar's test, and the quantiles that they need
 */
#include "eval/interval.h"

#include <math.h>

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

/* P(X <= x) for X ~ Beta(a, b). */
static double beta_cdf(double a, double b, double x) {
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
    return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

/* x with P(X <= x) = p. */
static double beta_quantile(double a, double b, double p) {
    double lo = 0, hi = 1;
    for (int i = 0; i < 200 && hi - lo > 1e-14 * hi; i++) {
        double mid = 0.5 * (lo + hi);
        if (beta_cdf(a, b, mid) < p) lo = mid;
        else hi = mid;
    }
    return 0.5 * (lo + hi);
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

/* A few problems far from the rest pull the mean to one side. */
static void widen_for_skewness(const double *v, int n, double squares, lem_eval_interval *out) {
    double cubes = 0, s = sqrt(squares / (n - 1)), t = t95(n - 1);
    for (int i = 0; i < n; i++) cubes += pow((v[i] - out->mean) / s, 3);
    double a = cubes / n / sqrt(n), step = s / sqrt(n);
    double lo = out->mean - step * without_skewness(t, a), hi = out->mean - step * without_skewness(-t, a);
    if (lo < out->lo) out->lo = lo > 0 ? lo : 0;
    if (hi > out->hi) out->hi = hi < 1 ? hi : 1;
}

lem_eval_interval lem_eval_mean_interval(const double *v, int n) {
    double sum = 0, squares = 0;
    for (int i = 0; i < n; i++) sum += v[i];
    double mean = sum / n;
    for (int i = 0; i < n; i++) squares += (v[i] - mean) * (v[i] - mean);
    lem_eval_interval out = {mean, 0, 1};
    double events = sum < n - sum ? sum : n - sum, size = n;
    if (events >= LEM_EVAL_FEW_EVENTS && squares > 0) {
        double t = z95 / t95(n - 1);
        size = mean * (1 - mean) * (n - 1) / squares * n * (t * t);
        if (size < n) size = n * t * t;
    }
    clopper_pearson(mean * size, size, &out);
    if (events >= LEM_EVAL_FEW_EVENTS && squares > 0) widen_for_skewness(v, n, squares, &out);
    return out;
}

/* ---- pairs ---- */

/* Two-sided exact test of k or fewer of m at 1/2. */
static double sign_test(int k, int m) {
    if (m == 0) return 1;
    double p = 0;
    for (int i = 0; i <= k; i++)
        p += exp(lgamma(m + 1.0) - lgamma(i + 1.0) - lgamma(m - i + 1.0) - m * M_LN2);
    return 2 * p < 1 ? 2 * p : 1;
}

lem_eval_pairs lem_eval_paired(const double *a, const double *b, int n) {
    double sum = 0, squares = 2; /* one more pair that differs each way */
    lem_eval_pairs out = {.p = 1};
    bool whole = true;
    for (int i = 0; i < n; i++) {
        double d = a[i] - b[i];
        sum += d;
        squares += d * d;
        out.better += d > rounding;
        out.worse += d < -rounding;
        whole = whole && fabs(d - round(d)) <= rounding;
    }
    double m = n + 2, mean = sum / m, spread = z95 * sqrt((squares / m - mean * mean) / m);
    out.at = (lem_eval_interval){sum / n, fmax(mean - spread, -1), fmin(mean + spread, 1)};
    out.p = NAN;
    if (whole) out.p = sign_test(out.better < out.worse ? out.better : out.worse, out.better + out.worse);
    out.too_few = out.better + out.worse < LEM_EVAL_FEW_PAIRS;
    return out;
}
