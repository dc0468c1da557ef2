/* report/lengths.h - how long candidates are: counts by length, and their chart */
#ifndef LEM_REPORT_LENGTHS_H
#define LEM_REPORT_LENGTHS_H

#include "report/page.h"

enum { LEM_LENGTH_BINS = 48 };

typedef struct lem_lengths {          /* zeroed = none */
    uint64_t n, bin[LEM_LENGTH_BINS]; /* steps of the square root of two from 1 */
    double sum, longest;
} lem_lengths;

/* Negative lengths and those that are not finite are not counted. */
void lem_lengths_add(lem_lengths *l, double length);
/* Shares by length; nothing while all lie in one bin. unit: "tokens". */
void lem_lengths_draw(const lem_lengths *l, lem_page *p, const char *csv, const char *title,
                      const char *unit);

#endif
