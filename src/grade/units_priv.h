/* units_priv.h - units of measurement: what they measure and how large they are */
#ifndef LEM_GRADE_UNITS_PRIV_H
#define LEM_GRADE_UNITS_PRIV_H

#include "grade/work_priv.h"

enum { UNIT_DIMENSIONS = 5 };

typedef struct grade_unit {
    int dim[UNIT_DIMENSIONS]; /* exponents of length, mass, time, current, amount of substance */
    int other; /* what has no dimension and is no mere number: money by currency, half of the day, angle,
                  temperature scale */
    int other_power;   /* of that: 2 of "square units" */
    grade_rat *factor; /* in metres, kilograms, seconds, amperes, moles; dollars, degrees … */
} grade_unit;

/* Reads a unit as the parser spells it: "cm", "square meters", "km/h", "miles per hour", "kg*m^2/s^2", "m
 * s^-1", "千米/小时". False when a word of it is unknown: then units are the same only if they are written
 * alike. */
bool lem_grade_unit_find(grade_work *w, const char *name, size_t len, grade_unit *out);
bool lem_grade_unit_same_kind(const grade_unit *a, const grade_unit *b);

#endif
