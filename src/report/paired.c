/* paired.c - a paired difference of two sides on the same problems: in words and as cells of a table */
#include "report/paired.h"

#include <math.h>
#include <stdio.h>

static const char nothing[] = "\xe2\x80\x93";

/* In percentage points, without a negative zero. */
static double points_of(double v) { return fabs(100 * v) < 0.05 ? 0 : 100 * v; }

static bool has_interval(const lem_report_estimate *e) { return isfinite(e->lo) && isfinite(e->hi); }

lem_report_estimate lem_report_estimate_of(const lem_json *v) {
    const lem_json *ci = lem_json_get(v, "ci95"), *lo = lem_json_get(v, "low"), *hi = lem_json_get(v, "high");
    if (lem_json_count(ci) == 2) {
        lo = lem_json_at(ci, 0);
        hi = lem_json_at(ci, 1);
    }
    return (lem_report_estimate){lem_json_num(lem_json_get(v, "value"), NAN), lem_json_num(lo, NAN),
                                 lem_json_num(hi, NAN)};
}

static void read_evidence(const lem_json *v, lem_report_pair *out) {
    out->better = lem_json_int(lem_json_get(v, "better"), -1);
    out->worse = lem_json_int(lem_json_get(v, "worse"), -1);
    out->p = lem_json_num(lem_json_get(v, "p"), NAN);
    out->too_few = lem_json_bool(lem_json_get(v, "too_few"), false);
}

lem_report_pair lem_report_pair_of(const lem_json *metric, const lem_json *a, const lem_json *b,
                                   const lem_json *d, const lem_json *evidence) {
    lem_report_pair x = {.name = lem_json_str(lem_json_get(metric, "name"), NULL),
                         .protocol = lem_json_str(lem_json_get(metric, "protocol"), ""),
                         .a = lem_report_estimate_of(a),
                         .b = lem_report_estimate_of(b),
                         .d = lem_report_estimate_of(d)};
    read_evidence(evidence, &x);
    return x;
}

bool lem_report_pair_is_same(const lem_report_pair *x) { return x->better == 0 && x->worse == 0; }

static void say(const lem_report_pair *x, const char *a, const char *b, lem_buf *out) {
    double d = points_of(x->d.value), lo = points_of(x->d.lo), hi = points_of(x->d.hi);
    bool counted = x->better >= 0 && x->worse >= 0;
    if (!isfinite(x->d.value) || !has_interval(&x->d)) return;
    lem_buf_printf(out, "%s: ", x->name);
    if (lem_report_pair_is_same(x)) {
        lem_buf_printf(out, "%s and %s do the same on every problem.", b, a);
        return;
    }
    if (x->too_few) {
        lem_buf_printf(out,
                       "%s against %s %+.1f points, but only %lld problems differ: nothing can be "
                       "concluded.",
                       b, a, d, (long long)(counted ? x->better + x->worse : 0));
        return;
    }
    if (x->d.lo > 0 || x->d.hi < 0)
        lem_buf_printf(out, "%s solves %.1f points %s than %s (95 %% interval %+.1f to %+.1f)", b, fabs(d),
                       d > 0 ? "more" : "less", a, lo, hi);
    else
        lem_buf_printf(out, "%s and %s cannot be told apart: %+.1f points (95 %% interval %+.1f to %+.1f)", b,
                       a, d, lo, hi);
    if (counted)
        lem_buf_printf(out, "; %s is better on %lld problems and worse on %lld", b, (long long)x->better,
                       (long long)x->worse);
    lem_buf_putc(out, '.');
}

lem_status lem_report_pair_claim(lem_page *p, const lem_report_pair *x, const char *a, const char *b,
                                 int *said, lem_err *err) {
    lem_buf text = {0};
    say(x, a, b, &text);
    lem_status st = lem_buf_ok(&text, err);
    if (st == LEM_OK && text.len) {
        lem_page_paragraph(p, text.data);
        ++*said;
    }
    lem_buf_release(&text);
    return st;
}

void lem_report_estimate_cell(const lem_report_estimate *e, char out[LEM_REPORT_CELL]) {
    if (!isfinite(e->value)) snprintf(out, LEM_REPORT_CELL, "%s", nothing);
    else if (!has_interval(e)) snprintf(out, LEM_REPORT_CELL, "%.1f %%", 100 * e->value);
    else snprintf(out, LEM_REPORT_CELL, "%.1f %% [%.1f, %.1f]", 100 * e->value, 100 * e->lo, 100 * e->hi);
}

void lem_report_points_cell(const lem_report_estimate *d, char out[LEM_REPORT_CELL]) {
    if (!isfinite(d->value)) snprintf(out, LEM_REPORT_CELL, "%s", nothing);
    else if (!has_interval(d)) snprintf(out, LEM_REPORT_CELL, "%+.1f", points_of(d->value));
    else
        snprintf(out, LEM_REPORT_CELL, "%+.1f [%+.1f, %+.1f]", points_of(d->value), points_of(d->lo),
                 points_of(d->hi));
}

void lem_report_evidence_cell(const lem_report_pair *x, char out[LEM_REPORT_CELL]) {
    int at = 0;
    out[0] = '\0';
    if (x->better < 0 || x->worse < 0) return;
    if (x->too_few) at = snprintf(out, LEM_REPORT_CELL, "too few differ: ");
    at += snprintf(out + at, (size_t)(LEM_REPORT_CELL - at), "%lld better, %lld worse", (long long)x->better,
                   (long long)x->worse);
    if (isfinite(x->p) && !x->too_few) snprintf(out + at, (size_t)(LEM_REPORT_CELL - at), " (p %.2g)", x->p);
}
