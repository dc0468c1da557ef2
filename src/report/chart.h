/* report/chart.h - a line chart as inline SVG
 *
 * Colours come from the page's style sheet (classes s0…s7), so that one drawing serves light and dark. Points
 * that are not finite are gaps. */
#ifndef LEM_REPORT_CHART_H
#define LEM_REPORT_CHART_H

#include "core/buf.h"

#include <stdbool.h>

typedef struct lem_series { /* all borrowed */
    const char *name;
    int n;
    const double *x, *y;   /* [n], x ascending */
    const double *lo, *hi; /* [n] band, e.g. a 95 % interval; or both NULL */
    bool published;        /* a figure of others, not measured here: drawn dotted, without points */
} lem_series;

typedef struct lem_chart {
    const char *name; /* of its CSV file: letters, digits, '-' and '_' */
    const char *title, *x_label, *y_label;
    bool percent; /* y is a fraction, shown in percent */
    bool log2_x;  /* x > 0 on a base-2 logarithmic axis, e.g. k of pass@k */
    bool dots;    /* mark each point */
    const lem_series *series;
    int n_series;
} lem_chart;

/* Appends one <svg> element; false, and nothing appended, when no point is finite. */
bool lem_chart_svg(const lem_chart *c, lem_buf *out);

/* A step of 1, 2 or 5 times a power of ten that cuts span into at most `most` parts; span > 0. */
double lem_chart_step(double span, int most);

#endif
