/* report/paired.h - a paired difference of two sides on the same problems: in words and as cells of a table
 *
 * Values are fractions; what is shown is in percent, differences in percentage points. */
#ifndef LEM_REPORT_PAIRED_H
#define LEM_REPORT_PAIRED_H

#include "core/buf.h"
#include "core/json.h"
#include "report/page.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct lem_report_estimate {
    double value, lo, hi; /* lo and hi NAN = no interval; value NAN = not there */
} lem_report_estimate;

typedef struct lem_report_pair {
    const char *name, *protocol; /* borrowed: "rm@8", "exact" */
    lem_report_estimate a, b;    /* the two sides */
    lem_report_estimate d;       /* b - a */
    int64_t better, worse;       /* problems on which b wins, loses; -1 = not told */
    double p;                    /* of McNemar's test; NAN = none */
    bool too_few;                /* nothing may be concluded */
} lem_report_pair;

enum { LEM_REPORT_CELL = 64 };

/* {value, low, high}, or {value, ci95: [low, high]}; what is absent is NAN. */
lem_report_estimate lem_report_estimate_of(const lem_json *v);
/* Of a metric (name, protocol) whose sides and difference are told by a, b and d, and better, worse, p and
 * too_few by `evidence`; each may be NULL: what is absent is not there. name is NULL where it is no text. */
lem_report_pair lem_report_pair_of(const lem_json *metric, const lem_json *a, const lem_json *b,
                                   const lem_json *d, const lem_json *evidence);

/* They do the same on every problem, as far as that was counted. */
bool lem_report_pair_is_same(const lem_report_pair *x);
/* A paragraph of one sentence with the interval, counted in *said: "rm@8: tuned solves 3.2 points more than
 * base (95 % interval +1.0 to +5.4); it is better on 30 problems and worse on 12." Nothing without an
 * interval.
 */
lem_status lem_report_pair_claim(lem_page *p, const lem_report_pair *x, const char *a, const char *b,
                                 int *said, lem_err *err) LEM_MUST_CHECK;

/* "52.0 % [48.0, 56.0]", "+3.2 [+1.0, +5.4]", "better on 30, worse on 12 (p 0.008)"; "–" where there is
 * nothing. */
void lem_report_estimate_cell(const lem_report_estimate *e, char out[LEM_REPORT_CELL]);
void lem_report_points_cell(const lem_report_estimate *d, char out[LEM_REPORT_CELL]);
void lem_report_evidence_cell(const lem_report_pair *x, char out[LEM_REPORT_CELL]);

#endif
