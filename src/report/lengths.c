/* lengths.c - how long candidates are: counts by length, and their chart */
#include "report/lengths.h"

#include <math.h>
#include <stdio.h>

void lem_lengths_add(lem_lengths *l, double length) {
    if (!isfinite(length) || length < 0) return;
    int b = (int)floor(2 * log2(fmax(1, length)));
    l->bin[b < LEM_LENGTH_BINS ? b : LEM_LENGTH_BINS - 1]++;
    l->n++;
    l->sum += length;
    l->longest = fmax(l->longest, length);
}

void lem_lengths_draw(const lem_lengths *l, lem_page *p, const char *csv, const char *title,
                      const char *unit) {
    double x[LEM_LENGTH_BINS], y[LEM_LENGTH_BINS];
    char name[128];
    int n = 0;
    for (int b = 0; b < LEM_LENGTH_BINS; b++) {
        if (!l->bin[b]) continue;
        x[n] = exp2((b + 0.5) / 2);
        y[n++] = (double)l->bin[b] / (double)l->n;
    }
    const lem_series s = {"candidates", n, x, y, NULL, NULL};
    snprintf(name, sizeof name, "%.110s-lengths", csv);
    if (n > 1) lem_page_chart(p, &(lem_chart){name, title, unit, "share", true, true, true, &s, 1});
}
