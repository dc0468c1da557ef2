"""make_compare.py - what interval.c and stats/bootstrap.c must give, by scipy and statsmodels

Usage: /opt/stats/bin/python tools/golden/make_compare.py >tests/data/golden/compare.json
Made with scipy 1.17.1 and statsmodels 0.15.0. Tests never run this.

  pairs    values of two sides on the same problems; p: McNemar's exact test (statsmodels.stats.contingency_tables.mcnemar), null where they are not 0/1;
           bca: scipy.stats.bootstrap(method='BCa') of the mean of b - a with 200,000 resamples; above: the share of 200,000 resamples with mean > 0, ties a half
  shares   successes of n; interval: Clopper-Pearson (statsmodels.stats.proportion.proportion_confint, method 'beta')
  kappas   two lists of categories; kappa: statsmodels.stats.inter_rater.cohens_kappa
"""
import json
import sys

import numpy as np
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.inter_rater import cohens_kappa, to_table
from statsmodels.stats.proportion import proportion_confint

rng = np.random.default_rng(20261130)


def pair(a, b):
    d = b - a
    whole = bool(np.all((a == 0) | (a == 1)) and np.all((b == 0) | (b == 1)))
    p = None
    if whole:
        table = [[int(np.sum((a == i) & (b == j))) for j in (1, 0)] for i in (1, 0)]
        p = float(mcnemar(table, exact=True).pvalue)
    bca = stats.bootstrap((d,), np.mean, n_resamples=200000, batch=2000, method="BCa", rng=rng).confidence_interval
    means = np.concatenate([rng.choice(d, (2000, len(d))).mean(1) for _ in range(100)])
    means[np.abs(means) < 1e-12] = 0
    above = float(((means > 0).sum() + 0.5 * (means == 0).sum()) / len(means))
    return {"a": [round(float(x), 4) for x in a], "b": [round(float(x), 4) for x in b], "p": p, "bca": [float(bca.low), float(bca.high)], "above": above}


def binary(n, pa, better, worse):
    a = (rng.random(n) < pa).astype(float)
    b = a.copy()
    u = rng.random(n)
    b[(a == 0) & (u < better)] = 1
    b[(a == 1) & (u < worse)] = 0
    return pair(a, b)


def graded(n, shift, skew):
    a = np.round(rng.beta(0.8, 1.2, n), 3)
    b = np.round(np.clip(a + shift + 0.15 * rng.standard_normal(n) + skew * (rng.random(n) < 0.05), 0, 1), 3)
    return pair(a, b)


def kappa(n, agree):
    a = rng.integers(0, 3, n)
    b = np.where(rng.random(n) < agree, a, rng.integers(0, 3, n))
    return {"a": a.tolist(), "b": b.tolist(), "kappa": float(cohens_kappa(to_table(np.stack([a, b], 1))[0]).kappa)}


out = {
    "pairs": [binary(60, 0.3, 0.2, 0.2), binary(100, 0.5, 0.3, 0.1), binary(200, 0.8, 0.4, 0.05), binary(150, 0.1, 0.1, 0.5), binary(40, 0.5, 0.6, 0.4),
              graded(50, 0.05, 0), graded(120, -0.03, 0.6), graded(200, 0.02, -0.5), graded(80, 0, 0.9)],
    "shares": [{"k": k, "n": n, "interval": [float(x) for x in proportion_confint(k, n, 0.05, "beta")]}
               for k, n in [(0, 30), (1, 30), (7, 60), (15, 60), (19, 100), (60, 60), (59, 60), (3, 1319), (1310, 1319)]],
    "kappas": [kappa(50, 0.9), kappa(200, 0.5), kappa(100, 0)],
}
json.dump(out, sys.stdout, separators=(",", ":"))
print()
