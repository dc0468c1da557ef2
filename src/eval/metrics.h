/* eval/metrics.h - the table of pass@k, maj@k, rm@k and relatives for a set of problems, with intervals and
 * paired differences
 *
 * Protocols: "exact" is the expectation over all k-subsets of the candidates (ties averaged); "first-k" uses
 * the first k candidates (first of the tied), as Qwen2.5-Math does; "seeds" is the mean over random k-subsets
 * without replacement, drawn by core/rng from (seed, problem id), first of the tied, as AceMath-RewardBench
 * does. A problem with fewer than k candidates is left out of the metrics at k, and n says how many are in.
 */
#ifndef LEM_EVAL_METRICS_H
#define LEM_EVAL_METRICS_H

#include "core/err.h"
#include "core/json.h"
#include "core/pool.h"
#include "eval/problem.h"
#include "eval/interval.h"

#include <stdbool.h>

enum { LEM_EVAL_MAX_KS = 32 };

/* How far a call has come: `tell` is called now and then, from any thread, with the share of its time. exact:
 * the share that the exact values take; below 0: not known, nothing is told, and it is measured. */
typedef struct lem_eval_pace {
    void (*tell)(void *ctx, double share);
    void *ctx;
    double exact;
} lem_eval_pace;

typedef struct lem_eval_opts {
    int ks[LEM_EVAL_MAX_KS], n_ks;             /* ascending, each >= 1 */
    const char *scorers[LEM_EVAL_MAX_SCORERS]; /* "rm", "logprob", "prm-min" …: metric name of score[s] */
    lem_eval_weight weighted[LEM_EVAL_MAX_SCORERS]; /* also a vote weighted by this score */
    int n_scorers;
    double pessimistic; /* alpha of pessimistic votes beside the weighted ones (majk.h); 0 = none */
    bool chosen;        /* the scorers were asked for: each also against logprob, and votes weighted by it */
    bool chance;        /* also a score that knows nothing (texts.h), where all problems have texts */
    bool no_votes;      /* answers are unknown: no majority */
    bool has_tokens;    /* lem_eval_problem.length is in tokens */
    int n_seeds;        /* random subsets per problem; 0 = 100, negative = none */
    uint64_t seed;
    lem_pool *pool;      /* borrowed; NULL = one thread. It changes no result */
    lem_eval_pace *pace; /* borrowed; NULL = nobody asks */
} lem_eval_opts;

typedef struct lem_metric {
    char name[64];        /* "rm@8" */
    const char *protocol; /* "exact", "first-k", "seeds" */
    int k, n;             /* n problems */
    lem_eval_interval at; /* 95 % (interval.h) */
    double tokens;        /* of k candidates, mean over problems; NAN where not known */
    double seed_sd;       /* of seeds: standard deviation of the value from seed to seed; NAN elsewhere */
    /* of a difference: problems on which the first is better and worse, McNemar's p or NAN, and whether too
     * few differ to conclude anything */
    int better, worse;
    double p;
    bool too_few;
} lem_metric;

typedef struct lem_metrics {
    lem_metric *m;
    int n;
    lem_metric *diff; /* "rm@8-maj@8": paired on the same problems, same protocol */
    int n_diff;
    int problems; /* distinct ones at the smallest k, where some stand in several rows; else 0 */
} lem_metrics;

lem_status lem_eval_metrics(const lem_eval_problem *problems, int n, const lem_eval_opts *opts,
                            lem_metrics *out, lem_err *err) LEM_MUST_CHECK;
void lem_metrics_release(lem_metrics *m);
/* The values behind one metric: v[0..n), one for each problem. name: "rm@8" of what opts has. *there: whether
 * it can be had, for which each problem needs k candidates. */
lem_status lem_eval_values(const lem_eval_problem *problems, int n, const lem_eval_opts *opts,
                           const char *name, const char *protocol, double *v, bool *there,
                           lem_err *err) LEM_MUST_CHECK;
/* NULL when absent. */
const lem_metric *lem_metrics_find(const lem_metrics *m, const char *name, const char *protocol);

/* [{"name","protocol","value","ci95":[lo,hi],"n"[,"tokens"][,"seed_sd"]}, …], differences also with
 * "better","worse","p","too_few"; caller owns. */
lem_json *lem_metrics_json(const lem_metric *m, int n, bool differences);
/* From such lists (NULL = none); entries that are none are left out. */
lem_status lem_metrics_read(const lem_json *metrics, const lem_json *differences, lem_metrics *out,
                            lem_err *err) LEM_MUST_CHECK;
/* A table for people, in percent: one line per metric name and k, one column per protocol. */
void lem_metrics_table(const lem_metrics *m, lem_buf *out);
/* What a person would tell: one line a metric, by its exact value where there is one, else by random subsets,
 * else by the first k, with its difference from the vote of as many beside it (without votes, from the first
 * score). pass@1, and all at the largest k that all `problems` have, or at every k. */
void lem_metrics_claims(const lem_metrics *m, int problems, bool every_k, lem_buf *out);

#endif
