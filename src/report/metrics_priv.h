/* report/metrics_priv.h - the metrics of one result file as the sections of results share them */
#ifndef LEM_REPORT_METRICS_PRIV_H
#define LEM_REPORT_METRICS_PRIV_H

#include "core/err.h"
#include "core/json.h"
#include "report/page.h"

#include <stdbool.h>
#include <stdint.h>

enum { LEM_MAX_RESULT_METRICS = 4096, LEM_MAX_CURVES = 96, LEM_MAX_RESULT_KS = 64, LEM_RESULT_NAME = 64 };

typedef struct lem_result_metric {
    const char *name, *protocol;  /* borrowed from the document */
    char family[LEM_RESULT_NAME]; /* "rm" of "rm@8"; empty when the name has no @k */
    long k;
    double value, lo, hi; /* lo, hi NAN when there is no interval */
    int64_t n;
    int64_t better, worse; /* of a difference: problems on which each side wins; -1 when not told */
    bool too_few;
} lem_result_metric;

typedef struct lem_result_curve {
    const char *family, *protocol;
} lem_result_curve;

typedef struct lem_result_metrics {
    lem_result_metric *at;
    int n;
    lem_result_curve curves[LEM_MAX_CURVES];
    int n_curves;
    long ks[LEM_MAX_RESULT_KS]; /* ascending */
    int n_ks;
    const char *exact; /* the protocol that the charts show: "exact" where there is one */
} lem_result_metrics;

/* Of a list of {name, protocol, value, ci95, n, …}; at is the caller's to free. LEM_EDATA names source and
 * field. */
lem_status lem_result_read(const lem_json *list, const char *source, lem_result_metrics *m,
                           lem_err *err) LEM_MUST_CHECK;
/* 8 where it was measured, as in the papers; the largest k otherwise. */
long lem_result_headline_k(const lem_result_metrics *m);
/* "rm@8" -> "rm", 8. False when the name is of another form. */
bool lem_result_split(const char *name, char family[LEM_RESULT_NAME], long *k);

/* What is claimed, of paired differences d: a sentence a pair at the headline's k. */
void lem_report_claims(lem_page *p, const lem_result_metrics *m, const lem_result_metrics *d);
/* The differences against the majority over k, with their paired bands. */
lem_status lem_report_difference_curves(lem_page *p, const lem_result_metrics *m, const lem_result_metrics *d,
                                        const char *csv, lem_err *err) LEM_MUST_CHECK;
/* Those at the headline's k as a table. */
void lem_report_difference_table(lem_page *p, const lem_result_metrics *m, const lem_result_metrics *d,
                                 const char *csv);

/* `scores` of a result (eval/quality.h) and `by` (eval/strata.h) as tables; absent ones add nothing. */
lem_status lem_report_scores(lem_page *p, const lem_json *doc, const char *csv, lem_err *err) LEM_MUST_CHECK;
lem_status lem_report_strata(lem_page *p, const lem_result_metrics *m, const lem_json *doc, const char *csv,
                             lem_err *err) LEM_MUST_CHECK;

#endif
